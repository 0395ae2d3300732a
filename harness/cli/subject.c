// A network with weights, input and engine, ready to be timed.
#include "harness/cli/latency.h"

#include <math.h>

static gb_status make(gb_subject *s, const char *weights_file, gb_placement *placement,
                      gb_error *error) {
  const gb_graph *graph = s->graph;
  GB_TRY(weights_file ? gb_weights_load(graph, weights_file, &s->weights, NULL, error)
                      : gb_weights_recipe(graph, 1, &s->weights, error));
  int64_t inputs = gb_shape_count(&graph->nodes[0].op.out);
  int64_t outputs = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
  s->input = gb_allocate(NULL, (size_t)inputs, sizeof *s->input);
  s->output = gb_allocate(NULL, (size_t)outputs, sizeof *s->output);
  if (!s->input || !s->output)
    return gb_fail_memory(error);
  gb_recipe_input(s->input, inputs);
  if (placement)
    gb_placement_engine(placement, false);
  gb_status status = gb_engine_new(graph, &s->weights, &s->choice, &s->engine, error);
  if (placement)
    gb_placement_engine(placement, true);
  return status;
}

gb_status gb_subject_make(gb_subject *s, const gb_graph *graph, const char *weights_file,
                          const gb_engine_choice *choice, gb_placement *placement,
                          gb_error *error) {
  *s = (gb_subject){.graph = graph, .choice = *choice};
  gb_status status = make(s, weights_file, placement, error);
  if (status != GB_OK)
    gb_subject_free(s);
  return status;
}

void gb_subject_free(gb_subject *s) {
  gb_engine_free(&s->engine);
  gb_weights_free(&s->weights);
  gb_release(NULL, s->input);
  gb_release(NULL, s->output);
  *s = (gb_subject){0};
}

void gb_subject_run(void *subject) {
  gb_subject *s = subject;
  gb_error error;
  gb_engine_run(&s->engine, s->input, s->output, &error); // has run before: cannot fail
}

double gb_deviation(const float *right, const float *other, int64_t count) {
  double low = HUGE_VAL, high = -HUGE_VAL, worst = 0;
  for (int64_t i = 0; i < count; i++) {
    low = fmin(low, (double)right[i]);
    high = fmax(high, (double)right[i]);
    double difference = fabs((double)right[i] - (double)other[i]);
    if (!(difference <= worst))
      worst = difference;
  }
  return worst / (high - low);
}

gb_status gb_subject_check(gb_subject *s, const gb_graph *first_image, const char *weights_file,
                           gb_error *error) {
  GB_TRY(gb_engine_run(&s->engine, s->input, s->output, error));
  if (!s->choice.native)
    return GB_OK;
  gb_engine_choice plain = {.native = false};
  gb_subject one;
  GB_TRY(gb_subject_make(&one, first_image, weights_file, &plain, NULL, error));
  gb_status status = gb_engine_run(&one.engine, s->input, one.output, error);
  if (status == GB_OK) {
    int64_t count = gb_shape_count(&first_image->nodes[first_image->node_count - 1].op.out);
    s->deviation = gb_deviation(one.output, s->output, count);
    if (!(s->deviation <= 1e-4))
      status = gb_fail(error, GB_EINTERNAL,
                       "the native engine's output is off by %.2g of its spread: not timed",
                       s->deviation);
  }
  gb_subject_free(&one);
  return status;
}
