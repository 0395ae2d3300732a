// Element by element on one input: a batch norm that stands alone, an activation that does.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_SCALE_SHIFT || step->work.kind == GB_WORK_ACTIVATION;
}

// Scale and shift as the kernel wants them: `data` holds all scales, then all shifts.
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
    factors[c] = (float)step->scale[c];
    factors[channels + c] = (float)step->shift[c];
  }
  step->data = factors;
  return GB_OK;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *shape = &plan->tensors[step->out].shape;
  const float *factors = step->data;
  int64_t lo, hi, size = shape->h * shape->w;
  gb_maps_shape g = {.pixels = size, .in_stride = size, .out_stride = size};
  gb_share(shape->c, 1, worker->part, worker->parts, &lo, &hi);
  while (lo < hi) {
    int64_t end = gb_plane_run(plan, step->in[0], lo, hi);
    const float *in = gb_plane_at(plan, step->in[0], lo, worker);
    float *out = gb_plane_at(plan, step->out, lo, worker);
    if (factors)
      plan->kernels->scale_maps(&g, factors + lo, factors + shape->c + lo, in, out, 0, end - lo,
                                step->act);
    else
      plan->kernels->activate(in, out, (end - lo) * size, step->act);
    lo = end;
  }
}

const gb_step_type gb_step_map = {.name = "map",
                                  .takes_planes = true,
                                  .in_place = true,
                                  .accepts = accepts,
                                  .prepare = prepare,
                                  .run = run};
