// ghostbench bench: how long networks take, side by side in one run.
#include "harness/cli/cli.h"
#include "harness/measure/machine.h"
#include "harness/measure/sample.h"
#include "harness/report/table.h"
#include "harness/stats/summary.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const gb_option options[] = {
    GB_OPTION_SET,
    {"engine", 'e', "LIST", "native, reference, or both (comma-separated; default native)"},
    {"threads", 't', "LIST", "threads (comma-separated; default: processors allowed)"},
    {"batch", 'b', "LIST", "images at once (comma-separated; default 1)"},
    {"runs", 'r', "N", "timed runs of each (default 50)"},
    {"steps", 0, NULL, "also the time of each step of the native engine, in a pass of its own"},
    GB_OPTION_ISA,
    GB_OPTION_WITHOUT,
    {"json", 0, NULL, "all samples as JSON on standard output"},
    GB_OPTION_HELP,
    {0},
};

enum { MAX_LIST = 16, MAX_ENTRIES = 256 };

typedef struct list {
  int64_t items[MAX_LIST];
  size_t count;
} list;

typedef struct request {
  gb_settings settings;
  gb_engine_choice choice; // of instruction set and optimisations
  bool native, reference, steps, json;
  list threads, batches;
  int64_t runs;
} request;

// One line of the result: a network on an engine with its threads and batch.
typedef struct entry {
  gb_model model;
  gb_weights weights;
  gb_engine engine;
  gb_engine_choice choice;
  int64_t batch;
  float *input, *output;
  double *samples, *sorted; // seconds
  gb_summary summary;
  double deviation; // from the reference engine, of the output's spread
  double *steps;    // seconds of each step, or NULL
} entry;

// ---------------------------------------------------------------------------------------------
// Setting up

static void entry_free(entry *e) {
  gb_engine_free(&e->engine);
  gb_weights_free(&e->weights);
  gb_model_free(&e->model);
  gb_release(NULL, e->input);
  gb_release(NULL, e->output);
  gb_release(NULL, e->samples);
  gb_release(NULL, e->sorted);
  gb_release(NULL, e->steps);
}

static gb_status entry_make(entry *e, const char *name, const request *q, gb_error *error) {
  GB_TRY(gb_model_load(name, &q->settings, e->batch, false, &e->model, error));
  const gb_graph *graph = e->model.graph;
  // Weights and input are small, spread and finite: no denormal numbers, no zeros.
  GB_TRY(gb_weights_recipe(graph, 1, &e->weights, error));
  int64_t inputs = gb_shape_count(&graph->nodes[0].op.out);
  int64_t outputs = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
  e->input = gb_allocate(NULL, (size_t)inputs, sizeof *e->input);
  e->output = gb_allocate(NULL, (size_t)outputs, sizeof *e->output);
  e->samples = gb_allocate(NULL, (size_t)q->runs, sizeof *e->samples);
  e->sorted = gb_allocate(NULL, (size_t)q->runs, sizeof *e->sorted);
  if (!e->input || !e->output || !e->samples || !e->sorted)
    return gb_fail_memory(error);
  gb_recipe_input(e->input, inputs);
  return gb_engine_new(graph, &e->weights, &e->choice, &e->engine, error);
}

// A time is worth nothing when the answer is wrong: the first image's output is compared with the
// reference engine's.
static gb_status entry_check(entry *e, const char *name, const request *q, gb_error *error) {
  if (!e->choice.native)
    return GB_OK;
  entry one = {.batch = 1, .choice = {.native = false}};
  gb_status status = entry_make(&one, name, q, error);
  if (status == GB_OK)
    status = gb_engine_run(&one.engine, e->input, one.output, error);
  if (status == GB_OK)
    status = gb_engine_run(&e->engine, e->input, e->output, error);
  if (status == GB_OK) {
    const gb_graph *graph = one.model.graph;
    int64_t count = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
    double low = INFINITY, high = -INFINITY, worst = 0;
    for (int64_t i = 0; i < count; i++) {
      low = fmin(low, (double)one.output[i]);
      high = fmax(high, (double)one.output[i]);
      double difference = fabs((double)one.output[i] - (double)e->output[i]);
      if (!(difference <= worst))
        worst = difference;
    }
    e->deviation = worst / (high - low);
    if (!(e->deviation <= 1e-4))
      status = gb_fail(error, GB_EINTERNAL,
                       "%s: the native engine's output is off by %.2g of its spread: not timed",
                       name, e->deviation);
  }
  entry_free(&one);
  return status;
}

static void run_entry(void *context) {
  entry *e = context;
  gb_error error;
  gb_engine_run(&e->engine, e->input, e->output, &error); // has run before: cannot fail
}

