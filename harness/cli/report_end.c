// The end of a report: what holds for all experiments.
#include "harness/cli/report.h"

#include <string.h>

static void section(gb_report *report, const char *heading) {
  gb_document_section(report->document, 2, heading, NULL, GB_MARK_NONE);
}

// ---------------------------------------------------------------------------------------------

static bool same_environment(const gb_record *a, const gb_record *b) {
  if (a->environment_count != b->environment_count)
    return false;
  for (size_t i = 0; i < a->environment_count; i++)
    if (strcmp(a->environment[i].name, b->environment[i].name) != 0 ||
        strcmp(a->environment[i].text, b->environment[i].text) != 0)
      return false;
  return true;
}

// Each environment once, with the experiments that were run in it where there are several.
static void add_environments(gb_report *report) {
  section(report, "Environment");
  bool several = false;
  for (size_t i = 1; i < report->count; i++)
    several |= !same_environment(report->list[0].record, report->list[i].record);
  for (size_t i = 0; i < report->count; i++) {
    const gb_record *record = report->list[i].record;
    bool told = false;
    for (size_t k = 0; k < i; k++)
      told |= same_environment(report->list[k].record, record);
    if (told)
      continue;
    gb_text names = {0};
    for (size_t k = i; several && k < report->count; k++)
      if (same_environment(record, report->list[k].record))
        gb_text_print(&names, "%s%s", names.length ? ", " : "Of ", report->list[k].record->name);
    if (names.length)
      gb_document_text(report->document, GB_BLOCK_TEXT, gb_text_get(&names));
    report->document->failed |= names.failed;
    gb_text_free(&names);
    for (size_t k = 0; k < record->environment_count; k++)
      gb_document_fact(report->document, record->environment[k].name, record->environment[k].text);
  }
}

static void add_commands(gb_report *report) {
  section(report, "How to repeat");
  gb_document_text(report->document, GB_BLOCK_TEXT,
                   "Counts need no particular machine and come out the same everywhere. These "
                   "commands made what is reported here; `make reproduce` in the source tree "
                   "installs, builds, runs and reports.");
  gb_text text = {0};
  for (size_t i = 0; i < report->count; i++) {
    const char *command = report->list[i].record->command;
    bool told = false;
    for (size_t k = 0; k < i; k++)
      told |= strcmp(report->list[k].record->command, command) == 0;
    if (!told)
      gb_text_print(&text, "%s%s", text.length ? "\n" : "", command);
  }
  gb_document_text(report->document, GB_BLOCK_CODE, gb_text_get(&text));
  report->document->failed |= text.failed;
  gb_text_free(&text);
}

static gb_status add_conventions(gb_report *report, gb_error *error) {
  section(report, "How it is counted");
  gb_document_text(report->document, GB_BLOCK_TEXT,
                   "MACs and FLOPs are never mixed: 1 MAC = 2 FLOPs. What papers call FLOPs are "
                   "MACs of convolutions and linear layers. Parameters are those that are trained; "
                   "running means and variances of batch norms are counted apart.");
  gb_table *table = gb_report_table(report, "conventions", "Conventions of counting");
  if (!table)
    return gb_fail_memory(error);
  gb_table_column(table, &(gb_column){.name = "convention", .title = "Convention"});
  gb_table_column(table, &(gb_column){.name = "counts", .title = "What is counted"});
  for (int i = 0; gb_convention_names[i]; i++) {
    gb_table_row(table);
    gb_table_text(table, gb_convention_names[i]);
    gb_table_text(table, gb_convention_texts[i]);
  }
  gb_document_table(report->document, table);
  gb_document_text(
      report->document, GB_BLOCK_TEXT,
      "A figure is reproduced where the count, rounded to the printed precision "
      "(or, marked as cut, cut off at it), is the printed one; arithmetic is exact. It "
      "differs for a known reason where the experiment's file records the reason; "
      "any other difference is a fault of the report's exit code. Accuracies are the "
      "published ones: nothing is trained here.");
  return GB_OK;
}

gb_status gb_report_end(gb_report *report, gb_error *error) {
  GB_TRY(add_conventions(report, error));
  add_environments(report);
  add_commands(report);
  return report->document->failed ? gb_fail_memory(error) : GB_OK;
}
