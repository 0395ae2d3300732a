// The native engine: compiles a graph to a plan and runs it on a team of threads.
#define _POSIX_C_SOURCE 200809L
#include "harness/engine/plan.h"
#include "harness/engine/team.h"

#include <time.h>

struct gb_native {
  gb_plan plan;
  gb_team *team;
  float *memory;                   // arenas of all images
  float *scratch;                  // of all threads
  float *own;                      // bands of all threads
  float *exchange;                 // what they take from each other
  int64_t input_size, output_size; // floats of one image
  double compile_seconds;
  // Of the run at hand:
  const float *input;
  float *output;
  double *seconds;
  gb_visit visit;
  void *visit_context;
};

static gb_status choose_isa(gb_plan *plan, const char *name, gb_error *error) {
  gb_isa isa = gb_isa_detect();
  if (name && !gb_isa_parse(name, &isa))
    return gb_fail(error, GB_EUSAGE,
                   "instruction set '%.40s' is not allowed: avx512, avx2, neon, baseline", name);
  plan->kernels = gb_kernels_for(isa);
  if (!plan->kernels)
    return gb_fail(error, GB_EUNSUPPORTED, "this machine or build has no %s", gb_isa_name(isa));
  return GB_OK;
}

static gb_status compile(gb_plan *plan, gb_error *error) {
  GB_TRY(gb_plan_import(plan, error));
  GB_TRY(gb_plan_reorder(plan, error));
  GB_TRY(gb_plan_fuse(plan, error));
  GB_TRY(gb_plan_choose(plan, error));
  GB_TRY(gb_plan_place(plan, error));
  return gb_plan_prepare(plan, error);
}

static gb_status allocate(gb_native *engine, gb_error *error) {
  gb_plan *plan = &engine->plan;
  size_t images, scratch, own;
  plan->scratch_size = (plan->scratch_size + 15) / 16 * 16;
  if (__builtin_mul_overflow((size_t)plan->arena_size, (size_t)plan->batch, &images) ||
      __builtin_mul_overflow((size_t)plan->scratch_size, (size_t)plan->threads, &scratch) ||
      __builtin_mul_overflow((size_t)plan->own_size, (size_t)plan->threads, &own))
    return gb_fail(error, GB_ELIMIT, "the plan needs more memory than can be addressed");
  engine->memory = gb_allocate(NULL, images, sizeof *engine->memory);
  engine->scratch = gb_allocate(NULL, scratch, sizeof *engine->scratch);
  engine->own = gb_allocate(NULL, own, sizeof *engine->own);
  engine->exchange = gb_allocate(NULL, (size_t)plan->exchange_size, sizeof *engine->exchange);
  return engine->memory && engine->scratch && engine->own && engine->exchange
             ? GB_OK
             : gb_fail_memory(error);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

gb_status gb_native_new(const gb_graph *graph, const gb_weights *weights,
                        const gb_native_options *options, gb_native **engine, gb_error *error) {
  *engine = NULL;
  if (options->threads < 1 || options->threads > 1024)
    return gb_fail(error, GB_EUSAGE, "%d threads are not allowed: 1 to 1024", options->threads);
  double start = now();
  gb_native *made = gb_allocate(NULL, 1, sizeof *made);
  if (!made)
    return gb_fail_memory(error);
  gb_plan *plan = &made->plan;
  *plan = (gb_plan){.arena = gb_arena_new(NULL),
                    .graph = graph,
                    .weights = weights,
                    .without = options->without,
                    .batch = graph->nodes[0].op.out.n,
                    .threads = options->threads};
  gb_status status = plan->arena ? choose_isa(plan, options->isa, error) : gb_fail_memory(error);
  if (status == GB_OK)
    status = compile(plan, error);
  if (status == GB_OK)
    status = allocate(made, error);
  if (status == GB_OK)
    status = gb_team_new(options->threads, &made->team, error);
  if (status != GB_OK) {
    gb_native_free(made);
    return status;
  }
  made->input_size = gb_shape_count(&graph->nodes[0].op.out) / plan->batch;
  made->output_size = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out) / plan->batch;
  made->compile_seconds = now() - start;
  *engine = made;
  return GB_OK;
}

