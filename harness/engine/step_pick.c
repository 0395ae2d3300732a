// Elements moved one by one: nearest-neighbour resampling, subsampling, maps of zeros.
#include "harness/engine/plan.h"

#include <string.h>

typedef struct pick {
  int64_t *rows, *columns; // of the input, by those of the output
  bool whole_rows;         // columns are all in their places
} pick;

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_PICK && step->residual < 0 && step->act == GB_ACT_NONE;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  pick *p = gb_arena_allocate(plan->arena, 1, sizeof *p);
  if (!p)
    return gb_fail_memory(error);
  p->rows = gb_arena_allocate(plan->arena, (size_t)out->h, sizeof *p->rows);
  p->columns = gb_arena_allocate(plan->arena, (size_t)out->w, sizeof *p->columns);
  if (!p->rows || !p->columns)
    return gb_fail_memory(error);
  p->whole_rows = in->w == out->w;
  for (int64_t y = 0; y < out->h; y++)
    p->rows[y] = step->work.pick_row(&step->node->op, y);
  for (int64_t x = 0; x < out->w; x++) {
    p->columns[x] = step->work.pick_column(&step->node->op, x);
    p->whole_rows = p->whole_rows && p->columns[x] == x;
  }
  step->data = p;
  return GB_OK;
}

static void pick_map(const pick *p, const gb_shape *in, const gb_shape *out, const float *from,
                     float *to) {
  for (int64_t y = 0; y < out->h; y++, to += out->w) {
    const float *row = from + p->rows[y] * in->w;
    if (y > 0 && p->rows[y] == p->rows[y - 1])
      memcpy(to, to - out->w, (size_t)out->w * sizeof *to);
    else if (p->whole_rows)
      memcpy(to, row, (size_t)out->w * sizeof *to);
    else
      for (int64_t x = 0; x < out->w; x++)
        to[x] = row[p->columns[x]];
  }
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  int64_t lo, hi;
  gb_share(out->c, 1, worker, &lo, &hi);
  for (int64_t c = lo; c < hi; c++) {
    int64_t from = step->work.pick_map(&step->node->op, c);
    float *to = gb_plane_at(plan, step->out, c, worker);
    if (from < 0)
      memset(to, 0, (size_t)(out->h * out->w) * sizeof *to);
    else
      pick_map(step->data, in, out, gb_plane_at(plan, step->in[0], from, worker), to);
  }
}

const gb_step_type gb_step_pick = {
    .name = "pick", .takes_planes = true, .accepts = accepts, .prepare = prepare, .run = run};
