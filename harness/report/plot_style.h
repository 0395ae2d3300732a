// Colours, markers, scales and places of labels of charts; not for use outside this folder.
#ifndef GB_REPORT_PLOT_STYLE_H
#define GB_REPORT_PLOT_STYLE_H

#include "harness/report/plot.h"

typedef struct gb_plot_style {
  unsigned colour; // 0xRRGGBB
  int marker;      // gnuplot's filled point type; the hollow one is one less
} gb_plot_style;

// The styles of all series of a chart: constant for known families, apart from one another within
// the chart. `styles` has room for chart->series_count.
void gb_plot_styles(const gb_chart *chart, gb_plot_style *styles);

// An axis as it is drawn.
typedef struct gb_scale {
  double low, high; // shown, in the axis' own unit
  double factor;    // the axis' unit: 1e6 for M
  const char *unit; // "M", "ms", ""
  bool log;
  double ticks[32]; // in the axis' own unit
  int tick_count;
} gb_scale;

// Of the values from `low` to `high` (in base units) over `pixels`. `few` values (at most 12) get a
// tick each; NULL: round numbers.
void gb_scale_fit(gb_scale *scale, const gb_axis *axis, double low, double high, int pixels,
                  bool from_zero, const double *few, size_t few_count);
// Pixels from the low end.
double gb_scale_place(const gb_scale *scale, double value, int pixels);

// A label to be placed beside its point; pixels from the plot's lower left corner.
typedef struct gb_placed {
  double x, y;           // the point
  double width;          // of the text
  double text_x, text_y; // where it is put, vertically centred
  int align;             // -1 left, 0 centre, 1 right: which side of the text is at text_x
} gb_placed;

// What labels should not hide: pairs of x, y, of points and along lines.
typedef struct gb_obstacles {
  double *points, *lines;
  size_t point_count, line_count;
} gb_obstacles;

// Puts the labels where they hide few points, lines and one another, and stand nearest their own.
void gb_place_labels(gb_placed *labels, size_t count, const gb_obstacles *obstacles, int width,
                     int height);

#endif
