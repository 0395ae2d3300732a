// Convolution, depthwise and linear against sums written per output element, and their properties.
#include "tests/layers/mini.h"

typedef struct setting {
  gb_shape in;
  int64_t out, groups;
  gb_size kernel, stride, dilation;
  const char *padding;
  bool bias;
} setting;

// The padding in front of and behind an axis, written anew from the modes' definitions.
static void pads(const char *mode, bool width, int64_t in, int64_t k, int64_t s, int64_t d,
                 int64_t *before, int64_t *after) {
  *before = *after = 0;
  int64_t reach = (k - 1) * d + 1; // of the dilated kernel
  if (strcmp(mode, "half") == 0) {
    *before = *after = (k / 2) * d;
  } else if (strcmp(mode, "same") == 0) {
    // TensorFlow's words: reach - s where s divides the size, else reach - size mod s; at least 0.
    int64_t total = in % s == 0 ? reach - s : reach - in % s;
    total = total < 0 ? 0 : total;
    *before = total / 2;
    *after = total - total / 2;
  } else if (strcmp(mode, "causal") == 0 && width) {
    *before = reach - 1;
  } else if (strcmp(mode, "1,2,0,3") == 0) { // top, right, bottom, left
    *before = width ? 3 : 1;
    *after = width ? 2 : 0;
  }
}

// How many positions of the window fit, by trying them.
static int64_t positions(int64_t in, int64_t k, int64_t s, int64_t d, int64_t before,
                         int64_t after) {
  int64_t n = 0;
  while (n * s + (k - 1) * d < in + before + after)
    n++;
  return n;
}

// The sum that defines an output element, and the sum of its terms' magnitudes.
static double element(const setting *t, const mini_value *x, const mini_node *node, int64_t top,
                      int64_t left, int64_t n, int64_t o, int64_t v, int64_t u, double *size) {
  int64_t per_group = t->in.c / t->groups, taps = t->kernel.h * t->kernel.w;
  double sum = t->bias ? (double)node->params[1][o] : 0;
  *size = fabs(sum);
  for (int64_t i = 0; i < per_group; i++)
    for (int64_t k = 0; k < taps; k++) {
      double term = (double)node->params[0][(o * per_group + i) * taps + k] *
                    mini_at(x, n, o / (t->out / t->groups) * per_group + i,
                            v * t->stride.h + k / t->kernel.w * t->dilation.h - top,
                            u * t->stride.w + k % t->kernel.w * t->dilation.w - left);
      sum += term;
      *size += fabs(term);
    }
  return sum;
}

static void compare(check_state *check, const setting *t, const char *kind, mini *m) {
  int64_t top, bottom, left, right;
  pads(t->padding, false, t->in.h, t->kernel.h, t->stride.h, t->dilation.h, &top, &bottom);
  pads(t->padding, true, t->in.w, t->kernel.w, t->stride.w, t->dilation.w, &left, &right);
  gb_shape os = {t->in.n, t->out,
                 positions(t->in.h, t->kernel.h, t->stride.h, t->dilation.h, top, bottom),
                 positions(t->in.w, t->kernel.w, t->stride.w, t->dilation.w, left, right)};
  char text[256], shape[GB_SHAPE_TEXT];
  int used =
      snprintf(text, sizeof text, "kernel=%dx%d stride=%dx%d dilation=%dx%d padding=%s bias=%d ",
               (int)t->kernel.h, (int)t->kernel.w, (int)t->stride.h, (int)t->stride.w,
               (int)t->dilation.h, (int)t->dilation.w, t->padding, t->bias);
  if (strcmp(kind, "depthwise") == 0)
    snprintf(text + used, sizeof text - (size_t)used, "multiplier=%d", (int)(t->out / t->in.c));
  else
    snprintf(text + used, sizeof text - (size_t)used, "out=%d groups=%d", (int)t->out,
             (int)t->groups);
  gb_shape_print(&t->in, shape);
  int input = mini_input(m, "x", t->in), output;
  gb_status status = mini_try(m, kind, "layer", text, &input, 1, &output);
  if (os.h == 0 || os.w == 0) {
    if (status != GB_ESHAPE)
      FAIL("%s %s on %s was taken", kind, text, shape);
    return;
  }
  if (status != GB_OK || !gb_shape_equal(&m->values[output].shape, &os)) {
    FAIL("%s %s on %s: wrong shape; %s", kind, text, shape, m->error.message);
    return;
  }
  const mini_node *node = mini_find(m, "layer");
  int64_t terms = t->in.c / t->groups * t->kernel.h * t->kernel.w;
  CHECK_INT(mini_count(&node->specs[0]), t->out * terms);
  CHECK_INT(node->n_params, t->bias ? 2 : 1);
  CHECK_INT(node->cost.macs, gb_shape_count(&os) * terms);
  for (int64_t i = 0; i < gb_shape_count(&os); i++) {
    int64_t u = i % os.w, v = i / os.w % os.h, o = i / os.w / os.h % os.c,
            n = i / os.w / os.h / os.c;
    double size, sum = element(t, &m->values[input], node, top, left, n, o, v, u, &size);
    double got = (double)m->values[output].data[i];
    if (!(fabs(got - sum) <= mini_tolerance(terms + 1, size))) {
      FAIL("%s %s on %s at %d,%d,%d,%d: %.9g, expected %.9g", kind, text, shape, (int)n, (int)o,
           (int)v, (int)u, got, sum);
      return;
    }
  }
}

