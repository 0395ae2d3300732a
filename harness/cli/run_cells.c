// The cells of an experiment: each network is expanded, built and counted.
#define _GNU_SOURCE // strcasestr, FNM_CASEFOLD
#include "harness/cli/run_latency.h"
#include "harness/measure/clock.h"
#include "harness/report/escape.h"

#include <fnmatch.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT_BYTES = 64 << 20 };

// An architecture is opened once, however many cells it has.
typedef struct opened {
  const char *name;
  gb_architecture *architecture;
  gb_status status; // of opening it
  gb_error error;
  struct opened *next;
} opened;

typedef struct computing {
  gb_run *run;
  gb_results *results;
  opened *opened;
  size_t parameter_room;
  bool structure, parts;
  gb_timing *timing; // NULL: nothing is timed
  bool broken;       // the store cannot be read: not the cell's fault
} computing;

static bool matches(const char *filter, const char *text) {
  return strpbrk(filter, "*?[") ? fnmatch(filter, text, FNM_CASEFOLD) == 0
                                : strcasestr(text, filter) != NULL;
}

bool gb_run_selects(const gb_run *run, const gb_experiment *experiment, size_t index) {
  const gb_cell *cell = &experiment->cells[index];
  if (run->shards > 0 && (int64_t)index % run->shards != run->shard - 1)
    return false;
  return !run->filter || matches(run->filter, cell->label) ||
         matches(run->filter, cell->architecture);
}

bool gb_run_measures(const gb_experiment *experiment, const char *measure) {
  for (size_t i = 0; i < experiment->measure_count; i++)
    if (strcmp(experiment->measures[i], measure) == 0)
      return true;
  return false;
}

// The reference engine has one thread.
gb_engine_choice gb_run_choice(const gb_run *run, const gb_cell *cell) {
  gb_engine_choice choice = run->choice;
  if (cell->engine)
    choice.native = strcmp(cell->engine, "native") == 0;
  if (cell->threads)
    choice.options.threads = (int)cell->threads;
  if (!choice.native)
    choice.options.threads = 1;
  return choice;
}

bool gb_results_alike(const gb_results *results) {
  const gb_result *first = NULL;
  for (size_t i = 0; i < results->count; i++) {
    const gb_result *r = &results->list[i];
    if (!r->threads)
      continue;
    if (first &&
        (r->native != first->native || r->threads != first->threads || r->batch != first->batch))
      return false;
    first = r;
  }
  return true;
}

bool gb_result_same_network(const gb_result *a, const gb_result *b) {
  const gb_cell *x = a->cell, *y = b->cell;
  bool same = strcmp(x->architecture, y->architecture) == 0 &&
              x->setting_count == y->setting_count && a->macs == b->macs && a->params == b->params;
  for (size_t i = 0; same && i < x->setting_count; i++)
    same = strcmp(x->settings[i].value, y->settings[i].value) == 0;
  return same;
}

// Whether the experiment times them in different ways.
static bool timed_apart(const gb_cell *a, const gb_cell *b) {
  bool engines = a->engine != b->engine &&
                 strcmp(a->engine ? a->engine : "native", b->engine ? b->engine : "native") != 0;
  return engines || a->threads != b->threads || a->batch != b->batch;
}

const char *gb_result_row(const gb_results *results, const gb_result *r) {
  for (const gb_result *other = results->list; *r->cell->row && other < r; other++)
    if (strcmp(other->cell->row, r->cell->row) == 0 && timed_apart(other->cell, r->cell) &&
        gb_result_same_network(other, r))
      return "";
  return r->cell->row;
}

bool gb_result_count(const gb_result *r, const char *measure, int64_t *count) {
  const struct {
    const char *name;
    int64_t count;
  } counts[] = {{"params", r->params}, {"params_total", r->params_total},
                {"macs", r->macs},     {"macs_full", r->macs_full},
                {"flops", r->flops},   {"activations", r->activations},
                {"bytes", r->bytes}};
  for (size_t i = 0; !r->error && i < sizeof counts / sizeof *counts; i++)
    if (strcmp(counts[i].name, measure) == 0) {
      *count = counts[i].count;
      return true;
    }
  return false;
}

// ---------------------------------------------------------------------------------------------

// Keeps the parameters' names and help beyond the architecture's life.
static gb_status keep_parameters(computing *c, const gb_architecture *architecture,
                                 gb_error *error) {
  gb_results *r = c->results;
  size_t count;
  const gb_parameter *parameters = gb_architecture_parameters(architecture, &count);
  for (size_t i = 0; i < count; i++) {
    size_t known = 0;
    while (known < r->parameter_count && strcmp(r->parameters[known].name, parameters[i].name) != 0)
      known++;
    if (known < r->parameter_count)
      continue;
    gb_parameter *grown = gb_arena_grow(r->arena, r->parameters, r->parameter_count,
                                        &c->parameter_room, sizeof *grown);
    gb_parameter kept = {.name = gb_arena_copy(r->arena, parameters[i].name),
                         .help = gb_arena_copy(r->arena, parameters[i].help)};
    if (!grown || !kept.name || !kept.help)
      return gb_fail_memory(error);
    grown[r->parameter_count++] = kept;
    r->parameters = grown;
  }
  return GB_OK;
}

