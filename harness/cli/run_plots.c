// The plots of an experiment: which number of which cell stands where.
#include "harness/cli/run_plots.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// More points than these are not labelled.
enum { MOST_LABELS = 40 };

// ---------------------------------------------------------------------------------------------
// Numbers of a cell

const char *gb_parameter_text(const gb_result *r, const char *name) {
  const gb_cell *cell = r->cell;
  for (size_t i = 0; i < cell->point_count; i++)
    if (strcmp(cell->point[i].name, name) == 0)
      return cell->point[i].value;
  for (size_t i = 0; i < cell->setting_count; i++)
    if (strcmp(cell->settings[i].name, name) == 0)
      return cell->settings[i].value;
  return NULL;
}

static const gb_figure *figure_of(const gb_drawing *d, const gb_result *r, const char *column) {
  const gb_figure *figure =
      d->published && *r->cell->row ? gb_published_find(d->published, r->cell->row, column) : NULL;
  return figure && figure->number ? figure : NULL;
}

// What was computed, a parameter, or what was published for the cell's row; NaN: none.
double gb_drawing_value(const gb_drawing *d, const gb_result *r, const char *name) {
  int64_t count;
  double value;
  if (r->error)
    return (double)NAN;
  if (gb_result_count(r, name, &count))
    return (double)count;
  if (strcmp(name, "latency") == 0)
    return r->latency;
  if (strcmp(name, "speedup") == 0)
    return r == &d->results->list[0] && isfinite(r->latency) ? 1 : 1 / r->ratio;
  const char *text = gb_parameter_text(r, name);
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
    const char *have = gb_parameter_text(r, word), *want = word + name + 1;
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

// series="GhostNet, MobileNetV3": the cells of these.
static bool in_series(const gb_result *r, const char *list) {
  size_t n = strlen(r->cell->series);
  if (!*list)
    return true;
  for (list += strspn(list, " ,"); *list; list += strspn(list, " ,")) {
    size_t here = strcspn(list, ",");
    while (here && list[here - 1] == ' ')
      here--;
    if (here == n && strncmp(list, r->cell->series, n) == 0)
      return true;
    list += strcspn(list, ",");
  }
  return false;
}

bool gb_drawing_selects(const gb_drawing *d, const gb_result *r) {
  return !r->error && selected(r, d->plot->only) && in_series(r, d->plot->series);
}

// ---------------------------------------------------------------------------------------------
// Axes

// "s (ratio)": the name and the beginning of its help.
static const char *parameter_title(const gb_drawing *d, const char *name) {
  for (size_t i = 0; i < d->results->parameter_count; i++) {
    const gb_parameter *p = &d->results->parameters[i];
    if (strcmp(p->name, name) == 0 && *p->help)
      return gb_arena_print(d->run->arena, "%s (%.*s)", name, (int)strcspn(p->help, ":;,"),
                            p->help);
  }
  return name;
}

static gb_axis axis_of(const gb_drawing *d, const char *name, bool log) {
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
      {"latency_relative", {.title = "Time over the network's own median", .unit = "%"}},
      {"speedup", {.title = "Times as fast as the first"}},
      {"time", {.title = "Time of its steps", .unit = "ms"}},
      {"time_share", {.title = "Share of the steps' time", .unit = "%"}},
      {"intensity", {.title = "Arithmetic intensity, executed", .unit = "FLOP/B"}},
      {"rate", {.title = "Rate", .unit = "GFLOP/s"}},
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

static bool drawn(const gb_drawing *d, const gb_result *r) {
  return gb_drawing_selects(d, r) && isfinite(gb_drawing_value(d, r, d->plot->x)) &&
         isfinite(gb_drawing_value(d, r, d->plot->y));
}

// The models' series, or the family of the label.
const char *gb_drawing_family(const gb_result *r, char text[GB_FAMILY_TEXT]) {
  return *r->cell->series ? r->cell->series : gb_family_of(r->label, text);
}

// Whether a swept parameter has several values among the cells that are drawn.
static bool varies(const gb_drawing *d, const char *name) {
  const char *first = NULL;
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    const char *value = drawn(d, r) ? gb_parameter_text(r, name) : NULL;
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
static lines find_lines(const gb_drawing *d) {
  lines l = {.one_family = true};
  const gb_result *sample = NULL;
  char first[GB_FAMILY_TEXT], other[GB_FAMILY_TEXT];
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!drawn(d, r))
      continue;
    if (!sample || r->cell->point_count > sample->cell->point_count)
      sample = r;
    l.one_family =
        l.one_family && strcmp(gb_drawing_family(sample, first), gb_drawing_family(r, other)) == 0;
  }
  if (!sample)
    return l;
  bool along = gb_parameter_text(sample, d->plot->x) != NULL;
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
    gb_text_add(title, gb_drawing_family(r, family));
  for (size_t i = l->count; i-- > 0;) {
    const char *value = gb_parameter_text(r, l->names[i]);
    if (value)
      gb_text_print(title, "%s%s=%s", title->length ? ", " : "", l->names[i], value);
  }
}

static void add_lines(gb_drawing *d) {
  lines l = find_lines(d);
  gb_text title = {0};
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!drawn(d, r))
      continue;
    line_title(&l, r, &title);
    size_t series = gb_chart_series(d->chart, gb_text_get(&title), NULL, false);
    gb_point point = gb_drawing_point(d, r);
    gb_chart_add(d->chart, series, &point);
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
    gb_chart_point(d->chart, series, gb_drawing_value(d, r, d->plot->x), gb_figure_number(figure),
                   "");
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

gb_point gb_drawing_point(const gb_drawing *d, const gb_result *r) {
  gb_point point =
      gb_point_at(gb_drawing_value(d, r, d->plot->x), gb_drawing_value(d, r, d->plot->y));
  if (strcmp(d->plot->x, "latency") == 0) {
    point.x_low = r->latency_low;
    point.x_high = r->latency_high;
  }
  if (strcmp(d->plot->y, "latency") == 0) {
    point.y_low = r->latency_low;
    point.y_high = r->latency_high;
  }
  if (strcmp(d->plot->y, "speedup") == 0) {
    point.y_low = 1 / r->ratio_high;
    point.y_high = 1 / r->ratio_low;
  }
  return point;
}

// `shares`, one a point that is drawn, in order; NULL: none.
static void add_points(gb_drawing *d, const double *shares) {
  char text[GB_FAMILY_TEXT];
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!drawn(d, r))
      continue;
    const char *family = gb_drawing_family(r, text);
    gb_point point = gb_drawing_point(d, r);
    point.label = d->results->count <= MOST_LABELS ? short_label(r->label, family) : "";
    point.share = shares ? *shares++ : point.share;
    gb_chart_add(d->chart, gb_chart_series(d->chart, family, family, false), &point);
  }
}

