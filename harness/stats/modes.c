// Two modes or one; see drift.h.
#include "harness/stats/drift.h"

#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

enum { SIMULATIONS = 500, SIMULATED_MOST = 500 };

// `count` sorted uniform numbers (up to a factor, which the dip does not see): sums of exponential
// spacings.
static void uniform_sorted(gb_random *random, double *values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++)
    values[i] = sum += -log(1 - gb_random_uniform(random));
}

// √n dip of uniform samples hardly depends on n where n is large, so that few are drawn for many.
static gb_status simulate(double dip, double effective, uint64_t seed, double *p, gb_error *error) {
  size_t count = effective < SIMULATED_MOST ? (size_t)fmax(4, effective) : SIMULATED_MOST;
  double *values = gb_allocate(NULL, count, sizeof *values);
  if (!values)
    return gb_fail_memory(error);
  gb_random random = {seed};
  double scaled = dip * sqrt(effective / (double)count);
  size_t larger = 0;
  gb_status status = GB_OK;
  for (int i = 0; status == GB_OK && i < SIMULATIONS; i++) {
    double other = 0;
    uniform_sorted(&random, values, count);
    status = gb_dip(values, count, &other, error);
    larger += other >= scaled;
  }
  gb_release(NULL, values);
  *p = (1 + (double)larger) / (1 + SIMULATIONS);
  return status;
}

// The split with the least sum of squares within both sides: the largest n₁ n₂ (m₁ - m₂)².
static size_t best_split(const double *sorted, size_t count) {
  double middle = sorted[count / 2], sum = 0; // about the middle, so that no digits are lost
  for (size_t i = 0; i < count; i++)
    sum += sorted[i] - middle;
  double left = 0, best = -1;
  size_t at = count / 2;
  for (size_t i = 1; i < count; i++) {
    left += sorted[i - 1] - middle;
    double n = (double)i, rest = (double)(count - i);
    double apart = left / n - (sum - left) / rest;
    if (n * rest * apart * apart > best)
      best = n * rest * apart * apart, at = i;
  }
  return at;
}

static void two_groups(const double *sorted, size_t count, gb_modes *modes) {
  double q1 = gsl_stats_quantile_from_sorted_data(sorted, 1, count, 0.25);
  double q3 = gsl_stats_quantile_from_sorted_data(sorted, 1, count, 0.75);
  size_t from = 0, to = count;
  while (sorted[from] < q1 - 3 * (q3 - q1))
    from++;
  while (sorted[to - 1] > q3 + 3 * (q3 - q1))
    to--;
  size_t inside = to - from;
  double median = gsl_stats_median_from_sorted_data(sorted, 1, count);
  modes->lower = modes->upper = median;
  modes->weight = modes->distance = 0;
  if (inside < 2)
    return;
  size_t split = best_split(sorted + from, inside);
  modes->lower = gsl_stats_median_from_sorted_data(sorted + from, 1, split);
  modes->upper = gsl_stats_median_from_sorted_data(sorted + from + split, 1, inside - split);
  size_t smaller = split < inside - split ? split : inside - split;
  modes->weight = (double)smaller / (double)count;
  if (modes->upper > modes->lower)
    modes->distance = (modes->upper - modes->lower) / fabs(median);
}

gb_status gb_modes_of(const double *samples, size_t count, double effective, uint64_t seed,
                      gb_modes *modes, gb_error *error) {
  GB_TRY(gb_check_samples(samples, count, error));
  *modes = (gb_modes){.p = (double)NAN};
  double *sorted = gb_allocate(NULL, count, sizeof *sorted);
  if (!sorted)
    return gb_fail_memory(error);
  memcpy(sorted, samples, count * sizeof *sorted);
  gsl_sort(sorted, 1, count);
  two_groups(sorted, count, modes);
  gb_status status = gb_dip(sorted, count, &modes->dip, error);
  if (status == GB_OK && count >= GB_MODES_LEAST) {
    double n = effective > 0 && effective < (double)count ? effective : (double)count;
    status = simulate(modes->dip, n, seed, &modes->p, error);
  }
  gb_release(NULL, sorted);
  return status;
}
