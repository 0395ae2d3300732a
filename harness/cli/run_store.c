// Cells of a run into the store and out of it: what was finished before is not computed again.
#define _POSIX_C_SOURCE 200809L
#include "harness/cli/run_store.h"

#include "harness/cli/build.h"
#include "harness/cli/identity.h"
#include "harness/measure/clock.h"
#include "layers/base/file.h"

#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// Counting takes about half a millisecond a network, a transaction some 20 ms of disk.
#define BATCH_SECONDS 0.1

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static gb_status open_store(gb_run *run, struct gb_run_store *s, gb_error *error) {
  const gb_store_options options = {.mode = GB_STORE_WRITE};
  const char *path = gb_arena_print(s->arena, "%s/ghostbench.db", run->output);
  if (!path)
    return gb_fail_memory(error);
  GB_TRY(gb_folder_make(run->output, error));
  GB_TRY(gb_build_id(s->arena, &s->program, error));
  GB_TRY(gb_machine_text(s->arena, &s->machine, error));
  // A limit on the size of files is told as an error of writing, not by the death of the process.
  signal(SIGXFSZ, SIG_IGN);
  GB_TRY(gb_store_open(path, &options, &s->store, error));
  gb_stored_run about = {.command = run->command_line, .version = GB_VERSION, .started = now()};
  gb_environment_capture(&s->environment);
  GB_TRY(gb_environment_facts(&s->environment, s->arena, &about.environment,
                              &about.environment_count, error));
  return gb_store_run_start(s->store, &about, &s->run, error);
}

gb_status gb_run_store_open(gb_run *run, gb_error *error) {
  if (run->store)
    return GB_OK;
  struct gb_run_store *s = gb_arena_allocate(run->arena, 1, sizeof *s);
  if (!s)
    return gb_fail_memory(error);
  s->arena = run->arena;
  gb_status status = open_store(run, s, error);
  if (status == GB_OK)
    run->store = s;
  else
    gb_store_close(s->store);
  return status;
}

void gb_run_store_close(gb_run *run) {
  struct gb_run_store *s = run->store;
  gb_error error = {0};
  if (!s)
    return;
  gb_status status = gb_store_commit(s->store, &error);
  if (status == GB_OK)
    status = gb_store_run_end(s->store, s->run, now(), run->exit_code, &error);
  if (status != GB_OK)
    run->exit_code = gb_complain_error(run->command, &error);
  gb_store_close(s->store);
  run->store = NULL;
}

gb_status gb_run_store_get(gb_run *run, const char *key, gb_arena *arena, gb_stored_cell **cell,
                           gb_error *error) {
  *cell = NULL;
  if (run->fresh)
    return GB_OK;
  GB_TRY(gb_store_get(run->store->store, key, arena, cell, error));
  if (*cell && (*cell)->error)
    *cell = NULL; // what failed is tried again
  return GB_OK;
}

static gb_status copy_settings(const gb_cell *cell, gb_arena *arena, gb_stored_cell *stored,
                               gb_error *error) {
  gb_stored_fact *facts = gb_arena_allocate(arena, cell->setting_count + 1, sizeof *facts);
  if (!facts)
    return gb_fail_memory(error);
  for (size_t i = 0; i < cell->setting_count; i++)
    facts[i] = (gb_stored_fact){cell->settings[i].name, cell->settings[i].value};
  stored->settings = facts;
  stored->setting_count = cell->setting_count;
  return GB_OK;
}

gb_status gb_run_store_flush(gb_run *run, gb_error *error) {
  return gb_store_commit(run->store->store, error);
}

gb_status gb_run_store_put(gb_run *run, const gb_cell_head *head, const gb_cell_identity *identity,
                           gb_stored_cell *c, bool counted, gb_error *error) {
  struct gb_run_store *s = run->store;
  const gb_experiment *e = head->experiment;
  gb_arena *arena = gb_arena_new(NULL);
  if (!arena)
    return gb_fail_memory(error);
  c->key = identity->key;
  c->key_text = identity->text;
  c->subject = identity->subject;
  c->experiment = e->name;
  c->experiment_title = e->title;
  c->question = e->question;
  c->label = head->label;
  c->series = head->cell->series;
  c->row = head->cell->row;
  c->architecture = head->cell->architecture;
  c->ordinal = (int64_t)head->ordinal;
  c->run = s->run;
  c->started = now() - (isfinite(c->seconds) ? c->seconds : 0);
  gb_status status = copy_settings(head->cell, arena, c, error);
  double began = gb_now();
  if (status == GB_OK && counted && s->batch_began <= 0) {
    status = gb_store_begin(s->store, error);
    s->batch_began = began;
  }
  if (status == GB_OK)
    status = gb_store_put(s->store, c, error);
  if (status == GB_OK && (!counted || began - s->batch_began > BATCH_SECONDS)) {
    status = gb_store_commit(s->store, error);
    s->batch_began = 0;
  }
  gb_arena_free(arena);
  return status;
}

