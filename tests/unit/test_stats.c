// Tests of statistics: hostile and degenerate input has defined answers, and properties hold.
#include "tests/lib/check.h"

#include "harness/stats/dependence.h"
#include "harness/stats/difference.h"
#include "harness/stats/drift.h"
#include "harness/stats/gap.h"
#include "harness/stats/model.h"
#include "harness/stats/pareto.h"
#include "harness/stats/rank.h"
#include "harness/stats/summary.h"
#include "layers/base/random.h"

#include <float.h>
#include <stdlib.h>

static const double inf = (double)INFINITY, not_a_number = (double)NAN;

static void fill_normal(double *values, size_t count, double mean, double deviation,
                        uint64_t seed) {
  gb_random random = {seed};
  for (size_t i = 0; i < count; i++)
    values[i] = mean + deviation * gb_random_normal(&random);
}

// ---------------------------------------------------------------------------------------------
// What cannot be said

TEST(no_samples_and_no_numbers_are_refused) {
  gb_error e = {0};
  gb_summary summary;
  gb_interval interval;
  gb_ratio ratio;
  gb_mann_whitney m;
  gb_dependence d;
  gb_trend trend;
  gb_modes modes;
  gb_rank rank;
  double good[3] = {1, 2, 3};
  CHECK_INT(gb_summarise(good, 0, &summary, &e), GB_EINPUT);
  CHECK_INT(gb_median_interval(good, 0, NULL, &interval, &e), GB_EINPUT);
  CHECK_INT(gb_ratio_of(good, 3, good, 0, false, NULL, &ratio, &e), GB_EINPUT);
  CHECK_INT(gb_mann_whitney_of(good, 0, good, 3, 0, 0, &m, &e), GB_EINPUT);
  CHECK_INT(gb_dependence_of(good, 0, &d, &e), GB_EINPUT);
  CHECK_INT(gb_trend_of(good, 0, 1, &trend, &e), GB_EINPUT);
  CHECK_INT(gb_modes_of(good, 0, 0, 1, &modes, &e), GB_EINPUT);
  CHECK_INT(gb_rank_of(good, good, 0, NULL, &rank, &e), GB_EINPUT);
  for (int i = 0; i < 3; i++) {
    double bad[3] = {1, i == 0 ? inf : i == 1 ? -inf : not_a_number, 3};
    double copy[3] = {bad[0], bad[1], bad[2]};
    CHECK_INT(gb_summarise(copy, 3, &summary, &e), GB_EINPUT);
    CHECK_CONTAINS(e.message, "sample 1");
    CHECK_INT(gb_median_interval(bad, 3, NULL, &interval, &e), GB_EINPUT);
    CHECK_INT(gb_ratio_of(good, 3, bad, 3, true, NULL, &ratio, &e), GB_EINPUT);
    CHECK_INT(gb_mann_whitney_of(good, 3, bad, 3, 0, 0, &m, &e), GB_EINPUT);
    CHECK_INT(gb_dependence_of(bad, 3, &d, &e), GB_EINPUT);
    CHECK_INT(gb_trend_of(bad, 3, 1, &trend, &e), GB_EINPUT);
    CHECK_INT(gb_modes_of(bad, 3, 0, 1, &modes, &e), GB_EINPUT);
    CHECK_INT(gb_rank_of(good, bad, 3, NULL, &rank, &e), GB_EINPUT);
  }
}

