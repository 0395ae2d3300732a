// What bench prints: a table of medians, steps, or JSON with every sample.
#include "harness/cli/bench.h"
#include "harness/measure/machine.h"
#include "harness/report/table.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void add_entry_row(gb_table *table, const gb_bench_entry *e) {
  const gb_graph *graph = e->model.graph;
  gb_table_row(table);
  gb_table_text(table, e->model.network->name);
  gb_table_text(table, e->choice.native ? "native" : "reference");
  gb_table_integer(table, e->choice.native ? e->choice.options.threads : 1);
  gb_table_integer(table, e->batch);
  gb_table_real(table, 1e3 * e->summary.median, 3);
  gb_table_real(table, 1e3 * e->summary.low, 3);
  gb_table_real(table, 1e3 * e->summary.high, 3);
  gb_table_real(table, 1e3 * e->summary.minimum, 3);
  gb_table_real(table, 2e-9 * (double)graph->cost.macs / e->summary.median, 1);
}

static gb_status print_steps(const gb_bench_entry *e, gb_text *out, gb_error *error) {
  gb_table *table = gb_table_new("steps", e->model.network->name);
  if (!table)
    return gb_fail_memory(error);
  static const gb_column columns[] = {
      {"step", "step", NULL, GB_ALIGN_LEFT, false},
      {"name", "layer", NULL, GB_ALIGN_LEFT, false},
      {"output", "output", "C×H×W", GB_ALIGN_RIGHT, false},
      {"time", "time", "µs", GB_ALIGN_RIGHT, false},
      {"rate", "rate", "GFLOP/s", GB_ALIGN_RIGHT, false},
  };
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  double sum = 0;
  for (size_t i = 0; i < gb_native_step_count(e->engine.native); i++) {
    gb_step_info info;
    char text[GB_SHAPE_TEXT];
    gb_native_step(e->engine.native, i, &info);
    sum += e->steps[i];
    gb_table_row(table);
    gb_table_text(table, info.kind);
    gb_table_text(table, info.name);
    gb_table_text(table, gb_shape_print_image(&info.out, text));
    gb_table_real(table, 1e6 * e->steps[i], 2);
    if (info.nominal_macs)
      gb_table_real(table, 2e-9 * (double)(info.nominal_macs * e->batch) / e->steps[i], 1);
  }
  char note[160];
  snprintf(note, sizeof note,
           "Sum of steps %.1f µs; whole network, timed apart, %.1f µs: the clock between steps and "
           "their barriers cost %.1f µs.",
           1e6 * sum, 1e6 * e->summary.median, 1e6 * (sum - e->summary.median));
  gb_table_note(table, note);
  gb_text_add(out, "\n");
  gb_text_style style = {.width = 0, .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  gb_table_free(table);
  return status;
}

gb_status gb_bench_table(const gb_bench_entry *entries, size_t count, const gb_bench_request *q,
                         gb_text *out, gb_error *error) {
  gb_table *table = gb_table_new("bench", NULL);
  if (!table)
    return gb_fail_memory(error);
  static const gb_column columns[] = {
      {"name", "network", NULL, GB_ALIGN_LEFT, false},
      {"engine", "engine", NULL, GB_ALIGN_LEFT, false},
      {"threads", "threads", NULL, GB_ALIGN_RIGHT, false},
      {"batch", "batch", NULL, GB_ALIGN_RIGHT, false},
      {"median_ms", "median", "ms", GB_ALIGN_RIGHT, false},
      {"low_ms", "from", "ms", GB_ALIGN_RIGHT, false},
      {"high_ms", "to", "ms", GB_ALIGN_RIGHT, false},
      {"minimum_ms", "fastest", "ms", GB_ALIGN_RIGHT, false},
      {"rate", "rate", "GFLOP/s", GB_ALIGN_RIGHT, false},
  };
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  for (size_t i = 0; i < count; i++)
    add_entry_row(table, &entries[i]);
  char note[256];
  snprintf(note, sizeof note,
           "%" PRId64 " runs of each, interleaved in random order; from, to: 95 %% interval of the "
           "median by order statistics. Compare by ratio within one table.",
           q->runs);
  gb_table_note(table, note);
  gb_text_style style = {.width = gb_terminal_width(), .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  gb_table_free(table);
  for (size_t i = 0; status == GB_OK && i < count; i++)
    if (entries[i].steps)
      status = print_steps(&entries[i], out, error);
  return status;
}

static json_t *json_steps(const gb_bench_entry *e) {
  json_t *steps = json_array();
  for (size_t i = 0; e->steps && i < gb_native_step_count(e->engine.native); i++) {
    gb_step_info info;
    gb_native_step(e->engine.native, i, &info);
    json_array_append_new(
        steps, json_pack("{s:s, s:s, s:s, s:f, s:I, s:I, s:I}", "kind", info.kind, "name",
                         info.name, "layers", info.layers, "time_us", 1e6 * e->steps[i],
                         "nominal_macs", (json_int_t)info.nominal_macs, "executed_macs",
                         (json_int_t)info.executed_macs, "bytes", (json_int_t)info.bytes));
  }
  return steps;
}

// An interval that too few samples do not give is null.
static json_t *json_ms(double seconds) {
  return isfinite(seconds) ? json_real(1e3 * seconds) : json_null();
}

static json_t *json_entry(const gb_bench_entry *e, const gb_bench_request *q) {
  json_t *samples = json_array();
  for (int64_t i = 0; i < q->runs; i++)
    json_array_append_new(samples, json_real(1e3 * e->samples[i]));
  json_t *object =
      json_pack("{s:s, s:s, s:s, s:i, s:I, s:f, s:o, s:o, s:f, s:I, s:f, s:o}", "name",
                e->model.network->name, "engine", e->choice.native ? "native" : "reference", "isa",
                e->choice.native ? gb_native_isa(e->engine.native) : "plain C", "threads",
                e->choice.native ? e->choice.options.threads : 1, "batch", (json_int_t)e->batch,
                "median_ms", 1e3 * e->summary.median, "median_low_ms", json_ms(e->summary.low),
                "median_high_ms", json_ms(e->summary.high), "minimum_ms", 1e3 * e->summary.minimum,
                "macs", (json_int_t)e->model.graph->cost.macs, "output_deviation", e->deviation,
                "samples_ms", samples);
  if (object && e->steps)
    json_object_set_new(object, "steps", json_steps(e));
  return object;
}

gb_status gb_bench_json(const gb_bench_entry *entries, size_t count, const gb_bench_request *q,
                        gb_text *out, gb_error *error) {
  gb_machine machine;
  gb_machine_read(&machine);
  json_t *results = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(results, json_entry(&entries[i], q));
  json_t *root = json_pack("{s:s, s:s, s:{s:s, s:i, s:s}, s:o}", "schema", "ghostbench-bench-1",
                           "version", GB_VERSION, "machine", "cpu", machine.cpu, "processors",
                           machine.cores_allowed, "kernel", machine.kernel, "results", results);
  char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
  json_decref(root);
  if (!text)
    return gb_fail_memory(error);
  gb_text_add(out, text);
  gb_text_add(out, "\n");
  free(text);
  return GB_OK;
}
