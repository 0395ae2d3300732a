// What a run says: published figures beside the counts, tables, files, and a summary in words.
#include "harness/cli/run_latency.h"
#include "harness/cli/stores.h"
#include "harness/report/escape.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Of a longer table only the beginning is printed; the files have all of it.
enum { MOST_PRINTED_ROWS = 120, PRINTED_ROWS_OF_LONG = 20, PIPE_WIDTH = 100 };

gb_status gb_run_published(gb_run *run, const char *name, const gb_location *where,
                           gb_published **published, gb_error *error) {
  *published = NULL;
  if (!*name)
    return GB_OK;
  gb_text tried = {0};
  for (const char *const *root = run->places.roots; *root; root++) {
    const char *path = gb_arena_print(run->arena, "%s/results/published/%s.csv", *root, name);
    if (!path) {
      gb_text_free(&tried);
      return gb_fail_memory(error);
    }
    if (access(path, F_OK) == 0) {
      gb_text_free(&tried);
      return gb_published_open(path, published, error);
    }
    gb_text_print(&tried, "%s%s", tried.length ? ", " : "", path);
  }
  gb_status status = gb_fail_at(error, GB_EINPUT, where, "no published table '%s': there is no %s",
                                name, gb_text_get(&tried));
  gb_text_free(&tried);
  return status;
}

// With --filter, only the published rows that a cell names, so that they are not listed as missing.
static void narrow(const gb_run *run, const gb_results *results, gb_published *p) {
  if (!run->filter || !p)
    return;
  size_t rows = 0, figures = 0;
  for (size_t i = 0; i < p->row_count; i++) {
    bool named = false;
    for (size_t k = 0; k < results->count && !named; k++)
      named = strcmp(results->list[k].cell->row, p->rows[i]) == 0 || results->list[k].rows;
    if (named)
      p->rows[rows++] = p->rows[i];
  }
  p->row_count = rows;
  for (size_t i = 0; i < p->count; i++)
    for (size_t k = 0; k < rows; k++)
      if (strcmp(p->figures[i].row, p->rows[k]) == 0) {
        p->figures[figures++] = p->figures[i];
        break;
      }
  p->count = figures;
}

// ---------------------------------------------------------------------------------------------
// The comparison

static void add_time(gb_comparison *c, const char *row, const gb_result *r) {
  const int digits = r->latency < 1 ? 4 : r->latency < 10 ? 3 : r->latency < 100 ? 2 : 1;
  char interval[64];
  if (!r->validity) // not timed: the run was stopped before
    return;
  gb_comparison_real(c, row, r->label, "latency", r->latency, digits);
  snprintf(interval, sizeof interval, "%.*f–%.*f", digits, r->latency_low, digits, r->latency_high);
  if (isfinite(r->latency_low))
    gb_comparison_text(c, row, r->label, "latency_interval", interval);
  gb_comparison_text(c, row, r->label, "validity", r->validity);
}

static void add_counts(gb_comparison *c, const gb_results *results, const gb_result *r) {
  const gb_experiment *e = results->experiment;
  const char *row = gb_result_row(results, r);
  for (size_t i = 0; i < e->measure_count; i++) {
    int64_t count;
    if (gb_result_count(r, e->measures[i], &count))
      gb_comparison_integer(c, row, r->label, e->measures[i], count);
    else if (strcmp(e->measures[i], "latency") == 0)
      add_time(c, row, r);
  }
}

// The rows of a network are rows of the table, by their numbers.
static void add_structure(gb_comparison *c, const gb_results *results, const gb_result *r) {
  for (size_t i = 0; i < r->row_count; i++) {
    const gb_structure_row *s = &r->rows[i];
    char row[32], label[160];
    snprintf(row, sizeof row, "%zu", i + 1);
    if (results->count > 1)
      snprintf(label, sizeof label, "%.100s: %s", r->label, row);
    else
      snprintf(label, sizeof label, "%s", row);
    const char *name = results->count > 1 ? "" : row; // a published row is for one network
    const struct {
      const char *column;
      int64_t value;
    } numbers[] = {{"kernel", s->kernel},
                   {"expand", s->expand},
                   {"out", s->out},
                   {"se", s->se},
                   {"stride", s->stride}};
    gb_comparison_text(c, name, label, "input", s->input);
    gb_comparison_text(c, name, label, "operator", s->operator_);
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
      if (numbers[k].value >= 0)
        gb_comparison_integer(c, name, label, numbers[k].column, numbers[k].value);
  }
}

