// NumPy's .npy files; see npy.h.
//
// The format (numpy.lib.format, "Format Version 1.0" to "3.0"): "\x93NUMPY", two bytes of version,
// the length of the header (2 bytes in version 1, 4 bytes in 2 and 3, little-endian), the header (a
// Python dict literal of exactly descr, fortran_order and shape), the numbers.
#include "harness/graph/npy.h"

#include "layers/base/file.h"
#include "layers/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the reader and the writer copy little-endian numbers as they are");

static const char magic[6] = "\x93NUMPY";
enum { MAX_RANK = 4, MAX_HEADER = 65536 };
#define MAX_FILE ((size_t)1 << 32)

static const struct npy_type {
  const char *descr;
  gb_npy_type type;
  int64_t size;
} types[] = {{"<f4", GB_NPY_F32, 4},
             {"<f8", GB_NPY_F64, 8},
             {"|u1", GB_NPY_U8, 1},
             {"<i4", GB_NPY_I32, 4},
             {"<i8", GB_NPY_I64, 8}};

// The reader of the dict literal. `at` and `end` are offsets in the file.
typedef struct reader {
  const char *bytes;
  size_t at, end;
  const char *path;
  gb_error *error;
} reader;

#define REFUSE(r, ...) refuse((r), (r)->at, __VA_ARGS__)
GB_PRINTF(3, 4)
static gb_status refuse(const reader *r, size_t at, const char *format, ...) {
  char text[768];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return gb_fail(r->error, GB_EINPUT, "%s: byte %zu: %s", r->path, at, text);
}

static char peek(const reader *r) {
  return r->at < r->end ? r->bytes[r->at] : '\0';
}

static void skip_blanks(reader *r) {
  while (peek(r) == ' ')
    r->at++;
}

// Takes one sign and the blanks behind it.
static bool take(reader *r, char sign) {
  if (peek(r) != sign)
    return false;
  r->at++;
  skip_blanks(r);
  return true;
}

static bool take_word(reader *r, const char *word) {
  size_t length = strlen(word);
  if (r->end - r->at < length || memcmp(r->bytes + r->at, word, length) != 0)
    return false;
  r->at += length;
  skip_blanks(r);
  return true;
}

// A string in single or double quotes, without escapes, into `text`.
static gb_status read_string(reader *r, const char *what, char *text, size_t size) {
  char quote = peek(r);
  size_t start = r->at;
  if (quote != '\'' && quote != '"')
    return REFUSE(r, "%s must be a string in quotes%s", what,
                  quote == '[' ? "; structured arrays are not read" : "");
  size_t n = 0;
  for (r->at++; r->at < r->end && r->bytes[r->at] != quote; r->at++) {
    if (r->bytes[r->at] == '\\' || (unsigned char)r->bytes[r->at] < ' ' || n + 1 >= size)
      return refuse(r, start, "%s is too long a string, or one with escapes", what);
    text[n++] = r->bytes[r->at];
  }
  text[n] = '\0';
  if (!take(r, quote))
    return refuse(r, start, "%s has no closing quote", what);
  return GB_OK;
}

static gb_status read_descr(reader *r, gb_npy *array, int64_t *size) {
  char text[32];
  size_t start = r->at;
  GB_TRY(read_string(r, "descr", text, sizeof text));
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(text, types[i].descr) == 0) {
      array->type = types[i].type;
      *size = types[i].size;
      return GB_OK;
    }
  return refuse(r, start, "descr '%s' %s; allowed are <f4, <f8, |u1, <i4, <i8", text,
                strchr(text, 'O') ? "holds Python objects (a pickle), which are never read"
                : text[0] == '>'  ? "is big-endian, which is not read"
                                  : "is not read");
}

static gb_status read_order(reader *r) {
  size_t start = r->at;
  if (take_word(r, "False"))
    return GB_OK;
  if (take_word(r, "True"))
    return refuse(r, start,
                  "fortran_order is True; only C order (False) is read: save "
                  "numpy.ascontiguousarray(x)");
  return refuse(r, start, "fortran_order must be False");
}

static gb_status read_dim(reader *r, int64_t *dim) {
  size_t start = r->at;
  int64_t value = 0;
  while (peek(r) >= '0' && peek(r) <= '9') {
    value = value * 10 + (peek(r) - '0');
    r->at++;
    if (value > GB_MAX_ELEMENTS)
      return refuse(r, start, "a size in shape is beyond the %" PRId64 " elements allowed",
                    GB_MAX_ELEMENTS);
  }
  if (r->at == start)
    return REFUSE(r, "shape must be a tuple of whole numbers from 0, as (8, 3, 224, 224)");
  skip_blanks(r);
  *dim = value;
  return GB_OK;
}

static gb_status read_shape(reader *r, gb_npy *array) {
  size_t start = r->at;
  if (!take(r, '('))
    return REFUSE(r, "shape must be a tuple of whole numbers from 0, as (8, 3, 224, 224)");
  array->count = 1;
  bool comma = true;
  while (!take(r, ')')) {
    if (!comma)
      return REFUSE(r, "shape: ',' or ')' is expected");
    if (array->rank == MAX_RANK)
      return refuse(r, start, "shape has more than %d sizes; 0 to %d are allowed", MAX_RANK,
                    MAX_RANK);
    int64_t dim = 0;
    GB_TRY(read_dim(r, &dim));
    if (dim && array->count > GB_MAX_ELEMENTS / dim)
      return refuse(r, start, "shape has more than the %" PRId64 " elements allowed",
                    GB_MAX_ELEMENTS);
    array->count *= dim;
    array->dims[array->rank++] = dim;
    comma = take(r, ',');
  }
  // In Python (3) is a number; the tuple of one is (3,).
  if (array->rank == 1 && !comma)
    return refuse(r, start,
                  "shape is a number in brackets; a tuple of one is written (%" PRId64 ",)",
                  array->dims[0]);
  return GB_OK;
}

