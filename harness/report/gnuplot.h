// Runs gnuplot on a script of ours: through a pipe, never a shell.
#ifndef GB_REPORT_GNUPLOT_H
#define GB_REPORT_GNUPLOT_H

#include "layers/base/text.h"

// Writes NAME.dat and NAME.gp into `folder` (made where it is missing), then has gnuplot draw
// NAME.svg, NAME.png and NAME.pdf there (no PDF where gnuplot was built without cairo); `gnuplot
// NAME.gp` in the folder draws them again. `script` draws one plot from NAME.dat to the terminal
// that is set; text of strangers stands in it only through gb_escape_gnuplot(). `width` and
// `height` in pixels. `name` as gb_plain_name() allows.
//
// GB_EUNSUPPORTED where gnuplot is not installed (the message says how to get it): both files are
// written then, and the caller may go on. GB_EIO where gnuplot fails (with what it said) or takes
// longer than a minute; no half-drawn picture is left.
gb_status gb_gnuplot_draw(const char *folder, const char *name, const gb_text *script,
                          const gb_text *data, int width, int height, gb_error *error);

#endif
