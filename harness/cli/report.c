// ghostbench report: one page of what runs have found.
#define _POSIX_C_SOURCE 200809L // gmtime_r
#include "harness/cli/report.h"

#include "layers/base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const gb_option options[] = {
    {"output", 'o', "FILE", "where to write; - is standard output (default: FOLDER/report.html)"},
    {"format", 0, "NAME", "html, markdown or latex (default: html)"},
    GB_OPTION_HELP,
    {0},
};

typedef struct report_format {
  const char *name, *ending;
  gb_status (*write)(const gb_document *document, gb_text *out, gb_error *error);
} report_format;

static const report_format formats[] = {{"html", "html", gb_document_html},
                                        {"markdown", "md", gb_document_markdown},
                                        {"latex", "tex", gb_document_latex}};

gb_table *gb_report_table(gb_report *report, const char *name, const char *title) {
  gb_table **tables = gb_arena_grow(report->arena, report->tables, report->table_count,
                                    &report->table_room, sizeof *tables);
  gb_table *table = tables ? gb_table_new(name, title) : NULL;
  if (!table)
    return NULL;
  report->tables = tables;
  return tables[report->table_count++] = table;
}

// ---------------------------------------------------------------------------------------------
// The beginning: all experiments at a glance

static int by_start(const void *a, const void *b) {
  const gb_reported *x = a, *y = b;
  if (x->record->started != y->record->started)
    return x->record->started > y->record->started ? 1 : -1;
  return strcmp(x->record->name, y->record->name);
}

static gb_verdicts sum_of(const gb_report *report, size_t *failed, int64_t *models) {
  gb_verdicts sum = {0};
  for (size_t i = 0; i < report->count; i++) {
    gb_verdicts v = gb_verdicts_of(report->list[i].record);
    sum.compared += v.compared;
    sum.reproduced += v.reproduced;
    sum.explained += v.explained;
    sum.differ += v.differ;
    *failed += report->list[i].record->failed_count;
    *models += report->list[i].record->models;
  }
  return sum;
}

static void add_card(gb_document *document, int64_t number, const char *what, gb_mark mark) {
  char text[32];
  snprintf(text, sizeof text, "%" PRId64, number);
  gb_document_card(document, text, what, mark);
}

static gb_status add_list(gb_report *report, gb_error *error) {
  static const gb_column columns[] = {
      {"experiment", "Experiment", NULL, GB_ALIGN_LEFT, false},
      {"question", "Question", NULL, GB_ALIGN_LEFT, false},
      {"models", "Models", NULL, GB_ALIGN_RIGHT, false},
      {"compared", "Compared", NULL, GB_ALIGN_RIGHT, false},
      {"reproduced", "Reproduced", NULL, GB_ALIGN_RIGHT, false},
      {"explained", "Reason known", NULL, GB_ALIGN_RIGHT, false},
      {"differ", "Unexplained", NULL, GB_ALIGN_RIGHT, false},
  };
  gb_table *table = gb_report_table(report, "experiments", "Experiments");
  if (!table)
    return gb_fail_memory(error);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  for (size_t i = 0; i < report->count; i++) {
    const gb_record *record = report->list[i].record;
    gb_verdicts v = gb_verdicts_of(record);
    gb_table_row(table);
    gb_table_text(table, record->title);
    gb_table_text(table, *record->question ? record->question : NULL);
    gb_table_integer(table, record->models);
    if (v.compared == 0)
      continue; // dashes
    gb_table_integer(table, v.compared);
    gb_table_integer(table, v.reproduced);
    gb_table_mark(table, v.reproduced ? GB_MARK_GOOD : GB_MARK_NONE);
    gb_table_integer(table, v.explained);
    gb_table_mark(table, v.explained ? GB_MARK_NOTE : GB_MARK_NONE);
    gb_table_integer(table, v.differ);
    gb_table_mark(table, v.differ ? GB_MARK_BAD : GB_MARK_NONE);
  }
  gb_document_table(report->document, table);
  return GB_OK;
}

static gb_status add_overview(gb_report *report, gb_error *error) {
  size_t failed = 0;
  int64_t models = 0;
  gb_verdicts v = sum_of(report, &failed, &models);
  gb_document *document = report->document;
  gb_document_section(document, 2, "What was found", NULL, GB_MARK_NONE);
  gb_text text = {0};
  if (v.compared)
    gb_text_print(&text,
                  "%" PRId64 " of %" PRId64 " compared figures are reproduced at the printed "
                  "precision; %" PRId64 " differ for a known reason, %" PRId64
                  " without a recorded one.",
                  v.reproduced, v.compared, v.explained, v.differ);
  else
    gb_text_print(&text, "Nothing was compared with published figures.");
  if (failed)
    gb_text_print(&text, " %zu model%s could not be computed.", failed, failed == 1 ? "" : "s");
  gb_document_text(document, GB_BLOCK_LEAD, gb_text_get(&text));
  document->failed |= text.failed;
  gb_text_free(&text);
  add_card(document, (int64_t)report->count, "experiments", GB_MARK_NONE);
  add_card(document, models, "models", GB_MARK_NONE);
  add_card(document, v.compared, "figures compared", GB_MARK_NONE);
  add_card(document, v.reproduced, "reproduced", v.reproduced ? GB_MARK_GOOD : GB_MARK_NONE);
  add_card(document, v.explained, "differ, reason known",
           v.explained ? GB_MARK_NOTE : GB_MARK_NONE);
  add_card(document, v.differ, "differ, unexplained", v.differ ? GB_MARK_BAD : GB_MARK_NONE);
  if (failed)
    add_card(document, (int64_t)failed, "failed", GB_MARK_BAD);
  return add_list(report, error);
}

