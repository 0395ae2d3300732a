// What bench prints for people: ratios with intervals, verdicts with reasons, steps.
#include "harness/cli/bench.h"
#include "harness/report/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *gb_bench_finding(const gb_bench_result *r, size_t index) {
  const gb_latency_item *item = &r->items[index];
  if (item->verdict.validity == GB_INVALID || r->items[0].verdict.validity == GB_INVALID)
    return gb_direction_words[GB_CANNOT_TELL];
  return gb_direction_words[gb_ratio_direction(&item->ratio, item->corrected_p, r->null.floor)];
}

// ---------------------------------------------------------------------------------------------
// The table

static void add_range(gb_table *table, double low, double high, int decimals) {
  char text[64];
  if (!isfinite(low) || !isfinite(high)) {
    gb_table_missing(table);
    return;
  }
  snprintf(text, sizeof text, "%.*f–%.*f", decimals, low, decimals, high);
  gb_table_text(table, text);
}

static void add_row(gb_table *table, const gb_bench_result *r, size_t i) {
  static const gb_mark marks[] = {GB_MARK_GOOD, GB_MARK_NOTE, GB_MARK_BAD};
  const gb_bench_entry *e = &r->entries[i];
  const gb_latency_item *item = &r->items[i];
  gb_table_row(table);
  gb_table_text(table, e->model.network->name);
  gb_table_text(table, e->engine.name);
  gb_table_integer(table, e->threads);
  gb_table_integer(table, e->batch);
  gb_table_real(table, 1e3 * item->median.value, 3);
  add_range(table, 1e3 * item->median.low, 1e3 * item->median.high, 3);
  if (r->count == 1)
    gb_table_real(table, 2e-9 * (double)e->model.graph->cost.macs / item->median.value, 1);
  else {
    if (i == 0) {
      gb_table_real(table, 1, 3);
      gb_table_missing(table);
      gb_table_missing(table);
    } else {
      gb_table_real(table, item->ratio.interval.value, 3);
      add_range(table, item->ratio.interval.low, item->ratio.interval.high, 3);
      gb_table_text(table, gb_bench_finding(r, i));
    }
  }
  gb_table_text(table, gb_validity_names[item->verdict.validity]);
  gb_table_mark(table, marks[item->verdict.validity]);
}

static void add_columns(gb_table *table, bool ratios) {
  static const gb_column columns[] = {
      {"name", "network", NULL, GB_ALIGN_LEFT, false},
      {"engine", "engine", NULL, GB_ALIGN_LEFT, false},
      {"threads", "thr.", NULL, GB_ALIGN_RIGHT, false},
      {"batch", "batch", NULL, GB_ALIGN_RIGHT, false},
      {"median_ms", "median", "ms", GB_ALIGN_RIGHT, false},
      {"interval_ms", "95 %", "ms", GB_ALIGN_RIGHT, false},
      {"rate", "rate", "GFLOP/s", GB_ALIGN_RIGHT, false},
      {"ratio", "ratio", NULL, GB_ALIGN_RIGHT, false},
      {"ratio_interval", "95 %", NULL, GB_ALIGN_RIGHT, false},
      {"finding", "it is", NULL, GB_ALIGN_LEFT, false},
      {"verdict", "verdict", NULL, GB_ALIGN_LEFT, false},
  };
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    if (i < 6 || i > 9 || ratios == (i > 6)) // the rate of one network, or ratios of several
      gb_table_column(table, &columns[i]);
}

// ---------------------------------------------------------------------------------------------
// Below the table

static bool same_reason(const gb_reason *a, const gb_reason *b) {
  return strcmp(a->code, b->code) == 0 && strcmp(a->text, b->text) == 0;
}

static const gb_reason *find_reason(const gb_judgement *verdict, const gb_reason *reason) {
  for (size_t i = 0; i < verdict->count; i++)
    if (same_reason(&verdict->reasons[i], reason))
      return &verdict->reasons[i];
  return NULL;
}

// What holds for several rows is told once.
static void note_reason(gb_table *table, const gb_bench_result *r, size_t row,
                        const gb_reason *reason) {
  for (size_t i = 0; i < row; i++)
    if (find_reason(&r->items[i].verdict, reason))
      return;
  gb_text text = {0}, rows = {0};
  size_t found = 0;
  for (size_t i = row; i < r->count; i++)
    if (find_reason(&r->items[i].verdict, reason))
      gb_text_print(&rows, "%s%zu", found++ ? ", " : "", i + 1);
  if (found == r->count)
    gb_text_print(&text, "%s: ", gb_validity_names[reason->validity]);
  else
    gb_text_print(&text, "%s (row%s %s): ", gb_validity_names[reason->validity],
                  found > 1 ? "s" : "", gb_text_get(&rows));
  gb_text_print(&text, "%s: %s. Remedy: %s.", reason->code, reason->text, reason->remedy);
  gb_table_note(table, gb_text_get(&text));
  gb_text_free(&text);
  gb_text_free(&rows);
}

