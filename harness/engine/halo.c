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
  int tensor;       // that a step, or a chain, reads
  int64_t down, up; // rows of a map that the part below a cut takes, and the one above it
  int64_t at;       // floats behind step->exchange
  int64_t below;    // floats for one cut: first the rows above it of every map, ...
  int64_t size;     // ... then, from `below` on, those below it
  size_t count;
  run *runs;
};

int64_t gb_band_cut(int64_t rows, int64_t part, int64_t parts) {
  return rows * part / parts;
}

// An input whose rows a step reads, through its window or row by row.
typedef struct row_input {
  int tensor; // -1: the step has none here
  bool windowed;
} row_input;

// Input `i` of a step, its residual behind the others. A single pixel belongs to no band, and a
// global pool finds its own way (step_pool.c).
static row_input input_of(const gb_plan *plan, const gb_step *step, size_t i) {
  row_input in = {i < step->n_in ? step->in[i] : step->residual,
                  i < step->n_in && gb_has_window(step)};
  if (in.tensor >= 0 && !in.windowed &&
      plan->tensors[in.tensor].shape.h != plan->tensors[step->out].shape.h)
    in.tensor = -1;
  return in;
}

// Rows of an input that `part` needs above and below its own for step `at`.
static void needed(const gb_plan *plan, size_t at, row_input input, int part, int64_t *above,
                   int64_t *below) {
  const gb_step *step = &plan->steps[at];
  const gb_shape *in = &plan->tensors[input.tensor].shape, *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->work;
  int64_t first = gb_band_cut(out->h, part, plan->threads),
          end = gb_band_cut(out->h, part + 1, plan->threads);
  if (step->strips)
    gb_strips_span(step->strips, part, at, &first, &end);
  if (input.windowed) {
    first = first * w->stride_h - w->top;
    end = (end - 1) * w->stride_h - w->top + (w->kernel_h - 1) * w->dilation_h + 1;
  }
  int64_t lo = gb_band_cut(in->h, part, plan->threads),
          hi = gb_band_cut(in->h, part + 1, plan->threads);
  first = first < 0 ? 0 : first;
  end = end > in->h ? in->h : end;
  *above = lo > first ? lo - first : 0;
  *below = end > hi ? end - hi : 0;
}

bool gb_halo_fits(const gb_plan *plan, size_t at) {
  const gb_step *step = &plan->steps[at];
  for (size_t i = 0; i <= step->n_in; i++) {
    row_input input = input_of(plan, step, i);
    for (int part = 0; input.tensor >= 0 && part < plan->threads; part++) {
      int64_t above, below, least = plan->tensors[input.tensor].shape.h / plan->threads;
      needed(plan, at, input, part, &above, &below);
      if (above > least || below > least)
        return false;
    }
  }
  return plan->tensors[step->out].shape.h >= plan->threads;
}

// A map that threads have in memory of their own, made before step `first`. What is the caller's
// input, all can read; what a chain makes itself, each thread makes all of.
static bool changes_hands(const gb_plan *plan, const gb_tensor *t, int64_t c, size_t first) {
  int producer = plan->producers[t->planes[c].root];
  return (t->contiguous ? t->base : t->bases[c]) == GB_BASE_OWN && producer >= 0 &&
         producer < (int)first;
}

