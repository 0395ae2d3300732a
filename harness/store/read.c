// Cells and runs out of the store, as plain structs in the caller's arena.
#include "harness/store/internal.h"

#include <string.h>

// Reads all rows of a statement into an array that grows in the arena: `take` fills one element.
typedef bool (*take_row)(sqlite3_stmt *row, gb_arena *arena, void *element);

static gb_status read_rows(gb_store *store, sqlite3_stmt *statement, gb_arena *arena, size_t size,
                           take_row take, void **array, size_t *count, gb_error *error) {
  size_t room = 0;
  char *list = NULL;
  *array = NULL;
  *count = 0;
  if (!statement)
    return error->status;
  for (bool more;;) {
    GB_TRY(gb_next(store, statement, &more, error));
    if (!more)
      break;
    list = gb_arena_grow(arena, list, *count, &room, size);
    if (!list || !take(statement, arena, list + *count * size)) {
      gb_done(statement);
      return gb_fail_memory(error);
    }
    *array = list;
    (*count)++;
  }
  return GB_OK;
}

static bool take_fact(sqlite3_stmt *row, gb_arena *arena, void *element) {
  gb_stored_fact *fact = element;
  *fact = (gb_stored_fact){gb_text_at(row, 0, arena), gb_text_at(row, 1, arena)};
  return fact->name && fact->value;
}

static bool take_count(sqlite3_stmt *row, gb_arena *arena, void *element) {
  gb_stored_count *count = element;
  *count = (gb_stored_count){gb_text_at(row, 0, arena), sqlite3_column_int64(row, 1)};
  return count->name;
}

static bool take_part(sqlite3_stmt *row, gb_arena *arena, void *element) {
  gb_stored_part *part = element;
  *part = (gb_stored_part){gb_text_at(row, 0, arena), sqlite3_column_int64(row, 1),
                           sqlite3_column_int64(row, 2)};
  return part->kind;
}

static bool take_structure(sqlite3_stmt *row, gb_arena *arena, void *element) {
  gb_stored_row *r = element;
  *r = (gb_stored_row){.input = gb_text_at(row, 0, arena),
                       .operator_ = gb_text_at(row, 1, arena),
                       .kernel = gb_integer_at(row, 2),
                       .expand = gb_integer_at(row, 3),
                       .out = gb_integer_at(row, 4),
                       .se = gb_integer_at(row, 5),
                       .stride = gb_integer_at(row, 6)};
  return r->input && r->operator_;
}

static bool take_sample(sqlite3_stmt *row, gb_arena *arena, void *element) {
  (void)arena;
  *(gb_stored_sample *)element = (gb_stored_sample){gb_real_at(row, 0), gb_real_at(row, 1)};
  return true;
}

static bool take_figure(sqlite3_stmt *row, gb_arena *arena, void *element) {
  gb_stored_figure *figure = element;
  *figure = (gb_stored_figure){gb_text_at(row, 0, arena), gb_real_at(row, 1)};
  return figure->name;
}

static bool take_counter(sqlite3_stmt *row, gb_arena *arena, void *element) {
  gb_stored_counter *c = element;
  *c = (gb_stored_counter){.step = gb_integer_at(row, 0),
                           .layer = gb_text_at(row, 1, arena),
                           .event = gb_text_at(row, 2, arena),
                           .unit = gb_text_at(row, 3, arena),
                           .source = gb_text_at(row, 4, arena),
                           .value = gb_real_at(row, 5),
                           .share = gb_real_at(row, 6),
                           .reason = gb_text_at(row, 7, arena)};
  return c->layer && c->event && c->unit && c->source && c->reason;
}

static bool take_reason(sqlite3_stmt *row, gb_arena *arena, void *element) {
  gb_stored_reason *reason = element;
  *reason = (gb_stored_reason){gb_text_at(row, 0, arena), gb_text_at(row, 1, arena),
                               gb_text_at(row, 2, arena)};
  return reason->code && reason->text && reason->remedy;
}

// Arrays of a cell: which statement, its second parameter, where they go.
#define READ(sql, letters, take, type, array, count, ...)                                          \
  do {                                                                                             \
    void *list;                                                                                    \
    GB_TRY(read_rows(store, gb_bound(store, sql, error, letters, __VA_ARGS__), arena,              \
                     sizeof(type), take, &list, &(count), error));                                 \
    (array) = list;                                                                                \
  } while (0)

static gb_status read_arrays(gb_store *store, int64_t id, gb_arena *arena, gb_stored_cell *c,
                             gb_error *error) {
  READ(GB_SQL_GET_FACTS, "it", take_fact, gb_stored_fact, c->settings, c->setting_count, id,
       "setting");
  READ(GB_SQL_GET_FACTS, "it", take_fact, gb_stored_fact, c->protocol, c->protocol_count, id,
       "protocol");
  READ(GB_SQL_GET_COUNTS, "i", take_count, gb_stored_count, c->counts, c->count_count, id);
  READ(GB_SQL_GET_PARTS, "i", take_part, gb_stored_part, c->parts, c->part_count, id);
  READ(GB_SQL_GET_ROWS, "i", take_structure, gb_stored_row, c->rows, c->row_count, id);
  READ(GB_SQL_GET_SAMPLES, "ii", take_sample, gb_stored_sample, c->samples, c->sample_count, id,
       (int64_t)0);
  READ(GB_SQL_GET_SAMPLES, "ii", take_sample, gb_stored_sample, c->anchors, c->anchor_count, id,
       (int64_t)1);
  READ(GB_SQL_GET_FIGURES, "i", take_figure, gb_stored_figure, c->figures, c->figure_count, id);
  READ(GB_SQL_GET_COUNTERS, "i", take_counter, gb_stored_counter, c->counters, c->counter_count,
       id);
  READ(GB_SQL_GET_REASONS, "i", take_reason, gb_stored_reason, c->reasons, c->reason_count, id);
  return GB_OK;
}

