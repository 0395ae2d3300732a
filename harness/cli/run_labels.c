// What the cells of an experiment are called: labels that tell neighbours apart.
#include "harness/cli/run.h"

#include <stdlib.h>
#include <string.h>

// Neighbours with one label: the cells from `begin` on, up to the one behind the last.
static size_t end_of_run(const gb_experiment *e, size_t begin) {
  size_t end = begin + 1;
  while (end < e->cell_count && strcmp(e->cells[end].label, e->cells[begin].label) == 0)
    end++;
  return end;
}

// Whether the cells of a run differ in the k-th value of their sweeps; of different sweeps, all do.
static bool varies(const gb_experiment *e, size_t begin, size_t end, size_t k) {
  const gb_cell *first = &e->cells[begin];
  for (size_t i = begin + 1; i < end; i++) {
    const gb_cell *cell = &e->cells[i];
    if (cell->point_count != first->point_count ||
        strcmp(cell->point[k].name, first->point[k].name) != 0 ||
        strcmp(cell->point[k].value, first->point[k].value) != 0)
      return true;
  }
  return false;
}

// "label (s=2, d=3)": what tells a cell from its neighbours of the same label.
static const char *full_label(gb_arena *arena, const gb_cell *cell, const bool *shown) {
  gb_text text = {0};
  size_t count = 0;
  gb_text_add(&text, cell->label);
  for (size_t k = 0; k < cell->point_count; k++)
    if (shown[k])
      gb_text_print(&text, "%s%s=%s", count++ ? ", " : " (", cell->point[k].name,
                    cell->point[k].value);
  if (count)
    gb_text_add(&text, ")");
  const char *label = text.failed ? NULL : gb_arena_copy(arena, gb_text_get(&text));
  gb_text_free(&text);
  return label;
}

// The labels of one run of neighbours.
static gb_status label_run(gb_arena *arena, const gb_experiment *e, size_t begin, size_t end,
                           const char **labels, gb_error *error) {
  size_t most = 0;
  for (size_t i = begin; i < end; i++)
    most = e->cells[i].point_count > most ? e->cells[i].point_count : most;
  bool *shown = gb_arena_allocate(arena, most + 1, sizeof *shown);
  if (!shown)
    return gb_fail_memory(error);
  for (size_t k = 0; end - begin > 1 && k < most; k++)
    shown[k] = k >= e->cells[begin].point_count || varies(e, begin, end, k);
  for (size_t i = begin; i < end; i++)
    if (!(labels[i] = full_label(arena, &e->cells[i], shown)))
      return gb_fail_memory(error);
  return GB_OK;
}

static int by_label(const void *a, const void *b) {
  const gb_cell_name *x = a, *y = b;
  int order = strcmp(x->label, y->label);
  return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b) {
  const gb_cell_name *x = a, *y = b;
  return (x->index > y->index) - (x->index < y->index);
}

gb_status gb_run_names(gb_arena *arena, const gb_experiment *e, gb_cell_name **names,
                       gb_error *error) {
  gb_cell_name *list = gb_arena_allocate(arena, e->cell_count + 1, sizeof *list);
  const char **labels = gb_arena_allocate(arena, e->cell_count + 1, sizeof *labels);
  if (!list || !labels)
    return gb_fail_memory(error);
  for (size_t begin = 0, end; begin < e->cell_count; begin = end) {
    end = end_of_run(e, begin);
    GB_TRY(label_run(arena, e, begin, end, labels, error));
  }
  for (size_t i = 0; i < e->cell_count; i++)
    list[i] = (gb_cell_name){labels[i], i, 1};
  qsort(list, e->cell_count, sizeof *list, by_label);
  for (size_t i = 1; i < e->cell_count; i++)
    if (strcmp(list[i].label, list[i - 1].label) == 0)
      list[i].occurrence = list[i - 1].occurrence + 1;
  qsort(list, e->cell_count, sizeof *list, by_index);
  *names = list;
  return GB_OK;
}
