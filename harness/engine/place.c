// Decides where every tensor lies: concatenations side by side, results over inputs that nobody
// needs any more, everything in one arena by life time.
#include "harness/engine/plan.h"

#include <string.h>

// What the pass knows of a tensor's own memory. A root may lie inside another one's (`parent`).
typedef struct memory {
  int parent;      // root that holds this one, or -1
  int64_t offset;  // within the parent
  int first, last; // steps; -1 while unused
  int claimed;     // the step from which on it must be free; `first` or one before
  int64_t at;      // in the base
  int base;
  const gb_strips *strips; // the chain whose steps alone touch it, or NULL
} memory;

typedef struct placing {
  gb_plan *plan;
  memory *memories; // by tensor
} placing;

static int64_t map_size(const gb_shape *shape) {
  return shape->h * shape->w;
}

static int64_t image_size(const gb_shape *shape) {
  return shape->c * shape->h * shape->w;
}

static int outermost(const placing *p, int root, int64_t *offset) {
  while (p->memories[root].parent >= 0) {
    *offset += p->memories[root].offset;
    root = p->memories[root].parent;
  }
  return root;
}

// The place of a plane within the outermost memory that holds it.
static gb_plane resolve(const placing *p, gb_plane plane) {
  plane.root = outermost(p, plane.root, &plane.offset);
  return plane;
}

// True when the tensor's planes follow each other in one memory; `*first` is where they begin.
static bool is_contiguous(const placing *p, int tensor, gb_plane *first) {
  const gb_tensor *t = &p->plan->tensors[tensor];
  *first = resolve(p, t->planes[0]);
  for (int64_t c = 1; c < t->shape.c; c++) {
    gb_plane plane = resolve(p, t->planes[c]);
    if (plane.root != first->root || plane.offset != first->offset + c * map_size(&t->shape))
      return false;
  }
  return true;
}

// ---------------------------------------------------------------------------------------------
// Concatenations: where a tensor consists of whole memories one after another, these are put side
// by side, so that it is contiguous without a copy.

static bool consists_of_wholes(const placing *p, int tensor) {
  const gb_tensor *t = &p->plan->tensors[tensor];
  int64_t c = 0;
  while (c < t->shape.c) {
    int root = t->planes[c].root;
    const gb_shape *shape = &p->plan->tensors[root].shape;
    if (p->memories[root].parent >= 0 || p->memories[root].base != GB_BASE_ARENA ||
        map_size(shape) != map_size(&t->shape) || shape->c > t->shape.c - c)
      return false;
    for (int64_t i = 0; i < shape->c; i++)
      if (t->planes[c + i].root != root || t->planes[c + i].offset != i * map_size(shape))
        return false;
    for (int64_t i = 0; i < c; i++) // a memory can lie in one place only
      if (t->planes[i].root == root)
        return false;
    c += shape->c;
  }
  return true;
}

// A tensor that is only planes of others lends its index as the memory that holds them.
static void put_side_by_side(placing *p) {
  gb_plan *plan = p->plan;
  for (size_t i = 0; i < plan->tensor_count; i++) {
    const gb_tensor *t = &plan->tensors[i];
    if (t->planes[0].root == (int)i || t->shape.c < 2 || !consists_of_wholes(p, (int)i))
      continue;
    for (int64_t c = 0; c < t->shape.c;) {
      int root = t->planes[c].root;
      p->memories[root].parent = (int)i;
      p->memories[root].offset = c * map_size(&t->shape);
      c += plan->tensors[root].shape.c;
    }
  }
}

// ---------------------------------------------------------------------------------------------
// Life times

// The outermost memory of plane `*c` of a tensor, and on to the first plane of another one; NULL
// behind the last.
static memory *next_memory(const placing *p, int tensor, int64_t *c) {
  const gb_tensor *t = &p->plan->tensors[tensor];
  if (*c >= t->shape.c)
    return NULL;
  int root = t->planes[*c].root;
  while (*c < t->shape.c && t->planes[*c].root == root)
    ++*c;
  int64_t offset = 0;
  return &p->memories[outermost(p, root, &offset)];
}

