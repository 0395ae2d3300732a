// Merges steps into their producers: batch norms into weights, then activations, additions, gates.
#include "harness/engine/plan.h"

#include <string.h>

gb_step *gb_plan_sole_producer(gb_plan *plan, int tensor) {
  if (plan->tensors[tensor].uses != 1 || plan->producers[tensor] < 0)
    return NULL;
  return &plan->steps[plan->producers[tensor]];
}

gb_status gb_plan_absorb(gb_plan *plan, gb_step *into, gb_step *from, gb_error *error) {
  into->layers = gb_arena_print(plan->arena, "%s %s", into->layers, from->layers);
  if (!into->layers)
    return gb_fail_memory(error);
  into->out = from->out;
  plan->producers[from->out] = (int)(into - plan->steps);
  from->dead = true;
  return GB_OK;
}

static bool is_affine(const gb_step *step) {
  return step->work.kind == GB_WORK_CONV || step->work.kind == GB_WORK_LINEAR;
}

// Kinds that scale, shift and activate a map while it is in cache.
static bool is_resampling(const gb_step *step) {
  return step->work.kind == GB_WORK_WARP || step->work.kind == GB_WORK_BANK;
}

// W x + b, scaled and shifted: (s W) x + (s b + t), found in double and rounded once.
static gb_status fold(gb_plan *plan, gb_step *norm, gb_error *error) {
  gb_step *step = gb_plan_sole_producer(plan, norm->in[0]);
  if (step && is_resampling(step) && !step->scale && step->act == GB_ACT_NONE) {
    step->scale = norm->scale;
    step->shift = norm->shift;
    return gb_plan_absorb(plan, step, norm, error);
  }
  if (!step || !is_affine(step) || step->act != GB_ACT_NONE || step->residual >= 0)
    return GB_OK;
  int64_t channels = plan->tensors[step->out].shape.c, row = step->weight_count / channels;
  if (!step->bias)
    step->bias = gb_arena_allocate(plan->arena, (size_t)channels, sizeof *step->bias);
  float *weights = gb_plan_own_weights(plan, step);
  if (!step->bias || !weights)
    return gb_fail_memory(error);
  for (int64_t c = 0; c < channels; c++) {
    for (int64_t i = c * row; i < (c + 1) * row; i++)
      weights[i] = (float)((double)weights[i] * norm->scale[c]);
    step->bias[c] = (float)((double)step->bias[c] * norm->scale[c] + norm->shift[c]);
  }
  return gb_plan_absorb(plan, step, norm, error);
}

static gb_status fuse_activation(gb_plan *plan, gb_step *activation, gb_error *error) {
  gb_step *step = gb_plan_sole_producer(plan, activation->in[0]);
  if (!step || step->act != GB_ACT_NONE)
    return GB_OK;
  if (!is_affine(step) && !is_resampling(step) && step->work.kind != GB_WORK_SCALE_SHIFT &&
      step->work.kind != GB_WORK_ADD)
    return GB_OK;
  step->act = activation->work.act;
  return gb_plan_absorb(plan, step, activation, error);
}

bool gb_plan_ready(const gb_plan *plan, int tensor, int at) {
  const gb_tensor *t = &plan->tensors[tensor];
  int last = -1;
  for (int64_t c = 0; c < t->shape.c; c++)
    if (t->planes[c].root != last) {
      last = t->planes[c].root;
      if (plan->producers[last] >= at)
        return false;
    }
  return true;
}

// The convolution that ends one branch adds the other branch's result, where that exists by then.
static gb_status fuse_add(gb_plan *plan, gb_step *add, gb_error *error) {
  if (add->n_in != 2)
    return GB_OK;
  gb_step *best = NULL;
  int other = -1;
  for (int i = 0; i < 2; i++) {
    gb_step *step = gb_plan_sole_producer(plan, add->in[i]);
    if (!step || step->work.kind != GB_WORK_CONV || step->act != GB_ACT_NONE ||
        step->residual >= 0 || !gb_plan_ready(plan, add->in[1 - i], (int)(step - plan->steps)))
      continue;
    if (!best || step > best) {
      best = step;
      other = add->in[1 - i];
    }
  }
  if (!best)
    return GB_OK;
  best->residual = other;
  best->act = add->act;
  return gb_plan_absorb(plan, best, add, error);
}

