// Real weights on real pictures: the reference engine's answers against those of PyTorch on the
// same data (../shared/data; its README.md has the counts).
#define _POSIX_C_SOURCE 200809L // fork, mmap's flags, popen
#define _DEFAULT_SOURCE         // MAP_ANONYMOUS
#include "harness/engine/engine.h"
#include "harness/graph/npy.h"
#include "layers/base/file.h"
#include "tests/lib/quick.h"
#include "tests/networks/networks.h"

#include <inttypes.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define DATA "../shared/data/"
#define CIFAR DATA "cifar-10/test_2000.bin"
#define IMAGES DATA "images/imagenet-samples-50.npz"

// How many pictures are shown, and how many answers are right: all of them as in the README.md
// there; when in a hurry (tests/lib/quick.h) the first few, found with PyTorch
// (tests/golden/models.py) on the same pictures.
typedef struct expected {
  int pictures, resnet20, resnet56; // CIFAR-10
  int images, top1, top5;           // ImageNet
} expected;

static const expected whole = {2000, 1835, 1874, 50, 32, 42}, part = {40, 39, 39, 10, 8, 9};

static const expected *expectations(void) {
  return quick() ? &part : &whole;
}

enum { PROCESSES = 2, BATCH = 10 };

// A network with its weights, ready for batches of `batch` pictures.
typedef struct classifier {
  gb_graph *graph;
  gb_weights weights;
  gb_reference *engine;
  int64_t batch, pixels, classes; // pixels: floats of one picture
  float *input, *output;
} classifier;

static void close_classifier(classifier *c) {
  gb_reference_free(c->engine);
  gb_weights_free(&c->weights);
  gb_graph_free(c->graph);
  gb_release(NULL, c->input);
  gb_release(NULL, c->output);
}

static gb_status open_classifier(classifier *c, const char *network,
                                 const network_settings *settings, const char *weights,
                                 int64_t batch, gb_error *error) {
  *c = (classifier){.batch = batch};
  GB_TRY(network_make(network, settings, batch, &c->graph, error));
  GB_TRY(gb_weights_load(c->graph, weights, &c->weights, NULL, error));
  GB_TRY(gb_reference_new(c->graph, &c->weights, &c->engine, error));
  c->pixels = gb_shape_count(&c->graph->nodes[0].op.out) / batch;
  c->classes = gb_shape_count(&c->graph->nodes[c->graph->node_count - 1].op.out) / batch;
  c->input = gb_allocate(NULL, (size_t)(batch * c->pixels), sizeof *c->input);
  c->output = gb_allocate(NULL, (size_t)(batch * c->classes), sizeof *c->output);
  return c->input && c->output ? GB_OK : gb_fail_memory(error);
}

// The place of `label` among the outputs of picture `i` of the batch: 0 is the network's answer.
static int rank_of(const classifier *c, int64_t i, int64_t label) {
  const float *out = c->output + i * c->classes;
  int above = 0;
  for (int64_t k = 0; k < c->classes; k++)
    above += out[k] > out[label] || (out[k] == out[label] && k < label);
  return above;
}

// ---------------------------------------------------------------------------------------------
// CIFAR-10: records of a label byte and 3,072 bytes R, G, B

enum { SIDE = 32, PLANE = SIDE * SIDE, RECORD = 1 + 3 * PLANE };

static void load_pictures(float *input, const unsigned char *records, int64_t count) {
  // The normalisation that these networks were trained with (ImageNet's, not CIFAR's own).
  static const float mean[3] = {0.485f, 0.456f, 0.406f}, deviation[3] = {0.229f, 0.224f, 0.225f};
  for (int64_t i = 0; i < count; i++)
    for (int c = 0; c < 3; c++)
      for (int p = 0; p < PLANE; p++)
        input[(i * 3 + c) * PLANE + p] =
            ((float)records[i * RECORD + 1 + c * PLANE + p] / 255.0f - mean[c]) / deviation[c];
}

// Right answers of the batches `first`, `first` + PROCESSES, … ; -1 after an error.
static int count_right(classifier *c, const unsigned char *records, int64_t count, int64_t first) {
  int right = 0;
  gb_error error = {0};
  for (int64_t at = first * BATCH; at < count; at += PROCESSES * BATCH) {
    load_pictures(c->input, records + at * RECORD, BATCH);
    if (gb_reference_run(c->engine, c->input, c->output, NULL, NULL, &error) != GB_OK) {
      printf("# %s\n", error.message);
      return -1;
    }
    for (int64_t i = 0; i < BATCH; i++)
      right += rank_of(c, i, records[(at + i) * RECORD]) == 0;
  }
  return right;
}