// Those maps, run by run; their number is added to *maps.
static gb_status find_runs(gb_plan *plan, gb_halo *halo, size_t first, int64_t *maps,
                           gb_error *error) {
  const gb_tensor *t = &plan->tensors[halo->tensor];
  halo->runs = gb_arena_allocate(plan->arena, (size_t)t->shape.c, sizeof *halo->runs);
  if (!halo->runs)
    return gb_fail_memory(error);
  for (int64_t c = 0, end; c < t->shape.c; c = end) {
    int64_t run_end = gb_plane_run(plan, halo->tensor, c, t->shape.c);
    bool wanted = changes_hands(plan, t, c, first);
    for (end = c + 1; end < run_end && changes_hands(plan, t, end, first) == wanted;)
      end++;
    if (!wanted)
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

// The rows that step `at` needs of one more input go to the halo of that input.
static void widen(const gb_plan *plan, gb_step *taker, size_t at, row_input input) {
  gb_halo *halo = taker->halos;
  while (halo < taker->halos + taker->halo_count && halo->tensor != input.tensor)
    halo++;
  if (halo == taker->halos + taker->halo_count) {
    *halo = (gb_halo){.tensor = input.tensor};
    taker->halo_count++;
  }
  for (int part = 0; part < plan->threads; part++) {
    int64_t above, below;
    needed(plan, at, input, part, &above, &below);
    halo->down = above > halo->down ? above : halo->down;
    halo->up = below > halo->up ? below : halo->up;
  }
}

gb_status gb_halo_plan(gb_plan *plan, size_t at, gb_error *error) {
  gb_step *step = &plan->steps[at];
  if (plan->threads == 1 || (step->by != GB_BY_ROWS && step->by != GB_BY_STRIPS))
    return GB_OK;
  size_t end = step->strips ? step->strips->end : at + 1, room = 0;
  for (size_t s = at; s < end; s++)
    room += plan->steps[s].n_in + 1;
  step->halos = gb_arena_allocate(plan->arena, room, sizeof *step->halos);
  if (!step->halos)
    return gb_fail_memory(error);
  for (size_t s = at; s < end; s++)
    for (size_t i = 0; i <= plan->steps[s].n_in; i++) {
      row_input input = input_of(plan, &plan->steps[s], i);
      if (input.tensor >= 0)
        widen(plan, step, s, input);
    }
  size_t kept = 0;
  int64_t size = 0;
  for (size_t i = 0; i < step->halo_count; i++) {
    gb_halo halo = step->halos[i];
    int64_t maps = 0, width = plan->tensors[halo.tensor].shape.w;
    if (halo.down + halo.up > 0)
      GB_TRY(find_runs(plan, &halo, at, &maps, error));
    halo.at = size;
    halo.below = lines(maps * halo.down * width);
    halo.size = halo.below + lines(maps * halo.up * width);
    size += (plan->threads - 1) * halo.size;
    if (halo.size > 0)
      step->halos[kept++] = halo;
  }
  step->halo_count = kept;
  return GB_OK;
}

int64_t gb_halo_size(const gb_plan *plan, const gb_step *step) {
  int64_t size = 0;
  for (size_t i = 0; i < step->halo_count; i++)
    size += (plan->threads - 1) * step->halos[i].size;
  return size;
}

// Copies between a worker's maps and what is kept for the cut above `part`.
static void copy(const gb_plan *plan, const gb_halo *halo, float *exchange, const gb_worker *worker,
                 int part, bool rows_above, bool give) {
  const gb_shape *in = &plan->tensors[halo->tensor].shape;
  int64_t rows = rows_above ? halo->down : halo->up, size = in->h * in->w;
  int64_t first = gb_band_cut(in->h, part, plan->threads) - (rows_above ? rows : 0);
  gb_maps_shape g = {rows * in->w, give ? size : rows * in->w, give ? rows * in->w : size};
  if (rows == 0)
    return;
  float *kept = exchange + halo->at + (part - 1) * halo->size + (rows_above ? 0 : halo->below);
  for (const run *r = halo->runs; r < halo->runs + halo->count; r++) {
    float *own = worker->base[GB_BASE_OWN] + r->at + first * in->w;
    plan->kernels->copy_maps(&g, give ? own : kept, give ? kept : own, 0, r->maps);
    kept += r->maps * g.pixels;
  }
}

static void copy_both(const gb_plan *plan, const gb_step *step, const gb_worker *worker,
                      bool give) {
  float *exchange = worker->exchange + step->exchange;
  for (const gb_halo *halo = step->halos; halo < step->halos + step->halo_count; halo++) {
    // At the cut above its part a worker gives the rows below and takes those above.
    if (worker->part > 0)
      copy(plan, halo, exchange, worker, worker->part, !give, give);
    if (worker->part + 1 < worker->parts)
      copy(plan, halo, exchange, worker, worker->part + 1, give, give);
  }
}

int gb_halo_claims(const gb_step *step, size_t i, const gb_worker *worker, gb_claim claims[2]) {
  const gb_halo *halo = &step->halos[i];
  float *kept = worker->exchange + step->exchange + halo->at + worker->part * halo->size;
  int count = 0;
  if (worker->part > 0 && halo->size > halo->below)
    claims[count++] = (gb_claim){kept - halo->size + halo->below, kept};
  if (worker->part + 1 < worker->parts && halo->below > 0)
    claims[count++] = (gb_claim){kept, kept + halo->below};
  return count;
}

void gb_halo_give(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  copy_both(plan, step, worker, true);
}

void gb_halo_take(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  copy_both(plan, step, worker, false);
}
