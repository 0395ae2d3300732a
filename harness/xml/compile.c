// Turns the elements of an architecture into rules: every name is checked against the tables of
// layers, structures and blocks, every constant against its attribute, every expression compiled.
#include "harness/xml/xml_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *const gb_language_elements[] = {"param", "set",    "let",        "block",
                                            "input", "repeat", "substitute", NULL};

bool gb_is_name(const char *text) {
  if (!isalpha((unsigned char)*text) && *text != '_')
    return false;
  for (; *text; text++)
    if (!isalnum((unsigned char)*text) && !strchr("._-", *text))
      return false;
  return true;
}

bool gb_is_declaration(const char *element) {
  static const char *const names[] = {"param", "set", "block", "substitute"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(element, names[i]) == 0)
      return true;
  return false;
}

static bool no_memory(gb_compiler *compiler) {
  gb_report_add(compiler->report, GB_ENOMEM, NULL, "out of memory");
  return false;
}

// ---------------------------------------------------------------------------------------------
// Names

// Names that may stand somewhere, gathered to check and to suggest.
enum { MAX_NAMES = 128 };
typedef struct names {
  const char *list[MAX_NAMES];
  size_t count;
} names;

static void add_name(names *to, const char *name) {
  if (to->count < MAX_NAMES)
    to->list[to->count++] = name;
}

static void report_unknown_attribute(gb_report *report, const char *element,
                                     const gb_attribute *attribute, const names *known) {
  gb_suggestion suggestion = {.name = attribute->name};
  for (size_t i = 0; i < known->count; i++)
    gb_suggest(&suggestion, known->list[i]);
  if (suggestion.best) {
    gb_report_add(report, GB_EINPUT, &attribute->where,
                  "<%s> has no attribute '%.60s'; did you mean '%s'?", element, attribute->name,
                  suggestion.best);
    return;
  }
  gb_text list = {0};
  for (size_t i = 0; i < known->count; i++)
    gb_text_print(&list, "%s%s", i ? ", " : "", known->list[i]);
  gb_report_add(report, GB_EINPUT, &attribute->where,
                "<%s> has no attribute '%.60s'; it has %s%.600s", element, attribute->name,
                known->count ? "" : "none", gb_text_get(&list));
  gb_text_free(&list);
}

static void check_names(const gb_tree *tree, gb_report *report, const names *known) {
  for (size_t i = 0; i < tree->attribute_count; i++) {
    bool found = false;
    for (size_t k = 0; k < known->count && !found; k++)
      found = strcmp(known->list[k], tree->attributes[i].name) == 0;
    if (!found)
      report_unknown_attribute(report, tree->name, &tree->attributes[i], known);
  }
}

void gb_check_tree(const gb_tree *tree, gb_report *report, const char *const *known, int flags) {
  names list = {0};
  for (size_t i = 0; known[i]; i++)
    add_name(&list, known[i]);
  check_names(tree, report, &list);
  if ((flags & GB_NO_TEXT) && *tree->text)
    gb_report_add(report, GB_EINPUT, &tree->where, "text \"%.40s\" inside <%s> means nothing",
                  tree->text + strspn(tree->text, " \t\r\n"), tree->name);
  if ((flags & GB_NO_CHILDREN) && tree->first_child)
    gb_report_add(report, GB_EINPUT, &tree->first_child->where, "<%s> cannot stand inside <%s>",
                  tree->first_child->name, tree->name);
}

const char *gb_need(const gb_tree *tree, gb_report *report, const char *name) {
  const char *value = gb_tree_get(tree, name, NULL);
  if (!value)
    gb_report_add(report, GB_EINPUT, &tree->where, "<%s> needs the attribute '%s'", tree->name,
                  name);
  return value;
}

static void report_unknown_element(gb_architecture *architecture, gb_report *report,
                                   const gb_tree *tree) {
  gb_suggestion suggestion = {.name = tree->name};
  for (size_t i = 0; i < gb_layer_count; i++)
    gb_suggest(&suggestion, gb_layers[i]->name);
  for (size_t i = 0; i < gb_structure_count; i++)
    gb_suggest(&suggestion, gb_structures[i].name);
  for (const gb_block *b = architecture->blocks; b; b = b->next)
    gb_suggest(&suggestion, b->name);
  for (size_t i = 0; gb_language_elements[i]; i++)
    gb_suggest(&suggestion, gb_language_elements[i]);
  gb_report_add(report, GB_EINPUT, &tree->where,
                "unknown element <%.60s>: no layer, structure or block has this name%s%s%s",
                tree->name, suggestion.best ? "; did you mean <" : "",
                suggestion.best ? suggestion.best : "", suggestion.best ? ">?" : "");
}