static gb_status open_architecture(computing *c, const char *name, const gb_architecture **out,
                                   gb_error *error) {
  for (opened *o = c->opened; o; o = o->next)
    if (strcmp(o->name, name) == 0) {
      *out = o->architecture;
      if (o->status != GB_OK && error)
        *error = o->error;
      return o->status;
    }
  opened *o = gb_arena_allocate(c->results->arena, 1, sizeof *o);
  const char *path = NULL;
  if (!o)
    return gb_fail_memory(error);
  o->name = name;
  o->next = c->opened;
  c->opened = o;
  o->status =
      gb_places_find(&c->run->places, "architectures", name, c->results->arena, &path, &o->error);
  if (o->status == GB_OK)
    o->status = gb_architecture_open(path, &c->run->places, &o->architecture, &o->error);
  if (o->status == GB_OK)
    o->status = keep_parameters(c, o->architecture, &o->error);
  *out = o->architecture;
  if (o->status != GB_OK && error)
    *error = o->error;
  return o->status;
}

static gb_status count(computing *c, const gb_graph *graph, gb_result *r, gb_error *error) {
  gb_convention convention = c->results->convention;
  r->params = graph->trainable;
  r->params_total = graph->param_elements;
  r->macs = gb_cost_macs(&graph->cost, convention);
  r->macs_full = gb_cost_macs(&graph->cost, GB_COUNT_FULL);
  r->flops = gb_cost_flops(&graph->cost, convention);
  r->activations = graph->cost.activations;
  r->bytes = graph->cost.bytes_read + graph->cost.bytes_written;
  if (c->parts)
    GB_TRY(gb_parts_of(graph, convention, c->results->arena, &r->parts, &r->part_count, error));
  if (c->structure)
    GB_TRY(gb_structure_of(graph, c->results->arena, &r->rows, &r->row_count, error));
  return GB_OK;
}

// Counts the network, or takes its counts from the store; `*graph` is NULL in that case.
static gb_status count_network(computing *c, const gb_network *network,
                               const gb_cell_identity *identity, gb_result *r, gb_graph **graph,
                               gb_error *error) {
  gb_stored_cell *stored;
  gb_status status = gb_run_store_get(c->run, identity->key, c->results->arena, &stored, error);
  if (status != GB_OK) {
    c->broken = true;
    return status;
  }
  if (stored) {
    r->stored = true;
    return gb_result_load(stored, c->results->arena, r, error);
  }
  GB_TRY(gb_graph_build(network->root, 1, graph, error));
  return count(c, *graph, r, error);
}

static gb_status expand(computing *c, gb_result *r, gb_network **network, gb_error *error) {
  const gb_cell *cell = r->cell;
  const gb_architecture *architecture = NULL;
  GB_TRY(open_architecture(c, cell->architecture, &architecture, error));
  r->title = gb_arena_copy(c->results->arena, gb_architecture_title(architecture));
  if (!r->title)
    return gb_fail_memory(error);
  return gb_architecture_expand(architecture, cell->settings, cell->setting_count,
                                cell->substitutions, cell->substitution_count, false, network,
                                error);
}

static gb_status identify(computing *c, const gb_cell_head *head, const gb_network *network,
                          gb_cell_identity *identity, gb_error *error) {
  char digest[GB_DIGEST_TEXT], how[64], rest[64];
  GB_TRY(gb_network_digest(network ? network->root : NULL, digest, error));
  snprintf(how, sizeof how, "convention %s\n", gb_convention_names[c->results->convention]);
  snprintf(rest, sizeof rest, "batch 1\nlists%s%s\n", c->parts ? " parts" : "",
           c->structure ? " structure" : "");
  return gb_cell_identify(c->run->store, head, "count", digest, how, rest, false, c->results->arena,
                          identity, error);
}

// Writes what was counted, or why it could not be.
static gb_status keep(computing *c, const gb_cell_head *head, const gb_cell_identity *identity,
                      const gb_result *r, double seconds, gb_error *error) {
  gb_stored_cell stored = {
      .kind = "count", .error = r->error, .title = r->title, .seconds = seconds};
  gb_arena *arena = gb_arena_new(NULL);
  gb_status status = arena ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK && !r->error)
    status = gb_result_store(r, arena, &stored, error);
  if (status == GB_OK)
    status = gb_run_store_put(c->run, head, identity, &stored, true, error);
  gb_arena_free(arena);
  return status;
}

