// Quantiles with bootstrap intervals; see interval.h.
#include "harness/stats/interval.h"

#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

static void draw_quantiles(const gb_sorted *sorted, size_t block, size_t draws, double q,
                           uint64_t seed, uint32_t *weight, double *quantiles) {
  gb_random random = {seed};
  for (size_t i = 0; i < draws; i++) {
    gb_draw_turns(&random, sorted->turns, block, weight);
    quantiles[i] = gb_weighted_quantile(sorted, weight, q);
  }
}

gb_status gb_quantile_interval(const double *samples, size_t count, double q,
                               const gb_resampling *wish, gb_interval *interval, gb_error *error) {
  gb_resampling how;
  gb_sorted sorted;
  GB_TRY(gb_check_samples(samples, count, error));
  if (!(q > 0 && q < 1))
    return gb_fail(error, GB_EINPUT, "quantile %g is not between 0 and 1", q);
  GB_TRY(gb_resampling_fill(wish, count, &how, error));
  *interval = gb_interval_unknown(count, &how);
  GB_TRY(gb_turns_describe(samples, &how, interval, error));
  GB_TRY(gb_sorted_make(samples, count, how.turn, &sorted, error));
  interval->value = gsl_stats_quantile_from_sorted_data(sorted.values, 1, count, q);
  interval->rough = interval->effective * 2 * fmin(q, 1 - q) < GB_EFFECTIVE_LEAST;
  gb_status status = GB_OK;
  if (interval->turns >= GB_INTERVAL_LEAST) {
    double *quantiles = gb_allocate(NULL, how.draws, sizeof *quantiles);
    uint32_t *weight = gb_allocate(NULL, sorted.turns, sizeof *weight);
    if (quantiles && weight) {
      draw_quantiles(&sorted, interval->block, how.draws, q, how.seed, weight, quantiles);
      gsl_sort(quantiles, 1, how.draws);
      gb_interval_of_draws(quantiles, how.draws, interval);
    } else {
      status = gb_fail_memory(error);
    }
    gb_release(NULL, quantiles);
    gb_release(NULL, weight);
  }
  gb_sorted_free(&sorted);
  return status;
}

gb_status gb_median_interval(const double *samples, size_t count, const gb_resampling *how,
                             gb_interval *interval, gb_error *error) {
  GB_TRY(gb_quantile_interval(samples, count, 0.5, how, interval, error));
  // Of few, scattered samples the widened interval may leave their range, even end below zero; the
  // median lies outside it with a chance of 2^(1 - count) only.
  double least, most;
  gsl_stats_minmax(&least, &most, samples, 1, count);
  if (interval->low < least)
    interval->low = least;
  if (interval->high > most)
    interval->high = most;
  return GB_OK;
}

gb_status gb_median_draws(const double *samples, size_t count, const gb_resampling *wish,
                          double *medians, gb_error *error) {
  gb_resampling how;
  gb_sorted sorted;
  GB_TRY(gb_check_samples(samples, count, error));
  GB_TRY(gb_resampling_fill(wish, count, &how, error));
  size_t turns = (count - 1) / how.turn + 1;
  if (!wish || wish->draws == 0 || wish->block == 0 || wish->block > turns)
    return gb_fail(error, GB_EUSAGE, "draws and a block of at most %zu turns must be given", turns);
  uint32_t *weight = gb_allocate(NULL, turns, sizeof *weight);
  if (!weight)
    return gb_fail_memory(error);
  gb_status status = gb_sorted_make(samples, count, how.turn, &sorted, error);
  if (status == GB_OK) {
    draw_quantiles(&sorted, how.block, how.draws, 0.5, how.seed, weight, medians);
    gb_sorted_free(&sorted);
  }
  gb_release(NULL, weight);
  return status;
}

double gb_interval_share(const gb_interval *interval) {
  return (interval->high - interval->low) / fabs(interval->value);
}

size_t gb_samples_needed(const gb_interval *interval, double wanted_share) {
  if (!(wanted_share > 0) || interval->turns == 0)
    return SIZE_MAX;
  double turn = (double)((interval->count - 1) / interval->turns + 1);
  if (interval->turns < GB_INTERVAL_LEAST)
    return (size_t)turn * (GB_INTERVAL_LEAST - interval->turns);
  double ratio = gb_interval_share(interval) / wanted_share;
  if (!isfinite(ratio))
    return SIZE_MAX;
  if (ratio <= 1)
    return 0;
  double turns = ceil((double)interval->turns * (ratio * ratio - 1));
  return turns * turn < 1e15 ? (size_t)(turns * turn) : SIZE_MAX;
}
