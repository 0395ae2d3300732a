// Batch norms and activations behind a concatenation are done to its parts, so that the
// convolutions that make these take them in: the cheap operations of a ghost module with mixed
// kernels.
#include "harness/engine/plan.h"

static bool moves(const gb_plan *plan, const gb_step *step) {
  return (step->work.kind == GB_WORK_SCALE_SHIFT && gb_plan_has(plan, GB_PASS_FOLD)) ||
         (step->work.kind == GB_WORK_ACTIVATION && gb_plan_has(plan, GB_PASS_FUSE_ACT));
}

// The step that makes all maps of `tensor` from `channel` on that lie in one memory, where this is
// the memory's only reader and the step can take in what follows; NULL otherwise.
static gb_step *part_at(gb_plan *plan, int tensor, int64_t channel) {
  const gb_tensor *t = &plan->tensors[tensor];
  int root = t->planes[channel].root;
  const gb_tensor *part = &plan->tensors[root];
  int64_t size = t->shape.h * t->shape.w, maps = part->shape.c;
  if (root == tensor || part->uses != 1 || part->shape.h * part->shape.w != size ||
      maps > t->shape.c - channel || plan->producers[root] < 0)
    return NULL;
  for (int64_t c = 0; c < maps; c++)
    if (t->planes[channel + c].root != root || t->planes[channel + c].offset != c * size)
      return NULL;
  gb_step *step = &plan->steps[plan->producers[root]];
  bool takes = step->work.kind == GB_WORK_CONV || step->work.kind == GB_WORK_SCALE_SHIFT;
  return takes && step->act == GB_ACT_NONE ? step : NULL;
}

static bool consists_of_parts(gb_plan *plan, int tensor) {
  const gb_tensor *t = &plan->tensors[tensor];
  const gb_step *part;
  for (int64_t c = 0; c < t->shape.c; c += plan->tensors[part->out].shape.c)
    if (!(part = part_at(plan, tensor, c)))
      return false;
  return t->uses == 1;
}

// Every plane in the memory of tensor `from` is now that plane of `to`.
static void redirect(gb_plan *plan, int from, const gb_plane *to) {
  int64_t size = plan->tensors[from].shape.h * plan->tensors[from].shape.w;
  for (size_t t = 0; t < plan->tensor_count; t++)
    for (int64_t c = 0; c < plan->tensors[t].shape.c; c++) {
      gb_plane *plane = &plan->tensors[t].planes[c];
      if (plane->root == from) {
        int64_t within = plane->offset % size;
        *plane = to[plane->offset / size];
        plane->offset += within;
      }
    }
}

// Whether a step or the caller reads the tensor itself, not only maps of it as part of another.
static bool is_read(const gb_plan *plan, int tensor) {
  bool found = tensor == (int)plan->graph->node_count - 1;
  for (size_t i = 0; i < plan->step_count && !found; i++) {
    const gb_step *step = &plan->steps[i];
    found = !step->dead && (step->gate == tensor || step->residual == tensor);
    for (size_t k = 0; k < step->n_in && !step->dead; k++)
      found |= step->in[k] == tensor;
  }
  return found;
}

// A tensor that nobody reads any more must not want its parts side by side.
static void let_go(gb_plan *plan, int tensor) {
  gb_tensor *t = &plan->tensors[tensor];
  for (int64_t c = 0; c < t->shape.c; c++)
    t->planes[c] = (gb_plane){tensor, c * t->shape.h * t->shape.w};
}

// Replaces step `at` by one for each part; `*at` becomes the last of these.
static gb_status split(gb_plan *plan, size_t *at, gb_error *error) {
  const gb_step whole = plan->steps[*at];
  int in = whole.in[0];
  int64_t channels = plan->tensors[in].shape.c, maps;
  gb_plane *planes = gb_arena_allocate(plan->arena, (size_t)channels, sizeof *planes);
  if (!planes)
    return gb_fail_memory(error);
  size_t end = *at;
  for (int64_t c = 0; c < channels; c += maps) {
    int root = plan->tensors[in].planes[c].root;
    maps = plan->tensors[root].shape.c;
    gb_shape shape = plan->tensors[root].shape;
    int out = gb_plan_tensor(plan, &shape, plan->tensors[whole.out].node);
    int *reads = gb_arena_allocate(plan->arena, 1, sizeof *reads);
    gb_step *step = out < 0 || !reads ? NULL : gb_plan_insert(plan, end++);
    if (!step)
      return gb_fail_memory(error);
    *reads = root;
    *step = whole;
    step->in = reads;
    step->out = out;
    if (whole.scale) {
      step->scale = whole.scale + c;
      step->shift = whole.shift + c;
    }
    for (int64_t i = 0; i < maps; i++)
      planes[c + i] = plan->tensors[out].planes[i];
  }
  plan->steps[end].dead = true;
  redirect(plan, whole.out, planes);
  let_go(plan, in);
  if (!is_read(plan, whole.out))
    let_go(plan, whole.out);
  *at = end;
  gb_plan_count_uses(plan);
  return gb_plan_find_producers(plan, error);
}

gb_status gb_plan_split(gb_plan *plan, gb_error *error) {
  gb_plan_count_uses(plan);
  GB_TRY(gb_plan_find_producers(plan, error));
  for (size_t i = 0; i < plan->step_count; i++)
    if (!plan->steps[i].dead && moves(plan, &plan->steps[i]) &&
        plan->tensors[plan->steps[i].in[0]].planes[0].root != plan->steps[i].in[0] &&
        consists_of_parts(plan, plan->steps[i].in[0]))
      GB_TRY(split(plan, &i, error));
  return GB_OK;
}
