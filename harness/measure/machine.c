// Facts of processor and kernel, from /proc, /sys and the C library.
#define _GNU_SOURCE // sched_getaffinity
#include "harness/measure/machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

// The first line of a small file, without its end; "" when it cannot be read.
static void read_line(const char *path, char *text, size_t size) {
  text[0] = '\0';
  FILE *file = fopen(path, "r");
  if (!file)
    return;
  if (!fgets(text, (int)size, file))
    text[0] = '\0';
  fclose(file);
  text[strcspn(text, "\n")] = '\0';
}

static void read_cpuinfo(gb_machine *machine) {
  static const char *const wanted[] = {"sse2",        "sse4_2",  "avx",      "avx2",
                                       "fma",         "avx512f", "avx512bw", "avx512vl",
                                       "avx512_vnni", "asimd",   "sve"};
  FILE *file = fopen("/proc/cpuinfo", "r");
  if (!file)
    return;
  char line[8192];
  while (fgets(line, sizeof line, file)) {
    char *colon = strchr(line, ':');
    if (!colon)
      continue;
    line[strcspn(line, "\n")] = '\0';
    if (!machine->cpu[0] && (strncmp(line, "model name", 10) == 0))
      snprintf(machine->cpu, sizeof machine->cpu, "%.120s", colon + 2);
    if (machine->vectors[0] || (strncmp(line, "flags", 5) && strncmp(line, "Features", 8)))
      continue;
    strcat(line, " ");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
      char word[32];
      snprintf(word, sizeof word, " %s ", wanted[i]);
      size_t used = strlen(machine->vectors);
      if (strstr(colon, word))
        snprintf(machine->vectors + used, sizeof machine->vectors - used, "%s%s", used ? " " : "",
                 wanted[i]);
    }
    strcpy(machine->hypervisor, strstr(colon, " hypervisor ") ? "yes" : "no");
  }
  fclose(file);
}

// cgroup v2: "max 100000" or "200000 100000".
static double cgroup_quota(void) {
  char text[64];
  double quota, period;
  read_line("/sys/fs/cgroup/cpu.max", text, sizeof text);
  return sscanf(text, "%lf %lf", &quota, &period) == 2 && period > 0 ? quota / period : -1;
}

static int affinity_count(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}

int gb_processors_allowed(void) {
  int count = affinity_count();
  double quota = cgroup_quota();
  if (quota > 0 && quota < count)
    count = (int)quota;
  return count > 0 ? count : 1;
}

static double clock_step(void) {
  double smallest = -1;
  for (int i = 0; i < 1000; i++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do
      clock_gettime(CLOCK_MONOTONIC, &b);
    while (a.tv_nsec == b.tv_nsec && a.tv_sec == b.tv_sec);
    double step = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
    if (smallest < 0 || step < smallest)
      smallest = step;
  }
  return smallest;
}

void gb_machine_read(gb_machine *machine) {
  *machine = (gb_machine){.cores_allowed = -1, .perf_paranoid = -1};
  read_cpuinfo(machine);
  machine->cores_online = (int)sysconf(_SC_NPROCESSORS_ONLN);
  machine->cores_allowed = affinity_count();
  machine->cgroup_cpus = cgroup_quota();
  machine->l1d = sysconf(_SC_LEVEL1_DCACHE_SIZE);
  machine->l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  machine->l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
  machine->memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  struct utsname name;
  if (uname(&name) == 0)
    snprintf(machine->kernel, sizeof machine->kernel, "%.40s %.60s %.20s", name.sysname,
             name.release, name.machine);
  read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", machine->governor,
            sizeof machine->governor);
  char text[32];
  read_line("/proc/sys/kernel/perf_event_paranoid", text, sizeof text);
  if (text[0])
    sscanf(text, "%d", &machine->perf_paranoid);
  machine->clock_ns = clock_step();
}
