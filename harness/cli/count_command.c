// ghostbench count: what a network does on this machine, by layer.
#define _POSIX_C_SOURCE 200809L // strtok_r
#include "harness/cli/count.h"
#include "harness/measure/machine.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const gb_option options[] = {
    GB_OPTION_SET,
    {"counters", 'c', "LIST",
     "groups, comma-separated; 'list' shows them (default: all real here)"},
    GB_OPTION_THREADS,
    {"batch", 'b', "N", "images at once (default 1)"},
    {"runs", 'r', "N", "counting passes; the median of each count is kept (default 5)"},
    {"weights", 'w', "FILE", "parameters, a safetensors file (default: made up)"},
    {"total", 0, NULL, "only whole networks, without their layers"},
    GB_OPTION_ISA,
    GB_OPTION_WITHOUT,
    {"json", 0, NULL, "everything as JSON on standard output"},
    {"mark", 0, NULL, "run once with callgrind's client requests around each step"},
    GB_OPTION_HELP,
    {0},
};

enum { MAX_GROUPS = 64 };

typedef struct request {
  gb_settings settings;
  gb_engine_choice choice;
  const char *weights;
  char *counters; // NULL: all that exist here
  int64_t batch, runs;
  bool total, json, mark;
  const char *real[MAX_GROUPS], *simulated[MAX_GROUPS];
  size_t real_count, simulated_count;
  bool nothing, suspect; // found while counting
  gb_counters *session;  // one a process
} request;

static gb_status read_flag(const gb_option *o, char *value, request *q, gb_error *error) {
  if (gb_option_is(o, "set"))
    return gb_settings_add(&q->settings, value, error);
  if (gb_option_is(o, "counters"))
    q->counters = value;
  if (gb_option_is(o, "batch") &&
      (!gb_parse_int(value, &q->batch) || q->batch < 1 || q->batch > 65536))
    return gb_fail(error, GB_EUSAGE, "--batch %s is not allowed: an integer from 1 to 65536",
                   value);
  if (gb_option_is(o, "runs") && (!gb_parse_int(value, &q->runs) || q->runs < 1 || q->runs > 10000))
    return gb_fail(error, GB_EUSAGE, "--runs %s is not allowed: an integer from 1 to 10000", value);
  if (gb_option_is(o, "weights"))
    q->weights = value;
  q->total |= gb_option_is(o, "total");
  q->json |= gb_option_is(o, "json");
  q->mark |= gb_option_is(o, "mark");
  gb_error wrong = {0};
  if (gb_engine_flag(&q->choice, o, value, &wrong) && wrong.status != GB_OK)
    return gb_fail(error, wrong.status, "%s", wrong.message);
  return GB_OK;
}

static gb_status add_group(request *q, const char *name, gb_error *error) {
  bool simulated;
  GB_TRY(gb_count_is_simulated(name, &simulated, error));
  if (q->real_count == MAX_GROUPS || q->simulated_count == MAX_GROUPS)
    return gb_fail(error, GB_EUSAGE, "more than %d groups of counters", MAX_GROUPS);
  if (simulated)
    q->simulated[q->simulated_count++] = name;
  else
    q->real[q->real_count++] = name;
  return GB_OK;
}

static gb_status split_groups(request *q, gb_error *error) {
  for (char *save = NULL, *name = strtok_r(q->counters, ",", &save); name;
       name = strtok_r(NULL, ",", &save))
    GB_TRY(add_group(q, name, error));
  if (q->real_count + q->simulated_count == 0)
    return gb_fail(error, GB_EUSAGE, "--counters names no group; 'ghostbench list counters' does");
  return GB_OK;
}

// All groups that are not simulated and of which some event exists here.
static gb_status groups_here(request *q, gb_arena *arena, gb_error *error) {
  gb_places places = {0};
  const char **names;
  GB_TRY(gb_find_places(arena, &places, error));
  GB_TRY(gb_list_names(arena, &places, GB_GROUPS, &names, error));
  gb_status status = GB_OK;
  for (; *names && status == GB_OK; names++) {
    gb_counter_group *group;
    status = gb_count_open_group(*names, &group, error);
    bool any = false;
    for (size_t i = 0; status == GB_OK && i < group->event_count && !any; i++) {
      gb_event_state state;
      any = gb_group_source_here(q->session, &group->events[i], &state) >= 0;
    }
    if (status == GB_OK && any && !gb_group_is_simulated(group))
      status = add_group(q, *names, error);
    gb_counter_group_free(group);
  }
  return status;
}

