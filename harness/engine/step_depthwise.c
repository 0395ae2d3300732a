// Depthwise convolution: each output map reads one input map, wherever that lies.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  return step->work.kind == GB_WORK_CONV && step->work.groups == in->c && step->gate < 0 &&
         (in->c > 1 || out->c == 1 || step->work.kernel_h * step->work.kernel_w > 1);
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->work;
  gb_depthwise_shape *g = gb_arena_allocate(plan->arena, 1, sizeof *g);
  if (!g)
    return gb_fail_memory(error);
  *g = (gb_depthwise_shape){.channels = out->c,
                            .multiplier = out->c / in->c,
                            .in_h = in->h,
                            .in_w = in->w,
                            .out_h = out->h,
                            .out_w = out->w,
                            .kernel_h = w->kernel_h,
                            .kernel_w = w->kernel_w,
                            .stride_h = w->stride_h,
                            .stride_w = w->stride_w,
                            .pad_top = w->top,
                            .pad_left = w->left,
                            .dilation_h = w->dilation_h,
                            .dilation_w = w->dilation_w,
                            .in_stride = plan->tensors[step->in[0]].stride,
                            .out_stride = plan->tensors[step->out].stride,
                            .residual_stride = gb_residual_stride(plan, step),
                            .act = step->act};
  step->data = g;
  return GB_OK;
}

// Runs of input maps that follow each other in memory are one call.
static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_depthwise_shape *g = step->data;
  gb_slice s = gb_slice_of(plan, step, g->multiplier, worker);
  int64_t lo = s.c0, hi = s.c1, taps = g->kernel_h * g->kernel_w;
  while (lo < hi && s.p0 < s.p1) {
    int64_t source = lo / g->multiplier;
    int64_t end = gb_plane_run(plan, step->in[0], source, hi / g->multiplier) * g->multiplier;
    gb_depthwise_shape part = *g;
    part.channels = end - lo;
    plan->kernels->depthwise_rows(
        &part, step->weights + lo * taps, step->bias ? step->bias + lo : NULL,
        gb_plane_at(plan, step->in[0], source, worker),
        step->residual >= 0 ? gb_plane_at(plan, step->residual, lo, worker) : NULL,
        gb_plane_at(plan, step->out, lo, worker), 0, part.channels, s.p0 / g->out_w,
        s.p1 / g->out_w);
    lo = end;
  }
}

const gb_step_type gb_step_depthwise = {.name = "depthwise",
                                        .takes_planes = true,
                                        .cut = GB_CUT_ROWS,
                                        .accepts = accepts,
                                        .prepare = prepare,
                                        .run = run};
