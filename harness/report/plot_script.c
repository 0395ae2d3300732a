// A chart of points or lines as a gnuplot script and its data file.
#include "harness/report/plot_script.h"

#include "harness/report/escape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Pixels of the picture and around the plot; the size of letters goes with the 14 pixel font that
// gnuplot.c sets.
enum { WIDTH = 900, HEIGHT = 600, LEFT = 92, BOTTOM = 72, TOP = 58, RIGHT = 24 };
enum { MOST_LABELS = 80, MOST_OBSTACLES = 4096, FEW_TICKS = 12, JOIN_AT_MOST = 12 };

double gb_plot_text_width(const char *text, double font) {
  return (double)gb_text_columns(text) * font * 0.56;
}

// A label no longer than `columns`, as a quoted string.
void gb_plot_quote(gb_text *script, const char *label, size_t columns) {
  gb_text clean = {0};
  gb_clean(&clean, label);
  if (gb_text_columns(gb_text_get(&clean)) > columns) {
    char *end = clean.bytes;
    for (size_t i = 0; i < columns - 1; i++) {
      uint32_t code;
      size_t n = gb_utf8_next(end, &code);
      end += n ? n : 1;
    }
    clean.length = (size_t)(end - clean.bytes);
    gb_text_add(&clean, "\xe2\x80\xa6");
  }
  gb_escape_gnuplot(script, gb_text_get(&clean));
  script->failed |= clean.failed;
  gb_text_free(&clean);
}

void gb_plot_head(gb_text *script, const gb_chart *chart, const gb_plot_frame *frame) {
  gb_text_print(script,
                "set border %d lc rgb '#505050'\n"
                "set tics nomirror out scale 0.5 textcolor rgb '#202020'\n"
                "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
                "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
                frame->bars ? 1 : 3, (double)frame->left / frame->width,
                (double)(frame->left + frame->plot_width) / frame->width,
                (double)(frame->bottom + frame->plot_height) / frame->height,
                (double)frame->bottom / frame->height);
  if (*chart->title) {
    gb_text_add(script, "set label 1000 ");
    gb_plot_quote(script, chart->title, 90);
    gb_text_print(script,
                  " at screen %.5f, screen %.5f left noenhanced font sprintf(',%%g', 1.2 * "
                  "letter)\n",
                  frame->bars ? 0.02 : (double)frame->left / frame->width,
                  1 - 26.0 / frame->height);
  }
  gb_text_print(script,
                "set key at screen %.5f, screen %.5f left top Left reverse noenhanced samplen 1.6 "
                "spacing 1.25 width 0 noautotitle\n",
                (double)(frame->left + frame->plot_width + 14) / frame->width,
                (double)(frame->bottom + frame->plot_height + 4) / frame->height);
}

void gb_plot_axis_title(gb_text *script, char axis, const gb_axis *title, const gb_scale *scale) {
  gb_text text = {0};
  gb_text_print(&text, *scale->unit && *title->title ? "%s (%s)" : "%s%s",
                title->title ? title->title : "", scale->unit);
  gb_text_print(script, "set %clabel ", axis);
  gb_plot_quote(script, gb_text_get(&text), 70);
  gb_text_add(script, " noenhanced\n");
  script->failed |= text.failed;
  gb_text_free(&text);
}

void gb_plot_axis(gb_text *script, char axis, const gb_scale *scale) {
  if (scale->log)
    gb_text_print(script, "set logscale %c\n", axis);
  gb_text_print(script, "set %crange [%.10g:%.10g]\nset format %c '%%g'\nset %ctics (", axis,
                scale->low, scale->high, axis, axis);
  for (int i = 0; i < scale->tick_count; i++)
    gb_text_print(script, "%s%.10g", i ? ", " : "", scale->ticks[i]);
  gb_text_add(script, ")\n");
}

// ---------------------------------------------------------------------------------------------

static int by_x(const void *a, const void *b) {
  const gb_point *p = a, *q = b;
  return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

// What is worked out once for a chart of points.
typedef struct plan {
  const gb_chart *chart;
  gb_plot_style *styles;
  gb_point **points; // of each series, in order of x
  bool joined;
  size_t total;
  gb_plot_frame frame;
  gb_scale x, y;
} plan;

static void widen(double *low, double *high, double value) {
  *low = fmin(*low, value);
  *high = fmax(*high, value);
}

// The distinct x of all points, in order; more than FEW_TICKS: none.
static size_t few_values(const plan *p, double *values) {
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

static bool prepare(plan *p, gb_arena *arena) {
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
      widen(&low_x, &high_x, series->points[i].x);
      widen(&low_y, &high_y, series->points[i].y);
    }
    p->total += series->count;
    p->joined &= chart->kind == GB_CHART_LINE || series->count <= JOIN_AT_MOST;
    legend = fmax(legend, gb_plot_text_width(series->title, 14));
  }
  if (p->total == 0)
    return true;
  if (has_kind(chart, true))
    legend = fmax(legend, gb_plot_text_width("computed here", 14));
  bool shown = chart->series_count > 1 || has_kind(chart, true);
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
  return true;
}

static void add_data(const plan *p, gb_text *data) {
  gb_text_add(data, "# ");
  gb_clean(data, p->chart->name);
  gb_text_add(data, ": a block a series; columns: x, y, label\n");
  for (size_t s = 0; s < p->chart->series_count; s++) {
    const gb_series *series = &p->chart->series[s];
    if (!series->count)
      continue;
    gb_text_add(data, "# ");
    gb_clean(data, series->title);
    gb_text_add(data, series->published ? " (published)\n" : " (computed)\n");
    for (size_t i = 0; i < series->count; i++) {
      gb_print_real(data, p->points[s][i].x);
      gb_text_add(data, " ");
      gb_print_real(data, p->points[s][i].y);
      gb_text_add(data, " ");
      gb_escape_gnuplot_data(data, p->points[s][i].label);
      gb_text_add(data, "\n");
    }
    gb_text_add(data, "\n\n");
  }
}

