// The plots of an experiment: what each kind may draw, and that it is measured.
#include "harness/xml/experiment_internal.h"

#include <string.h>

// What stands for an axis that is not given, and what is allowed there; NULL: anything.
typedef struct plot_kind {
  const char *name;
  const char *x, *y;
  const char *const *xs, *const *ys;
} plot_kind;

static const char *const MODEL[] = {"model", NULL};
static const char *const STACKED[] = {"macs", "params", "time", "time_share", NULL};
static const char *const SAMPLES[] = {"latency", "latency_relative", NULL};
static const char *const RATIOS[] = {"latency", "onnxruntime", NULL};
static const char *const INTENSITY[] = {"intensity", NULL};
static const char *const RATE[] = {"rate", NULL};

static const plot_kind kinds[] = {{"line", NULL, NULL, NULL, NULL},
                                  {"scatter", NULL, NULL, NULL, NULL},
                                  {"bars", "model", NULL, MODEL, NULL},
                                  {"stacked-bars", "model", NULL, MODEL, STACKED},
                                  {"pareto", NULL, NULL, NULL, NULL},
                                  {"roofline", "intensity", "rate", INTENSITY, RATE},
                                  {"distribution", NULL, "model", SAMPLES, MODEL},
                                  {"ratios", NULL, "model", RATIOS, MODEL}};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *const gb_plot_kinds[] = {"line",         "scatter", "bars",
                                     "stacked-bars", "pareto",  "roofline",
                                     "distribution", "ratios",  NULL};
_Static_assert(sizeof gb_plot_kinds / sizeof *gb_plot_kinds == KINDS + 1, "kinds as in the table");

static const char *const FITS[] = {"linear", NULL};
const char *const gb_plot_theories[] = {"macs", "s", NULL};

// The attribute, or what stands for it where the kind has that.
static const char *read_axis(gb_loader *l, const gb_tree *tree, const char *name,
                             const char *fallback, const char *const *allowed) {
  const gb_attribute *a = gb_tree_find(tree, name);
  if (!a && fallback)
    return fallback;
  const char *value = gb_need(tree, l->report, name);
  if (value && allowed)
    gb_check_word(l->report, &a->where, name, value, allowed);
  return value;
}

static void read_log(gb_loader *l, const gb_tree *tree, gb_plot *plot) {
  const gb_attribute *log = gb_tree_find(tree, "log");
  if (!log)
    return;
  plot->log_x = strchr(log->value, 'x') != NULL;
  plot->log_y = strchr(log->value, 'y') != NULL;
  if (log->value[strspn(log->value, "xy ,")])
    gb_report_add(l->report, GB_EINPUT, &log->where, "log=\"%.40s\" is not x, y or x y",
                  log->value);
}

// Words of a list, separated by blanks.
static void check_words(gb_loader *l, const gb_tree *tree, const char *attribute,
                        const char *const *allowed) {
  const gb_attribute *a = gb_tree_find(tree, attribute);
  for (const char *p = a ? a->value + strspn(a->value, " ") : ""; *p; p += strspn(p, " ")) {
    size_t n = strcspn(p, " ");
    const char *word = gb_arena_copy_n(l->arena, p, n);
    gb_check_word(l->report, &a->where, attribute, word ? word : "", allowed);
    p += n;
  }
}

static void read_name(gb_loader *l, const gb_tree *tree, gb_plot *plot) {
  gb_experiment *e = l->experiment;
  const char *fallback = gb_arena_print(l->arena, "%s-%zu", plot->kind, e->plot_count + 1);
  plot->name = gb_read_name(l, tree, "name", fallback ? fallback : "plot");
  for (size_t i = 0; i < e->plot_count; i++)
    if (*plot->name && strcmp(e->plots[i].name, plot->name) == 0)
      gb_report_add(l->report, GB_EINPUT, &tree->where, "a second plot called '%.60s'", plot->name);
}