// ---------------------------------------------------------------------------------------------
// Attributes by table

// Checks a constant against its row. The parsed value is thrown away.
static void check_constant(gb_report *report, const char *element, const gb_attr *attr,
                           const gb_attribute *attribute, const char *value) {
  union {
    int64_t integer;
    double real;
    bool flag;
    int choice;
    const char *name;
    gb_size size;
    gb_size_list sizes;
    gb_padding padding;
  } parsed;
  gb_attr row = *attr;
  row.offset = 0;
  gb_error error = {0};
  if (gb_attr_parse(&row, value, &parsed, &error) != GB_OK)
    gb_report_add(report, GB_EINPUT, &attribute->where, "<%s>: %s", element, error.message);
}

static const gb_attr *find_row(const gb_attr *rows, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(rows[i].name, name) == 0)
      return &rows[i];
  return NULL;
}

// The rows that an element of this kind has: its own and, for layers, the common ones.
typedef struct table {
  const gb_attr *rows, *common;
  size_t count, common_count;
} table;

static table table_of(const gb_layer *layer, const gb_structure *structure) {
  table t = {0};
  if (layer) {
    t.rows = layer->attrs;
    t.count = layer->n_attrs;
    t.common = gb_common_attrs;
    t.common_count = gb_common_attr_count;
  } else if (structure) {
    t.rows = structure->attrs;
    t.count = structure->n_attrs;
  }
  return t;
}

static const gb_attr *row_of(const table *t, const char *name) {
  const gb_attr *row = find_row(t->rows, t->count, name);
  return row ? row : find_row(t->common, t->common_count, name);
}

static void add_rows(const table *t, names *known) {
  for (size_t i = 0; i < t->count; i++)
    add_name(known, t->rows[i].name);
  for (size_t i = 0; i < t->common_count; i++)
    add_name(known, t->common[i].name);
}

// One attribute of an element with a table into *value; false where it has a fault.
static bool compile_value(gb_compiler *compiler, const char *element, const table *t,
                          const gb_attribute *attribute, const gb_scope *scope, gb_value *value) {
  const gb_attr *row = row_of(t, attribute->name);
  if (!row) {
    names known = {0};
    add_rows(t, &known);
    report_unknown_attribute(compiler->report, element, attribute, &known);
    return false;
  }
  value->name = row->name;
  if (!gb_compile_template(compiler, attribute->value, &attribute->where, scope, &value->text))
    return false;
  if (value->text.constant)
    check_constant(compiler->report, element, row, attribute, value->text.constant);
  return true;
}

static void compile_values(gb_compiler *compiler, const gb_tree *tree, const table *t,
                           const gb_scope *scope, gb_rule *rule) {
  rule->values = gb_arena_allocate(compiler->arena, tree->attribute_count, sizeof *rule->values);
  if (!rule->values) {
    no_memory(compiler);
    return;
  }
  for (size_t i = 0; i < tree->attribute_count; i++)
    if (strcmp(tree->attributes[i].name, "if") != 0 &&
        compile_value(compiler, tree->name, t, &tree->attributes[i], scope,
                      &rule->values[rule->value_count]))
      rule->value_count++;
  for (size_t i = 0; i < t->count; i++)
    if (!t->rows[i].fallback && !gb_tree_find(tree, t->rows[i].name)) {
      char allowed[512];
      gb_report_add(compiler->report, GB_EINPUT, &tree->where,
                    "<%s> needs the attribute '%s': %s (%s)", tree->name, t->rows[i].name,
                    t->rows[i].help, gb_attr_allowed(&t->rows[i], allowed, sizeof allowed));
    }
}

// ---------------------------------------------------------------------------------------------
// Elements