bool gb_is_pointwise(const gb_work *work) {
  return work->kind == GB_WORK_CONV && work->groups == 1 && work->kernel_h == 1 &&
         work->kernel_w == 1 && work->stride_h == 1 && work->stride_w == 1 && work->top == 0 &&
         work->left == 0;
}

// W (g ⊙ x) = (W diag g) x. Scaling W touches rows × depth numbers, scaling x depth × pixels: the
// smaller is done.
static gb_status fuse_gate(gb_plan *plan, gb_step *conv, gb_error *error) {
  gb_step *gate = gb_plan_sole_producer(plan, conv->in[0]);
  if (!gb_is_pointwise(&conv->work) || !gate || gate->work.kind != GB_WORK_MULTIPLY ||
      gate->n_in != 2)
    return GB_OK;
  for (int i = 0; i < 2; i++) {
    const gb_shape *factor = &plan->tensors[gate->in[i]].shape;
    const gb_shape *maps = &plan->tensors[gate->in[1 - i]].shape;
    int64_t pixels = maps->h * maps->w;
    if (factor->h * factor->w != 1 || pixels <= 1 || plan->tensors[conv->out].shape.c > pixels)
      continue;
    conv->layers = gb_arena_print(plan->arena, "%s %s", gate->layers, conv->layers);
    if (!conv->layers)
      return gb_fail_memory(error);
    conv->gate = gate->in[i];
    conv->in[0] = gate->in[1 - i];
    gate->dead = true;
    return GB_OK;
  }
  return GB_OK;
}

static gb_status fuse_step(gb_plan *plan, gb_step *step, gb_error *error) {
  switch (step->work.kind) {
  case GB_WORK_SCALE_SHIFT:
    return gb_plan_has(plan, GB_PASS_FOLD) ? fold(plan, step, error) : GB_OK;
  case GB_WORK_ACTIVATION:
    return gb_plan_has(plan, GB_PASS_FUSE_ACT) ? fuse_activation(plan, step, error) : GB_OK;
  case GB_WORK_ADD:
    if (gb_plan_has(plan, GB_PASS_MERGE_BRANCHES))
      GB_TRY(gb_plan_merge_branches(plan, step, error));
    return !step->dead && gb_plan_has(plan, GB_PASS_FUSE_ADD) ? fuse_add(plan, step, error) : GB_OK;
  case GB_WORK_CONV:
    return gb_plan_has(plan, GB_PASS_FUSE_GATE) ? fuse_gate(plan, step, error) : GB_OK;
  case GB_WORK_FORWARD:
  case GB_WORK_LINEAR:
  case GB_WORK_MULTIPLY:
  case GB_WORK_PLANES:
  case GB_WORK_POOL:
  case GB_WORK_GLOBAL_POOL:
  case GB_WORK_WARP:
  case GB_WORK_BANK:
  case GB_WORK_PICK:
  case GB_WORK_SOFTMAX:
    return GB_OK;
  }
  return GB_OK;
}

static void drop_dead(gb_plan *plan) {
  size_t kept = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    if (!plan->steps[i].dead)
      plan->steps[kept++] = plan->steps[i];
  plan->step_count = kept;
}

gb_status gb_plan_find_producers(gb_plan *plan, gb_error *error) {
  plan->producers = gb_arena_allocate(plan->arena, plan->tensor_count, sizeof *plan->producers);
  if (!plan->producers)
    return gb_fail_memory(error);
  for (size_t i = 0; i < plan->tensor_count; i++)
    plan->producers[i] = -1;
  for (size_t i = 0; i < plan->step_count; i++)
    if (!plan->steps[i].dead)
      plan->producers[plan->steps[i].out] = (int)i;
  return GB_OK;
}

gb_status gb_plan_fuse(gb_plan *plan, gb_error *error) {
  GB_TRY(gb_plan_split(plan, error));
  gb_plan_count_uses(plan);
  GB_TRY(gb_plan_find_producers(plan, error));
  for (size_t i = 0; i < plan->step_count; i++)
    if (!plan->steps[i].dead)
      GB_TRY(fuse_step(plan, &plan->steps[i], error));
  drop_dead(plan);
  GB_TRY(gb_plan_find_producers(plan, error));
  GB_TRY(gb_plan_fuse_ghost(plan, error));
  drop_dead(plan);
  gb_plan_count_uses(plan);
  return GB_OK;
}
