// Rewrites a picture by a list of what may stay; see svg.h.
#include "harness/report/svg.h"

#include "harness/report/escape.h"
#include "harness/report/html.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 40, MOST_ATTRIBUTES = 24, LONGEST_NAME = 32 };

static const char *const elements[] = {"g",    "path",    "rect",     "circle",   "ellipse",
                                       "line", "polygon", "polyline", "text",     "tspan",
                                       "use",  "defs",    "pattern",  "clipPath", NULL};
static const char *const attributes[] = {"x",
                                         "y",
                                         "x1",
                                         "y1",
                                         "x2",
                                         "y2",
                                         "cx",
                                         "cy",
                                         "r",
                                         "rx",
                                         "ry",
                                         "d",
                                         "id",
                                         "dx",
                                         "dy",
                                         "fill",
                                         "color",
                                         "width",
                                         "height",
                                         "points",
                                         "stroke",
                                         "opacity",
                                         "transform",
                                         "font-size",
                                         "font-style",
                                         "font-weight",
                                         "text-anchor",
                                         "clip-path",
                                         "fill-rule",
                                         "fill-opacity",
                                         "stroke-width",
                                         "stroke-opacity",
                                         "stroke-linecap",
                                         "stroke-linejoin",
                                         "stroke-dasharray",
                                         "patternUnits",
                                         NULL};

typedef struct attribute {
  char name[LONGEST_NAME];
  const char *value;
  size_t length;
} attribute;

typedef struct tag {
  char name[LONGEST_NAME];
  attribute attributes[MOST_ATTRIBUTES];
  size_t count;
  bool closing, empty;
} tag;

typedef struct rewriting {
  const char *at, *end;
  const char *prefix, *title;
  gb_text *out;
  // Elements that are open: their names, and the start tags that wait for content.
  char open[DEEPEST][LONGEST_NAME];
  gb_text waiting[DEEPEST];
  size_t depth;
  size_t skipped; // depth of elements inside one that is left out
  bool begun;     // <svg> has been seen
  char width[LONGEST_NAME], height[LONGEST_NAME];
} rewriting;

static bool listed(const char *const *list, const char *name) {
  for (; *list; list++)
    if (strcmp(*list, name) == 0)
      return true;
  return false;
}

static bool blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == ':' || c == '_';
}

static void skip_blanks(rewriting *r) {
  while (r->at < r->end && blank(*r->at))
    r->at++;
}

static bool read_name(rewriting *r, char *name) {
  size_t n = 0;
  while (r->at < r->end && name_byte(*r->at)) {
    if (n == LONGEST_NAME - 1)
      return false;
    name[n++] = *r->at++;
  }
  name[n] = '\0';
  return n > 0;
}

static bool read_attribute(rewriting *r, attribute *a) {
  if (!read_name(r, a->name))
    return false;
  skip_blanks(r);
  if (r->at >= r->end || *r->at++ != '=')
    return false;
  skip_blanks(r);
  if (r->at >= r->end || (*r->at != '"' && *r->at != '\''))
    return false;
  char quote = *r->at++;
  const char *close = memchr(r->at, quote, (size_t)(r->end - r->at));
  if (!close || memchr(r->at, '<', (size_t)(close - r->at)))
    return false;
  a->value = r->at;
  a->length = (size_t)(close - r->at);
  r->at = close + 1;
  return true;
}

// At '<' of a start or end tag.
static bool read_tag(rewriting *r, tag *t) {
  *t = (tag){.closing = false};
  r->at++;
  if (r->at < r->end && *r->at == '/') {
    t->closing = true;
    r->at++;
  }
  if (!read_name(r, t->name))
    return false;
  for (;;) {
    skip_blanks(r);
    if (r->at >= r->end)
      return false;
    if (*r->at == '>') {
      r->at++;
      return true;
    }
    if (*r->at == '/' && r->at + 1 < r->end && r->at[1] == '>') {
      t->empty = true;
      r->at += 2;
      return !t->closing;
    }
    if (t->count == MOST_ATTRIBUTES || t->closing || !read_attribute(r, &t->attributes[t->count++]))
      return false;
  }
}

static const attribute *find(const tag *t, const char *name) {
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->attributes[i].name, name) == 0)
      return &t->attributes[i];
  return NULL;
}

// ---------------------------------------------------------------------------------------------

