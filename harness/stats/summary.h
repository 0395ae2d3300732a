// What a set of samples says: median with its interval, spread, extremes. The only folder that
// knows GSL's statistics.
#ifndef GB_STATS_SUMMARY_H
#define GB_STATS_SUMMARY_H

#include "layers/base/status.h"

// Of times or other positive numbers, in the samples' own unit.
typedef struct gb_summary {
  size_t count;
  double minimum, median, p90, maximum;
  double mad; // median absolute deviation from the median, not scaled
  // 95 % interval of the median by order statistics: the narrowest pair of samples that encloses it
  // with at least that probability whatever the distribution (binomial). Samples in time are not
  // independent, so that the true coverage may be lower; NAN where there are fewer than 6.
  double low, high;
} gb_summary;

// `samples` are reordered (sorted). GB_EINPUT when there are none or one is not finite.
gb_status gb_summarise(double *samples, size_t count, gb_summary *summary, gb_error *error);

#endif
