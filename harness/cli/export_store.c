// A store as CSV, JSON, JSON lines, or in the shape of Google Benchmark: raw samples, full
// precision.
#include "harness/cli/stores.h"
#include "harness/report/escape.h"
#include "harness/stats/summary.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const gb_stores_formats[] = {"csv", "json", "jsonl", "google-benchmark", NULL};

typedef struct exporting {
  gb_text *out;
  const char *separator; // before the next cell
  size_t family;         // Google Benchmark's numbers of benchmarks
} exporting;

// ---------------------------------------------------------------------------------------------
// Pieces of JSON

// One object at a time: `first` tells whether a comma is due.
static void name(gb_text *out, bool *first, const char *text) {
  gb_text_add(out, *first ? "" : ", ");
  *first = false;
  gb_escape_json(out, text);
  gb_text_add(out, ": ");
}

static void text_member(gb_text *out, bool *first, const char *key, const char *value) {
  name(out, first, key);
  if (value)
    gb_escape_json(out, value);
  else
    gb_text_add(out, "null");
}

static void integer_member(gb_text *out, bool *first, const char *key, int64_t value) {
  name(out, first, key);
  gb_text_print(out, "%" PRId64, value);
}

// -1 is what is not known.
static void known_member(gb_text *out, bool *first, const char *key, int64_t value) {
  name(out, first, key);
  if (value == -1)
    gb_text_add(out, "null");
  else
    gb_text_print(out, "%" PRId64, value);
}

static void real_member(gb_text *out, bool *first, const char *key, double value) {
  name(out, first, key);
  gb_print_real(out, value);
}

static void facts_member(gb_text *out, bool *first, const char *key, const gb_stored_fact *facts,
                         size_t count) {
  bool inner = true;
  name(out, first, key);
  gb_text_add(out, "{");
  for (size_t i = 0; i < count; i++)
    text_member(out, &inner, facts[i].name, facts[i].value);
  gb_text_add(out, "}");
}

static void samples_member(gb_text *out, bool *first, const char *seconds, const char *starts,
                           const gb_stored_sample *samples, size_t count) {
  for (int which = 0; which < 2; which++) {
    name(out, first, which ? starts : seconds);
    gb_text_add(out, "[");
    for (size_t i = 0; i < count; i++) {
      gb_text_add(out, i ? ", " : "");
      gb_print_real(out, which ? samples[i].start : samples[i].seconds);
    }
    gb_text_add(out, "]");
  }
}

static void time_member(gb_text *out, bool *first, const char *key, double seconds) {
  char text[GB_TIME_TEXT];
  gb_print_time(seconds, text);
  text_member(out, first, key, *text ? text : NULL);
}

// Begins element `i` of an array of objects.
static void element(gb_text *out, size_t i) {
  gb_text_add(out, i ? ", {" : "{");
}

static void counted_members(gb_text *out, bool *first, const gb_stored_cell *c) {
  bool inner = true;
  name(out, first, "counts");
  gb_text_add(out, "{");
  for (size_t i = 0; i < c->count_count; i++)
    integer_member(out, &inner, c->counts[i].name, c->counts[i].value);
  gb_text_add(out, "}");
  name(out, first, "parts");
  gb_text_add(out, "[");
  for (size_t i = 0; i < c->part_count; i++) {
    element(out, i);
    inner = true;
    text_member(out, &inner, "kind", c->parts[i].kind);
    integer_member(out, &inner, "macs", c->parts[i].macs);
    integer_member(out, &inner, "params", c->parts[i].params);
    gb_text_add(out, "}");
  }
  gb_text_add(out, "]");
  name(out, first, "structure");
  gb_text_add(out, "[");
  for (size_t i = 0; i < c->row_count; i++) {
    const gb_stored_row *row = &c->rows[i];
    element(out, i);
    inner = true;
    text_member(out, &inner, "input", row->input);
    text_member(out, &inner, "operator", row->operator_);
    known_member(out, &inner, "kernel", row->kernel);
    known_member(out, &inner, "expand", row->expand);
    known_member(out, &inner, "out", row->out);
    known_member(out, &inner, "se", row->se);
    known_member(out, &inner, "stride", row->stride);
    gb_text_add(out, "}");
  }
  gb_text_add(out, "]");
}

