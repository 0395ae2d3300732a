// ghostbench doctor: what this machine is, what can be measured on it, and what is missing.
#include "harness/cli/build.h"
#include "harness/cli/count.h"
#include "harness/cli/outside.h"
#include "harness/measure/clock.h"
#include "harness/measure/verdict.h"
#include "harness/measure/watch.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const gb_option options[] = {GB_OPTION_HELP, {0}};

enum { NAME_WIDTH = 20 };
// Ticks of /proc/stat are too coarse for less.
#define LOOK_SECONDS 0.5

// Each fact, and below it what it does to measurements and what helps.
static void print_fact(void *context, const gb_environment_fact *fact) {
  gb_text *out = context;
  if (strcmp(fact->key, "version") == 0)
    gb_text_add(out, "\nprogram\n");
  const char *none = strcmp(fact->key, "cgroup_processors") == 0 ? "none" : "unknown";
  gb_text_print(out, "  %-*s %s\n", NAME_WIDTH, fact->title, fact->shown ? fact->shown : none);
  if (fact->hurts)
    gb_text_print(out, "  %-*s   hurts: %s\n  %-*s   remedy: %s\n", NAME_WIDTH, "", fact->hurts,
                  NAME_WIDTH, "", fact->remedy);
}

static void print_share(gb_text *out, const char *what, double share) {
  if (isnan(share))
    gb_text_print(out, "  %-*s unknown\n", NAME_WIDTH, what);
  else
    gb_text_print(out, "  %-*s %.1f %% of the processors' time\n", NAME_WIDTH, what, 100 * share);
}

static void print_times(gb_text *out, const char *what, int64_t times) {
  if (times < 0)
    gb_text_print(out, "  %-*s unknown: the system does not tell\n", NAME_WIDTH, what);
  else
    gb_text_print(out, "  %-*s %" PRId64 " times since the start\n", NAME_WIDTH, what, times);
}

// What the machine does while this program does nothing, judged by the rules of bench.
static void print_now(gb_text *out) {
  gb_watch before, after;
  gb_session_facts now = {0};
  gb_watch_look(&before, NULL, 0);
  gb_clock_monotonic.sleep(NULL, LOOK_SECONDS);
  gb_watch_look(&after, NULL, 0);
  gb_watch_compare(&before, &after, &now);
  gb_text_print(out, "\nnow, over %.1f s\n", after.seconds - before.seconds);
  print_share(out, "other programs", now.others);
  print_share(out, "stolen by others", now.steal);
  if (!isnan(after.mhz))
    gb_text_print(out, "  %-*s %.0f MHz\n", NAME_WIDTH, "frequency", after.mhz);
  print_times(out, "stopped by quota", after.throttled);
  print_times(out, "slowed by heat", after.thermal);
  gb_evidence e = gb_evidence_none();
  e.others = now.others;
  e.steal = now.steal;
  e.throttled = now.throttled < 0 ? (double)NAN : (double)now.throttled;
  e.thermal = now.thermal < 0 ? (double)NAN : (double)now.thermal;
  gb_judgement verdict;
  gb_judge(&e, &verdict);
  gb_text_print(out, "  %-*s %s\n", NAME_WIDTH, "times taken now",
                verdict.validity == GB_VALID ? "would be valid, as far as this tells"
                                             : gb_validity_names[verdict.validity]);
  for (size_t i = 0; i < verdict.count; i++)
    gb_text_print(out, "  %-*s   %s\n  %-*s   remedy: %s\n", NAME_WIDTH, "",
                  verdict.reasons[i].text, NAME_WIDTH, "", verdict.reasons[i].remedy);
}

static void print_papi(const gb_machine *m, gb_counters *counters, gb_text *out) {
  gb_counters_info info;
  gb_counters_tell(counters, &info);
  if (info.hardware > 0 && info.presets > 0)
    gb_text_print(out, "  %-20s %d counters, %d preset events\n", "hardware counters",
                  info.hardware, info.presets);
  else
    gb_text_print(out,
                  "  %-20s not available: %s\n"
                  "  %-20s cycles, instructions, cache misses and energy cannot be claimed here;\n"
                  "  %-20s remedy: a machine whose processor counters reach the system (not most\n"
                  "  %-20s virtual ones), and kernel.perf_event_paranoid at most 2 (here: %d)\n",
                  "hardware counters",
                  *info.reason            ? info.reason
                  : *info.hardware_reason ? info.hardware_reason
                                          : "no preset event exists here",
                  "", "", "", m->perf_paranoid);
  if (*info.version)
    gb_text_print(out, "  %-20s %s: %s\n", "PAPI", info.version, info.components);
}

