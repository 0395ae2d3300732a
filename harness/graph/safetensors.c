// safetensors files: the header's rules, checked one by one; see safetensors.h.
#include "harness/graph/safetensors.h"

#include "layers/base/file.h"
#include "layers/base/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "safetensors are little-endian; this reader copies numbers as they are");

// The types of the format, with the bytes of one number.
static const struct dtype {
  const char *name;
  gb_stored_type type;
  size_t size;
} dtypes[] = {
    {"F32", GB_STORED_F32, 4},       {"F16", GB_STORED_F16, 2},
    {"BF16", GB_STORED_BF16, 2},     {"F64", GB_STORED_F64, 8},
    {"I64", GB_STORED_I64, 8},       {"U64", GB_STORED_OTHER, 8},
    {"I32", GB_STORED_OTHER, 4},     {"U32", GB_STORED_OTHER, 4},
    {"I16", GB_STORED_OTHER, 2},     {"U16", GB_STORED_OTHER, 2},
    {"I8", GB_STORED_OTHER, 1},      {"U8", GB_STORED_OTHER, 1},
    {"BOOL", GB_STORED_OTHER, 1},    {"F8_E4M3", GB_STORED_OTHER, 1},
    {"F8_E5M2", GB_STORED_OTHER, 1}, {"F8_E8M0", GB_STORED_OTHER, 1},
    {"C64", GB_STORED_OTHER, 8},
};
#define DTYPES_TEXT                                                                                \
  "F64, F32, F16, BF16, F8_E4M3, F8_E5M2, F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, "   \
  "C64"

// How much of a stranger's name or value stands in a message.
#define CLIP "%.160s"

// A fault of one tensor: "FILE: tensor 'NAME': …".
GB_PRINTF(4, 5)
static gb_status refuse(const char *path, const char *tensor, gb_error *error, const char *format,
                        ...) {
  char text[768];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return gb_fail(error, GB_EINPUT, "%s: tensor '" CLIP "': %s", path, tensor, text);
}

// A number of the header: a whole one, not negative. `what` is "shape" or "data_offsets".
static gb_status read_size(const json_t *value, const char *path, const char *tensor,
                           const char *what, size_t index, int64_t *size, gb_error *error) {
  if (json_is_real(value))
    return refuse(path, tensor, error, "%s[%zu] is %g; whole numbers from 0 are allowed", what,
                  index, json_real_value(value));
  if (!json_is_integer(value))
    return refuse(path, tensor, error, "%s[%zu] is not a number; whole numbers from 0 are allowed",
                  what, index);
  *size = json_integer_value(value);
  if (*size < 0)
    return refuse(path, tensor, error, "%s[%zu] is %" PRId64 "; whole numbers from 0 are allowed",
                  what, index, *size);
  return GB_OK;
}

static gb_status read_dtype(const json_t *value, const char *path, gb_stored *tensor,
                            size_t *number_size, gb_error *error) {
  if (!json_is_string(value))
    return refuse(path, tensor->name, error, "dtype is not a string; allowed are " DTYPES_TEXT);
  const char *text = json_string_value(value);
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (strcmp(text, dtypes[i].name) == 0) {
      tensor->type = dtypes[i].type;
      tensor->dtype = dtypes[i].name;
      *number_size = dtypes[i].size;
      return GB_OK;
    }
  return refuse(path, tensor->name, error, "dtype '%.40s' is unknown; allowed are " DTYPES_TEXT,
                text);
}

static gb_status read_shape(const json_t *value, const char *path, gb_stored *tensor,
                            gb_error *error) {
  if (!json_is_array(value))
    return refuse(path, tensor->name, error, "shape is not an array of whole numbers");
  size_t rank = json_array_size(value);
  if (rank > GB_SAFETENSORS_RANK)
    return refuse(path, tensor->name, error, "shape has %zu sizes; at most %d are allowed", rank,
                  GB_SAFETENSORS_RANK);
  tensor->rank = (int)rank;
  tensor->count = 1;
  bool overflow = false;
  for (size_t i = 0; i < rank; i++) {
    GB_TRY(read_size(json_array_get(value, i), path, tensor->name, "shape", i, &tensor->dims[i],
                     error));
    overflow |= __builtin_mul_overflow(tensor->count, tensor->dims[i], &tensor->count);
  }
  if (overflow) {
    char text[GB_STORED_TEXT];
    return refuse(path, tensor->name, error, "shape %s has more than %" PRId64 " elements",
                  gb_dims_print(tensor->rank, tensor->dims, text), INT64_MAX);
  }
  return GB_OK;
}

