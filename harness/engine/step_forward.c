// The layer's own plain forward, for what no kernel takes: always right, seldom fast.
#include "harness/engine/plan.h"

enum { MAX_INPUTS = 64 };

typedef struct forward {
  gb_op op; // of one image
  const float *params[GB_MAX_PARAMS];
} forward;

static bool accepts(const gb_plan *plan, const gb_step *step) {
  (void)plan;
  return step->gate < 0 && step->residual < 0 && step->act == GB_ACT_NONE &&
         step->n_in <= MAX_INPUTS;
}

static gb_status prepare(gb_plan *plan, gb_step *step, gb_error *error) {
  const gb_op *op = &step->node->op;
  forward *f = gb_arena_allocate(plan->arena, 1, sizeof *f);
  gb_shape *in = gb_arena_allocate(plan->arena, op->n_in, sizeof *in);
  if (!f || !in)
    return gb_fail_memory(error);
  for (size_t i = 0; i < op->n_in; i++) {
    in[i] = op->in[i];
    in[i].n = 1;
  }
  f->op = *op;
  f->op.in = in;
  f->op.out.n = 1;
  for (size_t i = 0; i < step->node->param_count; i++)
    f->params[i] = plan->weights->values + step->node->params[i].offset;
  step->data = f;
  return GB_OK;
}

static void run(const gb_plan *plan, const gb_step *step, const gb_worker *worker) {
  const forward *f = step->data;
  const float *in[MAX_INPUTS];
  for (size_t i = 0; i < step->n_in; i++)
    in[i] = gb_plane_at(plan, step->in[i], 0, worker);
  // Shapes were checked when the graph was built: a forward that computes cannot fail.
  f->op.layer->forward(&f->op, in, f->params, gb_plane_at(plan, step->out, 0, worker), NULL);
}

const gb_step_type gb_step_forward = {
    .name = "forward", .serial = true, .accepts = accepts, .prepare = prepare, .run = run};
