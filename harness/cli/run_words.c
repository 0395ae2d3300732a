// What the times of an experiment say, in sentences below its table.
#include "harness/cli/run_latency.h"
#include "harness/stats/model.h"
#include "harness/stats/rank.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROWS = 5, MOST_PAIRS = 3, MODEL_TERMS = 2 };

static bool timed(const gb_result *r) {
  return !r->error && r->validity && isfinite(r->latency) && r->latency > 0;
}

static bool alike(const gb_result *a, const gb_result *b) {
  return a->native == b->native && a->threads == b->threads && a->batch == b->batch;
}

// Whether a result is one of those that are compared with one another: timed as the first one is.
static bool chosen(const gb_results *results, const gb_result *r) {
  const gb_result *first = results->list;
  while (first < results->list + results->count && !timed(first))
    first++;
  return timed(r) && alike(r, first);
}

static void add_note(gb_table *table, gb_text *note) {
  table->failed |= note->failed;
  gb_table_note(table, gb_text_get(note));
  note->length = 0;
}

// One sentence for all networks of which the same is to be said.
static void doubts(gb_table *table, const gb_results *results, gb_text *note) {
  for (size_t i = 0; i < results->count; i++) {
    const gb_result *r = &results->list[i];
    bool said = !r->validity || !r->doubt || strcmp(r->validity, "valid") == 0;
    for (size_t k = 0; k < i && !said; k++)
      said = results->list[k].doubt && strcmp(results->list[k].doubt, r->doubt) == 0;
    if (said)
      continue;
    gb_text_add(note, r->label);
    for (size_t k = i + 1; k < results->count; k++)
      if (results->list[k].doubt && strcmp(results->list[k].doubt, r->doubt) == 0)
        gb_text_print(note, ", %s", results->list[k].label);
    gb_text_print(note, ": %s: %s. Remedy: %s.", r->validity, r->doubt, r->remedy);
    add_note(table, note);
  }
}

// Do MACs order the networks as their times do?
static gb_status proxies(gb_table *table, const gb_results *results, double *x, double *y,
                         gb_text *note, gb_error *error) {
  static const struct {
    const char *name, *title;
  } columns[] = {{"macs", "MACs"}, {"params", "Parameters"}, {"bytes", "Bytes"}};
  for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
    size_t n = 0;
    for (size_t i = 0; i < results->count; i++) {
      int64_t count;
      if (!chosen(results, &results->list[i]) ||
          !gb_result_count(&results->list[i], columns[c].name, &count))
        continue;
      x[n] = (double)count;
      y[n++] = results->list[i].latency;
    }
    gb_rank rank;
    GB_TRY(gb_rank_of(x, y, n, &(gb_resampling){.seed = 1}, &rank, error));
    gb_text_print(note, "%s order %zu networks as their times do: Kendall's tau %.2f",
                  columns[c].title, n, rank.kendall.value);
    if (isfinite(rank.kendall.low))
      gb_text_print(note, " (95 %% %.2f to %.2f)", rank.kendall.low, rank.kendall.high);
    gb_text_print(note, ", Spearman's rho %.2f; %.0f %% of the pairs the other way round.",
                  rank.spearman.value, 100 * rank.discordant);
    add_note(table, note);
  }
  return GB_OK;
}

// What a MAC and a byte cost here, and how well that predicts a network that the fit has not seen.
static gb_status model(gb_table *table, const gb_results *results, double *x, double *y,
                       gb_text *note, gb_error *error) {
  size_t n = 0;
  for (size_t i = 0; i < results->count; i++) {
    const gb_result *r = &results->list[i];
    if (!chosen(results, r))
      continue;
    x[MODEL_TERMS * n] = 1e-6 * (double)r->macs * (double)r->batch;
    x[MODEL_TERMS * n + 1] = 1e-6 * (double)r->bytes * (double)r->batch;
    y[n++] = 1e3 * r->latency; // µs
  }
  gb_linear fit;
  gb_linear_wish wish = {.x = x, .y = y, .rows = n, .terms = MODEL_TERMS, .how = {.seed = 1}};
  GB_TRY(gb_linear_fit(&wish, &fit, error));
  // Prices are not below 0: where one of two columns that go together says all, the other is 0.
  if (fit.price[0] > 0 && fit.price[1] > 0)
    gb_text_print(note, "A fit: %.3g µs a million MACs and %.3g µs a megabyte", fit.price[0],
                  fit.price[1]);
  else
    gb_text_print(
        note, "A fit: %.3g µs a %s, and nothing for %s, which say no more of these networks",
        fit.price[0] > 0 ? fit.price[0] : fit.price[1],
        fit.price[0] > 0 ? "million MACs" : "megabyte", fit.price[0] > 0 ? "bytes" : "MACs");
  gb_text_print(note, "; half of the networks lie within %.0f %%", 100 * fit.typical_error);
  if (isfinite(fit.unseen_error))
    gb_text_print(note, " (%.0f %% when the fit had not seen them)", 100 * fit.unseen_error);
  gb_text_add(note, ".");
  add_note(table, note);
  return GB_OK;
}

