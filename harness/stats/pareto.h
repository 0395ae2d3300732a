// The Pareto front: points that no other one beats in everything, and how sure that is.
#ifndef GB_STATS_PARETO_H
#define GB_STATS_PARETO_H

#include "layers/base/status.h"

#include <stdbool.h>

// One column of what is wanted.
typedef struct gb_objective {
  bool larger_is_better;
  const double *values; // one a point
  const double *draws;  // draws × points, draw by draw: bootstrap (gb_median_draws); NULL: exact
} gb_objective;

typedef struct gb_front_point {
  bool on_front;      // by the values
  double probability; // share of draws in which it is
} gb_front_point;

// A point is on the front when no other one is at least as good in every objective and better in
// one. GB_EINPUT: no points, no objective, a value that is not finite.
gb_status gb_pareto(const gb_objective *objectives, size_t objective_count, size_t points,
                    size_t draws, gb_front_point *front, gb_error *error);

#endif
