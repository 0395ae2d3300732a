// Counts of the store as a table: what layers name, what the engine does, and what the machine
// says.
#include "harness/cli/stores.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Columns in their order. Those of `always` stand there also where nothing was counted.
static const struct {
  const char *event, *title, *unit;
  bool count, always;
  int decimals;
} shown[] = {
    {"work/nominal", "MACs", "nominal", true, true, 0},
    {"work/done", "MACs", "executed", true, true, 0},
    {"work/ratio", "Executed", "÷ nominal", false, true, 3},
    {"work/moved", "Bytes", NULL, true, true, 0},
    {"work/intensity", "MACs", "a byte", false, true, 2},
    {"cycles/lanes-used", "Lanes used", "%", false, true, 1},
    {"cycles/cycles", "Cycles", NULL, true, false, 0},
    {"cycles/instructions", "Instructions", NULL, true, false, 0},
    {"cycles/ipc", "Instructions", "a cycle", false, false, 2},
    {"cycles/macs-a-cycle", "MACs", "a cycle", false, false, 2},
    {"cache/l1-kmac", "L1 misses", "per 1000 MACs", false, false, 2},
    {"cache/l2-kmac", "L2 misses", "per 1000 MACs", false, false, 2},
    {"branches/mispredicted", "Mispredicted", NULL, true, false, 0},
    {"memory/against-needed", "Traffic", "÷ bytes", false, false, 2},
    {"energy/package", "Energy", "J", false, false, 3},
    {"os/minor", "Page faults", NULL, true, false, 0},
    {"os/forced", "Switched away", NULL, true, false, 0},
};
enum { SHOWN = sizeof shown / sizeof *shown };

static const gb_stored_counter *find(const gb_stored_cell *cell, int64_t step, const char *event) {
  for (size_t i = 0; i < cell->counter_count; i++)
    if (cell->counters[i].step == step && strcmp(cell->counters[i].event, event) == 0)
      return &cell->counters[i];
  return NULL;
}

static bool is_counted(const gb_stored_cell *const *cells, size_t count, const char *event) {
  for (size_t i = 0; i < count; i++) {
    const gb_stored_counter *c = find(cells[i], -1, event);
    if (c && !isnan(c->value))
      return true;
  }
  return false;
}

static void add_columns(gb_table *table, const gb_stored_cell *const *cells, size_t count,
                        bool steps, bool *used) {
  gb_table_column(table, &(gb_column){.name = "network", .title = "Network"});
  if (steps) {
    gb_table_column(table, &(gb_column){.name = "layer", .title = "Layer"});
    gb_table_column(table, &(gb_column){.name = "step", .title = "Step"});
  }
  for (size_t k = 0; k < SHOWN; k++) {
    used[k] = shown[k].always || is_counted(cells, count, shown[k].event);
    if (used[k])
      gb_table_column(table, &(gb_column){.name = shown[k].event,
                                          .title = shown[k].title,
                                          .unit = shown[k].unit,
                                          .align = GB_ALIGN_RIGHT,
                                          .count = shown[k].count});
  }
}

static void add_row(gb_table *table, const gb_stored_cell *cell, int64_t step, bool steps,
                    const bool *used) {
  gb_table_row(table);
  gb_table_text(table, cell->label);
  const gb_stored_counter *first = find(cell, step, shown[0].event);
  const char *layer = first && step >= 0 ? first->layer : "";
  const char *open = strrchr(layer, '(');
  char text[512];
  size_t n = strlen(layer);
  if (steps) {
    snprintf(text, sizeof text, "%.*s", open > layer ? (int)(open - layer) - 1 : (int)n, layer);
    gb_table_text(table, step < 0 ? "whole network" : text);
    snprintf(text, sizeof text, "%.*s", open ? (int)strcspn(open + 1, ")") : 0,
             open ? open + 1 : "");
    gb_table_text(table, text);
  }
  for (size_t k = 0; k < SHOWN; k++) {
    if (!used[k])
      continue;
    const gb_stored_counter *c = find(cell, step, shown[k].event);
    double value = c ? c->value : (double)NAN;
    if (!isfinite(value))
      gb_table_missing(table);
    else if (shown[k].count && fabs(value) < 9e15)
      gb_table_integer(table, (int64_t)value);
    else
      gb_table_real(table, value, shown[k].decimals);
  }
}

// Whether the counter's reason stands with an earlier one of the cell.
static bool told_before(const gb_stored_cell *cell, size_t index) {
  for (size_t i = 0; i < index; i++)
    if (cell->counters[i].step < 0 && isnan(cell->counters[i].value) &&
        strcmp(cell->counters[i].reason, cell->counters[index].reason) == 0)
      return true;
  return false;
}

// What could not be counted, by reason.
static void add_reasons(gb_table *table, const gb_stored_cell *cell) {
  for (size_t i = 0; i < cell->counter_count; i++) {
    const gb_stored_counter *c = &cell->counters[i];
    if (c->step >= 0 || !isnan(c->value) || !*c->reason || strcmp(c->source, "formula") == 0 ||
        told_before(cell, i))
      continue;
    gb_text text = {0};
    size_t found = 0;
    for (size_t k = i; k < cell->counter_count; k++) {
      const gb_stored_counter *other = &cell->counters[k];
      if (other->step < 0 && isnan(other->value) && strcmp(other->reason, c->reason) == 0 &&
          strcmp(other->source, "formula") != 0)
        gb_text_print(&text, "%s%s", found++ ? ", " : "", other->event);
    }
    gb_text_print(&text, ": not available: %s.", c->reason);
    gb_table_note(table, gb_text_get(&text));
    table->failed |= text.failed;
    gb_text_free(&text);
  }
}

static int64_t step_count(const gb_stored_cell *cell) {
  int64_t most = 0;
  for (size_t i = 0; i < cell->counter_count; i++)
    if (cell->counters[i].step >= most && cell->counters[i].step < INT32_MAX)
      most = cell->counters[i].step + 1;
  return most <= (int64_t)cell->counter_count ? most : 0;
}

void gb_stored_counters_table(const gb_stored_cell *const *cells, size_t count, bool steps,
                              gb_table *table) {
  bool used[SHOWN];
  add_columns(table, cells, count, steps, used);
  for (size_t i = 0; i < count; i++) {
    for (int64_t s = 0; steps && s < step_count(cells[i]); s++)
      add_row(table, cells[i], s, true, used);
    add_row(table, cells[i], -1, steps, used);
    if (steps && step_count(cells[i]))
      gb_table_rule(table);
  }
  gb_table_note(table,
                "Executed MACs differ from nominal ones where padding, tails and recomputation "
                "add, or reordering and Winograd save. Lanes used: executed MACs over instructions "
                "times lanes of a vector.");
  if (count && !is_counted(cells, count, "cycles/lanes-used"))
    gb_table_note(table, "Where the processor's counters are hidden, 'ghostbench count NETWORK "
                         "--counters callgrind' simulates instructions, and with them lanes used.");
  if (count)
    add_reasons(table, cells[0]);
}
