// What a set of samples says: median with its interval, spread, extremes, outliers.
//
// The story of the folder: pure functions on plain arrays, the only folder that knows GSL. It goes
// from one set of samples to claims about many:
//   summary.h     one set: median, quantiles, spread, outliers classed and kept
//   dependence.h  how much its samples depend on one another: effective size, length of blocks
//   interval.h    quantiles with intervals by a bootstrap over blocks; how many samples are lacking
//   difference.h  two sets: ratio of medians with interval, Mann-Whitney, effect; Holm over a table
//   drift.h       was it one steady thing: trend over time, two modes
//   rank.h        do two columns of a table order its rows alike (Kendall, Spearman)
//   model.h       what a latency is made of: robust fit over MACs, bytes, calls, cross-validated
//   pareto.h      which points no other one beats, and how sure that is
//   gap.h         the difference of two totals, split into terms that sum to it
// All randomness comes from seeds; the same input gives the same result everywhere. Numbers that
// cannot be known (an interval of two samples) are NAN, and what is wrong (no samples, infinities)
// is GB_EINPUT.
#ifndef GB_STATS_SUMMARY_H
#define GB_STATS_SUMMARY_H

#include "layers/base/status.h"

// Samples beyond the fences of Tukey (Exploratory Data Analysis, 1977): mild ones lie more than 1.5
// quartile ranges outside the quartiles, severe ones more than 3. They are counted and kept.
typedef struct gb_outliers {
  size_t mild_low, mild_high, severe_low, severe_high;
} gb_outliers;

// Of times or other positive numbers, in the samples' own unit.
typedef struct gb_summary {
  size_t count;
  double minimum, median, p90, maximum;
  double first_quartile, third_quartile;
  double p99; // NAN where there are fewer than gb_quantile_floor(0.99) samples
  double mad; // median absolute deviation from the median, not scaled
  // 95 % interval of the median by order statistics: the narrowest pair of samples that encloses it
  // with at least that probability whatever the distribution (binomial). Samples in time are not
  // independent, so that the true coverage may be lower (gb_median_interval knows better); NAN
  // where there are fewer than 6.
  double low, high;
  gb_outliers outliers;
} gb_summary;

// `samples` are reordered (sorted). GB_EINPUT when there are none or one is not finite.
gb_status gb_summarise(double *samples, size_t count, gb_summary *summary, gb_error *error);

// Samples from which on an upper quantile (0.5 <= q < 1) may be claimed: the fewest n of which one
// may exceed it and the true quantile still lies below the second largest with 99 % confidence:
// P(B(n, 1 - q) <= 1) <= 0.01. 64 for q = 0.9, 662 for q = 0.99 (the floors of MLPerf LoadGen).
size_t gb_quantile_floor(double q);

// The version of GSL that is linked, static.
const char *gb_stats_library(void);

#endif
