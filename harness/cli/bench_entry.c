// A line of bench: a network made ready on one of our engines, or on one of the user's.
#define _POSIX_C_SOURCE 200809L
#include "harness/cli/bench.h"

#include "harness/graph/npy.h"
#include "harness/graph/onnx.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// An engine may take a while to load its libraries and to optimise a model.
#define START_SECONDS 120.0
#define TOLERANCE 1e-4

static bool is_native(const gb_bench_entry *e) {
  return strcmp(e->engine.name, "native") == 0;
}

// ---------------------------------------------------------------------------------------------
// Outside engines

static gb_status make_folder(gb_bench_entry *e, gb_error *error) {
  const char *base = getenv("TMPDIR");
  char folder[sizeof e->folder];
  int length =
      snprintf(folder, sizeof folder, "%s/ghostbench-XXXXXX", base && *base ? base : "/tmp");
  if (length < 0 || (size_t)length >= sizeof folder)
    return gb_fail(error, GB_ELIMIT, "TMPDIR: %.60s…: too long a path", base);
  if (!mkdtemp(folder))
    return gb_fail(error, GB_EIO, "%s: %s", folder, strerror(errno));
  strcpy(e->folder, folder);
  return GB_OK;
}

static void remove_folder(gb_bench_entry *e) {
  static const char *const files[] = {"model.onnx", "input.npy"};
  char path[sizeof e->folder + 16];
  if (!*e->folder)
    return;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    snprintf(path, sizeof path, "%s/%s", e->folder, files[i]);
    unlink(path);
  }
  rmdir(e->folder);
  e->folder[0] = '\0';
}

// The program gets the network as ONNX and its input as npy, and threads' processors by
// inheritance.
static gb_status start_outside(gb_bench_entry *e, gb_placement *p, gb_error *error) {
  char model[sizeof e->folder + 16], input[sizeof e->folder + 16];
  GB_TRY(make_folder(e, error));
  snprintf(model, sizeof model, "%s/model.onnx", e->folder);
  snprintf(input, sizeof input, "%s/input.npy", e->folder);
  const gb_onnx_options options = {.name = e->model.network->name, .version = GB_VERSION};
  GB_TRY(gb_onnx_write(e->model.graph, &e->subject.weights, &options, model, error));
  GB_TRY(gb_npy_write(input, e->subject.input, &e->model.graph->nodes[0].op.out, error));
  gb_outside_values values = {
      .model = model, .input = input, .network = e->name, .threads = e->threads, .batch = e->batch};
  size_t cores = (size_t)e->threads < p->cores.count ? (size_t)e->threads : p->cores.count;
  if (p->pinned)
    GB_TRY(gb_pin(0, p->cores.ids, cores, error));
  gb_status status =
      gb_outside_start(e->engine.outside, &values, START_SECONDS, &e->outside, error);
  if (p->pinned && status == GB_OK)
    status = gb_pin(0, p->cores.ids, 1, error);
  return status;
}

// ---------------------------------------------------------------------------------------------

void gb_bench_entry_free(gb_bench_entry *e) {
  gb_outside_stop(e->outside);
  remove_folder(e);
  gb_subject_free(&e->subject);
  gb_model_free(&e->model);
  gb_release(NULL, e->steps);
  e->outside = NULL;
  e->steps = NULL;
}

gb_status gb_bench_entry_make(gb_bench_entry *e, const gb_bench_request *q, gb_placement *placement,
                              gb_error *error) {
  GB_TRY(gb_model_load(e->name, &q->settings, e->batch, false, &e->model, error));
  gb_engine_choice choice = q->choice;
  choice.native = is_native(e);
  choice.options.threads = e->threads;
  // Of an outside engine only weights, input and output are used; the reference engine costs
  // little.
  GB_TRY(gb_subject_make(&e->subject, e->model.graph, q->weights, &choice, placement, error));
  return e->engine.outside ? start_outside(e, placement, error) : GB_OK;
}

static gb_status check_outside(gb_bench_entry *e, const gb_graph *one, const gb_bench_request *q,
                               gb_error *error) {
  double ignored;
  GB_TRY(gb_outside_run(e->outside, 0, 1, &ignored, error));
  const gb_graph *graph = e->model.graph;
  int64_t all = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
  GB_TRY(gb_outside_output(e->outside, e->subject.output, all, error));
  gb_engine_choice plain = {.native = false};
  gb_subject right;
  GB_TRY(gb_subject_make(&right, one, q->weights, &plain, NULL, error));
  gb_status status = gb_engine_run(&right.engine, e->subject.input, right.output, error);
  if (status == GB_OK) {
    e->deviation = gb_deviation(right.output, e->subject.output, all / e->batch);
    if (!(e->deviation <= TOLERANCE))
      status = gb_fail(error, GB_EINPUT,
                       "engine %s: its output is off by %.2g of its spread from the reference "
                       "engine's: not timed",
                       e->engine.name, e->deviation);
  }
  gb_subject_free(&right);
  return status;
}

// A time is worth nothing when the answer is wrong.
gb_status gb_bench_entry_check(gb_bench_entry *e, const gb_bench_request *q, gb_error *error) {
  gb_model one;
  GB_TRY(gb_model_load(e->name, &q->settings, 1, false, &one, error));
  gb_status status = e->engine.outside
                         ? check_outside(e, one.graph, q, error)
                         : gb_subject_check(&e->subject, one.graph, q->weights, error);
  if (!e->engine.outside)
    e->deviation = e->subject.deviation;
  if (status != GB_OK)
    gb_error_prefix(error, "%s: ", e->name);
  gb_model_free(&one);
  return status;
}

gb_competitor gb_bench_entry_competitor(gb_bench_entry *e) {
  if (e->engine.outside)
    return (gb_competitor){
        .timed = gb_outside_run, .context = e->outside, .process = gb_outside_process(e->outside)};
  return (gb_competitor){.body = gb_subject_run, .context = &e->subject};
}
