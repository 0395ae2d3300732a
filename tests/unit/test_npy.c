// Tests of .npy files: written ones read back, every broken rule is refused with its byte.
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/check.h"
#include "tests/lib/folder.h"

#include "harness/graph/npy.h"

#include "layers/base/file.h"

typedef struct bytes {
  unsigned char *at;
  size_t size;
} bytes;

// A file of this version and dict, without padding, with `data` bytes that count up from 0; at its
// exact size, so that the address sanitizer sees a read beyond the end.
static bytes make_file(int major, const char *dict, size_t data) {
  size_t length = strlen(dict), fixed = major == 1 ? 10 : 12;
  bytes file = {.size = fixed + length + data};
  file.at = malloc(file.size);
  if (!file.at)
    abort();
  memcpy(file.at, "\x93NUMPY", 6);
  file.at[6] = (unsigned char)major;
  file.at[7] = 0;
  for (size_t i = 8; i < fixed; i++)
    file.at[i] = (unsigned char)(length >> 8 * (i - 8));
  memcpy(file.at + fixed, dict, length);
  for (size_t i = 0; i < data; i++)
    file.at[fixed + length + i] = (unsigned char)i;
  return file;
}

#define DICT(descr, order, shape)                                                                  \
  "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }  \n"

TEST(written_arrays_read_back) {
  static const float values[2 * 3 * 1 * 5] = {1, -2, 3.5f, 0, 1e-40f, 6};
  const gb_shape shape = {2, 3, 1, 5};
  test_folder folder;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "x.npy");
  gb_error error = {0};
  REQUIRE_OK(gb_npy_write(path, values, &shape, &error), error);
  gb_npy back;
  REQUIRE_OK(gb_npy_read(path, &back, &error), error);
  CHECK_INT(back.type, GB_NPY_F32);
  CHECK_INT(back.rank, 4);
  CHECK(back.dims[0] == 2 && back.dims[1] == 3 && back.dims[2] == 1 && back.dims[3] == 5);
  CHECK_INT(back.count, 30);
  CHECK_INT((uintptr_t)back.data % 16, 0);
  CHECK(memcmp(back.data, values, sizeof values) == 0);
  CHECK_INT(((const char *)back.data - (char *)back.buffer) % 64, 0);
  gb_npy_free(&back);
  CHECK(!back.buffer);
  CHECK_INT(folder_close(&folder), 1);

  const gb_shape nothing = {1, 0, 2, 2};
  CHECK_INT(gb_npy_write("/dev/null", values, &nothing, &error), GB_ESHAPE);
}

TEST(types_versions_ranks_and_orders_of_keys_are_read) {
  static const struct {
    int version;
    const char *dict;
    gb_npy_type type;
    int rank;
    int64_t dims[4];
    size_t data;
  } cases[] = {
      {1, DICT("'<f4'", "False", "(2, 3)"), GB_NPY_F32, 2, {2, 3}, 24},
      {2, DICT("'<f8'", "False", "(1,)"), GB_NPY_F64, 1, {1}, 8},
      {3, DICT("'|u1'", "False", "(5, 1, 1, 2)"), GB_NPY_U8, 4, {5, 1, 1, 2}, 10},
      {1, DICT("'<i4'", "False", "()"), GB_NPY_I32, 0, {0}, 4},
      {1, DICT("\"<i8\"", "False", "( 2 , 1 , )"), GB_NPY_I64, 2, {2, 1}, 16},
      {1, DICT("'<f4'", "False", "(0, 3)"), GB_NPY_F32, 2, {0, 3}, 0},
      {1, "{\"shape\":(2,),'fortran_order':False,'descr':'<f4'}", GB_NPY_F32, 1, {2}, 8},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bytes file = make_file(cases[i].version, cases[i].dict, cases[i].data);
    gb_npy array;
    gb_error error = {0};
    if (gb_npy_parse(file.at, file.size, "f", &array, &error) != GB_OK) {
      FAIL("case %zu: %s", i, error.message);
    } else {
      CHECK_INT(array.type, cases[i].type);
      CHECK_INT(array.rank, cases[i].rank);
      CHECK(memcmp(array.dims, cases[i].dims, sizeof array.dims) == 0);
      CHECK((const unsigned char *)array.data + cases[i].data == file.at + file.size);
      CHECK(!array.buffer);
    }
    free(file.at);
  }
}

