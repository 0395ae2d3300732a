// Robust fits of latencies; see model.h.
#include "harness/stats/model.h"

#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

enum { DRAWS = 500, DRAWS_MOST = 5000, ROWS_MOST = 100000 };

// Rows ready to be fitted: divided by their y, columns scaled to at most 1 in what was given.
typedef struct rows {
  double *x, *y; // row by row
  size_t count, terms;
} rows;

// Fits the terms whose bit is set; false where that cannot be solved. Rows are taken with
// alternating signs, which changes nothing in the fit: the target would be constant otherwise, and
// GSL bounds its scale of the residuals from below by the target's spread (1 if that is 0).
static bool fit_subset(const rows *r, unsigned subset, double *price) {
  size_t used[GB_MODEL_TERMS], p = 0;
  for (size_t j = 0; j < r->terms; j++) {
    price[j] = 0;
    if (subset >> j & 1)
      used[p++] = j;
  }
  gsl_matrix *x = gsl_matrix_alloc(r->count, p), *covariance = gsl_matrix_alloc(p, p);
  gsl_vector *y = gsl_vector_alloc(r->count), *c = gsl_vector_alloc(p);
  gsl_multifit_robust_workspace *work =
      gsl_multifit_robust_alloc(gsl_multifit_robust_bisquare, r->count, p);
  bool good = x && covariance && y && c && work;
  if (good) {
    for (size_t i = 0; i < r->count; i++) {
      double sign = i % 2 ? -1 : 1;
      gsl_vector_set(y, i, sign);
      for (size_t j = 0; j < p; j++)
        gsl_matrix_set(x, i, j, sign * r->x[i * r->terms + used[j]] / r->y[i]);
    }
    int status = gsl_multifit_robust(x, y, c, covariance, work);
    good = status == GSL_SUCCESS || status == GSL_EMAXITER; // the last step is as good as any
    for (size_t j = 0; good && j < p; j++) {
      price[used[j]] = gsl_vector_get(c, j);
      good = isfinite(price[used[j]]);
    }
  }
  if (work)
    gsl_multifit_robust_free(work);
  gsl_matrix_free(x);
  gsl_matrix_free(covariance);
  gsl_vector_free(y);
  gsl_vector_free(c);
  return good;
}

static double predict(const double *price, size_t terms, const double *x) {
  double sum = 0;
  for (size_t j = 0; j < terms; j++)
    sum += price[j] * x[j];
  return sum;
}

static double sum_of_errors(const rows *r, const double *price) {
  double sum = 0;
  for (size_t i = 0; i < r->count; i++)
    sum += fabs(predict(price, r->terms, r->x + i * r->terms) / r->y[i] - 1);
  return sum;
}

// Terms that are not 0 in every row.
static unsigned present(const rows *r) {
  unsigned bits = 0;
  for (size_t i = 0; i < r->count; i++)
    for (size_t j = 0; j < r->terms; j++)
      bits |= r->x[i * r->terms + j] > 0 ? 1u << j : 0;
  return bits;
}

static bool all_positive(const double *price, size_t terms) {
  for (size_t j = 0; j < terms; j++)
    if (price[j] < 0)
      return false;
  return true;
}

// The fit without negative prices: that of all terms where it has none, else the best of subsets.
static bool fit_positive(const rows *r, double *price) {
  unsigned all = present(r);
  if (all == 0)
    return false;
  if (fit_subset(r, all, price) && all_positive(price, r->terms))
    return true;
  double best = HUGE_VAL, candidate[GB_MODEL_TERMS];
  for (unsigned subset = 1; subset < all; subset++) {
    if ((subset & ~all) || !fit_subset(r, subset, candidate) ||
        !all_positive(candidate, r->terms) || !(sum_of_errors(r, candidate) < best))
      continue;
    best = sum_of_errors(r, candidate);
    for (size_t j = 0; j < r->terms; j++)
      price[j] = candidate[j];
  }
  return best < HUGE_VAL;
}

static void copy_row(const rows *from, size_t i, rows *to) {
  for (size_t j = 0; j < from->terms; j++)
    to->x[to->count * to->terms + j] = from->x[i * from->terms + j];
  to->y[to->count++] = from->y[i];
}

