// Curves of charts of points: fitted models, theories, roofs and fronts.
#include "harness/report/plot_script.h"

#include "harness/report/escape.h"

#include <math.h>
#include <stdlib.h>

static void add_pair(gb_text *data, double x, double y) {
  gb_print_real(data, x);
  gb_text_add(data, " ");
  gb_print_real(data, y);
  gb_text_add(data, "\n");
}

// A roof from side to side of the plot: slope up to the ridge, then flat.
static void add_roof(const gb_plot_plan *plan, const gb_curve *curve, gb_text *data) {
  double bandwidth = *curve->x, peak = *curve->y;
  double left = plan->x.low * plan->x.factor, right = plan->x.high * plan->x.factor;
  double ridge = isfinite(bandwidth) ? peak / bandwidth : left;
  if (isinf(bandwidth)) {
    add_pair(data, left, peak);
  } else {
    add_pair(data, left, fmin(bandwidth * left, peak));
    if (ridge > left && ridge < right)
      add_pair(data, ridge, peak);
  }
  add_pair(data, right, fmin(bandwidth * right, peak));
}

// A step line: from the top over each point of the front to the right.
static void add_front(const gb_plot_plan *plan, gb_text *data) {
  gb_text_add(data, "# the front\n");
  for (size_t i = 0; i < plan->front_count; i++) {
    if (i)
      add_pair(data, plan->front[i]->x, plan->front[i - 1]->y);
    add_pair(data, plan->front[i]->x, plan->front[i]->y);
  }
  gb_text_add(data, "\n\n");
}

void gb_plot_curve_data(const gb_plot_plan *plan, gb_text *data) {
  for (size_t i = 0; i < plan->chart->curve_count; i++) {
    const gb_curve *curve = &plan->chart->curves[i];
    if (!curve->count)
      continue;
    gb_text_add(data, "# ");
    gb_clean(data, curve->title);
    gb_text_add(data, "\n");
    if (curve->style == GB_CURVE_ROOF)
      add_roof(plan, curve, data);
    for (size_t k = 0; curve->style != GB_CURVE_ROOF && k < curve->count; k++)
      add_pair(data, curve->x[k], curve->y[k]);
    gb_text_add(data, "\n\n");
  }
  if (plan->front_count)
    add_front(plan, data);
}

// The index-th of its style among `curves`: a second theory has other dashes.
static const char *look_of(const gb_chart *chart, size_t index) {
  gb_curve_style style = chart->curves[index].style;
  for (size_t i = 0; i < index && style == GB_CURVE_THEORY; i++)
    if (chart->curves[i].style == style && chart->curves[i].count)
      return "lines lw 2 dt (1.5,4) lc rgb '#808080'";
  static const char *const looks[] = {[GB_CURVE_MODEL] = "lines lw 1.6 dt solid lc rgb '#808080'",
                                      [GB_CURVE_THEORY] = "lines lw 1.6 dt (8,5) lc rgb '#808080'",
                                      [GB_CURVE_ROOF] = "lines lw 2 dt solid lc rgb '#505050'"};
  return looks[style];
}

static void add_line(const gb_plot_plan *plan, size_t block, const char *look, const char **comma,
                     gb_text *script) {
  gb_text_print(script, "%sdat index %zu using ($1/%g):($2/%g) with %s", *comma, block,
                plan->x.factor, plan->y.factor, look);
  *comma = ", \\\n  ";
}

void gb_plot_curve_lines(const gb_plot_plan *plan, size_t block, const char **comma,
                         gb_text *script) {
  for (size_t i = 0; i < plan->chart->curve_count; i++)
    if (plan->chart->curves[i].count)
      add_line(plan, block++, look_of(plan->chart, i), comma, script);
  if (plan->front_count)
    add_line(plan, block, "lines lw 1.6 dt solid lc rgb '#808080'", comma, script);
}

