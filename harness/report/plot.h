// Charts: series of points, drawn by gnuplot as SVG and PNG in one style.
#ifndef GB_REPORT_PLOT_H
#define GB_REPORT_PLOT_H

#include "harness/report/compare.h"
#include "layers/base/text.h"

typedef enum gb_chart_kind {
  GB_CHART_SCATTER, // points; those of a family are joined by a thin line where they are few
  GB_CHART_LINE,    // points joined by lines, in order of x
  GB_CHART_BARS,    // horizontal bars, series side by side in each category
  GB_CHART_STACKED  // horizontal bars, series stacked
} gb_chart_kind;

// "scatter", "line", "bars", "stacked-bars"; false where there is no such kind.
bool gb_chart_kind_parse(const char *name, gb_chart_kind *kind);

typedef struct gb_axis {
  const char *title; // "MACs"; NULL or "": none
  const char *unit;  // "ms", "%"; NULL or "": none
  bool log;
  bool count; // values are counts: the axis is in k, M or G
} gb_axis;

typedef struct gb_point {
  double x, y;       // bars: y is the length
  const char *label; // beside the point; of bars: the category; "" if none
} gb_point;

typedef struct gb_series {
  const char *title;  // in the legend
  const char *family; // decides colour and marker; the title where none was given
  bool published;     // hollow markers, dashed lines; else filled: ours
  gb_point *points;
  size_t count, room;
} gb_series;

typedef struct gb_chart {
  gb_arena *arena; // owns everything; all text given is copied
  const char *name, *title;
  gb_chart_kind kind;
  gb_axis x, y;
  gb_series *series;
  size_t series_count, series_room;
  bool failed; // memory was out
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

// Draws NAME.svg and NAME.png into the folder, with NAME.gp and NAME.dat beside them; errors as
// gb_gnuplot_draw(): at GB_EUNSUPPORTED (no gnuplot) the caller may go on.
gb_status gb_chart_draw(const gb_chart *chart, const char *folder, gb_error *error);

#endif
