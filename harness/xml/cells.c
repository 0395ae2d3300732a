// The cells of a model: every combination of its sweeps, with labels evaluated.
#include "harness/xml/experiment_internal.h"

#include <string.h>

typedef struct model {
  gb_loader *loader;
  const gb_tree *tree;
  const gb_architecture *architecture;
  const char *architecture_name;
  gb_template label, series, row;
  gb_axes axes;
  gb_substitution *substitutions;
  size_t substitution_count;
} model;

static const gb_architecture *open_architecture(gb_loader *loader, const gb_attribute *attribute) {
  for (gb_opened *o = loader->opened; o; o = o->next)
    if (strcmp(o->name, attribute->value) == 0)
      return o->architecture;
  gb_opened *opened = gb_arena_allocate(loader->arena, 1, sizeof *opened);
  if (!opened) {
    gb_report_add(loader->report, GB_ENOMEM, NULL, "out of memory");
    return NULL;
  }
  opened->name = attribute->value;
  opened->next = loader->opened;
  loader->opened = opened;
  const char *path;
  gb_error error = {0};
  if (gb_places_find(loader->places, "architectures", attribute->value, loader->arena, &path,
                     &error) != GB_OK)
    gb_report_add(loader->report, error.status, &attribute->where, "%s", error.message);
  else if (gb_architecture_open(path, loader->places, &opened->architecture, &error) != GB_OK)
    gb_report_add(loader->report, error.status, &attribute->where, "architecture '%.100s': %s",
                  attribute->value, error.message);
  return opened->architecture;
}

static gb_axis *find_axis(gb_axes *axes, const char *name) {
  for (size_t i = 0; i < axes->count; i++)
    if (strcmp(axes->list[i].name, name) == 0)
      return &axes->list[i];
  return NULL;
}

// A settable parameter, or NULL.
static const gb_param_rule *find_param(const model *m, const char *name) {
  const gb_param_rule *param = gb_param_find(m->architecture, name);
  return param && !param->fixed.source ? param : NULL;
}

static bool add_axis(model *m, const gb_axis *axis) {
  gb_axes *axes = &m->axes;
  gb_axis *grown =
      gb_arena_grow(m->loader->arena, axes->list, axes->count, &axes->capacity, sizeof *grown);
  if (!grown) {
    gb_report_add(m->loader->report, GB_ENOMEM, NULL, "out of memory");
    return false;
  }
  axes->list = grown;
  grown[axes->count++] = *axis;
  return true;
}

// Whether an axis of this name says how the model is timed.
static bool is_timing(const model *m, const char *name) {
  return gb_is_timing(name) && !find_param(m, name) && gb_loader_times(m->loader);
}

// The values of --set: one, or a list with commas of how networks are timed.
static bool read_override(model *m, const gb_setting *setting, gb_axis *axis) {
  gb_arena *arena = m->loader->arena;
  bool list = is_timing(m, setting->name);
  size_t room = 1;
  for (const char *c = setting->value; list && *c; c++)
    room += *c == ',';
  const char **values = gb_arena_allocate(arena, room, sizeof *values);
  const char *name = gb_arena_copy(arena, setting->name);
  *axis = (gb_axis){.name = name, .values = values, .swept = room > 1, .where = {.file = "--set"}};
  for (const char *at = setting->value; values && at && axis->count < room;) {
    size_t n = list ? strcspn(at, ",") : strlen(at);
    if (!(values[axis->count++] = gb_arena_copy_n(arena, at, n)))
      values = NULL;
    at = at[n] ? at + n + 1 : NULL;
  }
  if (!values || !name)
    gb_report_add(m->loader->report, GB_ENOMEM, NULL, "out of memory");
  return values && name;
}

