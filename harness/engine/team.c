// A team of threads; see team.h.
#define _POSIX_C_SOURCE 200809L
#include "harness/engine/team.h"

#include "layers/base/memory.h"

#include <pthreadpool.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

// The two words that threads write to stand in cache lines of their own.
struct gb_team {
  int threads;
  int patience;       // turns at a barrier before the processor is offered to others
  pthreadpool_t pool; // NULL for one thread
  void (*body)(void *context, int thread);
  void *context;
  _Alignas(64) atomic_int arrived;
  _Alignas(64) atomic_int round;
};

gb_status gb_team_new(int threads, gb_team **team, gb_error *error) {
  *team = gb_allocate(NULL, 1, sizeof **team);
  if (!*team)
    return gb_fail_memory(error);
  (*team)->threads = threads;
  // A thread that has no processor of its own must not keep the others from theirs.
  (*team)->patience = threads <= sysconf(_SC_NPROCESSORS_ONLN) ? 4000 : 20;
  if (threads == 1)
    return GB_OK;
  (*team)->pool = pthreadpool_create((size_t)threads);
  if (!(*team)->pool || (int)pthreadpool_get_threads_count((*team)->pool) != threads) {
    gb_team_free(*team);
    *team = NULL;
    return gb_fail(error, GB_EIO, "cannot start %d threads", threads);
  }
  return GB_OK;
}

void gb_team_free(gb_team *team) {
  if (!team)
    return;
  if (team->pool)
    pthreadpool_destroy(team->pool);
  gb_release(NULL, team);
}

static void call(void *team, size_t thread) {
  gb_team *t = team;
  t->body(t->context, (int)thread);
}

// As many tasks as threads: a thread begins with its own and steals only when done, so that tasks
// that wait for each other are all running.
void gb_team_run(gb_team *team, void (*body)(void *context, int thread), void *context) {
  team->body = body;
  team->context = context;
  if (team->pool)
    pthreadpool_parallelize_1d(team->pool, call, team, (size_t)team->threads, 0);
  else
    body(context, 0);
}

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void gb_team_wait(gb_team *team) {
  if (team->threads == 1)
    return;
  int round = atomic_load_explicit(&team->round, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) == team->threads - 1) {
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&team->round, round + 1, memory_order_release);
    return;
  }
  for (int turn = 0; atomic_load_explicit(&team->round, memory_order_acquire) == round; turn++)
    if (turn < team->patience)
      relax();
    else
      sched_yield();
}
