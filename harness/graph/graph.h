// Networks as graphs: nodes are primitive layers, edges are tensors.
//
// The story of the folder: build.c turns a flat document into a graph, inferring shapes and
// counting costs as it goes; params.c names the parameters; weights.c binds tensors of a
// safetensors file to them, and init.c makes fresh ones; safetensors.c and npy.c read and write the
// files.
#ifndef GB_GRAPH_GRAPH_H
#define GB_GRAPH_GRAPH_H

#include "layers/layer.h"

// A parameter of a node: one tensor of a checkpoint.
typedef struct gb_param {
  const char *name; // "blocks.0.0.ghost1.primary_conv.0.weight"
  gb_param_spec spec;
  int64_t count;  // elements
  int64_t offset; // of its first element in the graph's weights, a multiple of GB_PARAM_ALIGNMENT
} gb_param;

// A primitive layer in place.
typedef struct gb_node {
  gb_op op;
  const char *name; // full name, unique in the graph
  int *inputs;      // indices of nodes, each smaller than this node's own
  gb_param *params; // `param_count` of them
  size_t param_count;
  int group;         // index of the innermost group
  gb_cost cost;      // for the graph's batch
  gb_location where; // the element in the XML
} gb_node;

// An element of the flat document: a layer (composite or not) or structure. Its nodes are the
// consecutive ones [first, end); groups nest. An engine may recognise a whole here and fuse it.
typedef struct gb_group {
  const char *kind;      // "ghost", "conv", "residual", "sequence" …
  const char *name;      // full name; "" if unnamed
  const char *block;     // of a sequence that came from a block: the block's name; else ""
  const gb_layer *layer; // NULL for structure
  const void *attrs;     // the layer's attributes, parsed
  int first, end;
  int parent; // index, -1 for the root
} gb_group;

typedef struct gb_graph {
  gb_arena *arena; // owns everything below
  gb_node *nodes;  // node 0 is the input; in order of execution; the last is the output
  size_t node_count;
  gb_group *groups; // in document order; group 0 is the network
  size_t group_count;
  gb_cost cost;            // sum over nodes
  int64_t trainable;       // parameters that are trained: what papers count
  int64_t statistics;      // running means and variances beside
  int64_t param_elements;  // trainable + statistics
  int64_t weight_elements; // the same with gaps before parameters, so that each begins aligned
} gb_graph;

// Bounds on one network, against hostile documents.
enum { GB_MAX_NODES = 1 << 20, GB_MAX_DEPTH = 64 };

// Parameters begin at cache lines: engines read them in place, and a vector that lies across two
// lines costs two reads.
enum { GB_PARAM_ALIGNMENT = 16 };

// Builds the graph of a flat <network> document for `batch` images. The graph keeps no pointer into
// the document. Errors name file, line, element and shapes.
gb_status gb_graph_build(const gb_element *network, int64_t batch, gb_graph **graph,
                         gb_error *error);
void gb_graph_free(gb_graph *graph); // NULL is allowed

// The node of this full name, or -1. A group's name gives its last node.
int gb_graph_find(const gb_graph *graph, const char *name);

#endif
