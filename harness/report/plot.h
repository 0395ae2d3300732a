// Charts: series of points, drawn by gnuplot as SVG, PNG and PDF in one style.
#ifndef GB_REPORT_PLOT_H
#define GB_REPORT_PLOT_H

#include "harness/report/compare.h"
#include "layers/base/text.h"

typedef enum gb_chart_kind {
  GB_CHART_SCATTER,  // points; those of a family are joined by a thin line where they are few
  GB_CHART_LINE,     // points joined by lines, in order of x
  GB_CHART_BARS,     // horizontal bars, series side by side in each category
  GB_CHART_STACKED,  // horizontal bars, series stacked
  GB_CHART_PARETO,   // points filled by their share, the probability of being on the front; a step
                     // line joins those that no other point beats
  GB_CHART_ROOFLINE, // points below roofs, both axes logarithmic; the share is the marker's area
  GB_CHART_STRIP,    // a row a series: samples, in order of time from above, and their quartiles
  GB_CHART_RATIOS    // a row a label: bars that begin at 1, logarithmic, with intervals
} gb_chart_kind;

// "scatter", "line", "bars", "stacked-bars", "pareto", "roofline", "distribution", "ratios"; false
// where there is no such kind.
bool gb_chart_kind_parse(const char *name, gb_chart_kind *kind);
// Whether the chart has rows with names instead of an axis y.
bool gb_chart_has_rows(gb_chart_kind kind);

typedef struct gb_axis {
  const char *title; // "MACs"; NULL or "": none
  const char *unit;  // "ms", "%"; NULL or "": none
  bool log;
  bool count; // values are counts: the axis is in k, M or G
} gb_axis;

typedef struct gb_point {
  double x, y;                         // bars: y is the length; strips and ratios: x is the value
  const char *label;                   // beside the point; of bars, ratios: the row; "" if none
  double x_low, x_high, y_low, y_high; // an interval, drawn as a line; NaN: none
  double share;                        // 0 to 1, see the kinds; NaN: none
} gb_point;

typedef struct gb_series {
  const char *title;  // in the legend
  const char *family; // decides colour and marker; the title where none was given
  bool published;     // hollow markers, dashed lines; else filled: ours
  gb_point *points;
  size_t count, room;
  double low, high; // strips: an interval of the median; NaN: none
  const char *note; // strips: at the right of the row; NULL: the median
} gb_series;

// A line that is no series: a fitted model, a theory, a roof.
typedef enum gb_curve_style { GB_CURVE_MODEL, GB_CURVE_THEORY, GB_CURVE_ROOF } gb_curve_style;
typedef struct gb_curve {
  const char *title; // in the legend; of a roof: beside it
  gb_curve_style style;
  const double *x, *y; // of a roof: one pair, bandwidth (slope) and peak
  size_t count;
} gb_curve;

typedef struct gb_chart {
  gb_arena *arena; // owns everything; all text given is copied
  const char *name, *title;
  gb_chart_kind kind;
  gb_axis x, y;
  gb_series *series;
  size_t series_count, series_room;
  gb_curve *curves;
  size_t curve_count, curve_room;
  bool less_is_better; // of y, in a Pareto chart; of x it always is
  bool failed;         // memory was out
} gb_chart;

enum { GB_MAX_CHART_POINTS = 100000 };

// A chart without points; NULL when memory is out. `name` is that of its files.
gb_chart *gb_chart_new(const char *name, gb_chart_kind kind, const char *title);
void gb_chart_free(gb_chart *chart); // NULL is allowed
void gb_chart_axes(gb_chart *chart, const gb_axis *x, const gb_axis *y);

// The index of the series of this title, made where it is new. `family` may be NULL or "".
size_t gb_chart_series(gb_chart *chart, const char *title, const char *family, bool published);
// A point that is not finite is left out; so is one that is not positive on a logarithmic axis.
void gb_chart_point(gb_chart *chart, size_t series, double x, double y, const char *label);
// The same with interval and share.
void gb_chart_add(gb_chart *chart, size_t series, const gb_point *point);
// A point without label, interval and share, to be filled in for gb_chart_add().
gb_point gb_point_at(double x, double y);

// Of a strip: the interval of its median, and what stands at the right of its row (copied; NULL:
// the median).
void gb_chart_strip(gb_chart *chart, size_t series, double low, double high, const char *note);

// A curve through the points, which are copied; those that are not finite are left out.
void gb_chart_curve(gb_chart *chart, const char *title, gb_curve_style style, const double *x,
                    const double *y, size_t count);
// A roof of a roofline: min(peak, bandwidth × x); either may be infinite. Axes in base units.
void gb_chart_roof(gb_chart *chart, const char *title, double bandwidth, double peak);

// The points of a published table that have both columns, one series a family (gb_family_of).
void gb_chart_published(gb_chart *chart, const gb_published *published, const char *x_column,
                        const char *y_column);

// The models of a finished comparison that have both columns, at least one of them computed: ours,
// one series a family. A side that was not computed is taken from the published table (our count
// against the published accuracy). `labelled`: what the label says beyond its family ("Large
// 0.75x") stands beside the point.
void gb_chart_comparison(gb_chart *chart, const gb_comparison *comparison, const char *x_column,
                         const char *y_column, bool labelled);

// The family a label belongs to: "MobileNetV3 Large 0.75x" is MobileNetV3, "Ghost-VGG-16 (s=2)" is
// Ghost-VGG-16; what is not known is the label up to its first number that stands alone or bracket.
// Into `family` of at least GB_FAMILY_TEXT bytes; returns `family`.
#define GB_FAMILY_TEXT 64
const char *gb_family_of(const char *label, char *family);

// The script (without terminal and output) and the data file it reads. Sets the size it wants.
// GB_EINPUT where there is nothing to draw.
gb_status gb_chart_write(const gb_chart *chart, gb_text *script, gb_text *data, int *width,
                         int *height, gb_error *error);

// Draws NAME.svg, NAME.png and NAME.pdf into the folder, with NAME.gp and NAME.dat beside them;
// errors as gb_gnuplot_draw(): at GB_EUNSUPPORTED (no gnuplot) the caller may go on.
gb_status gb_chart_draw(const gb_chart *chart, const char *folder, gb_error *error);

#endif
