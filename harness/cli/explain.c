// ghostbench explain: why one network takes longer than another, in terms that sum to the gap.
#include "harness/cli/explain.h"

#include "layers/base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const gb_option options[] = {
    GB_OPTION_THREADS,
    GB_OPTION_ISA,
    GB_OPTION_WITHOUT,
    {"runs", 'r', "N", "timed runs of each, and as many profiled ones (default 50)"},
    {"json", 0, NULL, "the terms as JSON"},
    GB_OPTION_HELP,
    {0},
};

// ---------------------------------------------------------------------------------------------
// Measuring

// Time by kind of layer in each round, in passes of their own: they disturb the totals.
static gb_status profile(gb_explained *x, gb_error *error) {
  double *steps[2] = {NULL, NULL};
  gb_status status = GB_OK;
  for (int s = 0; s < 2; s++) {
    steps[s] = gb_allocate(NULL, x->sides[s].step_count + 1, sizeof **steps);
    x->sides[s].rounds = gb_allocate(NULL, x->runs * GB_EXPLAIN_KINDS, sizeof(double));
    if (!steps[s] || !x->sides[s].rounds)
      status = gb_fail_memory(error);
  }
  for (size_t round = 0; status == GB_OK && round < x->runs; round++)
    for (int k = 0; k < 2; k++) {
      gb_explained_side *side = &x->sides[(round + (size_t)k) % 2];
      double *seconds = steps[(round + (size_t)k) % 2];
      memset(seconds, 0, side->step_count * sizeof *seconds);
      gb_native_profile(side->subject.engine.native, side->subject.input, side->subject.output,
                        seconds);
      for (size_t i = 0; i < side->step_count; i++) {
        side->rounds[round * GB_EXPLAIN_KINDS + side->kind[i]] += seconds[i];
        side->step_seconds[i] += seconds[i] / (double)x->runs;
      }
    }
  gb_release(NULL, steps[0]);
  gb_release(NULL, steps[1]);
  return status;
}

static gb_status find_kinds(gb_explained *x, gb_explained_side *side, gb_error *error) {
  const gb_native *engine = side->subject.engine.native;
  side->step_count = gb_native_step_count(engine);
  side->kind = gb_allocate(NULL, side->step_count + 1, sizeof *side->kind);
  side->step_seconds = gb_allocate(NULL, side->step_count + 1, sizeof *side->step_seconds);
  if (!side->kind || !side->step_seconds)
    return gb_fail_memory(error);
  for (size_t i = 0; i < side->step_count; i++) {
    gb_step_info info;
    gb_native_step(engine, i, &info);
    size_t kind = 0;
    while (kind < x->kinds && strcmp(x->kind_names[kind], info.kind) != 0)
      kind++;
    if (kind == GB_EXPLAIN_KINDS)
      return gb_fail(error, GB_ELIMIT, "more than %d kinds of steps", GB_EXPLAIN_KINDS);
    if (kind == x->kinds)
      x->kind_names[x->kinds++] = info.kind;
    side->kind[i] = kind;
    side->work[kind].macs += (double)info.executed_macs;
    side->work[kind].bytes += (double)info.bytes;
    side->work[kind].calls += 1;
  }
  return GB_OK;
}

static gb_status measure(gb_explained *x, char *const *names, gb_placement *placement,
                         gb_error *error) {
  for (int s = 0; s < 2; s++) {
    gb_explained_side *side = &x->sides[s];
    GB_TRY(gb_model_load(names[s], &(gb_settings){.count = 0}, 1, false, &side->model, error));
    GB_TRY(gb_subject_make(&side->subject, side->model.graph, NULL, &x->choice, placement, error));
    GB_TRY(gb_subject_check(&side->subject, side->model.graph, NULL, error));
    GB_TRY(find_kinds(x, side, error));
    x->items[s].competitor = (gb_competitor){.body = gb_subject_run, .context = &side->subject};
  }
  gb_latency_plan plan = gb_latency_plan_default();
  gb_session_facts facts;
  plan.runs = x->runs;
  plan.settle = placement->threads > 1;
  GB_TRY(gb_latency_measure(x->items, 2, &plan, &facts, error));
  return profile(x, error);
}

