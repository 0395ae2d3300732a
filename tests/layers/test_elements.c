// Layers that work on each element or only move elements: activations, batch norm, joins, slices,
// shuffle, flatten, dropout, softmax, channel padding, upsampling.
#include "tests/layers/mini.h"

TEST(activations_are_their_formulas) {
  static const float points[] = {-1e30f, -100, -7, -3.5f, -3, -1,   -0.25f, -1e-20f, 0,  1e-20f,
                                 0.25f,  0.5f, 1,  2.9f,  3,  5.9f, 6,      7,       80, 1e30f};
  enum { N = sizeof points / sizeof *points };
  for (int f = 0; gb_activation_names[f]; f++) {
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", (gb_shape){1, N, 1, 1});
    memcpy(m.values[x].data, points, sizeof points);
    char text[64];
    snprintf(text, sizeof text, "function=%s", gb_activation_names[f]);
    int y = mini_layer(&m, "activation", "a", text, x);
    REQUIRE(y >= 0);
    for (int i = 0; i < N; i++) {
      double v = (double)points[i], six = fmin(fmax(v + 3, 0), 6), want = v;
      switch ((gb_activation)f) {
      case GB_ACT_NONE:
        break;
      case GB_ACT_RELU:
        want = fmax(v, 0);
        break;
      case GB_ACT_RELU6:
        want = fmin(fmax(v, 0), 6);
        break;
      case GB_ACT_HARD_SIGMOID:
        want = six / 6;
        break;
      case GB_ACT_CLIPPED_SIGMOID:
        want = fmin(fmax(v, 0), 1);
        break;
      case GB_ACT_HARD_SWISH:
        want = v * six / 6;
        break;
      case GB_ACT_SIGMOID:
        want = 1 / (1 + exp(-v));
        break;
      case GB_ACT_ELU:
        want = v > 0 ? v : expm1(v);
        break;
      }
      // A few roundings of values no larger than max(|v|, 6); v + 3 may cancel.
      double tolerance = mini_tolerance(4, fmax(fabs(want), f == GB_ACT_HARD_SIGMOID ? 1 : 0)) +
                         (f == GB_ACT_HARD_SWISH ? 6e-7 * fabs(want) : 0);
      if (!(fabs((double)m.values[y].data[i] - want) <= tolerance))
        FAIL("%s(%.9g) is %.9g, expected %.9g", gb_activation_names[f], v,
             (double)m.values[y].data[i], want);
    }
    mini_close(&m);
  }
}

TEST(batch_norm_is_its_formula) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){2, 3, 4, 5});
  int y = mini_layer(&m, "batch-norm", "bn", "eps=0.001", x);
  REQUIRE(y >= 0);
  const mini_node *bn = mini_find(&m, "bn");
  CHECK_INT(bn->n_params, 4);
  CHECK(bn->specs[0].trainable && bn->specs[1].trainable && !bn->specs[2].trainable &&
        !bn->specs[3].trainable);
  CHECK_INT(bn->cost.fvcore, 240);
  for (int i = 0; i < 120; i++) {
    int c = i / 20 % 3;
    double want = ((double)m.values[x].data[i] - (double)bn->params[2][c]) /
                      sqrt((double)bn->params[3][c] + 0.001) * (double)bn->params[0][c] +
                  (double)bn->params[1][c];
    CHECK_NEAR(m.values[y].data[i], want, mini_tolerance(0, 4));
  }
  mini_close(&m);
}

TEST(add_and_multiply_join) {
  mini m;
  mini_open(&m);
  gb_shape shape = {2, 3, 4, 5};
  int in[3] = {mini_input(&m, "a", shape), mini_input(&m, "b", shape), mini_input(&m, "c", shape)};
  int sum, product;
  REQUIRE_OK(mini_try(&m, "add", "s", "", in, 3, &sum), m.error);
  REQUIRE_OK(mini_try(&m, "multiply", "p", "", in, 3, &product), m.error);
  for (int i = 0; i < 120; i++) {
    double a = (double)m.values[in[0]].data[i], b = (double)m.values[in[1]].data[i],
           c = (double)m.values[in[2]].data[i];
    CHECK_NEAR(m.values[sum].data[i], a + b + c, mini_tolerance(1, 3));
    CHECK_NEAR(m.values[product].data[i], a * b * c, mini_tolerance(1, 1));
  }
  CHECK_INT(mini_find(&m, "s")->cost.other_ops, 240);
  CHECK_INT(m.cost.macs + m.cost.fvcore, 0);
  mini_close(&m);
}

