// The flags of bench, and what they mean together.
#define _POSIX_C_SOURCE 200809L
#include "harness/cli/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Most runs where time or precision decide: room for their samples is made before.
enum { OPEN_RUNS = 20000 };
#define PRECISE_SECONDS 60.0 // cap of --precise where --seconds gives none

gb_bench_request gb_bench_request_default(void) {
  gb_bench_request q = {.choice = gb_engine_default(),
                        .engines = {{.name = "native"}},
                        .engine_count = 1,
                        .pin = true,
                        .comparisons = 20,
                        .plan = gb_latency_plan_default()};
  q.threads = (gb_bench_list){{q.choice.options.threads}, 1};
  q.batches = (gb_bench_list){{1}, 1};
  return q;
}

static void show_progress(void *context, double share) {
  (void)context;
  fprintf(stderr, "\r%3.0f %% ", 100 * share);
  if (share >= 1)
    fprintf(stderr, "\r      \r");
}

static gb_status parse_list(const char *flag, const char *text, int64_t most, gb_bench_list *out,
                            gb_error *error) {
  out->count = 0;
  for (const char *at = text; at;) {
    char item[32];
    size_t n = strcspn(at, ",");
    snprintf(item, sizeof item, "%.*s", (int)(n < sizeof item ? n : sizeof item - 1), at);
    if (out->count == GB_BENCH_LIST || !gb_parse_int(item, &out->items[out->count]) ||
        out->items[out->count] < 1 || out->items[out->count] > most)
      return gb_fail(error, GB_EUSAGE,
                     "--%s %s is not allowed: up to %d integers from 1 to %" PRId64
                     ", separated by commas",
                     flag, text, GB_BENCH_LIST, most);
    out->count++;
    at = at[n] ? at + n + 1 : NULL;
  }
  return GB_OK;
}

static gb_status parse_integer(const gb_option *o, const char *value, int64_t least, int64_t most,
                               int64_t *out, gb_error *error) {
  if (gb_parse_int(value, out) && *out >= least && *out <= most)
    return GB_OK;
  return gb_fail(error, GB_EUSAGE,
                 "--%s %s is not allowed: an integer from %" PRId64 " to %" PRId64, o->name, value,
                 least, most);
}

static gb_status parse_real(const gb_option *o, const char *value, double least, double most,
                            double *out, gb_error *error) {
  if (gb_parse_real(value, out) && *out >= least && *out <= most)
    return GB_OK;
  return gb_fail(error, GB_EUSAGE, "--%s %s is not allowed: a number from %g to %g", o->name, value,
                 least, most);
}

static gb_status unknown_engine(const gb_bench_request *q, const char *name, gb_error *error) {
  gb_suggestion s = {.name = name};
  gb_suggest(&s, "native");
  gb_suggest(&s, "reference");
  gb_text known = {0};
  for (size_t i = 0; i < q->outside.count; i++) {
    gb_suggest(&s, q->outside.specs[i].name);
    gb_text_print(&known, ", %s", q->outside.specs[i].name);
  }
  gb_fail(error, GB_EUSAGE, "--engine %.64s is not allowed: native, reference%s (%s%s)%s%s%s", name,
          gb_text_get(&known), q->outside.path, q->outside.exists ? "" : ": no such file",
          s.best ? "; did you mean '" : "", s.best ? s.best : "", s.best ? "'?" : "");
  gb_text_free(&known);
  return GB_EUSAGE;
}

// The text is split in place: it belongs to argv. The user's configuration is read when a name
// needs it, so that a fault in it stops nobody else.
static gb_status parse_engines(gb_arena *arena, char *text, gb_bench_request *q, gb_error *error) {
  q->engine_count = 0;
  for (char *save = NULL, *name = strtok_r(text, ",", &save); name;
       name = strtok_r(NULL, ",", &save)) {
    if (q->engine_count == GB_BENCH_ENGINES)
      return gb_fail(error, GB_EUSAGE, "--engine: more than %d", GB_BENCH_ENGINES);
    gb_bench_engine engine = {.name = name};
    if (strcmp(name, "native") != 0 && strcmp(name, "reference") != 0) {
      if (!q->outside.path)
        GB_TRY(gb_outside_read(arena, &q->outside, error));
      engine.outside = gb_outside_find(&q->outside, name);
      if (!engine.outside)
        return unknown_engine(q, name, error);
    }
    q->engines[q->engine_count++] = engine;
  }
  return q->engine_count ? GB_OK : gb_fail(error, GB_EUSAGE, "--engine needs a name");
}

