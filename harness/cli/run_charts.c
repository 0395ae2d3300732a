// Charts of what was measured: samples, ratios, steps below their roofs, fits, fronts.
#include "harness/cli/run_plots.h"

#include "harness/report/peers.h"
#include "harness/stats/model.h"
#include "harness/stats/pareto.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  MOST_ROWS = 60,
  FIT_POINTS = 60,
  LEAST_FIT = 4,
  FRONT_DRAWS = 1000,
  LABELLED_STEPS = 4,
  LAYER_TEXT = 24
};

static bool is_timed(const gb_drawing *d, const gb_result *r) {
  return gb_drawing_selects(d, r) && r->samples && isfinite(r->latency) && r->latency > 0;
}

// ---------------------------------------------------------------------------------------------
// Rows

gb_status gb_draw_samples(gb_drawing *d, gb_error *error) {
  bool relative = strcmp(d->plot->x, "latency_relative") == 0;
  char family[GB_FAMILY_TEXT], note[32];
  size_t rows = 0;
  (void)error;
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!is_timed(d, r) || rows++ >= MOST_ROWS)
      continue;
    size_t s = gb_chart_series(d->chart, r->label, gb_drawing_family(r, family), false);
    double scale = relative ? 100 / r->latency : 1; // of ms: per cent of the median
    for (size_t k = 0; k < r->sample_count; k++)
      gb_chart_point(d->chart, s, scale * 1e3 * r->samples[k], 0, "");
    snprintf(note, sizeof note, "%.4g ms", r->latency);
    gb_chart_strip(d->chart, s, scale * r->latency_low, scale * r->latency_high, note);
  }
  if (rows > MOST_ROWS)
    fprintf(stderr, "ghostbench run: plot '%s' shows the first %d of %zu models\n", d->plot->name,
            MOST_ROWS, rows);
  return GB_OK;
}

// To the experiment's first network, paired by round.
gb_status gb_draw_ratios(gb_drawing *d, gb_error *error) {
  size_t rows = 0;
  (void)error;
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    if (!is_timed(d, r) || !isfinite(r->ratio) || rows++ >= MOST_ROWS)
      continue;
    gb_point point = gb_point_at(r->ratio, 0);
    point.label = r->label;
    point.x_low = r->ratio_low;
    point.x_high = r->ratio_high;
    gb_chart_add(d->chart, gb_chart_series(d->chart, "time", NULL, false), &point);
  }
  if (rows > MOST_ROWS)
    fprintf(stderr, "ghostbench run: plot '%s' shows the first %d of %zu models\n", d->plot->name,
            MOST_ROWS, rows);
  return GB_OK;
}

