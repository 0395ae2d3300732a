// Chains that run strip by strip: the same bits as whole maps, on maps large enough for them, with
// sizes that no strip and no number of threads divides.
#include "tests/lib/check.h"
#include "tests/lib/quick.h"
#include "tests/networks/zoo.h"

#include "harness/engine/engine.h"
#include "layers/kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

static const network large[] = {
    {"ghostnet", {{"resolution", "224"}}, 1},
    {"ghostnet", {{"resolution", "203"}, {"d", "5"}}, 2},
    {"ghostnet", {{"resolution", "224"}, {"s", "3"}}, 2},
    {"repghost", {{"resolution", "199"}}, 1},
    {"mobilenet-v1", {{"resolution", "224"}}, 1},
    {"mobilenet-v1", {{"resolution", "193"}, {"padding", "same"}}, 2},
    {"mobilenet-v2", {{"resolution", "224"}}, 1},
    {"mobilenet-v2", {{"resolution", "161"}}, 1},
    {"mobilenet-v3-large", {{"resolution", "224"}}, 1},
    {"mobilenet-v3-large", {{"resolution", "181"}}, 1},
    {"shufflenet-v2", {{"resolution", "224"}}, 1},
    {"resnet50", {{"resolution", "201"}}, 1},
};
enum { LARGE = sizeof large / sizeof *large };

typedef struct made {
  gb_graph *graph;
  gb_weights weights;
  float *input, *output;
  size_t bytes; // of the output
} made;

static gb_status make(const network *n, int64_t batch, made *m, gb_error *error) {
  *m = (made){0};
  GB_TRY(graph_of(n, batch, &m->graph, error));
  GB_TRY(gb_weights_recipe(m->graph, 1.0, &m->weights, error));
  const gb_node *nodes = m->graph->nodes;
  int64_t inputs = gb_shape_count(&nodes[0].op.out);
  m->bytes = sizeof(float) * (size_t)gb_shape_count(&nodes[m->graph->node_count - 1].op.out);
  m->input = malloc(sizeof(float) * (size_t)inputs);
  m->output = malloc(m->bytes);
  if (!m->input || !m->output)
    return gb_fail_memory(error);
  gb_recipe_input(m->input, inputs);
  return GB_OK;
}

static void discard(made *m) {
  free(m->input);
  free(m->output);
  gb_weights_free(&m->weights);
  gb_graph_free(m->graph);
}

// Runs it into m->output; gives the number of steps that go by strips, -1 on failure.
static int run(made *m, gb_native_options options, check_state *check) {
  gb_error error = {0};
  gb_native *engine;
  if (gb_native_new(m->graph, &m->weights, &options, &engine, &error) != GB_OK) {
    FAIL("%s", error.message);
    return -1;
  }
  int strips = 0;
  for (size_t i = 0; i < gb_native_step_count(engine); i++) {
    gb_step_info info;
    gb_native_step(engine, i, &info);
    strips += info.strips > 0;
  }
  // A chain's memory keeps rows of the run before, of another image here.
  int64_t inputs = gb_shape_count(&m->graph->nodes[0].op.out);
  for (int k = 0; k < 2; k++) {
    for (int64_t i = 0; i < inputs; i++)
      m->input[i] = -m->input[i];
    gb_native_run(engine, m->input, m->output);
  }
  gb_native_free(engine);
  return strips;
}

TEST(strips_change_no_bit) {
  for (int i = 0; i < LARGE; i += quick() ? 5 : 1)
    for (int64_t batch = 1; batch <= 2; batch++) {
      gb_error error = {0};
      made m;
      REQUIRE_OK(make(&large[i], batch, &m, &error), error);
      static const char *const sets[] = {"avx512", "avx2", "neon", "baseline"};
      for (int k = 0; k < 4; k++) {
        gb_isa isa;
        if (!gb_isa_parse(sets[k], &isa) || !gb_kernels_for(isa) || (k == 3 && batch == 1))
          continue;
        gb_native_options options = {.threads = 1, .isa = sets[k]};
        int strips = run(&m, options, check);
        float *with = m.output;
        m.output = malloc(m.bytes);
        REQUIRE(m.output);
        options.without = 1u << GB_PASS_STRIPS;
        CHECK_INT(run(&m, options, check), 0);
        if (strips < 2)
          FAIL("%s: %d steps go by strips", large[i].name, strips);
        if (memcmp(with, m.output, m.bytes) != 0)
          FAIL("%s %s, batch %d, %s: other bits by strips", large[i].name,
               large[i].settings[0].value, (int)batch, sets[k]);
        free(with);
      }
      discard(&m);
    }
}

// Every thread goes by strips of its own band, and makes rows of its neighbours' where windows
// reach there.
TEST(nor_do_those_of_several_threads) {
  for (int i = 0; i < LARGE; i += quick() ? 6 : 1) {
    gb_error error = {0};
    made m;
    REQUIRE_OK(make(&large[i], 1, &m, &error), error);
    CHECK_INT(run(&m, (gb_native_options){.threads = 1, .without = 1u << GB_PASS_STRIPS}, check),
              0);
    float *alone = m.output;
    m.output = malloc(m.bytes);
    REQUIRE(m.output);
    for (int threads = 2; threads <= (quick() ? 3 : 4); threads++) {
      memset(m.output, 0, m.bytes);
      int strips = run(&m, (gb_native_options){.threads = threads}, check);
      if (threads == 2 && strips < 2)
        FAIL("%s, %d threads: %d steps go by strips", large[i].name, threads, strips);
      if (memcmp(alone, m.output, m.bytes) != 0)
        FAIL("%s %s: other bits by strips of %d threads", large[i].name, large[i].settings[0].value,
             threads);
    }
    free(alone);
    discard(&m);
  }
}

TEST(threads_without_bands_take_none) {
  gb_error error = {0};
  made m;
  REQUIRE_OK(make(&large[0], 1, &m, &error), error);
  gb_native_options options = {.threads = 2, .without = 1u << GB_PASS_BANDS};
  CHECK_INT(run(&m, options, check), 0);
  discard(&m);
  REQUIRE_OK(make(&large[0], 2, &m, &error), error);
  CHECK_INT(run(&m, (gb_native_options){.threads = 2}, check), 0);
  discard(&m);
}

TEST_MAIN(CASE(strips_change_no_bit), CASE(nor_do_those_of_several_threads),
          CASE(threads_without_bands_take_none))
