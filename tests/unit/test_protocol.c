// The sampling protocol on a clock that the tests move: order, warm-up, caps, what is kept.
#define _POSIX_C_SOURCE 200809L
#include "harness/measure/order.h"
#include "harness/measure/place.h"
#include "harness/measure/protocol.h"
#include "layers/base/memory.h"
#include "tests/lib/check.h"

#include <stdlib.h>

// ---------------------------------------------------------------------------------------------
// Balance, by counting

enum { MOST = 12 };

static void count_order(check_state *check, size_t n, uint64_t seed) {
  int at[MOST][MOST] = {{0}}, behind[MOST][MOST] = {{0}};
  size_t round[MOST], blocks = 3, block = gb_order_block(n);
  gb_order order;
  gb_error error;
  REQUIRE_OK(gb_order_new(&order, n, seed, &error), error);
  for (size_t i = 0; i < blocks * block; i++) {
    gb_order_next(&order, round);
    bool seen[MOST] = {false};
    for (size_t k = 0; k < n; k++) {
      REQUIRE(round[k] < n && !seen[round[k]]);
      seen[round[k]] = true;
      at[round[k]][k]++;
      if (k)
        behind[round[k]][round[k - 1]]++;
    }
  }
  gb_order_free(&order);
  // n places, and n - 1 places behind another one, shared out evenly.
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) {
      CHECK_INT(at[i][k], blocks * block / n);
      CHECK_INT(behind[i][k], i == k ? 0 : blocks * block / n);
    }
}

TEST(order_is_balanced) {
  for (size_t n = 1; n <= MOST; n++)
    for (uint64_t seed = 1; seed <= 5; seed++)
      count_order(check, n, seed);
}

TEST(order_is_random) {
  enum { N = 4, SEEDS = 400 };
  int first[N] = {0};
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    size_t round[N];
    gb_order order;
    gb_error error;
    REQUIRE_OK(gb_order_new(&order, N, seed, &error), error);
    gb_order_next(&order, round);
    gb_order_free(&order);
    first[round[0]]++;
  }
  // 100 expected; the standard deviation is 8.7.
  for (int i = 0; i < N; i++)
    CHECK(first[i] > 50 && first[i] < 150);
}

// ---------------------------------------------------------------------------------------------
// A world in which time passes only by calls and pauses

typedef struct world {
  double now, slept, tick; // tick: what a look at the clock takes
} world;

static double world_now(void *context) {
  world *w = context;
  return w->now += w->tick;
}
static void world_sleep(void *context, double seconds) {
  world *w = context;
  w->now += seconds;
  w->slept += seconds;
}

typedef struct fake {
  world *world;
  double seconds; // of a call
  double slower;  // what the first calls take longer,
  double shrink;  // times this with every call
  double grow;    // added with every call
  size_t calls, befores;
  size_t fail_at; // `timed` fails from this call on; 0: never
  size_t leads;
} fake;

static double next_time(fake *f) {
  double seconds = f->seconds + f->slower + f->grow * (double)f->calls;
  f->slower *= f->shrink;
  f->calls++;
  return seconds;
}
static void fake_body(void *context) {
  fake *f = context;
  f->world->now += next_time(f);
}
static void fake_before(void *context) {
  ((fake *)context)->befores++;
}
static gb_status fake_timed(void *context, size_t lead, size_t calls, double *seconds,
                            gb_error *error) {
  fake *f = context;
  f->leads += lead;
  for (size_t i = 0; i < lead + calls; i++) {
    if (f->fail_at && f->calls + 1 >= f->fail_at)
      return gb_fail(error, GB_EIO, "the engine died");
    double took = next_time(f);
    f->world->now += 2 * took; // the way there and back counts for the clock, not for the sample
    if (i >= lead)
      seconds[i - lead] = took;
  }
  return GB_OK;
}

enum { ROOM = 4096 };
typedef struct bench {
  world world;
  fake fakes[4];
  gb_competitor competitors[4];
  gb_protocol protocol;
  gb_session session;
  gb_error error;
  gb_status status;
  double memory[8][ROOM];
} bench;

