// Copies planes to where they are needed side by side; with `place` off, all moving layers.
#include "harness/engine/plan.h"

#include <string.h>

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_PLANES;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *out = &plan->tensors[step->out].shape;
  int64_t lo, hi, size = out->h * out->w;
  gb_share(out->c, 1, worker->part, worker->parts, &lo, &hi);
  for (int64_t c = lo; c < hi; c++) {
    gb_plane_source from = {0, c, 0};
    if (step->work.plane)
      from = step->work.plane(&step->node->op, c);
    memcpy(gb_plane_at(plan, step->out, c, worker),
           gb_plane_at(plan, step->in[from.input], from.channel, worker) + from.offset,
           (size_t)size * sizeof(float));
  }
}

const gb_step_type gb_step_copy = {
    .name = "copy", .takes_planes = true, .accepts = accepts, .run = run};