TEST(wishes_that_make_no_sense_are_refused) {
  gb_error e = {0};
  gb_interval interval;
  gb_ratio ratio;
  double x[20], zero[3] = {1, 0, 2};
  fill_normal(x, 20, 10, 1, 1);
  CHECK_INT(gb_quantile_interval(x, 20, 0, NULL, &interval, &e), GB_EINPUT);
  CHECK_INT(gb_quantile_interval(x, 20, 1, NULL, &interval, &e), GB_EINPUT);
  CHECK_INT(gb_quantile_interval(x, 20, not_a_number, NULL, &interval, &e), GB_EINPUT);
  gb_resampling level = {.level = 1.5}, block = {.block = 20}, draws = {.draws = SIZE_MAX};
  CHECK_INT(gb_median_interval(x, 20, &level, &interval, &e), GB_EUSAGE);
  CHECK_INT(gb_median_interval(x, 20, &block, &interval, &e), GB_EUSAGE);
  CHECK_INT(gb_median_interval(x, 20, &draws, &interval, &e), GB_EUSAGE);
  CHECK_INT(gb_ratio_of(x, 20, x, 19, true, NULL, &ratio, &e), GB_EUSAGE);
  CHECK_INT(gb_ratio_of(zero, 3, zero, 3, true, NULL, &ratio, &e), GB_EINPUT);
  CHECK_CONTAINS(e.message, "sample 1 is 0");
  CHECK_INT(gb_median_interval(x, SIZE_MAX, NULL, &interval, &e), GB_ELIMIT);
  CHECK_INT(gb_median_draws(x, 20, NULL, x, &e), GB_EUSAGE);
}

TEST(one_and_two_samples_have_a_median_and_no_interval) {
  gb_error e = {0};
  double x[2] = {3, 1};
  for (size_t n = 1; n <= 2; n++) {
    gb_summary summary;
    gb_interval interval;
    gb_ratio ratio;
    gb_trend trend;
    gb_modes modes;
    gb_rank rank;
    gb_mann_whitney m;
    double copy[2] = {3, 1};
    REQUIRE_OK(gb_summarise(copy, n, &summary, &e), e);
    CHECK_NEAR(summary.median, n == 1 ? 3 : 2, 0);
    CHECK(isnan(summary.low) && isnan(summary.high) && isnan(summary.p99));
    REQUIRE_OK(gb_median_interval(x, n, NULL, &interval, &e), e);
    CHECK_NEAR(interval.value, n == 1 ? 3 : 2, 0);
    CHECK(isnan(interval.low) && isnan(interval.high) && isnan(interval.error));
    CHECK(interval.rough);
    CHECK_INT(gb_samples_needed(&interval, 0.01), GB_INTERVAL_LEAST - n);
    REQUIRE_OK(gb_ratio_of(x, n, x, n, true, NULL, &ratio, &e), e);
    CHECK_NEAR(ratio.interval.value, 1, 0);
    CHECK(isnan(ratio.p));
    CHECK_INT(gb_ratio_direction(&ratio, not_a_number, 0), GB_CANNOT_TELL);
    REQUIRE_OK(gb_trend_of(x, n, 1, &trend, &e), e);
    CHECK(isnan(trend.p));
    REQUIRE_OK(gb_modes_of(x, n, 0, 1, &modes, &e), e);
    CHECK(isnan(modes.p));
    CHECK_NEAR(modes.dip, n == 1 ? 0.5 : 0.25, 0);
    REQUIRE_OK(gb_rank_of(x, x, n, NULL, &rank, &e), e);
    CHECK(n == 1 ? isnan(rank.kendall.value) : rank.kendall.value >= 1);
    CHECK(isnan(rank.kendall.low));
    REQUIRE_OK(gb_mann_whitney_of(x, n, x, n, 0, 0, &m, &e), e);
    CHECK_NEAR(m.superiority, 0.5, 0);
    CHECK_NEAR(m.p, 1, 1e-12);
  }
}

