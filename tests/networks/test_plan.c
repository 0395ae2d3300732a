// What a plan promises of itself: its memory is at most a tenth more than the tensors that are
// alive at once, on every network of the zoo, and its layout keeps tensors apart that are.
#include "tests/lib/check.h"
#include "tests/networks/zoo.h"

#include "harness/engine/engine.h"
#include "harness/engine/layout.h"
#include "layers/base/random.h"
#include "layers/kernels/kernels.h"

TEST(the_arena_is_within_a_tenth_of_what_is_alive_at_once) {
  for (int i = 0; i < NETWORKS; i++)
    for (int64_t batch = 1; batch <= 2; batch++) {
      gb_error error = {0};
      gb_graph *graph = NULL;
      gb_weights weights = {0};
      gb_native *engine = NULL;
      REQUIRE_OK(graph_of(&networks[i], batch, &graph, &error), error);
      REQUIRE_OK(gb_weights_recipe(graph, 1.0, &weights, &error), error);
      REQUIRE_OK(
          gb_native_new(graph, &weights, &(gb_native_options){.threads = 1}, &engine, &error),
          error);
      double arena = (double)gb_native_arena_bytes(engine),
             live = (double)gb_native_live_bytes(engine);
      if (!(live > 0 && arena >= live && arena <= 1.1 * live))
        FAIL("%s, batch %d: %.0f bytes for %.0f", networks[i].name, (int)batch, arena, live);
      CHECK(gb_native_compile_seconds(engine) > 0);
      gb_native_free(engine);
      gb_weights_free(&weights);
      gb_graph_free(graph);
    }
}

static int lies_in_bands(const gb_step_info *info) {
  return info->base == 3;
}

static int asked_for(const gb_step_info *info) {
  return info->asks;
}

static int claimed(const gb_step_info *info) {
  return info->claims;
}

static int by_halves(const gb_step_info *info) {
  return info->halves;
}

// The sum of `of` over the steps of the first network.
static int over_steps(int of(const gb_step_info *info), int64_t batch, int threads,
                      unsigned without, check_state *check) {
  gb_error error = {0};
  gb_graph *graph = NULL;
  gb_weights weights = {0};
  gb_native *engine = NULL;
  int count = -1;
  gb_native_options options = {.threads = threads, .without = without};
  if (graph_of(&networks[0], batch, &graph, &error) == GB_OK &&
      gb_weights_recipe(graph, 1.0, &weights, &error) == GB_OK &&
      gb_native_new(graph, &weights, &options, &engine, &error) == GB_OK)
    count = 0;
  else
    FAIL("%s", error.message);
  for (size_t i = 0; engine && i < gb_native_step_count(engine); i++) {
    gb_step_info info;
    gb_native_step(engine, i, &info);
    count += of(&info);
  }
  gb_native_free(engine);
  gb_weights_free(&weights);
  gb_graph_free(graph);
  return count;
}

TEST(threads_have_bands_of_large_maps) {
  CHECK_INT(over_steps(lies_in_bands, 1, 1, 0, check), 0);
  CHECK(over_steps(lies_in_bands, 1, 2, 0, check) > 10);
  CHECK_INT(over_steps(lies_in_bands, 1, 2, 1u << GB_PASS_BANDS, check), 0);
}

// Each squeeze-excite has two linear layers, and both of the last ones are behind one product.
TEST(products_ask_for_the_weights_of_linear_layers_of_one_image) {
  CHECK(over_steps(asked_for, 1, 1, 0, check) > 10);
  CHECK(over_steps(asked_for, 1, 2, 0, check) > 10);
  CHECK_INT(over_steps(asked_for, 2, 1, 0, check), 0);
  CHECK_INT(over_steps(asked_for, 1, 1, 1u << GB_PASS_PREFETCH, check), 0);
}

// Behind each product of small maps are a depthwise convolution and the next product.
TEST(products_claim_what_other_threads_have_read) {
  CHECK_INT(over_steps(claimed, 1, 1, 0, check), 0);
  CHECK(over_steps(claimed, 1, 2, 0, check) > 20);
  CHECK_INT(over_steps(claimed, 2, 2, 0, check), 0);
  CHECK_INT(over_steps(claimed, 1, 2, 1u << GB_PASS_CLAIM, check), 0);
}

// The last maps of the first network are 5 x 5 and 3 x 3; only sets of 32 registers can.
TEST(two_threads_share_small_deep_products_by_halves) {
  const bool can = gb_kernels_for(gb_isa_detect())->pointwise_halves();
  CHECK(can ? over_steps(by_halves, 1, 2, 0, check) >= 2
            : over_steps(by_halves, 1, 2, 0, check) == 0);
  CHECK_INT(over_steps(by_halves, 1, 1, 0, check), 0);
  CHECK_INT(over_steps(by_halves, 1, 3, 0, check), 0);
  CHECK_INT(over_steps(by_halves, 2, 2, 0, check), 0);
  CHECK_INT(over_steps(by_halves, 1, 2, 1u << GB_PASS_HALVES, check), 0);
}

TEST(what_is_alive_together_lies_apart) {
  enum { MOST = 60 };
  gb_random random = {7};
  for (int round = 0; round < 200; round++) {
    gb_extent extents[MOST];
    gb_error error = {0};
    size_t count = 1 + (size_t)(gb_random_next(&random) % MOST);
    int64_t total, largest = 0;
    for (size_t i = 0; i < count; i++) {
      int first = (int)(gb_random_next(&random) % 30);
      extents[i] = (gb_extent){.size = 1 + (int64_t)(gb_random_next(&random) % 1000),
                               .first = first,
                               .last = first + (int)(gb_random_next(&random) % 5)};
    }
    REQUIRE_OK(gb_layout(extents, count, 16, &total, &error), error);
    for (size_t i = 0; i < count; i++) {
      CHECK(extents[i].offset >= 0 && extents[i].offset % 16 == 0);
      largest = extents[i].offset + extents[i].size > largest ? extents[i].offset + extents[i].size
                                                              : largest;
      for (size_t j = 0; j < i; j++)
        if (extents[i].first <= extents[j].last && extents[j].first <= extents[i].last)
          CHECK(extents[i].offset + extents[i].size <= extents[j].offset ||
                extents[j].offset + extents[j].size <= extents[i].offset);
    }
    CHECK_INT(total, largest);
  }
}

TEST_MAIN(CASE(the_arena_is_within_a_tenth_of_what_is_alive_at_once),
          CASE(threads_have_bands_of_large_maps),
          CASE(products_ask_for_the_weights_of_linear_layers_of_one_image),
          CASE(products_claim_what_other_threads_have_read),
          CASE(two_threads_share_small_deep_products_by_halves),
          CASE(what_is_alive_together_lies_apart))
