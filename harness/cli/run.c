// ghostbench run: computes the networks of experiments and compares them with published tables.
#include "harness/cli/run_store.h"

#include "harness/measure/counters.h"
#include "harness/report/escape.h"
#include "layers/base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const gb_option options[] = {
    {"output", 'o', "DIR", "folder for tables and plots, DIR/NAME/… (default: results)"},
    {"set", 's', "NAME=VALUE", "set a parameter of the models (repeatable)"},
    {"filter", 'f', "TEXT", "only models whose label or architecture contains TEXT, or matches it"},
    {"convention", 'c', "NAME", "how MACs are counted: paper, fvcore, full"},
    {"fresh", 0, NULL, "compute every cell anew, also those that are in the store"},
    {"shard", 0, "I/N", "only the I-th of N slices of the cells, into the store"},
    {"engine", 'e', "LIST", "what is timed: native, reference (default native)"},
    {"threads", 't', "LIST", "threads when it is timed, comma-separated (default 1)"},
    {"batch", 'b', "LIST", "images at once when it is timed, comma-separated (default 1)"},
    GB_OPTION_ISA,
    GB_OPTION_WITHOUT,
    {"runs", 'r', "N", "timed runs of each network (default 50)"},
    {"no-plots", 0, NULL, "draw no plots"},
    {"dry-run", 'n', NULL, "list the models, compute nothing"},
    {"json", 0, NULL, "print the tables as JSON"},
    GB_OPTION_HELP,
    {0},
};

enum { MAX_INCLUDE_DEPTH = 16, MAX_EXPERIMENTS = 1000 };

// The experiments that are open (a chain, to see cycles), and those that have been run.
typedef struct visit {
  const char *path;
  const struct visit *outer;
} visit;

typedef struct seen {
  const char *name, *path;
  struct seen *next;
} seen;

typedef struct flow {
  gb_run *run;
  seen *seen;
  size_t seen_count;
} flow;

static gb_status check_cycle(flow *f, const char *path, const visit *outer, gb_error *error) {
  int depth = 0;
  for (const visit *v = outer; v; v = v->outer, depth++) {
    if (strcmp(v->path, path) != 0)
      continue;
    gb_text chain = {0};
    gb_text_add(&chain, path);
    for (const visit *w = outer; w; w = w->outer) {
      gb_text_print(&chain, ", included by %s", w->path);
      if (w == v)
        break;
    }
    gb_status status =
        gb_fail(error, GB_EINPUT, "experiments include one another: %s", gb_text_get(&chain));
    gb_text_free(&chain);
    return status;
  }
  if (depth >= MAX_INCLUDE_DEPTH || f->seen_count >= MAX_EXPERIMENTS)
    return gb_fail(error, GB_ELIMIT,
                   "%s: more than %d experiments inside one another, or %d in all", path,
                   MAX_INCLUDE_DEPTH, MAX_EXPERIMENTS);
  return GB_OK;
}