static bench *bench_new(size_t count) {
  bench *b = gb_allocate(NULL, 1, sizeof *b);
  if (!b)
    abort();
  b->world.tick = 0;
  for (size_t i = 0; i < count; i++) {
    b->fakes[i] = (fake){.world = &b->world, .seconds = 1e-3 * (double)(i + 1), .shrink = 0.5};
    b->competitors[i] = (gb_competitor){.body = fake_body,
                                        .before = fake_before,
                                        .context = &b->fakes[i],
                                        .samples = b->memory[2 * i],
                                        .starts = b->memory[2 * i + 1]};
  }
  b->protocol = (gb_protocol){.clock = {world_now, world_sleep, &b->world},
                              .rounds_least = 1,
                              .rounds_most = 12,
                              .seed = 7};
  b->session = (gb_session){.competitors = b->competitors, .count = count};
  return b;
}
static void bench_run(bench *b) {
  b->status = gb_measure(&b->session, &b->protocol, &b->error);
}

TEST(every_sample_is_kept_with_its_start) {
  bench *b = bench_new(3);
  b->protocol.turn_calls = 2;
  b->protocol.lead_calls = 1;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_INT(b->session.facts.rounds, 12);
  for (size_t i = 0; i < 3; i++) {
    const gb_competitor *c = &b->competitors[i];
    CHECK_INT(c->count, 24);
    CHECK_INT(b->fakes[i].calls, 36); // one lead call a turn, no warm-up
    CHECK_INT(b->fakes[i].befores, 12 + 1);
    for (size_t k = 0; k < c->count; k++) {
      CHECK_NEAR(c->samples[k], 1e-3 * (double)(i + 1), 1e-12);
      if (k % 2) // the second call of a turn begins when the first one ends
        CHECK_NEAR(c->starts[k], c->starts[k - 1] + c->samples[k - 1], 1e-12);
      else if (k)
        CHECK(c->starts[k] > c->starts[k - 1]);
    }
    CHECK_INT(c->zero_samples, 0);
    CHECK_INT(c->backward_samples, 0);
  }
  CHECK_NEAR(b->session.facts.seconds, 12 * 3 * (1e-3 + 2e-3 + 3e-3), 1e-9);
  gb_release(NULL, b);
}

TEST(a_round_has_each_competitor_once) {
  bench *b = bench_new(4);
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  // Ten milliseconds a round: the r-th sample of each began within the r-th ten.
  for (size_t i = 0; i < 4; i++)
    for (size_t k = 0; k < 12; k++)
      CHECK_INT((b->competitors[i].starts[k] + 1e-9) / 10e-3, k);
  CHECK_INT(b->session.facts.block, 4);
  gb_release(NULL, b);
}

TEST(warm_up_waits_for_both_gates) {
  bench *b = bench_new(2);
  b->protocol.warmup_calls = 50; // of 1 ms: 50 ms; time wants 100 ms
  b->protocol.warmup_seconds = 0.1;
  b->fakes[1].seconds = 10e-3; // 10 calls take 100 ms; count wants 50
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  // Gates, then one stretch of half of each to see that times no longer fall.
  CHECK_INT(b->competitors[0].warmup_calls, 100 + 50);
  CHECK_INT(b->competitors[1].warmup_calls, 50 + 25);
  CHECK(b->competitors[0].warm && b->competitors[1].warm);
  CHECK_NEAR(b->competitors[1].first_seconds, 10e-3, 1e-12);
  gb_release(NULL, b);
}

