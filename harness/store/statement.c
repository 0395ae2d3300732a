// Prepared statements, bound by letters; and SQLite's errors in words that say what can be done.
#include "harness/store/internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char *const sql_texts[] = {
#define X(id, text) text,
    GB_SQL_LIST(X)
#undef X
};

// What the system said, where SQLite kept it.
static const char *system_words(sqlite3 *db) {
  int number = db ? sqlite3_system_errno(db) : 0;
  return number ? strerror(number) : "";
}

gb_status gb_sqlite_fault(sqlite3 *db, const char *path, int code, int wait_ms, const char *doing,
                          gb_error *error) {
  const char *words = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const char *system = system_words(db);
  const char *between = *system ? ": " : "";
  int extended = db ? sqlite3_extended_errcode(db) : code;
  switch (code & 0xff) {
  case SQLITE_NOMEM:
    return gb_fail_memory(error);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return gb_fail(error, GB_EIO,
                   "%s: another process is writing to it (%s; waited %.1f s): wait until it has "
                   "ended, or give this one another folder and join them with 'ghostbench merge'",
                   path, doing, wait_ms / 1e3);
  case SQLITE_FULL:
    return gb_fail(error, GB_EIO,
                   "%s: the disk is full (%s); all that was finished before is kept: make room and "
                   "run the same command again",
                   path, doing);
  case SQLITE_NOTADB:
    return gb_fail(error, GB_EINPUT, "%s: it is no database, so no store of ghostbench", path);
  case SQLITE_CORRUPT:
    return gb_fail(error, GB_EINPUT,
                   "%s: the file is damaged (%s); put it aside and run again, or restore a copy",
                   path, words);
  case SQLITE_READONLY:
    return gb_fail(error, GB_EIO, "%s: cannot be written (%s): the file or its folder is read-only",
                   path, doing);
  case SQLITE_CANTOPEN:
    return gb_fail(error, GB_EIO, "%s: cannot be opened%s%s", path, between, system);
  case SQLITE_IOERR:
    return gb_fail(error, GB_EIO,
                   "%s: the system refused (%s)%s%s; all that was finished before is kept", path,
                   doing, between, extended == SQLITE_IOERR_WRITE && !*system ? "writing" : system);
  case SQLITE_CONSTRAINT:
    return gb_fail(error, GB_EINPUT, "%s: does not fit the store (%s): %s", path, doing, words);
  default:
    return gb_fail(error, GB_EINTERNAL, "%s: %s: %s", path, doing, words);
  }
}

gb_status gb_store_fault(gb_store *store, int code, const char *doing, gb_error *error) {
  return gb_sqlite_fault(store->db, store->path, code, store->wait_ms, doing, error);
}

sqlite3_stmt *gb_statement(gb_store *store, gb_sql sql, gb_error *error) {
  sqlite3_stmt **statement = &store->statements[sql];
  if (!*statement) {
    int code = sqlite3_prepare_v3(store->db, sql_texts[sql], -1, SQLITE_PREPARE_PERSISTENT,
                                  statement, NULL);
    if (code != SQLITE_OK) {
      gb_store_fault(store, code, "reading its tables", error);
      return NULL;
    }
  }
  return *statement;
}

static int bind_text(sqlite3_stmt *statement, int at, const char *text) {
  return sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static int bind(sqlite3_stmt *statement, const char *letters, va_list values) {
  int code = SQLITE_OK;
  for (int at = 1; code == SQLITE_OK && *letters; letters++, at++) {
    if (*letters == 't' || *letters == 'o') {
      const char *text = va_arg(values, const char *);
      if (*letters == 'o' && (!text || !*text))
        code = sqlite3_bind_null(statement, at);
      else
        code = bind_text(statement, at, text ? text : "");
    } else if (*letters == 'd') {
      double value = va_arg(values, double);
      code = isnan(value) ? sqlite3_bind_null(statement, at)
                          : sqlite3_bind_double(statement, at, value);
    } else {
      int64_t value = va_arg(values, int64_t);
      code = *letters == 'n' && value == -1 ? sqlite3_bind_null(statement, at)
                                            : sqlite3_bind_int64(statement, at, value);
    }
  }
  return code;
}

static sqlite3_stmt *bind_all(gb_store *store, gb_sql sql, gb_error *error, const char *letters,
                              va_list values) {
  sqlite3_stmt *statement = gb_statement(store, sql, error);
  if (!statement)
    return NULL;
  int code = bind(statement, letters, values);
  if (code == SQLITE_OK)
    return statement;
  gb_store_fault(store, code, "binding values", error);
  return NULL;
}

sqlite3_stmt *gb_bound(gb_store *store, gb_sql sql, gb_error *error, const char *letters, ...) {
  va_list values;
  va_start(values, letters);
  sqlite3_stmt *statement = bind_all(store, sql, error, letters, values);
  va_end(values);
  return statement;
}

gb_status gb_execute(gb_store *store, gb_sql sql, gb_error *error, const char *letters, ...) {
  va_list values;
  va_start(values, letters);
  sqlite3_stmt *statement = bind_all(store, sql, error, letters, values);
  va_end(values);
  if (!statement)
    return error ? error->status : GB_EIO;
  int code = sqlite3_step(statement);
  gb_status status = code == SQLITE_DONE || code == SQLITE_ROW
                         ? GB_OK
                         : gb_store_fault(store, code, "writing", error);
  sqlite3_reset(statement);
  return status;
}

gb_status gb_next(gb_store *store, sqlite3_stmt *statement, bool *more, gb_error *error) {
  int code = sqlite3_step(statement);
  *more = code == SQLITE_ROW;
  if (code == SQLITE_ROW)
    return GB_OK;
  gb_status status = code == SQLITE_DONE ? GB_OK : gb_store_fault(store, code, "reading", error);
  sqlite3_reset(statement);
  return status;
}

void gb_done(sqlite3_stmt *statement) {
  sqlite3_reset(statement);
}

const char *gb_text_or_null(sqlite3_stmt *statement, int column, gb_arena *arena, bool *failed) {
  if (sqlite3_column_type(statement, column) == SQLITE_NULL)
    return NULL;
  const char *text = (const char *)sqlite3_column_text(statement, column);
  const char *copy = text ? gb_arena_copy(arena, text) : NULL;
  *failed |= !copy;
  return copy;
}

const char *gb_text_at(sqlite3_stmt *statement, int column, gb_arena *arena) {
  bool failed = false;
  const char *text = gb_text_or_null(statement, column, arena, &failed);
  return text || failed ? text : gb_arena_copy(arena, "");
}

int64_t gb_integer_at(sqlite3_stmt *statement, int column) {
  return sqlite3_column_type(statement, column) == SQLITE_NULL
             ? -1
             : sqlite3_column_int64(statement, column);
}

double gb_real_at(sqlite3_stmt *statement, int column) {
  return sqlite3_column_type(statement, column) == SQLITE_NULL
             ? (double)NAN
             : sqlite3_column_double(statement, column);
}
