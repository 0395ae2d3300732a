// Parameters of a graph as numbers: made by a seed, or read from and written to safetensors.
#ifndef GB_GRAPH_WEIGHTS_H
#define GB_GRAPH_WEIGHTS_H

#include "harness/graph/graph.h"

// All parameters of a graph, one allocation: parameter p of a node starts at values + p.offset.
typedef struct gb_weights {
  float *values; // owned, 64-byte aligned, `count` floats
  int64_t count;
} gb_weights;

// All zero, for callers that fill the values themselves.
gb_status gb_weights_new(const gb_graph *graph, gb_weights *weights, gb_error *error);

// Fresh parameters by each layer's initialisation, the same for the same seed on every machine; the
// order of layers does not matter (each tensor is seeded by its name).
gb_status gb_weights_init(const gb_graph *graph, uint64_t seed, gb_weights *weights,
                          gb_error *error);

// The deterministic recipe that the golden vectors use (tests/golden/README.md): small, well-spread
// values from the hash of the tensor's name and the index of the element. `gain` (1 unless the
// vector says otherwise) scales convolution and linear weights.
gb_status gb_weights_recipe(const gb_graph *graph, double gain, gb_weights *weights,
                            gb_error *error);
// The same for a whole input tensor: uniform in [-1, 1), by the name "input".
void gb_recipe_input(float *values, int64_t count);

// Reads a safetensors file (F32; F16, BF16 and F64 are converted) and binds it by name and shape.
// Every missing, surplus and misshapen tensor is a fault of its own in `faults` (which may be
// NULL); the error sums up: how many of each, and the first names. `num_batches_tracked` of public
// checkpoints is passed over. Shapes may differ in dimensions of size 1, which move no number:
// braindecode keeps a filter along time as (F, 1, kernel, 1), and a 1×1 convolution is a linear
// layer.
gb_status gb_weights_load(const gb_graph *graph, const char *path, gb_weights *weights,
                          gb_faults *faults, gb_error *error);
// Writes all parameters as F32, sorted by name, with a metadata string "made_by".
gb_status gb_weights_save(const gb_graph *graph, const gb_weights *weights, const char *path,
                          gb_error *error);
void gb_weights_free(gb_weights *weights);

#endif
