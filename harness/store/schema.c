// The tables, version by version: how an empty file becomes a store and an old store a new one.
#include "harness/store/internal.h"

#include <string.h>

// Step i brings version i to version i + 1. A step that was once released is never edited: stores
// are recognised by the text of their tables.
static const char *const steps[] = {
    "CREATE TABLE experiments (id INTEGER PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL,"
    " question TEXT NOT NULL, UNIQUE (name, title, question)) STRICT;"
    // What a run stood on: processor, kernel, compiler, libraries … as names and values.
    "CREATE TABLE environments (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE environment_facts ("
    " environment INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (environment, position)) STRICT, WITHOUT ROWID;"
    // One invocation of the program; `ended` stays NULL where it was killed.
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, command TEXT NOT NULL,"
    " version TEXT NOT NULL, started REAL NOT NULL, ended REAL, exit_code INTEGER,"
    " environment INTEGER NOT NULL REFERENCES environments (id)) STRICT;"
    "CREATE TABLE plans (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE,"
    " text TEXT NOT NULL) STRICT;"
    // key is the SHA-256 of key_text; digest that of the content.
    "CREATE TABLE cells (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE CHECK (length(key) = 64),"
    " key_text TEXT NOT NULL, subject TEXT NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('count', 'latency', 'counters')),"
    " experiment INTEGER NOT NULL REFERENCES experiments (id), ordinal INTEGER NOT NULL,"
    " label TEXT NOT NULL, series TEXT NOT NULL, published_row TEXT NOT NULL,"
    " architecture TEXT NOT NULL, title TEXT NOT NULL, error TEXT,"
    " verdict TEXT CHECK (verdict IN ('valid', 'suspect', 'invalid')),"
    " plan INTEGER REFERENCES plans (id), baseline TEXT,"
    " run INTEGER NOT NULL REFERENCES runs (id), started REAL NOT NULL, seconds REAL,"
    " digest TEXT NOT NULL) STRICT;"
    "CREATE INDEX cells_by_subject ON cells (subject, kind);"
    "CREATE INDEX cells_by_experiment ON cells (experiment, ordinal);"
    // Settings of the architecture, and the protocol of a measurement.
    "CREATE TABLE facts (cell INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,"
    " role TEXT NOT NULL CHECK (role IN ('setting', 'protocol')), position INTEGER NOT NULL,"
    " name TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (cell, role, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE counts (cell INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
    " PRIMARY KEY (cell, position), UNIQUE (cell, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE parts (cell INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, kind TEXT NOT NULL, macs INTEGER NOT NULL,"
    " params INTEGER NOT NULL, PRIMARY KEY (cell, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE structure (cell INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, input TEXT NOT NULL, operator TEXT NOT NULL, kernel INTEGER,"
    " expand INTEGER, out INTEGER, se INTEGER, stride INTEGER,"
    " PRIMARY KEY (cell, position)) STRICT, WITHOUT ROWID;"
    // Raw, in the order of time; anchor = 1: of the baseline, from the same session.
    "CREATE TABLE samples (cell INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,"
    " anchor INTEGER NOT NULL CHECK (anchor IN (0, 1)), position INTEGER NOT NULL,"
    " seconds REAL NOT NULL, start REAL, PRIMARY KEY (cell, anchor, position)) STRICT,"
    " WITHOUT ROWID;"
    "CREATE TABLE figures (cell INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, name TEXT NOT NULL, value REAL,"
    " PRIMARY KEY (cell, position), UNIQUE (cell, name)) STRICT, WITHOUT ROWID;"
    // A value that is missing is NULL and says why; it is never 0.
    "CREATE TABLE counters (cell INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, step INTEGER, layer TEXT NOT NULL, event TEXT NOT NULL,"
    " unit TEXT NOT NULL, source TEXT NOT NULL, value REAL, share REAL, reason TEXT NOT NULL,"
    " PRIMARY KEY (cell, position), CHECK (value IS NOT NULL OR reason <> '')) STRICT,"
    " WITHOUT ROWID;"
    "CREATE TABLE reasons (cell INTEGER NOT NULL REFERENCES cells (id) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, remedy TEXT NOT NULL,"
    " PRIMARY KEY (cell, position)) STRICT, WITHOUT ROWID;",
};
_Static_assert(sizeof steps / sizeof *steps == GB_STORE_VERSION, "one step a version");

static gb_status fault(sqlite3 *db, const char *path, int code, int wait_ms, const char *doing,
                       gb_error *error) {
  return code == SQLITE_OK ? GB_OK : gb_sqlite_fault(db, path, code, wait_ms, doing, error);
}

// One integer that a statement gives.
static int ask(sqlite3 *db, const char *sql, int64_t *value) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_step(statement);
  *value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  int end = sqlite3_finalize(statement);
  return code == SQLITE_ROW ? SQLITE_OK : code == SQLITE_DONE ? SQLITE_CORRUPT : end;
}

