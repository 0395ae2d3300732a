// Counts of a network by layer, in passes apart from its times: every group of counters that is not
// simulated, each event that does not exist here as a row without a value and with the reason.
#include "harness/cli/count.h"
#include "harness/cli/run_timing.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PASSES = 3, MOST_GROUPS = 64 };

void gb_counters_lines(const gb_timing *t, const gb_queued *q, gb_cell_lines *lines) {
  (void)t;
  gb_native_lines(q, "events counted", "passes", PASSES, lines);
}

static gb_status find_groups(gb_timing *t, const char **groups, size_t *count, gb_error *error) {
  const char **names;
  GB_TRY(gb_list_names(t->arena, &t->run->places, GB_GROUPS, &names, error));
  for (*count = 0; *names && *count < MOST_GROUPS; names++) {
    bool simulated;
    GB_TRY(gb_count_is_simulated(*names, &simulated, error));
    if (!simulated)
      groups[(*count)++] = *names;
  }
  return GB_OK;
}

// Who counted it.
static const char *source_of(const gb_counted_column *column) {
  if (!*column->event)
    return "formula";
  return strncmp(column->event, "sde:::ghostbench::", 18) == 0 ? "harness"
         : strncmp(column->event, "os::", 4) == 0              ? "system"
                                                               : "papi";
}

// A column: a counter a step and one of the whole network, or only why there is none.
static gb_status add_column(const gb_counted *c, const gb_counted_column *column,
                            const char *const *layers, gb_arena *arena, gb_stored_counter *counters,
                            size_t *count, gb_error *error) {
  const char *event = gb_arena_print(arena, "%s/%s", column->group, column->name), *reason = "";
  bool none = column->reason || column->suspect;
  if (column->reason)
    reason = gb_arena_print(arena, column->remedy ? "%s. Remedy: %s" : "%s", column->reason,
                            column->remedy);
  else if (column->suspect)
    reason = gb_arena_print(arena, "not to be believed: %s", column->suspect);
  if (!event || !reason)
    return gb_fail_memory(error);
  for (size_t s = none ? c->step_count : 0; s <= c->step_count; s++)
    counters[(*count)++] =
        (gb_stored_counter){.step = s < c->step_count ? (int64_t)s : -1,
                            .layer = s < c->step_count ? layers[s] : "",
                            .event = event,
                            .unit = column->unit,
                            .source = source_of(column),
                            .value = none ? (double)NAN : column->values[s],
                            .share = 1,
                            .reason = none                       ? reason
                                      : isnan(column->values[s]) ? "a division by 0"
                                                                 : ""};
  return GB_OK;
}

static gb_status store(gb_timing *t, const gb_queued *q, const gb_counted *c, gb_arena *arena,
                       gb_error *error) {
  char threads[16], batch[24], passes[16];
  snprintf(threads, sizeof threads, "%d", c->threads);
  snprintf(batch, sizeof batch, "%" PRId64, c->batch);
  snprintf(passes, sizeof passes, "%d", PASSES);
  const gb_stored_fact protocol[] = {{"engine", "native"}, {"threads", threads}, {"batch", batch},
                                     {"what", "counters"}, {"passes", passes},   {"isa", c->isa}};
  gb_stored_counter *counters =
      gb_arena_allocate(arena, c->column_count * (c->step_count + 1) + 1, sizeof *counters);
  const char **layers = gb_arena_allocate(arena, c->step_count + 1, sizeof *layers);
  size_t count = 0;
  if (!counters || !layers)
    return gb_fail_memory(error);
  for (size_t s = 0; s < c->step_count; s++)
    if (!(layers[s] = gb_arena_print(arena, "%s (%s)", c->steps[s].name, c->steps[s].kind)))
      return gb_fail_memory(error);
  for (size_t i = 0; i < c->column_count; i++)
    GB_TRY(add_column(c, &c->columns[i], layers, arena, counters, &count, error));
  gb_stored_cell cell = {.kind = "counters",
                         .title = q->result->title,
                         .seconds = (double)NAN,
                         .protocol = protocol,
                         .protocol_count = sizeof protocol / sizeof *protocol,
                         .counters = counters,
                         .counter_count = count};
  return gb_run_store_put(t->run, &q->head, &q->identity[GB_WANT_COUNTERS], &cell, false, error);
}

gb_status gb_counters_measure(gb_timing *t, const gb_queued *q, const gb_subject *subject,
                              gb_error *error) {
  const char *groups[MOST_GROUPS];
  gb_count_request request = {.groups = groups, .choice = q->choice, .runs = PASSES};
  gb_counted *counted = NULL;
  GB_TRY(find_groups(t, groups, &request.group_count, error));
  if (!t->run->counters)
    GB_TRY(gb_counters_open(&t->run->counters, error));
  request.counters = t->run->counters;
  GB_TRY(gb_count(&request, q->network, subject->graph, &subject->weights, &counted, error));
  gb_arena *arena = gb_arena_new(NULL);
  gb_status status = arena ? store(t, q, counted, arena, error) : gb_fail_memory(error);
  gb_arena_free(arena);
  gb_counted_free(counted);
  return status;
}
