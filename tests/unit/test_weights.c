// Tests of weights: made by a seed and by the recipe, saved, loaded, and bound to a graph.
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/check.h"
#include "tests/lib/folder.h"

#include "harness/graph/safetensors.h"
#include "harness/graph/weights.h"

#include "layers/base/file.h"
#include "layers/base/text.h"

// A graph by hand: a convolution with its batch norm, a linear layer, an affine warp.
enum { NODES = 4, PARAMS = 8 };
typedef struct fixture {
  gb_graph graph;
  gb_node nodes[NODES];
  gb_param params[PARAMS];
} fixture;

static void add_param(fixture *f, size_t node, const char *name, int rank, const int64_t *dims,
                      gb_init init, int64_t fan) {
  gb_node *n = &f->nodes[node];
  if (!n->params)
    n->params = node ? f->nodes[node - 1].params + f->nodes[node - 1].param_count : f->params;
  gb_param *p = &n->params[n->param_count++];
  *p = (gb_param){.name = name, .count = 1, .offset = f->graph.weight_elements};
  p->spec = (gb_param_spec){.name = name, .rank = rank, .init = init, .fan = fan};
  for (int i = 0; i < rank; i++) {
    p->spec.dims[i] = dims[i];
    p->count *= dims[i];
  }
  f->graph.weight_elements += p->count;
}
#define DIMS(...)                                                                                  \
  (const int64_t[]) {                                                                              \
    __VA_ARGS__                                                                                    \
  }

// conv.weight out×in×3×3; the other sizes are fixed.
static void make_fixture(fixture *f, int64_t out, int64_t in) {
  *f = (fixture){.graph = {.node_count = NODES}};
  f->graph.nodes = f->nodes;
  add_param(f, 0, "conv.weight", 4, DIMS(out, in, 3, 3), GB_INIT_KAIMING, 18);
  add_param(f, 1, "bn1.weight", 1, DIMS(16), GB_INIT_ONE, 1);
  add_param(f, 1, "bn1.bias", 1, DIMS(16), GB_INIT_ZERO, 1);
  add_param(f, 1, "bn1.running_mean", 1, DIMS(16), GB_INIT_ZERO, 1);
  add_param(f, 1, "bn1.running_var", 1, DIMS(16), GB_INIT_ONE, 1);
  add_param(f, 2, "fc.weight", 2, DIMS(4, 25), GB_INIT_UNIFORM, 25);
  add_param(f, 2, "fc.bias", 1, DIMS(4), GB_INIT_UNIFORM, 25);
  add_param(f, 3, "warp.theta", 3, DIMS(5, 2, 3), GB_INIT_AFFINE, 1);
}

static const float *values_of(const fixture *f, const gb_weights *weights, const char *name) {
  for (size_t i = 0; i < PARAMS; i++)
    if (strcmp(f->params[i].name, name) == 0)
      return weights->values + f->params[i].offset;
  return NULL;
}

// Collects every fault into one text, a line each.
static void collect(gb_faults *self, const gb_location *where, const char *message) {
  gb_text_print(self->context, "%s: %s\n", where->file, message);
}