gb_status gb_draw_peers(gb_drawing *d, gb_error *error) {
  const char *path = gb_arena_print(d->run->arena, "%s/peers/onnxruntime.json", d->run->output);
  gb_peers *peers;
  if (!path)
    return gb_fail_memory(error);
  GB_TRY(gb_peers_load(path, &peers, error));
  size_t count = peers ? peers->count : 0;
  for (size_t i = 0; i < count && i < MOST_ROWS; i++) {
    const gb_peer_row *row = &peers->rows[i];
    char series[64], label[256];
    snprintf(series, sizeof series, "%" PRId64 " thread%s", row->threads,
             row->threads == 1 ? "" : "s");
    snprintf(label, sizeof label, row->batch == 1 ? "%s" : "%s, batch %" PRId64, row->network,
             row->batch);
    gb_point point = gb_point_at(row->ratio, 0);
    point.label = label;
    point.x_low = row->ratio_low;
    point.x_high = row->ratio_high;
    gb_chart_add(d->chart, gb_chart_series(d->chart, series, NULL, false), &point);
  }
  gb_peers_free(peers);
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Roofline

static double sum_of(const gb_result *r) {
  double sum = 0;
  for (size_t i = 0; i < r->step_count; i++)
    sum += r->steps[i].seconds;
  return sum;
}

// Whether fewer than LABELLED_STEPS take longer.
static bool is_long(const gb_result *r, size_t step) {
  size_t longer = 0;
  for (size_t i = 0; i < r->step_count; i++)
    longer += r->steps[i].executed > 0 && r->steps[i].seconds > r->steps[step].seconds;
  return longer < LABELLED_STEPS;
}

// "blocks.1.0.ghost1" of a longer name: what stands beside a point is short.
static void short_layer(const char *layer, char text[LAYER_TEXT]) {
  size_t n = strlen(layer);
  snprintf(text, LAYER_TEXT, "%s", layer);
  for (n = n < LAYER_TEXT ? n : LAYER_TEXT; n > LAYER_TEXT - 4 || (n && text[n] && text[n] != '.');)
    n--;
  text[n ? n : LAYER_TEXT - 1] = '\0';
}

static void add_steps(gb_drawing *d, const gb_result *r, bool alone) {
  double sum = sum_of(r);
  char family[GB_FAMILY_TEXT], layer[LAYER_TEXT];
  for (size_t i = 0; i < r->step_count; i++) {
    const gb_profiled_step *step = &r->steps[i];
    if (!(step->executed > 0) || !(step->bytes > 0) || !(step->seconds > 0))
      continue;
    gb_point point =
        gb_point_at(2 * step->executed / step->bytes, 2e-9 * step->executed / step->seconds);
    point.share = step->seconds / sum;
    short_layer(step->layer, layer);
    point.label = alone && is_long(r, i) ? layer : "";
    const char *series = alone ? step->kind : gb_drawing_family(r, family);
    gb_chart_add(d->chart, gb_chart_series(d->chart, series, NULL, false), &point);
  }
}

// Roofs are those of one thread; more threads are taken to lift them alike.
static void add_roof(gb_drawing *d, const char *what, int threads, double bandwidth, double peak) {
  char title[96], times[24] = "";
  if (!isfinite(bandwidth) && !isfinite(peak))
    return;
  if (threads > 1)
    snprintf(times, sizeof times, "%d \xc3\x97 ", threads);
  snprintf(title, sizeof title, isfinite(peak) ? "%s %s%.3g GFLOP/s" : "%s %s%.3g GB/s", what,
           times, 1e-9 * (isfinite(peak) ? peak : bandwidth));
  double unit = 1e-9 * (threads > 1 ? threads : 1);
  gb_chart_roof(d->chart, title, isfinite(bandwidth) ? unit * bandwidth : HUGE_VAL,
                isfinite(peak) ? unit * peak : HUGE_VAL);
}

gb_status gb_draw_roofline(gb_drawing *d, gb_error *error) {
  const gb_result *first = NULL;
  size_t count = 0;
  (void)error;
  for (size_t i = 0; i < d->results->count; i++)
    if (gb_drawing_selects(d, &d->results->list[i]) && d->results->list[i].steps) {
      first = first ? first : &d->results->list[i];
      count++;
    }
  if (!first)
    return GB_OK;
  for (size_t i = 0; i < d->results->count; i++)
    if (gb_drawing_selects(d, &d->results->list[i]) && d->results->list[i].steps)
      add_steps(d, &d->results->list[i], count == 1);
  const gb_roofs *roofs = &first->roofs;
  add_roof(d, "measured peak", first->threads, HUGE_VAL, roofs->flop_per_s);
  add_roof(d, "cache (16 MiB)", first->threads, roofs->cache_byte_per_s, HUGE_VAL);
  add_roof(d, "memory (256 MiB)", first->threads, roofs->memory_byte_per_s, HUGE_VAL);
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Lines through points

static bool both(const gb_drawing *d, const gb_result *r, double *x, double *y) {
  *x = gb_drawing_value(d, r, d->plot->x);
  *y = gb_drawing_value(d, r, d->plot->y);
  return gb_drawing_selects(d, r) && isfinite(*x) && isfinite(*y) && *x > 0 && *y > 0;
}

// price x + constant, errors relative to y; x counts in millions where the axis counts.
static gb_status fit_line(gb_drawing *d, double *terms, double *values, gb_error *error) {
  size_t rows = 0;
  double low = HUGE_VAL, high = 0, x, y;
  int64_t unused;
  bool counts = gb_result_count(&d->results->list[0], d->plot->x, &unused);
  double unit = counts ? 1e-6 : 1;
  for (size_t i = 0; i < d->results->count; i++) {
    if (!both(d, &d->results->list[i], &x, &y))
      continue;
    terms[2 * rows] = unit * x;
    terms[2 * rows + 1] = 1;
    values[rows++] = y;
    low = fmin(low, x);
    high = fmax(high, x);
  }
  if (rows < LEAST_FIT || !(high > low))
    return GB_OK;
  gb_linear fit;
  const gb_linear_wish wish = {.x = terms, .y = values, .rows = rows, .terms = 2, .folds = 1};
  GB_TRY(gb_linear_fit(&wish, &fit, error));
  double xs[FIT_POINTS], ys[FIT_POINTS];
  for (int i = 0; i < FIT_POINTS; i++) {
    double part = (double)i / (FIT_POINTS - 1);
    xs[i] = d->plot->log_x ? low * pow(high / low, part) : low + part * (high - low);
    ys[i] = fit.price[0] * unit * xs[i] + fit.price[1];
  }
  char title[96];
  if (counts && strcmp(d->plot->y, "latency") == 0)
    snprintf(title, sizeof title,
             fit.price[1] > 0 ? "%.3g \xc2\xb5s a million + %.3g \xc2\xb5s"
                              : "%.3g \xc2\xb5s a million",
             1e3 * fit.price[0], 1e3 * fit.price[1]);
  else
    snprintf(title, sizeof title, "%.3g x + %.3g", fit.price[0] * unit, fit.price[1]);
  gb_chart_curve(d->chart, title, GB_CURVE_MODEL, xs, ys, FIT_POINTS);
  return GB_OK;
}

gb_status gb_draw_fit(gb_drawing *d, gb_error *error) {
  size_t count = d->results->count;
  double *terms = gb_allocate(NULL, 2 * count + 1, sizeof *terms);
  double *values = gb_allocate(NULL, count + 1, sizeof *values);
  gb_status status = terms && values ? fit_line(d, terms, values, error) : gb_fail_memory(error);
  gb_release(NULL, terms);
  gb_release(NULL, values);
  return status;
}

typedef struct pair {
  double x, y;
} pair;

static int by_x(const void *a, const void *b) {
  double x = ((const pair *)a)->x, y = ((const pair *)b)->x;
  return (x > y) - (x < y);
}

// What the first network's work over this one's, or s itself, would give.
static double theory_of(const gb_drawing *d, const gb_result *r, const char *theory) {
  const gb_result *first = &d->results->list[0];
  double value = (double)NAN;
  if (strcmp(theory, "s") == 0) {
    const char *text = gb_parameter_text(r, "s");
    return text && gb_parse_real(text, &value) ? value : (double)NAN;
  }
  return first->error || r->macs <= 0 ? value : (double)first->macs / (double)r->macs;
}

static void add_theory(gb_drawing *d, const char *theory, const char *title, pair *pairs,
                       double *xs, double *ys) {
  size_t count = 0;
  double x, y;
  for (size_t i = 0; i < d->results->count; i++) {
    const gb_result *r = &d->results->list[i];
    double value = both(d, r, &x, &y) ? theory_of(d, r, theory) : (double)NAN;
    if (isfinite(value))
      pairs[count++] = (pair){x, value};
  }
  qsort(pairs, count, sizeof *pairs, by_x);
  for (size_t i = 0; i < count; i++) {
    xs[i] = pairs[i].x;
    ys[i] = pairs[i].y;
  }
  if (count > 1)
    gb_chart_curve(d->chart, title, GB_CURVE_THEORY, xs, ys, count);
}

static bool has_word(const char *list, const char *word) {
  size_t n = strlen(word);
  for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
    size_t here = strcspn(list, " ");
    if (here == n && strncmp(list, word, n) == 0)
      return true;
    list += here;
  }
  return false;
}

gb_status gb_draw_theory(gb_drawing *d, gb_error *error) {
  size_t count = d->results->count;
  pair *pairs = gb_allocate(NULL, count + 1, sizeof *pairs);
  double *xs = gb_allocate(NULL, 2 * count + 1, sizeof *xs);
  gb_status status = pairs && xs ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK && has_word(d->plot->theory, "macs"))
    add_theory(d, "macs", "r_s: fewer MACs", pairs, xs, xs + count);
  if (status == GB_OK && has_word(d->plot->theory, "s"))
    add_theory(d, "s", "s", pairs, xs, xs + count);
  gb_release(NULL, pairs);
  gb_release(NULL, xs);
  return status;
}