void gb_native_free(gb_native *engine) {
  if (!engine)
    return;
  gb_team_free(engine->team);
  gb_release(NULL, engine->memory);
  gb_release(NULL, engine->scratch);
  gb_release(NULL, engine->own);
  gb_release(NULL, engine->exchange);
  gb_arena_free(engine->plan.arena);
  gb_release(NULL, engine);
}

// ---------------------------------------------------------------------------------------------

static void set_image(const gb_native *engine, gb_worker *worker, int64_t image) {
  worker->base[GB_BASE_ARENA] = engine->memory + image * engine->plan.arena_size;
  // Nothing writes to the input; only its type is shared with the other bases.
  union {
    const float *given;
    float *kept;
  } input = {.given = engine->input + image * engine->input_size};
  worker->base[GB_BASE_INPUT] = input.kept;
  worker->base[GB_BASE_OUTPUT] = engine->output + image * engine->output_size;
}

// A step's share, with what listens to it. `before` is when the last one ended.
static void begin_step(const gb_native *engine, size_t s, int thread) {
  if (engine->visit)
    engine->visit(engine->visit_context, s, thread, true);
}

static void end_step(const gb_native *engine, size_t s, int thread, double *before) {
  if (engine->visit)
    engine->visit(engine->visit_context, s, thread, false);
  if (engine->seconds && thread == 0) {
    double after = now();
    engine->seconds[s] += after - *before;
    *before = after;
  }
}

// The image at hand, strip by strip through the steps of a chain.
static void run_strips(const gb_native *engine, gb_worker *worker, int thread,
                       const gb_strips *strips, double *before) {
  const gb_plan *plan = &engine->plan;
  for (int64_t strip = 0; strip < strips->parts[worker->part].count; strip++) {
    gb_strips_begin(plan, strips, strip, worker);
    for (size_t s = strips->first; s < strips->end; s++) {
      if (!gb_strips_rows(strips, strip, s, worker))
        continue;
      begin_step(engine, s, thread);
      plan->steps[s].type->run(plan, &plan->steps[s], worker);
      end_step(engine, s, thread, before);
    }
  }
  gb_strips_end(worker);
}

// Whole images, each thread its own; steps that take the whole batch at once are shared.
static void run_images(gb_native *engine, gb_worker *worker, int thread) {
  const gb_plan *plan = &engine->plan;
  for (size_t s = 0; s < plan->step_count;) {
    size_t end = s;
    while (end < plan->step_count && !plan->steps[end].type->whole_batch)
      end++;
    worker->part = 0;
    worker->parts = 1;
    for (int64_t image = thread; image < plan->batch; image += plan->threads) {
      set_image(engine, worker, image);
      for (size_t i = s; i < end; i++)
        if (plan->steps[i].strips) {
          run_strips(engine, worker, thread, plan->steps[i].strips, NULL);
          i = plan->steps[i].strips->end - 1;
        } else {
          plan->steps[i].type->run(plan, &plan->steps[i], worker);
        }
    }
    gb_team_wait(engine->team);
    if (end < plan->step_count) {
      worker->part = thread;
      worker->parts = plan->threads;
      set_image(engine, worker, 0);
      plan->steps[end].type->run(plan, &plan->steps[end], worker);
      gb_team_wait(engine->team);
    }
    s = end + 1;
  }
}

// One step of all images, each image shared by the team.
static void run_step(gb_native *engine, gb_worker *worker, int thread, const gb_step *step) {
  const gb_plan *plan = &engine->plan;
  if (step->type->serial && thread != 0)
    return;
  worker->part = thread;
  worker->parts = step->type->serial ? 1 : plan->threads;
  for (int64_t image = 0; image < (step->type->whole_batch ? 1 : plan->batch); image++) {
    set_image(engine, worker, image);
    step->type->run(plan, step, worker);
  }
}

// The halves of a sum, which lie in memory of all threads, as what they are made of does.
static void run_halves(gb_native *engine, gb_worker *worker, int thread, size_t s, double *before) {
  const gb_step *step = &engine->plan.steps[s];
  set_image(engine, worker, 0);
  begin_step(engine, s, thread);
  step->type->give(&engine->plan, step, worker);
  end_step(engine, s, thread, before);
  gb_team_wait(engine->team);
}