// The whole dict; each key exactly once, in any order.
static gb_status read_dict(reader *r, gb_npy *array, int64_t *size) {
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  bool seen[3] = {false, false, false};
  if (!take(r, '{'))
    return REFUSE(r, "the header does not begin with '{'");
  bool comma = true;
  while (!take(r, '}')) {
    if (!comma)
      return REFUSE(r, "',' or '}' is expected");
    char key[32];
    size_t start = r->at;
    GB_TRY(read_string(r, "a key", key, sizeof key));
    size_t k = 0;
    while (k < 3 && strcmp(key, keys[k]) != 0)
      k++;
    if (k == 3)
      return refuse(r, start, "key '%s' is unknown; descr, fortran_order and shape are allowed",
                    key);
    if (seen[k])
      return refuse(r, start, "key '%s' stands twice", key);
    seen[k] = true;
    if (!take(r, ':'))
      return REFUSE(r, "':' is expected behind '%s'", key);
    GB_TRY(k == 0 ? read_descr(r, array, size) : k == 1 ? read_order(r) : read_shape(r, array));
    comma = take(r, ',');
  }
  for (size_t k = 0; k < 3; k++)
    if (!seen[k])
      return REFUSE(r, "the header has no '%s'", keys[k]);
  // Blanks that align the data, then a line's end.
  if (peek(r) == '\n')
    r->at++;
  if (r->at != r->end)
    return REFUSE(r, "only blanks and one line's end may follow '}' in the header");
  return GB_OK;
}

gb_status gb_npy_parse(const void *bytes, size_t size, const char *path, gb_npy *array,
                       gb_error *error) {
  *array = (gb_npy){0};
  const unsigned char *b = bytes;
  reader r = {bytes, 0, size, path, error};
  if (size < sizeof magic || memcmp(b, magic, sizeof magic) != 0)
    return REFUSE(&r, "not an npy file: it does not begin with \\x93NUMPY");
  if (size < 10)
    return refuse(&r, size, "the file ends inside the fixed part of the header");
  unsigned major = b[6], minor = b[7];
  if (major < 1 || major > 3 || minor != 0)
    return refuse(&r, 6, "version %u.%u; 1.0, 2.0 and 3.0 are allowed", major, minor);
  size_t fixed = major == 1 ? 10 : 12;
  if (size < fixed)
    return refuse(&r, size, "the file ends inside the fixed part of the header");
  size_t length = (size_t)b[8] | (size_t)b[9] << 8;
  if (major > 1)
    length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
  if (length > MAX_HEADER)
    return refuse(&r, 8, "header length %zu; at most %d is allowed", length, MAX_HEADER);
  if (length > size - fixed)
    return refuse(&r, 8,
                  "header length %zu reaches beyond the end of the file; at most %zu is "
                  "possible",
                  length, size - fixed);
  r.at = fixed;
  r.end = fixed + length;
  gb_npy read = {0};
  int64_t number_size = 0;
  GB_TRY(read_dict(&r, &read, &number_size));
  // At most 2^32 elements of 8 bytes: no overflow.
  size_t wanted = (size_t)(read.count * number_size), given = size - r.end;
  if (wanted != given)
    return refuse(&r, r.end, "%zu bytes of data follow the header; its shape and descr take %zu",
                  given, wanted);
  read.data = b + r.end;
  *array = read;
  return GB_OK;
}

gb_status gb_npy_read(const char *path, gb_npy *array, gb_error *error) {
  *array = (gb_npy){0};
  char *bytes;
  size_t size;
  GB_TRY(gb_file_read(path, MAX_FILE, &bytes, &size, error));
  gb_status status = gb_npy_parse(bytes, size, path, array, error);
  if (status != GB_OK) {
    free(bytes);
    return status;
  }
  array->buffer = bytes;
  // NumPy aligns the data; a file of another writer may not. Moving it makes casts safe.
  size_t data_at = (size_t)((const char *)array->data - bytes);
  if (data_at % 16) {
    memmove(bytes, bytes + data_at, size - data_at);
    array->data = bytes;
  }
  return GB_OK;
}

void gb_npy_free(gb_npy *array) {
  free(array->buffer);
  *array = (gb_npy){0};
}

gb_status gb_npy_write(const char *path, const float *values, const gb_shape *shape,
                       gb_error *error) {
  if (!gb_shape_valid(shape)) {
    char text[GB_SHAPE_TEXT];
    return gb_fail(error, GB_ESHAPE, "%s: shape %s cannot be written", path,
                   gb_shape_print(shape, text));
  }
  char dict[256];
  int n = snprintf(dict, sizeof dict,
                   "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64
                   ", %" PRId64 ", %" PRId64 "), }",
                   shape->n, shape->c, shape->h, shape->w);
  size_t used = (size_t)n;
  // Ten fixed bytes, the dict, blanks, a line's end: a multiple of 64, as the format asks.
  size_t header = (10 + used + 1 + 63) / 64 * 64, length = header - 10;
  size_t data = (size_t)gb_shape_count(shape) * sizeof *values;
  char *bytes = malloc(header + data);
  if (!bytes)
    return gb_fail_memory(error);
  memset(bytes, ' ', header);
  memcpy(bytes, magic, sizeof magic);
  bytes[6] = 1;
  bytes[7] = 0;
  bytes[8] = (char)(length & 255);
  bytes[9] = (char)(length >> 8);
  memcpy(bytes + 10, dict, used);
  bytes[header - 1] = '\n';
  memcpy(bytes + header, values, data);
  gb_status status = gb_file_write(path, bytes, header + data, error);
  free(bytes);
  return status;
}
