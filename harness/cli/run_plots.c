// The plots of an experiment: which number of which cell stands where.
#include "harness/cli/run.h"
#include "harness/report/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct drawing {
  gb_run *run;
  const gb_results *results;
  const gb_published *published; // of the experiment; NULL: none
  const gb_plot *plot;
  gb_chart *chart;
} drawing;

// More points than these are not labelled.
enum { MOST_LABELS = 40 };

// ---------------------------------------------------------------------------------------------
// Numbers of a cell

static const char *parameter_text(const gb_result *r, const char *name) {
  const gb_cell *cell = r->cell;
  for (size_t i = 0; i < cell->point_count; i++)
    if (strcmp(cell->point[i].name, name) == 0)
      return cell->point[i].value;
  for (size_t i = 0; i < cell->setting_count; i++)
    if (strcmp(cell->settings[i].name, name) == 0)
      return cell->settings[i].value;
  return NULL;
}

static const gb_figure *figure_of(const drawing *d, const gb_result *r, const char *column) {
  const gb_figure *figure =
      d->published && *r->cell->row ? gb_published_find(d->published, r->cell->row, column) : NULL;
  return figure && figure->number ? figure : NULL;
}

// What was computed, a parameter, or what was published for the cell's row; NaN: none.
static double value_of(const drawing *d, const gb_result *r, const char *name) {
  int64_t count;
  double value;
  if (r->error)
    return (double)NAN;
  if (gb_result_count(r, name, &count))
    return (double)count;
  if (strcmp(name, "latency") == 0)
    return r->latency;
  const char *text = parameter_text(r, name);
  if (text)
    return gb_parse_real(text, &value) ? value : (double)NAN;
  const gb_figure *figure = figure_of(d, r, name);
  return figure ? gb_figure_number(figure) : (double)NAN;
}

// only="width=1 d=3": the cells whose parameters are these, compared as numbers where they are.
static bool selected(const gb_result *r, const char *only) {
  for (only += strspn(only, " "); *only; only += strspn(only, " ")) {
    size_t n = strcspn(only, " "), name = strcspn(only, "=");
    char word[128];
    snprintf(word, sizeof word, "%.*s", (int)n, only);
    if (name >= n || n >= sizeof word)
      return false;
    word[name] = '\0';
    const char *have = parameter_text(r, word), *want = word + name + 1;
    double a, b;
    bool same =
        have && (gb_parse_real(have, &a) && gb_parse_real(want, &b) ? fabs(a - b) <= 1e-9 * fabs(b)
                                                                    : strcmp(have, want) == 0);
    if (!same)
      return false;
    only += n;
  }
  return true;
}

// ---------------------------------------------------------------------------------------------
// Axes

// "s (ratio)": the name and the beginning of its help.
static const char *parameter_title(const drawing *d, const char *name) {
  for (size_t i = 0; i < d->results->parameter_count; i++) {
    const gb_parameter *p = &d->results->parameters[i];
    if (strcmp(p->name, name) == 0 && *p->help)
      return gb_arena_print(d->run->arena, "%s (%.*s)", name, (int)strcspn(p->help, ":;,"),
                            p->help);
  }
  return name;
}

static gb_axis axis_of(const drawing *d, const char *name, bool log) {
  static const struct {
    const char *name;
    gb_axis axis;
  } known[] = {
      {"params", {.title = "Parameters", .count = true}},
      {"params_total", {.title = "Parameters with statistics", .count = true}},
      {"macs", {.title = "MACs", .count = true}},
      {"macs_full", {.title = "MACs of all layers", .count = true}},
      {"flops", {.title = "FLOPs", .count = true}},
      {"activations", {.title = "Activations", .count = true}},
      {"bytes", {.title = "Bytes read and written", .count = true}},
      {"latency", {.title = "Latency", .unit = "ms"}},
      {"top1", {.title = "Top-1 accuracy, published", .unit = "%"}},
      {"top5", {.title = "Top-5 accuracy, published", .unit = "%"}},
      {"accuracy", {.title = "Accuracy, published", .unit = "%"}},
      {"map", {.title = "mAP, published", .unit = "%"}},
      {"model", {.title = ""}},
  };
  gb_axis axis = {.title = NULL};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, name) == 0)
      axis = known[i].axis;
  if (!axis.title)
    axis.title = parameter_title(d, name);
  axis.log = log;
  return axis;
}

