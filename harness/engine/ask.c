// What a step does for those behind it while it multiplies: products leave memory idle.
//
// Linear layers read each weight once a run, as fast as memory can. Squeeze-excite's layers and a
// network's last ones have a product shortly before them, which asks for their first weights.
//
// On several threads, memory that is used anew was read by others before, whose processors have to
// be told before it is written. A product claims it for what comes up to the next one: outputs that
// are shared by channels, and what threads give each other (halo.c).
#define _POSIX_C_SOURCE 200809L
#include "harness/engine/plan.h"

#include <unistd.h>

typedef enum wanted { WEIGHTS, OUTPUT, HALO, GIVEN } wanted;

struct gb_wish {
  wanted what;
  size_t step; // whose it is
  size_t halo; // of HALO: which of the step's
};

enum { WISHES = GB_READS + GB_CLAIMS }; // of a step

// Half of the second-level cache, as maps go through it meanwhile: what is asked for earlier, or
// more of it, is gone again when it is wanted.
static int64_t most_floats(void) {
  long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); // 0 or -1 where it is not known
  return (bytes > 0 ? bytes : 512 * 1024) / 2 / (int64_t)sizeof(float);
}

static bool is_product(const gb_step *step) {
  return step->work.kind == GB_WORK_CONV && step->work.groups == 1 && !step->type->reads;
}

static bool can_ask(const gb_step *step) {
  return step->type->asks && !step->strips;
}

// Of a batch, linear layers come behind all images, and each thread has images of its own.
static bool has(const gb_plan *plan, gb_pass pass) {
  return gb_plan_has(plan, pass) && plan->batch == 1 &&
         (pass == GB_PASS_PREFETCH || plan->threads > 1);
}

// ---------------------------------------------------------------------------------------------
// Outputs that may be claimed

// Whether maps [first, end) of tensor `u`, which follow each other, lie where `t` does.
static bool run_overlaps(const gb_tensor *t, const gb_tensor *u, int64_t first, int64_t end) {
  int base = u->contiguous ? u->base : u->bases[first];
  int64_t at = u->contiguous ? u->offset + first * u->stride : u->offsets[first];
  return base == t->base && t->offset < at + (end - first) * u->stride &&
         at < t->offset + t->shape.c * t->stride;
}

// The same of all maps of tensor `b`, of which there may be none: -1.
static bool overlaps(const gb_plan *plan, int a, int b) {
  const gb_tensor *u = b >= 0 ? &plan->tensors[b] : NULL;
  for (int64_t c = 0, end; u && c < u->shape.c; c = end) {
    end = gb_plane_run(plan, b, c, u->shape.c);
    if (run_overlaps(&plan->tensors[a], u, c, end))
      return true;
  }
  return false;
}

// Whether a step reads what lies where `tensor` does, or writes there.
static bool reads(const gb_plan *plan, const gb_step *step, int tensor) {
  bool found = overlaps(plan, tensor, step->gate) || overlaps(plan, tensor, step->residual);
  for (size_t i = 0; i < step->n_in; i++)
    found |= overlaps(plan, tensor, step->in[i]);
  return found;
}

static bool touches(const gb_plan *plan, const gb_step *step, int tensor) {
  return reads(plan, step, tensor) || overlaps(plan, tensor, step->out);
}

static bool is_shared_by_channels(const gb_plan *plan, size_t at) {
  const gb_step *step = &plan->steps[at];
  return (step->by == GB_BY_CHANNELS || step->by == GB_BY_HALVES) && !step->type->serial &&
         !step->ghosts && plan->tensors[step->out].base == GB_BASE_ARENA;
}

// Whether step `by`, before step `at`, may write to the output of that: nobody needs what lies
// there, no thread is so late that it still does, and none so early that it is made already.
static bool can_claim(const gb_plan *plan, size_t by, size_t at) {
  int out = plan->steps[at].out;
  if (!is_shared_by_channels(plan, at) || !plan->tensors[out].contiguous ||
      reads(plan, &plan->steps[at], out)) // the step works in place
    return false;
  bool waits = false;
  for (size_t s = by; s < at; s++) {
    if (touches(plan, &plan->steps[s], out))
      return false;
    waits |= plan->steps[s + 1].waits;
  }
  for (size_t s = by; waits && s > 0 && !plan->steps[s].waits; s--)
    waits = !touches(plan, &plan->steps[s - 1], out);
  return waits;
}

