// Networks of an experiment measured in groups: times by the sampling protocol around a common
// baseline, then what needs passes of its own.
#include "harness/cli/run_timing.h"

#include "harness/measure/clock.h"
#include "harness/report/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Each kind of measurement: its cell in the store, what defines it, and how it comes back.
// What is shown from the store alone has no `load`.
static const struct {
  const char *kind;
  void (*lines)(const gb_timing *timing, const gb_queued *queued, gb_cell_lines *lines);
  gb_status (*load)(const gb_stored_cell *cell, gb_arena *arena, gb_result *result,
                    gb_error *error);
} wants[GB_WANT_COUNT] = {
    [GB_WANT_LATENCY] = {"latency", gb_latency_lines, gb_latency_load},
    [GB_WANT_PROFILE] = {"counters", gb_profile_lines, gb_profile_load},
    [GB_WANT_COUNTERS] = {"counters", gb_counters_lines, NULL},
};

void gb_native_lines(const gb_queued *q, const char *what, const char *repeated, int times,
                     gb_cell_lines *lines) {
  const gb_engine_choice *c = &q->choice;
  snprintf(lines->how, sizeof lines->how, "engine native\nthreads %d\nbatch %" PRId64 "\n%s\n",
           c->options.threads, gb_queued_batch(q), what);
  snprintf(lines->rest, sizeof lines->rest, "%s %d\nisa %s\nwithout %x\nweights recipe 1\n",
           repeated, times, c->options.isa ? c->options.isa : "best", c->options.without);
}

const char *const gb_want_names[] = {"latency", "profile", "counters"};

bool gb_timing_wanted(const gb_experiment *experiment) {
  for (int w = 0; w < GB_WANT_COUNT; w++)
    if (gb_run_measures(experiment, gb_want_names[w]))
      return true;
  return false;
}

gb_status gb_timing_new(gb_run *run, const gb_experiment *experiment, gb_arena *arena,
                        gb_timing **timing, gb_error *error) {
  gb_timing *t = *timing = gb_arena_allocate(arena, 1, sizeof *t);
  if (!t)
    return gb_fail_memory(error);
  *t = (gb_timing){.run = run, .arena = arena};
  for (int w = 0; w < GB_WANT_COUNT; w++)
    t->wants[w] = gb_run_measures(experiment, gb_want_names[w]);
  return GB_OK;
}

static void drop(const gb_timing *t, gb_queued *q) {
  if (q->batched != t->base.batched)
    gb_graph_free(q->batched);
  if (q->graph && q->graph != t->base.graph) {
    gb_graph_free(q->graph);
    gb_network_free(q->network);
  }
  *q = (gb_queued){0};
}

void gb_timing_free(gb_timing *t) {
  if (!t)
    return;
  for (size_t i = 0; i < t->count; i++)
    drop(t, &t->queue[i]);
  gb_graph_free(t->base.batched);
  gb_graph_free(t->base.graph);
  gb_network_free(t->base.network);
  t->base = (gb_queued){0};
}

// ---------------------------------------------------------------------------------------------
// A group

typedef struct member {
  gb_queued *queued;
  gb_subject subject;
  const char *plan;
} member;

typedef struct group {
  member members[GB_TIMING_GROUP];
  gb_latency_item items[GB_TIMING_GROUP]; // of the members that are timed
  member *timed[GB_TIMING_GROUP];
  size_t count, timed_count;
  gb_placement placement;
  gb_session_facts facts;
} group;

typedef struct shown {
  const char *name;
  size_t networks;
  double began;
} shown;

static void show(void *context, double share) {
  const shown *s = context;
  if (!isatty(STDERR_FILENO))
    return;
  double spent = gb_now() - s->began, left = share > 0 ? spent * (1 - share) / share : 0;
  fprintf(stderr, "\r\033[K%s: timing %zu networks side by side, %.0f %%, %.0f s left", s->name,
          s->networks, 100 * share, left);
  fflush(stderr);
}

int64_t gb_queued_batch(const gb_queued *q) {
  return q->head.cell->batch ? q->head.cell->batch : 1;
}