static void touch_from(placing *p, int tensor, int first, int last) {
  int64_t c = 0;
  for (memory *m; (m = next_memory(p, tensor, &c));) {
    if (m->first < 0 || first < m->first)
      m->first = m->claimed = first;
    if (last > m->last)
      m->last = last;
  }
}

// All steps of a chain run again and again, so that what one of them touches lives as long as it.
static void touch(placing *p, int tensor, int step) {
  const gb_strips *strips = step < (int)p->plan->step_count ? p->plan->steps[step].strips : NULL;
  touch_from(p, tensor, strips ? (int)strips->first : step, strips ? (int)strips->end - 1 : step);
}

static void find_life_times(placing *p) {
  gb_plan *plan = p->plan;
  for (size_t i = 0; i < plan->tensor_count; i++)
    p->memories[i].first = p->memories[i].last = -1;
  for (size_t s = 0; s < plan->step_count; s++) {
    const gb_step *step = &plan->steps[s];
    touch(p, step->out, (int)s);
    if (step->ghosts)
      touch(p, step->ghosts->out, (int)s);
    for (size_t i = 0; i < step->n_in; i++)
      touch(p, step->in[i], (int)s);
    if (step->gate >= 0)
      touch(p, step->gate, (int)s);
    if (step->residual >= 0)
      touch(p, step->residual, (int)s);
  }
  // What the caller gets must stay.
  touch(p, (int)plan->graph->node_count - 1, (int)plan->step_count);
  for (size_t s = 0; s < plan->step_count; s++) {
    int64_t offset = 0;
    memory *m = &p->memories[outermost(p, plan->steps[s].out, &offset)];
    int from = (int)gb_claimed_from(plan, s);
    if (from < m->claimed && m->base == GB_BASE_ARENA)
      m->claimed = from;
  }
}

// ---------------------------------------------------------------------------------------------
// Bands: memory that threads only ever write and read by rows is each thread's own, which strips.c
// asks of a tensor's base.

static void share_memory(placing *p, int tensor) {
  int64_t c = 0;
  for (memory *m; (m = next_memory(p, tensor, &c));)
    if (m->base == GB_BASE_OWN)
      m->base = GB_BASE_ARENA;
}

static gb_status find_bands(placing *p, gb_error *error) {
  gb_plan *plan = p->plan;
  GB_TRY(gb_plan_share(plan, error));
  for (size_t i = 0; i < plan->tensor_count; i++)
    if (p->memories[i].base == GB_BASE_ARENA)
      p->memories[i].base = GB_BASE_OWN;
  for (size_t s = 0; s < plan->step_count; s++) {
    const gb_step *step = &plan->steps[s];
    if (step->by != GB_BY_ROWS || gb_gives(step))
      share_memory(p, step->out);
    if (step->by == GB_BY_ROWS)
      continue;
    if (step->ghosts)
      share_memory(p, step->ghosts->out);
    for (size_t i = 0; i < step->n_in; i++)
      share_memory(p, step->in[i]);
    if (step->gate >= 0)
      share_memory(p, step->gate);
    if (step->residual >= 0)
      share_memory(p, step->residual);
  }
  for (size_t i = 0; i < plan->tensor_count; i++) {
    gb_plane first = resolve(p, plan->tensors[i].planes[0]);
    plan->tensors[i].base = p->memories[first.root].base;
  }
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Strips: memory that only the steps of one chain touch holds the rows of a window.

static const gb_strips *chain_of(const gb_plan *plan, const memory *m) {
  const gb_strips *strips = m->first >= 0 ? plan->steps[m->first].strips : NULL;
  return strips && m->last < (int)strips->end ? strips : NULL;
}

// A tensor lies in the windows of one chain, map by map, or in none; true when that was changed.
static bool agree(placing *p, int tensor) {
  const gb_tensor *t = &p->plan->tensors[tensor];
  const gb_strips *strips = NULL;
  bool whole = false, changed = false;
  for (int64_t c = 0; c < t->shape.c; c++) {
    gb_plane plane = resolve(p, t->planes[c]);
    const memory *m = &p->memories[plane.root];
    const gb_shape *shape = &p->plan->tensors[plane.root].shape;
    strips = c == 0 ? m->strips : strips;
    whole |= m->strips != strips || shape->h != t->shape.h || shape->w != t->shape.w ||
             plane.offset % map_size(shape) != 0;
  }
  int64_t c = 0;
  for (memory *m; whole && (m = next_memory(p, tensor, &c));) {
    changed |= m->strips != NULL;
    m->strips = NULL;
  }
  return changed;
}

static bool agree_step(placing *p, const gb_step *step) {
  bool changed = agree(p, step->out);
  for (size_t i = 0; i < step->n_in; i++)
    changed |= agree(p, step->in[i]);
  return changed | (step->residual >= 0 && agree(p, step->residual));
}

static gb_status find_strips(placing *p, gb_error *error) {
  gb_plan *plan = p->plan;
  GB_TRY(gb_plan_strips(plan, error));
  find_life_times(p);
  for (size_t i = 0; i < plan->tensor_count; i++) {
    memory *m = &p->memories[i];
    if (m->parent < 0 && m->base == (plan->threads > 1 ? GB_BASE_OWN : GB_BASE_ARENA))
      m->strips = chain_of(plan, m);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t s = 0; s < plan->step_count; s++)
      changed |= agree_step(p, &plan->steps[s]);
  }
  return GB_OK;
}

