// A chart in memory: axes, series, points; see plot.h.
#define _POSIX_C_SOURCE 200809L
#include "harness/report/plot.h"

#include "harness/report/gnuplot.h"

#include <math.h>
#include <string.h>
#include <strings.h>

bool gb_chart_kind_parse(const char *name, gb_chart_kind *kind) {
  static const char *const names[] = {
      [GB_CHART_SCATTER] = "scatter",    [GB_CHART_LINE] = "line",
      [GB_CHART_BARS] = "bars",          [GB_CHART_STACKED] = "stacked-bars",
      [GB_CHART_PARETO] = "pareto",      [GB_CHART_ROOFLINE] = "roofline",
      [GB_CHART_STRIP] = "distribution", [GB_CHART_RATIOS] = "ratios"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) {
      *kind = (gb_chart_kind)i;
      return true;
    }
  return false;
}

bool gb_chart_has_rows(gb_chart_kind kind) {
  return kind == GB_CHART_BARS || kind == GB_CHART_STACKED || kind == GB_CHART_STRIP ||
         kind == GB_CHART_RATIOS;
}

gb_chart *gb_chart_new(const char *name, gb_chart_kind kind, const char *title) {
  gb_arena *arena = gb_arena_new(NULL);
  gb_chart *chart = arena ? gb_arena_allocate(arena, 1, sizeof *chart) : NULL;
  if (!chart) {
    gb_arena_free(arena);
    return NULL;
  }
  chart->arena = arena;
  chart->kind = kind;
  chart->name = gb_arena_copy(arena, name);
  chart->title = gb_arena_copy(arena, title ? title : "");
  if (!chart->name || !chart->title) {
    gb_arena_free(arena);
    return NULL;
  }
  return chart;
}

void gb_chart_free(gb_chart *chart) {
  if (chart)
    gb_arena_free(chart->arena);
}

static const char *keep(gb_chart *chart, const char *text) {
  const char *copy = gb_arena_copy(chart->arena, text ? text : "");
  chart->failed |= !copy;
  return copy;
}

void gb_chart_axes(gb_chart *chart, const gb_axis *x, const gb_axis *y) {
  chart->x = *x;
  chart->y = *y;
  chart->x.title = keep(chart, x->title);
  chart->x.unit = keep(chart, x->unit);
  chart->y.title = keep(chart, y->title);
  chart->y.unit = keep(chart, y->unit);
  bool log_x = chart->kind == GB_CHART_ROOFLINE || chart->kind == GB_CHART_RATIOS;
  chart->x.log |= log_x;
  chart->y.log |= chart->kind == GB_CHART_ROOFLINE;
  if (chart->kind == GB_CHART_STRIP || chart->kind == GB_CHART_RATIOS)
    chart->y.log = false; // their rows have names
}

size_t gb_chart_series(gb_chart *chart, const char *title, const char *family, bool published) {
  for (size_t i = 0; i < chart->series_count; i++)
    if (strcmp(chart->series[i].title, title) == 0 && chart->series[i].published == published)
      return i;
  gb_series *series = gb_arena_grow(chart->arena, chart->series, chart->series_count,
                                    &chart->series_room, sizeof *series);
  if (!series) {
    chart->failed = true;
    return 0;
  }
  chart->series = series;
  gb_series one = {.title = keep(chart, title),
                   .family = keep(chart, family && *family ? family : title),
                   .published = published,
                   .low = (double)NAN,
                   .high = (double)NAN};
  if (chart->failed)
    return 0;
  series[chart->series_count] = one;
  return chart->series_count++;
}

gb_point gb_point_at(double x, double y) {
  double none = (double)NAN;
  return (gb_point){x, y, "", none, none, none, none, none};
}

// An interval that cannot be drawn is none.
static void check_interval(bool log, double value, double *low, double *high) {
  if (isfinite(*low) && isfinite(*high) && *low <= value && value <= *high && !(log && *low <= 0))
    return;
  *low = *high = (double)NAN;
}

void gb_chart_add(gb_chart *chart, size_t series, const gb_point *point) {
  if (chart->failed || series >= chart->series_count)
    return;
  bool bars = chart->kind == GB_CHART_BARS || chart->kind == GB_CHART_STACKED;
  if (!isfinite(point->x) || !isfinite(point->y) || (chart->x.log && !bars && point->x <= 0) ||
      (chart->y.log && point->y <= 0))
    return;
  gb_series *one = &chart->series[series];
  gb_point *points =
      gb_arena_grow(chart->arena, one->points, one->count, &one->room, sizeof *points);
  gb_point copy = *point;
  copy.label = keep(chart, point->label);
  if (!points || !copy.label) {
    chart->failed = true;
    return;
  }
  check_interval(chart->x.log, copy.x, &copy.x_low, &copy.x_high);
  check_interval(chart->y.log, copy.y, &copy.y_low, &copy.y_high);
  copy.share = isfinite(copy.share) ? fmin(fmax(copy.share, 0), 1) : (double)NAN;
  one->points = points;
  points[one->count++] = copy;
}

void gb_chart_point(gb_chart *chart, size_t series, double x, double y, const char *label) {
  gb_point point = gb_point_at(x, y);
  point.label = label;
  gb_chart_add(chart, series, &point);
}

