// The sum of several tensors, with an activation behind.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_ADD && step->n_in >= 2;
}

// Adds maps [lo, hi) of one more input to what `sum` holds.
static void add_input(const gb_plan *plan, const gb_step *step, const gb_worker *worker, int sum,
                      size_t input, gb_activation act, int64_t lo, int64_t hi) {
  const gb_shape *shape = &plan->tensors[step->out].shape;
  int64_t size = shape->h * shape->w;
  while (lo < hi) {
    int64_t end = gb_plane_run(plan, sum, lo, gb_plane_run(plan, step->in[input], lo, hi));
    plan->kernels->add(gb_plane_at(plan, sum, lo, worker),
                       gb_plane_at(plan, step->in[input], lo, worker),
                       gb_plane_at(plan, step->out, lo, worker), (end - lo) * size, act);
    lo = end;
  }
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  int64_t lo, hi;
  gb_share(plan->tensors[step->out].shape.c, 1, worker->part, worker->parts, &lo, &hi);
  for (size_t i = 1; i < step->n_in; i++)
    add_input(plan, step, worker, i == 1 ? step->in[0] : step->out, i,
              i + 1 == step->n_in ? step->act : GB_ACT_NONE, lo, hi);
}

const gb_step_type gb_step_add = {
    .name = "add", .takes_planes = true, .in_place = true, .accepts = accepts, .run = run};
