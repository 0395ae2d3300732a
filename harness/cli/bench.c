// ghostbench bench: how long networks take, side by side in one run.
#include "harness/cli/bench.h"
#include "harness/measure/protocol.h"

#include <inttypes.h>
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
    {"weights", 'w', "FILE", "parameters, a safetensors file (default: made up)"},
    {"steps", 0, NULL, "also the time of each step of the native engine, in a pass of its own"},
    GB_OPTION_ISA,
    GB_OPTION_WITHOUT,
    {"json", 0, NULL, "all samples as JSON on standard output"},
    {"serve", 0, NULL, "run when told to on standard input: run N, input, output, quit"},
    GB_OPTION_HELP,
    {0},
};

enum { MAX_ENTRIES = 256 };

// ---------------------------------------------------------------------------------------------
// Setting up

static void entry_free(gb_bench_entry *e) {
  gb_engine_free(&e->engine);
  gb_weights_free(&e->weights);
  gb_model_free(&e->model);
  gb_release(NULL, e->input);
  gb_release(NULL, e->output);
  gb_release(NULL, e->samples);
  gb_release(NULL, e->starts);
  gb_release(NULL, e->sorted);
  gb_release(NULL, e->steps);
}

static gb_status entry_make(gb_bench_entry *e, const char *name, const gb_bench_request *q,
                            gb_error *error) {
  GB_TRY(gb_model_load(name, &q->settings, e->batch, false, &e->model, error));
  const gb_graph *graph = e->model.graph;
  // Weights and input are small, spread and finite: no denormal numbers, no zeros.
  GB_TRY(q->weights ? gb_weights_load(graph, q->weights, &e->weights, NULL, error)
                    : gb_weights_recipe(graph, 1, &e->weights, error));
  int64_t inputs = gb_shape_count(&graph->nodes[0].op.out);
  int64_t outputs = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
  e->input = gb_allocate(NULL, (size_t)inputs, sizeof *e->input);
  e->output = gb_allocate(NULL, (size_t)outputs, sizeof *e->output);
  e->samples = gb_allocate(NULL, (size_t)q->runs, sizeof *e->samples);
  e->starts = gb_allocate(NULL, (size_t)q->runs, sizeof *e->starts);
  e->sorted = gb_allocate(NULL, (size_t)q->runs, sizeof *e->sorted);
  if (!e->input || !e->output || !e->samples || !e->starts || !e->sorted)
    return gb_fail_memory(error);
  gb_recipe_input(e->input, inputs);
  return gb_engine_new(graph, &e->weights, &e->choice, &e->engine, error);
}