// Each process takes every PROCESSES-th batch and writes its count into shared memory.
static int count_right_in_processes(classifier *c, const unsigned char *records, int64_t count) {
  int *right = mmap(NULL, PROCESSES * sizeof *right, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (right == MAP_FAILED)
    return -1;
  fflush(stdout);
  pid_t children[PROCESSES];
  for (int p = 1; p < PROCESSES; p++) {
    right[p] = -1;
    children[p] = fork();
    if (children[p] == 0) {
      right[p] = count_right(c, records, count, p);
      fflush(stdout);
      _exit(0);
    }
  }
  int sum = right[0] = count_right(c, records, count, 0);
  for (int p = 1; p < PROCESSES; p++) {
    if (children[p] > 0)
      waitpid(children[p], NULL, 0);
    sum = sum < 0 || right[p] < 0 ? -1 : sum + right[p];
  }
  munmap(right, PROCESSES * sizeof *right);
  return sum;
}

static void cifar(check_state *check, char *depth, const char *weights, int expected_right) {
  const int64_t count = expectations()->pictures;
  if (!gb_file_exists(CIFAR) || !gb_file_exists(weights))
    SKIP("../shared/data is absent");
  network_settings settings = {0};
  CHECK(settings_add(&settings, depth));
  classifier c;
  gb_error error = {0};
  char *records = NULL;
  size_t size = 0;
  gb_status status = open_classifier(&c, "resnet56-cifar", &settings, weights, BATCH, &error);
  if (status == GB_OK)
    status = gb_file_read(CIFAR, 1 << 24, &records, &size, &error);
  int right = -1;
  if (status == GB_OK && size >= (size_t)count * RECORD)
    right = count_right_in_processes(&c, (const unsigned char *)records, count);
  free(records);
  close_classifier(&c);
  REQUIRE_OK(status, error);
  CHECK_INT(size % RECORD, 0);
  CHECK_INT(right, expected_right);
}

TEST(resnet20) {
  char depth[] = "depth=20";
  cifar(check, depth, DATA "weights/resnet20-cifar.safetensors", expectations()->resnet20);
}

TEST(resnet56) {
  char depth[] = "depth=56";
  cifar(check, depth, DATA "weights/resnet56-cifar.safetensors", expectations()->resnet56);
}

// ---------------------------------------------------------------------------------------------
// ImageNet: 50 pictures in a compressed .npz, which is a zip of .npy files

static char *unzip(const char *member, size_t *size) {
  enum { LIMIT = 8 << 20 };
  char command[256];
  snprintf(command, sizeof command, "unzip -p " IMAGES " %s", member);
  FILE *pipe = popen(command, "r");
  if (!pipe)
    return NULL;
  char *bytes = malloc(LIMIT);
  *size = bytes ? fread(bytes, 1, LIMIT, pipe) : 0;
  if (pclose(pipe) != 0 || *size == 0 || *size == LIMIT) {
    free(bytes);
    return NULL;
  }
  return bytes;
}

static gb_status classify_images(const gb_npy *images, const gb_npy *labels, int *top1, int *top5,
                                 gb_error *error) {
  char text[4][32] = {"width=0.25", "padding=same", "epsilon=0.001"};
  network_settings settings = {0};
  for (int i = 0; i < 3; i++)
    if (!settings_add(&settings, text[i]))
      return gb_fail(error, GB_EINTERNAL, "settings");
  classifier c;
  const unsigned char *pixels = images->data;
  const int32_t *label = labels->data;
  gb_status status = open_classifier(&c, "mobilenet-v1", &settings,
                                     DATA "weights/mobilenet-v1-0.25.safetensors", 1, error);
  for (int64_t i = 0; status == GB_OK && i < expectations()->images; i++) {
    for (int64_t p = 0; p < c.pixels; p++)
      c.input[p] = (float)pixels[i * c.pixels + p] / 127.5f - 1.0f;
    status = gb_reference_run(c.engine, c.input, c.output, NULL, NULL, error);
    int rank = status == GB_OK ? rank_of(&c, 0, label[i]) : 0;
    *top1 += rank < 1;
    *top5 += rank < 5;
  }
  close_classifier(&c);
  return status;
}

TEST(mobilenet_v1) {
  if (!gb_file_exists(IMAGES))
    SKIP("../shared/data is absent");
  if (system("command -v unzip >/dev/null 2>&1") != 0)
    SKIP("the program unzip is absent");
  size_t image_size = 0, label_size = 0;
  char *image_bytes = unzip("images.npy", &image_size);
  char *label_bytes = unzip("labels.npy", &label_size);
  gb_npy images = {0}, labels = {0};
  gb_error error = {0};
  int top1 = 0, top5 = 0;
  gb_status status =
      image_bytes && label_bytes ? GB_OK : gb_fail(&error, GB_EIO, "%s cannot be unzipped", IMAGES);
  if (status == GB_OK)
    status = gb_npy_parse(image_bytes, image_size, "images.npy", &images, &error);
  if (status == GB_OK)
    status = gb_npy_parse(label_bytes, label_size, "labels.npy", &labels, &error);
  bool fits = images.type == GB_NPY_U8 && images.count == 50 * 3 * 224 * 224 &&
              labels.type == GB_NPY_I32 && labels.count == 50;
  if (status == GB_OK && fits)
    status = classify_images(&images, &labels, &top1, &top5, &error);
  gb_npy_free(&images);
  gb_npy_free(&labels);
  free(image_bytes);
  free(label_bytes);
  REQUIRE_OK(status, error);
  CHECK(fits);
  CHECK_INT(top1, expectations()->top1);
  CHECK_INT(top5, expectations()->top5);
}

TEST_MAIN(CASE(resnet20), CASE(resnet56), CASE(mobilenet_v1))