TEST(constant_samples_are_certain) {
  gb_error e = {0};
  double x[50], y[50];
  for (size_t i = 0; i < 50; i++)
    x[i] = 2, y[i] = 3;
  gb_interval interval;
  gb_ratio ratio;
  gb_dependence d;
  gb_trend trend;
  gb_modes modes;
  gb_rank rank;
  gb_mann_whitney m;
  REQUIRE_OK(gb_dependence_of(x, 50, &d, &e), e);
  CHECK_INT(d.block, 1);
  CHECK_NEAR(d.effective, 50, 0);
  REQUIRE_OK(gb_median_interval(x, 50, NULL, &interval, &e), e);
  CHECK(interval.low == 2 && interval.high == 2 && interval.error == 0);
  CHECK_INT(gb_samples_needed(&interval, 0.01), 0);
  REQUIRE_OK(gb_ratio_of(x, 50, x, 50, true, NULL, &ratio, &e), e);
  CHECK_NEAR(ratio.p, 1, 0);
  CHECK_INT(gb_ratio_direction(&ratio, not_a_number, 0), GB_CANNOT_TELL);
  REQUIRE_OK(gb_ratio_of(x, 50, y, 50, true, NULL, &ratio, &e), e);
  CHECK_NEAR(ratio.p, 0, 0);
  CHECK_INT(gb_ratio_direction(&ratio, not_a_number, 0), GB_FASTER);
  CHECK_INT(gb_ratio_direction(&ratio, not_a_number, 0.6), GB_CANNOT_TELL);
  REQUIRE_OK(gb_trend_of(x, 50, 1, &trend, &e), e);
  CHECK(trend.p >= 1 && trend.share == 0 && trend.low == 0 && trend.high == 0);
  REQUIRE_OK(gb_modes_of(x, 50, 0, 1, &modes, &e), e);
  CHECK(modes.p >= 1 && modes.distance == 0);
  REQUIRE_OK(gb_rank_of(x, x, 50, NULL, &rank, &e), e);
  CHECK(isnan(rank.kendall.value) && isnan(rank.spearman.value) && isnan(rank.discordant));
  REQUIRE_OK(gb_mann_whitney_of(x, 50, y, 50, 0, 0, &m, &e), e);
  CHECK_NEAR(m.cliff, -1, 0);
  CHECK_NEAR(m.shift, -1, 0);
}

TEST(extreme_numbers_and_many_samples) {
  gb_error e = {0};
  double wide[8] = {-DBL_MAX, DBL_MAX, 0, DBL_MIN, -DBL_MIN, 1, -1, 4e-320};
  gb_mann_whitney m;
  gb_modes modes;
  gb_rank rank;
  REQUIRE_OK(gb_mann_whitney_of(wide, 8, wide, 8, 0, 0, &m, &e), e);
  CHECK_NEAR(m.shift, 0, 1e-300);
  REQUIRE_OK(gb_modes_of(wide, 8, 0, 1, &modes, &e), e);
  REQUIRE_OK(gb_rank_of(wide, wide, 8, NULL, &rank, &e), e);
  CHECK_NEAR(rank.kendall.value, 1, 1e-12);
  size_t n = 200000;
  double *many = malloc(n * sizeof *many);
  REQUIRE(many != NULL);
  fill_normal(many, n, 100, 1, 3);
  gb_interval interval;
  gb_resampling how = {.draws = 50};
  REQUIRE_OK(gb_median_interval(many, n, &how, &interval, &e), e);
  CHECK(interval.low < 100 && 100 < interval.high && interval.high - interval.low < 0.02);
  gb_trend trend;
  REQUIRE_OK(gb_trend_of(many, n, 1, &trend, &e), e);
  CHECK(trend.p > 0.01);
  gb_summary summary;
  REQUIRE_OK(gb_summarise(many, n, &summary, &e), e);
  CHECK_NEAR(summary.p99, 102.326, 0.02);
  free(many);
}

// ---------------------------------------------------------------------------------------------
// What is said

TEST(floors_of_quantiles_are_those_of_loadgen) {
  CHECK_INT(gb_quantile_floor(0.9), 64);
  CHECK_INT(gb_quantile_floor(0.99), 662);
  CHECK_INT(gb_quantile_floor(0.3), 0);
  double x[662];
  gb_error e = {0};
  gb_summary summary;
  fill_normal(x, 662, 5, 1, 1);
  REQUIRE_OK(gb_summarise(x, 661, &summary, &e), e);
  CHECK(isnan(summary.p99));
  REQUIRE_OK(gb_summarise(x, 662, &summary, &e), e);
  CHECK(isfinite(summary.p99));
}