void gb_plot_curve_legend(const gb_plot_plan *plan, gb_text *script) {
  for (size_t i = 0; i < plan->chart->curve_count; i++) {
    const gb_curve *curve = &plan->chart->curves[i];
    if (!curve->count || curve->style == GB_CURVE_ROOF)
      continue;
    gb_text_print(script, ", \\\n  NaN with %s title ", look_of(plan->chart, i));
    gb_plot_quote(script, curve->title, 33);
  }
  if (plan->front_count)
    gb_text_add(script, ", \\\n  NaN with lines lw 1.6 lc rgb '#808080' title 'Pareto front'");
}

// Above a flat roof at its right end; along a slope where it enters the plot.
void gb_plot_roof_labels(const gb_plot_plan *plan, gb_text *script) {
  const gb_plot_frame *f = &plan->frame;
  for (size_t i = 0; i < plan->chart->curve_count; i++) {
    const gb_curve *curve = &plan->chart->curves[i];
    if (curve->style != GB_CURVE_ROOF || !*curve->title)
      continue;
    double bandwidth = *curve->x, turn = 0, x = f->plot_width - 8;
    bool flat = isinf(bandwidth);
    double y = flat ? gb_scale_place(&plan->y, *curve->y, f->plot_height) : 0;
    if (!flat) {
      // The slope enters at the left or from below.
      double from = fmax(plan->x.low * plan->x.factor, plan->y.low * plan->y.factor / bandwidth);
      double x0 = gb_scale_place(&plan->x, from, f->plot_width);
      double y0 = gb_scale_place(&plan->y, bandwidth * from, f->plot_height);
      turn = atan2(gb_scale_place(&plan->y, bandwidth * from * 10, f->plot_height) - y0,
                   gb_scale_place(&plan->x, from * 10, f->plot_width) - x0);
      x = x0 + 16 * cos(turn);
      y = y0 + 16 * sin(turn);
    }
    x += f->left - 9 * sin(turn);
    y += f->bottom + 9 * cos(turn);
    gb_text_add(script, "set label ");
    gb_plot_quote(script, curve->title, 60);
    gb_text_print(script,
                  " at screen %.5f, screen %.5f %s rotate by %.2f front noenhanced textcolor rgb "
                  "'#404040' font sprintf(',%%g', 0.85 * letter)\n",
                  x / f->width, y / f->height, flat ? "right" : "left", turn * 180 / acos(-1.0));
  }
}

// ---------------------------------------------------------------------------------------------

static bool beats(const gb_chart *chart, const gb_point *a, const gb_point *b) {
  double a_y = chart->less_is_better ? -a->y : a->y, b_y = chart->less_is_better ? -b->y : b->y;
  return a->x <= b->x && a_y >= b_y && (a->x < b->x || a_y > b_y);
}

static int by_x(const void *a, const void *b) {
  const gb_point *const *p = a, *const *q = b;
  return ((*p)->x > (*q)->x) - ((*p)->x < (*q)->x);
}

bool gb_plot_find_front(gb_plot_plan *plan, gb_arena *arena) {
  const gb_chart *chart = plan->chart;
  plan->front = gb_arena_allocate(arena, plan->total + 1, sizeof *plan->front);
  const gb_point **all = gb_arena_allocate(arena, plan->total + 1, sizeof *all);
  if (!plan->front || !all)
    return false;
  size_t count = 0;
  for (size_t s = 0; s < chart->series_count; s++)
    for (size_t i = 0; i < chart->series[s].count; i++)
      all[count++] = &plan->points[s][i];
  qsort(all, count, sizeof *all, by_x);
  // In order of x, a point is on the front where none before it (or beside it) beats it.
  const gb_point *best = NULL;
  for (size_t i = 0; i < count; i++) {
    bool beaten = best && beats(chart, best, all[i]);
    for (size_t k = i + 1; k < count && all[k]->x <= all[i]->x && !beaten; k++)
      beaten = beats(chart, all[k], all[i]);
    if (beaten)
      continue;
    best = all[i];
    plan->front[plan->front_count++] = all[i];
  }
  return true;
}
