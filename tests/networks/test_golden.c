// The reference engine against PyTorch on every network: outputs and intermediate outputs of
// tests/golden/vectors, with the weights and inputs of the recipe in tests/golden/README.md.
#define _POSIX_C_SOURCE 200809L // glob
#include "harness/engine/engine.h"
#include "tests/networks/networks.h"

#include <glob.h>
#include <inttypes.h>

// PyTorch's values are float64, rounded to nine digits. Ours are float32: with at most 4,608 terms
// a sum and at most 110 layers, errors stay near 1e-6 of the spread; a wrong padding, order of
// channels or epsilon moves them by more than 1e-3.
static const double TOLERANCE = 1e-4;

enum { MAX_OUTPUTS = 8, MAX_SAMPLES = 256 };

typedef struct sampled_output {
  char name[128];
  int64_t shape[4];
  size_t count;
  double low, high; // of the whole output
  int64_t index[MAX_SAMPLES];
  double value[MAX_SAMPLES];
  int node; // of our graph
} sampled_output;

typedef struct vector {
  char network[64];
  char setting_text[MAX_SETTINGS][128];
  network_settings settings;
  int64_t batch, params, macs;
  double gain;
  sampled_output outputs[MAX_OUTPUTS];
  size_t output_count;
} vector;

static bool read_output(FILE *file, const char *line, sampled_output *out) {
  if (sscanf(line,
             "output %127s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %zu %*s %*s %lf %lf",
             out->name, &out->shape[0], &out->shape[1], &out->shape[2], &out->shape[3], &out->count,
             &out->low, &out->high) != 8 ||
      out->count < 1 || out->count > MAX_SAMPLES)
    return false;
  for (size_t i = 0; i < out->count; i++)
    if (fscanf(file, "%" SCNd64 " %lf ", &out->index[i], &out->value[i]) != 2)
      return false;
  return true;
}

static bool read_vector(const char *path, vector *v) {
  FILE *file = fopen(path, "r");
  if (!file)
    return false;
  *v = (vector){.gain = 1};
  bool fine = true;
  char line[512];
  while (fine && fgets(line, sizeof line, file)) {
    size_t n = v->settings.count;
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '#')
      continue;
    if (strncmp(line, "set ", 4) == 0) {
      fine = n < MAX_SETTINGS && strlen(line) < sizeof v->setting_text[n];
      if (fine) {
        memcpy(v->setting_text[n], line + 4, strlen(line) - 3);
        fine = settings_add(&v->settings, v->setting_text[n]);
      }
    } else if (strncmp(line, "output ", 7) == 0) {
      fine = v->output_count < MAX_OUTPUTS && read_output(file, line, &v->outputs[v->output_count]);
      v->output_count++;
    } else {
      fine = sscanf(line, "network %63s", v->network) == 1 ||
             sscanf(line, "batch %" SCNd64, &v->batch) == 1 ||
             sscanf(line, "gain %lf", &v->gain) == 1 ||
             sscanf(line, "params %" SCNd64, &v->params) == 1 ||
             sscanf(line, "macs %" SCNd64, &v->macs) == 1;
    }
  }
  fclose(file);
  return fine && v->output_count > 0 && v->batch > 0;
}

// A module's output in PyTorch is the node of just this name (a convolution before its batch norm),
// else the end of the block of this name.
static int find_node(const gb_graph *graph, const char *name) {
  if (strcmp(name, "output") == 0)
    return (int)graph->node_count - 1;
  for (size_t i = 0; i < graph->node_count; i++)
    if (strcmp(graph->nodes[i].name, name) == 0)
      return (int)i;
  return gb_graph_find(graph, name);
}

typedef struct comparison {
  const char *path;
  const gb_graph *graph;
  vector *v;
  check_state *check;
  double worst;
} comparison;