// ---------------------------------------------------------------------------------------------

static json_t *json_number(double value) {
  if (!isfinite(value))
    return json_null();
  return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value)
                                                     : json_real(value);
}

static json_t *json_text(const char *text) {
  return text ? json_string(text) : json_null();
}

static json_t *json_column(const gb_counted *c, const gb_counted_column *column) {
  json_t *steps = json_array();
  for (size_t s = 0; s < c->step_count; s++)
    json_array_append_new(steps, json_number(column->values[s]));
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "group",
                   column->group, "name", column->name, "title", column->title, "unit",
                   column->unit, "help", column->help, "event",
                   *column->event ? json_string(column->event) : json_null(), "simulated",
                   column->simulated, "reason", json_text(column->reason), "remedy",
                   json_text(column->remedy), "suspect", json_text(column->suspect), "total",
                   json_number(column->values[c->step_count]), "steps", steps);
}

static json_t *json_counted(const gb_counted *c, const char *name, const request *q) {
  json_t *steps = json_array(), *columns = json_array();
  for (size_t s = 0; s < c->step_count; s++) {
    const gb_step_info *info = &c->steps[s];
    json_array_append_new(steps,
                          json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "kind", info->kind, "name",
                                    info->name, "layers", info->layers, "nominal_macs",
                                    (json_int_t)(info->nominal_macs * c->batch), "executed_macs",
                                    (json_int_t)(info->executed_macs * c->batch), "bytes",
                                    (json_int_t)(info->bytes * c->batch)));
  }
  for (size_t i = 0; i < c->column_count; i++)
    json_array_append_new(columns, json_column(c, &c->columns[i]));
  return json_pack("{s:s, s:s, s:i, s:I, s:I, s:o, s:o}", "name", name, "isa", c->isa, "threads",
                   c->threads, "batch", (json_int_t)c->batch, "runs", (json_int_t)q->runs, "steps",
                   steps, "columns", columns);
}

static void judge(const gb_counted *c, request *q) {
  bool any = false;
  for (size_t i = 0; i < c->column_count; i++) {
    any |= !c->columns[i].reason;
    q->suspect |= c->columns[i].suspect != NULL;
  }
  q->nothing |= !any;
}

static gb_status count_some(request *q, const gb_model *model, const gb_weights *weights,
                            const char *const *groups, size_t count, gb_text *out, json_t *json,
                            gb_error *error) {
  if (count == 0)
    return GB_OK;
  gb_count_request counting = {.counters = q->session,
                               .groups = groups,
                               .group_count = count,
                               .choice = q->choice,
                               .runs = (int)q->runs,
                               .weights = q->weights};
  gb_counted *counted;
  GB_TRY(gb_count(&counting, model->network, model->graph, weights, &counted, error));
  judge(counted, q);
  gb_status status = GB_OK;
  if (q->json)
    json_array_append_new(json, json_counted(counted, model->network->name, q));
  else
    status = gb_count_tables(counted, model->network->name, q->total, out, error);
  gb_counted_free(counted);
  return status;
}

static gb_status count_marked(const request *q, const gb_model *model, const gb_weights *weights,
                              gb_error *error) {
  const gb_graph *graph = model->graph;
  int64_t inputs = gb_shape_count(&graph->nodes[0].op.out);
  int64_t outputs = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
  float *input = gb_allocate(NULL, (size_t)inputs, sizeof *input);
  float *output = gb_allocate(NULL, (size_t)outputs, sizeof *output);
  gb_native *engine = NULL;
  gb_status status = input && output ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK) {
    gb_recipe_input(input, inputs);
    status = gb_native_new(graph, weights, &q->choice.options, &engine, error);
  }
  if (status == GB_OK)
    status = gb_count_mark(engine, input, output, error);
  gb_native_free(engine);
  gb_release(NULL, input);
  gb_release(NULL, output);
  return status;
}

