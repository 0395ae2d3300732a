// pthreadpool's functions as the engine uses them, on threads that begin and end with each call:
// for the thread sanitizer, which does not see what a library that it did not compile does to order
// its threads, and would take each hand-over for a race (`make tsan`).
#include <pthread.h>
#include <pthreadpool.h>
#include <stdlib.h>

struct pthreadpool {
  size_t threads;
};

typedef struct call {
  pthread_t thread;
  pthreadpool_task_1d_t task;
  void *context;
  size_t index;
} call;

pthreadpool_t pthreadpool_create(size_t threads_count) {
  pthreadpool_t pool = malloc(sizeof *pool);
  if (pool)
    pool->threads = threads_count;
  return pool;
}

size_t pthreadpool_get_threads_count(pthreadpool_t threadpool) {
  return threadpool->threads;
}

void pthreadpool_destroy(pthreadpool_t threadpool) {
  free(threadpool);
}

static void *run(void *context) {
  const call *c = context;
  c->task(c->context, c->index);
  return NULL;
}

void pthreadpool_parallelize_1d(pthreadpool_t threadpool, pthreadpool_task_1d_t function,
                                void *context, size_t range, uint32_t flags) {
  (void)flags;
  (void)threadpool;
  call *calls = calloc(range, sizeof *calls);
  for (size_t i = 0; calls && i < range; i++) {
    calls[i] = (call){.task = function, .context = context, .index = i};
    // The tasks wait for each other: without one of them the others would wait for ever.
    if (pthread_create(&calls[i].thread, NULL, run, &calls[i]) != 0)
      abort();
  }
  for (size_t i = 0; calls && i < range; i++)
    pthread_join(calls[i].thread, NULL);
  free(calls);
}
