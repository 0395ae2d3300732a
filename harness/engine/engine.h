// Executing a graph. The reference engine runs each layer's plain forward, one after another.
#ifndef GB_ENGINE_ENGINE_H
#define GB_ENGINE_ENGINE_H

#include "harness/graph/weights.h"

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

#endif
