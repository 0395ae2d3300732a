// One experiment of a report: question, verdict, plots, tables, and how to repeat it.
#include "harness/cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FOLDED_ROWS = 30 };

gb_verdicts gb_verdicts_of(const gb_record *record) {
  gb_verdicts v = {.reproduced =
                       record->counts[GB_VERDICT_ROUNDED] + record->counts[GB_VERDICT_TRUNCATED],
                   .explained = record->counts[GB_VERDICT_EXPLAINED],
                   .differ = record->counts[GB_VERDICT_DIFFERS]};
  v.compared = v.reproduced + v.explained + v.differ;
  return v;
}

static gb_mark mark_of(const gb_record *record) {
  gb_verdicts v = gb_verdicts_of(record);
  if (v.differ || record->failed_count || *record->stale)
    return GB_MARK_BAD;
  return v.explained ? GB_MARK_NOTE : v.compared ? GB_MARK_GOOD : GB_MARK_NONE;
}

// "52 of 60" are reproduced; nothing where nothing was compared.
static void badge_of(const gb_record *record, char *badge, size_t size) {
  gb_verdicts v = gb_verdicts_of(record);
  if (record->failed_count)
    snprintf(badge, size, "%zu failed", record->failed_count);
  else if (v.compared == 0)
    snprintf(badge, size, "%s", "");
  else
    snprintf(badge, size, "%" PRId64 " of %" PRId64, v.reproduced, v.compared);
}

// "7 of 8 compared figures …" with a capital and a full stop.
static void add_verdict(gb_report *report, const gb_record *record) {
  gb_text text = {0};
  if (gb_verdicts_of(record).compared) {
    gb_text_print(&text, "%s.", record->summary);
    gb_document_note(report->document, mark_of(record), gb_text_get(&text));
  }
  for (size_t i = 0; i < record->failed_count; i++) {
    text.length = 0;
    gb_text_print(&text, "%s was not computed: %s", record->failed[i].name, record->failed[i].text);
    gb_document_note(report->document, GB_MARK_BAD, gb_text_get(&text));
  }
  if (*record->stale) {
    text.length = 0;
    gb_text_print(&text, "Differences that are recorded as known but did not occur: %s",
                  record->stale);
    gb_document_note(report->document, GB_MARK_BAD, gb_text_get(&text));
  }
  report->document->failed |= text.failed;
  gb_text_free(&text);
}

// The table as the report shows it: without what stands above it already.
static gb_status shown_table(gb_report *report, const gb_record *record, const gb_table *table,
                             gb_table **shown, gb_error *error) {
  gb_table *copy = gb_arena_allocate(report->arena, 1, sizeof *copy);
  const char **notes = gb_arena_allocate(report->arena, table->note_count + 1, sizeof *notes);
  if (!copy || !notes)
    return gb_fail_memory(error);
  *copy = *table; // borrows all but the notes
  copy->notes = notes;
  copy->note_count = 0;
  static const char lead[] = "The question: ";
  for (size_t i = 0; i < table->note_count; i++) {
    const char *note = table->notes[i];
    if (strncmp(note, lead, sizeof lead - 1) == 0 &&
        strcmp(note + sizeof lead - 1, record->question) == 0)
      continue;
    // The reasons of verdicts, which stand below the times.
    if (record->cell_count && (strstr(note, ": suspect: ") || strstr(note, ": invalid: ")))
      continue;
    size_t said = strlen(record->summary);
    if (said && strncmp(note, record->summary, said) == 0) {
      note += said + strspn(note + said, ". ");
      if (!*note)
        continue;
    }
    notes[copy->note_count++] = note;
  }
  *shown = copy;
  return GB_OK;
}

static gb_status add_tables(gb_report *report, const gb_record *record, gb_error *error) {
  for (size_t i = 0; i < record->table_count; i++) {
    const gb_table *table = record->tables[i];
    gb_table *shown = NULL;
    GB_TRY(shown_table(report, record, table, &shown, error));
    bool folded = table->row_count > FOLDED_ROWS;
    if (folded) {
      char text[64];
      snprintf(text, sizeof text, "The table: %zu rows", table->row_count);
      gb_document_text(report->document, GB_BLOCK_FOLD, text);
    }
    gb_document_table(report->document, shown);
    if (folded)
      gb_document_text(report->document, GB_BLOCK_UNFOLD, NULL);
  }
  return GB_OK;
}

gb_status gb_report_experiment(gb_report *report, const gb_reported *one, gb_error *error) {
  const gb_record *record = one->record;
  gb_document *document = report->document;
  char badge[64];
  badge_of(record, badge, sizeof badge);
  gb_document_section(document, 2, record->title, badge, mark_of(record));
  if (*record->question)
    gb_document_text(document, GB_BLOCK_LEAD, record->question);
  add_verdict(report, record);
  for (size_t i = 0; i < record->plot_count; i++) {
    const gb_record_plot *plot = &record->plots[i];
    const gb_block figure = {
        .kind = GB_BLOCK_FIGURE,
        .file = gb_arena_print(report->arena, "%s/%s.svg", one->folder, plot->name),
        .link = gb_arena_print(report->arena, "%s/%s", one->link, plot->name),
        .text = *plot->title ? plot->title : plot->name,
        .name = plot->caption};
    if (!figure.file || !figure.link)
      return gb_fail_memory(error);
    gb_document_block(document, &figure);
  }
  GB_TRY(gb_report_times(report, one, error));
  GB_TRY(gb_report_counters(report, one, error));
  GB_TRY(add_tables(report, record, error));
  GB_TRY(gb_report_plans(report, one, error));
  gb_document_text(document, GB_BLOCK_FOLD, "How to repeat it");
  gb_document_text(document, GB_BLOCK_CODE,
                   gb_arena_print(report->arena, "ghostbench run %s", record->name));
  char text[200];
  snprintf(text, sizeof text,
           "%" PRId64 " model%s in %.2f s. Tables as text, Markdown, CSV, JSON and LaTeX, plots as "
           "SVG, PNG and PDF with script and data:",
           record->models, record->models == 1 ? "" : "s", record->seconds);
  gb_document_text(document, GB_BLOCK_TEXT, text);
  gb_document_fact(document, "Files", one->link);
  gb_document_fact(document, "Experiment",
                   gb_arena_print(report->arena, "experiments/%s.xml", record->name));
  if (*record->published)
    gb_document_fact(document, "Published figures",
                     gb_arena_print(report->arena, "results/published/%s.csv", record->published));
  return document->failed ? gb_fail_memory(error) : GB_OK;
}