// From `version` to `target`, within a transaction that is open.
static int climb(sqlite3 *db, int64_t version, int64_t target) {
  int code = SQLITE_OK;
  for (int64_t i = version; code == SQLITE_OK && i < target; i++)
    code = sqlite3_exec(db, steps[i], NULL, NULL, NULL);
  // A pragma takes no parameters; both numbers are our own.
  char pragmas[96];
  sqlite3_snprintf(sizeof pragmas, pragmas, "PRAGMA user_version = %d; PRAGMA application_id = %d",
                   (int)target, (int)GB_STORE_APPLICATION);
  return code == SQLITE_OK ? sqlite3_exec(db, pragmas, NULL, NULL, NULL) : code;
}

gb_status gb_schema_make(sqlite3 *db, const char *path, int version, gb_error *error) {
  int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code = climb(db, 0, version);
  if (code == SQLITE_OK)
    code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
  return fault(db, path, code, 0, "making the tables", error);
}

// All that stands in the schema, as one hash.
static int fingerprint(sqlite3 *db, char digest[GB_DIGEST_TEXT]) {
  sqlite3_stmt *statement = NULL;
  gb_text all = {0};
  int code = sqlite3_prepare_v2(
      db, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name, sql", -1,
      &statement, NULL);
  while (code == SQLITE_OK || code == SQLITE_ROW) {
    code = sqlite3_step(statement);
    for (int i = 0; code == SQLITE_ROW && i < 4; i++) {
      const char *text = (const char *)sqlite3_column_text(statement, i);
      gb_text_print(&all, "%d:", sqlite3_column_bytes(statement, i));
      gb_text_add(&all, text ? text : "");
    }
  }
  sqlite3_finalize(statement);
  gb_digest(gb_text_get(&all), all.length, digest);
  bool failed = all.failed;
  gb_text_free(&all);
  return failed ? SQLITE_NOMEM : code == SQLITE_DONE ? SQLITE_OK : code;
}

// A file may say that it is a store and hold other tables, triggers or views: it is refused.
static gb_status check_tables(sqlite3 *db, const char *path, int64_t version, gb_error *error) {
  sqlite3 *model = NULL;
  char found[GB_DIGEST_TEXT], expected[GB_DIGEST_TEXT] = "";
  int code = fingerprint(db, found);
  GB_TRY(fault(db, path, code, 0, "reading the tables", error));
  code = sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  if (code == SQLITE_OK)
    code = climb(model, 0, version);
  if (code == SQLITE_OK)
    code = fingerprint(model, expected);
  sqlite3_close(model);
  GB_TRY(fault(NULL, path, code, 0, "comparing the tables", error));
  if (strcmp(found, expected) != 0)
    return gb_fail(
        error, GB_EINPUT,
        "%s: it says that it is a store of version %d, but its tables are others; it was "
        "changed by another program",
        path, (int)version);
  return GB_OK;
}

static gb_status check_kind(sqlite3 *db, const char *path, bool writes, int64_t *version,
                            bool *fresh, gb_error *error) {
  int64_t application = 0, tables = 0;
  int code = ask(db, "SELECT count(*) FROM sqlite_schema", &tables);
  if (code == SQLITE_OK)
    code = ask(db, "PRAGMA user_version", version);
  if (code == SQLITE_OK)
    code = ask(db, "PRAGMA application_id", &application);
  GB_TRY(fault(db, path, code, 0, "reading it", error));
  *fresh = tables == 0 && *version == 0 && application == 0;
  if (*fresh)
    return writes
               ? GB_OK
               : gb_fail(error, GB_EINPUT, "%s: it is empty; 'ghostbench run' fills a store", path);
  if (application != GB_STORE_APPLICATION)
    return gb_fail(error, GB_EINPUT,
                   "%s: it is a database of another program, no store of ghostbench", path);
  if (*version > GB_STORE_VERSION)
    return gb_fail(error, GB_EINPUT,
                   "%s: it was written by a newer ghostbench (store version %lld; this one knows "
                   "versions up to %d); use that one",
                   path, (long long)*version, GB_STORE_VERSION);
  if (*version < 1)
    return gb_fail(error, GB_EINPUT, "%s: it has the store version %lld, which never was", path,
                   (long long)*version);
  return GB_OK;
}

gb_status gb_schema_prepare(sqlite3 *db, const char *path, int wait_ms, bool writes, bool *old,
                            gb_error *error) {
  int64_t version;
  bool fresh;
  GB_TRY(check_kind(db, path, writes, &version, &fresh, error));
  if (!fresh)
    GB_TRY(check_tables(db, path, version, error));
  *old = version < GB_STORE_VERSION;
  if (!*old || !writes)
    return GB_OK;
  *old = false;
  // Another process may be making the tables at this moment: look again under the lock.
  gb_status status = fault(db, path, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), wait_ms,
                           "making its tables", error);
  if (status == GB_OK)
    status = check_kind(db, path, writes, &version, &fresh, error);
  if (status == GB_OK && version < GB_STORE_VERSION)
    status =
        fault(db, path, climb(db, version, GB_STORE_VERSION), wait_ms, "making its tables", error);
  if (status == GB_OK)
    status = fault(db, path, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), wait_ms,
                   "making its tables", error);
  if (status != GB_OK)
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
  return status;
}
