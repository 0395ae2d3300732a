// Simulated samples whose truth is known, and how often statistics tell it.
#ifndef GB_TESTS_SIMULATE_H
#define GB_TESTS_SIMULATE_H

#include "harness/stats/dependence.h"
#include "harness/stats/difference.h"
#include "harness/stats/drift.h"
#include "harness/stats/rank.h"
#include "layers/base/random.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum { SIMULATED_MOST = 2000 };

// What samples look like. Their logarithms are AR(1) about 0 with deviation `spread`: the median is
// `median`, the tail to the right is long, as times have it.
typedef struct world {
  double phi;    // correlation of neighbours (of turns)
  double spread; // of the logarithm
  double within; // deviation of the logarithm within a turn
  double common; // share of the variance that competitors of one round have in common
  size_t count, turn;
} world;

typedef struct series {
  double state; // of the AR(1)
  bool begun;
} series;

static inline double series_next(series *s, double phi, gb_random *random) {
  double fresh = gb_random_normal(random);
  s->state = s->begun ? phi * s->state + sqrt(1 - phi * phi) * fresh : fresh;
  s->begun = true;
  return s->state;
}

// `competitors` sets of samples of one session, all with the same median `median`.
static inline void simulate(const world *w, size_t competitors, double median, gb_random *random,
                            double samples[][SIMULATED_MOST]) {
  series common = {0}, own[8] = {0};
  size_t turn = w->turn ? w->turn : 1;
  for (size_t i = 0; i < w->count; i += turn) {
    double shared = series_next(&common, w->phi, random);
    for (size_t c = 0; c < competitors; c++) {
      double level =
          sqrt(w->common) * shared + sqrt(1 - w->common) * series_next(&own[c], w->phi, random);
      for (size_t k = i; k < i + turn && k < w->count; k++)
        samples[c][k] = median * exp(w->spread * level + w->within * gb_random_normal(random));
    }
  }
}

// Shares of `times` simulations.
typedef struct shares {
  double median, p90;                 // intervals that hold the truth
  double paired, apart;               // the same of ratios
  double paired_claims, apart_claims; // faster or slower, where there is no difference
  double trends, modes;               // found at 5 %, where there are none
  double mann_whitney;                // the same, with effective sizes
  double detected;                    // differences as large as `detectable` said that were found
  double rough;                       // intervals that say that they may be too narrow
} shares;

static inline bool holds(const gb_interval *i, double truth) {
  return i->low <= truth && truth <= i->high;
}

// What is asked of each simulation; a failed call counts for nothing, which the shares show.
typedef struct questions {
  bool p90, apart, trend, modes;
  size_t draws;
} questions;

static inline shares measure_shares(const world *w, size_t times, const questions *ask,
                                    uint64_t seed, double samples[3][SIMULATED_MOST]) {
  shares s = {0};
  gb_random random = {seed};
  double one = 1 / (double)times;
  for (size_t i = 0; i < times; i++) {
    gb_error e;
    gb_resampling how = {.turn = w->turn, .draws = ask->draws, .seed = gb_random_next(&random)};
    gb_interval interval;
    gb_ratio ratio = {0};
    simulate(w, 2, 1e-3, &random, samples);
    if (gb_median_interval(samples[0], w->count, &how, &interval, &e) == GB_OK) {
      s.median += holds(&interval, 1e-3) ? one : 0;
      s.rough += interval.rough ? one : 0;
    }
    double deviation = sqrt(w->spread * w->spread + w->within * w->within);
    if (ask->p90 && gb_quantile_interval(samples[0], w->count, 0.9, &how, &interval, &e) == GB_OK)
      s.p90 += holds(&interval, 1e-3 * exp(1.2815515655446004 * deviation)) ? one : 0;
    if (gb_ratio_of(samples[0], w->count, samples[1], w->count, true, &how, &ratio, &e) == GB_OK) {
      s.paired += holds(&ratio.interval, 1) ? one : 0;
      s.paired_claims += gb_ratio_direction(&ratio, (double)NAN, 0) != GB_CANNOT_TELL ? one : 0;
    }
    if (isfinite(ratio.detectable)) { // the same session with a difference of that size
      for (size_t k = 0; k < w->count; k++)
        samples[2][k] = samples[0][k] * (1 + ratio.detectable);
      if (gb_ratio_of(samples[2], w->count, samples[1], w->count, true, &how, &ratio, &e) == GB_OK)
        s.detected += gb_ratio_direction(&ratio, (double)NAN, 0) == GB_SLOWER ? one : 0;
    }
    if (ask->apart &&
        gb_ratio_of(samples[0], w->count, samples[1], w->count, false, &how, &ratio, &e) == GB_OK) {
      s.apart += holds(&ratio.interval, 1) ? one : 0;
      s.apart_claims += gb_ratio_direction(&ratio, (double)NAN, 0) != GB_CANNOT_TELL ? one : 0;
    }
    gb_dependence a, b;
    gb_mann_whitney m;
    if (gb_dependence_of(samples[0], w->count, &a, &e) == GB_OK &&
        gb_dependence_of(samples[1], w->count, &b, &e) == GB_OK &&
        gb_mann_whitney_of(samples[0], w->count, samples[1], w->count, a.effective, b.effective, &m,
                           &e) == GB_OK)
      s.mann_whitney += m.p < 0.05 ? one : 0;
    gb_trend trend;
    if (ask->trend && gb_trend_of(samples[0], w->count, w->turn, &trend, &e) == GB_OK)
      s.trends += trend.p < 0.05 ? one : 0;
    gb_modes modes;
    if (ask->modes && gb_modes_of(samples[0], w->count, 0, how.seed, &modes, &e) == GB_OK)
      s.modes += modes.p < 0.05 ? one : 0;
  }
  return s;
}

#endif
