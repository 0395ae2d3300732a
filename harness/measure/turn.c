// A competitor's turn in a round: what is timed, and what lies between.
#define _GNU_SOURCE // sched_getcpu
#include "harness/measure/place.h"
#include "harness/measure/session.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

// Between calls

// Threads spin for some tens of milliseconds at most (pthreadpool, OpenMP, ONNX Runtime).
#define SETTLE_SECONDS 0.5
#define MOST_OF_IT 0.9

// Every line is written, so that it is in no cache shared with what is timed, and then read: what
// was there before has been displaced.
static void flush_caches(gb_run *r) {
  enum { LINE = 64 };
  for (size_t i = 0; i < r->flush_bytes; i += LINE)
    r->flush[i]++;
  volatile unsigned char sum = 0;
  for (size_t i = 0; i < r->flush_bytes; i += LINE)
    sum = (unsigned char)(sum + r->flush[i]);
}

static void between_calls(gb_run *r) {
  if (r->protocol->between == GB_BETWEEN_FLUSHED)
    flush_caches(r);
  else if (r->protocol->between == GB_BETWEEN_IDLE)
    r->clock.sleep(r->clock.context, r->protocol->idle_seconds);
}

// ---------------------------------------------------------------------------------------------
// One turn

static double thread_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int64_t preemptions(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_nivcsw : 0;
}

static void add_sample(gb_competitor *c, double start, double seconds) {
  c->starts[c->count] = start;
  c->samples[c->count++] = seconds;
  c->zero_samples += seconds == 0;
  c->backward_samples += seconds < 0;
}

typedef struct span {
  double processor, wall;
  int64_t preemptions;
} span;

static span look(void) {
  return (span){thread_seconds(), gb_now(), preemptions()};
}

// Adds what passed since to the turn.
static void add_span(gb_competitor *c, gb_turn_time *spent, const span *since, bool *off,
                     bool *preempted) {
  span end = look();
  double processor = end.processor - since->processor, wall = end.wall - since->wall;
  spent->processor += processor;
  spent->wall += wall;
  c->preemptions += end.preemptions - since->preemptions;
  *off = *off || processor < MOST_OF_IT * wall;
  *preempted = *preempted || end.preemptions > since->preemptions;
}

static void timed_calls(gb_run *r, gb_competitor *c, gb_turn_time *spent) {
  bool hot = r->protocol->between == GB_BETWEEN_HOT, off = false, preempted = false;
  for (size_t i = 0; i < r->lead_calls; i++)
    c->body(c->context);
  span since = look();
  for (size_t i = 0; i < r->turn_calls; i++) {
    if (!hot) {
      between_calls(r);
      since = look();
    }
    int cpu = sched_getcpu();
    double before = gb_run_now(r);
    c->body(c->context);
    double after = gb_run_now(r);
    c->migrations += sched_getcpu() != cpu;
    add_sample(c, before - r->start, after - before);
    if (!hot || i + 1 == r->turn_calls)
      add_span(c, spent, &since, &off, &preempted);
  }
  c->turns++;
  c->preempted_turns += preempted;
  c->off_turns += off;
}

// Timed elsewhere, one call after another: when each began is known but for what lies between.
static gb_status elsewhere(gb_run *r, gb_competitor *c, size_t lead, size_t calls,
                           gb_error *error) {
  if (r->protocol->between != GB_BETWEEN_HOT)
    between_calls(r);
  double *seconds = c->samples + c->count, at = gb_run_now(r) - r->start;
  GB_TRY(c->timed(c->context, lead, calls, seconds, error));
  for (size_t i = 0; i < calls; i++) {
    double took = seconds[i];
    add_sample(c, at, took);
    at += took;
  }
  return GB_OK;
}

gb_status gb_take_turn(gb_run *r, gb_competitor *c, gb_turn_time *spent, gb_error *error) {
  if (r->protocol->settle && !gb_settle(r->processes, r->process_count, SETTLE_SECONDS))
    r->session->facts.unsettled++;
  if (c->before)
    c->before(c->context);
  if (c->timed) {
    bool hot = r->protocol->between == GB_BETWEEN_HOT;
    for (size_t i = 0; !hot && i < r->turn_calls; i++)
      GB_TRY(elsewhere(r, c, 0, 1, error));
    return hot ? elsewhere(r, c, r->lead_calls, r->turn_calls, error) : GB_OK;
  }
  timed_calls(r, c, spent);
  return GB_OK;
}