// The experiment's sweeps first (they vary slowest), where the model has them and says nothing of
// its own; then what --set replaces.
static bool gather_axes(model *m) {
  gb_loader *loader = m->loader;
  gb_axes own = {0};
  for (const gb_tree *child = m->tree->first_child; child; child = child->next)
    if (strcmp(child->name, "set") == 0 || strcmp(child->name, "sweep") == 0)
      gb_axis_read(loader, child, &own);
  for (size_t i = 0; i < loader->common.count; i++) {
    gb_axis *axis = &loader->common.list[i];
    bool wanted = find_param(m, axis->name) || is_timing(m, axis->name);
    axis->used |= wanted;
    if (wanted && !find_axis(&own, axis->name) && !add_axis(m, axis))
      return false;
  }
  for (size_t i = 0; i < own.count; i++)
    if (!add_axis(m, &own.list[i]))
      return false;
  for (size_t i = 0; i < loader->override_count; i++) {
    const gb_setting *setting = &loader->overrides[i];
    gb_axis *axis = find_axis(&m->axes, setting->name);
    // Flags of `run` say how to time whatever is timed.
    loader->override_used[i] |= gb_is_timing(setting->name);
    if (!axis && !find_param(m, setting->name) && !is_timing(m, setting->name))
      continue;
    loader->override_used[i] = true;
    gb_axis made;
    if (!read_override(m, setting, &made))
      return false;
    if (axis)
      *axis = made;
    else if (!add_axis(m, &made))
      return false;
  }
  return true;
}

typedef struct search {
  const char *name;
  bool found;
} search;

static bool look_for(void *data, const char *name) {
  search *s = data;
  s->found = s->found || strcmp(s->name, name) == 0;
  return !s->found;
}

static bool uses(const char *text, const char *name) {
  search s = {.name = name};
  if (text)
    gb_expression_variables(text, look_for, &s);
  return s.found;
}

// Whether a template has $name in one of its expressions.
static bool template_uses(const gb_template *text, const char *name) {
  for (size_t i = 0; i < text->count; i++)
    if (text->pieces[i].expression && uses(text->pieces[i].expression->text, name))
      return true;
  return false;
}

// The same of a text with braces, without the bother of compiling it.
static bool braces_use(const char *text, const char *name) {
  return text && strchr(text, '{') && uses(strchr(text, '{'), name);
}

static bool is_used(const model *m, const char *name) {
  if (template_uses(&m->label, name) || template_uses(&m->row, name) ||
      template_uses(&m->series, name))
    return true;
  for (size_t i = 0; i < m->axes.count; i++)
    if (template_uses(&m->axes.list[i].text, name))
      return true;
  for (size_t i = 0; i < m->substitution_count; i++) {
    const gb_substitution *s = &m->substitutions[i];
    if (uses(s->match, name) || uses(s->condition, name) || braces_use(s->with, name))
      return true;
    for (size_t k = 0; k < s->attribute_count; k++)
      if (braces_use(s->attributes[k].value, name))
        return true;
  }
  return false;
}

// Every axis is a parameter of the architecture with allowed values, or a variable that is used.
static bool check_axes(const model *m) {
  gb_report *report = m->loader->report;
  bool fine = true;
  for (size_t i = 0; i < m->axes.count; i++) {
    const gb_axis *axis = &m->axes.list[i];
    const gb_param_rule *param = find_param(m, axis->name);
    if (param) {
      for (size_t k = 0; k < axis->count && !axis->text.source; k++) {
        const char *kept;
        gb_error error = {0};
        if (gb_param_check(param, axis->values[k], m->loader->arena, &kept, &error) == GB_OK)
          continue;
        gb_report_add(report, error.status, &axis->where, "architecture '%s': %s",
                      m->architecture->name, error.message);
        fine = false;
      }
      continue;
    }
    if (is_used(m, axis->name) || is_timing(m, axis->name))
      continue;
    fine = false;
    if (gb_is_timing(axis->name)) {
      gb_report_add(report, GB_EINPUT, &axis->where, GB_NOT_TIMED, axis->name);
      continue;
    }
    const gb_param_rule *fixed = gb_param_find(m->architecture, axis->name);
    if (fixed) {
      gb_report_add(report, GB_EINPUT, &axis->where, "parameter '%s' is fixed by architecture '%s'",
                    axis->name, fixed->fixed_by);
      continue;
    }
    gb_suggestion suggestion = {.name = axis->name};
    for (size_t k = 0; k < m->architecture->settable_count; k++)
      gb_suggest(&suggestion, m->architecture->settable[k].name);
    gb_report_add(report, GB_EINPUT, &axis->where,
                  "architecture '%s' has no parameter '%s', and no substitution or label of the "
                  "model uses $%s%s%s%s",
                  m->architecture->name, axis->name, axis->name,
                  suggestion.best ? "; did you mean '" : "", suggestion.best ? suggestion.best : "",
                  suggestion.best ? "'?" : "");
  }
  return fine;
}

