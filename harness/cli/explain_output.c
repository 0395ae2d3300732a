// What explain found, as a table with sentences, and as JSON.
#include "harness/cli/explain.h"
#include "harness/report/escape.h"
#include "harness/report/table.h"

#include <math.h>
#include <stdio.h>

static void columns(gb_table *t, const char *a, const char *b) {
  char title[2][80];
  snprintf(title[0], sizeof title[0], "%.70s", a);
  snprintf(title[1], sizeof title[1], "%.70s", b);
  const gb_column list[] = {{"kind", "Kind of layer", NULL, GB_ALIGN_LEFT, false},
                            {"a_macs", title[0], "MACs", GB_ALIGN_RIGHT, true},
                            {"a_us", "", "µs", GB_ALIGN_RIGHT, false},
                            {"b_macs", title[1], "MACs", GB_ALIGN_RIGHT, true},
                            {"b_us", "", "µs", GB_ALIGN_RIGHT, false},
                            {"work_us", "Work", "µs", GB_ALIGN_RIGHT, false},
                            {"bytes_us", "Bytes", "µs", GB_ALIGN_RIGHT, false},
                            {"calls_us", "Calls", "µs", GB_ALIGN_RIGHT, false},
                            {"rate_us", "Rate", "µs", GB_ALIGN_RIGHT, false}};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    gb_table_column(t, &list[i]);
}

static void microseconds(gb_table *t, double seconds) {
  gb_table_real(t, 1e6 * seconds, 1);
}

static void rows(gb_table *t, const gb_explained *x) {
  double macs[2] = {0, 0};
  for (size_t k = 0; k < x->kinds; k++) {
    gb_table_row(t);
    gb_table_text(t, x->kind_names[k]);
    for (int s = 0; s < 2; s++) {
      macs[s] += x->sides[s].now[k].macs;
      gb_table_integer(t, (int64_t)x->sides[s].now[k].macs);
      microseconds(t, x->sides[s].now[k].seconds);
    }
    microseconds(t, x->terms[k].work);
    microseconds(t, x->terms[k].bytes);
    microseconds(t, x->terms[k].calls);
    microseconds(t, x->terms[k].rate);
  }
  gb_table_row(t);
  gb_table_rule(t);
  gb_table_text(t, "whole network");
  for (int s = 0; s < 2; s++) {
    gb_table_integer(t, (int64_t)macs[s]);
    microseconds(t, x->totals[s]);
  }
  microseconds(t, x->work.value);
  microseconds(t, x->bytes.value);
  microseconds(t, x->calls.value);
  microseconds(t, x->rate.value);
}

static void term(gb_text *out, const char *name, const gb_explained_term *t, const char *what) {
  gb_text_print(out, "  %-9s %+9.1f µs  (95 %% %+.1f to %+.1f)  %s\n", name, 1e6 * t->value,
                1e6 * t->low, 1e6 * t->high, what);
}

// The answer in words: the largest term on the side of the gap, and what works against it.
static void words(const gb_explained *x, const char *a, const char *b, gb_text *out) {
  double macs[2] = {0, 0};
  for (int s = 0; s < 2; s++)
    for (size_t k = 0; k < x->kinds; k++)
      macs[s] += x->sides[s].now[k].macs;
  const struct {
    const gb_explained_term *term;
    const char *more, *less;
  } terms[] = {{&x->work, "it computes more", "it computes less"},
               {&x->bytes, "it moves more bytes", "it moves fewer bytes"},
               {&x->calls, "it has more steps", "it has fewer steps"},
               {&x->rate, "its steps run at a lower rate", "its steps run at a higher rate"}};
  if (x->whole.low <= 0 && x->whole.high >= 0) {
    gb_text_print(out, "%s and %s take the same time, as far as this machine can tell.\n", a, b);
    return;
  }
  bool slower = x->whole.value > 0;
  const char *because = "of what lies between its steps", *against = NULL;
  double most = 0, least = 0;
  for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
    double v = slower ? terms[i].term->value : -terms[i].term->value;
    if (v > most) {
      most = v;
      because = slower ? terms[i].more : terms[i].less;
    }
    if (v < least) {
      least = v;
      against = slower ? terms[i].less : terms[i].more;
    }
  }
  gb_text_print(out, "%s has %.2f of the MACs of %s and takes %.2f of its time, mostly because %s",
                b, macs[1] / macs[0], a, x->totals[1] / x->totals[0], because);
  if (against)
    gb_text_print(out, ", though %s", against);
  gb_text_add(out, ".\n");
}