static void add_columns(gb_comparison *c, const gb_experiment *e) {
  static const gb_column structure[] = {
      {"input", "Input", NULL, GB_ALIGN_LEFT, false},
      {"operator", "Operator", NULL, GB_ALIGN_LEFT, false},
      {"kernel", "Kernel", NULL, GB_ALIGN_RIGHT, false},
      {"expand", "Expansion", NULL, GB_ALIGN_RIGHT, false},
      {"out", "Output", NULL, GB_ALIGN_RIGHT, false},
      {"se", "SE", NULL, GB_ALIGN_RIGHT, false},
      {"stride", "Stride", NULL, GB_ALIGN_RIGHT, false},
  };
  static const gb_column latency[] = {
      {"latency", "Latency", "ms", GB_ALIGN_RIGHT, false},
      {"latency_interval", "95 %", "ms", GB_ALIGN_RIGHT, false},
      {"validity", "Verdict", NULL, GB_ALIGN_LEFT, false},
  };
  for (size_t i = 0; gb_run_measures(e, "structure") && i < sizeof structure / sizeof *structure;
       i++)
    gb_comparison_column(c, &structure[i]);
  static const gb_column counts[] = {
      {"params", "Parameters", NULL, GB_ALIGN_RIGHT, true},
      {"macs", "MACs", NULL, GB_ALIGN_RIGHT, true},
  };
  if (!gb_run_measures(e, "latency"))
    return;
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    if (gb_run_measures(e, counts[i].name))
      gb_comparison_column(c, &counts[i]);
  for (size_t i = 0; i < sizeof latency / sizeof *latency; i++)
    gb_comparison_column(c, &latency[i]);
}

static gb_status compare(const gb_results *results, const gb_published *published,
                         gb_comparison **out, gb_error *error) {
  const gb_experiment *e = results->experiment;
  gb_comparison *c = gb_comparison_new(e->name, *e->title ? e->title : e->name, published);
  if (!c)
    return gb_fail_memory(error);
  add_columns(c, e);
  for (size_t i = 0; i < e->known_count; i++)
    gb_comparison_known(c, e->known[i].row, e->known[i].column, e->known[i].reason,
                        &e->known[i].where);
  gb_status status = GB_OK;
  for (size_t i = 0; status == GB_OK && i < results->count; i++) {
    const gb_result *r = &results->list[i];
    if (*r->cell->row && published)
      status = gb_published_check_row(published, r->cell->row, &r->cell->where, error);
    if (status != GB_OK || r->error)
      continue;
    add_counts(c, results, r);
    add_structure(c, results, r);
  }
  if (status == GB_OK)
    status = gb_comparison_finish(c, error);
  if (status != GB_OK)
    gb_comparison_free(c);
  else
    *out = c;
  return status;
}

// ---------------------------------------------------------------------------------------------
// Tables

static void add_note(gb_table *table, gb_text *note) {
  table->failed |= note->failed;
  gb_table_note(table, gb_text_get(note));
  note->length = 0;
}

// How times were taken.
static void add_time_notes(gb_table *table, const gb_run *run, const gb_results *results,
                           gb_text *note) {
  size_t stored = 0;
  for (size_t i = 0; i < results->count; i++)
    stored += results->list[i].time_stored;
  gb_text_print(note, "Latency: median of %zu runs", run->time_runs);
  const gb_result *r = results->count ? &results->list[0] : NULL;
  if (r && gb_results_alike(results))
    gb_text_print(note, " of the %s engine, %d thread%s, batch %" PRId64,
                  r->native ? "native" : "reference", r->threads, r->threads == 1 ? "" : "s",
                  r->batch);
  else
    gb_text_add(note, " of a whole batch, with engine, threads and batch as labels say");
  gb_text_print(note,
                ", at most %d networks side by side in balanced random order; intervals by block "
                "bootstrap; %zu of %zu from the store. On this machine.",
                GB_TIMING_GROUP, stored, results->count);
  add_note(table, note);
}

static void add_notes(gb_table *table, const gb_run *run, const gb_results *results) {
  const gb_experiment *e = results->experiment;
  gb_text note = {0};
  if (gb_run_measures(e, "macs") || gb_run_measures(e, "flops")) {
    gb_text_print(&note, "MACs by convention '%s': %s.", gb_convention_names[results->convention],
                  gb_convention_texts[results->convention]);
    add_note(table, &note);
  }
  if (gb_run_measures(e, "latency"))
    add_time_notes(table, run, results, &note);
  for (size_t i = 0; i < results->count; i++)
    if (results->list[i].error) {
      gb_text_print(&note, "%s: not computed: %s", results->list[i].label, results->list[i].error);
      add_note(table, &note);
    }
  if (*e->question) {
    gb_text_print(&note, "The question: %s", e->question);
    add_note(table, &note);
  }
  gb_text_free(&note);
}

