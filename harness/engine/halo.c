// Rows beside the cuts: where each thread has a band of rows in memory of its own, a window over
// rows needs some of its neighbours'.
//
// Every thread copies the rows that its neighbours need to memory of all (give), they wait for each
// other, and every thread copies what it needs next to its own rows (take). Packed like this few
// lines of cache change hands: reading a neighbour's maps in place made GhostNet on two threads 8 %
// slower.
#include "harness/engine/plan.h"

// Maps that follow each other in the threads' own memory.
typedef struct run {
  int64_t at, maps; // floats before the first one
} run;

struct gb_halo {
  int64_t down, up; // rows of a map that the part below a cut takes, and the one above it
  int64_t below;    // floats for one cut: first the rows above it of every map, ...
  int64_t size;     // ... then, from `below` on, those below it
  size_t count;
  run *runs;
};

static int64_t cut(int64_t rows, int64_t part, int64_t parts) {
  return rows * part / parts;
}

// Rows of the input that `part` needs above and below its own.
static void needed(const gb_plan *plan, const gb_step *step, int part, int64_t *above,
                   int64_t *below) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->work;
  int64_t first = cut(out->h, part, plan->threads) * w->stride_h - w->top;
  int64_t last = (cut(out->h, part + 1, plan->threads) - 1) * w->stride_h - w->top +
                 (w->kernel_h - 1) * w->dilation_h;
  int64_t lo = cut(in->h, part, plan->threads), hi = cut(in->h, part + 1, plan->threads);
  first = first < 0 ? 0 : first;
  last = last >= in->h ? in->h - 1 : last;
  *above = lo > first ? lo - first : 0;
  *below = last >= hi ? last + 1 - hi : 0;
}

bool gb_halo_fits(const gb_plan *plan, const gb_step *step) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  int64_t least = in->h / plan->threads; // of a part
  for (int part = 0; part < plan->threads; part++) {
    int64_t above, below;
    needed(plan, step, part, &above, &below);
    if (above > least || below > least)
      return false;
  }
  return out->h >= plan->threads;
}

static bool plane_is_own(const gb_tensor *t, int64_t c) {
  return (t->contiguous ? t->base : t->bases[c]) == GB_BASE_OWN;
}

// The maps that threads have in memory of their own, run by run. What is the caller's input, all
// can read.
static gb_status find_runs(gb_plan *plan, int tensor, gb_halo *halo, int64_t *maps,
                           gb_error *error) {
  const gb_tensor *t = &plan->tensors[tensor];
  halo->runs = gb_arena_allocate(plan->arena, (size_t)t->shape.c, sizeof *halo->runs);
  if (!halo->runs)
    return gb_fail_memory(error);
  for (int64_t c = 0, end; c < t->shape.c; c = end) {
    end = gb_plane_run(plan, tensor, c, t->shape.c);
    if (!plane_is_own(t, c))
      continue;
    halo->runs[halo->count++] =
        (run){.at = t->contiguous ? t->offset + c * t->stride : t->offsets[c], .maps = end - c};
    *maps += end - c;
  }
  return GB_OK;
}

// Floats in whole lines of cache, which one thread writes and another reads.
static int64_t lines(int64_t floats) {
  return (floats + 15) / 16 * 16;
}

gb_status gb_halo_plan(gb_plan *plan, gb_step *step, gb_error *error) {
  step->halo = NULL;
  if (step->by != GB_BY_ROWS ||
      (step->work.kind != GB_WORK_CONV && step->work.kind != GB_WORK_POOL))
    return GB_OK;
  gb_halo halo = {0};
  for (int part = 0; part < plan->threads; part++) {
    int64_t above, below;
    needed(plan, step, part, &above, &below);
    halo.down = above > halo.down ? above : halo.down;
    halo.up = below > halo.up ? below : halo.up;
  }
  int64_t maps = 0, width = plan->tensors[step->in[0]].shape.w;
  GB_TRY(find_runs(plan, step->in[0], &halo, &maps, error));
  halo.below = lines(maps * halo.down * width);
  halo.size = halo.below + lines(maps * halo.up * width);
  if (halo.size == 0)
    return GB_OK;
  gb_halo *made = gb_arena_allocate(plan->arena, 1, sizeof *made);
  if (!made)
    return gb_fail_memory(error);
  *made = halo;
  step->halo = made;
  return GB_OK;
}

int64_t gb_halo_size(const gb_plan *plan, const gb_halo *halo) {
  return (plan->threads - 1) * halo->size;
}

// Copies between a worker's maps and what is kept for the cut above `part`.
static void copy(const gb_plan *plan, const gb_step *step, const gb_worker *worker, int part,
                 bool rows_above, bool give) {
  const gb_halo *halo = step->halo;
  const gb_shape *in = &plan->tensors[step->in[0]].shape;
  int64_t rows = rows_above ? halo->down : halo->up, size = in->h * in->w;
  int64_t first = cut(in->h, part, plan->threads) - (rows_above ? rows : 0);
  gb_maps_shape g = {rows * in->w, give ? size : rows * in->w, give ? rows * in->w : size};
  if (rows == 0)
    return;
  float *kept =
      worker->exchange + step->exchange + (part - 1) * halo->size + (rows_above ? 0 : halo->below);
  for (const run *r = halo->runs; r < halo->runs + halo->count; r++) {
    float *own = worker->base[GB_BASE_OWN] + r->at + first * in->w;
    plan->kernels->copy_maps(&g, give ? own : kept, give ? kept : own, 0, r->maps);
    kept += r->maps * g.pixels;
  }
}

static void copy_both(const gb_plan *plan, const gb_step *step, const gb_worker *worker,
                      bool give) {
  // At the cut above its part a worker gives the rows below and takes those above.
  if (worker->part > 0)
    copy(plan, step, worker, worker->part, !give, give);
  if (worker->part + 1 < worker->parts)
    copy(plan, step, worker, worker->part + 1, give, give);
}

void gb_halo_give(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  copy_both(plan, step, worker, true);
}

void gb_halo_take(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  copy_both(plan, step, worker, false);
}
