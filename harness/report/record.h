// What a run says about one experiment, kept as a file so that a report can be made later.
//
// FOLDER/NAME/record.json (schema "ghostbench-record-1") holds the question, the verdicts, the
// tables as people see them, and which plots were drawn; FOLDER/NAME/ holds the plots.
#ifndef GB_REPORT_RECORD_H
#define GB_REPORT_RECORD_H

#include "harness/report/compare.h"

#define GB_RECORD_FILE "record.json"

typedef struct gb_record_pair { // a fact of the environment, or a cell and why it failed
  const char *name, *text;
} gb_record_pair;

typedef struct gb_record_plot {
  const char *name, *title; // name.svg, .png, .pdf, .gp, .dat stand beside the record
  const char *caption;      // sentences for below the title; "" if none
} gb_record_plot;

typedef struct gb_record {
  gb_arena *arena; // of a record that was read: owns it; else NULL
  const char *name, *title, *question, *convention, *published;
  const char *command; // that makes this again
  const char *version; // of ghostbench and its compiler
  double started;      // seconds since 1970
  double seconds;
  int64_t counts[GB_VERDICT_COUNT];
  int64_t models;
  const char *summary; // of the comparison, in words
  const char *stale;   // known differences that did not occur, a line each
  const gb_record_pair *failed, *environment;
  size_t failed_count, environment_count;
  // What was measured: the measure ("latency") and the cell's key in the store, in order of models.
  const gb_record_pair *cells;
  size_t cell_count;
  const gb_table *const *tables;
  size_t table_count;
  const gb_record_plot *plots;
  size_t plot_count;
} gb_record;

// Writes FOLDER/record.json.
gb_status gb_record_save(const gb_record *record, const char *folder, gb_error *error);

// Reads FOLDER/record.json. GB_EIO where it cannot be read; GB_EINPUT names the file and what is
// wrong in it. Free with gb_record_free().
gb_status gb_record_load(const char *folder, gb_record **record, gb_error *error);
// The same from memory, for the fuzzer; `path` stands in messages.
gb_status gb_record_parse(const char *bytes, size_t size, const char *path, gb_record **record,
                          gb_error *error);
void gb_record_free(gb_record *record); // NULL is allowed

#endif
