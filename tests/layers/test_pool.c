// Max, average and global pooling against windows searched element by element.
#include "tests/layers/mini.h"

typedef struct setting {
  gb_shape in;
  gb_size kernel, stride; // stride 0: as the kernel
  const char *padding;
  bool ceil, count_padding;
} setting;

typedef struct axis {
  int64_t in, kernel, stride, before, after, out;
} axis;

// PyTorch's rule in words: windows begin at every stride-th place; one counts where it ends inside
// the padded input. With ceil, one more does where those left something of the padded input over
// and it begins inside the input or the padding before it.
static axis find_axis(const setting *t, bool width) {
  axis a = {.in = width ? t->in.w : t->in.h, .kernel = width ? t->kernel.w : t->kernel.h};
  a.stride = width ? t->stride.w : t->stride.h;
  if (a.stride == 0)
    a.stride = a.kernel;
  if (strcmp(t->padding, "half") == 0) {
    a.before = a.after = a.kernel / 2;
  } else if (strcmp(t->padding, "same") == 0) {
    int64_t out = (a.in + a.stride - 1) / a.stride;
    int64_t total = (out - 1) * a.stride + a.kernel - a.in;
    total = total < 0 ? 0 : total;
    a.before = total / 2;
    a.after = total - total / 2;
  } else if (strcmp(t->padding, "1,0,0,1") == 0) { // top, right, bottom, left
    a.before = 1;
  } else if (strcmp(t->padding, "0,3,2,0") == 0) {
    a.after = width ? 3 : 2;
  }
  if (a.in + a.before + a.after < a.kernel)
    return a;
  int64_t start = -a.before, end = start;
  for (; start + a.kernel <= a.in + a.after; start += a.stride, a.out++)
    end = start + a.kernel;
  if (t->ceil && end < a.in + a.after && start < a.in)
    a.out++;
  return a;
}

static bool covers(const axis *a, int64_t out, int64_t i) {
  int64_t start = out * a->stride - a->before;
  return i >= start && i < start + a->kernel;
}

static void compare(check_state *check, const setting *t, bool max, mini *m) {
  axis h = find_axis(t, false), w = find_axis(t, true);
  char text[200], shape[GB_SHAPE_TEXT];
  snprintf(text, sizeof text, "kernel=%dx%d stride=%dx%d padding=%s ceil=%d%s", (int)t->kernel.h,
           (int)t->kernel.w, (int)t->stride.h, (int)t->stride.w, t->padding, t->ceil,
           max                ? ""
           : t->count_padding ? " count-padding=1"
                              : " count-padding=0");
  gb_shape_print(&t->in, shape);
  int x = mini_input(m, "x", t->in), y;
  gb_status status = mini_try(m, max ? "max-pool" : "average-pool", "pool", text, &x, 1, &y);
  bool outside =
      h.before >= h.kernel || h.after >= h.kernel || w.before >= w.kernel || w.after >= w.kernel;
  if (outside || h.out == 0 || w.out == 0) {
    if (status != GB_ESHAPE)
      FAIL("%s on %s was taken", text, shape);
    CHECK_CONTAINS(m->error.message, shape);
    return;
  }
  gb_shape expected = {t->in.n, t->in.c, h.out, w.out};
  if (status != GB_OK || !gb_shape_equal(&m->values[y].shape, &expected)) {
    FAIL("%s on %s: %s, expected %dx%d", text, shape, m->error.message, (int)h.out, (int)w.out);
    return;
  }
  for (int64_t i = 0; i < gb_shape_count(&expected); i++) {
    int64_t u = i % w.out, v = i / w.out % h.out, map = i / w.out / h.out;
    double best = -HUGE_VAL, sum = 0, size = 0;
    int64_t count = 0;
    for (int64_t r = -h.before; r < h.in + h.after; r++)
      for (int64_t c = -w.before; c < w.in + w.after; c++) {
        if (!covers(&h, v, r) || !covers(&w, u, c))
          continue;
        bool inside = r >= 0 && r < h.in && c >= 0 && c < w.in;
        double value = mini_at(&m->values[x], map / t->in.c, map % t->in.c, r, c);
        count += inside || t->count_padding;
        sum += value;
        size += fabs(value);
        if (inside && value > best)
          best = value;
      }
    double got = (double)m->values[y].data[i];
    // The mean is found in double and rounded once.
    double error = max ? fabs(got - best) : fabs(got - sum / (double)count);
    if (!(error <= (max ? 0 : mini_tolerance(0, size / (double)count)))) {
      FAIL("%s on %s at %d,%d: %.9g", text, shape, (int)v, (int)u, got);
      return;
    }
  }
}