TEST(every_broken_rule_is_refused_with_its_place_and_value) {
  static const struct {
    const char *dict;
    size_t data;
    const char *says;
  } cases[] = {
      {"", 0, "f: byte 10: the header does not begin with '{'"},
      {"{}\n", 0, "f: byte 12: the header has no 'descr'"},
      {"{'descr': '<f4', 'fortran_order': False}\n", 0, "the header has no 'shape'"},
      {"{'descr': '<f4', 'shape': (1,)}", 4, "the header has no 'fortran_order'"},
      {"{'descr': '<f4'", 0, "f: byte 25: ',' or '}' is expected"},
      {"{'descr' '<f4'}", 0, "f: byte 19: ':' is expected behind 'descr'"},
      {"{'descr': '<f4', 'descr': '<f4'}", 0, "f: byte 27: key 'descr' stands twice"},
      {"{'extra': 1}", 0,
       "f: byte 11: key 'extra' is unknown; descr, fortran_order and shape are allowed"},
      {"{descr: '<f4'}", 0, "f: byte 11: a key must be a string in quotes"},
      {"{'a\\x62': 1}", 0, "a key is too long a string, or one with escapes"},
      {"{'descr", 0, "f: byte 11: a key has no closing quote"},
      {DICT("'<f2'", "False", "(1,)"), 2,
       "f: byte 20: descr '<f2' is not read; allowed are <f4, <f8, |u1, <i4, <i8"},
      {DICT("'>f4'", "False", "(1,)"), 4, "descr '>f4' is big-endian, which is not read; allowed"},
      {DICT("'|O'", "False", "(1,)"), 9,
       "descr '|O' holds Python objects (a pickle), which are never read; allowed are <f4"},
      {DICT("[('x', '<f4')]", "False", "(1,)"), 4, "structured arrays are not read"},
      {DICT("'<f4'", "True", "(1,)"), 4, "fortran_order is True; only C order (False) is read"},
      {DICT("'<f4'", "0", "(1,)"), 4, "f: byte 44: fortran_order must be False"},
      {DICT("'<f4'", "False", "(3)"), 12,
       "f: byte 60: shape is a number in brackets; a tuple of one is written (3,)"},
      {DICT("'<f4'", "False", "[3]"), 12, "f: byte 60: shape must be a tuple"},
      {DICT("'<f4'", "False", "(-1,)"), 4, "f: byte 61: shape must be a tuple of whole numbers"},
      {DICT("'<f4'", "False", "(1.0,)"), 4, "f: byte 62: shape: ',' or ')' is expected"},
      {DICT("'<f4'", "False", "(1L,)"), 4, "f: byte 62: shape: ',' or ')' is expected"},
      {DICT("'<f4'", "False", "(,)"), 4, "shape must be a tuple of whole numbers"},
      {DICT("'<f4'", "False", "(1,,)"), 4, "shape must be a tuple of whole numbers"},
      {DICT("'<f4'", "False", "(1, 1, 1, 1, 1)"), 4, "shape has more than 4 sizes; 0 to 4"},
      {DICT("'<f4'", "False", "(4294967297,)"), 4,
       "f: byte 61: a size in shape is beyond the 4294967296 elements allowed"},
      {DICT("'<f4'", "False", "(99999999999999999999999999,)"), 4, "beyond the 4294967296"},
      {DICT("'<f4'", "False", "(65536, 65537)"), 4,
       "f: byte 60: shape has more than the 4294967296 elements allowed"},
      {DICT("'<f4'", "False", "(4294967296, 4294967296, 4294967296, 4294967296)"), 0,
       "shape has more than the 4294967296 elements allowed"},
      {DICT("'<f8'", "False", "(4294967296,)"), 8,
       "8 bytes of data follow the header; its shape and descr take 34359738368"},
      {DICT("'<f4'", "False", "(2,)"), 7, "7 bytes of data follow the header; its shape and descr"},
      {DICT("'<f4'", "False", "(2,)"), 9, "9 bytes of data follow the header; its shape and descr"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x\n", 4,
       "f: byte 66: only blanks and one line's end may follow '}' in the header"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n\n", 4, "only blanks and one"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bytes file = make_file(1, cases[i].dict, cases[i].data);
    gb_npy array;
    gb_error error = {0};
    gb_status status = gb_npy_parse(file.at, file.size, "f", &array, &error);
    if (status != GB_EINPUT || !strstr(error.message, cases[i].says) ||
        strncmp(error.message, "f: byte ", 8) != 0)
      FAIL("%s\n#   gives status %d, \"%s\"\n#   expected \"%s\"", cases[i].dict, (int)status,
           error.message, cases[i].says);
    CHECK(!array.data && !array.buffer);
    free(file.at);
  }
}

TEST(hostile_fixed_parts_are_refused) {
  static const struct {
    size_t at;
    unsigned char value;
    const char *says;
  } cases[] = {
      {0, 'P', "byte 0: not an npy file: it does not begin with \\x93NUMPY"},
      {5, 'y', "byte 0: not an npy file"},
      {6, 0, "byte 6: version 0.0; 1.0, 2.0 and 3.0 are allowed"},
      {6, 4, "byte 6: version 4.0; 1.0, 2.0 and 3.0 are allowed"},
      {7, 1, "byte 6: version 2.1; 1.0, 2.0 and 3.0 are allowed"},
      {11, 0xff, "at most 65536 is allowed"},
      {9, 0xff, "reaches beyond the end of the file; at most 64 is possible"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bytes file = make_file(2, DICT("'<f4'", "False", "(1,)"), 4);
    file.at[cases[i].at] = cases[i].value;
    gb_npy array;
    gb_error error = {0};
    CHECK_INT(gb_npy_parse(file.at, file.size, "f", &array, &error), GB_EINPUT);
    CHECK_CONTAINS(error.message, cases[i].says);
    free(file.at);
  }
}

TEST(a_file_cut_at_any_byte_is_refused) {
  for (int version = 1; version <= 3; version++) {
    bytes file = make_file(version, DICT("'<f4'", "False", "(1, 2)"), 8);
    for (size_t size = 0; size < file.size; size++) {
      char *cut = malloc(size ? size : 1);
      REQUIRE(cut);
      memcpy(cut, file.at, size);
      gb_npy array;
      gb_error error = {0};
      if (gb_npy_parse(cut, size, "cut", &array, &error) != GB_EINPUT ||
          strncmp(error.message, "cut: byte ", 10) != 0)
        FAIL("version %d, %zu of %zu bytes: \"%s\"", version, size, file.size, error.message);
      free(cut);
    }
    free(file.at);
  }
}

TEST(unaligned_data_of_other_writers_are_moved) {
  bytes file = make_file(1, "{'descr':'<f4','fortran_order':False,'shape':(2,)}\n", 8);
  REQUIRE((file.size - 8) % 4 != 0); // else the case is not the one meant
  test_folder folder;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "x.npy");
  REQUIRE(folder_put(path, file.at, file.size));
  gb_npy array;
  gb_error error = {0};
  REQUIRE_OK(gb_npy_read(path, &array, &error), error);
  CHECK_INT((uintptr_t)array.data % 16, 0);
  CHECK(memcmp(array.data, file.at + file.size - 8, 8) == 0);
  gb_npy_free(&array);
  free(file.at);
  folder_close(&folder);
}

TEST(what_the_system_refuses_is_said) {
  static const float value = 1;
  const gb_shape shape = {1, 1, 1, 1};
  gb_npy array;
  gb_error error = {0};
  CHECK_INT(gb_npy_read("/no/such/file.npy", &array, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "/no/such/file.npy: cannot open: No such file or directory");
  gb_npy_free(&array);
  CHECK_INT(gb_npy_write("/no/such/folder/y.npy", &value, &shape, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "/no/such/folder/y.npy: cannot create");
  if (access("/dev/full", W_OK) != 0)
    SKIP("/dev/full is absent");
  CHECK_INT(gb_npy_write("/dev/full", &value, &shape, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "/dev/full: cannot write: No space left on device");
}

TEST_MAIN(CASE(written_arrays_read_back), CASE(types_versions_ranks_and_orders_of_keys_are_read),
          CASE(every_broken_rule_is_refused_with_its_place_and_value),
          CASE(hostile_fixed_parts_are_refused), CASE(a_file_cut_at_any_byte_is_refused),
          CASE(unaligned_data_of_other_writers_are_moved), CASE(what_the_system_refuses_is_said))
