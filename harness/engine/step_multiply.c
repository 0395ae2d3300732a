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
  int64_t size = shape->h * shape->w;
  size_t maps = is_gate(plan, step, 0) ? 1 : 0;
  bool gate = is_gate(plan, step, 1 - maps);
  int a = step->in[maps], b = step->in[1 - maps];
  gb_slice s = gb_slice_of(plan, step, 1, worker);
  gb_maps_shape g = {.pixels = s.p1 - s.p0, .in_stride = size, .out_stride = size};
  while (s.c0 < s.c1) {
    gb_slice run = gb_slice_run(plan, a, b, s);
    const float *x = gb_plane_at(plan, a, s.c0, worker) + s.p0;
    const float *y = gb_plane_at(plan, b, s.c0, worker);
    float *out = gb_plane_at(plan, step->out, s.c0, worker) + s.p0;
    if (gate)
      plan->kernels->scale_maps(&g, y, NULL, x, out, 0, run.c1 - run.c0, GB_ACT_NONE);
    else
      plan->kernels->multiply(x, y + s.p0, out, gb_slice_count(run), GB_ACT_NONE);
    s.c0 = run.c1;
  }
}

const gb_step_type gb_step_multiply = {.name = "multiply",
                                       .takes_planes = true,
                                       .in_place = true,
                                       .cut = GB_CUT_PIXELS,
                                       .accepts = accepts,
                                       .run = run};