// ---------------------------------------------------------------------------------------------
// Series

static bool drawn(const drawing *d, const gb_result *r) {
  return selected(r, d->plot->only) && isfinite(value_of(d, r, d->plot->x)) &&
         isfinite(value_of(d, r, d->plot->y));
}

// The models' series, or the family of the label.
static const char *family_of(const gb_result *r, char *text) {
  return *r->cell->series ? r->cell->series : gb_family_of(r->label, text);
}

// Whether a swept parameter has several values among the cells that are drawn.
static bool varies(const drawing *d, const char *name) {
  const char *first = NULL;
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    const char *value = drawn(d, r) ? parameter_text(r, name) : NULL;
    if (value && first && strcmp(first, value) != 0)
      return true;
    first = value ? value : first;
  }
  return false;
}

typedef struct lines { // what tells the lines of a plot apart
  const char *names[8];
  size_t count;
  bool one_family;
} lines;

// A line runs along x where that is a parameter, else along the sweep that varies fastest; the
// other sweeps make lines of their own.
static lines find_lines(const drawing *d) {
  lines l = {.one_family = true};
  const gb_result *sample = NULL;
  char first[GB_FAMILY_TEXT], other[GB_FAMILY_TEXT];
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!drawn(d, r))
      continue;
    if (!sample || r->cell->point_count > sample->cell->point_count)
      sample = r;
    l.one_family = l.one_family && strcmp(family_of(sample, first), family_of(r, other)) == 0;
  }
  if (!sample)
    return l;
  bool along = parameter_text(sample, d->plot->x) != NULL;
  for (size_t i = sample->cell->point_count; i-- > 0;) {
    const char *name = sample->cell->point[i].name;
    if (strcmp(name, d->plot->x) == 0 || !varies(d, name))
      continue;
    if (!along)
      along = true;
    else if (l.count < sizeof l.names / sizeof *l.names)
      l.names[l.count++] = name;
  }
  return l;
}

static void line_title(const lines *l, const gb_result *r, gb_text *title) {
  char family[GB_FAMILY_TEXT];
  title->length = 0;
  if (!l->one_family || l->count == 0)
    gb_text_add(title, family_of(r, family));
  for (size_t i = l->count; i-- > 0;) {
    const char *value = parameter_text(r, l->names[i]);
    if (value)
      gb_text_print(title, "%s%s=%s", title->length ? ", " : "", l->names[i], value);
  }
}

static void add_lines(drawing *d) {
  lines l = find_lines(d);
  gb_text title = {0};
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!drawn(d, r))
      continue;
    line_title(&l, r, &title);
    size_t series = gb_chart_series(d->chart, gb_text_get(&title), NULL, false);
    gb_chart_point(d->chart, series, value_of(d, r, d->plot->x), value_of(d, r, d->plot->y), "");
  }
  // What was published for the same cells.
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    const gb_figure *figure = drawn(d, r) ? figure_of(d, r, d->plot->y) : NULL;
    if (!figure)
      continue;
    line_title(&l, r, &title);
    const char *family = gb_arena_copy(d->run->arena, gb_text_get(&title));
    gb_text_add(&title, ", published");
    size_t series = gb_chart_series(d->chart, gb_text_get(&title), family, true);
    gb_chart_point(d->chart, series, value_of(d, r, d->plot->x), gb_figure_number(figure), "");
  }
  d->chart->failed |= title.failed;
  gb_text_free(&title);
}

// What a label says beyond its family: "Large 0.75x".
static const char *short_label(const char *label, const char *family) {
  size_t n = strlen(family);
  if (strncmp(label, family, n) == 0 && (!label[n] || label[n] == ' ' || label[n] == ','))
    label += n;
  return label + strspn(label, " ,");
}

