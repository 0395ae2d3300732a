// Pieces of the HTML page; not for use outside this folder.
#ifndef GB_REPORT_HTML_H
#define GB_REPORT_HTML_H

#include "layers/base/text.h"

// A label as HTML text or as a quoted attribute's value: cleaned as gb_clean does, & < > " '
// escaped.
void gb_escape_html(gb_text *out, const char *label);
void gb_escape_html_n(gb_text *out, const char *label, size_t length);

// The page's style and script (page.css and page.js, made into C by the Makefile), a string a line,
// NULL-terminated; and the SHA-256 of each in base 64, for the policy.
extern const char *const gb_page_style[];
extern const char *const gb_page_script[];
extern const char *const gb_page_style_hash, *const gb_page_script_hash;

#endif
