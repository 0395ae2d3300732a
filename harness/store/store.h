// Results that outlive the process: a SQLite file of experiments, cells, samples and environments.
//
// The story of the folder: schema.c is the tables and how old stores become new ones; open.c opens
// a file and refuses what is no store; statement.c is SQL by prepared statements only, and errors
// in words; write.c and read.c move one cell in and out; merge.c joins stores; digest.c is SHA-256.
//
// A cell is one model of one experiment, counted or measured under one set of conditions. Its key
// is the hash of a text that the caller makes of everything that defines it; a cell of the same key
// is never computed twice. A cell is written whole or not at all, so that a process that is killed
// loses what it was doing and nothing else.
//
// The journal is SQLite's rollback journal with full synchronisation, not the write-ahead log: a
// store at rest is one file that can be copied, it works on network file systems (where the log's
// shared memory does not) and reads from a read-only folder; and there is one writer for a short
// moment a cell, so that the log's gain, readers beside a long writer, is not needed.
#ifndef GB_STORE_STORE_H
#define GB_STORE_STORE_H

#include "layers/base/memory.h"
#include "layers/base/text.h"

enum {
  GB_STORE_VERSION = 1,              // of the tables, in the file's user_version
  GB_STORE_APPLICATION = 0x47426462, // "GBdb", the file's application_id
  GB_DIGEST_TEXT = 65                // of a SHA-256 in hexadecimal, with its terminator
};

typedef struct gb_store gb_store;

typedef enum gb_store_mode {
  GB_STORE_READ, // an older store is read as if it had been migrated; the file is not changed
  GB_STORE_WRITE // made where there is none; an older store is migrated, in one transaction
} gb_store_mode;

typedef struct gb_store_options {
  gb_store_mode mode;
  int wait_ms;        // for another process that writes; 0: 10 seconds
  int64_t most_pages; // the file may have so many pages of 4 KiB; 0: no limit (for tests)
} gb_store_options;

// `error` must not be NULL in this folder. GB_EINPUT: no store (another program's file, a damaged
// or truncated one, a newer version). GB_EIO: the system refused, or another process holds it. The
// message names the file and what to do.
gb_status gb_store_open(const char *path, const gb_store_options *options, gb_store **store,
                        gb_error *error);
void gb_store_close(gb_store *store); // an open batch is undone; NULL is allowed
const char *gb_store_path(const gb_store *store);

// ---------------------------------------------------------------------------------------------
// What is in it. All texts are UTF-8; NULL or "" where there is none; numbers that are unknown are
// -1 (integers) or NaN, and are NULL in the file. What the store returns is owned by the arena
// given; what it takes is borrowed during the call.

typedef struct gb_stored_fact {
  const char *name, *value;
} gb_stored_fact;

typedef struct gb_stored_count { // "params", "macs" …
  const char *name;
  int64_t value;
} gb_stored_count;

typedef struct gb_stored_part { // the layers of one kind
  const char *kind;
  int64_t macs, params;
} gb_stored_part;

typedef struct gb_stored_row { // of a network's structure, as papers print it
  const char *input, *operator_;
  int64_t kernel, expand, out, se, stride;
} gb_stored_row;

typedef struct gb_stored_sample {
  double seconds; // that it took
  double start;   // seconds since its session began; NaN: unknown
} gb_stored_sample;

// A number that was printed, or that tells of the session: "median_s", "ratio", "steal_s" …
typedef struct gb_stored_figure {
  const char *name;
  double value; // NaN: there is none
} gb_stored_figure;

typedef struct gb_stored_counter {
  int64_t step;       // of the plan; -1: the whole network
  const char *layer;  // "" for the whole network
  const char *event;  // or the name of a derived metric
  const char *unit;   // "" for plain events
  const char *source; // "papi", "harness", "callgrind" …
  double value;       // NaN: not available, and `reason` says why
  double share;       // of the time that it was counted (multiplexing); 1: all
  const char *reason; // "" where there is a value
} gb_stored_counter;

typedef struct gb_stored_reason { // of a verdict
  const char *code, *text, *remedy;
} gb_stored_reason;

// One invocation of the program.
typedef struct gb_stored_run {
  int64_t id;
  const char *uid;       // unlike that of any other run, of any machine
  const char *command;   // the command line
  const char *version;   // of ghostbench
  double started, ended; // seconds since 1970; `ended` NaN: it was killed, or still runs
  int64_t exit_code;     // -1: as `ended`
  const gb_stored_fact *environment; // in the order they are shown
  size_t environment_count;
  const char *environment_digest; // of these; filled by the store
} gb_stored_run;

