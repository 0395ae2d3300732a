// Pieces of output formats: clean labels, escaping, numbers as people and as machines read them.
//
// Every text that comes from a file (labels, titles, notes) passes one of these on its way out, so
// that it is text there and nothing else. All of them append to `out`; a failed growth is
// remembered in out->failed.
#ifndef GB_REPORT_ESCAPE_H
#define GB_REPORT_ESCAPE_H

#include "layers/base/text.h"

// One code point of UTF-8 at `bytes` (terminated): its length 1 to 4 and `*code`, or 0 where the
// bytes are not UTF-8 (overlong forms and surrogates are not).
size_t gb_utf8_next(const char *bytes, uint32_t *code);

// Printable UTF-8 on one line: line breaks and tabs become spaces; other control characters
// (terminal escapes), invisible ones that reorder text, and bytes that are not UTF-8 become U+FFFD.
void gb_clean(gb_text *out, const char *label);

// The label inside a cell of a pipe table (GitHub Flavored Markdown): no markup, no HTML.
void gb_escape_markdown(gb_text *out, const char *label);

// The label as LaTeX text, safe at the start of a table row too.
void gb_escape_latex(gb_text *out, const char *label);

// The label as one CSV field (RFC 4180), always on one line. A text that a spreadsheet would take
// for a formula (it begins with = + - @) is led by an apostrophe.
void gb_escape_csv(gb_text *out, const char *label);

// The label as a JSON string with its quotes. Only bytes that are not UTF-8 are changed. `<`, `>`
// and `&` are written as \u escapes, so that the text may stand inside an HTML page.
void gb_escape_json(gb_text *out, const char *label);

// The label as a gnuplot string in single quotes, where gnuplot substitutes nothing: no commands in
// backquotes, no macros, no escapes. A quote becomes a typographic one: gnuplot reads the doubled
// one at the start of a string as its end.
void gb_escape_gnuplot(gb_text *out, const char *label);

// The label as a quoted field of a gnuplot data file. There gnuplot knows no way to write a double
// quote and reads escapes, so the quote becomes a typographic one and the backslash a set minus.
void gb_escape_gnuplot_data(gb_text *out, const char *label);

// The shortest decimal that reads back as exactly this number; "null" where `value` is not finite.
void gb_print_real(gb_text *out, double value);

// A count for people: exact below 10,000; then 47.30 k, 141.15 M, 4.089 G, 1.234 T. The last digit
// is rounded half up.
void gb_print_count(gb_text *out, int64_t value);

#endif
