// Joining stores, and checking one: that nothing in it was changed behind its digests.
#include "harness/store/internal.h"

#include <string.h>

// The runs of one store by their ids in it, and in the other.
typedef struct renamed {
  int64_t from, to;
} renamed;

typedef struct merging {
  gb_store *into;
  gb_merged *merged;
  renamed *runs;
  size_t run_count;
} merging;

static gb_status copy_runs(merging *m, gb_store *from, gb_arena *arena, gb_error *error) {
  gb_stored_run *runs;
  GB_TRY(gb_store_runs(from, arena, &runs, &m->run_count, error));
  m->runs = gb_arena_allocate(arena, m->run_count + 1, sizeof *m->runs);
  if (!m->runs)
    return gb_fail_memory(error);
  for (size_t i = 0; i < m->run_count; i++) {
    m->runs[i].from = runs[i].id;
    GB_TRY(gb_write_run(m->into, &runs[i], &m->runs[i].to, error));
  }
  return GB_OK;
}

// What the store that is merged into has under the key: 0 nothing, -1 a failed cell, 1 a finished.
static gb_status look(gb_store *store, const char *key, int *there, char digest[GB_DIGEST_TEXT],
                      gb_error *error) {
  bool more = false;
  sqlite3_stmt *statement = gb_bound(store, GB_SQL_STATE_DIGEST, error, "t", key);
  if (!statement)
    return error->status;
  GB_TRY(gb_next(store, statement, &more, error));
  *there = 0;
  digest[0] = '\0';
  if (!more)
    return GB_OK;
  const char *text = (const char *)sqlite3_column_text(statement, 1);
  *there = gb_integer_at(statement, 0) ? 1 : -1;
  if (text && strlen(text) < GB_DIGEST_TEXT)
    memcpy(digest, text, strlen(text) + 1);
  gb_done(statement);
  return GB_OK;
}

static gb_status copy_cell(void *context, const gb_stored_cell *cell, gb_error *error) {
  merging *m = context;
  int there = 0;
  char here[GB_DIGEST_TEXT], content[GB_DIGEST_TEXT], key[GB_DIGEST_TEXT];
  // What comes from elsewhere is hashed here, not believed.
  GB_TRY(gb_content_digest(cell, content, error));
  gb_digest(cell->key_text, strlen(cell->key_text), key);
  if (strcmp(key, cell->key) != 0 || strcmp(content, cell->digest) != 0)
    return gb_fail(
        error, GB_EINPUT,
        "cell '%s' of experiment '%s' was changed behind its digest; 'ghostbench verify' "
        "tells more",
        cell->label, cell->experiment);
  GB_TRY(look(m->into, cell->key, &there, here, error));
  if (there && strcmp(here, content) == 0) {
    m->merged->same++;
    return GB_OK;
  }
  if (there > 0 && cell->error) {
    m->merged->same++; // finished here, failed there: nothing to learn
    return GB_OK;
  }
  if (there > 0) {
    m->merged->conflicts++;
    gb_text_print(&m->merged->conflict_lines, "%s: %s (%s)\n", cell->experiment, cell->label,
                  cell->kind);
    return GB_OK;
  }
  int64_t run = -1;
  for (size_t i = 0; i < m->run_count; i++)
    if (m->runs[i].from == cell->run)
      run = m->runs[i].to;
  if (there)
    GB_TRY(gb_execute(m->into, GB_SQL_DELETE_CELL, error, "t", cell->key));
  GB_TRY(gb_write_cell(m->into, cell, run, content, error));
  m->merged->replaced += there != 0;
  m->merged->added += there == 0;
  return GB_OK;
}

gb_status gb_store_merge(gb_store *into, gb_store *from, gb_merged *merged, gb_error *error) {
  merging m = {.into = into, .merged = merged};
  gb_arena *arena = gb_arena_new(NULL);
  if (!arena)
    return gb_fail_memory(error);
  gb_status status = gb_store_begin(into, error);
  if (status == GB_OK)
    status = copy_runs(&m, from, arena, error);
  if (status == GB_OK)
    status = gb_store_cells(from, copy_cell, &m, error);
  if (status == GB_OK)
    status = gb_store_commit(into, error);
  else
    gb_store_undo(into);
  gb_arena_free(arena);
  if (status != GB_OK && error->status == GB_EINPUT && strstr(error->message, from->path) == NULL)
    gb_error_prefix(error, "%s: ", from->path);
  return status;
}

// ---------------------------------------------------------------------------------------------

// Adds a line for every row of a check, unless it is the one that says that all is well.
static gb_status add_findings(gb_store *store, gb_sql sql, const char *what, gb_text *faults,
                              gb_error *error) {
  sqlite3_stmt *statement = gb_bound(store, sql, error, "");
  if (!statement)
    return error->status;
  for (bool more;;) {
    GB_TRY(gb_next(store, statement, &more, error));
    if (!more)
      return GB_OK;
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    if (text && strcmp(text, "ok") == 0)
      continue;
    gb_text_print(faults, "%s: %s\n", what, text ? text : "");
  }
}

typedef struct checking {
  size_t *cells;
  gb_text *faults;
} checking;

static gb_status check_cell(void *context, const gb_stored_cell *cell, gb_error *error) {
  checking *c = context;
  char digest[GB_DIGEST_TEXT];
  (*c->cells)++;
  gb_digest(cell->key_text, strlen(cell->key_text), digest);
  if (strcmp(digest, cell->key) != 0)
    gb_text_print(c->faults, "%s: %s (%s): the key is not the digest of its text\n",
                  cell->experiment, cell->label, cell->kind);
  GB_TRY(gb_content_digest(cell, digest, error));
  if (strcmp(digest, cell->digest) != 0)
    gb_text_print(c->faults, "%s: %s (%s): the content was changed behind its digest\n",
                  cell->experiment, cell->label, cell->kind);
  return GB_OK;
}

gb_status gb_store_check(gb_store *store, size_t *cells, gb_text *faults, gb_error *error) {
  checking c = {cells, faults};
  *cells = 0;
  GB_TRY(add_findings(store, GB_SQL_INTEGRITY, "integrity", faults, error));
  GB_TRY(add_findings(store, GB_SQL_FOREIGN_KEYS, "foreign keys: a row without its owner in table",
                      faults, error));
  return gb_store_cells(store, check_cell, &c, error);
}