TEST(the_same_seed_gives_the_same_and_scale_moves_along) {
  gb_error e = {0};
  double x[60], y[60];
  fill_normal(x, 60, 10, 1, 9);
  for (size_t i = 0; i < 60; i++)
    y[i] = 1024 * x[i];
  gb_resampling how = {.turn = 3, .seed = 5};
  gb_interval a, b, c;
  REQUIRE_OK(gb_median_interval(x, 60, &how, &a, &e), e);
  REQUIRE_OK(gb_median_interval(x, 60, &how, &b, &e), e);
  REQUIRE_OK(gb_median_interval(y, 60, &how, &c, &e), e);
  CHECK(a.low == b.low && a.high == b.high && a.error == b.error);
  CHECK_NEAR(c.low, 1024 * a.low, 1e-9);
  CHECK_NEAR(c.high, 1024 * a.high, 1e-9);
  CHECK_INT(a.turns, 20);
  CHECK(a.low <= a.value && a.value <= a.high);
  // Draws of two competitors with the same seed take the same turns.
  double dx[40], dy[40];
  gb_resampling drawing = {.turn = 3, .block = 2, .draws = 40, .seed = 8};
  REQUIRE_OK(gb_median_draws(x, 60, &drawing, dx, &e), e);
  REQUIRE_OK(gb_median_draws(y, 60, &drawing, dy, &e), e);
  for (size_t i = 0; i < 40; i++)
    CHECK_NEAR(dy[i], 1024 * dx[i], 1e-9);
}

TEST(a_last_short_turn_is_drawn_too) {
  gb_error e = {0};
  double x[62];
  fill_normal(x, 62, 10, 1, 4);
  gb_resampling how = {.turn = 5};
  gb_interval interval;
  REQUIRE_OK(gb_median_interval(x, 62, &how, &interval, &e), e);
  CHECK_INT(interval.turns, 13);
  CHECK(interval.low < interval.value && interval.value < interval.high);
}

TEST(dependence_is_seen) {
  gb_error e = {0};
  double x[1000];
  gb_random random = {11};
  for (size_t i = 0; i < 1000; i++)
    x[i] = (i ? 0.8 * x[i - 1] : 0) + 0.6 * gb_random_normal(&random);
  gb_dependence d;
  REQUIRE_OK(gb_dependence_of(x, 1000, &d, &e), e);
  CHECK_NEAR(d.lag1, 0.8, 0.06);
  CHECK_NEAR(d.effective, 1000 * 0.2 / 1.8, 45); // n (1 - φ) / (1 + φ)
  CHECK(d.block > 8 && d.block < 60);
  for (size_t i = 0; i < 1000; i++)
    x[i] = gb_random_normal(&random);
  REQUIRE_OK(gb_dependence_of(x, 1000, &d, &e), e);
  CHECK(fabs(d.lag1) < 0.1 && d.block < 6 && d.effective > 750);
  for (size_t i = 0; i < 1000; i++) // alternating: never more than there are
    x[i] = i % 2 ? 1 : -1;
  REQUIRE_OK(gb_dependence_of(x, 1000, &d, &e), e);
  CHECK_NEAR(d.effective, 1000, 0);
}

TEST(what_is_common_to_a_round_cancels_when_paired) {
  gb_error e = {0};
  double a[100], b[100];
  gb_random random = {2};
  for (size_t i = 0; i < 100; i++) {
    double round = exp(0.2 * gb_random_normal(&random));
    a[i] = 1.02 * round * exp(0.01 * gb_random_normal(&random));
    b[i] = round * exp(0.01 * gb_random_normal(&random));
  }
  gb_ratio paired, apart;
  REQUIRE_OK(gb_ratio_of(a, 100, b, 100, true, NULL, &paired, &e), e);
  REQUIRE_OK(gb_ratio_of(a, 100, b, 100, false, NULL, &apart, &e), e);
  CHECK(paired.interval.error < apart.interval.error / 2);
  CHECK_INT(gb_ratio_direction(&apart, not_a_number, 0), GB_CANNOT_TELL);
  CHECK_NEAR(paired.interval.value, 1.02, 0.03);
  gb_ratio turned;
  REQUIRE_OK(gb_ratio_of(b, 100, a, 100, true, NULL, &turned, &e), e);
  CHECK_NEAR(turned.interval.value * paired.interval.value, 1, 1e-12);
  CHECK_NEAR(turned.p, paired.p, 1e-12);
}