void gb_chart_strip(gb_chart *chart, size_t series, double low, double high, const char *note) {
  if (chart->failed || series >= chart->series_count)
    return;
  chart->series[series].low = low;
  chart->series[series].high = high;
  chart->series[series].note = note ? keep(chart, note) : NULL;
}

static gb_curve *add_curve(gb_chart *chart, const char *title, gb_curve_style style) {
  gb_curve *curves = gb_arena_grow(chart->arena, chart->curves, chart->curve_count,
                                   &chart->curve_room, sizeof *curves);
  title = keep(chart, title);
  if (!curves || chart->failed) {
    chart->failed = true;
    return NULL;
  }
  chart->curves = curves;
  curves[chart->curve_count] = (gb_curve){.title = title, .style = style};
  return &curves[chart->curve_count++];
}

void gb_chart_curve(gb_chart *chart, const char *title, gb_curve_style style, const double *x,
                    const double *y, size_t count) {
  gb_curve *curve = add_curve(chart, title, style);
  double *own_x = gb_arena_allocate(chart->arena, count + 1, sizeof *own_x);
  double *own_y = gb_arena_allocate(chart->arena, count + 1, sizeof *own_y);
  if (!curve || !own_x || !own_y) {
    chart->failed = true;
    return;
  }
  for (size_t i = 0; i < count; i++)
    if (isfinite(x[i]) && isfinite(y[i]) && !(chart->x.log && x[i] <= 0) &&
        !(chart->y.log && y[i] <= 0)) {
      own_x[curve->count] = x[i];
      own_y[curve->count++] = y[i];
    }
  curve->x = own_x;
  curve->y = own_y;
}

void gb_chart_roof(gb_chart *chart, const char *title, double bandwidth, double peak) {
  if (!(bandwidth > 0) || !(peak > 0) || (isinf(bandwidth) && isinf(peak)))
    return;
  gb_curve *curve = add_curve(chart, title, GB_CURVE_ROOF);
  double *pair = gb_arena_allocate(chart->arena, 2, sizeof *pair);
  if (!curve || !pair) {
    chart->failed = true;
    return;
  }
  pair[0] = bandwidth;
  pair[1] = peak;
  curve->x = pair;
  curve->y = pair + 1;
  curve->count = 1;
}

void gb_chart_published(gb_chart *chart, const gb_published *published, const char *x_column,
                        const char *y_column) {
  for (size_t i = 0; i < published->row_count; i++) {
    const char *row = published->rows[i];
    const gb_figure *x = gb_published_find(published, row, x_column);
    const gb_figure *y = gb_published_find(published, row, y_column);
    if (!x || !y || !x->number || !y->number)
      continue;
    char family[GB_FAMILY_TEXT];
    gb_family_of(row, family);
    size_t series = gb_chart_series(chart, family, family, true);
    gb_chart_point(chart, series, gb_figure_number(x), gb_figure_number(y), "");
  }
}

// The number of a cell: ours, or the published one.
static bool number_of(const gb_compared *cell, double *value, bool *ours) {
  if (cell->computed.kind == GB_VALUE_INTEGER || cell->computed.kind == GB_VALUE_REAL) {
    *value =
        cell->computed.kind == GB_VALUE_REAL ? cell->computed.real : (double)cell->computed.integer;
    *ours = true;
    return true;
  }
  *value = cell->figure ? gb_figure_number(cell->figure) : 0;
  return cell->figure && cell->figure->number;
}

static bool same_model(const gb_compared *a, const gb_compared *b) {
  return strcmp(a->row, b->row) == 0 && strcmp(a->label, b->label) == 0;
}

static void add_model(gb_chart *chart, const gb_compared *x, const gb_compared *y, bool labelled) {
  double x_value, y_value;
  bool ours = false;
  if (!x || !y || !number_of(x, &x_value, &ours) || !number_of(y, &y_value, &ours) || !ours)
    return;
  char family[GB_FAMILY_TEXT];
  gb_family_of(x->label, family);
  size_t length = strlen(family);
  const char *rest = strncasecmp(x->label, family, length) == 0 ? x->label + length : x->label;
  gb_chart_point(chart, gb_chart_series(chart, family, family, false), x_value, y_value,
                 labelled ? rest + strspn(rest, " ,-") : "");
}

void gb_chart_comparison(gb_chart *chart, const gb_comparison *comparison, const char *x_column,
                         const char *y_column, bool labelled) {
  size_t count;
  const gb_compared *cells = gb_comparison_cells(comparison, &count);
  for (size_t i = 0; i < count;) { // the cells of a model stand together
    const gb_compared *x = NULL, *y = NULL;
    size_t first = i;
    for (; i < count && same_model(&cells[first], &cells[i]); i++) {
      x = strcmp(cells[i].column, x_column) == 0 ? &cells[i] : x;
      y = strcmp(cells[i].column, y_column) == 0 ? &cells[i] : y;
    }
    add_model(chart, x, y, labelled);
  }
}

gb_status gb_chart_draw(const gb_chart *chart, const char *folder, gb_error *error) {
  gb_text script = {0}, data = {0};
  int width = 0, height = 0;
  gb_status status = gb_chart_write(chart, &script, &data, &width, &height, error);
  if (status == GB_OK)
    status = gb_gnuplot_draw(folder, chart->name, &script, &data, width, height, error);
  gb_text_free(&script);
  gb_text_free(&data);
  return status;
}
