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

// Writes script and data of a chart of bars.
gb_status gb_plot_write_bars(const gb_chart *chart, gb_arena *arena, gb_text *script, gb_text *data,
                             int *width, int *height, gb_error *error);

#endif
