// Warm-up: gated by time and by count, then until calls no longer get faster.
#include "harness/measure/session.h"

#include <math.h>

// Times of warm-up have stopped to fall when a further stretch of it has no call that is faster
// than the fastest before by more than this share.
#define FALLING 0.02
// Calls for at least `calls` and `seconds`; gives the fastest one. `c->samples` is scratch.
static gb_status stretch(gb_run *r, gb_competitor *c, size_t calls, double seconds, double *fastest,
                         gb_error *error) {
  double start = gb_run_now(r);
  *fastest = HUGE_VAL;
  size_t room = gb_protocol_samples(r->protocol), done = 0;
  while (done < calls || gb_run_now(r) - start < seconds) {
    size_t batch = 1;
    if (c->timed) {
      batch = calls > done ? calls - done : 1;
      batch = batch < room ? batch : room;
      GB_TRY(c->timed(c->context, 0, batch, c->samples, error));
      for (size_t i = 0; i < batch; i++)
        *fastest = fmin(*fastest, c->samples[i]);
    } else {
      double before = gb_run_now(r);
      c->body(c->context);
      double took = gb_run_now(r) - before;
      *fastest = fmin(*fastest, took);
      if (c->warmup_calls == 0)
        c->first_seconds = took;
    }
    done += batch;
    c->warmup_calls += batch;
  }
  return GB_OK;
}

gb_status gb_warm_up(gb_run *r, gb_competitor *c, gb_error *error) {
  const gb_protocol *p = r->protocol;
  double start = gb_run_now(r), best, further;
  double most = p->warmup_seconds_most > 0 ? p->warmup_seconds_most : 10 * p->warmup_seconds;
  if (c->before)
    c->before(c->context);
  if (p->warmup_calls == 0 && p->warmup_seconds <= 0) {
    c->warm = true; // nothing was asked for
    return GB_OK;
  }
  GB_TRY(stretch(r, c, p->warmup_calls, p->warmup_seconds, &best, error));
  do {
    GB_TRY(stretch(r, c, (p->warmup_calls + 1) / 2, p->warmup_seconds / 2, &further, error));
    c->warm = further >= (1 - FALLING) * best;
    best = fmin(best, further);
  } while (!c->warm && gb_run_now(r) - start < most);
  return GB_OK;
}
