// ghostbench describe: the layers of a network, their shapes, parameters and costs.
#include "harness/cli/cli.h"
#include "harness/report/table.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const gb_option options[] = {
    GB_OPTION_SET,
    {"format", 'f', "FORMAT", "table, json, csv, markdown, latex, or xml: the flat document"},
    {"json", 0, NULL, "the same as --format json"},
    {"convention", 'c', "NAME", "how MACs are counted: paper (default), fvcore, full"},
    {"primitives", 'p', NULL, "a row for each primitive layer instead of each XML element"},
    {"batch", 'b', "N", "count for N images at once (default 1)"},
    {"plan", 0, NULL, "the steps that the native engine compiles the network to"},
    GB_OPTION_THREADS,
    GB_OPTION_ISA,
    GB_OPTION_WITHOUT,
    GB_OPTION_HELP,
    {0},
};

typedef struct request {
  const char *format;
  gb_convention convention;
  bool primitives, plan;
  gb_engine_choice engine; // of the plan
  int64_t batch;
  gb_settings settings;
} request;

// A row of the table: a primitive layer, or an element of the XML with all it became.
typedef struct row {
  const char *name, *kind;
  const gb_layer *layer;
  const void *attrs;
  gb_shape output;
  int64_t params;
  gb_cost cost;
} row;

static void add_node(row *r, const gb_node *node) {
  r->output = node->op.out;
  gb_cost_add(&r->cost, &node->cost);
  for (size_t i = 0; i < node->param_count; i++)
    if (node->params[i].spec.trainable)
      r->params += node->params[i].count;
}

static row row_of_node(const gb_node *node) {
  row r = {node->name, node->op.layer->name, node->op.layer, node->op.attrs, {0}, 0, {0}};
  add_node(&r, node);
  return r;
}

static row row_of_group(const gb_graph *graph, const gb_group *group) {
  row r = {group->name, group->kind, group->layer, group->attrs, {0}, 0, {0}};
  for (int i = group->first; i < group->end; i++)
    add_node(&r, &graph->nodes[i]);
  return r;
}

// Elements in order, and the joins that structure adds behind them (add, concat).
static size_t collect_rows(const gb_graph *graph, bool primitives, row *rows) {
  size_t count = 0;
  int done = 0; // nodes that stand in a row already
  for (size_t g = 0; g < graph->group_count && !primitives; g++) {
    const gb_group *group = &graph->groups[g];
    if (!group->layer || group->end == group->first)
      continue;
    for (; done < group->first; done++)
      rows[count++] = row_of_node(&graph->nodes[done]);
    rows[count++] = row_of_group(graph, group);
    done = group->end;
  }
  for (; done < (int)graph->node_count; done++)
    rows[count++] = row_of_node(&graph->nodes[done]);
  return count;
}

// "3×3", from the layer's attribute of this name; "" where it has none.
static const char *size_text(const row *r, const char *name, char *text, size_t size) {
  text[0] = '\0';
  for (size_t i = 0; i < r->layer->n_attrs; i++) {
    const gb_attr *attr = &r->layer->attrs[i];
    if (attr->type != GB_ATTR_SIZE || strcmp(attr->name, name) != 0)
      continue;
    gb_size value;
    memcpy(&value, (const char *)r->attrs + attr->offset, sizeof value);
    if (value.h == 0) // a pool's stride that follows its kernel
      return size_text(r, "kernel", text, size);
    snprintf(text, size, "%" PRId64 "×%" PRId64, value.h, value.w);
  }
  return text;
}

// ---------------------------------------------------------------------------------------------
// Tables

static void add_rows(gb_table *table, const row *rows, size_t count, gb_convention convention) {
  for (size_t i = 0; i < count; i++) {
    const row *r = &rows[i];
    char text[GB_SHAPE_TEXT], size[64];
    gb_table_row(table);
    gb_table_text(table, r->name);
    gb_table_text(table, r->kind);
    gb_table_text(table, gb_shape_print_image(&r->output, text));
    size_text(r, "kernel", size, sizeof size);
    gb_table_text(table, *size ? size : NULL);
    size_text(r, "stride", size, sizeof size);
    gb_table_text(table, *size ? size : NULL);
    gb_table_integer(table, r->params);
    gb_table_integer(table, gb_cost_macs(&r->cost, convention));
  }
}

