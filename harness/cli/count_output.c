// What count prints: which groups this machine can count, and tables of what was counted.
#include "harness/cli/count.h"
#include "harness/report/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void list_group(gb_counters *counters, const gb_counter_group *group, gb_text *out) {
  size_t here = 0;
  gb_event_state first = {0};
  gb_text missing = {0};
  for (size_t i = 0; i < group->event_count; i++) {
    gb_event_state state;
    if (gb_group_source_here(counters, &group->events[i], &state) >= 0) {
      here++;
      continue;
    }
    if (!missing.length)
      first = state;
    gb_text_print(&missing, "%s%s", missing.length ? ", " : "", group->events[i].title);
  }
  const char *what = here == group->event_count ? "yes" : here ? "in part" : "not available";
  gb_text_print(out, "  %-18s %s: %s%s\n", group->name, what, group->title,
                here && gb_group_is_simulated(group) ? " (--counters callgrind)" : "");
  if (here && missing.length)
    gb_text_print(out, "  %-18s   without %s\n", "", gb_text_get(&missing));
  if (missing.length)
    gb_text_print(out, "  %-18s   %s\n", "", first.reason);
  gb_text_free(&missing);
}

gb_status gb_count_list_groups(gb_counters *counters, gb_text *out, gb_error *error) {
  gb_arena *arena = gb_arena_new(NULL);
  gb_places places = {0};
  const char **names = NULL;
  gb_status status = arena ? gb_find_places(arena, &places, error) : gb_fail_memory(error);
  if (status == GB_OK)
    status = gb_list_names(arena, &places, GB_GROUPS, &names, error);
  for (; status == GB_OK && *names; names++) {
    gb_counter_group *group;
    gb_error unread = {0};
    if (gb_count_open_group(*names, &group, &unread) != GB_OK) {
      gb_text_print(out, "  %-18s cannot be read: %s\n", *names, unread.message);
      continue;
    }
    list_group(counters, group, out);
    gb_counter_group_free(group);
  }
  gb_arena_free(arena);
  return status;
}

// ---------------------------------------------------------------------------------------------

static void set_count(gb_table *table, double value) {
  if (isnan(value))
    gb_table_missing(table);
  else if (value == floor(value) && fabs(value) < 9e15)
    gb_table_integer(table, (int64_t)value);
  else
    gb_table_real(table, value, -1);
}

// Metrics are ratios: three digits say what there is.
static void set_metric(gb_table *table, double value) {
  char shown[32];
  if (isnan(value)) {
    gb_table_missing(table);
    return;
  }
  gb_table_real(table, value, -1);
  if (fabs(value) >= 1e5)
    snprintf(shown, sizeof shown, "%.3g", value);
  else
    snprintf(shown, sizeof shown, "%.*f",
             fabs(value) >= 99.95   ? 0
             : fabs(value) >= 9.995 ? 1
                                    : 2,
             value);
  gb_table_shown(table, shown);
}

static void add_row(gb_table *table, const gb_counted *c, size_t first, size_t end, size_t step) {
  for (size_t i = first; i < end; i++) {
    if (c->columns[i].reason)
      continue;
    if (*c->columns[i].event)
      set_count(table, c->columns[i].values[step]);
    else
      set_metric(table, c->columns[i].values[step]);
  }
}

static void add_step(gb_table *table, const gb_counted *c, size_t step) {
  bool whole = step == c->step_count;
  int64_t macs = 0, executed = 0;
  for (size_t s = 0; s < c->step_count; s++)
    if (whole || s == step) {
      macs += c->steps[s].nominal_macs * c->batch;
      executed += c->steps[s].executed_macs * c->batch;
    }
  gb_table_row(table);
  if (whole && c->step_count)
    gb_table_rule(table);
  gb_table_text(table, whole ? "" : c->steps[step].kind);
  gb_table_text(table, whole ? "whole network" : c->steps[step].name);
  gb_table_integer(table, macs);
  gb_table_integer(table, executed);
}

