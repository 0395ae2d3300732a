// Single layers that resample, pick, filter or normalise, on shapes around the kernels' tiles: the
// native engine gives what the layer's plain loops give, the same bits for every number of threads,
// and no step of the plan falls back to these loops.
#include "tests/lib/check.h"
#include "tests/lib/quick.h"
#include "tests/networks/subject.h"

#include "layers/kernels/kernels.h"

// %d: the input's height, then its width. What stands behind lands in a larger tensor.
static const char *const bodies[] = {
    "<affine/>",
    "<affine learned='0' rotate='30' scale='1.3' multiplier='3'/>",
    "<affine learned='0' translate-x='0.25' shear='0.5' norm='n' act='relu'/>",
    "<affine learned='0' translate-x='-1'/>",
    "<affine rotate='-200' multiplier='2' norm='n' act='hard-swish'/>",
    "<wavelet/>",
    "<wavelet bands='1' norm='n' act='relu'/>",
    "<wavelet bands='7' boundary='zero' norm='n' act='relu'/>",
    "<wavelet bands='9' family='daubechies' order='6' boundary='reflect'/>",
    "<wavelet bands='3' axes='width' norm='n'/>",
    "<wavelet bands='5' axes='height' family='daubechies' boundary='reflect' act='relu'/>",
    "<upsample factor='2'/>",
    "<upsample size='5x9'/>",
    "<upsample factor='1x3'/>",
    "<pad-channels out='8'/>",
    "<pad-channels out='5' stride='2'/>",
    "<pad-channels out='5' stride='1x3'/>",
    "<softmax/>",
    "<global-pool/><softmax/>",
    "<ghost out='7' s='2' kernel='1' cheap='affine'/>",
    "<ghost out='7' s='3' kernel='1' cheap='wavelet'/>",
    "<ghost out='16' s='4' kernel='3' cheap='wavelet' family='daubechies'/>",
    "<ghost out='8' s='2' kernel='1' cheap='affine' learned='0' rotate='10'/>",
};
static const int sizes[][2] = {{3, 7}, {1, 1}, {5, 17}, {8, 8}, {14, 33}, {15, 16}};
enum { BODIES = sizeof bodies / sizeof *bodies, SIZES = sizeof sizes / sizeof *sizes };

static gb_status graph_of(const char *body, const int size[2], int64_t batch, gb_graph **graph,
                          gb_error *error) {
  char text[1024];
  snprintf(text, sizeof text,
           "<architecture name='one'><input channels='4' height='%d' width='%d'/>%s</architecture>",
           size[0], size[1], body);
  return subject_graph(text, batch, graph, error);
}

static gb_status subject_make(const char *body, const int size[2], int64_t batch, subject *s,
                              gb_error *error) {
  *s = (subject){0};
  GB_TRY(graph_of(body, size, batch, &s->graph, error));
  return subject_fill(s, error);
}

static void run_once(check_state *check, const char *body, subject *s,
                     const gb_native_options *options, float *output) {
  gb_error error = {0};
  gb_native *engine;
  REQUIRE_OK(gb_native_new(s->graph, &s->weights, options, &engine, &error), error);
  memset(output, 0xff, s->outputs * sizeof *output);
  gb_native_run(engine, s->input, output);
  for (size_t i = 0; i < gb_native_step_count(engine); i++) {
    gb_step_info info;
    gb_native_step(engine, i, &info);
    if (strcmp(info.kind, "forward") == 0)
      FAIL("%s: step '%s' is not the engine's own", body, info.name);
  }
  gb_native_free(engine);
}

static void expect_close(check_state *check, const char *body, const int size[2], const subject *s,
                         const gb_native_options *options, const float *output) {
  // Of the largest magnitude: one pixel has no spread.
  double worst = subject_off(s, output);
  if (!(worst <= 1e-5 * s->most))
    FAIL("%s on %dx%d, %s, %d threads, without %#x: off by %.3g of %.3g", body, size[0], size[1],
         options->isa ? options->isa : "best", options->threads, options->without, worst / s->most,
         s->most);
}

static void compare(check_state *check, const char *body, const int size[2], subject *s) {
  float *one = gb_allocate(NULL, s->outputs, sizeof *one); // one thread's output
  REQUIRE(one);
  static const char *const isas[] = {"avx2", "neon", "baseline"};
  for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
    gb_isa isa;
    gb_native_options options = {.threads = 1, .isa = isas[i]};
    if (!gb_isa_parse(isas[i], &isa) || !gb_kernels_for(isa))
      continue;
    run_once(check, body, s, &options, one);
    expect_close(check, body, size, s, &options, one);
  }
  for (int without = 0; without < 2; without++)
    for (int threads = 1; threads <= 3 - without; threads++) {
      gb_native_options options = {.threads = threads,
                                   .without = without ? (1u << GB_PASS_COUNT) - 1 : 0};
      float *output = threads == 1 ? one : s->got;
      run_once(check, body, s, &options, output);
      expect_close(check, body, size, s, &options, output);
      if (threads > 1 && memcmp(one, s->got, s->outputs * sizeof(float)) != 0)
        FAIL("%s on %dx%d: %d threads give other bits than one", body, size[0], size[1], threads);
    }
  gb_release(NULL, one);
}

TEST(layers_alone_agree_with_plain_loops_on_every_isa_and_thread_count) {
  for (int b = 0; b < BODIES; b++)
    for (int i = 0; i < SIZES; i += quick() ? 2 : 1) {
      subject s;
      gb_error error = {0};
      if (subject_make(bodies[b], sizes[i], 3, &s, &error) != GB_OK)
        FAIL("%s: %s", bodies[b], error.message);
      else
        compare(check, bodies[b], sizes[i], &s);
      subject_free(&s);
    }
}