static void measured_members(gb_text *out, bool *first, const gb_stored_cell *c) {
  bool inner = true;
  samples_member(out, first, "samples_s", "starts_s", c->samples, c->sample_count);
  samples_member(out, first, "baseline_samples_s", "baseline_starts_s", c->anchors,
                 c->anchor_count);
  name(out, first, "figures");
  gb_text_add(out, "{");
  for (size_t i = 0; i < c->figure_count; i++)
    real_member(out, &inner, c->figures[i].name, c->figures[i].value);
  gb_text_add(out, "}");
  name(out, first, "counters");
  gb_text_add(out, "[");
  for (size_t i = 0; i < c->counter_count; i++) {
    const gb_stored_counter *k = &c->counters[i];
    element(out, i);
    inner = true;
    known_member(out, &inner, "step", k->step);
    text_member(out, &inner, "layer", k->layer);
    text_member(out, &inner, "event", k->event);
    text_member(out, &inner, "unit", k->unit);
    text_member(out, &inner, "source", k->source);
    real_member(out, &inner, "value", k->value);
    real_member(out, &inner, "share", k->share);
    text_member(out, &inner, "reason", *k->reason ? k->reason : NULL);
    gb_text_add(out, "}");
  }
  gb_text_add(out, "]");
  text_member(out, first, "verdict", c->verdict);
  name(out, first, "reasons");
  gb_text_add(out, "[");
  for (size_t i = 0; i < c->reason_count; i++) {
    element(out, i);
    inner = true;
    text_member(out, &inner, "code", c->reasons[i].code);
    text_member(out, &inner, "text", c->reasons[i].text);
    text_member(out, &inner, "remedy", c->reasons[i].remedy);
    gb_text_add(out, "}");
  }
  gb_text_add(out, "]");
}

static void add_cell(gb_text *out, const gb_stored_cell *c, const char *type) {
  bool first = true;
  gb_text_add(out, "{");
  if (type)
    text_member(out, &first, "type", type);
  text_member(out, &first, "experiment", c->experiment);
  text_member(out, &first, "kind", c->kind);
  text_member(out, &first, "label", c->label);
  text_member(out, &first, "series", c->series);
  text_member(out, &first, "published_row", *c->row ? c->row : NULL);
  text_member(out, &first, "architecture", c->architecture);
  text_member(out, &first, "title", c->title);
  facts_member(out, &first, "settings", c->settings, c->setting_count);
  facts_member(out, &first, "protocol", c->protocol, c->protocol_count);
  text_member(out, &first, "error", c->error);
  counted_members(out, &first, c);
  measured_members(out, &first, c);
  text_member(out, &first, "plan", c->plan);
  integer_member(out, &first, "run", c->run);
  time_member(out, &first, "started", c->started);
  real_member(out, &first, "seconds", c->seconds);
  text_member(out, &first, "baseline", c->baseline);
  text_member(out, &first, "key", c->key);
  text_member(out, &first, "key_text", c->key_text);
  text_member(out, &first, "digest", c->digest);
  gb_text_add(out, "}");
}

static void add_run(gb_text *out, const gb_stored_run *r, const char *type) {
  bool first = true;
  gb_text_add(out, "{");
  if (type)
    text_member(out, &first, "type", type);
  integer_member(out, &first, "run", r->id);
  text_member(out, &first, "uid", r->uid);
  text_member(out, &first, "command", r->command);
  text_member(out, &first, "version", r->version);
  time_member(out, &first, "started", r->started);
  time_member(out, &first, "ended", r->ended);
  known_member(out, &first, "exit_code", r->exit_code);
  facts_member(out, &first, "environment", r->environment, r->environment_count);
  gb_text_add(out, "}");
}

