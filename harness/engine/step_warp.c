// Maps resampled along affine grids, their batch norm and activation behind.
#include "harness/engine/plan.h"

typedef struct warp {
  gb_warp_shape shape;
  double *matrices; // six an output map
  gb_behind behind;
} warp;

static bool accepts(const gb_plan *plan, const gb_step *step) {
  const gb_shape *out = &plan->tensors[step->out].shape;
  return step->work.kind == GB_WORK_WARP && step->residual < 0 && out->h * out->w < 1 << 30;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *out = &plan->tensors[step->out].shape;
  int64_t size = out->h * out->w;
  const float *params[GB_MAX_PARAMS];
  for (size_t i = 0; i < step->node->param_count; i++)
    params[i] = plan->weights->values + step->node->params[i].offset;
  warp *w = gb_arena_allocate(plan->arena, 1, sizeof *w);
  if (!w)
    return gb_fail_memory(error);
  w->matrices = gb_arena_allocate(plan->arena, (size_t)out->c, 6 * sizeof *w->matrices);
  if (!w->matrices)
    return gb_fail_memory(error);
  for (int64_t c = 0; c < out->c; c++)
    step->work.matrix(&step->node->op, params, c, w->matrices + 6 * c);
  w->shape = (gb_warp_shape){.h = out->h,
                             .w = out->w,
                             .multiplier = step->work.multiplier,
                             .in_stride = size,
                             .out_stride = size};
  step->data = w;
  return gb_behind_prepare(plan, step, &w->behind, error);
}

// Map by map, so that a map is still in cache when it is scaled.
static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const warp *w = step->data;
  const float *in = gb_plane_at(plan, step->in[0], 0, worker);
  float *out = gb_plane_at(plan, step->out, 0, worker);
  int64_t lo, hi;
  gb_share(plan->tensors[step->out].shape.c, 1, worker, &lo, &hi);
  for (int64_t c = lo; c < hi; c++) {
    plan->kernels->warp(&w->shape, w->matrices, in, out, c, c + 1);
    gb_behind_run(plan, step, &w->behind, out, c, c + 1);
  }
}

const gb_step_type gb_step_warp = {
    .name = "warp", .accepts = accepts, .prepare = prepare, .run = run};
