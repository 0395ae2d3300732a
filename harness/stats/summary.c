// Median, interval and spread of samples; see summary.h.
#include "harness/stats/summary.h"

#include "layers/base/memory.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

// With n samples, the k-th smallest and the k-th largest enclose the median with probability
// 1 - 2 P(B < k), B binomial(n, 1/2): the largest k that keeps 95 %.
static void median_interval(const double *sorted, size_t count, gb_summary *summary) {
  size_t k = 0;
  while (k < count / 2 && 2 * gsl_cdf_binomial_P((unsigned)k, 0.5, (unsigned)count) <= 0.05)
    k++;
  summary->low = k ? sorted[k - 1] : (double)NAN;
  summary->high = k ? sorted[count - k] : (double)NAN;
}

gb_status gb_summarise(double *samples, size_t count, gb_summary *summary, gb_error *error) {
  if (count == 0)
    return gb_fail(error, GB_EINPUT, "no samples");
  for (size_t i = 0; i < count; i++)
    if (!isfinite(samples[i]))
      return gb_fail(error, GB_EINPUT, "sample %zu is not a finite number", i);
  double *deviations = gb_allocate(NULL, count, sizeof *deviations);
  if (!deviations)
    return gb_fail_memory(error);
  gsl_sort(samples, 1, count);
  *summary = (gb_summary){.count = count,
                          .minimum = samples[0],
                          .median = gsl_stats_median_from_sorted_data(samples, 1, count),
                          .p90 = gsl_stats_quantile_from_sorted_data(samples, 1, count, 0.9),
                          .maximum = samples[count - 1]};
  median_interval(samples, count, summary);
  for (size_t i = 0; i < count; i++)
    deviations[i] = fabs(samples[i] - summary->median);
  gsl_sort(deviations, 1, count);
  summary->mad = gsl_stats_median_from_sorted_data(deviations, 1, count);
  gb_release(NULL, deviations);
  return GB_OK;
}
