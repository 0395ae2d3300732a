// Expands an architecture: parameters get values, blocks and repeats become elements, expressions
// become text. The result is plain structs in the network's own arena.
#include "harness/xml/xml_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gb_location gb_expansion_place(gb_expansion *x, const gb_location *where) {
  gb_location place = *where;
  if (!place.file)
    return place;
  if (place.file != x->last_file[0]) {
    const char *copy = gb_arena_copy(x->arena, place.file);
    x->last_file[0] = copy ? place.file : NULL;
    x->last_file[1] = copy;
  }
  place.file = x->last_file[1];
  return place;
}

// ---------------------------------------------------------------------------------------------
// Parameters

enum { PENDING, BUSY, KNOWN };

typedef struct binding {
  gb_expansion *x;
  const gb_setting *settings;
  size_t setting_count;
  unsigned char states[GB_XML_MAX_PARAMETERS];
  gb_status status;
} binding;

static gb_status bind(binding *b, size_t index);

// A parameter that the template of another one uses must be known before.
static bool bind_needed(void *data, const char *name) {
  binding *b = data;
  const gb_architecture *a = b->x->architecture;
  for (size_t i = 0; i < a->param_count; i++)
    if (strcmp(a->params[i].shown.name, name) == 0)
      b->status = bind(b, i);
  return b->status == GB_OK;
}

static const gb_setting *find_setting(const binding *b, const char *name) {
  for (size_t i = b->setting_count; i > 0; i--)
    if (strcmp(b->settings[i - 1].name, name) == 0)
      return &b->settings[i - 1];
  return NULL;
}

static gb_status bind(binding *b, size_t index) {
  gb_expansion *x = b->x;
  const gb_param_rule *param = &x->architecture->params[index];
  const char *name = param->shown.name;
  if (b->states[index] == KNOWN)
    return GB_OK;
  const gb_template *source = param->fixed.source ? &param->fixed : &param->fallback;
  if (b->states[index] == BUSY)
    return gb_fail_at(x->error, GB_EINPUT, &source->where,
                      "the value of parameter '%s' depends on itself", name);
  b->states[index] = BUSY;
  const gb_setting *setting = param->fixed.source ? NULL : find_setting(b, name);
  const char *text;
  if (setting) {
    text = setting->value;
  } else {
    for (size_t i = 0; i < source->count; i++)
      if (source->pieces[i].expression) {
        gb_expression_variables(source->pieces[i].expression->text, bind_needed, b);
        GB_TRY(b->status);
      }
    GB_TRY(gb_template_fill(&x->evaluator, source, NULL, &text, x->error));
  }
  const char *kept;
  gb_error fault = {0};
  if (gb_param_check(param, text, x->arena, &kept, &fault) != GB_OK) {
    if (setting)
      return gb_fail(x->error, fault.status, "architecture '%s': %s", x->architecture->name,
                     fault.message);
    return gb_fail_at(x->error, fault.status, &source->where, "%s", fault.message);
  }
  const char *name_copy = gb_arena_copy(x->arena, name), *copy = gb_arena_copy(x->arena, kept);
  if (!name_copy || !copy)
    return gb_fail_memory(x->error);
  GB_TRY(gb_variable_push(&x->evaluator, true, name_copy, copy, x->error));
  b->states[index] = KNOWN;
  return GB_OK;
}

static gb_status refuse_unknown(const gb_architecture *a, const gb_setting *setting,
                                gb_error *error) {
  const gb_param_rule *param = gb_param_find(a, setting->name);
  if (param && param->fixed.source)
    return gb_fail(error, GB_EINPUT, "architecture '%s': parameter '%s' is fixed by '%s' (%s:%d)",
                   a->name, setting->name, param->fixed_by, param->fixed.where.file,
                   param->fixed.where.line);
  if (param)
    return GB_OK;
  gb_suggestion suggestion = {.name = setting->name};
  gb_text list = {0};
  for (size_t i = 0; i < a->settable_count; i++) {
    gb_suggest(&suggestion, a->settable[i].name);
    gb_text_print(&list, "%s%s", i ? ", " : "", a->settable[i].name);
  }
  if (suggestion.best)
    gb_fail(error, GB_EINPUT, "architecture '%s' has no parameter '%.60s'; did you mean '%s'?",
            a->name, setting->name, suggestion.best);
  else
    gb_fail(error, GB_EINPUT, "architecture '%s' has no parameter '%.60s'; it has %s%.600s",
            a->name, setting->name, a->settable_count ? "" : "none", gb_text_get(&list));
  gb_text_free(&list);
  return GB_EINPUT;
}

