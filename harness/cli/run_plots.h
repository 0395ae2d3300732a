// What the files that draw an experiment share: run_plots.c (what was counted), run_charts.c (what
// was measured).
#ifndef GB_CLI_RUN_PLOTS_H
#define GB_CLI_RUN_PLOTS_H

#include "harness/cli/run.h"
#include "harness/report/plot.h"

typedef struct gb_drawing {
  gb_run *run;
  const gb_results *results;
  const gb_published *published; // of the experiment; NULL: none
  const gb_plot *plot;
  gb_chart *chart;
} gb_drawing;

// Whether the plot's `only` and `series` let the result through, and it did not fail.
bool gb_drawing_selects(const gb_drawing *drawing, const gb_result *result);
// The number of a result by an axis' name; NaN: it has none.
double gb_drawing_value(const gb_drawing *drawing, const gb_result *result, const char *name);
// A parameter of the result's network by its name; NULL: it has none.
const char *gb_parameter_text(const gb_result *result, const char *name);
// The models' series, or the family of the label, which is written into `text`.
const char *gb_drawing_family(const gb_result *result, char text[GB_FAMILY_TEXT]);
// The result as a point, with the intervals of what was measured.
gb_point gb_drawing_point(const gb_drawing *drawing, const gb_result *result);

// run_charts.c. Each fills the chart.
gb_status gb_draw_samples(gb_drawing *drawing, gb_error *error);
gb_status gb_draw_ratios(gb_drawing *drawing, gb_error *error);
gb_status gb_draw_peers(gb_drawing *drawing, gb_error *error);
gb_status gb_draw_roofline(gb_drawing *drawing, gb_error *error);
// fit="linear": a line through all points that are drawn.
gb_status gb_draw_fit(gb_drawing *drawing, gb_error *error);
// theory="macs s", of the results of one line.
gb_status gb_draw_theory(gb_drawing *drawing, gb_error *error);
// Probabilities of being on the front, one a point of `points`: pointers to the results drawn.
gb_status gb_front_shares(gb_drawing *drawing, const gb_result *const *results, size_t count,
                          double *shares, gb_error *error);

#endif
