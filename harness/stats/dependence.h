// How much the samples of a series depend on one another.
#ifndef GB_STATS_DEPENDENCE_H
#define GB_STATS_DEPENDENCE_H

#include "layers/base/status.h"

// A series in the order of time, taken by its ranks, so that outliers and heavy tails do not hide
// the dependence.
typedef struct gb_dependence {
  double lag1;  // autocorrelation of neighbours, -1 to 1; 0 where all samples are the same
  size_t block; // length of the blocks of a bootstrap, at least 1
  double
      effective; // independent samples that would say as much: count / (1 + 2 Σ ρ), at most count
  // Factor, at least 1, by which errors of a bootstrap with such blocks are too small, because
  // dependence goes beyond their ends.
  double lost;
} gb_dependence;

// Length by Politis and White (Automatic block-length selection for the dependent bootstrap, 2004,
// corrected by Patton, Politis and White 2009), circular blocks, at most count / 6.
// GB_EINPUT when there are no samples or one is not finite.
gb_status gb_dependence_of(const double *samples, size_t count, gb_dependence *result,
                           gb_error *error);

// Ranks from 1, ties share their mean: the order of `samples` as numbers. `ranks` has room for
// `count`. GB_ENOMEM only.
gb_status gb_ranks(const double *samples, size_t count, double *ranks, gb_error *error);

#endif