// Floats from one map to the next in the memory `root`, and the window that it holds.
static int64_t stride_of(const placing *p, int root, int *window) {
  const gb_shape *shape = &p->plan->tensors[root].shape;
  const gb_strips *strips = p->memories[root].strips;
  *window = 0;
  return strips ? gb_strips_stride(strips, shape, window) : map_size(shape);
}

// ---------------------------------------------------------------------------------------------
// Results over inputs

// True when `step` reads the memory `root` in another way than element by element through `from`.
static bool reads_otherwise(const placing *p, const gb_step *step, int from, int root) {
  for (size_t i = 0; i < step->n_in; i++) {
    const gb_tensor *t = &p->plan->tensors[step->in[i]];
    bool shares = false;
    for (int64_t c = 0; c < t->shape.c && !shares; c++)
      shares = resolve(p, t->planes[c]).root == root;
    if (shares && step->in[i] != from)
      return true;
  }
  return false;
}

// The tensor over which `step` may write, or -1. A residual of a step whose output threads share by
// channels keeps its memory: what others read lately is claimed (ask.c), which cannot be done to
// values that are still wanted.
static int written_over(const gb_plan *plan, const gb_step *step) {
  if (step->type->in_place && step->n_in > 0)
    return step->in[0];
  bool adds = step->type->adds_in_place &&
              (plan->threads == 1 || step->by == GB_BY_ROWS || step->by == GB_BY_PIXELS);
  return adds ? step->residual : -1;
}

static void reuse_in_place(placing *p) {
  gb_plan *plan = p->plan;
  for (size_t s = 0; s < plan->step_count; s++) {
    const gb_step *step = &plan->steps[s];
    const int from = written_over(plan, step);
    const memory *made = &p->memories[step->out];
    // A strip's inputs are still wanted by the next one.
    if (from < 0 || made->parent >= 0 || made->base == GB_BASE_OUTPUT || step->strips)
      continue;
    gb_plane first;
    if (!is_contiguous(p, from, &first) || first.offset != 0 || first.root == step->out)
      continue;
    const memory *m = &p->memories[first.root];
    const gb_shape *whole = &plan->tensors[first.root].shape,
                   *out = &plan->tensors[step->out].shape;
    if (m->last != (int)s || m->base != made->base || image_size(whole) != image_size(out) ||
        map_size(whole) != map_size(out) || reads_otherwise(p, step, from, first.root))
      continue;
    p->memories[step->out].parent = first.root;
    p->memories[step->out].offset = 0;
    find_life_times(p);
  }
}

// ---------------------------------------------------------------------------------------------
// Copies where a type needs contiguous planes

