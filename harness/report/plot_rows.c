// Charts with a row a name: samples and their quartiles, and ratios as bars from 1.
#include "harness/report/plot_script.h"

#include "harness/report/escape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 700, MOST_ROWS = 60, STRIP_PIXELS = 50, RATIO_PIXELS = 22, BOTTOM = 64 };
enum { BUCKETS = 150, NUMBERS = 150 };

// Names at the left, `extra` pixels at the right.
static gb_plot_frame frame_of(const gb_chart *chart, double names, size_t rows, int pixels,
                              int extra) {
  int left = (int)fmin(names, 300) + 30, top = *chart->title ? 52 : 24;
  int height = (int)fmax(260, (double)rows * pixels + BOTTOM + top);
  return (gb_plot_frame){.width = WIDTH,
                         .height = height,
                         .left = left,
                         .bottom = BOTTOM,
                         .plot_width = WIDTH - left - extra,
                         .plot_height = height - BOTTOM - top,
                         .bars = true};
}

static void add_row_name(gb_text *script, const char *name, double row) {
  gb_text_add(script, "set label ");
  gb_plot_quote(script, name, 40);
  gb_text_print(script, " at graph 0, first %.4g right offset character -0.8, 0 noenhanced\n", row);
}

// At the right of the plot, in line with the row.
static void add_row_number(gb_text *script, const char *number, double row, unsigned colour) {
  gb_text_add(script, "set label ");
  gb_plot_quote(script, number, 30);
  gb_text_print(script,
                " at graph 1, first %.4g left offset character 0.8, 0 noenhanced textcolor rgb "
                "'#%06x' font sprintf(',%%g', 0.85 * letter)\n",
                row, colour);
}

static void begin(gb_text *script, const gb_chart *chart, const gb_plot_frame *frame,
                  const gb_scale *x, double rows) {
  gb_plot_head(script, chart, frame);
  gb_text_print(script,
                "set grid x lt 1 lw 0.7 lc rgb '#dcdcdc' back\nset yrange [%.1f:-0.5]\nunset "
                "ytics\n",
                rows - 0.5);
  gb_plot_axis_title(script, 'x', &chart->x, x);
  gb_plot_axis(script, 'x', x);
}

// ---------------------------------------------------------------------------------------------
// Strips

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// The quantile of sorted values, between neighbours (Hyndman and Fan's type 7).
static double quantile(const double *sorted, size_t count, double p) {
  double at = p * (double)(count - 1);
  size_t i = (size_t)at;
  double next = sorted[i + 1 < count ? i + 1 : i];
  return sorted[i] + (at - (double)i) * (next - sorted[i]);
}

typedef struct strip {
  const gb_series *series;
  double quarter, median, three_quarters;
} strip;

static void add_sample(gb_text *data, double value, double place) {
  gb_print_real(data, value);
  gb_text_print(data, " %.3f\n", place);
}

// All samples, or of many the least and the largest of each stretch of time: no extreme is lost.
static void add_samples(const gb_series *series, gb_text *data) {
  size_t count = series->count;
  size_t buckets = count > 2 * BUCKETS ? BUCKETS : count;
  for (size_t b = 0; b < buckets; b++) {
    size_t from = b * count / buckets, to = (b + 1) * count / buckets;
    double low = series->points[from].x, high = low, place = ((double)b + 0.5) / (double)buckets;
    for (size_t i = from; i < to; i++) {
      low = fmin(low, series->points[i].x);
      high = fmax(high, series->points[i].x);
    }
    add_sample(data, low, place);
    if (high > low)
      add_sample(data, high, place);
  }
}

static void add_strip_data(const gb_chart *chart, const strip *strips, size_t count,
                           gb_text *data) {
  gb_text_add(data, "# ");
  gb_clean(data, chart->name);
  gb_text_print(data,
                ": a block a row; columns: sample, its time from first (0) to last (1); of more "
                "than %d samples the least and the largest of each of %d stretches of time\n",
                2 * BUCKETS, BUCKETS);
  for (size_t i = 0; i < count; i++) {
    gb_text_add(data, "# ");
    gb_clean(data, strips[i].series->title);
    gb_text_add(data, "\n");
    add_samples(strips[i].series, data);
    gb_text_add(data, "\n\n");
  }
}