// Numbers, names, colours, lists, functions: what values that draw consist of.
static bool harmless(const char *value, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (!name_byte(value[i]) && !blank(value[i]) && !strchr("#.,()%+;", value[i]))
      return false;
  return true;
}

// A reference within the picture: "#gpPt6", or "url(#gpPt6)".
static bool reference(const char *value, size_t length, const char **name, size_t *name_length) {
  bool url = length > 6 && strncmp(value, "url(#", 5) == 0 && value[length - 1] == ')';
  size_t lead = url ? 5 : 1;
  if (!url && (length < 2 || value[0] != '#'))
    return false;
  *name = value + lead;
  *name_length = length - lead - url;
  for (size_t i = 0; i < *name_length; i++)
    if (!name_byte((*name)[i]))
      return false;
  return true;
}

static void add_attribute(rewriting *r, gb_text *out, const char *name, const char *value,
                          size_t length) {
  const char *target;
  size_t target_length;
  bool href = strcmp(name, "xlink:href") == 0 || strcmp(name, "href") == 0;
  if (!href && !listed(attributes, name))
    return;
  if (href) {
    if (reference(value, length, &target, &target_length) && *value == '#')
      gb_text_print(out, " href=\"#%s%.*s\"", r->prefix, (int)target_length, target);
    return;
  }
  if (length > 1 << 20 || !harmless(value, length))
    return;
  if (strcmp(name, "id") == 0) {
    gb_text_print(out, " id=\"%s%.*s\"", r->prefix, (int)length, value);
    return;
  }
  if (memchr(value, 'u', length) && strstr("fill stroke clip-path", name) &&
      reference(value, length, &target, &target_length)) {
    gb_text_print(out, " %s=\"url(#%s%.*s)\"", name, r->prefix, (int)target_length, target);
    return;
  }
  if (length >= 4 && strncmp(value, "url(", 4) == 0)
    return;
  gb_text_print(out, " %s=\"", name);
  // gnuplot writes blanks for looks; one is enough.
  for (size_t i = 0; i < length; i++)
    if (!blank(value[i]))
      gb_text_add_n(out, value + i, 1);
    else if (i + 1 < length && !blank(value[i + 1]) && i > 0)
      gb_text_add(out, " ");
  gb_text_add(out, "\"");
}

static void add_start(rewriting *r, const tag *t, gb_text *out) {
  gb_text_print(out, "<%s", t->name);
  for (size_t i = 0; i < t->count; i++)
    add_attribute(r, out, t->attributes[i].name, t->attributes[i].value, t->attributes[i].length);
  gb_text_add(out, t->empty ? "/>" : ">");
}

// Writes the start tags that have waited: there is content.
static void flush(rewriting *r) {
  for (size_t i = 0; i < r->depth; i++) {
    gb_text_add_n(r->out, gb_text_get(&r->waiting[i]), r->waiting[i].length);
    r->out->failed |= r->waiting[i].failed;
    r->waiting[i].length = 0;
  }
}

static void copy_value(char *to, const attribute *a) {
  size_t n = a && a->length < LONGEST_NAME ? a->length : 0;
  if (a && strspn(a->value, "0123456789.") >= n)
    memcpy(to, a->value, n);
  else
    n = 0;
  to[n] = '\0';
}

static bool begin_picture(rewriting *r, const tag *t) {
  copy_value(r->width, find(t, "width"));
  copy_value(r->height, find(t, "height"));
  if (r->begun || !*r->width || !*r->height || t->empty)
    return false;
  r->begun = true;
  gb_text_print(r->out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" width=\"%s\" "
                "height=\"%s\" role=\"img\" aria-label=\"",
                r->width, r->height, r->width, r->height);
  gb_escape_html(r->out, r->title);
  gb_text_add(r->out, "\">");
  return true;
}

static bool is(const attribute *a, const char *text) {
  return a && a->length == strlen(text) && memcmp(a->value, text, a->length) == 0;
}

static bool is_background(const rewriting *r, const tag *t) {
  return strcmp(t->name, "rect") == 0 && is(find(t, "x"), "0") && is(find(t, "y"), "0") &&
         is(find(t, "width"), r->width) && is(find(t, "height"), r->height);
}

