// The list of facts about an environment, in one table: names, how they are shown, and what of them
// hurts measuring.
#include "harness/measure/environment.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef enum kind { TEXT, COUNT, BYTES, REAL } kind; // COUNT is an int, BYTES an int64_t

// ---------------------------------------------------------------------------------------------
// What hurts. A fact that is not known accuses nobody.

static bool is_guest(const gb_environment *e) {
  return strcmp(e->machine.hypervisor, "yes") == 0;
}
static bool has_moving_frequency(const gb_environment *e) {
  return *e->machine.governor && strcmp(e->machine.governor, "performance") != 0;
}
static bool has_turbo(const gb_environment *e) {
  return strcmp(e->turbo, "on") == 0;
}
static bool has_slow_clock(const gb_environment *e) {
  return strcmp(e->clock_source, "hpet") == 0 || strcmp(e->clock_source, "acpi_pm") == 0 ||
         strcmp(e->clock_source, "jiffies") == 0;
}
static bool has_coarse_clock(const gb_environment *e) {
  return e->machine.clock_ns > 1000;
}
static bool has_tight_quota(const gb_environment *e) {
  return e->machine.cgroup_cpus > 0 && e->machine.cgroup_cpus < e->machine.cores_allowed;
}
static bool has_closed_counters(const gb_environment *e) {
  return e->machine.perf_paranoid > 2;
}
// One minute's load: what stood ready to run on average.
static bool has_load(const gb_environment *e) {
  double load;
  return sscanf(e->load, "%lf", &load) == 1 && load > 0.5 * e->machine.cores_allowed;
}
static bool is_dirty(const gb_environment *e) {
  size_t n = strlen(e->git);
  return n > 6 && strcmp(e->git + n - 6, "-dirty") == 0;
}

// ---------------------------------------------------------------------------------------------

typedef struct row {
  const char *key, *title;
  kind kind;
  size_t offset;
  const char *unit; // for people, behind the number; NULL: none
  bool changes;
  bool (*bad)(const gb_environment *e);
  const char *hurts, *remedy;
} row;

#define AT(member) offsetof(gb_environment, member)
#define PLAIN NULL, false, NULL, NULL, NULL

// clang-format off
static const row rows[] = {
  {"cpu", "processor", TEXT, AT(machine.cpu), PLAIN},
  {"vectors", "instruction sets", TEXT, AT(machine.vectors), PLAIN},
  {"microcode", "microcode", TEXT, AT(microcode), PLAIN},
  {"processors_online", "processors", COUNT, AT(machine.cores_online), PLAIN},
  {"processors_allowed", "of them allowed", COUNT, AT(machine.cores_allowed), PLAIN},
  {"affinity", "their numbers", TEXT, AT(affinity), PLAIN},
  {"smt", "two threads a core", TEXT, AT(smt), PLAIN},
  {"cgroup_processors", "cgroup quota", REAL, AT(machine.cgroup_cpus), "processors", false,
   has_tight_quota, "threads beyond the quota are stopped for a while, again and again",
   "--threads up to the quota, or a larger one (cpu.max)"},
  {"l1d_bytes", "L1 data cache", BYTES, AT(machine.l1d), PLAIN},
  {"l2_bytes", "L2 cache", BYTES, AT(machine.l2), PLAIN},
  {"l3_bytes", "L3 cache", BYTES, AT(machine.l3), PLAIN},
  {"memory_bytes", "memory", BYTES, AT(machine.memory), PLAIN},
  {"kernel", "kernel", TEXT, AT(machine.kernel), PLAIN},
  {"virtual_machine", "virtual machine", TEXT, AT(machine.hypervisor), NULL, false, is_guest,
   "neighbours share processor and caches; counters and frequency may be hidden",
   "compare within one run only; `bench --null` tells what can be told apart here"},
  {"container", "container", TEXT, AT(container), PLAIN},
  {"frequency_policy", "frequency policy", TEXT, AT(machine.governor), NULL, false,
   has_moving_frequency, "the frequency follows the load, with delay",
   "cpupower frequency-set -g performance"},
  {"frequency_driver", "frequency driver", TEXT, AT(frequency_driver), PLAIN},
  {"turbo", "turbo", TEXT, AT(turbo), NULL, false, has_turbo,
   "the frequency depends on heat and on what other cores do",
   "switch it off: 1 into /sys/devices/system/cpu/intel_pstate/no_turbo, or 0 into "
   "/sys/devices/system/cpu/cpufreq/boost"},
  {"clock_source", "clock source", TEXT, AT(clock_source), NULL, false, has_slow_clock,
   "reading this clock takes about a microsecond",
   "tsc into /sys/devices/system/clocksource/clocksource0/current_clocksource"},
  {"clock_step_ns", "step of the clock", REAL, AT(machine.clock_ns), "ns", true, has_coarse_clock,
   "small networks take only some steps of it", "a larger batch (--batch), another clock source"},
  {"aslr", "randomised layout", TEXT, AT(aslr), PLAIN},
  {"huge_pages", "huge pages", TEXT, AT(huge_pages), PLAIN},
  {"load", "load", TEXT, AT(load), NULL, true, has_load, "other programs run",
   "stop them, or choose other processors (taskset)"},
  {"perf_event_paranoid", "perf_event_paranoid", COUNT, AT(machine.perf_paranoid), NULL, false,
   has_closed_counters, "the system hides the processor's counters",
   "sysctl kernel.perf_event_paranoid=2"},
  {"version", "ghostbench", TEXT, AT(version), PLAIN},
  {"compiler", "compiler", TEXT, AT(compiler), PLAIN},
  {"flags", "its flags", TEXT, AT(flags), PLAIN},
  {"libraries", "libraries", TEXT, AT(libraries), PLAIN},
  {"build_id", "build", TEXT, AT(build_id), PLAIN},
  {"git", "git", TEXT, AT(git), NULL, false, is_dirty, "what is measured is no commit",
   "commit first, so that it can be built again"},
};
// clang-format on

