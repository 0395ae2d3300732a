// The native engine's plan: a graph compiled to fused steps over one block of memory.
//
// The story: import.c makes a step of each node; fuse.c folds batch norms and merges activations,
// additions and gates into their producers (split.c: those behind a concatenation into its parts),
// merge.c parallel branches, fuse_ghost.c ghost modules; reorder.c exchanges linear layers that
// commute; choose.c gives each step a type from steps.def (one file step_*.c a type, ending in one
// const descriptor); place.c decides where tensors lie, so that concatenation, slices and shuffles
// move nothing; share.c, how threads share each step, and halo.c, what they tell each other then;
// strips.c, which steps run depth first, strip by strip of rows (strips_run.c); ask.c, what a
// product does meanwhile for steps behind it; native.c runs it on a team of threads.
//
// Private to this folder.
#ifndef GB_ENGINE_PLAN_H
#define GB_ENGINE_PLAN_H

#include "harness/engine/engine.h"
#include "harness/engine/layout.h"
#include "layers/kernels/kernels.h"

// One plane (map of one channel of one image): in which tensor's own memory, and where.
typedef struct gb_plane {
  int root;       // tensor that owns memory
  int64_t offset; // elements behind the root's start
} gb_plane;

// What lies where, once placed: in the arena of an image, the caller's input or output, or in
// memory that each thread has for itself and of which it uses its rows.
enum { GB_BASE_ARENA, GB_BASE_INPUT, GB_BASE_OUTPUT, GB_BASE_OWN, GB_BASE_COUNT };

typedef struct gb_tensor {
  gb_shape shape;   // of the whole batch
  gb_plane *planes; // `shape.c` of them; a root's are its own memory in order
  int node;         // graph node that computes it
  int uses;         // steps and plane tensors that read it
  // Found by place.c:
  int base;
  int window;           // of the chain whose strips it is made in (strips.c); 0: whole maps
  int64_t stride;       // floats from one plane to the next
  bool contiguous;      // planes follow each other
  int64_t offset;       // of the first plane, within the base of an image
  int64_t *offsets;     // of every plane where they are not contiguous; else NULL
  unsigned char *bases; // likewise
} gb_tensor;

typedef struct gb_plan gb_plan;
typedef struct gb_step gb_step;
typedef struct gb_halo gb_halo; // rows of neighbours that a step needs; see halo.c
typedef struct gb_wish gb_wish; // what a later step will want; see ask.c

// What a thread knows while it runs a step: its share is part `part` of `parts`.
enum { GB_WINDOWS = 6 }; // heights of maps in a chain of steps, and one for whole maps
typedef struct gb_worker {
  float *base[GB_BASE_COUNT]; // of the image at hand
  float *scratch;             // of this thread
  float *exchange;            // of all threads: rows that one takes from another
  int part, parts;
  int64_t y0, y1;            // rows of a step's output, where it goes by strips
  int64_t above[GB_WINDOWS]; // rows of a map that are not in memory: the first of its window
} gb_worker;

// What a worker computes of an output: channels [c0, c1) at pixels [p0, p1) of every map.
typedef struct gb_slice {
  int64_t c0, c1, p0, p1;
} gb_slice;

// How the output of a type of step can be shared by threads: by channels only, by whole rows of the
// maps too, or by any pixels.
typedef enum gb_cut { GB_CUT_CHANNELS, GB_CUT_ROWS, GB_CUT_PIXELS } gb_cut;
// How that of a step is.
typedef enum gb_by {
  GB_BY_CHANNELS,
  GB_BY_PIXELS,
  GB_BY_ROWS,
  GB_BY_STRIPS,
  GB_BY_HALVES // of the input's channels: each thread gives its sums, then adds up some channels
} gb_by;

// What a strip does of a step's output: rows [from, to) are made, those from `keep` on still read.
typedef struct gb_rows {
  int64_t keep, from, to;
} gb_rows;

// The strips of one thread.
typedef struct gb_part_strips {
  int64_t count;
  gb_rows *rows;  // by strip and step
  int64_t *above; // by strip and window: the first row in memory
} gb_part_strips;

// A chain of steps [first, end) that runs strip by strip; see strips.c.
typedef struct gb_strips {
  size_t first, end;
  gb_part_strips *parts;       // by thread
  int64_t heights[GB_WINDOWS]; // of whole maps, by window
  int64_t most[GB_WINDOWS];    // rows in memory
} gb_strips;

