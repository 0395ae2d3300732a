// Times of a network's steps, in passes apart from its latency, and the roofs that they stay below.
#include "harness/cli/run_timing.h"
#include "harness/cli/stores.h"

#include "harness/measure/clock.h"
#include "layers/kernels/kernels.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 15, WARM_ROUNDS = 2, TRIES = 12, PEAK_LOOPS = 20000 };

void gb_profile_lines(const gb_timing *t, const gb_queued *q, gb_cell_lines *lines) {
  (void)t;
  gb_native_lines(q, "steps timed", "rounds", ROUNDS, lines);
}

// ---------------------------------------------------------------------------------------------
// Roofs

static double best_peak(const gb_kernels *k) {
  double best = 0;
  for (int i = 0; i < TRIES; i++) {
    float sink;
    double began = gb_now();
    int64_t macs = k->peak_fma(PEAK_LOOPS, &sink);
    best = fmax(best, 2 * (double)macs / (gb_now() - began));
  }
  return best;
}

// NaN where there is not so much memory.
static double best_read(const gb_kernels *k, size_t bytes) {
  size_t count = bytes / sizeof(float);
  float *floats = gb_allocate(NULL, count, sizeof *floats);
  if (!floats)
    return (double)NAN;
  for (size_t i = 0; i < count; i += 1024) // each page is one of its own
    floats[i] = 1;
  double best = 0;
  volatile float sink = 0;
  for (int i = 0; i < TRIES; i++) {
    double began = gb_now();
    sink = k->read_sum(floats, (int64_t)count);
    best = fmax(best, (double)bytes / (gb_now() - began));
  }
  (void)sink;
  gb_release(NULL, floats);
  return best;
}

// Of one thread; the same of all networks of a run.
static void find_roofs(gb_timing *t, const gb_native *engine) {
  if (t->roofed)
    return;
  gb_isa isa = GB_ISA_BASELINE;
  gb_isa_parse(gb_native_isa(engine), &isa);
  const gb_kernels *k = gb_kernels_for(isa);
  t->roofs = (gb_roofs){.flop_per_s = best_peak(k),
                        .cache_byte_per_s = best_read(k, GB_ROOF_CACHE),
                        .memory_byte_per_s = best_read(k, GB_ROOF_MEMORY)};
  t->roofed = true;
}

// ---------------------------------------------------------------------------------------------
// Steps

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// Medians of ROUNDS passes into `medians`.
static gb_status time_steps(gb_subject *s, size_t steps, double *medians, gb_error *error) {
  double *rounds = gb_allocate(NULL, (steps + 1) * ROUNDS, sizeof *rounds);
  double *seconds = gb_allocate(NULL, steps + 1, sizeof *seconds);
  if (rounds && seconds) {
    for (int round = -WARM_ROUNDS; round < ROUNDS; round++) {
      memset(seconds, 0, steps * sizeof *seconds);
      gb_native_profile(s->engine.native, s->input, s->output, seconds);
      for (size_t i = 0; round >= 0 && i < steps; i++)
        rounds[i * ROUNDS + (size_t)round] = seconds[i];
    }
    for (size_t i = 0; i < steps; i++) {
      qsort(rounds + i * ROUNDS, ROUNDS, sizeof *rounds, by_value);
      medians[i] = rounds[i * ROUNDS + ROUNDS / 2];
    }
  }
  bool memory = rounds && seconds;
  gb_release(NULL, rounds);
  gb_release(NULL, seconds);
  return memory ? GB_OK : gb_fail_memory(error);
}

