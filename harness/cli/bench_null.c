// The machine against itself: how often it says "different" of one and the same thing.
#include "harness/cli/bench.h"

#include <math.h>
#include <stdlib.h>

// Wilson's interval of a share (1927), 95 %.
static void wilson(gb_bench_null *n) {
  double z = 1.959963984540054, count = (double)n->comparisons, p = n->rate;
  double middle = p + z * z / (2 * count), scale = 1 + z * z / count;
  double half = z * sqrt(p * (1 - p) / count + z * z / (4 * count * count));
  n->low = fmax(0, (middle - half) / scale);
  n->high = fmin(1, (middle + half) / scale);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// One session of two competitors that are one and the same.
static gb_status compare(gb_bench_entry *e, const gb_latency_plan *plan, gb_ratio *ratio,
                         gb_error *error) {
  gb_latency_item items[2] = {{.competitor = gb_bench_entry_competitor(e)},
                              {.competitor = gb_bench_entry_competitor(e)}};
  gb_session_facts facts;
  gb_status status = gb_latency_measure(items, 2, plan, &facts, error);
  *ratio = items[1].ratio;
  gb_latency_free(items, 2);
  return status;
}

static void sum_up(gb_bench_null *n, double *sizes, double *detectable) {
  n->rate = (double)n->alarms / (double)n->comparisons;
  wilson(n);
  for (size_t i = 0; i < n->comparisons; i++)
    sizes[i] = fabs(n->ratios[i] - 1);
  qsort(sizes, n->comparisons, sizeof *sizes, by_value);
  qsort(detectable, n->comparisons, sizeof *detectable, by_value);
  n->floor = sizes[(size_t)ceil(0.95 * (double)n->comparisons) - 1];
  n->detectable = detectable[n->comparisons / 2];
}

gb_status gb_bench_measure_null(gb_bench_entry *e, const gb_bench_request *q, gb_bench_null *n,
                                gb_error *error) {
  size_t count = (size_t)q->comparisons;
  gb_latency_plan plan = q->plan;
  n->runs = plan.runs;
  n->ratios = gb_allocate(NULL, count, sizeof *n->ratios);
  double *sizes = gb_allocate(NULL, count, sizeof *sizes);
  double *detectable = gb_allocate(NULL, count, sizeof *detectable);
  gb_status status = n->ratios && sizes && detectable ? GB_OK : gb_fail_memory(error);
  plan.progress = NULL;
  for (size_t i = 0; status == GB_OK && i < count; i++) {
    gb_ratio ratio;
    plan.seed = q->plan.seed + i;
    status = compare(e, &plan, &ratio, error);
    if (status != GB_OK)
      break;
    n->comparisons++;
    n->alarms += gb_ratio_direction(&ratio, (double)NAN, 0) != GB_CANNOT_TELL;
    n->ratios[i] = ratio.interval.value;
    detectable[i] = ratio.detectable;
    plan.warmup_seconds = 0.01; // it is warm by now
    if (q->plan.progress)
      q->plan.progress(q->plan.progress_context, (double)(i + 1) / (double)count);
  }
  if (status == GB_OK)
    sum_up(n, sizes, detectable);
  gb_release(NULL, sizes);
  gb_release(NULL, detectable);
  return status;
}
