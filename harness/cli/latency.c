// A session of competitors: protocol, then intervals, ratios, diagnostics and verdicts.
#include "harness/cli/latency.h"

#include "layers/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Draws of a bootstrap while it is only asked whether to go on.
enum { QUICK_DRAWS = 500, LEAST_RUNS = 10 };

gb_latency_plan gb_latency_plan_default(void) {
  return (gb_latency_plan){.runs = 50, .warmup_seconds = 0.1, .seed = 1};
}

// ---------------------------------------------------------------------------------------------
// Until precise

typedef struct watcher {
  const gb_latency_plan *plan;
  size_t next;  // rounds at which intervals are looked at again
  double width; // the widest one of them, over its value; NAN: not known yet
} watcher;

static double widest(const gb_session *s, size_t draws) {
  gb_resampling how = {.draws = draws, .seed = 1};
  gb_error error;
  double width = 0;
  const gb_competitor *first = &s->competitors[0];
  if (s->count == 1) {
    gb_interval interval;
    return gb_median_interval(first->samples, first->count, &how, &interval, &error) == GB_OK
               ? gb_interval_share(&interval)
               : (double)NAN;
  }
  for (size_t i = 1; i < s->count; i++) {
    const gb_competitor *c = &s->competitors[i];
    gb_ratio ratio;
    if (gb_ratio_of(c->samples, c->count, first->samples, first->count, true, &how, &ratio,
                    &error) != GB_OK)
      return (double)NAN;
    double share = gb_interval_share(&ratio.interval);
    if (!(share <= width))
      width = share;
  }
  return width;
}

// Looks again after a fifth more rounds: each look costs a bootstrap, and each one that may end the
// session makes intervals a little too narrow (optional stopping).
static bool enough(void *context, const gb_session *session) {
  watcher *w = context;
  if (session->facts.rounds < w->next)
    return false;
  w->next = session->facts.rounds + session->facts.rounds / 5 + 1;
  w->width = widest(session, QUICK_DRAWS);
  return w->width <= w->plan->precise;
}

// The protocol has one context for both callbacks; progress gets its own back.
typedef struct callbacks {
  watcher watcher;
  const gb_latency_plan *plan;
} callbacks;

static bool ask(void *context, const gb_session *session) {
  return enough(&((callbacks *)context)->watcher, session);
}

static void progress(void *context, double share) {
  const gb_latency_plan *plan = ((callbacks *)context)->plan;
  plan->progress(plan->progress_context, share);
}

// ---------------------------------------------------------------------------------------------
// What samples say

static gb_status describe(gb_latency_item *item, gb_error *error) {
  const gb_competitor *c = &item->competitor;
  gb_resampling how = {.seed = 1};
  GB_TRY(gb_median_interval(c->samples, c->count, &how, &item->median, error));
  GB_TRY(gb_dependence_of(c->samples, c->count, &item->dependence, error));
  GB_TRY(gb_trend_of(c->samples, c->count, 1, &item->trend, error));
  GB_TRY(gb_modes_of(c->samples, c->count, 0, 1, &item->modes, error));
  item->minimum = HUGE_VAL;
  for (size_t i = 0; i < c->count; i++)
    item->minimum = fmin(item->minimum, c->samples[i]);
  return GB_OK;
}

