// ghostbench verify: every stored figure again from raw samples, and the store's own checks.
#include "harness/cli/stores.h"
#include "harness/stats/difference.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const gb_option options[] = {GB_OPTION_HELP, {0}};

typedef struct verifying {
  gb_text faults;
  size_t fault_count, figures, samples, measured;
} verifying;

static bool same(double a, double b) {
  return isfinite(a) && isfinite(b) ? fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b))
                                    : isfinite(a) == isfinite(b);
}

static void check(verifying *v, const gb_stored_cell *cell, const char *name, double again) {
  double stored = gb_stored_figure_of(cell, name);
  v->figures++;
  if (same(stored, again))
    return;
  v->fault_count++;
  gb_text_print(&v->faults, "%s: %s: %s is stored as %.17g, its samples give %.17g\n",
                cell->experiment, cell->label, name, stored, again);
}

static gb_status check_times(verifying *v, const gb_stored_cell *cell, gb_arena *arena,
                             gb_error *error) {
  double *samples, *anchors, least = HUGE_VAL;
  gb_interval median;
  GB_TRY(gb_stored_seconds(cell->samples, cell->sample_count, arena, &samples, error));
  GB_TRY(gb_stored_seconds(cell->anchors, cell->anchor_count, arena, &anchors, error));
  const gb_resampling how = {.seed = 1}; // as they were made
  GB_TRY(gb_median_interval(samples, cell->sample_count, &how, &median, error));
  for (size_t i = 0; i < cell->sample_count; i++)
    least = fmin(least, samples[i]);
  check(v, cell, "median_s", median.value);
  check(v, cell, "median_low_s", median.low);
  check(v, cell, "median_high_s", median.high);
  check(v, cell, "minimum_s", least);
  v->samples += cell->sample_count + cell->anchor_count;
  v->measured++;
  if (cell->anchor_count != cell->sample_count)
    return GB_OK;
  gb_ratio ratio;
  GB_TRY(gb_ratio_of(samples, cell->sample_count, anchors, cell->anchor_count, true, &how, &ratio,
                     error));
  check(v, cell, "ratio", ratio.interval.value);
  check(v, cell, "ratio_low", ratio.interval.low);
  check(v, cell, "ratio_high", ratio.interval.high);
  check(v, cell, "ratio_p", ratio.p);
  return GB_OK;
}

static gb_status visit(void *context, const gb_stored_cell *cell, gb_error *error) {
  if (strcmp(cell->kind, "latency") != 0 || cell->error || cell->sample_count == 0)
    return GB_OK;
  gb_arena *arena = gb_arena_new(NULL);
  gb_status status = arena ? check_times(context, cell, arena, error) : gb_fail_memory(error);
  gb_arena_free(arena);
  return status;
}

static gb_status verify(const char *operand, verifying *v, gb_text *out, gb_error *error) {
  gb_store *store = NULL;
  size_t cells = 0, before;
  GB_TRY(gb_stores_open(operand, GB_STORE_READ, &store, error));
  before = v->faults.length;
  gb_status status = gb_store_check(store, &cells, &v->faults, error);
  for (size_t i = before; i < v->faults.length; i++)
    v->fault_count += gb_text_get(&v->faults)[i] == '\n';
  if (status == GB_OK)
    status = gb_store_cells(store, visit, v, error);
  if (status == GB_OK)
    gb_text_print(out,
                  "%s: %zu cells, %zu of them measured; %zu figures computed again from %zu "
                  "samples; %zu fault%s.\n",
                  gb_store_path(store), cells, v->measured, v->figures, v->samples, v->fault_count,
                  v->fault_count == 1 ? "" : "s");
  gb_store_close(store);
  return status;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  if (!gb_args_operands(&args))
    return args.exit_code;
  if (argc - args.first_operand > 1)
    return gb_complain(self, "one store at a time");
  const char *operand = args.first_operand < argc ? argv[args.first_operand] : "results";
  verifying v = {0};
  gb_text out = {0};
  gb_error error = {0};
  int code = verify(operand, &v, &out, &error) == GB_OK ? gb_print_out(self, &out)
                                                        : gb_complain_error(self, &error);
  if (code == GB_EXIT_OK && v.fault_count) {
    fputs(gb_text_get(&v.faults), stderr);
    code = GB_EXIT_DIFFERS;
  }
  gb_text_free(&v.faults);
  gb_text_free(&out);
  return code;
}

const gb_command gb_command_verify = {
    .name = "verify",
    .operands = "[STORE]",
    .summary = "Checks a store (that of results where none is named): that the file is whole, that "
               "keys and contents "
               "are what their hashes say, and that medians, intervals and ratios follow from the "
               "raw samples. Exits 1 where one does not.",
    .options = options,
    .examples = "  ghostbench verify\n  ghostbench verify old/ghostbench.db\n",
    .run = run,
};