static void print_counters(const gb_machine *m, gb_text *out) {
  gb_error error = {0};
  gb_counters *counters;
  gb_text_add(out, "\nwhat can be measured\n");
  gb_text_print(out, "  %-20s parameters, MACs, activations, bytes: always, exact\n", "counts");
  gb_text_print(out, "  %-20s yes; smallest clock step %.0f ns\n", "latency", m->clock_ns);
  if (gb_counters_open(&counters, &error) != GB_OK) {
    gb_text_print(out, "  %-20s not available: %s\n", "counters", error.message);
    return;
  }
  print_papi(m, counters, out);
  gb_text_add(out, "\ncounters (ghostbench count --counters NAME)\n");
  if (gb_count_list_groups(counters, out, &error) != GB_OK)
    gb_text_print(out, "  %s\n", error.message);
  gb_counters_close(counters);
}

static bool in_path(const char *program) {
  const char *path = getenv("PATH");
  char candidate[4096];
  while (path && *path) {
    size_t n = strcspn(path, ":");
    snprintf(candidate, sizeof candidate, "%.*s/%s", (int)n, path, program);
    if (access(candidate, X_OK) == 0)
      return true;
    path += n + (path[n] == ':');
  }
  return false;
}

// What lies beside the program: gnuplot, valgrind, the user's engines, the data.
static void print_beside(gb_arena *arena, gb_text *out) {
  gb_error error = {0};
  gb_outside_list engines;
  gb_places places = {0};
  gb_text_print(out, "  %-*s %s\n", NAME_WIDTH, "gnuplot",
                in_path("gnuplot") ? "found"
                                   : "missing: plots are left out; remedy: apt install "
                                     "gnuplot-nox");
  gb_text_print(out, "  %-*s %s\n", NAME_WIDTH, "valgrind",
                in_path("valgrind") ? "found"
                                    : "missing: nothing is simulated (count --counters "
                                      "callgrind); remedy: apt install valgrind");
  if (gb_outside_read(arena, &engines, &error) != GB_OK)
    gb_text_print(out, "  %-*s faulty: %s\n", NAME_WIDTH, "outside engines", error.message);
  else if (!engines.count)
    gb_text_print(out, "  %-*s none (%s%s)\n", NAME_WIDTH, "outside engines", engines.path,
                  engines.exists ? "" : ": no such file");
  for (size_t i = 0; i < engines.count; i++)
    gb_text_print(out, "  %-*s %s (%s)\n", NAME_WIDTH, i ? "" : "outside engines",
                  engines.specs[i].name, engines.specs[i].words[0]);
  if (gb_find_places(arena, &places, &error) == GB_OK)
    for (const char *const *root = places.roots; *root; root++)
      gb_text_print(out, "  %-*s %s\n", NAME_WIDTH, "data", *root);
  else
    gb_text_print(out, "  %-*s %s\n", NAME_WIDTH, "data", error.message);
}

static int examine(const gb_command *self, gb_arena *arena) {
  gb_environment *e = gb_arena_allocate(arena, 1, sizeof *e);
  if (!e)
    return gb_complain(self, "out of memory");
  gb_text out = {0};
  gb_environment_capture(e);
  gb_text_add(&out, "machine\n");
  gb_environment_each(e, print_fact, &out);
  print_beside(arena, &out);
  print_now(&out);
  print_counters(&e->machine, &out);
  int code = gb_print_out(self, &out);
  gb_text_free(&out);
  return code;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  if (!gb_args_operands(&args))
    return args.exit_code;
  if (args.first_operand != argc)
    return gb_complain(self, "takes no operand, not '%s'", argv[args.first_operand]);
  gb_arena *arena = gb_arena_new(NULL);
  int code = arena ? examine(self, arena) : gb_complain(self, "out of memory");
  gb_arena_free(arena);
  return code;
}

const gb_command gb_command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "Tells what this machine is and what can be measured on it.",
    .options = options,
    .examples = "  ghostbench doctor\n",
    .run = run,
};