static bool read_substitutions(model *m) {
  gb_loader *loader = m->loader;
  size_t count = 0;
  for (const gb_tree *child = m->tree->first_child; child; child = child->next)
    count += strcmp(child->name, "substitute") == 0;
  m->substitutions = gb_arena_allocate(loader->arena, count, sizeof *m->substitutions);
  if (!m->substitutions) {
    gb_report_add(loader->report, GB_ENOMEM, NULL, "out of memory");
    return false;
  }
  bool fine = true;
  for (const gb_tree *child = m->tree->first_child; child; child = child->next) {
    gb_substitution *s = &m->substitutions[m->substitution_count];
    if (strcmp(child->name, "substitute") != 0)
      continue;
    if (gb_substitution_read(child, loader->arena, loader->report, s))
      m->substitution_count++;
    else
      fine = false;
  }
  return fine;
}

static void read_label(model *m, const char *name, const char *fallback, gb_template *out) {
  const gb_attribute *attribute = gb_tree_find(m->tree, name);
  if (attribute)
    gb_compile_template(&m->loader->compiler, attribute->value, &attribute->where, NULL, out);
  else
    *out = (gb_template){.constant = fallback, .source = fallback};
}

// Substitutions are compiled once here only to find their faults early, with all names known.
static bool check_substitutions(const model *m) {
  gb_compiler *compiler = &m->loader->compiler;
  const gb_scope *scope = NULL;
  size_t count = m->architecture->param_count + m->axes.count;
  gb_scope *scopes = gb_arena_allocate(m->loader->arena, count + 1, sizeof *scopes);
  if (!scopes)
    return false;
  for (size_t i = 0; i < m->architecture->param_count; i++, scope = scopes, scopes++)
    *scopes = (gb_scope){m->architecture->params[i].shown.name, scope};
  for (size_t i = 0; i < m->axes.count; i++, scope = scopes, scopes++)
    *scopes = (gb_scope){m->axes.list[i].name, scope};
  *scopes = (gb_scope){"", scope};
  bool fine = true;
  for (size_t i = 0; i < m->substitution_count; i++)
    fine = gb_compile_rewrite(compiler, &m->substitutions[i], scopes) && fine;
  return fine;
}

// ---------------------------------------------------------------------------------------------
// Cells

static gb_status fill_cell(model *m, const size_t *indices, gb_cell *cell, gb_error *error) {
  gb_loader *loader = m->loader;
  gb_evaluator *e = &loader->evaluator;
  size_t count = m->axes.count;
  cell->architecture = m->architecture_name;
  cell->where = m->tree->where;
  cell->settings = gb_arena_allocate(loader->arena, count, sizeof *cell->settings);
  cell->point = gb_arena_allocate(loader->arena, count, sizeof *cell->point);
  gb_setting *variables = gb_arena_allocate(loader->arena, count, sizeof *variables);
  cell->substitutions =
      gb_arena_allocate(loader->arena, m->substitution_count, sizeof *cell->substitutions);
  if (!cell->settings || !cell->point || !variables || !cell->substitutions)
    return gb_fail_memory(error);
  e->local_count = 0;
  size_t variable_count = 0;
  // Sweeps first, so that expressions of <set> see them.
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < count; i++) {
      const gb_axis *axis = &m->axes.list[i];
      if ((axis->text.source != NULL) != (pass == 1))
        continue;
      const char *value = axis->values[indices[i]];
      if (axis->text.source)
        GB_TRY(gb_template_fill(e, &axis->text, NULL, &value, error));
      GB_TRY(gb_variable_push(e, false, axis->name, value, error));
      gb_setting setting = {axis->name, value};
      if (is_timing(m, axis->name))
        GB_TRY(gb_timing_set(axis, value, cell, error));
      if (find_param(m, axis->name))
        cell->settings[cell->setting_count++] = setting;
      else
        variables[variable_count++] = setting;
      if (axis->swept)
        cell->point[cell->point_count++] = setting;
    }
  for (size_t i = 0; i < m->substitution_count; i++) {
    cell->substitutions[i] = m->substitutions[i];
    cell->substitutions[i].variables = variables;
    cell->substitutions[i].variable_count = variable_count;
  }
  cell->substitution_count = m->substitution_count;
  GB_TRY(gb_template_fill(e, &m->label, NULL, &cell->label, error));
  GB_TRY(gb_template_fill(e, &m->series, NULL, &cell->series, error));
  return gb_template_fill(e, &m->row, NULL, &cell->row, error);
}