// One model of one experiment. Times are seconds since 1970, and seconds.
typedef struct gb_stored_cell {
  const char *key;      // gb_digest of key_text
  const char *key_text; // everything that defines the cell
  const char *subject;  // what it is, whatever machine or program measured it: compared by this
  const char *kind;     // "count", "latency", "counters"
  const char *experiment, *experiment_title, *question;
  const char *label, *series, *row, *architecture, *title; // row: of the published table
  const char *error;                                       // why there is nothing; NULL: finished
  const char *verdict;                                     // valid, suspect, invalid; NULL: none
  const char *plan;                                        // the engine's, as text
  const char *baseline; // key of the cell that ratios are to; NULL: none
  double started, seconds;
  int64_t run;        // of gb_store_run_start
  int64_t ordinal;    // place in the experiment
  const char *digest; // of everything below, error and verdict; filled by the store

  const gb_stored_fact *settings; // parameters of the architecture, and the swept ones
  size_t setting_count;
  const gb_stored_fact *protocol; // engine, threads, batch, isa, mode …
  size_t protocol_count;
  const gb_stored_count *counts;
  size_t count_count;
  const gb_stored_part *parts;
  size_t part_count;
  const gb_stored_row *rows;
  size_t row_count;
  const gb_stored_sample *samples; // in the order of time
  size_t sample_count;
  const gb_stored_sample *anchors; // of the baseline, from the same session
  size_t anchor_count;
  const gb_stored_figure *figures;
  size_t figure_count;
  const gb_stored_counter *counters;
  size_t counter_count;
  const gb_stored_reason *reasons;
  size_t reason_count;
} gb_stored_cell;

// ---------------------------------------------------------------------------------------------
// Writing

// Notes that a run begins; `*id` names it in this store. `uid` is made where it is NULL.
gb_status gb_store_run_start(gb_store *store, const gb_stored_run *run, int64_t *id,
                             gb_error *error);
gb_status gb_store_run_end(gb_store *store, int64_t id, double ended, int exit_code,
                           gb_error *error);

// Writes a cell with all that belongs to it, in one transaction (or in the batch that is open).
// What was there under the key goes, unless it is finished and the new one failed: that changes
// nothing. GB_EINPUT when `key` is not the digest of `key_text`.
gb_status gb_store_put(gb_store *store, const gb_stored_cell *cell, gb_error *error);

// Several cells in one transaction: begin, put …, commit. A batch that fails is undone whole.
gb_status gb_store_begin(gb_store *store, gb_error *error);
gb_status gb_store_commit(gb_store *store, gb_error *error);
void gb_store_undo(gb_store *store); // without a batch: nothing happens

// ---------------------------------------------------------------------------------------------
// Reading

// `*cell` is NULL where there is none of this key.
gb_status gb_store_get(gb_store *store, const char *key, gb_arena *arena, gb_stored_cell **cell,
                       gb_error *error);
// The finished cell of this subject and kind that ended last; NULL where there is none.
gb_status gb_store_latest(gb_store *store, const char *subject, const char *kind, gb_arena *arena,
                          gb_stored_cell **cell, gb_error *error);
// Of a key alone, quickly: 0 not there, 1 finished, -1 failed.
gb_status gb_store_has(gb_store *store, const char *key, int *there, gb_error *error);

// Calls `each` for every cell, by experiment (as they first came), ordinal and key. The cell lives
// during the call. A status other than GB_OK ends the walk and is returned.
typedef gb_status (*gb_store_each_cell)(void *context, const gb_stored_cell *cell, gb_error *error);
gb_status gb_store_cells(gb_store *store, gb_store_each_cell each, void *context, gb_error *error);

// All runs in the order they began, with their environments.
gb_status gb_store_runs(gb_store *store, gb_arena *arena, gb_stored_run **runs, size_t *count,
                        gb_error *error);

// ---------------------------------------------------------------------------------------------
// Joining and checking

typedef struct gb_merged {
  size_t added, replaced; // replaced: failed here, finished there
  size_t same;            // there already, with the same content
  size_t conflicts;       // there already with another content: the one here stays
  gb_text conflict_lines; // one a conflict: "experiment: label (kind)"; owned by the caller
} gb_merged;

// Copies the cells of `from` (which is not changed) with their runs and environments, in one
// transaction. Again: nothing more happens. `merged` is added to.
gb_status gb_store_merge(gb_store *into, gb_store *from, gb_merged *merged, gb_error *error);

// What is wrong with the file itself, a line each: SQLite's integrity and foreign key checks, keys
// that are not the digest of their text, contents that are not what their digest says. "" when all
// is well. `*cells` is how many were looked at.
gb_status gb_store_check(gb_store *store, size_t *cells, gb_text *faults, gb_error *error);

// ---------------------------------------------------------------------------------------------

// The version of SQLite that is linked, static.
const char *gb_store_library(void);

// SHA-256 in lower-case hexadecimal.
void gb_digest(const void *bytes, size_t size, char text[GB_DIGEST_TEXT]);

#endif
