// ghostbench init: fresh parameters for a network, from a seed.
#include "harness/cli/cli.h"
#include "harness/graph/weights.h"

#include <inttypes.h>
#include <stdio.h>

static const gb_option options[] = {
    GB_OPTION_SET,
    {"seed", 0, "N", "seed of the random numbers (default 0)"},
    {"recipe", 0, NULL, "instead of random initialisation: the recipe of the golden vectors"},
    {"output", 'o', "FILE", "the safetensors file to write (required)"},
    GB_OPTION_HELP,
    {0},
};

static int make(const gb_command *self, const char *name, const gb_settings *settings, int64_t seed,
                bool recipe, const char *output) {
  gb_model model;
  gb_error error = {0};
  gb_weights weights = {0};
  gb_status status = gb_model_load(name, settings, 1, false, &model, &error);
  if (status == GB_OK)
    status = recipe ? gb_weights_recipe(model.graph, 1, &weights, &error)
                    : gb_weights_init(model.graph, (uint64_t)seed, &weights, &error);
  if (status == GB_OK)
    status = gb_weights_save(model.graph, &weights, output, &error);
  int code = GB_EXIT_OK;
  if (status != GB_OK)
    code = gb_complain_error(self, &error);
  else
    fprintf(stderr, "%s: %" PRId64 " parameters and %" PRId64 " running statistics of %s\n", output,
            model.graph->trainable, model.graph->statistics, model.network->name);
  gb_weights_free(&weights);
  gb_model_free(&model);
  return code;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  gb_settings settings = {0};
  gb_error error = {0};
  char *value;
  const char *output = NULL;
  int64_t seed = 0;
  bool recipe = false;
  for (const gb_option *o; (o = gb_args_next(&args, &value));) {
    if (gb_option_is(o, "set") && gb_settings_add(&settings, value, &error) != GB_OK)
      return gb_complain_error(self, &error);
    if (gb_option_is(o, "seed") && (!gb_parse_int(value, &seed) || seed < 0))
      return gb_complain(self, "--seed %s is not allowed: an integer from 0 on", value);
    if (gb_option_is(o, "output"))
      output = value;
    recipe |= gb_option_is(o, "recipe");
  }
  if (args.stop)
    return args.exit_code;
  if (argc - args.first_operand != 1)
    return gb_complain(self, "name one architecture; 'ghostbench list architectures' lists them");
  if (!output)
    return gb_complain(self, "say where to write with -o FILE");
  return make(self, argv[args.first_operand], &settings, seed, recipe, output);
}

const gb_command gb_command_init = {
    .name = "init",
    .operands = "NAME",
    .summary = "Makes parameters for a network, the same for the same seed on every machine.",
    .options = options,
    .examples = "  ghostbench init ghostnet --seed 1 -o ghostnet.safetensors\n"
                "  ghostbench init eegnet --set channels=22 --set samples=1125 -o w.safetensors\n",
    .run = run,
};
