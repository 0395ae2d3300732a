// How threads share a step, and when they have to wait for each other.
//
// A line of cache that another processor wrote costs more than one from the third-level cache, up
// to ten times where the processors have such caches of their own. So on large maps each thread
// keeps to a band of rows, from the input on, and has memory of its own for it (place.c): what it
// reads it wrote before, but for the rows beside the cuts (halo.c). Small maps, with more weights
// than pixels, are shared by channels: by rows every thread would read all weights, for products
// too short for its tiles. Where such a product has more maps to read than to make, each thread
// takes half of those it reads, which it mostly made itself, and only sums change hands (halves).
#include "harness/engine/plan.h"

// What a thread's part of a map must have to be worth it: rows of a band, pixels elsewhere.
enum { BAND_ROWS = 7, LEAST_PIXELS = 256, PIXEL_GRAIN = 64 };

// Most pixels of a product that is the sum of two halves. Larger maps go by bands, and one thread
// would pay 1 % for sums that no two threads share.
enum { HALVES_PIXELS = 64 };

bool gb_has_window(const gb_step *step) {
  return step->work.kind == GB_WORK_CONV || step->work.kind == GB_WORK_POOL;
}

// True when each thread made all that it reads of its rows: steps before this one are shared
// already.
static bool made_by_rows(const gb_plan *plan, int tensor) {
  const gb_tensor *t = &plan->tensors[tensor];
  for (int64_t c = 0; c < t->shape.c; c++) {
    int producer = plan->producers[t->planes[c].root];
    if (producer >= 0 && plan->steps[producer].by != GB_BY_ROWS)
      return false;
  }
  return true;
}

// Every output row needs rows of inputs that are as high, or those that its window covers.
static bool can_go_by_rows(const gb_plan *plan, size_t at) {
  const gb_step *step = &plan->steps[at];
  const gb_shape *out = &plan->tensors[step->out].shape;
  if (step->type->cut == GB_CUT_CHANNELS || step->work.plane)
    return false;
  // It gives what it found before threads wait for each other.
  if (step->work.kind == GB_WORK_GLOBAL_POOL)
    return gb_pools_by_halves(plan, step) && plan->threads == 2 && made_by_rows(plan, step->in[0]);
  // The depthwise kernels take maps of half a vector two rows at a time (kernels.h).
  if (out->h < plan->threads || 2 * out->w <= plan->kernels->lanes)
    return false;
  if (gb_has_window(step))
    return gb_halo_fits(plan, at);
  for (size_t i = 0; i < step->n_in; i++) {
    const gb_shape *in = &plan->tensors[step->in[i]].shape;
    if (in->h * in->w != 1 && (in->h != out->h || in->w != out->w))
      return false;
  }
  return true;
}

static gb_by choose(const gb_plan *plan, size_t at, bool in_bands) {
  const gb_step *step = &plan->steps[at];
  const gb_shape *out = &plan->tensors[step->out].shape;
  if (plan->threads == 1)
    return GB_BY_CHANNELS;
  if (in_bands && can_go_by_rows(plan, at))
    return GB_BY_ROWS;
  if (step->type->cut == GB_CUT_PIXELS && step->weights &&
      out->h * out->w >= (int64_t)LEAST_PIXELS * plan->threads)
    return GB_BY_PIXELS;
  return plan->threads == 2 && plan->batch == 1 && step->type->gives_by == GB_BY_HALVES &&
                 gb_first_half(plan, step) > 0
             ? GB_BY_HALVES
             : GB_BY_CHANNELS;
}

int64_t gb_first_half(const gb_plan *plan, const gb_step *step) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  int64_t pixels = out->h * out->w;
  if (!gb_plan_has(plan, GB_PASS_HALVES) || !plan->kernels->pointwise_halves() ||
      !gb_is_pointwise(&step->work) || step->act != GB_ACT_NONE || in->c < 2 * out->c ||
      pixels == 1 || pixels > HALVES_PIXELS)
    return 0;
  return in->c / 2 / GB_ROW_GRAIN * GB_ROW_GRAIN;
}

// Products on which a thread would read more of weights than of maps.
static bool is_deep(const gb_plan *plan, const gb_step *step) {
  return step->type->cut == GB_CUT_PIXELS && step->weights &&
         step->weight_count > gb_shape_count(&plan->tensors[step->in[0]].shape) +
                                  gb_shape_count(&plan->tensors[step->out].shape);
}

