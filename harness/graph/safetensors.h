// safetensors files: named tensors behind a JSON header, read strictly and written plainly.
//
// The format (github.com/huggingface/safetensors, section "Format"): 8 bytes, the length of the
// header, little-endian; the header, a JSON object of name → {dtype, shape, data_offsets} and
// optionally "__metadata__", an object of strings; then the data, which the tensors' ranges cover
// without overlap or gap. This parser knows nothing of graphs.
#ifndef GB_GRAPH_SAFETENSORS_H
#define GB_GRAPH_SAFETENSORS_H

#include "layers/base/memory.h"

#include <stdbool.h>
#include <stdint.h>

// Bounds on what a file may claim.
enum {
  GB_SAFETENSORS_RANK = 8,
  GB_SAFETENSORS_NAME = 1024,        // bytes of a tensor's name
  GB_SAFETENSORS_HEADER = 100000000, // bytes of the header, as the reference reader
};
// A file is read whole (not mapped: a file that shrinks under a map ends the process).
#define GB_SAFETENSORS_FILE ((size_t)1 << 32)

typedef enum gb_stored_type {
  GB_STORED_F32,
  GB_STORED_F16,
  GB_STORED_BF16,
  GB_STORED_F64,
  GB_STORED_I64,
  GB_STORED_OTHER // known in size, not read as numbers
} gb_stored_type;

// One tensor of a file.
typedef struct gb_stored {
  const char *name;
  gb_stored_type type;
  const char *dtype; // as written: "F32"
  int rank;          // 0 (one number) to GB_SAFETENSORS_RANK
  int64_t dims[GB_SAFETENSORS_RANK];
  int64_t count;     // product of dims
  size_t begin, end; // bytes within the data
  const void *data;  // little-endian, not aligned
} gb_stored;

typedef struct gb_safetensors {
  gb_arena *arena;    // owns names and the table
  gb_stored *tensors; // sorted by name (bytes)
  size_t count;
  char *buffer; // the file's bytes, owned; NULL when parsed from memory
} gb_safetensors;

// Checks and indexes a file in memory. `path` is only for messages; `bytes` stays the caller's and
// must outlive `file`. GB_EINPUT names file, tensor, byte, value and what is allowed.
gb_status gb_safetensors_parse(const void *bytes, size_t size, const char *path,
                               gb_safetensors *file, gb_error *error);
// The same for a file on disk. On failure `file` is empty; closing it is allowed.
gb_status gb_safetensors_open(const char *path, gb_safetensors *file, gb_error *error);
void gb_safetensors_close(gb_safetensors *file);

// The tensor of this name, or NULL. Borrowed.
const gb_stored *gb_safetensors_find(const gb_safetensors *file, const char *name);

// True for the types that gb_stored_floats converts: F32, F16, BF16, F64.
bool gb_stored_readable(const gb_stored *tensor);

// Converts the tensor's `count` numbers to float (F64 is rounded to nearest). GB_EINPUT where a
// finite F64 has no finite float. `path` is for messages.
gb_status gb_stored_floats(const gb_stored *tensor, const char *path, float *values,
                           gb_error *error);

// Writes `count` F32 tensors in the order given: name, rank, dims, count and data (float) are read,
// the other fields are not. Names must be distinct. The header is padded with blanks so that the
// data begins at a multiple of 8 bytes; metadata holds "made_by".
gb_status gb_safetensors_write(const char *path, const gb_stored *tensors, size_t count,
                               const char *made_by, gb_error *error);

// "64×3×7×7" in UTF-8, "a single number" for rank 0, into `text` of GB_STORED_TEXT bytes.
#define GB_STORED_TEXT 192
const char *gb_dims_print(int rank, const int64_t *dims, char *text);

#endif
