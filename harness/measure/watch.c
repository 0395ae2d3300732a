// Looks at /proc and /sys; see watch.h. Where a file is missing, its fact is unknown, never 0.
#define _GNU_SOURCE // sched_getaffinity, sched_getcpu
#include "harness/measure/watch.h"

#include "harness/measure/place.h"
#include "layers/base/text.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// Ticks of /proc/stat are too coarse for sessions shorter than this.
#define SHORTEST_SECONDS 0.3

static double tick_seconds(void) {
  long hz = sysconf(_SC_CLK_TCK);
  return hz > 0 ? 1.0 / (double)hz : 0.01;
}

// The processors that any of the threads may run on.
static void add_masks(cpu_set_t *set, int pid) {
  enum { MOST = 512 };
  int tids[MOST];
  size_t count = gb_threads(pid, tids, MOST);
  for (size_t i = 0; i < count; i++) {
    cpu_set_t one;
    if (sched_getaffinity(tids[i], sizeof one, &one) == 0)
      CPU_OR(set, set, &one);
  }
}

// "cpuN user nice system idle iowait irq softirq steal …", of the processors in `set`.
static void read_ticks(gb_watch *w, const cpu_set_t *set) {
  w->ticks_all = w->ticks_busy = w->ticks_steal = (double)NAN;
  FILE *file = fopen("/proc/stat", "r");
  if (!file)
    return;
  char line[512];
  double all = 0, busy = 0, steal = 0;
  while (fgets(line, sizeof line, file)) {
    int cpu;
    double t[8];
    if (sscanf(line, "cpu%d %lf %lf %lf %lf %lf %lf %lf %lf", &cpu, &t[0], &t[1], &t[2], &t[3],
               &t[4], &t[5], &t[6], &t[7]) != 9 ||
        cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET((size_t)cpu, set))
      continue;
    w->processors++;
    for (int i = 0; i < 8; i++)
      all += t[i];
    busy += t[0] + t[1] + t[2] + t[5] + t[6];
    steal += t[7];
  }
  fclose(file);
  if (all <= 0)
    return;
  w->ticks_all = all * tick_seconds();
  w->ticks_busy = busy * tick_seconds();
  w->ticks_steal = steal * tick_seconds();
}

// Run-queue delay of all threads of a process: the second number of schedstat, in nanoseconds.
static double waited_of(int pid) {
  enum { MOST = 512 };
  int tids[MOST];
  size_t count = gb_threads(pid, tids, MOST);
  double sum = (double)NAN;
  for (size_t i = 0; i < count; i++) {
    char path[96];
    double ran, waited;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tids[i]);
    FILE *file = fopen(path, "r");
    if (!file)
      continue;
    if (fscanf(file, "%lf %lf", &ran, &waited) == 2)
      sum = (isnan(sum) ? 0 : sum) + waited * 1e-9;
    fclose(file);
  }
  return sum;
}

// User and system time of another process, fields 14 and 15 of its stat; 0 when it has ended.
static double time_of(int pid) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file)
    return 0;
  size_t length = fread(line, 1, sizeof line - 1, file);
  fclose(file);
  line[length] = '\0';
  const char *bracket = strrchr(line, ')');
  double user, system;
  if (!bracket || sscanf(bracket + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lf %lf", &user,
                         &system) != 2)
    return 0;
  return (user + system) * tick_seconds();
}

// The number behind `key` at the start of a line ("" for a file that is one number); -1: none.
static int64_t read_number(const char *path, const char *key) {
  FILE *file = fopen(path, "r");
  if (!file)
    return -1;
  char line[256];
  size_t length = strlen(key);
  int64_t found = -1;
  while (found < 0 && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, key, length) != 0 ||
        !gb_parse_int(line + length + strspn(line + length, " "), &found))
      found = -1;
  }
  fclose(file);
  return found;
}

static int64_t read_throttled(void) {
  static const char *const places[] = {"/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat"};
  int64_t found = -1;
  for (size_t i = 0; i < sizeof places / sizeof *places && found < 0; i++)
    found = read_number(places[i], "nr_throttled");
  return found;
}

static int64_t read_thermal(void) {
  int64_t sum = -1;
  gb_cores cores;
  gb_cores_read(&cores);
  for (size_t i = 0; i < cores.count; i++) {
    char path[96];
    snprintf(path, sizeof path,
             "/sys/devices/system/cpu/cpu%d/thermal_throttle/core_throttle_count", cores.ids[i]);
    int64_t value = read_number(path, "");
    if (value >= 0)
      sum = (sum < 0 ? 0 : sum) + value;
  }
  return sum;
}

void gb_watch_look(gb_watch *w, const int *processes, size_t count) {
  *w = (gb_watch){.load = (double)NAN, .mhz = (double)NAN, .seconds = gb_now()};
  cpu_set_t set;
  CPU_ZERO(&set);
  add_masks(&set, 0);
  for (size_t i = 0; i < count; i++)
    if (processes[i] > 0)
      add_masks(&set, processes[i]);
  read_ticks(w, &set);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  w->own = (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec +
           (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec;
  w->preemptions = usage.ru_nivcsw;
  w->waited = waited_of((int)getpid());
  for (size_t i = 0; i < count; i++)
    if (processes[i] > 0) {
      w->own += time_of(processes[i]);
      w->waited += waited_of(processes[i]);
    }
  FILE *file = fopen("/proc/loadavg", "r");
  if (file) {
    if (fscanf(file, "%lf", &w->load) != 1)
      w->load = (double)NAN;
    fclose(file);
  }
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq",
           sched_getcpu());
  int64_t khz = read_number(path, "");
  if (khz > 0)
    w->mhz = (double)khz / 1000;
  w->throttled = read_throttled();
  w->thermal = read_thermal();
}

void gb_watch_compare(const gb_watch *a, const gb_watch *b, gb_session_facts *f) {
  double wall = b->seconds - a->seconds, ticks = b->ticks_all - a->ticks_all;
  f->steal = f->others = f->waited = (double)NAN;
  if (wall >= SHORTEST_SECONDS && ticks > 0) {
    // A thread that is moved from one account to the other between two ticks can make the
    // difference negative: nobody else ran then.
    f->steal = fmax(0, (b->ticks_steal - a->ticks_steal) / ticks);
    f->others = fmax(0, (b->ticks_busy - a->ticks_busy - (b->own - a->own)) / ticks);
  }
  if (wall > 0)
    f->waited = fmax(0, (b->waited - a->waited) / wall); // NAN - NAN: fmax would hide it
  if (isnan(a->waited) || isnan(b->waited))
    f->waited = (double)NAN;
  f->load_before = a->load;
  f->mhz_before = a->mhz;
  f->mhz_after = b->mhz;
  f->preemptions = b->preemptions - a->preemptions;
  f->throttled = a->throttled < 0 || b->throttled < 0 ? -1 : b->throttled - a->throttled;
  f->thermal = a->thermal < 0 || b->thermal < 0 ? -1 : b->thermal - a->thermal;
}
