// Affinity of threads; see place.h.
#define _GNU_SOURCE // sched_setaffinity, gettid's number
#include "harness/measure/place.h"

#include "harness/measure/clock.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// The lowest logical processor of the same physical core; `cpu` itself where that is not known.
static int first_sibling(int cpu) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  FILE *file = fopen(path, "r");
  int first = cpu;
  if (!file || fscanf(file, "%d", &first) != 1)
    first = cpu;
  if (file)
    fclose(file);
  return first;
}

void gb_cores_read(gb_cores *cores) {
  *cores = (gb_cores){0};
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return;
  bool taken[CPU_SETSIZE] = {false}; // physical cores, by their lowest processor
  for (int pass = 0; pass < 2; pass++) {
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
      if (!CPU_ISSET((size_t)cpu, &set) || cores->count == GB_CORES)
        continue;
      int core = first_sibling(cpu);
      if (core < 0 || core >= CPU_SETSIZE)
        core = cpu;
      if (pass == 0 && taken[core])
        continue;
      taken[core] = true;
      CPU_CLR((size_t)cpu, &set);
      cores->ids[cores->count++] = cpu;
    }
    if (pass == 0)
      cores->physical = cores->count;
  }
}

gb_status gb_pin(int tid, const int *ids, size_t count, gb_error *error) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (size_t i = 0; i < count; i++)
    if (ids[i] >= 0 && ids[i] < CPU_SETSIZE)
      CPU_SET((size_t)ids[i], &set);
  if (sched_setaffinity(tid, sizeof set, &set) != 0)
    return gb_fail(error, GB_EIO, "cannot bind a thread to processor %d%s: %s", count ? ids[0] : -1,
                   count > 1 ? " and others" : "", strerror(errno));
  return GB_OK;
}

size_t gb_threads(int pid, int *tids, size_t most) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", pid ? pid : (int)getpid());
  DIR *dir = opendir(path);
  if (!dir)
    return 0;
  size_t count = 0;
  for (struct dirent *entry; count < most && (entry = readdir(dir));) {
    int tid = atoi(entry->d_name);
    if (tid > 0)
      tids[count++] = tid;
  }
  closedir(dir);
  return count;
}

// The state letter stands behind the last bracket of the thread's name.
static bool runs(int pid, int tid) {
  char path[96], line[512];
  snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
  FILE *file = fopen(path, "r");
  if (!file)
    return false; // it has ended
  size_t length = fread(line, 1, sizeof line - 1, file);
  fclose(file);
  line[length] = '\0';
  const char *bracket = strrchr(line, ')');
  return bracket && bracket[1] == ' ' && bracket[2] == 'R';
}

static bool busy(int pid) {
  enum { MOST = 512 };
  int tids[MOST], self = (int)syscall(SYS_gettid);
  int process = pid ? pid : (int)getpid();
  size_t count = gb_threads(process, tids, MOST);
  for (size_t i = 0; i < count; i++)
    if (tids[i] != self && runs(process, tids[i]))
      return true;
  return false;
}

bool gb_settle(const int *pids, size_t count, double seconds_most) {
  double start = gb_now();
  for (size_t i = 0; i < count; i++)
    while (busy(pids[i])) {
      if (gb_now() - start > seconds_most)
        return false;
      gb_clock_monotonic.sleep(NULL, 0.5e-3);
    }
  return true;
}
