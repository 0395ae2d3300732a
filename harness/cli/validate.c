// ghostbench validate: every fault of an architecture, experiment or counters file with its place.
#include "harness/cli/count.h"

#include <stdio.h>
#include <string.h>

static const gb_option options[] = {GB_OPTION_HELP, {0}};

static void print_fault(gb_faults *self, const gb_location *where, const char *message) {
  (void)self;
  if (where && where->file && where->line > 0)
    printf("%s:%d:%d: %s\n", where->file, where->line, where->column, message);
  else if (where && where->file)
    printf("%s: %s\n", where->file, message);
  else
    printf("%s\n", message);
}

// Shapes are known only once the graph of an architecture stands.
static void check_shapes(const char *path, const gb_places *places, gb_faults *faults) {
  gb_error error = {0};
  gb_architecture *architecture = NULL;
  gb_network *network = NULL;
  gb_graph *graph = NULL;
  if (gb_architecture_open(path, places, &architecture, &error) != GB_OK ||
      gb_architecture_expand(architecture, NULL, 0, NULL, 0, false, &network, &error) != GB_OK ||
      gb_graph_build(network->root, 1, &graph, &error) != GB_OK)
    gb_fault(faults, NULL, "%s", error.message);
  gb_graph_free(graph);
  gb_network_free(network);
  gb_architecture_free(architecture);
}

// What its events are is for this program to know, not for the reader of XML.
static void check_counters(const char *path, gb_faults *faults) {
  gb_error error = {0};
  gb_counter_group *group = NULL;
  if (gb_counter_group_open(path, &group, &error) == GB_OK)
    gb_group_check(group, faults);
  else
    gb_fault(faults, NULL, "%s", error.message);
  gb_counter_group_free(group);
}

static int validate(const gb_command *self, const char *name, const gb_places *places,
                    gb_arena *arena) {
  gb_error error = {0}, other;
  const char *path;
  if (gb_places_find(places, "architectures", name, arena, &path, &error) != GB_OK &&
      gb_places_find(places, "experiments", name, arena, &path, &other) != GB_OK &&
      gb_places_find(places, GB_GROUPS, name, arena, &path, &other) != GB_OK)
    return gb_complain_error(self, &error);
  gb_faults faults = {.add = print_fault};
  gb_xml_root root;
  if (gb_xml_validate(path, places, &root, &faults, &error) != GB_OK)
    return gb_complain_error(self, &error);
  if (faults.count == 0 && root == GB_ROOT_ARCHITECTURE)
    check_shapes(path, places, &faults);
  if (faults.count == 0 && root == GB_ROOT_COUNTERS)
    check_counters(path, &faults);
  if (faults.count == 0)
    printf("%s: valid\n", path);
  else
    fprintf(stderr, "ghostbench validate: %zu fault%s in %s\n", faults.count,
            faults.count == 1 ? "" : "s", path);
  return faults.count ? GB_EXIT_BAD : GB_EXIT_OK;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  if (!gb_args_operands(&args))
    return args.exit_code;
  if (args.first_operand == argc)
    return gb_complain(self,
                       "name at least one file, architecture, experiment or group of counters");
  gb_arena *arena = gb_arena_new(NULL);
  gb_error error = {0};
  gb_places places = {0};
  gb_status status = arena ? gb_find_places(arena, &places, &error) : gb_fail_memory(&error);
  int worst = status == GB_OK ? GB_EXIT_OK : gb_complain_error(self, &error);
  for (int i = args.first_operand; status == GB_OK && i < argc; i++) {
    int code = validate(self, argv[i], &places, arena);
    if (code > worst)
      worst = code;
  }
  gb_arena_free(arena);
  return worst;
}

const gb_command gb_command_validate = {
    .name = "validate",
    .operands = "FILE|NAME…",
    .summary =
        "Checks architecture, experiment and counters files; tells every fault and its place.",
    .options = options,
    .examples = "  ghostbench validate my-network.xml\n"
                "  ghostbench validate ghostnet ghostnet-table3\n"
                "  ghostbench validate experiments/counters/cycles.xml\n",
    .run = run,
};
