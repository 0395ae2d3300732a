// What the files of `ghostbench report` share.
//
// The story of the command: report_find.c finds the records of runs, report.c makes a document and
// writes it;
// report_experiment.c tells one experiment, with report_store.c and report_measured.c for what it
// measured; report_peers.c other engines beside ours; report_end.c what holds for all: environment,
// how to repeat, conventions.
#ifndef GB_CLI_REPORT_H
#define GB_CLI_REPORT_H

#include "harness/cli/cli.h"
#include "harness/report/document.h"
#include "harness/report/record.h"
#include "harness/store/store.h"

typedef struct gb_reported { // one experiment
  const char *folder;        // of its files
  const char *link;          // the same, seen from the report's folder
  gb_record *record;
} gb_reported;

typedef struct gb_report_store {
  const char *path;
  gb_store *store;   // NULL where it cannot be read
  const char *fault; // why; "" where it can
} gb_report_store;

typedef struct gb_report {
  gb_arena *arena;
  gb_document *document;
  gb_reported *list; // in the order they were run
  size_t count, room;
  gb_table **tables; // made for the document, freed with the report
  size_t table_count, table_room;
  gb_report_store *stores;
  size_t store_count, store_room;
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

// The measurements of one kind that a record names, as far as the store has them.
typedef struct gb_measured {
  bool asked; // the record names some
  gb_stored_cell **cells;
  size_t count, missing;
  const char *fault; // why the store cannot be read; "" where it can
} gb_measured;
gb_status gb_report_cells(gb_report *report, const gb_reported *one, const char *measure,
                          gb_measured *measured, gb_error *error);

// Parts of an experiment's section; nothing where it has not measured that.
gb_status gb_report_times(gb_report *report, const gb_reported *one, gb_error *error);
gb_status gb_report_plans(gb_report *report, const gb_reported *one, gb_error *error);
gb_status gb_report_counters(gb_report *report, const gb_reported *one, gb_error *error);
gb_status gb_report_peers(gb_report *report, gb_error *error);

gb_status gb_report_experiment(gb_report *report, const gb_reported *one, gb_error *error);
gb_status gb_report_end(gb_report *report, gb_error *error);

#endif
