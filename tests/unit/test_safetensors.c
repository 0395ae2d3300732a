// Tests of the safetensors parser: every rule of the format, broken one at a time.
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/check.h"
#include "tests/lib/folder.h"

#include "harness/graph/safetensors.h"

#include "layers/base/text.h"

// A file in memory: header length, header, `data_size` bytes of data that count up from 0.
// Allocated at its exact size, so that the address sanitizer sees a read beyond the end.
typedef struct bytes {
  char *at;
  size_t size;
} bytes;

static bytes make_file(const char *header, size_t data_size) {
  uint64_t length = strlen(header);
  bytes file = {.size = 8 + (size_t)length + data_size};
  file.at = malloc(file.size);
  if (!file.at)
    abort();
  memcpy(file.at, &length, 8);
  memcpy(file.at + 8, header, (size_t)length);
  for (size_t i = 0; i < data_size; i++)
    file.at[8 + length + i] = (char)i;
  return file;
}

static const char good[] =
    "{\"__metadata__\":{\"made_by\":\"a test\"},"
    "\"b.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
    "\"a\":{\"data_offsets\":[24,26],\"shape\":[],\"dtype\":\"F16\"},"
    "\"c\":{\"dtype\":\"I64\",\"shape\":[0,7],\"data_offsets\":[24,24]}}  ";
enum { GOOD_DATA = 26 };

TEST(a_good_file_is_indexed_by_name) {
  bytes file = make_file(good, GOOD_DATA);
  gb_safetensors read;
  gb_error error = {0};
  REQUIRE_OK(gb_safetensors_parse(file.at, file.size, "f", &read, &error), error);
  CHECK_INT(read.count, 3);
  CHECK_TEXT(read.tensors[0].name, "a");
  CHECK_INT(read.tensors[0].rank, 0);
  CHECK_INT(read.tensors[0].count, 1);
  CHECK_INT(read.tensors[0].type, GB_STORED_F16);
  const gb_stored *b = gb_safetensors_find(&read, "b.weight");
  REQUIRE(b);
  CHECK_INT(b->rank, 2);
  CHECK_INT(b->dims[0], 2);
  CHECK_INT(b->dims[1], 3);
  CHECK_INT((const char *)b->data - file.at, (int64_t)file.size - GOOD_DATA);
  const gb_stored *c = gb_safetensors_find(&read, "c");
  REQUIRE(c);
  CHECK_INT(c->count, 0);
  CHECK_TEXT(c->dtype, "I64");
  CHECK(!gb_safetensors_find(&read, "b") && !gb_safetensors_find(&read, "__metadata__"));
  gb_safetensors_close(&read);
  free(file.at);
}

// Entry "t" with these three values, written as JSON.
#define ENTRY(name, dtype, shape, range)                                                           \
  "\"" name "\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" range "}"
#define ONE(dtype, shape, range) "{" ENTRY("t", dtype, shape, range) "}"

