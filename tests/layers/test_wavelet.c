// The wavelet filter bank: perfect reconstruction, orthonormal taps, order of the bands, borders.
#include "tests/layers/mini.h"

// The lowpass and highpass taps as an impulse's answer along one axis shows them.
static int64_t read_taps(check_state *check, const char *family, double low[20], double high[20]) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 1, 64});
  memset(m.values[x].data, 0, 64 * sizeof(float));
  m.values[x].data[32] = 1;
  char text[100];
  snprintf(text, sizeof text, "bands=2 axes=width %s", family);
  int y = mini_layer(&m, "wavelet", "w", text, x);
  int64_t taps = 0;
  if (y < 0) {
    FAIL("%s: %s", text, m.error.message);
  } else {
    taps = m.nodes[0].cost.macs / 128; // two bands of 64 samples
    // out[u] = Σ_k f[k] · in[u + k - (taps-1)/2] meets the impulse where k = 32 - u + (taps-1)/2.
    for (int64_t k = 0; k < taps; k++) {
      high[k] = mini_at(&m.values[y], 0, 0, 0, 32 - k + (taps - 1) / 2);
      low[k] = mini_at(&m.values[y], 0, 1, 0, 32 - k + (taps - 1) / 2);
    }
  }
  mini_close(&m);
  return taps;
}

static const char *const families[] = {
    "family=haar",
    "family=daubechies order=2",
    "family=daubechies",
    "family=daubechies order=6",
    "family=daubechies order=8",
    "family=daubechies order=10",
    "family=daubechies order=12",
    "family=daubechies order=14",
    "family=daubechies order=16",
    "family=daubechies order=18",
    "family=daubechies order=20",
};
enum { FAMILIES = sizeof families / sizeof *families };
static const int64_t orders[FAMILIES] = {2, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20};

TEST(taps_are_orthonormal_wavelets) {
  for (int i = 0; i < FAMILIES; i++) {
    double low[20], high[20], sum = 0, alternating = 0;
    int64_t taps = read_taps(check, families[i], low, high);
    CHECK_INT(taps, orders[i]);
    for (int64_t k = 0; k < taps; k++) {
      sum += low[k];
      alternating += high[k];
    }
    // Float taps: each rounded once.
    CHECK_NEAR(sum, sqrt(2), mini_tolerance(0, 4));
    CHECK_NEAR(alternating, 0, mini_tolerance(0, 4));
    for (int64_t shift = 0; shift < taps; shift += 2) {
      double ll = 0, hh = 0, lh = 0;
      for (int64_t k = shift; k < taps; k++) {
        ll += low[k] * low[k - shift];
        hh += high[k] * high[k - shift];
        lh += low[k] * high[k - shift];
      }
      CHECK_NEAR(ll, shift == 0, mini_tolerance(2, 2));
      CHECK_NEAR(hh, shift == 0, mini_tolerance(2, 2));
      CHECK_NEAR(lh, 0, mini_tolerance(2, 2));
    }
    // A Daubechies wavelet of 2p taps is blind to polynomials of degree below p: check p's first
    // two.
    double moment = 0;
    for (int64_t k = 0; k < taps; k++)
      moment += (double)k * high[k];
    if (taps > 2)
      CHECK_NEAR(moment, 0, mini_tolerance(0, 4 * (double)taps));
  }
}

// x = ½ Σ_k (low[k] · a[u - k·step + origin] + high[k] · d[…]) along one axis, periodic.
static void synthesise(const double low[20], const double high[20], int64_t taps, int64_t step,
                       const double *a, const double *d, int64_t n, int64_t stride, double *out) {
  for (int64_t u = 0; u < n; u++) {
    double sum = 0;
    for (int64_t k = 0; k < taps; k++) {
      int64_t at = u - (k - (taps - 1) / 2) * step;
      at = ((at % n) + n) % n;
      sum += low[k] * a[at * stride] + high[k] * d[at * stride];
    }
    out[u * stride] = sum / 2;
  }
}

enum { H = 6, W = 11, AREA = H * W };

