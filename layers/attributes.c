// Attribute tables at work: text from XML becomes each layer's own struct; errors say what is
// allowed and what was probably meant.
#include "layers/layer.h"

#include "layers/base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const gb_attr gb_common_attrs[] = {
    {.name = "name",
     .type = GB_ATTR_NAME,
     .offset = offsetof(gb_common, name),
     .fallback = "",
     .help = "the checkpoint's name, relative to the enclosing named elements"},
    {.name = "in",
     .type = GB_ATTR_INT,
     .offset = offsetof(gb_common, in),
     .fallback = "0",
     .min = 0,
     .max = 1e6,
     .help = "channels that must arrive here (0: not checked)"},
    {.name = "from",
     .type = GB_ATTR_NAMES,
     .offset = offsetof(gb_common, from),
     .fallback = "",
     .help = "names of the elements to read instead of the one before"},
};
const size_t gb_common_attr_count = sizeof gb_common_attrs / sizeof *gb_common_attrs;

const char *const gb_activation_names[] = {
    "none",    "relu", "relu6", "hard-sigmoid", "clipped-sigmoid", "hard-swish",
    "sigmoid", "elu",  NULL};

static bool is_name(const char *text, bool blanks) {
  for (; *text; text++)
    if (!isalnum((unsigned char)*text) && !strchr("._-", *text) && !(blanks && *text == ' '))
      return false;
  return true;
}

// Parses "3" (both sides) or "1x64" (height x width).
static bool parse_size(const char *text, double min, double max, gb_size *size) {
  char part[64];
  const char *x = strchr(text, 'x');
  if (x) {
    size_t n = (size_t)(x - text);
    if (n >= sizeof part)
      return false;
    memcpy(part, text, n);
    part[n] = '\0';
    if (!gb_parse_int(part, &size->h) || !gb_parse_int(x + 1, &size->w))
      return false;
  } else {
    if (!gb_parse_int(text, &size->h))
      return false;
    size->w = size->h;
  }
  return (double)size->h >= min && (double)size->h <= max && (double)size->w >= min &&
         (double)size->w <= max;
}

// The next part of a comma-separated list into `part`; returns the rest, or NULL after the last.
// `*fits` becomes false where a part is too long.
static const char *next_part(const char *text, char *part, size_t size, bool *fits) {
  size_t n = strcspn(text, ",");
  *fits = n < size;
  if (*fits) {
    memcpy(part, text, n);
    part[n] = '\0';
  }
  return text[n] ? text + n + 1 : NULL;
}

static bool parse_sizes(const char *text, double min, double max, gb_size_list *list) {
  list->count = 0;
  char part[64];
  bool fits;
  while (text) {
    text = next_part(text, part, sizeof part, &fits);
    if (!fits || list->count == GB_MAX_LIST ||
        !parse_size(part, min, max, &list->items[list->count]))
      return false;
    list->count++;
  }
  return list->count > 0;
}

static bool parse_padding(const char *text, gb_padding *padding) {
  enum { LARGEST = 65536 };
  *padding = (gb_padding){.mode = GB_PAD_EXPLICIT};
  if (strcmp(text, "half") == 0)
    padding->mode = GB_PAD_HALF;
  else if (strcmp(text, "same") == 0)
    padding->mode = GB_PAD_SAME;
  else if (strcmp(text, "causal") == 0)
    padding->mode = GB_PAD_CAUSAL;
  else if (strchr(text, ',')) {
    int64_t *const sides[4] = {&padding->top, &padding->right, &padding->bottom, &padding->left};
    char part[64];
    bool fits;
    for (int i = 0; i < 4; i++) {
      if (!text)
        return false;
      text = next_part(text, part, sizeof part, &fits);
      if (!fits || !gb_parse_int(part, sides[i]) || *sides[i] < 0 || *sides[i] > LARGEST)
        return false;
    }
    return text == NULL;
  } else if (strcmp(text, "valid") != 0) {
    gb_size size;
    if (!parse_size(text, 0, LARGEST, &size))
      return false;
    padding->top = padding->bottom = size.h;
    padding->left = padding->right = size.w;
  }
  return true;
}

