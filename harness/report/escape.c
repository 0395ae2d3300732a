// Clean labels, escaping for each output format, numbers for people and machines; see escape.h.
#include "harness/report/escape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t gb_utf8_next(const char *bytes, uint32_t *code) {
  const unsigned char *b = (const unsigned char *)bytes;
  if (b[0] < 0x80) {
    *code = b[0];
    return 1;
  }
  size_t length = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
  if (b[0] < 0xc2 || b[0] > 0xf4)
    return 0;
  uint32_t value = b[0] & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((b[i] & 0xc0) != 0x80)
      return 0; // also ends at the terminator
    value = value << 6 | (b[i] & 0x3fu);
  }
  if ((length == 3 && value < 0x800) || (length == 4 && (value < 0x10000 || value > 0x10ffff)) ||
      (value >= 0xd800 && value <= 0xdfff))
    return 0;
  *code = value;
  return length;
}

#define REPLACEMENT "\xef\xbf\xbd" // U+FFFD

static bool breaks_line(uint32_t code) {
  return code == '\n' || code == '\r' || code == '\t' || code == '\v' || code == '\f' ||
         code == 0x85 || code == 0x2028 || code == 0x2029;
}

// Control characters, and those that reorder or hide text on a terminal or in a browser.
static bool is_hidden(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
         (code >= 0xe0000 && code <= 0xe007f);
}

void gb_clean(gb_text *out, const char *label) {
  while (*label) {
    uint32_t code = 0;
    size_t length = gb_utf8_next(label, &code);
    if (length == 0)
      gb_text_add(out, REPLACEMENT);
    else if (breaks_line(code))
      gb_text_add(out, " ");
    else if (is_hidden(code))
      gb_text_add(out, REPLACEMENT);
    else
      gb_text_add_n(out, label, length);
    label += length ? length : 1;
  }
}

// Cleans the label and replaces single characters as `map` says (NULL: keep).
static void add_mapped(gb_text *out, const char *label, const char *(*map)(uint32_t code)) {
  gb_text clean = {0};
  gb_clean(&clean, label);
  for (const char *c = gb_text_get(&clean); *c;) {
    uint32_t code = 0;
    size_t length = gb_utf8_next(c, &code);
    const char *replacement = map(code);
    if (replacement)
      gb_text_add(out, replacement);
    else
      gb_text_add_n(out, c, length ? length : 1);
    c += length ? length : 1;
  }
  out->failed |= clean.failed;
  gb_text_free(&clean);
}

static const char *map_markdown(uint32_t code) {
  switch (code) {
  case '\\':
    return "\\\\";
  case '|':
    return "\\|";
  case '`':
    return "\\`";
  case '*':
    return "\\*";
  case '_':
    return "\\_";
  case '[':
    return "\\[";
  case ']':
    return "\\]";
  case '~':
    return "\\~"; // GitHub: strike through
  case '$':
    return "\\$"; // GitHub: mathematics
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '&':
    return "&amp;";
  default:
    return NULL;
  }
}

void gb_escape_markdown(gb_text *out, const char *label) {
  add_mapped(out, label, map_markdown);
}

static const char *map_latex(uint32_t code) {
  switch (code) {
  case '\\':
    return "\\textbackslash{}";
  case '{':
    return "\\{";
  case '}':
    return "\\}";
  case '&':
    return "\\&";
  case '%':
    return "\\%";
  case '$':
    return "\\$";
  case '#':
    return "\\#";
  case '_':
    return "\\_";
  case '~':
    return "\\textasciitilde{}";
  case '^':
    return "\\textasciicircum{}";
  case '<':
    return "\\textless{}";
  case '>':
    return "\\textgreater{}";
  case '|':
    return "\\textbar{}";
  case '"':
    return "{\\char34}"; // some babel languages make the quote a command
  case '`':
    return "{\\char96}";
  // After a row's \\ LaTeX takes * and [ for its arguments.
  case '*':
    return "{*}";
  case '[':
    return "{[}";
  case ']':
    return "{]}";
  case 0xa0:
    return "~";
  case 0xb1:
    return "$\\pm$";
  case 0xb7:
    return "$\\cdot$";
  case 0xb5: // micro sign
  case 0x3bc:
    return "$\\mu$";
  case 0xd7:
    return "$\\times$";
  case 0xf7:
    return "$\\div$";
  case 0x2500: // lines of tables as text
    return "-";
  case 0x2013:
    return "--";
  case 0x2014:
    return "---";
  case 0x2192:
    return "$\\rightarrow$";
  case 0x2212:
    return "$-$";
  case 0x2248:
    return "$\\approx$";
  case 0x2260:
    return "$\\neq$";
  case 0x2264:
    return "$\\leq$";
  case 0x2265:
    return "$\\geq$";
  case 0x2026:
    return "\\ldots{}";
  case 0x2713:
    return "$\\surd$"; // the check mark, from LaTeX's own fonts
  case 0x2717:
    return "$\\neq$";
  case 0xfffd:
    return "?";
  default:
    return NULL;
  }
}