gb_status gb_read_cell(gb_store *store, sqlite3_stmt *row, gb_arena *arena, gb_stored_cell **cell,
                       gb_error *error) {
  gb_stored_cell *c = gb_arena_allocate(arena, 1, sizeof *c);
  if (!c)
    return gb_fail_memory(error);
  int64_t id = gb_integer_at(row, 0);
  const struct {
    const char **text;
    int column;
    bool may_lack;
  } texts[] = {
      {&c->key, 1, false},      {&c->key_text, 2, false},      {&c->subject, 3, false},
      {&c->kind, 4, false},     {&c->experiment, 5, false},    {&c->experiment_title, 6, false},
      {&c->question, 7, false}, {&c->label, 9, false},         {&c->series, 10, false},
      {&c->row, 11, false},     {&c->architecture, 12, false}, {&c->title, 13, false},
      {&c->error, 14, true},    {&c->verdict, 15, true},       {&c->plan, 16, true},
      {&c->baseline, 17, true}, {&c->digest, 21, false},
  };
  bool failed = false;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    *texts[i].text = texts[i].may_lack ? gb_text_or_null(row, texts[i].column, arena, &failed)
                                       : gb_text_at(row, texts[i].column, arena);
    failed |= !texts[i].may_lack && !*texts[i].text;
  }
  c->ordinal = gb_integer_at(row, 8);
  c->run = gb_integer_at(row, 18);
  c->started = gb_real_at(row, 19);
  c->seconds = gb_real_at(row, 20);
  if (failed)
    return gb_fail_memory(error);
  *cell = c;
  return read_arrays(store, id, arena, c, error);
}

static gb_status read_one(gb_store *store, sqlite3_stmt *statement, gb_arena *arena,
                          gb_stored_cell **cell, gb_error *error) {
  bool more = false;
  *cell = NULL;
  if (!statement)
    return error->status;
  GB_TRY(gb_next(store, statement, &more, error));
  if (!more)
    return GB_OK;
  gb_status status = gb_read_cell(store, statement, arena, cell, error);
  gb_done(statement);
  if (status != GB_OK)
    *cell = NULL;
  return status;
}

gb_status gb_store_get(gb_store *store, const char *key, gb_arena *arena, gb_stored_cell **cell,
                       gb_error *error) {
  return read_one(store, gb_bound(store, GB_SQL_GET_CELL, error, "t", key), arena, cell, error);
}

gb_status gb_store_latest(gb_store *store, const char *subject, const char *kind, gb_arena *arena,
                          gb_stored_cell **cell, gb_error *error) {
  return read_one(store, gb_bound(store, GB_SQL_LATEST_CELL, error, "tt", subject, kind), arena,
                  cell, error);
}

gb_status gb_store_cells(gb_store *store, gb_store_each_cell each, void *context, gb_error *error) {
  sqlite3_stmt *statement = gb_bound(store, GB_SQL_ALL_CELLS, error, "");
  if (!statement)
    return error->status;
  gb_status status = GB_OK;
  bool more = true;
  while (status == GB_OK && more) {
    status = gb_next(store, statement, &more, error);
    gb_arena *arena = status == GB_OK && more ? gb_arena_new(NULL) : NULL;
    gb_stored_cell *cell;
    if (status == GB_OK && more)
      status = arena ? gb_read_cell(store, statement, arena, &cell, error) : gb_fail_memory(error);
    if (status == GB_OK && more)
      status = each(context, cell, error);
    gb_arena_free(arena);
  }
  gb_done(statement);
  return status;
}

static bool take_run(sqlite3_stmt *row, gb_arena *arena, void *element) {
  gb_stored_run *r = element;
  *r = (gb_stored_run){.id = gb_integer_at(row, 0),
                       .uid = gb_text_at(row, 1, arena),
                       .command = gb_text_at(row, 2, arena),
                       .version = gb_text_at(row, 3, arena),
                       .started = gb_real_at(row, 4),
                       .ended = gb_real_at(row, 5),
                       .exit_code = gb_integer_at(row, 6),
                       .environment_digest = gb_text_at(row, 7, arena),
                       // Until the facts are read: the environment's own id.
                       .environment_count = (size_t)gb_integer_at(row, 8)};
  return r->uid && r->command && r->version && r->environment_digest;
}

gb_status gb_store_runs(gb_store *store, gb_arena *arena, gb_stored_run **runs, size_t *count,
                        gb_error *error) {
  void *all;
  GB_TRY(read_rows(store, gb_bound(store, GB_SQL_ALL_RUNS, error, ""), arena, sizeof **runs,
                   take_run, &all, count, error));
  *runs = all;
  for (size_t i = 0; i < *count; i++) {
    gb_stored_run *r = &(*runs)[i];
    int64_t environment = (int64_t)r->environment_count;
    READ(GB_SQL_GET_ENVIRONMENT_FACTS, "i", take_fact, gb_stored_fact, r->environment,
         r->environment_count, environment);
  }
  return GB_OK;
}