static void add_cells(model *m, size_t total) {
  gb_loader *loader = m->loader;
  gb_experiment *experiment = loader->experiment;
  size_t *indices = gb_arena_allocate(loader->arena, m->axes.count, sizeof *indices);
  for (size_t n = 0; n < total; n++) {
    gb_cell *grown = gb_arena_grow(loader->arena, experiment->cells, experiment->cell_count,
                                   &loader->cell_capacity, sizeof *grown);
    if (!indices || !grown) {
      gb_report_add(loader->report, GB_ENOMEM, NULL, "out of memory");
      return;
    }
    experiment->cells = grown;
    gb_cell *cell = &grown[experiment->cell_count];
    *cell = (gb_cell){0};
    gb_error error = {0};
    if (fill_cell(m, indices, cell, &error) != GB_OK) {
      gb_report_add(loader->report, error.status, NULL, "%s", error.message);
      return;
    }
    experiment->cell_count++;
    // The next combination: the last sweep varies fastest.
    for (size_t i = m->axes.count; i-- > 0;) {
      if (++indices[i] < m->axes.list[i].count)
        break;
      indices[i] = 0;
    }
  }
}

// Constant defaults of the architecture, so that labels may show what is not set. They are copied:
// the cells outlive the architecture.
static bool push_defaults(model *m) {
  gb_arena *arena = m->loader->arena;
  gb_evaluator *e = &m->loader->evaluator;
  e->global_count = 0;
  for (size_t i = 0; i < m->architecture->param_count; i++) {
    const gb_param_rule *param = &m->architecture->params[i];
    const gb_template *text = param->fixed.source ? &param->fixed : &param->fallback;
    if (!text->constant)
      continue;
    const char *name = gb_arena_copy(arena, param->shown.name);
    const char *value = gb_arena_copy(arena, text->constant);
    if (!name || !value || gb_variable_push(e, true, name, value, NULL) != GB_OK) {
      gb_report_add(m->loader->report, GB_ENOMEM, NULL, "out of memory");
      return false;
    }
  }
  return true;
}

void gb_model_expand(gb_loader *loader, const gb_tree *tree) {
  static const char *const known[] = {"label", "architecture", "row", "series", NULL};
  gb_report *report = loader->report;
  gb_check_tree(tree, report, known, GB_NO_TEXT);
  for (const gb_tree *child = tree->first_child; child; child = child->next)
    if (strcmp(child->name, "set") != 0 && strcmp(child->name, "sweep") != 0 &&
        strcmp(child->name, "substitute") != 0)
      gb_report_add(report, GB_EINPUT, &child->where,
                    "unknown element <%.60s> in <model>; it holds set, sweep, substitute",
                    child->name);
  loader->models++;
  model m = {.loader = loader, .tree = tree};
  const gb_attribute *architecture = gb_tree_find(tree, "architecture");
  if (!gb_need(tree, report, "architecture") ||
      !(m.architecture = open_architecture(loader, architecture)))
    return;
  m.architecture_name = architecture->value;
  read_label(&m, "label", m.architecture_name, &m.label);
  read_label(&m, "series", "", &m.series);
  read_label(&m, "row", "", &m.row);
  bool fine = gather_axes(&m);
  fine = read_substitutions(&m) && fine;
  if (!fine || !check_axes(&m) || !check_substitutions(&m) || report->status != GB_OK)
    return;
  size_t total = 1;
  for (size_t i = 0; i < m.axes.count; i++)
    if (__builtin_mul_overflow(total, m.axes.list[i].count, &total) ||
        total > GB_MAX_CELLS - loader->experiment->cell_count) {
      gb_report_add(report, GB_ELIMIT, &tree->where, "the sweeps make more than %d cells together",
                    GB_MAX_CELLS);
      return;
    }
  if (push_defaults(&m))
    add_cells(&m, total);
}
