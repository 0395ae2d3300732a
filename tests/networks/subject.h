// A graph with weights and an input, and what the reference engine makes of them: what the native
// engine is compared with.
#ifndef GB_TESTS_SUBJECT_H
#define GB_TESTS_SUBJECT_H

#include "harness/engine/engine.h"
#include "harness/xml/xml.h"
#include "layers/base/memory.h"

#include <math.h>
#include <string.h>

typedef struct subject {
  gb_graph *graph; // owned, as all that follows
  gb_weights weights;
  float *input, *expected, *got; // `got` is for the engine under test
  size_t outputs;
  double spread; // of the expected outputs, largest minus smallest
  double most;   // their largest magnitude
} subject;

static inline void subject_free(subject *s) {
  gb_release(NULL, s->input);
  gb_release(NULL, s->expected);
  gb_release(NULL, s->got);
  gb_weights_free(&s->weights);
  gb_graph_free(s->graph);
}

// All but the graph, which is there. Free it also after an error.
static inline gb_status subject_fill(subject *s, gb_error *error) {
  GB_TRY(gb_weights_recipe(s->graph, 1.0, &s->weights, error));
  int64_t inputs = gb_shape_count(&s->graph->nodes[0].op.out);
  s->outputs = (size_t)gb_shape_count(&s->graph->nodes[s->graph->node_count - 1].op.out);
  s->input = gb_allocate(NULL, (size_t)inputs, sizeof(float));
  s->expected = gb_allocate(NULL, s->outputs, sizeof(float));
  s->got = gb_allocate(NULL, s->outputs, sizeof(float));
  if (!s->input || !s->expected || !s->got)
    return gb_fail_memory(error);
  gb_recipe_input(s->input, inputs);
  gb_reference *reference;
  GB_TRY(gb_reference_new(s->graph, &s->weights, &reference, error));
  gb_status status = gb_reference_run(reference, s->input, s->expected, NULL, NULL, error);
  gb_reference_free(reference);
  double low = (double)s->expected[0], high = low;
  for (size_t i = 0; i < s->outputs; i++) {
    low = fmin(low, (double)s->expected[i]);
    high = fmax(high, (double)s->expected[i]);
  }
  s->spread = high - low;
  s->most = fmax(high, -low);
  return status;
}

// The largest difference from what is expected; not a number where one output is none.
static inline double subject_off(const subject *s, const float *got) {
  double worst = 0;
  for (size_t i = 0; i < s->outputs; i++) {
    double off = fabs((double)got[i] - (double)s->expected[i]);
    if (!(off <= worst))
      worst = off;
  }
  return worst;
}

// The graph of an <architecture> given as text.
static inline gb_status subject_graph(const char *text, int64_t batch, gb_graph **graph,
                                      gb_error *error) {
  static const char *const roots[] = {".", NULL};
  gb_places places = {roots};
  gb_architecture *architecture = NULL;
  gb_network *flat = NULL;
  *graph = NULL;
  gb_status status =
      gb_architecture_parse(text, strlen(text), "one.xml", &places, &architecture, error);
  if (status == GB_OK)
    status = gb_architecture_expand(architecture, NULL, 0, NULL, 0, false, &flat, error);
  if (status == GB_OK)
    status = gb_graph_build(flat->root, batch, graph, error);
  gb_network_free(flat);
  gb_architecture_free(architecture);
  return status;
}

#endif
