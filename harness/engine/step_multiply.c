// A product: element by element, or maps scaled by a gate of one number each.
#include "harness/engine/plan.h"

#include "harness/engine/element.h"

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
  gb_share(shape->c, 1, worker->part, worker->parts, &lo, &hi);
  for (int64_t c = lo; c < hi; c++) {
    const float *a = gb_plane_at(plan, step->in[maps], c, worker);
    const float *b = gb_plane_at(plan, step->in[1 - maps], c, worker);
    float *out = gb_plane_at(plan, step->out, c, worker);
    if (gate)
      gb_scale_shift(a, *b, 0.0f, GB_ACT_NONE, size, out);
    else
      gb_multiply(a, b, size, out);
  }
}

const gb_step_type gb_step_multiply = {
    .name = "multiply", .takes_planes = true, .in_place = true, .accepts = accepts, .run = run};