static void add_points(drawing *d) {
  char text[GB_FAMILY_TEXT];
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!drawn(d, r))
      continue;
    const char *family = family_of(r, text);
    gb_point point = gb_point_at(value_of(d, r, d->plot->x), value_of(d, r, d->plot->y));
    point.label = d->results->count <= MOST_LABELS ? short_label(r->label, family) : "";
    if (strcmp(d->plot->x, "latency") == 0) {
      point.x_low = r->latency_low;
      point.x_high = r->latency_high;
    }
    if (strcmp(d->plot->y, "latency") == 0) {
      point.y_low = r->latency_low;
      point.y_high = r->latency_high;
    }
    gb_chart_add(d->chart, gb_chart_series(d->chart, family, family, false), &point);
  }
}

// Several series: side by side where their labels go on alike ("depthwise 3x3").
static void add_bars(drawing *d, const char *title) {
  char family[GB_FAMILY_TEXT], first[GB_FAMILY_TEXT];
  bool several = false;
  for (size_t i = 0; i < d->results->count; i++)
    several = several || strcmp(family_of(&d->results->list[0], first),
                                family_of(&d->results->list[i], family)) != 0;
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!selected(r, d->plot->only))
      continue;
    const char *name = family_of(r, family), *rest = short_label(r->label, name);
    size_t series = gb_chart_series(d->chart, several ? name : title, NULL, false);
    gb_chart_point(d->chart, series, 0, value_of(d, r, d->plot->y),
                   several && *rest ? rest : r->label);
  }
}

static int64_t amount_of(const drawing *d, const gb_part *part) {
  return strcmp(d->plot->y, "params") == 0 ? part->params : part->macs;
}

// Whether a kind has at least a hundredth of some network's bar.
static bool is_large(const drawing *d, const char *kind) {
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    double whole = 0, here = 0;
    for (size_t k = 0; k < r->part_count; k++) {
      double amount = (double)amount_of(d, &r->parts[k]);
      whole += amount;
      here += strcmp(r->parts[k].kind, kind) == 0 ? amount : 0;
    }
    if (here > 0 && here >= 0.01 * whole)
      return true;
  }
  return false;
}

// Kinds that are small everywhere come last and together.
static void add_stacks(drawing *d) {
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < d->results->count; i++) {
      const gb_result *r = &d->results->list[i];
      for (size_t k = 0; k < r->part_count && selected(r, d->plot->only); k++) {
        const gb_part *part = &r->parts[k];
        if (amount_of(d, part) == 0 || is_large(d, part->kind) != (pass == 0))
          continue;
        const char *title = pass == 0 ? part->kind : "others, below 1 % each";
        size_t series = gb_chart_series(d->chart, title, NULL, false);
        gb_chart_point(d->chart, series, 0, (double)amount_of(d, part), r->label);
        for (size_t other = 0; series == 0 && other < d->results->count; other++)
          if (d->results->list[other].part_count &&
              selected(&d->results->list[other], d->plot->only))
            gb_chart_point(d->chart, 0, 0, 0, d->results->list[other].label); // keeps their order
      }
    }
}

// ---------------------------------------------------------------------------------------------

// Every name on an axis must be one that some cell has a number for.
static gb_status check_axis(const drawing *d, const char *what, const char *name, gb_error *error) {
  for (size_t i = 0; i < d->results->count; i++)
    if (d->results->list[i].error || isfinite(value_of(d, &d->results->list[i], name)))
      return GB_OK;
  return gb_fail_at(
      error, GB_EINPUT, &d->plot->where,
      "%s=\"%.60s\" of the plot is neither a measure, nor a parameter of a model, nor a "
      "column of the published table",
      what, name);
}