static bool parse_bool(const char *text, bool *value) {
  static const char *const words[][2] = {{"0", "1"}, {"false", "true"}, {"no", "yes"}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    for (int j = 0; j < 2; j++)
      if (strcmp(text, words[i][j]) == 0) {
        *value = j;
        return true;
      }
  return false;
}

static bool parse_choice(const char *text, const char *const *choices, int *value) {
  for (int i = 0; choices[i]; i++)
    if (strcmp(text, choices[i]) == 0) {
      *value = i;
      return true;
    }
  return false;
}

static bool parse_value(const gb_attr *attr, const char *text, void *at) {
  switch (attr->type) {
  case GB_ATTR_INT: {
    int64_t value;
    if (!gb_parse_int(text, &value) || (double)value < attr->min || (double)value > attr->max)
      return false;
    *(int64_t *)at = value;
    return true;
  }
  case GB_ATTR_REAL: {
    double value;
    if (!gb_parse_real(text, &value) || value < attr->min || value > attr->max)
      return false;
    *(double *)at = value;
    return true;
  }
  case GB_ATTR_BOOL:
    return parse_bool(text, at);
  case GB_ATTR_CHOICE:
    return parse_choice(text, attr->choices, at);
  case GB_ATTR_NAME:
  case GB_ATTR_NAMES:
    if (!is_name(text, attr->type == GB_ATTR_NAMES))
      return false;
    *(const char **)at = text;
    return true;
  case GB_ATTR_SIZE:
    return parse_size(text, attr->min, attr->max, at);
  case GB_ATTR_SIZES:
    return parse_sizes(text, attr->min, attr->max, at);
  case GB_ATTR_PADDING:
    return parse_padding(text, at);
  }
  return false;
}

const char *gb_attr_allowed(const gb_attr *attr, char *text, size_t size) {
  switch (attr->type) {
  case GB_ATTR_INT:
    snprintf(text, size, "an integer from %.0f to %.0f", attr->min, attr->max);
    break;
  case GB_ATTR_REAL:
    snprintf(text, size, "a number from %g to %g", attr->min, attr->max);
    break;
  case GB_ATTR_BOOL:
    snprintf(text, size, "0 or 1 (also no, yes, false, true)");
    break;
  case GB_ATTR_CHOICE: {
    size_t used = (size_t)snprintf(text, size, "one of");
    for (int i = 0; attr->choices[i] && used < size; i++)
      used += (size_t)snprintf(text + used, size - used, "%s %s", i ? "," : "", attr->choices[i]);
    break;
  }
  case GB_ATTR_NAME:
    snprintf(text, size, "a name of letters, digits, '.', '_' and '-'");
    break;
  case GB_ATTR_NAMES:
    snprintf(text, size, "names of letters, digits, '.', '_' and '-', separated by blanks");
    break;
  case GB_ATTR_SIZE:
    snprintf(text, size, "N or HxW, each from %.0f to %.0f", attr->min, attr->max);
    break;
  case GB_ATTR_SIZES:
    snprintf(text, size, "up to %d sizes N or HxW separated by commas, each from %.0f to %.0f",
             GB_MAX_LIST, attr->min, attr->max);
    break;
  case GB_ATTR_PADDING:
    snprintf(text, size, "half, valid, same, causal, N, HxW or top,right,bottom,left");
    break;
  }
  return text;
}

gb_status gb_attr_parse(const gb_attr *attr, const char *value, void *attrs, gb_error *error) {
  if (parse_value(attr, value, (char *)attrs + attr->offset))
    return GB_OK;
  char allowed[512];
  gb_attr_allowed(attr, allowed, sizeof allowed);
  const char *best = NULL;
  if (attr->type == GB_ATTR_CHOICE) {
    gb_suggestion suggestion = {.name = value};
    for (int i = 0; attr->choices[i]; i++)
      gb_suggest(&suggestion, attr->choices[i]);
    best = suggestion.best;
  }
  return gb_fail(error, GB_EINPUT, "attribute %s=\"%.80s\" is not allowed: %s%s%s%s", attr->name,
                 value, allowed, best ? "; did you mean '" : "", best ? best : "",
                 best ? "'?" : "");
}

// Where the faults of one element go: the first into an error, or all into a list.
typedef struct sink {
  gb_faults *faults;
  gb_error *error;
  gb_status status;
} sink;

static void report(sink *to, gb_status status, const gb_location *where, const gb_error *fault) {
  if (to->faults)
    gb_fault(to->faults, where, "%s", fault->message);
  else if (to->status == GB_OK)
    gb_fail_at(to->error, status, where, "%s", fault->message);
  if (to->status == GB_OK)
    to->status = status;
}

static void report_unknown(sink *to, const gb_attr *attrs, size_t n_attrs,
                           const gb_element *element, const gb_attribute *attribute) {
  gb_suggestion suggestion = {.name = attribute->name};
  for (size_t i = 0; i < n_attrs; i++)
    gb_suggest(&suggestion, attrs[i].name);
  gb_error fault = {0};
  if (suggestion.best) {
    gb_fail(&fault, GB_EINPUT, "<%s> has no attribute '%.60s'; did you mean '%s'?", element->kind,
            attribute->name, suggestion.best);
  } else {
    gb_text known = {0};
    for (size_t i = 0; i < n_attrs; i++)
      gb_text_print(&known, "%s%s", i ? ", " : "", attrs[i].name);
    gb_fail(&fault, GB_EINPUT, "<%s> has no attribute '%.60s'; it has: %s", element->kind,
            attribute->name, gb_text_get(&known));
    gb_text_free(&known);
  }
  report(to, GB_EINPUT, &attribute->where, &fault);
}

static bool is_listed(const char *name, const char *const *list) {
  for (; list && *list; list++)
    if (strcmp(name, *list) == 0)
      return true;
  return false;
}

gb_status gb_attrs_parse(const gb_attr *attrs, size_t n_attrs, const gb_element *element,
                         const char *const *ignored, void *values, gb_faults *faults,
                         gb_error *error) {
  sink to = {.faults = faults, .error = error};
  gb_error fault = {0};
  for (size_t i = 0; i < n_attrs; i++) {
    const gb_attr *attr = &attrs[i];
    const gb_attribute *given = NULL;
    for (size_t j = 0; j < element->attribute_count; j++)
      if (strcmp(element->attributes[j].name, attr->name) == 0)
        given = &element->attributes[j];
    if (!given && !attr->fallback) {
      char allowed[512];
      gb_fail(&fault, GB_EINPUT, "<%s> needs the attribute '%s': %s (%s)", element->kind,
              attr->name, attr->help, gb_attr_allowed(attr, allowed, sizeof allowed));
      report(&to, GB_EINPUT, &element->where, &fault);
      continue;
    }
    if (gb_attr_parse(attr, given ? given->value : attr->fallback, values, &fault) != GB_OK) {
      gb_error_prefix(&fault, "<%s>: ", element->kind);
      report(&to, GB_EINPUT, given ? &given->where : &element->where, &fault);
    }
  }
  for (size_t j = 0; j < element->attribute_count; j++) {
    const gb_attribute *attribute = &element->attributes[j];
    bool known = is_listed(attribute->name, ignored);
    for (size_t i = 0; i < n_attrs && !known; i++)
      known = strcmp(attribute->name, attrs[i].name) == 0;
    if (!known)
      report_unknown(&to, attrs, n_attrs, element, attribute);
  }
  return to.status;
}
