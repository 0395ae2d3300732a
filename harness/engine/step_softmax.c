// Soft maximum over the channels; threads share the positions.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_SOFTMAX && step->residual < 0 && step->act == GB_ACT_NONE;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *shape = &plan->tensors[step->out].shape;
  const float *in = gb_plane_at(plan, step->in[0], 0, worker);
  float *out = gb_plane_at(plan, step->out, 0, worker);
  int64_t lo, hi, size = shape->h * shape->w;
  if (size == 1) {
    if (worker->part == 0)
      plan->kernels->softmax(in, out, shape->c, shape->c, 1);
    return;
  }
  gb_share(size, 16, worker, &lo, &hi);
  if (lo < hi)
    plan->kernels->softmax_maps(in, out, shape->c, size, lo, hi);
}

const gb_step_type gb_step_softmax = {
    .name = "softmax", .in_place = true, .accepts = accepts, .run = run};
