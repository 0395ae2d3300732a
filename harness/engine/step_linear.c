// Linear layers and pointwise convolutions of a single pixel: weights stream once for the batch.
#include "harness/engine/plan.h"

enum { ROW_GRAIN = 16 }; // outputs of a line

// A convolution without groups whose kernel covers its input exactly is a linear layer:
// squeeze-excite on single pixels, EEGNet's classifier.
static bool covers_input(const gb_plan *plan, const gb_step *step) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->work;
  return w->kind == GB_WORK_CONV && w->groups == 1 && out->h == 1 && out->w == 1 && w->top == 0 &&
         w->left == 0 && w->kernel_h == in->h && w->kernel_w == in->w && w->dilation_h == 1 &&
         w->dilation_w == 1;
}

static bool accepts(const gb_plan *plan, const gb_step *step) {
  return (step->work.kind == GB_WORK_LINEAR || covers_input(plan, step)) && step->gate < 0 &&
         step->residual < 0;
}

static int64_t image_stride(const gb_plan *plan, int tensor) {
  const gb_tensor *t = &plan->tensors[tensor];
  return t->base == GB_BASE_ARENA ? plan->arena_size : t->shape.c * t->shape.h * t->shape.w;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape;
  gb_linear_shape *g = gb_arena_allocate(plan->arena, 1, sizeof *g);
  if (!g)
    return gb_fail_memory(error);
  *g = (gb_linear_shape){.rows = plan->tensors[step->out].shape.c,
                         .depth = in->c * in->h * in->w,
                         .batch = plan->batch,
                         .in_stride = image_stride(plan, step->in[0]),
                         .out_stride = image_stride(plan, step->out),
                         .act = step->act};
  step->data = g;
  return GB_OK;
}

static const float *reads(const gb_step *step, const gb_worker *worker, int64_t *count) {
  const gb_linear_shape *g = step->data;
  int64_t lo, hi;
  gb_share(g->rows, ROW_GRAIN, worker, &lo, &hi);
  *count = (hi - lo) * g->depth;
  return step->weights + lo * g->depth;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_linear_shape *g = step->data;
  int64_t lo, hi;
  gb_share(g->rows, ROW_GRAIN, worker, &lo, &hi);
  if (lo < hi)
    plan->kernels->linear(g, step->weights, step->bias, gb_plane_at(plan, step->in[0], 0, worker),
                          gb_plane_at(plan, step->out, 0, worker), lo, hi);
}

const gb_step_type gb_step_linear = {.name = "linear",
                                     .whole_batch = true,
                                     .accepts = accepts,
                                     .prepare = prepare,
                                     .run = run,
                                     .reads = reads};