// One entry of the header. `data_size` bytes of data follow the header.
static gb_status read_tensor(const json_t *entry, const char *path, size_t data_size,
                             gb_stored *tensor, gb_error *error) {
  const char *name = tensor->name;
  if (!json_is_object(entry))
    return refuse(path, name, error, "is not an object of dtype, shape and data_offsets");
  static const char *const keys[] = {"dtype", "shape", "data_offsets"};
  json_t *values[3];
  for (size_t i = 0; i < 3; i++)
    if (!(values[i] = json_object_get(entry, keys[i])))
      return refuse(path, name, error, "has no '%s'", keys[i]);
  if (json_object_size(entry) != 3)
    return refuse(path, name, error, "has %zu keys; only dtype, shape and data_offsets are allowed",
                  json_object_size(entry));

  size_t number_size = 0;
  GB_TRY(read_dtype(values[0], path, tensor, &number_size, error));
  GB_TRY(read_shape(values[1], path, tensor, error));
  if (!json_is_array(values[2]) || json_array_size(values[2]) != 2)
    return refuse(path, name, error, "data_offsets is not an array of two whole numbers");
  int64_t range[2];
  for (size_t i = 0; i < 2; i++)
    GB_TRY(
        read_size(json_array_get(values[2], i), path, name, "data_offsets", i, &range[i], error));
  if (range[0] > range[1] || (uint64_t)range[1] > data_size)
    return refuse(path, name, error,
                  "data_offsets [%" PRId64 ", %" PRId64 "] lie outside the file's %zu data bytes",
                  range[0], range[1], data_size);
  int64_t bytes;
  if (__builtin_mul_overflow(tensor->count, (int64_t)number_size, &bytes) ||
      bytes != range[1] - range[0]) {
    char text[GB_STORED_TEXT];
    return refuse(path, name, error,
                  "shape %s of %s does not take the %" PRId64 " bytes of data_offsets [%" PRId64
                  ", %" PRId64 "]",
                  gb_dims_print(tensor->rank, tensor->dims, text), tensor->dtype,
                  range[1] - range[0], range[0], range[1]);
  }
  tensor->begin = (size_t)range[0];
  tensor->end = (size_t)range[1];
  return GB_OK;
}

static gb_status check_metadata(const json_t *metadata, const char *path, gb_error *error) {
  if (!json_is_object(metadata))
    return gb_fail(error, GB_EINPUT, "%s: __metadata__ is not an object of strings", path);
  const char *key;
  const json_t *value;
  // The cast drops const for jansson's iterator only; nothing is changed.
  json_object_foreach((json_t *)(uintptr_t)metadata, key, value) {
    if (!json_is_string(value))
      return gb_fail(error, GB_EINPUT, "%s: __metadata__ '" CLIP "' is not a string", path, key);
  }
  return GB_OK;
}

static int by_range(const void *a, const void *b) {
  const gb_stored *x = a, *y = b;
  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const gb_stored *)a)->name, ((const gb_stored *)b)->name);
}

// The ranges must tile the data: bytes that belong to two tensors or to none hide something.
static gb_status check_cover(gb_safetensors *file, size_t data_at, size_t data_size,
                             const char *path, gb_error *error) {
  if (file->count)
    qsort(file->tensors, file->count, sizeof *file->tensors, by_range);
  size_t covered = 0;
  for (size_t i = 0; i < file->count; i++) {
    const gb_stored *tensor = &file->tensors[i];
    if (tensor->begin < covered)
      return refuse(path, tensor->name, error,
                    "data bytes %zu to %zu overlap those of '" CLIP "', which end at %zu",
                    tensor->begin, tensor->end, file->tensors[i - 1].name, covered);
    if (tensor->begin > covered)
      return refuse(path, tensor->name, error,
                    "begins at data byte %zu, but bytes from %zu on belong to no tensor",
                    tensor->begin, covered);
    covered = tensor->end;
  }
  if (covered != data_size)
    return gb_fail(error, GB_EINPUT,
                   "%s: byte %zu: the last %zu bytes of the file belong to no tensor", path,
                   data_at + covered, data_size - covered);
  return GB_OK;
}