TEST(multiply_scales_whole_maps_whichever_comes_first) {
  mini m;
  mini_open(&m);
  int map = mini_input(&m, "a", (gb_shape){2, 3, 4, 5});
  int gate = mini_input(&m, "g", (gb_shape){2, 3, 1, 1});
  int left, right;
  REQUIRE_OK(mini_try(&m, "multiply", "l", "", (int[]){map, gate}, 2, &left), m.error);
  REQUIRE_OK(mini_try(&m, "multiply", "r", "", (int[]){gate, map}, 2, &right), m.error);
  mini_same(check, &m, left, &m, right, 0);
  for (int i = 0; i < 120; i++)
    CHECK(m.values[left].data[i] == m.values[map].data[i] * m.values[gate].data[i / 20]);
  mini_close(&m);
}

TEST(joins_refuse_shapes_that_do_not_fit) {
  mini m;
  mini_open(&m);
  int a = mini_input(&m, "a", (gb_shape){1, 3, 4, 4}),
      b = mini_input(&m, "b", (gb_shape){1, 3, 2, 4});
  int c = mini_input(&m, "c", (gb_shape){1, 4, 1, 1}), y;
  static const char *const kinds[] = {"add", "multiply", "concat"};
  for (int i = 0; i < 3; i++) {
    CHECK_INT(mini_try(&m, kinds[i], "j", "", (int[]){a, b}, 2, &y), GB_ESHAPE);
    CHECK_CONTAINS(m.error.message, "1×3×4×4, 1×3×2×4");
  }
  CHECK_INT(mini_try(&m, "multiply", "j", "", (int[]){a, c}, 2, &y), GB_ESHAPE);
  CHECK_INT(mini_try(&m, "add", "j", "", &a, 1, &y), GB_EINPUT);
  mini_close(&m);
}

TEST(concat_and_slice_are_inverse) {
  mini m;
  mini_open(&m);
  int in[3] = {mini_input(&m, "a", (gb_shape){2, 1, 3, 4}),
               mini_input(&m, "b", (gb_shape){2, 5, 3, 4}),
               mini_input(&m, "c", (gb_shape){2, 2, 3, 4})};
  int all;
  REQUIRE_OK(mini_try(&m, "concat", "all", "", in, 3, &all), m.error);
  CHECK_INT(m.values[all].shape.c, 8);
  mini_same(check, &m, mini_layer(&m, "slice", "s", "count=1", all), &m, in[0], 0);
  mini_same(check, &m, mini_layer(&m, "slice", "s", "start=1 count=5", all), &m, in[1], 0);
  mini_same(check, &m, mini_layer(&m, "slice", "s", "start=-2", all), &m, in[2], 0);
  mini_close(&m);
}

TEST(slices_take_channels_rows_and_columns) {
  mini m;
  mini_open(&m);
  gb_shape shape = {2, 3, 5, 7};
  static const char *const axes[] = {"c", "h", "w"};
  int x = mini_input(&m, "x", shape);
  for (int axis = 0; axis < 3; axis++) {
    int64_t size = axis == 0 ? 3 : axis == 1 ? 5 : 7;
    for (int64_t start = -size; start < size; start++)
      for (int64_t count = 0; count <= size + 1; count++) {
        m.n_nodes = 0;
        m.n_values = x + 1;
        char text[80];
        snprintf(text, sizeof text, "axis=%s start=%d count=%d", axes[axis], (int)start,
                 (int)count);
        int64_t first = start < 0 ? size + start : start;
        int64_t taken = count ? count : size - first;
        int y;
        gb_status status = mini_try(&m, "slice", "s", text, &x, 1, &y);
        if (first + taken > size) {
          CHECK_INT(status, GB_ESHAPE);
          CHECK_CONTAINS(m.error.message, "2×3×5×7");
          continue;
        }
        REQUIRE_OK(status, m.error);
        const gb_shape *s = &m.values[y].shape;
        CHECK_INT(axis == 0 ? s->c : axis == 1 ? s->h : s->w, taken);
        for (int64_t i = 0; i < gb_shape_count(s); i++) {
          int64_t w = i % s->w, h = i / s->w % s->h, c = i / s->w / s->h % s->c;
          double want = mini_at(&m.values[x], i / s->w / s->h / s->c, c + (axis == 0 ? first : 0),
                                h + (axis == 1 ? first : 0), w + (axis == 2 ? first : 0));
          if ((double)m.values[y].data[i] != want)
            FAIL("%s: element %d", text, (int)i);
        }
      }
  }
  int y;
  CHECK_INT(mini_try(&m, "slice", "s", "start=-4", &x, 1, &y), GB_ESHAPE);
  CHECK_INT(mini_try(&m, "slice", "s", "start=3", &x, 1, &y), GB_ESHAPE);
  mini_close(&m);
}

