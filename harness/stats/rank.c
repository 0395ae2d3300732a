// Kendall and Spearman with intervals; see rank.h.
#include "harness/stats/rank.h"

#include "harness/stats/dependence.h"
#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

enum { EXACT_MOST = 50, ROWS_MOST = 2000, ROWS_LEAST = 5 };

// Of b - a, which may overflow.
static int order_of(double a, double b) {
  return (b > a) - (b < a);
}

// Pairs of rows in the same order, in opposite order, differing in x, differing in y.
typedef struct pair_counts {
  double same, opposite, x, y;
} pair_counts;

static pair_counts count_pairs(const double *x, const double *y, size_t count) {
  int64_t same = 0, opposite = 0, dx = 0, dy = 0;
  for (size_t i = 0; i < count; i++)
    for (size_t j = i + 1; j < count; j++) {
      int sx = order_of(x[i], x[j]), sy = order_of(y[i], y[j]);
      same += sx * sy > 0;
      opposite += sx * sy < 0;
      dx += sx != 0;
      dy += sy != 0;
    }
  return (pair_counts){(double)same, (double)opposite, (double)dx, (double)dy};
}

static double tau_b(const pair_counts *c) {
  return c->x > 0 && c->y > 0 ? (c->same - c->opposite) / sqrt(c->x) / sqrt(c->y) : (double)NAN;
}

// P(|S| at least as large) without ties: ways to have k inversions, as shares of all orders.
static double exact_p(size_t count, double opposite) {
  double share[EXACT_MOST * (EXACT_MOST - 1) / 2 + 1] = {1};
  size_t most = count * (count - 1) / 2;
  for (size_t n = 2; n <= count; n++) { // the n-th row adds 0 … n - 1 inversions, equally likely
    for (size_t k = 1; k <= most; k++)
      share[k] += share[k - 1];
    for (size_t k = most; k >= n; k--)
      share[k] -= share[k - n];
    for (size_t k = 0; k <= most; k++)
      share[k] /= (double)n;
  }
  double few = fmin(opposite, (double)most - opposite), p = 0;
  for (size_t k = 0; (double)k <= few; k++)
    p += share[k];
  return fmin(1, 2 * p);
}

// Sums over groups of equal values: t(t-1)(2t+5), t(t-1)(t-2), t(t-1).
typedef struct tie_sums {
  double fives, triples, pairs;
} tie_sums;

static tie_sums sum_ties(const double *ranks, size_t count, double *room) {
  tie_sums sums = {0};
  for (size_t i = 0; i < count; i++)
    room[i] = ranks[i];
  gsl_sort(room, 1, count);
  for (size_t i = 0, end; i < count; i = end) {
    for (end = i + 1; end < count && room[end] <= room[i];)
      end++;
    double t = (double)(end - i), two = t * (t - 1);
    sums.fives += two * (2 * t + 5);
    sums.triples += two * (t - 2);
    sums.pairs += two;
  }
  return sums;
}

// Kendall's variance of S with ties in both columns (Kendall, Rank correlation methods, 1970).
static double normal_p(const pair_counts *c, const tie_sums *x, const tie_sums *y, size_t count) {
  double n = (double)count, two = n * (n - 1);
  double variance =
      (two * (2 * n + 5) - x->fives - y->fives) / 18 + x->pairs * y->pairs / (2 * two);
  if (count > 2)
    variance += x->triples * y->triples / (9 * two * (n - 2));
  double s = fabs(c->same - c->opposite);
  return variance > 0 ? fmin(1, 2 * gsl_cdf_ugaussian_Q(s / sqrt(variance))) : (double)NAN;
}

static double rho_of_ranks(const double *x, const double *y, size_t count) {
  if (count < 2)
    return (double)NAN;
  double sx = 0, sy = 0, sxy = 0, mean = 0.5 * (double)(count + 1);
  for (size_t i = 0; i < count; i++) {
    sx += (x[i] - mean) * (x[i] - mean);
    sy += (y[i] - mean) * (y[i] - mean);
    sxy += (x[i] - mean) * (y[i] - mean);
  }
  return sx > 0 && sy > 0 ? fmax(-1, fmin(1, sxy / sqrt(sx) / sqrt(sy))) : (double)NAN;
}