// Why a network could not be measured, in its result and in the store.
static gb_status fail(gb_timing *t, const gb_queued *q, const gb_error *why, gb_error *error) {
  if (!q->result)
    return gb_fail(error, why->status, "the baseline '%s': %s", q->head.label, why->message);
  if (!(q->result->error = gb_arena_copy(t->arena, why->message)))
    return gb_fail_memory(error);
  for (int w = 0; w < GB_WANT_COUNT; w++) {
    gb_stored_cell cell = {
        .kind = wants[w].kind, .error = q->result->error, .title = q->result->title};
    if (q->wanted[w])
      GB_TRY(gb_run_store_put(t->run, &q->head, &q->identity[w], &cell, false, error));
  }
  return GB_OK;
}

// The plan as text, which is stored with the time.
static gb_status write_plan(const gb_timing *t, member *m, gb_error *error) {
  if (!m->subject.engine.native)
    return GB_OK;
  gb_text text = {0};
  gb_status status = gb_plan_text(m->subject.engine.native, &m->queued->choice,
                                  m->queued->head.label, GB_FORMAT_TEXT, false, &text, error);
  m->plan = status == GB_OK && !text.failed ? gb_arena_copy(t->arena, gb_text_get(&text)) : NULL;
  gb_text_free(&text);
  return status != GB_OK || m->plan ? status : gb_fail_memory(error);
}

// Engines and a check of their answers; who fails has its error and takes no part.
static gb_status prepare(gb_timing *t, group *g, gb_queued *q, bool timed, gb_error *error) {
  gb_error why = {0};
  member *m = &g->members[g->count];
  m->queued = q;
  if (gb_queued_batch(q) > 1 && !q->batched)
    gb_graph_build(q->network->root, gb_queued_batch(q), &q->batched, &why);
  gb_status status = why.status;
  if (status == GB_OK)
    status = gb_subject_make(&m->subject, q->batched ? q->batched : q->graph, NULL, &q->choice,
                             &g->placement, &why);
  if (status == GB_OK) {
    status = gb_subject_check(&m->subject, q->graph, NULL, &why);
    if (status != GB_OK)
      gb_subject_free(&m->subject);
  }
  if (status != GB_OK)
    return fail(t, q, &why, error);
  g->count++;
  if (timed) {
    g->items[g->timed_count].competitor =
        (gb_competitor){.body = gb_subject_run, .context = &m->subject};
    g->timed[g->timed_count++] = m;
  }
  return write_plan(t, m, error);
}

static gb_status prepare_all(gb_timing *t, group *g, gb_error *error) {
  bool timed = false, own = t->queue[0].graph == t->base.graph; // the baseline is one of the queue
  for (size_t i = 0; i < t->count; i++)
    timed |= t->queue[i].wanted[GB_WANT_LATENCY];
  if (timed && !own)
    GB_TRY(prepare(t, g, &t->base, true, error));
  for (size_t i = 0; i < t->count; i++)
    GB_TRY(prepare(t, g, &t->queue[i],
                   t->queue[i].wanted[GB_WANT_LATENCY] || (timed && own && i == 0), error));
  return GB_OK;
}

static gb_status keep_times(gb_timing *t, group *g, gb_error *error) {
  gb_arena *arena = gb_arena_new(NULL);
  gb_status status = arena ? GB_OK : gb_fail_memory(error);
  for (size_t i = 0; status == GB_OK && i < g->timed_count; i++) {
    const member *m = g->timed[i];
    if (!m->queued->result || !m->queued->wanted[GB_WANT_LATENCY])
      continue;
    status = gb_latency_note(t, &g->items[i], m->queued->result, error);
    if (status == GB_OK)
      status = gb_latency_store(t, m->queued, &g->items[i], &g->items[0], &g->facts, &g->placement,
                                m->plan, arena, error);
  }
  gb_arena_free(arena);
  return status;
}

static gb_status time_all(gb_timing *t, group *g, gb_error *error) {
  if (g->timed_count == 0)
    return GB_OK;
  shown progress = {t->base.head.experiment->name, g->timed_count, gb_now()};
  gb_latency_plan plan = gb_latency_plan_default();
  plan.runs = t->run->time_runs;
  plan.settle = g->placement.threads > 1;
  plan.progress = show;
  plan.progress_context = &progress;
  GB_TRY(gb_latency_measure(g->items, g->timed_count, &plan, &g->facts, error));
  if (isatty(STDERR_FILENO))
    fputs("\r\033[K", stderr);
  return keep_times(t, g, error);
}