// A type of step: how it is recognised, prepared and run.
typedef struct gb_step_type {
  const char *name;   // "pointwise", for the printed plan
  bool takes_planes;  // reads inputs whose planes are scattered
  bool whole_batch;   // runs once for the batch, with images `stride` apart (linear layers)
  bool in_place;      // may write over its first input where nobody else reads that
  bool adds_in_place; // likewise over its residual
  bool serial;        // one thread runs it
  gb_cut cut;         // how its output may be shared
  // Whether the type can run this step (its work, fused parts and shapes).
  bool (*accepts)(const gb_plan *plan, const gb_step *step);
  // Packs weights into the plan's arena, fills `data`, `scratch` (floats a thread) and `executed`.
  gb_status (*prepare)(gb_plan *plan, gb_step *step, gb_error *error);
  void (*run)(const gb_plan *plan, const gb_step *step, const gb_worker *worker);
  // The weights that the worker's share reads, once and in order; NULL: maps and weights are read
  // again and again. The step is a linear layer.
  const float *(*reads)(const gb_step *step, const gb_worker *worker, int64_t *count);
  bool asks; // for what steps behind it will want, while it runs; see ask.c
  // Where steps that go by `gives_by` put together what threads found in their parts of the input:
  // called before all wait for each other and run. Each thread has gb_given() to write to. By
  // halves they wait before it, too.
  void (*give)(const gb_plan *plan, const gb_step *step, const gb_worker *worker);
  gb_by gives_by;
} gb_step_type;

// A depthwise convolution that is done together with the pointwise one whose maps it reads.
typedef struct gb_ghosts {
  gb_work work;
  int out; // tensor
  const float *weights;
  float *bias;
  int64_t weight_count;
  gb_activation act;
} gb_ghosts;

struct gb_step {
  const gb_step_type *type;
  const gb_node *node; // the main layer, for names and for forward
  gb_work work;
  int *in; // tensors
  size_t n_in;
  int out;
  // Fused into the step, in this order: gate (multiplies input channels), the work itself with
  // weights and bias (batch norm folded), residual (added), activation.
  int gate;          // tensor of (N, C, 1, 1), or -1
  int residual;      // tensor, or -1
  gb_ghosts *ghosts; // made of the output's maps in the same step, or NULL
  gb_activation act;
  // Unpacked, as in the checkpoint but folded; NULL where the work has none. Those of the
  // checkpoint itself until a pass asks for its own (gb_plan_own_weights).
  const float *weights;
  int64_t weight_count;
  float *bias;           // one a channel of the output, or NULL
  double *scale, *shift; // SCALE_SHIFT that stands alone, or is done by WARP or BANK; one a channel
  float *own;            // the weights, where they are the step's own; else NULL
  const char *layers;    // what became of this step: "conv batch-norm activation"
  bool dead;
  // Found by share.c, strips.c and halo.c:
  gb_by by;
  const gb_strips *strips; // the chain that the step is part of, or NULL
  bool waits;              // until all threads are done with what is before
  bool gives;              // threads tell each other something: before that, by halves behind it
  int64_t exchange;        // where, in floats of the memory for exchange
  gb_halo *halos;          // the rows of neighbours that are put there, input by input
  size_t halo_count;
  const gb_wish *wishes; // found by ask.c: what the step asks for and claims meanwhile
  size_t wish_count;
  // Found by the type:
  void *data;
  int64_t scratch;           // floats each thread needs
  int64_t nominal, executed; // MACs of one image, as counted and as done
};

struct gb_plan {
  gb_arena *arena;
  const gb_graph *graph;
  const gb_weights *weights;
  const gb_kernels *kernels;
  unsigned without; // bits of gb_pass that are switched off
  int64_t batch;
  int threads;
  gb_tensor *tensors; // by graph node first, then those of passes
  size_t tensor_count, tensor_capacity;
  gb_step *steps;
  size_t step_count, step_capacity;
  int64_t arena_size;    // floats of one image
  int64_t own_size;      // floats of one thread
  int64_t exchange_size; // floats of all threads
  int64_t live_size;     // the most floats of one image that are needed at once
  int64_t scratch_size;  // floats of one thread
  int64_t ask_size;      // floats that a thread asks for and claims at most, in one step
  int *producers;        // step that computes a tensor, by tensor; -1
};