static gb_status profile(entry *e, gb_error *error) {
  if (!e->engine.native)
    return GB_OK;
  enum { ROUNDS = 30 };
  size_t count = gb_native_step_count(e->engine.native);
  e->steps = gb_allocate(NULL, count, sizeof *e->steps);
  if (!e->steps)
    return gb_fail_memory(error);
  for (int i = 0; i < ROUNDS; i++)
    gb_native_profile(e->engine.native, e->input, e->output, e->steps);
  for (size_t i = 0; i < count; i++)
    e->steps[i] /= ROUNDS;
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Output

static void add_entry_row(gb_table *table, const entry *e) {
  const gb_graph *graph = e->model.graph;
  gb_table_row(table);
  gb_table_text(table, e->model.network->name);
  gb_table_text(table, e->choice.native ? "native" : "reference");
  gb_table_integer(table, e->choice.native ? e->choice.options.threads : 1);
  gb_table_integer(table, e->batch);
  gb_table_real(table, 1e3 * e->summary.median, 3);
  gb_table_real(table, 1e3 * e->summary.low, 3);
  gb_table_real(table, 1e3 * e->summary.high, 3);
  gb_table_real(table, 1e3 * e->summary.minimum, 3);
  gb_table_real(table, 2e-9 * (double)graph->cost.macs / e->summary.median, 1);
}

static gb_status print_steps(const entry *e, gb_text *out, gb_error *error) {
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
  double sum = 0;
  for (size_t i = 0; i < gb_native_step_count(e->engine.native); i++) {
    gb_step_info info;
    char text[GB_SHAPE_TEXT];
    gb_native_step(e->engine.native, i, &info);
    sum += e->steps[i];
    gb_table_row(table);
    gb_table_text(table, info.kind);
    gb_table_text(table, info.name);
    gb_table_text(table, gb_shape_print_image(&info.out, text));
    gb_table_real(table, 1e6 * e->steps[i], 2);
    if (info.nominal_macs)
      gb_table_real(table, 2e-9 * (double)(info.nominal_macs * e->batch) / e->steps[i], 1);
  }
  char note[160];
  snprintf(note, sizeof note,
           "Sum of steps %.1f µs; whole network, timed apart, %.1f µs: the clock between steps and "
           "their barriers cost %.1f µs.",
           1e6 * sum, 1e6 * e->summary.median, 1e6 * (sum - e->summary.median));
  gb_table_note(table, note);
  gb_text_add(out, "\n");
  gb_text_style style = {.width = 0, .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  gb_table_free(table);
  return status;
}

static gb_status print_table(const entry *entries, size_t count, const request *q, gb_text *out,
                             gb_error *error) {
  gb_table *table = gb_table_new("bench", NULL);
  if (!table)
    return gb_fail_memory(error);
  static const gb_column columns[] = {
      {"name", "network", NULL, GB_ALIGN_LEFT, false},
      {"engine", "engine", NULL, GB_ALIGN_LEFT, false},
      {"threads", "threads", NULL, GB_ALIGN_RIGHT, false},
      {"batch", "batch", NULL, GB_ALIGN_RIGHT, false},
      {"median_ms", "median", "ms", GB_ALIGN_RIGHT, false},
      {"low_ms", "from", "ms", GB_ALIGN_RIGHT, false},
      {"high_ms", "to", "ms", GB_ALIGN_RIGHT, false},
      {"minimum_ms", "fastest", "ms", GB_ALIGN_RIGHT, false},
      {"rate", "rate", "GFLOP/s", GB_ALIGN_RIGHT, false},
  };
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  for (size_t i = 0; i < count; i++)
    add_entry_row(table, &entries[i]);
  char note[256];
  snprintf(note, sizeof note,
           "%" PRId64 " runs of each, interleaved in random order; from, to: 95 %% interval of the "
           "median by order statistics. Compare by ratio within one table.",
           q->runs);
  gb_table_note(table, note);
  gb_text_style style = {.width = gb_terminal_width(), .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  gb_table_free(table);
  for (size_t i = 0; status == GB_OK && i < count; i++)
    if (entries[i].steps)
      status = print_steps(&entries[i], out, error);
  return status;
}

static json_t *json_steps(const entry *e) {
  json_t *steps = json_array();
  for (size_t i = 0; e->steps && i < gb_native_step_count(e->engine.native); i++) {
    gb_step_info info;
    gb_native_step(e->engine.native, i, &info);
    json_array_append_new(
        steps, json_pack("{s:s, s:s, s:s, s:f, s:I, s:I, s:I}", "kind", info.kind, "name",
                         info.name, "layers", info.layers, "time_us", 1e6 * e->steps[i],
                         "nominal_macs", (json_int_t)info.nominal_macs, "executed_macs",
                         (json_int_t)info.executed_macs, "bytes", (json_int_t)info.bytes));
  }
  return steps;
}

// An interval that too few samples do not give is null.
static json_t *json_ms(double seconds) {
  return isfinite(seconds) ? json_real(1e3 * seconds) : json_null();
}

static json_t *json_entry(const entry *e, const request *q) {
  json_t *samples = json_array();
  for (int64_t i = 0; i < q->runs; i++)
    json_array_append_new(samples, json_real(1e3 * e->samples[i]));
  json_t *object =
      json_pack("{s:s, s:s, s:s, s:i, s:I, s:f, s:o, s:o, s:f, s:I, s:f, s:o}", "name",
                e->model.network->name, "engine", e->choice.native ? "native" : "reference", "isa",
                e->choice.native ? gb_native_isa(e->engine.native) : "plain C", "threads",
                e->choice.native ? e->choice.options.threads : 1, "batch", (json_int_t)e->batch,
                "median_ms", 1e3 * e->summary.median, "median_low_ms", json_ms(e->summary.low),
                "median_high_ms", json_ms(e->summary.high), "minimum_ms", 1e3 * e->summary.minimum,
                "macs", (json_int_t)e->model.graph->cost.macs, "output_deviation", e->deviation,
                "samples_ms", samples);
  if (object && e->steps)
    json_object_set_new(object, "steps", json_steps(e));
  return object;
}

static gb_status print_json(const entry *entries, size_t count, const request *q, gb_text *out,
                            gb_error *error) {
  gb_machine machine;
  gb_machine_read(&machine);
  json_t *results = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(results, json_entry(&entries[i], q));
  json_t *root = json_pack("{s:s, s:s, s:{s:s, s:i, s:s}, s:o}", "schema", "ghostbench-bench-1",
                           "version", GB_VERSION, "machine", "cpu", machine.cpu, "processors",
                           machine.cores_allowed, "kernel", machine.kernel, "results", results);
  char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
  json_decref(root);
  if (!text)
    return gb_fail_memory(error);
  gb_text_add(out, text);
  gb_text_add(out, "\n");
  free(text);
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------

static void show_progress(void *context, double share) {
  (void)context;
  fprintf(stderr, "\r%3.0f %% ", 100 * share);
  if (share >= 1)
    fprintf(stderr, "\r      \r");
}

static gb_status measure(entry *entries, size_t count, const request *q, gb_error *error) {
  gb_competitor *competitors = gb_allocate(NULL, count, sizeof *competitors);
  if (!competitors)
    return gb_fail_memory(error);
  for (size_t i = 0; i < count; i++)
    competitors[i] = (gb_competitor){run_entry, &entries[i], entries[i].samples};
  gb_sampling sampling = {
      .runs = (size_t)q->runs, .warmup_runs = 2, .warmup_seconds = 0.1, .seed = 1};
  if (isatty(STDERR_FILENO))
    sampling.progress = show_progress;
  gb_sample(competitors, count, &sampling);
  gb_release(NULL, competitors);
  for (size_t i = 0; i < count; i++) {
    memcpy(entries[i].sorted, entries[i].samples, (size_t)q->runs * sizeof(double));
    GB_TRY(gb_summarise(entries[i].sorted, (size_t)q->runs, &entries[i].summary, error));
  }
  return GB_OK;
}

static gb_status plan_entries(char *const *names, size_t name_count, const request *q,
                              entry *entries, const char **entry_names, size_t *count,
                              gb_error *error) {
  *count = 0;
  for (size_t n = 0; n < name_count; n++)
    for (size_t b = 0; b < q->batches.count; b++)
      for (int engine = 0; engine < 2; engine++)
        for (size_t t = 0; t < (engine ? 1 : q->threads.count); t++) {
          if (engine ? !q->reference : !q->native)
            continue;
          if (*count == MAX_ENTRIES)
            return gb_fail(error, GB_EUSAGE, "more than %d combinations", MAX_ENTRIES);
          entry *e = &entries[*count];
          *e = (entry){.batch = q->batches.items[b], .choice = q->choice};
          e->choice.native = engine == 0;
          e->choice.options.threads = (int)q->threads.items[t];
          entry_names[(*count)++] = names[n];
        }
  return GB_OK;
}

static gb_status bench(char *const *names, size_t name_count, const request *q, gb_text *out,
                       gb_error *error) {
  entry *entries = gb_allocate(NULL, MAX_ENTRIES, sizeof *entries);
  const char **entry_names = gb_allocate(NULL, MAX_ENTRIES, sizeof *entry_names);
  size_t count = 0;
  gb_status status = entries && entry_names ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK)
    status = plan_entries(names, name_count, q, entries, entry_names, &count, error);
  for (size_t i = 0; status == GB_OK && i < count; i++) {
    status = entry_make(&entries[i], entry_names[i], q, error);
    if (status == GB_OK)
      status = entry_check(&entries[i], entry_names[i], q, error);
  }
  if (status == GB_OK)
    status = measure(entries, count, q, error);
  for (size_t i = 0; status == GB_OK && q->steps && i < count; i++)
    status = profile(&entries[i], error);
  if (status == GB_OK)
    status = (q->json ? print_json : print_table)(entries, count, q, out, error);
  for (size_t i = 0; entries && i < count; i++)
    entry_free(&entries[i]);
  gb_release(NULL, (void *)entry_names);
  gb_release(NULL, entries);
  return status;
}

static gb_status parse_list(const char *flag, const char *text, int64_t most, list *out,
                            gb_error *error) {
  out->count = 0;
  for (const char *at = text; at;) {
    char item[32];
    size_t n = strcspn(at, ",");
    snprintf(item, sizeof item, "%.*s", (int)(n < sizeof item ? n : sizeof item - 1), at);
    if (out->count == MAX_LIST || !gb_parse_int(item, &out->items[out->count]) ||
        out->items[out->count] < 1 || out->items[out->count] > most)
      return gb_fail(error, GB_EUSAGE,
                     "--%s %s is not allowed: up to %d integers from 1 to %" PRId64
                     ", separated by commas",
                     flag, text, MAX_LIST, most);
    out->count++;
    at = at[n] ? at + n + 1 : NULL;
  }
  return GB_OK;
}

static gb_status read_flag(const gb_option *o, char *value, request *q, gb_error *error) {
  if (gb_option_is(o, "set"))
    return gb_settings_add(&q->settings, value, error);
  if (gb_option_is(o, "threads"))
    return parse_list("threads", value, 1024, &q->threads, error);
  if (gb_option_is(o, "batch"))
    return parse_list("batch", value, 65536, &q->batches, error);
  if (gb_option_is(o, "engine")) {
    q->native = strcmp(value, "native") == 0 || strcmp(value, "native,reference") == 0 ||
                strcmp(value, "reference,native") == 0;
    q->reference = strstr(value, "reference") != NULL;
    if (!q->native && strcmp(value, "reference") != 0)
      return gb_fail(error, GB_EUSAGE,
                     "--engine %s is not allowed: native, reference, or native,reference", value);
    return GB_OK;
  }
  if (gb_option_is(o, "runs") &&
      (!gb_parse_int(value, &q->runs) || q->runs < 1 || q->runs > 1000000))
    return gb_fail(error, GB_EUSAGE, "--runs %s is not allowed: an integer from 1 to 1000000",
                   value);
  q->steps |= gb_option_is(o, "steps");
  q->json |= gb_option_is(o, "json");
  gb_error wrong = {0};
  if (gb_engine_flag(&q->choice, o, value, &wrong) && wrong.status != GB_OK)
    return gb_fail(error, wrong.status, "%s", wrong.message);
  return GB_OK;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  request q = {.choice = gb_engine_default(), .native = true, .runs = 50};
  q.threads = (list){{q.choice.options.threads}, 1};
  q.batches = (list){{1}, 1};
  gb_error error = {0};
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    if (read_flag(o, value, &q, &error) != GB_OK)
      return gb_complain_error(self, &error);
  if (args.stop)
    return args.exit_code;
  if (args.first_operand == argc)
    return gb_complain(self, "name an architecture; 'ghostbench list architectures' lists them");
  gb_text out = {0};
  int code = bench(argv + args.first_operand, (size_t)(argc - args.first_operand), &q, &out,
                   &error) == GB_OK
                 ? gb_print_out(self, &out)
                 : gb_complain_error(self, &error);
  gb_text_free(&out);
  return code;
}

const gb_command gb_command_bench = {
    .name = "bench",
    .operands = "NAME…",
    .summary = "Times whole networks side by side: interleaved runs, medians with intervals.",
    .options = options,
    .examples = "  ghostbench bench ghostnet mobilenet-v3-large --threads 1,2\n"
                "  ghostbench bench ghostnet --steps --threads 1\n"
                "  ghostbench bench resnet50 --engine native,reference --runs 10 --json\n",
    .run = run,
};