// LL of a level from its four bands: along the height first, then along the width.
static void rebuild(const double low[20], const double high[20], int64_t taps, int64_t step,
                    const double bands[4][AREA], double *ll) {
  double lows[AREA], highs[AREA]; // low and high along the width
  for (int64_t u = 0; u < W; u++) {
    synthesise(low, high, taps, step, &bands[3][u], &bands[0][u], H, W, &lows[u]);
    synthesise(low, high, taps, step, &bands[1][u], &bands[2][u], H, W, &highs[u]);
  }
  for (int64_t v = 0; v < H; v++)
    synthesise(low, high, taps, step, &lows[v * W], &highs[v * W], W, 1, &ll[v * W]);
}

// LH HL HH LL of level 3 give LL of level 2, and so on up to the map: an even and a prime side,
// both shorter than the longest filters.
TEST(maps_are_rebuilt_from_their_bands) {
  for (int i = 0; i < FAMILIES; i++) {
    double low[20], high[20];
    int64_t taps = read_taps(check, families[i], low, high);
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", (gb_shape){2, 2, H, W});
    char text[100];
    snprintf(text, sizeof text, "bands=12 %s", families[i]);
    int y = mini_layer(&m, "wavelet", "w", text, x);
    REQUIRE(y >= 0);
    const int64_t map = 3; // the last map of the last image
    double ll[AREA];
    for (int64_t j = 0; j < AREA; j++)
      ll[j] = (double)m.values[y].data[(map * 12 + 11) * AREA + j];
    for (int64_t level = 2; level >= 0; level--) {
      double bands[4][AREA];
      for (int64_t b = 0; b < 3; b++)
        for (int64_t j = 0; j < AREA; j++)
          bands[b][j] = (double)m.values[y].data[(map * 12 + level * 4 + b) * AREA + j];
      memcpy(bands[3], ll, sizeof ll);
      rebuild(low, high, taps, (int64_t)1 << level, (const double(*)[AREA])bands, ll);
    }
    // Six float passes of `taps` products; a lowpass doubles the size of a level's values at most
    // and the synthesis halves it again.
    for (int64_t j = 0; j < AREA; j++)
      CHECK_NEAR(ll[j], m.values[x].data[map * AREA + j], mini_tolerance(6 * taps, 8));
    mini_close(&m);
  }
}

TEST(one_axis_is_rebuilt_too) {
  static const char *const axes[] = {"width", "height"};
  for (int axis = 0; axis < 2; axis++) {
    double low[20], high[20], d[13], a[13], back[13];
    int64_t taps = read_taps(check, "family=daubechies order=6", low, high);
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", axis ? (gb_shape){1, 1, 13, 1} : (gb_shape){1, 1, 1, 13});
    char text[100];
    snprintf(text, sizeof text, "bands=2 family=daubechies order=6 axes=%s", axes[axis]);
    int y = mini_layer(&m, "wavelet", "w", text, x);
    REQUIRE(y >= 0);
    for (int i = 0; i < 13; i++) {
      d[i] = (double)m.values[y].data[i];
      a[i] = (double)m.values[y].data[13 + i];
    }
    synthesise(low, high, taps, 1, a, d, 13, 1, back);
    for (int i = 0; i < 13; i++)
      CHECK_NEAR(back[i], m.values[x].data[i], mini_tolerance(2 * taps, 4));
    mini_close(&m);
  }
}

// Haar by hand on a map that changes along one axis only.
TEST(the_first_letter_is_the_width) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 4, 4});
  for (int i = 0; i < 16; i++)
    m.values[x].data[i] = i % 4 == 1 || i % 4 == 2 ? 1.0f : 0.0f; // 0 1 1 0 in each row
  int y = mini_layer(&m, "wavelet", "w", "bands=4", x);
  REQUIRE(y >= 0);
  // Along the width (in[u] + in[u+1])/√2 and (in[u] - in[u+1])/√2; along the height constant: √2
  // and 0.
  static const double lows[4] = {1, 2, 1, 0}, highs[4] = {-1, 0, 1, 0};
  double sign = mini_at(&m.values[y], 0, 1, 0, 0) < 0 ? 1 : -1; // of the highpass, a convention
  for (int64_t v = 0; v < 4; v++)
    for (int64_t u = 0; u < 4; u++) {
      CHECK_NEAR(mini_at(&m.values[y], 0, 0, v, u), 0, mini_tolerance(4, 2));               // LH
      CHECK_NEAR(mini_at(&m.values[y], 0, 1, v, u), sign * highs[u], mini_tolerance(4, 2)); // HL
      CHECK_NEAR(mini_at(&m.values[y], 0, 2, v, u), 0, mini_tolerance(4, 2));               // HH
      CHECK_NEAR(mini_at(&m.values[y], 0, 3, v, u), lows[u], mini_tolerance(4, 4));         // LL
    }
  mini_close(&m);
}

