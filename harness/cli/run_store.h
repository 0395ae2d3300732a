// The store of results as `ghostbench run` uses it: keys of cells, and cells in and out.
#ifndef GB_CLI_RUN_STORE_H
#define GB_CLI_RUN_STORE_H

#include "harness/cli/run.h"
#include "harness/measure/environment.h"
#include "harness/store/store.h"

// Of one invocation; opened with the first cell.
struct gb_run_store {
  gb_store *store;
  gb_arena *arena;     // of the texts below
  const char *program; // build id
  const char *machine; // what decides times
  gb_environment environment;
  int64_t run;        // id of this invocation in the store
  double batch_began; // gb_now; counted cells share a transaction for a short while
};

// A cell's names in the store (run_key.c). Owned by an arena.
typedef struct gb_cell_identity {
  const char *subject;
  const char *text; // everything that defines the cell
  char key[GB_DIGEST_TEXT];
} gb_cell_identity;

// What of a cell is the same for each kind of figure.
typedef struct gb_cell_head {
  const gb_experiment *experiment;
  const gb_cell *cell;
  const char *label; // unlike its neighbours'
  size_t occurrence; // of this label in the experiment, from 1
  size_t ordinal;
} gb_cell_head;

// SHA-256 of the flat document: kinds, attributes and nesting. `root` NULL (it could not be
// expanded): a digest of nothing.
gb_status gb_network_digest(const gb_element *root, char digest[GB_DIGEST_TEXT], gb_error *error);

// The identity of a cell of `kind`. `how` is what defines the subject beside the label ("convention
// paper"), `rest` what else defines the cell; both are lines, each ended by a line feed. The
// program is added, and the machine where `measured`.
gb_status gb_cell_identify(const struct gb_run_store *store, const gb_cell_head *head,
                           const char *kind, const char *network_digest, const char *how,
                           const char *rest, bool measured, gb_arena *arena,
                           gb_cell_identity *identity, gb_error *error);

// Opens OUTPUT/ghostbench.db and notes that this run begins; nothing where it is open already.
gb_status gb_run_store_open(gb_run *run, gb_error *error);
// Commits what is pending, notes the end with run->exit_code, closes. A failure is complained of
// and raises run->exit_code.
void gb_run_store_close(gb_run *run);

// The finished cell under a key; NULL where it has to be computed (always with --fresh).
gb_status gb_run_store_get(gb_run *run, const char *key, gb_arena *arena, gb_stored_cell **cell,
                           gb_error *error);

// Adds what every cell has (names of experiment, cell and run, settings, time) and writes it.
// `counted`: into a transaction with its neighbours, which ends after a tenth of a second (a
// kill loses no more than that of counting); else at once.
gb_status gb_run_store_put(gb_run *run, const gb_cell_head *head, const gb_cell_identity *identity,
                           gb_stored_cell *cell, bool counted, gb_error *error);
gb_status gb_run_store_flush(gb_run *run, gb_error *error);

// Counts to and from a stored cell. Arrays are the arena's.
gb_status gb_result_store(const gb_result *result, gb_arena *arena, gb_stored_cell *cell,
                          gb_error *error);
gb_status gb_result_load(const gb_stored_cell *cell, gb_arena *arena, gb_result *result,
                         gb_error *error);

#endif