static gb_status check_plot(const drawing *d, gb_chart_kind kind, gb_error *error) {
  const gb_plot *plot = d->plot;
  bool bars = kind == GB_CHART_BARS || kind == GB_CHART_STACKED;
  if (bars && strcmp(plot->x, "model") != 0)
    return gb_fail_at(error, GB_EINPUT, &plot->where, "x=\"%.60s\" of %s must be \"model\"",
                      plot->x, plot->kind);
  if (kind == GB_CHART_STACKED && strcmp(plot->y, "macs") != 0 && strcmp(plot->y, "params") != 0)
    return gb_fail_at(error, GB_EINPUT, &plot->where,
                      "y=\"%.60s\" of stacked-bars must be \"macs\" or \"params\"", plot->y);
  if (!bars)
    GB_TRY(check_axis(d, "x", plot->x, error));
  return check_axis(d, "y", plot->y, error);
}

static gb_status add_published(drawing *d, gb_error *error) {
  gb_published *other = NULL;
  if (!*d->plot->published)
    return GB_OK;
  if (!d->published || strcmp(d->plot->published, d->published->name) != 0)
    GB_TRY(gb_run_published(d->run, d->plot->published, &d->plot->where, &other, error));
  gb_chart_published(d->chart, other ? other : d->published, d->plot->x, d->plot->y);
  gb_published_free(other);
  return GB_OK;
}

static gb_status fill(drawing *d, gb_chart_kind kind, gb_error *error) {
  gb_axis x = axis_of(d, d->plot->x, d->plot->log_x), y = axis_of(d, d->plot->y, d->plot->log_y);
  if (!x.title || !y.title)
    return gb_fail_memory(error);
  gb_chart_axes(d->chart, &x, &y);
  switch (kind) {
  case GB_CHART_LINE:
    add_lines(d);
    break;
  case GB_CHART_SCATTER:
  case GB_CHART_PARETO:
  case GB_CHART_ROOFLINE:
    add_points(d);
    break;
  case GB_CHART_BARS:
    add_bars(d, y.title);
    break;
  case GB_CHART_STACKED:
    add_stacks(d);
    break;
  case GB_CHART_STRIP:
  case GB_CHART_RATIOS:
    break;
  }
  return add_published(d, error);
}

// Draws what there is; says why where nothing is drawn.
static gb_status draw(drawing *d, const char *folder, gb_error *error) {
  gb_error why = {0};
  if (d->chart->series_count == 0)
    return GB_OK; // the filter, or failures that are told elsewhere, left nothing
  gb_status status = gb_chart_draw(d->chart, folder, &why);
  if (status == GB_EUNSUPPORTED && !d->run->told_gnuplot)
    fprintf(stderr, "ghostbench run: %s\n", why.message);
  if (status == GB_EUNSUPPORTED) {
    d->run->told_gnuplot = true;
    return GB_OK;
  }
  if (status != GB_OK && error)
    *error = why;
  return status;
}

static gb_status draw_plot(drawing *d, const char *folder, gb_error *error) {
  const gb_plot *plot = d->plot;
  gb_chart_kind kind;
  if (!gb_chart_kind_parse(plot->kind, &kind))
    return gb_fail_at(error, GB_EINPUT, &plot->where, "unknown kind of plot '%.60s'", plot->kind);
  GB_TRY(check_plot(d, kind, error));
  const char *name =
      gb_arena_print(d->run->arena, "%s-%s", d->results->experiment->name, plot->name);
  if (!name || !(d->chart = gb_chart_new(name, kind, plot->title)))
    return gb_fail_memory(error);
  gb_status status = fill(d, kind, error);
  if (status == GB_OK)
    status = draw(d, folder, error);
  gb_chart_free(d->chart);
  return status;
}

gb_status gb_run_plots(gb_run *run, const gb_results *results, const gb_published *published,
                       const char *folder, gb_error *error) {
  const gb_experiment *e = results->experiment;
  for (size_t i = 0; i < e->plot_count; i++) {
    drawing d = {.run = run, .results = results, .published = published, .plot = &e->plots[i]};
    GB_TRY(draw_plot(&d, folder, error));
  }
  return GB_OK;
}