static void add_notes(gb_table *table, const gb_graph *graph, const request *q) {
  char note[512];
  snprintf(note, sizeof note, "MACs: convention '%s': %s.", gb_convention_names[q->convention],
           gb_convention_texts[q->convention]);
  gb_table_note(table, note);
  snprintf(note, sizeof note,
           "Totals: %" PRId64 " parameters (and %" PRId64 " running statistics), %" PRId64
           " MACs, %" PRId64 " FLOPs (1 MAC = 2 FLOPs), %" PRId64
           " activations of convolutions and linear layers, %.2f MB read, %.2f MB written.",
           graph->trainable, graph->statistics, gb_cost_macs(&graph->cost, q->convention),
           gb_cost_flops(&graph->cost, q->convention), graph->cost.activations,
           (double)graph->cost.bytes_read / 1e6, (double)graph->cost.bytes_written / 1e6);
  gb_table_note(table, note);
  snprintf(note, sizeof note,
           "Other conventions: paper %.2f M, fvcore %.2f M, full %.2f M MACs; batch %" PRId64 ".",
           (double)gb_cost_macs(&graph->cost, GB_COUNT_PAPER) / 1e6,
           (double)gb_cost_macs(&graph->cost, GB_COUNT_FVCORE) / 1e6,
           (double)gb_cost_macs(&graph->cost, GB_COUNT_FULL) / 1e6, q->batch);
  gb_table_note(table, note);
}

static gb_status write_table(const gb_model *model, const request *q, gb_format format,
                             const row *rows, size_t count, gb_text *out, gb_error *error) {
  gb_table *table = gb_table_new(model->network->name, gb_architecture_title(model->architecture));
  if (!table)
    return gb_fail_memory(error);
  static const gb_column columns[] = {
      {"name", "name", NULL, GB_ALIGN_LEFT, false},
      {"kind", "kind", NULL, GB_ALIGN_LEFT, false},
      {"output", "output", "C×H×W", GB_ALIGN_RIGHT, false},
      {"kernel", "kernel", NULL, GB_ALIGN_RIGHT, false},
      {"stride", "stride", NULL, GB_ALIGN_RIGHT, false},
      {"params", "params", NULL, GB_ALIGN_RIGHT, true},
      {"macs", "MACs", NULL, GB_ALIGN_RIGHT, true},
  };
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  add_rows(table, rows, count, q->convention);
  gb_table_row(table);
  gb_table_rule(table);
  gb_table_text(table, "total");
  for (int i = 0; i < 4; i++)
    gb_table_missing(table);
  gb_table_integer(table, model->graph->trainable);
  gb_table_integer(table, gb_cost_macs(&model->graph->cost, q->convention));
  add_notes(table, model->graph, q);
  gb_text_style style = {.width = 0, .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, format, &style, out, error);
  gb_table_free(table);
  return status;
}

// ---------------------------------------------------------------------------------------------
// JSON

static json_t *json_of_row(const row *r, gb_convention convention) {
  char text[64];
  json_t *object =
      json_pack("{s:s, s:s, s:[I,I,I,I], s:I, s:I, s:I, s:I, s:I, s:I}", "name", r->name, "kind",
                r->kind, "output", (json_int_t)r->output.n, (json_int_t)r->output.c,
                (json_int_t)r->output.h, (json_int_t)r->output.w, "params", (json_int_t)r->params,
                "macs", (json_int_t)gb_cost_macs(&r->cost, convention), "flops",
                (json_int_t)gb_cost_flops(&r->cost, convention), "activations",
                (json_int_t)r->cost.activations, "bytes_read", (json_int_t)r->cost.bytes_read,
                "bytes_written", (json_int_t)r->cost.bytes_written);
  if (object && *size_text(r, "kernel", text, sizeof text))
    json_object_set_new(object, "kernel", json_string(text));
  return object;
}