// Fills the table from the header's JSON.
static gb_status read_header(json_t *header, const char *data, size_t data_size, const char *path,
                             gb_safetensors *file, gb_error *error) {
  size_t most = json_object_size(header);
  file->tensors = gb_arena_allocate(file->arena, most ? most : 1, sizeof *file->tensors);
  if (!file->tensors)
    return gb_fail_memory(error);
  const char *name;
  json_t *entry;
  json_object_foreach(header, name, entry) {
    if (strcmp(name, "__metadata__") == 0) {
      GB_TRY(check_metadata(entry, path, error));
      continue;
    }
    if (strlen(name) > GB_SAFETENSORS_NAME)
      return refuse(path, name, error, "the name has %zu bytes; at most %d are allowed",
                    strlen(name), GB_SAFETENSORS_NAME);
    gb_stored *tensor = &file->tensors[file->count];
    tensor->name = gb_arena_copy(file->arena, name);
    if (!tensor->name)
      return gb_fail_memory(error);
    GB_TRY(read_tensor(entry, path, data_size, tensor, error));
    tensor->data = data + tensor->begin;
    file->count++;
  }
  return GB_OK;
}

// JSON in memory takes up to 75 times its text ("{},{},…"), 7 GB for the longest header allowed. So
// a header is parsed only when its brackets and commas are as few as an honest one's: an entry has
// at least 48 bytes for its three brackets and, at the highest rank, 6 bytes a comma.
static gb_status check_density(const char *text, size_t length, const char *path, gb_error *error) {
  size_t depth = 0, opened = 0, commas = 0;
  bool quoted = false;
  for (size_t i = 0; i < length; i++) {
    char c = text[i];
    if (quoted) {
      i += c == '\\';
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      commas++;
    } else if (c == '{' || c == '[') {
      opened++;
      if (++depth > 3)
        return gb_fail(error, GB_EINPUT,
                       "%s: byte %zu: brackets nest deeper than the 3 levels allowed", path,
                       sizeof(uint64_t) + i);
    } else if (c == '}' || c == ']') {
      depth -= depth > 0;
    }
  }
  if (opened > length / 16 + 8 || commas > length / 5 + 8)
    return gb_fail(error, GB_EINPUT,
                   "%s: byte 8: the header's %zu bytes hold %zu brackets and %zu commas; tensors "
                   "have fewer",
                   path, length, opened, commas);
  return GB_OK;
}

gb_status gb_safetensors_parse(const void *bytes, size_t size, const char *path,
                               gb_safetensors *file, gb_error *error) {
  *file = (gb_safetensors){0};
  uint64_t length;
  if (size < sizeof length)
    return gb_fail(error, GB_EINPUT,
                   "%s: %zu bytes long; a safetensors file begins with 8 bytes of header length",
                   path, size);
  memcpy(&length, bytes, sizeof length);
  if (length > GB_SAFETENSORS_HEADER)
    return gb_fail(error, GB_EINPUT, "%s: byte 0: header length %" PRIu64 "; at most %d is allowed",
                   path, length, GB_SAFETENSORS_HEADER);
  if (length > size - sizeof length)
    return gb_fail(error, GB_EINPUT,
                   "%s: byte 0: header length %" PRIu64 " reaches beyond the end of the file; at "
                   "most %zu is possible",
                   path, length, size - sizeof length);
  const char *text = (const char *)bytes + sizeof length;
  if (length == 0 || text[0] != '{')
    return gb_fail(error, GB_EINPUT, "%s: byte 8: the header does not begin with '{'", path);
  GB_TRY(check_density(text, (size_t)length, path, error));
  json_error_t json_error;
  json_t *header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &json_error);
  if (!header) {
    if (json_error_code(&json_error) == json_error_out_of_memory)
      return gb_fail_memory(error);
    return gb_fail(error, GB_EINPUT, "%s: byte %zu: the header is not plain JSON: %s", path,
                   sizeof length + (size_t)(json_error.position > 0 ? json_error.position : 0),
                   json_error.text);
  }
  size_t data_at = sizeof length + (size_t)length, data_size = size - data_at;
  file->arena = gb_arena_new(NULL);
  gb_status status = file->arena ? read_header(header, text + length, data_size, path, file, error)
                                 : gb_fail_memory(error);
  json_decref(header);
  if (status == GB_OK)
    status = check_cover(file, data_at, data_size, path, error);
  if (status != GB_OK)
    gb_safetensors_close(file);
  else if (file->count)
    qsort(file->tensors, file->count, sizeof *file->tensors, by_name);
  return status;
}

