// ghostbench bench NAME --serve: one network kept ready, run when another program says so.
//
// For comparisons with other engines (tests/bench/peers): the two must take turns in one session,
// and never run at the same time. One line in, one line of JSON out:
//   run N    N timed runs         {"samples_ms": [...]}
//   input    the input tensor     {"values": [...]}
//   output   that of the last run {"values": [...]}
//   quit, or the end of the input
#include "harness/cli/bench.h"
#include "harness/measure/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_RUNS = 100000 };

static void print_shape(const char *key, const gb_shape *shape) {
  printf(", \"%s\": [%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "]", key, shape->n, shape->c,
         shape->h, shape->w);
}

static void greet(const gb_bench_entry *e) {
  const gb_graph *graph = e->model.graph;
  const gb_native *native = e->subject.engine.native;
  printf("{\"schema\": \"ghostbench-serve-1\", \"version\": \"" GB_VERSION
         "\", \"network\": \"%s\", \"batch\": %" PRId64 ", \"engine\": \"%s\"",
         e->model.network->name, e->batch, native ? "native" : "reference");
  if (native)
    printf(", \"threads\": %d, \"isa\": \"%s\"", e->subject.choice.options.threads,
           gb_native_isa(native));
  print_shape("input", &graph->nodes[0].op.out);
  print_shape("output", &graph->nodes[graph->node_count - 1].op.out);
  printf("}\n");
}

static void print_values(const float *values, const gb_shape *shape) {
  int64_t count = gb_shape_count(shape);
  printf("{\"values\": [");
  for (int64_t i = 0; i < count; i++)
    printf("%s%.9g", i ? "," : "", (double)values[i]);
  printf("]}\n");
}

static gb_status run_timed(gb_bench_entry *e, double *samples, int64_t runs, gb_error *error) {
  for (int64_t i = 0; i < runs; i++) {
    double start = gb_now();
    GB_TRY(gb_engine_run(&e->subject.engine, e->subject.input, e->subject.output, error));
    samples[i] = gb_now() - start;
  }
  printf("{\"samples_ms\": [");
  for (int64_t i = 0; i < runs; i++)
    printf("%s%.6f", i ? "," : "", 1e3 * samples[i]);
  printf("]}\n");
  return GB_OK;
}

static int answer(const gb_command *self, gb_bench_entry *e, double *samples) {
  const gb_graph *graph = e->model.graph;
  gb_error error = {0};
  char line[64];
  greet(e);
  while (fflush(stdout) == 0 && fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    int64_t runs = 0;
    if (strcmp(line, "quit") == 0)
      break;
    if (strcmp(line, "input") == 0)
      print_values(e->subject.input, &graph->nodes[0].op.out);
    else if (strcmp(line, "output") == 0)
      print_values(e->subject.output, &graph->nodes[graph->node_count - 1].op.out);
    else if (strncmp(line, "run ", 4) != 0 || !gb_parse_int(line + 4, &runs) || runs < 1 ||
             runs > MOST_RUNS)
      return gb_complain(self, "--serve: '%s' is not known: run N (1 to %d), input, output, quit",
                         line, MOST_RUNS);
    else if (run_timed(e, samples, runs, &error) != GB_OK)
      return gb_complain_error(self, &error);
  }
  return ferror(stdin) || ferror(stdout) ? gb_complain(self, "--serve: the pipe broke")
                                         : GB_EXIT_OK;
}

int gb_bench_serve(const gb_command *self, gb_bench_entry *e) {
  double *samples = gb_allocate(NULL, MOST_RUNS, sizeof *samples);
  int code = samples ? answer(self, e, samples) : gb_complain(self, "out of memory");
  gb_release(NULL, samples);
  return code;
}
