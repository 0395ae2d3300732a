// Sessions: warm-up, then balanced rounds; see protocol.h.
#include "harness/measure/order.h"
#include "harness/measure/session.h"
#include "harness/measure/watch.h"
#include "layers/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

const char *const gb_between_names[] = {"hot", "flushed", "idle", NULL};

// `enough` is asked at the end of a block, or after so many rounds where blocks are longer.
enum { LONGEST_BLOCK = 8, PULSES = 65536 };

size_t gb_protocol_samples(const gb_protocol *p) {
  size_t calls = p->turn_calls ? p->turn_calls : 1;
  return p->rounds_most <= SIZE_MAX / sizeof(double) / calls ? p->rounds_most * calls : 0;
}

// ---------------------------------------------------------------------------------------------
// Rounds

static bool finished(const gb_run *r, gb_session *s) {
  const gb_protocol *p = r->protocol;
  gb_session_facts *f = &s->facts;
  size_t asked = f->block < LONGEST_BLOCK ? f->block : LONGEST_BLOCK;
  f->seconds = gb_run_now(r) - r->start;
  if (p->enough && f->rounds >= p->rounds_least && f->rounds % asked == 0)
    f->enough = p->enough(p->context, s);
  if (f->enough || f->rounds == p->rounds_most)
    return true;
  if (p->seconds_most <= 0 || f->seconds < p->seconds_most)
    return false;
  f->capped = p->enough || f->rounds < p->rounds_least;
  return true;
}

static void show_progress(const gb_run *r, const gb_session_facts *f, bool done) {
  const gb_protocol *p = r->protocol;
  if (!p->progress)
    return;
  double share = (double)f->rounds / (double)p->rounds_most;
  if (p->seconds_most > 0)
    share = fmax(share, fmin(1, f->seconds / p->seconds_most));
  p->progress(p->context, done ? 1 : share);
}

