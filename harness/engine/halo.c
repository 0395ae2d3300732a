// Rows beside the cuts: where each thread has a band of rows in memory of its own, a window over
// rows needs some of its neighbours'.
//
// Every thread copies the rows that its neighbours need to memory of all (give), they wait for each
// other, and every thread copies what it needs next to its own rows (take). Packed like this few
// lines of cache change hands: reading a neighbour's maps in place made GhostNet on two threads 8 %
// slower.
#include "harness/engine/plan.h"

#include <string.h>

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

// Rows of a map that change hands at one cut: taken by the part below it, by the one above it.
static void rows_at(const gb_plan *plan, const gb_step *step, int64_t *down, int64_t *up) {
  *down = *up = 0;
  for (int part = 0; part < plan->threads; part++) {
    int64_t above, below;
    needed(plan, step, part, &above, &below);
    *down = above > *down ? above : *down;
    *up = below > *up ? below : *up;
  }
}

// What lies in one place for all maps: rows that one thread writes, in lines of cache of its own.
static int64_t strip_size(const gb_plan *plan, const gb_step *step, int64_t rows) {
  const gb_tensor *in = &plan->tensors[step->in[0]];
  int64_t own = 0;
  for (int64_t c = 0; c < in->shape.c; c++)
    own += plane_is_own(in, c);
  return (own * rows * in->shape.w + 15) / 16 * 16;
}

int64_t gb_halo_size(const gb_plan *plan, const gb_step *step) {
  if (step->by != GB_BY_ROWS ||
      (step->work.kind != GB_WORK_CONV && step->work.kind != GB_WORK_POOL))
    return 0;
  int64_t down, up;
  rows_at(plan, step, &down, &up);
  return (plan->threads - 1) * (strip_size(plan, step, down) + strip_size(plan, step, up));
}

// Copies between a worker's maps and what is kept for the cut above `part`: first the rows above
// the cut of every map, then those below it.
static void copy(const gb_plan *plan, const gb_step *step, const gb_worker *worker, int part,
                 bool rows_above, bool give) {
  const gb_tensor *in = &plan->tensors[step->in[0]];
  int64_t down, up, w = in->shape.w, line = cut(in->shape.h, part, plan->threads);
  rows_at(plan, step, &down, &up);
  int64_t rows = rows_above ? down : up, first = rows_above ? line - down : line;
  if (rows == 0)
    return;
  float *kept = worker->exchange + step->exchange +
                (part - 1) * (step->halo / (plan->threads - 1)) +
                (rows_above ? 0 : strip_size(plan, step, down));
  for (int64_t c = 0; c < in->shape.c; c++) {
    if (!plane_is_own(in, c))
      continue;
    float *own = gb_plane_at(plan, step->in[0], c, worker) + first * w;
    memcpy(give ? kept : own, give ? own : kept, (size_t)(rows * w) * sizeof *own);
    kept += rows * w;
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