// Products claim memory of later steps, but not where these find their input there: the sigmoid
// changes x in place, which the product before it does not touch.
TEST(what_a_step_changes_in_place_is_not_claimed) {
  static const char body[] =
      "<conv name='x' kernel='1' out='64'/><conv name='y' kernel='1' out='48' act='relu'/>"
      "<conv name='z' kernel='1' out='64'/><activation name='s' from='x' function='sigmoid'/>"
      "<multiply from='s z'/><conv name='w' kernel='1' out='40'/>";
  static const int size[2] = {7, 7};
  subject s;
  gb_error error = {0};
  REQUIRE_OK(subject_make(body, size, 1, &s, &error), error);
  compare(check, body, size, &s);
  subject_free(&s);
}

// Where nobody else reads it, a product writes over what it adds; not so where threads share it by
// channels, as then its memory could not be claimed. Results agree either way.
TEST(products_add_in_place) {
  static const struct {
    const char *last; // the layer that takes in the addition
    int size, threads;
    bool in_place;
  } cases[] = {
      {"<conv name='b' kernel='1' out='64' bias='true'/>", 14, 1, true},
      {"<conv name='b' kernel='1' out='64' bias='true'/>", 7, 2, false},
      {"<conv name='b' kernel='3' out='64' bias='true'/>", 14, 1, true},
      {"<conv name='b' kernel='5' out='64' bias='true'/>", 14, 1, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const int size[2] = {cases[i].size, cases[i].size};
    char body[512];
    snprintf(body, sizeof body,
             "<conv name='x' kernel='1' out='64' act='relu'/><conv name='a' kernel='1' out='300'/>"
             "%s<add from='x b'/><activation function='relu'/><conv kernel='1' out='8'/>",
             cases[i].last);
    subject s;
    gb_error error = {0};
    REQUIRE_OK(subject_make(body, size, 1, &s, &error), error);
    compare(check, body, size, &s);
    gb_native *engine;
    gb_native_options options = {.threads = cases[i].threads};
    REQUIRE_OK(gb_native_new(s.graph, &s.weights, &options, &engine, &error), error);
    REQUIRE(gb_native_step_count(engine) == 4);
    gb_step_info x, b;
    gb_native_step(engine, 0, &x);
    gb_native_step(engine, 2, &b);
    CHECK_INT(x.offset == b.offset, cases[i].in_place);
    gb_native_free(engine);
    subject_free(&s);
  }
}

// Two threads make a half each of the sums of small maps, with gate, residual and neither; three
// share the channels. compare() wants the same bits.
TEST(products_of_small_maps_are_sums_of_halves) {
  static const char *const small[] = {
      "<conv name='x' kernel='1' out='40'/><conv name='a' kernel='1' out='200' act='relu'/>"
      "<depthwise kernel='3' act='relu'/><squeeze-excite/><conv name='c' kernel='1' out='40'/>"
      "<conv name='d' kernel='1' out='90'/>",
      "<conv name='x' kernel='1' out='40'/><conv name='a' kernel='1' out='200' act='relu'/>"
      "<conv name='b' kernel='1' out='40'/><add from='x b'/><conv name='c' kernel='1' out='20'/>"
      "<conv name='d' kernel='1' out='7'/>",
  };
  for (size_t i = 0; i < sizeof small / sizeof *small; i++)
    for (int side = 2; side <= 8; side++) {
      const int size[2] = {side, side == 8 ? 8 : 7};
      subject s;
      gb_error error = {0};
      REQUIRE_OK(subject_make(small[i], size, 1, &s, &error), error);
      compare(check, small[i], size, &s);
      subject_free(&s);
    }
}

// The ghosts of affine and wavelet modules are written where the concatenation has them.
TEST(ghosts_are_written_in_place) {
  static const char *const modules[] = {
      "<ghost out='16' s='2' kernel='1' cheap='affine'/>",
      "<ghost out='16' s='4' kernel='1' cheap='wavelet'/>",
      "<ghost out='16' s='2' kernel='3' cheap='wavelet' act='none'/>",
  };
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
    gb_error error = {0};
    gb_graph *graph = NULL;
    gb_weights weights;
    gb_native *engine;
    char body[256];
    // What follows keeps the concatenation in the arena.
    snprintf(body, sizeof body, "%s<conv kernel='1' out='4'/>", modules[i]);
    REQUIRE_OK(graph_of(body, (const int[]){8, 8}, 1, &graph, &error), error);
    REQUIRE_OK(gb_weights_recipe(graph, 1.0, &weights, &error), error);
    REQUIRE_OK(gb_native_new(graph, &weights, &(gb_native_options){.threads = 1}, &engine, &error),
               error);
    CHECK_INT(gb_native_step_count(engine), 3); // primary, cheap, the conv behind
    gb_step_info primary, cheap;
    gb_native_step(engine, 0, &primary);
    gb_native_step(engine, 1, &cheap);
    CHECK_INT(cheap.offset - primary.offset, primary.out.c * 64);
    gb_native_free(engine);
    gb_weights_free(&weights);
    gb_graph_free(graph);
  }
}

TEST_MAIN(CASE(layers_alone_agree_with_plain_loops_on_every_isa_and_thread_count),
          CASE(what_a_step_changes_in_place_is_not_claimed), CASE(products_add_in_place),
          CASE(products_of_small_maps_are_sums_of_halves), CASE(ghosts_are_written_in_place))
