// Times of an experiment's networks by the sampling protocol, in groups around a common baseline.
#include "harness/cli/run_latency.h"

#include "harness/cli/latency.h"
#include "harness/measure/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// A network that waits to be timed.
typedef struct queued {
  gb_cell_head head;
  gb_cell_identity identity;
  gb_network *network;
  gb_graph *graph;         // of one image
  gb_graph *batched;       // of the batch that is timed; NULL where that is one
  gb_engine_choice choice; // engine and threads
  gb_result *result;       // NULL: only the baseline of others, timed or stored before
} queued;

struct gb_timing {
  gb_run *run;
  gb_arena *arena;
  queued base; // the first network
  bool based;  // there is one
  queued queue[GB_TIMING_GROUP];
  size_t count;
};

gb_status gb_timing_new(gb_run *run, gb_arena *arena, gb_timing **timing, gb_error *error) {
  *timing = gb_arena_allocate(arena, 1, sizeof **timing);
  if (!*timing)
    return gb_fail_memory(error);
  **timing = (gb_timing){.run = run, .arena = arena};
  return GB_OK;
}

static void drop(const gb_timing *t, queued *q) {
  if (q->batched != t->base.batched)
    gb_graph_free(q->batched);
  if (q->graph && q->graph != t->base.graph) {
    gb_graph_free(q->graph);
    gb_network_free(q->network);
  }
  *q = (queued){0};
}

void gb_timing_free(gb_timing *t) {
  if (!t)
    return;
  for (size_t i = 0; i < t->count; i++)
    drop(t, &t->queue[i]);
  gb_graph_free(t->base.batched);
  gb_graph_free(t->base.graph);
  gb_network_free(t->base.network);
  t->base = (queued){0};
}

// ---------------------------------------------------------------------------------------------
// What defines a time, and times from the store

static const char *engine_of(const queued *q) {
  return q->choice.native ? "native" : "reference";
}
static int64_t batch_of(const queued *q) {
  return q->head.cell->batch ? q->head.cell->batch : 1;
}

static gb_status identify(gb_timing *t, queued *q, gb_error *error) {
  const gb_engine_choice *c = &q->choice;
  char digest[GB_DIGEST_TEXT], how[128], rest[160];
  GB_TRY(gb_network_digest(q->network->root, digest, error));
  snprintf(how, sizeof how, "engine %s\nthreads %d\nbatch %" PRId64 "\nbetween hot\n", engine_of(q),
           c->options.threads, batch_of(q));
  snprintf(rest, sizeof rest, "runs %zu\nisa %s\nwithout %x\nweights recipe 1\n", t->run->time_runs,
           c->native && c->options.isa ? c->options.isa : "best", c->options.without);
  return gb_cell_identify(t->run->store, &q->head, "latency", digest, how, rest, true, t->arena,
                          &q->identity, error);
}

static double figure(const gb_stored_cell *cell, const char *name) {
  for (size_t i = 0; i < cell->figure_count; i++)
    if (strcmp(cell->figures[i].name, name) == 0)
      return cell->figures[i].value;
  return (double)NAN;
}

static void load(const gb_stored_cell *cell, gb_result *r) {
  r->latency = 1e3 * figure(cell, "median_s");
  r->latency_low = 1e3 * figure(cell, "median_low_s");
  r->latency_high = 1e3 * figure(cell, "median_high_s");
  r->runs = (int)cell->sample_count;
  r->validity = cell->verdict;
  r->doubt = cell->reason_count ? cell->reasons[0].text : NULL;
  r->remedy = cell->reason_count ? cell->reasons[0].remedy : NULL;
}

// ---------------------------------------------------------------------------------------------
// A measured network into its result and the store

