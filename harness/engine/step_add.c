// The sum of several tensors, with an activation behind.
#include "harness/engine/plan.h"

#include "harness/engine/element.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_ADD && step->n_in >= 2;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *shape = &plan->tensors[step->out].shape;
  int64_t lo, hi, size = shape->h * shape->w;
  gb_share(shape->c, 1, worker->part, worker->parts, &lo, &hi);
  for (int64_t c = lo; c < hi; c++) {
    float *out = gb_plane_at(plan, step->out, c, worker);
    const float *sum = gb_plane_at(plan, step->in[0], c, worker);
    for (size_t i = 1; i < step->n_in; i++) {
      gb_add(sum, gb_plane_at(plan, step->in[i], c, worker),
             i + 1 == step->n_in ? step->act : GB_ACT_NONE, size, out);
      sum = out;
    }
  }
}

const gb_step_type gb_step_add = {
    .name = "add", .takes_planes = true, .in_place = true, .accepts = accepts, .run = run};
