// Runs and cells into the store: a cell with all its arrays in one transaction.
#define _POSIX_C_SOURCE 200809L
#include "harness/store/internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

gb_status gb_store_begin(gb_store *store, gb_error *error) {
  if (store->batch)
    return GB_OK;
  GB_TRY(gb_execute(store, GB_SQL_BEGIN, error, ""));
  store->batch = true;
  return GB_OK;
}

gb_status gb_store_commit(gb_store *store, gb_error *error) {
  if (!store->batch)
    return GB_OK;
  gb_status status = gb_execute(store, GB_SQL_COMMIT, error, "");
  if (status != GB_OK)
    gb_store_undo(store);
  store->batch = false;
  return status;
}

void gb_store_undo(gb_store *store) {
  if (!sqlite3_get_autocommit(store->db))
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  store->batch = false;
}

// The id that a statement finds; the row is known to be there.
static gb_status find(gb_store *store, sqlite3_stmt *statement, int64_t *id, gb_error *error) {
  bool more = false;
  if (!statement)
    return error->status;
  GB_TRY(gb_next(store, statement, &more, error));
  if (!more)
    return gb_fail(error, GB_EINTERNAL, "%s: a row that was written is not there", store->path);
  *id = gb_integer_at(statement, 0);
  gb_done(statement);
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Runs

// Time, process, machine and some random bytes of SQLite's: unlike any other.
static void make_uid(char uid[GB_DIGEST_TEXT]) {
  char text[256], host[128] = "";
  uint64_t noise[2];
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  gethostname(host, sizeof host - 1);
  sqlite3_randomness(sizeof noise, noise);
  int length =
      snprintf(text, sizeof text, "%lld.%09ld %ld %s %" PRIx64 "%" PRIx64, (long long)now.tv_sec,
               now.tv_nsec, (long)getpid(), host, noise[0], noise[1]);
  gb_digest(text, (size_t)length, uid);
  uid[32] = '\0';
}

static gb_status write_environment(gb_store *store, const gb_stored_run *run, int64_t *id,
                                   gb_error *error) {
  char digest[GB_DIGEST_TEXT];
  GB_TRY(gb_facts_digest(run->environment, run->environment_count, digest, error));
  GB_TRY(gb_execute(store, GB_SQL_ADD_ENVIRONMENT, error, "t", digest));
  bool added = sqlite3_changes(store->db) > 0;
  GB_TRY(find(store, gb_bound(store, GB_SQL_FIND_ENVIRONMENT, error, "t", digest), id, error));
  for (size_t i = 0; added && i < run->environment_count; i++)
    GB_TRY(gb_execute(store, GB_SQL_ADD_ENVIRONMENT_FACT, error, "iitt", *id, (int64_t)i,
                      run->environment[i].name, run->environment[i].value));
  return GB_OK;
}

gb_status gb_write_run(gb_store *store, const gb_stored_run *run, int64_t *id, gb_error *error) {
  int64_t environment;
  GB_TRY(write_environment(store, run, &environment, error));
  GB_TRY(gb_execute(store, GB_SQL_ADD_RUN, error, "tttddni", run->uid, run->command, run->version,
                    run->started, run->ended, run->exit_code, environment));
  return find(store, gb_bound(store, GB_SQL_FIND_RUN, error, "t", run->uid), id, error);
}

gb_status gb_store_run_start(gb_store *store, const gb_stored_run *run, int64_t *id,
                             gb_error *error) {
  char uid[GB_DIGEST_TEXT];
  gb_stored_run named = *run;
  if (!run->uid) {
    make_uid(uid);
    named.uid = uid;
  }
  named.ended = (double)NAN;
  named.exit_code = -1;
  bool batch = store->batch;
  GB_TRY(gb_store_begin(store, error));
  gb_status status = gb_write_run(store, &named, id, error);
  if (status != GB_OK)
    gb_store_undo(store);
  return status == GB_OK && !batch ? gb_store_commit(store, error) : status;
}

gb_status gb_store_run_end(gb_store *store, int64_t id, double ended, int exit_code,
                           gb_error *error) {
  return gb_execute(store, GB_SQL_END_RUN, error, "dii", ended, (int64_t)exit_code, id);
}

// ---------------------------------------------------------------------------------------------
// Cells

static gb_status write_facts(gb_store *store, int64_t id, const char *role,
                             const gb_stored_fact *facts, size_t count, gb_error *error) {
  for (size_t i = 0; i < count; i++)
    GB_TRY(gb_execute(store, GB_SQL_ADD_FACT, error, "ititt", id, role, (int64_t)i, facts[i].name,
                      facts[i].value));
  return GB_OK;
}

static gb_status write_samples(gb_store *store, int64_t id, int64_t anchor,
                               const gb_stored_sample *samples, size_t count, gb_error *error) {
  for (size_t i = 0; i < count; i++)
    GB_TRY(gb_execute(store, GB_SQL_ADD_SAMPLE, error, "iiidd", id, anchor, (int64_t)i,
                      samples[i].seconds, samples[i].start));
  return GB_OK;
}

static gb_status write_counts(gb_store *store, int64_t id, const gb_stored_cell *c,
                              gb_error *error) {
  for (size_t i = 0; i < c->count_count; i++)
    GB_TRY(gb_execute(store, GB_SQL_ADD_COUNT, error, "iiti", id, (int64_t)i, c->counts[i].name,
                      c->counts[i].value));
  for (size_t i = 0; i < c->part_count; i++)
    GB_TRY(gb_execute(store, GB_SQL_ADD_PART, error, "iitii", id, (int64_t)i, c->parts[i].kind,
                      c->parts[i].macs, c->parts[i].params));
  for (size_t i = 0; i < c->row_count; i++) {
    const gb_stored_row *r = &c->rows[i];
    GB_TRY(gb_execute(store, GB_SQL_ADD_ROW, error, "iittnnnnn", id, (int64_t)i, r->input,
                      r->operator_, r->kernel, r->expand, r->out, r->se, r->stride));
  }
  return GB_OK;
}

static gb_status write_measured(gb_store *store, int64_t id, const gb_stored_cell *c,
                                gb_error *error) {
  GB_TRY(write_samples(store, id, 0, c->samples, c->sample_count, error));
  GB_TRY(write_samples(store, id, 1, c->anchors, c->anchor_count, error));
  for (size_t i = 0; i < c->figure_count; i++)
    GB_TRY(gb_execute(store, GB_SQL_ADD_FIGURE, error, "iitd", id, (int64_t)i, c->figures[i].name,
                      c->figures[i].value));
  for (size_t i = 0; i < c->counter_count; i++) {
    const gb_stored_counter *k = &c->counters[i];
    GB_TRY(gb_execute(store, GB_SQL_ADD_COUNTER, error, "iinttttddt", id, (int64_t)i, k->step,
                      k->layer, k->event, k->unit, k->source, k->value, k->share, k->reason));
  }
  for (size_t i = 0; i < c->reason_count; i++)
    GB_TRY(gb_execute(store, GB_SQL_ADD_REASON, error, "iittt", id, (int64_t)i, c->reasons[i].code,
                      c->reasons[i].text, c->reasons[i].remedy));
  return GB_OK;
}

static gb_status write_experiment(gb_store *store, const gb_stored_cell *c, int64_t *id,
                                  gb_error *error) {
  GB_TRY(gb_execute(store, GB_SQL_ADD_EXPERIMENT, error, "ttt", c->experiment, c->experiment_title,
                    c->question));
  return find(store,
              gb_bound(store, GB_SQL_FIND_EXPERIMENT, error, "ttt", c->experiment,
                       c->experiment_title, c->question),
              id, error);
}

static gb_status write_plan(gb_store *store, const char *plan, int64_t *id, gb_error *error) {
  *id = -1;
  if (!plan || !*plan)
    return GB_OK;
  char digest[GB_DIGEST_TEXT];
  gb_digest(plan, strlen(plan), digest);
  GB_TRY(gb_execute(store, GB_SQL_ADD_PLAN, error, "tt", digest, plan));
  return find(store, gb_bound(store, GB_SQL_FIND_PLAN, error, "t", digest), id, error);
}

gb_status gb_write_cell(gb_store *store, const gb_stored_cell *c, int64_t run, const char *digest,
                        gb_error *error) {
  int64_t experiment, plan;
  GB_TRY(write_experiment(store, c, &experiment, error));
  GB_TRY(write_plan(store, c->plan, &plan, error));
  GB_TRY(gb_execute(store, GB_SQL_ADD_CELL, error, "ttttiitttttoonoiddt", c->key, c->key_text,
                    c->subject, c->kind, experiment, c->ordinal, c->label, c->series, c->row,
                    c->architecture, c->title, c->error, c->verdict, plan, c->baseline, run,
                    c->started, c->seconds, digest));
  int64_t id = sqlite3_last_insert_rowid(store->db);
  GB_TRY(write_facts(store, id, "setting", c->settings, c->setting_count, error));
  GB_TRY(write_facts(store, id, "protocol", c->protocol, c->protocol_count, error));
  GB_TRY(write_counts(store, id, c, error));
  return write_measured(store, id, c, error);
}

gb_status gb_store_has(gb_store *store, const char *key, int *there, gb_error *error) {
  bool more = false;
  sqlite3_stmt *statement = gb_bound(store, GB_SQL_STATE, error, "t", key);
  if (!statement)
    return error->status;
  GB_TRY(gb_next(store, statement, &more, error));
  *there = !more ? 0 : gb_integer_at(statement, 0) ? 1 : -1;
  gb_done(statement);
  return GB_OK;
}

static gb_status put(gb_store *store, const gb_stored_cell *cell, const char *digest,
                     gb_error *error) {
  int there = 0;
  GB_TRY(gb_store_has(store, cell->key, &there, error));
  if (there > 0 && cell->error && *cell->error)
    return GB_OK; // what was finished stays
  if (there)
    GB_TRY(gb_execute(store, GB_SQL_DELETE_CELL, error, "t", cell->key));
  GB_TRY(gb_execute(store, GB_SQL_DELETE_FAILED, error, "tt", cell->subject, cell->kind));
  return gb_write_cell(store, cell, cell->run, digest, error);
}

gb_status gb_store_put(gb_store *store, const gb_stored_cell *cell, gb_error *error) {
  gb_error none;
  error = error ? error : &none;
  char digest[GB_DIGEST_TEXT];
  gb_digest(cell->key_text, strlen(cell->key_text), digest);
  if (strcmp(digest, cell->key) != 0)
    return gb_fail(error, GB_EINPUT, "%s: the key of '%s' is not the digest of its text",
                   store->path, cell->label);
  GB_TRY(gb_content_digest(cell, digest, error));
  bool batch = store->batch;
  GB_TRY(gb_store_begin(store, error));
  gb_status status = put(store, cell, digest, error);
  if (status != GB_OK) {
    gb_store_undo(store);
    return status;
  }
  return batch ? GB_OK : gb_store_commit(store, error);
}