static void check_against_sums(check_state *check, const setting *t, const char *kind) {
  mini m;
  mini_open(&m);
  compare(check, t, kind, &m);
  mini_close(&m);
}

static const int64_t sides[] = {1, 2, 3, 4, 5, 7, 8, 13};
static const int64_t kernels[] = {1, 1, 2, 3, 4, 5, 7};
static const int64_t steps[] = {1, 1, 2, 3};
static const int64_t dilations[] = {1, 1, 2, 3};
static const char *const modes[] = {"half", "valid", "same", "causal", "1,2,0,3"};
enum { MODES = sizeof modes / sizeof *modes };

static setting random_setting(gb_random *r) {
  static const int64_t batches[] = {1, 1, 2};
  setting t = {.padding = MINI_PICK(r, modes), .bias = gb_random_next(r) % 2};
  t.in.n = MINI_PICK(r, batches);
  t.in.h = MINI_PICK(r, sides);
  t.in.w = MINI_PICK(r, sides);
  t.kernel.h = MINI_PICK(r, kernels);
  t.kernel.w = MINI_PICK(r, kernels);
  t.stride.h = MINI_PICK(r, steps);
  t.stride.w = MINI_PICK(r, steps);
  t.dilation.h = MINI_PICK(r, dilations);
  t.dilation.w = MINI_PICK(r, dilations);
  return t;
}

TEST(conv_equals_its_sum) {
  gb_random r = {1};
  static const int64_t few[] = {1, 2, 3};
  for (int i = 0; i < 2000; i++) {
    setting t = random_setting(&r);
    t.groups = MINI_PICK(&r, few);
    t.in.c = t.groups * MINI_PICK(&r, few);
    t.out = t.groups * MINI_PICK(&r, few);
    check_against_sums(check, &t, "conv");
  }
}

TEST(depthwise_equals_its_sum) {
  gb_random r = {2};
  static const int64_t few[] = {1, 2, 3, 5};
  for (int i = 0; i < 2000; i++) {
    setting t = random_setting(&r);
    t.groups = t.in.c = MINI_PICK(&r, few);
    t.out = t.groups * MINI_PICK(&r, few);
    check_against_sums(check, &t, "depthwise");
  }
}

// Every combination of a small side with kernel, stride, dilation and mode: the kernel less than
// the side, equal to it, and one more.
TEST(conv_equals_its_sum_at_the_edges) {
  for (int64_t side = 1; side <= 5; side++)
    for (int64_t k = 1; k <= side + 1; k++)
      for (int64_t s = 1; s <= 3; s++)
        for (int64_t d = 1; d <= 2; d++)
          for (size_t mode = 0; mode < MODES; mode++) {
            setting t = {{1, 1, side, side + 1}, 1, 1, {k, k}, {s, s}, {d, d}, modes[mode], false};
            check_against_sums(check, &t, "conv");
          }
}