static gb_status bind_all(gb_expansion *x, const gb_setting *settings, size_t count) {
  const gb_architecture *a = x->architecture;
  for (size_t i = 0; i < count; i++)
    GB_TRY(refuse_unknown(a, &settings[i], x->error));
  binding b = {.x = x, .settings = settings, .setting_count = count};
  for (size_t i = 0; i < a->param_count; i++)
    GB_TRY(bind(&b, i));
  gb_network *network = x->network;
  network->settings = gb_arena_allocate(x->arena, a->param_count, sizeof *network->settings);
  if (!network->settings)
    return gb_fail_memory(x->error);
  for (size_t i = 0; i < a->param_count; i++) {
    if (a->params[i].fixed.source)
      continue;
    const gb_variable *v = gb_variable_find(&x->evaluator, a->params[i].shown.name);
    network->settings[network->setting_count++] = (gb_setting){v->name, v->text};
  }
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Bodies

typedef struct place { // where elements are appended
  gb_element **last;
} place;

static gb_status expand_body(gb_expansion *x, const gb_rule *rules, place *to);

static gb_status new_element(gb_expansion *x, const char *kind, const gb_location *where,
                             size_t attribute_count, place *to, gb_element **out) {
  if (x->elements == GB_XML_MAX_ELEMENTS)
    return gb_fail_at(x->error, GB_ELIMIT, where, "the network has more than %d elements",
                      GB_XML_MAX_ELEMENTS);
  x->elements++;
  gb_element *element = gb_arena_allocate(x->arena, 1, sizeof *element);
  gb_attribute *attributes =
      gb_arena_allocate(x->arena, attribute_count, sizeof *element->attributes);
  if (!element || !attributes)
    return gb_fail_memory(x->error);
  element->kind = kind;
  element->where = gb_expansion_place(x, where);
  element->attributes = attributes;
  *to->last = element;
  to->last = &element->next;
  *out = element;
  return GB_OK;
}

// `name` outlives the network or is in its arena; the value is copied where it is a constant, which
// is the architecture's.
static gb_status add_attribute(gb_expansion *x, gb_element *element, const char *name,
                               const gb_template *value) {
  const char *text;
  GB_TRY(gb_template_fill(&x->evaluator, value, NULL, &text, x->error));
  if (value->constant && !(text = gb_arena_copy(x->arena, text)))
    return gb_fail_memory(x->error);
  element->attributes[element->attribute_count++] =
      (gb_attribute){name, text, gb_expansion_place(x, &value->where)};
  return GB_OK;
}

static gb_status expand_layer(gb_expansion *x, const gb_rule *rule, place *to) {
  if (strcmp(rule->name, "input") == 0)
    rule = x->architecture->input;
  gb_element *element;
  GB_TRY(new_element(x, rule->name, &rule->where, rule->value_count, to, &element));
  for (size_t i = 0; i < rule->value_count; i++)
    GB_TRY(add_attribute(x, element, rule->values[i].name, &rule->values[i].text));
  place inside = {&element->first_child};
  return expand_body(x, rule->first_child, &inside);
}

// Adds to a message which use of the block led there.
static void name_block(gb_error *error, const gb_rule *use) {
  if (!error)
    return;
  size_t length = strlen(error->message);
  snprintf(error->message + length, sizeof error->message - length,
           " (in block '%.60s' used at %.200s:%d:%d)", use->name, use->where.file, use->where.line,
           use->where.column);
}

static gb_status expand_use(gb_expansion *x, const gb_rule *rule, place *to) {
  const gb_block *block = rule->block;
  if (x->blocks == GB_XML_MAX_BLOCKS)
    return gb_fail_at(x->error, GB_ELIMIT, &rule->where, "blocks are nested more than %d deep",
                      GB_XML_MAX_BLOCKS);
  gb_element *element;
  GB_TRY(new_element(x, "sequence", &rule->where, 2, to, &element));
  if (rule->label)
    GB_TRY(add_attribute(x, element, "name", rule->label));
  const char *name = gb_arena_copy(x->arena, block->name);
  if (!name)
    return gb_fail_memory(x->error);
  element->attributes[element->attribute_count++] = (gb_attribute){"block", name, element->where};
  // The values are the caller's expressions; the body sees them and nothing else of the caller.
  gb_evaluator *e = &x->evaluator;
  size_t frame = e->local_count;
  const char **texts = gb_arena_allocate(x->arena, block->param_count, sizeof *texts);
  if (!texts)
    return gb_fail_memory(x->error);
  for (size_t i = 0; i < block->param_count; i++) {
    GB_TRY(gb_template_fill(e, &rule->values[i].text, NULL, &texts[i], x->error));
    // A bare variable's text or a constant: long-lived enough for the evaluator, but an attribute
    // that is exactly this variable would hand it to the network.
    if (!(texts[i] = gb_arena_copy(x->arena, texts[i])))
      return gb_fail_memory(x->error);
  }
  for (size_t i = 0; i < block->param_count; i++)
    GB_TRY(gb_variable_push(e, false, block->params[i].name, texts[i], x->error));
  size_t outer = e->frame;
  e->frame = frame;
  x->blocks++;
  place inside = {&element->first_child};
  gb_status status = expand_body(x, block->body, &inside);
  x->blocks--;
  e->frame = outer;
  e->local_count = frame;
  if (status != GB_OK && status != GB_ENOMEM)
    name_block(x->error, rule);
  return status;
}

static gb_status expand_repeat(gb_expansion *x, const gb_rule *rule, place *to) {
  gb_evaluator *e = &x->evaluator;
  int64_t count, from;
  GB_TRY(gb_template_integer(e, &rule->values[0].text, "count", 0, GB_XML_MAX_REPEAT, &count,
                             x->error));
  GB_TRY(gb_template_integer(e, &rule->values[1].text, "from", -1000000000, 1000000000, &from,
                             x->error));
  size_t locals = e->local_count;
  for (int64_t i = 0; i < count; i++) {
    if (*rule->name) {
      const char *text = gb_arena_print(x->arena, "%lld", (long long)(from + i));
      if (!text)
        return gb_fail_memory(x->error);
      GB_TRY(gb_variable_push(e, false, rule->name, text, x->error));
    }
    GB_TRY(expand_body(x, rule->first_child, to));
    e->local_count = locals;
    // Also where the body is empty.
    if (++x->steps > GB_XML_MAX_STEPS)
      return gb_fail_at(x->error, GB_ELIMIT, &rule->where,
                        "the repeats make more than %d steps together", GB_XML_MAX_STEPS);
  }
  return GB_OK;
}

static gb_status expand_rule(gb_expansion *x, const gb_rule *rule, place *to) {
  gb_evaluator *e = &x->evaluator;
  if (++x->steps > GB_XML_MAX_STEPS)
    return gb_fail_at(x->error, GB_ELIMIT, &rule->where,
                      "expanding the architecture takes more than %d steps", GB_XML_MAX_STEPS);
  if (rule->condition) {
    bool wanted;
    GB_TRY(gb_expression_test(e, rule->condition, &rule->where, &wanted, x->error));
    if (!wanted)
      return GB_OK;
  }
  switch (rule->kind) {
  case GB_RULE_LAYER:
    return expand_layer(x, rule, to);
  case GB_RULE_BLOCK:
    return expand_use(x, rule, to);
  case GB_RULE_REPEAT:
    return expand_repeat(x, rule, to);
  case GB_RULE_LET: {
    const char *text;
    GB_TRY(gb_template_fill(e, &rule->values[0].text, NULL, &text, x->error));
    if (!(text = gb_arena_copy(x->arena, text)))
      return gb_fail_memory(x->error);
    bool global = x->at_top;
    return gb_variable_push(e, global, rule->name, text, x->error);
  }
  }
  return gb_fail(x->error, GB_EINTERNAL, "unknown kind of rule");
}

static gb_status expand_body(gb_expansion *x, const gb_rule *rules, place *to) {
  size_t locals = x->evaluator.local_count;
  bool top = x->at_top;
  for (const gb_rule *rule = rules; rule; rule = rule->next) {
    x->at_top = top && rule->kind == GB_RULE_LET;
    GB_TRY(expand_rule(x, rule, to));
    x->at_top = top;
  }
  x->evaluator.local_count = locals;
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// The whole

static gb_status expand_all(gb_expansion *x, const gb_setting *settings, size_t setting_count) {
  GB_TRY(bind_all(x, settings, setting_count));
  place nowhere = {NULL};
  x->at_top = true;
  GB_TRY(expand_body(x, x->architecture->lets, &nowhere));
  gb_element *root = NULL;
  place top = {&root};
  GB_TRY(new_element(x, "network", &x->architecture->where, 1, &top, &root));
  root->attributes[root->attribute_count++] = (gb_attribute){"name", x->network->name, root->where};
  x->network->root = root;
  place inside = {&root->first_child};
  x->at_top = true;
  return expand_body(x, x->architecture->body, &inside);
}

// Rules from outside are compiled for this expansion only.
static gb_status substitute_given(gb_expansion *x, const gb_substitution *given) {
  gb_report report = {.error = x->error};
  gb_compiler compiler;
  gb_status status = GB_OK;
  gb_evaluator *e = &x->evaluator;
  for (size_t i = 0; i < given->variable_count && status == GB_OK; i++)
    status =
        gb_variable_push(e, false, given->variables[i].name, given->variables[i].value, x->error);
  if (status == GB_OK && gb_compiler_start(&compiler, x->arena, &report)) {
    const gb_rewrite *rewrite = gb_compile_rewrite(&compiler, given, NULL);
    if (rewrite)
      report.status = gb_substitute(x, rewrite);
    gb_expressions_free(compiler.expressions);
    gb_compiler_end(&compiler);
  }
  e->local_count = 0;
  return status == GB_OK ? report.status : status;
}

static gb_status expand(gb_expansion *x, const gb_setting *settings, size_t setting_count,
                        const gb_substitution *substitutions, size_t substitution_count,
                        bool keep_xml) {
  x->network->name = gb_arena_copy(x->arena, x->architecture->name);
  if (!x->network->name)
    return gb_fail_memory(x->error);
  GB_TRY(gb_evaluator_start(&x->evaluator, x->arena, x->error));
  GB_TRY(expand_all(x, settings, setting_count));
  for (const gb_rewrite *r = x->architecture->rewrites; r; r = r->next)
    GB_TRY(gb_substitute(x, r));
  for (size_t i = 0; i < substitution_count; i++)
    GB_TRY(substitute_given(x, &substitutions[i]));
  if (!keep_xml)
    return GB_OK;
  if (!x->mirror)
    GB_TRY(gb_mirror_make(x->network->root, &x->mirror, x->error));
  return gb_mirror_print(x->mirror, x->arena, &x->network->xml, x->error);
}

gb_status gb_architecture_expand(const gb_architecture *architecture, const gb_setting *settings,
                                 size_t setting_count, const gb_substitution *substitutions,
                                 size_t substitution_count, bool keep_xml, gb_network **network,
                                 gb_error *error) {
  *network = NULL;
  gb_arena *arena = gb_arena_new(NULL);
  gb_network *made = arena ? gb_arena_allocate(arena, 1, sizeof *made) : NULL;
  if (!made) {
    gb_arena_free(arena);
    return gb_fail_memory(error);
  }
  made->arena = arena;
  gb_expansion x = {.architecture = architecture, .network = made, .arena = arena, .error = error};
  gb_quiet before = gb_quiet_begin();
  gb_status status =
      expand(&x, settings, setting_count, substitutions, substitution_count, keep_xml);
  gb_evaluator_end(&x.evaluator);
  if (x.mirror)
    xmlFreeDoc(x.mirror);
  gb_quiet_end(before);
  if (status == GB_OK)
    *network = made;
  else
    gb_network_free(made);
  return status;
}

void gb_network_free(gb_network *network) {
  if (network)
    gb_arena_free(network->arena);
}
