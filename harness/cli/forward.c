// ghostbench forward: runs a network on an array and writes what comes out.
#define _GNU_SOURCE // PATH_MAX
#include "harness/cli/cli.h"
#include "harness/graph/npy.h"

#include "layers/base/file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const gb_option options[] = {
    GB_OPTION_SET,
    {"weights", 'w', "FILE", "parameters, a safetensors file (required)"},
    {"input", 'i', "FILE", "input, a .npy file of float32 (N,C,H,W) (required)"},
    {"output", 'o', "FILE", "where the output goes, a .npy file (required)"},
    {"dump", 0, "DIR", "also write the output of each layer to DIR/NAME.npy (reference engine)"},
    {"engine", 0, "NAME", "native (default) or reference"},
    GB_OPTION_THREADS,
    GB_OPTION_ISA,
    GB_OPTION_WITHOUT,
    GB_OPTION_HELP,
    {0},
};

typedef struct request {
  const char *name, *weights, *input, *output, *dump;
  gb_settings settings;
  gb_engine_choice engine;
} request;

static gb_status dump_node(void *context, const gb_node *node, const float *values,
                           gb_error *error) {
  char path[PATH_MAX];
  int n = snprintf(path, sizeof path, "%s/%s.npy", (const char *)context, node->name);
  if (n < 0 || (size_t)n >= sizeof path)
    return gb_fail(error, GB_EIO, "%s: path too long", node->name);
  return gb_npy_write(path, values, &node->op.out, error);
}

static gb_status check_input(const request *r, const gb_npy *array, gb_error *error) {
  if (array->type != GB_NPY_F32 || array->rank != 4)
    return gb_fail(error, GB_EINPUT,
                   "%s: holds %d axes of another kind than needed: float32 with 4 "
                   "axes (N,C,H,W)",
                   r->input, array->rank);
  if (array->dims[0] < 1)
    return gb_fail(error, GB_EINPUT, "%s: batch 0 is not allowed: at least 1", r->input);
  return GB_OK;
}

static gb_status execute(const request *r, const gb_graph *graph, const float *input,
                         gb_error *error) {
  gb_weights weights = {0};
  gb_engine engine = {0};
  const gb_shape *out = &graph->nodes[graph->node_count - 1].op.out;
  float *output = NULL;
  gb_status status = gb_weights_load(graph, r->weights, &weights, NULL, error);
  if (status == GB_OK)
    status = gb_engine_new(graph, &weights, &r->engine, &engine, error);
  if (status == GB_OK && !(output = gb_allocate(NULL, (size_t)gb_shape_count(out), sizeof *output)))
    status = gb_fail_memory(error);
  if (status == GB_OK && r->dump)
    status = gb_folder_make(r->dump, error);
  if (status == GB_OK && r->dump) {
    char dump[PATH_MAX];
    snprintf(dump, sizeof dump, "%s", r->dump);
    status = gb_reference_run(engine.reference, input, output, dump_node, dump, error);
  } else if (status == GB_OK) {
    status = gb_engine_run(&engine, input, output, error);
  }
  if (status == GB_OK)
    status = gb_npy_write(r->output, output, out, error);
  gb_release(NULL, output);
  gb_engine_free(&engine);
  gb_weights_free(&weights);
  return status;
}

static int forward(const gb_command *self, const request *r) {
  gb_error error = {0};
  gb_npy array = {0};
  gb_model model = {0};
  gb_status status = gb_npy_read(r->input, &array, &error);
  if (status == GB_OK)
    status = check_input(r, &array, &error);
  if (status == GB_OK)
    status = gb_model_load(r->name, &r->settings, array.dims[0], false, &model, &error);
  if (status == GB_OK) {
    const gb_shape *want = &model.graph->nodes[0].op.out;
    gb_shape have = {array.dims[0], array.dims[1], array.dims[2], array.dims[3]};
    char a[GB_SHAPE_TEXT], b[GB_SHAPE_TEXT];
    if (!gb_shape_equal(&have, want))
      status =
          gb_fail(&error, GB_ESHAPE,
                  "%s: the array is %s, %s takes %s; other sizes are set "
                  "with --set",
                  r->input, gb_shape_print(&have, a), model.network->name, gb_shape_print(want, b));
  }
  if (status == GB_OK)
    status = execute(r, model.graph, array.data, &error);
  int code = status == GB_OK ? GB_EXIT_OK : gb_complain_error(self, &error);
  if (status == GB_OK) {
    char text[GB_SHAPE_TEXT];
    fprintf(stderr, "%s: %s\n", r->output,
            gb_shape_print(&model.graph->nodes[model.graph->node_count - 1].op.out, text));
  }
  gb_model_free(&model);
  gb_npy_free(&array);
  return code;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  request r = {.engine = gb_engine_default()};
  gb_error error = {0};
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));) {
    if (gb_option_is(o, "set") && gb_settings_add(&r.settings, value, &error) != GB_OK)
      return gb_complain_error(self, &error);
    if (gb_option_is(o, "weights"))
      r.weights = value;
    if (gb_option_is(o, "input"))
      r.input = value;
    if (gb_option_is(o, "output"))
      r.output = value;
    if (gb_option_is(o, "dump"))
      r.dump = value;
    if (gb_engine_flag(&r.engine, o, value, &error) && error.status != GB_OK)
      return gb_complain_error(self, &error);
  }
  if (args.stop)
    return args.exit_code;
  if (argc - args.first_operand != 1)
    return gb_complain(self, "name one architecture; 'ghostbench list architectures' lists them");
  r.name = argv[args.first_operand];
  if (!r.weights || !r.input || !r.output)
    return gb_complain(self, "--weights, --input and --output are needed");
  if (r.dump)
    r.engine.native = false; // fused layers have no output of their own
  return forward(self, &r);
}

const gb_command gb_command_forward = {
    .name = "forward",
    .operands = "NAME",
    .summary = "Runs a network on a .npy array with the parameters of a safetensors file.",
    .options = options,
    .examples =
        "  ghostbench forward ghostnet --weights w.safetensors --input x.npy --output y.npy\n"
        "  ghostbench forward resnet56-cifar --set depth=20 -w resnet20.safetensors -i x.npy -o "
        "y.npy\n",
    .run = run,
};
