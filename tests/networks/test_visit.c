// The engine's hook for counters: every thread, every step once, in order, and the same output.
#include "tests/lib/check.h"

#include "harness/engine/engine.h"
#include "harness/xml/xml.h"
#include "layers/base/memory.h"

#include <stdlib.h>

enum { MAX_THREADS = 2 };

typedef struct seen {
  size_t next[MAX_THREADS]; // step that the thread must begin or end next
  bool inside[MAX_THREADS];
  int wrong[MAX_THREADS];
} seen;

static void visit(void *context, size_t step, int thread, bool begins) {
  seen *s = context;
  if (thread < 0 || thread >= MAX_THREADS)
    return;
  s->wrong[thread] += step != s->next[thread] || begins == s->inside[thread];
  s->inside[thread] = begins;
  s->next[thread] += !begins;
}

static void check_visits(check_state *check, const gb_graph *graph, const gb_weights *weights,
                         int threads) {
  gb_error error = {0};
  gb_native *engine;
  int64_t inputs = gb_shape_count(&graph->nodes[0].op.out);
  int64_t outputs = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
  float *input = gb_allocate(NULL, (size_t)inputs, sizeof *input);
  float *run = gb_allocate(NULL, (size_t)outputs, sizeof *run);
  float *visited = gb_allocate(NULL, (size_t)outputs, sizeof *visited);
  REQUIRE(input && run && visited);
  gb_recipe_input(input, inputs);
  REQUIRE_OK(
      gb_native_new(graph, weights, &(gb_native_options){.threads = threads}, &engine, &error),
      error);
  seen s = {0};
  gb_native_run(engine, input, run);
  gb_native_visit(engine, input, visited, visit, &s);
  gb_native_run(engine, input, run); // visits nobody
  CHECK(memcmp(run, visited, (size_t)outputs * sizeof *run) == 0);
  for (int t = 0; t < threads; t++) {
    CHECK_INT(s.wrong[t], 0);
    CHECK_INT(s.next[t], gb_native_step_count(engine));
    CHECK(!s.inside[t]);
  }
  gb_native_free(engine);
  gb_release(NULL, input);
  gb_release(NULL, run);
  gb_release(NULL, visited);
}

TEST(each_thread_visits_each_step_once_in_order) {
  static const char *const roots[] = {".", NULL};
  gb_places places = {roots};
  gb_architecture *architecture;
  gb_error error = {0};
  REQUIRE_OK(gb_architecture_open("architectures/eegnet.xml", &places, &architecture, &error),
             error);
  for (int batch = 1; batch <= 2;
       batch++) { // 2 images by 2 threads run whole, but not when visited
    gb_network *flat;
    gb_graph *graph;
    gb_weights weights = {0};
    REQUIRE_OK(gb_architecture_expand(architecture, NULL, 0, NULL, 0, false, &flat, &error), error);
    REQUIRE_OK(gb_graph_build(flat->root, batch, &graph, &error), error);
    REQUIRE_OK(gb_weights_recipe(graph, 1, &weights, &error), error);
    for (int threads = 1; threads <= MAX_THREADS; threads++)
      check_visits(check, graph, &weights, threads);
    gb_weights_free(&weights);
    gb_graph_free(graph);
    gb_network_free(flat);
  }
  gb_architecture_free(architecture);
}

TEST_MAIN(CASE(each_thread_visits_each_step_once_in_order))
