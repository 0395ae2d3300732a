// A graph and its parameters as an ONNX model, for Netron, ONNX Runtime and others.
#ifndef GB_GRAPH_ONNX_H
#define GB_GRAPH_ONNX_H

#include "harness/graph/weights.h"

typedef struct gb_onnx_options {
  const char *name;    // of the network
  const char *version; // of ghostbench, stands as the producer's
  bool any_batch;      // the batch is the open dimension "N"; else that of the graph
} gb_onnx_options;

// The model in memory: opset GB_ONNX_OPSET, IR version 8. Input "input" and output "output" are
// float (N, C, H, W); parameters are initialisers with their names in checkpoints; operators are
// named layer/Operator. `*bytes` is owned by the caller (gb_release(NULL, …)). GB_ELIMIT where the
// model exceeds 2 GiB, the largest message of protobuf.
gb_status gb_onnx_pack(const gb_graph *graph, const gb_weights *weights,
                       const gb_onnx_options *options, unsigned char **bytes, size_t *size,
                       gb_error *error);
// The same into a file.
gb_status gb_onnx_write(const gb_graph *graph, const gb_weights *weights,
                        const gb_onnx_options *options, const char *path, gb_error *error);

#endif
