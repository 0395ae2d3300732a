// Parameters of architectures: declaring them, and checking values against their ranges.
#include "harness/xml/xml_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

gb_param_rule *gb_param_find(const gb_architecture *architecture, const char *name) {
  for (size_t i = 0; i < architecture->param_count; i++)
    if (strcmp(architecture->params[i].shown.name, name) == 0)
      return &architecture->params[i];
  return NULL;
}

gb_status gb_param_check(const gb_param_rule *param, const char *value, gb_arena *arena,
                         const char **kept, gb_error *error) {
  *kept = value;
  const char *name = param->shown.name;
  if (param->choices) {
    gb_suggestion suggestion = {.name = value};
    double wanted, choice;
    bool is_number = gb_parse_real(value, &wanted);
    for (size_t i = 0; param->choices[i]; i++) {
      // Numbers are the same however they are written; the choice's own text is kept.
      if (strcmp(param->choices[i], value) == 0 ||
          (is_number && gb_parse_real(param->choices[i], &choice) && choice == wanted)) {
        *kept = param->choices[i];
        return GB_OK;
      }
      gb_suggest(&suggestion, param->choices[i]);
    }
    return gb_fail(error, GB_EINPUT, "parameter %s=\"%.80s\" is not allowed: %s%s%s%s", name, value,
                   param->shown.allowed, suggestion.best ? "; did you mean '" : "",
                   suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
  }
  if (strlen(value) > GB_XML_MAX_VALUE)
    return gb_fail(error, GB_ELIMIT, "parameter %s: a value of more than %d bytes", name,
                   GB_XML_MAX_VALUE);
  if (param->is_text)
    return GB_OK;
  double number;
  if (!gb_parse_real(value, &number))
    return gb_fail(error, GB_EINPUT, "parameter %s=\"%.80s\" is not a number", name, value);
  if (number < param->min || number > param->max || (param->is_integer && number != floor(number)))
    return gb_fail(error, GB_EINPUT, "parameter %s=\"%.80s\" is not allowed: %s", name, value,
                   param->shown.allowed);
  char text[64];
  gb_number_print(number, text, sizeof text);
  *kept = gb_arena_copy(arena, text);
  return *kept ? GB_OK : gb_fail_memory(error);
}

// Splits at blanks; NULL when memory is out. The list ends in NULL.
static const char **split(gb_arena *arena, const char *text) {
  const char **list = gb_arena_allocate(arena, strlen(text) / 2 + 2, sizeof *list);
  size_t count = 0;
  for (text += strspn(text, " \t\r\n"); list && *text; text += strspn(text, " \t\r\n")) {
    size_t n = strcspn(text, " \t\r\n");
    if (!(list[count++] = gb_arena_copy_n(arena, text, n)))
      return NULL;
    text += n;
  }
  return list;
}

static bool read_bound(const gb_tree *tree, gb_report *report, const char *name, double *bound) {
  const gb_attribute *attribute = gb_tree_find(tree, name);
  if (!attribute || gb_parse_real(attribute->value, bound))
    return true;
  gb_report_add(report, GB_EINPUT, &attribute->where, "%s=\"%.60s\" is not a number", name,
                attribute->value);
  return false;
}

static const char *describe(gb_arena *arena, const gb_param_rule *param) {
  if (param->choices) {
    gb_text list = {0};
    gb_text_add(&list, "one of");
    for (size_t i = 0; param->choices[i]; i++)
      gb_text_print(&list, "%s %s", i ? "," : "", param->choices[i]);
    const char *text = list.failed ? NULL : gb_arena_copy(arena, gb_text_get(&list));
    gb_text_free(&list);
    return text;
  }
  if (param->is_text)
    return "";
  const char *kind = param->is_integer ? "an integer" : "a number";
  bool low = isfinite(param->min), high = isfinite(param->max);
  return low && high ? gb_arena_print(arena, "%s from %g to %g", kind, param->min, param->max)
         : low       ? gb_arena_print(arena, "%s, at least %g", kind, param->min)
         : high      ? gb_arena_print(arena, "%s, at most %g", kind, param->max)
                     : kind;
}

// Fills `out` from <param>, leaving out what the attributes do not say.
static bool read_param(const gb_tree *tree, gb_compiler *compiler, gb_param_rule *out) {
  gb_report *report = compiler->report;
  const char *type = gb_tree_get(tree, "type", NULL);
  const char *choices = gb_tree_get(tree, "choices", NULL);
  bool fine = read_bound(tree, report, "min", &out->min);
  fine = read_bound(tree, report, "max", &out->max) && fine;
  if (type) {
    out->is_integer = strcmp(type, "integer") == 0;
    out->is_text = strcmp(type, "text") == 0;
    if (!out->is_integer && !out->is_text && strcmp(type, "number") != 0) {
      gb_report_add(report, GB_EINPUT, &gb_tree_find(tree, "type")->where,
                    "type=\"%.40s\" is not one of number, integer, text", type);
      fine = false;
    }
  }
  if (choices) {
    out->choices = split(compiler->arena, choices);
    out->is_text = true;
    if (!out->choices) {
      gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
      return false;
    }
    if (!out->choices[0]) {
      gb_report_add(report, GB_EINPUT, &gb_tree_find(tree, "choices")->where,
                    "choices=\"\" leaves no choice");
      fine = false;
    }
  }
  return fine;
}

void gb_param_declare(gb_architecture *architecture, gb_compiler *compiler, const gb_tree *tree) {
  static const char *const known[] = {"name",    "default", "min",  "max",
                                      "choices", "type",    "help", NULL};
  gb_report *report = compiler->report;
  gb_check_tree(tree, report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  const char *name = gb_need(tree, report, "name");
  const gb_attribute *fallback = gb_tree_find(tree, "default");
  if (!gb_need(tree, report, "default") || !name)
    return;
  if (!gb_is_name(name)) {
    gb_report_add(report, GB_EINPUT, &tree->where, "'%.60s' is no name for a parameter", name);
    return;
  }
  gb_param_rule *param = gb_param_find(architecture, name);
  if (param && param->where.file == tree->where.file) {
    gb_report_add(report, GB_EINPUT, &tree->where, "parameter '%s' is declared twice (line %d)",
                  name, param->where.line);
    return;
  }
  if (!param) {
    if (architecture->param_count == GB_XML_MAX_PARAMETERS) {
      gb_report_add(report, GB_ELIMIT, &tree->where, "more than %d parameters",
                    GB_XML_MAX_PARAMETERS);
      return;
    }
    gb_param_rule *grown =
        gb_arena_grow(architecture->arena, architecture->params, architecture->param_count,
                      &architecture->param_capacity, sizeof *grown);
    if (!grown) {
      gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
      return;
    }
    architecture->params = grown;
    param = &grown[architecture->param_count++];
    double number;
    *param = (gb_param_rule){.min = -HUGE_VAL, .max = HUGE_VAL};
    param->shown = (gb_parameter){.name = name, .help = "", .allowed = ""};
    // Without a type, the default tells it; an expression gives a number.
    param->is_text = !strchr(fallback->value, '{') && !gb_parse_real(fallback->value, &number);
  }
  param->where = tree->where;
  param->shown.help = gb_tree_get(tree, "help", param->shown.help);
  bool fine = read_param(tree, compiler, param);
  param->shown.fallback = fallback->value;
  param->shown.allowed = describe(compiler->arena, param);
  if (!param->shown.allowed) {
    param->shown.allowed = "";
    gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
    return;
  }
  // Its expressions are compiled when all names are known.
  param->fallback = (gb_template){.source = fallback->value, .where = fallback->where};
  param->fixed = (gb_template){0};
  gb_error error = {0};
  const char *kept;
  if (fine && !strpbrk(fallback->value, "{}") &&
      gb_param_check(param, fallback->value, compiler->arena, &kept, &error) != GB_OK)
    gb_report_add(report, error.status, &fallback->where, "%s", error.message);
}

void gb_param_fix(gb_architecture *architecture, gb_compiler *compiler, const gb_tree *tree,
                  const char *by, const gb_scope *scope) {
  static const char *const known[] = {"param", "value", NULL};
  gb_report *report = compiler->report;
  gb_check_tree(tree, report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  const char *name = gb_need(tree, report, "param");
  const gb_attribute *value = gb_tree_find(tree, "value");
  if (!gb_need(tree, report, "value") || !name)
    return;
  gb_param_rule *param = gb_param_find(architecture, name);
  if (!param) {
    gb_suggestion suggestion = {.name = name};
    for (size_t i = 0; i < architecture->param_count; i++)
      gb_suggest(&suggestion, architecture->params[i].shown.name);
    gb_report_add(report, GB_EINPUT, &gb_tree_find(tree, "param")->where,
                  "no parameter '%.60s' to set%s%s%s", name,
                  suggestion.best ? "; did you mean '" : "", suggestion.best ? suggestion.best : "",
                  suggestion.best ? "'?" : "");
    return;
  }
  param->fixed_by = by;
  if (!gb_compile_template(compiler, value->value, &value->where, scope, &param->fixed))
    return;
  gb_error error = {0};
  const char *kept;
  if (param->fixed.constant &&
      gb_param_check(param, param->fixed.constant, compiler->arena, &kept, &error) != GB_OK)
    gb_report_add(report, error.status, &value->where, "%s", error.message);
}
