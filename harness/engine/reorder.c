// Exchanges two convolutions that commute, where the exchanged order costs less.
//
// A acts along rows only (kernel 1×k), each of its outputs reads one input map; then perhaps a
// batch norm S; then B acts along columns only (kernel h×1) on A's outputs one by one. All are
// linear and act on different axes, so that
//   B(S(A x)) = s·A'(B' x) + s·a·ΣB + t·ΣB + b,
// where B' is B reading A's input map, A' is A's kernel on each of B's outputs, s and t are S's
// scale and shift, a and b the biases, ΣB the sum of B's kernel. EEGNet's temporal and spatial
// convolution are such a pair: first over electrodes, then over time, does an eighth of the work.
//
// Conditions, all checked: A has one input map for each output and leaves rows apart (kernel,
// stride and padding 1, 1, 0 along columns); B likewise along rows; B has no padding, so that
// constants pass it unchanged everywhere; nobody else reads what lies between; and it saves work.
#include "harness/engine/plan.h"

#include <string.h>

static bool acts_along_rows(const gb_work *w, const gb_shape *in, const gb_shape *out) {
  return w->kind == GB_WORK_CONV && w->groups == in->c && w->kernel_h == 1 && w->stride_h == 1 &&
         w->top == 0 && in->h == out->h;
}

static bool acts_along_columns(const gb_work *w, const gb_shape *in, const gb_shape *out) {
  return w->kind == GB_WORK_CONV && w->groups == in->c && w->kernel_w == 1 && w->stride_w == 1 &&
         w->left == 0 && in->w == out->w && w->top == 0 &&
         (out->h - 1) * w->stride_h + w->dilation_h * (w->kernel_h - 1) < in->h;
}

// The steps of one such pair; `norm` may be NULL.
typedef struct pair {
  gb_step *rows, *norm, *columns;
} pair;

static const gb_shape *shape_of(const gb_plan *plan, int tensor) {
  return &plan->tensors[tensor].shape;
}

// The step behind `at` that alone reads `tensor`, or NULL.
static gb_step *sole_reader(gb_plan *plan, size_t at, int tensor) {
  if (plan->tensors[tensor].uses != 1)
    return NULL;
  for (size_t i = at + 1; i < plan->step_count; i++) {
    gb_step *step = &plan->steps[i];
    if (!step->dead && step->n_in == 1 && step->in[0] == tensor)
      return step;
  }
  return NULL;
}

static bool find_pair(gb_plan *plan, size_t at, pair *p) {
  *p = (pair){.rows = &plan->steps[at]};
  if (p->rows->dead || p->rows->n_in != 1 ||
      !acts_along_rows(&p->rows->work, shape_of(plan, p->rows->in[0]),
                       shape_of(plan, p->rows->out)))
    return false;
  gb_step *next = sole_reader(plan, at, p->rows->out);
  if (next && next->work.kind == GB_WORK_SCALE_SHIFT) {
    p->norm = next;
    next = sole_reader(plan, at, next->out);
  }
  p->columns = next;
  return next &&
         acts_along_columns(&next->work, shape_of(plan, next->in[0]), shape_of(plan, next->out));
}

static bool saves_work(const gb_plan *plan, const pair *p) {
  const gb_shape *in = shape_of(plan, p->rows->in[0]), *mid = shape_of(plan, p->rows->out),
                 *out = shape_of(plan, p->columns->out);
  int64_t k = p->rows->work.kernel_w, h = p->columns->work.kernel_h;
  int64_t now = mid->c * mid->h * mid->w * k + out->c * out->h * out->w * h;
  int64_t then = out->c * out->h * in->w * h + out->c * out->h * out->w * k;
  return then < now;
}

// A' with S folded in: A's kernel for each of B's outputs; the constants of A and S pass B.
static gb_status exchange_weights(gb_plan *plan, const pair *p, float **weights, float **bias,
                                  gb_error *error) {
  int64_t k = p->rows->work.kernel_w, h = p->columns->work.kernel_h;
  int64_t outs = shape_of(plan, p->columns->out)->c;
  int64_t per_map = outs / shape_of(plan, p->rows->out)->c;
  *weights = gb_arena_allocate(plan->arena, (size_t)(outs * k), sizeof **weights);
  *bias = gb_arena_allocate(plan->arena, (size_t)outs, sizeof **bias);
  if (!*weights || !*bias)
    return gb_fail_memory(error);
  for (int64_t o = 0; o < outs; o++) {
    int64_t a = o / per_map; // A's output that B's output o reads
    double scale = p->norm ? p->norm->scale[a] : 1, shift = p->norm ? p->norm->shift[a] : 0;
    double constant = (p->rows->bias ? (double)p->rows->bias[a] * scale : 0) + shift, sum = 0;
    for (int64_t i = 0; i < h; i++)
      sum += (double)p->columns->weights[o * h + i];
    (*bias)[o] = (float)(constant * sum + (p->columns->bias ? (double)p->columns->bias[o] : 0));
    for (int64_t i = 0; i < k; i++)
      (*weights)[o * k + i] = (float)((double)p->rows->weights[a * k + i] * scale);
  }
  return GB_OK;
}

static gb_status exchange(gb_plan *plan, const pair *p, gb_error *error) {
  const gb_shape *in = shape_of(plan, p->rows->in[0]), *out = shape_of(plan, p->columns->out);
  gb_shape between = {in->n, out->c, out->h, in->w};
  float *weights, *bias;
  GB_TRY(exchange_weights(plan, p, &weights, &bias, error));
  int tensor = gb_plan_tensor(plan, &between, plan->tensors[p->columns->out].node);
  if (tensor < 0)
    return gb_fail_memory(error);
  gb_step rows = *p->rows, columns = *p->columns;
  gb_step *first = p->rows, *second = p->columns;
  // B' takes A's place in the order and A' takes B's.
  *first = columns;
  first->in[0] = rows.in[0];
  first->out = tensor;
  first->work.groups = in->c;
  first->work.bias = false;
  first->bias = NULL;
  *second = rows;
  second->in = gb_arena_allocate(plan->arena, 1, sizeof *second->in);
  if (!second->in)
    return gb_fail_memory(error);
  second->in[0] = tensor;
  second->out = columns.out;
  second->work.groups = out->c;
  second->work.bias = true;
  second->weights = second->own = weights;
  second->weight_count = out->c * rows.work.kernel_w;
  second->bias = bias;
  if (p->norm) {
    p->norm->dead = true;
    second->layers = gb_arena_print(plan->arena, "%s %s", rows.layers, p->norm->layers);
    if (!second->layers)
      return gb_fail_memory(error);
  }
  return GB_OK;
}

gb_status gb_plan_reorder(gb_plan *plan, gb_error *error) {
  if (!gb_plan_has(plan, GB_PASS_REORDER_LINEAR))
    return GB_OK;
  for (size_t i = 0; i < plan->step_count; i++) {
    pair p;
    if (find_pair(plan, i, &p) && saves_work(plan, &p))
      GB_TRY(exchange(plan, &p, error));
  }
  return GB_OK;
}