static void shuffle(size_t *order, size_t count, uint64_t seed) {
  gb_random random = {seed};
  for (size_t i = 0; i < count; i++)
    order[i] = i;
  for (size_t i = count; i > 1; i--) {
    size_t k = (size_t)(gb_random_uniform(&random) * (double)i), was = order[i - 1];
    order[i - 1] = order[k];
    order[k] = was;
  }
}

// Errors of rows that the fit has not seen: each fold is left out once.
static gb_status cross_validate(const rows *r, size_t folds, uint64_t seed, rows *some,
                                gb_linear *fit, gb_error *error) {
  size_t *order = gb_allocate(NULL, r->count, sizeof *order);
  double *errors = gb_allocate(NULL, r->count, sizeof *errors);
  gb_status status = order && errors ? GB_OK : gb_fail_memory(error);
  size_t known = 0;
  if (status == GB_OK)
    shuffle(order, r->count, seed);
  for (size_t fold = 0; status == GB_OK && fold < folds; fold++) {
    double price[GB_MODEL_TERMS];
    some->count = 0;
    for (size_t i = 0; i < r->count; i++)
      if (i % folds != fold)
        copy_row(r, order[i], some);
    if (some->count <= r->terms || !fit_positive(some, price))
      continue;
    for (size_t i = fold; i < r->count; i += folds)
      errors[known++] =
          fabs(predict(price, r->terms, r->x + order[i] * r->terms) / r->y[order[i]] - 1);
  }
  if (status == GB_OK && known == r->count) {
    gsl_sort(errors, 1, known);
    fit->unseen_error = gsl_stats_median_from_sorted_data(errors, 1, known);
    fit->unseen_worst = errors[known - 1];
    fit->folds = folds;
  }
  gb_release(NULL, order);
  gb_release(NULL, errors);
  return status;
}

static gb_status price_intervals(const rows *r, const gb_resampling *how, rows *some,
                                 gb_linear *fit, gb_error *error) {
  double *draws = gb_allocate(NULL, how->draws * r->terms, sizeof *draws);
  if (!draws)
    return gb_fail_memory(error);
  gb_random random = {how->seed};
  size_t drawn = 0;
  for (size_t i = 0; i < how->draws; i++) {
    double price[GB_MODEL_TERMS];
    some->count = 0;
    while (some->count < r->count)
      copy_row(r, (size_t)(gb_random_uniform(&random) * (double)r->count), some);
    if (!fit_positive(some, price)) // as good as no rows: all the same one
      continue;
    for (size_t j = 0; j < r->terms; j++)
      draws[j * how->draws + drawn] = price[j];
    drawn++;
  }
  for (size_t j = 0; drawn > how->draws / 2 && j < r->terms; j++) {
    gb_interval interval = gb_interval_unknown(r->count, how);
    interval.value = fit->price[j];
    gsl_sort(draws + j * how->draws, 1, drawn);
    gb_interval_of_draws(draws + j * how->draws, drawn, &interval);
    fit->low[j] = fmax(0, interval.low);
    fit->high[j] = interval.high;
  }
  gb_release(NULL, draws);
  return GB_OK;
}

// How good it is on the rows that it was made from.
static gb_status judge(const rows *r, gb_linear *fit, gb_error *error) {
  double *errors = gb_allocate(NULL, r->count, sizeof *errors);
  if (!errors)
    return gb_fail_memory(error);
  double mean = gsl_stats_mean(r->y, 1, r->count), missed = 0, spread = 0;
  for (size_t i = 0; i < r->count; i++) {
    double off = predict(fit->price, r->terms, r->x + i * r->terms) - r->y[i];
    errors[i] = fabs(off) / r->y[i];
    missed += off * off;
    spread += (r->y[i] - mean) * (r->y[i] - mean);
  }
  gsl_sort(errors, 1, r->count);
  fit->typical_error = gsl_stats_median_from_sorted_data(errors, 1, r->count);
  fit->r2 = spread > 0 ? 1 - missed / spread : (double)NAN;
  gb_release(NULL, errors);
  return GB_OK;
}

