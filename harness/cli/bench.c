// ghostbench bench: how long networks take, side by side in one session, and whether to believe it.
#include "harness/cli/bench.h"

#include "harness/cli/build.h"
#include "layers/base/file.h"

#include <string.h>

static const gb_option options[] = {
    GB_OPTION_SET,
    {"engine", 'e', "LIST",
     "native, reference, engines of your configuration (comma-separated; default native)"},
    {"threads", 't', "LIST", "threads (comma-separated; default: processors allowed)"},
    {"batch", 'b', "LIST", "images at once (comma-separated; default 1)"},
    {"runs", 'r', "N", "timed runs of each (default 50; with --seconds, --precise: at most)"},
    {"seconds", 0, "S", "a budget: as many runs as fit into so many seconds"},
    {"precise", 0, "PERCENT",
     "until the interval of the ratio (of one network alone: the median) is so narrow"},
    {"warmup", 0, "S", "at least so many seconds of warm-up of each (default 0.1)"},
    {"between", 0, "MODE", "before each run: hot (nothing), flushed (caches), idle=MS (a pause)"},
    {"no-pin", 0, NULL, "leave it to the system where threads run"},
    {"null", 0, NULL, "first the machine against itself: false alarms, what it can tell"},
    {"comparisons", 0, "N", "how often of each kind with --null (default 20)"},
    {"seed", 0, "N", "of the order of runs (default 1)"},
    {"weights", 'w', "FILE", "parameters, a safetensors file (default: made up)"},
    {"steps", 0, NULL, "also the time of each step of the native engine, in a pass of its own"},
    GB_OPTION_ISA,
    GB_OPTION_WITHOUT,
    {"json", 0, NULL, "everything as JSON: samples, their starts, verdicts, environment"},
    {"output", 'o', "FILE", "the same JSON into a file, beside what is printed"},
    {"serve", 0, NULL, "run when told to on standard input: run N, input, output, quit"},
    GB_OPTION_HELP,
    {0},
};

// ---------------------------------------------------------------------------------------------

static gb_status profile(gb_bench_entry *e, gb_error *error) {
  gb_native *native = e->subject.engine.native;
  if (!native)
    return GB_OK;
  enum { ROUNDS = 30 };
  size_t count = gb_native_step_count(native);
  e->steps = gb_allocate(NULL, count, sizeof *e->steps);
  if (!e->steps)
    return gb_fail_memory(error);
  for (int i = 0; i < ROUNDS; i++)
    gb_native_profile(native, e->subject.input, e->subject.output, e->steps);
  for (size_t i = 0; i < count; i++)
    e->steps[i] /= ROUNDS;
  return GB_OK;
}

// The reference engine has one thread.
static gb_status plan_entries(char *const *names, size_t name_count, const gb_bench_request *q,
                              gb_bench_entry *entries, size_t *count, gb_error *error) {
  *count = 0;
  for (size_t n = 0; n < name_count; n++)
    for (size_t b = 0; b < q->batches.count; b++)
      for (size_t i = 0; i < q->engine_count; i++) {
        bool plain = strcmp(q->engines[i].name, "reference") == 0;
        for (size_t t = 0; t < (plain ? 1 : q->threads.count); t++) {
          if (*count == GB_BENCH_ENTRIES)
            return gb_fail(error, GB_EUSAGE, "more than %d combinations", GB_BENCH_ENTRIES);
          entries[(*count)++] = (gb_bench_entry){.name = names[n],
                                                 .engine = q->engines[i],
                                                 .batch = q->batches.items[b],
                                                 .threads = plain ? 1 : (int)q->threads.items[t]};
        }
      }
  return GB_OK;
}

static size_t most_threads(const gb_bench_entry *entries, size_t count) {
  int most = 1;
  for (size_t i = 0; i < count; i++)
    most = entries[i].threads > most ? entries[i].threads : most;
  return (size_t)most;
}

static gb_status measure(gb_bench_result *r, gb_error *error) {
  const gb_bench_request *q = r->request;
  gb_latency_plan plan = q->plan;
  plan.settle = r->placement.threads > 1;
  for (size_t i = 0; i < r->count; i++) {
    gb_bench_entry *e = &r->entries[i];
    GB_TRY(gb_bench_entry_make(e, q, &r->placement, error));
    GB_TRY(gb_bench_entry_check(e, q, error));
    plan.settle = plan.settle || e->outside;
    r->items[i].competitor = gb_bench_entry_competitor(e);
  }
  gb_bench_request one = *q;
  one.plan = plan;
  if (q->null)
    GB_TRY(gb_bench_measure_null(&r->entries[0], &one, &r->placement, &r->null, error));
  r->measured = !q->null || r->count > 1;
  if (r->measured)
    GB_TRY(gb_latency_measure(r->items, r->count, &plan, &r->facts, error));
  for (size_t i = 0; q->steps && i < r->count; i++)
    GB_TRY(profile(&r->entries[i], error));
  return GB_OK;
}

