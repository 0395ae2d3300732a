// A time as a cell of the store: what defines it, into the store and out of it.
#include "harness/cli/run_timing.h"
#include "harness/cli/stores.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *engine_of(const gb_queued *q) {
  return q->choice.native ? "native" : "reference";
}

void gb_latency_lines(const gb_timing *t, const gb_queued *q, gb_cell_lines *lines) {
  const gb_engine_choice *c = &q->choice;
  snprintf(lines->how, sizeof lines->how, "engine %s\nthreads %d\nbatch %" PRId64 "\nbetween hot\n",
           engine_of(q), c->options.threads, gb_queued_batch(q));
  snprintf(lines->rest, sizeof lines->rest, "runs %zu\nisa %s\nwithout %x\nweights recipe 1\n",
           t->run->time_runs, c->native && c->options.isa ? c->options.isa : "best",
           c->options.without);
}

gb_status gb_latency_load(const gb_stored_cell *cell, gb_arena *arena, gb_result *r,
                          gb_error *error) {
  double *seconds;
  GB_TRY(gb_stored_seconds(cell->samples, cell->sample_count, arena, &seconds, error));
  r->samples = seconds;
  r->sample_count = cell->sample_count;
  r->latency = 1e3 * gb_stored_figure_of(cell, "median_s");
  r->latency_low = 1e3 * gb_stored_figure_of(cell, "median_low_s");
  r->latency_high = 1e3 * gb_stored_figure_of(cell, "median_high_s");
  r->runs = (int)cell->sample_count;
  r->validity = cell->verdict;
  r->doubt = cell->reason_count ? cell->reasons[0].text : NULL;
  r->remedy = cell->reason_count ? cell->reasons[0].remedy : NULL;
  r->ratio = gb_stored_figure_of(cell, "ratio");
  r->ratio_low = gb_stored_figure_of(cell, "ratio_low");
  r->ratio_high = gb_stored_figure_of(cell, "ratio_high");
  r->time_stored = true;
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// A measured network into its result and the store

gb_status gb_latency_note(gb_timing *t, const gb_latency_item *item, gb_result *r,
                          gb_error *error) {
  const gb_judgement *v = &item->verdict;
  r->latency = 1e3 * item->median.value;
  r->latency_low = 1e3 * item->median.low;
  r->latency_high = 1e3 * item->median.high;
  r->runs = (int)item->competitor.count;
  r->validity = gb_validity_names[v->validity];
  r->ratio = item->ratio.interval.value;
  r->ratio_low = item->ratio.interval.low;
  r->ratio_high = item->ratio.interval.high;
  double *samples = gb_arena_allocate(t->arena, item->competitor.count, sizeof *samples);
  if (!samples)
    return gb_fail_memory(error);
  memcpy(samples, item->competitor.samples, item->competitor.count * sizeof *samples);
  r->samples = samples;
  r->sample_count = item->competitor.count;
  for (size_t i = 0; i < v->count && !r->doubt; i++)
    if (v->reasons[i].validity == v->validity) {
      r->doubt = gb_arena_copy(t->arena, v->reasons[i].text);
      r->remedy = v->reasons[i].remedy;
      if (!r->doubt)
        return gb_fail_memory(error);
    }
  return GB_OK;
}

static const gb_stored_sample *samples_of(const gb_latency_item *item, gb_arena *arena) {
  const gb_competitor *c = &item->competitor;
  gb_stored_sample *s = gb_arena_allocate(arena, c->count + 1, sizeof *s);
  for (size_t i = 0; s && i < c->count; i++)
    s[i] = (gb_stored_sample){c->samples[i], c->starts[i]};
  return s;
}

// The worst reasons first: the table shows one.
static const gb_stored_reason *reasons_of(const gb_latency_item *item, gb_arena *arena) {
  const gb_judgement *v = &item->verdict;
  gb_stored_reason *list = gb_arena_allocate(arena, v->count + 1, sizeof *list);
  size_t n = 0;
  for (int validity = GB_INVALID; list && validity >= GB_VALID; validity--)
    for (size_t i = 0; i < v->count; i++)
      if ((int)v->reasons[i].validity == validity)
        list[n++] =
            (gb_stored_reason){v->reasons[i].code, v->reasons[i].text, v->reasons[i].remedy};
  return list;
}

gb_status gb_latency_store(gb_timing *t, const gb_queued *q, const gb_latency_item *item,
                           const gb_latency_item *base, const gb_session_facts *facts,
                           const gb_placement *placement, const char *plan, gb_arena *arena,
                           gb_error *error) {
  char threads[16], batch[24], runs[24];
  snprintf(threads, sizeof threads, "%d", q->choice.options.threads);
  snprintf(batch, sizeof batch, "%" PRId64, gb_queued_batch(q));
  snprintf(runs, sizeof runs, "%zu", item->competitor.count);
  const gb_stored_fact protocol[] = {{"engine", engine_of(q)}, {"threads", threads},
                                     {"batch", batch},         {"runs", runs},
                                     {"between", "hot"},       {"placement", placement->text}};
  const gb_stored_figure figures[] = {{"median_s", item->median.value},
                                      {"median_low_s", item->median.low},
                                      {"median_high_s", item->median.high},
                                      {"minimum_s", item->minimum},
                                      {"ratio", item->ratio.interval.value},
                                      {"ratio_low", item->ratio.interval.low},
                                      {"ratio_high", item->ratio.interval.high},
                                      {"ratio_p", item->ratio.p},
                                      {"corrected_p", item->corrected_p},
                                      {"outliers", item->outliers},
                                      {"steal", facts->steal},
                                      {"others", facts->others},
                                      {"session_s", facts->seconds}};
  gb_stored_cell cell = {.kind = "latency",
                         .title = q->result->title,
                         .verdict = gb_validity_names[item->verdict.validity],
                         .baseline = item == base ? NULL : t->base.identity[GB_WANT_LATENCY].key,
                         .plan = plan,
                         .seconds = facts->seconds,
                         .protocol = protocol,
                         .protocol_count = sizeof protocol / sizeof *protocol,
                         .samples = samples_of(item, arena),
                         .sample_count = item->competitor.count,
                         .anchors = item == base ? NULL : samples_of(base, arena),
                         .anchor_count = item == base ? 0 : base->competitor.count,
                         .figures = figures,
                         .figure_count = sizeof figures / sizeof *figures,
                         .reasons = reasons_of(item, arena),
                         .reason_count = item->verdict.count};
  if (!cell.samples || !cell.reasons || (cell.anchor_count && !cell.anchors))
    return gb_fail_memory(error);
  return gb_run_store_put(t->run, &q->head, &q->identity[GB_WANT_LATENCY], &cell, false, error);
}
