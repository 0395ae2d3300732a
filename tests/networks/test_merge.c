// Branches that merge into one convolution, and those that must not, and what stands behind a
// concatenation: the plan's steps are counted, outputs compared with the reference engine's.
#include "tests/lib/check.h"
#include "tests/networks/subject.h"

// Layers behind `<conv name='x' …>`, which makes 8 maps of 9 × 11; how many steps they become.
typedef struct one_case {
  const char *layers;
  int64_t steps;
} one_case;

static const one_case merged[] = {
    // RepVGG: 3×3, 1×1 and identity, each with its batch norm.
    {"<conv name='a' kernel='3' out='8' norm='an'/><conv name='b' from='x' kernel='1' out='8' "
     "norm='bn'/><batch-norm name='c' from='x'/><add from='an bn c'/>",
     1},
    // RepGhost: depthwise and identity's batch norm, an activation behind.
    {"<depthwise name='a' kernel='3' norm='an'/><batch-norm name='c' from='x'/>"
     "<add from='an c'/><activation function='relu'/>",
     1},
    {"<depthwise name='a' kernel='5'/><add from='a x'/>", 1},
    {"<conv name='a' kernel='1' out='8'/><add from='a x'/>", 1},
    {"<conv name='a' kernel='3' out='8' groups='4' bias='1'/><add from='x a'/>", 1},
    // Smaller windows inside: along one axis each, with a stride, dilated.
    {"<conv name='a' kernel='5' out='6'/><conv name='b' from='x' kernel='1x3' out='6' bias='1'/>"
     "<conv name='c' from='x' kernel='3x1' out='6'/><add from='c b a'/>",
     1},
    {"<conv name='a' kernel='3' stride='2' out='6'/><conv name='b' from='x' kernel='1' stride='2' "
     "out='6'/><add from='a b'/>",
     1},
    {"<depthwise name='a' kernel='5' dilation='2' padding='4'/><depthwise name='b' from='x' "
     "kernel='3' dilation='2' padding='2'/><add from='a b x'/>",
     1},
    // What does not join stays in the sum, which the convolution then adds.
    {"<conv name='p' kernel='1' out='8' act='relu'/><depthwise name='a' from='x' kernel='3'/>"
     "<add from='x a p'/>",
     2},
    {"<max-pool name='p' kernel='3' stride='1' padding='1'/><conv name='a' from='x' kernel='3' "
     "out='8'/>"
     "<batch-norm name='c' from='x'/><add from='p a c'/>",
     2},
};

static const one_case apart[] = {
    // An activation stands between, another step reads the branch, the inputs differ.
    {"<conv name='a' kernel='3' out='8' act='relu'/><batch-norm name='c' from='x'/>"
     "<add from='a.act c'/>",
     3},
    // Groups, strides, dilations or places of windows differ.
    {"<conv name='a' kernel='3' out='8'/><depthwise name='b' from='x' kernel='3'/>"
     "<add from='a b'/>",
     2},
    {"<depthwise name='a' kernel='3' dilation='2' padding='2'/><depthwise name='b' from='x' "
     "kernel='3'/><add from='a b'/>",
     2},
    {"<conv name='a' kernel='3' out='8' padding='0'/><conv name='b' from='x' kernel='3' "
     "padding='0' dilation='1' out='8'/><multiply from='a b'/>",
     3},
    {"<depthwise name='a' kernel='2' padding='0,1,1,0'/><depthwise name='b' from='x' kernel='2' "
     "padding='1,0,0,1'/><add from='a b'/>",
     2},
    {"<conv name='a' kernel='3' out='8'/><conv name='b' kernel='3' out='8'/><add from='a b'/>", 2},
};