// Marks the memories that `tensor` reads and that are made before step `end`; adds their elements.
static int64_t cross(const gb_plan *plan, int tensor, size_t end, int *seen) {
  const gb_tensor *t = &plan->tensors[tensor];
  int64_t sum = 0;
  for (int64_t c = 0; c < t->shape.c; c++) {
    int root = t->planes[c].root;
    if (seen[root] == (int)end || plan->producers[root] < 0 || plan->producers[root] >= (int)end)
      continue;
    seen[root] = (int)end;
    sum += gb_shape_count(&plan->tensors[root].shape);
  }
  return sum;
}

// Elements that are made before step `end` and read from there on.
static int64_t crossing(const gb_plan *plan, size_t end, int *seen) {
  int64_t sum = 0;
  for (size_t s = end; s < plan->step_count; s++) {
    const gb_step *step = &plan->steps[s];
    for (size_t i = 0; i < step->n_in; i++)
      sum += cross(plan, step->in[i], end, seen);
    if (step->residual >= 0)
      sum += cross(plan, step->residual, end, seen);
  }
  return sum;
}

// The steps [0, *end) go by rows, none where no maps are high enough. What is made there and read
// behind changes hands, so that bands end where little is: at twice the least that the last size of
// maps which are high enough allows, not inside of a block that widens them. An image is cut only
// where it is alone: of several, each thread takes its own.
static gb_status find_end(gb_plan *plan, size_t *end, gb_error *error) {
  *end = 0;
  if (plan->threads == 1 || plan->batch > 1 || !gb_plan_has(plan, GB_PASS_BANDS))
    return GB_OK;
  GB_TRY(gb_plan_find_producers(plan, error)); // copies have moved the steps
  size_t last = 0, deep = 0;
  while (deep < plan->step_count && !is_deep(plan, &plan->steps[deep]))
    deep++;
  for (size_t i = 0; i < deep; i++)
    if (plan->tensors[plan->steps[i].out].shape.h >= BAND_ROWS * plan->threads)
      last = i + 1;
  if (last == 0)
    return GB_OK;
  int64_t height = plan->tensors[plan->steps[last - 1].out].shape.h, least = INT64_MAX;
  int64_t *sizes = gb_arena_allocate(plan->arena, last + 1, sizeof *sizes);
  int *seen = gb_arena_allocate(plan->arena, plan->tensor_count, sizeof *seen);
  if (!sizes || !seen)
    return gb_fail_memory(error);
  for (size_t i = last; i > 0 && plan->tensors[plan->steps[i - 1].out].shape.h <= height; i--) {
    sizes[i] = crossing(plan, i, seen);
    if (sizes[i] < least)
      least = sizes[i];
  }
  for (*end = last; sizes[*end] > 2 * least;)
    --*end;
  return GB_OK;
}

gb_status gb_plan_share(gb_plan *plan, gb_error *error) {
  size_t end;
  GB_TRY(find_end(plan, &end, error));
  for (size_t i = 0; i < plan->step_count; i++)
    plan->steps[i].by = choose(plan, i, i < end);
  return GB_OK;
}

void gb_share(int64_t total, int64_t grain, const gb_worker *worker, int64_t *lo, int64_t *hi) {
  int64_t grains = (total + grain - 1) / grain;
  *lo = grains * worker->part / worker->parts * grain;
  *hi = grains * (worker->part + 1) / worker->parts * grain;
  if (*lo > total)
    *lo = total;
  if (*hi > total)
    *hi = total;
}

gb_slice gb_slice_of(const gb_plan *plan, const gb_step *step, int64_t grain,
                     const gb_worker *worker) {
  const gb_shape *out = &plan->tensors[step->out].shape;
  gb_slice slice = {.c1 = out->c, .p1 = out->h * out->w};
  switch (step->by) {
  case GB_BY_CHANNELS:
  case GB_BY_HALVES:
    gb_share(slice.c1, grain, worker, &slice.c0, &slice.c1);
    break;
  case GB_BY_PIXELS:
    gb_share(slice.p1, PIXEL_GRAIN, worker, &slice.p0, &slice.p1);
    break;
  case GB_BY_ROWS:
    gb_share(slice.p1, out->w, worker, &slice.p0, &slice.p1);
    break;
  case GB_BY_STRIPS:
    slice.p0 = worker->y0 * out->w;
    slice.p1 = worker->y1 * out->w;
    break;
  }
  return slice;
}

