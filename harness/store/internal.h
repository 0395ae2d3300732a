// What the files of the store share; private to the folder.
#ifndef GB_STORE_INTERNAL_H
#define GB_STORE_INTERNAL_H

#include "harness/store/store.h"

#include <sqlite3.h>

// Every statement on an open store, prepared when first needed. GB_SQL(identifier, text)
#define GB_SQL_LIST(X)                                                                             \
  X(BEGIN, "BEGIN IMMEDIATE")                                                                      \
  X(COMMIT, "COMMIT")                                                                              \
  X(ADD_EXPERIMENT, "INSERT OR IGNORE INTO experiments (name, title, question) VALUES (?, ?, ?)")  \
  X(FIND_EXPERIMENT, "SELECT id FROM experiments WHERE name = ? AND title = ? AND question = ?")   \
  X(ADD_ENVIRONMENT, "INSERT OR IGNORE INTO environments (digest) VALUES (?)")                     \
  X(FIND_ENVIRONMENT, "SELECT id FROM environments WHERE digest = ?")                              \
  X(ADD_ENVIRONMENT_FACT,                                                                          \
    "INSERT OR IGNORE INTO environment_facts (environment, position, name, value) "                \
    "VALUES (?, ?, ?, ?)")                                                                         \
  X(GET_ENVIRONMENT_FACTS,                                                                         \
    "SELECT name, value FROM environment_facts WHERE environment = ? ORDER BY position")           \
  X(ADD_RUN,                                                                                       \
    "INSERT OR IGNORE INTO runs (uid, command, version, started, ended, exit_code, environment) "  \
    "VALUES (?, ?, ?, ?, ?, ?, ?)")                                                                \
  X(FIND_RUN, "SELECT id FROM runs WHERE uid = ?")                                                 \
  X(END_RUN, "UPDATE runs SET ended = ?, exit_code = ? WHERE id = ?")                              \
  X(ALL_RUNS,                                                                                      \
    "SELECT r.id, r.uid, r.command, r.version, r.started, r.ended, r.exit_code, e.digest, e.id "   \
    "FROM runs r JOIN environments e ON e.id = r.environment ORDER BY r.started, r.id")            \
  X(ADD_PLAN, "INSERT OR IGNORE INTO plans (digest, text) VALUES (?, ?)")                          \
  X(FIND_PLAN, "SELECT id FROM plans WHERE digest = ?")                                            \
  X(STATE, "SELECT error IS NULL FROM cells WHERE key = ?")                                        \
  X(STATE_DIGEST, "SELECT error IS NULL, digest FROM cells WHERE key = ?")                         \
  X(DELETE_CELL, "DELETE FROM cells WHERE key = ?")                                                \
  X(DELETE_FAILED, "DELETE FROM cells WHERE subject = ? AND kind = ? AND error IS NOT NULL")       \
  X(ADD_CELL,                                                                                      \
    "INSERT INTO cells (key, key_text, subject, kind, experiment, ordinal, label, series, "        \
    "published_row, architecture, title, error, verdict, plan, baseline, run, started, seconds, "  \
    "digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                    \
  X(GET_CELL, GB_SQL_CELL "WHERE c.key = ?")                                                       \
  X(LATEST_CELL, GB_SQL_CELL "WHERE c.subject = ? AND c.kind = ? AND c.error IS NULL "             \
                             "ORDER BY c.started DESC, c.id DESC LIMIT 1")                         \
  X(ALL_CELLS, GB_SQL_CELL "ORDER BY c.experiment, c.ordinal, c.kind, c.key")                      \
  X(ADD_FACT, "INSERT INTO facts (cell, role, position, name, value) VALUES (?, ?, ?, ?, ?)")      \
  X(GET_FACTS, "SELECT name, value FROM facts WHERE cell = ? AND role = ? ORDER BY position")      \
  X(ADD_COUNT, "INSERT INTO counts (cell, position, name, value) VALUES (?, ?, ?, ?)")             \
  X(GET_COUNTS, "SELECT name, value FROM counts WHERE cell = ? ORDER BY position")                 \
  X(ADD_PART, "INSERT INTO parts (cell, position, kind, macs, params) VALUES (?, ?, ?, ?, ?)")     \
  X(GET_PARTS, "SELECT kind, macs, params FROM parts WHERE cell = ? ORDER BY position")            \
  X(ADD_ROW,                                                                                       \
    "INSERT INTO structure (cell, position, input, operator, kernel, expand, out, se, stride) "    \
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")                                                          \
  X(GET_ROWS, "SELECT input, operator, kernel, expand, out, se, stride FROM structure "            \
              "WHERE cell = ? ORDER BY position")                                                  \
  X(ADD_SAMPLE,                                                                                    \
    "INSERT INTO samples (cell, anchor, position, seconds, start) VALUES (?, ?, ?, ?, ?)")         \
  X(GET_SAMPLES,                                                                                   \
    "SELECT seconds, start FROM samples WHERE cell = ? AND anchor = ? ORDER BY position")          \
  X(ADD_FIGURE, "INSERT INTO figures (cell, position, name, value) VALUES (?, ?, ?, ?)")           \
  X(GET_FIGURES, "SELECT name, value FROM figures WHERE cell = ? ORDER BY position")               \
  X(ADD_COUNTER,                                                                                   \
    "INSERT INTO counters (cell, position, step, layer, event, unit, source, value, share, "       \
    "reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                                               \
  X(GET_COUNTERS, "SELECT step, layer, event, unit, source, value, share, reason FROM counters "   \
                  "WHERE cell = ? ORDER BY position")                                              \
  X(ADD_REASON, "INSERT INTO reasons (cell, position, code, text, remedy) VALUES (?, ?, ?, ?, ?)") \
  X(GET_REASONS, "SELECT code, text, remedy FROM reasons WHERE cell = ? ORDER BY position")        \
  X(INTEGRITY, "PRAGMA integrity_check(20)")                                                       \
  X(FOREIGN_KEYS, "PRAGMA foreign_key_check")

// The columns of a cell, as gb_read_cell reads them.
#define GB_SQL_CELL                                                                                \
  "SELECT c.id, c.key, c.key_text, c.subject, c.kind, e.name, e.title, e.question, c.ordinal, "    \
  "c.label, c.series, c.published_row, c.architecture, c.title, c.error, c.verdict, p.text, "      \
  "c.baseline, c.run, c.started, c.seconds, c.digest FROM cells c "                                \
  "JOIN experiments e ON e.id = c.experiment LEFT JOIN plans p ON p.id = c.plan "

typedef enum gb_sql {
#define X(id, text) GB_SQL_##id,
  GB_SQL_LIST(X)
#undef X
      GB_SQL_COUNT
} gb_sql;

struct gb_store {
  sqlite3 *db;
  char *path;
  bool writes, batch;
  int wait_ms;
  sqlite3_stmt *statements[GB_SQL_COUNT];
};

// Fills the error with what SQLite says, the file's name, and what can be done; returns its status.
gb_status gb_store_fault(gb_store *store, int code, const char *doing, gb_error *error);
// The same for a path that is not open yet.
gb_status gb_sqlite_fault(sqlite3 *db, const char *path, int code, int wait_ms, const char *doing,
                          gb_error *error);

// A statement ready to be bound, or NULL with the error filled.
sqlite3_stmt *gb_statement(gb_store *store, gb_sql sql, gb_error *error);
// Binds by letters: i int64_t, n the same with -1 as NULL, t text (NULL as ""), o text (NULL or ""
// as NULL), d double (NaN as NULL). Returns the statement; NULL with the error filled.
sqlite3_stmt *gb_bound(gb_store *store, gb_sql sql, gb_error *error, const char *letters, ...);
// Binds and runs a statement that returns nothing.
gb_status gb_execute(gb_store *store, gb_sql sql, gb_error *error, const char *letters, ...);
// The next row: `*more` tells whether there is one; at the end the statement is reset.
gb_status gb_next(gb_store *store, sqlite3_stmt *statement, bool *more, gb_error *error);
void gb_done(sqlite3_stmt *statement); // resets one that is not read to its end

// A column of the row: text is copied into the arena ("" where NULL); NULL where memory is out.
const char *gb_text_at(sqlite3_stmt *statement, int column, gb_arena *arena);
const char *gb_text_or_null(sqlite3_stmt *statement, int column, gb_arena *arena, bool *failed);
int64_t gb_integer_at(sqlite3_stmt *statement, int column); // NULL: -1
double gb_real_at(sqlite3_stmt *statement, int column);     // NULL: NaN

// Makes or migrates the tables of an open database, inside a transaction of its own; checks that
// they are what their version makes. An old store that may not be written is only told (`*old`).
// `path` is for messages.
gb_status gb_schema_prepare(sqlite3 *db, const char *path, int wait_ms, bool writes, bool *old,
                            gb_error *error);
// Brings an empty database to an old version (for tests), or to this one.
gb_status gb_schema_make(sqlite3 *db, const char *path, int version, gb_error *error);

// The content of a cell (error, verdict and all arrays) as the hash of a text without ambiguity.
gb_status gb_content_digest(const gb_stored_cell *cell, char digest[GB_DIGEST_TEXT],
                            gb_error *error);
gb_status gb_facts_digest(const gb_stored_fact *facts, size_t count, char digest[GB_DIGEST_TEXT],
                          gb_error *error);

// Writes within a transaction that is open; a cell of that key has to be gone.
gb_status gb_write_cell(gb_store *store, const gb_stored_cell *cell, int64_t run,
                        const char *digest, gb_error *error);
gb_status gb_write_run(gb_store *store, const gb_stored_run *run, int64_t *id, gb_error *error);
// Reads the row that stands; `arena` owns the cell.
gb_status gb_read_cell(gb_store *store, sqlite3_stmt *row, gb_arena *arena, gb_stored_cell **cell,
                       gb_error *error);

#endif
