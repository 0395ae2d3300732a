// A chart of points or lines as a gnuplot script and its data file.
#include "harness/report/plot_script.h"

#include "harness/report/escape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Pixels of the picture and around the plot; the size of letters goes with the 14 pixel font that
// gnuplot.c sets.
enum { WIDTH = 700, HEIGHT = 460, LEFT = 76, BOTTOM = 64, TOP = 52, RIGHT = 24 };
enum { MOST_LABELS = 80, MOST_OBSTACLES = 4096, FEW_TICKS = 12, JOIN_AT_MOST = 12 };

static int by_x(const void *a, const void *b) {
  const gb_point *p = a, *q = b;
  return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

static void widen(double *low, double *high, double value) {
  *low = fmin(*low, value);
  *high = fmax(*high, value);
}

// The distinct x of all points, in order; more than FEW_TICKS: none.
static size_t few_values(const gb_plot_plan *p, double *values) {
  size_t count = 0;
  for (size_t s = 0; s < p->chart->series_count; s++)
    for (size_t i = 0; i < p->chart->series[s].count; i++) {
      double x = p->points[s][i].x;
      size_t at = 0;
      while (at < count && values[at] < x)
        at++;
      if (at < count && values[at] == x)
        continue;
      if (count == FEW_TICKS)
        return 0;
      memmove(values + at + 1, values + at, (count - at) * sizeof *values);
      values[at] = x;
      count++;
    }
  return count;
}

static bool has_kind(const gb_chart *chart, bool published) {
  for (size_t s = 0; s < chart->series_count; s++)
    if (chart->series[s].count && chart->series[s].published == published)
      return true;
  return false;
}

static bool has_style(const gb_chart *chart, gb_curve_style style) {
  for (size_t i = 0; i < chart->curve_count; i++)
    if (chart->curves[i].style == style && chart->curves[i].count)
      return true;
  return false;
}

static bool has_legend(const gb_plot_plan *p) {
  return p->chart->series_count > 1 || has_kind(p->chart, true) || p->shares ||
         has_style(p->chart, GB_CURVE_MODEL) || has_style(p->chart, GB_CURVE_THEORY);
}

static bool prepare(gb_plot_plan *p, gb_arena *arena) {
  const gb_chart *chart = p->chart;
  p->styles = gb_arena_allocate(arena, chart->series_count + 1, sizeof *p->styles);
  p->points = gb_arena_allocate(arena, chart->series_count + 1, sizeof *p->points);
  if (!p->styles || !p->points)
    return false;
  gb_plot_styles(chart, p->styles);
  double low_x = (double)INFINITY, high_x = -(double)INFINITY, low_y = (double)INFINITY,
         high_y = -(double)INFINITY, legend = 0;
  p->joined = true;
  for (size_t s = 0; s < chart->series_count; s++) {
    const gb_series *series = &chart->series[s];
    p->points[s] = gb_arena_allocate(arena, series->count + 1, sizeof **p->points);
    if (!p->points[s])
      return false;
    if (series->count)
      memcpy(p->points[s], series->points, series->count * sizeof **p->points);
    qsort(p->points[s], series->count, sizeof **p->points, by_x);
    for (size_t i = 0; i < series->count; i++) {
      const gb_point *point = &series->points[i];
      widen(&low_x, &high_x, point->x);
      widen(&low_y, &high_y, point->y);
      if (isfinite(point->x_low))
        widen(&low_x, &high_x, point->x_low), widen(&low_x, &high_x, point->x_high);
      if (isfinite(point->y_low))
        widen(&low_y, &high_y, point->y_low), widen(&low_y, &high_y, point->y_high);
      p->intervals |= isfinite(point->x_low) || isfinite(point->y_low);
      p->shares |= isfinite(point->share);
    }
    p->total += series->count;
    p->joined &= chart->kind == GB_CHART_LINE ||
                 (chart->kind == GB_CHART_SCATTER && series->count <= JOIN_AT_MOST &&
                  !has_style(chart, GB_CURVE_MODEL));
    legend = fmax(legend, gb_plot_text_width(series->title, 14));
  }
  if (p->total == 0)
    return true;
  for (size_t i = 0; i < chart->curve_count; i++) {
    const gb_curve *curve = &chart->curves[i];
    if (curve->style == GB_CURVE_ROOF) {
      if (isfinite(*curve->y))
        widen(&low_y, &high_y, *curve->y * 1.5);      // its title stands above it
      if (isfinite(*curve->x) && isfinite(*curve->y)) // both sides of the ridge
        widen(&low_x, &high_x, *curve->y / *curve->x / 3),
            widen(&low_x, &high_x, *curve->y / *curve->x * 3);
      continue;
    }
    legend = fmax(legend, gb_plot_text_width(curve->title, 14));
    for (size_t k = 0; k < curve->count; k++)
      widen(&low_y, &high_y, curve->y[k]);
  }
  if (has_kind(chart, true))
    legend = fmax(legend, gb_plot_text_width("computed here", 14));
  if (p->shares && chart->kind == GB_CHART_PARETO)
    legend = fmax(legend, gb_plot_text_width("surely on the front", 14));
  bool shown = has_legend(p);
  int right = shown ? (int)fmin(legend, 260) + 76 : RIGHT;
  int top = *chart->title ? TOP : 24;
  p->frame = (gb_plot_frame){.width = WIDTH,
                             .height = HEIGHT,
                             .left = LEFT,
                             .bottom = BOTTOM,
                             .plot_width = WIDTH - LEFT - right,
                             .plot_height = HEIGHT - BOTTOM - top};
  double values[FEW_TICKS + 1];
  size_t few = chart->kind == GB_CHART_LINE ? few_values(p, values) : 0;
  gb_scale_fit(&p->x, &chart->x, low_x, high_x, p->frame.plot_width, false, few ? values : NULL,
               few);
  // Counts along a line begin at zero: what changes by 4 % should not look as if it doubled.
  gb_scale_fit(&p->y, &chart->y, low_y, high_y, p->frame.plot_height,
               chart->kind == GB_CHART_LINE && chart->y.count, NULL, 0);
  return chart->kind != GB_CHART_PARETO || gb_plot_find_front(p, arena);
}

static void add_optional(gb_text *data, double value) {
  gb_text_add(data, " ");
  if (isfinite(value))
    gb_print_real(data, value);
  else
    gb_text_add(data, "?");
}

// The colour of a point: fuller the larger its share; grey-white where it has none.
static unsigned filling(const gb_plot_plan *p, size_t series, const gb_point *point) {
  return gb_plot_mix(p->styles[series].colour, 0xffffff, isfinite(point->share) ? point->share : 1);
}

static void add_data(const gb_plot_plan *p, gb_text *data) {
  gb_text_add(data, "# ");
  gb_clean(data, p->chart->name);
  gb_text_add(data, ": a block a series; columns: x, y, label");
  gb_text_add(data, p->intervals ? ", x from, x to, y from, y to" : "");
  gb_text_add(data, p->shares ? ", share, colour\n" : "\n");
  for (size_t s = 0; s < p->chart->series_count; s++) {
    const gb_series *series = &p->chart->series[s];
    if (!series->count)
      continue;
    gb_text_add(data, "# ");
    gb_clean(data, series->title);
    gb_text_add(data, series->published ? " (published)\n" : " (computed)\n");
    for (size_t i = 0; i < series->count; i++) {
      const gb_point *point = &p->points[s][i];
      gb_print_real(data, point->x);
      gb_text_add(data, " ");
      gb_print_real(data, point->y);
      gb_text_add(data, " ");
      gb_escape_gnuplot_data(data, point->label);
      if (p->intervals) {
        add_optional(data, point->x_low);
        add_optional(data, point->x_high);
        add_optional(data, point->y_low);
        add_optional(data, point->y_high);
      }
      if (p->shares) {
        add_optional(data, point->share);
        gb_text_print(data, " %u", filling(p, s, point));
      }
      gb_text_add(data, "\n");
    }
    gb_text_add(data, "\n\n");
  }
  gb_plot_curve_data(p, data);
}

// The points of a line between two points, about every 7 pixels.
static void block_line(gb_obstacles *blocked, double from_x, double from_y, double x, double y) {
  int steps = (int)(hypot(x - from_x, y - from_y) / 7);
  for (int k = 1; k < steps && blocked->line_count < MOST_OBSTACLES; k++) {
    double *at = blocked->lines + 2 * blocked->line_count++;
    at[0] = from_x + (x - from_x) * k / steps;
    at[1] = from_y + (y - from_y) * k / steps;
  }
}

// Whiskers and the steps of a front, too, should not be hidden.
static void block_intervals(const gb_plot_plan *p, const gb_point *point, double x, double y,
                            gb_obstacles *blocked) {
  int width = p->frame.plot_width, height = p->frame.plot_height;
  if (isfinite(point->x_low))
    block_line(blocked, gb_scale_place(&p->x, point->x_low, width), y,
               gb_scale_place(&p->x, point->x_high, width), y);
  if (isfinite(point->y_low))
    block_line(blocked, x, gb_scale_place(&p->y, point->y_low, height), x,
               gb_scale_place(&p->y, point->y_high, height));
}

static void block_front(const gb_plot_plan *p, gb_obstacles *blocked) {
  double last_x = 0, last_y = 0;
  for (size_t i = 0; i < p->front_count; i++) {
    double x = gb_scale_place(&p->x, p->front[i]->x, p->frame.plot_width);
    double y = gb_scale_place(&p->y, p->front[i]->y, p->frame.plot_height);
    if (i) {
      block_line(blocked, last_x, last_y, x, last_y);
      block_line(blocked, x, last_y, x, y);
    }
    last_x = x;
    last_y = y;
  }
}

// Roofs, and the titles along them.
static void block_roofs(const gb_plot_plan *p, gb_obstacles *blocked) {
  int width = p->frame.plot_width, height = p->frame.plot_height;
  for (size_t i = 0; i < p->chart->curve_count; i++) {
    const gb_curve *curve = &p->chart->curves[i];
    if (curve->style != GB_CURVE_ROOF)
      continue;
    double text = gb_plot_text_width(curve->title, 11.9);
    if (isinf(*curve->x)) {
      double y = gb_scale_place(&p->y, *curve->y, height);
      block_line(blocked, 0, y, width, y);
      block_line(blocked, width - 8 - text, y + 9, width, y + 9);
      continue;
    }
    double from = fmax(p->x.low * p->x.factor, p->y.low * p->y.factor / *curve->x);
    double to = fmin(p->x.high * p->x.factor, p->y.high * p->y.factor / *curve->x);
    double x0 = gb_scale_place(&p->x, from, width), x1 = gb_scale_place(&p->x, to, width);
    double y0 = gb_scale_place(&p->y, *curve->x * from, height);
    double y1 = gb_scale_place(&p->y, *curve->x * to, height);
    double length = hypot(x1 - x0, y1 - y0), part = fmin((text + 16) / fmax(length, 1), 1);
    block_line(blocked, x0, y0, x1, y1);
    block_line(blocked, x0 - 6, y0 + 7, x0 - 6 + part * (x1 - x0), y0 + 7 + part * (y1 - y0));
  }
}

// Labels in the colour of their series, where they hide little.
static bool add_labels(const gb_plot_plan *p, gb_arena *arena, gb_text *script) {
  const gb_chart *chart = p->chart;
  gb_placed *labels = gb_arena_allocate(arena, MOST_LABELS, sizeof *labels);
  const char **texts = gb_arena_allocate(arena, MOST_LABELS, sizeof *texts);
  unsigned *colours = gb_arena_allocate(arena, MOST_LABELS, sizeof *colours);
  gb_obstacles blocked = {
      .points = gb_arena_allocate(arena, MOST_OBSTACLES, 2 * sizeof *blocked.points),
      .lines = gb_arena_allocate(arena, MOST_OBSTACLES, 2 * sizeof *blocked.lines)};
  if (!labels || !texts || !colours || !blocked.points || !blocked.lines)
    return false;
  size_t count = 0;
  block_front(p, &blocked);
  block_roofs(p, &blocked);
  for (size_t s = 0; s < chart->series_count; s++) {
    double last_x = 0, last_y = 0;
    for (size_t i = 0; i < chart->series[s].count; i++) {
      const gb_point *point = &p->points[s][i];
      double x = gb_scale_place(&p->x, point->x, p->frame.plot_width);
      double y = gb_scale_place(&p->y, point->y, p->frame.plot_height);
      if (i && p->joined)
        block_line(&blocked, last_x, last_y, x, y);
      block_intervals(p, point, x, y, &blocked);
      last_x = x;
      last_y = y;
      if (blocked.point_count < MOST_OBSTACLES) {
        double *at = blocked.points + 2 * blocked.point_count++;
        at[0] = x;
        at[1] = y;
      }
      if (!*point->label || count == MOST_LABELS)
        continue;
      texts[count] = point->label;
      colours[count] = gb_plot_mix(p->styles[s].colour, 0, 0.7);
      labels[count++] =
          (gb_placed){.x = x, .y = y, .width = fmin(gb_plot_text_width(point->label, 11.9), 300)};
    }
  }
  gb_place_labels(labels, count, &blocked, p->frame.plot_width, p->frame.plot_height);
  for (size_t i = 0; i < count; i++) {
    gb_text_add(script, "set label ");
    gb_plot_quote(script, texts[i], 45);
    gb_text_print(script,
                  " at screen %.5f, screen %.5f %s front noenhanced textcolor rgb '#%06x' font "
                  "sprintf(',%%g', 0.85 * letter)\n",
                  (p->frame.left + labels[i].text_x) / p->frame.width,
                  (p->frame.bottom + labels[i].text_y) / p->frame.height,
                  labels[i].align < 0   ? "left"
                  : labels[i].align > 0 ? "right"
                                        : "center",
                  colours[i]);
  }
  return true;
}

static size_t block_count(const gb_chart *chart) {
  size_t blocks = 0;
  for (size_t s = 0; s < chart->series_count; s++)
    blocks += chart->series[s].count > 0;
  return blocks;
}

static void add_source(const gb_plot_plan *p, size_t block, const char **comma, gb_text *script) {
  gb_text_add(script, *comma);
  gb_text_print(script, "dat index %zu using ($1/%g):($2/%g)", block, p->x.factor, p->y.factor);
  *comma = ", \\\n  ";
}

// Whiskers without caps, in the colour of their series.
static void add_whiskers(const gb_plot_plan *p, size_t block, size_t series, const char **comma,
                         gb_text *script) {
  bool x = false, y = false;
  for (size_t i = 0; i < p->chart->series[series].count; i++) {
    x |= isfinite(p->points[series][i].x_low);
    y |= isfinite(p->points[series][i].y_low);
  }
  if (x)
    gb_text_print(script, "%sdat index %zu using ($4/%g):($2/%g):(($5-$4)/%g):(0)", *comma, block,
                  p->x.factor, p->y.factor, p->x.factor);
  if (x)
    gb_text_print(script, " with vectors nohead lw 1.6 lc rgb '#%06x'", p->styles[series].colour);
  *comma = x ? ", \\\n  " : *comma;
  if (y)
    gb_text_print(script, "%sdat index %zu using ($1/%g):($6/%g):(0):(($7-$6)/%g)", *comma, block,
                  p->x.factor, p->y.factor, p->y.factor);
  if (y)
    gb_text_print(script, " with vectors nohead lw 1.6 lc rgb '#%06x'", p->styles[series].colour);
  *comma = y ? ", \\\n  " : *comma;
}

// Markers. Those with shares: filled as full as the share says and hollow around it, or, below
// roofs, as large as it says.
static void add_markers(const gb_plot_plan *p, size_t block, size_t series, double size,
                        const char **comma, gb_text *script) {
  const gb_chart *chart = p->chart;
  const gb_plot_style *style = &p->styles[series];
  bool published = chart->series[series].published;
  int share = p->intervals ? 8 : 4; // its column
  add_source(p, block, comma, script);
  if (p->shares && chart->kind == GB_CHART_ROOFLINE) {
    gb_text_print(script,
                  ":((0.7 + 5 * sqrt($%d)) * dot) with points pt %d ps variable lw 1 lc rgb "
                  "'#40%06x'",
                  share, style->marker, style->colour);
    return;
  }
  if (p->shares && !published) {
    gb_text_print(script, ":%d with points pt %d ps %g * dot lc rgb variable", share + 1,
                  style->marker, size * 1.2);
    add_source(p, block, comma, script);
    gb_text_print(script, " with points pt %d ps %g * dot lw 1.7 lc rgb '#%06x'", style->marker - 1,
                  size * 1.25, style->colour);
    return;
  }
  gb_text_print(script, " with points pt %d ps %g * dot lw 1.7 lc rgb '#%06x'",
                style->marker - published, size * (published ? 1.4 : 0.9), style->colour);
}

static void add_title(gb_text *script, const char *look, const char *title) {
  gb_text_print(script, ", \\\n  NaN with %s title '%s'", look, title);
}

// The legend: a family once, filled where we have it; then what filled and hollow mean.
static void add_legend(const gb_plot_plan *p, gb_text *script) {
  const gb_chart *chart = p->chart;
  for (size_t s = 0; s < chart->series_count; s++) {
    bool again = !chart->series[s].count, ours = false;
    for (size_t i = 0; i < chart->series_count; i++)
      if (strcmp(chart->series[i].title, chart->series[s].title) == 0) {
        again |= i < s && chart->series[i].count;
        ours |= !chart->series[i].published && chart->series[i].count;
      }
    if (again)
      continue;
    gb_text_print(script, ", \\\n  NaN with %s pt %d ps 1.2 * dot lw 1.7 lc rgb '#%06x' title ",
                  !p->joined ? "points"
                  : ours     ? "linespoints"
                             : "linespoints dt (6,4)",
                  p->styles[s].marker - !ours, p->styles[s].colour);
    gb_plot_quote(script, chart->series[s].title, 33);
  }
  gb_plot_curve_legend(p, script);
  bool filled = p->shares && chart->kind == GB_CHART_PARETO;
  if (filled || has_kind(chart, true))
    add_title(script, "dots lc rgb '#ffffff'", " ");
  if (filled) {
    add_title(script, "points pt 7 ps 1.3 * dot lc rgb '#606060'", "surely on the front");
    add_title(script, "points pt 6 ps 1.3 * dot lw 1.7 lc rgb '#606060'", "surely not");
  }
  if (has_kind(chart, true) && has_kind(chart, false) && !filled)
    add_title(script, "points pt 7 ps 1.2 * dot lc rgb '#606060'", "computed here");
  if (has_kind(chart, true))
    add_title(script, "points pt 6 ps 1.4 * dot lw 1.7 lc rgb '#606060'", "published");
}

static void add_plots(const gb_plot_plan *p, gb_text *script) {
  const gb_chart *chart = p->chart;
  const char *comma = "plot ";
  double size = p->total > 400 ? 0.45 : p->total > 100 ? 0.8 : 1.15;
  gb_plot_curve_lines(p, block_count(chart), &comma, script);
  // Lines below, then published points, ours on top.
  enum { LINES, PUBLISHED, WHISKERS, OURS, LAYERS };
  for (int layer = 0; layer < LAYERS; layer++) {
    size_t block = 0;
    for (size_t s = 0; s < chart->series_count; s++) {
      const gb_series *series = &chart->series[s];
      if (!series->count)
        continue;
      if (layer == LINES && p->joined) {
        add_source(p, block, &comma, script);
        gb_text_print(script, " with lines lw %g dt %s lc rgb '#%06x'",
                      chart->kind == GB_CHART_LINE ? 2.0 : 1.2,
                      series->published ? "(6,4)" : "solid", p->styles[s].colour);
      }
      if (layer == WHISKERS && p->intervals)
        add_whiskers(p, block, s, &comma, script);
      if (layer == (series->published ? PUBLISHED : OURS))
        add_markers(p, block, s, size, &comma, script);
      block++;
    }
  }
  if (has_legend(p))
    add_legend(p, script);
  gb_text_add(script, "\n");
}

gb_status gb_plot_write_points(const gb_chart *chart, gb_arena *arena, gb_text *script,
                               gb_text *data, int *width, int *height, gb_error *error) {
  gb_plot_plan p = {.chart = chart};
  if (!prepare(&p, arena))
    return gb_fail_memory(error);
  if (p.total == 0)
    return gb_fail(error, GB_EINPUT, "plot '%s' has no points to draw", chart->name);
  *width = p.frame.width;
  *height = p.frame.height;
  add_data(&p, data);
  gb_plot_head(script, chart, &p.frame);
  if (p.intervals || p.shares)
    gb_text_add(script, "set datafile missing '?'\n");
  gb_text_add(script, "set grid lt 1 lw 0.7 lc rgb '#dcdcdc' back\n");
  gb_plot_axis_title(script, 'x', &chart->x, &p.x);
  gb_plot_axis_title(script, 'y', &chart->y, &p.y);
  gb_plot_axis(script, 'x', &p.x);
  gb_plot_axis(script, 'y', &p.y);
  if (!add_labels(&p, arena, script))
    return gb_fail_memory(error);
  gb_plot_roof_labels(&p, script);
  add_plots(&p, script);
  return GB_OK;
}
