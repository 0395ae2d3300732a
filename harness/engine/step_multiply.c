// A product: element by element, or maps scaled by a gate of one number each.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_MULTIPLY && step->n_in == 2;
}

static bool is_gate(const gb_plan *plan, const gb_step *step, size_t input) {
  const gb_shape *in = &plan->tensors[step->in[input]].shape,
                 *out = &plan->tensors[step->out].shape;
  return in->h * in->w == 1 && out->h * out->w > 1;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *shape = &plan->tensors[step->out].shape;
  int64_t lo, hi, size = shape->h * shape->w;
  size_t maps = is_gate(plan, step, 0) ? 1 : 0;
  bool gate = is_gate(plan, step, 1 - maps);
  int a = step->in[maps], b = step->in[1 - maps];
  gb_maps_shape g = {.pixels = size, .in_stride = size, .out_stride = size};
  gb_share(shape->c, 1, worker->part, worker->parts, &lo, &hi);
  while (lo < hi) {
    int64_t end = gb_plane_run(plan, a, lo, gb_plane_run(plan, b, lo, hi));
    const float *x = gb_plane_at(plan, a, lo, worker), *y = gb_plane_at(plan, b, lo, worker);
    float *out = gb_plane_at(plan, step->out, lo, worker);
    if (gate)
      plan->kernels->scale_maps(&g, y, NULL, x, out, 0, end - lo, GB_ACT_NONE);
    else
      plan->kernels->multiply(x, y, out, (end - lo) * size, GB_ACT_NONE);
    lo = end;
  }
}

const gb_step_type gb_step_multiply = {
    .name = "multiply", .takes_planes = true, .in_place = true, .accepts = accepts, .run = run};
