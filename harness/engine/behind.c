// A batch norm and an activation that a step of any type applies to maps it has just made.
#include "harness/engine/plan.h"

gb_status gb_behind_prepare(gb_plan *plan, const gb_step *step, gb_behind *behind,
                            gb_error *error) {
  *behind = (gb_behind){NULL, NULL};
  if (!step->scale)
    return GB_OK;
  int64_t channels = plan->tensors[step->out].shape.c;
  float *factors = gb_arena_allocate(plan->arena, (size_t)channels, 2 * sizeof *factors);
  if (!factors)
    return gb_fail_memory(error);
  for (int64_t c = 0; c < channels; c++) {
    factors[c] = (float)step->scale[c];
    factors[channels + c] = (float)step->shift[c];
  }
  *behind = (gb_behind){factors, factors + channels};
  return GB_OK;
}

void gb_behind_run(const gb_plan *plan, const gb_step *step, const gb_behind *behind, float *maps,
                   int64_t c0, int64_t c1) {
  const gb_shape *shape = &plan->tensors[step->out].shape;
  int64_t size = shape->h * shape->w;
  gb_maps_shape g = {.pixels = size, .in_stride = size, .out_stride = size};
  if (behind->scale)
    plan->kernels->scale_maps(&g, behind->scale, behind->shift, maps, maps, c0, c1, step->act);
  else if (step->act != GB_ACT_NONE)
    plan->kernels->activate(maps + c0 * size, maps + c0 * size, (c1 - c0) * size, step->act);
}
