// Pointwise convolution as a matrix product, with bias, gate, residual and activation.
#include "harness/engine/plan.h"
#include "layers/base/memory.h"

#include <string.h>

// A product, or two that are added.
typedef struct pointwise {
  gb_pointwise_shape shape;
  float *packed;
  gb_pointwise_shape halves[2]; // where the step goes by halves: their sums
  float *packed_halves[2];
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

static float *pack(const gb_plan *plan, const gb_pointwise_shape *shape, const float *weights) {
  float *packed =
      gb_arena_allocate(plan->arena, plan->kernels->pointwise_pack_size(shape), sizeof *packed);
  if (packed)
    plan->kernels->pointwise_pack(shape, weights, packed);
  return packed;
}

// One half of p's product, whose weights are columns [k0, k0 + depth) of all.
static gb_status prepare_half(gb_plan *plan, const gb_step *step, pointwise *p, int half,
                              int64_t k0, int64_t depth, gb_error *error) {
  gb_pointwise_shape *shape = &p->halves[half];
  *shape = (gb_pointwise_shape){.rows = p->shape.rows,
                                .depth = depth,
                                .pixels = p->shape.pixels,
                                .in_stride = p->shape.in_stride,
                                .out_stride = p->shape.pixels,
                                .act = GB_ACT_NONE};
  float *columns = gb_allocate(NULL, (size_t)(shape->rows * depth), sizeof *columns);
  if (!columns)
    return gb_fail_memory(error);
  for (int64_t m = 0; m < shape->rows; m++)
    memcpy(columns + m * depth, step->weights + m * p->shape.depth + k0,
           (size_t)depth * sizeof *columns);
  p->packed_halves[half] = pack(plan, shape, columns);
  gb_release(NULL, columns);
  return p->packed_halves[half] ? GB_OK : gb_fail_memory(error);
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
                                  .act = step->act,
                                  .half = gb_first_half(plan, step)};
  step->data = p;
  step->scratch = step->gate >= 0 ? (int64_t)plan->kernels->pointwise_scratch_size(&p->shape) : 0;
  if (step->by == GB_BY_HALVES) {
    int64_t half = p->shape.half;
    GB_TRY(prepare_half(plan, step, p, 0, 0, half, error));
    return prepare_half(plan, step, p, 1, half, p->shape.depth - half, error);
  }
  p->packed = pack(plan, &p->shape, step->weights);
  return p->packed ? GB_OK : gb_fail_memory(error);
}

// The worker's half of all sums.
static void give(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const pointwise *p = step->data;
  const int half = worker->part;
  const int64_t k0 = half == 0 ? 0 : p->shape.half;
  gb_ask ask;
  gb_gate gate = {.scratch = worker->scratch};
  if (step->gate >= 0)
    gate.factor = gb_plane_at(plan, step->gate, 0, worker) + k0;
  plan->kernels->pointwise(&p->halves[half], p->packed_halves[half], half == 0 ? step->bias : NULL,
                           gb_plane_at(plan, step->in[0], k0, worker), gate.factor ? &gate : NULL,
                           gb_ask_of(plan, step, worker, &ask), NULL,
                           gb_given(plan, step, worker, half), 0, p->shape.rows, 0,
                           p->shape.pixels);
}

// Adds up the worker's channels, as the kernel does where one thread makes both halves.
static void add_halves(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const pointwise *p = step->data;
  const int64_t n = p->shape.pixels, stride = p->shape.out_stride;
  gb_slice s = gb_slice_of(plan, step, GB_ROW_GRAIN, worker);
  const float *first = gb_given(plan, step, worker, 0), *second = gb_given(plan, step, worker, 1);
  for (int64_t m = s.c0; m < s.c1; m++) {
    float *out = gb_plane_at(plan, step->out, m, worker);
    const float *sums = first + m * n;
    if (step->residual >= 0) {
      plan->kernels->add(sums, gb_plane_at(plan, step->residual, m, worker), out, n, stride, 1,
                         GB_ACT_NONE);
      sums = out;
    }
    plan->kernels->add(sums, second + m * n, out, n, stride, 1, GB_ACT_NONE);
  }
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const pointwise *p = step->data;
  if (step->by == GB_BY_HALVES) {
    add_halves(plan, step, worker);
    return;
  }
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
                                        .give = give,
                                        .gives_by = GB_BY_HALVES,
                                        .asks = true};
