// The sum of several tensors, with an activation behind.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_ADD && step->n_in >= 2;
}

// Adds a slice of one more input to what `sum` holds.
static void add_input(const gb_plan *plan, const gb_step *step, const gb_worker *worker, int sum,
                      size_t input, gb_activation act, gb_slice s) {
  while (s.c0 < s.c1) {
    gb_slice run = gb_slice_run(plan, sum, step->in[input], s);
    plan->kernels->add(gb_plane_at(plan, sum, s.c0, worker) + s.p0,
                       gb_plane_at(plan, step->in[input], s.c0, worker) + s.p0,
                       gb_plane_at(plan, step->out, s.c0, worker) + s.p0, gb_slice_count(run), act);
    s.c0 = run.c1;
  }
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  gb_slice s = gb_slice_of(plan, step, 1, worker);
  for (size_t i = 1; i < step->n_in; i++)
    add_input(plan, step, worker, i == 1 ? step->in[0] : step->out, i,
              i + 1 == step->n_in ? step->act : GB_ACT_NONE, s);
}

const gb_step_type gb_step_add = {.name = "add",
                                  .takes_planes = true,
                                  .in_place = true,
                                  .cut = GB_CUT_PIXELS,
                                  .accepts = accepts,
                                  .run = run};
