// The Pareto front and how sure it is; see pareto.h.
#include "harness/stats/pareto.h"

#include <math.h>

static double value_of(const gb_objective *o, size_t points, size_t draw, bool drawn,
                       size_t point) {
  double value = drawn && o->draws ? o->draws[draw * points + point] : o->values[point];
  return o->larger_is_better ? -value : value;
}

// Whether some other point is nowhere worse than `point` and somewhere better.
static bool beaten(const gb_objective *objectives, size_t count, size_t points, size_t draw,
                   bool drawn, size_t point) {
  for (size_t other = 0; other < points; other++) {
    bool worse = false, better = false;
    for (size_t k = 0; k < count && !worse; k++) {
      double mine = value_of(&objectives[k], points, draw, drawn, point);
      double its = value_of(&objectives[k], points, draw, drawn, other);
      worse = its > mine;
      better |= its < mine;
    }
    if (better && !worse)
      return true;
  }
  return false;
}

static gb_status check(const gb_objective *o, size_t points, size_t draws, gb_error *error) {
  for (size_t i = 0; i < points; i++)
    if (!isfinite(o->values[i]))
      return gb_fail(error, GB_EINPUT, "point %zu has a value that is not a finite number", i);
  for (size_t i = 0; o->draws && i < points * draws; i++)
    if (!isfinite(o->draws[i]))
      return gb_fail(error, GB_EINPUT, "point %zu has a draw that is not a finite number",
                     i % points);
  return GB_OK;
}

gb_status gb_pareto(const gb_objective *objectives, size_t objective_count, size_t points,
                    size_t draws, gb_front_point *front, gb_error *error) {
  if (points == 0 || objective_count == 0)
    return gb_fail(error, GB_EINPUT, "a front needs points and objectives");
  for (size_t k = 0; k < objective_count; k++)
    GB_TRY(check(&objectives[k], points, draws, error));
  for (size_t i = 0; i < points; i++) {
    front[i].on_front = !beaten(objectives, objective_count, points, 0, false, i);
    size_t times = 0;
    for (size_t draw = 0; draw < draws; draw++)
      times += !beaten(objectives, objective_count, points, draw, true, i);
    front[i].probability = draws ? (double)times / (double)draws : front[i].on_front ? 1 : 0;
  }
  return GB_OK;
}
