// Mann-Whitney's test with effect sizes; see difference.h.
#include "harness/stats/difference.h"

#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

enum { EXACT_MOST = 50 }; // samples of both, so that all numbers of ways are exact integers

// P(U <= u) and P(U >= u) without ties: ways to reach each U are the coefficients of the Gaussian
// binomial Π (1 - q^(n+i)) / (1 - q^i), i = 1 … m.
static double exact_p(size_t m, size_t n, double u) {
  double ways[EXACT_MOST * EXACT_MOST / 4 + 1] = {1};
  size_t most = m * n;
  for (size_t i = 1; i <= m; i++) {
    for (size_t k = most; k >= n + i; k--)
      ways[k] -= ways[k - n - i];
    for (size_t k = i; k <= most; k++)
      ways[k] += ways[k - i];
  }
  double all = 0, below = 0, above = 0;
  for (size_t k = 0; k <= most; k++) {
    all += ways[k];
    below += (double)k <= u ? ways[k] : 0;
    above += (double)k >= u ? ways[k] : 0;
  }
  return fmin(1, 2 * fmin(below, above) / all);
}

// Normal approximation: `ties` is Σ (t³ - t) over groups of equal samples; m, n independent ones.
static double normal_p(double superiority, double pairs, double m, double n, double ties,
                       double total) {
  double correction = total > 1 ? 1 - ties / (total * (total * total - 1)) : 0;
  double variance = (m + n + 1) / (12 * m * n) * correction;
  if (!(variance > 0)) // all are the same
    return 1;
  double distance = fabs(superiority - 0.5) - 0.5 / pairs; // continuity
  return fmin(1, 2 * gsl_cdf_ugaussian_Q(fmax(0, distance) / sqrt(variance)));
}

// Doubles in their order as integers, so that halving steps from one to the next.
static int64_t key_of(double value) {
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits < 0 ? INT64_MIN - bits : bits;
}

static double value_of(int64_t key) {
  int64_t bits = key < 0 ? INT64_MIN - key : key;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// The k-th smallest (from 1) of all a[i] - b[j], both sorted: halves the range of values, counting
// the differences that are not above by walking along both.
static double kth_difference(const double *a, size_t m, const double *b, size_t n, uint64_t k) {
  int64_t low = key_of(a[0] - b[n - 1]), high = key_of(a[m - 1] - b[0]);
  while (low < high) {
    uint64_t range = (uint64_t)high - (uint64_t)low;
    int64_t middle = (int64_t)((uint64_t)low + range / 2);
    double limit = value_of(middle);
    uint64_t seen = 0;
    for (size_t i = 0, j = 0; i < m; i++) {
      while (j < n && a[i] - b[j] > limit)
        j++;
      seen += n - j;
    }
    if (seen >= k)
      high = middle;
    else
      low = middle + 1;
  }
  return value_of(low);
}

static double shift(const double *a, size_t m, const double *b, size_t n) {
  uint64_t pairs = (uint64_t)m * n;
  double upper = kth_difference(a, m, b, n, pairs / 2 + 1);
  return pairs % 2 ? upper : 0.5 * (kth_difference(a, m, b, n, pairs / 2) + upper);
}

// Fills u and the sum over ties from both sets' ranks.
static gb_status rank_sum(const double *a, size_t m, const double *b, size_t n, double *u,
                          double *ties, gb_error *error) {
  size_t total = m + n;
  double *all = gb_allocate(NULL, total, sizeof *all);
  size_t *order = gb_allocate(NULL, total, sizeof *order);
  if (!all || !order) {
    gb_release(NULL, all);
    gb_release(NULL, order);
    return gb_fail_memory(error);
  }
  memcpy(all, a, m * sizeof *a);
  memcpy(all + m, b, n * sizeof *b);
  gsl_sort_index(order, all, 1, total);
  double ranks = 0;
  *ties = 0;
  for (size_t i = 0, end; i < total; i = end) {
    size_t of_a = 0;
    for (end = i; end < total && all[order[end]] == all[order[i]]; end++)
      of_a += order[end] < m;
    double t = (double)(end - i);
    *ties += t * t * t - t;
    ranks += (double)of_a * 0.5 * (double)(i + end + 1);
  }
  *u = ranks - 0.5 * (double)m * (double)(m + 1);
  gb_release(NULL, all);
  gb_release(NULL, order);
  return GB_OK;
}

gb_status gb_mann_whitney_of(const double *a, size_t m, const double *b, size_t n,
                             double effective_a, double effective_b, gb_mann_whitney *result,
                             gb_error *error) {
  GB_TRY(gb_check_samples(a, m, error));
  GB_TRY(gb_check_samples(b, n, error));
  double ties = 0;
  *result = (gb_mann_whitney){0};
  GB_TRY(rank_sum(a, m, b, n, &result->u, &ties, error));
  double pairs = (double)m * (double)n;
  result->superiority = result->u / pairs;
  result->cliff = 2 * result->superiority - 1;
  bool whole = (effective_a <= 0 || effective_a >= (double)m) &&
               (effective_b <= 0 || effective_b >= (double)n);
  result->exact = whole && ties <= 0 && m + n <= EXACT_MOST;
  if (result->exact)
    result->p = exact_p(m, n, result->u);
  else
    result->p = normal_p(result->superiority, pairs, effective_a > 0 ? effective_a : (double)m,
                         effective_b > 0 ? effective_b : (double)n, ties, (double)(m + n));
  double *sorted = gb_allocate(NULL, m + n, sizeof *sorted);
  if (!sorted)
    return gb_fail_memory(error);
  memcpy(sorted, a, m * sizeof *a);
  memcpy(sorted + m, b, n * sizeof *b);
  gsl_sort(sorted, 1, m);
  gsl_sort(sorted + m, 1, n);
  result->shift = shift(sorted, m, sorted + m, n);
  gb_release(NULL, sorted);
  return GB_OK;
}