void gb_plot_read(gb_loader *l, const gb_tree *tree, size_t *capacity) {
  static const char *const known[] = {"name",   "kind", "title",     "caption", "x",   "y", "only",
                                      "series", "fit",  "published", "theory",  "log", NULL};
  gb_check_tree(tree, l->report, known, GB_NO_TEXT | GB_NO_CHILDREN);
  gb_experiment *e = l->experiment;
  gb_plot *grown = gb_arena_grow(l->arena, e->plots, e->plot_count, capacity, sizeof *grown);
  if (!grown) {
    gb_report_add(l->report, GB_ENOMEM, NULL, "out of memory");
    return;
  }
  e->plots = grown;
  gb_plot *plot = &grown[e->plot_count];
  *plot = (gb_plot){.where = tree->where};
  plot->kind = gb_need(tree, l->report, "kind");
  if (plot->kind && !gb_check_word(l->report, &gb_tree_find(tree, "kind")->where, "kind of plot",
                                   plot->kind, gb_plot_kinds))
    plot->kind = NULL;
  const plot_kind *kind = &kinds[0];
  for (size_t i = 0; plot->kind && i < KINDS; i++)
    if (strcmp(kinds[i].name, plot->kind) == 0)
      kind = &kinds[i];
  plot->x = read_axis(l, tree, "x", kind->x, kind->xs);
  plot->y = read_axis(l, tree, "y", kind->y, kind->ys);
  plot->title = gb_tree_get(tree, "title", "");
  plot->caption = gb_tidy(l->arena, gb_tree_get(tree, "caption", ""));
  plot->only = gb_tree_get(tree, "only", "");
  plot->series = gb_tree_get(tree, "series", "");
  plot->fit = gb_tree_get(tree, "fit", "");
  plot->theory = gb_tree_get(tree, "theory", "");
  if (*plot->fit)
    gb_check_word(l->report, &gb_tree_find(tree, "fit")->where, "fit", plot->fit, FITS);
  check_words(l, tree, "theory", gb_plot_theories);
  plot->published = gb_read_name(l, tree, "published", "");
  read_log(l, tree, plot);
  if (!plot->kind || !plot->x || !plot->y)
    return;
  read_name(l, tree, plot);
  e->plot_count++;
}

// ---------------------------------------------------------------------------------------------

static bool measures(const gb_experiment *e, const char *measure) {
  for (size_t i = 0; i < e->measure_count; i++)
    if (strcmp(e->measures[i], measure) == 0)
      return true;
  return false;
}

static bool is_one_of(const char *name, const char *const *list) {
  for (; *list; list++)
    if (strcmp(*list, name) == 0)
      return true;
  return false;
}

// What has to be measured for an axis of this name; NULL: nothing beyond counting. A parameter of
// an architecture may be called "time" or "rate" where these mean nothing else.
static const char *needed_for(const gb_plot *plot, const char *axis) {
  static const char *const latency[] = {"latency", "latency_relative", "speedup", NULL};
  static const char *const profile[] = {"time", "time_share", NULL};
  bool steps = strcmp(plot->kind, "roofline") == 0 ||
               (strcmp(plot->kind, "stacked-bars") == 0 && is_one_of(axis, profile));
  return steps ? "profile" : is_one_of(axis, latency) ? "latency" : NULL;
}

static void check_axis(gb_loader *l, const gb_plot *plot, const char *name, const char *axis) {
  const char *needed = needed_for(plot, axis);
  if (needed && !measures(l->experiment, needed) && l->experiment->cell_count)
    gb_report_add(l->report, GB_EINPUT, &plot->where,
                  "%s=\"%s\" of the plot needs <measure>%s</measure>", name, axis, needed);
}

void gb_plots_check(gb_loader *l) {
  const gb_experiment *e = l->experiment;
  for (size_t i = 0; i < e->plot_count; i++) {
    const gb_plot *plot = &e->plots[i];
    // A published table may have latencies of its own, and a chart of these alone.
    check_axis(l, plot, "x", plot->x);
    check_axis(l, plot, "y", plot->y);
    if (*plot->fit && strcmp(plot->kind, "scatter") != 0)
      gb_report_add(l->report, GB_EINPUT, &plot->where, "fit=\"%s\" is for plots of kind scatter",
                    plot->fit);
    if (*plot->theory && strcmp(plot->y, "speedup") != 0)
      gb_report_add(l->report, GB_EINPUT, &plot->where,
                    "theory=\"%.40s\" is for plots of y=\"speedup\"", plot->theory);
  }
}
