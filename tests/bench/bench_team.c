// Hand-over of an empty task to two threads: pthreadpool, GCC's OpenMP, and the engine's barrier,
// which are why the engine uses pthreadpool and meets at a barrier; a line of cache that goes to
// the other processor and comes back, which is why threads keep to bands of rows: two processors of
// one virtual machine can be near (160 ns) or far (650 ns), and change from one minute to the next;
// and lines that are written anew after the other processor has read them, or has not, which is why
// products claim memory (--without claim). `make bench-team` prints medians.
#define _POSIX_C_SOURCE 200809L
#include "harness/engine/team.h"

#include <pthreadpool.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 20001, WAITS = 100, LINES = 512, FLOATS = 16 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void print_median(const char *what, double *samples, double each) {
  qsort(samples, ROUNDS, sizeof *samples, by_value);
  printf("%-28s median %7.1f ns, 90 %% below %7.1f ns\n", what, samples[ROUNDS / 2] / each,
         samples[ROUNDS * 9 / 10] / each);
}

static void nothing(void *context, size_t task) {
  (void)context, (void)task;
}

static void meet(void *context, int thread) {
  (void)thread;
  for (int i = 0; i < WAITS; i++)
    gb_team_wait(context);
}

static void pass_on(void *context, int thread) {
  atomic_int *ball = context;
  for (int i = 0; i < WAITS; i++) {
    while (atomic_load_explicit(ball, memory_order_acquire) != 2 * i + thread)
      ;
    atomic_store_explicit(ball, 2 * i + thread + 1, memory_order_release);
  }
}

// What thread 0 writes, line by line, and thread 1 reads before it is written anew.
typedef struct sheet {
  _Alignas(64) float lines[LINES * FLOATS];
  gb_team *team;
  bool other_reads;
  float sum;
  double took;
} sheet;

static void write_lines(sheet *s) {
  for (int i = 0; i < LINES; i++)
    *(volatile float *)&s->lines[i * FLOATS] = 1;
  atomic_thread_fence(memory_order_seq_cst); // until all of them are done
}

static void write_anew(void *context, int thread) {
  sheet *s = context;
  if (thread == 0)
    write_lines(s);
  gb_team_wait(s->team);
  for (int i = 0; i < LINES && thread == 1 && s->other_reads; i++)
    s->sum += s->lines[i * FLOATS];
  gb_team_wait(s->team);
  double start = now();
  if (thread == 0) {
    write_lines(s);
    s->took = now() - start;
  }
}

static void time_writing(gb_team *team, bool other_reads, double *samples) {
  static sheet s;
  s.team = team;
  s.other_reads = other_reads;
  for (int i = 0; i < ROUNDS; i++) {
    gb_team_run(team, write_anew, &s);
    samples[i] = s.took;
  }
  print_median(other_reads ? "a line to write, also there" : "a line to write, only here", samples,
               LINES);
}

int main(void) {
  static double samples[ROUNDS];
  pthreadpool_t pool = pthreadpool_create(2);
  gb_team *team;
  gb_error error = {0};
  if (!pool || gb_team_new(2, &team, &error) != GB_OK)
    return 2;
  for (int i = 0; i < ROUNDS; i++) {
    double start = now();
    pthreadpool_parallelize_1d(pool, nothing, NULL, 2, 0);
    samples[i] = now() - start;
  }
  print_median("pthreadpool, a hand-over", samples, 1);
  for (int i = 0; i < ROUNDS; i++) {
    double start = now();
#pragma omp parallel num_threads(2)
    __asm__ volatile("");
    samples[i] = now() - start;
  }
  print_median("OpenMP, a hand-over", samples, 1);
  for (int i = 0; i < ROUNDS; i++) {
    double start = now();
    gb_team_run(team, meet, team);
    samples[i] = now() - start;
  }
  print_median("the engine's barrier", samples, WAITS);
  for (int i = 0; i < ROUNDS; i++) {
    _Alignas(128) atomic_int ball = 0;
    double start = now();
    gb_team_run(team, pass_on, &ball);
    samples[i] = now() - start;
  }
  print_median("a line there and back", samples, WAITS);
  time_writing(team, false, samples);
  time_writing(team, true, samples);
  gb_team_free(team);
  pthreadpool_destroy(pool);
  return 0;
}
