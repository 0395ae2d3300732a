// NumPy's .npy files: read strictly, written plainly.
#ifndef GB_GRAPH_NPY_H
#define GB_GRAPH_NPY_H

#include "layers/base/shape.h"

typedef enum gb_npy_type { GB_NPY_F32, GB_NPY_F64, GB_NPY_U8, GB_NPY_I32, GB_NPY_I64 } gb_npy_type;

// An array in memory, C order. `data` points into `buffer`, which is owned (gb_npy_free).
typedef struct gb_npy {
  gb_npy_type type;
  int rank; // 0 to 4
  int64_t dims[4];
  int64_t count;
  const void *data;
  void *buffer;
} gb_npy;

// Reads versions 1.0 to 3.0, little-endian, C order; refuses object arrays (pickles), Fortran
// order, more than GB_MAX_ELEMENTS elements, files beyond 4 GiB, and files shorter or longer than
// the header says. A size may be 0. `data` is aligned to 16 bytes.
gb_status gb_npy_read(const char *path, gb_npy *array, gb_error *error);
void gb_npy_free(gb_npy *array);

// The same from memory, for the fuzzer: `bytes` stays the caller's and must outlive `array`; `data`
// is as aligned as the header leaves it. `path` is for messages.
gb_status gb_npy_parse(const void *bytes, size_t size, const char *path, gb_npy *array,
                       gb_error *error);

// Writes float32 of this shape, (N, C, H, W) in C order, version 1.0.
gb_status gb_npy_write(const char *path, const float *values, const gb_shape *shape,
                       gb_error *error);

#endif
