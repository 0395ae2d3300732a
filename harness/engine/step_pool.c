// Pooling: sliding windows, and whole maps.
#include "harness/engine/plan.h"

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_POOL;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape, *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->work;
  gb_pool_shape *g = gb_arena_allocate(plan->arena, 1, sizeof *g);
  if (!g)
    return gb_fail_memory(error);
  *g = (gb_pool_shape){.in_h = in->h,
                       .in_w = in->w,
                       .out_h = out->h,
                       .out_w = out->w,
                       .kernel_h = w->kernel_h,
                       .kernel_w = w->kernel_w,
                       .stride_h = w->stride_h,
                       .stride_w = w->stride_w,
                       .pad_top = w->top,
                       .pad_left = w->left,
                       .in_stride = plan->tensors[step->in[0]].stride,
                       .out_stride = plan->tensors[step->out].stride,
                       .count_padding = w->count_padding};
  step->data = g;
  return GB_OK;
}

// Output rows [y0, y1) as a pool of their own: over the input rows [*first, ...) that they see.
static gb_pool_shape rows_of(const gb_pool_shape *g, int64_t y0, int64_t y1, int64_t *first) {
  gb_pool_shape part = *g;
  int64_t top = y0 * g->stride_h - g->pad_top,
          end = (y1 - 1) * g->stride_h - g->pad_top + g->kernel_h;
  *first = top < 0 ? 0 : top < g->in_h ? top : g->in_h;
  end = end > g->in_h ? g->in_h : end < *first ? *first : end;
  part.in_h = end - *first;
  part.out_h = y1 - y0;
  part.pad_top = *first - top;
  return part;
}

// Runs of maps that follow each other in memory are one call.
static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_pool_shape *g = step->data;
  gb_slice s = gb_slice_of(plan, step, 1, worker);
  if (s.p0 >= s.p1)
    return;
  int64_t first;
  gb_pool_shape part = rows_of(g, s.p0 / g->out_w, s.p1 / g->out_w, &first);
  while (s.c0 < s.c1) {
    int64_t end = gb_plane_run(plan, step->in[0], s.c0, s.c1);
    (step->work.max ? plan->kernels->max_pool : plan->kernels->average_pool)(
        &part, gb_plane_at(plan, step->in[0], s.c0, worker) + first * g->in_w,
        gb_plane_at(plan, step->out, s.c0, worker) + s.p0, 0, end - s.c0);
    s.c0 = end;
  }
}

const gb_step_type gb_step_pool = {.name = "pool",
                                   .takes_planes = true,
                                   .cut = GB_CUT_ROWS,
                                   .accepts = accepts,
                                   .prepare = prepare,
                                   .run = run};

static bool accepts_global(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_GLOBAL_POOL && !step->work.max;
}

// High maps are averaged by halves whatever the number of threads, so that two threads which have a
// half each come to the same bits.
enum { HALVED_ROWS = 14 };

bool gb_pools_by_halves(const gb_plan *plan, const gb_step *step) {
  return plan->tensors[step->in[0]].shape.h >= HALVED_ROWS;
}

// out[c] = the average of pixels [p0, p1) of maps [lo, hi).
static void average(const gb_plan *plan, const gb_step *step, const gb_worker *worker, int64_t p0,
                    int64_t p1, float *out, int64_t lo, int64_t hi) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape;
  while (lo < hi) {
    int64_t end = gb_plane_run(plan, step->in[0], lo, hi);
    plan->kernels->global_average(gb_plane_at(plan, step->in[0], lo, worker) + p0, in->h * in->w,
                                  p1 - p0, out + lo, 0, end - lo);
    lo = end;
  }
}

static int64_t middle(const gb_shape *in) {
  return in->h / 2 * in->w;
}

// The averages of the worker's half.
static void give_global(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape;
  bool upper = worker->part == 0;
  average(plan, step, worker, upper ? 0 : middle(in), upper ? middle(in) : in->h * in->w,
          gb_given(plan, step, worker, worker->part), 0, in->c);
}

static gb_status prepare_global(gb_plan *plan, gb_step *step, gb_error *error) {
  (void)error;
  step->scratch = 2 * plan->tensors[step->in[0]].shape.c;
  return GB_OK;
}

static void run_global(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const gb_shape *in = &plan->tensors[step->in[0]].shape;
  int64_t lo, hi, size = in->h * in->w, half = middle(in);
  float *out = gb_plane_at(plan, step->out, 0, worker);
  gb_share(in->c, 16, worker, &lo, &hi);
  if (!gb_pools_by_halves(plan, step)) {
    average(plan, step, worker, 0, size, out, lo, hi);
    return;
  }
  const float *upper = worker->scratch, *lower = worker->scratch + in->c;
  if (step->by == GB_BY_ROWS) {
    upper = gb_given(plan, step, worker, 0);
    lower = gb_given(plan, step, worker, 1);
  } else {
    average(plan, step, worker, 0, half, worker->scratch, lo, hi);
    average(plan, step, worker, half, size, worker->scratch + in->c, lo, hi);
  }
  float share = (float)half / (float)size;
  for (int64_t c = lo; c < hi; c++)
    out[c] = upper[c] * share + lower[c] * (1 - share);
}

const gb_step_type gb_step_global_pool = {.name = "global-pool",
                                          .takes_planes = true,
                                          .cut = GB_CUT_ROWS,
                                          .accepts = accepts_global,
                                          .prepare = prepare_global,
                                          .run = run_global,
                                          .give = give_global,
                                          .gives_by = GB_BY_ROWS};