TEST(depthwise_is_conv_with_a_group_for_each_map) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){2, 5, 6, 7});
  int a = mini_layer(&m, "depthwise", "same", "kernel=3x2 multiplier=2 stride=2 padding=same", x);
  int b = mini_layer(&m, "conv", "same", "out=10 groups=5 kernel=3x2 stride=2 padding=same", x);
  mini_same(check, &m, a, &m, b, 0);
  mini_close(&m);
}

// Keras: an even kernel of 64 pads 31 before and 32 behind, so that the length stays.
TEST(same_padding_of_even_kernels_is_as_keras) {
  int64_t t, r, b, l;
  const gb_size eeg = {22, 1125}, kernel = {1, 64}, one = {1, 1};
  gb_padding same = {.mode = GB_PAD_SAME}, half = {.mode = GB_PAD_HALF};
  gb_padding_resolve(&same, kernel, one, one, eeg, &t, &r, &b, &l);
  CHECK(t == 0 && b == 0 && l == 31 && r == 32);
  CHECK_INT(gb_window_out(1125, 64, 1, 1, l, r), 1125);
  gb_padding_resolve(&half, kernel, one, one, eeg, &t, &r, &b, &l);
  CHECK_INT(gb_window_out(1125, 64, 1, 1, l, r), 1126); // as braindecode
  // TensorFlow at stride 2 on an even size: nothing before, one behind.
  gb_padding_resolve(&same, (gb_size){3, 3}, (gb_size){2, 2}, one, (gb_size){224, 224}, &t, &r, &b,
                     &l);
  CHECK(t == 0 && l == 0 && b == 1 && r == 1);
}

TEST(conv_is_linear) {
  mini m;
  mini_open(&m);
  gb_shape shape = {1, 3, 6, 5};
  static const char attributes[] = "out=4 kernel=3 stride=2";
  int a = mini_input(&m, "a", shape), b = mini_input(&m, "b", shape);
  int sum = mini_input(&m, "", shape);
  for (int64_t i = 0; i < gb_shape_count(&shape); i++)
    m.values[sum].data[i] = 2 * m.values[a].data[i] - m.values[b].data[i];
  int ya = mini_layer(&m, "conv", "w", attributes, a);
  int yb = mini_layer(&m, "conv", "w", attributes, b);
  int ys = mini_layer(&m, "conv", "w", attributes, sum);
  REQUIRE(ya >= 0 && yb >= 0 && ys >= 0);
  // 27 products, each at most 1 in a and b, at most 3 in the sum.
  for (int64_t i = 0; i < gb_shape_count(&m.values[ys].shape); i++)
    CHECK_NEAR(m.values[ys].data[i], 2 * m.values[ya].data[i] - m.values[yb].data[i],
               2 * mini_tolerance(27, 27 * 3));
  mini_close(&m);
}

TEST(an_impulse_draws_the_kernel_mirrored) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 7, 9});
  memset(m.values[x].data, 0, 63 * sizeof(float));
  m.values[x].data[3 * 9 + 4] = 1;
  int y = mini_layer(&m, "conv", "w", "out=1 kernel=3x5", x);
  REQUIRE(y >= 0);
  const float *w = mini_find(&m, "w")->params[0];
  for (int64_t v = 0; v < 7; v++)
    for (int64_t u = 0; u < 9; u++) {
      int64_t ky = 3 + 1 - v, kx = 4 + 2 - u; // the tap that meets the impulse from here
      bool inside = ky >= 0 && ky < 3 && kx >= 0 && kx < 5;
      CHECK(mini_at(&m.values[y], 0, 0, v, u) == (inside ? (double)w[ky * 5 + kx] : 0));
    }
  mini_close(&m);
}

