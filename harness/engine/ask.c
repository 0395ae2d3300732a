// What a step asks for while it multiplies: weights of the linear layers behind it.
//
// Linear layers read each weight once a run, as fast as memory can; products leave memory idle.
// Squeeze-excite's layers and a network's last ones have a product shortly before them, which asks
// for their first weights line by line, into the second-level cache.
#define _POSIX_C_SOURCE 200809L
#include "harness/engine/plan.h"

#include <unistd.h>

// Half of the second-level cache, as maps go through it meanwhile: weights that are asked for
// earlier, or more of them, are gone again when they are read.
static int64_t most_floats(void) {
  long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); // 0 or -1 where it is not known
  return (bytes > 0 ? bytes : 512 * 1024) / 2 / (int64_t)sizeof(float);
}

static bool is_product(const gb_step *step) {
  return step->work.kind == GB_WORK_CONV && step->work.groups == 1 && !step->type->reads;
}

void gb_plan_asks(gb_plan *plan) {
  plan->ask_size = most_floats();
  // A batch's linear layers come behind all of its images.
  if (!gb_plan_has(plan, GB_PASS_PREFETCH) || plan->batch > 1)
    return;
  for (size_t s = 0; s < plan->step_count; s++) {
    gb_step *step = &plan->steps[s];
    if (!step->type->asks || step->strips)
      continue;
    for (size_t i = s + 1; i < plan->step_count && step->ask_count < GB_ASKS; i++) {
      if (is_product(&plan->steps[i]))
        break;
      if (plan->steps[i].type->reads)
        step->asks[step->ask_count++] = i;
    }
  }
}

gb_ask *gb_ask_of(const gb_plan *plan, const gb_step *step, const gb_worker *worker, gb_ask *ask) {
  *ask = (gb_ask){{NULL}, {NULL}};
  int64_t left = plan->ask_size;
  for (int i = 0; i < step->ask_count; i++) {
    const gb_step *behind = &plan->steps[step->asks[i]];
    int64_t count;
    ask->next[i] = behind->type->reads(behind, worker, &count);
    count = count < left ? count : left;
    ask->end[i] = ask->next[i] + count;
    left -= count;
  }
  return step->ask_count > 0 ? ask : NULL;
}
