// What an experiment measured, from the samples and verdicts of the store: times with intervals,
// ratios and words, reasons with remedies, and how it was measured.
#include "harness/cli/report.h"
#include "harness/cli/stores.h"
#include "harness/stats/difference.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

// What is missing of the store, told once an experiment.
static void note_gaps(gb_report *report, const gb_measured *m) {
  gb_text text = {0};
  if (*m->fault)
    gb_text_print(&text, "The samples cannot be shown: %s.", m->fault);
  else if (m->missing)
    gb_text_print(&text, "%zu of the measurements are no longer in the store.", m->missing);
  if (text.length)
    gb_document_note(report->document, GB_MARK_NOTE, gb_text_get(&text));
  report->document->failed |= text.failed;
  gb_text_free(&text);
}

static int digits_of(double ms) {
  return ms < 1 ? 4 : ms < 10 ? 3 : ms < 100 ? 2 : 1;
}

static void add_range(gb_table *table, double low, double high, int decimals) {
  char text[64];
  if (!isfinite(low) || !isfinite(high)) {
    gb_table_missing(table);
    return;
  }
  snprintf(text, sizeof text, "%.*f\xe2\x80\x93%.*f", decimals, low, decimals, high);
  gb_table_text(table, text);
}

// The session's word on a ratio: none about a time that is not valid.
static const char *word_of(const gb_stored_cell *cell) {
  gb_ratio ratio = {.interval = {.value = gb_stored_figure_of(cell, "ratio"),
                                 .low = gb_stored_figure_of(cell, "ratio_low"),
                                 .high = gb_stored_figure_of(cell, "ratio_high"),
                                 .level = 0.95},
                    .p = gb_stored_figure_of(cell, "ratio_p")};
  if (!isfinite(ratio.interval.value) || !cell->verdict || strcmp(cell->verdict, "invalid") == 0)
    return NULL;
  return gb_direction_words[gb_ratio_direction(&ratio, gb_stored_figure_of(cell, "corrected_p"),
                                               0)];
}

static gb_mark mark_of(const char *verdict) {
  return strcmp(verdict, "valid") == 0     ? GB_MARK_GOOD
         : strcmp(verdict, "suspect") == 0 ? GB_MARK_NOTE
                                           : GB_MARK_BAD;
}

static void add_time(gb_table *table, const gb_stored_cell *cell) {
  double median = 1e3 * gb_stored_figure_of(cell, "median_s");
  int digits = digits_of(median);
  gb_table_row(table);
  gb_table_text(table, cell->label);
  gb_table_real(table, median, digits);
  add_range(table, 1e3 * gb_stored_figure_of(cell, "median_low_s"),
            1e3 * gb_stored_figure_of(cell, "median_high_s"), digits);
  gb_table_real(table, gb_stored_figure_of(cell, "ratio"), 3);
  add_range(table, gb_stored_figure_of(cell, "ratio_low"), gb_stored_figure_of(cell, "ratio_high"),
            3);
  gb_table_text(table, word_of(cell));
  gb_table_text(table, cell->verdict);
  if (cell->verdict)
    gb_table_mark(table, mark_of(cell->verdict));
}

// ---------------------------------------------------------------------------------------------
// Reasons: what holds for several rows is told once

static bool has_reason(const gb_stored_cell *cell, const gb_stored_reason *reason) {
  for (size_t i = 0; i < cell->reason_count; i++)
    if (strcmp(cell->reasons[i].code, reason->code) == 0 &&
        strcmp(cell->reasons[i].text, reason->text) == 0)
      return true;
  return false;
}

static void add_reason(gb_table *table, const gb_measured *m, size_t row,
                       const gb_stored_reason *reason) {
  for (size_t i = 0; i < row; i++)
    if (has_reason(m->cells[i], reason))
      return;
  gb_text names = {0};
  size_t found = 0;
  for (size_t i = row; i < m->count; i++)
    if (has_reason(m->cells[i], reason))
      gb_text_print(&names, "%s%s", found++ ? ", " : "", m->cells[i]->label);
  gb_table_row(table);
  gb_table_text(table, found == m->count && found > 1 ? "all" : gb_text_get(&names));
  gb_table_text(table, reason->code);
  gb_table_text(table, reason->text);
  gb_table_text(table, reason->remedy);
  table->failed |= names.failed;
  gb_text_free(&names);
}