static gb_status find_strips(const gb_chart *chart, gb_arena *arena, strip *strips, size_t *count,
                             gb_error *error) {
  for (size_t s = 0; s < chart->series_count; s++) {
    const gb_series *series = &chart->series[s];
    double *sorted = gb_arena_allocate(arena, series->count + 1, sizeof *sorted);
    if (!sorted)
      return gb_fail_memory(error);
    if (!series->count)
      continue;
    if (*count == MOST_ROWS)
      return gb_fail(error, GB_ELIMIT, "plot '%s' has more than %d rows", chart->name, MOST_ROWS);
    for (size_t i = 0; i < series->count; i++)
      sorted[i] = series->points[i].x;
    qsort(sorted, series->count, sizeof *sorted, by_value);
    strips[(*count)++] =
        (strip){series, quantile(sorted, series->count, 0.25), quantile(sorted, series->count, 0.5),
                quantile(sorted, series->count, 0.75)};
  }
  return *count ? GB_OK
                : gb_fail(error, GB_EINPUT, "plot '%s' has no samples to draw", chart->name);
}

// A box of the quartiles, the median's line, and its interval as a darker box inside.
static void add_box(gb_text *script, const strip *s, double row, unsigned colour, double factor) {
  static const char *const look = "front fs solid 1 noborder";
  gb_text_print(script,
                "set object rectangle from first %.10g, first %.4f to first %.10g, first %.4f %s "
                "fc rgb '#%06x'\n",
                s->quarter / factor, row + 0.02, s->three_quarters / factor, row + 0.26, look,
                gb_plot_mix(colour, 0xffffff, 0.35));
  double low = s->series->low, high = s->series->high;
  if (isfinite(low) && isfinite(high))
    gb_text_print(script,
                  "set object rectangle from first %.10g, first %.4f to first %.10g, first %.4f %s "
                  "fc rgb '#%06x'\n",
                  low / factor, row + 0.02, high / factor, row + 0.26, look, colour);
  gb_text_print(script,
                "set arrow from first %.10g, first %.4f to first %.10g, first %.4f nohead front "
                "lw 2.4 lc rgb '#%06x'\n",
                s->median / factor, row - 0.02, s->median / factor, row + 0.3,
                gb_plot_mix(colour, 0, 0.6));
}

