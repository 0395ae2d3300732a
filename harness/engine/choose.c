// Gives each step its type, and what the types share: shares of work, places of planes.
#include "harness/engine/plan.h"

#define GB_STEP(id) extern const gb_step_type gb_step_##id;
#include "harness/engine/steps.def"
#undef GB_STEP

const gb_step_type *const gb_step_types[] = {
#define GB_STEP(id) &gb_step_##id,
#include "harness/engine/steps.def"
#undef GB_STEP
    NULL};

gb_status gb_plan_choose(gb_plan *plan, gb_error *error) {
  for (size_t i = 0; i < plan->step_count; i++) {
    gb_step *step = &plan->steps[i];
    for (const gb_step_type *const *type = gb_step_types; *type && !step->type; type++)
      if ((*type)->accepts(plan, step))
        step->type = *type;
    if (!step->type)
      return gb_fail(error, GB_EINTERNAL, "no kernel takes '%s' (%s)", step->node->name,
                     step->layers);
  }
  return GB_OK;
}

// Multiply-accumulates that a step does for one image; a type may know better (Winograd).
static int64_t executed_macs(const gb_plan *plan, const gb_step *step) {
  const gb_shape *out = &plan->tensors[step->out].shape;
  int64_t rows = step->weight_count / out->c; // weights of one output
  return step->weights ? out->c * out->h * out->w * rows : 0;
}

gb_status gb_plan_prepare(gb_plan *plan, gb_error *error) {
  for (size_t i = 0; i < plan->step_count; i++) {
    gb_step *step = &plan->steps[i];
    step->executed = executed_macs(plan, step);
    if (step->type->prepare)
      GB_TRY(step->type->prepare(plan, step, error));
    if (step->scratch > plan->scratch_size)
      plan->scratch_size = step->scratch;
  }
  GB_TRY(gb_plan_waits(plan, error));
  return gb_plan_asks(plan, error);
}

float *gb_plane_at(const gb_plan *plan, int tensor, int64_t channel, const gb_worker *worker) {
  const gb_tensor *t = &plan->tensors[tensor];
  int64_t above = worker->above[t->window] * t->shape.w;
  if (t->contiguous)
    return worker->base[t->base] + t->offset + channel * t->stride - above;
  return worker->base[t->bases[channel]] + t->offsets[channel] - above;
}

int64_t gb_residual_stride(const gb_plan *plan, const gb_step *step) {
  return step->residual >= 0 ? plan->tensors[step->residual].stride : 0;
}

int64_t gb_plane_run(const gb_plan *plan, int tensor, int64_t channel, int64_t end) {
  const gb_tensor *t = &plan->tensors[tensor];
  if (t->contiguous)
    return end;
  int64_t c = channel + 1;
  while (c < end && t->bases[c] == t->bases[channel] &&
         t->offsets[c] == t->offsets[channel] + (c - channel) * t->stride)
    c++;
  return c;
}
