// ghostbench list: layers, architectures, experiments and groups of counters.
#include "harness/cli/cli.h"

#include <stdio.h>
#include <string.h>

static const gb_option options[] = {
    {"names", 'n', NULL, "only the names, one a line, for scripts and completion"},
    GB_OPTION_HELP,
    {0},
};

static void list_layers(bool names_only, gb_text *out) {
  if (!names_only)
    gb_text_add(out, "layers (ghostbench help LAYER tells more):\n");
  for (size_t i = 0; i < gb_layer_count; i++)
    if (names_only)
      gb_text_print(out, "%s\n", gb_layers[i]->name);
    else
      gb_text_print(out, "  %-22s %s\n", gb_layers[i]->name, gb_layers[i]->summary);
}

// The title of an architecture or experiment file, "" where it cannot be read: `validate` tells
// why.
static const char *title_of(const gb_places *places, const char *kind, const char *name,
                            gb_arena *arena) {
  gb_error error;
  const char *path, *title = NULL;
  if (gb_places_find(places, kind, name, arena, &path, &error) != GB_OK)
    return "";
  if (strcmp(kind, "architectures") == 0) {
    gb_architecture *architecture;
    if (gb_architecture_open(path, places, &architecture, &error) == GB_OK) {
      title = gb_arena_copy(arena, gb_architecture_title(architecture));
      gb_architecture_free(architecture);
    }
  } else if (strcmp(kind, GB_GROUPS) == 0) {
    gb_counter_group *group;
    if (gb_counter_group_open(path, &group, &error) == GB_OK) {
      title = gb_arena_copy(arena, group->title);
      gb_counter_group_free(group);
    }
  } else {
    gb_experiment *experiment;
    if (gb_experiment_open(path, places, NULL, 0, &experiment, &error) == GB_OK) {
      title = gb_arena_copy(arena, experiment->title);
      gb_experiment_free(experiment);
    }
  }
  return title ? title : "(cannot be read: see ghostbench validate)";
}

static gb_status list_files(const gb_places *places, gb_arena *arena, const char *what,
                            bool names_only, gb_text *out, gb_error *error) {
  const char **names, *kind = strcmp(what, "counters") == 0 ? GB_GROUPS : what;
  GB_TRY(gb_list_names(arena, places, kind, &names, error));
  if (!names_only)
    gb_text_print(out, "%s:\n", what);
  for (; *names; names++)
    if (names_only)
      gb_text_print(out, "%s\n", *names);
    else
      gb_text_print(out, "  %-22s %s\n", *names, title_of(places, kind, *names, arena));
  return GB_OK;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  bool names_only = false;
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    names_only |= gb_option_is(o, "names");
  if (args.stop)
    return args.exit_code;
  static const char *const kinds[] = {"layers", "architectures", "experiments", "counters"};
  enum { KINDS = 4 };
  bool wanted[KINDS] = {false};
  for (int i = args.first_operand; i < argc; i++) {
    bool known = false;
    for (int k = 0; k < KINDS; k++)
      if (strcmp(argv[i], kinds[k]) == 0)
        wanted[k] = known = true;
    if (!known)
      return gb_complain(self,
                         "'%s' is not allowed: one of layers, architectures, experiments, counters",
                         argv[i]);
  }
  bool any = false;
  for (int k = 0; k < KINDS; k++)
    any |= wanted[k];
  for (int k = 0; k < KINDS; k++)
    wanted[k] |= !any;
  gb_arena *arena = gb_arena_new(NULL);
  gb_text out = {0};
  gb_error error = {0};
  gb_places places = {0};
  gb_status status = arena ? GB_OK : gb_fail_memory(&error);
  if (wanted[0])
    list_layers(names_only, &out);
  if (status == GB_OK)
    status = gb_find_places(arena, &places, &error);
  for (int k = 1; k < KINDS && status == GB_OK; k++)
    if (wanted[k]) {
      if (!names_only && out.length)
        gb_text_add(&out, "\n");
      status = list_files(&places, arena, kinds[k], names_only, &out, &error);
    }
  int code = status == GB_OK ? gb_print_out(self, &out) : gb_complain_error(self, &error);
  gb_text_free(&out);
  gb_arena_free(arena);
  return code;
}

const gb_command gb_command_list = {
    .name = "list",
    .operands = "[layers] [architectures] [experiments] [counters]",
    .summary = "Lists layers, architectures, experiments and groups of counters.",
    .options = options,
    .examples = "  ghostbench list\n"
                "  ghostbench list --names architectures\n",
    .run = run,
};