TEST(fresh_weights_follow_the_layers_initialisation) {
  fixture f;
  make_fixture(&f, 100, 200); // 180,000 numbers for the statistics
  gb_weights w;
  gb_error error = {0};
  REQUIRE_OK(gb_weights_init(&f.graph, 7, &w, &error), error);
  CHECK_INT(w.count, f.graph.weight_elements);
  CHECK_INT((uintptr_t)w.values % 64, 0);

  // First values by an independent Python script from SplitMix64, FNV-1a and Box-Muller. The
  // logarithm and cosine of another C library may differ in the last place of a double.
  const float *fc = values_of(&f, &w, "fc.weight"), *conv = values_of(&f, &w, "conv.weight");
  CHECK(fc[0] == -0.0395924523f && fc[1] == -0.124001086f && fc[2] == 0.0508428775f);
  CHECK_NEAR(conv[0], -0.113497615, 1e-8);
  CHECK_NEAR(conv[1], -0.262201339, 1e-8);
  CHECK_NEAR(conv[2], -0.123754755, 6e-8);

  // A sample's mean and variance lie within 5 standard errors of deviation sqrt(2/18).
  double sum = 0, squares = 0, n = 180000, variance = 2.0 / 18;
  for (size_t i = 0; i < 180000; i++) {
    sum += (double)conv[i];
    squares += (double)conv[i] * (double)conv[i];
  }
  CHECK_NEAR(sum / n, 0, 5 * sqrt(variance / n));
  CHECK_NEAR(squares / n, variance, 5 * variance * sqrt(2 / n));
  for (int i = 0; i < 100; i++)
    CHECK(fabsf(fc[i]) <= 0.2f);
  for (int i = 0; i < 16; i++) {
    CHECK(values_of(&f, &w, "bn1.weight")[i] == 1 && values_of(&f, &w, "bn1.bias")[i] == 0);
    CHECK(values_of(&f, &w, "bn1.running_var")[i] == 1);
    CHECK(values_of(&f, &w, "bn1.running_mean")[i] == 0);
  }
  const float *theta = values_of(&f, &w, "warp.theta");
  for (int i = 0; i < 30; i++) {
    double identity = i % 6 == 0 || i % 6 == 4;
    CHECK_NEAR(theta[i], identity, 0.3); // six deviations
    CHECK((double)theta[i] != identity);
  }
  gb_weights_free(&w);
  CHECK(!w.values && !w.count);
}

TEST(seeds_and_names_decide_and_nothing_else) {
  fixture f, wider;
  make_fixture(&f, 2, 2);
  make_fixture(&wider, 8, 2); // everything behind conv.weight has moved
  gb_weights a, b, c, d;
  gb_error error = {0};
  REQUIRE_OK(gb_weights_init(&f.graph, 1, &a, &error), error);
  REQUIRE_OK(gb_weights_init(&f.graph, 1, &b, &error), error);
  REQUIRE_OK(gb_weights_init(&f.graph, 2, &c, &error), error);
  REQUIRE_OK(gb_weights_init(&wider.graph, 1, &d, &error), error);
  CHECK(memcmp(a.values, b.values, (size_t)a.count * sizeof *a.values) == 0);
  const float *fc = values_of(&f, &a, "fc.weight");
  CHECK(fc[0] != values_of(&f, &c, "fc.weight")[0]);
  CHECK(fc[0] != values_of(&f, &a, "fc.bias")[0]);
  CHECK(memcmp(fc, values_of(&wider, &d, "fc.weight"), 100 * sizeof *fc) == 0);
  gb_weights_free(&a);
  gb_weights_free(&b);
  gb_weights_free(&c);
  gb_weights_free(&d);
}

TEST(the_recipe_gives_the_golden_vectors_numbers) {
  // The check values of tests/golden/README.md, printed there with %.9g: exact for float.
  static const struct {
    const char *name;
    int rank;
    int64_t dims[4];
    float first[3];
  } rows[] = {
      {"conv_stem.weight", 4, {16, 3, 3, 3}, {-0.0940217152f, -0.0203270912f, -0.0458654948f}},
      {"bn1.weight", 1, {16}, {0.673241019f, 0.860203981f, 1.32440901f}},
      {"bn1.running_var", 1, {16}, {1.06532836f, 1.14230752f, 1.28675342f}},
      {"bn1.running_mean", 1, {16}, {0.0771607906f, 0.0468899831f, 0.0201237313f}},
      {"classifier.bias", 1, {1000}, {0.0936473757f, -0.0933237672f, 0.0174368732f}},
      {"blocks.0.0.ghost1.cheap_operation.0.weight",
       4,
       {8, 1, 3, 3},
       {-0.00441350508f, 0.316286355f, -0.299138457f}},
  };
  gb_error error = {0};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fixture f = {.graph = {.node_count = 1}};
    f.graph.nodes = f.nodes;
    add_param(&f, 0, rows[i].name, rows[i].rank, rows[i].dims, GB_INIT_ZERO, 1);
    gb_weights w, strong;
    REQUIRE_OK(gb_weights_recipe(&f.graph, 1, &w, &error), error);
    REQUIRE_OK(gb_weights_recipe(&f.graph, 2, &strong, &error), error);
    for (int k = 0; k < 3; k++) {
      if (w.values[k] != rows[i].first[k])
        FAIL("%s[%d] is %.9g, expected %.9g", rows[i].name, k, (double)w.values[k],
             (double)rows[i].first[k]);
      // The gain is for convolutions; twice is exact.
      CHECK(strong.values[k] == (rows[i].rank > 1 ? 2 : 1) * w.values[k]);
    }
    gb_weights_free(&w);
    gb_weights_free(&strong);
  }
  float input[3 * 64 * 64];
  gb_recipe_input(input, 3 * 64 * 64);
  CHECK(input[0] == -0.977493763f && input[1] == -0.80436337f && input[2] == 0.304720759f);
}