static gb_status add_reasons(gb_report *report, const gb_measured *m, gb_error *error) {
  static const gb_column columns[] = {
      {"networks", "Networks", NULL, GB_ALIGN_LEFT, false},
      {"reason", "Reason", NULL, GB_ALIGN_LEFT, false},
      {"seen", "What was seen", NULL, GB_ALIGN_LEFT, false},
      {"remedy", "Remedy", NULL, GB_ALIGN_LEFT, false},
  };
  size_t doubted = 0;
  for (size_t i = 0; i < m->count; i++)
    doubted += m->cells[i]->reason_count > 0;
  if (!doubted)
    return GB_OK;
  gb_table *table = gb_report_table(report, "reasons", "Why times are doubted, and what helps");
  if (!table)
    return gb_fail_memory(error);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  for (size_t i = 0; i < m->count; i++)
    for (size_t k = 0; k < m->cells[i]->reason_count; k++)
      add_reason(table, m, i, &m->cells[i]->reasons[k]);
  char fold[96];
  snprintf(fold, sizeof fold, "Reasons of verdicts and remedies: %zu of %zu times are doubted",
           doubted, m->count);
  gb_document_text(report->document, GB_BLOCK_FOLD, fold);
  gb_document_table(report->document, table);
  gb_document_text(report->document, GB_BLOCK_UNFOLD, NULL);
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------

// "Engine native, threads 1, batch 1 …": what is the same in all cells.
static void add_protocol(gb_table *table, const gb_measured *m) {
  gb_text text = {0};
  const gb_stored_cell *first = m->cells[0];
  for (size_t f = 0; f < first->protocol_count; f++) {
    const gb_stored_fact *fact = &first->protocol[f];
    bool same = true;
    for (size_t i = 1; i < m->count; i++)
      same &=
          strcmp(gb_stored_fact_of(m->cells[i]->protocol, m->cells[i]->protocol_count, fact->name),
                 fact->value) == 0;
    if (same && *fact->value)
      gb_text_print(&text, "%s%s %s", text.length ? ", " : "How: ", fact->name, fact->value);
  }
  if (text.length) {
    gb_text_add(&text, ".");
    gb_table_note(table, gb_text_get(&text));
  }
  table->failed |= text.failed;
  gb_text_free(&text);
}

gb_status gb_report_times(gb_report *report, const gb_reported *one, gb_error *error) {
  static const gb_column columns[] = {
      {"network", "Network", NULL, GB_ALIGN_LEFT, false},
      {"median_ms", "Median", "ms", GB_ALIGN_RIGHT, false},
      {"interval_ms", "95 %", "ms", GB_ALIGN_RIGHT, false},
      {"ratio", "Ratio", NULL, GB_ALIGN_RIGHT, false},
      {"ratio_interval", "95 %", "ratio", GB_ALIGN_RIGHT, false},
      {"word", "It is", NULL, GB_ALIGN_LEFT, false},
      {"verdict", "Verdict", NULL, GB_ALIGN_LEFT, false},
  };
  gb_measured m;
  GB_TRY(gb_report_cells(report, one, "latency", &m, error));
  note_gaps(report, &m);
  if (m.count == 0)
    return GB_OK;
  const char *title = gb_arena_print(report->arena, "Times, and ratios to %s", m.cells[0]->label);
  gb_table *table = title ? gb_report_table(report, "times", title) : NULL;
  if (!table)
    return gb_fail_memory(error);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  for (size_t i = 0; i < m.count; i++)
    add_time(table, m.cells[i]);
  gb_table_note(table, "Medians and ratios with intervals by block bootstrap over every sample of "
                       "the store; ratios paired by round, words after Holm, none where a time is "
                       "invalid.");
  add_protocol(table, &m);
  gb_document_table(report->document, table);
  return add_reasons(report, &m, error);
}

// ---------------------------------------------------------------------------------------------
// Plans

// What was run, step by step: folded away, all in one.
gb_status gb_report_plans(gb_report *report, const gb_reported *one, gb_error *error) {
  gb_measured m;
  size_t plans = 0;
  GB_TRY(gb_report_cells(report, one, "latency", &m, error));
  for (size_t i = 0; i < m.count; i++)
    plans += m.cells[i]->plan && *m.cells[i]->plan;
  if (!plans)
    return GB_OK;
  char fold[64];
  snprintf(fold, sizeof fold, "The engine's plan%s", plans == 1 ? "" : "s, one a network");
  gb_document_text(report->document, GB_BLOCK_FOLD, fold);
  for (size_t i = 0; i < m.count; i++)
    if (m.cells[i]->plan && *m.cells[i]->plan)
      gb_document_text(report->document, GB_BLOCK_CODE, m.cells[i]->plan);
  gb_document_text(report->document, GB_BLOCK_UNFOLD, NULL);
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Counts

gb_status gb_report_counters(gb_report *report, const gb_reported *one, gb_error *error) {
  gb_measured m;
  GB_TRY(gb_report_cells(report, one, "counters", &m, error));
  bool timed = false;
  for (size_t i = 0; i < one->record->cell_count; i++)
    timed |= strcmp(one->record->cells[i].name, "latency") == 0;
  if (!timed) // else it has been told
    note_gaps(report, &m);
  if (m.count == 0)
    return GB_OK;
  gb_table *whole = gb_report_table(report, "counted", "Counted, whole networks");
  gb_table *every = gb_report_table(report, "counted-by-layer", "Counted by layer");
  if (!whole || !every)
    return gb_fail_memory(error);
  const gb_stored_cell *const *cells = (const gb_stored_cell *const *)m.cells;
  gb_stored_counters_table(cells, m.count, false, whole);
  gb_stored_counters_table(cells, m.count, true, every);
  gb_document_table(report->document, whole);
  gb_document_text(report->document, GB_BLOCK_FOLD,
                   "Counted against executed work by layer: MACs named and done, bytes, lanes");
  gb_document_table(report->document, every);
  gb_document_text(report->document, GB_BLOCK_UNFOLD, NULL);
  return GB_OK;
}
