// What max-pool and average-pool share: attributes and the window's arithmetic.
#ifndef GB_LAYERS_POOL_H
#define GB_LAYERS_POOL_H

#include "layers/parts.h"

typedef struct gb_pool {
  gb_size kernel, stride; // stride 0: as the kernel
  gb_padding padding;
  bool ceil;
} gb_pool;

// clang-format off
#define GB_POOL_ATTRS(record, part)                                                                \
  {.name = "kernel", .type = GB_ATTR_SIZE, .offset = offsetof(record, part.kernel), .min = 1,      \
   .max = GB_LARGEST_SIDE, .help = "window, height x width"},                                      \
  {.name = "stride", .type = GB_ATTR_SIZE, .offset = offsetof(record, part.stride),                \
   .fallback = "0", .min = 0, .max = GB_LARGEST_SIDE,                                              \
   .help = "step of the window (0: as the kernel)"},                                               \
  {.name = "padding", .type = GB_ATTR_PADDING, .offset = offsetof(record, part.padding),           \
   .fallback = "valid", .help = "how the window passes the border"},                               \
  {.name = "ceil", .type = GB_ATTR_BOOL, .offset = offsetof(record, part.ceil), .fallback = "0",   \
   .help = "let a last window hang over the border where it begins inside"}
// clang-format on

// The window on an input of known size.
typedef struct gb_pool_window {
  gb_size stride;
  int64_t top, right, bottom, left;
} gb_pool_window;

gb_pool_window gb_pool_resolve(const gb_pool *pool, const gb_shape *in);

// The pooling in the words of work.h.
void gb_pool_work(const gb_pool *pool, const gb_shape *in, bool max, bool count_padding,
                  gb_work *work);

// The pooling as an ONNX operator. A last window that hangs over the border (ceil) is written as
// more padding, not as ceil_mode, which versions of ONNX and its runtimes read differently.
const char *gb_pool_onnx(const gb_pool *pool, const gb_op *op, bool max, bool count_padding,
                         gb_onnx *to);

// Refuses a stride of which one side is 0.
gb_status gb_pool_check(const gb_pool *pool, gb_error *error);

// GB_ESHAPE where the window does not fit, or where a window could lie wholly in the padding.
gb_status gb_pool_infer(const gb_pool *pool, const gb_shape *in, gb_shape *out, gb_error *error);

#endif
