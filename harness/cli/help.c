// ghostbench help: a layer with its attributes, a subcommand, or the XML vocabulary as a schema.
#include "harness/cli/cli.h"

#include <stdio.h>
#include <string.h>

static const gb_option options[] = {
    {"schema", 0, "KIND",
     "print the RELAX NG schema of 'architecture', 'experiment' or 'counters' files"},
    GB_OPTION_HELP,
    {0},
};

static void print_attrs(const gb_attr *attrs, size_t count, gb_text *out) {
  for (size_t i = 0; i < count; i++) {
    char allowed[512];
    gb_text_print(out, "  %-16s %s\n", attrs[i].name, attrs[i].help);
    gb_text_print(out, "  %-16s   %s", "", gb_attr_allowed(&attrs[i], allowed, sizeof allowed));
    if (!attrs[i].fallback)
      gb_text_add(out, "; required\n");
    else if (*attrs[i].fallback)
      gb_text_print(out, "; default %s\n", attrs[i].fallback);
    else
      gb_text_add(out, "; optional\n");
  }
}

static void print_layer(const gb_layer *layer, gb_text *out) {
  gb_text_print(out, "<%s>  %s\n", layer->name, layer->summary);
  if (layer->source)
    gb_text_print(out, "source: %s\n", layer->source);
  gb_text_print(out, "%s\n",
                layer->lower ? "composite: becomes primitive layers (ghostbench "
                               "describe shows them)"
                             : "primitive");
  if (layer->n_attrs) {
    gb_text_add(out, "\nattributes:\n");
    print_attrs(layer->attrs, layer->n_attrs, out);
  }
  gb_text_add(out, "\nattributes of every layer:\n");
  print_attrs(gb_common_attrs, gb_common_attr_count, out);
}

static void print_structure(const gb_structure *structure, gb_text *out) {
  gb_text_print(out, "<%s>  %s\nstructure around layers%s%s%s\n\nattributes:\n", structure->name,
                structure->summary, structure->parent ? ", inside <" : "",
                structure->parent ? structure->parent : "", structure->parent ? ">" : "");
  print_attrs(structure->attrs, structure->n_attrs, out);
}

static int unknown(const gb_command *self, const char *name) {
  gb_suggestion suggestion = {.name = name};
  for (size_t i = 0; i < gb_layer_count; i++)
    gb_suggest(&suggestion, gb_layers[i]->name);
  for (size_t i = 0; i < gb_structure_count; i++)
    gb_suggest(&suggestion, gb_structures[i].name);
  for (const gb_command *const *c = gb_commands; *c; c++)
    gb_suggest(&suggestion, (*c)->name);
  return suggestion.best
             ? gb_complain(self, "no layer or command '%s'; did you mean '%s'?", name,
                           suggestion.best)
             : gb_complain(self, "no layer or command '%s'; see 'ghostbench list layers'", name);
}

static int print_one(const gb_command *self, const char *name) {
  for (const gb_command *const *c = gb_commands; *c; c++)
    if (strcmp((*c)->name, name) == 0) {
      gb_print_help(*c);
      return GB_EXIT_OK;
    }
  const gb_layer *layer = gb_layer_find(name);
  const gb_structure *structure = gb_structure_find(name);
  gb_text out = {0};
  if (layer)
    print_layer(layer, &out);
  else if (structure)
    print_structure(structure, &out);
  else
    return unknown(self, name);
  int code = gb_print_out(self, &out);
  gb_text_free(&out);
  return code;
}

static int print_schema(const gb_command *self, const char *kind) {
  gb_text out = {0};
  gb_error error = {0};
  int code = gb_xml_schema(kind, &out, &error) == GB_OK ? gb_print_out(self, &out)
                                                        : gb_complain_error(self, &error);
  gb_text_free(&out);
  return code;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  char *value;
  const char *schema = NULL;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    schema = value;
  if (args.stop)
    return args.exit_code;
  if (schema)
    return print_schema(self, schema);
  if (argc - args.first_operand != 1)
    return gb_complain(self, "name one layer, structural element or command; 'ghostbench list "
                             "layers' lists layers, 'ghostbench --help' commands");
  return print_one(self, argv[args.first_operand]);
}

const gb_command gb_command_help = {
    .name = "help",
    .operands = "LAYER|COMMAND",
    .summary = "Explains a layer and its attributes, a structural element, or a command.",
    .options = options,
    .examples = "  ghostbench help ghost\n"
                "  ghostbench help residual\n"
                "  ghostbench help --schema architecture > architecture.rng\n",
    .run = run,
};
