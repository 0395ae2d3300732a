// What a latency is made of: a robust linear fit over MACs, bytes and calls.
#ifndef GB_STATS_MODEL_H
#define GB_STATS_MODEL_H

#include "harness/stats/interval.h"

#include <stdbool.h>

enum { GB_MODEL_TERMS = 6 };

// A fit of y = Σ price[j] x[j], no price below 0. Errors count relative to y: a step of 1 µs weighs
// as much as one of 1 ms.
typedef struct gb_linear {
  size_t terms;
  double price[GB_MODEL_TERMS];
  double low[GB_MODEL_TERMS], high[GB_MODEL_TERMS]; // bootstrap over rows; NAN without draws
  double typical_error;                             // median of |fit - y| / y
  double r2; // 1 - Σ(fit - y)² / Σ(y - mean)²; NAN where y is constant
  // The same for rows that the fit had not seen (k-fold); NAN where there are too few rows.
  double unseen_error, unseen_worst;
  size_t rows, folds;
} gb_linear;

typedef struct gb_linear_wish {
  const double *x; // rows × terms, row by row
  const double *y; // positive
  size_t rows, terms;
  size_t folds; // 0: 10, or as many as there are rows if fewer; 1: no cross-validation
  bool intervals;
  gb_resampling how; // draws (0: 500), level, seed
} gb_linear_wish;

// Bisquare weights (gsl_multifit_robust); of all subsets of the terms the one with the smallest
// error whose prices are all positive. GB_EINPUT: fewer rows than terms + 1, values not finite, y
// not positive, x negative, all x 0.
gb_status gb_linear_fit(const gb_linear_wish *wish, gb_linear *fit, gb_error *error);

double gb_linear_predict(const gb_linear *fit, const double *x);

#endif
