// A chart of horizontal bars, side by side or stacked, as a gnuplot script and its data file.
#include "harness/report/plot_script.h"

#include "harness/report/escape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 700, MOST_CATEGORIES = 60, FEWEST_PIXELS = 28, BOTTOM = 64, END_TEXT = 84 };

typedef struct bars {
  const gb_chart *chart;
  gb_plot_style *styles;
  const char **names; // of the categories, in order of appearance
  size_t count;
  double *values;       // category by series; NaN where there is none
  bool stacked, shares; // shares: they sum to 100 % each
  gb_plot_frame frame;
  gb_scale x;
} bars;

static double *value_at(const bars *b, size_t category, size_t series) {
  return &b->values[category * b->chart->series_count + series];
}

static double total_of(const bars *b, size_t category) {
  double total = 0;
  for (size_t s = 0; s < b->chart->series_count; s++)
    if (!isnan(*value_at(b, category, s)))
      total += *value_at(b, category, s);
  return total;
}

// The index of the category, added where it is new; MOST_CATEGORIES where there are too many.
static size_t category_at(bars *b, const char *name) {
  for (size_t i = 0; i < b->count; i++)
    if (strcmp(b->names[i], name) == 0)
      return i;
  if (b->count < MOST_CATEGORIES)
    b->names[b->count++] = name;
  else
    return MOST_CATEGORIES;
  return b->count - 1;
}

static gb_status prepare(bars *b, gb_arena *arena, gb_error *error) {
  const gb_chart *chart = b->chart;
  b->styles = gb_arena_allocate(arena, chart->series_count + 1, sizeof *b->styles);
  b->names = gb_arena_allocate(arena, MOST_CATEGORIES, sizeof *b->names);
  size_t cells = MOST_CATEGORIES * chart->series_count;
  b->values = gb_arena_allocate(arena, cells + 1, sizeof *b->values);
  if (!b->styles || !b->names || !b->values)
    return gb_fail_memory(error);
  gb_plot_styles(chart, b->styles);
  for (size_t i = 0; i < cells; i++)
    b->values[i] = (double)NAN;
  double most = 0, longest = 0, legend = 0;
  for (size_t s = 0; s < chart->series_count; s++) {
    legend = fmax(legend, gb_plot_text_width(chart->series[s].title, 14));
    for (size_t i = 0; i < chart->series[s].count; i++) {
      const gb_point *point = &chart->series[s].points[i];
      size_t category = category_at(b, point->label);
      if (category == MOST_CATEGORIES)
        return gb_fail(error, GB_ELIMIT, "plot '%s' has more than %d groups of bars", chart->name,
                       MOST_CATEGORIES);
      if (point->y < 0)
        return gb_fail(error, GB_EINPUT, "plot '%s': a bar of negative length %g", chart->name,
                       point->y);
      double *value = value_at(b, category, s);
      *value = isnan(*value) ? point->y : *value + point->y;
    }
  }
  for (size_t i = 0; i < b->count; i++) {
    longest = fmax(longest, gb_plot_text_width(b->names[i], 14));
    for (size_t s = 0; s < chart->series_count; s++)
      most = fmax(most, b->stacked ? total_of(b, i) : fmax(*value_at(b, i, s), 0));
  }
  if (b->count == 0)
    return gb_fail(error, GB_EINPUT, "plot '%s' has no bars to draw", chart->name);
  int left = (int)fmin(longest, 300) + 30;
  int right = chart->series_count > 1 ? (int)fmin(legend, 200) + 76 : 24;
  int top = *chart->title ? 52 : 24;
  size_t rows = b->stacked ? b->count : b->count * (chart->series_count + 1) / 2 + 1;
  // The legend needs its lines, too.
  if (chart->series_count > 1 && rows < chart->series_count)
    rows = chart->series_count;
  int height = (int)fmax(200, (double)(rows * FEWEST_PIXELS) + BOTTOM + top);
  b->frame = (gb_plot_frame){.width = WIDTH,
                             .height = height,
                             .left = left,
                             .bottom = BOTTOM,
                             .plot_width = WIDTH - left - right,
                             .plot_height = height - BOTTOM - top,
                             .bars = true};
  gb_axis axis = chart->y;
  axis.log = false; // a bar has no beginning on a logarithmic axis
  gb_scale_fit(&b->x, &axis, 0, most, b->frame.plot_width, true, NULL, 0);
  // Room for the number behind the longest bar.
  double end = most / b->x.factor;
  int room = b->shares ? 4 : END_TEXT;
  b->x.high = fmax(end, 1e-300) * b->frame.plot_width / (b->frame.plot_width - room);
  while (b->x.tick_count && b->x.ticks[b->x.tick_count - 1] > b->x.high)
    b->x.tick_count--;
  return GB_OK;
}