TEST(three_words) {
  gb_error e = {0};
  double a[60], b[60];
  fill_normal(a, 60, 11, 0.2, 1);
  fill_normal(b, 60, 10, 0.2, 2);
  gb_ratio r;
  REQUIRE_OK(gb_ratio_of(a, 60, b, 60, true, NULL, &r, &e), e);
  CHECK_INT(gb_ratio_direction(&r, not_a_number, 0), GB_SLOWER);
  CHECK_INT(gb_ratio_direction(&r, 0.04, 0.05), GB_SLOWER);
  CHECK_INT(gb_ratio_direction(&r, 0.06, 0), GB_CANNOT_TELL);     // Holm says no
  CHECK_INT(gb_ratio_direction(&r, 0.0001, 0.2), GB_CANNOT_TELL); // below what the machine can tell
  REQUIRE_OK(gb_ratio_of(b, 60, a, 60, true, NULL, &r, &e), e);
  CHECK_INT(gb_ratio_direction(&r, not_a_number, 0.05), GB_FASTER);
  CHECK_TEXT(gb_direction_words[GB_CANNOT_TELL], "cannot tell");
}

// Four times the samples halve an interval; what is asked for is reached.
TEST(samples_needed_are_about_right) {
  gb_error e = {0};
  double x[2000];
  fill_normal(x, 2000, 10, 1, 77);
  gb_interval few, enough;
  REQUIRE_OK(gb_median_interval(x, 100, NULL, &few, &e), e);
  double wanted = gb_interval_share(&few) / 3;
  size_t more = gb_samples_needed(&few, wanted);
  CHECK_NEAR(more, 800, 10);
  REQUIRE_OK(gb_median_interval(x, 100 + more, NULL, &enough, &e), e);
  CHECK_NEAR(gb_interval_share(&enough), wanted, 0.4 * wanted);
  CHECK_INT(gb_samples_needed(&few, gb_interval_share(&few) * 1.01), 0);
  CHECK(gb_samples_needed(&few, 0) == SIZE_MAX);
}

TEST(mann_whitney_of_hand_worked_values) {
  gb_error e = {0};
  gb_mann_whitney m;
  double a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8};
  REQUIRE_OK(gb_mann_whitney_of(a, 4, b, 4, 0, 0, &m, &e), e);
  CHECK(m.exact);
  CHECK_NEAR(m.p, 2.0 / 70, 1e-15); // two of C(8, 4) orders
  CHECK_NEAR(m.u, 0, 0);
  CHECK_NEAR(m.shift, -4, 0);
  REQUIRE_OK(gb_mann_whitney_of(a, 4, b, 4, 2, 2, &m, &e), e);
  CHECK(!m.exact && m.p > 0.1); // two independent samples each say little
}

TEST(holm_of_hand_worked_values_and_gaps) {
  gb_error e = {0};
  double p[5] = {0.01, not_a_number, 0.04, 0.03, 0.5}, out[5];
  REQUIRE_OK(gb_holm(p, 5, out, &e), e);
  CHECK_NEAR(out[0], 0.04, 1e-15);
  CHECK(isnan(out[1]));
  CHECK_NEAR(out[2], 0.09, 1e-15); // not below the smaller one's 0.03 × 3
  CHECK_NEAR(out[3], 0.09, 1e-15);
  CHECK_NEAR(out[4], 0.5, 1e-15);
  REQUIRE_OK(gb_holm(p, 5, p, &e), e);
  CHECK_NEAR(p[2], 0.09, 1e-15);
  REQUIRE_OK(gb_holm(p, 0, out, &e), e);
  double bad[1] = {1.5};
  CHECK_INT(gb_holm(bad, 1, out, &e), GB_EINPUT);
}