static gb_status parse_between(const char *value, gb_latency_plan *plan, gb_error *error) {
  double ms;
  if (strcmp(value, "hot") == 0)
    plan->between = GB_BETWEEN_HOT;
  else if (strcmp(value, "flushed") == 0)
    plan->between = GB_BETWEEN_FLUSHED;
  else if (strncmp(value, "idle=", 5) == 0 && gb_parse_real(value + 5, &ms) && ms > 0 &&
           ms <= 60000) {
    plan->between = GB_BETWEEN_IDLE;
    plan->idle_seconds = 1e-3 * ms;
  } else
    return gb_fail(error, GB_EUSAGE,
                   "--between %s is not allowed: hot, flushed, or idle=MS (up to 60000)", value);
  return GB_OK;
}

static gb_status read_number(const gb_option *o, const char *value, gb_bench_request *q,
                             gb_error *error) {
  int64_t n;
  if (gb_option_is(o, "runs")) {
    GB_TRY(parse_integer(o, value, 1, 1000000, &n, error));
    q->plan.runs = (size_t)n;
    q->runs_given = true;
  } else if (gb_option_is(o, "seed")) {
    GB_TRY(parse_integer(o, value, 0, INT64_MAX, &n, error));
    q->plan.seed = (uint64_t)n;
  } else if (gb_option_is(o, "comparisons")) {
    GB_TRY(parse_integer(o, value, 1, 100000, &q->comparisons, error));
    q->comparisons_given = true;
  } else if (gb_option_is(o, "seconds"))
    GB_TRY(parse_real(o, value, 1e-3, 1e6, &q->plan.seconds, error));
  else if (gb_option_is(o, "warmup"))
    GB_TRY(parse_real(o, value, 0, 3600, &q->plan.warmup_seconds, error));
  else if (gb_option_is(o, "precise")) {
    GB_TRY(parse_real(o, value, 0.01, 100, &q->plan.precise, error));
    q->plan.precise /= 100;
  }
  return GB_OK;
}

gb_status gb_bench_flag(gb_arena *arena, const gb_option *o, char *value, gb_bench_request *q,
                        gb_error *error) {
  if (gb_option_is(o, "set"))
    return gb_settings_add(&q->settings, value, error);
  if (gb_option_is(o, "threads"))
    return parse_list("threads", value, 1024, &q->threads, error);
  if (gb_option_is(o, "batch"))
    return parse_list("batch", value, 65536, &q->batches, error);
  if (gb_option_is(o, "engine"))
    return parse_engines(arena, value, q, error);
  if (gb_option_is(o, "between"))
    return parse_between(value, &q->plan, error);
  q->steps |= gb_option_is(o, "steps");
  q->json |= gb_option_is(o, "json");
  q->serve |= gb_option_is(o, "serve");
  q->null |= gb_option_is(o, "null");
  q->pin &= !gb_option_is(o, "no-pin");
  if (gb_option_is(o, "weights"))
    q->weights = value;
  if (gb_option_is(o, "output"))
    q->output = value;
  gb_error wrong = {0};
  if (gb_engine_flag(&q->choice, o, value, &wrong))
    return wrong.status == GB_OK ? GB_OK : gb_fail(error, wrong.status, "%s", wrong.message);
  return read_number(o, value, q, error);
}

// What one flag means depends on others.
gb_status gb_bench_flags_done(gb_bench_request *q, gb_error *error) {
  if (q->comparisons_given && !q->null)
    return gb_fail(error, GB_EUSAGE, "--comparisons goes with --null");
  bool open = q->plan.seconds > 0 || q->plan.precise > 0;
  if (open && q->null)
    return gb_fail(error, GB_EUSAGE, "--null takes --runs, not --seconds or --precise");
  if (open && !q->runs_given)
    q->plan.runs = OPEN_RUNS;
  if (q->plan.precise > 0 && q->plan.seconds <= 0)
    q->plan.seconds = PRECISE_SECONDS;
  if (isatty(STDERR_FILENO))
    q->plan.progress = show_progress;
  return GB_OK;
}
