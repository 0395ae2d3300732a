// ghostbench doctor: what this machine is, what can be measured on it, and what is missing.
#include "harness/cli/count.h"
#include "harness/measure/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const gb_option options[] = {GB_OPTION_HELP, {0}};

static const char *or_unknown(const char *text) {
  return *text ? text : "unknown";
}

static void print_bytes(gb_text *out, const char *what, int64_t bytes) {
  if (bytes <= 0)
    gb_text_print(out, "  %-18s unknown\n", what);
  else if (bytes >= INT64_C(1) << 30)
    gb_text_print(out, "  %-18s %.1f GiB\n", what, (double)bytes / (double)(1 << 30));
  else
    gb_text_print(out, "  %-18s %" PRId64 " KiB\n", what, bytes >> 10);
}

static void print_machine(const gb_machine *m, gb_text *out) {
  gb_text_add(out, "machine\n");
  gb_text_print(out, "  %-18s %s\n", "processor", or_unknown(m->cpu));
  gb_text_print(out, "  %-18s %s\n", "instruction sets", or_unknown(m->vectors));
  gb_text_print(out, "  %-18s %d online, %d allowed to this process\n", "processors",
                m->cores_online, m->cores_allowed);
  if (m->cgroup_cpus > 0)
    gb_text_print(out, "  %-18s %.2f processors\n", "cgroup quota", m->cgroup_cpus);
  print_bytes(out, "L1 data cache", m->l1d);
  print_bytes(out, "L2 cache", m->l2);
  print_bytes(out, "L3 cache", m->l3);
  print_bytes(out, "memory", m->memory);
  gb_text_print(out, "  %-18s %s\n", "kernel", or_unknown(m->kernel));
  gb_text_print(out, "  %-18s %s\n", "virtual machine", or_unknown(m->hypervisor));
  gb_text_print(out, "  %-18s %s\n", "frequency policy", or_unknown(m->governor));
}

static void print_papi(const gb_machine *m, gb_counters *counters, gb_text *out) {
  gb_counters_info info;
  gb_counters_tell(counters, &info);
  if (info.hardware > 0 && info.presets > 0)
    gb_text_print(out, "  %-18s %d counters, %d preset events\n", "hardware counters",
                  info.hardware, info.presets);
  else
    gb_text_print(out,
                  "  %-18s not available: %s\n"
                  "  %-18s cycles, instructions, cache misses and energy cannot be claimed here;\n"
                  "  %-18s remedy: a machine whose processor counters reach the system (not most\n"
                  "  %-18s virtual ones), and kernel.perf_event_paranoid at most 2 (here: %d)\n",
                  "hardware counters",
                  *info.reason            ? info.reason
                  : *info.hardware_reason ? info.hardware_reason
                                          : "no preset event exists here",
                  "", "", "", m->perf_paranoid);
  if (*info.version)
    gb_text_print(out, "  %-18s %s: %s\n", "PAPI", info.version, info.components);
}

static void print_counters(const gb_machine *m, gb_text *out) {
  gb_error error = {0};
  gb_counters *counters;
  gb_text_add(out, "\nwhat can be measured\n");
  gb_text_print(out, "  %-18s parameters, MACs, activations, bytes: always, exact\n", "counts");
  gb_text_print(out, "  %-18s yes; smallest clock step %.0f ns\n", "latency", m->clock_ns);
  if (gb_counters_open(&counters, &error) != GB_OK) {
    gb_text_print(out, "  %-18s not available: %s\n", "counters", error.message);
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

static void print_program(gb_text *out) {
  gb_text_add(out, "\nprogram\n");
  gb_text_print(out, "  %-18s ghostbench %s, %s\n", "version", GB_VERSION, GB_COMPILER);
  gb_text_print(out, "  %-18s libxml2 %s\n", "libraries", gb_xml_version());
  gb_text_print(out, "  %-18s %s\n", "gnuplot",
                in_path("gnuplot") ? "found"
                                   : "missing: plots are left out; remedy: apt install "
                                     "gnuplot-nox");
  gb_arena *arena = gb_arena_new(NULL);
  gb_places places = {0};
  gb_error error = {0};
  if (arena && gb_find_places(arena, &places, &error) == GB_OK)
    for (const char *const *root = places.roots; *root; root++)
      gb_text_print(out, "  %-18s %s\n", "data", *root);
  else
    gb_text_print(out, "  %-18s %s\n", "data", error.message);
  gb_arena_free(arena);
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  char *value;
  while (gb_args_next(&args, &value))
    ;
  if (args.stop)
    return args.exit_code;
  if (args.first_operand != argc)
    return gb_complain(self, "takes no operand, not '%s'", argv[args.first_operand]);
  gb_machine machine;
  gb_machine_read(&machine);
  gb_text out = {0};
  print_machine(&machine, &out);
  print_counters(&machine, &out);
  print_program(&out);
  int code = gb_print_out(self, &out);
  gb_text_free(&out);
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
