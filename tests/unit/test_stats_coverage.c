// Intervals hold the truth so often as they say and comparisons claim no differences that are not
// there: by simulation, a part of what `make bench-coverage` measures.
#include "tests/lib/check.h"
#include "tests/lib/quick.h"
#include "tests/lib/simulate.h"

#include <stdlib.h>

// Shares of few simulations scatter: by so much, three deviations, they may be off.
static double slack(double share, size_t times) {
  return 3 * sqrt(share * (1 - share) / (double)times);
}

static void check_world(check_state *check, const world *w) {
  size_t times = quick() ? 100 : 600;
  double(*samples)[SIMULATED_MOST] = malloc(3 * sizeof *samples);
  REQUIRE(samples != NULL);
  questions ask = {.draws = 200, .trend = true};
  shares s = measure_shares(w, times, &ask, 42, samples);
  free(samples);
  double low = 0.92 - slack(0.92, times), high = 0.98 + slack(0.98, times);
  if (s.median < low || s.median > high)
    FAIL("phi %g, %zu samples: intervals of the median cover %.3f", w->phi, w->count, s.median);
  if (s.paired < low || s.paired > high)
    FAIL("phi %g, %zu samples: intervals of the ratio cover %.3f", w->phi, w->count, s.paired);
  if (s.paired_claims > 0.05 + slack(0.05, times))
    FAIL("phi %g, %zu samples: %.3f false alarms", w->phi, w->count, s.paired_claims);
  if (s.mann_whitney > 0.07 + slack(0.07, times))
    FAIL("phi %g, %zu samples: %.3f false alarms of U", w->phi, w->count, s.mann_whitney);
  if (s.trends > 0.10 + slack(0.10, times))
    FAIL("phi %g, %zu samples: %.3f false trends", w->phi, w->count, s.trends);
  if (fabs(s.detected - 0.8) > 0.1 + slack(0.8, times))
    FAIL("phi %g, %zu samples: %.3f of 0.8 found", w->phi, w->count, s.detected);
}

TEST(independent_samples) {
  check_world(check, &(world){.spread = 0.05, .count = 100, .turn = 1});
}

TEST(turns_of_calls) {
  check_world(check,
              &(world){.spread = 0.05, .within = 0.03, .common = 0.5, .count = 200, .turn = 4});
}

TEST(correlated_samples) {
  check_world(check, &(world){.phi = 0.5, .spread = 0.05, .count = 100, .turn = 1});
}

TEST(strongly_correlated_samples) {
  check_world(check, &(world){.phi = 0.8, .spread = 0.05, .count = 250, .turn = 1});
}

// The oracle can fail: intervals that take correlated samples for independent ones are too narrow.
TEST(intervals_that_ignore_dependence_fail_this_test) {
  double(*samples)[SIMULATED_MOST] = malloc(sizeof *samples);
  REQUIRE(samples != NULL);
  world w = {.phi = 0.8, .spread = 0.05, .count = 250, .turn = 1};
  gb_random random = {1};
  size_t held = 0, times = 100;
  for (size_t i = 0; i < times; i++) {
    gb_error e;
    gb_interval interval;
    gb_resampling how = {.block = 1, .draws = 200, .seed = i};
    simulate(&w, 1, 1, &random, samples);
    REQUIRE_OK(gb_median_interval(samples[0], w.count, &how, &interval, &e), e);
    double half = interval.lost; // what is known of the dependence is taken back
    interval.low = interval.value - (interval.value - interval.low) / half;
    interval.high = interval.value + (interval.high - interval.value) / half;
    held += holds(&interval, 1);
  }
  free(samples);
  CHECK(held < 85);
}

TEST_MAIN(CASE(independent_samples), CASE(turns_of_calls), CASE(correlated_samples),
          CASE(strongly_correlated_samples), CASE(intervals_that_ignore_dependence_fail_this_test))