TEST(trends_and_modes_are_found) {
  gb_error e = {0};
  double x[120];
  fill_normal(x, 120, 10, 0.1, 5);
  for (size_t i = 0; i < 120; i++)
    x[i] += 0.5 * (double)i / 119;
  gb_trend trend;
  REQUIRE_OK(gb_trend_of(x, 120, 4, &trend, &e), e);
  CHECK(trend.p < 1e-4);
  CHECK_NEAR(trend.share, 0.05, 0.015);
  CHECK(trend.low < 0.05 && 0.05 < trend.high);
  gb_random random = {3};
  for (size_t i = 0; i < 120; i++) // a third of the samples is a quarter slower
    x[i] = (i % 30 < 10 ? 12.5 : 10) + 0.2 * gb_random_normal(&random);
  x[7] = 400;
  gb_modes modes;
  REQUIRE_OK(gb_modes_of(x, 120, 0, 1, &modes, &e), e);
  CHECK(modes.p < 0.01);
  CHECK_NEAR(modes.lower, 10, 0.1);
  CHECK_NEAR(modes.upper, 12.5, 0.15);
  CHECK_NEAR(modes.weight, 1.0 / 3, 0.02);
  CHECK_NEAR(modes.distance, 0.25, 0.02);
}

TEST(ranks_of_hand_worked_columns) {
  gb_error e = {0};
  gb_rank r;
  double x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {10, 20, 40, 30, 50, 60};
  REQUIRE_OK(gb_rank_of(x, y, 6, NULL, &r, &e), e);
  CHECK_NEAR(r.kendall.value, 13.0 / 15, 1e-12); // one of 15 pairs is turned
  CHECK_NEAR(r.discordant, 1.0 / 15, 1e-12);
  CHECK_NEAR(r.spearman.value, 1 - 6.0 * 2 / (6 * 35), 1e-12);
  CHECK(r.kendall.low >= -1 && r.kendall.low < r.kendall.value && r.kendall.high <= 1);
  CHECK_NEAR(r.kendall_p, 2.0 * 6 / 720, 1e-12); // 1 order without, 5 with one inversion
  double many[1];
  CHECK_INT(gb_rank_of(many, many, 0, NULL, &r, &e), GB_EINPUT);
}

// ---------------------------------------------------------------------------------------------
// Models, fronts, gaps

TEST(a_model_finds_its_prices_in_spite_of_outliers) {
  gb_error e = {0};
  gb_random random = {8};
  double x[40 * 3], y[40];
  for (size_t i = 0; i < 40; i++) {
    x[3 * i] = 1e8 * exp(gb_random_normal(&random));
    x[3 * i + 1] = 1e6 * exp(gb_random_normal(&random));
    x[3 * i + 2] = 20 + 80 * gb_random_uniform(&random);
    y[i] = 1e-11 * x[3 * i] + 1e-10 * x[3 * i + 1] + 5e-6 * x[3 * i + 2];
    y[i] *= 1 + 0.02 * gb_random_normal(&random);
    y[i] *= i % 10 == 3 ? 4 : 1; // a tenth was disturbed
  }
  gb_linear fit;
  gb_linear_wish wish = {
      .x = x, .y = y, .rows = 40, .terms = 3, .intervals = true, .how = {.draws = 60}};
  REQUIRE_OK(gb_linear_fit(&wish, &fit, &e), e);
  CHECK_NEAR(fit.price[0], 1e-11, 1e-12);
  CHECK_NEAR(fit.price[1], 1e-10, 3e-11);
  CHECK_NEAR(fit.price[2], 5e-6, 4e-7);
  CHECK(fit.low[0] <= 1e-11 && 1e-11 <= fit.high[0]);
  CHECK(fit.typical_error < 0.04 && fit.unseen_error < 0.05 && fit.unseen_worst > 0.5);
  CHECK_INT(fit.folds, 10);
  double row[3] = {1e8, 1e6, 50};
  CHECK_NEAR(gb_linear_predict(&fit, row), 1e-3 + 1e-4 + 2.5e-4, 1e-4);
}

