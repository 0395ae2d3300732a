// ghostbench compare: what two stores have in common, faster, slower, or not to be told.
#include "harness/cli/stores.h"
#include "harness/report/table.h"
#include "harness/stats/difference.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const gb_option options[] = {
    {"json", 0, NULL, "the table as JSON"},
    GB_OPTION_HELP,
    {0},
};

// A cell of the new store beside the old one's.
typedef struct pair {
  char *name; // "experiment: label"
  double old_seconds, new_seconds;
  gb_ratio ratio;
  double corrected;
} pair;

typedef struct comparing {
  gb_store *old_store;
  pair *pairs; // measured in both
  size_t count, room;
  size_t counted, changed, only_new, slower, faster;
  gb_text changes; // counts that differ
} comparing;

static gb_status add_times(comparing *c, const gb_stored_cell *was, const gb_stored_cell *now,
                           gb_arena *arena, gb_error *error) {
  double *before, *behind;
  if (c->count == c->room) {
    size_t room = c->room ? 2 * c->room : 64;
    pair *grown = realloc(c->pairs, room * sizeof *grown);
    if (!grown)
      return gb_fail_memory(error);
    c->pairs = grown;
    c->room = room;
  }
  GB_TRY(gb_stored_seconds(was->samples, was->sample_count, arena, &before, error));
  GB_TRY(gb_stored_seconds(now->samples, now->sample_count, arena, &behind, error));
  pair *p = &c->pairs[c->count];
  *p = (pair){.old_seconds = gb_stored_figure_of(was, "median_s"),
              .new_seconds = gb_stored_figure_of(now, "median_s"),
              .corrected = (double)NAN};
  GB_TRY(gb_ratio_of(behind, now->sample_count, before, was->sample_count, false,
                     &(gb_resampling){.seed = 1}, &p->ratio, error));
  size_t length = strlen(now->experiment) + strlen(now->label) + 3;
  if (!(p->name = malloc(length)))
    return gb_fail_memory(error);
  snprintf(p->name, length, "%s: %s", now->experiment, now->label);
  c->count++;
  return GB_OK;
}

static void add_counts(comparing *c, const gb_stored_cell *was, const gb_stored_cell *now) {
  bool differs = false;
  c->counted++;
  for (size_t i = 0; i < now->count_count; i++) {
    int64_t old_value;
    const gb_stored_count *count = &now->counts[i];
    if (!gb_stored_count_of(was, count->name, &old_value) || old_value == count->value)
      continue;
    gb_text_print(&c->changes, "%s: %s: %s was %" PRId64 ", is %" PRId64 "\n", now->experiment,
                  now->label, count->name, old_value, count->value);
    differs = true;
  }
  c->changed += differs;
}

static gb_status visit(void *context, const gb_stored_cell *now, gb_error *error) {
  comparing *c = context;
  if (now->error)
    return GB_OK;
  gb_arena *arena = gb_arena_new(NULL);
  if (!arena)
    return gb_fail_memory(error);
  gb_stored_cell *was = NULL;
  gb_status status = gb_store_latest(c->old_store, now->subject, now->kind, arena, &was, error);
  if (status == GB_OK && !was)
    c->only_new++;
  else if (status == GB_OK && strcmp(now->kind, "count") == 0)
    add_counts(c, was, now);
  else if (status == GB_OK && strcmp(now->kind, "latency") == 0 && was->sample_count &&
           now->sample_count)
    status = add_times(c, was, now, arena, error);
  gb_arena_free(arena);
  return status;
}

// ---------------------------------------------------------------------------------------------
// What differs beside the figures

static gb_status last_environment(gb_store *store, gb_arena *arena, const gb_stored_run **run,
                                  gb_error *error) {
  gb_stored_run *runs;
  size_t count;
  GB_TRY(gb_store_runs(store, arena, &runs, &count, error));
  *run = count ? &runs[count - 1] : NULL;
  return GB_OK;
}

static gb_status environments(comparing *c, gb_store *now, gb_text *note, gb_error *error) {
  static const char *const matter[] = {"cpu",      "vectors", "processors_allowed", "kernel",
                                       "compiler", "flags",   "frequency_policy",   "build_id",
                                       "git"};
  const gb_stored_run *a, *b;
  gb_arena *arena = gb_arena_new(NULL);
  if (!arena)
    return gb_fail_memory(error);
  gb_status status = last_environment(c->old_store, arena, &a, error);
  if (status == GB_OK)
    status = last_environment(now, arena, &b, error);
  for (size_t i = 0; status == GB_OK && a && b && i < sizeof matter / sizeof *matter; i++) {
    const char *x = gb_stored_fact_of(a->environment, a->environment_count, matter[i]);
    const char *y = gb_stored_fact_of(b->environment, b->environment_count, matter[i]);
    if (strcmp(x, y) != 0)
      gb_text_print(note, "%s%s was %s, is %s",
                    note->length ? "; " : "Recorded differences: ", matter[i], *x ? x : "unknown",
                    *y ? y : "unknown");
  }
  if (note->length)
    gb_text_add(note, ".");
  gb_arena_free(arena);
  return status;
}

// ---------------------------------------------------------------------------------------------

