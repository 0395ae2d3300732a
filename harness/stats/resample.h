// What the bootstraps of this folder share: blocks drawn of turns, quantiles of what was drawn.
#ifndef GB_STATS_RESAMPLE_H
#define GB_STATS_RESAMPLE_H

#include "harness/stats/interval.h"
#include "layers/base/random.h"

#include <stdint.h>

// Samples in sorted order, each knowing the turn that it came from.
typedef struct gb_sorted {
  size_t count, turns;
  double *values;
  uint32_t *turn_of;
} gb_sorted;

gb_status gb_sorted_make(const double *samples, size_t count, size_t turn, gb_sorted *sorted,
                         gb_error *error);
void gb_sorted_free(gb_sorted *sorted);

// `weight[turn]`, room for `turns`, gets how often each turn is drawn: circular blocks until there
// are as many turns as before.
void gb_draw_turns(gb_random *random, size_t turns, size_t block, uint32_t *weight);

// The q-quantile of the samples taken so often as their turns' weights say; linear between
// neighbours, as GSL does it. NAN when nothing was drawn.
double gb_weighted_quantile(const gb_sorted *sorted, const uint32_t *weight, double q);

// Checks samples: some, not too many, all finite.
gb_status gb_check_samples(const double *samples, size_t count, gb_error *error);
// `how` (NULL: all defaults) with its defaults filled in for `count` samples; block stays as it is.
gb_status gb_resampling_fill(const gb_resampling *how, size_t count, gb_resampling *filled,
                             gb_error *error);

// Medians of the turns, as many as there are.
gb_status gb_turn_medians(const double *samples, size_t count, size_t turn, double *medians,
                          gb_error *error);

// An interval of which only the numbers of samples and turns are known.
gb_interval gb_interval_unknown(size_t count, const gb_resampling *how);
// Adds what the dependence of a series of turns says: effective, lost, and block, where `how`
// does not give one.
gb_status gb_turns_depend(const double *turns, const gb_resampling *how, gb_interval *interval,
                          gb_error *error);
// The same of the turns' medians of `interval->count` samples.
gb_status gb_turns_describe(const double *samples, const gb_resampling *how, gb_interval *interval,
                            gb_error *error);

// From sorted draws to an interval about `value`, widened for few blocks; sets low, high, error,
// freedom.
void gb_interval_of_draws(const double *sorted_draws, size_t draws, gb_interval *interval);

#endif
