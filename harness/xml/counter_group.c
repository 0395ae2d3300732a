// Reads a group of counters: events, and metrics that are formulas of them.
#include "harness/xml/xml_internal.h"

#include <math.h>
#include <string.h>

const char *const gb_fact_names[] = {"macs", "executed", "bytes", "lanes", NULL};
const char *const gb_fact_texts[] = {
    "multiply-accumulates of the layers as written", "multiply-accumulates that the engine does",
    "bytes of inputs, weights and outputs", "floats in a vector", NULL};

struct gb_counter_group_code {
  const gb_expression *formulas[GB_MAX_GROUP_METRICS];
  gb_expression *expressions;
  gb_evaluator evaluator;
};

typedef struct loader {
  gb_counter_group *group;
  gb_arena *arena;
  gb_report *report;
  gb_compiler compiler;
  gb_scope scopes[GB_FACT_COUNT + GB_MAX_GROUP_EVENTS + GB_MAX_GROUP_METRICS];
  size_t scope_count;
} loader;

static void no_memory(loader *l) {
  gb_report_add(l->report, GB_ENOMEM, NULL, "out of memory");
}

static const gb_scope *scope_of(const loader *l) {
  return &l->scopes[l->scope_count - 1];
}

static void add_scope(loader *l, const char *name) {
  l->scopes[l->scope_count] =
      (gb_scope){name, l->scope_count ? &l->scopes[l->scope_count - 1] : NULL};
  l->scope_count++;
}

static const gb_location *place_of(const gb_tree *tree, const char *attribute) {
  const gb_attribute *found = gb_tree_find(tree, attribute);
  return found ? &found->where : &tree->where;
}

// The name of an event or metric, which must be new; NULL after a fault.
static const char *read_name(loader *l, const gb_tree *tree) {
  const char *name = gb_need(tree, l->report, "name");
  if (!name)
    return NULL;
  if (!gb_is_name(name)) {
    gb_report_add(l->report, GB_EINPUT, place_of(tree, "name"),
                  "name=\"%.60s\" is no name: letters, digits, '.', '_' and '-', a letter first",
                  name);
    return NULL;
  }
  for (size_t i = 0; i < l->scope_count; i++)
    if (strcmp(l->scopes[i].name, name) == 0) {
      gb_report_add(l->report, GB_EINPUT, place_of(tree, "name"), "a second $%s%s", name,
                    i < GB_FACT_COUNT ? ": the harness gives this one" : "");
      return NULL;
    }
  return name;
}

static const char EVENT_LETTERS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_:.=@-";

// "NAME" or "NAME*FACTOR".
static bool read_source(loader *l, const gb_tree *tree, char *word, gb_group_source *source) {
  *source = (gb_group_source){.name = word, .scale = 1};
  char *star = strchr(word, '*');
  if (star && (!gb_parse_real(star + 1, &source->scale) || !(source->scale > 0))) {
    gb_report_add(l->report, GB_EINPUT, place_of(tree, "from"),
                  "'%.60s': behind '*' stands the worth of one, a number above 0", word);
    return false;
  }
  if (star)
    *star = '\0';
  size_t n = strlen(word);
  if (n == 0 || n > 120 || strspn(word, EVENT_LETTERS) < n) {
    gb_report_add(l->report, GB_EINPUT, place_of(tree, "from"),
                  "'%.60s' is no name of an event: letters, digits and _ : . = @ -, at most 120",
                  word);
    return false;
  }
  return true;
}

// Blank-separated sources of one event.
static bool read_from(loader *l, const gb_tree *tree, gb_group_event *event) {
  const char *from = gb_need(tree, l->report, "from");
  size_t capacity = 0;
  for (const char *p = from ? from + strspn(from, " \t\r\n") : ""; *p; p += strspn(p, " \t\r\n")) {
    size_t n = strcspn(p, " \t\r\n");
    gb_group_source *grown =
        gb_arena_grow(l->arena, event->from, event->from_count, &capacity, sizeof *grown);
    char *word = gb_arena_copy_n(l->arena, p, n);
    if (!grown || !word) {
      no_memory(l);
      return false;
    }
    event->from = grown;
    if (!read_source(l, tree, word, &grown[event->from_count]))
      return false;
    event->from_count++;
    p += n;
  }
  if (from && event->from_count == 0)
    gb_report_add(l->report, GB_EINPUT, place_of(tree, "from"), "from=\"\" names no event");
  return event->from_count > 0;
}

static void read_bound(loader *l, const gb_tree *tree, const char *name, double *value) {
  const gb_attribute *a = gb_tree_find(tree, name);
  if (!a)
    gb_report_add(l->report, GB_EINPUT, &tree->where,
                  "work=\"%.60s\" needs '%s': events a unit of work", gb_tree_get(tree, "work", ""),
                  name);
  else if (!gb_parse_real(a->value, value) || *value < 0)
    gb_report_add(l->report, GB_EINPUT, &a->where, "%s=\"%.60s\" is not a number from 0 on", name,
                  a->value);
}