// Of the whole batch.
static gb_status describe_steps(const gb_native *engine, double batch, const double *seconds,
                                gb_arena *arena, gb_profiled_step *steps, size_t count,
                                gb_error *error) {
  for (size_t i = 0; i < count; i++) {
    gb_step_info info;
    gb_native_step(engine, i, &info);
    steps[i] = (gb_profiled_step){.kind = gb_arena_copy(arena, info.kind),
                                  .layer = gb_arena_copy(arena, info.name),
                                  .seconds = seconds[i],
                                  .macs = batch * (double)info.nominal_macs,
                                  .executed = batch * (double)info.executed_macs,
                                  .bytes = batch * (double)info.bytes};
    if (!steps[i].kind || !steps[i].layer)
      return gb_fail_memory(error);
  }
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// The cell: four counters a step, whose layer is "NAME (KIND)", and the roofs as figures

typedef struct field {
  const char *event, *unit, *source;
  size_t offset; // in gb_profiled_step
} field;

static const field fields[] = {
    {"time", "s", "clock", offsetof(gb_profiled_step, seconds)},
    {"nominal_macs", "", "plan", offsetof(gb_profiled_step, macs)},
    {"executed_macs", "", "plan", offsetof(gb_profiled_step, executed)},
    {"bytes", "B", "plan", offsetof(gb_profiled_step, bytes)},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static gb_status store(gb_timing *t, const gb_queued *q, gb_error *error) {
  const gb_result *r = q->result;
  char threads[16], batch[24], rounds[16];
  snprintf(threads, sizeof threads, "%d", q->choice.options.threads);
  snprintf(batch, sizeof batch, "%" PRId64, gb_queued_batch(q));
  snprintf(rounds, sizeof rounds, "%d", ROUNDS);
  const gb_stored_fact protocol[] = {{"engine", "native"},
                                     {"threads", threads},
                                     {"batch", batch},
                                     {"what", "steps"},
                                     {"rounds", rounds}};
  const gb_stored_figure figures[] = {{"roof_flop_per_s", t->roofs.flop_per_s},
                                      {"roof_cache_byte_per_s", t->roofs.cache_byte_per_s},
                                      {"roof_memory_byte_per_s", t->roofs.memory_byte_per_s}};
  gb_arena *arena = gb_arena_new(NULL);
  gb_stored_counter *counters =
      arena ? gb_arena_allocate(arena, r->step_count * FIELDS + 1, sizeof *counters) : NULL;
  gb_status status = counters ? GB_OK : gb_fail_memory(error);
  for (size_t i = 0; status == GB_OK && i < r->step_count; i++) {
    const gb_profiled_step *s = &r->steps[i];
    const char *layer = gb_arena_print(arena, "%s (%s)", s->layer, s->kind);
    if (!layer)
      status = gb_fail_memory(error);
    for (size_t f = 0; f < FIELDS; f++) {
      counters[FIELDS * i + f] = (gb_stored_counter){.step = (int64_t)i,
                                                     .layer = layer,
                                                     .event = fields[f].event,
                                                     .unit = fields[f].unit,
                                                     .source = fields[f].source,
                                                     .share = 1,
                                                     .reason = ""};
      memcpy(&counters[FIELDS * i + f].value, (const char *)s + fields[f].offset, sizeof(double));
    }
  }
  gb_stored_cell cell = {.kind = "counters",
                         .title = r->title,
                         .seconds = (double)NAN,
                         .protocol = protocol,
                         .protocol_count = sizeof protocol / sizeof *protocol,
                         .figures = figures,
                         .figure_count = sizeof figures / sizeof *figures,
                         .counters = counters,
                         .counter_count = r->step_count * FIELDS};
  if (status == GB_OK)
    status = gb_run_store_put(t->run, &q->head, &q->identity[GB_WANT_PROFILE], &cell, false, error);
  gb_arena_free(arena);
  return status;
}

gb_status gb_profile_measure(gb_timing *t, const gb_queued *q, gb_subject *subject,
                             gb_error *error) {
  const gb_native *engine = subject->engine.native;
  gb_result *r = q->result;
  size_t count = gb_native_step_count(engine);
  gb_profiled_step *steps = gb_arena_allocate(t->arena, count + 1, sizeof *steps);
  double *medians = gb_arena_allocate(t->arena, count + 1, sizeof *medians);
  if (!steps || !medians)
    return gb_fail_memory(error);
  find_roofs(t, engine);
  GB_TRY(time_steps(subject, count, medians, error));
  GB_TRY(
      describe_steps(engine, (double)gb_queued_batch(q), medians, t->arena, steps, count, error));
  r->steps = steps;
  r->step_count = count;
  r->roofs = t->roofs;
  return store(t, q, error);
}

// "NAME (KIND)" apart again.
static gb_status split_layer(const char *text, gb_arena *arena, gb_profiled_step *step,
                             gb_error *error) {
  const char *open = strrchr(text, '(');
  size_t n = strlen(text);
  bool good = open && open > text && text[n - 1] == ')';
  step->layer = gb_arena_copy_n(arena, text, good ? (size_t)(open - text) - 1 : n);
  step->kind = good ? gb_arena_copy_n(arena, open + 1, n - 2 - (size_t)(open - text)) : "";
  return step->layer && step->kind ? GB_OK : gb_fail_memory(error);
}

gb_status gb_profile_load(const gb_stored_cell *cell, gb_arena *arena, gb_result *r,
                          gb_error *error) {
  size_t count = 0;
  for (size_t i = 0; i < cell->counter_count; i++)
    if (cell->counters[i].step >= (int64_t)count && cell->counters[i].step < INT32_MAX)
      count = (size_t)cell->counters[i].step + 1;
  if (count > cell->counter_count)
    return gb_fail(error, GB_EINPUT, "the stored steps of '%s' have gaps", cell->label);
  gb_profiled_step *steps = gb_arena_allocate(arena, count + 1, sizeof *steps);
  if (!steps)
    return gb_fail_memory(error);
  for (size_t i = 0; i < count; i++)
    steps[i] = (gb_profiled_step){.kind = "", .layer = "", .seconds = (double)NAN};
  for (size_t i = 0; i < cell->counter_count; i++) {
    const gb_stored_counter *c = &cell->counters[i];
    if (c->step < 0)
      continue;
    gb_profiled_step *s = &steps[c->step];
    if (!*s->layer)
      GB_TRY(split_layer(c->layer, arena, s, error));
    for (size_t f = 0; f < FIELDS; f++)
      if (strcmp(fields[f].event, c->event) == 0)
        memcpy((char *)s + fields[f].offset, &c->value, sizeof(double));
  }
  r->steps = steps;
  r->step_count = count;
  r->roofs = (gb_roofs){gb_stored_figure_of(cell, "roof_flop_per_s"),
                        gb_stored_figure_of(cell, "roof_cache_byte_per_s"),
                        gb_stored_figure_of(cell, "roof_memory_byte_per_s")};
  return GB_OK;
}