// The more, the better, of accuracies and speed-ups; of what is counted and measured else the less.
static bool less_is_better(const gb_drawing *d, const char *name) {
  int64_t count;
  for (size_t i = 0; i < d->results->count; i++)
    if (gb_result_count(&d->results->list[i], name, &count))
      return true;
  return strcmp(name, "latency") == 0;
}

static gb_status add_front(gb_drawing *d, gb_error *error) {
  size_t count = 0, room = d->results->count + 1;
  const gb_result **list = gb_allocate(NULL, room, sizeof *list);
  double *shares = gb_allocate(NULL, room, sizeof *shares);
  gb_status status = list && shares ? GB_OK : gb_fail_memory(error);
  d->chart->less_is_better = less_is_better(d, d->plot->y);
  for (size_t i = 0; status == GB_OK && i < d->results->count; i++)
    if (drawn(d, &d->results->list[i]))
      list[count++] = &d->results->list[i];
  if (status == GB_OK && count)
    status = gb_front_shares(d, list, count, shares, error);
  if (status == GB_OK)
    add_points(d, shares);
  gb_release(NULL, list);
  gb_release(NULL, shares);
  return status;
}

// Several series: side by side where their labels go on alike ("depthwise 3x3").
static void add_bars(gb_drawing *d, const char *title) {
  char family[GB_FAMILY_TEXT], first[GB_FAMILY_TEXT];
  bool several = false;
  for (size_t i = 0; i < d->results->count; i++)
    several = several || strcmp(gb_drawing_family(&d->results->list[0], first),
                                gb_drawing_family(&d->results->list[i], family)) != 0;
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!gb_drawing_selects(d, r))
      continue;
    const char *name = gb_drawing_family(r, family), *rest = short_label(r->label, name);
    size_t series = gb_chart_series(d->chart, several ? name : title, NULL, false);
    gb_chart_point(d->chart, series, 0, gb_drawing_value(d, r, d->plot->y),
                   several && *rest ? rest : r->label);
  }
}