// ---------------------------------------------------------------------------------------------
// JSON and JSON lines

static gb_status json_cell(void *context, const gb_stored_cell *cell, gb_error *error) {
  exporting *e = context;
  gb_text_add(e->out, e->separator);
  e->separator = ",\n";
  add_cell(e->out, cell, NULL);
  return e->out->failed ? gb_fail_memory(error) : GB_OK;
}

static gb_status write_json(gb_store *store, const gb_stored_run *runs, size_t count, gb_text *out,
                            gb_error *error) {
  exporting e = {.out = out, .separator = "\n"};
  gb_text_print(out, "{\"schema\": \"ghostbench-store-1\", \"version\": \"%s\",\n\"runs\": [",
                GB_VERSION);
  for (size_t i = 0; i < count; i++) {
    gb_text_add(out, i ? ",\n" : "\n");
    add_run(out, &runs[i], NULL);
  }
  gb_text_add(out, "\n],\n\"cells\": [");
  GB_TRY(gb_store_cells(store, json_cell, &e, error));
  gb_text_add(out, "\n]}\n");
  return GB_OK;
}

static gb_status line_cell(void *context, const gb_stored_cell *cell, gb_error *error) {
  exporting *e = context;
  add_cell(e->out, cell, "cell");
  gb_text_add(e->out, "\n");
  return e->out->failed ? gb_fail_memory(error) : GB_OK;
}

static gb_status write_lines(gb_store *store, const gb_stored_run *runs, size_t count, gb_text *out,
                             gb_error *error) {
  exporting e = {.out = out};
  gb_text_print(out,
                "{\"type\": \"store\", \"schema\": \"ghostbench-store-1\", \"version\": \"%s\"}\n",
                GB_VERSION);
  for (size_t i = 0; i < count; i++) {
    add_run(out, &runs[i], "run");
    gb_text_add(out, "\n");
  }
  return gb_store_cells(store, line_cell, &e, error);
}

// ---------------------------------------------------------------------------------------------
// CSV: a row for each cell; what is an array in JSON is a count or a sum here

static const char *const csv_counts[] = {"params", "params_total", "macs", "macs_full",
                                         "flops",  "activations",  "bytes"};
static const char *const csv_figures[] = {"median_s", "median_low_s", "median_high_s", "minimum_s",
                                          "ratio",    "ratio_low",    "ratio_high",    "ratio_p"};
enum {
  CSV_COUNTS = sizeof csv_counts / sizeof *csv_counts,
  CSV_FIGURES = sizeof csv_figures / sizeof *csv_figures
};

static void field(gb_text *out, const char *text) {
  gb_text_add(out, ",");
  gb_escape_csv(out, text ? text : "");
}

static void real_field(gb_text *out, double value) {
  gb_text_add(out, ",");
  if (isfinite(value))
    gb_print_real(out, value);
}

static void facts_field(gb_text *out, const gb_stored_fact *facts, size_t count) {
  gb_text text = {0};
  for (size_t i = 0; i < count; i++)
    gb_text_print(&text, "%s%s=%s", i ? " " : "", facts[i].name, facts[i].value);
  field(out, gb_text_get(&text));
  out->failed |= text.failed;
  gb_text_free(&text);
}

static gb_status csv_cell(void *context, const gb_stored_cell *c, gb_error *error) {
  gb_text *out = ((exporting *)context)->out;
  char started[GB_TIME_TEXT];
  gb_print_time(c->started, started);
  gb_escape_csv(out, c->experiment);
  field(out, c->kind);
  field(out, c->label);
  field(out, c->series);
  field(out, c->row);
  field(out, c->architecture);
  facts_field(out, c->settings, c->setting_count);
  facts_field(out, c->protocol, c->protocol_count);
  field(out, c->error ? "failed" : "finished");
  field(out, c->error);
  field(out, c->verdict);
  for (size_t i = 0; i < CSV_COUNTS; i++) {
    int64_t value;
    gb_text_add(out, ",");
    if (gb_stored_count_of(c, csv_counts[i], &value))
      gb_text_print(out, "%" PRId64, value);
  }
  gb_text_print(out, ",%zu", c->sample_count);
  for (size_t i = 0; i < CSV_FIGURES; i++)
    real_field(out, gb_stored_figure_of(c, csv_figures[i]));
  gb_text_print(out, ",%zu,%" PRId64, c->counter_count, c->run);
  field(out, started);
  real_field(out, c->seconds);
  field(out, c->key);
  field(out, c->digest);
  gb_text_add(out, "\n");
  return out->failed ? gb_fail_memory(error) : GB_OK;
}