static gb_status save_tables(const gb_table *table, const gb_table *cells, const char *folder,
                             gb_error *error) {
  for (int format = 0; format < GB_FORMAT_COUNT; format++)
    GB_TRY(gb_table_save(table, (gb_format)format, folder, error));
  GB_TRY(gb_table_save(cells, GB_FORMAT_CSV, folder, error));
  return gb_table_save(cells, GB_FORMAT_JSON, folder, error);
}

static int print_width(void) {
  const char *columns = getenv("COLUMNS");
  return isatty(STDOUT_FILENO) || (columns && *columns) ? gb_terminal_width() : PIPE_WIDTH;
}

static gb_status print_text(gb_run *run, const gb_results *results, gb_table *table,
                            const char *folder, gb_text *out, gb_error *error) {
  gb_text_style style = {.width = print_width(), .colour = gb_want_colour()};
  size_t rows = table->row_count;
  if (rows > MOST_PRINTED_ROWS)
    table->row_count = PRINTED_ROWS_OF_LONG; // the files have been written
  if (run->experiments > 1)
    gb_text_add(out, "\n");
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  if (rows > MOST_PRINTED_ROWS)
    gb_text_print(out, "The first %d of %zu rows; all stand in %s/%s.txt\n", PRINTED_ROWS_OF_LONG,
                  rows, folder, table->name);
  table->row_count = rows;
  if (results->stored > 0)
    gb_text_print(out,
                  "%zu of %zu cells from the store (%s/ghostbench.db); --fresh computes anew.\n",
                  results->stored, results->count, run->output);
  return status;
}

static gb_status add_json(gb_run *run, const gb_results *results, const gb_table *table,
                          const gb_table *cells, const gb_text *stale, const char *folder,
                          gb_error *error) {
  const gb_experiment *e = results->experiment;
  gb_text *out = &run->json_text;
  gb_text_add(out, run->experiments > 1 ? ",\n{\"name\": " : "\n{\"name\": ");
  gb_escape_json(out, e->name);
  gb_text_add(out, ", \"title\": ");
  gb_escape_json(out, e->title);
  gb_text_add(out, ", \"question\": ");
  gb_escape_json(out, e->question);
  gb_text_add(out, ", \"convention\": ");
  gb_escape_json(out, gb_convention_names[results->convention]);
  gb_text_add(out, ", \"folder\": ");
  gb_escape_json(out, folder);
  gb_text_print(out, ",\n\"cell_count\": %zu, \"cells_from_store\": %zu", results->count,
                results->stored);
  gb_text_add(out, ",\n\"failed\": [");
  size_t listed = 0;
  for (size_t i = 0; i < results->count; i++) {
    if (!results->list[i].error)
      continue;
    gb_text_add(out, listed++ ? ", {\"label\": " : "{\"label\": ");
    gb_escape_json(out, results->list[i].label);
    gb_text_add(out, ", \"error\": ");
    gb_escape_json(out, results->list[i].error);
    gb_text_add(out, "}");
  }
  gb_text_add(out, "],\n\"stale\": ");
  gb_escape_json(out, gb_text_get(stale));
  gb_text_add(out, ",\n\"table\": ");
  GB_TRY(gb_table_write(table, GB_FORMAT_JSON, NULL, out, error));
  gb_text_add(out, ",\n\"cells\": ");
  GB_TRY(gb_table_write(cells, GB_FORMAT_JSON, NULL, out, error));
  gb_text_add(out, "}");
  return GB_OK;
}

static void raise(gb_run *run, int code) {
  if (run->exit_code < code)
    run->exit_code = code;
}

// One line a cell on stderr.
void gb_run_report_failed(gb_run *run, const gb_results *results) {
  for (size_t i = 0; i < results->count; i++) {
    const gb_result *r = &results->list[i];
    if (!r->error)
      continue;
    gb_text label = {0};
    gb_clean(&label, r->label);
    gb_complain(run->command, "%s: '%s': %s", results->experiment->name, gb_text_get(&label),
                r->error);
    gb_text_free(&label);
  }
  raise(run, results->failed ? GB_EXIT_BAD : GB_EXIT_OK);
}

