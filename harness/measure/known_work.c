// Work of which it is known what it does, to see whether an event counts what it says.
#define _GNU_SOURCE // sched_setaffinity, MAP_ANONYMOUS, RUSAGE_THREAD
#include "harness/measure/papi.h"
#include "layers/base/memory.h"
#include "layers/base/random.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LOOPS = 1000000, INCREMENTS = 1000, PAGES = 256, SLEEPS = 20, MOVES = 10, SPIN_MS = 20 };
enum { LINES = 1 << 20, LINE_FLOATS = 16 }; // 64 MiB to walk through

static gb_status increments(gb_counters *counters, int64_t *units, gb_error *error) {
  (void)error;
  for (int i = 0; i < INCREMENTS; i++)
    for (gb_own own = 0; own < GB_OWN_COUNT; own++)
      gb_counters_add(counters, own, 1);
  *units = INCREMENTS;
  return GB_OK;
}

// Two instructions a turn, one of them a branch that is taken but the last time.
static gb_status loop(gb_counters *counters, int64_t *units, gb_error *error) {
  (void)counters, (void)error;
  long turns = LOOPS;
#if defined(__x86_64__)
  __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(turns) : : "cc");
#elif defined(__aarch64__)
  __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(turns) : : "cc");
#else
  return gb_fail(error, GB_EUNSUPPORTED, "no loop of known instructions for this processor");
#endif
  *units = LOOPS;
  return GB_OK;
}

// A multiplication and an addition a turn, of floats.
static gb_status fma_loop(gb_counters *counters, int64_t *units, gb_error *error) {
  (void)counters, (void)error;
  float x = 1, factor = 0.5F, more = 0.5F;
  for (long i = 0; i < LOOPS; i++) {
    x = x * factor + more;
#if defined(__x86_64__)
    __asm__ volatile("" : "+x"(x));
#elif defined(__aarch64__)
    __asm__ volatile("" : "+w"(x));
#endif
  }
  *units = LOOPS;
  return GB_OK;
}

static gb_status pages(gb_counters *counters, int64_t *units, gb_error *error) {
  (void)counters;
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  char *memory =
      mmap(NULL, (size_t)PAGES * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return gb_fail_memory(error);
  madvise(memory, (size_t)PAGES * size, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < (size_t)PAGES; i++)
    *(volatile char *)(memory + i * size) = 1;
  munmap(memory, (size_t)PAGES * size);
  *units = PAGES;
  return GB_OK;
}

static gb_status sleeps(gb_counters *counters, int64_t *units, gb_error *error) {
  (void)counters, (void)error;
  for (int i = 0; i < SLEEPS; i++)
    nanosleep(&(struct timespec){0, 50000}, NULL);
  *units = SLEEPS;
  return GB_OK;
}

// To another processor and back again.
static gb_status moves(gb_counters *counters, int64_t *units, gb_error *error) {
  (void)counters;
  cpu_set_t allowed;
  size_t found[2] = {0, 0};
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2)
    return gb_fail(error, GB_EUNSUPPORTED, "only one processor is allowed: nothing can move");
  for (size_t i = 0, n = 0; i < CPU_SETSIZE && n < 2; i++)
    if (CPU_ISSET(i, &allowed))
      found[n++] = i;
  for (int i = 0; i < MOVES; i++) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(found[i % 2], &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  sched_setaffinity(0, sizeof allowed, &allowed);
  *units = MOVES;
  return GB_OK;
}

// Each line names the next, in random order (Sattolo's cycle), so that nothing can be fetched
// ahead.
static gb_status walk(gb_counters *counters, int64_t *units, gb_error *error) {
  (void)counters;
  int32_t *lines = gb_allocate(NULL, (size_t)LINES * LINE_FLOATS, sizeof *lines);
  if (!lines)
    return gb_fail_memory(error);
  gb_random random = {1};
  for (int32_t i = 0; i < LINES; i++)
    lines[(size_t)i * LINE_FLOATS] = i;
  for (int32_t i = LINES - 1; i > 0; i--) {
    int32_t j = (int32_t)(gb_random_next(&random) % (uint64_t)i);
    int32_t kept = lines[(size_t)i * LINE_FLOATS];
    lines[(size_t)i * LINE_FLOATS] = lines[(size_t)j * LINE_FLOATS];
    lines[(size_t)j * LINE_FLOATS] = kept;
  }
  int32_t at = 0;
  for (int32_t i = 0; i < LINES; i++)
    at = lines[(size_t)at * LINE_FLOATS];
  *units = at == 0 ? LINES : 0; // a cycle ends where it began
  gb_release(NULL, lines);
  return GB_OK;
}

// Seconds that the thread has had a processor, as getrusage tells: another way than the event's.
static double thread_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_THREAD, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

// By the thread's own time: on a busy machine it waits longer than it works.
static gb_status spin(gb_counters *counters, int64_t *units, gb_error *error) {
  (void)counters, (void)error;
  double start = thread_seconds();
  while (thread_seconds() - start < SPIN_MS * 1e-3)
    ;
  *units = SPIN_MS;
  return GB_OK;
}

const char *const gb_known_works[] = {"increments", "loop", "fma",  "pages", "sleeps",
                                      "moves",      "walk", "spin", NULL};
const char *const gb_known_work_texts[] = {"additions of 1 to each of the harness's own counts",
                                           "turns of a loop of two instructions, one a branch",
                                           "multiplications and additions of floats",
                                           "pages touched for the first time",
                                           "short sleeps",
                                           "moves to another processor",
                                           "lines of 64 MiB read in random order",
                                           "milliseconds of the thread's time in a loop",
                                           NULL};

gb_status gb_known_work(gb_counters *counters, const char *work, int64_t *units, gb_error *error) {
  static gb_status (*const works[])(gb_counters *, int64_t *, gb_error *) = {
      increments, loop, fma_loop, pages, sleeps, moves, walk, spin};
  for (size_t i = 0; gb_known_works[i]; i++)
    if (strcmp(gb_known_works[i], work) == 0)
      return works[i](counters, units, error);
  return gb_fail(error, GB_EINPUT, "no known work '%.60s'", work);
}

gb_status gb_event_check(gb_counters *counters, const char *event, const char *work,
                         double *per_unit, gb_error *error) {
  gb_tally *tally;
  int64_t before, after, units;
  GB_TRY(gb_tally_new(counters, &event, 1, true, &tally, error));
  gb_status status = gb_tally_read(tally, &before) ? gb_known_work(counters, work, &units, error)
                                                   : GB_EUNSUPPORTED;
  bool read = gb_tally_read(tally, &after);
  gb_tally_free(tally);
  if (!read || (status != GB_OK && !*error->message))
    return gb_fail(error, GB_EUNSUPPORTED, "%s cannot be read", event);
  GB_TRY(status);
  if (units == 0)
    return gb_fail(error, GB_EINTERNAL, "known work '%s' went wrong", work);
  *per_unit = (double)(after - before) / (double)units;
  return GB_OK;
}