// All steps, one after another, each shared by the team.
static void run_steps(gb_native *engine, gb_worker *worker, int thread) {
  const gb_plan *plan = &engine->plan;
  double before = engine->seconds ? now() : 0;
  for (size_t s = 0; s < plan->step_count; s++) {
    const gb_step *step = &plan->steps[s];
    if (step->gives && step->by != GB_BY_HALVES)
      (step->halo_count > 0 ? gb_halo_give : step->type->give)(plan, step, worker);
    if (step->waits)
      gb_team_wait(engine->team);
    if (step->strips) { // there is one thread, or one image
      gb_halo_take(plan, step, worker);
      for (int64_t image = 0; image < plan->batch; image++) {
        set_image(engine, worker, image);
        run_strips(engine, worker, thread, step->strips, &before);
      }
      s = step->strips->end - 1;
      continue;
    }
    if (step->by == GB_BY_HALVES)
      run_halves(engine, worker, thread, s, &before);
    begin_step(engine, s, thread);
    gb_halo_take(plan, step, worker);
    run_step(engine, worker, thread, step);
    end_step(engine, s, thread, &before);
  }
}

static void run_thread(void *context, int thread) {
  gb_native *engine = context;
  const gb_plan *plan = &engine->plan;
  gb_worker worker = {.base[GB_BASE_OWN] = engine->own + thread * plan->own_size,
                      .scratch = engine->scratch + thread * plan->scratch_size,
                      .exchange = engine->exchange,
                      .part = thread,
                      .parts = plan->threads};
  bool apart = plan->batch % plan->threads == 0 && plan->batch > 1;
  if (apart && !engine->seconds && !engine->visit)
    run_images(engine, &worker, thread);
  else
    run_steps(engine, &worker, thread);
}

static void run_with(gb_native *engine, const float *input, float *output) {
  engine->input = input;
  engine->output = output;
  gb_team_run(engine->team, run_thread, engine);
}

void gb_native_run(gb_native *engine, const float *input, float *output) {
  run_with(engine, input, output);
}

void gb_native_profile(gb_native *engine, const float *input, float *output, double *seconds) {
  engine->seconds = seconds;
  run_with(engine, input, output);
  engine->seconds = NULL;
}

void gb_native_visit(gb_native *engine, const float *input, float *output, gb_visit visit,
                     void *context) {
  engine->visit = visit;
  engine->visit_context = context;
  run_with(engine, input, output);
  engine->visit = NULL;
}

// ---------------------------------------------------------------------------------------------

size_t gb_native_step_count(const gb_native *engine) {
  return engine->plan.step_count;
}

void gb_native_step(const gb_native *engine, size_t index, gb_step_info *info) {
  const gb_plan *plan = &engine->plan;
  const gb_step *step = &plan->steps[index];
  const gb_tensor *out = &plan->tensors[step->out];
  int64_t elements = step->weight_count + gb_shape_count(&out->shape) / plan->batch;
  for (size_t i = 0; i < step->n_in; i++)
    elements += gb_shape_count(&plan->tensors[step->in[i]].shape) / plan->batch;
  if (step->residual >= 0)
    elements += gb_shape_count(&plan->tensors[step->residual].shape) / plan->batch;
  *info = (gb_step_info){.kind = step->type->name,
                         .name = step->node->name,
                         .layers = step->layers,
                         .out = out->shape,
                         .nominal_macs = step->nominal,
                         .executed_macs = step->executed,
                         .bytes = 4 * elements,
                         .base = out->base,
                         .offset = out->offset,
                         .strips = step->strips ? step->strips->parts[0].count : 0,
                         .asks = gb_asked_reads(step),
                         .claims = gb_asked_claims(step),
                         .halves = step->by == GB_BY_HALVES};
}

const char *gb_native_isa(const gb_native *engine) {
  return engine->plan.kernels->name;
}

int64_t gb_native_arena_bytes(const gb_native *engine) {
  const gb_plan *plan = &engine->plan;
  return 4 * (plan->arena_size * plan->batch + plan->own_size * plan->threads);
}

int64_t gb_native_live_bytes(const gb_native *engine) {
  return engine->plan.live_size * engine->plan.batch * 4;
}

double gb_native_compile_seconds(const gb_native *engine) {
  return engine->compile_seconds;
}