static gb_status write_csv(gb_store *store, gb_text *out, gb_error *error) {
  exporting e = {.out = out};
  gb_text_add(out,
              "experiment,kind,label,series,published_row,architecture,settings,protocol,status,"
              "error,verdict");
  for (size_t i = 0; i < CSV_COUNTS; i++)
    gb_text_print(out, ",%s", csv_counts[i]);
  gb_text_add(out, ",samples");
  for (size_t i = 0; i < CSV_FIGURES; i++)
    gb_text_print(out, ",%s", csv_figures[i]);
  gb_text_add(out, ",counters,run,started,seconds,key,digest\n");
  return gb_store_cells(store, csv_cell, &e, error);
}

// ---------------------------------------------------------------------------------------------
// Google Benchmark's JSON: every sample an iteration, and their median

static void add_benchmark(exporting *e, const gb_stored_cell *c, size_t index, double seconds,
                          const char *aggregate) {
  gb_text *out = e->out;
  gb_text full = {0};
  bool first = true;
  gb_text_print(&full, "%s/%s", c->experiment, c->label);
  gb_text_add(out, e->separator);
  e->separator = ",\n";
  gb_text_add(out, "{");
  text_member(out, &first, "run_name", gb_text_get(&full));
  if (aggregate)
    gb_text_print(&full, "_%s", aggregate);
  text_member(out, &first, "name", gb_text_get(&full));
  integer_member(out, &first, "family_index", (int64_t)e->family);
  integer_member(out, &first, "per_family_instance_index", 0);
  text_member(out, &first, "run_type", aggregate ? "aggregate" : "iteration");
  integer_member(out, &first, "repetitions", (int64_t)c->sample_count);
  if (aggregate) {
    text_member(out, &first, "aggregate_name", aggregate);
    text_member(out, &first, "aggregate_unit", "time");
  } else {
    integer_member(out, &first, "repetition_index", (int64_t)index);
  }
  int64_t threads;
  if (!gb_parse_int(gb_stored_fact_of(c->protocol, c->protocol_count, "threads"), &threads))
    threads = 1;
  integer_member(out, &first, "threads", threads);
  integer_member(out, &first, "iterations", aggregate ? (int64_t)c->sample_count : 1);
  real_member(out, &first, "real_time", 1e9 * seconds);
  real_member(out, &first, "cpu_time", 1e9 * seconds);
  text_member(out, &first, "time_unit", "ns");
  gb_text_add(out, "}");
  out->failed |= full.failed;
  gb_text_free(&full);
}

static gb_status google_cell(void *context, const gb_stored_cell *c, gb_error *error) {
  exporting *e = context;
  if (c->sample_count == 0)
    return GB_OK;
  gb_arena *arena = gb_arena_new(NULL);
  double *seconds;
  gb_summary summary;
  gb_status status = arena ? gb_stored_seconds(c->samples, c->sample_count, arena, &seconds, error)
                           : gb_fail_memory(error);
  if (status == GB_OK)
    status = gb_summarise(seconds, c->sample_count, &summary, error);
  for (size_t i = 0; status == GB_OK && i < c->sample_count; i++)
    add_benchmark(e, c, i, c->samples[i].seconds, NULL);
  if (status == GB_OK)
    add_benchmark(e, c, 0, summary.median, "median");
  e->family++;
  gb_arena_free(arena);
  return status == GB_OK && e->out->failed ? gb_fail_memory(error) : status;
}

