// Two sets of samples: which one is smaller, by how much, and how sure is it.
#ifndef GB_STATS_DIFFERENCE_H
#define GB_STATS_DIFFERENCE_H

#include "harness/stats/interval.h"

#include <stdbool.h>

// Of times: smaller is faster.
typedef enum gb_direction { GB_CANNOT_TELL, GB_FASTER, GB_SLOWER } gb_direction;
extern const char *const gb_direction_words[]; // "cannot tell", "faster", "slower", NULL

// Ratio of medians, median(samples) / median(baseline), with its interval on the logarithm's scale.
typedef struct gb_ratio {
  gb_interval interval; // value, low, high are ratios; error is that of the ratio's logarithm
  bool paired;
  double p;          // two-sided, of ratio 1, from the error; not corrected for many comparisons
  double detectable; // smallest relative difference that would be found 8 times of 10 at this
                     // level: a share (0.01: one per cent)
} gb_ratio;

// Both in the order of time, all positive. `paired`: the competitors were interleaved, sample i of
// both was taken in the same round, and blocks are drawn at the same rounds for both (needs equal
// counts, else GB_EUSAGE). GB_EINPUT as gb_median_interval, and where a sample is not positive.
gb_status gb_ratio_of(const double *samples, size_t count, const double *baseline,
                      size_t baseline_count, bool paired, const gb_resampling *how, gb_ratio *ratio,
                      gb_error *error);

// In three words. A difference must show in the interval, have a corrected p (of gb_holm; NAN: not
// asked) below 1 - level, and be larger than `floor_share`, what the machine can tell (0:
// anything).
gb_direction gb_ratio_direction(const gb_ratio *ratio, double corrected_p, double floor_share);

// Mann-Whitney's U of independent samples: does one tend to be smaller, whatever the distributions.
// Samples that depend on one another make p too small; `p` takes their effective sizes instead of
// their counts where these are given.
typedef struct gb_mann_whitney {
  double u;   // pairs in which `a` is larger, ties half
  double p;   // two-sided
  bool exact; // from the distribution of U; else normal with corrections for ties and continuity
  double superiority; // P(a > b) + P(a = b) / 2
  double cliff;       // Cliff's delta, 2 superiority - 1: -1 to 1
  double shift;       // Hodges-Lehmann: median of all differences a - b
} gb_mann_whitney;

// `effective_a`, `effective_b`: independent samples that would say as much (dependence.h), 0: the
// counts. GB_EINPUT: none, or one not finite; GB_ELIMIT: more than GB_SAMPLES_MOST.
gb_status gb_mann_whitney_of(const double *a, size_t count_a, const double *b, size_t count_b,
                             double effective_a, double effective_b, gb_mann_whitney *result,
                             gb_error *error);

// Holm's step-down correction (1979) of a whole table: `corrected[i]` is the p-value that holds
// whatever the others are. NAN stays NAN and does not count as a test. In place is allowed.
gb_status gb_holm(const double *p, size_t count, double *corrected, gb_error *error);

#endif
