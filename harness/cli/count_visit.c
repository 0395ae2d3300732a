// One counting pass: events read around each step by the thread that does its share of the work.
#include "harness/cli/count.h"

#include <stdlib.h>
#include <string.h>

typedef enum mode { WARM, COUNT, STOP } mode;

// What a thread of the team keeps.
typedef struct counter {
  gb_tally *tally;
  bool failed;
  gb_error error;
  int64_t before[GB_TALLY_EVENTS], cost[GB_TALLY_EVENTS];
  int64_t *sums; // step * count + event, of the run at hand
} counter;

typedef struct visitor {
  gb_counters *counters;
  const char *const *events;
  size_t count;
  bool publishes; // one of the events is our own
  int64_t batch;
  const gb_step_info *steps;
  counter *threads;
  bool *published; // by step, in the run at hand: strips visit a step again and again
  mode mode;
} visitor;

static void publish(const visitor *v, const gb_step_info *info) {
  gb_counters_add(v->counters, GB_OWN_NOMINAL, info->nominal_macs * v->batch);
  gb_counters_add(v->counters, GB_OWN_EXECUTED, info->executed_macs * v->batch);
  gb_counters_add(v->counters, GB_OWN_BYTES, info->bytes * v->batch);
  gb_counters_add(v->counters, GB_OWN_STEPS, 1);
}

// A tally belongs to its thread: made in its first visit, freed in a run of its own.
static void start(visitor *v, counter *c, int thread) {
  c->failed =
      gb_tally_new(v->counters, v->events, v->count, thread == 0, &c->tally, &c->error) != GB_OK ||
      !gb_tally_cost(c->tally, c->cost);
}

static void visit(void *context, size_t step, int thread, bool begins) {
  visitor *v = context;
  counter *c = &v->threads[thread];
  if (v->mode == STOP) {
    gb_tally_free(c->tally);
    c->tally = NULL;
    return;
  }
  if (!c->tally && !c->failed)
    start(v, c, thread);
  if (c->failed || v->mode == WARM)
    return;
  int64_t now[GB_TALLY_EVENTS];
  if (begins) {
    c->failed = !gb_tally_read(c->tally, c->before);
    return;
  }
  if (v->publishes && thread == 0 && !v->published[step]) {
    publish(v, &v->steps[step]);
    v->published[step] = true;
  }
  c->failed = !gb_tally_read(c->tally, now);
  for (size_t e = 0; e < v->count; e++) {
    int64_t more = now[e] - c->before[e] - c->cost[e];
    c->sums[step * v->count + e] += more > 0 ? more : 0;
  }
}

static void add_up(const visitor *v, int threads, size_t cells, int64_t *values) {
  memset(values, 0, cells * sizeof *values);
  for (int t = 0; t < threads; t++)
    for (size_t i = 0; i < cells; i++)
      values[i] += v->threads[t].sums[i];
}

static gb_status failure(const visitor *v, int threads, gb_error *error) {
  for (int t = 0; t < threads; t++)
    if (v->threads[t].failed)
      return gb_fail(error, GB_EUNSUPPORTED, "thread %d cannot count: %s", t,
                     *v->threads[t].error.message ? v->threads[t].error.message
                                                  : "its counters cannot be read");
  return GB_OK;
}

gb_status gb_count_pass(gb_counters *counters, gb_native *engine, int threads, int64_t batch,
                        const float *input, float *output, const char *const *events, size_t count,
                        int runs, int64_t *values, gb_error *error) {
  gb_arena *arena = gb_arena_new(NULL);
  size_t step_count = gb_native_step_count(engine), cells = step_count * count;
  visitor v = {.counters = counters, .events = events, .count = count, .batch = batch};
  gb_step_info *steps = arena ? gb_arena_allocate(arena, step_count, sizeof *steps) : NULL;
  v.threads = arena ? gb_arena_allocate(arena, (size_t)threads, sizeof *v.threads) : NULL;
  v.published = arena ? gb_arena_allocate(arena, step_count, sizeof *v.published) : NULL;
  bool memory = steps && v.threads && v.published;
  for (int t = 0; memory && t < threads; t++) {
    v.threads[t].sums = gb_arena_allocate(arena, cells, sizeof(int64_t));
    memory = v.threads[t].sums != NULL;
  }
  if (!memory) {
    gb_arena_free(arena);
    return gb_fail_memory(error);
  }
  for (size_t s = 0; s < step_count; s++)
    gb_native_step(engine, s, &steps[s]);
  for (size_t e = 0; e < count; e++)
    v.publishes |= strncmp(events[e], "sde:::ghostbench::", 18) == 0;
  v.steps = steps;
  gb_native_visit(engine, input, output, visit, &v);
  v.mode = COUNT;
  gb_status status = failure(&v, threads, error);
  for (int run = 0; run < runs && status == GB_OK; run++) {
    for (int t = 0; t < threads; t++)
      memset(v.threads[t].sums, 0, cells * sizeof(int64_t));
    memset(v.published, 0, step_count * sizeof *v.published);
    gb_native_visit(engine, input, output, visit, &v);
    add_up(&v, threads, cells, values + (size_t)run * cells);
    status = failure(&v, threads, error);
  }
  v.mode = STOP;
  gb_native_visit(engine, input, output, visit, &v);
  gb_arena_free(arena);
  return status;
}
