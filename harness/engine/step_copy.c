// Copies planes to where they are needed side by side; with `place` off, all moving layers.
#include "harness/engine/plan.h"

#include <string.h>

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_PLANES;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  gb_slice s = gb_slice_of(plan, step, 1, worker);
  for (int64_t c = s.c0; c < s.c1; c++) {
    gb_plane_source from = {0, c, 0};
    if (step->work.plane)
      from = step->work.plane(&step->node->op, c);
    memcpy(gb_plane_at(plan, step->out, c, worker) + s.p0,
           gb_plane_at(plan, step->in[from.input], from.channel, worker) + from.offset + s.p0,
           (size_t)(s.p1 - s.p0) * sizeof(float));
  }
}

const gb_step_type gb_step_copy = {
    .name = "copy", .takes_planes = true, .cut = GB_CUT_PIXELS, .accepts = accepts, .run = run};