// A batch norm and an activation behind a concatenation are taken in by its parts.
static const one_case parts[] = {
    {"<depthwise name='a' from='x' kernel='3'/><depthwise name='b' from='x' kernel='5'/>"
     "<concat from='a b'/><batch-norm name='c'/><activation function='relu'/>"
     "<conv name='e' kernel='1' out='4'/>",
     3},
    {"<depthwise name='a' from='x' kernel='3'/><conv name='b' from='x' kernel='1' out='3'/>"
     "<concat name='ab' from='a b'/><batch-norm name='c'/><activation name='d' function='relu'/>"
     "<concat from='x d'/><conv name='e' kernel='1' out='4'/>",
     3},
    // Two readers of what is behind, one of them of a part of it.
    {"<depthwise name='a' from='x' kernel='3'/><conv name='b' from='x' kernel='1' out='3'/>"
     "<concat from='a b'/><batch-norm name='c'/><slice name='s' from='c' start='6' count='4'/>"
     "<conv name='e' kernel='3' out='4'/><conv name='f' from='c' kernel='1' out='4'/>"
     "<multiply from='e f'/>",
     5},
    // One step for each map where another step reads a part, a part appears twice (copied), or what
    // makes a part takes nothing in.
    {"<depthwise name='a' from='x' kernel='3'/><depthwise name='b' from='x' kernel='5'/>"
     "<concat name='ab' from='a b'/><batch-norm name='c'/><conv name='e' kernel='1' out='4'/>"
     "<conv name='f' from='a' kernel='1' out='4'/><multiply from='e f'/>",
     6},
    {"<depthwise name='a' from='x' kernel='3'/><concat from='a a'/><batch-norm name='c'/>"
     "<conv name='e' kernel='1' out='4'/>",
     4},
    {"<max-pool name='a' from='x' kernel='3' stride='1' padding='1'/><concat from='a x'/>"
     "<batch-norm name='c'/><conv name='e' kernel='1' out='4'/>",
     3},
};

static gb_status subject_make(const char *layers, subject *s, gb_error *error) {
  char text[2048];
  *s = (subject){0};
  snprintf(text, sizeof text,
           "<architecture name='one'><input channels='4' height='9' width='11'/>"
           "<conv name='x' kernel='3' out='8'/>%s</architecture>",
           layers);
  GB_TRY(subject_graph(text, 2, &s->graph, error));
  return subject_fill(s, error);
}

static int64_t run(check_state *check, const one_case *c, subject *s, int threads,
                   unsigned without) {
  gb_error error = {0};
  gb_native *engine;
  gb_native_options options = {.threads = threads, .without = without};
  if (gb_native_new(s->graph, &s->weights, &options, &engine, &error) != GB_OK) {
    FAIL("%s: %s", c->layers, error.message);
    return -1;
  }
  memset(s->got, 0xff, s->outputs * sizeof *s->got);
  gb_native_run(engine, s->input, s->got);
  double worst = subject_off(s, s->got);
  if (!(worst <= 1e-6 * s->most) || !(s->most > 0))
    FAIL("%s, %d threads, without %#x: off by %.3g of %.3g", c->layers, threads, without,
         worst / s->most, s->most);
  int64_t steps = (int64_t)gb_native_step_count(engine) - 1; // the first convolution
  gb_native_free(engine);
  return steps;
}

static void try_case(check_state *check, const one_case *c, bool merges) {
  gb_error error = {0};
  subject s;
  if (subject_make(c->layers, &s, &error) != GB_OK) {
    FAIL("%s: %s", c->layers, error.message);
    subject_free(&s);
    return;
  }
  // A convolution adds one other branch without merging.
  int64_t without =
      run(check, c, &s, 1, 1u << GB_PASS_MERGE_BRANCHES | (merges ? 1u << GB_PASS_FUSE_ADD : 0));
  for (int threads = 1; threads <= 2; threads++) {
    int64_t steps = run(check, c, &s, threads, 0);
    if (steps != c->steps)
      FAIL("%s: %d steps, expected %d", c->layers, (int)steps, (int)c->steps);
    if (merges ? steps >= without : steps != without)
      FAIL("%s: %d steps, %d without merging", c->layers, (int)steps, (int)without);
  }
  for (unsigned pass = 0; pass < GB_PASS_COUNT; pass++)
    run(check, c, &s, 1, 1u << pass);
  subject_free(&s);
}

TEST(linear_branches_become_one_convolution) {
  for (size_t i = 0; i < sizeof merged / sizeof *merged; i++)
    try_case(check, &merged[i], true);
}

TEST(other_branches_stay_apart) {
  for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
    try_case(check, &apart[i], false);
}

TEST(what_is_behind_a_concatenation_goes_into_its_parts) {
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    try_case(check, &parts[i], false);
}

TEST_MAIN(CASE(linear_branches_become_one_convolution), CASE(other_branches_stay_apart),
          CASE(what_is_behind_a_concatenation_goes_into_its_parts))