static gb_status note(gb_timing *t, const gb_latency_item *item, gb_result *r, gb_error *error) {
  const gb_judgement *v = &item->verdict;
  r->latency = 1e3 * item->median.value;
  r->latency_low = 1e3 * item->median.low;
  r->latency_high = 1e3 * item->median.high;
  r->runs = (int)item->competitor.count;
  r->validity = gb_validity_names[v->validity];
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

static gb_status store(gb_timing *t, const queued *q, const gb_latency_item *item,
                       const gb_latency_item *base, const gb_session_facts *facts,
                       const gb_placement *placement, gb_arena *arena, gb_error *error) {
  char threads[16], batch[24], runs[24];
  snprintf(threads, sizeof threads, "%d", q->choice.options.threads);
  snprintf(batch, sizeof batch, "%" PRId64, batch_of(q));
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
                         .baseline = item == base ? NULL : t->base.identity.key,
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
  return gb_run_store_put(t->run, &q->head, &q->identity, &cell, false, error);
}

static gb_status store_error(gb_timing *t, const queued *q, gb_error *error) {
  gb_stored_cell cell = {.kind = "latency", .error = q->result->error, .title = q->result->title};
  return gb_run_store_put(t->run, &q->head, &q->identity, &cell, false, error);
}

// ---------------------------------------------------------------------------------------------
// A group

typedef struct group {
  queued *members[GB_TIMING_GROUP];
  gb_subject subjects[GB_TIMING_GROUP];
  gb_latency_item items[GB_TIMING_GROUP];
  size_t count;
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

// Engines and a check of their answers; who fails has its error and takes no part.
static gb_status prepare(gb_timing *t, group *g, queued *q, gb_error *error) {
  gb_error why = {0};
  gb_subject *s = &g->subjects[g->count];
  if (batch_of(q) > 1 && !q->batched)
    gb_graph_build(q->network->root, batch_of(q), &q->batched, &why);
  gb_status status = why.status;
  if (status == GB_OK)
    status = gb_subject_make(s, q->batched ? q->batched : q->graph, NULL, &q->choice, &g->placement,
                             &why);
  if (status == GB_OK) {
    status = gb_subject_check(s, q->graph, NULL, &why);
    if (status != GB_OK)
      gb_subject_free(s);
  }
  if (status == GB_OK) {
    g->items[g->count].competitor = (gb_competitor){.body = gb_subject_run, .context = s};
    g->members[g->count++] = q;
    return GB_OK;
  }
  if (!q->result)
    return gb_fail(error, why.status, "the baseline '%s': %s", q->head.label, why.message);
  if (!(q->result->error = gb_arena_copy(t->arena, why.message)))
    return gb_fail_memory(error);
  return store_error(t, q, error);
}

static gb_status measure(gb_timing *t, group *g, gb_error *error) {
  bool own = t->count && t->queue[0].graph == t->base.graph; // the baseline is one of the queue
  if (!own)
    GB_TRY(prepare(t, g, &t->base, error));
  for (size_t i = 0; i < t->count; i++)
    GB_TRY(prepare(t, g, &t->queue[i], error));
  if (g->count == 0)
    return GB_OK;
  shown progress = {t->base.head.experiment->name, g->count, gb_now()};
  gb_latency_plan plan = gb_latency_plan_default();
  plan.runs = t->run->time_runs;
  plan.settle = g->placement.threads > 1;
  plan.progress = show;
  plan.progress_context = &progress;
  GB_TRY(gb_latency_measure(g->items, g->count, &plan, &g->facts, error));
  if (isatty(STDERR_FILENO))
    fputs("\r\033[K", stderr);
  gb_arena *arena = gb_arena_new(NULL);
  gb_status status = arena ? GB_OK : gb_fail_memory(error);
  for (size_t i = 0; status == GB_OK && i < g->count; i++) {
    const queued *q = g->members[i];
    if (!q->result)
      continue;
    status = note(t, &g->items[i], q->result, error);
    if (status == GB_OK)
      status = store(t, q, &g->items[i], &g->items[0], &g->facts, &g->placement, arena, error);
  }
  gb_arena_free(arena);
  return status;
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
  for (size_t i = 0; i < g->count; i++)
    gb_subject_free(&g->subjects[i]);
  gb_placement_end(&g->placement);
  gb_latency_free(g->items, g->count);
  gb_release(NULL, g);
  for (size_t i = 0; i < t->count; i++)
    drop(t, &t->queue[i]);
  t->count = 0;
  return status;
}

gb_status gb_timing_add(gb_timing *t, const gb_cell_head *head, gb_network *network,
                        gb_graph *graph, gb_result *result, gb_error *error) {
  queued q = {.head = *head, .network = network, .graph = graph, .result = result};
  q.choice = gb_run_choice(t->run, head->cell);
  result->native = q.choice.native;
  result->threads = q.choice.options.threads;
  result->batch = batch_of(&q);
  gb_stored_cell *stored = NULL;
  gb_status status = identify(t, &q, error);
  if (status == GB_OK)
    status = gb_run_store_get(t->run, q.identity.key, t->arena, &stored, error);
  if (status == GB_OK && stored) {
    load(stored, result);
    result->time_stored = true;
  }
  if (!t->based) {
    t->base = q;
    t->base.result = NULL;
    t->based = true;
  }
  if (status != GB_OK || stored) {
    drop(t, &q);
    return status;
  }
  t->queue[t->count++] = q;
  // The baseline stands in every group.
  bool own = t->queue[0].graph == t->base.graph;
  return t->count + !own < GB_TIMING_GROUP ? GB_OK : gb_timing_end(t, error);
}
