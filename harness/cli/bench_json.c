// What bench writes for machines: every sample with its start, diagnostics, verdicts, environment.
#include "harness/cli/bench.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

// A number that is not known, or does not exist, is null.
static json_t *number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}
static json_t *ms(double seconds) {
  return number(1e3 * seconds);
}
static json_t *known(int64_t value) {
  return value >= 0 ? json_integer((json_int_t)value) : json_null();
}

static json_t *steps(const gb_bench_entry *e) {
  const gb_native *native = e->subject.engine.native;
  json_t *array = json_array();
  for (size_t i = 0; i < gb_native_step_count(native); i++) {
    gb_step_info info;
    gb_native_step(native, i, &info);
    json_array_append_new(
        array, json_pack("{s:s, s:s, s:s, s:f, s:I, s:I, s:I}", "kind", info.kind, "name",
                         info.name, "layers", info.layers, "time_us", 1e6 * e->steps[i],
                         "nominal_macs", (json_int_t)info.nominal_macs, "executed_macs",
                         (json_int_t)info.executed_macs, "bytes", (json_int_t)info.bytes));
  }
  return array;
}

static json_t *array_ms(const double *seconds, size_t count) {
  json_t *array = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(array, json_real(1e3 * seconds[i]));
  return array;
}

static json_t *verdict(const gb_judgement *v) {
  json_t *reasons = json_array();
  for (size_t i = 0; i < v->count; i++)
    json_array_append_new(reasons,
                          json_pack("{s:s, s:s, s:s, s:s}", "code", v->reasons[i].code, "verdict",
                                    gb_validity_names[v->reasons[i].validity], "text",
                                    v->reasons[i].text, "remedy", v->reasons[i].remedy));
  return json_pack("{s:s, s:o}", "verdict", gb_validity_names[v->validity], "reasons", reasons);
}

static json_t *diagnostics(const gb_latency_item *item) {
  const gb_competitor *c = &item->competitor;
  return json_pack(
      "{s:I, s:b, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f}",
      "warmup_calls", (json_int_t)c->warmup_calls, "warm", c->warm, "first_ms",
      ms(c->first_seconds), "preemptions", (json_int_t)c->preemptions, "preempted_turns",
      (json_int_t)c->preempted_turns, "off_processor_turns", (json_int_t)c->off_turns, "migrations",
      (json_int_t)c->migrations, "on_processor_share", number(c->on_processor), "trend_p",
      number(item->trend.p), "trend_share", number(item->trend.share), "modes_p",
      number(item->modes.p), "modes_distance_share", number(item->modes.distance), "lag1",
      number(item->dependence.lag1), "effective_samples", number(item->dependence.effective),
      "clock_step_share", number(item->evidence.clock_share), "severe_outliers_share",
      item->outliers);
}

static const char *isa_of(const gb_bench_entry *e) {
  if (e->outside)
    return NULL;
  return e->subject.engine.native ? gb_native_isa(e->subject.engine.native) : "plain C";
}

static json_t *entry(const gb_bench_result *r, size_t i) {
  const gb_bench_entry *e = &r->entries[i];
  const gb_latency_item *item = &r->items[i];
  json_t *object = json_pack(
      "{s:s, s:s, s:s?, s:i, s:I, s:I, s:f}", "name", e->model.network->name, "engine",
      e->engine.name, "isa", isa_of(e), "threads", e->threads, "batch", (json_int_t)e->batch,
      "macs", (json_int_t)e->model.graph->cost.macs, "output_deviation", e->deviation);
  if (object && e->outside)
    json_object_set_new(object, "engine_version", json_string(gb_outside_version(e->outside)));
  const gb_native *native = e->outside ? NULL : e->subject.engine.native;
  if (object && native) {
    json_object_set_new(object, "compile_ms", ms(gb_native_compile_seconds(native)));
    json_object_set_new(object, "arena_bytes", json_integer(gb_native_arena_bytes(native)));
    json_object_set_new(object, "live_bytes", json_integer(gb_native_live_bytes(native)));
  }
  if (object && r->measured) {
    json_t *measured =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o}", "median_ms",
                  ms(item->median.value), "median_low_ms", ms(item->median.low), "median_high_ms",
                  ms(item->median.high), "minimum_ms", ms(item->minimum), "ratio",
                  number(item->ratio.interval.value), "ratio_low", number(item->ratio.interval.low),
                  "ratio_high", number(item->ratio.interval.high), "ratio_corrected_p",
                  number(item->corrected_p), "finding", i ? gb_bench_finding(r, i) : NULL,
                  "judgement", verdict(&item->verdict), "diagnostics", diagnostics(item),
                  "samples_ms", array_ms(item->competitor.samples, item->competitor.count),
                  "starts_ms", array_ms(item->competitor.starts, item->competitor.count));
    json_object_update(object, measured);
    json_decref(measured);
  }
  if (object && e->steps)
    json_object_set_new(object, "steps", steps(e));
  return object;
}

