// A pointwise convolution and the depthwise one that makes ghosts of its maps, in one go.
#include "harness/engine/plan.h"

typedef struct ghost {
  gb_ghost_shape shape;
  float *packed;
} ghost;

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->ghosts != NULL;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->ghosts->work;
  int64_t ghosts = plan->tensors[step->ghosts->out].shape.c, pixels = out->h * out->w;
  ghost *g = gb_arena_allocate(plan->arena, 1, sizeof *g);
  if (!g)
    return gb_fail_memory(error);
  g->shape.primary = (gb_pointwise_shape){.rows = out->c,
                                          .depth = in->c,
                                          .pixels = pixels,
                                          .in_stride = pixels,
                                          .out_stride = pixels,
                                          .residual_stride = pixels,
                                          .act = step->act,
                                          .half = gb_first_half(plan, step)};
  g->shape.cheap = (gb_depthwise_shape){.channels = ghosts,
                                        .multiplier = ghosts / out->c,
                                        .in_h = out->h,
                                        .in_w = out->w,
                                        .out_h = out->h,
                                        .out_w = out->w,
                                        .kernel_h = w->kernel_h,
                                        .kernel_w = w->kernel_w,
                                        .stride_h = 1,
                                        .stride_w = 1,
                                        .pad_top = w->top,
                                        .pad_left = w->left,
                                        .dilation_h = w->dilation_h,
                                        .dilation_w = w->dilation_w,
                                        .in_stride = pixels,
                                        .out_stride = pixels,
                                        .residual_stride = pixels,
                                        .act = step->ghosts->act};
  // The residual may have fewer maps than primary maps and ghosts: the module's output was cut.
  if (step->residual >= 0 && plan->tensors[step->residual].shape.c - out->c < ghosts)
    g->shape.cheap.channels = plan->tensors[step->residual].shape.c - out->c;
  g->packed = gb_arena_allocate(plan->arena, plan->kernels->pointwise_pack_size(&g->shape.primary),
                                sizeof *g->packed);
  if (!g->packed)
    return gb_fail_memory(error);
  plan->kernels->pointwise_pack(&g->shape.primary, step->weights, g->packed);
  step->data = g;
  step->scratch =
      step->gate >= 0 ? (int64_t)plan->kernels->pointwise_scratch_size(&g->shape.primary) : 0;
  step->executed += g->shape.cheap.channels * pixels * w->kernel_h * w->kernel_w;
  return GB_OK;
}

// Threads share primary maps; each makes the ghosts of its own.
static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const ghost *g = step->data;
  int64_t rows = g->shape.primary.rows, grain = GB_ROW_GRAIN, lo, hi;
  if (rows < grain * worker->parts)
    grain = (rows + worker->parts - 1) / worker->parts;
  gb_share(rows, grain, worker, &lo, &hi);
  if (lo >= hi)
    return;
  gb_ask ask;
  gb_gate gate = {.scratch = worker->scratch};
  if (step->gate >= 0)
    gate.factor = gb_plane_at(plan, step->gate, 0, worker);
  const float *residual = NULL, *ghost_residual = NULL;
  if (step->residual >= 0) {
    residual = gb_plane_at(plan, step->residual, 0, worker);
    ghost_residual = gb_plane_at(plan, step->residual, rows, worker);
  }
  plan->kernels->ghost(&g->shape, g->packed, step->bias, step->ghosts->weights, step->ghosts->bias,
                       gb_plane_at(plan, step->in[0], 0, worker), gate.factor ? &gate : NULL,
                       gb_ask_of(plan, step, worker, &ask), residual,
                       gb_plane_at(plan, step->out, 0, worker), ghost_residual,
                       gb_plane_at(plan, step->ghosts->out, 0, worker), lo, hi);
}

const gb_step_type gb_step_ghost = {
    .name = "ghost", .accepts = accepts, .prepare = prepare, .run = run, .asks = true};
