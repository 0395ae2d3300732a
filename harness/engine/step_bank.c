// Maps through a bank of fixed filters, the bands' batch norm and activation behind.
#include "harness/engine/plan.h"

typedef struct bank {
  gb_bank_shape shape;
  gb_behind behind;
} bank;

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->work.kind == GB_WORK_BANK && step->residual < 0 && step->work.taps <= GB_BANK_TAPS;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_shape *out = &plan->tensors[step->out].shape;
  const gb_work *w = &step->work;
  int64_t size = out->h * out->w;
  bank *b = gb_arena_allocate(plan->arena, 1, sizeof *b);
  if (!b)
    return gb_fail_memory(error);
  b->shape = (gb_bank_shape){.h = out->h,
                             .w = out->w,
                             .bands = w->bands,
                             .taps = w->taps,
                             .in_stride = size,
                             .out_stride = size,
                             .along_width = w->along_width,
                             .along_height = w->along_height,
                             .border = w->border};
  for (int64_t k = 0; k < w->taps; k++) {
    b->shape.low[k] = (float)w->low[k];
    b->shape.high[k] = (float)w->high[k];
  }
  step->data = b;
  step->scratch = 2 * size;
  step->executed = step->nominal;
  return gb_behind_prepare(plan, step, &b->behind, error);
}

// Input map by input map: its bands are scaled when all are there, since a level filters the last
// one of the level before.
static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const bank *b = step->data;
  const float *in = gb_plane_at(plan, step->in[0], 0, worker);
  float *out = gb_plane_at(plan, step->out, 0, worker);
  int64_t lo, hi, bands = b->shape.bands;
  gb_share(plan->tensors[step->in[0]].shape.c, 1, worker, &lo, &hi);
  for (int64_t c = lo; c < hi; c++) {
    plan->kernels->bank(&b->shape, in, out, worker->scratch, c, c + 1);
    gb_behind_run(plan, step, &b->behind, out, c * bands, (c + 1) * bands);
  }
}

const gb_step_type gb_step_bank = {
    .name = "bank", .accepts = accepts, .prepare = prepare, .run = run};
