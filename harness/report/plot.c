// A chart in memory: axes, series, points; see plot.h.
#include "harness/report/plot.h"

#include "harness/report/gnuplot.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

bool gb_chart_kind_parse(const char *name, gb_chart_kind *kind) {
  static const char *const names[] = {"scatter", "line", "bars", "stacked-bars"};
  for (int i = 0; i < 4; i++)
    if (strcmp(name, names[i]) == 0) {
      *kind = (gb_chart_kind)i;
      return true;
    }
  return false;
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
                   .published = published};
  if (chart->failed)
    return 0;
  series[chart->series_count] = one;
  return chart->series_count++;
}

void gb_chart_point(gb_chart *chart, size_t series, double x, double y, const char *label) {
  if (chart->failed || series >= chart->series_count)
    return;
  bool bars = chart->kind == GB_CHART_BARS || chart->kind == GB_CHART_STACKED;
  if (!isfinite(x) || !isfinite(y) || (chart->x.log && !bars && x <= 0) || (chart->y.log && y <= 0))
    return;
  gb_series *one = &chart->series[series];
  gb_point *points =
      gb_arena_grow(chart->arena, one->points, one->count, &one->room, sizeof *points);
  const char *copy = keep(chart, label);
  if (!points || !copy) {
    chart->failed = true;
    return;
  }
  one->points = points;
  points[one->count++] = (gb_point){x, y, copy};
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