TEST(a_model_has_no_negative_prices) {
  gb_error e = {0};
  double x[20 * 3], y[20];
  for (size_t i = 0; i < 20; i++) { // y falls with the second, the third is nothing
    x[3 * i] = 1 + (double)i;
    x[3 * i + 1] = 40 - (double)i + (double)(i * i % 7);
    x[3 * i + 2] = 0;
    y[i] = 2 * x[3 * i];
  }
  for (size_t i = 0; i < 20; i++)
    y[i] += 50 - x[3 * i + 1];
  gb_linear fit;
  gb_linear_wish wish = {.x = x, .y = y, .rows = 20, .terms = 3};
  REQUIRE_OK(gb_linear_fit(&wish, &fit, &e), e);
  CHECK(fit.price[0] > 0 && fit.price[1] >= 0 && fit.price[2] == 0);
  for (size_t i = 0; i < 20; i++) // exactly linear: nothing is left
    y[i] = 0.5 * x[3 * i] + 0.25 * x[3 * i + 1];
  REQUIRE_OK(gb_linear_fit(&wish, &fit, &e), e);
  CHECK_NEAR(fit.price[0], 0.5, 1e-9);
  CHECK_NEAR(fit.price[1], 0.25, 1e-9);
  CHECK_NEAR(fit.r2, 1, 1e-12);
}

TEST(a_model_refuses_what_it_cannot_fit) {
  gb_error e = {0};
  double x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[4] = {1, 2, 3, 4}, zeros[8] = {0};
  gb_linear fit;
  gb_linear_wish wish = {.x = x, .y = y, .rows = 2, .terms = 2};
  CHECK_INT(gb_linear_fit(&wish, &fit, &e), GB_EINPUT);
  CHECK_CONTAINS(e.message, "2 rows are too few");
  wish.rows = 4, wish.x = zeros;
  CHECK_INT(gb_linear_fit(&wish, &fit, &e), GB_EINPUT);
  wish.x = x, y[2] = 0;
  CHECK_INT(gb_linear_fit(&wish, &fit, &e), GB_EINPUT);
  y[2] = not_a_number;
  CHECK_INT(gb_linear_fit(&wish, &fit, &e), GB_EINPUT);
  y[2] = 3, x[5] = -1;
  CHECK_INT(gb_linear_fit(&wish, &fit, &e), GB_EINPUT);
  CHECK_CONTAINS(e.message, "row 2: term 1 is -1");
  x[5] = inf;
  CHECK_INT(gb_linear_fit(&wish, &fit, &e), GB_EINPUT);
  wish.terms = GB_MODEL_TERMS + 1;
  CHECK_INT(gb_linear_fit(&wish, &fit, &e), GB_EUSAGE);
  double same[8] = {1, 2, 2, 4, 3, 6, 4, 8}; // columns that say the same
  wish = (gb_linear_wish){.x = same, .y = y, .rows = 4, .terms = 2};
  REQUIRE_OK(gb_linear_fit(&wish, &fit, &e), e);
  double row[2] = {10, 20};
  CHECK_NEAR(gb_linear_predict(&fit, row), 10, 1e-6);
}

TEST(a_front_and_how_sure_it_is) {
  gb_error e = {0};
  double latency[4] = {1, 2, 3, 2}, accuracy[4] = {70, 75, 74, 75};
  // Point 3 equals point 1 by value; in half of the draws it is slower.
  double draws[2 * 4] = {1, 2, 3, 2.1, 1, 2, 3, 2};
  gb_objective o[2] = {{false, latency, draws}, {true, accuracy, NULL}};
  gb_front_point f[4];
  REQUIRE_OK(gb_pareto(o, 2, 4, 2, f, &e), e);
  CHECK(f[0].on_front && f[1].on_front && !f[2].on_front && f[3].on_front);
  CHECK_NEAR(f[0].probability, 1, 0);
  CHECK_NEAR(f[2].probability, 0, 0);
  CHECK_NEAR(f[3].probability, 0.5, 0);
  REQUIRE_OK(gb_pareto(o, 2, 4, 0, f, &e), e);
  CHECK_NEAR(f[1].probability, 1, 0);
  CHECK_INT(gb_pareto(o, 2, 0, 0, f, &e), GB_EINPUT);
  CHECK_INT(gb_pareto(o, 0, 4, 0, f, &e), GB_EINPUT);
  accuracy[1] = not_a_number;
  CHECK_INT(gb_pareto(o, 2, 4, 2, f, &e), GB_EINPUT);
}

