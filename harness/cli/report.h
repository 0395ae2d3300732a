// What the files of `ghostbench report` share.
//
// The story of the command: report_find.c finds the records of runs, report.c makes a document and
// writes it;
// report_experiment.c tells one experiment, report_end.c what holds for all: environment, how to
// repeat, conventions.
#ifndef GB_CLI_REPORT_H
#define GB_CLI_REPORT_H

#include "harness/cli/cli.h"
#include "harness/report/document.h"
#include "harness/report/record.h"

typedef struct gb_reported { // one experiment
  const char *folder;        // of its files
  const char *link;          // the same, seen from the report's folder
  gb_record *record;
} gb_reported;

typedef struct gb_report {
  gb_arena *arena;
  gb_document *document;
  gb_reported *list; // in the order they were run
  size_t count, room;
  gb_table **tables; // made for the document, freed with the report
  size_t table_count, table_room;
} gb_report;

// Adds the records that an operand names: a folder, or an experiment whose results are in results/.
gb_status gb_report_find(gb_report *report, const char *operand, gb_error *error);
// How `folder` is reached from the folder of the file `output` (NULL: from here); owned by the
// report, NULL when memory is out.
const char *gb_report_link(gb_report *report, const char *folder, const char *output);

// A table that lives as long as the document; NULL when memory is out.
gb_table *gb_report_table(gb_report *report, const char *name, const char *title);

// Verdicts of one record, summed up.
typedef struct gb_verdicts {
  int64_t compared, reproduced, explained, differ;
} gb_verdicts;
gb_verdicts gb_verdicts_of(const gb_record *record);

gb_status gb_report_experiment(gb_report *report, const gb_reported *one, gb_error *error);
gb_status gb_report_end(gb_report *report, gb_error *error);

#endif
