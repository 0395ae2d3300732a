// Counts a network by groups: finds what this machine has, checks it on known work, counts by step,
// and works the metrics out.
#include "harness/cli/count.h"
#include "harness/measure/callgrind.h"
#include "layers/kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct counting {
  const gb_count_request *request;
  const gb_network *network;
  const gb_graph *graph;
  gb_counters *counters;
  gb_native *engine;
  gb_engine_choice choice;
  float *input, *output;
  gb_counted *out;
  size_t capacity; // of columns
  int lanes;
} counting;

// The first fault becomes the error.
static void keep_fault(gb_faults *faults, const gb_location *where, const char *message) {
  if (faults->count == 1)
    gb_fail_at(faults->context, GB_EINPUT, where, "%s", message);
}

static gb_status open_checked(const char *path, gb_counter_group **group, gb_error *error) {
  GB_TRY(gb_counter_group_open(path, group, error));
  gb_faults faults = {.add = keep_fault, .context = error};
  gb_group_check(*group, &faults);
  if (faults.count == 0)
    return GB_OK;
  gb_counter_group_free(*group);
  *group = NULL;
  return GB_EINPUT;
}

gb_status gb_count_open_group(const char *name, gb_counter_group **group, gb_error *error) {
  *group = NULL;
  gb_arena *arena = gb_arena_new(NULL);
  if (!arena)
    return gb_fail_memory(error);
  gb_places places = {0};
  const char *path;
  gb_status status = gb_find_places(arena, &places, error);
  if (status == GB_OK)
    status = gb_places_find(&places, GB_GROUPS, name, arena, &path, error);
  if (status == GB_OK)
    status = open_checked(path, group, error);
  gb_arena_free(arena);
  return status;
}

bool gb_group_is_simulated(const gb_counter_group *group) {
  return strncmp(group->events[0].from[0].name, "callgrind::", 11) == 0;
}

gb_status gb_count_is_simulated(const char *group, bool *simulated, gb_error *error) {
  gb_counter_group *g;
  GB_TRY(gb_count_open_group(group, &g, error));
  *simulated = gb_group_is_simulated(g);
  gb_counter_group_free(g);
  return GB_OK;
}

int gb_group_source_here(gb_counters *counters, const gb_group_event *event,
                         gb_event_state *state) {
  for (size_t i = 0; i < event->from_count; i++) {
    gb_event_state other;
    gb_event_look(counters, event->from[i].name, i ? &other : state);
    if (i ? other.available : state->available)
      return (int)i;
  }
  return -1;
}

// ---------------------------------------------------------------------------------------------
// Columns

static gb_counted_column *add_column(counting *c, const char *group, const char *name,
                                     const char *title, const char *unit, const char *help) {
  gb_counted *out = c->out;
  gb_counted_column *grown =
      gb_arena_grow(out->arena, out->columns, out->column_count, &c->capacity, sizeof *grown);
  double *values = gb_arena_allocate(out->arena, out->step_count + 1, sizeof *values);
  if (!grown || !values)
    return NULL;
  out->columns = grown;
  for (size_t i = 0; i <= out->step_count; i++)
    values[i] = (double)NAN;
  gb_counted_column *column = &grown[out->column_count++];
  *column = (gb_counted_column){.group = gb_arena_copy(out->arena, group),
                                .name = gb_arena_copy(out->arena, name),
                                .title = gb_arena_copy(out->arena, title),
                                .unit = gb_arena_copy(out->arena, unit),
                                .help = gb_arena_copy(out->arena, help),
                                .event = "",
                                .values = values};
  return column->group && column->name && column->title && column->unit && column->help ? column
                                                                                        : NULL;
}

// The event's column, with the source that is counted (`*source`, -1: none).
static gb_status event_column(counting *c, const gb_counter_group *group,
                              const gb_group_event *event, int *source, gb_error *error) {
  gb_counted_column *column =
      add_column(c, group->name, event->name, event->title, event->unit, event->help);
  if (!column)
    return gb_fail_memory(error);
  gb_event_state state;
  *source = gb_group_source_here(c->counters, event, &state);
  column->event = gb_arena_copy(c->out->arena, event->from[*source < 0 ? 0 : *source].name);
  column->simulated = gb_callgrind_column(column->event) >= 0;
  if (*source < 0) {
    column->reason = gb_arena_copy(c->out->arena, state.reason);
    column->remedy = gb_arena_copy(c->out->arena, state.remedy);
  }
  return column->event ? GB_OK : gb_fail_memory(error);
}