// True when the optimisation is switched on.
bool gb_plan_has(const gb_plan *plan, gb_pass pass);

// A new tensor of its own memory; -1 when memory is out.
int gb_plan_tensor(gb_plan *plan, const gb_shape *shape, int node);
// A step behind the others; NULL when memory is out. May move the array.
gb_step *gb_plan_step(gb_plan *plan);
// Inserts a zeroed step before index `at`; NULL when memory is out.
gb_step *gb_plan_insert(gb_plan *plan, size_t at);

// The passes, in this order.
gb_status gb_plan_import(gb_plan *plan, gb_error *error);
gb_status gb_plan_reorder(gb_plan *plan, gb_error *error);
gb_status gb_plan_fuse(gb_plan *plan, gb_error *error);
gb_status gb_plan_fuse_ghost(gb_plan *plan, gb_error *error); // called by gb_plan_fuse
gb_status gb_plan_split(gb_plan *plan, gb_error *error);      // called by gb_plan_fuse, first
// Called by gb_plan_fuse: branches that sum up in `add` become one convolution; `add` may die.
gb_status gb_plan_merge_branches(gb_plan *plan, gb_step *add, gb_error *error);
gb_status gb_plan_choose(gb_plan *plan, gb_error *error); // types of steps that have none
gb_status gb_plan_place(gb_plan *plan, gb_error *error);
gb_status gb_plan_share(gb_plan *plan, gb_error *error);   // called by gb_plan_place
gb_status gb_plan_prepare(gb_plan *plan, gb_error *error); // packs weights, finds scratch

// Called by gb_plan_place: chains of steps that go by strips.
gb_status gb_plan_strips(gb_plan *plan, gb_error *error);
// True when maps of a ghost module are so large that a chain of strips is better.
bool gb_strips_take(const gb_plan *plan, const gb_shape *out, int64_t maps);
// Rows [*from, *to) of the output of step `step` that `part` makes by strips.
void gb_strips_span(const gb_strips *strips, int part, size_t step, int64_t *from, int64_t *to);
// Floats between planes of a chain's inner maps, and their window; whole maps where it has none.
int64_t gb_strips_stride(const gb_strips *strips, const gb_shape *shape, int *window);
// Running a strip: begin moves the windows on, rows tells a step's (false: none), end is behind the
// last strip.
void gb_strips_begin(const gb_plan *plan, const gb_strips *strips, int64_t strip,
                     gb_worker *worker);
bool gb_strips_rows(const gb_strips *strips, int64_t strip, size_t step, gb_worker *worker);
void gb_strips_end(gb_worker *worker);

// Where threads wait for each other; called by gb_plan_prepare.
gb_status gb_plan_waits(gb_plan *plan, gb_error *error);

// Which steps ask for what others will want; called by gb_plan_prepare.
gb_status gb_plan_asks(gb_plan *plan, gb_error *error);
// What the worker asks for while it runs the step, put to *ask; NULL where there is nothing.
gb_ask *gb_ask_of(const gb_plan *plan, const gb_step *step, const gb_worker *worker, gb_ask *ask);
// Steps whose weights the step asks for, and memories that it claims.
int gb_asked_reads(const gb_step *step);
int gb_asked_claims(const gb_step *step);
// The first step from which on the output of step `at` may be claimed: its memory should be free
// since then. `at` itself where nothing claims it.
size_t gb_claimed_from(const gb_plan *plan, size_t at);

// Counts readers of every tensor, and finds the step that computes it, anew.
void gb_plan_count_uses(gb_plan *plan);
gb_status gb_plan_find_producers(gb_plan *plan, gb_error *error);

// The step's weights to write to, copied at the first call; NULL when memory is out.
float *gb_plan_own_weights(gb_plan *plan, gb_step *step);
// The live step that computes a tensor which nobody else reads, or NULL.
gb_step *gb_plan_sole_producer(gb_plan *plan, int tensor);
// `from` is now done by `into`, which computes its output instead.
gb_status gb_plan_absorb(gb_plan *plan, gb_step *into, gb_step *from, gb_error *error);
// True when everything that `tensor` consists of is computed before step `at`.
bool gb_plan_ready(const gb_plan *plan, int tensor, int at);
// Whether rows of the output are made of rows around them, not only of the same ones.
bool gb_has_window(const gb_step *step);
// A convolution that is a matrix product over pixels.
bool gb_is_pointwise(const gb_work *work);