TEST(saved_weights_load_again) {
  fixture f;
  make_fixture(&f, 3, 2);
  test_folder folder;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "w.safetensors");
  gb_weights w, back;
  gb_error error = {0};
  REQUIRE_OK(gb_weights_init(&f.graph, 3, &w, &error), error);
  REQUIRE_OK(gb_weights_save(&f.graph, &w, path, &error), error);
  REQUIRE_OK(gb_weights_load(&f.graph, path, &back, NULL, &error), error);
  CHECK_INT(back.count, w.count);
  CHECK(memcmp(back.values, w.values, (size_t)w.count * sizeof *w.values) == 0);
  gb_weights_free(&back);

  // Sorted by name: the first tensor of the data is bn1.bias.
  gb_safetensors file;
  REQUIRE_OK(gb_safetensors_open(path, &file, &error), error);
  for (size_t i = 0; i < file.count; i++)
    CHECK_INT(file.tensors[i].begin, i ? file.tensors[i - 1].end : 0);
  CHECK_TEXT(file.tensors[0].name, "bn1.bias");
  gb_safetensors_close(&file);

  w.count--;
  CHECK_INT(gb_weights_save(&f.graph, &w, path, &error), GB_EINTERNAL);
  gb_weights_free(&w);
  CHECK_INT(folder_close(&folder), 1);
}

// Writes F32 zeros of these shapes and loads them; the faults go to `faults`.
static gb_status load_shapes(const gb_graph *graph, const gb_stored *shapes, size_t count,
                             gb_text *faults, gb_error *error) {
  static const float zeros[1024] = {0};
  gb_stored tensors[16];
  for (size_t i = 0; i < count; i++) {
    tensors[i] = shapes[i];
    tensors[i].count = 1;
    for (int d = 0; d < tensors[i].rank; d++)
      tensors[i].count *= tensors[i].dims[d];
    tensors[i].data = zeros;
  }
  test_folder folder;
  if (!folder_open(&folder))
    return gb_fail(error, GB_EINTERNAL, "no temporary folder");
  const char *path = folder_file(&folder, "w");
  GB_TRY(gb_safetensors_write(path, tensors, count, "a test", error));
  gb_weights weights;
  gb_faults all = {.add = collect, .context = faults};
  gb_status status = gb_weights_load(graph, path, &weights, faults ? &all : NULL, error);
  gb_weights_free(&weights);
  folder_close(&folder);
  return status;
}

#define GOOD_SHAPES                                                                                \
  {.name = "conv.weight", .rank = 4, .dims = {3, 2, 3, 3}},                                        \
      {.name = "bn1.weight", .rank = 1, .dims = {16}},                                             \
      {.name = "bn1.bias", .rank = 1, .dims = {16}},                                               \
      {.name = "bn1.running_mean", .rank = 1, .dims = {16}}, {                                     \
    .name = "bn1.running_var", .rank = 1, .dims = { 16 }                                           \
  }