TEST(bands_of_several_maps_lie_side_by_side) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 3, 5, 4});
  int all = mini_layer(&m, "wavelet", "w", "bands=5", x);
  int second = mini_layer(&m, "slice", "s", "start=1 count=1", x);
  int alone = mini_layer(&m, "wavelet", "w", "bands=5", second);
  mini_same(check, &m, mini_layer(&m, "slice", "s", "start=5 count=5", all), &m, alone, 0);
  const mini_node *w = mini_find(&m, "w");
  CHECK_INT(w->n_params, 0);
  CHECK_INT(w->cost.macs, 15 * 20 * 2 * 2); // two taps along each axis
  CHECK_INT(w->cost.fvcore, w->cost.macs);
  mini_close(&m);
}

// What lies beyond the border, on lengths below and above the filter's reach.
TEST(borders_are_periodic_zero_or_reflected) {
  static const char *const boundaries[] = {"periodic", "zero", "reflect"};
  static const int64_t lengths[] = {1, 2, 3, 5, 8, 20};
  double low[20], high[20];
  int64_t taps = read_taps(check, "family=daubechies order=8", low, high);
  for (int b = 0; b < 3; b++)
    for (int i = 0; i < 6; i++) {
      int64_t n = lengths[i];
      mini m;
      mini_open(&m);
      int x = mini_input(&m, "x", (gb_shape){1, 1, 1, n});
      char text[120];
      snprintf(text, sizeof text, "bands=2 axes=width family=daubechies order=8 boundary=%s",
               boundaries[b]);
      int y = mini_layer(&m, "wavelet", "w", text, x);
      REQUIRE(y >= 0);
      for (int64_t u = 0; u < n; u++) {
        double sum = 0;
        for (int64_t k = 0; k < taps; k++) {
          int64_t at = u + k - (taps - 1) / 2;
          // Walk home step by step.
          while (b == 0 && at < 0)
            at += n;
          while (b == 0 && at >= n)
            at -= n;
          while (b == 2 && (at < 0 || at >= n))
            at = n == 1 ? 0 : at < 0 ? -at : 2 * (n - 1) - at;
          sum += low[k] * mini_at(&m.values[x], 0, 0, 0, at);
        }
        CHECK_NEAR(mini_at(&m.values[y], 0, 1, 0, u), sum, mini_tolerance(taps, 4));
      }
      mini_close(&m);
    }
}

TEST(deep_levels_of_small_maps_are_fine) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 3, 5});
  static const char *const boundaries[] = {"periodic", "zero", "reflect"};
  for (int i = 0; i < 3; i++) {
    char text[100];
    snprintf(text, sizeof text, "bands=64 axes=width family=daubechies order=20 boundary=%s",
             boundaries[i]);
    CHECK(mini_layer(&m, "wavelet", "w", text, x) >= 0);
  }
  mini_close(&m);
}

TEST(orders_that_a_family_has_not_are_refused) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 4, 4}), y;
  CHECK_INT(mini_try(&m, "wavelet", "w", "family=haar order=4", &x, 1, &y), GB_EINPUT);
  CHECK_CONTAINS(m.error.message, "daubechies");
  CHECK_INT(mini_try(&m, "wavelet", "w", "family=daubechies order=5", &x, 1, &y), GB_EINPUT);
  CHECK_CONTAINS(m.error.message, "order=\"5\"");
  CHECK_INT(mini_try(&m, "wavelet", "w", "family=daubechies order=22", &x, 1, &y), GB_EINPUT);
  mini_close(&m);
}

TEST_MAIN(CASE(taps_are_orthonormal_wavelets), CASE(maps_are_rebuilt_from_their_bands),
          CASE(one_axis_is_rebuilt_too), CASE(the_first_letter_is_the_width),
          CASE(bands_of_several_maps_lie_side_by_side),
          CASE(borders_are_periodic_zero_or_reflected), CASE(deep_levels_of_small_maps_are_fine),
          CASE(orders_that_a_family_has_not_are_refused))