// A network that cannot be counted has its error in the result and is no error here.
static gb_status compute(computing *c, const gb_cell_head *head, gb_result *r, gb_error *error) {
  gb_network *network = NULL;
  gb_graph *graph = NULL;
  gb_cell_identity identity;
  gb_error why = {0};
  double began = gb_now();
  gb_status found = expand(c, r, &network, &why);
  gb_status status = identify(c, head, network, &identity, error);
  if (status == GB_OK && found == GB_OK)
    found = count_network(c, network, &identity, r, &graph, &why);
  if (status == GB_OK && c->broken)
    status = gb_fail(error, found, "%s", why.message);
  if (status == GB_OK && found != GB_OK &&
      !(r->error = gb_arena_copy(c->results->arena, why.message)))
    status = gb_fail_memory(error);
  if (status == GB_OK && !r->stored)
    status = keep(c, head, &identity, r, gb_now() - began, error);
  if (status == GB_OK && !r->error && c->timing) {
    if (!graph)
      status = gb_graph_build(network->root, 1, &graph, error);
    if (status == GB_OK)
      return gb_timing_add(c->timing, head, network, graph, r, error);
  }
  gb_graph_free(graph);
  gb_network_free(network);
  return status;
}

// ---------------------------------------------------------------------------------------------

// One line on a terminal that is written over; nothing anywhere else.
static void show_progress(const gb_experiment *e, size_t done, size_t total, const char *label) {
  if (!isatty(STDERR_FILENO))
    return;
  gb_text clean = {0};
  gb_clean(&clean, label);
  if (done < total)
    fprintf(stderr, "\r\033[K%s %zu/%zu %.60s", e->name, done + 1, total, gb_text_get(&clean));
  else
    fputs("\r\033[K", stderr);
  fflush(stderr);
  gb_text_free(&clean);
}

static bool wants_parts(const gb_run *run, const gb_experiment *e) {
  for (size_t i = 0; run->plots && i < e->plot_count; i++)
    if (strcmp(e->plots[i].kind, "stacked-bars") == 0)
      return true;
  return false;
}

static gb_status compute_all(computing *c, const gb_experiment *e, gb_error *error) {
  gb_results *r = c->results;
  size_t total = 0;
  gb_cell_name *names = NULL;
  for (size_t i = 0; i < e->cell_count; i++)
    total += gb_run_selects(c->run, e, i);
  r->list = gb_arena_allocate(r->arena, total + 1, sizeof *r->list);
  if (!r->list)
    return gb_fail_memory(error);
  GB_TRY(gb_run_names(r->arena, e, &names, error));
  for (size_t i = 0; i < e->cell_count && !r->interrupted; i++) {
    if (!gb_run_selects(c->run, e, i))
      continue;
    gb_result *result = &r->list[r->count++];
    *result = (gb_result){.cell = &e->cells[i],
                          .label = names[i].label,
                          .title = "",
                          .latency = (double)NAN,
                          .latency_low = (double)NAN,
                          .latency_high = (double)NAN,
                          .ratio = (double)NAN,
                          .ratio_low = (double)NAN,
                          .ratio_high = (double)NAN};
    // Not for every cell of a large grid: a terminal is slower than counting.
    if (c->timing || total < 200 || r->count % 50 == 1)
      show_progress(e, r->count - 1, total, result->label);
    const gb_cell_head head = {e, result->cell, result->label, names[i].occurrence, i};
    GB_TRY(compute(c, &head, result, error));
    r->stored += result->stored;
    r->interrupted = gb_stop_asked(c->run->stop) != 0;
  }
  show_progress(e, total, total, "");
  if (c->timing && !r->interrupted)
    GB_TRY(gb_timing_end(c->timing, error));
  for (size_t i = 0; i < r->count; i++)
    r->failed += r->list[i].error != NULL;
  return gb_run_store_flush(c->run, error);
}

gb_status gb_run_cells(gb_run *run, const gb_experiment *experiment, gb_results *results,
                       gb_error *error) {
  *results = (gb_results){
      .arena = gb_arena_new(NULL), .experiment = experiment, .started = gb_wall_seconds()};
  if (!results->arena)
    return gb_fail_memory(error);
  int convention = run->convention;
  for (int i = 0; convention < 0 && gb_convention_names[i]; i++)
    if (strcmp(gb_convention_names[i], experiment->convention) == 0)
      convention = i;
  results->convention = (gb_convention)convention;
#ifdef __GLIBC__
  // Each cell frees what it took. Giving that back to the system, and asking for it again page by
  // page, took longer than the counting itself.
  mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
  mallopt(M_MMAP_THRESHOLD, KEPT_BYTES / 2);
#endif
  computing c = {.run = run,
                 .results = results,
                 .structure = gb_run_measures(experiment, "structure"),
                 .parts = wants_parts(run, experiment)};
  gb_status status = gb_run_store_open(run, error);
  if (status == GB_OK && gb_timing_wanted(experiment))
    status = gb_timing_new(run, experiment, results->arena, &c.timing, error);
  if (status == GB_OK) {
    run->stop = gb_stop_begin();
    status = compute_all(&c, experiment, error);
    run->stopped = gb_stop_asked(run->stop);
    gb_stop_end(run->stop);
    run->stop = NULL;
  }
  gb_timing_free(c.timing);
  run->broken |= status != GB_OK;
  for (opened *o = c.opened; o; o = o->next)
    gb_architecture_free(o->architecture);
  if (status != GB_OK)
    gb_results_free(results);
  return status;
}

void gb_results_free(gb_results *results) {
  gb_arena_free(results->arena);
  *results = (gb_results){0};
}