// ---------------------------------------------------------------------------------------------
// Counts

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static double median(int64_t *values, int count) {
  qsort(values, (size_t)count, sizeof *values, by_size);
  return count % 2 ? (double)values[count / 2]
                   : 0.5 * ((double)values[count / 2 - 1] + (double)values[count / 2]);
}

// `values`: (run * steps + step) * count + e.
static gb_status keep_medians(counting *c, const int64_t *values, size_t count, size_t e,
                              double scale, double *kept, gb_error *error) {
  size_t steps = c->out->step_count;
  int runs = c->request->runs;
  int64_t *of_step = gb_allocate(NULL, 2 * (size_t)runs, sizeof *of_step);
  if (!of_step)
    return gb_fail_memory(error);
  int64_t *totals = of_step + runs;
  for (size_t s = 0; s < steps; s++) {
    for (int r = 0; r < runs; r++) {
      of_step[r] = values[((size_t)r * steps + s) * count + e];
      totals[r] += of_step[r];
    }
    kept[s] = scale * median(of_step, runs);
  }
  kept[steps] = scale * median(totals, runs);
  gb_release(NULL, of_step);
  return GB_OK;
}

// What is said of an event that does not count on known work what it should; NULL: it does.
static const char *check_event(counting *c, const gb_group_event *event, double per_unit) {
  return per_unit >= event->least && per_unit <= event->most
             ? NULL
             : gb_arena_print(c->out->arena,
                              "on known work ('%s') it counted %.4g a unit, not %.4g to %.4g",
                              event->work, per_unit, event->least, event->most);
}

static void check_on_work(counting *c, const gb_group_event *event, int source,
                          gb_counted_column *column) {
  if (!*event->work)
    return;
  gb_error error = {0};
  double per_unit;
  if (gb_event_check(c->counters, event->from[source].name, event->work, &per_unit, &error) ==
      GB_OK)
    column->suspect = check_event(c, event, per_unit * event->from[source].scale);
  else if (error.status != GB_EUNSUPPORTED) // known work that this machine cannot do says nothing
    column->suspect = gb_arena_copy(c->out->arena, error.message);
}

// One pass: the events of the group that were given this number.
static gb_status count_together(counting *c, const gb_counter_group *group, size_t first,
                                const int *sources, const int *passes, int pass, gb_error *error) {
  const char *events[GB_TALLY_EVENTS];
  size_t which[GB_TALLY_EVENTS], count = 0;
  for (size_t i = 0; i < group->event_count; i++)
    if (sources[i] >= 0 && passes[i] == pass) {
      which[count] = i;
      events[count++] = group->events[i].from[sources[i]].name;
    }
  size_t cells = c->out->step_count * count;
  int64_t *values = gb_allocate(NULL, cells * (size_t)c->request->runs, sizeof *values);
  if (!values)
    return gb_fail_memory(error);
  gb_status status =
      gb_count_pass(c->counters, c->engine, c->choice.options.threads, c->out->batch, c->input,
                    c->output, events, count, c->request->runs, values, error);
  for (size_t k = 0; k < count && status == GB_OK; k++)
    status =
        keep_medians(c, values, count, k, group->events[which[k]].from[sources[which[k]]].scale,
                     c->out->columns[first + which[k]].values, error);
  gb_release(NULL, values);
  return status;
}

static gb_status count_events(counting *c, const gb_counter_group *group, size_t first,
                              const int *sources, gb_error *error) {
  const char *events[GB_MAX_GROUP_EVENTS];
  int split[GB_MAX_GROUP_EVENTS], passes[GB_MAX_GROUP_EVENTS];
  size_t count = 0;
  for (size_t i = 0; i < group->event_count; i++)
    if (sources[i] >= 0)
      events[count++] = group->events[i].from[sources[i]].name;
  int pass_count = gb_counters_split(c->counters, events, count, 0, split);
  for (size_t i = 0, k = 0; i < group->event_count; i++)
    passes[i] = sources[i] >= 0 ? split[k++] : -1;
  for (size_t i = 0; i < group->event_count; i++)
    if (sources[i] >= 0)
      check_on_work(c, &group->events[i], sources[i], &c->out->columns[first + i]);
  for (int pass = 0; pass < pass_count; pass++)
    GB_TRY(count_together(c, group, first, sources, passes, pass, error));
  return GB_OK;
}