gb_status gb_plot_write_strips(const gb_chart *chart, gb_arena *arena, gb_text *script,
                               gb_text *data, int *width, int *height, gb_error *error) {
  strip strips[MOST_ROWS];
  size_t count = 0;
  gb_plot_style *styles = gb_arena_allocate(arena, chart->series_count + 1, sizeof *styles);
  if (!styles)
    return gb_fail_memory(error);
  GB_TRY(find_strips(chart, arena, strips, &count, error));
  gb_plot_styles(chart, styles);
  double low = strips[0].median, high = low, names = 0;
  for (size_t i = 0; i < count; i++) {
    names = fmax(names, gb_plot_text_width(strips[i].series->title, 14));
    for (size_t k = 0; k < strips[i].series->count; k++) {
      low = fmin(low, strips[i].series->points[k].x);
      high = fmax(high, strips[i].series->points[k].x);
    }
  }
  gb_plot_frame frame = frame_of(chart, names, count, STRIP_PIXELS, NUMBERS);
  gb_scale x;
  gb_scale_fit(&x, &chart->x, low, high, frame.plot_width, false, NULL, 0);
  *width = frame.width;
  *height = frame.height;
  add_strip_data(chart, strips, count, data);
  begin(script, chart, &frame, &x, (double)count);
  for (size_t i = 0; i < count; i++) {
    unsigned colour = styles[strips[i].series - chart->series].colour;
    gb_text number = {0};
    if (strips[i].series->note)
      gb_text_add(&number, strips[i].series->note);
    else
      gb_text_print(&number, "%.4g%s%s", strips[i].median / x.factor, *x.unit ? " " : "", x.unit);
    add_row_name(script, strips[i].series->title, (double)i);
    add_row_number(script, gb_text_get(&number), (double)i, 0x303030);
    script->failed |= number.failed;
    gb_text_free(&number);
    add_box(script, &strips[i], (double)i, colour, x.factor);
  }
  for (size_t i = 0; i < count; i++) {
    unsigned colour = styles[strips[i].series - chart->series].colour;
    // Short strokes: the file of a picture holds them as one path.
    gb_text_print(script,
                  "%sdat index %zu using ($1/%g):(%zu - 0.36 + 0.36 * $2):(0):(0.05) with vectors "
                  "nohead lw 1.3 lc rgb '#60%06x'",
                  i ? ", \\\n  " : "plot ", i, x.factor, i, colour);
  }
  gb_text_add(script, "\n");
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Ratios

typedef struct ratios {
  const gb_chart *chart;
  const gb_plot_style *styles;
  const char *names[MOST_ROWS];
  size_t count;
  double low, high;
} ratios;

static size_t row_of(ratios *r, const char *name) {
  size_t i = 0;
  while (i < r->count && strcmp(r->names[i], name) != 0)
    i++;
  if (i == r->count && i < MOST_ROWS)
    r->names[r->count++] = name;
  return i;
}

static gb_status find_rows(ratios *r, gb_error *error) {
  r->low = r->high = 1;
  for (size_t s = 0; s < r->chart->series_count; s++)
    for (size_t i = 0; i < r->chart->series[s].count; i++) {
      const gb_point *point = &r->chart->series[s].points[i];
      if (row_of(r, point->label) == MOST_ROWS)
        return gb_fail(error, GB_ELIMIT, "plot '%s' has more than %d rows", r->chart->name,
                       MOST_ROWS);
      r->low = fmin(r->low, isfinite(point->x_low) ? point->x_low : point->x);
      r->high = fmax(r->high, isfinite(point->x_high) ? point->x_high : point->x);
    }
  return r->count ? GB_OK
                  : gb_fail(error, GB_EINPUT, "plot '%s' has no ratios to draw", r->chart->name);
}

// Where the bar of a point lies: rows by name, series side by side.
static double middle_of(ratios *r, size_t series, const gb_point *point) {
  double step = 0.8 / (double)r->chart->series_count;
  return (double)row_of(r, point->label) - 0.4 + step * ((double)series + 0.5);
}

// Whether the interval tells the ratio from 1; a ratio without one is taken as it is.
static bool is_told(const gb_point *point) {
  return !isfinite(point->x_low) || point->x_low > 1 || point->x_high < 1;
}

static void add_ratio_data(ratios *r, gb_text *data) {
  gb_text_add(data, "# a block a series; columns: ratio, row, from, to, whether the interval "
                    "leaves out 1, name\n");
  for (size_t s = 0; s < r->chart->series_count; s++) {
    const gb_series *series = &r->chart->series[s];
    if (!series->count)
      continue;
    gb_text_add(data, "# ");
    gb_clean(data, series->title);
    gb_text_add(data, "\n");
    for (size_t i = 0; i < series->count; i++) {
      const gb_point *point = &series->points[i];
      bool interval = isfinite(point->x_low);
      gb_print_real(data, point->x);
      gb_text_print(data, " %.4f ", middle_of(r, s, point));
      gb_print_real(data, interval ? point->x_low : point->x);
      gb_text_add(data, " ");
      gb_print_real(data, interval ? point->x_high : point->x);
      gb_text_add(data, is_told(point) ? " 1 " : " 0 ");
      gb_escape_gnuplot_data(data, point->label);
      gb_text_add(data, "\n");
    }
    gb_text_add(data, "\n\n");
  }
}

static void add_ratio_plots(const ratios *r, gb_text *script) {
  double half = 0.36 / (double)r->chart->series_count;
  const char *comma = "plot ";
  size_t block = 0;
  for (size_t s = 0; s < r->chart->series_count; s++) {
    if (!r->chart->series[s].count)
      continue;
    for (int told = 1; told >= 0; told--) {
      gb_text_print(script,
                    "%sdat index %zu using ($5 == %d ? $1 : NaN):2:($1 < 1 ? $1 : 1):($1 < 1 ? 1 "
                    ": $1):($2 - %.4f):($2 + %.4f) with boxxyerror fs solid 1 noborder lc rgb "
                    "'#%06x'",
                    comma, block, told, half, half,
                    gb_plot_mix(r->styles[s].colour, 0xffffff, told ? 0.85 : 0.3));
      comma = ", \\\n  ";
      if (told && r->chart->series_count > 1) {
        gb_text_add(script, " title ");
        gb_plot_quote(script, r->chart->series[s].title, 40);
      }
    }
    gb_text_print(script,
                  ", \\\n  dat index %zu using 3:2:($4 - $3):(0) with vectors nohead lw 1.8 lc rgb "
                  "'#%06x'",
                  block, gb_plot_mix(r->styles[s].colour, 0, 0.55));
    block++;
  }
  gb_text_add(script, "\n");
}

gb_status gb_plot_write_ratios(const gb_chart *chart, gb_arena *arena, gb_text *script,
                               gb_text *data, int *width, int *height, gb_error *error) {
  gb_plot_style *styles = gb_arena_allocate(arena, chart->series_count + 1, sizeof *styles);
  ratios r = {.chart = chart, .styles = styles};
  if (!styles)
    return gb_fail_memory(error);
  gb_plot_styles(chart, styles);
  GB_TRY(find_rows(&r, error));
  double names = 0, legend = 0;
  for (size_t i = 0; i < r.count; i++)
    names = fmax(names, gb_plot_text_width(r.names[i], 14));
  for (size_t s = 0; s < chart->series_count; s++)
    legend = fmax(legend, gb_plot_text_width(chart->series[s].title, 14));
  bool several = chart->series_count > 1;
  int pixels = (int)(RATIO_PIXELS * (several ? 0.8 * (double)chart->series_count : 1.2));
  gb_plot_frame frame = frame_of(chart, names, r.count, pixels < 30 ? 30 : pixels,
                                 NUMBERS / 2 + (several ? (int)fmin(legend, 200) + 60 : 0));
  gb_scale x;
  gb_axis axis = chart->x;
  axis.log = true;
  // A little wider than the ratios, and never so narrow that noise looks like a difference.
  gb_scale_fit(&x, &axis, fmin(r.low / 1.05, 0.8), fmax(r.high * 1.05, 1.25), frame.plot_width,
               false, NULL, 0);
  *width = frame.width;
  *height = frame.height;
  add_ratio_data(&r, data);
  begin(script, chart, &frame, &x, (double)r.count);
  if (several)
    gb_text_print(script, "set key at screen %.5f, screen %.5f\n",
                  (double)(frame.left + frame.plot_width + NUMBERS / 2) / frame.width,
                  (double)(frame.bottom + frame.plot_height + 4) / frame.height);
  gb_text_print(script,
                "set arrow from first 1, graph 0 to first 1, graph 1 nohead front lw 1.6 lc rgb "
                "'#303030'\n");
  for (size_t i = 0; i < r.count; i++)
    add_row_name(script, r.names[i], (double)i);
  for (size_t s = 0; s < chart->series_count; s++)
    for (size_t i = 0; i < chart->series[s].count; i++) {
      const gb_point *point = &chart->series[s].points[i];
      gb_text number = {0};
      int digits = point->x < 0.1 ? 3 : point->x < 10 ? 2 : point->x < 100 ? 1 : 0;
      gb_text_print(&number, "%.*f\xc3\x97", digits, point->x);
      add_row_number(script, gb_text_get(&number), middle_of(&r, s, point),
                     gb_plot_mix(styles[s].colour, 0, several ? 0.6 : 0));
      script->failed |= number.failed;
      gb_text_free(&number);
    }
  add_ratio_plots(&r, script);
  return GB_OK;
}
