// A chart as a gnuplot script and its data file: the parts that all kinds share.
#include "harness/report/plot_script.h"

#include "harness/report/escape.h"

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

unsigned gb_plot_mix(unsigned colour, unsigned other, double share) {
  unsigned mixed = 0;
  for (int shift = 0; shift <= 16; shift += 8) {
    double a = colour >> shift & 0xff, b = other >> shift & 0xff;
    mixed |= (unsigned)(a * share + b * (1 - share) + 0.5) << shift;
  }
  return mixed;
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
                  1 - 22.0 / frame->height);
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
  // Terminals put it at different distances; this much nearer it is inside the picture in all.
  gb_text_add(script, axis == 'x' ? " offset 0, character 0.35 noenhanced\n" : " noenhanced\n");
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
  gb_status (*writer)(const gb_chart *, gb_arena *, gb_text *, gb_text *, int *, int *,
                      gb_error *) = gb_plot_write_points;
  if (chart->kind == GB_CHART_BARS || chart->kind == GB_CHART_STACKED)
    writer = gb_plot_write_bars;
  if (chart->kind == GB_CHART_STRIP)
    writer = gb_plot_write_strips;
  if (chart->kind == GB_CHART_RATIOS)
    writer = gb_plot_write_ratios;
  gb_status status = writer(chart, arena, script, data, width, height, error);
  gb_arena_free(arena);
  if (status == GB_OK && (script->failed || data->failed))
    status = gb_fail_memory(error);
  return status;
}