static gb_status copy_input(placing *p, size_t at, int *input, gb_error *error) {
  gb_plan *plan = p->plan;
  gb_plane first;
  int from = *input;
  if (is_contiguous(p, from, &first))
    return GB_OK;
  gb_shape shape = plan->tensors[from].shape;
  int copy = gb_plan_tensor(plan, &shape, plan->tensors[from].node);
  gb_step *step = copy < 0 ? NULL : gb_plan_insert(plan, at);
  int *in = step ? gb_arena_allocate(plan->arena, 1, sizeof *in) : NULL;
  if (!in)
    return gb_fail_memory(error);
  *in = from;
  *input = copy;
  step->in = in;
  step->n_in = 1;
  step->out = copy;
  step->node = &plan->graph->nodes[plan->tensors[from].node];
  step->work.kind = GB_WORK_PLANES;
  step->layers = "copy";
  return GB_OK;
}

// Copies what step `*s` cannot read where it lies; `*s` goes on to be the step's index.
static gb_status copy_for_step(placing *p, size_t *s, gb_error *error) {
  gb_plan *plan = p->plan;
  bool takes_planes = plan->steps[*s].type->takes_planes;
  size_t n_in = plan->steps[*s].n_in;
  for (size_t i = 0; i < n_in + 2; i++) {
    gb_step *step = &plan->steps[*s]; // insertions move it
    int *tensor = i < n_in ? &step->in[i] : i == n_in ? &step->gate : &step->residual;
    if (*tensor < 0 || (takes_planes && i < n_in))
      continue;
    int wanted = *tensor;
    size_t before = plan->step_count;
    GB_TRY(copy_input(p, *s, &wanted, error));
    *s += plan->step_count - before;
    step = &plan->steps[*s];
    *(i < n_in ? &step->in[i] : i == n_in ? &step->gate : &step->residual) = wanted;
  }
  return GB_OK;
}

static gb_status insert_copies(placing *p, gb_error *error) {
  for (size_t s = 0; s < p->plan->step_count; s++)
    if (p->plan->steps[s].type)
      GB_TRY(copy_for_step(p, &s, error));
  return GB_OK;
}

