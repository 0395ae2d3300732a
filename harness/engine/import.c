// From graph to steps: a tensor for each node, a step for each that computes.
#include "harness/engine/plan.h"

#include <string.h>

const char *const gb_pass_names[] = {
#define X(id, name, text) name,
    GB_PASS_LIST(X)
#undef X
        NULL};
const char *const gb_pass_texts[] = {
#define X(id, name, text) text,
    GB_PASS_LIST(X)
#undef X
        NULL};

bool gb_plan_has(const gb_plan *plan, gb_pass pass) {
  return !(plan->without & 1u << pass);
}

int gb_plan_tensor(gb_plan *plan, const gb_shape *shape, int node) {
  gb_tensor *grown = gb_arena_grow(plan->arena, plan->tensors, plan->tensor_count,
                                   &plan->tensor_capacity, sizeof *grown);
  gb_plane *planes = gb_arena_allocate(plan->arena, (size_t)shape->c, sizeof *planes);
  if (!grown || !planes)
    return -1;
  plan->tensors = grown;
  int index = (int)plan->tensor_count++;
  for (int64_t c = 0; c < shape->c; c++)
    planes[c] = (gb_plane){index, c * shape->h * shape->w};
  grown[index] = (gb_tensor){.shape = *shape, .planes = planes, .node = node};
  return index;
}

gb_step *gb_plan_insert(gb_plan *plan, size_t at) {
  gb_step *grown = gb_arena_grow(plan->arena, plan->steps, plan->step_count, &plan->step_capacity,
                                 sizeof *grown);
  if (!grown)
    return NULL;
  plan->steps = grown;
  memmove(grown + at + 1, grown + at, (plan->step_count - at) * sizeof *grown);
  plan->step_count++;
  grown[at] = (gb_step){.gate = -1, .residual = -1};
  return &grown[at];
}

gb_step *gb_plan_step(gb_plan *plan) {
  return gb_plan_insert(plan, plan->step_count);
}

static float *copy_floats(gb_plan *plan, const float *values, int64_t count) {
  float *copy = gb_arena_allocate(plan->arena, (size_t)count, sizeof *copy);
  if (copy)
    memcpy(copy, values, (size_t)count * sizeof *copy);
  return copy;
}

float *gb_plan_own_weights(gb_plan *plan, gb_step *step) {
  if (!step->own)
    step->own = copy_floats(plan, step->weights, step->weight_count);
  if (step->own)
    step->weights = step->own;
  return step->own;
}

// Only weights that change are copied: of GhostNet's 21 MB, 16 MB are linear layers', which are
// read where they are.
static gb_status find_weights(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_node *node = step->node;
  if (step->work.kind != GB_WORK_CONV && step->work.kind != GB_WORK_LINEAR)
    return GB_OK;
  step->weight_count = node->params[0].count;
  step->weights = plan->weights->values + node->params[0].offset;
  if (!step->work.bias)
    return GB_OK;
  step->bias =
      copy_floats(plan, plan->weights->values + node->params[1].offset, node->params[1].count);
  return step->bias ? GB_OK : gb_fail_memory(error);
}

static gb_status find_scale(gb_plan *plan, gb_step *step, gb_error *error) {
  if (step->work.kind != GB_WORK_SCALE_SHIFT)
    return GB_OK;
  const gb_node *node = step->node;
  const float *params[GB_MAX_PARAMS];
  for (size_t i = 0; i < node->param_count; i++)
    params[i] = plan->weights->values + node->params[i].offset;
  size_t channels = (size_t)node->op.out.c;
  step->scale = gb_arena_allocate(plan->arena, channels, sizeof *step->scale);
  step->shift = gb_arena_allocate(plan->arena, channels, sizeof *step->shift);
  if (!step->scale || !step->shift)
    return gb_fail_memory(error);
  step->work.scale(&node->op, params, step->scale, step->shift);
  return GB_OK;
}

// The output's planes are planes of the inputs: no step.
static void alias_planes(gb_plan *plan, const gb_node *node, const gb_work *work, int out) {
  gb_tensor *tensor = &plan->tensors[out];
  for (int64_t c = 0; c < tensor->shape.c; c++) {
    gb_plane_source source = work->plane(&node->op, c);
    gb_plane plane = plan->tensors[node->inputs[source.input]].planes[source.channel];
    plane.offset += source.offset;
    tensor->planes[c] = plane;
  }
}

static gb_status import_node(gb_plan *plan, int index, gb_error *error) {
  const gb_node *node = &plan->graph->nodes[index];
  int tensor = gb_plan_tensor(plan, &node->op.out, index);
  if (tensor < 0)
    return gb_fail_memory(error);
  if (node->op.n_in == 0)
    return GB_OK;
  gb_work work = {.kind = GB_WORK_FORWARD};
  if (node->op.layer->work)
    node->op.layer->work(&node->op, &work);
  if (work.kind == GB_WORK_PLANES && gb_plan_has(plan, GB_PASS_PLACE)) {
    alias_planes(plan, node, &work, tensor);
    return GB_OK;
  }
  gb_step *step = gb_plan_step(plan);
  int *in = gb_arena_allocate(plan->arena, node->op.n_in, sizeof *in);
  if (!step || !in)
    return gb_fail_memory(error);
  memcpy(in, node->inputs, node->op.n_in * sizeof *in);
  step->node = node;
  step->work = work;
  step->in = in;
  step->n_in = node->op.n_in;
  step->out = tensor;
  step->layers = node->op.layer->name;
  step->nominal = node->cost.macs / plan->batch;
  GB_TRY(find_weights(plan, step, error));
  return find_scale(plan, step, error);
}

gb_status gb_plan_import(gb_plan *plan, gb_error *error) {
  for (size_t i = 0; i < plan->graph->node_count; i++)
    GB_TRY(import_node(plan, (int)i, error));
  gb_plan_count_uses(plan);
  return GB_OK;
}

static bool owns_memory(const gb_tensor *tensor, int index) {
  return tensor->planes[0].root == index;
}

// Uses count who would notice when a tensor is not computed as it stands: steps that read it, other
// tensors whose planes lie in it, and the caller for the last one.
void gb_plan_count_uses(gb_plan *plan) {
  for (size_t t = 0; t < plan->tensor_count; t++)
    plan->tensors[t].uses = 0;
  plan->tensors[plan->graph->node_count - 1].uses++;
  for (size_t t = 0; t < plan->tensor_count; t++) {
    const gb_tensor *tensor = &plan->tensors[t];
    int last = -1;
    for (int64_t c = 0; !owns_memory(tensor, (int)t) && c < tensor->shape.c; c++)
      if (tensor->planes[c].root != last)
        plan->tensors[last = tensor->planes[c].root].uses++;
  }
  for (size_t s = 0; s < plan->step_count; s++) {
    const gb_step *step = &plan->steps[s];
    if (step->dead)
      continue;
    for (size_t i = 0; i < step->n_in; i++)
      plan->tensors[step->in[i]].uses++;
    if (step->gate >= 0)
      plan->tensors[step->gate].uses++;
    if (step->residual >= 0)
      plan->tensors[step->residual].uses++;
  }
}