gb_slice gb_slice_run(const gb_plan *plan, int a, int b, gb_slice slice) {
  const gb_shape *shape = &plan->tensors[a].shape;
  if (slice.p1 - slice.p0 < shape->h * shape->w)
    slice.c1 = slice.c0 + 1;
  else
    slice.c1 = gb_plane_run(plan, a, slice.c0, gb_plane_run(plan, b, slice.c0, slice.c1));
  return slice;
}

int64_t gb_slice_count(gb_slice slice) {
  return (slice.c1 - slice.c0) * (slice.p1 - slice.p0);
}

// ---------------------------------------------------------------------------------------------

// True when every map lies where no other thread writes.
static bool is_own(const gb_plan *plan, int tensor) {
  const gb_tensor *t = &plan->tensors[tensor];
  if (t->contiguous)
    return t->base == GB_BASE_OWN || t->base == GB_BASE_INPUT;
  for (int64_t c = 0; c < t->shape.c; c++)
    if (t->bases[c] != GB_BASE_OWN && t->bases[c] != GB_BASE_INPUT)
      return false;
  return true;
}

static bool is_private(const gb_plan *plan, const gb_step *step) {
  if ((step->by != GB_BY_ROWS && step->by != GB_BY_STRIPS) || !is_own(plan, step->out) ||
      step->gate >= 0 || (step->residual >= 0 && !is_own(plan, step->residual)))
    return false;
  for (size_t i = 0; i < step->n_in; i++)
    if (!is_own(plan, step->in[i]))
      return false;
  return true;
}

bool gb_gives(const gb_step *step) {
  return step->type->give && step->by == step->type->gives_by;
}

int64_t gb_given_count(const gb_plan *plan, const gb_step *step) {
  const gb_shape *out = &plan->tensors[step->out].shape;
  return step->by == GB_BY_HALVES ? out->c * out->h * out->w : out->c;
}

static int64_t given_size(const gb_plan *plan, const gb_step *step) {
  return (gb_given_count(plan, step) + 15) / 16 * 16; // lines of cache of its own
}

float *gb_given(const gb_plan *plan, const gb_step *step, const gb_worker *worker, int part) {
  return worker->exchange + step->exchange + part * given_size(plan, step);
}

// What is given lies in another place for every step, so that a thread which is ahead does not
// overwrite what a slower one has yet to take. Steps that go by halves give much more, and take
// turns in two places: all threads are through with the last one when the next begins.
static void place_exchange(gb_plan *plan, size_t i, int64_t halves, size_t *turn) {
  gb_step *step = &plan->steps[i];
  if (step->by == GB_BY_HALVES) {
    step->exchange = (int64_t)(*turn)++ % 2 * halves;
  } else if (step->gives) {
    step->exchange = plan->exchange_size;
    plan->exchange_size +=
        step->halo_count > 0 ? gb_halo_size(plan, step) : plan->threads * given_size(plan, step);
  }
}

// A step that touches memory of all threads waits until they are through with the last that did,
// one before which they give to each other waits for that; a chain of strips does so as a whole.
gb_status gb_plan_waits(gb_plan *plan, gb_error *error) {
  bool touched = false;
  int64_t halves = 0;
  size_t turn = 0;
  for (size_t i = 0; i < plan->step_count; i++)
    if (plan->steps[i].by == GB_BY_HALVES &&
        halves < plan->threads * given_size(plan, &plan->steps[i]))
      halves = plan->threads * given_size(plan, &plan->steps[i]);
  plan->exchange_size = 2 * halves;
  for (size_t i = 0, end; i < plan->step_count; i = end) {
    gb_step *step = &plan->steps[i];
    bool touches = false;
    end = step->strips ? step->strips->end : i + 1;
    for (size_t s = i; s < end; s++)
      touches |= !is_private(plan, &plan->steps[s]);
    GB_TRY(gb_halo_plan(plan, i, error));
    step->gives = step->halo_count > 0 || gb_gives(step);
    step->waits = (step->gives && step->by != GB_BY_HALVES) || (touched && touches);
    touched = touches || (touched && !step->waits);
    place_exchange(plan, i, halves, &turn);
  }
  return GB_OK;
}
