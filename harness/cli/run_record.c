// What a run keeps of an experiment for `ghostbench report`: record.json beside tables and plots.
#include "harness/cli/run_store.h"
#include "harness/report/record.h"
#include "layers/base/file.h"

#include <string.h>
#include <time.h>

double gb_wall_seconds(void) {
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// A word as a shell reads it back.
static void add_word(gb_text *out, const char *word) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "-_./=,:+@%";
  if (*word && strspn(word, plain) == strlen(word)) {
    gb_text_add(out, word);
    return;
  }
  gb_text_add(out, "'");
  for (; *word; word++)
    gb_text_add_n(out, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
  gb_text_add(out, "'");
}

const char *gb_command_line(gb_arena *arena, int argc, char **argv) {
  gb_text out = {0};
  gb_text_add(&out, "ghostbench");
  for (int i = 0; i < argc; i++) {
    gb_text_add(&out, " ");
    add_word(&out, argv[i]);
  }
  const char *line = out.failed ? NULL : gb_arena_copy(arena, gb_text_get(&out));
  gb_text_free(&out);
  return line;
}

enum { MOST_FACTS = 64 };

typedef struct facts {
  gb_arena *arena;
  gb_record_pair list[MOST_FACTS];
  size_t count;
  bool failed;
} facts;

// Unknown facts are left out, and those that change from run to run on one machine.
static void add_fact(void *context, const gb_environment_fact *fact) {
  facts *f = context;
  if (!fact->shown || fact->changes || f->count == MOST_FACTS)
    return;
  const char *text = gb_arena_copy(f->arena, fact->shown);
  f->failed = f->failed || !text;
  f->list[f->count++] = (gb_record_pair){fact->title, text};
}

static void find_counts(const gb_comparison *comparison, const gb_results *results,
                        gb_record *record) {
  for (int v = 0; v < GB_VERDICT_COUNT; v++)
    record->counts[v] = (int64_t)gb_comparison_count(comparison, (gb_verdict)v);
  record->models = (int64_t)results->count;
}

// Those whose picture is there.
static gb_status find_plots(const gb_results *results, const char *folder, gb_arena *arena,
                            gb_record *record, gb_error *error) {
  const gb_experiment *e = results->experiment;
  gb_record_plot *plots = gb_arena_allocate(arena, e->plot_count + 1, sizeof *plots);
  if (!plots)
    return gb_fail_memory(error);
  for (size_t i = 0; i < e->plot_count; i++) {
    const char *name = gb_arena_print(arena, "%s-%s", e->name, e->plots[i].name);
    const char *path = gb_arena_print(arena, "%s/%s-%s.svg", folder, e->name, e->plots[i].name);
    if (!name || !path)
      return gb_fail_memory(error);
    if (gb_file_exists(path))
      plots[record->plot_count++] = (gb_record_plot){name, e->plots[i].title, e->plots[i].caption};
  }
  record->plots = plots;
  return GB_OK;
}

static gb_status find_failed(const gb_results *results, gb_arena *arena, gb_record *record,
                             gb_error *error) {
  gb_record_pair *failed = gb_arena_allocate(arena, results->failed + 1, sizeof *failed);
  if (!failed)
    return gb_fail_memory(error);
  for (size_t i = 0; i < results->count && record->failed_count < results->failed; i++)
    if (results->list[i].error)
      failed[record->failed_count++] =
          (gb_record_pair){results->list[i].label, results->list[i].error};
  record->failed = failed;
  return GB_OK;
}

// Where the store has what was measured.
static gb_status find_cells(const gb_results *results, gb_arena *arena, gb_record *record,
                            gb_error *error) {
  gb_record_pair *cells =
      gb_arena_allocate(arena, results->count * GB_WANT_COUNT + 1, sizeof *cells);
  if (!cells)
    return gb_fail_memory(error);
  for (size_t i = 0; i < results->count; i++)
    for (int w = 0; w < GB_WANT_COUNT && !results->list[i].error; w++)
      if (results->list[i].keys[w])
        cells[record->cell_count++] = (gb_record_pair){gb_want_names[w], results->list[i].keys[w]};
  record->cells = cells;
  return GB_OK;
}

gb_status gb_run_record(const gb_run *run, const gb_results *results,
                        const gb_comparison *comparison, const gb_table *const *tables,
                        size_t table_count, const char *stale, const char *folder,
                        gb_error *error) {
  const gb_experiment *e = results->experiment;
  gb_arena *arena = gb_arena_new(NULL);
  facts *f = arena ? gb_arena_allocate(arena, 1, sizeof *f) : NULL;
  if (!f) {
    gb_arena_free(arena);
    return gb_fail_memory(error);
  }
  f->arena = arena;
  gb_environment_each(&run->store->environment, add_fact, f);
  gb_text summary = {0};
  gb_comparison_summary(comparison, &summary);
  gb_record record = {.name = e->name,
                      .title = *e->title ? e->title : e->name,
                      .question = e->question,
                      .convention = gb_convention_names[results->convention],
                      .published = e->published,
                      .command = run->command_line,
                      .version = GB_VERSION ", " GB_COMPILER,
                      .started = results->started,
                      .seconds = gb_wall_seconds() - results->started,
                      .summary = gb_text_get(&summary),
                      .stale = stale,
                      .environment = f->list,
                      .environment_count = f->count,
                      .tables = tables,
                      .table_count = table_count};
  find_counts(comparison, results, &record);
  gb_status status = summary.failed || f->failed
                         ? gb_fail_memory(error)
                         : find_plots(results, folder, arena, &record, error);
  if (status == GB_OK)
    status = find_failed(results, arena, &record, error);
  if (status == GB_OK)
    status = find_cells(results, arena, &record, error);
  if (status == GB_OK)
    status = gb_record_save(&record, folder, error);
  gb_text_free(&summary);
  gb_arena_free(arena);
  return status;
}