// ---------------------------------------------------------------------------------------------
// Splitting

// What a MAC, a byte and a call cost, fitted over the steps of both.
static gb_status find_prices(gb_explained *x, gb_error *error) {
  size_t rows = x->sides[0].step_count + x->sides[1].step_count, row = 0;
  double *terms = gb_allocate(NULL, 3 * rows + 1, sizeof *terms);
  double *seconds = gb_allocate(NULL, rows + 1, sizeof *seconds);
  gb_status status = terms && seconds ? GB_OK : gb_fail_memory(error);
  for (int s = 0; status == GB_OK && s < 2; s++)
    for (size_t i = 0; i < x->sides[s].step_count; i++, row++) {
      gb_step_info info;
      gb_native_step(x->sides[s].subject.engine.native, i, &info);
      terms[3 * row] = 1e-6 * (double)info.executed_macs;
      terms[3 * row + 1] = 1e-6 * (double)info.bytes;
      terms[3 * row + 2] = 1;
      seconds[row] = 1e6 * x->sides[s].step_seconds[i]; // µs
    }
  gb_linear fit = {0};
  gb_linear_wish wish = {.x = terms, .y = seconds, .rows = rows, .terms = 3, .how = {.seed = 1}};
  if (status == GB_OK)
    status = gb_linear_fit(&wish, &fit, error);
  x->prices = (gb_prices){1e-12 * fit.price[0], 1e-12 * fit.price[1], 1e-6 * fit.price[2]};
  gb_release(NULL, terms);
  gb_release(NULL, seconds);
  return status;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// The median of a column over the rounds drawn.
static double median_of(const double *values, size_t stride, const size_t *rounds, size_t count,
                        double *room) {
  for (size_t i = 0; i < count; i++)
    room[i] = values[rounds[i] * stride];
  qsort(room, count, sizeof *room, by_value);
  return count % 2 ? room[count / 2] : 0.5 * (room[count / 2 - 1] + room[count / 2]);
}

static gb_status split(gb_explained *x, const size_t *rounds, double *room, gb_gap_terms *terms,
                       gb_gap *gap, double *totals, gb_error *error) {
  gb_gap_side sides[2][GB_EXPLAIN_KINDS];
  for (int s = 0; s < 2; s++) {
    totals[s] = median_of(x->items[s].competitor.samples, 1, rounds, x->runs, room);
    for (size_t k = 0; k < x->kinds; k++) {
      sides[s][k] = x->sides[s].work[k];
      sides[s][k].seconds =
          median_of(x->sides[s].rounds + k, GB_EXPLAIN_KINDS, rounds, x->runs, room);
      x->sides[s].now[k] = sides[s][k];
    }
  }
  return gb_gap_split(sides[0], sides[1], x->kinds, totals[0], totals[1], &x->prices, terms, gap,
                      error);
}

static void set(gb_explained_term *t, double *values, size_t count) {
  qsort(values, count, sizeof *values, by_value);
  t->low = values[(size_t)(0.025 * (double)(count - 1))];
  t->high = values[(size_t)(0.975 * (double)(count - 1) + 0.5)];
}

// Intervals by drawing rounds anew.
static gb_status split_all(gb_explained *x, gb_error *error) {
  enum { DRAWS = 400, TERMS = 6 };
  size_t *rounds = gb_allocate(NULL, x->runs, sizeof *rounds);
  double *room = gb_allocate(NULL, x->runs, sizeof *room);
  double *drawn = gb_allocate(NULL, (size_t)TERMS * DRAWS, sizeof *drawn);
  gb_gap_terms terms[GB_EXPLAIN_KINDS];
  gb_status status = rounds && room && drawn ? GB_OK : gb_fail_memory(error);
  gb_random random = {1};
  double totals[2];
  for (size_t d = 0; status == GB_OK && d < DRAWS; d++) {
    for (size_t i = 0; i < x->runs; i++)
      rounds[i] = (size_t)(gb_random_next(&random) % x->runs);
    gb_gap gap;
    status = split(x, rounds, room, terms, &gap, totals, error);
    const double values[TERMS] = {gap.sum.work, gap.sum.bytes, gap.sum.calls,
                                  gap.sum.rate, gap.residual,  gap.gap};
    for (size_t t = 0; t < TERMS; t++)
      drawn[t * DRAWS + d] = values[t];
  }
  for (size_t i = 0; status == GB_OK && i < x->runs; i++)
    rounds[i] = i;
  if (status == GB_OK)
    status = split(x, rounds, room, x->terms, &x->gap, x->totals, error);
  gb_explained_term *all[TERMS] = {&x->work, &x->bytes,    &x->calls,
                                   &x->rate, &x->residual, &x->whole};
  const double values[TERMS] = {x->gap.sum.work, x->gap.sum.bytes, x->gap.sum.calls,
                                x->gap.sum.rate, x->gap.residual,  x->gap.gap};
  for (size_t t = 0; status == GB_OK && t < TERMS; t++) {
    all[t]->value = values[t];
    set(all[t], drawn + t * DRAWS, DRAWS);
  }
  gb_release(NULL, rounds);
  gb_release(NULL, room);
  gb_release(NULL, drawn);
  return status;
}

// ---------------------------------------------------------------------------------------------

static void explained_free(gb_explained *x) {
  for (int s = 0; s < 2; s++) {
    gb_subject_free(&x->sides[s].subject);
    gb_model_free(&x->sides[s].model);
    gb_release(NULL, x->sides[s].kind);
    gb_release(NULL, x->sides[s].step_seconds);
    gb_release(NULL, x->sides[s].rounds);
  }
  gb_latency_free(x->items, 2);
}

static gb_status explain(gb_explained *x, char *const *names, bool json, gb_text *out,
                         gb_error *error) {
  gb_placement placement;
  gb_placement_begin(&placement, (size_t)x->choice.options.threads, true);
  gb_status status = measure(x, names, &placement, error);
  gb_placement_end(&placement);
  if (status == GB_OK)
    status = find_prices(x, error);
  if (status == GB_OK)
    status = split_all(x, error);
  if (status == GB_OK)
    status = (json ? gb_explained_json : gb_explained_text)(x, out, error);
  return status;
}

static gb_status read_flag(const gb_option *o, const char *value, gb_explained *x, bool *json,
                           gb_error *error) {
  int64_t runs;
  gb_error wrong = {0};
  *json = *json || gb_option_is(o, "json");
  if (gb_option_is(o, "runs")) {
    if (!gb_parse_int(value, &runs) || runs < 6 || runs > 100000)
      return gb_fail(error, GB_EUSAGE, "--runs %s is not allowed: an integer from 6 to 100000",
                     value);
    x->runs = (size_t)runs;
  }
  if (gb_engine_flag(&x->choice, o, value, &wrong) && wrong.status != GB_OK)
    return gb_fail(error, wrong.status, "%s", wrong.message);
  return GB_OK;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  gb_explained x = {.choice = gb_engine_default(), .runs = 50};
  x.choice.options.threads = 1;
  gb_error error = {0};
  bool json = false;
  char *value;
  for (const gb_option *o; (o = gb_args_next(&args, &value));)
    if (read_flag(o, value, &x, &json, &error) != GB_OK)
      return gb_complain_error(self, &error);
  if (args.stop)
    return args.exit_code;
  if (argc - args.first_operand != 2)
    return gb_complain(self, "name two architectures");
  gb_text out = {0};
  int code = explain(&x, argv + args.first_operand, json, &out, &error) == GB_OK
                 ? gb_print_out(self, &out)
                 : gb_complain_error(self, &error);
  if (code == GB_EXIT_OK && gb_latency_worst(x.items, 2) == GB_INVALID)
    code = GB_EXIT_INVALID;
  gb_text_free(&out);
  explained_free(&x);
  return code;
}

const gb_command gb_command_explain = {
    .name = "explain",
    .operands = "A B",
    .summary =
        "Why B takes longer (or less long) than A here: the gap of their times, split by kind of "
        "layer into work (MACs), bytes and calls at common prices, and rate (the same work done "
        "slower or faster). The terms sum to the gap. Exits 3 where a time is not valid.",
    .options = options,
    .examples = "  ghostbench explain mobilenet-v3-large ghostnet\n"
                "  ghostbench explain shufflenet-v2 ghostnet --threads 2 --json\n",
    .run = run,
};