static void fill(comparing *c, gb_table *table) {
  static const gb_column columns[] = {{"cell", "Cell", NULL, GB_ALIGN_LEFT, false},
                                      {"old_ms", "Old", "ms", GB_ALIGN_RIGHT, false},
                                      {"new_ms", "New", "ms", GB_ALIGN_RIGHT, false},
                                      {"ratio", "New / old", NULL, GB_ALIGN_RIGHT, false},
                                      {"ratio_low", "95 % from", NULL, GB_ALIGN_RIGHT, false},
                                      {"ratio_high", "to", NULL, GB_ALIGN_RIGHT, false},
                                      {"p", "p (Holm)", NULL, GB_ALIGN_RIGHT, false},
                                      {"word", "It is", NULL, GB_ALIGN_LEFT, false}};
  static const gb_mark marks[] = {GB_MARK_NONE, GB_MARK_GOOD, GB_MARK_BAD};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  for (size_t i = 0; i < c->count; i++) {
    const pair *p = &c->pairs[i];
    gb_direction word = gb_ratio_direction(&p->ratio, p->corrected, 0);
    c->slower += word == GB_SLOWER;
    c->faster += word == GB_FASTER;
    gb_table_row(table);
    gb_table_text(table, p->name);
    gb_table_real(table, 1e3 * p->old_seconds, 4);
    gb_table_real(table, 1e3 * p->new_seconds, 4);
    gb_table_real(table, p->ratio.interval.value, 3);
    gb_table_real(table, p->ratio.interval.low, 3);
    gb_table_real(table, p->ratio.interval.high, 3);
    gb_table_real(table, p->corrected, 4);
    gb_table_text(table, gb_direction_words[word]);
    gb_table_mark(table, marks[word]);
  }
}

static gb_status correct(comparing *c, gb_error *error) {
  double *p = gb_allocate(NULL, c->count + 1, sizeof *p);
  if (!p)
    return gb_fail_memory(error);
  for (size_t i = 0; i < c->count; i++)
    p[i] = c->pairs[i].ratio.p;
  gb_status status = c->count ? gb_holm(p, c->count, p, error) : GB_OK;
  for (size_t i = 0; i < c->count; i++)
    c->pairs[i].corrected = p[i];
  gb_release(NULL, p);
  return status;
}

static gb_status show(comparing *c, gb_store *now, bool json, gb_text *out, gb_error *error) {
  gb_table *table = gb_table_new("compare", "New beside old");
  gb_text note = {0};
  if (!table)
    return gb_fail_memory(error);
  gb_status status = correct(c, error);
  if (status == GB_OK) {
    fill(c, table);
    gb_text_print(&note,
                  "%zu times in both: %zu faster, %zu slower, %zu cannot tell. %zu counts in both, "
                  "%zu changed. %zu cells only in the new one.",
                  c->count, c->faster, c->slower, c->count - c->faster - c->slower, c->counted,
                  c->changed, c->only_new);
    gb_table_note(table, gb_text_get(&note));
    if (c->count)
      gb_table_note(table,
                    "The two were not measured side by side: what drifted between them is in "
                    "the ratios, and no interval knows of it.");
    note.length = 0;
    status = environments(c, now, &note, error);
    if (status == GB_OK && note.length)
      gb_table_note(table, gb_text_get(&note));
  }
  gb_text_style style = {.width = gb_terminal_width(), .colour = gb_want_colour()};
  if (status == GB_OK && c->count == 0 && !json) // nothing was timed: only the sentences
    for (size_t i = 0; i < table->note_count; i++)
      gb_text_print(out, "%s\n", table->notes[i]);
  else if (status == GB_OK)
    status = gb_table_write(table, json ? GB_FORMAT_JSON : GB_FORMAT_TEXT, &style, out, error);
  gb_text_free(&note);
  gb_table_free(table);
  return status;
}

static gb_status compare(comparing *c, const char *was, const char *is, bool json, gb_text *out,
                         gb_error *error) {
  gb_store *now = NULL;
  GB_TRY(gb_stores_open(was, GB_STORE_READ, &c->old_store, error));
  gb_status status = gb_stores_open(is, GB_STORE_READ, &now, error);
  if (status == GB_OK)
    status = gb_store_cells(now, visit, c, error);
  if (status == GB_OK)
    status = show(c, now, json, out, error);
  gb_store_close(now);
  gb_store_close(c->old_store);
  return status;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  bool json = false;
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    json = json || gb_option_is(o, "json");
  if (args.stop)
    return args.exit_code;
  if (argc - args.first_operand != 2)
    return gb_complain(self, "name the old store, then the new one");
  char **operands = argv + args.first_operand;
  comparing c = {0};
  gb_text out = {0};
  gb_error error = {0};
  int code = compare(&c, operands[0], operands[1], json, &out, &error) == GB_OK
                 ? gb_print_out(self, &out)
                 : gb_complain_error(self, &error);
  if (code == GB_EXIT_OK && c.changes.length)
    fputs(gb_text_get(&c.changes), stderr);
  if (code == GB_EXIT_OK && c.count + c.counted == 0)
    code = gb_complain(self, "the stores have no cell in common");
  else if (code == GB_EXIT_OK && (c.slower || c.changed))
    code = GB_EXIT_DIFFERS;
  for (size_t i = 0; i < c.count; i++)
    free(c.pairs[i].name);
  free(c.pairs);
  gb_text_free(&c.changes);
  gb_text_free(&out);
  return code;
}

const gb_command gb_command_compare = {
    .name = "compare",
    .operands = "OLD NEW",
    .summary = "Sets the cells that two stores (or results folders) have in common side by side: "
               "faster, slower, or cannot tell, with intervals and Holm's correction over the "
               "table; counts must be equal. Exits 1 where a time is slower or a count changed.",
    .options = options,
    .examples = "  ghostbench compare before after\n"
                "  ghostbench compare before/ghostbench.db results --json\n",
    .run = run,
};
