// Mann-Kendall's trend and Theil-Sen's slope; see drift.h.
#include "harness/stats/drift.h"

#include "harness/stats/dependence.h"
#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

// S = Σ sign(x[j] - x[i]), i < j, and all slopes.
static double pairs(const double *x, size_t count, double *slopes) {
  double s = 0;
  for (size_t i = 0, k = 0; i < count; i++)
    for (size_t j = i + 1; j < count; j++) {
      s += (x[j] > x[i]) - (x[j] < x[i]);
      slopes[k++] = (x[j] - x[i]) / (double)(j - i);
    }
  return s;
}

// Variance of S without a trend, ties allowed (Kendall).
static gb_status variance_of(const double *x, size_t count, double *variance, gb_error *error) {
  double *sorted = gb_allocate(NULL, count, sizeof *sorted);
  if (!sorted)
    return gb_fail_memory(error);
  for (size_t i = 0; i < count; i++)
    sorted[i] = x[i];
  gsl_sort(sorted, 1, count);
  double n = (double)count;
  *variance = n * (n - 1) * (2 * n + 5);
  for (size_t i = 0, end; i < count; i = end) {
    for (end = i + 1; end < count && sorted[end] == sorted[i];)
      end++;
    double t = (double)(end - i);
    *variance -= t * (t - 1) * (2 * t + 5);
  }
  *variance /= 18;
  gb_release(NULL, sorted);
  return GB_OK;
}

// What dependence of the points about their trend widens the variance by.
static gb_status correction_of(const double *x, size_t count, double slope, double *correction,
                               gb_error *error) {
  double *flat = gb_allocate(NULL, count, sizeof *flat);
  if (!flat)
    return gb_fail_memory(error);
  for (size_t i = 0; i < count; i++)
    flat[i] = x[i] - slope * (double)i;
  gb_dependence dependence;
  gb_status status = gb_dependence_of(flat, count, &dependence, error);
  if (status == GB_OK)
    *correction = (double)count / dependence.effective;
  gb_release(NULL, flat);
  return status;
}

static double slope_at(const double *slopes, size_t count, double place) {
  double last = (double)count - 1;
  return slopes[(size_t)fmin(last, fmax(0, floor(place)))];
}

static gb_status of_points(const double *x, size_t count, gb_trend *trend, gb_error *error) {
  size_t slope_count = count * (count - 1) / 2;
  double *slopes = gb_allocate(NULL, slope_count, sizeof *slopes);
  double *sorted = gb_allocate(NULL, count, sizeof *sorted);
  gb_status status = slopes && sorted ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK) {
    double n = (double)slope_count, variance = 0;
    double s = pairs(x, count, slopes);
    gsl_sort(slopes, 1, slope_count);
    double slope = gsl_stats_median_from_sorted_data(slopes, 1, slope_count);
    status = variance_of(x, count, &variance, error);
    if (status == GB_OK)
      status = correction_of(x, count, slope, &trend->correction, error);
    double deviation = sqrt(fmax(0, variance) * trend->correction);
    for (size_t i = 0; i < count; i++)
      sorted[i] = x[i];
    gsl_sort(sorted, 1, count);
    double scale = (double)(count - 1) / fabs(gsl_stats_median_from_sorted_data(sorted, 1, count));
    trend->tau = s / n;
    trend->share = slope * scale;
    trend->p =
        deviation > 0 ? fmin(1, 2 * gsl_cdf_ugaussian_Q(fmax(0, fabs(s) - 1) / deviation)) : 1;
    double reach = gsl_cdf_ugaussian_Pinv(0.975) * deviation; // Sen, 1968
    trend->low = deviation > 0 ? scale * slope_at(slopes, slope_count, (n - reach) / 2) : 0;
    trend->high = deviation > 0 ? scale * slope_at(slopes, slope_count, (n + reach) / 2 + 1) : 0;
  }
  gb_release(NULL, slopes);
  gb_release(NULL, sorted);
  return status;
}

gb_status gb_trend_of(const double *samples, size_t count, size_t turn, gb_trend *trend,
                      gb_error *error) {
  GB_TRY(gb_check_samples(samples, count, error));
  *trend = (gb_trend){.tau = (double)NAN,
                      .p = (double)NAN,
                      .share = (double)NAN,
                      .low = (double)NAN,
                      .high = (double)NAN,
                      .correction = 1};
  turn = turn ? turn : 1;
  size_t turns = (count - 1) / turn + 1;
  if (turns < GB_TREND_LEAST)
    return GB_OK;
  size_t merged = turn * ((turns - 1) / GB_TREND_MOST + 1);
  size_t points = (count - 1) / merged + 1;
  double *x = gb_allocate(NULL, points, sizeof *x);
  if (!x)
    return gb_fail_memory(error);
  gb_status status = gb_turn_medians(samples, count, merged, x, error);
  if (status == GB_OK)
    status = of_points(x, points, trend, error);
  gb_release(NULL, x);
  return status;
}
