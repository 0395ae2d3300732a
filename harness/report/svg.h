// Pictures of gnuplot's made safe to stand inside a page; not for use outside this folder.
#ifndef GB_REPORT_SVG_H
#define GB_REPORT_SVG_H

#include "layers/base/text.h"

#include <stdbool.h>

// Rewrites a whole SVG file as an element for the inside of an HTML page: only shapes, groups, text
// and references within the picture are kept, with the attributes that draw them; anything else
// (scripts, styles, links, event handlers, foreign elements) is left out. Names get `prefix`, so
// that several pictures can stand in one page. The background and groups without content are left
// out; fonts are the page's. `title` is what a screen reader says. GB_EINPUT where the bytes are
// not such a file; `out` is then as it was.
gb_status gb_svg_embed(const char *bytes, size_t size, const char *prefix, const char *title,
                       gb_text *out, gb_error *error);

#endif
