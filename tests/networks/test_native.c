// The native engine against the reference engine: every network, instruction set, number of
// threads, batch, and each optimisation switched off.
//
// Both compute in fp32 with sums in another order. A random walk of rounding errors through a
// network of L layers grows as sqrt(L)·eps of the spread, about 1e-6 here; 1e-4 is what the engine
// promises.
#include "tests/lib/check.h"
#include "tests/lib/quick.h"
#include "tests/networks/subject.h"
#include "tests/networks/zoo.h"

#include "layers/kernels/kernels.h"

static gb_status subject_make(const network *n, int64_t batch, subject *s, gb_error *error) {
  *s = (subject){0};
  GB_TRY(graph_of(n, batch, &s->graph, error));
  return subject_fill(s, error);
}

// Runs the native engine twice (the second run sees the first one's memory) and compares.
static void compare(check_state *check, const network *n, subject *s,
                    const gb_native_options *options) {
  gb_error error = {0};
  gb_native *engine;
  REQUIRE_OK(gb_native_new(s->graph, &s->weights, options, &engine, &error), error);
  for (int run = 0; run < 2; run++) {
    memset(s->got, 0xff, s->outputs * sizeof(float));
    gb_native_run(engine, s->input, s->got);
    double worst = subject_off(s, s->got);
    if (!(worst <= 1e-4 * s->spread) || !(s->spread > 0))
      FAIL("%s %s=%s …: off by %.3g of the spread %.3g (isa %s, threads %d, without %#x, run %d)",
           n->name, n->settings[0].name, n->settings[0].value, worst / s->spread, s->spread,
           gb_native_isa(engine), options->threads, options->without, run);
  }
  gb_native_free(engine);
}

static const char *const isas[] = {"avx512", "avx2", "neon", "baseline"};

static bool has_isa(const char *name) {
  gb_isa isa;
  return gb_isa_parse(name, &isa) && gb_kernels_for(isa);
}

static void for_all(check_state *check, int64_t batch,
                    void (*body)(check_state *, const network *, subject *)) {
  // Every sixth network when in a hurry: GhostNet, GhostNetV2, ShuffleNetV1, VGG-16,
  // Ghost-EEG-TCNet.
  for (int i = 0; i < NETWORKS; i += quick() ? 6 : 1) {
    subject s;
    gb_error error = {0};
    if (subject_make(&networks[i], batch, &s, &error) != GB_OK)
      FAIL("%s: %s", networks[i].name, error.message);
    else
      body(check, &networks[i], &s);
    subject_free(&s);
  }
}

static void bitwise(check_state *check, const network *n, subject *s) {
  for (int threads = 1; threads <= 3; threads++) {
    gb_error error = {0};
    gb_native *engine;
    REQUIRE_OK(gb_native_new(s->graph, &s->weights, &(gb_native_options){.threads = threads},
                             &engine, &error),
               error);
    // The reference's output is not needed any more.
    gb_native_run(engine, s->input, threads == 1 ? s->expected : s->got);
    gb_native_free(engine);
    if (threads > 1 && memcmp(s->expected, s->got, s->outputs * sizeof(float)) != 0)
      FAIL("%s: %d threads give other bits than one", n->name, threads);
  }
}

static void everything(check_state *check, const network *n, subject *s) {
  for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
    for (int threads = 1; has_isa(isas[i]) && threads <= 2; threads++)
      compare(check, n, s, &(gb_native_options){.threads = threads, .isa = isas[i]});
  compare(check, n, s, &(gb_native_options){.threads = 3});
  for (unsigned pass = 0; pass < GB_PASS_COUNT; pass++)
    compare(check, n, s, &(gb_native_options){.threads = 1, .without = 1u << pass});
  compare(check, n, s, &(gb_native_options){.threads = 2, .without = (1u << GB_PASS_COUNT) - 1});
  bitwise(check, n, s);
}

static void threads_and_bits(check_state *check, const network *n, subject *s) {
  for (int threads = 1; threads <= 3; threads++)
    compare(check, n, s, &(gb_native_options){.threads = threads});
  bitwise(check, n, s);
}

TEST(single_images_agree_on_every_isa_thread_count_and_optimisation) {
  for_all(check, 1, everything);
}

TEST(batches_agree_on_every_thread_count) {
  for_all(check, 3, threads_and_bits);
}

// Steps that need their inputs side by side read several tensors whose maps are scattered: the
// three factors of a product, the gate and the residual of a convolution.
static const char scattered[] =
    "<architecture name='scattered'><input channels='4' height='6' width='6'/>"
    "<conv name='c' kernel='3' out='8'/><shuffle name='a' groups='2'/>"
    "<shuffle name='b' groups='4' from='c'/><multiply name='m' from='a b c'/>"
    "<global-pool/><shuffle name='g' groups='2'/><multiply name='x' from='a g'/>"
    "<conv name='d' kernel='1' out='8'/><add from='b d'/></architecture>";

TEST(scattered_inputs_are_copied_where_a_step_needs_them_together) {
  gb_error error = {0};
  subject s = {0};
  REQUIRE_OK(subject_graph(scattered, 2, &s.graph, &error), error);
  REQUIRE_OK(subject_fill(&s, &error), error);
  static const network n = {"scattered", {{"batch", "2"}}, 0};
  for (int threads = 1; threads <= 2; threads++)
    compare(check, &n, &s, &(gb_native_options){.threads = threads});
  subject_free(&s);
}

TEST(a_wrong_instruction_set_is_refused) {
  subject s;
  gb_error error = {0};
  gb_native *engine;
  const network *eegnet = &networks[20];
  REQUIRE_OK(subject_make(eegnet, 1, &s, &error), error);
  CHECK_INT(gb_native_new(s.graph, &s.weights, &(gb_native_options){.threads = 1, .isa = "mmx"},
                          &engine, &error),
            GB_EUSAGE);
  CHECK_CONTAINS(error.message, "avx512, avx2, neon, baseline");
  subject_free(&s);
}

TEST_MAIN(CASE(single_images_agree_on_every_isa_thread_count_and_optimisation),
          CASE(batches_agree_on_every_thread_count),
          CASE(scattered_inputs_are_copied_where_a_step_needs_them_together),
          CASE(a_wrong_instruction_set_is_refused))