static gb_status count_network(request *q, const char *name, gb_text *out, json_t *json,
                               gb_error *error) {
  gb_model model;
  gb_weights weights = {0};
  GB_TRY(gb_model_load(name, &q->settings, q->batch, true, &model, error));
  gb_status status = q->weights ? gb_weights_load(model.graph, q->weights, &weights, NULL, error)
                                : gb_weights_recipe(model.graph, 1, &weights, error);
  if (status == GB_OK && q->mark)
    status = count_marked(q, &model, &weights, error);
  if (status == GB_OK && !q->mark)
    status = count_some(q, &model, &weights, q->real, q->real_count, out, json, error);
  if (status == GB_OK && !q->mark)
    status = count_some(q, &model, &weights, q->simulated, q->simulated_count, out, json, error);
  gb_weights_free(&weights);
  gb_model_free(&model);
  return status;
}

static gb_status finish_json(json_t *networks, gb_text *out, gb_error *error) {
  gb_machine machine;
  gb_machine_read(&machine);
  json_t *root = json_pack("{s:s, s:s, s:{s:s, s:i, s:s}, s:O}", "schema", "ghostbench-count-1",
                           "version", GB_VERSION, "machine", "cpu", machine.cpu, "processors",
                           machine.cores_allowed, "kernel", machine.kernel, "results", networks);
  char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
  json_decref(root);
  if (!text)
    return gb_fail_memory(error);
  gb_text_add(out, text);
  gb_text_add(out, "\n");
  free(text);
  return GB_OK;
}

static gb_status list_groups(gb_text *out, gb_error *error) {
  gb_counters *counters;
  GB_TRY(gb_counters_open(&counters, error));
  gb_status status = gb_count_list_groups(counters, out, error);
  gb_counters_close(counters);
  return status;
}

static gb_status count(request *q, char **names, size_t name_count, gb_text *out, gb_error *error) {
  gb_arena *arena = gb_arena_new(NULL);
  json_t *json = json_array();
  gb_status status = arena && json ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK && !q->mark)
    status = gb_counters_open(&q->session, error);
  if (status == GB_OK && !q->mark)
    status = q->counters ? split_groups(q, error) : groups_here(q, arena, error);
  for (size_t i = 0; i < name_count && status == GB_OK; i++)
    status = count_network(q, names[i], out, json, error);
  if (status == GB_OK && q->json)
    status = finish_json(json, out, error);
  gb_counters_close(q->session);
  json_decref(json);
  gb_arena_free(arena);
  return status;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  request q = {.choice = gb_engine_default(), .batch = 1, .runs = 5};
  gb_error error = {0};
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    if (read_flag(o, value, &q, &error) != GB_OK)
      return gb_complain_error(self, &error);
  if (args.stop)
    return args.exit_code;
  bool list = q.counters && strcmp(q.counters, "list") == 0;
  if (args.first_operand == argc && !list)
    return gb_complain(self, "name an architecture; 'ghostbench list architectures' lists them");
  gb_text out = {0};
  gb_status status = list ? list_groups(&out, &error)
                          : count(&q, argv + args.first_operand,
                                  (size_t)(argc - args.first_operand), &out, &error);
  int code = status == GB_OK ? gb_print_out(self, &out) : gb_complain_error(self, &error);
  gb_text_free(&out);
  if (code == GB_EXIT_OK && q.nothing) {
    gb_complain(self, "nothing could be counted; 'ghostbench doctor' tells what this machine has");
    code = GB_EXIT_INVALID;
  } else if (code == GB_EXIT_OK && q.suspect) {
    gb_complain(self, "a counter failed its check on known work: do not believe it");
    code = GB_EXIT_INVALID;
  }
  return code;
}

const gb_command gb_command_count = {
    .name = "count",
    .operands = "NAME…",
    .summary = "Counts by layer what networks do here: cycles, cache misses, page faults, work. "
               "Where the machine has no counters, '--counters callgrind' simulates.",
    .options = options,
    .examples = "  ghostbench count --counters list\n"
                "  ghostbench count ghostnet --counters work,cycles,os --threads 1\n"
                "  ghostbench count eegnet --counters callgrind\n"
                "  ghostbench count ghostnet mobilenet-v3-large --total --json\n",
    .run = run,
};