static void gather(gb_latency_item *item, const gb_session *session, double imprecision) {
  const gb_session_facts *f = &session->facts;
  const gb_competitor *c = &item->competitor;
  gb_evidence *e = &item->evidence;
  *e = gb_evidence_none();
  e->samples = (double)c->count;
  e->imprecision = imprecision;
  e->trend_p = item->trend.p;
  e->trend_share = item->trend.share;
  e->modes_p = item->modes.p;
  e->modes_share = item->modes.distance;
  e->outliers = item->outliers;
  e->warm = c->warm;
  if (c->body) {
    e->preempted = (double)c->preempted_turns / (double)c->turns;
    e->off_processor = (double)c->off_turns / (double)c->turns;
    e->migrations = (double)c->migrations / (double)c->count;
  }
  e->unsettled = (double)f->unsettled / (double)(f->rounds * session->count);
  e->steal = f->steal;
  e->others = f->others;
  e->waited = f->waited;
  e->throttled = f->throttled < 0 ? (double)NAN : (double)f->throttled;
  e->thermal = f->thermal < 0 ? (double)NAN : (double)f->thermal;
  e->pulse_spread = f->pulse_spread;
  e->clock_share = f->clock_step > 0 ? f->clock_step / item->median.value : (double)NAN;
  e->backward = (double)c->backward_samples;
  gb_judge(e, &item->verdict);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// Beyond three quartile ranges from the quartiles (Tukey's outer fences).
static gb_status count_outliers(gb_latency_item *item, gb_error *error) {
  size_t n = item->competitor.count;
  double *sorted = gb_allocate(NULL, n, sizeof *sorted);
  if (!sorted)
    return gb_fail_memory(error);
  memcpy(sorted, item->competitor.samples, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_value);
  double low = sorted[n / 4], high = sorted[n - 1 - n / 4], range = high - low;
  size_t beyond = 0;
  for (size_t i = 0; i < n; i++)
    beyond += sorted[i] < low - 3 * range || sorted[i] > high + 3 * range;
  item->outliers = (double)beyond / (double)n;
  gb_release(NULL, sorted);
  return GB_OK;
}

static gb_status compare(gb_latency_item *items, size_t count, gb_error *error) {
  double *p = gb_allocate(NULL, count, sizeof *p);
  if (!p)
    return gb_fail_memory(error);
  gb_status status = GB_OK;
  gb_resampling how = {.seed = 1};
  const gb_competitor *first = &items[0].competitor;
  p[0] = (double)NAN;
  for (size_t i = 1; status == GB_OK && i < count; i++) {
    const gb_competitor *c = &items[i].competitor;
    status = gb_ratio_of(c->samples, c->count, first->samples, first->count, true, &how,
                         &items[i].ratio, error);
    p[i] = items[i].ratio.p;
  }
  if (status == GB_OK)
    status = gb_holm(p, count, p, error);
  for (size_t i = 0; i < count; i++)
    items[i].corrected_p = p[i];
  gb_release(NULL, p);
  return status;
}

static gb_status sum_up(gb_latency_item *items, size_t count, const gb_session *session,
                        const watcher *w, gb_error *error) {
  // A sample that is not positive has no ratio; the verdict tells what is wrong with the clock.
  bool positive = true;
  for (size_t i = 0; i < count; i++) {
    const gb_competitor *c = &session->competitors[i];
    items[i].competitor = *c;
    positive = positive && c->zero_samples == 0 && c->backward_samples == 0;
    GB_TRY(describe(&items[i], error));
    GB_TRY(count_outliers(&items[i], error));
    items[i].ratio =
        (gb_ratio){.interval = {.value = (double)NAN, .low = (double)NAN, .high = (double)NAN},
                   .p = (double)NAN};
    items[i].corrected_p = (double)NAN;
  }
  if (count > 1 && positive)
    GB_TRY(compare(items, count, error));
  double imprecision = w->plan->precise > 0 && !session->facts.enough
                           ? widest(session, 0) / w->plan->precise
                           : (double)NAN;
  for (size_t i = 0; i < count; i++)
    gather(&items[i], session, imprecision);
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------

static gb_status make_room(gb_latency_item *items, size_t count, size_t room, gb_error *error) {
  for (size_t i = 0; i < count; i++) {
    gb_competitor *c = &items[i].competitor;
    c->samples = gb_allocate(NULL, room, sizeof *c->samples);
    c->starts = gb_allocate(NULL, room, sizeof *c->starts);
    if (!c->samples || !c->starts)
      return gb_fail_memory(error);
  }
  return GB_OK;
}

static gb_protocol protocol_of(const gb_latency_plan *plan, callbacks *c) {
  bool open = plan->seconds > 0 || plan->precise > 0;
  size_t least = open && plan->runs > LEAST_RUNS ? LEAST_RUNS : plan->runs;
  return (gb_protocol){.rounds_least = least,
                       .rounds_most = plan->runs,
                       .seconds_most = plan->seconds,
                       .turn_calls = 1,
                       .lead_calls = 1,
                       .warmup_calls = 2,
                       .warmup_seconds = plan->warmup_seconds,
                       .between = plan->between,
                       .idle_seconds = plan->idle_seconds,
                       .seed = plan->seed,
                       .settle = plan->settle,
                       .enough = plan->precise > 0 ? ask : NULL,
                       .progress = plan->progress ? progress : NULL,
                       .context = c};
}

gb_status gb_latency_measure(gb_latency_item *items, size_t count, const gb_latency_plan *plan,
                             gb_session_facts *facts, gb_error *error) {
  callbacks c = {.watcher = {.plan = plan, .width = (double)NAN}, .plan = plan};
  gb_protocol protocol = protocol_of(plan, &c);
  gb_competitor *competitors = gb_allocate(NULL, count, sizeof *competitors);
  if (!competitors)
    return gb_fail_memory(error);
  gb_session session = {.competitors = competitors, .count = count};
  gb_status status = make_room(items, count, gb_protocol_samples(&protocol), error);
  for (size_t i = 0; i < count; i++)
    competitors[i] = items[i].competitor;
  if (status == GB_OK)
    status = gb_measure(&session, &protocol, error);
  if (status == GB_OK)
    status = sum_up(items, count, &session, &c.watcher, error);
  *facts = session.facts;
  gb_release(NULL, competitors);
  return status;
}

void gb_latency_free(gb_latency_item *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    gb_release(NULL, items[i].competitor.samples);
    gb_release(NULL, items[i].competitor.starts);
    items[i].competitor.samples = items[i].competitor.starts = NULL;
  }
}

gb_validity gb_latency_worst(const gb_latency_item *items, size_t count) {
  gb_validity worst = GB_VALID;
  for (size_t i = 0; i < count; i++)
    if (items[i].verdict.validity > worst)
      worst = items[i].verdict.validity;
  return worst;
}