// Types, in order of preference; the first that accepts a step takes it.
extern const gb_step_type *const gb_step_types[]; // NULL-terminated

// Output channels that matrix products are cut at multiples of: rows of the register tile.
enum { GB_ROW_GRAIN = 8 };

// Helpers of the step types.
// The share [*lo, *hi) of `total` that belongs to the worker, cut at multiples of `grain`.
void gb_share(int64_t total, int64_t grain, const gb_worker *worker, int64_t *lo, int64_t *hi);
// The worker's channels and pixels of the output: all pixels of some channels (cut at multiples of
// `grain`), or, where the step is shared by pixels, some pixels of all channels. May be empty.
gb_slice gb_slice_of(const gb_plan *plan, const gb_step *step, int64_t grain,
                     const gb_worker *worker);
// The first row of `part` in maps that are cut into bands; that of part `parts` is behind the last.
int64_t gb_band_cut(int64_t rows, int64_t part, int64_t parts);
// Whether no part of step `at` needs rows from beyond its neighbours.
bool gb_halo_fits(const gb_plan *plan, size_t at);
// Finds the halos of step `at`, and of its chain where it is the first of one; none where no part
// needs rows of others. Then the floats to keep them in.
gb_status gb_halo_plan(gb_plan *plan, size_t at, gb_error *error);
int64_t gb_halo_size(const gb_plan *plan, const gb_step *step);
// Before all wait for each other, and behind.
void gb_halo_give(const gb_plan *plan, const gb_step *step, const gb_worker *worker);
void gb_halo_take(const gb_plan *plan, const gb_step *step, const gb_worker *worker);
// The memory that the worker gives halo `i` of a step in: at most two claims, whose number it
// returns.
int gb_halo_claims(const gb_step *step, size_t i, const gb_worker *worker, gb_claim claims[2]);
// Whether type->give is called for the step.
bool gb_gives(const gb_step *step);
// What thread `part` found in its band, a float for each channel of the output, or its half, a
// whole output; and their number.
float *gb_given(const gb_plan *plan, const gb_step *step, const gb_worker *worker, int part);
int64_t gb_given_count(const gb_plan *plan, const gb_step *step);
// Input channels in the first half of a pointwise convolution that is the sum of two; 0 where it is
// not. It says nothing on threads: their number must not change the bits.
int64_t gb_first_half(const gb_plan *plan, const gb_step *step);
// Whether a global pool averages the upper and the lower half of its maps first.
bool gb_pools_by_halves(const gb_plan *plan, const gb_step *step);
// What of `slice` an element-wise step can do at once from its first channel on: maps that follow
// each other in tensors `a` and `b`, or one where only some pixels are wanted.
gb_slice gb_slice_run(const gb_plan *plan, int a, int b, gb_slice slice);
// Elements of a slice, which are those of such a run from its first one on.
int64_t gb_slice_count(gb_slice slice);
// The first element of plane `channel` of a tensor for the image at hand.
float *gb_plane_at(const gb_plan *plan, int tensor, int64_t channel, const gb_worker *worker);
// The batch norm (step->scale, step->shift) and activation behind a step, in place on maps [c0, c1)
// of its contiguous output.
typedef struct gb_behind {
  const float *scale, *shift; // one a channel; NULL: no batch norm
} gb_behind;
gb_status gb_behind_prepare(gb_plan *plan, const gb_step *step, gb_behind *behind, gb_error *error);
void gb_behind_run(const gb_plan *plan, const gb_step *step, const gb_behind *behind, float *maps,
                   int64_t c0, int64_t c1);
// Floats between planes of the residual; 0 where there is none.
int64_t gb_residual_stride(const gb_plan *plan, const gb_step *step);
// The geometry of a convolution for the kernels.
gb_conv_shape gb_conv_shape_of(const gb_plan *plan, const gb_step *step);
// The end of the run of planes from `channel` on that follow each other in memory, at most `end`.
int64_t gb_plane_run(const gb_plan *plan, int tensor, int64_t channel, int64_t end);

#endif
