// Reads an experiment: its models become cells, the rest becomes plain structs.
#include "harness/xml/experiment_internal.h"

#include <string.h>

const char *const gb_measure_names[] = {"params",  "params_total", "macs",      "macs_full",
                                        "flops",   "activations",  "bytes",     "latency",
                                        "profile", "counters",     "structure", NULL};

static void no_memory(gb_loader *l) {
  gb_report_add(l->report, GB_ENOMEM, NULL, "out of memory");
}

bool gb_check_word(gb_report *report, const gb_location *where, const char *what, const char *word,
                   const char *const *list) {
  gb_suggestion suggestion = {.name = word};
  gb_text known = {0};
  for (size_t i = 0; list[i]; i++) {
    if (strcmp(list[i], word) == 0) {
      gb_text_free(&known);
      return true;
    }
    gb_suggest(&suggestion, list[i]);
    gb_text_print(&known, "%s%s", i ? ", " : "", list[i]);
  }
  gb_report_add(report, GB_EINPUT, where, "unknown %s '%.60s': one of %s%s%s%s", what, word,
                gb_text_get(&known), suggestion.best ? "; did you mean '" : "",
                suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
  gb_text_free(&known);
  return false;
}

const char *gb_read_name(gb_loader *l, const gb_tree *tree, const char *attribute,
                         const char *fallback) {
  const gb_attribute *a = gb_tree_find(tree, attribute);
  if (!a && fallback)
    return fallback;
  const char *value = gb_need(tree, l->report, attribute);
  if (value && gb_is_name(value))
    return value;
  if (value)
    gb_report_add(l->report, GB_EINPUT, &a->where,
                  "%s=\"%.60s\" is no name: letters, digits, '.', '_' and '-', a letter first",
                  attribute, value);
  return "";
}

const char *gb_tidy(gb_arena *arena, const char *text) {
  char *copy = gb_arena_copy(arena, text);
  if (!copy)
    return "";
  char *to = copy;
  for (const char *from = copy; *from;) {
    size_t blanks = strspn(from, " \t\r\n");
    from += blanks;
    if (blanks && to > copy && *from)
      *to++ = ' ';
    size_t n = strcspn(from, " \t\r\n");
    memmove(to, from, n);
    to += n;
    from += n;
  }
  *to = '\0';
  return copy;
}

static void read_measure(gb_loader *l, const gb_tree *tree, size_t *capacity) {
  static const char *const known[] = {NULL};
  gb_check_tree(tree, l->report, known, GB_NO_CHILDREN);
  gb_experiment *e = l->experiment;
  const char *p = tree->text;
  for (p += strspn(p, " \t\r\n"); *p; p += strspn(p, " \t\r\n")) {
    size_t n = strcspn(p, " \t\r\n");
    const char *word = gb_arena_copy_n(l->arena, p, n);
    const char **grown =
        gb_arena_grow(l->arena, e->measures, e->measure_count, capacity, sizeof *grown);
    if (!word || !grown) {
      no_memory(l);
      return;
    }
    e->measures = grown;
    if (gb_check_word(l->report, &tree->where, "measure", word, gb_measure_names))
      grown[e->measure_count++] = word;
    p += n;
  }
}

static void read_known(gb_loader *l, const gb_tree *tree, size_t *capacity) {
  static const char *const known[] = {"row", "column", NULL};
  gb_check_tree(tree, l->report, known, GB_NO_CHILDREN);
  gb_experiment *e = l->experiment;
  gb_known *grown = gb_arena_grow(l->arena, e->known, e->known_count, capacity, sizeof *grown);
  if (!grown) {
    no_memory(l);
    return;
  }
  e->known = grown;
  gb_known *k = &grown[e->known_count];
  *k = (gb_known){.row = gb_need(tree, l->report, "row"),
                  .column = gb_need(tree, l->report, "column"),
                  .reason = gb_tidy(l->arena, tree->text),
                  .where = tree->where};
  if (!*k->reason)
    gb_report_add(l->report, GB_EINPUT, &tree->where, "<known> gives no reason");
  if (k->row && k->column)
    e->known_count++;
}

static void read_include(gb_loader *l, const gb_tree *tree, size_t *capacity) {
  static const char *const known[] = {"experiment", NULL};
  gb_check_tree(tree, l->report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  gb_experiment *e = l->experiment;
  const char *name = gb_read_name(l, tree, "experiment", NULL);
  const char **grown =
      gb_arena_grow(l->arena, e->includes, e->include_count, capacity, sizeof *grown);
  if (!grown) {
    no_memory(l);
    return;
  }
  e->includes = grown;
  grown[e->include_count++] = name;
  if (strcmp(name, e->name) == 0)
    gb_report_add(l->report, GB_EINPUT, &tree->where, "the experiment includes itself");
}

static const char *const ELEMENTS[] = {"question", "include", "sweep", "set",       "model",
                                       "measure",  "known",   "plot",  "reproduce", NULL};

static void read_element(gb_loader *l, const gb_tree *tree, size_t capacities[4]) {
  static const char *const none[] = {NULL};
  static const char *const published[] = {"published", NULL};
  gb_experiment *e = l->experiment;
  if (strcmp(tree->name, "question") == 0) {
    gb_check_tree(tree, l->report, none, GB_NO_CHILDREN);
    e->question = gb_tidy(l->arena, tree->text);
  } else if (strcmp(tree->name, "sweep") == 0 || strcmp(tree->name, "set") == 0) {
    gb_axis_read(l, tree, &l->common);
  } else if (strcmp(tree->name, "measure") == 0) {
    read_measure(l, tree, &capacities[0]);
  } else if (strcmp(tree->name, "known") == 0) {
    read_known(l, tree, &capacities[1]);
  } else if (strcmp(tree->name, "plot") == 0) {
    gb_plot_read(l, tree, &capacities[2]);
  } else if (strcmp(tree->name, "include") == 0) {
    read_include(l, tree, &capacities[3]);
  } else if (strcmp(tree->name, "reproduce") == 0) {
    gb_check_tree(tree, l->report, published, GB_NO_TEXT | GB_NO_CHILDREN);
    e->published = gb_read_name(l, tree, "published", NULL);
  } else if (strcmp(tree->name, "model") != 0) {
    gb_check_word(l->report, &tree->where, "element", tree->name, ELEMENTS);
  }
}

static void check_overrides(gb_loader *l) {
  for (size_t i = 0; i < l->override_count && l->models; i++) {
    if (l->override_used[i])
      continue;
    gb_suggestion suggestion = {.name = l->overrides[i].name};
    for (const gb_opened *o = l->opened; o; o = o->next)
      for (size_t k = 0; o->architecture && k < o->architecture->settable_count; k++)
        gb_suggest(&suggestion, o->architecture->settable[k].name);
    gb_report_add(l->report, GB_EUSAGE, NULL,
                  "--set %.60s: no model of experiment '%s' has this parameter%s%s%s",
                  l->overrides[i].name, l->experiment->name,
                  suggestion.best ? "; did you mean '" : "", suggestion.best ? suggestion.best : "",
                  suggestion.best ? "'?" : "");
  }
}

// A sweep of the whole experiment that changes nothing.
static void check_common(gb_loader *l) {
  for (size_t i = 0; i < l->common.count && l->models && l->report->status == GB_OK; i++) {
    const gb_axis *axis = &l->common.list[i];
    if (axis->used)
      continue;
    if (gb_is_timing(axis->name))
      gb_report_add(l->report, GB_EINPUT, &axis->where, GB_NOT_TIMED, axis->name);
    else
      gb_report_add(l->report, GB_EINPUT, &axis->where, "no model has a parameter '%s'",
                    axis->name);
  }
}

static void read_experiment(gb_loader *l, const gb_tree *root) {
  static const char *const known[] = {"name", "title", "convention", NULL};
  static const char *const fallback[] = {"params", "macs"};
  gb_experiment *e = l->experiment;
  if (strcmp(root->name, "experiment") != 0) {
    gb_report_add(l->report, GB_EINPUT, &root->where,
                  "the root is <%.60s>; an experiment file's is <experiment>", root->name);
    return;
  }
  gb_check_tree(root, l->report, known, GB_NO_TEXT);
  e->name = gb_read_name(l, root, "name", NULL);
  e->title = gb_tree_get(root, "title", "");
  e->question = e->published = "";
  e->convention = gb_tree_get(root, "convention", "paper");
  if (gb_tree_find(root, "convention"))
    gb_check_word(l->report, &gb_tree_find(root, "convention")->where, "convention", e->convention,
                  gb_convention_names);
  size_t capacities[4] = {0};
  for (const gb_tree *child = root->first_child; child; child = child->next)
    read_element(l, child, capacities);
  // Models come last, as the sweeps of the whole experiment may stand behind them.
  for (const gb_tree *child = root->first_child; child; child = child->next)
    if (strcmp(child->name, "model") == 0)
      gb_model_expand(l, child);
  if (!l->models && !e->include_count)
    gb_report_add(l->report, GB_EINPUT, &root->where,
                  "the experiment has neither a <model> nor an <include>");
  check_overrides(l);
  check_common(l);
  if (e->measure_count == 0) {
    e->measures = gb_arena_allocate(l->arena, 2, sizeof *e->measures);
    if (!e->measures) {
      no_memory(l);
      return;
    }
    for (; e->measure_count < 2; e->measure_count++)
      e->measures[e->measure_count] = fallback[e->measure_count];
  }
  gb_plots_check(l);
}

static void load(gb_loader *l, const char *bytes, size_t size, const char *path) {
  gb_error error = {0};
  gb_tree *root;
  size_t budget = GB_XML_MAX_BYTES;
  gb_status status = bytes ? gb_document_parse(bytes, size, path, l->arena, &root, &error)
                           : gb_document_read(path, &budget, l->arena, &root, &error);
  if (status == GB_OK)
    status = gb_evaluator_start(&l->evaluator, l->arena, &error);
  if (status != GB_OK) {
    gb_report_add(l->report, status, NULL, "%s", error.message);
    return;
  }
  if (gb_compiler_start(&l->compiler, l->arena, l->report))
    read_experiment(l, root);
  gb_expressions_free(l->compiler.expressions);
  gb_compiler_end(&l->compiler);
  gb_evaluator_end(&l->evaluator);
  for (gb_opened *o = l->opened; o; o = o->next)
    gb_architecture_free(o->architecture);
}

void gb_experiment_make(const char *bytes, size_t size, const char *path, const gb_places *places,
                        const gb_setting *overrides, size_t override_count, gb_report *report,
                        gb_experiment **out) {
  *out = NULL;
  gb_arena *arena = gb_arena_new(NULL);
  gb_experiment *experiment = arena ? gb_arena_allocate(arena, 1, sizeof *experiment) : NULL;
  bool *used = arena ? gb_arena_allocate(arena, override_count, sizeof *used) : NULL;
  if (!experiment || !used) {
    gb_arena_free(arena);
    gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
    return;
  }
  experiment->arena = arena;
  gb_loader loader = {.experiment = experiment,
                      .arena = arena,
                      .places = places,
                      .overrides = overrides,
                      .override_count = override_count,
                      .override_used = used,
                      .report = report};
  gb_quiet before = gb_quiet_begin();
  load(&loader, bytes, size, path);
  gb_quiet_end(before);
  if (report->status != GB_OK)
    gb_experiment_free(experiment);
  else
    *out = experiment;
}

gb_status gb_experiment_parse(const char *bytes, size_t size, const char *path,
                              const gb_places *places, const gb_setting *overrides,
                              size_t override_count, gb_experiment **out, gb_error *error) {
  gb_report report = {.error = error};
  gb_experiment_make(bytes ? bytes : "", bytes ? size : 0, path, places, overrides, override_count,
                     &report, out);
  return report.status;
}

gb_status gb_experiment_open(const char *path, const gb_places *places, const gb_setting *overrides,
                             size_t override_count, gb_experiment **out, gb_error *error) {
  gb_report report = {.error = error};
  gb_experiment_make(NULL, 0, path, places, overrides, override_count, &report, out);
  return report.status;
}

void gb_experiment_free(gb_experiment *experiment) {
  if (experiment)
    gb_arena_free(experiment->arena);
}