// Of a network, the k-th piece of what is stacked: work by kind of layer, or time by kind of step.
typedef struct piece {
  const char *kind;
  double amount;
} piece;

static size_t piece_count(const gb_drawing *d, const gb_result *r) {
  return strncmp(d->plot->y, "time", 4) == 0 ? r->step_count : r->part_count;
}

static piece piece_at(const gb_drawing *d, const gb_result *r, size_t k) {
  const char *y = d->plot->y;
  if (strncmp(y, "time", 4) != 0)
    return (piece){r->parts[k].kind,
                   (double)(strcmp(y, "params") == 0 ? r->parts[k].params : r->parts[k].macs)};
  double whole = 0;
  for (size_t i = 0; i < r->step_count; i++)
    whole += r->steps[i].seconds;
  double unit = strcmp(y, "time_share") == 0 ? whole / 100 : 1e-3;
  return (piece){r->steps[k].kind, r->steps[k].seconds / unit};
}

// Of the bar: kinds whose share is smaller everywhere come together.
static double least_share(const gb_drawing *d) {
  return strncmp(d->plot->y, "time", 4) == 0 ? 0.02 : 0.01;
}

// Whether a kind is not small in some network's bar.
static bool is_large(const gb_drawing *d, const char *kind) {
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    double whole = 0, here = 0;
    for (size_t k = 0; k < piece_count(d, r) && gb_drawing_selects(d, r); k++) {
      piece p = piece_at(d, r, k);
      whole += p.amount;
      here += strcmp(p.kind, kind) == 0 ? p.amount : 0;
    }
    if (here > 0 && here >= least_share(d) * whole)
      return true;
  }
  return false;
}

// Kinds that are small everywhere come last and together.
static void add_stacks(gb_drawing *d) {
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < d->results->count; i++) {
      const gb_result *r = &d->results->list[i];
      for (size_t k = 0; k < piece_count(d, r) && gb_drawing_selects(d, r); k++) {
        piece p = piece_at(d, r, k);
        if (!(p.amount > 0) || is_large(d, p.kind) != (pass == 0))
          continue;
        const char *others =
            least_share(d) > 0.01 ? "others, below 2 % each" : "others, below 1 % each";
        const char *title = pass == 0 ? p.kind : others;
        size_t series = gb_chart_series(d->chart, title, NULL, false);
        gb_chart_point(d->chart, series, 0, p.amount, r->label);
        for (size_t other = 0; series == 0 && other < d->results->count; other++)
          if (piece_count(d, &d->results->list[other]) &&
              gb_drawing_selects(d, &d->results->list[other]))
            gb_chart_point(d->chart, 0, 0, 0, d->results->list[other].label); // keeps their order
      }
    }
}

// ---------------------------------------------------------------------------------------------