TEST(terms_of_a_gap_sum_to_it) {
  gb_error e = {0};
  gb_random random = {12};
  enum { KINDS = 7 };
  gb_gap_side a[KINDS], b[KINDS];
  gb_gap_terms terms[KINDS];
  gb_gap gap;
  for (int i = 0; i < KINDS; i++) {
    a[i] = (gb_gap_side){gb_random_uniform(&random) * 1e-3, gb_random_uniform(&random) * 1e8,
                         gb_random_uniform(&random) * 1e6, 3};
    b[i] = (gb_gap_side){gb_random_uniform(&random) * 1e-3, gb_random_uniform(&random) * 1e8,
                         gb_random_uniform(&random) * 1e6, 5};
  }
  b[3] = (gb_gap_side){0}; // a kind that only one has
  gb_prices prices = {1e-11, 1e-10, 1e-6};
  REQUIRE_OK(gb_gap_split(a, b, KINDS, 5e-3, 4e-3, &prices, terms, &gap, &e), e);
  CHECK_NEAR(gap.gap, -1e-3, 1e-18);
  const gb_gap_terms *s = &gap.sum;
  CHECK_NEAR(s->work + s->bytes + s->calls + s->rate + gap.residual, gap.gap, 1e-17);
  CHECK_NEAR(terms[0].calls, 2e-6, 1e-18);
  CHECK_NEAR(terms[1].work, 1e-11 * (b[1].macs - a[1].macs), 1e-18);
  for (int i = 0; i < KINDS; i++)
    CHECK_NEAR(terms[i].work + terms[i].bytes + terms[i].calls + terms[i].rate,
               b[i].seconds - a[i].seconds, 1e-17);
  REQUIRE_OK(gb_gap_split(a, a, KINDS, 5e-3, 5e-3, &prices, terms, &gap, &e), e);
  CHECK(gap.gap == 0 && gap.residual == 0 && gap.sum.work == 0 && gap.sum.rate == 0);
  b[2].macs = -1;
  CHECK_INT(gb_gap_split(a, b, KINDS, 1, 1, &prices, terms, &gap, &e), GB_EINPUT);
  b[2].macs = inf;
  CHECK_INT(gb_gap_split(a, b, KINDS, 1, 1, &prices, terms, &gap, &e), GB_EINPUT);
  CHECK_INT(gb_gap_split(a, a, KINDS, not_a_number, 1, &prices, terms, &gap, &e), GB_EINPUT);
  prices.call = -1;
  CHECK_INT(gb_gap_split(a, a, KINDS, 1, 1, &prices, terms, &gap, &e), GB_EINPUT);
}

TEST_MAIN(CASE(no_samples_and_no_numbers_are_refused), CASE(wishes_that_make_no_sense_are_refused),
          CASE(one_and_two_samples_have_a_median_and_no_interval),
          CASE(constant_samples_are_certain), CASE(extreme_numbers_and_many_samples),
          CASE(floors_of_quantiles_are_those_of_loadgen),
          CASE(the_same_seed_gives_the_same_and_scale_moves_along),
          CASE(a_last_short_turn_is_drawn_too), CASE(dependence_is_seen),
          CASE(what_is_common_to_a_round_cancels_when_paired), CASE(three_words),
          CASE(samples_needed_are_about_right), CASE(mann_whitney_of_hand_worked_values),
          CASE(holm_of_hand_worked_values_and_gaps), CASE(trends_and_modes_are_found),
          CASE(ranks_of_hand_worked_columns), CASE(a_model_finds_its_prices_in_spite_of_outliers),
          CASE(a_model_has_no_negative_prices), CASE(a_model_refuses_what_it_cannot_fit),
          CASE(a_front_and_how_sure_it_is), CASE(terms_of_a_gap_sum_to_it))