TEST(shuffle_interleaves_groups_and_is_undone) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){2, 12, 2, 3});
  int y = mini_layer(&m, "shuffle", "s", "groups=3", x);
  REQUIRE(y >= 0);
  // Groups 0123 4567 89ab become 0 4 8, 1 5 9, …
  static const int from[12] = {0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
  for (int c = 0; c < 12; c++)
    for (int i = 0; i < 6; i++)
      CHECK(m.values[y].data[72 + c * 6 + i] == m.values[x].data[72 + from[c] * 6 + i]);
  mini_same(check, &m, mini_layer(&m, "shuffle", "t", "groups=4", y), &m, x, 0);
  mini_same(check, &m, mini_layer(&m, "shuffle", "u", "groups=1", x), &m, x, 0);
  mini_same(check, &m, mini_layer(&m, "shuffle", "u", "groups=12", x), &m, x, 0);
  int z;
  CHECK_INT(mini_try(&m, "shuffle", "v", "groups=5", &x, 1, &z), GB_ESHAPE);
  CHECK_CONTAINS(m.error.message, "2×12×2×3");
  mini_close(&m);
}

TEST(flatten_and_dropout_pass_everything) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){2, 3, 4, 5});
  int flat = mini_layer(&m, "flatten", "f", "", x),
      same = mini_layer(&m, "dropout", "d", "rate=0.9", x);
  REQUIRE(flat >= 0);
  gb_shape expected = {2, 60, 1, 1};
  CHECK(gb_shape_equal(&m.values[flat].shape, &expected));
  CHECK(memcmp(m.values[flat].data, m.values[x].data, 120 * sizeof(float)) == 0);
  mini_same(check, &m, same, &m, x, 0);
  CHECK_INT(m.cost.other_ops + m.cost.other_macs + m.cost.macs, 0);
  mini_close(&m);
}

TEST(softmax_is_a_distribution_and_ignores_a_shift) {
  mini m;
  mini_open(&m);
  gb_shape shape = {2, 7, 1, 3};
  int x = mini_input(&m, "x", shape), shifted = mini_input(&m, "x", shape);
  for (int i = 0; i < 42; i++) {
    m.values[x].data[i] *= 64;
    m.values[shifted].data[i] = m.values[x].data[i] + 4096; // exact enough: 2^-11 steps
    m.values[x].data[i] = m.values[shifted].data[i] - 4096;
  }
  int y = mini_layer(&m, "softmax", "s", "", x), z = mini_layer(&m, "softmax", "s", "", shifted);
  mini_same(check, &m, y, &m, z, 0);
  REQUIRE(y >= 0);
  for (int n = 0; n < 2; n++)
    for (int p = 0; p < 3; p++) {
      double sum = 0, total = 0;
      for (int c = 0; c < 7; c++) {
        sum += mini_at(&m.values[y], n, c, 0, p);
        total += exp(mini_at(&m.values[x], n, c, 0, p));
      }
      CHECK_NEAR(sum, 1, mini_tolerance(7, 1));
      for (int c = 0; c < 7; c++)
        CHECK_NEAR(mini_at(&m.values[y], n, c, 0, p),
                   exp(mini_at(&m.values[x], n, c, 0, p)) / total, mini_tolerance(3, 1));
    }
  m.values[x].data[0] = 3e38f; // no overflow
  int big = mini_layer(&m, "softmax", "s", "", x);
  REQUIRE(big >= 0);
  CHECK(m.values[big].data[0] == 1.0f);
  mini_close(&m);
}

