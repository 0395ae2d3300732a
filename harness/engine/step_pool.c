// Pooling: sliding windows, and whole maps.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_POOL;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->work;
  gb_pool_shape *g = gb_arena_allocate(plan->arena, 1, sizeof *g);
  if (!g)
    return gb_fail_memory(error);
  *g = (gb_pool_shape){.in_h = in->h,
                       .in_w = in->w,
                       .out_h = out->h,
                       .out_w = out->w,
                       .kernel_h = w->kernel_h,
                       .kernel_w = w->kernel_w,
                       .stride_h = w->stride_h,
                       .stride_w = w->stride_w,
                       .pad_top = w->top,
                       .pad_left = w->left,
                       .in_stride = in->h * in->w,
                       .out_stride = out->h * out->w,
                       .count_padding = w->count_padding};
  step->data = g;
  return GB_OK;
}

// Runs of maps that follow each other in memory are one call.
static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  int64_t lo, hi;
  gb_share(plan->tensors[step->out].shape.c, 1, worker->part, worker->parts, &lo, &hi);
  while (lo < hi) {
    int64_t end = gb_plane_run(plan, step->in[0], lo, hi);
    (step->work.max ? plan->kernels->max_pool : plan->kernels->average_pool)(
        step->data, gb_plane_at(plan, step->in[0], lo, worker),
        gb_plane_at(plan, step->out, lo, worker), 0, end - lo);
    lo = end;
  }
}

const gb_step_type gb_step_pool = {
    .name = "pool", .takes_planes = true, .accepts = accepts, .prepare = prepare, .run = run};

static bool accepts_global(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_GLOBAL_POOL && !step->work.max;
}

static void run_global(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape;
  int64_t lo, hi, size = in->h * in->w;
  gb_share(in->c, 1, worker->part, worker->parts, &lo, &hi);
  while (lo < hi) {
    int64_t end = gb_plane_run(plan, step->in[0], lo, hi);
    plan->kernels->global_average(gb_plane_at(plan, step->in[0], lo, worker), size, size,
                                  gb_plane_at(plan, step->out, lo, worker), 0, end - lo);
    lo = end;
  }
}

const gb_step_type gb_step_global_pool = {
    .name = "global-pool", .takes_planes = true, .accepts = accepts_global, .run = run_global};