static void add_data(const bars *b, gb_text *data) {
  gb_text_add(data, "# a line a group; columns: name");
  for (size_t s = 0; s < b->chart->series_count; s++) {
    gb_text_add(data, "; ");
    gb_clean(data, b->chart->series[s].title);
  }
  gb_text_add(data, "\n");
  for (size_t i = 0; i < b->count; i++) {
    gb_escape_gnuplot_data(data, b->names[i]);
    for (size_t s = 0; s < b->chart->series_count; s++) {
      gb_text_add(data, " ");
      if (isnan(*value_at(b, i, s)))
        gb_text_add(data, b->stacked ? "0" : "?");
      else
        gb_print_real(data, *value_at(b, i, s));
    }
    gb_text_add(data, "\n");
  }
}

static void add_number(const bars *b, double value, double row, gb_text *script) {
  gb_text text = {0};
  if (b->chart->y.count && value < 9e18)
    gb_print_count(&text, (int64_t)value);
  else
    gb_text_print(&text, "%.4g", value);
  gb_text_add(script, "set label ");
  gb_plot_quote(script, gb_text_get(&text), 20);
  gb_text_print(script,
                " at first %.10g, first %.4f left offset character 0.6, 0 front noenhanced "
                "textcolor rgb '#303030' font sprintf(',%%g', 0.85 * letter)\n",
                value / b->x.factor, row);
  script->failed |= text.failed;
  gb_text_free(&text);
}

// "($2+$3)": the sum of the columns of the first `count` series.
static void add_sum(gb_text *script, size_t count) {
  gb_text_add(script, count ? "(" : "(0");
  for (size_t s = 0; s < count; s++)
    gb_text_print(script, "%s$%zu", s ? "+" : "", s + 2);
  gb_text_add(script, ")");
}

// Where the bar of a series ends.
static void add_end(const bars *b, size_t series, gb_text *script) {
  if (b->stacked)
    add_sum(script, series + 1);
  else
    gb_text_print(script, "$%zu", series + 2);
}

static void add_plots(const bars *b, gb_text *script) {
  size_t many = b->chart->series_count;
  double half = b->stacked ? 0.36 : 0.4 / (double)many;
  for (size_t s = 0; s < many; s++) {
    double middle = b->stacked ? 0 : half * (double)(2 * s + 1) - 0.4;
    gb_text_print(script, "%sdat using (", s ? ", \\\n  " : "plot ");
    add_end(b, s, script);
    gb_text_print(script, "/%g):($0%+.4f):(", b->x.factor, middle);
    add_sum(script, b->stacked ? s : 0);
    gb_text_print(script, "/%g):(", b->x.factor);
    add_end(b, s, script);
    gb_text_print(script,
                  "/%g):($0%+.4f):($0%+.4f) with boxxyerror fs solid %s border rgb "
                  "'#ffffff' lw 0.7 lc rgb '#%06x'",
                  b->x.factor, middle - half, middle + half,
                  b->chart->series[s].published ? "0.35" : "1.0", b->styles[s].colour);
    if (many > 1) {
      gb_text_add(script, " title ");
      gb_plot_quote(script, b->chart->series[s].title, 26);
    }
  }
  gb_text_add(script, "\n");
}

gb_status gb_plot_write_bars(const gb_chart *chart, gb_arena *arena, gb_text *script, gb_text *data,
                             int *width, int *height, gb_error *error) {
  bars b = {.chart = chart, .stacked = chart->kind == GB_CHART_STACKED};
  b.shares = b.stacked && chart->y.unit && strcmp(chart->y.unit, "%") == 0;
  GB_TRY(prepare(&b, arena, error));
  *width = b.frame.width;
  *height = b.frame.height;
  add_data(&b, data);
  gb_plot_head(script, chart, &b.frame);
  gb_text_print(script,
                "set datafile missing '?'\nset grid x lt 1 lw 0.7 lc rgb '#dcdcdc' back\n"
                "set yrange [%.1f:-0.5]\nunset ytics\n",
                (double)b.count - 0.5);
  gb_plot_axis_title(script, 'x', &chart->y, &b.x);
  gb_plot_axis(script, 'x', &b.x);
  size_t many = chart->series_count;
  for (size_t i = 0; i < b.count; i++) {
    gb_text_add(script, "set label ");
    gb_plot_quote(script, b.names[i], 40);
    gb_text_print(script, " at graph 0, first %zu right offset character -0.8, 0 noenhanced\n", i);
    if (b.stacked && !b.shares)
      add_number(&b, total_of(&b, i), (double)i, script);
    for (size_t s = 0; s < many && !b.stacked; s++)
      if (!isnan(*value_at(&b, i, s)))
        add_number(&b, *value_at(&b, i, s),
                   (double)i - 0.4 + 0.4 / (double)many * (double)(2 * s + 1), script);
  }
  add_plots(&b, script);
  return GB_OK;
}
