// Sweeps and settings of experiments: lists of values and ranges.
#include "harness/xml/experiment_internal.h"

#include <math.h>
#include <string.h>

static bool add_value(gb_loader *loader, gb_axis *axis, size_t *capacity, const char *value) {
  if (axis->count == GB_MAX_CELLS) {
    gb_report_add(loader->report, GB_ELIMIT, &axis->where, "a sweep of more than %d values",
                  GB_MAX_CELLS);
    return false;
  }
  const char **grown =
      gb_arena_grow(loader->arena, axis->values, axis->count, capacity, sizeof *grown);
  if (!grown || !value) {
    gb_report_add(loader->report, GB_ENOMEM, NULL, "out of memory");
    return false;
  }
  axis->values = grown;
  grown[axis->count++] = value;
  return true;
}

static bool read_list(gb_loader *loader, const char *text, gb_axis *axis) {
  size_t capacity = 0;
  for (text += strspn(text, " \t\r\n"); *text; text += strspn(text, " \t\r\n")) {
    size_t n = strcspn(text, " \t\r\n");
    if (!add_value(loader, axis, &capacity, gb_arena_copy_n(loader->arena, text, n)))
      return false;
    text += n;
  }
  return true;
}

static bool read_number(gb_loader *loader, const gb_tree *tree, const char *name, double *number) {
  const gb_attribute *attribute = gb_tree_find(tree, name);
  if (!attribute) {
    gb_report_add(loader->report, GB_EINPUT, &tree->where,
                  "<sweep> needs values=\"…\", or from, to and step, or from, to and count");
    return false;
  }
  if (gb_parse_real(attribute->value, number))
    return true;
  gb_report_add(loader->report, GB_EINPUT, &attribute->where, "%s=\"%.60s\" is not a number", name,
                attribute->value);
  return false;
}

// from, from + step, … up to `to`; or `count` values evenly from `from` to `to`.
static bool read_range(gb_loader *loader, const gb_tree *tree, gb_axis *axis) {
  double from, to, step, steps;
  if (!read_number(loader, tree, "from", &from) || !read_number(loader, tree, "to", &to))
    return false;
  const gb_attribute *count = gb_tree_find(tree, "count");
  if (count) {
    double wanted;
    if (!read_number(loader, tree, "count", &wanted))
      return false;
    if (wanted < 1 || wanted != floor(wanted) || wanted > GB_MAX_CELLS) {
      gb_report_add(loader->report, GB_EINPUT, &count->where,
                    "count=\"%.40s\" is not an integer from 1 to %d", count->value, GB_MAX_CELLS);
      return false;
    }
    steps = wanted - 1;
    step = steps > 0 ? (to - from) / steps : 0;
  } else {
    if (!read_number(loader, tree, "step", &step))
      return false;
    steps = floor((to - from) / step + 1e-9);
    if (step == 0 || !(steps >= 0)) {
      gb_report_add(loader->report, GB_EINPUT, &tree->where,
                    "step=\"%.40s\" does not lead from %g to %g", gb_tree_get(tree, "step", ""),
                    from, to);
      return false;
    }
  }
  size_t capacity = 0;
  for (double i = 0; i <= steps; i++) {
    // Rounded to 12 digits, so that 0.1 + 2 * 0.1 is the 0.3 that a person would write.
    char text[64];
    snprintf(text, sizeof text, "%.12g", from + i * step);
    if (!add_value(loader, axis, &capacity, gb_arena_copy(loader->arena, text)))
      return false;
  }
  return true;
}

static bool read_sweep(gb_loader *loader, const gb_tree *tree, gb_axis *axis) {
  static const char *const known[] = {"param", "values", "from", "to", "step", "count", NULL};
  gb_check_tree(tree, loader->report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  axis->swept = true;
  const gb_attribute *values = gb_tree_find(tree, "values");
  if (!values)
    return read_range(loader, tree, axis);
  static const char *const others[] = {"from", "to", "step", "count"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (gb_tree_find(tree, others[i])) {
      gb_report_add(loader->report, GB_EINPUT, &gb_tree_find(tree, others[i])->where,
                    "<sweep> takes either values or a range, not values and %s", others[i]);
      return false;
    }
  if (!read_list(loader, values->value, axis))
    return false;
  if (axis->count)
    return true;
  gb_report_add(loader->report, GB_EINPUT, &values->where, "values=\"\" holds no value");
  return false;
}

static bool read_set(gb_loader *loader, const gb_tree *tree, gb_axis *axis) {
  static const char *const known[] = {"param", "value", NULL};
  gb_check_tree(tree, loader->report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  const gb_attribute *value = gb_tree_find(tree, "value");
  if (!gb_need(tree, loader->report, "value"))
    return false;
  size_t capacity = 0;
  gb_template text;
  if (!gb_compile_template(&loader->compiler, value->value, &value->where, NULL, &text))
    return false;
  if (!text.constant)
    axis->text = text;
  return add_value(loader, axis, &capacity, text.constant ? text.constant : value->value);
}

void gb_axis_read(gb_loader *loader, const gb_tree *tree, gb_axes *axes) {
  const char *name = gb_need(tree, loader->report, "param");
  if (!name)
    return;
  if (!gb_is_name(name)) {
    gb_report_add(loader->report, GB_EINPUT, &gb_tree_find(tree, "param")->where,
                  "param=\"%.60s\" is no name of a parameter", name);
    return;
  }
  for (size_t i = 0; i < axes->count; i++)
    if (strcmp(axes->list[i].name, name) == 0) {
      gb_report_add(loader->report, GB_EINPUT, &tree->where,
                    "parameter '%s' stands twice (line %d)", name, axes->list[i].where.line);
      return;
    }
  gb_axis axis = {.name = name, .where = tree->where};
  bool fine = strcmp(tree->name, "set") == 0 ? read_set(loader, tree, &axis)
                                             : read_sweep(loader, tree, &axis);
  if (!fine)
    return;
  gb_axis *grown =
      gb_arena_grow(loader->arena, axes->list, axes->count, &axes->capacity, sizeof *grown);
  if (!grown) {
    gb_report_add(loader->report, GB_ENOMEM, NULL, "out of memory");
    return;
  }
  axes->list = grown;
  grown[axes->count++] = axis;
}