// Value and what is shown; both empty where it is not known.
static void write_text(const char *text, char *value, char *shown, size_t size) {
  snprintf(value, size, "%s", text);
  snprintf(shown, size, "%s", text);
}

static void write_number(const row *r, double number, char *value, char *shown, size_t size) {
  snprintf(value, size, "%.6g", number);
  snprintf(shown, size, "%.6g%s%s", number, r->unit ? " " : "", r->unit ? r->unit : "");
}

static void write_bytes(int64_t bytes, char *value, char *shown, size_t size) {
  snprintf(value, size, "%" PRId64, bytes);
  if (bytes >= INT64_C(1) << 30)
    snprintf(shown, size, "%.1f GiB", (double)bytes / (double)(1 << 30));
  else
    snprintf(shown, size, "%" PRId64 " KiB", bytes >> 10);
}

static void write_fact(const row *r, const gb_environment *e, char *value, char *shown,
                       size_t size) {
  const char *at = (const char *)e + r->offset;
  int count;
  int64_t bytes;
  double real;
  *value = *shown = '\0';
  switch (r->kind) {
  case TEXT:
    write_text(at, value, shown, size);
    break;
  case COUNT:
    memcpy(&count, at, sizeof count);
    if (count >= 0)
      write_number(r, count, value, shown, size);
    break;
  case BYTES:
    memcpy(&bytes, at, sizeof bytes);
    if (bytes >= 0)
      write_bytes(bytes, value, shown, size);
    break;
  case REAL:
    memcpy(&real, at, sizeof real);
    if (real >= 0)
      write_number(r, real, value, shown, size);
    break;
  }
}

void gb_environment_each(const gb_environment *e,
                         void (*each)(void *context, const gb_environment_fact *fact),
                         void *context) {
  char value[600], shown[600];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const row *r = &rows[i];
    write_fact(r, e, value, shown, sizeof value);
    bool bad = r->bad && r->bad(e);
    const gb_environment_fact fact = {.key = r->key,
                                      .title = r->title,
                                      .value = *value ? value : NULL,
                                      .shown = *shown ? shown : NULL,
                                      .changes = r->changes,
                                      .hurts = bad ? r->hurts : NULL,
                                      .remedy = bad ? r->remedy : NULL};
    each(context, &fact);
  }
}
