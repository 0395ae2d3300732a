// The affine warp: exact cases, PyTorch's definition written per output element, powers, matrices.
#include "tests/layers/mini.h"

TEST(the_identity_is_exact) {
  static const gb_shape shapes[] = {{1, 1, 1, 1}, {2, 3, 5, 7}, {1, 2, 8, 8}, {1, 1, 22, 1125}};
  for (int i = 0; i < 4; i++) {
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", shapes[i]);
    mini_same(check, &m, mini_layer(&m, "affine", "a", "learned=0", x), &m, x, 0);
    CHECK_INT(m.nodes[0].n_params, 0);
    mini_close(&m);
  }
}

// Moving by whole pixels: right by 2/8 of the width is 2 pixels, the left ones become zero.
TEST(whole_steps_are_exact) {
  static const struct {
    const char *text;
    int64_t dx, dy;
  } steps[] = {{"learned=0 translate-x=0.25", 2, 0},
               {"learned=0 translate-x=-0.125", -1, 0},
               {"learned=0 translate-y=0.25", 0, 1},
               {"learned=0 translate-x=0.5 translate-y=-0.5", 4, -2},
               {"learned=0 translate-y=3", 0, 12}};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", (gb_shape){1, 2, 4, 8});
    int y = mini_layer(&m, "affine", "a", steps[i].text, x);
    REQUIRE(y >= 0);
    for (int64_t j = 0; j < 64; j++) {
      double want = mini_at(&m.values[x], 0, j / 32, j / 8 % 4 - steps[i].dy, j % 8 - steps[i].dx);
      CHECK((double)m.values[y].data[j] == want);
    }
    mini_close(&m);
  }
}

// A sixteenth of 8 columns is half a step.
TEST(half_steps_are_means_of_neighbours) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 1, 8});
  int y = mini_layer(&m, "affine", "a", "learned=0 translate-x=0.0625", x);
  REQUIRE(y >= 0);
  for (int64_t u = 0; u < 8; u++)
    CHECK_NEAR(m.values[y].data[u],
               (mini_at(&m.values[x], 0, 0, 0, u) + mini_at(&m.values[x], 0, 0, 0, u - 1)) / 2,
               mini_tolerance(0, 1));
  mini_close(&m);
}

TEST(a_quarter_turn_moves_each_pixel) {
  for (int64_t side = 1; side <= 9; side += 2) {
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", (gb_shape){1, 1, side, side});
    int right = mini_layer(&m, "affine", "a", "learned=0 rotate=90", x);
    int left = mini_layer(&m, "affine", "a", "learned=0 rotate=-90", x);
    int half = mini_layer(&m, "affine", "a", "learned=0 rotate=180", x);
    REQUIRE(right >= 0 && left >= 0 && half >= 0);
    int64_t last = side - 1;
    // cos 90° is 6e-17 in double, so that a pixel gets at most ~1e-15 of its neighbours.
    for (int64_t v = 0; v < side; v++)
      for (int64_t u = 0; u < side; u++) {
        // Clockwise: the left edge becomes the top, read from bottom to top.
        CHECK_NEAR(mini_at(&m.values[right], 0, 0, v, u), mini_at(&m.values[x], 0, 0, last - u, v),
                   mini_tolerance(0, 1));
        CHECK_NEAR(mini_at(&m.values[left], 0, 0, v, u), mini_at(&m.values[x], 0, 0, u, last - v),
                   mini_tolerance(0, 1));
        CHECK_NEAR(mini_at(&m.values[half], 0, 0, v, u),
                   mini_at(&m.values[x], 0, 0, last - v, last - u), mini_tolerance(0, 1));
      }
    mini_close(&m);
  }
}

// The values and the tolerance for one element by PyTorch's grid_sample(affine_grid(theta)),
// align_corners=False, on a map; theta reads: output place in [-1, 1]² to input place.
static double grid_sample(const mini_value *x, int64_t map, const double theta[6], int64_t v,
                          int64_t u) {
  const gb_shape *s = &x->shape;
  double gx = (2 * (double)u + 1) / (double)s->w - 1, gy = (2 * (double)v + 1) / (double)s->h - 1;
  double px = theta[0] * gx + theta[1] * gy + theta[2];
  double py = theta[3] * gx + theta[4] * gy + theta[5];
  double ix = ((px + 1) * (double)s->w - 1) / 2, iy = ((py + 1) * (double)s->h - 1) / 2;
  double sum = 0;
  // Every pixel by its triangle weight: zero beyond one pixel's distance.
  for (int64_t r = 0; r < s->h; r++)
    for (int64_t c = 0; c < s->w; c++) {
      double wx = 1 - fabs(ix - (double)c), wy = 1 - fabs(iy - (double)r);
      if (wx > 0 && wy > 0)
        sum += wx * wy * mini_at(x, map / s->c, map % s->c, r, c);
    }
  return sum;
}

