// Drawing blocks and making intervals of draws; see resample.h.
#include "harness/stats/resample.h"

#include "harness/stats/dependence.h"
#include "layers/base/memory.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

gb_status gb_check_samples(const double *samples, size_t count, gb_error *error) {
  if (count == 0)
    return gb_fail(error, GB_EINPUT, "no samples");
  if (count > GB_SAMPLES_MOST)
    return gb_fail(error, GB_ELIMIT, "%zu samples, more than %d", count, (int)GB_SAMPLES_MOST);
  for (size_t i = 0; i < count; i++)
    if (!isfinite(samples[i]))
      return gb_fail(error, GB_EINPUT, "sample %zu is not a finite number", i);
  return GB_OK;
}

gb_status gb_resampling_fill(const gb_resampling *how, size_t count, gb_resampling *filled,
                             gb_error *error) {
  enum { BUDGET = 200000000 }; // samples looked at, a second or so
  *filled = how ? *how : (gb_resampling){0};
  if (filled->turn == 0)
    filled->turn = 1;
  if (filled->draws == 0) {
    filled->draws = 2000;
    if (count > BUDGET / 2000)
      filled->draws = BUDGET / count;
  }
  if (filled->level == 0) // an exact 0 means the default
    filled->level = 0.95;
  if (!(filled->level > 0 && filled->level < 1))
    return gb_fail(error, GB_EUSAGE, "level %g of an interval is not between 0 and 1",
                   filled->level);
  if (filled->draws > 1000000)
    return gb_fail(error, GB_EUSAGE, "%zu draws, more than a million", filled->draws);
  return GB_OK;
}

gb_status gb_sorted_make(const double *samples, size_t count, size_t turn, gb_sorted *sorted,
                         gb_error *error) {
  *sorted = (gb_sorted){.count = count, .turns = (count - 1) / turn + 1};
  size_t *order = gb_allocate(NULL, count, sizeof *order);
  sorted->values = gb_allocate(NULL, count, sizeof *sorted->values);
  sorted->turn_of = gb_allocate(NULL, count, sizeof *sorted->turn_of);
  if (!order || !sorted->values || !sorted->turn_of) {
    gb_release(NULL, order);
    gb_sorted_free(sorted);
    return gb_fail_memory(error);
  }
  gsl_sort_index(order, samples, 1, count);
  for (size_t i = 0; i < count; i++) {
    sorted->values[i] = samples[order[i]];
    sorted->turn_of[i] = (uint32_t)(order[i] / turn);
  }
  gb_release(NULL, order);
  return GB_OK;
}

void gb_sorted_free(gb_sorted *sorted) {
  gb_release(NULL, sorted->values);
  gb_release(NULL, sorted->turn_of);
  *sorted = (gb_sorted){0};
}

void gb_draw_turns(gb_random *random, size_t turns, size_t block, uint32_t *weight) {
  memset(weight, 0, turns * sizeof *weight);
  for (size_t drawn = 0; drawn < turns;) {
    size_t at = (size_t)(gb_random_uniform(random) * (double)turns);
    for (size_t i = 0; i < block && drawn < turns; i++, drawn++) {
      weight[at]++;
      at = at + 1 == turns ? 0 : at + 1;
    }
  }
}

double gb_weighted_quantile(const gb_sorted *sorted, const uint32_t *weight, double q) {
  size_t total = sorted->count;
  // Turns are alike save that the last one may be shorter: only then must samples be counted.
  size_t turn = (sorted->count - 1) / sorted->turns + 1;
  if (turn * sorted->turns != sorted->count) {
    total = 0;
    for (size_t i = 0; i < sorted->count; i++)
      total += weight[sorted->turn_of[i]];
    if (total == 0)
      return (double)NAN;
  }
  double place = (double)(total - 1) * q;
  size_t below = (size_t)place;
  double share = place - (double)below;
  size_t seen = 0, i = 0;
  while ((seen += weight[sorted->turn_of[i]]) <= below)
    i++;
  double value = sorted->values[i];
  if (share <= 0 || seen > below + 1)
    return value;
  do
    i++;
  while (weight[sorted->turn_of[i]] == 0);
  return (1 - share) * value + share * sorted->values[i];
}

gb_status gb_turn_medians(const double *samples, size_t count, size_t turn, double *medians,
                          gb_error *error) {
  if (turn == 1) {
    memcpy(medians, samples, count * sizeof *medians);
    return GB_OK;
  }
  double *one = gb_allocate(NULL, turn < count ? turn : count, sizeof *one);
  if (!one)
    return gb_fail_memory(error);
  for (size_t at = 0, i = 0; at < count; at += turn, i++) {
    size_t n = count - at < turn ? count - at : turn;
    memcpy(one, samples + at, n * sizeof *one);
    gsl_sort(one, 1, n);
    medians[i] = gsl_stats_median_from_sorted_data(one, 1, n);
  }
  gb_release(NULL, one);
  return GB_OK;
}

gb_interval gb_interval_unknown(size_t count, const gb_resampling *how) {
  return (gb_interval){.value = (double)NAN,
                       .low = (double)NAN,
                       .high = (double)NAN,
                       .level = how->level,
                       .error = (double)NAN,
                       .freedom = (double)NAN,
                       .count = count,
                       .turns = (count - 1) / how->turn + 1,
                       .block = 1,
                       .effective = (double)((count - 1) / how->turn + 1),
                       .lost = 1};
}

gb_status gb_turns_depend(const double *turns, const gb_resampling *how, gb_interval *interval,
                          gb_error *error) {
  gb_dependence dependence;
  GB_TRY(gb_dependence_of(turns, interval->turns, &dependence, error));
  interval->effective = dependence.effective;
  interval->lost = dependence.lost;
  interval->rough = dependence.effective < GB_EFFECTIVE_LEAST;
  interval->block = how->block ? how->block : dependence.block;
  if (how->block > 1 && how->block >= interval->turns)
    return gb_fail(error, GB_EUSAGE, "blocks of %zu turns of only %zu", how->block,
                   interval->turns);
  return GB_OK;
}

gb_status gb_turns_describe(const double *samples, const gb_resampling *how, gb_interval *interval,
                            gb_error *error) {
  double *medians = gb_allocate(NULL, interval->turns, sizeof *medians);
  if (!medians)
    return gb_fail_memory(error);
  gb_status status = gb_turn_medians(samples, interval->count, how->turn, medians, error);
  if (status == GB_OK)
    status = gb_turns_depend(medians, how, interval, error);
  gb_release(NULL, medians);
  return status;
}

void gb_interval_of_draws(const double *draws, size_t count, gb_interval *interval) {
  double share = (double)interval->block / (double)interval->turns;
  double tail = (1 - interval->level) / 2;
  double bias =
      interval->lost / sqrt(1 - share); // a block bootstrap's variance is too small by 1 - b/n
  // Nor are more degrees of freedom to be had than there are independent turns.
  interval->freedom = fmax(2, fmin(1.5 / share, interval->effective - 1));
  double widen = bias * gsl_cdf_tdist_Qinv(tail, interval->freedom) / gsl_cdf_ugaussian_Qinv(tail);
  double low = gsl_stats_quantile_from_sorted_data(draws, 1, count, tail);
  double high = gsl_stats_quantile_from_sorted_data(draws, 1, count, 1 - tail);
  interval->low = interval->value - widen * fmax(0, interval->value - low);
  interval->high = interval->value + widen * fmax(0, high - interval->value);
  interval->error = count > 1 ? bias * gsl_stats_sd(draws, 1, count) : (double)NAN;
}
