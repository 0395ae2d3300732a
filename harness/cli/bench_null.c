// The machine against itself: how often it says "different" of one and the same thing.
#include "harness/cli/bench.h"

#include <math.h>
#include <stdlib.h>

typedef struct series {
  gb_bench_entry *entry;
  gb_latency_plan plan; // its seed and warm-up change from comparison to comparison
  const gb_bench_request *request;
  gb_placement *placement; // NULL: with itself, else with an entry that is made anew
  double done, all;        // comparisons, for the progress
} series;

// Wilson's interval of a share (1927), 95 %.
static void wilson(gb_bench_same *n, double count) {
  double z = 1.959963984540054, p = n->rate;
  double middle = p + z * z / (2 * count), scale = 1 + z * z / count;
  double half = z * sqrt(p * (1 - p) / count + z * z / (4 * count * count));
  n->low = fmax(0, (middle - half) / scale);
  n->high = fmin(1, (middle + half) / scale);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static gb_status compare(gb_bench_entry *a, gb_bench_entry *b, const gb_latency_plan *plan,
                         gb_ratio *ratio, gb_error *error) {
  gb_latency_item items[2] = {{.competitor = gb_bench_entry_competitor(a)},
                              {.competitor = gb_bench_entry_competitor(b)}};
  gb_session_facts facts;
  gb_status status = gb_latency_measure(items, 2, plan, &facts, error);
  *ratio = items[1].ratio;
  gb_latency_free(items, 2);
  return status;
}

static gb_status compare_once(series *s, gb_ratio *ratio, gb_error *error) {
  if (!s->placement)
    return compare(s->entry, s->entry, &s->plan, ratio, error);
  gb_bench_entry twin = {.name = s->entry->name,
                         .engine = s->entry->engine,
                         .threads = s->entry->threads,
                         .batch = s->entry->batch};
  gb_status status = gb_bench_entry_make(&twin, s->request, s->placement, error);
  if (status == GB_OK)
    status = compare(s->entry, &twin, &s->plan, ratio, error);
  gb_bench_entry_free(&twin);
  return status;
}

static void sum_up(gb_bench_same *n, size_t count, double *sizes, double *detectable) {
  n->rate = (double)n->alarms / (double)count;
  wilson(n, (double)count);
  for (size_t i = 0; i < count; i++)
    sizes[i] = fabs(n->ratios[i] - 1);
  qsort(sizes, count, sizeof *sizes, by_value);
  qsort(detectable, count, sizeof *detectable, by_value);
  n->floor = sizes[(size_t)ceil(0.95 * (double)count) - 1];
  n->detectable = detectable[count / 2];
}

static gb_status compare_often(series *s, size_t count, gb_bench_same *n, gb_error *error) {
  n->ratios = gb_allocate(NULL, count, sizeof *n->ratios);
  double *sizes = gb_allocate(NULL, count, sizeof *sizes);
  double *detectable = gb_allocate(NULL, count, sizeof *detectable);
  gb_status status = n->ratios && sizes && detectable ? GB_OK : gb_fail_memory(error);
  for (size_t i = 0; status == GB_OK && i < count; i++) {
    gb_ratio ratio;
    status = compare_once(s, &ratio, error);
    if (status != GB_OK)
      break;
    n->alarms += gb_ratio_direction(&ratio, (double)NAN, 0) != GB_CANNOT_TELL;
    n->ratios[i] = ratio.interval.value;
    detectable[i] = ratio.detectable;
    s->plan.seed++;
    if (!s->placement)
      s->plan.warmup_seconds = 0.01; // it is warm by now; a twin is new each time
    s->done++;
    if (s->request->plan.progress)
      s->request->plan.progress(s->request->plan.progress_context, s->done / s->all);
  }
  if (status == GB_OK)
    sum_up(n, count, sizes, detectable);
  gb_release(NULL, sizes);
  gb_release(NULL, detectable);
  return status;
}

gb_status gb_bench_measure_null(gb_bench_entry *e, const gb_bench_request *q,
                                gb_placement *placement, gb_bench_null *n, gb_error *error) {
  size_t count = (size_t)q->comparisons;
  series s = {.entry = e, .plan = q->plan, .request = q, .all = 2 * (double)count};
  s.plan.progress = NULL;
  n->runs = q->plan.runs;
  GB_TRY(compare_often(&s, count, &n->self, error));
  s.plan.warmup_seconds = q->plan.warmup_seconds;
  s.placement = placement;
  GB_TRY(compare_often(&s, count, &n->twins, error));
  n->comparisons = count;
  n->floor = fmax(n->self.floor, n->twins.floor);
  return GB_OK;
}

void gb_bench_null_free(gb_bench_null *n) {
  gb_release(NULL, n->self.ratios);
  gb_release(NULL, n->twins.ratios);
  *n = (gb_bench_null){0};
}