static void note_protocol(gb_table *table, const gb_bench_result *r) {
  const gb_latency_plan *plan = &r->request->plan;
  char note[512], between[64];
  snprintf(between, sizeof between, "%s", gb_between_names[plan->between]);
  if (plan->between == GB_BETWEEN_IDLE)
    snprintf(between, sizeof between, "idle %g ms", 1e3 * plan->idle_seconds);
  if (plan->between == GB_BETWEEN_FLUSHED)
    snprintf(between, sizeof between, "caches flushed (%zu MiB)", r->facts.flush_bytes >> 20);
  snprintf(note, sizeof note,
           "%zu rounds in balanced random order, %s, %.1f s; intervals by block bootstrap%s. %s.",
           r->facts.rounds, between, r->facts.seconds,
           r->count > 1 ? ", ratios paired by round, words after Holm" : "", r->placement.text);
  gb_table_note(table, note);
  if (r->null.comparisons && r->count > 1) {
    snprintf(note, sizeof note,
             "Differences below %.2g %% are not told: so far this machine differs from itself "
             "(%zu comparisons, 95 of 100).",
             100 * r->null.floor, r->null.comparisons);
    gb_table_note(table, note);
  }
}

static gb_status print_results(const gb_bench_result *r, gb_text *out, gb_error *error) {
  gb_table *table = gb_table_new("bench", NULL);
  if (!table)
    return gb_fail_memory(error);
  add_columns(table, r->count > 1);
  for (size_t i = 0; i < r->count; i++)
    add_row(table, r, i);
  note_protocol(table, r);
  for (size_t i = 0; i < r->count; i++)
    for (size_t k = 0; k < r->items[i].verdict.count; k++)
      note_reason(table, r, i, &r->items[i].verdict.reasons[k]);
  gb_text_style style = {.width = gb_terminal_width(), .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  gb_table_free(table);
  return status;
}

// ---------------------------------------------------------------------------------------------

static void print_same(const gb_bench_null *n, const gb_bench_same *same, gb_text *out) {
  gb_text_print(out,
                "  false alarms       %zu of %zu, %.1f %% (95 %% interval %.1f to %.1f %%; nominal "
                "5 %%)\n"
                "  differs by         up to %.2g %% in 95 of 100 comparisons\n"
                "  would find         %.2g %% in 8 of 10 sessions of %zu runs\n",
                same->alarms, n->comparisons, 100 * same->rate, 100 * same->low, 100 * same->high,
                100 * same->floor, 100 * same->detectable, n->runs);
}

static void print_null(const gb_bench_result *r, gb_text *out) {
  const gb_bench_null *n = &r->null;
  gb_text_print(out, "The machine against itself (%s, %zu comparisons of %zu runs each):\n",
                r->entries[0].model.network->name, n->comparisons, n->runs);
  print_same(n, &n->self, out);
  gb_text_add(out, "Two engines of this network, each with its own memory, made anew each time:\n");
  print_same(n, &n->twins, out);
  gb_text_print(out, "What differs by less than %.2g %% cannot be told here.\n", 100 * n->floor);
  if (!r->measured)
    gb_text_print(out, "  threads            %s\n", r->placement.text);
  else
    gb_text_add(out, "\n");
}

static gb_status print_steps(const gb_bench_result *r, size_t index, gb_text *out,
                             gb_error *error) {
  const gb_bench_entry *e = &r->entries[index];
  gb_native *native = e->subject.engine.native;
  gb_table *table = gb_table_new("steps", e->model.network->name);
  if (!table)
    return gb_fail_memory(error);
  static const gb_column columns[] = {
      {"step", "step", NULL, GB_ALIGN_LEFT, false},
      {"name", "layer", NULL, GB_ALIGN_LEFT, false},
      {"output", "output", "C×H×W", GB_ALIGN_RIGHT, false},
      {"time", "time", "µs", GB_ALIGN_RIGHT, false},
      {"rate", "rate", "GFLOP/s", GB_ALIGN_RIGHT, false},
  };
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  double sum = 0, whole = r->items[index].median.value;
  for (size_t i = 0; i < gb_native_step_count(native); i++) {
    gb_step_info info;
    char text[GB_SHAPE_TEXT];
    gb_native_step(native, i, &info);
    sum += e->steps[i];
    gb_table_row(table);
    gb_table_text(table, info.kind);
    gb_table_text(table, info.name);
    gb_table_text(table, gb_shape_print_image(&info.out, text));
    gb_table_real(table, 1e6 * e->steps[i], 2);
    if (info.nominal_macs)
      gb_table_real(table, 2e-9 * (double)(info.nominal_macs * e->batch) / e->steps[i], 1);
  }
  char note[200];
  if (r->measured)
    snprintf(note, sizeof note,
             "Sum of steps %.1f µs; whole network, timed apart, %.1f µs: the clock between steps "
             "and their barriers cost %.1f µs.",
             1e6 * sum, 1e6 * whole, 1e6 * (sum - whole));
  else
    snprintf(note, sizeof note, "Sum of steps %.1f µs.", 1e6 * sum);
  gb_table_note(table, note);
  gb_text_add(out, "\n");
  gb_text_style style = {.width = 0, .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  gb_table_free(table);
  return status;
}

gb_status gb_bench_text(const gb_bench_result *r, gb_text *out, gb_error *error) {
  if (r->null.comparisons)
    print_null(r, out);
  if (r->measured)
    GB_TRY(print_results(r, out, error));
  for (size_t i = 0; i < r->count; i++)
    if (r->entries[i].steps)
      GB_TRY(print_steps(r, i, out, error));
  return GB_OK;
}
