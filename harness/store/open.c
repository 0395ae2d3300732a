// Opening a store: what is none is refused in words, an old one is migrated, a locked one waited
#define _POSIX_C_SOURCE 200809L
// for.
#include "harness/store/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WAIT_MS = 10000, LEAST_SQLITE = 3037000 /* STRICT tables */ };

// A file from a stranger is data: no triggers, views or functions of its schema run.
static int guard(sqlite3 *db, const gb_store_options *options, int wait_ms) {
  sqlite3_busy_timeout(db, wait_ms);
  sqlite3_extended_result_codes(db, 0);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
  int code = sqlite3_exec(db,
                          "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;"
                          "PRAGMA mmap_size = 0; PRAGMA synchronous = FULL",
                          NULL, NULL, NULL);
  if (code == SQLITE_OK && options->most_pages > 0) {
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA max_page_count = %lld", (long long)options->most_pages);
    code = sqlite3_exec(db, pragma, NULL, NULL, NULL);
  }
  return code;
}

// SQLite reads what is beyond the end of a file as zeros; a copy that was cut short is told here.
static gb_status check_length(sqlite3 *db, const char *path, int wait_ms, gb_error *error) {
  sqlite3_stmt *statement = NULL;
  int64_t pages = 0, size = 0;
  struct stat about;
  int code = sqlite3_prepare_v2(
      db, "SELECT page_count, page_size FROM pragma_page_count, pragma_page_size", -1, &statement,
      NULL);
  if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    pages = sqlite3_column_int64(statement, 0);
    size = sqlite3_column_int64(statement, 1);
  }
  sqlite3_finalize(statement);
  if (code != SQLITE_ROW)
    return gb_sqlite_fault(db, path, code, wait_ms, "opening it", error);
  if (stat(path, &about) == 0 && about.st_size < pages * size)
    return gb_fail(error, GB_EINPUT,
                   "%s: the file is cut short: %lld bytes of %lld; copy it again, or put it aside "
                   "and run again",
                   path, (long long)about.st_size, (long long)(pages * size));
  return GB_OK;
}

// An old store that may not be changed is read from a copy in memory, which is migrated.
static gb_status copy_to_memory(gb_store *store, const gb_store_options *options, gb_error *error) {
  sqlite3 *copy = NULL;
  bool old;
  int code = sqlite3_open_v2(":memory:", &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  sqlite3_backup *backup =
      code == SQLITE_OK ? sqlite3_backup_init(copy, "main", store->db, "main") : NULL;
  if (backup) {
    sqlite3_backup_step(backup, -1);
    code = sqlite3_backup_finish(backup);
  }
  if (code == SQLITE_OK && backup)
    code = guard(copy, options, store->wait_ms);
  gb_status status = backup && code == SQLITE_OK
                         ? gb_schema_prepare(copy, store->path, store->wait_ms, true, &old, error)
                         : gb_sqlite_fault(copy, store->path, code, store->wait_ms,
                                           "copying the old store", error);
  if (status != GB_OK) {
    sqlite3_close(copy);
    return status;
  }
  sqlite3_close(store->db);
  store->db = copy;
  return GB_OK;
}

static gb_status prepare(gb_store *store, const gb_store_options *options, gb_error *error) {
  int code = guard(store->db, options, store->wait_ms);
  if (code != SQLITE_OK)
    return gb_store_fault(store, code, "opening it", error);
  GB_TRY(check_length(store->db, store->path, store->wait_ms, error));
  if (!store->writes) {
    code = sqlite3_exec(store->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    if (code != SQLITE_OK)
      return gb_store_fault(store, code, "opening it", error);
  }
  bool old;
  GB_TRY(gb_schema_prepare(store->db, store->path, store->wait_ms, store->writes, &old, error));
  if (old)
    return copy_to_memory(store, options, error);
  // Told before any work is done: SQLite opens what it may not write for reading alone.
  if (store->writes && sqlite3_db_readonly(store->db, "main"))
    return gb_store_fault(store, SQLITE_READONLY, "opening it", error);
  return GB_OK;
}

static gb_status check_path(const char *path, bool writes, gb_error *error) {
  struct stat about;
  if (stat(path, &about) != 0)
    return writes && errno == ENOENT
               ? GB_OK
               : gb_fail(error, GB_EIO, "%s: cannot be opened: %s", path, strerror(errno));
  if (!S_ISREG(about.st_mode))
    return gb_fail(error, GB_EINPUT, "%s: it is no file, so no store", path);
  return GB_OK;
}

gb_status gb_store_open(const char *path, const gb_store_options *options, gb_store **out,
                        gb_error *error) {
  *out = NULL;
  bool writes = options->mode == GB_STORE_WRITE;
  if (sqlite3_libversion_number() < LEAST_SQLITE)
    return gb_fail(error, GB_EUNSUPPORTED, "SQLite %s is too old: 3.37 or later is needed",
                   sqlite3_libversion());
  GB_TRY(check_path(path, writes, error));
  gb_store *store = gb_allocate(NULL, 1, sizeof *store);
  if (!store)
    return gb_fail_memory(error);
  store->writes = writes;
  store->wait_ms = options->wait_ms > 0 ? options->wait_ms : WAIT_MS;
  store->path = gb_allocate(NULL, strlen(path) + 1, 1);
  if (!store->path) {
    gb_store_close(store);
    return gb_fail_memory(error);
  }
  memcpy(store->path, path, strlen(path) + 1);
  // For reading too SQLite may write where it can: what a killed process left half done is undone.
  int code = sqlite3_open_v2(path, &store->db,
                             SQLITE_OPEN_READWRITE | (writes ? SQLITE_OPEN_CREATE : 0), NULL);
  gb_status status = code == SQLITE_OK ? prepare(store, options, error)
                                       : gb_store_fault(store, code, "opening it", error);
  if (status != GB_OK)
    gb_store_close(store);
  else
    *out = store;
  return status;
}

void gb_store_close(gb_store *store) {
  if (!store)
    return;
  for (int i = 0; i < GB_SQL_COUNT; i++)
    sqlite3_finalize(store->statements[i]);
  sqlite3_close(store->db); // an open transaction is rolled back
  gb_release(NULL, store->path);
  gb_release(NULL, store);
}

const char *gb_store_path(const gb_store *store) {
  return store->path;
}

const char *gb_store_library(void) {
  return sqlite3_libversion();
}