// Whether the experiment was run before; two of one name would write to one folder.
static gb_status check_seen(flow *f, const gb_experiment *e, const char *path, bool *before,
                            gb_error *error) {
  *before = false;
  for (const seen *s = f->seen; s; s = s->next) {
    if (strcmp(s->name, e->name) != 0)
      continue;
    *before = strcmp(s->path, path) == 0;
    return *before ? GB_OK
                   : gb_fail(error, GB_EINPUT, "%s: the experiment is called '%s', as that of %s",
                             path, e->name, s->path);
  }
  seen *s = gb_arena_allocate(f->run->arena, 1, sizeof *s);
  const char *name = gb_arena_copy(f->run->arena, e->name);
  if (!s || !name)
    return gb_fail_memory(error);
  *s = (seen){name, path, f->seen};
  f->seen = s;
  f->seen_count++;
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// --dry-run

static void add_timing_of(gb_text *text, const gb_cell *cell) {
  if (cell->threads)
    gb_text_print(text, "%sthreads=%" PRId64, text->length ? " " : "", cell->threads);
  if (cell->batch)
    gb_text_print(text, "%sbatch=%" PRId64, text->length ? " " : "", cell->batch);
  if (cell->engine)
    gb_text_print(text, "%sengine=%s", text->length ? " " : "", cell->engine);
}

static gb_status list_cells(gb_run *run, const gb_experiment *e, gb_error *error) {
  gb_table *table = gb_table_new(e->name, *e->title ? e->title : e->name);
  if (!table)
    return gb_fail_memory(error);
  static const gb_column columns[] = {
      {"label", "Model", NULL, GB_ALIGN_LEFT, false},
      {"architecture", "Architecture", NULL, GB_ALIGN_LEFT, false},
      {"settings", "Settings", NULL, GB_ALIGN_LEFT, false},
      {"row", "Published row", NULL, GB_ALIGN_LEFT, false},
  };
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  size_t count = 0;
  gb_text text = {0};
  for (size_t i = 0; i < e->cell_count; i++) {
    const gb_cell *cell = &e->cells[i];
    if (!gb_run_selects(run, e, i))
      continue;
    count++;
    text.length = 0;
    for (size_t k = 0; k < cell->setting_count; k++)
      gb_text_print(&text, "%s%s=%s", k ? " " : "", cell->settings[k].name,
                    cell->settings[k].value);
    add_timing_of(&text, cell);
    gb_table_row(table);
    gb_table_text(table, cell->label);
    gb_table_text(table, cell->architecture);
    gb_table_text(table, text.length ? gb_text_get(&text) : NULL);
    gb_table_text(table, *cell->row ? cell->row : NULL);
  }
  text.length = 0;
  gb_text_print(&text, "%zu model%s; nothing was computed.", count, count == 1 ? "" : "s");
  gb_table_note(table, gb_text_get(&text));
  text.length = 0;
  gb_text_style style = {.width = 0, .colour = gb_want_colour()};
  if (run->json)
    gb_text_add(&run->json_text, run->experiments > 0 ? ",\n" : "\n");
  else if (run->experiments > 0)
    gb_text_add(&text, "\n");
  run->experiments++;
  gb_status status = gb_table_write(table, run->json ? GB_FORMAT_JSON : GB_FORMAT_TEXT, &style,
                                    run->json ? &run->json_text : &text, error);
  if (status == GB_OK && gb_print_out(run->command, &text) != GB_EXIT_OK)
    run->exit_code = GB_EXIT_BAD;
  gb_text_free(&text);
  gb_table_free(table);
  return status;
}

// ---------------------------------------------------------------------------------------------

// Of a slice, or of a run that was asked to stop: no tables, but how far it is.
static void tell_progress(gb_run *run, const gb_results *results) {
  const gb_experiment *e = results->experiment;
  size_t total = 0;
  for (size_t i = 0; i < e->cell_count; i++)
    total += gb_run_selects(run, e, i);
  gb_run_report_failed(run, results);
  if (results->interrupted)
    fprintf(stderr,
            "ghostbench run: stopped by a signal: %zu of %zu cells of %s are finished and kept in "
            "%s; the same command goes on from there\n",
            results->count - results->failed, total, e->name, gb_store_path(run->store->store));
  else
    fprintf(stderr,
            "%s: slice %" PRId64 " of %" PRId64
            ": %zu of its %zu cells are in %s (%zu were there)\n",
            e->name, run->shard, run->shards, results->count - results->failed, total,
            gb_store_path(run->store->store), results->stored);
}

static gb_status run_cells(gb_run *run, const gb_experiment *e, gb_error *error) {
  size_t selected = 0;
  for (size_t i = 0; i < e->cell_count; i++)
    selected += gb_run_selects(run, e, i);
  run->selected += selected;
  if (selected == 0)
    return GB_OK;
  if (run->dry)
    return list_cells(run, e, error);
  // Before hours of work, not after: can the results be written?
  const char *folder = gb_arena_print(run->arena, "%s/%s", run->output, e->name);
  if (!folder)
    return gb_fail_memory(error);
  GB_TRY(gb_folder_make(folder, error));
  gb_results results;
  GB_TRY(gb_run_cells(run, e, &results, error));
  gb_status status = GB_OK;
  if (results.interrupted || run->shards > 0)
    tell_progress(run, &results);
  else
    status = gb_run_report(run, &results, error);
  gb_results_free(&results);
  return status;
}

static gb_status run_path(flow *f, const char *path, const visit *outer, gb_error *error);

static gb_status run_experiment(flow *f, const gb_experiment *e, const char *path,
                                const visit *outer, gb_error *error) {
  bool before;
  GB_TRY(check_seen(f, e, path, &before, error));
  if (before)
    return GB_OK;
  visit here = {path, outer};
  for (size_t i = 0; i < e->include_count; i++) {
    const char *inner;
    gb_status status = gb_places_find(&f->run->places, "experiments", e->includes[i], f->run->arena,
                                      &inner, error);
    if (status != GB_OK) {
      gb_error_prefix(error, "%s: ", path);
      return status;
    }
    GB_TRY(run_path(f, inner, &here, error));
    if (f->run->stopped || f->run->broken)
      return GB_OK;
  }
  return run_cells(f->run, e, error);
}

static gb_status run_path(flow *f, const char *path, const visit *outer, gb_error *error) {
  GB_TRY(check_cycle(f, path, outer, error));
  gb_experiment *e;
  GB_TRY(gb_experiment_open(path, &f->run->places, f->run->settings.items, f->run->settings.count,
                            &e, error));
  gb_status status = run_experiment(f, e, path, outer, error);
  gb_experiment_free(e);
  return status;
}

// Of several experiments: all together.
static void print_sum(gb_run *run) {
  const size_t *n = run->counts;
  size_t reproduced = n[GB_VERDICT_ROUNDED] + n[GB_VERDICT_TRUNCATED];
  size_t explained = n[GB_VERDICT_EXPLAINED], differ = n[GB_VERDICT_DIFFERS];
  if (run->experiments < 2 || reproduced + explained + differ == 0)
    return;
  gb_text out = {0};
  gb_text_print(&out,
                "\n%zu experiments: %zu of %zu compared figures reproduced, %zu differ for a known "
                "reason, %zu differ and no reason is recorded.\n",
                run->experiments, reproduced, reproduced + explained + differ, explained, differ);
  if (gb_print_out(run->command, &out) != GB_EXIT_OK)
    run->exit_code = GB_EXIT_BAD;
  gb_text_free(&out);
}

static int print_json(gb_run *run) {
  gb_text out = {0};
  gb_text_print(&out, "{\"schema\": \"ghostbench-run-1\", \"dry_run\": %s, \"experiments\": [",
                run->dry ? "true" : "false");
  gb_text_add_n(&out, gb_text_get(&run->json_text), run->json_text.length);
  out.failed |= run->json_text.failed;
  gb_text_add(&out, "\n]}\n");
  int code = gb_print_out(run->command, &out);
  gb_text_free(&out);
  return code;
}

// One experiment that cannot be run does not stop the others.
static int run_all(gb_run *run, char **names) {
  flow f = {.run = run};
  for (; *names && !run->stopped && !run->broken; names++) {
    const char *path;
    gb_error error = {0};
    gb_status status =
        gb_places_find(&run->places, "experiments", *names, run->arena, &path, &error);
    if (status == GB_OK)
      status = run_path(&f, path, NULL, &error);
    if (status != GB_OK)
      run->exit_code = gb_complain_error(run->command, &error);
  }
  if (run->stopped)
    return run->exit_code = 128 + run->stopped;
  if (run->filter && run->selected == 0 && run->exit_code == GB_EXIT_OK)
    run->exit_code = gb_complain(
        run->command, "--filter '%s': no model's label or architecture has it", run->filter);
  if (run->json) {
    int code = print_json(run);
    run->exit_code = code != GB_EXIT_OK ? code : run->exit_code;
  } else if (!run->dry && run->shards == 0) {
    print_sum(run);
  }
  return run->exit_code;
}

static gb_status read_shard(char *value, gb_run *run, gb_error *error) {
  char *slash = strchr(value, '/');
  if (slash)
    *slash = '\0';
  bool good = slash && gb_parse_int(value, &run->shard) && gb_parse_int(slash + 1, &run->shards) &&
              run->shard >= 1 && run->shard <= run->shards && run->shards <= GB_MAX_CELLS;
  if (slash)
    *slash = '/';
  return good ? GB_OK
              : gb_fail(error, GB_EUSAGE,
                        "--shard %s is not allowed: I/N, a slice I from 1 to N, as 2/4", value);
}

// How networks are timed is a sweep like others, over a list.
static gb_status add_timing(gb_run *run, const char *name, const char *value, gb_error *error) {
  gb_settings *s = &run->settings;
  for (const char *at = value; at;) {
    char item[64];
    size_t n = strcspn(at, ",");
    snprintf(item, sizeof item, "%.*s", (int)(n < sizeof item ? n : sizeof item - 1), at);
    GB_TRY(gb_timing_check(name, item, error));
    at = at[n] ? at + n + 1 : NULL;
  }
  if (s->count == sizeof s->items / sizeof *s->items)
    return gb_fail(error, GB_EUSAGE, "more than %zu settings", s->count);
  s->items[s->count++] = (gb_setting){name, value};
  run->timing_count++;
  return GB_OK;
}

static gb_status read_flag(const gb_option *o, char *value, gb_run *run, gb_error *error) {
  if (gb_option_is(o, "set"))
    return gb_settings_add(&run->settings, value, error);
  if (gb_option_is(o, "output"))
    run->output = value;
  if (gb_option_is(o, "filter"))
    run->filter = value;
  if (gb_option_is(o, "shard"))
    GB_TRY(read_shard(value, run, error));
  int64_t runs;
  if (gb_option_is(o, "runs")) {
    if (!gb_parse_int(value, &runs) || runs < 1 || runs > 1000000)
      return gb_fail(error, GB_EUSAGE, "--runs %s is not allowed: an integer from 1 to 1000000",
                     value);
    run->time_runs = (size_t)runs;
  }
  for (size_t i = 0; gb_timing_names[i]; i++)
    if (gb_option_is(o, gb_timing_names[i]))
      return add_timing(run, gb_timing_names[i], value, error);
  gb_error wrong = {0};
  if (gb_engine_flag(&run->choice, o, value, &wrong) && wrong.status != GB_OK)
    return gb_fail(error, wrong.status, "%s", wrong.message);
  run->fresh = run->fresh || gb_option_is(o, "fresh");
  run->plots = run->plots && !gb_option_is(o, "no-plots");
  run->dry = run->dry || gb_option_is(o, "dry-run");
  run->json = run->json || gb_option_is(o, "json");
  if (!gb_option_is(o, "convention"))
    return GB_OK;
  for (int i = 0; gb_convention_names[i]; i++)
    if (strcmp(value, gb_convention_names[i]) == 0) {
      run->convention = i;
      return GB_OK;
    }
  return gb_fail(error, GB_EUSAGE, "--convention %s is not allowed: paper, fvcore, full", value);
}

static int read_and_run(gb_run *r, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = r->command};
  gb_error error = {0};
  int code = GB_EXIT_OK;
  char *value;
  for (const gb_option *o; code == GB_EXIT_OK && (o = gb_args_next(&args, &value));)
    if (read_flag(o, value, r, &error) != GB_OK)
      code = gb_complain_error(r->command, &error);
  if (code == GB_EXIT_OK && args.stop)
    code = args.exit_code;
  else if (code == GB_EXIT_OK && args.first_operand == argc)
    code = gb_complain(r->command, "name an experiment; 'ghostbench list experiments' lists them");
  else if (code == GB_EXIT_OK && gb_find_places(r->arena, &r->places, &error) != GB_OK)
    code = gb_complain_error(r->command, &error);
  else if (code == GB_EXIT_OK) {
    run_all(r, argv + args.first_operand);
    gb_run_store_close(r);
    gb_counters_close(r->counters);
    code = r->exit_code;
  }
  gb_text_free(&r->json_text);
  return code;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_run r = {.command = self,
              .output = "results",
              .plots = true,
              .convention = -1,
              .choice = gb_engine_default(),
              .time_runs = 50,
              .arena = gb_arena_new(NULL)};
  r.choice.options.threads = 1;
  // Before the flags are read: reading --set cuts its text in two.
  r.command_line = r.arena ? gb_command_line(r.arena, argc, argv) : NULL;
  int code = r.command_line ? read_and_run(&r, argc, argv) : gb_complain(self, "out of memory");
  gb_arena_free(r.arena);
  return code;
}

const gb_command gb_command_run = {
    .name = "run",
    .operands = "EXPERIMENT…",
    .summary = "Computes an experiment's networks, compares them with published tables, and writes "
               "tables and plots. Exits 0 where all is reproduced or its difference explained, 1 "
               "where a figure differs and no reason is recorded, 2 where something failed, 3 "
               "where a time is "
               "not valid.",
    .options = options,
    .examples = "  ghostbench run ghostnet-table3\n"
                "  ghostbench run ghostnet-paper -o /tmp/paper --no-plots\n"
                "  ghostbench run ghostnet-table7 --filter 'ghostnet*' --json\n"
                "  ghostbench run ghost-grid --set width=1.3 --dry-run\n"
                "  ghostbench run latency-zoo --threads 1,2 --batch 1,8 --filter '*ghost*'\n",
    .run = run,
};