// The caller's output must be contiguous and somebody's own memory.
static gb_status close_output(placing *p, gb_error *error) {
  gb_plan *plan = p->plan;
  int last = (int)plan->graph->node_count - 1;
  const gb_tensor *t = &plan->tensors[last];
  if (t->planes[0].root == last && t->uses == 1 && p->memories[last].parent < 0) {
    p->memories[last].base = GB_BASE_OUTPUT;
    return GB_OK;
  }
  gb_shape shape = t->shape;
  int copy = gb_plan_tensor(plan, &shape, last);
  gb_step *step = copy < 0 ? NULL : gb_plan_step(plan);
  int *in = step ? gb_arena_allocate(plan->arena, 1, sizeof *in) : NULL;
  if (!in)
    return gb_fail_memory(error);
  *in = last;
  step->in = in;
  step->n_in = 1;
  step->out = copy;
  step->node = &plan->graph->nodes[last];
  step->work.kind = GB_WORK_PLANES;
  step->layers = "copy";
  p->memories[copy].base = GB_BASE_OUTPUT;
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------

// A row for every tensor there is, and for those that copies may add: one for each tensor read.
static gb_status new_memories(placing *p, gb_error *error) {
  size_t room = p->plan->tensor_count + 1;
  for (size_t s = 0; s < p->plan->step_count; s++)
    room += p->plan->steps[s].n_in + 2; // gate and residual
  p->memories = gb_arena_allocate(p->plan->arena, room, sizeof *p->memories);
  if (!p->memories)
    return gb_fail_memory(error);
  for (size_t i = 0; i < room; i++)
    p->memories[i].parent = -1;
  return GB_OK;
}

// The most that is alive at one step: what no layout can do without.
static int64_t most_alive(const gb_plan *plan, const gb_extent *extents, size_t count) {
  int64_t most = 0;
  for (int s = 0; s <= (int)plan->step_count; s++) {
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
      if (extents[i].first <= s && s <= extents[i].last)
        sum += extents[i].size;
    if (sum > most)
      most = sum;
  }
  return most;
}

// Lays out the memories of one base; adds them to `extents`, of which there are `*count`.
static gb_status lay_out_base(placing *p, int base, gb_extent *extents, size_t *owner,
                              size_t *count, int64_t *size, gb_error *error) {
  size_t first = *count;
  for (size_t i = 0; i < p->plan->tensor_count; i++) {
    const memory *m = &p->memories[i];
    if (m->parent >= 0 || m->first < 0 || m->base != base)
      continue;
    int window;
    owner[*count] = i;
    extents[(*count)++] =
        (gb_extent){.size = p->plan->tensors[i].shape.c * stride_of(p, (int)i, &window),
                    .first = m->claimed,
                    .last = m->last};
  }
  GB_TRY(gb_layout(extents + first, *count - first, 16, size, error));
  for (size_t i = first; i < *count; i++)
    p->memories[owner[i]].at = extents[i].offset;
  // Images, or threads' own memories, lie one behind the other; the distance keeps them aligned.
  *size = (*size + 15) / 16 * 16;
  return GB_OK;
}

static gb_status lay_out(placing *p, gb_error *error) {
  gb_plan *plan = p->plan;
  gb_extent *extents = gb_arena_allocate(plan->arena, plan->tensor_count, sizeof *extents);
  size_t *owner = gb_arena_allocate(plan->arena, plan->tensor_count, sizeof *owner);
  if (!extents || !owner)
    return gb_fail_memory(error);
  size_t count = 0;
  GB_TRY(lay_out_base(p, GB_BASE_ARENA, extents, owner, &count, &plan->arena_size, error));
  GB_TRY(lay_out_base(p, GB_BASE_OWN, extents, owner, &count, &plan->own_size, error));
  for (size_t i = 0; i < count; i++)
    extents[i].first = p->memories[owner[i]].first;
  plan->live_size = most_alive(plan, extents, count);
  return GB_OK;
}

// Where a plane lies in its outermost memory.
static int64_t place_in(const placing *p, gb_plane plane) {
  int window;
  int64_t stride = stride_of(p, plane.root, &window);
  return window ? plane.offset / map_size(&p->plan->tensors[plane.root].shape) * stride
                : plane.offset;
}

static gb_status set_offsets(placing *p, gb_error *error) {
  gb_plan *plan = p->plan;
  for (size_t i = 0; i < plan->tensor_count; i++) {
    gb_tensor *t = &plan->tensors[i];
    gb_plane first;
    t->contiguous = is_contiguous(p, (int)i, &first);
    t->base = p->memories[first.root].base;
    t->stride = stride_of(p, first.root, &t->window);
    if (t->window == 0)
      t->stride = map_size(&t->shape);
    t->offset = p->memories[first.root].at + place_in(p, first);
    if (t->contiguous)
      continue;
    t->offsets = gb_arena_allocate(plan->arena, (size_t)t->shape.c, sizeof *t->offsets);
    t->bases = gb_arena_allocate(plan->arena, (size_t)t->shape.c, sizeof *t->bases);
    if (!t->offsets || !t->bases)
      return gb_fail_memory(error);
    for (int64_t c = 0; c < t->shape.c; c++) {
      gb_plane plane = resolve(p, t->planes[c]);
      t->bases[c] = (unsigned char)p->memories[plane.root].base;
      t->offsets[c] = p->memories[plane.root].at + place_in(p, plane);
    }
  }
  return GB_OK;
}

gb_status gb_plan_place(gb_plan *plan, gb_error *error) {
  placing p = {.plan = plan};
  GB_TRY(new_memories(&p, error));
  p.memories[0].base = GB_BASE_INPUT;
  GB_TRY(close_output(&p, error));
  put_side_by_side(&p);
  GB_TRY(insert_copies(&p, error));
  GB_TRY(gb_plan_choose(plan, error)); // the copies have no type yet
  GB_TRY(find_bands(&p, error));
  GB_TRY(find_strips(&p, error));
  reuse_in_place(&p);
  find_life_times(&p);
  GB_TRY(lay_out(&p, error));
  return set_offsets(&p, error);
}