static gb_status bench(char *const *names, size_t name_count, gb_bench_result *r, gb_text *out,
                       gb_error *error) {
  r->entries = gb_allocate(NULL, GB_BENCH_ENTRIES, sizeof *r->entries);
  r->items = gb_allocate(NULL, GB_BENCH_ENTRIES, sizeof *r->items);
  if (!r->entries || !r->items)
    return gb_fail_memory(error);
  GB_TRY(plan_entries(names, name_count, r->request, r->entries, &r->count, error));
  gb_environment_capture(&r->environment);
  gb_placement_begin(&r->placement, most_threads(r->entries, r->count), r->request->pin);
  gb_status status = measure(r, error);
  gb_placement_end(&r->placement);
  GB_TRY(status);
  return (r->request->json ? gb_bench_json : gb_bench_text)(r, out, error);
}

// After the table is printed, so that a full disk loses the file only.
static gb_status write_json(const gb_bench_result *r, gb_error *error) {
  if (!r->request->output)
    return GB_OK;
  gb_text json = {0};
  gb_status status = gb_bench_json(r, &json, error);
  if (status == GB_OK)
    status = gb_file_write(r->request->output, gb_text_get(&json), json.length, error);
  gb_text_free(&json);
  return status;
}

static int bench_and_print(const gb_command *self, char *const *names, size_t count,
                           const gb_bench_request *q) {
  gb_bench_result result = {.request = q};
  gb_text out = {0};
  gb_error error = {0};
  int code = bench(names, count, &result, &out, &error) == GB_OK ? gb_print_out(self, &out)
                                                                 : gb_complain_error(self, &error);
  if (code == GB_EXIT_OK && write_json(&result, &error) != GB_OK)
    code = gb_complain_error(self, &error);
  if (code == GB_EXIT_OK && gb_latency_worst(result.items, result.count) == GB_INVALID)
    code = GB_EXIT_INVALID;
  if (result.items)
    gb_latency_free(result.items, result.count);
  for (size_t i = 0; i < result.count; i++)
    gb_bench_entry_free(&result.entries[i]);
  gb_bench_null_free(&result.null);
  gb_release(NULL, result.items);
  gb_release(NULL, result.entries);
  gb_text_free(&out);
  return code;
}

static int serve(const gb_command *self, char *name, gb_bench_request *q) {
  gb_bench_entry entry = {.name = name,
                          .engine = q->engines[0],
                          .batch = q->batches.items[0],
                          .threads = (int)q->threads.items[0]};
  gb_error error = {0};
  if (entry.engine.outside)
    return gb_complain(self, "--serve is for ghostbench's own engines");
  int code = gb_bench_entry_make(&entry, q, NULL, &error) == GB_OK
                 ? gb_bench_serve(self, &entry)
                 : gb_complain_error(self, &error);
  gb_bench_entry_free(&entry);
  return code;
}

// ---------------------------------------------------------------------------------------------

static int bench_operands(const gb_command *self, gb_arena *arena, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  gb_bench_request q = gb_bench_request_default();
  gb_error error = {0};
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    if (gb_bench_flag(arena, o, value, &q, &error) != GB_OK)
      return gb_complain_error(self, &error);
  if (args.stop)
    return args.exit_code;
  if (args.first_operand == argc)
    return gb_complain(self, "name an architecture; 'ghostbench list architectures' lists them");
  if (gb_bench_flags_done(&q, &error) != GB_OK)
    return gb_complain_error(self, &error);
  char **names = argv + args.first_operand;
  size_t count = (size_t)(argc - args.first_operand);
  if (q.serve)
    return count == 1 ? serve(self, names[0], &q)
                      : gb_complain(self, "--serve takes one architecture");
  return bench_and_print(self, names, count, &q);
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_arena *arena = gb_arena_new(NULL);
  int code = arena ? bench_operands(self, arena, argc, argv) : gb_complain(self, "out of memory");
  gb_arena_free(arena);
  return code;
}

const gb_command gb_command_bench = {
    .name = "bench",
    .operands = "NAME…",
    .summary =
        "Times whole networks side by side: interleaved runs, medians with intervals, ratios "
        "to the first, and a verdict on whether to believe them.",
    .options = options,
    .examples = "  ghostbench bench ghostnet mobilenet-v3-large --threads 1,2\n"
                "  ghostbench bench ghostnet mobilenet-v2 --precise 1\n"
                "  ghostbench bench ghostnet --null --comparisons 200\n"
                "  ghostbench bench ghostnet --steps --threads 1\n"
                "  ghostbench bench resnet50 --engine native,reference --runs 10 --json\n",
    .run = run,
};
