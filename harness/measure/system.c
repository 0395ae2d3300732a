// Events of the operating system, by thread: getrusage, and perf's software events.
#define _GNU_SOURCE // RUSAGE_THREAD
#include "harness/measure/papi.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MINOR, MAJOR, VOLUNTARY, FORCED, CPU_TIME, MIGRATIONS };
const char *const gb_system_event_names[] = {"minor-faults",
                                             "major-faults",
                                             "voluntary-switches",
                                             "forced-switches",
                                             "cpu-time",
                                             "migrations",
                                             NULL};

int gb_system_find(const char *name) {
  if (strncmp(name, "os::", 4) != 0)
    return GB_SYSTEM_NONE;
  for (int i = 0; gb_system_event_names[i]; i++)
    if (strcmp(name + 4, gb_system_event_names[i]) == 0)
      return i;
  return GB_SYSTEM_NONE;
}

gb_status gb_system_open(int event, int *descriptor, gb_error *error) {
  *descriptor = -1;
  if (event != MIGRATIONS)
    return GB_OK;
  // A migration happens in the kernel: an event without exclude_kernel, or it would always be 0.
  struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE,
                                       .size = sizeof attributes,
                                       .config = PERF_COUNT_SW_CPU_MIGRATIONS};
  *descriptor = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
  if (*descriptor < 0)
    return gb_fail(error, GB_EUNSUPPORTED, "perf_event_open: %s", strerror(errno));
  return GB_OK;
}

bool gb_system_read(int event, int descriptor, int64_t *value) {
  *value = 0;
  if (event == MIGRATIONS) {
    uint64_t count;
    if (read(descriptor, &count, sizeof count) != (ssize_t)sizeof count)
      return false;
    *value = (int64_t)count;
    return true;
  }
  if (event == CPU_TIME) {
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
      return false;
    *value = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    return true;
  }
  struct rusage usage;
  if (getrusage(RUSAGE_THREAD, &usage) != 0)
    return false;
  *value = event == MINOR       ? usage.ru_minflt
           : event == MAJOR     ? usage.ru_majflt
           : event == VOLUNTARY ? usage.ru_nvcsw
                                : usage.ru_nivcsw;
  return true;
}