void gb_escape_latex(gb_text *out, const char *label) {
  add_mapped(out, label, map_latex);
}

void gb_escape_csv(gb_text *out, const char *label) {
  gb_text clean = {0};
  gb_clean(&clean, label);
  const char *text = gb_text_get(&clean);
  // Spreadsheets pass over leading blanks before they look for a formula.
  const char *first = text + strspn(text, " ");
  bool formula = *first && strchr("=+-@", *first);
  bool quoted =
      strpbrk(text, "\",") || *text == ' ' || (clean.length && text[clean.length - 1] == ' ');
  if (quoted)
    gb_text_add(out, "\"");
  if (formula)
    gb_text_add(out, "'");
  for (; *text; text++) {
    if (*text == '"')
      gb_text_add(out, "\"");
    gb_text_add_n(out, text, 1);
  }
  if (quoted)
    gb_text_add(out, "\"");
  out->failed |= clean.failed;
  gb_text_free(&clean);
}

void gb_escape_json(gb_text *out, const char *label) {
  gb_text_add(out, "\"");
  while (*label) {
    uint32_t code = 0;
    size_t length = gb_utf8_next(label, &code);
    if (length == 0)
      gb_text_add(out, "\\ufffd");
    else if (code == '"' || code == '\\')
      gb_text_print(out, "\\%c", (int)code);
    else if (code == '\n')
      gb_text_add(out, "\\n");
    else if (code == '\t')
      gb_text_add(out, "\\t");
    else if (code == '<' || code == '>' || code == '&' || (code <= 0xffff && is_hidden(code)) ||
             breaks_line(code))
      gb_text_print(out, "\\u%04x", (unsigned)code);
    else
      gb_text_add_n(out, label, length);
    label += length ? length : 1;
  }
  gb_text_add(out, "\"");
}

static const char *map_gnuplot(uint32_t code) {
  return code == '\'' ? "\xe2\x80\x99" : NULL; // U+2019
}

void gb_escape_gnuplot(gb_text *out, const char *label) {
  gb_text_add(out, "'");
  add_mapped(out, label, map_gnuplot);
  gb_text_add(out, "'");
}

static const char *map_gnuplot_data(uint32_t code) {
  return code == '"' ? "\xe2\x80\x9d" : code == '\\' ? "\xe2\x88\x96" : NULL; // U+201D, U+2216
}

void gb_escape_gnuplot_data(gb_text *out, const char *label) {
  gb_text_add(out, "\"");
  add_mapped(out, label, map_gnuplot_data);
  gb_text_add(out, "\"");
}

void gb_print_real(gb_text *out, double value) {
  if (!isfinite(value)) {
    gb_text_add(out, "null");
    return;
  }
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (digits == 17 || strtod(text, NULL) == value)
      break;
  }
  gb_text_add(out, text);
}

void gb_print_count(gb_text *out, int64_t value) {
  static const struct {
    int64_t unit;
    const char *name;
    int decimals;
  } steps[] = {
      {1000, "k", 2}, {1000000, "M", 2}, {1000000000, "G", 3}, {INT64_C(1000000000000), "T", 3}};
  uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  if (size < 10000) {
    gb_text_print(out, "%lld", (long long)value);
    return;
  }
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    uint64_t grain = (uint64_t)steps[i].unit / (steps[i].decimals == 2 ? 100 : 1000);
    uint64_t grains = size / grain + (size % grain * 2 >= grain);
    uint64_t one = steps[i].decimals == 2 ? 100 : 1000;
    bool last = i + 1 == sizeof steps / sizeof *steps;
    if (grains < 1000 * one || last) {
      gb_text_print(out, "%s%llu.%0*llu %s", value < 0 ? "-" : "",
                    (unsigned long long)(grains / one), steps[i].decimals,
                    (unsigned long long)(grains % one), steps[i].name);
      return;
    }
  }
}
