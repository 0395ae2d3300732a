// Was it one steady thing that was measured: trend over time, two modes.
#ifndef GB_STATS_DRIFT_H
#define GB_STATS_DRIFT_H

#include "harness/stats/interval.h"

// Mann-Kendall's test of a trend, its variance corrected for autocorrelation (Hamed, Rao 1998), and
// the slope of Theil and Sen. Long series are first cut into GB_TREND_MOST medians of consecutive
// samples.
enum { GB_TREND_LEAST = 8, GB_TREND_MOST = 200 };
typedef struct gb_trend {
  double tau;   // -1 to 1
  double p;     // two-sided; NAN below GB_TREND_LEAST turns
  double share; // change from the first to the last sample by the slope, over the median, signed
  double low, high;  // 95 % interval of `share`
  double correction; // factor by which dependence widened the variance, at least 1
} gb_trend;

// `turn` as in gb_resampling: the median of each turn is one point. GB_EINPUT as gb_summarise.
gb_status gb_trend_of(const double *samples, size_t count, size_t turn, gb_trend *trend,
                      gb_error *error);

// Hartigan's dip (The dip test of unimodality, 1985): the largest distance between the samples'
// distribution function and the nearest one with a single mode. p by simulation under the uniform
// distribution. Two groups by the split of least variance (Otsu)
// of what lies within Tukey's severe fences.
enum { GB_MODES_LEAST = 12 };
typedef struct gb_modes {
  double dip;
  double p;            // NAN below GB_MODES_LEAST samples
  double lower, upper; // medians of the two groups
  double weight;       // share of the samples in the smaller group
  double distance;     // (upper - lower) / median of all
} gb_modes;

// `effective`: how many samples p takes them for, 0: their count, which is right even where they
// depend on one another: hardly a distribution of one mode dips as the uniform one does. A system
// that jumps between two states for long makes effective sizes small and two modes plain.
gb_status gb_modes_of(const double *samples, size_t count, double effective, uint64_t seed,
                      gb_modes *modes, gb_error *error);

// The dip alone, of sorted samples; at least 1 / (2 count). GB_ENOMEM only.
gb_status gb_dip(const double *sorted, size_t count, double *dip, gb_error *error);

#endif
