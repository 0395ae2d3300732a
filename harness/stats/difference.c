// Ratio of medians and what it allows to say; see difference.h.
#include "harness/stats/difference.h"

#include "harness/stats/resample.h"
#include "layers/base/memory.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

const char *const gb_direction_words[] = {"cannot tell", "faster", "slower", NULL};

// Two sets made ready, and room for drawing.
typedef struct pair {
  gb_sorted a, b;
  uint32_t *weight_a, *weight_b;
  double *draws;
} pair;

static void pair_free(pair *p) {
  gb_sorted_free(&p->a);
  gb_sorted_free(&p->b);
  gb_release(NULL, p->weight_a);
  gb_release(NULL, p->weight_b);
  gb_release(NULL, p->draws);
}

static gb_status pair_make(const double *a, size_t count_a, const double *b, size_t count_b,
                           const gb_resampling *how, pair *p, gb_error *error) {
  *p = (pair){0};
  GB_TRY(gb_sorted_make(a, count_a, how->turn, &p->a, error));
  GB_TRY(gb_sorted_make(b, count_b, how->turn, &p->b, error));
  p->weight_a = gb_allocate(NULL, p->a.turns, sizeof *p->weight_a);
  p->weight_b = gb_allocate(NULL, p->b.turns, sizeof *p->weight_b);
  p->draws = gb_allocate(NULL, how->draws, sizeof *p->draws);
  return p->weight_a && p->weight_b && p->draws ? GB_OK : gb_fail_memory(error);
}

// What met both in a round cancels in the quotient: its dependence is what counts.
static gb_status describe_paired(const double *a, const double *b, const gb_resampling *how,
                                 gb_interval *interval, gb_error *error) {
  double *quotient = gb_allocate(NULL, 2 * interval->turns, sizeof *quotient);
  if (!quotient)
    return gb_fail_memory(error);
  double *other = quotient + interval->turns;
  gb_status status = gb_turn_medians(a, interval->count, how->turn, quotient, error);
  if (status == GB_OK)
    status = gb_turn_medians(b, interval->count, how->turn, other, error);
  for (size_t i = 0; i < interval->turns; i++)
    quotient[i] = log(quotient[i]) - log(other[i]);
  if (status == GB_OK)
    status = gb_turns_depend(quotient, how, interval, error);
  gb_release(NULL, quotient);
  return status;
}

// Of two sets that know nothing of one another the one with fewer blocks decides how sure we are.
static gb_status describe_apart(const double *a, const double *b, size_t count_b,
                                const gb_resampling *how, gb_interval *interval, size_t *block_b,
                                gb_error *error) {
  gb_interval other = gb_interval_unknown(count_b, how);
  GB_TRY(gb_turns_describe(a, how, interval, error));
  GB_TRY(gb_turns_describe(b, how, &other, error));
  *block_b = other.block;
  interval->lost = fmax(interval->lost, other.lost);
  interval->rough |= other.rough;
  interval->effective = fmin(interval->effective, other.effective);
  return GB_OK;
}

static void draw(pair *p, const gb_resampling *how, bool paired, size_t block_a, size_t block_b) {
  gb_random random = {how->seed};
  for (size_t i = 0; i < how->draws; i++) {
    gb_draw_turns(&random, p->a.turns, block_a, p->weight_a);
    if (!paired)
      gb_draw_turns(&random, p->b.turns, block_b, p->weight_b);
    double a = gb_weighted_quantile(&p->a, p->weight_a, 0.5);
    double b = gb_weighted_quantile(&p->b, paired ? p->weight_a : p->weight_b, 0.5);
    p->draws[i] = log(a) - log(b);
  }
  gsl_sort(p->draws, 1, how->draws);
}

// p and the smallest difference from the error; then from logarithms to ratios.
static void conclude(const pair *p, const gb_resampling *how, gb_ratio *ratio) {
  gb_interval *i = &ratio->interval;
  gb_interval_of_draws(p->draws, how->draws, i);
  double t = fabs(i->value) / i->error;
  ratio->p = i->error > 0 ? 2 * gsl_cdf_tdist_Q(t, i->freedom) : i->value == 0 ? 1 : 0;
  // Found 8 times of 10 where the true difference lies so many errors from 0.
  double errors =
      gsl_cdf_tdist_Qinv((1 - i->level) / 2, i->freedom) + gsl_cdf_tdist_Qinv(0.2, i->freedom);
  ratio->detectable = expm1(errors * i->error);
  i->low = exp(i->low);
  i->high = exp(i->high);
}