TEST(warm_up_goes_on_while_times_fall) {
  bench *b = bench_new(1);
  b->protocol.warmup_calls = 10;
  b->protocol.warmup_seconds = 1e-3;
  b->protocol.warmup_seconds_most = 100;
  b->fakes[0].slower = 1; // 1000 times slower at first, a tenth less each call
  b->fakes[0].shrink = 0.9;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  // 0.9^k s is 2 % of 1 ms from call 103 on; a stretch of 5 more shows it.
  CHECK(b->competitors[0].warm);
  CHECK(b->competitors[0].warmup_calls > 70 && b->competitors[0].warmup_calls < 120);
  CHECK_NEAR(b->competitors[0].first_seconds, 1.001, 1e-9);
  CHECK(b->competitors[0].samples[0] < 1.1e-3);
  gb_release(NULL, b);
}

TEST(warm_up_has_a_cap) {
  bench *b = bench_new(1);
  b->protocol.warmup_calls = 10;
  b->protocol.warmup_seconds = 1e-3;
  b->protocol.warmup_seconds_most = 2;
  b->fakes[0].slower = 1;
  b->fakes[0].shrink = 0.99; // falls for 10 s and more
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK(!b->competitors[0].warm);
  CHECK(b->competitors[0].warmup_calls < 30);
  gb_release(NULL, b);
}

TEST(time_ends_a_session) {
  bench *b = bench_new(2); // 3 ms a round
  b->protocol.rounds_most = 1000;
  b->protocol.seconds_most = 0.1;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_INT(b->session.facts.rounds, 34); // none begins after 100 ms
  CHECK(!b->session.facts.capped);        // a budget of time is no failure
  CHECK_INT(b->competitors[0].count, 34);
  b->protocol.rounds_least = 50;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK(b->session.facts.capped); // fewer rounds than were wanted
  gb_release(NULL, b);
}

static bool after_100(void *context, const gb_session *session) {
  (*(int *)context)++;
  return session->competitors[0].count >= 100;
}

TEST(enough_is_asked_at_the_end_of_blocks) {
  bench *b = bench_new(3); // blocks of 6
  int asked = 0;
  b->protocol.rounds_least = 20;
  b->protocol.rounds_most = 1000;
  b->protocol.enough = after_100;
  b->protocol.context = &asked;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_INT(b->session.facts.rounds, 102);
  CHECK_INT(asked, 102 / 6 - 3); // from round 24 on
  CHECK(b->session.facts.enough && !b->session.facts.capped);
  b->protocol.seconds_most = 0.3; // 50 rounds of 6 ms
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK(!b->session.facts.enough && b->session.facts.capped);
  gb_release(NULL, b);
}

TEST(pauses_and_flushes_are_not_timed) {
  bench *b = bench_new(2);
  b->protocol.between = GB_BETWEEN_IDLE;
  b->protocol.idle_seconds = 0.25;
  b->protocol.lead_calls = 3; // would undo the pause: not made
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_NEAR(b->world.slept, 2 * 12 * 0.25, 1e-9);
  CHECK_INT(b->fakes[0].calls, 12);
  CHECK_NEAR(b->competitors[1].samples[11], 2e-3, 1e-12);
  b->protocol.between = GB_BETWEEN_FLUSHED;
  b->protocol.flush_bytes = 1 << 16;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_NEAR(b->competitors[1].samples[11], 2e-3, 1e-12);
  gb_release(NULL, b);
}

TEST(a_competitor_may_time_itself) {
  bench *b = bench_new(2);
  b->competitors[1].body = NULL;
  b->competitors[1].timed = fake_timed;
  b->protocol.turn_calls = 3;
  b->protocol.lead_calls = 2;
  b->protocol.warmup_calls = 4;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_INT(b->competitors[1].count, 36);
  CHECK_INT(b->fakes[1].leads, 24);
  CHECK_INT(b->competitors[1].warmup_calls, 6);
  CHECK(isnan(b->competitors[1].first_seconds));
  for (size_t i = 0; i < 36; i++)
    CHECK_NEAR(b->competitors[1].samples[i], 2e-3, 1e-12);
  b->fakes[1].calls = 0;
  b->fakes[1].fail_at = 20;
  bench_run(b);
  CHECK_INT(b->status, GB_EIO);
  CHECK_TEXT(b->error.message, "the engine died");
  CHECK(b->competitors[1].count < 36 && b->competitors[1].count > 0);
  gb_release(NULL, b);
}