TEST(pad_channels_subsamples_between_zeros) {
  static const int64_t outs[] = {4, 5, 8, 9};
  for (int i = 0; i < 4; i++)
    for (int64_t stride = 1; stride <= 3; stride++) {
      mini m;
      mini_open(&m);
      int x = mini_input(&m, "x", (gb_shape){2, 4, 5, 6});
      char text[64];
      snprintf(text, sizeof text, "out=%d stride=%d", (int)outs[i], (int)stride);
      int y = mini_layer(&m, "pad-channels", "p", text, x);
      REQUIRE(y >= 0);
      const gb_shape *s = &m.values[y].shape;
      CHECK_INT(s->c, outs[i]);
      CHECK_INT(s->h, stride == 1 ? 5 : stride == 2 ? 3 : 2); // as [::stride]
      CHECK_INT(s->w, stride == 1 ? 6 : stride == 2 ? 3 : 2);
      for (int64_t c = 0; c < s->c; c++)
        for (int64_t v = 0; v < s->h; v++)
          for (int64_t u = 0; u < s->w; u++) {
            int64_t from = c - (outs[i] - 4) / 2;
            double want =
                from < 0 || from >= 4 ? 0 : mini_at(&m.values[x], 1, from, v * stride, u * stride);
            CHECK(mini_at(&m.values[y], 1, c, v, u) == want);
          }
      int z;
      CHECK_INT(mini_try(&m, "pad-channels", "p", "out=3", &x, 1, &z), GB_ESHAPE);
      mini_close(&m);
    }
}

TEST(pad_channels_strides_apart) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 5, 6});
  int y = mini_layer(&m, "pad-channels", "p", "out=1 stride=2x3", x);
  REQUIRE(y >= 0);
  gb_shape expected = {1, 1, 3, 2};
  REQUIRE(gb_shape_equal(&m.values[y].shape, &expected));
  for (int64_t i = 0; i < 6; i++)
    CHECK((double)m.values[y].data[i] == mini_at(&m.values[x], 0, 0, i / 2 * 2, i % 2 * 3));
  mini_close(&m);
}

TEST(upsample_repeats_the_nearest) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){2, 3, 2, 3}),
      like = mini_input(&m, "l", (gb_shape){1, 1, 4, 9});
  int by_factor = mini_layer(&m, "upsample", "u", "factor=2x3", x);
  int by_size = mini_layer(&m, "upsample", "u", "size=4x9", x), by_input;
  REQUIRE_OK(mini_try(&m, "upsample", "u", "", (int[]){x, like}, 2, &by_input), m.error);
  mini_same(check, &m, by_factor, &m, by_size, 0);
  mini_same(check, &m, by_factor, &m, by_input, 0);
  REQUIRE(by_factor >= 0);
  for (int64_t v = 0; v < 4; v++)
    for (int64_t u = 0; u < 9; u++)
      CHECK(mini_at(&m.values[by_factor], 1, 2, v, u) == mini_at(&m.values[x], 1, 2, v / 2, u / 3));
  CHECK_INT(m.nodes[0].cost.fvcore, 2 * 3 * 36);
  // A size that is no multiple, as GhostNetV2's 7 from 3: floor(at · 3 / 7).
  int row = mini_input(&m, "r", (gb_shape){1, 1, 1, 3});
  int seven = mini_layer(&m, "upsample", "u", "size=1x7", row);
  static const int from[7] = {0, 0, 0, 1, 1, 2, 2};
  REQUIRE(seven >= 0);
  for (int i = 0; i < 7; i++)
    CHECK(m.values[seven].data[i] == m.values[row].data[from[i]]);
  int y;
  CHECK_INT(mini_try(&m, "upsample", "u", "factor=2 size=4", &x, 1, &y), GB_EINPUT);
  CHECK_INT(mini_try(&m, "upsample", "u", "", &x, 1, &y), GB_ESHAPE);
  CHECK_INT(mini_try(&m, "upsample", "u", "factor=2", (int[]){x, like}, 2, &y), GB_ESHAPE);
  CHECK_INT(mini_try(&m, "upsample", "u", "factor=0x2", &x, 1, &y), GB_EINPUT);
  mini_close(&m);
}

TEST_MAIN(CASE(activations_are_their_formulas), CASE(batch_norm_is_its_formula),
          CASE(add_and_multiply_join), CASE(multiply_scales_whole_maps_whichever_comes_first),
          CASE(joins_refuse_shapes_that_do_not_fit), CASE(concat_and_slice_are_inverse),
          CASE(slices_take_channels_rows_and_columns),
          CASE(shuffle_interleaves_groups_and_is_undone), CASE(flatten_and_dropout_pass_everything),
          CASE(softmax_is_a_distribution_and_ignores_a_shift),
          CASE(pad_channels_subsamples_between_zeros), CASE(pad_channels_strides_apart),
          CASE(upsample_repeats_the_nearest))
