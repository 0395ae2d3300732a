// 3×3 convolutions by Winograd's F(4×4, 3×3) (Lavin, Gray: Fast Algorithms for Convolutional Neural
// Networks, CVPR 2016) where the kernel says that it is faster.
#include "harness/engine/plan.h"

typedef struct winograd {
  gb_conv_shape shape;
  float *packed;
  int64_t tiles;
} winograd;

static bool accepts(const gb_plan *plan, const gb_step *step) {
  if (step->work.kind != GB_WORK_CONV || step->gate >= 0 || !gb_plan_has(plan, GB_PASS_WINOGRAD))
    return false;
  gb_conv_shape shape = gb_conv_shape_of(plan, step);
  return plan->kernels->winograd_wins(&shape);
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  winograd *w = gb_arena_allocate(plan->arena, 1, sizeof *w);
  if (!w)
    return gb_fail_memory(error);
  w->shape = gb_conv_shape_of(plan, step);
  w->tiles = plan->kernels->winograd_tiles(&w->shape);
  w->packed = gb_arena_allocate(plan->arena, plan->kernels->winograd_pack_size(&w->shape),
                                sizeof *w->packed);
  if (!w->packed)
    return gb_fail_memory(error);
  plan->kernels->winograd_pack(&w->shape, step->weights, w->packed);
  step->data = w;
  step->scratch = (int64_t)plan->kernels->winograd_scratch_size(&w->shape);
  // A multiplication for each position of a tile and an input map, transforms not counted.
  step->executed =
      w->tiles * plan->kernels->winograd_positions(&w->shape) * w->shape.in_c * w->shape.out_c;
  return GB_OK;
}

// Threads share tiles where each gets enough of them, else output channels (every thread then
// transforms the whole input).
static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const winograd *w = step->data;
  int64_t m0 = 0, m1 = w->shape.out_c, t0 = 0, t1 = w->tiles;
  if (t1 > (2 * worker->parts - 1) * plan->kernels->lanes)
    gb_share(t1, plan->kernels->lanes, worker, &t0, &t1);
  else
    gb_share(m1, GB_ROW_GRAIN, worker, &m0, &m1);
  if (m0 >= m1 || t0 >= t1)
    return;
  plan->kernels->winograd(&w->shape, w->packed, step->bias,
                          gb_plane_at(plan, step->in[0], 0, worker),
                          step->residual >= 0 ? gb_plane_at(plan, step->residual, 0, worker) : NULL,
                          gb_plane_at(plan, step->out, 0, worker), worker->scratch, m0, m1, t0, t1);
}

const gb_step_type gb_step_winograd = {
    .name = "winograd", .adds_in_place = true, .accepts = accepts, .prepare = prepare, .run = run};