// A time is worth nothing when the answer is wrong: the first image's output is compared with the
// reference engine's.
static gb_status entry_check(gb_bench_entry *e, const char *name, const gb_bench_request *q,
                             gb_error *error) {
  if (!e->choice.native)
    return GB_OK;
  gb_bench_entry one = {.batch = 1, .choice = {.native = false}};
  gb_status status = entry_make(&one, name, q, error);
  if (status == GB_OK)
    status = gb_engine_run(&one.engine, e->input, one.output, error);
  if (status == GB_OK)
    status = gb_engine_run(&e->engine, e->input, e->output, error);
  if (status == GB_OK) {
    const gb_graph *graph = one.model.graph;
    int64_t count = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
    double low = HUGE_VAL, high = -HUGE_VAL, worst = 0;
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
  gb_bench_entry *e = context;
  gb_error error;
  gb_engine_run(&e->engine, e->input, e->output, &error); // has run before: cannot fail
}

static gb_status profile(gb_bench_entry *e, gb_error *error) {
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

static void show_progress(void *context, double share) {
  (void)context;
  fprintf(stderr, "\r%3.0f %% ", 100 * share);
  if (share >= 1)
    fprintf(stderr, "\r      \r");
}

static gb_status measure(gb_bench_entry *entries, size_t count, const gb_bench_request *q,
                         gb_error *error) {
  gb_competitor *competitors = gb_allocate(NULL, count, sizeof *competitors);
  if (!competitors)
    return gb_fail_memory(error);
  for (size_t i = 0; i < count; i++)
    competitors[i] = (gb_competitor){.body = run_entry,
                                     .context = &entries[i],
                                     .samples = entries[i].samples,
                                     .starts = entries[i].starts};
  gb_protocol protocol = {.rounds_least = (size_t)q->runs,
                          .rounds_most = (size_t)q->runs,
                          .lead_calls = 1,
                          .warmup_calls = 2,
                          .warmup_seconds = 0.1,
                          .seed = 1};
  if (isatty(STDERR_FILENO))
    protocol.progress = show_progress;
  gb_session session = {.competitors = competitors, .count = count};
  gb_status status = gb_measure(&session, &protocol, error);
  gb_release(NULL, competitors);
  GB_TRY(status);
  for (size_t i = 0; i < count; i++) {
    memcpy(entries[i].sorted, entries[i].samples, (size_t)q->runs * sizeof(double));
    GB_TRY(gb_summarise(entries[i].sorted, (size_t)q->runs, &entries[i].summary, error));
  }
  return GB_OK;
}

static gb_status plan_entries(char *const *names, size_t name_count, const gb_bench_request *q,
                              gb_bench_entry *entries, const char **entry_names, size_t *count,
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
          gb_bench_entry *e = &entries[*count];
          *e = (gb_bench_entry){.batch = q->batches.items[b], .choice = q->choice};
          e->choice.native = engine == 0;
          e->choice.options.threads = (int)q->threads.items[t];
          entry_names[(*count)++] = names[n];
        }
  return GB_OK;
}

static gb_status bench(char *const *names, size_t name_count, const gb_bench_request *q,
                       gb_text *out, gb_error *error) {
  gb_bench_entry *entries = gb_allocate(NULL, MAX_ENTRIES, sizeof *entries);
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
    status = (q->json ? gb_bench_json : gb_bench_table)(entries, count, q, out, error);
  for (size_t i = 0; entries && i < count; i++)
    entry_free(&entries[i]);
  gb_release(NULL, (void *)entry_names);
  gb_release(NULL, entries);
  return status;
}

static int serve(const gb_command *self, const char *name, gb_bench_request *q) {
  q->runs = 100000;
  gb_bench_entry entry = {.batch = q->batches.items[0], .choice = q->choice};
  entry.choice.native = q->native;
  entry.choice.options.threads = (int)q->threads.items[0];
  gb_error error = {0};
  int code = entry_make(&entry, name, q, &error) == GB_OK ? gb_bench_serve(self, &entry, q->runs)
                                                          : gb_complain_error(self, &error);
  entry_free(&entry);
  return code;
}

static gb_status parse_list(const char *flag, const char *text, int64_t most, gb_bench_list *out,
                            gb_error *error) {
  out->count = 0;
  for (const char *at = text; at;) {
    char item[32];
    size_t n = strcspn(at, ",");
    snprintf(item, sizeof item, "%.*s", (int)(n < sizeof item ? n : sizeof item - 1), at);
    if (out->count == GB_BENCH_LIST || !gb_parse_int(item, &out->items[out->count]) ||
        out->items[out->count] < 1 || out->items[out->count] > most)
      return gb_fail(error, GB_EUSAGE,
                     "--%s %s is not allowed: up to %d integers from 1 to %" PRId64
                     ", separated by commas",
                     flag, text, GB_BENCH_LIST, most);
    out->count++;
    at = at[n] ? at + n + 1 : NULL;
  }
  return GB_OK;
}

static gb_status read_flag(const gb_option *o, char *value, gb_bench_request *q, gb_error *error) {
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
  q->serve |= gb_option_is(o, "serve");
  if (gb_option_is(o, "weights"))
    q->weights = value;
  gb_error wrong = {0};
  if (gb_engine_flag(&q->choice, o, value, &wrong) && wrong.status != GB_OK)
    return gb_fail(error, wrong.status, "%s", wrong.message);
  return GB_OK;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  gb_bench_request q = {.choice = gb_engine_default(), .native = true, .runs = 50};
  q.threads = (gb_bench_list){{q.choice.options.threads}, 1};
  q.batches = (gb_bench_list){{1}, 1};
  gb_error error = {0};
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    if (read_flag(o, value, &q, &error) != GB_OK)
      return gb_complain_error(self, &error);
  if (args.stop)
    return args.exit_code;
  if (args.first_operand == argc)
    return gb_complain(self, "name an architecture; 'ghostbench list architectures' lists them");
  if (q.serve)
    return argc - args.first_operand == 1 ? serve(self, argv[args.first_operand], &q)
                                          : gb_complain(self, "--serve takes one architecture");
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