gb_status gb_explained_text(const gb_explained *x, gb_text *out, gb_error *error) {
  const char *a = x->sides[0].model.network->name, *b = x->sides[1].model.network->name;
  gb_text title = {0};
  gb_text_print(&title, "From %s to %s", a, b);
  gb_table *table = title.failed ? NULL : gb_table_new("explain", gb_text_get(&title));
  gb_text_free(&title);
  if (!table)
    return gb_fail_memory(error);
  columns(table, a, b);
  rows(table, x);
  gb_text_style style = {.width = gb_terminal_width(), .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  gb_table_free(table);
  if (status != GB_OK)
    return status;
  gb_text_print(
      out, "\nThe gap, %s minus %s, and what it consists of (intervals at fixed prices):\n", b, a);
  term(out, "work", &x->work, "more or fewer MACs, at the common price");
  term(out, "bytes", &x->bytes, "weights and maps read and written");
  term(out, "calls", &x->calls, "steps");
  term(out, "rate", &x->rate, "the same work, dearer or cheaper");
  term(out, "residual", &x->residual, "in the whole, but in no step (and what profiling adds)");
  term(out, "gap", &x->whole, "");
  gb_text_print(
      out,
      "Prices over the steps of both: %.3g µs a million MACs, %.3g µs a megabyte, %.3g µs a "
      "step.\n%d thread%s, %zu rounds side by side; verdicts: %s, %s.\n\n",
      1e12 * x->prices.mac, 1e12 * x->prices.byte, 1e6 * x->prices.call, x->choice.options.threads,
      x->choice.options.threads == 1 ? "" : "s", x->runs,
      gb_validity_names[x->items[0].verdict.validity],
      gb_validity_names[x->items[1].verdict.validity]);
  words(x, a, b, out);
  return out->failed ? gb_fail_memory(error) : GB_OK;
}

static void json_term(gb_text *out, const char *name, const gb_explained_term *t) {
  gb_text_print(out, ",\n\"%s_s\": {\"value\": %.17g, \"low\": %.17g, \"high\": %.17g}", name,
                t->value, t->low, t->high);
}

gb_status gb_explained_json(const gb_explained *x, gb_text *out, gb_error *error) {
  gb_text_add(out, "{\"schema\": \"ghostbench-explain-1\", \"a\": ");
  gb_escape_json(out, x->sides[0].model.network->name);
  gb_text_add(out, ", \"b\": ");
  gb_escape_json(out, x->sides[1].model.network->name);
  gb_text_print(out, ", \"threads\": %d, \"runs\": %zu, \"total_a_s\": %.17g, \"total_b_s\": %.17g",
                x->choice.options.threads, x->runs, x->totals[0], x->totals[1]);
  gb_text_print(out,
                ",\n\"prices\": {\"mac_s\": %.17g, \"byte_s\": %.17g, \"call_s\": %.17g}, "
                "\"verdicts\": [\"%s\", \"%s\"]",
                x->prices.mac, x->prices.byte, x->prices.call,
                gb_validity_names[x->items[0].verdict.validity],
                gb_validity_names[x->items[1].verdict.validity]);
  json_term(out, "gap", &x->whole);
  json_term(out, "work", &x->work);
  json_term(out, "bytes", &x->bytes);
  json_term(out, "calls", &x->calls);
  json_term(out, "rate", &x->rate);
  json_term(out, "residual", &x->residual);
  gb_text_add(out, ",\n\"kinds\": [");
  for (size_t k = 0; k < x->kinds; k++) {
    const gb_gap_side *a = &x->sides[0].now[k], *b = &x->sides[1].now[k];
    gb_text_print(out,
                  "%s\n{\"kind\": \"%s\", \"a_macs\": %.0f, \"a_s\": %.17g, \"b_macs\": %.0f, "
                  "\"b_s\": %.17g, \"work_s\": %.17g, \"bytes_s\": %.17g, \"calls_s\": %.17g, "
                  "\"rate_s\": %.17g}",
                  k ? "," : "", x->kind_names[k], a->macs, a->seconds, b->macs, b->seconds,
                  x->terms[k].work, x->terms[k].bytes, x->terms[k].calls, x->terms[k].rate);
  }
  gb_text_add(out, "\n]}\n");
  return out->failed ? gb_fail_memory(error) : GB_OK;
}
