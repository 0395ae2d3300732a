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
  int64_t size = shape->h * shape->w;
  gb_slice s = gb_slice_of(plan, step, 1, worker);
  gb_maps_shape g = {.pixels = s.p1 - s.p0, .in_stride = size, .out_stride = size};
  while (s.c0 < s.c1) {
    gb_slice run = gb_slice_run(plan, step->in[0], step->out, s);
    const float *in = gb_plane_at(plan, step->in[0], s.c0, worker) + s.p0;
    float *out = gb_plane_at(plan, step->out, s.c0, worker) + s.p0;
    if (factors)
      plan->kernels->scale_maps(&g, factors + s.c0, factors + shape->c + s.c0, in, out, 0,
                                run.c1 - run.c0, step->act);
    else
      plan->kernels->activate(in, out, gb_slice_count(run), step->act);
    s.c0 = run.c1;
  }
}

const gb_step_type gb_step_map = {.name = "map",
                                  .takes_planes = true,
                                  .in_place = true,
                                  .cut = GB_CUT_PIXELS,
                                  .accepts = accepts,
                                  .prepare = prepare,
                                  .run = run};