TEST(a_shift_by_the_stride_shifts_the_output_by_one) {
  mini m;
  mini_open(&m);
  gb_shape shape = {1, 2, 12, 15};
  int x = mini_input(&m, "x", shape), moved = mini_input(&m, "", shape);
  for (int64_t i = 0; i < gb_shape_count(&shape); i++)
    m.values[moved].data[i] = (float)mini_at(&m.values[x], 0, i / 180, i / 15 % 12 - 2, i % 15 - 3);
  static const char attributes[] = "out=3 kernel=3 stride=2x3 padding=valid";
  int a = mini_layer(&m, "conv", "w", attributes, x);
  int b = mini_layer(&m, "conv", "w", attributes, moved);
  REQUIRE(a >= 0 && b >= 0);
  gb_shape os = m.values[a].shape;
  for (int64_t c = 0; c < os.c; c++)
    for (int64_t v = 1; v < os.h; v++)
      for (int64_t u = 1; u < os.w; u++)
        CHECK(mini_at(&m.values[b], 0, c, v, u) == mini_at(&m.values[a], 0, c, v - 1, u - 1));
  mini_close(&m);
}

TEST(causal_padding_looks_back_only) {
  mini m;
  mini_open(&m);
  gb_shape shape = {1, 2, 1, 20};
  int x = mini_input(&m, "x", shape), other = mini_input(&m, "x", shape);
  for (int64_t i = 0; i < 40; i++)
    if (i % 20 >= 11)
      m.values[other].data[i] = 9;
  static const char attributes[] = "out=2 kernel=1x4 dilation=1x2 padding=causal";
  int a = mini_layer(&m, "conv", "w", attributes, x);
  int b = mini_layer(&m, "conv", "w", attributes, other);
  REQUIRE(a >= 0 && b >= 0);
  CHECK_INT(m.values[a].shape.w, 20);
  for (int64_t u = 0; u < 20; u++)
    CHECK((mini_at(&m.values[a], 0, 0, 0, u) == mini_at(&m.values[b], 0, 0, 0, u)) == (u < 11));
  mini_close(&m);
}

static void check_linear(check_state *check, int64_t features, bool bias) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){3, features, 1, 1});
  int y = mini_layer(&m, "linear", "fc", bias ? "out=5" : "out=5 bias=0", x);
  REQUIRE(y >= 0);
  const mini_node *fc = mini_find(&m, "fc");
  CHECK_INT(fc->cost.macs, 3 * 5 * features);
  CHECK_INT(fc->cost.fvcore, 3 * 5 * features);
  CHECK_INT(fc->n_params, bias ? 2 : 1);
  for (int64_t i = 0; i < 15; i++) {
    double sum = bias ? (double)fc->params[1][i % 5] : 0, size = fabs(sum);
    for (int64_t k = 0; k < features; k++) {
      double term = (double)fc->params[0][i % 5 * features + k] *
                    (double)m.values[x].data[i / 5 * features + k];
      sum += term;
      size += fabs(term);
    }
    CHECK_NEAR(m.values[y].data[i], sum, mini_tolerance(features + 1, size));
  }
  mini_close(&m);
}

TEST(linear_equals_its_sum) {
  static const int64_t features[] = {1, 2, 7, 8, 9, 16, 17, 31, 64, 1280};
  for (size_t i = 0; i < sizeof features / sizeof *features; i++)
    for (int bias = 0; bias < 2; bias++)
      check_linear(check, features[i], bias);
}