static bool take_start(rewriting *r, const tag *t) {
  if (strcmp(t->name, "svg") == 0 && !r->begun)
    return begin_picture(r, t);
  if (!r->begun)
    return false;
  if (r->skipped || !listed(elements, t->name)) {
    r->skipped += !t->empty;
    return true;
  }
  if (is_background(r, t) && t->empty)
    return true;
  if (t->empty) {
    flush(r);
    add_start(r, t, r->out);
    return true;
  }
  if (r->depth == DEEPEST)
    return false;
  memcpy(r->open[r->depth], t->name, sizeof t->name);
  r->waiting[r->depth].length = 0;
  add_start(r, t, &r->waiting[r->depth++]);
  return true;
}

static bool take_end(rewriting *r, const tag *t) {
  if (r->skipped) {
    r->skipped--;
    return true;
  }
  if (strcmp(t->name, "svg") == 0 && r->begun && r->depth == 0) {
    gb_text_add(r->out, "</svg>");
    r->at = r->end; // nothing behind it
    return true;
  }
  if (r->depth == 0 || strcmp(r->open[r->depth - 1], t->name) != 0)
    return false;
  r->depth--;
  if (r->waiting[r->depth].length == 0)
    gb_text_print(r->out, "</%s>", t->name);
  r->waiting[r->depth].length = 0;
  return true;
}

// Text matters inside <text> only. What stands there is escaped already: entities stay where they
// are ones, everything else is escaped anew.
static void take_text(rewriting *r, const char *from, const char *to) {
  const char *inside = r->depth ? r->open[r->depth - 1] : "";
  if (r->skipped || (strcmp(inside, "text") != 0 && strcmp(inside, "tspan") != 0))
    return;
  if (from < to)
    flush(r);
  static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#39;"};
  while (from < to) {
    size_t n = 0;
    for (size_t i = 0; i < sizeof entities / sizeof *entities && *from == '&'; i++) {
      size_t length = strlen(entities[i]);
      if ((size_t)(to - from) >= length && memcmp(from, entities[i], length) == 0)
        n = length;
    }
    if (n) {
      gb_text_add_n(r->out, from, n);
    } else {
      n = strcspn(from + 1, "&") + 1;
      n = n < (size_t)(to - from) ? n : (size_t)(to - from);
      gb_escape_html_n(r->out, from, n);
    }
    from += n;
  }
}

static bool starts(const rewriting *r, const char *with) {
  size_t n = strlen(with);
  return (size_t)(r->end - r->at) >= n && memcmp(r->at, with, n) == 0;
}

// <?xml …?> and comments.
static bool skip_to(rewriting *r, const char *close) {
  size_t n = strlen(close);
  for (; (size_t)(r->end - r->at) >= n; r->at++)
    if (memcmp(r->at, close, n) == 0) {
      r->at += n;
      return true;
    }
  return false;
}

static bool rewrite(rewriting *r) {
  tag t;
  while (r->at < r->end) {
    const char *open = memchr(r->at, '<', (size_t)(r->end - r->at));
    take_text(r, r->at, open ? open : r->end);
    r->at = open ? open : r->end;
    if (!open)
      break;
    if (starts(r, "<?")) {
      if (!skip_to(r, "?>"))
        return false;
    } else if (starts(r, "<!--")) {
      if (!skip_to(r, "-->"))
        return false;
    } else if (!read_tag(r, &t) || !(t.closing ? take_end(r, &t) : take_start(r, &t))) {
      return false;
    }
  }
  return r->begun && r->depth == 0 && !r->skipped && r->out->length >= 6 &&
         memcmp(r->out->bytes + r->out->length - 6, "</svg>", 6) == 0;
}

gb_status gb_svg_embed(const char *bytes, size_t size, const char *prefix, const char *title,
                       gb_text *out, gb_error *error) {
  rewriting r = {.at = bytes, .end = bytes + size, .prefix = prefix, .title = title, .out = out};
  size_t before = out->length;
  if (memchr(bytes, '\0', size))
    return gb_fail(error, GB_EINPUT, "the picture holds a zero byte");
  bool good = rewrite(&r);
  for (size_t i = 0; i < DEEPEST; i++)
    gb_text_free(&r.waiting[i]);
  if (out->failed)
    return gb_fail_memory(error);
  if (good)
    return GB_OK;
  out->length = before;
  if (out->bytes)
    out->bytes[before] = '\0';
  return gb_fail(error, GB_EINPUT, "the picture is no SVG file as gnuplot writes them (byte %zu)",
                 (size_t)(r.at - bytes));
}
