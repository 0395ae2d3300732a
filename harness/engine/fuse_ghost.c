// The Ghost module as one step (Han et al. 2020, equation 3): a pointwise convolution makes the
// primary maps, and while these are in cache the depthwise one that reads them makes their ghosts;
// a thread does so for its share of the maps without waiting for the others. The module is not
// recognised by name: any depthwise convolution of stride 1 behind a pointwise one will do.
//
// An addition behind the concatenated maps joins too, where neither part has an activation: the
// residual's first channels go to the primary maps (after their ghosts were made from them), the
// others to the ghosts.
#include "harness/engine/plan.h"

static bool keeps_size(const gb_plan *plan, const gb_step *step) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  return in->h == out->h && in->w == out->w;
}

static bool is_cheap(const gb_plan *plan, const gb_step *step) {
  return step->work.kind == GB_WORK_CONV && step->work.stride_h == 1 && step->work.stride_w == 1 &&
         step->work.groups == plan->tensors[step->in[0]].shape.c && step->gate < 0 &&
         step->residual < 0 && keeps_size(plan, step);
}

static gb_status merge(gb_plan *plan, gb_step *primary, gb_step *cheap, gb_error *error) {
  gb_ghosts *ghosts = gb_arena_allocate(plan->arena, 1, sizeof *ghosts);
  if (!ghosts)
    return gb_fail_memory(error);
  *ghosts = (gb_ghosts){.work = cheap->work,
                        .out = cheap->out,
                        .weights = cheap->weights,
                        .weight_count = cheap->weight_count,
                        .bias = cheap->bias,
                        .act = cheap->act};
  primary->ghosts = ghosts;
  primary->nominal += cheap->nominal;
  primary->layers = gb_arena_print(plan->arena, "%s, %s", primary->layers, cheap->layers);
  if (!primary->layers)
    return gb_fail_memory(error);
  plan->producers[cheap->out] = (int)(primary - plan->steps);
  cheap->dead = true;
  return GB_OK;
}

// Ghosts of maps that are too large for the cache are left to a chain of strips.
static bool is_large(const gb_plan *plan, const gb_step *primary, const gb_step *cheap) {
  const gb_shape *out = &plan->tensors[primary->out].shape;
  return gb_strips_take(plan, out, out->c + plan->tensors[cheap->out].shape.c);
}

static gb_status fuse_cheap(gb_plan *plan, gb_step *cheap, gb_error *error) {
  if (!is_cheap(plan, cheap) || plan->producers[cheap->in[0]] < 0)
    return GB_OK;
  gb_step *primary = &plan->steps[plan->producers[cheap->in[0]]];
  if (primary->out != cheap->in[0] || primary->ghosts || primary->residual >= 0 ||
      plan->tensors[primary->out].shape.h * plan->tensors[primary->out].shape.w == 1 ||
      !gb_is_pointwise(&primary->work) || is_large(plan, primary, cheap))
    return GB_OK;
  return merge(plan, primary, cheap, error);
}

static bool reads(const gb_plan *plan, int tensor, int root) {
  const gb_tensor *t = &plan->tensors[tensor];
  for (int64_t c = 0; tensor >= 0 && c < t->shape.c; c++)
    if (t->planes[c].root == root)
      return true;
  return false;
}

// True when `add` alone reads the memory of tensor `root`, and the caller does not.
static bool only_reader(const gb_plan *plan, const gb_step *add, int root) {
  for (size_t i = 0; i < plan->step_count; i++) {
    const gb_step *step = &plan->steps[i];
    bool found = (step->gate >= 0 && reads(plan, step->gate, root)) ||
                 (step->residual >= 0 && reads(plan, step->residual, root));
    for (size_t k = 0; k < step->n_in; k++)
      found |= reads(plan, step->in[k], root);
    if (found && !step->dead && step != add)
      return false;
  }
  return !reads(plan, (int)plan->graph->node_count - 1, root);
}

// The step whose primary maps and then ghosts are what `tensor` consists of, or NULL.
static gb_step *maker_of(gb_plan *plan, int tensor) {
  const gb_tensor *t = &plan->tensors[tensor];
  int producer = plan->producers[t->planes[0].root];
  gb_step *step = producer < 0 ? NULL : &plan->steps[producer];
  if (!step || step->dead || !step->ghosts || t->planes[0].root != step->out)
    return NULL;
  int64_t primaries = plan->tensors[step->out].shape.c;
  int64_t size = t->shape.h * t->shape.w;
  for (int64_t c = 0; c < t->shape.c; c++) {
    bool ghost = c >= primaries;
    if (t->planes[c].root != (ghost ? step->ghosts->out : step->out) ||
        t->planes[c].offset != (ghost ? c - primaries : c) * size)
      return NULL;
  }
  return t->shape.c > primaries ? step : NULL;
}

static void fuse_add(gb_plan *plan, gb_step *add) {
  if (add->work.kind != GB_WORK_ADD || add->n_in != 2 || add->act != GB_ACT_NONE)
    return;
  for (int i = 0; i < 2; i++) {
    gb_step *step = maker_of(plan, add->in[i]);
    int other = add->in[1 - i];
    if (!step || step->residual >= 0 || step->act != GB_ACT_NONE ||
        step->ghosts->act != GB_ACT_NONE ||
        !gb_plan_ready(plan, other, (int)(step - plan->steps)) ||
        !only_reader(plan, add, step->out) || !only_reader(plan, add, step->ghosts->out))
      continue;
    step->residual = other;
    plan->tensors[add->out].planes = plan->tensors[add->in[i]].planes;
    add->dead = true;
    return;
  }
}

gb_status gb_plan_fuse_ghost(gb_plan *plan, gb_error *error) {
  // Threads that share the maps of a module unevenly (12 maps as 8 and 4) wait longer than the
  // module saves, and bands of rows keep its maps close anyway.
  if (!gb_plan_has(plan, GB_PASS_FUSE_GHOST) || plan->threads > 1)
    return GB_OK;
  for (size_t i = 0; i < plan->step_count; i++)
    if (!plan->steps[i].dead)
      GB_TRY(fuse_cheap(plan, &plan->steps[i], error));
  for (size_t i = 0; i < plan->step_count && gb_plan_has(plan, GB_PASS_FUSE_ADD); i++)
    if (!plan->steps[i].dead)
      fuse_add(plan, &plan->steps[i]);
  return GB_OK;
}
