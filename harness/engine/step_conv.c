// Convolution of any kernel, stride, dilation and groups.
#include "harness/engine/plan.h"

typedef struct conv {
  gb_conv_shape shape;
  float *packed;
} conv;

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_CONV && step->gate < 0;
}

gb_conv_shape gb_conv_shape_of(const gb_plan *plan, const gb_step *step) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->work;
  return (gb_conv_shape){.in_c = in->c,
                         .out_c = out->c,
                         .groups = w->groups,
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
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  conv *c = gb_arena_allocate(plan->arena, 1, sizeof *c);
  if (!c)
    return gb_fail_memory(error);
  c->shape = gb_conv_shape_of(plan, step);
  c->packed =
      gb_arena_allocate(plan->arena, plan->kernels->conv_pack_size(&c->shape), sizeof *c->packed);
  if (!c->packed)
    return gb_fail_memory(error);
  plan->kernels->conv_pack(&c->shape, step->weights, c->packed);
  step->data = c;
  step->scratch = (int64_t)plan->kernels->conv_scratch_size(&c->shape);
  return GB_OK;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const conv *c = step->data;
  gb_slice s = gb_slice_of(plan, step, GB_ROW_GRAIN, worker);
  if (s.c0 >= s.c1 || s.p0 >= s.p1)
    return;
  plan->kernels->conv(&c->shape, c->packed, step->bias, gb_plane_at(plan, step->in[0], 0, worker),
                      step->residual >= 0 ? gb_plane_at(plan, step->residual, 0, worker) : NULL,
                      gb_plane_at(plan, step->out, 0, worker), worker->scratch, s.c0, s.c1, s.p0,
                      s.p1);
}

const gb_step_type gb_step_conv = {.name = "conv",
                                   .cut = GB_CUT_PIXELS,
                                   .adds_in_place = true,
                                   .accepts = accepts,
                                   .prepare = prepare,
                                   .run = run};