static void add_caches(gb_text *out, bool *first, const gb_stored_run *r) {
  static const struct {
    const char *fact, *type;
    int level;
  } caches[] = {{"l1d_bytes", "Data", 1}, {"l2_bytes", "Unified", 2}, {"l3_bytes", "Unified", 3}};
  size_t listed = 0;
  name(out, first, "caches");
  gb_text_add(out, "[");
  for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
    int64_t bytes;
    bool inner = true;
    if (!gb_parse_int(gb_stored_fact_of(r->environment, r->environment_count, caches[i].fact),
                      &bytes))
      continue;
    element(out, listed++);
    text_member(out, &inner, "type", caches[i].type);
    integer_member(out, &inner, "level", caches[i].level);
    integer_member(out, &inner, "size", bytes);
    integer_member(out, &inner, "num_sharing", 1);
    gb_text_add(out, "}");
  }
  gb_text_add(out, "]");
}

// The context is the last run's; each cell's own run is told by the other formats.
static gb_status write_google(gb_store *store, const gb_stored_run *runs, size_t count,
                              gb_text *out, gb_error *error) {
  exporting e = {.out = out, .separator = "\n"};
  static const gb_stored_run none = {.command = "", .version = ""};
  const gb_stored_run *r = count ? &runs[count - 1] : &none;
  const char *governor =
      gb_stored_fact_of(r->environment, r->environment_count, "frequency_policy");
  int64_t processors;
  bool first = true;
  gb_text_add(out, "{\n\"context\": {");
  time_member(out, &first, "date", r->started);
  text_member(out, &first, "host_name",
              gb_stored_fact_of(r->environment, r->environment_count, "host"));
  text_member(out, &first, "executable", r->command);
  if (!gb_parse_int(gb_stored_fact_of(r->environment, r->environment_count, "processors_online"),
                    &processors))
    processors = 1;
  integer_member(out, &first, "num_cpus", processors);
  integer_member(out, &first, "mhz_per_cpu", 0);
  name(out, &first, "cpu_scaling_enabled");
  gb_text_add(out, *governor && strcmp(governor, "performance") != 0 ? "true" : "false");
  add_caches(out, &first, r);
  name(out, &first, "load_avg");
  gb_text_add(out, "[]");
  text_member(out, &first, "library_build_type", "release");
  integer_member(out, &first, "json_schema_version", 1);
  for (size_t i = 0; i < r->environment_count; i++) {
    gb_text key = {0}; // under names of our own, beside Google Benchmark's
    gb_text_print(&key, "ghostbench_%s", r->environment[i].name);
    text_member(out, &first, gb_text_get(&key), r->environment[i].value);
    gb_text_free(&key);
  }
  gb_text_add(out, "},\n\"benchmarks\": [");
  GB_TRY(gb_store_cells(store, google_cell, &e, error));
  gb_text_add(out, "\n]\n}\n");
  return GB_OK;
}

gb_status gb_stores_export(gb_store *store, const char *format, gb_text *out, gb_error *error) {
  gb_arena *arena = gb_arena_new(NULL);
  gb_stored_run *runs = NULL;
  size_t count = 0;
  gb_status status =
      arena ? gb_store_runs(store, arena, &runs, &count, error) : gb_fail_memory(error);
  if (status == GB_OK && strcmp(format, "csv") == 0)
    status = write_csv(store, out, error);
  else if (status == GB_OK && strcmp(format, "json") == 0)
    status = write_json(store, runs, count, out, error);
  else if (status == GB_OK && strcmp(format, "jsonl") == 0)
    status = write_lines(store, runs, count, out, error);
  else if (status == GB_OK)
    status = write_google(store, runs, count, out, error);
  gb_arena_free(arena);
  return status == GB_OK && out->failed ? gb_fail_memory(error) : status;
}