static gb_status simulate_events(counting *c, const gb_counter_group *group, size_t first,
                                 const int *sources, gb_error *error) {
  size_t steps = c->out->step_count;
  int64_t *values = gb_allocate(NULL, (steps + 1) * GB_CALLGRIND_EVENTS, sizeof *values);
  if (!values)
    return gb_fail_memory(error);
  gb_status status = gb_count_simulate(c->request, c->network, c->out->batch, steps, values, error);
  int64_t units = 0;
  if (status == GB_OK)
    status = gb_known_work(NULL, "loop", &units, error);
  for (size_t i = 0; i < group->event_count && status == GB_OK; i++) {
    const gb_group_event *event = &group->events[i];
    gb_counted_column *column = &c->out->columns[first + i];
    if (sources[i] < 0)
      continue;
    int at = gb_callgrind_column(event->from[sources[i]].name);
    double scale = event->from[sources[i]].scale, total = 0;
    for (size_t s = 0; s < steps; s++)
      total += column->values[s] = scale * (double)values[s * GB_CALLGRIND_EVENTS + (size_t)at];
    column->values[steps] = total;
    if (strcmp(event->work, "loop") == 0)
      column->suspect = check_event(
          c, event,
          scale * (double)values[steps * GB_CALLGRIND_EVENTS + (size_t)at] / (double)units);
  }
  gb_release(NULL, values);
  return status;
}

// ---------------------------------------------------------------------------------------------
// Metrics and groups

static void facts_of(const counting *c, size_t step, double *facts) {
  const gb_counted *out = c->out;
  for (size_t i = 0; i < GB_FACT_COUNT; i++)
    facts[i] = 0;
  facts[GB_FACT_LANES] = c->lanes;
  for (size_t s = 0; s < out->step_count; s++)
    if (s == step || step == out->step_count) {
      facts[GB_FACT_MACS] += (double)(out->steps[s].nominal_macs * out->batch);
      facts[GB_FACT_EXECUTED] += (double)(out->steps[s].executed_macs * out->batch);
      facts[GB_FACT_BYTES] += (double)(out->steps[s].bytes * out->batch);
    }
}

static gb_status add_metrics(counting *c, const gb_counter_group *group, size_t first,
                             gb_error *error) {
  gb_counted *out = c->out;
  bool simulated = gb_group_is_simulated(group);
  const char *reason = NULL;
  for (size_t i = 0; i < group->event_count; i++)
    if (out->columns[first + i].reason && !reason)
      reason = out->columns[first + i].reason;
  size_t metrics = out->column_count;
  for (size_t m = 0; m < group->metric_count; m++) {
    const gb_group_metric *metric = &group->metrics[m];
    gb_counted_column *column =
        add_column(c, group->name, metric->name, metric->title, metric->unit, metric->help);
    if (!column)
      return gb_fail_memory(error);
    column->simulated = simulated;
  }
  double events[GB_MAX_GROUP_EVENTS], results[GB_MAX_GROUP_METRICS], facts[GB_FACT_COUNT];
  for (size_t s = 0; s <= out->step_count; s++) {
    for (size_t i = 0; i < group->event_count; i++)
      events[i] = out->columns[first + i].values[s];
    facts_of(c, s, facts);
    GB_TRY(gb_counter_group_evaluate(group, events, facts, results, error));
    for (size_t m = 0; m < group->metric_count; m++)
      out->columns[metrics + m].values[s] = results[m];
  }
  for (size_t m = 0; m < group->metric_count; m++)
    if (isnan(out->columns[metrics + m].values[out->step_count]))
      out->columns[metrics + m].reason = reason ? reason : "a division by 0";
  return GB_OK;
}

