// How long the reference engine takes for a network: a plain median, no claim about the machine.
#include "harness/cli/run.h"
#include "harness/engine/engine.h"
#include "harness/measure/clock.h"
#include "harness/stats/summary.h"

// Runs are repeated until there are at least five and they took 0.2 s together, but no longer than
// a second (a run that has begun is ended). The first one warms up and counts only if it is alone.
enum { LEAST_RUNS = 5, MOST_RUNS = 1000 };
#define ENOUGH_SECONDS 0.2
#define MOST_SECONDS 1.0

static gb_status measure(gb_reference *engine, const float *input, float *output, double *median,
                         int *runs, gb_error *error) {
  double samples[MOST_RUNS];
  int count = 0;
  bool warm = false;
  double start = gb_now(), spent = 0;
  while (count < MOST_RUNS && spent < MOST_SECONDS &&
         (count < LEAST_RUNS || spent < ENOUGH_SECONDS)) {
    double before = gb_now();
    GB_TRY(gb_reference_run(engine, input, output, NULL, NULL, error));
    double after = gb_now();
    spent = after - start;
    if (warm || spent >= MOST_SECONDS)
      samples[count++] = after - before;
    warm = true;
  }
  gb_summary summary;
  GB_TRY(gb_summarise(samples, (size_t)count, &summary, error));
  *median = 1e3 * summary.median;
  *runs = count;
  return GB_OK;
}

gb_status gb_run_latency(const gb_graph *graph, double *median, int *runs, gb_error *error) {
  gb_weights weights = {0};
  gb_reference *engine = NULL;
  int64_t in = gb_shape_count(&graph->nodes[0].op.out);
  int64_t out = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
  float *input = gb_allocate(NULL, (size_t)in, sizeof *input);
  float *output = gb_allocate(NULL, (size_t)out, sizeof *output);
  gb_status status = input && output ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK)
    status = gb_weights_recipe(graph, 1, &weights, error);
  if (status == GB_OK)
    status = gb_reference_new(graph, &weights, &engine, error);
  if (status == GB_OK) {
    gb_recipe_input(input, in);
    status = measure(engine, input, output, median, runs, error);
  }
  gb_reference_free(engine);
  gb_weights_free(&weights);
  gb_release(NULL, input);
  gb_release(NULL, output);
  return status;
}