TEST(every_missing_surplus_and_misshapen_tensor_is_listed) {
  fixture f;
  make_fixture(&f, 3, 2);
  static const gb_stored shapes[] = {
      GOOD_SHAPES,
      {.name = "fc.wieght", .rank = 2, .dims = {4, 25}},           // misspelt
      {.name = "fc.bias", .rank = 1, .dims = {5}},                 // another size
      {.name = "module.warp.theta", .rank = 3, .dims = {5, 2, 3}}, // prefixed
      {.name = "extra", .rank = 0},
  };
  gb_text faults = {0};
  gb_error error = {0};
  CHECK_INT(load_shapes(&f.graph, shapes, sizeof shapes / sizeof *shapes, &faults, &error),
            GB_EINPUT);
  CHECK_CONTAINS(error.message,
                 "/w: the tensors do not fit the network: 2 missing ('fc.weight', 'warp.theta'), 3 "
                 "surplus ('extra', 'fc.wieght', 'module.warp.theta'), 1 misshapen ('fc.bias')");
  static const char *const lines[] = {
      "/w: tensor 'fc.weight' (4×25) is missing; is it 'fc.wieght'?\n",
      "/w: tensor 'warp.theta' (5×2×3) is missing; is it 'module.warp.theta'?\n",
      "/w: tensor 'fc.bias' is F32 5, the network needs 4\n",
      "/w: tensor 'extra' (F32 a single number) is not one of the network's\n",
      "/w: tensor 'fc.wieght' (F32 4×25) is not one of the network's\n",
      "/w: tensor 'module.warp.theta' (F32 5×2×3) is not one of the network's\n",
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    CHECK_CONTAINS(gb_text_get(&faults), lines[i]);
  size_t count = 0;
  for (const char *p = gb_text_get(&faults); (p = strchr(p, '\n')); p++)
    count++;
  CHECK_INT(count, sizeof lines / sizeof *lines);
  gb_text_free(&faults);
  CHECK_INT(load_shapes(&f.graph, shapes, 5, NULL, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "3 missing ('fc.weight', 'fc.bias', 'warp.theta')");
  CHECK(!strstr(error.message, "surplus") && !strstr(error.message, "misshapen"));
  CHECK_INT(load_shapes(&f.graph, NULL, 0, NULL, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "8 missing ('conv.weight', 'bn1.weight', 'bn1.bias', …)");
}

TEST(only_sizes_of_one_may_differ_in_a_shape) {
  fixture f;
  make_fixture(&f, 3, 2);
  static const struct {
    int rank;
    int64_t dims[4];
    bool fits;
  } cases[] = {{2, {4, 25}, true},       {4, {4, 25, 1, 1}, true}, {3, {1, 4, 25}, true},
               {3, {4, 1, 25}, true},    {2, {25, 4}, false},      {1, {100}, false},
               {3, {4, 25, 2}, false},   {1, {4}, false},          {0, {0}, false},
               {4, {4, 5, 5, 1}, false}, {2, {4, 24}, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gb_stored shapes[] = {GOOD_SHAPES,
                          {.name = "fc.bias", .rank = 1, .dims = {4}},
                          {.name = "warp.theta", .rank = 3, .dims = {5, 2, 3}},
                          {.name = "fc.weight", .rank = cases[i].rank}};
    memcpy(shapes[7].dims, cases[i].dims, sizeof cases[i].dims);
    gb_error error = {0};
    gb_status status = load_shapes(&f.graph, shapes, 8, NULL, &error);
    if ((status == GB_OK) != cases[i].fits)
      FAIL("case %zu: status %d, %s", i, (int)status, error.message);
    if (!cases[i].fits)
      CHECK_CONTAINS(error.message, "1 misshapen ('fc.weight')");
  }
}

// A file of four bytes for a graph of fc.bias[1] alone, beside counters of public checkpoints.
static gb_status load_header(const char *header, size_t data, float *value, gb_text *faults,
                             gb_error *error) {
  fixture f = {.graph = {.node_count = 1}};
  f.graph.nodes = f.nodes;
  add_param(&f, 0, "fc.bias", 1, DIMS(1), GB_INIT_ZERO, 1);
  test_folder folder;
  if (!folder_open(&folder))
    return gb_fail(error, GB_EINTERNAL, "no temporary folder");
  char bytes[1024] = {0};
  uint64_t length = strlen(header);
  memcpy(bytes, &length, 8);
  memcpy(bytes + 8, header, (size_t)length);
  bytes[8 + length + 2] = (char)0x80; // 1.0 as F32
  bytes[8 + length + 3] = (char)0x3f;
  const char *path = folder_file(&folder, "w");
  gb_status status = folder_put(path, bytes, 8 + (size_t)length + data) ? GB_OK : GB_EINTERNAL;
  gb_weights weights = {0};
  gb_faults all = {.add = collect, .context = faults};
  if (status == GB_OK)
    status = gb_weights_load(&f.graph, path, &weights, &all, error);
  if (status == GB_OK)
    *value = weights.values[0];
  gb_weights_free(&weights);
  folder_close(&folder);
  return status;
}

TEST(types_matter_where_a_tensor_is_needed) {
  gb_text faults = {0};
  gb_error error = {0};
  float value = 0;
  REQUIRE_OK(load_header("{\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                         "\"bn1.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],"
                         "\"data_offsets\":[4,12]}}",
                         12, &value, &faults, &error),
             error);
  CHECK(value == 1);
  CHECK_TEXT(gb_text_get(&faults), "");
  // Another type of counter, or another name, is surplus.
  CHECK_INT(load_header("{\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        "\"bn1.num_batches_tracked\":{\"dtype\":\"F32\",\"shape\":[],"
                        "\"data_offsets\":[4,8]}}",
                        8, &value, &faults, &error),
            GB_EINPUT);
  CHECK_CONTAINS(error.message, "1 surplus ('bn1.num_batches_tracked')");
  CHECK_INT(load_header("{\"fc.bias\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
                        &value, &faults, &error),
            GB_EINPUT);
  CHECK_CONTAINS(gb_text_get(&faults),
                 "tensor 'fc.bias' is I32 1, the network needs 1 of F32, F16, BF16 or F64\n");
  CHECK_INT(load_header("{\"fc.bias\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8,
                        &value, &faults, &error),
            GB_EINPUT);
  gb_text_free(&faults);
}

TEST(a_failed_save_leaves_the_old_file) {
  fixture f;
  make_fixture(&f, 3, 2);
  gb_weights w;
  gb_error error = {0};
  REQUIRE_OK(gb_weights_init(&f.graph, 1, &w, &error), error);
  CHECK_INT(gb_weights_save(&f.graph, &w, "/no/such/folder/w", &error), GB_EIO);
  CHECK_CONTAINS(error.message, "/no/such/folder/w: cannot create: No such file or directory");
  if (access("/dev/full", W_OK) == 0) {
    CHECK_INT(gb_weights_save(&f.graph, &w, "/dev/full", &error), GB_EIO);
    CHECK_CONTAINS(error.message, "/dev/full: cannot write: No space left on device");
  }

  // Root may write anywhere, so a superuser's test looks as "nobody".
  test_folder folder;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "w");
  REQUIRE(folder_put(path, "old", 3) && chmod(folder.path, 0555) == 0);
  uid_t user = geteuid();
  bool lowered = user != 0 || seteuid(65534) == 0;
  gb_status status = lowered ? gb_weights_save(&f.graph, &w, path, &error) : GB_OK;
  bool raised = seteuid(user) == 0;
  REQUIRE(raised && chmod(folder.path, 0755) == 0);
  gb_weights_free(&w);
  char *bytes;
  size_t size;
  gb_error read_error = {0};
  REQUIRE_OK(gb_file_read(path, 100, &bytes, &size, &read_error), read_error);
  CHECK_TEXT(bytes, "old");
  free(bytes);
  CHECK_INT(folder_close(&folder), 1);
  if (!lowered)
    SKIP("the superuser writes anywhere, and cannot become another user here");
  CHECK_INT(status, GB_EIO);
  CHECK_CONTAINS(error.message, "w: cannot create: Permission denied");
}

TEST_MAIN(CASE(fresh_weights_follow_the_layers_initialisation),
          CASE(seeds_and_names_decide_and_nothing_else),
          CASE(the_recipe_gives_the_golden_vectors_numbers), CASE(saved_weights_load_again),
          CASE(every_missing_surplus_and_misshapen_tensor_is_listed),
          CASE(only_sizes_of_one_may_differ_in_a_shape),
          CASE(types_matter_where_a_tensor_is_needed), CASE(a_failed_save_leaves_the_old_file))