TEST(shapes_that_do_not_fit_are_told) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 6, 4, 4}), y;
  CHECK_INT(mini_try(&m, "linear", "fc", "out=10", &x, 1, &y), GB_ESHAPE);
  CHECK_CONTAINS(m.error.message, "1×6×4×4");
  CHECK_CONTAINS(m.error.message, "<flatten/>");
  CHECK_INT(mini_try(&m, "conv", "c", "out=8 kernel=3 groups=4", &x, 1, &y), GB_ESHAPE);
  CHECK_CONTAINS(m.error.message, "1×6×4×4");
  CHECK_INT(mini_try(&m, "conv", "c", "out=8 kernel=5 padding=valid", &x, 1, &y), GB_ESHAPE);
  CHECK_CONTAINS(m.error.message, "5x5");
  CHECK_CONTAINS(m.error.message, "1×6×4×4");
  CHECK_INT(mini_try(&m, "depthwise", "d", "kernel=5 padding=valid", &x, 1, &y), GB_ESHAPE);
  // Nothing of this overflows; a weight tensor beyond the limit is refused.
  CHECK_INT(mini_try(&m, "conv", "c",
                     "out=1000000 kernel=65536 dilation=65536 stride=65536 padding=same", &x, 1,
                     &y),
            GB_ELIMIT);
  CHECK_CONTAINS(m.error.message, "1000000×6×65536×65536");
  CHECK_INT(
      mini_try(&m, "depthwise", "d", "kernel=65536 dilation=65536 multiplier=1000000", &x, 1, &y),
      GB_ELIMIT);
  CHECK_CONTAINS(m.error.message, "too large");
  mini_close(&m);
}

// The limit is on the weights that are there: groups make them few.
TEST(many_groups_are_within_the_limit) {
  static const char *const kinds[] = {"conv", "depthwise"};
  for (int i = 0; i < 2; i++) {
    const gb_layer *layer = gb_layer_find(kinds[i]);
    REQUIRE(layer);
    void *attrs = calloc(1, layer->attrs_size + 1);
    REQUIRE(attrs);
    gb_attribute given[] = {{.name = "kernel", .value = "3"},
                            {.name = "out", .value = "65536"},
                            {.name = "groups", .value = "65536"}};
    gb_element text = {.kind = kinds[i], .attributes = given, .attribute_count = i == 0 ? 3 : 1};
    gb_error error = {0};
    gb_shape in = {1, 65536, 8, 8}, out;
    CHECK_INT(gb_attrs_parse(layer->attrs, layer->n_attrs, &text, NULL, attrs, NULL, &error),
              GB_OK);
    CHECK_INT(layer->infer(attrs, &in, 1, &out, &error), GB_OK);
    CHECK_INT(out.c, 65536);
    free(attrs);
  }
}

// Costs beyond 2^63 saturate instead of wrapping round.
TEST(costs_saturate) {
  const gb_layer *conv = gb_layer_find("conv");
  REQUIRE(conv);
  void *attrs = calloc(1, conv->attrs_size + 1);
  REQUIRE(attrs);
  gb_attribute given[] = {{.name = "out", .value = "65536"}, {.name = "kernel", .value = "1"}};
  gb_element text = {.kind = "conv", .attributes = given, .attribute_count = 2};
  gb_error error = {0};
  REQUIRE_OK(gb_attrs_parse(conv->attrs, conv->n_attrs, &text, NULL, attrs, NULL, &error), error);
  gb_shape in = {65536, 65536, 1, 1};
  gb_op op = {.layer = conv, .attrs = attrs, .in = &in, .n_in = 1};
  REQUIRE_OK(conv->infer(attrs, &in, 1, &op.out, &error), error);
  gb_cost cost = {0};
  conv->cost(&op, &cost);
  CHECK_INT(cost.macs, INT64_C(1) << 48);
  op.out = (gb_shape){1, 1, 65536, 65536};
  in.c = INT64_C(1) << 32;
  cost = (gb_cost){0};
  conv->cost(&op, &cost);
  CHECK_INT(cost.macs, INT64_MAX);
  free(attrs);
}

TEST_MAIN(CASE(conv_equals_its_sum), CASE(depthwise_equals_its_sum),
          CASE(conv_equals_its_sum_at_the_edges), CASE(depthwise_is_conv_with_a_group_for_each_map),
          CASE(same_padding_of_even_kernels_is_as_keras), CASE(conv_is_linear),
          CASE(an_impulse_draws_the_kernel_mirrored),
          CASE(a_shift_by_the_stride_shifts_the_output_by_one),
          CASE(causal_padding_looks_back_only), CASE(linear_equals_its_sum),
          CASE(shapes_that_do_not_fit_are_told), CASE(many_groups_are_within_the_limit),
          CASE(costs_saturate))
