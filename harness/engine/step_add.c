// The sum of several tensors, with an activation behind.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_ADD && step->n_in >= 2;
}

// Adds a slice of one more input to what `sum` holds: maps that follow each other in both at once,
// as one long row where they are wanted whole.
static void add_input(const gb_plan *plan, const gb_step *step, const gb_worker *worker, int sum,
                      size_t input, gb_activation act, gb_slice s) {
  int in = step->in[input];
  int64_t stride = plan->tensors[sum].stride, pixels = s.p1 - s.p0;
  bool alike = plan->tensors[in].stride == stride && plan->tensors[step->out].stride == stride;
  while (s.c0 < s.c1 && pixels > 0) {
    int64_t end =
        alike ? gb_plane_run(plan, sum, s.c0, gb_plane_run(plan, in, s.c0, s.c1)) : s.c0 + 1;
    int64_t maps = end - s.c0;
    bool dense = pixels == stride;
    plan->kernels->add(gb_plane_at(plan, sum, s.c0, worker) + s.p0,
                       gb_plane_at(plan, in, s.c0, worker) + s.p0,
                       gb_plane_at(plan, step->out, s.c0, worker) + s.p0,
                       dense ? maps * pixels : pixels, stride, dense ? 1 : maps, act);
    s.c0 = end;
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