// ---------------------------------------------------------------------------------------------
// The front

// Medians drawn anew, draw by draw, in ms; the same rounds of all networks where they have as many.
static gb_status draw_medians(const gb_result *const *results, size_t count, double *draws,
                              gb_error *error) {
  double *medians = gb_allocate(NULL, FRONT_DRAWS, sizeof *medians);
  gb_status status = medians ? GB_OK : gb_fail_memory(error);
  size_t block = 1;
  for (size_t i = 0; i < count && status == GB_OK; i++) {
    gb_interval interval;
    status = gb_median_interval(results[i]->samples, results[i]->sample_count,
                                &(gb_resampling){.seed = 1}, &interval, error);
    block = status == GB_OK && interval.block > block ? interval.block : block;
  }
  for (size_t i = 0; i < count && status == GB_OK; i++) {
    size_t most = results[i]->sample_count;
    const gb_resampling how = {
        .turn = 1, .block = block < most ? block : most, .draws = FRONT_DRAWS, .seed = 1};
    status = gb_median_draws(results[i]->samples, most, &how, medians, error);
    for (size_t k = 0; k < FRONT_DRAWS && status == GB_OK; k++)
      draws[k * count + i] = 1e3 * medians[k];
  }
  gb_release(NULL, medians);
  return status;
}