static gb_status rounds(gb_run *r, gb_order *order, size_t *places, gb_turn_time *times,
                        gb_error *error) {
  gb_session *s = r->session;
  r->start = gb_run_now(r);
  for (bool done = false; !done;) {
    gb_order_next(order, places);
    for (size_t k = 0; k < s->count; k++)
      GB_TRY(gb_take_turn(r, &s->competitors[places[k]], &times[places[k]], error));
    s->facts.rounds++;
    if (r->real_clock && r->pulse_count < PULSES && r->pulse_count < r->protocol->rounds_most)
      r->pulses[r->pulse_count++] = gb_clock_pulse();
    done = finished(r, s);
    show_progress(r, &s->facts, done);
  }
  return GB_OK;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void sum_up(gb_run *r, const gb_turn_time *times) {
  gb_session *s = r->session;
  gb_session_facts *f = &s->facts;
  for (size_t i = 0; i < s->count; i++) {
    gb_competitor *c = &s->competitors[i];
    f->migrations += c->migrations;
    if (!c->timed && times[i].wall > 0 && r->real_clock)
      c->on_processor = fmin(1, times[i].processor / times[i].wall);
  }
  size_t n = r->pulse_count;
  if (n < 5)
    return;
  qsort(r->pulses, n, sizeof *r->pulses, by_value);
  f->pulse_median = r->pulses[n / 2];
  f->pulse_spread = (r->pulses[n - 1 - n / 10] - r->pulses[n / 10]) / f->pulse_median;
}

// ---------------------------------------------------------------------------------------------

// A virtual machine may show the last-level cache of a whole socket, hundreds of MiB of which a
// core sees a part: more than any core's share displaces nothing more.
enum { FLUSH_MOST = 128 << 20 };

static size_t flush_bytes(void) {
  long l3 = sysconf(_SC_LEVEL3_CACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  long most = l3 > l2 ? l3 : l2;
  return most > 0 && most < FLUSH_MOST / 2 ? 2 * (size_t)most : FLUSH_MOST;
}

static gb_status check(const gb_session *s, const gb_protocol *p, gb_error *error) {
  if (s->count == 0)
    return gb_fail(error, GB_EUSAGE, "nothing to measure");
  if (p->rounds_most == 0 || p->rounds_least > p->rounds_most)
    return gb_fail(error, GB_EUSAGE, "%zu to %zu rounds are no measurement", p->rounds_least,
                   p->rounds_most);
  if (gb_protocol_samples(p) == 0)
    return gb_fail(error, GB_ELIMIT, "%zu rounds of %zu calls are too many", p->rounds_most,
                   p->turn_calls);
  for (size_t i = 0; i < s->count; i++) {
    const gb_competitor *c = &s->competitors[i];
    if (!c->body == !c->timed || !c->samples || !c->starts)
      return gb_fail(error, GB_EUSAGE, "competitor %zu is not complete", i);
  }
  return GB_OK;
}

static gb_status prepare(gb_run *r, gb_order *order, gb_error *error) {
  const gb_protocol *p = r->protocol;
  bool hot = p->between == GB_BETWEEN_HOT;
  r->real_clock = !p->clock.now;
  r->clock = r->real_clock ? gb_clock_monotonic : p->clock;
  r->turn_calls = p->turn_calls ? p->turn_calls : 1;
  r->lead_calls = hot ? p->lead_calls : 0; // the others want what a first call finds
  GB_TRY(gb_order_new(order, r->session->count, p->seed, error));
  r->pulses = gb_allocate(NULL, p->rounds_most < PULSES ? p->rounds_most : PULSES, sizeof(double));
  if (!r->pulses)
    return gb_fail_memory(error);
  if (p->between == GB_BETWEEN_FLUSHED) {
    r->flush_bytes = p->flush_bytes ? p->flush_bytes : flush_bytes();
    r->flush = gb_allocate(NULL, r->flush_bytes, 1);
    if (!r->flush)
      return gb_fail_memory(error);
  }
  gb_session_facts *f = &r->session->facts;
  double unknown = (double)NAN;
  *f = (gb_session_facts){.pulse_median = unknown,
                          .pulse_spread = unknown,
                          .block = order->block,
                          .flush_bytes = r->flush_bytes};
  f->clock_step = gb_clock_step(&r->clock);
  for (size_t i = 0; i < r->session->count; i++) {
    gb_competitor *c = &r->session->competitors[i];
    c->count = c->warmup_calls = 0;
    c->warm = false;
    c->preemptions = c->turns = c->preempted_turns = c->off_turns = 0;
    c->migrations = c->zero_samples = c->backward_samples = 0;
    c->first_seconds = c->on_processor = unknown;
  }
  return GB_OK;
}

static void list_processes(gb_run *r) {
  r->processes[0] = 0;
  r->process_count = 1;
  for (size_t i = 0; i < r->session->count; i++) {
    bool known = false;
    for (size_t k = 0; k < r->process_count; k++)
      known = known || r->processes[k] == r->session->competitors[i].process;
    if (!known)
      r->processes[r->process_count++] = r->session->competitors[i].process;
  }
}

static gb_status measure(gb_run *r, gb_order *order, size_t *places, gb_turn_time *times,
                         gb_error *error) {
  gb_session *s = r->session;
  gb_watch before, after;
  list_processes(r);
  for (size_t i = 0; i < s->count; i++)
    GB_TRY(gb_warm_up(r, &s->competitors[i], error));
  gb_watch_look(&before, r->processes, r->process_count);
  gb_status status = rounds(r, order, places, times, error);
  gb_watch_look(&after, r->processes, r->process_count);
  gb_watch_compare(&before, &after, &s->facts);
  sum_up(r, times);
  return status;
}

gb_status gb_measure(gb_session *session, const gb_protocol *protocol, gb_error *error) {
  GB_TRY(check(session, protocol, error));
  gb_run run = {.session = session, .protocol = protocol};
  gb_order order = {0};
  size_t *places = gb_allocate(NULL, session->count, sizeof *places);
  gb_turn_time *times = gb_allocate(NULL, session->count, sizeof *times);
  run.processes = gb_allocate(NULL, session->count + 1, sizeof *run.processes);
  gb_status status = places && times && run.processes ? GB_OK : gb_fail_memory(error);
  if (status == GB_OK)
    status = prepare(&run, &order, error);
  if (status == GB_OK)
    status = measure(&run, &order, places, times, error);
  gb_order_free(&order);
  gb_release(NULL, run.pulses);
  gb_release(NULL, run.flush);
  gb_release(NULL, places);
  gb_release(NULL, times);
  gb_release(NULL, run.processes);
  return status;
}