// Room for one resample.
typedef struct room {
  double *x, *y, *rank_x, *rank_y, *sort;
} room;

// Draws of both statistics; those in which a column is constant say nothing and are left out.
static gb_status draw(const double *x, const double *y, size_t count, const gb_resampling *how,
                      room *r, double *taus, double *rhos, size_t *drawn, gb_error *error) {
  gb_random random = {how->seed};
  *drawn = 0;
  for (size_t i = 0; i < how->draws; i++) {
    for (size_t k = 0; k < count; k++) {
      size_t row = (size_t)(gb_random_uniform(&random) * (double)count);
      r->x[k] = x[row];
      r->y[k] = y[row];
    }
    pair_counts c = count_pairs(r->x, r->y, count);
    if (!(c.x > 0 && c.y > 0))
      continue;
    GB_TRY(gb_ranks(r->x, count, r->rank_x, error));
    GB_TRY(gb_ranks(r->y, count, r->rank_y, error));
    taus[*drawn] = tau_b(&c);
    rhos[(*drawn)++] = rho_of_ranks(r->rank_x, r->rank_y, count);
  }
  return GB_OK;
}

static void conclude(double *draws, size_t drawn, gb_interval *interval) {
  if (drawn == 0)
    return;
  gsl_sort(draws, 1, drawn);
  gb_interval_of_draws(draws, drawn, interval);
  interval->low = fmax(-1, interval->low);
  interval->high = fmin(1, interval->high);
}

static gb_status rank_of(const double *x, const double *y, size_t count, const gb_resampling *how,
                         room *r, gb_rank *rank, gb_error *error) {
  pair_counts c = count_pairs(x, y, count);
  GB_TRY(gb_ranks(x, count, r->rank_x, error));
  GB_TRY(gb_ranks(y, count, r->rank_y, error));
  rank->kendall.value = tau_b(&c);
  rank->spearman.value = rho_of_ranks(r->rank_x, r->rank_y, count);
  rank->discordant = c.same + c.opposite > 0 ? c.opposite / (c.same + c.opposite) : (double)NAN;
  if (isnan(rank->kendall.value))
    return GB_OK;
  tie_sums tx = sum_ties(r->rank_x, count, r->sort), ty = sum_ties(r->rank_y, count, r->sort);
  bool exact = count <= EXACT_MOST && tx.pairs <= 0 && ty.pairs <= 0;
  rank->kendall_p = exact ? exact_p(count, c.opposite) : normal_p(&c, &tx, &ty, count);
  if (count < ROWS_LEAST)
    return GB_OK;
  double *taus = gb_allocate(NULL, 2 * how->draws, sizeof *taus);
  if (!taus)
    return gb_fail_memory(error);
  size_t drawn;
  gb_status status = draw(x, y, count, how, r, taus, taus + how->draws, &drawn, error);
  if (status == GB_OK) {
    conclude(taus, drawn, &rank->kendall);
    conclude(taus + how->draws, drawn, &rank->spearman);
  }
  gb_release(NULL, taus);
  return status;
}

gb_status gb_rank_of(const double *x, const double *y, size_t count, const gb_resampling *wish,
                     gb_rank *rank, gb_error *error) {
  gb_resampling how;
  GB_TRY(gb_check_samples(x, count, error));
  GB_TRY(gb_check_samples(y, count, error));
  if (count > ROWS_MOST)
    return gb_fail(error, GB_ELIMIT, "%zu rows to be ordered, more than %d", count, ROWS_MOST);
  GB_TRY(gb_resampling_fill(wish, count * count, &how, error));
  how.turn = how.block = 1; // rows of a table have no order in time
  *rank = (gb_rank){.kendall_p = (double)NAN};
  rank->kendall = gb_interval_unknown(count, &how);
  rank->kendall.rough = count < GB_EFFECTIVE_LEAST;
  rank->spearman = rank->kendall;
  double *all = gb_allocate(NULL, 5 * count, sizeof *all);
  if (!all)
    return gb_fail_memory(error);
  room r = {all, all + count, all + 2 * count, all + 3 * count, all + 4 * count};
  gb_status status = rank_of(x, y, count, &how, &r, rank, error);
  gb_release(NULL, all);
  return status;
}