static const char *date_of(gb_report *report, double seconds) {
  time_t time = (time_t)seconds;
  struct tm parts;
  char text[40];
  if (!gmtime_r(&time, &parts) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts))
    return "";
  return gb_arena_copy(report->arena, text);
}

static gb_status compose(gb_report *report, gb_error *error) {
  qsort(report->list, report->count, sizeof *report->list, by_start);
  const gb_record *last = report->list[report->count - 1].record;
  const char *date = date_of(report, last->started);
  report->document = gb_document_new(
      "ghostbench: what was found",
      date ? gb_arena_print(report->arena, "Run of %s, ghostbench %s", date, last->version) : "",
      "Made by ghostbench report. The page needs no network and loads nothing.");
  if (!report->document)
    return gb_fail_memory(error);
  GB_TRY(add_overview(report, error));
  for (size_t i = 0; i < report->count; i++)
    GB_TRY(gb_report_experiment(report, &report->list[i], error));
  GB_TRY(gb_report_peers(report, error));
  return gb_report_end(report, error);
}

// ---------------------------------------------------------------------------------------------

static gb_status write_report(gb_report *report, const report_format *format, const char *output,
                              gb_text *out, gb_error *error) {
  for (size_t i = 0; i < report->count; i++)
    if (!(report->list[i].link = gb_report_link(report, report->list[i].folder, output)))
      return gb_fail_memory(error);
  GB_TRY(compose(report, error));
  GB_TRY(format->write(report->document, out, error));
  return output ? gb_file_write(output, gb_text_get(out), out->length, error) : GB_OK;
}

// results/NAME and results/ both report to results/.
static const char *default_output(gb_report *report, const char *first,
                                  const report_format *format) {
  size_t n = strlen(first);
  while (n > 1 && first[n - 1] == '/')
    n--;
  const char *folder = gb_arena_copy_n(report->arena, first, n);
  if (!folder || !gb_folder_exists(folder))
    folder = "results";
  return gb_arena_print(report->arena, "%s/report.%s", folder, format->ending);
}

static int make(const gb_command *self, char **names, const char *output,
                const report_format *format) {
  gb_report report = {.arena = gb_arena_new(NULL)};
  if (!report.arena)
    return gb_complain(self, "out of memory");
  gb_error error = {0};
  gb_status status = GB_OK;
  if (!*names)
    status = gb_report_find(&report, "results", &error);
  for (char **name = names; *name && status == GB_OK; name++)
    status = gb_report_find(&report, *name, &error);
  bool standard = output && strcmp(output, "-") == 0;
  if (!output)
    output = default_output(&report, *names ? *names : "results", format);
  gb_text out = {0};
  if (status == GB_OK)
    status = output ? write_report(&report, format, standard ? NULL : output, &out, &error)
                    : gb_fail_memory(&error);
  int code = status != GB_OK ? gb_complain_error(self, &error) : GB_EXIT_OK;
  if (status == GB_OK && !standard) {
    out.length = 0;
    gb_text_print(&out, "%zu experiment%s in %s\n", report.count, report.count == 1 ? "" : "s",
                  output);
  }
  if (status == GB_OK)
    code = gb_print_out(self, &out);
  gb_text_free(&out);
  gb_document_free(report.document);
  for (size_t i = 0; i < report.table_count; i++)
    gb_table_free(report.tables[i]);
  for (size_t i = 0; i < report.count; i++)
    gb_record_free(report.list[i].record);
  for (size_t i = 0; i < report.store_count; i++)
    gb_store_close(report.stores[i].store);
  gb_arena_free(report.arena);
  return code;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  const char *output = NULL;
  const report_format *chosen = &formats[0];
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));) {
    if (gb_option_is(o, "output"))
      output = value;
    if (!gb_option_is(o, "format"))
      continue;
    chosen = NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
      if (strcmp(value, formats[i].name) == 0)
        chosen = &formats[i];
    if (!chosen)
      return gb_complain(self, "--format %s is not allowed: html, markdown, latex", value);
  }
  if (args.stop)
    return args.exit_code;
  return make(self, argv + args.first_operand, output, chosen);
}

const gb_command gb_command_report = {
    .name = "report",
    .operands = "[FOLDER|EXPERIMENT…]",
    .summary = "Writes what runs have found as one HTML page, Markdown or LaTeX.",
    .options = options,
    .examples = "  ghostbench run ghostnet-paper && ghostbench report\n"
                "  ghostbench report ghostnet-table7 -o table7.html\n"
                "  ghostbench report out --format markdown -o -\n",
    .run = run,
};