TEST(a_broken_clock_is_counted) {
  bench *b = bench_new(2);
  b->fakes[0].seconds = -1e-3;
  b->fakes[1].seconds = 0;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_INT(b->competitors[0].backward_samples, 12);
  CHECK_INT(b->competitors[1].zero_samples, 12);
  CHECK_NEAR(b->session.facts.clock_step, -1, 0); // it does not move on its own
  b->world.tick = 1e-6;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_NEAR(b->session.facts.clock_step, 1e-6, 1e-9);
  gb_release(NULL, b);
}

TEST(nonsense_is_refused) {
  bench *b = bench_new(1);
  b->protocol.rounds_most = 0;
  bench_run(b);
  CHECK_INT(b->status, GB_EUSAGE);
  b->protocol.rounds_most = SIZE_MAX / 4;
  b->protocol.turn_calls = 5;
  bench_run(b);
  CHECK_INT(b->status, GB_ELIMIT);
  b->protocol = (gb_protocol){.rounds_most = 3, .rounds_least = 4};
  bench_run(b);
  CHECK_INT(b->status, GB_EUSAGE);
  b->protocol.rounds_least = 1;
  b->competitors[0].timed = fake_timed; // and a body
  bench_run(b);
  CHECK_INT(b->status, GB_EUSAGE);
  b->session.count = 0;
  bench_run(b);
  CHECK_INT(b->status, GB_EUSAGE);
  gb_release(NULL, b);
}

static void nothing(void *context) {
  (void)context;
}

TEST(the_real_clock_and_system) {
  bench *b = bench_new(1);
  b->competitors[0].body = nothing;
  b->protocol.clock = (gb_clock){0};
  b->protocol.rounds_most = 200;
  bench_run(b);
  REQUIRE_OK(b->status, b->error);
  CHECK_INT(b->competitors[0].count, 200);
  CHECK_INT(b->competitors[0].backward_samples, 0);
  CHECK(b->session.facts.clock_step > 0);
  CHECK(b->session.facts.pulse_median > 0);
  CHECK(b->competitors[0].on_processor <= 1);
  gb_release(NULL, b);
}

TEST(threads_are_pinned_to_cores) {
  gb_cores cores;
  gb_error error;
  gb_cores_read(&cores);
  REQUIRE(cores.count > 0 && cores.physical > 0 && cores.physical <= cores.count);
  for (size_t i = 0; i < cores.count; i++)
    for (size_t k = 0; k < i; k++)
      CHECK(cores.ids[i] != cores.ids[k]);
  REQUIRE_OK(gb_pin(0, cores.ids, 1, &error), error);
  gb_cores one;
  gb_cores_read(&one);
  CHECK_INT(one.count, 1);
  CHECK_INT(one.ids[0], cores.ids[0]);
  REQUIRE_OK(gb_pin(0, cores.ids, cores.count, &error), error);
  gb_cores_read(&one);
  CHECK_INT(one.count, cores.count);
  CHECK_INT(gb_pin(0, cores.ids, 0, &error), GB_EIO); // no processor at all
  int tids[8], here = 0;
  CHECK(gb_threads(0, tids, 8) >= 1);
  CHECK(gb_settle(&here, 1, 1)); // one thread, the calling one
}

TEST_MAIN(CASE(order_is_balanced), CASE(order_is_random), CASE(every_sample_is_kept_with_its_start),
          CASE(a_round_has_each_competitor_once), CASE(warm_up_waits_for_both_gates),
          CASE(warm_up_goes_on_while_times_fall), CASE(warm_up_has_a_cap),
          CASE(time_ends_a_session), CASE(enough_is_asked_at_the_end_of_blocks),
          CASE(pauses_and_flushes_are_not_timed), CASE(a_competitor_may_time_itself),
          CASE(a_broken_clock_is_counted), CASE(nonsense_is_refused),
          CASE(the_real_clock_and_system), CASE(threads_are_pinned_to_cores))
