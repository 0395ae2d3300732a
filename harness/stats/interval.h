// Quantiles with intervals by a bootstrap over blocks, because samples in time depend on one
// another.
//
// A sample's turn (measure/protocol.h: calls timed in one go) is the smallest thing that is drawn;
// the circular block bootstrap (Politis, Romano 1992) draws blocks of consecutive turns, whose
// length the turns' autocorrelation decides (dependence.h). The percentile interval is then widened
// about the estimate, because there are few blocks and dependence goes beyond their ends: by
// Student's t with min(1.5 turns / block, effective - 1) degrees of freedom over the normal
// quantile, over √(1 - block / turns) (fixed-b theory: Kiefer, Vogelsang 2005; Sun 2014), times
// `lost` (dependence.h).
//
// How often that holds the truth is measured by `make bench-coverage`. For independent and AR(1)
// samples, also seen through noise, where at most a tenth of the intervals are `rough`, 1000
// simulations a row gave 92.8 to 96.4 % for the median, 94.3 to 98.2 % for paired ratios
// (difference.h) and at most 5.1 % false alarms of these. Quantile 0.9 is held less often there,
// from 89 % on: its own `rough` asks for five times as many samples.
#ifndef GB_STATS_INTERVAL_H
#define GB_STATS_INTERVAL_H

#include "layers/base/status.h"

#include <stdbool.h>
#include <stdint.h>

// How a bootstrap draws. Zeros mean the defaults.
typedef struct gb_resampling {
  size_t turn;  // consecutive samples that are drawn together; 0: 1
  size_t block; // turns in a block; 0: chosen from the turns' autocorrelation
  size_t draws; // 0: 2000, fewer for many samples (at least 200)
  double level; // 0: 0.95
  uint64_t seed;
} gb_resampling;

typedef struct gb_interval {
  double value;     // the estimate from the samples themselves
  double low, high; // NAN where there are fewer than GB_INTERVAL_LEAST turns
  double level;
  double error;     // standard error, widened in the same way; NAN where the interval is
  double freedom;   // degrees of freedom that belong to `error`
  size_t count;     // samples
  size_t turns;     // of which so many can be drawn apart
  size_t block;     // turns drawn together
  double effective; // turns that would say as much if they were independent
  double lost;      // what dependence beyond the blocks' ends widened it by (dependence.h)
  bool rough;       // too few effective turns: the interval may well be too narrow
} gb_interval;

// Fewest turns for an interval of the median (below, no distribution-free 95 % one exists), and
// fewest effective ones for one that is not rough: of the median, and of other quantiles as many on
// their thinner side.
enum { GB_INTERVAL_LEAST = 6, GB_SAMPLES_MOST = 1000000, GB_EFFECTIVE_LEAST = 12 };

// `samples` in the order of time. GB_EINPUT: none, one not finite, q not in (0, 1); GB_ELIMIT: more
// than GB_SAMPLES_MOST; GB_EUSAGE: a resampling that makes no sense.
gb_status gb_quantile_interval(const double *samples, size_t count, double q,
                               const gb_resampling *how, gb_interval *interval, gb_error *error);
gb_status gb_median_interval(const double *samples, size_t count, const gb_resampling *how,
                             gb_interval *interval, gb_error *error);

// The medians of `draws` resamples (not widened), for functions of several competitors: with the
// same seed, turn, block and number of turns, draw i takes the same turns of each, so that what met
// all in a round stays together. `how->draws` and `how->block` must be given.
gb_status gb_median_draws(const double *samples, size_t count, const gb_resampling *how,
                          double *medians, gb_error *error);

// Width of the interval over its value; NAN where it has none.
double gb_interval_share(const gb_interval *interval);

// More samples (whole turns) until the interval is likely no wider than `wanted_share` of its
// value: widths fall with the square root. 0: it is narrow enough. SIZE_MAX: cannot be told (no
// interval because all is too short gives what is missing to GB_INTERVAL_LEAST turns instead).
size_t gb_samples_needed(const gb_interval *interval, double wanted_share);

#endif