static gb_status check(const double *samples, size_t count, gb_error *error) {
  GB_TRY(gb_check_samples(samples, count, error));
  for (size_t i = 0; i < count; i++)
    if (!(samples[i] > 0))
      return gb_fail(error, GB_EINPUT, "sample %zu is %g, and a ratio needs positive ones", i,
                     samples[i]);
  return GB_OK;
}

gb_status gb_ratio_of(const double *samples, size_t count, const double *baseline,
                      size_t baseline_count, bool paired, const gb_resampling *wish,
                      gb_ratio *ratio, gb_error *error) {
  gb_resampling how;
  GB_TRY(check(samples, count, error));
  GB_TRY(check(baseline, baseline_count, error));
  if (paired && count != baseline_count)
    return gb_fail(error, GB_EUSAGE, "%zu samples cannot be paired with %zu", count,
                   baseline_count);
  GB_TRY(gb_resampling_fill(wish, count + baseline_count, &how, error));
  size_t block_b = 0;
  *ratio = (gb_ratio){.interval = gb_interval_unknown(count, &how),
                      .paired = paired,
                      .p = (double)NAN,
                      .detectable = (double)NAN};
  GB_TRY(paired ? describe_paired(samples, baseline, &how, &ratio->interval, error)
                : describe_apart(samples, baseline, baseline_count, &how, &ratio->interval,
                                 &block_b, error));
  size_t block_a = ratio->interval.block, turns_a = ratio->interval.turns;
  pair p;
  gb_status status = pair_make(samples, count, baseline, baseline_count, &how, &p, error);
  if (status == GB_OK) {
    double a = gsl_stats_median_from_sorted_data(p.a.values, 1, count);
    double b = gsl_stats_median_from_sorted_data(p.b.values, 1, baseline_count);
    ratio->interval.value = log(a) - log(b);
    size_t turns = turns_a < p.b.turns ? turns_a : p.b.turns;
    if (!paired && block_b * turns_a > block_a * p.b.turns) {
      ratio->interval.block = block_b;
      ratio->interval.turns = p.b.turns;
      ratio->interval.count = baseline_count;
    }
    if (turns >= GB_INTERVAL_LEAST) {
      draw(&p, &how, paired, block_a, block_b);
      conclude(&p, &how, ratio);
    }
    ratio->interval.value = a / b;
  }
  pair_free(&p);
  return status;
}

gb_direction gb_ratio_direction(const gb_ratio *ratio, double corrected_p, double floor_share) {
  const gb_interval *i = &ratio->interval;
  if (!(i->low > 1 || i->high < 1)) // unknown ends too
    return GB_CANNOT_TELL;
  double p = isnan(corrected_p) ? ratio->p : corrected_p;
  if (!(p < 1 - i->level) || !(fabs(log(i->value)) > log1p(fmax(0, floor_share))))
    return GB_CANNOT_TELL;
  return i->value < 1 ? GB_FASTER : GB_SLOWER;
}

gb_status gb_holm(const double *p, size_t count, double *corrected, gb_error *error) {
  size_t *order = gb_allocate(NULL, count ? count : 1, sizeof *order);
  double *raw = gb_allocate(NULL, count ? count : 1, sizeof *raw);
  size_t tests = 0;
  gb_status status = order && raw ? GB_OK : gb_fail_memory(error);
  for (size_t i = 0; status == GB_OK && i < count; i++) {
    tests += isnan(p[i]) ? 0 : 1;
    raw[i] = isnan(p[i]) ? HUGE_VAL : p[i]; // last in order
    if (!isnan(p[i]) && !(p[i] >= 0 && p[i] <= 1))
      status = gb_fail(error, GB_EINPUT, "p-value %zu is %g, not between 0 and 1", i, p[i]);
  }
  if (status == GB_OK) {
    gsl_sort_index(order, raw, 1, count);
    double least = 0; // no corrected p below that of a smaller one
    for (size_t k = 0; k < count; k++) {
      size_t i = order[k];
      if (k < tests)
        least = fmax(least, fmin(1, raw[i] * (double)(tests - k)));
      corrected[i] = k < tests ? least : (double)NAN;
    }
  }
  gb_release(NULL, order);
  gb_release(NULL, raw);
  return status;
}