// A colour that reads on white as text: darker, the hue kept.
static unsigned darker(unsigned colour) {
  unsigned red = colour >> 16, green = colour >> 8 & 0xff, blue = colour & 0xff;
  return (red * 7 / 10) << 16 | (green * 7 / 10) << 8 | blue * 7 / 10;
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

// Labels in the colour of their series, where they hide little.
static bool add_labels(const plan *p, gb_arena *arena, gb_text *script) {
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
  for (size_t s = 0; s < chart->series_count; s++) {
    double last_x = 0, last_y = 0;
    for (size_t i = 0; i < chart->series[s].count; i++) {
      const gb_point *point = &p->points[s][i];
      double x = gb_scale_place(&p->x, point->x, p->frame.plot_width);
      double y = gb_scale_place(&p->y, point->y, p->frame.plot_height);
      if (i && p->joined)
        block_line(&blocked, last_x, last_y, x, y);
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
      colours[count] = darker(p->styles[s].colour);
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

static void add_using(const plan *p, size_t block, gb_text *script) {
  gb_text_print(script, "dat index %zu using ($1/%g):($2/%g)", block, p->x.factor, p->y.factor);
}

static void add_plots(const plan *p, gb_text *script) {
  const gb_chart *chart = p->chart;
  const char *comma = "plot ";
  double size = p->total > 400 ? 0.45 : p->total > 100 ? 0.8 : 1.15;
  // Lines below, then published points, ours on top.
  for (int layer = p->joined ? 0 : 1; layer < 3; layer++) {
    size_t block = 0;
    for (size_t s = 0; s < chart->series_count; s++) {
      const gb_series *series = &chart->series[s];
      if (!series->count)
        continue;
      if (layer == 0 || series->published == (layer == 1)) {
        gb_text_add(script, comma);
        add_using(p, block, script);
        comma = ", \\\n  ";
      }
      unsigned colour = p->styles[s].colour;
      if (layer == 0)
        gb_text_print(script, " with lines lw %g dt %s lc rgb '#%06x'",
                      chart->kind == GB_CHART_LINE ? 2.0 : 1.2,
                      series->published ? "(6,4)" : "solid", colour);
      else if (series->published == (layer == 1))
        gb_text_print(script, " with points pt %d ps %g * dot lw 1.7 lc rgb '#%06x'",
                      p->styles[s].marker - (layer == 1), size * (layer == 1 ? 1.4 : 0.9), colour);
      block++;
    }
  }
  if (chart->series_count < 2 && !has_kind(chart, true)) {
    gb_text_add(script, "\n");
    return;
  }
  // The legend: a family once, filled where we have it; then what filled and hollow mean.
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
  if (has_kind(chart, true)) {
    gb_text_add(script, ", \\\n  NaN with dots lc rgb '#ffffff' title ' '");
    if (has_kind(chart, false))
      gb_text_add(
          script,
          ", \\\n  NaN with points pt 7 ps 1.2 * dot lc rgb '#606060' title 'computed here'");
    gb_text_add(
        script,
        ", \\\n  NaN with points pt 6 ps 1.4 * dot lw 1.7 lc rgb '#606060' title 'published'");
  }
  gb_text_add(script, "\n");
}

static gb_status write_points(const gb_chart *chart, gb_arena *arena, gb_text *script,
                              gb_text *data, int *width, int *height, gb_error *error) {
  plan p = {.chart = chart};
  if (!prepare(&p, arena))
    return gb_fail_memory(error);
  if (p.total == 0)
    return gb_fail(error, GB_EINPUT, "plot '%s' has no points to draw", chart->name);
  *width = p.frame.width;
  *height = p.frame.height;
  add_data(&p, data);
  gb_plot_head(script, chart, &p.frame);
  gb_text_add(script, "set grid lt 1 lw 0.7 lc rgb '#dcdcdc' back\n");
  gb_plot_axis_title(script, 'x', &chart->x, &p.x);
  gb_plot_axis_title(script, 'y', &chart->y, &p.y);
  gb_plot_axis(script, 'x', &p.x);
  gb_plot_axis(script, 'y', &p.y);
  if (!add_labels(&p, arena, script))
    return gb_fail_memory(error);
  add_plots(&p, script);
  return GB_OK;
}

gb_status gb_chart_write(const gb_chart *chart, gb_text *script, gb_text *data, int *width,
                         int *height, gb_error *error) {
  if (chart->failed)
    return gb_fail_memory(error);
  if (!gb_plain_name(chart->name))
    return gb_fail(error, GB_EINPUT,
                   "plot '%s' cannot name a file; allowed are letters, digits, and - _ . inside",
                   chart->name);
  size_t total = 0;
  for (size_t s = 0; s < chart->series_count; s++)
    total += chart->series[s].count;
  if (total > GB_MAX_CHART_POINTS)
    return gb_fail(error, GB_ELIMIT, "plot '%s' has %zu points; at most %d", chart->name, total,
                   GB_MAX_CHART_POINTS);
  gb_arena *arena = gb_arena_new(NULL);
  if (!arena)
    return gb_fail_memory(error);
  gb_text_print(script, "dat = '%s.dat'\n", chart->name);
  bool bars = chart->kind == GB_CHART_BARS || chart->kind == GB_CHART_STACKED;
  gb_status status =
      (bars ? gb_plot_write_bars : write_points)(chart, arena, script, data, width, height, error);
  gb_arena_free(arena);
  if (status == GB_OK && (script->failed || data->failed))
    status = gb_fail_memory(error);
  return status;
}
