// Parts of scripts that all kinds of charts share; not for use outside this folder.
#ifndef GB_REPORT_PLOT_SCRIPT_H
#define GB_REPORT_PLOT_SCRIPT_H

#include "harness/report/plot_style.h"
#include "harness/report/table.h"

// Where the plot lies in the picture, in pixels from the lower left corner.
typedef struct gb_plot_frame {
  int width, height; // of the picture
  int left, bottom, plot_width, plot_height;
  bool bars;
} gb_plot_frame;

// About how wide the text is drawn with a font of so many pixels.
double gb_plot_text_width(const char *text, double font);
void gb_plot_quote(gb_text *script, const char *label, size_t columns);
void gb_plot_head(gb_text *script, const gb_chart *chart, const gb_plot_frame *frame);
void gb_plot_axis_title(gb_text *script, char axis, const gb_axis *title, const gb_scale *scale);
void gb_plot_axis(gb_text *script, char axis, const gb_scale *scale);

// `share` of the colour and the rest of the other one.
unsigned gb_plot_mix(unsigned colour, unsigned other, double share);

// What is worked out once for a chart of points.
typedef struct gb_plot_plan {
  const gb_chart *chart;
  gb_plot_style *styles;
  gb_point **points; // of each series, in order of x
  bool joined, intervals, shares;
  size_t total;
  gb_plot_frame frame;
  gb_scale x, y;
  const gb_point **front; // of a Pareto chart, in order of x
  size_t front_count;
} gb_plot_plan;

// Blocks of curves in the data file, and the pieces of `plot` that draw them; `block` is the index
// of the first. Roofs and fronts are worked out from the plan's axes. Titles go to the legend.
void gb_plot_curve_data(const gb_plot_plan *plan, gb_text *data);
void gb_plot_curve_lines(const gb_plot_plan *plan, size_t block, const char **comma,
                         gb_text *script);
void gb_plot_curve_legend(const gb_plot_plan *plan, gb_text *script);
// Labels along roofs.
void gb_plot_roof_labels(const gb_plot_plan *plan, gb_text *script);
// Finds the points that no other one beats; false when memory is out.
bool gb_plot_find_front(gb_plot_plan *plan, gb_arena *arena);

// Each writes script and data of its kinds of chart.
gb_status gb_plot_write_points(const gb_chart *chart, gb_arena *arena, gb_text *script,
                               gb_text *data, int *width, int *height, gb_error *error);
gb_status gb_plot_write_bars(const gb_chart *chart, gb_arena *arena, gb_text *script, gb_text *data,
                             int *width, int *height, gb_error *error);
gb_status gb_plot_write_strips(const gb_chart *chart, gb_arena *arena, gb_text *script,
                               gb_text *data, int *width, int *height, gb_error *error);
gb_status gb_plot_write_ratios(const gb_chart *chart, gb_arena *arena, gb_text *script,
                               gb_text *data, int *width, int *height, gb_error *error);

#endif