gb_status gb_safetensors_open(const char *path, gb_safetensors *file, gb_error *error) {
  *file = (gb_safetensors){0};
  char *bytes;
  size_t size;
  GB_TRY(gb_file_read(path, GB_SAFETENSORS_FILE, &bytes, &size, error));
  gb_status status = gb_safetensors_parse(bytes, size, path, file, error);
  if (status == GB_OK)
    file->buffer = bytes;
  else
    free(bytes);
  return status;
}

void gb_safetensors_close(gb_safetensors *file) {
  gb_arena_free(file->arena);
  free(file->buffer);
  *file = (gb_safetensors){0};
}

const gb_stored *gb_safetensors_find(const gb_safetensors *file, const char *name) {
  gb_stored key = {.name = name};
  return file->count ? bsearch(&key, file->tensors, file->count, sizeof key, by_name) : NULL;
}

// The header's JSON; NULL when memory is out or a name is not UTF-8.
static json_t *make_header(const gb_stored *tensors, size_t count, const char *made_by,
                           size_t *data_size) {
  json_t *header = json_object();
  bool failed = !header;
  failed = failed ||
           json_object_set_new(header, "__metadata__", json_pack("{s:s}", "made_by", made_by)) != 0;
  size_t at = 0;
  for (size_t i = 0; i < count && !failed; i++) {
    const gb_stored *tensor = &tensors[i];
    size_t bytes = (size_t)tensor->count * sizeof(float);
    json_t *entry = json_pack("{s:s, s:[], s:[I, I]}", "dtype", "F32", "shape", "data_offsets",
                              (json_int_t)at, (json_int_t)(at + bytes));
    json_t *shape = json_object_get(entry, "shape");
    failed = !entry;
    for (int d = 0; d < tensor->rank && !failed; d++)
      failed = json_array_append_new(shape, json_integer(tensor->dims[d])) != 0;
    failed = failed || json_object_get(header, tensor->name) != NULL; // names are distinct
    // The setter takes the entry over even when it fails.
    failed = json_object_set_new(header, tensor->name, entry) != 0 || failed;
    at += bytes;
  }
  *data_size = at;
  if (!failed)
    return header;
  json_decref(header);
  return NULL;
}

gb_status gb_safetensors_write(const char *path, const gb_stored *tensors, size_t count,
                               const char *made_by, gb_error *error) {
  size_t data_size;
  json_t *header = make_header(tensors, count, made_by, &data_size);
  if (!header)
    return gb_fail(error, GB_EINTERNAL,
                   "%s: the header cannot be made: a name is not UTF-8 or stands twice, or memory "
                   "is out",
                   path);
  char *text = json_dumps(header, JSON_COMPACT); // in the order of insertion
  json_decref(header);
  if (!text)
    return gb_fail_memory(error);
  size_t length = strlen(text), padded = (length + 7) / 8 * 8;
  char *bytes = malloc(8 + padded + data_size);
  gb_status status = bytes ? GB_OK : gb_fail_memory(error);
  if (bytes) {
    uint64_t header_length = padded;
    memcpy(bytes, &header_length, 8);
    memcpy(bytes + 8, text, length);
    memset(bytes + 8 + length, ' ', padded - length);
    char *to = bytes + 8 + padded;
    for (size_t i = 0; i < count; i++) {
      size_t size = (size_t)tensors[i].count * sizeof(float);
      if (size)
        memcpy(to, tensors[i].data, size);
      to += size;
    }
    status = gb_file_write(path, bytes, 8 + padded + data_size, error);
  }
  free(bytes);
  free(text);
  return status;
}