static gb_status write_json(const gb_model *model, const request *q, const row *rows, size_t count,
                            gb_text *out, gb_error *error) {
  const gb_graph *graph = model->graph;
  json_t *settings = json_object(), *layers = json_array();
  for (size_t i = 0; i < model->network->setting_count; i++) {
    const gb_setting *s = &model->network->settings[i];
    double number;
    int64_t integer;
    json_object_set_new(settings, s->name,
                        gb_parse_int(s->value, &integer)   ? json_integer((json_int_t)integer)
                        : gb_parse_real(s->value, &number) ? json_real(number)
                                                           : json_string(s->value));
  }
  for (size_t i = 0; i < count; i++)
    json_array_append_new(layers, json_of_row(&rows[i], q->convention));
  json_t *root = json_pack(
      "{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:{s:I,s:I,s:I}, s:o}",
      "schema", "ghostbench-describe-1", "name", model->network->name, "parameters", settings,
      "batch", (json_int_t)q->batch, "params", (json_int_t)graph->trainable, "statistics",
      (json_int_t)graph->statistics, "macs", (json_int_t)gb_cost_macs(&graph->cost, q->convention),
      "flops", (json_int_t)gb_cost_flops(&graph->cost, q->convention), "convention",
      gb_convention_names[q->convention], "activations", (json_int_t)graph->cost.activations,
      "bytes_read", (json_int_t)graph->cost.bytes_read, "bytes_written",
      (json_int_t)graph->cost.bytes_written, "macs_by_convention", "paper",
      (json_int_t)gb_cost_macs(&graph->cost, GB_COUNT_PAPER), "fvcore",
      (json_int_t)gb_cost_macs(&graph->cost, GB_COUNT_FVCORE), "full",
      (json_int_t)gb_cost_macs(&graph->cost, GB_COUNT_FULL), "layers", layers);
  char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
  json_decref(root);
  if (!text)
    return gb_fail_memory(error);
  gb_text_add(out, text);
  gb_text_add(out, "\n");
  free(text);
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------

static gb_status describe(const char *name, const request *q, gb_text *out, gb_error *error) {
  gb_model model;
  bool xml = strcmp(q->format, "xml") == 0;
  GB_TRY(gb_model_load(name, &q->settings, q->batch, xml, &model, error));
  row *rows = gb_allocate(NULL, model.graph->node_count + model.graph->group_count, sizeof *rows);
  gb_status status = rows ? GB_OK : gb_fail_memory(error);
  size_t count = rows ? collect_rows(model.graph, q->primitives, rows) : 0;
  gb_format format = GB_FORMAT_TEXT;
  if (status == GB_OK && q->plan && gb_format_parse(q->format, &format))
    status = gb_describe_plan(&model, &q->engine, (int)format, out, error);
  else if (status == GB_OK && xml)
    gb_text_add(out, model.network->xml);
  else if (status == GB_OK && strcmp(q->format, "json") == 0)
    status = write_json(&model, q, rows, count, out, error);
  else if (status == GB_OK && gb_format_parse(q->format, &format))
    status = write_table(&model, q, format, rows, count, out, error);
  gb_release(NULL, rows);
  gb_model_free(&model);
  return status;
}

static gb_status read_flag(const gb_option *o, char *value, request *q, gb_error *error) {
  gb_format format;
  if (gb_option_is(o, "set"))
    return gb_settings_add(&q->settings, value, error);
  if (gb_option_is(o, "json"))
    q->format = "json";
  if (gb_option_is(o, "plan"))
    q->plan = true;
  gb_error wrong = {0};
  if (gb_engine_flag(&q->engine, o, value, &wrong) && wrong.status != GB_OK)
    return gb_fail(error, wrong.status, "%s", wrong.message);
  if (gb_option_is(o, "primitives"))
    q->primitives = true;
  if (gb_option_is(o, "format")) {
    if (!gb_format_parse(value, &format) && strcmp(value, "xml") != 0)
      return gb_fail(error, GB_EUSAGE,
                     "--format %s is not allowed: table, json, csv, markdown, latex, xml", value);
    q->format = value;
  }
  if (gb_option_is(o, "convention")) {
    for (int i = 0; gb_convention_names[i]; i++)
      if (strcmp(value, gb_convention_names[i]) == 0) {
        q->convention = (gb_convention)i;
        return GB_OK;
      }
    return gb_fail(error, GB_EUSAGE, "--convention %s is not allowed: paper, fvcore, full", value);
  }
  if (gb_option_is(o, "batch") && (!gb_parse_int(value, &q->batch) || q->batch < 1))
    return gb_fail(error, GB_EUSAGE, "--batch %s is not allowed: an integer from 1 on", value);
  return GB_OK;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  request q = {
      .format = "table", .convention = GB_COUNT_PAPER, .batch = 1, .engine = gb_engine_default()};
  gb_error error = {0};
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    if (read_flag(o, value, &q, &error) != GB_OK)
      return gb_complain_error(self, &error);
  if (args.stop)
    return args.exit_code;
  if (q.plan && strcmp(q.format, "xml") == 0)
    return gb_complain(self, "a plan has no XML form: --format table, json, csv, markdown, latex");
  if (argc - args.first_operand != 1)
    return gb_complain(self, "name one architecture; 'ghostbench list architectures' lists them");
  gb_text out = {0};
  int code = describe(argv[args.first_operand], &q, &out, &error) == GB_OK
                 ? gb_print_out(self, &out)
                 : gb_complain_error(self, &error);
  gb_text_free(&out);
  return code;
}

const gb_command gb_command_describe = {
    .name = "describe",
    .operands = "NAME",
    .summary = "Prints a network's layers with shapes, parameters and MACs, and the totals.",
    .options = options,
    .examples = "  ghostbench describe ghostnet --set width=1.3 --set s=3\n"
                "  ghostbench describe mobilenet-v2 --convention fvcore --json\n"
                "  ghostbench describe ghostnet --plan --without fold\n"
                "  ghostbench describe eegnet --set channels=22 --set samples=1125 --format xml\n",
    .run = run,
};