gb_status gb_front_shares(gb_drawing *d, const gb_result *const *results, size_t count,
                          double *shares, gb_error *error) {
  const char *names[2] = {d->plot->x, d->plot->y};
  double *values = gb_allocate(NULL, 2 * count + 1, sizeof *values);
  double *draws = gb_allocate(NULL, (size_t)FRONT_DRAWS * count + 1, sizeof *draws);
  gb_front_point *front = gb_allocate(NULL, count + 1, sizeof *front);
  gb_objective objectives[2];
  gb_status status = values && draws && front ? GB_OK : gb_fail_memory(error);
  bool measured = strcmp(names[0], "latency") == 0 || strcmp(names[1], "latency") == 0;
  for (size_t i = 0; measured && i < count; i++)
    measured = results[i]->samples != NULL;
  if (status == GB_OK && measured)
    status = draw_medians(results, count, draws, error);
  for (int o = 0; o < 2 && status == GB_OK; o++) {
    for (size_t i = 0; i < count; i++)
      values[(size_t)o * count + i] = gb_drawing_value(d, results[i], names[o]);
    objectives[o] =
        (gb_objective){.larger_is_better = o == 1 && !d->chart->less_is_better,
                       .values = values + (size_t)o * count,
                       .draws = measured && strcmp(names[o], "latency") == 0 ? draws : NULL};
  }
  if (status == GB_OK)
    status = gb_pareto(objectives, 2, count, measured ? FRONT_DRAWS : 1, front, error);
  for (size_t i = 0; i < count && status == GB_OK; i++)
    shares[i] = front[i].probability;
  gb_release(NULL, values);
  gb_release(NULL, draws);
  gb_release(NULL, front);
  return status;
}