static void read_work(loader *l, const gb_tree *tree, gb_group_event *event) {
  event->work = gb_tree_get(tree, "work", "");
  if (gb_tree_find(tree, "work")) {
    read_bound(l, tree, "least", &event->least);
    read_bound(l, tree, "most", &event->most);
    if (event->most < event->least)
      gb_report_add(l->report, GB_EINPUT, place_of(tree, "most"),
                    "most=\"%.15g\" is below least=\"%.15g\"", event->most, event->least);
    return;
  }
  static const char *const bounds[] = {"least", "most"};
  for (int i = 0; i < 2; i++)
    if (gb_tree_find(tree, bounds[i]))
      gb_report_add(l->report, GB_EINPUT, place_of(tree, bounds[i]),
                    "'%s' means nothing without 'work'", bounds[i]);
}

static void read_event(loader *l, const gb_tree *tree) {
  static const char *const known[] = {"name", "from",  "title", "unit", "help",
                                      "work", "least", "most",  NULL};
  gb_check_tree(tree, l->report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  gb_counter_group *g = l->group;
  if (g->event_count == GB_MAX_GROUP_EVENTS) {
    gb_report_add(l->report, GB_ELIMIT, &tree->where, "more than %d events", GB_MAX_GROUP_EVENTS);
    return;
  }
  gb_group_event event = {.where = tree->where, .name = read_name(l, tree)};
  bool named = read_from(l, tree, &event);
  read_work(l, tree, &event);
  if (!event.name || !named)
    return;
  event.title = gb_tree_get(tree, "title", event.name);
  event.unit = gb_tree_get(tree, "unit", "");
  event.help = gb_tree_get(tree, "help", "");
  g->events[g->event_count++] = event;
  add_scope(l, event.name);
}

static void read_metric(loader *l, const gb_tree *tree) {
  static const char *const known[] = {"name", "formula", "title", "unit", "help", NULL};
  gb_check_tree(tree, l->report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  gb_counter_group *g = l->group;
  if (g->metric_count == GB_MAX_GROUP_METRICS) {
    gb_report_add(l->report, GB_ELIMIT, &tree->where, "more than %d metrics", GB_MAX_GROUP_METRICS);
    return;
  }
  gb_group_metric metric = {.where = tree->where, .name = read_name(l, tree)};
  metric.formula = gb_need(tree, l->report, "formula");
  if (!metric.formula)
    return;
  const gb_expression *code = gb_compile_expression(
      &l->compiler, metric.formula, strlen(metric.formula), place_of(tree, "formula"), scope_of(l));
  if (!metric.name || !code)
    return;
  metric.title = gb_tree_get(tree, "title", metric.name);
  metric.unit = gb_tree_get(tree, "unit", "");
  metric.help = gb_tree_get(tree, "help", "");
  g->code->formulas[g->metric_count] = code;
  g->metrics[g->metric_count++] = metric;
  add_scope(l, metric.name);
}

static void read_child(loader *l, const gb_tree *tree) {
  static const char *const none[] = {NULL};
  if (strcmp(tree->name, "event") == 0) {
    read_event(l, tree);
  } else if (strcmp(tree->name, "metric") == 0) {
    read_metric(l, tree);
  } else if (strcmp(tree->name, "about") == 0) {
    gb_check_tree(tree, l->report, none, GB_NO_CHILDREN);
    l->group->about = gb_tidy(l->arena, tree->text);
  } else {
    gb_suggestion suggestion = {.name = tree->name};
    gb_suggest(&suggestion, "about");
    gb_suggest(&suggestion, "event");
    gb_suggest(&suggestion, "metric");
    gb_report_add(l->report, GB_EINPUT, &tree->where,
                  "unknown element <%.60s>: one of about, event, metric%s%s%s", tree->name,
                  suggestion.best ? "; did you mean <" : "", suggestion.best ? suggestion.best : "",
                  suggestion.best ? ">?" : "");
  }
}

static void read_group(loader *l, const gb_tree *root) {
  static const char *const known[] = {"name", "title", NULL};
  gb_counter_group *g = l->group;
  if (strcmp(root->name, "counters") != 0) {
    gb_report_add(l->report, GB_EINPUT, &root->where,
                  "the root is <%.60s>; that of a group of counters is <counters>", root->name);
    return;
  }
  gb_check_tree(root, l->report, known, GB_NO_TEXT);
  g->name = read_name(l, root);
  g->title = gb_tree_get(root, "title", "");
  g->about = "";
  for (size_t i = 0; i < GB_FACT_COUNT; i++)
    add_scope(l, gb_fact_names[i]);
  for (const gb_tree *child = root->first_child; child; child = child->next)
    read_child(l, child);
  if (g->event_count == 0 && l->report->status == GB_OK)
    gb_report_add(l->report, GB_EINPUT, &root->where, "the group has no <event>");
}

static void load(loader *l, const char *bytes, size_t size, const char *path) {
  gb_error error = {0};
  gb_tree *root;
  size_t budget = GB_XML_MAX_BYTES;
  gb_status status = bytes ? gb_document_parse(bytes, size, path, l->arena, &root, &error)
                           : gb_document_read(path, &budget, l->arena, &root, &error);
  if (status == GB_OK)
    status = gb_evaluator_start(&l->group->code->evaluator, l->arena, &error);
  if (status != GB_OK) {
    gb_report_add(l->report, status, NULL, "%s", error.message);
    return;
  }
  if (gb_compiler_start(&l->compiler, l->arena, l->report))
    read_group(l, root);
  l->group->code->expressions = l->compiler.expressions;
  gb_compiler_end(&l->compiler);
}

void gb_counter_group_make(const char *bytes, size_t size, const char *path, gb_report *report,
                           gb_counter_group **out) {
  *out = NULL;
  gb_arena *arena = gb_arena_new(NULL);
  gb_counter_group *group = arena ? gb_arena_allocate(arena, 1, sizeof *group) : NULL;
  loader *l = arena ? gb_arena_allocate(arena, 1, sizeof *l) : NULL;
  if (group) {
    group->code = gb_arena_allocate(arena, 1, sizeof *group->code);
    group->events = gb_arena_allocate(arena, GB_MAX_GROUP_EVENTS, sizeof *group->events);
    group->metrics = gb_arena_allocate(arena, GB_MAX_GROUP_METRICS, sizeof *group->metrics);
  }
  if (!group || !l || !group->code || !group->events || !group->metrics) {
    gb_arena_free(arena);
    gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
    return;
  }
  group->arena = arena;
  *l = (loader){.group = group, .arena = arena, .report = report};
  gb_quiet before = gb_quiet_begin();
  load(l, bytes, size, path);
  gb_quiet_end(before);
  if (report->status != GB_OK)
    gb_counter_group_free(group);
  else
    *out = group;
}

gb_status gb_counter_group_parse(const char *bytes, size_t size, const char *path,
                                 gb_counter_group **out, gb_error *error) {
  gb_report report = {.error = error};
  gb_counter_group_make(bytes ? bytes : "", bytes ? size : 0, path, &report, out);
  return report.status;
}

gb_status gb_counter_group_open(const char *path, gb_counter_group **out, gb_error *error) {
  gb_report report = {.error = error};
  gb_counter_group_make(NULL, 0, path, &report, out);
  return report.status;
}

void gb_counter_group_free(gb_counter_group *group) {
  if (!group)
    return;
  gb_expressions_free(group->code->expressions);
  gb_evaluator_end(&group->code->evaluator);
  gb_arena_free(group->arena);
}

// ---------------------------------------------------------------------------------------------

typedef struct needs {
  const gb_evaluator *evaluator;
  bool missing;
} needs;

static bool look_for(void *context, const char *name) {
  needs *n = context;
  const gb_variable *variable = gb_variable_find(n->evaluator, name);
  n->missing |= !variable || isnan(variable->number);
  return !n->missing;
}

static gb_status push(gb_evaluator *evaluator, const char *name, double value, gb_error *error) {
  GB_TRY(gb_variable_push(evaluator, true, name, "", error));
  gb_variable *variable = &evaluator->globals[evaluator->global_count - 1];
  variable->number = value;
  variable->is_number = true;
  return GB_OK;
}

gb_status gb_counter_group_evaluate(const gb_counter_group *group, const double *events,
                                    const double *facts, double *metrics, gb_error *error) {
  gb_evaluator *evaluator = &group->code->evaluator;
  evaluator->global_count = 0;
  evaluator->context->opCount = 0;
  for (size_t i = 0; i < GB_FACT_COUNT; i++)
    GB_TRY(push(evaluator, gb_fact_names[i], facts[i], error));
  for (size_t i = 0; i < group->event_count; i++)
    GB_TRY(push(evaluator, group->events[i].name, events[i], error));
  for (size_t i = 0; i < group->metric_count; i++) {
    const gb_group_metric *metric = &group->metrics[i];
    needs n = {.evaluator = evaluator};
    gb_expression_variables(metric->formula, look_for, &n);
    metrics[i] = (double)NAN;
    if (!n.missing)
      GB_TRY(gb_expression_number(evaluator, group->code->formulas[i], &metric->where, &metrics[i],
                                  error));
    if (!isfinite(metrics[i]))
      metrics[i] = (double)NAN;
    GB_TRY(push(evaluator, metric->name, metrics[i], error));
  }
  return GB_OK;
}