static gb_status count_group(counting *c, const gb_counter_group *group, gb_error *error) {
  int sources[GB_MAX_GROUP_EVENTS];
  size_t first = c->out->column_count;
  bool any = false, simulated = gb_group_is_simulated(group);
  for (size_t i = 0; i < group->event_count; i++) {
    GB_TRY(event_column(c, group, &group->events[i], &sources[i], error));
    any |= sources[i] >= 0;
    if (simulated != (strncmp(c->out->columns[first + i].event, "callgrind::", 11) == 0))
      return gb_fail(error, GB_EINPUT,
                     "group '%s' mixes simulated and counted events: make two groups of it",
                     group->name);
  }
  if (any)
    GB_TRY((simulated ? simulate_events : count_events)(c, group, first, sources, error));
  return add_metrics(c, group, first, error);
}

// A request whose groups are all simulated runs as valgrind can.
static gb_status choose_engine(counting *c, gb_error *error) {
  size_t simulated = 0;
  for (size_t i = 0; i < c->request->group_count; i++) {
    bool one;
    GB_TRY(gb_count_is_simulated(c->request->groups[i], &one, error));
    simulated += one;
  }
  if (simulated && simulated != c->request->group_count)
    return gb_fail(error, GB_EUSAGE, "simulated groups are counted apart from others");
  c->choice = simulated ? gb_count_simulated_choice(&c->request->choice) : c->request->choice;
  return GB_OK;
}

static gb_status count_all(counting *c, const gb_weights *weights, gb_error *error) {
  GB_TRY(choose_engine(c, error));
  GB_TRY(gb_native_new(c->graph, weights, &c->choice.options, &c->engine, error));
  gb_counted *out = c->out;
  int64_t inputs = gb_shape_count(&c->graph->nodes[0].op.out);
  int64_t outputs = gb_shape_count(&c->graph->nodes[c->graph->node_count - 1].op.out);
  gb_isa isa = GB_ISA_BASELINE;
  gb_isa_parse(gb_native_isa(c->engine), &isa);
  c->lanes = gb_kernels_for(isa)->lanes;
  out->isa = gb_native_isa(c->engine);
  out->threads = c->choice.options.threads;
  out->batch = c->graph->nodes[0].op.out.n;
  out->step_count = gb_native_step_count(c->engine);
  out->steps = gb_arena_allocate(out->arena, out->step_count, sizeof *out->steps);
  c->input = gb_allocate(NULL, (size_t)inputs, sizeof *c->input);
  c->output = gb_allocate(NULL, (size_t)outputs, sizeof *c->output);
  if (!out->steps || !c->input || !c->output)
    return gb_fail_memory(error);
  gb_recipe_input(c->input, inputs);
  for (size_t s = 0; s < out->step_count; s++) {
    gb_step_info *info = &out->steps[s];
    gb_native_step(c->engine, s, info);
    info->name = gb_arena_copy(out->arena, info->name);
    info->layers = gb_arena_copy(out->arena, info->layers ? info->layers : "");
    if (!info->name || !info->layers)
      return gb_fail_memory(error);
  }
  for (size_t i = 0; i < c->request->group_count; i++) {
    gb_counter_group *group;
    GB_TRY(gb_count_open_group(c->request->groups[i], &group, error));
    gb_status status = count_group(c, group, error);
    gb_counter_group_free(group);
    GB_TRY(status);
  }
  return GB_OK;
}

gb_status gb_count(const gb_count_request *request, const gb_network *network,
                   const gb_graph *graph, const gb_weights *weights, gb_counted **counted,
                   gb_error *error) {
  *counted = NULL;
  gb_arena *arena = gb_arena_new(NULL);
  gb_counted *out = arena ? gb_arena_allocate(arena, 1, sizeof *out) : NULL;
  if (!out) {
    gb_arena_free(arena);
    return gb_fail_memory(error);
  }
  out->arena = arena;
  counting c = {.request = request,
                .counters = request->counters,
                .network = network,
                .graph = graph,
                .out = out};
  gb_status status = count_all(&c, weights, error);
  gb_native_free(c.engine);
  gb_release(NULL, c.input);
  gb_release(NULL, c.output);
  if (status == GB_OK)
    *counted = out;
  else
    gb_counted_free(out);
  return status;
}

void gb_counted_free(gb_counted *counted) {
  if (counted)
    gb_arena_free(counted->arena);
}
