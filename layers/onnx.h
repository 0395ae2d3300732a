// How a layer writes itself as ONNX operators (opset 17), without knowing the file's format.
//
// A tensor is a name: node() and the constants return the name of what they make, NULL when memory
// is out. NULL may be passed on as an input; a layer's form that ends in NULL has failed.
// Operators: github.com/onnx/onnx, docs/Operators.md.
#ifndef GB_LAYERS_ONNX_H
#define GB_LAYERS_ONNX_H

#include <stddef.h>
#include <stdint.h>

enum { GB_ONNX_OPSET = 17 };

typedef enum gb_onnx_type { GB_ONNX_INT, GB_ONNX_INTS, GB_ONNX_FLOAT, GB_ONNX_STRING } gb_onnx_type;

// An attribute of an operator; the member that `type` names counts.
typedef struct gb_onnx_attr {
  const char *name;
  gb_onnx_type type;
  int64_t integer;
  const int64_t *integers; // `count` of them
  size_t count;
  double real;
  const char *string;
} gb_onnx_attr;

// What a layer writes to; implemented by harness/graph/onnx.c. Everything handed in is copied.
typedef struct gb_onnx gb_onnx;
struct gb_onnx {
  // Adds one operator with one output. An input "" is an optional one left out.
  const char *(*node)(gb_onnx *to, const char *op, const char *const *inputs, size_t n_inputs,
                      const gb_onnx_attr *attrs, size_t n_attrs);
  // Constants of float and of int64.
  const char *(*floats)(gb_onnx *to, const float *values, int rank, const int64_t *dims);
  const char *(*integers)(gb_onnx *to, const int64_t *values, size_t count);
  const char *const *inputs; // the layer's input tensors
  const char *const *params; // its parameters, in the order of params(), by their full names
  void *context;
};

// Pieces that several layers write. A reshape's size 0 keeps the input's size at that place, so
// that any batch passes.
const char *gb_onnx_one(gb_onnx *to, const char *op, const char *input, const gb_onnx_attr *attrs,
                        size_t n_attrs);
const char *gb_onnx_reshape(gb_onnx *to, const char *input, const int64_t *dims, size_t rank);
// Elements first, first + step, … before `end` along an axis (0 is the batch).
const char *gb_onnx_slice(gb_onnx *to, const char *input, int64_t axis, int64_t first, int64_t end,
                          int64_t step);
// Elements indices[0], indices[1], … along an axis.
const char *gb_onnx_gather(gb_onnx *to, const char *input, int64_t axis, const int64_t *indices,
                           size_t count);
// All inputs joined by a binary operator, the first two first.
const char *gb_onnx_chain(gb_onnx *to, const char *op, const char *const *inputs, size_t n_inputs);

// Rows of an attribute table.
#define GB_ONNX_ATTR_INT(key, value)                                                               \
  (gb_onnx_attr) {                                                                                 \
    .name = key, .type = GB_ONNX_INT, .integer = (value)                                           \
  }
#define GB_ONNX_ATTR_FLOAT(key, value)                                                             \
  (gb_onnx_attr) {                                                                                 \
    .name = key, .type = GB_ONNX_FLOAT, .real = (value)                                            \
  }
#define GB_ONNX_ATTR_STRING(key, value)                                                            \
  (gb_onnx_attr) {                                                                                 \
    .name = key, .type = GB_ONNX_STRING, .string = (value)                                         \
  }
#define GB_ONNX_ATTR_INTS(key, array)                                                              \
  (gb_onnx_attr) {                                                                                 \
    .name = key, .type = GB_ONNX_INTS, .integers = (array),                                        \
    .count = sizeof(array) / sizeof *(array)                                                       \
  }

#endif