TEST(every_broken_rule_is_refused_with_its_place_and_value) {
  static const struct {
    const char *header;
    size_t data;
    const char *says;
  } cases[] = {
      {"", 0, "f: byte 8: the header does not begin with '{'"},
      {" {}", 0, "f: byte 8: the header does not begin with '{'"},
      {"[]", 0, "f: byte 8: the header does not begin with '{'"},
      {"{", 0, "the header is not plain JSON"},
      {"{} x", 0, "the header is not plain JSON: end of file expected near 'x'"},
      {"{\"a\\u0000b\":{}}", 0, "the header is not plain JSON"},
      {"{\"\xff\":{}}", 0, "the header is not plain JSON"},
      {"{" ENTRY("t", "\"F32\"", "[1]", "[0,4]") "," ENTRY("t", "\"F32\"", "[1]", "[0,4]") "}", 4,
       "the header is not plain JSON: duplicate object key near '\"t\"'"},
      {"{\"__metadata__\":[]}", 0, "__metadata__ is not an object of strings"},
      {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ 'a' is not a string"},
      {"{\"t\":1}", 0, "f: tensor 't': is not an object of dtype, shape and data_offsets"},
      {"{\"t\":{\"shape\":[],\"data_offsets\":[0,0]}}", 0, "tensor 't': has no 'dtype'"},
      {"{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,0]}}", 0, "tensor 't': has no 'shape'"},
      {"{\"t\":{\"dtype\":\"F32\",\"shape\":[]}}", 0, "tensor 't': has no 'data_offsets'"},
      {"{\"t\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":1}}", 4,
       "has 4 keys; only dtype, shape and data_offsets are allowed"},
      {ONE("32", "[1]", "[0,4]"), 4, "dtype is not a string; allowed are F64, F32, F16"},
      {ONE("\"F31\"", "[1]", "[0,4]"), 4, "dtype 'F31' is unknown; allowed are F64, F32, F16"},
      {ONE("\"f32\"", "[1]", "[0,4]"), 4, "dtype 'f32' is unknown"},
      {ONE("\"F32\"", "1", "[0,4]"), 4, "shape is not an array of whole numbers"},
      {ONE("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, "shape has 9 sizes; at most 8"},
      {ONE("\"F32\"", "[-1]", "[0,4]"), 4, "shape[0] is -1; whole numbers from 0 are allowed"},
      {ONE("\"F32\"", "[1,1.5]", "[0,4]"), 4, "shape[1] is 1.5; whole numbers from 0"},
      {ONE("\"F32\"", "[1,1.0]", "[0,4]"), 4, "shape[1] is 1; whole numbers"},
      {ONE("\"F32\"", "[1e0]", "[0,4]"), 4, "shape[0] is 1; whole numbers"},
      {ONE("\"F32\"", "[\"1\"]", "[0,4]"), 4, "shape[0] is not a number"},
      {ONE("\"F32\"", "[true]", "[0,4]"), 4, "shape[0] is not a number"},
      {ONE("\"F32\"", "[9223372036854775808]", "[0,4]"), 4, "too big integer"},
      {ONE("\"F32\"", "[4294967296,4294967296]", "[0,4]"), 4,
       "shape 4294967296×4294967296 has more than 9223372036854775807 elements"},
      {ONE("\"F32\"", "[4611686018427387905]", "[0,4]"), 4,
       "shape 4611686018427387905 of F32 does not take the 4 bytes of data_offsets [0, 4]"},
      {ONE("\"F32\"", "[2]", "[0,4]"), 4, "shape 2 of F32 does not take the 4 bytes"},
      {ONE("\"F32\"", "[0]", "[0,4]"), 4, "shape 0 of F32 does not take the 4 bytes"},
      {ONE("\"F64\"", "[]", "[0,4]"), 4, "shape a single number of F64 does not take the 4"},
      {ONE("\"F32\"", "[1]", "[0]"), 4, "data_offsets is not an array of two whole numbers"},
      {ONE("\"F32\"", "[1]", "[0,4,4]"), 4, "data_offsets is not an array of two"},
      {ONE("\"F32\"", "[1]", "{}"), 4, "data_offsets is not an array of two"},
      {ONE("\"F32\"", "[1]", "[-4,0]"), 4, "data_offsets[0] is -4; whole numbers from 0"},
      {ONE("\"F32\"", "[1]", "[0,4.0]"), 4, "data_offsets[1] is 4; whole numbers"},
      {ONE("\"F32\"", "[1]", "[4,0]"), 4, "data_offsets [4, 0] lie outside the file's 4 data"},
      {ONE("\"F32\"", "[2]", "[0,8]"), 4, "data_offsets [0, 8] lie outside the file's 4 data"},
      {ONE("\"F32\"", "[1]", "[9223372036854775803,9223372036854775807]"), 4,
       "data_offsets [9223372036854775803, 9223372036854775807] lie outside the file's 4"},
      {ONE("\"F32\"", "[1]", "[0,9223372036854775808]"), 4, "too big integer"},
      {"{" ENTRY("a", "\"F32\"", "[2]", "[0,8]") "," ENTRY("b", "\"F32\"", "[1]", "[4,8]") "}", 8,
       "tensor 'b': data bytes 4 to 8 overlap those of 'a', which end at 8"},
      {"{" ENTRY("a", "\"F32\"", "[1]", "[0,4]") "," ENTRY("b", "\"F32\"", "[1]", "[0,4]") "}", 4,
       "overlap"},
      {"{" ENTRY("a", "\"F32\"", "[2]", "[0,8]") "," ENTRY("b", "\"F32\"", "[0]", "[4,4]") "}", 8,
       "tensor 'b': data bytes 4 to 4 overlap"},
      {"{" ENTRY("a", "\"F32\"", "[1]", "[0,4]") "," ENTRY("b", "\"F32\"", "[1]", "[8,12]") "}", 12,
       "tensor 'b': begins at data byte 8, but bytes from 4 on belong to no tensor"},
      {ONE("\"F32\"", "[1]", "[0,4]"), 5, "byte 66: the last 1 bytes of the file belong to no"},
      {"{}", 1, "byte 10: the last 1 bytes of the file belong to no tensor"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bytes file = make_file(cases[i].header, cases[i].data);
    gb_safetensors read;
    gb_error error = {0};
    gb_status status = gb_safetensors_parse(file.at, file.size, "f", &read, &error);
    if (status != GB_EINPUT || !strstr(error.message, cases[i].says))
      FAIL("%s\n#   gives status %d, \"%s\"\n#   expected \"%s\"", cases[i].header, (int)status,
           error.message, cases[i].says);
    if (strncmp(error.message, "f: ", 3) != 0)
      FAIL("no file is named in \"%s\"", error.message);
    CHECK(!read.arena && !read.tensors && !read.count);
    gb_safetensors_close(&read);
    free(file.at);
  }
}

TEST(hostile_header_lengths_are_refused) {
  static const struct {
    uint64_t length;
    const char *says;
  } cases[] = {
      {UINT64_MAX, "byte 0: header length 18446744073709551615; at most 100000000 is allowed"},
      {UINT64_C(1) << 63, "byte 0: header length 9223372036854775808; at most 100000000"},
      {100000001, "byte 0: header length 100000001; at most 100000000 is allowed"},
      {100000000, "header length 100000000 reaches beyond the end of the file; at most 2 is"},
      {3, "byte 0: header length 3 reaches beyond the end of the file; at most 2 is possible"},
      {1, "the header is not plain JSON"},
      {0, "byte 8: the header does not begin with '{'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bytes file = make_file("{}", 0);
    memcpy(file.at, &cases[i].length, 8);
    gb_safetensors read;
    gb_error error = {0};
    CHECK_INT(gb_safetensors_parse(file.at, file.size, "f", &read, &error), GB_EINPUT);
    CHECK_CONTAINS(error.message, cases[i].says);
    free(file.at);
  }
}

TEST(deep_or_dense_json_and_long_names_are_bounded) {
  gb_text text = {0};
  gb_text_add(&text, "{\"a\":");
  for (int i = 0; i < 100000; i++)
    gb_text_add(&text, "[");
  bytes file = make_file(gb_text_get(&text), 0);
  gb_safetensors read;
  gb_error error = {0};
  CHECK_INT(gb_safetensors_parse(file.at, file.size, "f", &read, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "f: byte 15: brackets nest deeper than the 3 levels allowed");
  gb_text_free(&text);
  free(file.at);

  // Small values in great number would take 75 times their text in memory.
  static const char *const dense[] = {"{},", "1,", "\"\","};
  for (size_t k = 0; k < sizeof dense / sizeof *dense; k++) {
    gb_text_add(&text, "{\"a\":[");
    for (int i = 0; i < 10000; i++)
      gb_text_add(&text, dense[k]);
    gb_text_add(&text, "1]}");
    file = make_file(gb_text_get(&text), 0);
    CHECK_INT(gb_safetensors_parse(file.at, file.size, "f", &read, &error), GB_EINPUT);
    CHECK_CONTAINS(error.message, "and 10000 commas; tensors have fewer");
    gb_text_free(&text);
    free(file.at);
  }

  for (size_t length = GB_SAFETENSORS_NAME; length <= GB_SAFETENSORS_NAME + 1; length++) {
    gb_text_add(&text, "{\"");
    for (size_t i = 0; i < length; i++)
      gb_text_add(&text, "n");
    gb_text_add(&text, "\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}");
    file = make_file(gb_text_get(&text), 3);
    gb_status status = gb_safetensors_parse(file.at, file.size, "f", &read, &error);
    CHECK_INT(status, length > GB_SAFETENSORS_NAME ? GB_EINPUT : GB_OK);
    if (status != GB_OK)
      CHECK_CONTAINS(error.message, "the name has 1025 bytes; at most 1024 are allowed");
    gb_safetensors_close(&read);
    gb_text_free(&text);
    free(file.at);
  }
}

// The densest header that the rules allow: shortest names, highest rank, one digit a size.
TEST(the_densest_good_header_is_accepted) {
  gb_text text = {0};
  const char *before = "{";
  for (int a = 'a'; a <= 'z'; a++)
    for (int b = 'A'; b <= 'Z'; b++, before = ",")
      gb_text_print(&text,
                    "%s\"%c%c\":{\"dtype\":\"U8\",\"shape\":[0,1,1,1,1,1,1,1],"
                    "\"data_offsets\":[0,0]}",
                    before, a, b);
  gb_text_add(&text, ",\"__metadata__\":{\"{[{[{[,,,\\\"\":\"\"}}");
  bytes file = make_file(gb_text_get(&text), 0);
  gb_safetensors read;
  gb_error error = {0};
  REQUIRE_OK(gb_safetensors_parse(file.at, file.size, "f", &read, &error), error);
  CHECK_INT(read.count, 26 * 26);
  gb_safetensors_close(&read);
  gb_text_free(&text);
  free(file.at);
}

TEST(a_file_cut_at_any_byte_is_refused) {
  bytes file = make_file(good, GOOD_DATA);
  for (size_t size = 0; size < file.size; size++) {
    char *cut = malloc(size ? size : 1);
    REQUIRE(cut);
    memcpy(cut, file.at, size);
    gb_safetensors read;
    gb_error error = {0};
    if (gb_safetensors_parse(cut, size, "cut", &read, &error) != GB_EINPUT ||
        strncmp(error.message, "cut: ", 5) != 0)
      FAIL("%zu of %zu bytes: \"%s\"", size, file.size, error.message);
    free(cut);
  }
  free(file.at);
}

// Whatever is accepted obeys the rules: sorted names, ranges that tile the data.
TEST(a_changed_byte_is_refused_or_harmless) {
  bytes file = make_file(good, GOOD_DATA);
  int accepted = 0;
  for (size_t i = 0; i < file.size - GOOD_DATA; i++)
    for (int bit = 0; bit < 8; bit++) {
      file.at[i] = (char)(file.at[i] ^ 1 << bit);
      gb_safetensors read;
      gb_error error = {0};
      if (gb_safetensors_parse(file.at, file.size, "f", &read, &error) == GB_OK) {
        accepted++;
        size_t sum = 0;
        for (size_t t = 0; t < read.count; t++) {
          CHECK(t == 0 || strcmp(read.tensors[t - 1].name, read.tensors[t].name) < 0);
          CHECK(read.tensors[t].end <= GOOD_DATA);
          sum += read.tensors[t].end - read.tensors[t].begin;
        }
        CHECK_INT(sum, GOOD_DATA);
        gb_safetensors_close(&read);
      }
      file.at[i] = (char)(file.at[i] ^ 1 << bit);
    }
  CHECK(accepted > 0); // letters of names and of metadata
  free(file.at);
}

// Converts one number of `type` that stands at an odd address.
static gb_status convert(gb_stored_type type, const void *number, size_t size, float *value,
                         gb_error *error) {
  char unaligned[9];
  memcpy(unaligned + 1, number, size);
  gb_stored tensor = {.name = "t", .type = type, .dtype = "X", .count = 1, .data = unaligned + 1};
  return gb_stored_floats(&tensor, "f", value, error);
}

TEST(halves_and_doubles_become_floats) {
  // IEEE 754 binary16 by hand; bfloat16 is the upper half of binary32.
  static const struct {
    gb_stored_type type;
    uint16_t bits;
    float value;
  } halves[] = {
      {GB_STORED_F16, 0x0000, 0},          {GB_STORED_F16, 0x3c00, 1},
      {GB_STORED_F16, 0xc000, -2},         {GB_STORED_F16, 0x7bff, 65504},
      {GB_STORED_F16, 0x0001, 0x1p-24f},   {GB_STORED_F16, 0x03ff, 0x3ffp-24f},
      {GB_STORED_F16, 0x0400, 0x1p-14f},   {GB_STORED_F16, 0x3555, 0x1.554p-2f},
      {GB_STORED_F16, 0xfc00, -INFINITY},  {GB_STORED_BF16, 0x3f80, 1},
      {GB_STORED_BF16, 0x4049, 3.140625f}, {GB_STORED_BF16, 0x8001, -0x1p-133f},
      {GB_STORED_BF16, 0x7f80, INFINITY},
  };
  gb_error error = {0};
  float value = 0;
  for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
    REQUIRE_OK(convert(halves[i].type, &halves[i].bits, 2, &value, &error), error);
    if (value != halves[i].value)
      FAIL("0x%04x gives %a, expected %a", halves[i].bits, (double)value, (double)halves[i].value);
  }
  uint16_t minus_zero = 0x8000, nan = 0x7e01;
  REQUIRE_OK(convert(GB_STORED_F16, &minus_zero, 2, &value, &error), error);
  CHECK(value == 0 && signbit(value));
  REQUIRE_OK(convert(GB_STORED_F16, &nan, 2, &value, &error), error);
  CHECK(isnan(value));
  double third = 1.0 / 3, huge = -1e300, infinite = (double)INFINITY;
  REQUIRE_OK(convert(GB_STORED_F64, &third, 8, &value, &error), error);
  CHECK(value == 0x1.555556p-2f);
  REQUIRE_OK(convert(GB_STORED_F64, &infinite, 8, &value, &error), error);
  CHECK(isinf(value));
  CHECK_INT(convert(GB_STORED_F64, &huge, 8, &value, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "f: tensor 't': element 0 is -1e+300, beyond what float32 holds");
  CHECK_INT(convert(GB_STORED_OTHER, &huge, 8, &value, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "dtype X is not read; F32, F16, BF16 and F64 are");
}

TEST(written_files_read_back) {
  static const float values[] = {1, -2.5f, 3e-38f, 4, 5, 6};
  const gb_stored tensors[] = {
      {.name = "läyer.\"quoted\"\\", .rank = 2, .dims = {2, 2}, .count = 4, .data = values},
      {.name = "scalar", .rank = 0, .count = 1, .data = values + 4},
      {.name = "empty", .rank = 1, .dims = {0}, .count = 0, .data = values},
  };
  test_folder folder;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "w.safetensors");
  gb_error error = {0};
  gb_safetensors read;
  REQUIRE_OK(gb_safetensors_write(path, tensors, 3, "a test", &error), error);
  REQUIRE_OK(gb_safetensors_open(path, &read, &error), error);
  CHECK_INT(read.count, 3);
  uint64_t length;
  memcpy(&length, read.buffer, 8);
  CHECK_INT(length % 8, 0);
  CHECK_CONTAINS(read.buffer + 8, "{\"__metadata__\":{\"made_by\":\"a test\"},");
  for (size_t i = 0; i < 3; i++) {
    const gb_stored *tensor = gb_safetensors_find(&read, tensors[i].name);
    REQUIRE(tensor);
    CHECK_INT(tensor->rank, tensors[i].rank);
    CHECK(memcmp(tensor->dims, tensors[i].dims, sizeof tensor->dims) == 0);
    CHECK_TEXT(tensor->dtype, "F32");
    float back[4] = {0};
    REQUIRE_OK(gb_stored_floats(tensor, path, back, &error), error);
    CHECK(memcmp(back, tensors[i].data, (size_t)tensor->count * sizeof *back) == 0);
  }
  gb_safetensors_close(&read);
  CHECK_INT(folder_close(&folder), 1); // no temporary file is left

  const gb_stored twice[] = {tensors[1], tensors[1]};
  CHECK_INT(gb_safetensors_write("/dev/null", twice, 2, "a test", &error), GB_EINTERNAL);
}

TEST(missing_files_and_folders_are_named) {
  gb_safetensors read;
  gb_error error = {0};
  CHECK_INT(gb_safetensors_open("/no/such/file", &read, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "/no/such/file: cannot open: No such file or directory");
  CHECK_INT(gb_safetensors_open("/tmp", &read, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "/tmp: is a folder");
  gb_safetensors_close(&read);
}

// A sparse file of 5 GB costs no disk and must cost no memory.
TEST(files_beyond_the_limit_are_refused_unread) {
  test_folder folder;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "large");
  REQUIRE(folder_put(path, "x", 1));
  if (truncate(path, (off_t)5000000000) != 0) {
    folder_close(&folder);
    SKIP("the temporary folder takes no sparse file of 5 GB");
  }
  gb_safetensors read;
  gb_error error = {0};
  CHECK_INT(gb_safetensors_open(path, &read, &error), GB_ELIMIT);
  CHECK_CONTAINS(error.message, "5000000000 bytes; at most 4294967296 are accepted here");
  folder_close(&folder);
}

TEST(real_checkpoints_parse) {
  // Counted with Python's struct and json: tensors, numbers, the last name, its first value.
  static const struct {
    const char *path;
    int64_t tensors, numbers;
    const char *last;
    float first;
  } files[] = {
      {"../shared/data/weights/mobilenet-v1-0.25.safetensors", 137, 475544, "conv_stem.weight",
       0.6565709710121155f},
      {"../shared/data/weights/resnet20-cifar.safetensors", 97, 271098, "linear.weight",
       -1.0598125457763672f},
      {"../shared/data/weights/resnet56-cifar.safetensors", 277, 857082, "linear.weight",
       -0.36128365993499756f},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (access(files[i].path, R_OK) != 0)
      SKIP("../shared/data/weights is absent");
    gb_safetensors read;
    gb_error error = {0};
    REQUIRE_OK(gb_safetensors_open(files[i].path, &read, &error), error);
    CHECK_INT(read.count, files[i].tensors);
    int64_t numbers = 0;
    for (size_t t = 0; t < read.count; t++)
      numbers += read.tensors[t].count;
    CHECK_INT(numbers, files[i].numbers);
    const gb_stored *last = &read.tensors[read.count - 1];
    CHECK_TEXT(last->name, files[i].last);
    float first;
    memcpy(&first, last->data, sizeof first);
    CHECK(first == files[i].first);
    gb_safetensors_close(&read);
  }
}

TEST_MAIN(CASE(a_good_file_is_indexed_by_name),
          CASE(every_broken_rule_is_refused_with_its_place_and_value),
          CASE(hostile_header_lengths_are_refused),
          CASE(deep_or_dense_json_and_long_names_are_bounded),
          CASE(the_densest_good_header_is_accepted), CASE(a_file_cut_at_any_byte_is_refused),
          CASE(a_changed_byte_is_refused_or_harmless), CASE(halves_and_doubles_become_floats),
          CASE(written_files_read_back), CASE(missing_files_and_folders_are_named),
          CASE(files_beyond_the_limit_are_refused_unread), CASE(real_checkpoints_parse))