// What was counted by layer, from the store: files with every step, whole networks for people.
static gb_status write_counters(gb_run *run, const gb_results *results, const char *folder,
                                gb_text *out, gb_error *error) {
  const char *name = gb_arena_print(run->arena, "%s-counters", results->experiment->name);
  const gb_stored_cell **cells =
      gb_arena_allocate(results->arena, results->count + 1, sizeof *cells);
  size_t count = 0;
  if (!name || !cells)
    return gb_fail_memory(error);
  for (size_t i = 0; i < results->count; i++) {
    const char *key = results->list[i].keys[GB_WANT_COUNTERS];
    gb_stored_cell *cell = NULL;
    if (key && !results->list[i].error)
      GB_TRY(gb_store_get(run->store->store, key, results->arena, &cell, error));
    if (cell && !cell->error)
      cells[count++] = cell;
  }
  if (count == 0)
    return GB_OK;
  gb_table *every = gb_table_new(name, "Counted by layer");
  gb_table *whole = gb_table_new(name, "Counted, whole networks");
  gb_status status = every && whole ? GB_OK : gb_fail_memory(error);
  gb_text_style style = {.width = print_width(), .colour = gb_want_colour()};
  if (status == GB_OK) {
    gb_stored_counters_table(cells, count, true, every);
    gb_stored_counters_table(cells, count, false, whole);
  }
  for (int format = 0; status == GB_OK && format < GB_FORMAT_COUNT; format++)
    status = gb_table_save(every, (gb_format)format, folder, error);
  if (status == GB_OK && !run->json) {
    gb_text_add(out, "\n");
    status = gb_table_write(whole, GB_FORMAT_TEXT, &style, out, error);
  }
  gb_table_free(every);
  gb_table_free(whole);
  return status;
}

static gb_status write_all(gb_run *run, const gb_results *results, const gb_comparison *c,
                           const gb_published *published, const char *folder, gb_error *error) {
  gb_table *table = NULL, *cells = NULL;
  gb_text out = {0}, stale = {0};
  // A part of the cells, or other settings, need not show every known difference.
  size_t stales = run->filter || run->settings.count > run->timing_count || results->failed
                      ? 0
                      : gb_comparison_stale(c, &stale);
  gb_status status = gb_comparison_table(c, &table, error);
  if (status == GB_OK)
    status = gb_comparison_cell_table(c, &cells, error);
  if (status == GB_OK) {
    add_notes(table, run, results);
    if (gb_run_measures(results->experiment, "latency"))
      status = gb_run_words(results, table, error);
  }
  if (status == GB_OK) {
    status = save_tables(table, cells, folder, error);
  }
  if (status == GB_OK)
    status = run->json ? add_json(run, results, table, cells, &stale, folder, error)
                       : print_text(run, results, table, folder, &out, error);
  if (status == GB_OK)
    status = write_counters(run, results, folder, &out, error);
  if (status == GB_OK) {
    raise(run, gb_print_out(run->command, &out));
    gb_run_report_failed(run, results);
    if (stale.length) // known differences that do not occur
      fputs(gb_text_get(&stale), stderr);
    raise(run, gb_comparison_count(c, GB_VERDICT_DIFFERS) || stales ? GB_EXIT_DIFFERS : GB_EXIT_OK);
    for (size_t i = 0; i < results->count; i++)
      if (results->list[i].validity && strcmp(results->list[i].validity, "invalid") == 0)
        raise(run, GB_EXIT_INVALID);
    run->stale += stales;
    for (int v = 0; v < GB_VERDICT_COUNT; v++)
      run->counts[v] += gb_comparison_count(c, (gb_verdict)v);
  }
  if (status == GB_OK && run->plots)
    status = gb_run_plots(run, results, published, folder, error);
  if (status == GB_OK)
    status = gb_run_record(run, results, c, (const gb_table *[]){table}, 1, gb_text_get(&stale),
                           folder, error);
  gb_text_free(&out);
  gb_text_free(&stale);
  gb_table_free(table);
  gb_table_free(cells);
  return status;
}

gb_status gb_run_report(gb_run *run, const gb_results *results, gb_error *error) {
  const gb_experiment *e = results->experiment;
  const char *folder = gb_arena_print(run->arena, "%s/%s", run->output, e->name);
  if (!folder)
    return gb_fail_memory(error);
  gb_published *published = NULL;
  gb_comparison *comparison = NULL;
  run->experiments++;
  GB_TRY(gb_run_published(run, e->published, NULL, &published, error));
  narrow(run, results, published);
  gb_status status = compare(results, published, &comparison, error);
  if (status == GB_OK)
    status = write_all(run, results, comparison, published, folder, error);
  gb_comparison_free(comparison);
  gb_published_free(published);
  return status;
}