// Networks with fewer MACs that take longer, beyond both intervals.
static void surprises(gb_table *table, const gb_results *results, gb_text *note) {
  size_t said = 0;
  for (size_t i = 0; i < results->count && said < MOST_PAIRS; i++)
    for (size_t k = 0; k < results->count && said < MOST_PAIRS; k++) {
      const gb_result *a = &results->list[i], *b = &results->list[k];
      if (!chosen(results, a) || !chosen(results, b) ||
          !(a->macs < b->macs && a->latency_low > b->latency_high))
        continue;
      gb_text_print(note, "%s has %.2f of the MACs of %s and takes %.2f of its time.", a->label,
                    (double)a->macs / (double)b->macs, b->label, a->latency / b->latency);
      add_note(table, note);
      said++;
    }
}

// What differs between two ways to time: "2 threads", "batch 8", "the reference engine".
static void add_difference(gb_text *note, const gb_result *a, const gb_result *b) {
  const char *join = "";
  if (a->native != b->native) {
    gb_text_print(note, "the %s engine", b->native ? "native" : "reference");
    join = ", ";
  }
  if (a->threads != b->threads) {
    gb_text_print(note, "%s%d thread%s", join, b->threads, b->threads == 1 ? "" : "s");
    join = ", ";
  }
  if (a->batch != b->batch)
    gb_text_print(note, "%sbatch %" PRId64, join, b->batch);
}

// Of each network that was timed in several ways: what they are worth, against the first one.
static void scalings(gb_table *table, const gb_results *results, gb_text *note) {
  for (size_t i = 0; i < results->count; i++) {
    const gb_result *a = &results->list[i];
    bool first = timed(a);
    for (size_t k = 0; k < i && first; k++)
      first = !timed(&results->list[k]) || !gb_result_same_network(&results->list[k], a);
    size_t ways = 0;
    for (size_t k = i + 1; first && k < results->count; k++) {
      const gb_result *b = &results->list[k];
      if (!timed(b) || !gb_result_same_network(a, b) || alike(a, b))
        continue;
      if (ways++ == 0)
        gb_text_print(note, "%s, time an image: ", a->label);
      gb_text_add(note, ways > 1 ? "; " : "");
      add_difference(note, a, b);
      gb_text_print(note, ": %.2f of it",
                    b->latency / (double)b->batch / (a->latency / (double)a->batch));
    }
    if (ways) {
      gb_text_add(note, ".");
      add_note(table, note);
    }
  }
}

gb_status gb_run_words(const gb_results *results, gb_table *table, gb_error *error) {
  size_t n = 0;
  gb_text note = {0};
  for (size_t i = 0; i < results->count; i++)
    n += chosen(results, &results->list[i]);
  doubts(table, results, &note);
  scalings(table, results, &note);
  double *x = gb_allocate(NULL, MODEL_TERMS * n + 1, sizeof *x);
  double *y = gb_allocate(NULL, n + 1, sizeof *y);
  gb_status status = x && y ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK && n >= LEAST_ROWS) {
    surprises(table, results, &note);
    status = proxies(table, results, x, y, &note, error);
    if (status == GB_OK)
      status = model(table, results, x, y, &note, error);
  }
  gb_text_free(&note);
  gb_release(NULL, x);
  gb_release(NULL, y);
  return status;
}