static void add_notes(gb_table *table, const gb_counted *c, size_t first, size_t end,
                      gb_text *note) {
  for (size_t i = first; i < end; i++) {
    const gb_counted_column *column = &c->columns[i];
    note->length = 0;
    if (*column->event && column->reason)
      gb_text_print(note, "%s (%s) is not available: %s. Remedy: %s.", column->title, column->event,
                    column->reason, column->remedy);
    else if (column->suspect)
      gb_text_print(note, "%s is not to be believed: %s.", column->title, column->suspect);
    if (note->length)
      gb_table_note(table, gb_text_get(note));
  }
  if (c->columns[first].simulated)
    gb_table_note(table, "Simulated by valgrind's callgrind, with this processor's cache sizes: "
                         "instructions are exact, misses those of a model.");
}

// Where nothing of a group exists, a table of dashes would say less.
static void print_nothing(const gb_counted *c, size_t first, size_t end, gb_text *out) {
  const char *said = "";
  gb_text_print(out, "%s: not available here\n", c->columns[first].group);
  for (size_t i = first; i < end; i++)
    if (*c->columns[i].event && strcmp(said, c->columns[i].reason) != 0) {
      said = c->columns[i].reason;
      gb_text_print(out, "  %s: %s\n  remedy: %s\n", c->columns[i].event, said,
                    c->columns[i].remedy);
    }
}

static gb_status print_group(const gb_counted *c, const char *name, size_t first, size_t end,
                             bool only_total, gb_text *out, gb_error *error) {
  static const gb_column fixed[] = {{"step", "step", NULL, GB_ALIGN_LEFT, false},
                                    {"layer", "layer", NULL, GB_ALIGN_LEFT, false},
                                    {"macs", "MACs", NULL, GB_ALIGN_RIGHT, true},
                                    {"executed_macs", "executed", NULL, GB_ALIGN_RIGHT, true}};
  char title[400];
  snprintf(title, sizeof title, "%.200s: %.60s (%s, %d thread%s, batch %lld)", name,
           c->columns[first].group, c->isa, c->threads, c->threads == 1 ? "" : "s",
           (long long)c->batch);
  gb_table *table = gb_table_new("count", title);
  if (!table)
    return gb_fail_memory(error);
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
    gb_table_column(table, &fixed[i]);
  for (size_t i = first; i < end; i++)
    if (!c->columns[i].reason) {
      char unique[160];
      snprintf(unique, sizeof unique, "counted_%.120s", c->columns[i].name);
      gb_table_column(table, &(gb_column){unique, c->columns[i].title, c->columns[i].unit,
                                          GB_ALIGN_RIGHT, *c->columns[i].event != '\0'});
    }
  for (size_t s = only_total ? c->step_count : 0; s <= c->step_count; s++) {
    add_step(table, c, s);
    add_row(table, c, first, end, s);
  }
  gb_text note = {0};
  add_notes(table, c, first, end, &note);
  gb_text_free(&note);
  gb_text_style style = {.width = 0, .colour = gb_want_colour()};
  gb_status status = gb_table_write(table, GB_FORMAT_TEXT, &style, out, error);
  gb_table_free(table);
  return status;
}

gb_status gb_count_tables(const gb_counted *c, const char *name, bool only_total, gb_text *out,
                          gb_error *error) {
  for (size_t first = 0, end; first < c->column_count; first = end) {
    bool any = false;
    for (end = first;
         end < c->column_count && strcmp(c->columns[end].group, c->columns[first].group) == 0;
         end++)
      any |= !c->columns[end].reason;
    if (out->length)
      gb_text_add(out, "\n");
    if (any)
      GB_TRY(print_group(c, name, first, end, only_total, out, error));
    else
      print_nothing(c, first, end, out);
  }
  return out->failed ? gb_fail_memory(error) : GB_OK;
}