// Every name on an axis must be one that some cell has a number for.
static gb_status check_axis(const gb_drawing *d, const char *what, const char *name,
                            gb_error *error) {
  for (size_t i = 0; i < d->results->count; i++)
    if (d->results->list[i].error || isfinite(gb_drawing_value(d, &d->results->list[i], name)))
      return GB_OK;
  return gb_fail_at(
      error, GB_EINPUT, &d->plot->where,
      "%s=\"%.60s\" of the plot is neither a measure, nor a parameter of a model, nor a "
      "column of the published table",
      what, name);
}

static gb_status check_plot(const gb_drawing *d, gb_chart_kind kind, gb_error *error) {
  const gb_plot *plot = d->plot;
  if (kind == GB_CHART_STACKED || kind == GB_CHART_STRIP || kind == GB_CHART_RATIOS ||
      kind == GB_CHART_ROOFLINE)
    return GB_OK; // the file's reader knows what these may have
  if (kind != GB_CHART_BARS)
    GB_TRY(check_axis(d, "x", plot->x, error));
  return check_axis(d, "y", plot->y, error);
}

static gb_status add_published(gb_drawing *d, gb_error *error) {
  gb_published *other = NULL;
  if (!*d->plot->published)
    return GB_OK;
  if (!d->published || strcmp(d->plot->published, d->published->name) != 0)
    GB_TRY(gb_run_published(d->run, d->plot->published, &d->plot->where, &other, error));
  gb_chart_published(d->chart, other ? other : d->published, d->plot->x, d->plot->y);
  gb_published_free(other);
  return GB_OK;
}

static gb_status fill(gb_drawing *d, gb_chart_kind kind, gb_error *error) {
  bool roofs = kind == GB_CHART_ROOFLINE;
  gb_axis x = axis_of(d, d->plot->x, d->plot->log_x || roofs),
          y = axis_of(d, d->plot->y, d->plot->log_y || roofs);
  if (kind == GB_CHART_RATIOS)
    x = (gb_axis){.title = strcmp(d->plot->x, "latency") == 0
                               ? gb_arena_print(d->run->arena, "Time over that of %s",
                                                d->results->list[0].label)
                               : "ONNX Runtime's time over ours: above 1, ours is faster"};
  if (!x.title || !y.title)
    return gb_fail_memory(error);
  gb_chart_axes(d->chart, &x, &y);
  gb_status status = GB_OK;
  switch (kind) {
  case GB_CHART_LINE:
    add_lines(d);
    break;
  case GB_CHART_SCATTER:
    add_points(d, NULL);
    break;
  case GB_CHART_PARETO:
    status = add_front(d, error);
    break;
  case GB_CHART_ROOFLINE:
    status = gb_draw_roofline(d, error);
    break;
  case GB_CHART_BARS:
    add_bars(d, y.title);
    break;
  case GB_CHART_STACKED:
    add_stacks(d);
    break;
  case GB_CHART_STRIP:
    status = gb_draw_samples(d, error);
    break;
  case GB_CHART_RATIOS:
    status =
        strcmp(d->plot->x, "latency") == 0 ? gb_draw_ratios(d, error) : gb_draw_peers(d, error);
    break;
  }
  if (status == GB_OK && *d->plot->fit)
    status = gb_draw_fit(d, error);
  if (status == GB_OK && *d->plot->theory)
    status = gb_draw_theory(d, error);
  return status == GB_OK ? add_published(d, error) : status;
}

// Draws what there is; says why where nothing is drawn.
static gb_status draw(gb_drawing *d, const char *folder, gb_error *error) {
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

static gb_status draw_plot(gb_drawing *d, const char *folder, gb_error *error) {
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
    gb_drawing d = {.run = run, .results = results, .published = published, .plot = &e->plots[i]};
    GB_TRY(draw_plot(&d, folder, error));
  }
  return GB_OK;
}