TEST(learned_matrices_are_affine_grid_and_grid_sample) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){2, 3, 5, 7});
  int y = mini_layer(&m, "affine", "a", "multiplier=2", x);
  REQUIRE(y >= 0);
  const mini_node *a = mini_find(&m, "a");
  CHECK_INT(a->n_params, 1);
  CHECK_TEXT(a->specs[0].name, "theta");
  CHECK_INT(a->specs[0].rank, 3);
  CHECK_INT(mini_count(&a->specs[0]), 6 * 2 * 3);
  CHECK_INT(a->specs[0].init, GB_INIT_AFFINE);
  CHECK_INT(a->cost.macs, 0);
  CHECK_INT(a->cost.fvcore, 4 * 2 * 6 * 35);
  for (int64_t i = 0; i < 2 * 6 * 35; i++) {
    int64_t u = i % 7, v = i / 7 % 5, o = i / 35 % 6, n = i / 210;
    double theta[6];
    for (int j = 0; j < 6; j++)
      theta[j] = (double)a->params[0][o * 6 + j];
    CHECK_NEAR(m.values[y].data[i], grid_sample(&m.values[x], n * 3 + o / 2, theta, v, u),
               mini_tolerance(0, 1) + 1e-12);
  }
  mini_close(&m);
}

// The inverse of a fixed transform, found here by composing the inverse steps one by one.
TEST(fixed_transforms_scale_shear_rotate_translate_in_this_order) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 6, 9});
  const double tx = 0.1, ty = -0.2, scale = 1.3, shear = 0.4,
               angle = 25 * 3.14159265358979323846 / 180;
  int y = mini_layer(
      &m, "affine", "a",
      "learned=0 translate-x=0.1 translate-y=-0.2 scale=1.3 shear=0.4 rotate=25 multiplier=3", x);
  REQUIRE(y >= 0);
  for (int64_t j = 0; j < 3; j++)
    for (int64_t v = 0; v < 6; v++)
      for (int64_t u = 0; u < 9; u++) {
        double gx = (2 * (double)u + 1) / 9 - 1, gy = (2 * (double)v + 1) / 6 - 1;
        for (int64_t k = 0; k <= j; k++) { // the j-th map is transformed j + 1 times
          double qx = gx - 2 * tx, qy = gy - 2 * ty;
          double rx = cos(angle) * qx + sin(angle) * qy, ry = -sin(angle) * qx + cos(angle) * qy;
          gx = (rx - shear * ry) / scale;
          gy = ry / scale;
        }
        const double there[6] = {0, 0, gx, 0, 0, gy}; // a constant place to read
        CHECK_NEAR(mini_at(&m.values[y], 0, j, v, u), grid_sample(&m.values[x], 0, there, 0, 0),
                   mini_tolerance(0, 1) + 1e-12);
      }
  mini_close(&m);
}

// A place goes through the fixed transform first, then through the learned matrix.
TEST(learned_matrices_lie_behind_the_fixed_transform) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 6, 9});
  int y = mini_layer(&m, "affine", "a", "rotate=90 translate-x=0.25", x);
  REQUIRE(y >= 0);
  const float *p = mini_find(&m, "a")->params[0];
  for (int64_t v = 0; v < 6; v++)
    for (int64_t u = 0; u < 9; u++) {
      double gx = (2 * (double)u + 1) / 9 - 1 - 0.5, gy = (2 * (double)v + 1) / 6 - 1;
      double fx = gy, fy = -gx; // a quarter turn back
      const double there[6] = {0, 0, (double)p[0] * fx + (double)p[1] * fy + (double)p[2],
                               0, 0, (double)p[3] * fx + (double)p[4] * fy + (double)p[5]};
      CHECK_NEAR(mini_at(&m.values[y], 0, 0, v, u), grid_sample(&m.values[x], 0, there, 0, 0),
                 mini_tolerance(0, 1) + 1e-12);
    }
  mini_close(&m);
}

TEST(each_next_map_is_transformed_once_more) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 2, 4, 8});
  int y = mini_layer(&m, "affine", "a", "learned=0 translate-x=0.125 multiplier=3", x);
  REQUIRE(y >= 0);
  CHECK_INT(m.values[y].shape.c, 6);
  for (int64_t o = 0; o < 6; o++)
    for (int64_t u = 0; u < 8; u++)
      CHECK(mini_at(&m.values[y], 0, o, 1, u) ==
            mini_at(&m.values[x], 0, o / 3, 1, u - (o % 3 + 1)));
  mini_close(&m);
}

// Far transforms read outside everywhere and never convert a number that does not fit.
TEST(far_transforms_give_zeros) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 4, 4});
  int y = mini_layer(&m, "affine", "a",
                     "learned=0 scale=0.01 translate-x=10 translate-y=7 multiplier=512", x);
  REQUIRE(y >= 0);
  for (int64_t i = 0; i < 512 * 16; i++)
    CHECK(m.values[y].data[i] == 0);
  mini_close(&m);
}

TEST_MAIN(CASE(the_identity_is_exact), CASE(whole_steps_are_exact),
          CASE(half_steps_are_means_of_neighbours), CASE(a_quarter_turn_moves_each_pixel),
          CASE(learned_matrices_are_affine_grid_and_grid_sample),
          CASE(fixed_transforms_scale_shear_rotate_translate_in_this_order),
          CASE(learned_matrices_lie_behind_the_fixed_transform),
          CASE(each_next_map_is_transformed_once_more), CASE(far_transforms_give_zeros))