size_t gb_claimed_from(const gb_plan *plan, size_t at) {
  size_t by = at;
  if (!has(plan, GB_PASS_CLAIM) || !is_shared_by_channels(plan, at))
    return at;
  while (by > 0 && !is_product(&plan->steps[by - 1]))
    by--;
  return by > 0 && can_ask(&plan->steps[by - 1]) ? by - 1 : at;
}

// ---------------------------------------------------------------------------------------------

static void add(gb_wish *wishes, size_t *count, gb_wish wish) {
  if (*count < WISHES)
    wishes[(*count)++] = wish;
}

// What step `by` can do for step `at`.
static void add_step(const gb_plan *plan, size_t by, size_t at, gb_wish *wishes, size_t *count) {
  const gb_step *step = &plan->steps[at];
  if (has(plan, GB_PASS_CLAIM)) {
    for (size_t i = 0; i < step->halo_count; i++)
      add(wishes, count, (gb_wish){HALO, at, i});
    if (step->gives && step->halo_count == 0)
      add(wishes, count, (gb_wish){GIVEN, at, 0});
    if (can_claim(plan, by, at))
      add(wishes, count, (gb_wish){OUTPUT, at, 0});
  }
  if (has(plan, GB_PASS_PREFETCH) && step->type->reads)
    add(wishes, count, (gb_wish){WEIGHTS, at, 0});
}

gb_status gb_plan_asks(gb_plan *plan, gb_error *error) {
  plan->ask_size = most_floats();
  for (size_t s = 0; s < plan->step_count; s++) {
    gb_step *step = &plan->steps[s];
    if (!can_ask(step))
      continue;
    gb_wish *wishes = gb_arena_allocate(plan->arena, WISHES, sizeof *wishes);
    if (!wishes)
      return gb_fail_memory(error);
    step->wishes = wishes;
    for (size_t i = s + 1; i < plan->step_count; i++) {
      add_step(plan, s, i, wishes, &step->wish_count);
      if (is_product(&plan->steps[i]))
        break;
    }
  }
  return GB_OK;
}

static int count(const gb_step *step, bool weights) {
  int found = 0;
  for (size_t i = 0; i < step->wish_count; i++)
    found += (step->wishes[i].what == WEIGHTS) == weights;
  return found;
}

int gb_asked_reads(const gb_step *step) {
  return count(step, true);
}

int gb_asked_claims(const gb_step *step) {
  return count(step, false);
}

// ---------------------------------------------------------------------------------------------

static void ask_for_weights(gb_ask *ask, const gb_step *of, const gb_worker *worker,
                            int64_t *left) {
  if (ask->read_count == GB_READS)
    return;
  int64_t floats;
  const float *first = of->type->reads(of, worker, &floats);
  floats = floats < *left ? floats : *left;
  *left -= floats;
  ask->reads[ask->read_count++] = (gb_read){first, first + floats};
}

static void claim(gb_ask *ask, gb_claim what, int64_t *left) {
  if (ask->claim_count == GB_CLAIMS || what.end - what.next > *left)
    return;
  *left -= what.end - what.next;
  ask->claims[ask->claim_count++] = what;
}

static void claim_output(const gb_plan *plan, gb_ask *ask, const gb_step *of,
                         const gb_worker *worker, int64_t *left) {
  gb_slice s = gb_slice_of(plan, of, is_product(of) ? GB_ROW_GRAIN : 1, worker);
  float *first = gb_plane_at(plan, of->out, s.c0, worker);
  claim(ask, (gb_claim){first, first + (s.c1 - s.c0) * plan->tensors[of->out].stride}, left);
}

gb_ask *gb_ask_of(const gb_plan *plan, const gb_step *step, const gb_worker *worker, gb_ask *ask) {
  int64_t left = plan->ask_size;
  ask->read_count = ask->claim_count = 0;
  for (size_t i = 0; i < step->wish_count; i++) {
    const gb_wish *wish = &step->wishes[i];
    const gb_step *of = &plan->steps[wish->step];
    gb_claim claims[2];
    switch (wish->what) {
    case WEIGHTS:
      ask_for_weights(ask, of, worker, &left);
      break;
    case OUTPUT:
      claim_output(plan, ask, of, worker, &left);
      break;
    case HALO:
      for (int k = gb_halo_claims(of, wish->halo, worker, claims); k > 0; k--)
        claim(ask, claims[k - 1], &left);
      break;
    case GIVEN:
      claims[0].next = gb_given(plan, of, worker, worker->part);
      claims[0].end = claims[0].next + gb_given_count(plan, of);
      claim(ask, claims[0], &left);
      break;
    }
  }
  return ask->read_count + ask->claim_count > 0 ? ask : NULL;
}
