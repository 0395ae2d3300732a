// Running the chains that strips.c found: which rows a thread makes in a strip, and the memory of
// the rows that it keeps.
#include "harness/engine/plan.h"

#include <string.h>

int64_t gb_strips_stride(const gb_strips *strips, const gb_shape *shape, int *window) {
  for (*window = 1; *window < GB_WINDOWS; ++*window)
    if (strips->heights[*window] == shape->h)
      return strips->most[*window] * shape->w;
  *window = 0;
  return shape->h * shape->w;
}

void gb_strips_span(const gb_strips *strips, int part, size_t step, int64_t *from, int64_t *to) {
  const gb_part_strips *own = &strips->parts[part];
  int64_t count = (int64_t)(strips->end - strips->first), i = (int64_t)(step - strips->first);
  *from = own->rows[i].from;
  *to = own->rows[(own->count - 1) * count + i].to;
}

// The rows that are kept move to the front of their memory.
static void move_on(const gb_plan *plan, const gb_strips *strips, int64_t strip,
                    const gb_worker *before, const gb_worker *worker) {
  const gb_part_strips *own = &strips->parts[worker->part];
  int64_t count = (int64_t)(strips->end - strips->first);
  for (int64_t i = 0; i < count; i++) {
    int out = plan->steps[(int64_t)strips->first + i].out;
    const gb_tensor *t = &plan->tensors[out];
    const gb_rows *rows = &own->rows[strip * count + i];
    int64_t from = rows->keep, end = rows->from;
    if (t->window == 0 || worker->above[t->window] == before->above[t->window] || from >= end)
      continue;
    for (int64_t c = 0; c < t->shape.c; c++)
      memmove(gb_plane_at(plan, out, c, worker) + from * t->shape.w,
              gb_plane_at(plan, out, c, before) + from * t->shape.w,
              (size_t)((end - from) * t->shape.w) * sizeof(float));
  }
}

void gb_strips_begin(const gb_plan *plan, const gb_strips *strips, int64_t strip,
                     gb_worker *worker) {
  gb_worker before = *worker;
  memcpy(worker->above, strips->parts[worker->part].above + strip * GB_WINDOWS,
         sizeof worker->above);
  if (strip > 0)
    move_on(plan, strips, strip, &before, worker);
}

bool gb_strips_rows(const gb_strips *strips, int64_t strip, size_t step, gb_worker *worker) {
  int64_t count = (int64_t)(strips->end - strips->first), i = (int64_t)(step - strips->first);
  const gb_rows *rows = &strips->parts[worker->part].rows[strip * count + i];
  worker->y0 = rows->from;
  worker->y1 = rows->to;
  return worker->y0 < worker->y1;
}

void gb_strips_end(gb_worker *worker) {
  memset(worker->above, 0, sizeof worker->above);
}