// First the times, undisturbed; then what needs passes of its own.
static gb_status measure(gb_timing *t, group *g, gb_error *error) {
  GB_TRY(prepare_all(t, g, error));
  GB_TRY(time_all(t, g, error));
  for (size_t i = 0; i < g->count; i++)
    if (g->members[i].queued->wanted[GB_WANT_PROFILE])
      GB_TRY(gb_profile_measure(t, g->members[i].queued, &g->members[i].subject, error));
  return GB_OK;
}

gb_status gb_timing_end(gb_timing *t, gb_error *error) {
  if (t->count == 0)
    return GB_OK;
  group *g = gb_allocate(NULL, 1, sizeof *g);
  if (!g)
    return gb_fail_memory(error);
  int threads = t->base.choice.options.threads;
  for (size_t i = 0; i < t->count; i++)
    if (t->queue[i].choice.options.threads > threads)
      threads = t->queue[i].choice.options.threads;
  gb_placement_begin(&g->placement, (size_t)threads, true);
  gb_status status = measure(t, g, error);
  gb_placement_end(&g->placement);
  // Counting makes engines of its own, whose threads must not inherit where this one is bound.
  for (size_t i = 0; status == GB_OK && i < g->count; i++)
    if (g->members[i].queued->wanted[GB_WANT_COUNTERS])
      status = gb_counters_measure(t, g->members[i].queued, &g->members[i].subject, error);
  for (size_t i = 0; i < g->count; i++)
    gb_subject_free(&g->members[i].subject);
  gb_latency_free(g->items, g->timed_count);
  gb_release(NULL, g);
  for (size_t i = 0; i < t->count; i++)
    drop(t, &t->queue[i]);
  t->count = 0;
  return status;
}

// What of the network is in the store already comes from there.
static gb_status look(gb_timing *t, gb_queued *q, gb_error *error) {
  char digest[GB_DIGEST_TEXT];
  GB_TRY(gb_network_digest(q->network->root, digest, error));
  for (int w = 0; w < GB_WANT_COUNT; w++) {
    if (!t->wants[w] || (w != GB_WANT_LATENCY && !q->choice.native))
      continue; // the reference engine has no steps
    gb_cell_lines lines;
    gb_stored_cell *stored = NULL;
    wants[w].lines(t, q, &lines);
    GB_TRY(gb_cell_identify(t->run->store, &q->head, wants[w].kind, digest, lines.how, lines.rest,
                            true, t->arena, &q->identity[w], error));
    GB_TRY(gb_run_store_get(t->run, q->identity[w].key, t->arena, &stored, error));
    q->wanted[w] = stored == NULL;
    q->result->keys[w] = gb_arena_copy(t->arena, q->identity[w].key);
    if (!q->result->keys[w])
      return gb_fail_memory(error);
    if (stored && wants[w].load)
      GB_TRY(wants[w].load(stored, t->arena, q->result, error));
  }
  return GB_OK;
}

gb_status gb_timing_add(gb_timing *t, const gb_cell_head *head, gb_network *network,
                        gb_graph *graph, gb_result *result, gb_error *error) {
  gb_queued q = {.head = *head, .network = network, .graph = graph, .result = result};
  q.choice = gb_run_choice(t->run, head->cell);
  result->native = q.choice.native;
  result->threads = q.choice.options.threads;
  result->batch = gb_queued_batch(&q);
  gb_status status = look(t, &q, error);
  bool wanted = false;
  for (int w = 0; w < GB_WANT_COUNT; w++)
    wanted |= q.wanted[w];
  if (!t->based) {
    t->base = q;
    t->base.result = NULL;
    for (int w = 0; w < GB_WANT_COUNT; w++)
      t->base.wanted[w] = false; // as the baseline of others nothing of it is kept
    t->based = true;
  }
  if (status != GB_OK || !wanted) {
    drop(t, &q);
    return status;
  }
  t->queue[t->count++] = q;
  // The baseline stands in every group.
  bool own = t->queue[0].graph == t->base.graph;
  return t->count + !own < GB_TIMING_GROUP ? GB_OK : gb_timing_end(t, error);
}
