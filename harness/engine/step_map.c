// Element by element on one input: a batch norm that stands alone, an activation that does.
#include "harness/engine/plan.h"

#include "harness/engine/element.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_SCALE_SHIFT || step->work.kind == GB_WORK_ACTIVATION;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  if (step->work.kind == GB_WORK_ACTIVATION) {
    step->act = step->work.act;
    return GB_OK;
  }
  int64_t channels = plan->tensors[step->out].shape.c;
  float *factors = gb_arena_allocate(plan->arena, (size_t)channels, 2 * sizeof *factors);
  if (!factors)
    return gb_fail_memory(error);
  for (int64_t c = 0; c < channels; c++) {
    factors[2 * c] = (float)step->scale[c];
    factors[2 * c + 1] = (float)step->shift[c];
  }
  step->data = factors;
  return GB_OK;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *shape = &plan->tensors[step->out].shape;
  const float *factors = step->data;
  int64_t lo, hi, size = shape->h * shape->w;
  gb_share(shape->c, 1, worker->part, worker->parts, &lo, &hi);
  for (int64_t c = lo; c < hi; c++)
    gb_scale_shift(gb_plane_at(plan, step->in[0], c, worker), factors ? factors[2 * c] : 1.0f,
                   factors ? factors[2 * c + 1] : 0.0f, step->act, size,
                   gb_plane_at(plan, step->out, c, worker));
}

const gb_step_type gb_step_map = {.name = "map",
                                  .takes_planes = true,
                                  .in_place = true,
                                  .accepts = accepts,
                                  .prepare = prepare,
                                  .run = run};