static void sweep(check_state *check, bool max) {
  static const int64_t sides[] = {1, 2, 3, 4, 5, 7, 9, 12};
  static const int64_t kernels[] = {1, 2, 3, 4, 5};
  static const int64_t strides[] = {0, 1, 2, 3};
  static const char *const paddings[] = {"valid", "half", "same", "1,0,0,1", "0,3,2,0"};
  gb_random r = {7};
  for (int i = 0; i < 3000; i++) {
    setting t = {.in = {1 + (int64_t)(gb_random_next(&r) % 2), 2, 0, 0}};
    t.in.h = MINI_PICK(&r, sides);
    t.in.w = MINI_PICK(&r, sides);
    t.kernel.h = MINI_PICK(&r, kernels);
    t.kernel.w = MINI_PICK(&r, kernels);
    if (gb_random_next(&r) % 4 != 0)
      t.stride = (gb_size){1 + (int64_t)(gb_random_next(&r) % 3), MINI_PICK(&r, strides)};
    if (t.stride.w == 0)
      t.stride.h = 0;
    t.padding = MINI_PICK(&r, paddings);
    t.ceil = gb_random_next(&r) % 2;
    t.count_padding = gb_random_next(&r) % 2;
    mini m;
    mini_open(&m);
    compare(check, &t, max, &m);
    mini_close(&m);
  }
}

TEST(max_pool_finds_the_largest) {
  sweep(check, true);
}

TEST(average_pool_finds_the_mean) {
  sweep(check, false);
}

// A constant map stays what it is where only real elements count.
TEST(the_mean_of_a_constant_is_the_constant) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 2, 7, 9});
  for (int i = 0; i < 126; i++)
    m.values[x].data[i] = 0.7f;
  int y = mini_layer(&m, "average-pool", "p", "kernel=3 stride=2 padding=half count-padding=0", x);
  int z = mini_layer(&m, "average-pool", "q", "kernel=3 stride=2 padding=half", x);
  REQUIRE(y >= 0 && z >= 0);
  for (int64_t i = 0; i < gb_shape_count(&m.values[y].shape); i++)
    CHECK(m.values[y].data[i] == 0.7f);
  CHECK_NEAR(m.values[z].data[0], 0.7 * 4 / 9, 1e-7); // a corner counts its five zeros
  mini_close(&m);
}

TEST(eeg_pooling_is_along_time) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 16, 1, 1125});
  int y = mini_layer(&m, "average-pool", "p", "kernel=1x4", x);
  REQUIRE(y >= 0);
  CHECK_INT(m.values[y].shape.w, 281); // the last sample is left over
  CHECK_INT(m.values[y].shape.h, 1);
  CHECK_INT(m.nodes[0].cost.macs, 0);
  CHECK_INT(m.nodes[0].cost.fvcore, 0);
  CHECK_INT(m.nodes[0].cost.other_macs, 16 * 281 * 4);
  mini_close(&m);
}

TEST(a_nan_is_not_hidden_by_max) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 1, 6});
  m.values[x].data[3] = NAN;
  int y = mini_layer(&m, "max-pool", "p", "kernel=1x3", x);
  int z = mini_layer(&m, "global-pool", "g", "function=max", x);
  REQUIRE(y >= 0 && z >= 0);
  CHECK(!isnan(m.values[y].data[0]) && isnan(m.values[y].data[1]) && isnan(m.values[z].data[0]));
  mini_close(&m);
}

TEST(global_pool_sees_whole_maps) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){2, 3, 5, 7});
  int mean = mini_layer(&m, "global-pool", "a", "", x);
  int most = mini_layer(&m, "global-pool", "b", "function=max", x);
  REQUIRE(mean >= 0 && most >= 0);
  gb_shape expected = {2, 3, 1, 1};
  CHECK(gb_shape_equal(&m.values[mean].shape, &expected));
  for (int map = 0; map < 6; map++) {
    double sum = 0, best = -1;
    for (int i = 0; i < 35; i++) {
      double value = (double)m.values[x].data[map * 35 + i];
      sum += value;
      best = value > best ? value : best;
    }
    CHECK_NEAR(m.values[mean].data[map], sum / 35, mini_tolerance(0, 1));
    CHECK((double)m.values[most].data[map] == best);
  }
  CHECK_INT(mini_find(&m, "a")->cost.fvcore, 210); // one an input element
  CHECK_INT(mini_find(&m, "b")->cost.fvcore, 0);
  mini_close(&m);
}

TEST(a_stride_of_half_a_default_is_refused) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 6, 6}), y;
  CHECK_INT(mini_try(&m, "max-pool", "p", "kernel=2 stride=0x2", &x, 1, &y), GB_EINPUT);
  CHECK_CONTAINS(m.error.message, "stride=\"0x2\"");
  mini_close(&m);
}

TEST_MAIN(CASE(max_pool_finds_the_largest), CASE(average_pool_finds_the_mean),
          CASE(the_mean_of_a_constant_is_the_constant), CASE(eeg_pooling_is_along_time),
          CASE(a_nan_is_not_hidden_by_max), CASE(global_pool_sees_whole_maps),
          CASE(a_stride_of_half_a_default_is_refused))
