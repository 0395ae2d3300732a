// Pointwise convolution as a matrix product, with bias, gate, residual and activation.
#include "harness/engine/plan.h"

typedef struct pointwise {
  gb_pointwise_shape shape;
  float *packed;
} pointwise;

// A filter as high as its one input map, one column wide: the rows are what channels are elsewhere.
// EEGNet's spatial filter is one, once it goes first (reorder.c).
static bool takes_rows(const gb_work *w, const gb_shape *in, const gb_shape *out) {
  return w->kind == GB_WORK_CONV && in->c == 1 && w->kernel_h == in->h && w->kernel_w == 1 &&
         w->stride_w == 1 && w->dilation_h == 1 && w->top == 0 && w->left == 0 && out->h == 1 &&
         out->w == in->w && out->w > 1;
}

static bool accepts(const gb_plan *plan, const gb_step *step) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  return (gb_is_pointwise(&step->work) && out->h == in->h && out->w == in->w) ||
         (takes_rows(&step->work, in, out) && step->gate < 0);
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  pointwise *p = gb_arena_allocate(plan->arena, 1, sizeof *p);
  if (!p)
    return gb_fail_memory(error);
  int64_t pixels = out->h * out->w;
  bool rows = !gb_is_pointwise(&step->work);
  p->shape = (gb_pointwise_shape){.rows = out->c,
                                  .depth = rows ? in->h : in->c,
                                  .pixels = pixels,
                                  .in_stride = rows ? in->w : plan->tensors[step->in[0]].stride,
                                  .out_stride = plan->tensors[step->out].stride,
                                  .residual_stride = gb_residual_stride(plan, step),
                                  .act = step->act};
  p->packed = gb_arena_allocate(plan->arena, plan->kernels->pointwise_pack_size(&p->shape),
                                sizeof *p->packed);
  if (!p->packed)
    return gb_fail_memory(error);
  plan->kernels->pointwise_pack(&p->shape, step->weights, p->packed);
  step->data = p;
  step->scratch = step->gate >= 0 ? (int64_t)plan->kernels->pointwise_scratch_size(&p->shape) : 0;
  return GB_OK;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const pointwise *p = step->data;
  gb_slice s = gb_slice_of(plan, step, GB_ROW_GRAIN, worker);
  if (s.c0 >= s.c1 || s.p0 >= s.p1)
    return;
  gb_ask ask;
  gb_gate gate = {.scratch = worker->scratch};
  if (step->gate >= 0)
    gate.factor = gb_plane_at(plan, step->gate, 0, worker);
  plan->kernels->pointwise(
      &p->shape, p->packed, step->bias, gb_plane_at(plan, step->in[0], 0, worker),
      gate.factor ? &gate : NULL, gb_ask_of(plan, step, worker, &ask),
      step->residual >= 0 ? gb_plane_at(plan, step->residual, 0, worker) : NULL,
      gb_plane_at(plan, step->out, 0, worker), s.c0, s.c1, s.p0, s.p1);
}

const gb_step_type gb_step_pointwise = {.name = "pointwise",
                                        .cut = GB_CUT_PIXELS,
                                        .adds_in_place = true,
                                        .accepts = accepts,
                                        .prepare = prepare,
                                        .run = run,
                                        .asks = true};
