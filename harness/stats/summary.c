// Median, interval, spread and outliers of samples; see summary.h.
#include "harness/stats/summary.h"

#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <gsl/gsl_version.h>
#include <math.h>

// With n samples, the k-th smallest and the k-th largest enclose the median with probability
// 1 - 2 P(B < k), B binomial(n, 1/2): the largest k that keeps 95 %, found by halving.
static void median_interval(const double *sorted, size_t count, gb_summary *summary) {
  size_t k = 0, beyond = count / 2 + 1;
  while (beyond - k > 1) {
    size_t middle = k + (beyond - k) / 2;
    if (2 * gsl_cdf_binomial_P((unsigned)(middle - 1), 0.5, (unsigned)count) <= 0.05)
      k = middle;
    else
      beyond = middle;
  }
  summary->low = k ? sorted[k - 1] : (double)NAN;
  summary->high = k ? sorted[count - k] : (double)NAN;
}

static void class_outliers(const double *sorted, size_t count, gb_summary *summary) {
  double range = summary->third_quartile - summary->first_quartile;
  gb_outliers *o = &summary->outliers;
  for (size_t i = 0; i < count; i++) {
    double below = summary->first_quartile - sorted[i];
    double above = sorted[i] - summary->third_quartile;
    o->severe_low += below > 3 * range;
    o->mild_low += below > 1.5 * range && below <= 3 * range;
    o->severe_high += above > 3 * range;
    o->mild_high += above > 1.5 * range && above <= 3 * range;
  }
}

// P(B(n, 1 - q) <= 1) falls with n.
size_t gb_quantile_floor(double q) {
  if (!(q >= 0.5) || !(q < 1))
    return 0;
  size_t low = 1, high = 2; // not enough; enough
  while (gsl_cdf_binomial_P(1, 1 - q, (unsigned)high) > 0.01 && high < 1u << 30)
    low = high, high *= 2;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (gsl_cdf_binomial_P(1, 1 - q, (unsigned)middle) > 0.01)
      low = middle;
    else
      high = middle;
  }
  return high;
}

gb_status gb_summarise(double *samples, size_t count, gb_summary *summary, gb_error *error) {
  GB_TRY(gb_check_samples(samples, count, error));
  double *deviations = gb_allocate(NULL, count, sizeof *deviations);
  if (!deviations)
    return gb_fail_memory(error);
  gsl_sort(samples, 1, count);
  *summary = (gb_summary){
      .count = count,
      .minimum = samples[0],
      .median = gsl_stats_median_from_sorted_data(samples, 1, count),
      .p90 = gsl_stats_quantile_from_sorted_data(samples, 1, count, 0.9),
      .maximum = samples[count - 1],
      .first_quartile = gsl_stats_quantile_from_sorted_data(samples, 1, count, 0.25),
      .third_quartile = gsl_stats_quantile_from_sorted_data(samples, 1, count, 0.75),
      .p99 = (double)NAN,
  };
  if (count >= gb_quantile_floor(0.99))
    summary->p99 = gsl_stats_quantile_from_sorted_data(samples, 1, count, 0.99);
  median_interval(samples, count, summary);
  class_outliers(samples, count, summary);
  for (size_t i = 0; i < count; i++)
    deviations[i] = fabs(samples[i] - summary->median);
  gsl_sort(deviations, 1, count);
  summary->mad = gsl_stats_median_from_sorted_data(deviations, 1, count);
  gb_release(NULL, deviations);
  return GB_OK;
}

const char *gb_stats_library(void) {
  return gsl_version;
}
