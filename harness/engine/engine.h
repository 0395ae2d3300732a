// Executing a graph, on one of two engines with the same results up to rounding.
//
// The reference engine runs each layer's plain forward, one after another: the oracle. The native
// engine compiles the graph to a plan (plan.h tells how): fused steps, kernels chosen for the
// processor, one block of memory, a team of threads.
#ifndef GB_ENGINE_ENGINE_H
#define GB_ENGINE_ENGINE_H

#include "harness/graph/weights.h"
#include "layers/base/text.h"

// A graph made ready to run: weights bound, memory laid out. Nothing is allocated while it runs.
typedef struct gb_reference gb_reference;

// `graph` and `weights` are borrowed until gb_reference_free.
gb_status gb_reference_new(const gb_graph *graph, const gb_weights *weights, gb_reference **engine,
                           gb_error *error);
// `input` has the shape of node 0, `output` that of the last node; both planar (N, C, H, W).
// `keep`, when not NULL, is called behind each node with its output, valid during the call; a
// status other than GB_OK stops the run.
typedef gb_status (*gb_keep)(void *context, const gb_node *node, const float *values,
                             gb_error *error);
gb_status gb_reference_run(gb_reference *engine, const float *input, float *output, gb_keep keep,
                           void *context, gb_error *error);
void gb_reference_free(gb_reference *engine);

// ---------------------------------------------------------------------------------------------

// The native engine's optimisations, each of which can be switched off (--without), so that its
// worth can be measured. GB_PASS(identifier, name, what it does)
#define GB_PASS_LIST(X)                                                                            \
  X(FOLD, "fold", "batch norm becomes part of the weights before it, also across a concatenation") \
  X(FUSE_ACT, "fuse-act", "activations are applied while results are in registers")                \
  X(MERGE_BRANCHES, "merge-branches",                                                              \
    "convolutions, batch norms and the identity that are summed become one convolution")           \
  X(FUSE_ADD, "fuse-add", "residual additions happen in the convolution that ends a branch")       \
  X(FUSE_GATE, "fuse-gate", "squeeze-excite gates scale the weights of the convolution behind")    \
  X(PLACE, "place",                                                                                \
    "concat, slice, shuffle, flatten move nothing: tensors lie where they are "                    \
    "needed")                                                                                      \
  X(FUSE_GHOST, "fuse-ghost",                                                                      \
    "a ghost module's cheap operation runs while its primary maps are "                            \
    "in cache (on one thread)")                                                                    \
  X(STRIPS, "strips",                                                                              \
    "chains of steps on large maps run strip by strip of rows, so that the maps between them "     \
    "stay "                                                                                        \
    "in the cache (on several threads: of one image)")                                             \
  X(BANDS, "bands",                                                                                \
    "each thread keeps to its own rows of large maps, in memory of its own "                       \
    "(on several threads, for one image)")                                                         \
  X(PREFETCH, "prefetch", "products ask for the weights of linear layers behind them")             \
  X(CLAIM, "claim",                                                                                \
    "products claim memory that later steps write and other threads have read "                    \
    "(on several threads, for one image)")                                                         \
  X(HALVES, "halves",                                                                              \
    "products of many small maps are sums of two halves, one for each of two threads (with 32 "    \
    "vector registers)")                                                                           \
  X(REORDER_LINEAR, "reorder-linear", "convolutions that commute run cheaper one first")           \
  X(WINOGRAD, "winograd", "3×3 convolutions with fewer multiplications")
typedef enum gb_pass {
#define X(id, name, text) GB_PASS_##id,
  GB_PASS_LIST(X)
#undef X
      GB_PASS_COUNT
} gb_pass;
extern const char *const gb_pass_names[]; // NULL-terminated
extern const char *const gb_pass_texts[];

typedef struct gb_native_options {
  int threads;      // at least 1
  const char *isa;  // "avx512", "avx2", "neon", "baseline"; NULL: the best that this machine has
  unsigned without; // bit 1 << pass: that optimisation is off
} gb_native_options;

typedef struct gb_native gb_native;

// Compiles `graph` (with its batch) and packs weights; both are borrowed until gb_native_free.
// GB_EUNSUPPORTED where the machine lacks the instruction set.
gb_status gb_native_new(const gb_graph *graph, const gb_weights *weights,
                        const gb_native_options *options, gb_native **engine, gb_error *error);
// As gb_reference_run, without `keep`: fused layers have no output of their own. Allocates nothing
// and calls no system while the team's threads are awake. Results are the same, bit for bit, for
// every number of threads.
void gb_native_run(gb_native *engine, const float *input, float *output);
void gb_native_free(gb_native *engine);

// The same with the time of each step, in seconds, added to `seconds[step]` by the first thread
// (a pass of its own: it disturbs the total).
void gb_native_profile(gb_native *engine, const float *input, float *output, double *seconds);

// The same with a call before and behind each step, by every thread around its own share of the
// work, waits between steps left out: for counters. The step's images are run one after another,
// and a step that goes by strips is visited once a strip, by halves twice (halves, then sums).
// `begins` is false behind the share.
typedef void (*gb_visit)(void *context, size_t step, int thread, bool begins);
void gb_native_visit(gb_native *engine, const float *input, float *output, gb_visit visit,
                     void *context);

// Facts of a plan, for tables.
typedef struct gb_step_info {
  const char *kind;   // type of step
  const char *name;   // of the main layer
  const char *layers; // what was fused into it
  gb_shape out;
  int64_t nominal_macs, executed_macs; // of one image
  int64_t bytes;                       // inputs, weights and outputs of one image
  int base;                            // 0 arena, 1 input, 2 output, 3 each thread's own memory
  int64_t offset;                      // of the output, in floats
  int64_t strips;                      // that its chain goes by; 0: it runs on whole maps
  int asks;                            // steps behind it whose weights it asks for
  int claims;                          // memories of later steps that it claims for its thread
  bool halves;                         // each of two threads makes a half of its sums
} gb_step_info;
size_t gb_native_step_count(const gb_native *engine);
void gb_native_step(const gb_native *engine, size_t index, gb_step_info *info);
const char *gb_native_isa(const gb_native *engine);
// Activations of the whole batch, and bands of all threads.
int64_t gb_native_arena_bytes(const gb_native *engine);
// The largest sum of tensors that must be kept at the same time: no layout needs less.
int64_t gb_native_live_bytes(const gb_native *engine);
// How long gb_native_new took, weights packed and threads started.
double gb_native_compile_seconds(const gb_native *engine);

#endif
