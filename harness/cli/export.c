// ghostbench export: a network with its parameters as an ONNX model, or a store of results.
#include "harness/cli/stores.h"
#include "harness/graph/onnx.h"
#include "layers/base/file.h"

#include <stdio.h>
#include <string.h>

static const gb_option options[] = {
    {"format", 'f', "FORMAT",
     "onnx (default): NAME is a network; csv, json, jsonl, google-benchmark: NAME is a store or "
     "its "
     "folder"},
    GB_OPTION_SET,
    {"weights", 'w', "FILE", "parameters of the network, a safetensors file (onnx needs it)"},
    {"batch", 'b', "N", "images at a time, or 'dynamic' for any number (default 1)"},
    {"output", 'o', "FILE", "the file to write (onnx, opset 17, needs it; else standard output)"},
    GB_OPTION_HELP,
    {0},
};
_Static_assert(GB_ONNX_OPSET == 17, "the help above states the opset");

typedef struct request {
  const char *name, *weights, *output;
  const char *format; // NULL: onnx
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

static int export_store(const gb_command *self, const request *r) {
  gb_error error = {0};
  gb_store *store = NULL;
  gb_text out = {0};
  gb_status status = gb_stores_open(r->name, GB_STORE_READ, &store, &error);
  if (status == GB_OK)
    status = gb_stores_export(store, r->format, &out, &error);
  if (status == GB_OK && r->output)
    status = gb_file_write(r->output, gb_text_get(&out), out.length, &error);
  int code = status != GB_OK ? gb_complain_error(self, &error)
             : r->output     ? GB_EXIT_OK
                             : gb_print_out(self, &out);
  gb_text_free(&out);
  gb_store_close(store);
  return code;
}

static gb_status read_format(const char *value, request *r, gb_error *error) {
  gb_suggestion suggestion = {.name = value};
  r->format = NULL;
  if (strcmp(value, "onnx") == 0)
    return GB_OK;
  gb_suggest(&suggestion, "onnx");
  for (const char *const *f = gb_stores_formats; *f; f++) {
    if (strcmp(value, *f) == 0)
      r->format = *f;
    gb_suggest(&suggestion, *f);
  }
  return r->format ? GB_OK
                   : gb_fail(error, GB_EUSAGE,
                             "--format %s is not allowed: onnx, csv, json, jsonl, "
                             "google-benchmark%s%s%s",
                             value, suggestion.best ? "; did you mean " : "",
                             suggestion.best ? suggestion.best : "", suggestion.best ? "?" : "");
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  request r = {.batch = 1};
  gb_error error = {0};
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));) {
    if (gb_option_is(o, "set") && gb_settings_add(&r.settings, value, &error) != GB_OK)
      return gb_complain_error(self, &error);
    if (gb_option_is(o, "format") && read_format(value, &r, &error) != GB_OK)
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
    return gb_complain(
        self, "name one architecture ('ghostbench list architectures' lists them), or, with "
              "--format, one store or results folder");
  r.name = argv[args.first_operand];
  if (r.format)
    return r.weights || r.settings.count
               ? gb_complain(self, "--weights and --set are for onnx, not for --format %s",
                             r.format)
               : export_store(self, &r);
  if (!r.weights || !r.output)
    return gb_complain(self, "--weights and --output are needed");
  return export_model(self, &r);
}

const gb_command gb_command_export = {
    .name = "export",
    .operands = "NAME",
    .summary =
        "Writes a network as an ONNX model, or a store of results for other tools: as CSV, JSON, "
        "JSON lines, or JSON in the shape of Google Benchmark.",
    .options = options,
    .examples = "  ghostbench init ghostnet -o w.safetensors\n"
                "  ghostbench export ghostnet --weights w.safetensors -o ghostnet.onnx\n"
                "  ghostbench export eegnet -w w.safetensors --batch dynamic -o eegnet.onnx\n"
                "  ghostbench export --format csv results >cells.csv\n",
    .run = run,
};