static void compare_output(comparison *c, const sampled_output *want, const gb_shape *shape,
                           const float *values) {
  check_state *check = c->check;
  const int64_t ours[4] = {shape->n, shape->c, shape->h, shape->w};
  if (memcmp(ours, want->shape, sizeof ours) != 0) {
    char text[GB_SHAPE_TEXT];
    FAIL("%s: %s has the shape %s", c->path, want->name, gb_shape_print(shape, text));
    return;
  }
  double worst = 0;
  int64_t at = -1;
  for (size_t i = 0; i < want->count; i++) {
    double error = fabs((double)values[want->index[i]] - want->value[i]) / (want->high - want->low);
    if (!(error <= worst)) {
      worst = error;
      at = want->index[i];
    }
  }
  if (!(worst <= TOLERANCE))
    FAIL("%s: %s differs by %.3g of its spread at element %" PRId64, c->path, want->name, worst,
         at);
  if (!(worst <= c->worst))
    c->worst = worst;
}

static gb_status keep(void *context, const gb_node *node, const float *values, gb_error *error) {
  (void)error;
  comparison *c = context;
  for (size_t i = 0; i < c->v->output_count; i++)
    if (c->v->outputs[i].node == (int)(node - c->graph->nodes))
      compare_output(c, &c->v->outputs[i], &node->op.out, values);
  return GB_OK;
}

static void run_graph(check_state *check, comparison *c) {
  const gb_graph *graph = c->graph;
  gb_error error = {0};
  gb_weights weights = {0};
  gb_reference *engine = NULL;
  int64_t in = gb_shape_count(&graph->nodes[0].op.out);
  int64_t out = gb_shape_count(&graph->nodes[graph->node_count - 1].op.out);
  float *input = gb_allocate(NULL, (size_t)in, sizeof *input);
  float *output = gb_allocate(NULL, (size_t)out, sizeof *output);
  gb_status status = input && output ? GB_OK : gb_fail_memory(&error);
  if (status == GB_OK)
    status = gb_weights_recipe(graph, c->v->gain, &weights, &error);
  if (status == GB_OK)
    status = gb_reference_new(graph, &weights, &engine, &error);
  if (status == GB_OK) {
    gb_recipe_input(input, in);
    status = gb_reference_run(engine, input, output, keep, c, &error);
  }
  gb_reference_free(engine);
  gb_weights_free(&weights);
  gb_release(NULL, input);
  gb_release(NULL, output);
  REQUIRE_OK(status, error);
}

static void run_vector(check_state *check, const char *path, vector *v) {
  gb_graph *graph;
  gb_error error = {0};
  if (network_make(v->network, &v->settings, v->batch, &graph, &error) != GB_OK) {
    FAIL("%s: %s", path, error.message);
    return;
  }
  CHECK_INT(graph->trainable, v->params);
  CHECK_INT(gb_cost_macs(&graph->cost, GB_COUNT_PAPER), v->macs * v->batch);
  for (size_t i = 0; i < v->output_count; i++) {
    v->outputs[i].node = find_node(graph, v->outputs[i].name);
    if (v->outputs[i].node < 0)
      FAIL("%s: no layer or block is called %s", path, v->outputs[i].name);
  }
  comparison c = {.path = path, .graph = graph, .v = v, .check = check};
  run_graph(check, &c);
  printf("# %s: largest difference %.2g of the spread\n", path, c.worst);
  gb_graph_free(graph);
}

static void run_network(check_state *check, const char *network) {
  glob_t files;
  REQUIRE(glob("tests/golden/vectors/*.txt", 0, NULL, &files) == 0);
  vector *v = malloc(sizeof *v);
  int ran = 0;
  for (size_t i = 0; v && i < files.gl_pathc; i++) {
    const char *path = files.gl_pathv[i];
    if (strstr(path, "/layer-")) // single layers: tests/layers
      continue;
    if (!read_vector(path, v))
      FAIL("%s cannot be read", path);
    else if (strcmp(v->network, network) == 0) {
      run_vector(check, path, v);
      ran++;
    }
  }
  free(v);
  globfree(&files);
  CHECK(ran > 0);
}

#define TEST_NETWORK(id, network)                                                                  \
  TEST(id) {                                                                                       \
    run_network(check, network);                                                                   \
  }
NETWORKS(TEST_NETWORK)

#define NETWORK_CASE(id, network) CASE(id),
TEST_MAIN(NETWORKS(NETWORK_CASE))
