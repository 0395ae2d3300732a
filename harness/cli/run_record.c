// What a run keeps of an experiment for `ghostbench report`: record.json beside tables and plots.
#include "harness/cli/run.h"
#include "harness/measure/machine.h"
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

enum { MOST_FACTS = 24 };

typedef struct facts {
  gb_arena *arena;
  gb_record_pair list[MOST_FACTS];
  size_t count;
} facts;

// Unknown facts are left out.
static void add_fact(facts *f, const char *name, const char *text) {
  if (text && *text && f->count < MOST_FACTS)
    f->list[f->count++] = (gb_record_pair){name, text};
}

static void add_bytes(facts *f, const char *name, int64_t bytes) {
  if (bytes <= 0)
    return;
  bool large = bytes >= INT64_C(1) << 30;
  add_fact(f, name,
           gb_arena_print(f->arena, large ? "%.1f GiB" : "%.0f KiB",
                          (double)bytes / (double)(large ? 1 << 30 : 1 << 10)));
}

static void find_facts(facts *f) {
  gb_machine *m = gb_arena_allocate(f->arena, 1, sizeof *m);
  if (!m)
    return;
  gb_machine_read(m);
  add_fact(f, "processor", m->cpu);
  add_fact(f, "instruction sets", m->vectors);
  add_fact(f, "processors",
           gb_arena_print(f->arena, "%d online, %d allowed", m->cores_online, m->cores_allowed));
  if (m->cgroup_cpus > 0)
    add_fact(f, "quota of the control group",
             gb_arena_print(f->arena, "%.2f processors", m->cgroup_cpus));
  add_bytes(f, "L1 data cache", m->l1d);
  add_bytes(f, "L2 cache", m->l2);
  add_bytes(f, "L3 cache", m->l3);
  add_bytes(f, "memory", m->memory);
  add_fact(f, "kernel", m->kernel);
  add_fact(f, "virtual machine", m->hypervisor);
  add_fact(f, "frequency policy", m->governor);
  add_fact(f, "ghostbench", GB_VERSION);
  add_fact(f, "compiler", GB_COMPILER);
  add_fact(f, "libxml2", gb_xml_version());
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
      plots[record->plot_count++] = (gb_record_plot){name, e->plots[i].title};
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
  find_facts(f);
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
  gb_status status =
      summary.failed ? gb_fail_memory(error) : find_plots(results, folder, arena, &record, error);
  if (status == GB_OK)
    status = find_failed(results, arena, &record, error);
  if (status == GB_OK)
    status = gb_record_save(&record, folder, error);
  gb_text_free(&summary);
  gb_arena_free(arena);
  return status;
}