// ---------------------------------------------------------------------------------------------
// Counts

enum { COUNTS = 7 };

typedef struct count_field {
  const char *name;
  size_t offset;
} count_field;

static const count_field count_fields[COUNTS] = {
    {"params", offsetof(gb_result, params)}, {"params_total", offsetof(gb_result, params_total)},
    {"macs", offsetof(gb_result, macs)},     {"macs_full", offsetof(gb_result, macs_full)},
    {"flops", offsetof(gb_result, flops)},   {"activations", offsetof(gb_result, activations)},
    {"bytes", offsetof(gb_result, bytes)},
};

gb_status gb_result_store(const gb_result *r, gb_arena *arena, gb_stored_cell *c, gb_error *error) {
  gb_stored_count *counts = gb_arena_allocate(arena, COUNTS, sizeof *counts);
  gb_stored_part *parts = gb_arena_allocate(arena, r->part_count + 1, sizeof *parts);
  gb_stored_row *rows = gb_arena_allocate(arena, r->row_count + 1, sizeof *rows);
  if (!counts || !parts || !rows)
    return gb_fail_memory(error);
  for (size_t i = 0; i < COUNTS; i++) {
    counts[i].name = count_fields[i].name;
    memcpy(&counts[i].value, (const char *)r + count_fields[i].offset, sizeof counts[i].value);
  }
  for (size_t i = 0; i < r->part_count; i++)
    parts[i] = (gb_stored_part){r->parts[i].kind, r->parts[i].macs, r->parts[i].params};
  for (size_t i = 0; i < r->row_count; i++) {
    const gb_structure_row *row = &r->rows[i];
    rows[i] = (gb_stored_row){row->input, row->operator_, row->kernel, row->expand,
                              row->out,   row->se,        row->stride};
  }
  c->title = r->title;
  c->counts = counts;
  c->count_count = COUNTS;
  c->parts = parts;
  c->part_count = r->part_count;
  c->rows = rows;
  c->row_count = r->row_count;
  return GB_OK;
}

gb_status gb_result_load(const gb_stored_cell *c, gb_arena *arena, gb_result *r, gb_error *error) {
  for (size_t i = 0; i < COUNTS; i++) {
    size_t at = 0;
    while (at < c->count_count && strcmp(c->counts[at].name, count_fields[i].name) != 0)
      at++;
    if (at == c->count_count)
      return gb_fail(error, GB_EINPUT, "the stored cell of '%s' lacks its count '%s'", c->label,
                     count_fields[i].name);
    memcpy((char *)r + count_fields[i].offset, &c->counts[at].value, sizeof c->counts[at].value);
  }
  r->parts = gb_arena_allocate(arena, c->part_count + 1, sizeof *r->parts);
  r->rows = gb_arena_allocate(arena, c->row_count + 1, sizeof *r->rows);
  if (!r->parts || !r->rows)
    return gb_fail_memory(error);
  for (size_t i = 0; i < c->part_count; i++)
    r->parts[i] = (gb_part){c->parts[i].kind, c->parts[i].macs, c->parts[i].params};
  for (size_t i = 0; i < c->row_count; i++) {
    const gb_stored_row *row = &c->rows[i];
    gb_structure_row *out = &r->rows[i];
    *out = (gb_structure_row){.kernel = row->kernel,
                              .expand = row->expand,
                              .out = row->out,
                              .se = row->se,
                              .stride = row->stride};
    snprintf(out->input, sizeof out->input, "%s", row->input);
    snprintf(out->operator_, sizeof out->operator_, "%s", row->operator_);
  }
  r->part_count = c->part_count;
  r->row_count = c->row_count;
  r->title = c->title;
  return GB_OK;
}
