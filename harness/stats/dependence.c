// Dependence of samples in time; see dependence.h.
#include "harness/stats/dependence.h"

#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_sort.h>
#include <math.h>

gb_status gb_ranks(const double *samples, size_t count, double *ranks, gb_error *error) {
  size_t *order = gb_allocate(NULL, count ? count : 1, sizeof *order);
  if (!order)
    return gb_fail_memory(error);
  gsl_sort_index(order, samples, 1, count);
  for (size_t i = 0, end; i < count; i = end) {
    for (end = i + 1; end < count && samples[order[end]] == samples[order[i]];)
      end++;
    for (size_t k = i; k < end; k++)
      ranks[order[k]] = 0.5 * (double)(i + end + 1); // mean of i + 1 … end
  }
  gb_release(NULL, order);
  return GB_OK;
}

// Autocovariance at `lag` of a series of mean 0.
static double covariance(const double *series, size_t count, size_t lag) {
  double sum = 0;
  for (size_t i = lag; i < count; i++)
    sum += series[i] * series[i - lag];
  return sum / (double)count;
}

// The flat-top window of Politis and Romano: 1 up to a half, then down to 0 at 1.
static double window(double t) {
  return t <= 0.5 ? 1 : t < 1 ? 2 * (1 - t) : 0;
}

// The lag from which on correlations are noise: the first m behind which `run` ones in a row lie
// within 2 √(log10 n / n). `correlation[lag]`, lags up to most + run.
static size_t last_lag(const double *correlation, size_t most, size_t run, size_t count) {
  double band = 2 * sqrt(log10((double)count) / (double)count);
  for (size_t m = 0; m < most; m++) {
    size_t quiet = 0;
    while (quiet < run && fabs(correlation[m + 1 + quiet]) < band)
      quiet++;
    if (quiet == run)
      return m > 0 ? m : 1;
  }
  return most;
}

// Σ ρ over all lags, and as much of it as blocks of a length keep (Bartlett's weights).
typedef struct spectrum {
  double whole, kept;
} spectrum;

// Of a series whose correlations are first, first phi, first phi² … (AR(1) where first = phi, AR(1)
// seen through noise where it is smaller).
static spectrum short_memory(double first, double phi, size_t block) {
  spectrum s = {.whole = 1 + 2 * first / (1 - phi), .kept = 1};
  double power = first;
  for (size_t lag = 1; lag < block; lag++, power *= phi)
    s.kept += 2 * (1 - (double)lag / (double)block) * power;
  return s;
}

// A correlation estimated about the samples' own mean is too small by about (1 + 3 ρ) / n (Kendall,
// Note on bias in the estimation of autocorrelation, 1954).
static double unbiased(double correlation, size_t count) {
  return fmin(0.98, correlation + (1 + 3 * correlation) / (double)count);
}

// Fills the result from correlations, those behind `width` taken as 0 (flat-top window).
static void conclude(const double *correlation, size_t width, size_t count, gb_dependence *result) {
  double n = (double)count, whole = 1, slope = 0; // Σ λ ρ and Σ λ |k| ρ over all lags, both sides
  for (size_t lag = 1; lag <= width; lag++) {
    double part = 2 * window((double)lag / (double)width) * correlation[lag];
    whole += part;
    slope += (double)lag * part;
  }
  double length = 1;
  if (whole > 0 && slope > 0)
    length = ceil(cbrt(1.5 * slope * slope / (whole * whole) * n));
  result->block = (size_t)fmin(fmax(1, floor(n / 6)), fmax(1, length));
  double kept = 1;
  for (size_t lag = 1; lag <= width && lag < result->block; lag++)
    kept += 2 * window((double)lag / (double)width) * correlation[lag] *
            (1 - (double)lag / (double)result->block);
  // Noise upon a slow change hides it: the second correlation tells where it is not noise itself.
  double first = unbiased(correlation[1], count), second = unbiased(correlation[2], count);
  double phi = first;
  if (second > 2 / sqrt(n) && second > first * first)
    phi = fmin(0.95, second / first);
  spectrum s = short_memory(first, phi, result->block);
  result->lag1 = correlation[1];
  // Negative correlations never make more of the samples than there are.
  result->effective = n / fmax(1, fmax(whole, s.whole));
  result->lost = sqrt(fmax(1, s.whole / s.kept));
  if (whole > 0 && kept > 0)
    result->lost = fmax(result->lost, sqrt(whole / kept));
}

// Fills the result from a series of mean 0 that is not constant.
static gb_status analyse(const double *series, size_t count, gb_dependence *result,
                         gb_error *error) {
  size_t run = (size_t)fmax(5, ceil(sqrt(log10((double)count))));
  size_t most = (size_t)ceil(sqrt((double)count));
  if (most + run >= count)
    most = count > run + 1 ? count - run - 1 : 1;
  double *correlation = gb_allocate(NULL, most + run + 1, sizeof *correlation);
  if (!correlation)
    return gb_fail_memory(error);
  double variance = covariance(series, count, 0);
  size_t known = most + run < count ? most + run : count - 1;
  for (size_t lag = 0; lag <= known; lag++)
    correlation[lag] = covariance(series, count, lag) / variance;
  size_t m = last_lag(correlation, most, run, count);
  conclude(correlation, 2 * m < known ? 2 * m : known, count, result);
  gb_release(NULL, correlation);
  return GB_OK;
}

gb_status gb_dependence_of(const double *samples, size_t count, gb_dependence *result,
                           gb_error *error) {
  GB_TRY(gb_check_samples(samples, count, error));
  *result = (gb_dependence){.block = 1, .effective = (double)count, .lost = 1};
  if (count < GB_INTERVAL_LEAST)
    return GB_OK;
  double *series = gb_allocate(NULL, count, sizeof *series);
  if (!series)
    return gb_fail_memory(error);
  gb_status status = gb_ranks(samples, count, series, error);
  double mean = 0.5 * (double)(count + 1), spread = 0;
  for (size_t i = 0; i < count; i++) {
    series[i] -= mean;
    spread += series[i] * series[i];
  }
  if (status == GB_OK && spread > 0)
    status = analyse(series, count, result, error);
  gb_release(NULL, series);
  return status;
}
