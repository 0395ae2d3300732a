// A thread that waits for the signals that ask to stop, so that there is no handler and no global.
#define _POSIX_C_SOURCE 200809L
#include "harness/cli/stop.h"

#include "layers/base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct gb_stop {
  pthread_t thread;
  sigset_t signals, before;
  atomic_int asked;
};

static void say(const char *text) {
  ssize_t written = write(STDERR_FILENO, text, strlen(text));
  (void)written; // a closed terminal hears nothing
}

static void *wait_for_signals(void *context) {
  gb_stop *stop = context;
  int number;
  while (sigwait(&stop->signals, &number) == 0) {
    if (atomic_load(&stop->asked))
      _exit(128 + number);
    atomic_store(&stop->asked, number);
    say("\nghostbench run: stops behind what is being computed; once more: at once. What is "
        "finished "
        "is kept.\n");
  }
  return NULL;
}

gb_stop *gb_stop_begin(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  gb_stop *stop = gb_allocate(NULL, 1, sizeof *stop);
  if (!stop)
    return NULL;
  sigemptyset(&stop->signals);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction action;
    // What the caller ignores (nohup, a job in the background) stays ignored.
    if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
      sigaddset(&stop->signals, numbers[i]);
  }
  // Threads made from now on inherit the mask: the signals reach the one that waits for them.
  pthread_sigmask(SIG_BLOCK, &stop->signals, &stop->before);
  if (pthread_create(&stop->thread, NULL, wait_for_signals, stop) == 0)
    return stop;
  pthread_sigmask(SIG_SETMASK, &stop->before, NULL);
  gb_release(NULL, stop);
  return NULL;
}

int gb_stop_asked(const gb_stop *stop) {
  return stop ? atomic_load(&stop->asked) : 0;
}

void gb_stop_end(gb_stop *stop) {
  if (!stop)
    return;
  pthread_cancel(stop->thread);
  pthread_join(stop->thread, NULL);
  pthread_sigmask(SIG_SETMASK, &stop->before, NULL);
  gb_release(NULL, stop);
}