static gb_rule *new_rule(gb_compiler *compiler, gb_rule_kind kind, const char *name,
                         const gb_tree *tree) {
  gb_rule *rule = gb_arena_allocate(compiler->arena, 1, sizeof *rule);
  if (!rule) {
    no_memory(compiler);
    return NULL;
  }
  rule->kind = kind;
  rule->name = name;
  rule->where = tree->where;
  return rule;
}

static void compile_condition(gb_compiler *compiler, const gb_tree *tree, const gb_scope *scope,
                              gb_rule *rule) {
  const gb_attribute *condition = gb_tree_find(tree, "if");
  if (condition)
    rule->condition = gb_compile_expression(compiler, condition->value, strlen(condition->value),
                                            &condition->where, scope);
}

gb_rule *gb_compile_let(gb_compiler *compiler, const gb_tree *tree, const gb_scope *scope) {
  static const char *const known[] = {"name", "value", NULL};
  gb_check_tree(tree, compiler->report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  const char *name = gb_need(tree, compiler->report, "name");
  const gb_attribute *value = gb_tree_find(tree, "value");
  if (!gb_need(tree, compiler->report, "value") || !name)
    return NULL;
  if (!gb_is_name(name)) {
    gb_report_add(compiler->report, GB_EINPUT, &tree->where, "'%.60s' is no name for a variable",
                  name);
    return NULL;
  }
  gb_rule *rule = new_rule(compiler, GB_RULE_LET, name, tree);
  gb_value *values = gb_arena_allocate(compiler->arena, 1, sizeof *values);
  if (!rule || !values) {
    no_memory(compiler);
    return NULL;
  }
  values->name = "value";
  rule->values = values;
  rule->value_count = 1;
  gb_compile_template(compiler, value->value, &value->where, scope, &values->text);
  return rule;
}

static gb_rule *compile_repeat(gb_architecture *architecture, gb_compiler *compiler,
                               const gb_tree *tree, const char *parent, const gb_scope *scope) {
  static const char *const known[] = {"count", "var", "from", "if", NULL};
  gb_check_tree(tree, compiler->report, known, GB_NO_TEXT);
  const char *variable = gb_tree_get(tree, "var", "");
  if (*variable && !gb_is_name(variable))
    gb_report_add(compiler->report, GB_EINPUT, &gb_tree_find(tree, "var")->where,
                  "var=\"%.60s\" is no name for a variable", variable);
  gb_rule *rule = new_rule(compiler, GB_RULE_REPEAT, variable, tree);
  gb_value *values = gb_arena_allocate(compiler->arena, 2, sizeof *values);
  if (!rule || !values) {
    no_memory(compiler);
    return NULL;
  }
  compile_condition(compiler, tree, scope, rule);
  values[0] = (gb_value){.name = "count", .text = {.constant = "0"}};
  values[1] = (gb_value){.name = "from", .text = {.constant = "0"}};
  rule->values = values;
  rule->value_count = 2;
  gb_need(tree, compiler->report, "count");
  for (int i = 0; i < 2; i++) {
    const gb_attribute *attribute = gb_tree_find(tree, values[i].name);
    if (attribute)
      gb_compile_template(compiler, attribute->value, &attribute->where, scope, &values[i].text);
  }
  gb_scope inner = {variable, scope};
  rule->first_child =
      gb_compile_body(architecture, compiler, tree, parent, *variable ? &inner : scope);
  return rule;
}

static gb_rule *compile_use(gb_compiler *compiler, const gb_tree *tree, gb_block *block,
                            const gb_scope *scope) {
  gb_rule *rule = new_rule(compiler, GB_RULE_BLOCK, block->name, tree);
  if (!rule)
    return NULL;
  rule->block = block;
  rule->values = gb_arena_allocate(compiler->arena, block->param_count, sizeof *rule->values);
  if (!rule->values) {
    no_memory(compiler);
    return NULL;
  }
  rule->value_count = block->param_count;
  compile_condition(compiler, tree, scope, rule);
  names known = {0};
  add_name(&known, "name");
  for (size_t i = 0; i < block->param_count; i++)
    add_name(&known, block->params[i].name);
  add_name(&known, "if");
  check_names(tree, compiler->report, &known);
  for (size_t i = 0; i < block->param_count; i++) {
    const gb_block_param *param = &block->params[i];
    gb_value *value = &rule->values[i];
    *value = (gb_value){.name = param->name, .text = param->fallback};
    const gb_attribute *given = gb_tree_find(tree, param->name);
    if (given)
      gb_compile_template(compiler, given->value, &given->where, scope, &value->text);
    else if (!param->fallback.source)
      gb_report_add(compiler->report, GB_EINPUT, &tree->where,
                    "block <%s> needs the attribute '%s' (params of the block, %s:%d)", tree->name,
                    param->name, block->where.file, block->where.line);
  }
  const gb_attribute *name = gb_tree_find(tree, "name");
  if (name) {
    gb_template *label = gb_arena_allocate(compiler->arena, 1, sizeof *label);
    if (!label)
      no_memory(compiler);
    else if (gb_compile_template(compiler, name->value, &name->where, scope, label))
      rule->label = label;
  }
  if (tree->first_child)
    gb_report_add(compiler->report, GB_EINPUT, &tree->first_child->where,
                  "a use of the block <%s> has no elements inside", tree->name);
  return rule;
}

gb_rule *gb_compile_element(gb_architecture *architecture, gb_compiler *compiler,
                            const gb_tree *tree, const char *parent, const gb_scope *scope) {
  const gb_layer *layer = gb_layer_find(tree->name);
  const gb_structure *structure = gb_structure_find(tree->name);
  if (parent && strcmp(parent, "branches") == 0 && strcmp(tree->name, "branch") != 0)
    gb_report_add(compiler->report, GB_EINPUT, &tree->where,
                  "<branches> holds only <branch> elements, not <%s>", tree->name);
  if (layer || structure) {
    const table t = table_of(layer, structure);
    gb_rule *rule = new_rule(compiler, GB_RULE_LAYER, layer ? layer->name : structure->name, tree);
    if (!rule)
      return NULL;
    compile_condition(compiler, tree, scope, rule);
    compile_values(compiler, tree, &t, scope, rule);
    if (*tree->text)
      gb_report_add(compiler->report, GB_EINPUT, &tree->where,
                    "text \"%.40s\" inside <%s> means nothing",
                    tree->text + strspn(tree->text, " \t\r\n"), tree->name);
    if (structure && structure->is_part && (!parent || strcmp(parent, structure->parent) != 0))
      gb_report_add(compiler->report, GB_EINPUT, &tree->where, "<%s> stands only inside <%s>",
                    tree->name, structure->parent);
    if (structure)
      rule->first_child = gb_compile_body(architecture, compiler, tree, structure->name, scope);
    else if (tree->first_child)
      gb_report_add(compiler->report, GB_EINPUT, &tree->first_child->where,
                    "the layer <%s> has no elements inside", tree->name);
    return rule;
  }
  for (gb_block *b = architecture->blocks; b; b = b->next)
    if (strcmp(b->name, tree->name) == 0)
      return compile_use(compiler, tree, b, scope);
  report_unknown_element(architecture, compiler->report, tree);
  return NULL;
}

gb_rule *gb_compile_body(gb_architecture *architecture, gb_compiler *compiler, const gb_tree *from,
                         const char *parent, const gb_scope *scope) {
  gb_rule *first = NULL, **last = &first;
  for (const gb_tree *tree = from->first_child; tree; tree = tree->next) {
    gb_rule *rule = NULL;
    if (tree->include || gb_is_declaration(tree->name)) {
      if (parent)
        gb_report_add(compiler->report, GB_EINPUT, &tree->where,
                      "<%s> stands only directly inside <architecture>", tree->name);
      continue;
    }
    if (strcmp(tree->name, "let") == 0) {
      rule = gb_compile_let(compiler, tree, scope);
      gb_scope *inner = gb_arena_allocate(compiler->arena, 1, sizeof *inner);
      if (rule && inner) {
        *inner = (gb_scope){rule->name, scope};
        scope = inner;
      }
    } else if (strcmp(tree->name, "repeat") == 0) {
      rule = compile_repeat(architecture, compiler, tree, parent ? parent : "", scope);
    } else {
      if (parent && strcmp(tree->name, "input") == 0)
        gb_report_add(compiler->report, GB_EINPUT, &tree->where,
                      "<input> stands only directly inside <architecture>");
      rule = gb_compile_element(architecture, compiler, tree, parent ? parent : "", scope);
    }
    if (rule) {
      *last = rule;
      last = &rule->next;
    }
  }
  return first;
}

// ---------------------------------------------------------------------------------------------
// Substitutions

bool gb_substitution_read(const gb_tree *tree, gb_arena *arena, gb_report *report,
                          gb_substitution *out) {
  *out = (gb_substitution){.where = tree->where};
  out->match = gb_need(tree, report, "match");
  out->with = gb_tree_get(tree, "with", NULL);
  out->condition = gb_tree_get(tree, "if", NULL);
  out->attributes = gb_arena_allocate(arena, tree->attribute_count, sizeof *out->attributes);
  if (!out->attributes) {
    gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
    return false;
  }
  bool fine = out->match != NULL;
  for (size_t i = 0; i < tree->attribute_count; i++) {
    const gb_attribute *a = &tree->attributes[i];
    if (strcmp(a->name, "optional") == 0) {
      out->optional = strcmp(a->value, "1") == 0;
      if (!out->optional && strcmp(a->value, "0") != 0) {
        gb_report_add(report, GB_EINPUT, &a->where, "optional=\"%.40s\" is not 0 or 1", a->value);
        fine = false;
      }
    } else if (strcmp(a->name, "keep") == 0) {
      gb_report_add(report, GB_EINPUT, &a->where, "the attribute 'keep' is reserved");
      fine = false;
    } else if (strcmp(a->name, "match") != 0 && strcmp(a->name, "with") != 0 &&
               strcmp(a->name, "if") != 0) {
      out->attributes[out->attribute_count++] = *a;
    }
  }
  if (!out->with && !out->attribute_count) {
    gb_report_add(report, GB_EINPUT, &tree->where,
                  "<substitute> changes nothing: it has neither 'with' nor attributes to set");
    fine = false;
  }
  if (*tree->text || tree->first_child) {
    gb_report_add(report, GB_EINPUT, &tree->where, "<substitute> has nothing inside");
    fine = false;
  }
  return fine;
}

static bool compile_with(gb_compiler *compiler, const gb_substitution *written,
                         const gb_scope *scope, gb_rewrite *out, table *t) {
  if (!gb_compile_template(compiler, written->with, &written->where, scope, &out->with))
    return false;
  if (!out->with.constant)
    return true;
  const gb_layer *layer = gb_layer_find(out->with.constant);
  if (layer) {
    *t = table_of(layer, NULL);
    return true;
  }
  gb_suggestion suggestion = {.name = out->with.constant};
  for (size_t i = 0; i < gb_layer_count; i++)
    gb_suggest(&suggestion, gb_layers[i]->name);
  gb_report_add(compiler->report, GB_EINPUT, &written->where, "with=\"%.60s\" is no layer%s%s%s",
                written->with, suggestion.best ? "; did you mean '" : "",
                suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
  return false;
}

gb_rewrite *gb_compile_rewrite(gb_compiler *compiler, const gb_substitution *written,
                               const gb_scope *scope) {
  gb_rewrite *out = gb_arena_allocate(compiler->arena, 1, sizeof *out);
  gb_value *values = gb_arena_allocate(compiler->arena, written->attribute_count, sizeof *values);
  if (!out || !values) {
    no_memory(compiler);
    return NULL;
  }
  out->written = *written;
  out->values = values;
  table t = {0};
  bool fine = true;
  if (written->condition) {
    out->condition = gb_compile_expression(compiler, written->condition, strlen(written->condition),
                                           &written->where, scope);
    fine = out->condition != NULL;
  }
  compiler->in_substitution = true;
  out->match = gb_compile_expression(compiler, written->match, strlen(written->match),
                                     &written->where, scope);
  fine = fine && out->match;
  if (written->with)
    fine = compile_with(compiler, written, scope, out, &t) && fine;
  for (size_t i = 0; i < written->attribute_count; i++) {
    const gb_attribute *a = &written->attributes[i];
    gb_value *value = &values[out->value_count];
    if (t.count) {
      if (!compile_value(compiler, written->with, &t, a, scope, value)) {
        fine = false;
        continue;
      }
    } else {
      value->name = a->name;
      if (!gb_compile_template(compiler, a->value, &a->where, scope, &value->text)) {
        fine = false;
        continue;
      }
    }
    out->value_count++;
  }
  compiler->in_substitution = false;
  return fine ? out : NULL;
}
