// ghostbench export: writes a network with its parameters as an ONNX model.
#include "harness/cli/cli.h"
#include "harness/graph/onnx.h"

#include <stdio.h>
#include <string.h>

static const gb_option options[] = {
    GB_OPTION_SET,
    {"weights", 'w', "FILE", "parameters, a safetensors file (required)"},
    {"batch", 'b', "N", "images at a time, or 'dynamic' for any number (default 1)"},
    {"output", 'o', "FILE", "the ONNX model to write, opset 17 (required)"},
    GB_OPTION_HELP,
    {0},
};
_Static_assert(GB_ONNX_OPSET == 17, "the help above states the opset");

typedef struct request {
  const char *name, *weights, *output;
  gb_settings settings;
  int64_t batch; // 0: dynamic
} request;

static int export_model(const gb_command *self, const request *r) {
  gb_error error = {0};
  gb_model model = {0};
  gb_weights weights = {0};
  gb_status status =
      gb_model_load(r->name, &r->settings, r->batch ? r->batch : 1, false, &model, &error);
  if (status == GB_OK)
    status = gb_weights_load(model.graph, r->weights, &weights, NULL, &error);
  if (status == GB_OK) {
    const gb_onnx_options onnx = {
        .name = model.network->name, .version = GB_VERSION, .any_batch = r->batch == 0};
    status = gb_onnx_write(model.graph, &weights, &onnx, r->output, &error);
  }
  int code = GB_EXIT_OK;
  if (status == GB_OK)
    fprintf(stderr, "%s: %s as ONNX, opset %d\n", r->output, model.network->name, GB_ONNX_OPSET);
  else
    code = gb_complain_error(self, &error);
  gb_weights_free(&weights);
  gb_model_free(&model);
  return code;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  request r = {.batch = 1};
  gb_error error = {0};
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));) {
    if (gb_option_is(o, "set") && gb_settings_add(&r.settings, value, &error) != GB_OK)
      return gb_complain_error(self, &error);
    if (gb_option_is(o, "weights"))
      r.weights = value;
    if (gb_option_is(o, "output"))
      r.output = value;
    if (gb_option_is(o, "batch")) {
      if (strcmp(value, "dynamic") == 0)
        r.batch = 0;
      else if (!gb_parse_int(value, &r.batch) || r.batch < 1 || r.batch > 1 << 20)
        return gb_complain(self, "--batch %s is not allowed: an integer from 1 to %d, or dynamic",
                           value, 1 << 20);
    }
  }
  if (args.stop)
    return args.exit_code;
  if (argc - args.first_operand != 1)
    return gb_complain(self, "name one architecture; 'ghostbench list architectures' lists them");
  r.name = argv[args.first_operand];
  if (!r.weights || !r.output)
    return gb_complain(self, "--weights and --output are needed");
  return export_model(self, &r);
}

const gb_command gb_command_export = {
    .name = "export",
    .operands = "NAME",
    .summary = "Writes a network and its parameters as an ONNX model.",
    .options = options,
    .examples = "  ghostbench init ghostnet -o w.safetensors\n"
                "  ghostbench export ghostnet --weights w.safetensors -o ghostnet.onnx\n"
                "  ghostbench export eegnet -w w.safetensors --batch dynamic -o eegnet.onnx\n",
    .run = run,
};