static json_t *session(const gb_bench_result *r) {
  const gb_session_facts *f = &r->facts;
  const gb_latency_plan *plan = &r->request->plan;
  return json_pack(
      "{s:I, s:I, s:I, s:f, s:b, s:b, s:s, s:f, s:f, s:I, s:s, s:b, s:f, s:o, s:o, s:o, s:o, s:I, "
      "s:I, "
      "s:o, s:o, s:o, s:o, s:o, s:o}",
      "rounds", (json_int_t)f->rounds, "block_rounds", (json_int_t)f->block, "flush_bytes",
      (json_int_t)f->flush_bytes, "seconds", f->seconds, "precise_enough", f->enough, "capped",
      f->capped, "between", gb_between_names[plan->between], "idle_ms", 1e3 * plan->idle_seconds,
      "warmup_seconds", plan->warmup_seconds, "seed", (json_int_t)plan->seed, "placement",
      r->placement.text, "pinned", r->placement.pinned, "clock_step_ns", 1e9 * f->clock_step,
      "steal_share", number(f->steal), "others_share", number(f->others), "waited_share",
      number(f->waited), "load_before", number(f->load_before), "preemptions",
      (json_int_t)f->preemptions, "unsettled_turns", (json_int_t)f->unsettled, "quota_throttled",
      known(f->throttled), "thermal_throttled", known(f->thermal), "mhz_before",
      number(f->mhz_before), "mhz_after", number(f->mhz_after), "pulse_median_us",
      number(1e6 * f->pulse_median), "pulse_spread_share", number(f->pulse_spread));
}

static json_t *same(const gb_bench_same *n, size_t count) {
  json_t *ratios = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(ratios, number(n->ratios[i]));
  return json_pack("{s:I, s:f, s:f, s:f, s:o, s:o, s:o}", "alarms", (json_int_t)n->alarms,
                   "false_alarm_rate", n->rate, "false_alarm_low", n->low, "false_alarm_high",
                   n->high, "floor_share", number(n->floor), "detectable_share",
                   number(n->detectable), "ratios", ratios);
}

// One engine with itself, and below "instances" with others made of the same network.
static json_t *null(const gb_bench_null *n) {
  json_t *all = same(&n->self, n->comparisons);
  json_object_set_new(all, "comparisons", json_integer((json_int_t)n->comparisons));
  json_object_set_new(all, "runs", json_integer((json_int_t)n->runs));
  json_object_set_new(all, "instances", same(&n->twins, n->comparisons));
  return all;
}

static void add_fact(void *context, const gb_environment_fact *fact) {
  json_object_set_new(context, fact->key, fact->value ? json_string(fact->value) : json_null());
}

gb_status gb_bench_json(const gb_bench_result *r, gb_text *out, gb_error *error) {
  json_t *results = json_array(), *environment = json_object();
  for (size_t i = 0; i < r->count; i++)
    json_array_append_new(results, entry(r, i));
  gb_environment_each(&r->environment, add_fact, environment);
  json_t *root = json_pack("{s:s, s:s, s:o, s:o}", "schema", "ghostbench-bench-2", "version",
                           GB_VERSION, "environment", environment, "results", results);
  if (root && r->measured)
    json_object_set_new(root, "session", session(r));
  if (root && r->null.comparisons)
    json_object_set_new(root, "null", null(&r->null));
  char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
  json_decref(root);
  if (!text)
    return gb_fail_memory(error);
  gb_text_add(out, text);
  gb_text_add(out, "\n");
  free(text);
  return GB_OK;
}