static gb_status check(const gb_linear_wish *wish, gb_error *error) {
  if (wish->terms < 1 || wish->terms > GB_MODEL_TERMS)
    return gb_fail(error, GB_EUSAGE, "%zu terms of a fit, allowed are 1 to %d", wish->terms,
                   (int)GB_MODEL_TERMS);
  if (wish->rows > ROWS_MOST)
    return gb_fail(error, GB_ELIMIT, "%zu rows to be fitted, more than %d", wish->rows,
                   (int)ROWS_MOST);
  if (wish->rows < wish->terms + 1)
    return gb_fail(error, GB_EINPUT, "%zu rows are too few for a fit of %zu terms", wish->rows,
                   wish->terms);
  for (size_t i = 0; i < wish->rows; i++)
    if (!isfinite(wish->y[i]) || !(wish->y[i] > 0))
      return gb_fail(error, GB_EINPUT, "row %zu: %g is to be fitted, which is not positive", i,
                     wish->y[i]);
  for (size_t i = 0; i < wish->rows * wish->terms; i++)
    if (!isfinite(wish->x[i]) || wish->x[i] < 0)
      return gb_fail(error, GB_EINPUT, "row %zu: term %zu is %g, not a number from 0 on",
                     i / wish->terms, i % wish->terms, wish->x[i]);
  return GB_OK;
}

// All of the work, on scaled columns; `some` is room for as many rows.
static gb_status fit_all(const gb_linear_wish *wish, const rows *r, rows *some, gb_linear *fit,
                         gb_error *error) {
  if (!fit_positive(r, fit->price))
    return gb_fail(error, GB_EINPUT, "no term explains anything: there is nothing to fit");
  GB_TRY(judge(r, fit, error));
  size_t folds = wish->folds ? wish->folds : 10;
  if (folds > r->count)
    folds = r->count;
  if (folds > 1)
    GB_TRY(cross_validate(r, folds, wish->how.seed, some, fit, error));
  if (!wish->intervals)
    return GB_OK;
  gb_resampling how;
  GB_TRY(gb_resampling_fill(&wish->how, r->count, &how, error));
  how.turn = how.block = 1;
  how.draws = wish->how.draws == 0 ? DRAWS : how.draws > DRAWS_MOST ? DRAWS_MOST : how.draws;
  return price_intervals(r, &how, some, fit, error);
}

gb_status gb_linear_fit(const gb_linear_wish *wish, gb_linear *fit, gb_error *error) {
  GB_TRY(check(wish, error));
  *fit = (gb_linear){.terms = wish->terms,
                     .rows = wish->rows,
                     .unseen_error = (double)NAN,
                     .unseen_worst = (double)NAN};
  for (size_t j = 0; j < GB_MODEL_TERMS; j++)
    fit->low[j] = fit->high[j] = (double)NAN;
  size_t wide = wish->terms + 1;
  double *room = gb_allocate(NULL, 2 * wish->rows * wide, sizeof *room);
  if (!room)
    return gb_fail_memory(error);
  rows r = {room, room + wish->rows * wish->terms, wish->rows, wish->terms};
  rows some = {room + wish->rows * wide, room + wish->rows * (wide + wish->terms), 0, wish->terms};
  double scale[GB_MODEL_TERMS] = {0};
  for (size_t i = 0; i < wish->rows * wish->terms; i++)
    scale[i % wish->terms] = fmax(scale[i % wish->terms], wish->x[i]);
  for (size_t i = 0; i < wish->rows * wish->terms; i++)
    r.x[i] = wish->x[i] > 0 ? wish->x[i] / scale[i % wish->terms] : 0;
  for (size_t i = 0; i < wish->rows; i++)
    r.y[i] = wish->y[i];
  // What GSL cannot solve is reported here; its own handler would end the program.
  gsl_error_handler_t *handler = gsl_set_error_handler_off();
  gb_status status = fit_all(wish, &r, &some, fit, error);
  gsl_set_error_handler(handler);
  for (size_t j = 0; j < wish->terms; j++) {
    if (!(scale[j] > 0))
      continue;
    fit->price[j] /= scale[j];
    fit->low[j] /= scale[j];
    fit->high[j] /= scale[j];
  }
  gb_release(NULL, room);
  return status;
}

double gb_linear_predict(const gb_linear *fit, const double *x) {
  return predict(fit->price, fit->terms, x);
}
