// Tests of the ONNX export: every layer has a form, every network's model is read back with
// protobuf-c and its names, shapes and numbers are those of the graph. Whether the operators
// compute the same is checked by running them: make bench-peers.
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/check.h"
#include "tests/lib/folder.h"
#include "tests/networks/networks.h"

#include "harness/graph/onnx.h"
#include "layers/base/file.h"

#include <onnx.pb-c.h>

typedef struct fixture {
  gb_graph *graph;
  gb_weights weights;
  Onnx__ModelProto *model;
} fixture;

static gb_status pack(const char *name, const network_settings *settings, int64_t batch,
                      bool any_batch, fixture *f, gb_error *error) {
  *f = (fixture){0};
  GB_TRY(network_make(name, settings, batch, &f->graph, error));
  GB_TRY(gb_weights_recipe(f->graph, 1, &f->weights, error));
  const gb_onnx_options options = {.name = name, .version = "test", .any_batch = any_batch};
  unsigned char *bytes;
  size_t size;
  GB_TRY(gb_onnx_pack(f->graph, &f->weights, &options, &bytes, &size, error));
  f->model = onnx__model_proto__unpack(NULL, size, bytes);
  gb_release(NULL, bytes);
  return f->model ? GB_OK : gb_fail(error, GB_EINTERNAL, "the model cannot be read back");
}

static void drop(fixture *f) {
  if (f->model)
    onnx__model_proto__free_unpacked(f->model, NULL);
  gb_weights_free(&f->weights);
  gb_graph_free(f->graph);
}

static const Onnx__TensorProto *initialiser(const fixture *f, const char *name) {
  for (size_t i = 0; i < f->model->graph->n_initializer; i++)
    if (strcmp(f->model->graph->initializer[i]->name, name) == 0)
      return f->model->graph->initializer[i];
  return NULL;
}

static void check_value(check_state *check, const Onnx__ValueInfoProto *value, const char *name,
                        const gb_shape *shape, bool any_batch) {
  CHECK(strcmp(value->name, name) == 0);
  CHECK_INT(value->type->value_case, ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE);
  const Onnx__TypeProto__Tensor *tensor = value->type->tensor_type;
  CHECK_INT(tensor->elem_type, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
  REQUIRE(tensor->shape->n_dim == 4);
  const int64_t sizes[] = {shape->n, shape->c, shape->h, shape->w};
  for (int i = any_batch ? 1 : 0; i < 4; i++)
    CHECK_INT(tensor->shape->dim[i]->dim_value, sizes[i]);
  if (any_batch) {
    CHECK_INT(tensor->shape->dim[0]->value_case,
              ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM);
    CHECK(strcmp(tensor->shape->dim[0]->dim_param, "N") == 0);
  }
}

// Every input of an operator is made before it: the graph's input, an initialiser, or an output of
// an operator before. (The check is quadratic; the largest network has some 400 operators.)
static void check_order(check_state *check, const fixture *f) {
  const Onnx__GraphProto *g = f->model->graph;
  for (size_t i = 0; i < g->n_node; i++)
    for (size_t j = 0; j < g->node[i]->n_input; j++) {
      const char *name = g->node[i]->input[j];
      bool known = !*name || strcmp(name, "input") == 0 || initialiser(f, name);
      for (size_t k = 0; !known && k < i; k++)
        known = strcmp(g->node[k]->output[0], name) == 0;
      if (!known)
        FAIL("%s reads %s, which nothing before makes", g->node[i]->name, name);
    }
}

// No two values share a name.
static void check_unique(check_state *check, const fixture *f) {
  const Onnx__GraphProto *g = f->model->graph;
  for (size_t i = 0; i < g->n_node; i++) {
    for (size_t k = 0; k < i; k++)
      if (strcmp(g->node[k]->output[0], g->node[i]->output[0]) == 0)
        FAIL("two operators make %s", g->node[i]->output[0]);
    if (initialiser(f, g->node[i]->output[0]))
      FAIL("%s is an operator's and an initialiser's", g->node[i]->output[0]);
  }
}

// A shape is told of values that there are, once, and not of the graph's ends.
static void check_shapes(check_state *check, const fixture *f) {
  const Onnx__GraphProto *g = f->model->graph;
  for (size_t i = 0; i < g->n_value_info; i++) {
    const char *name = g->value_info[i]->name;
    bool made = false;
    for (size_t k = 0; k < g->n_node; k++)
      made |= strcmp(g->node[k]->output[0], name) == 0;
    for (size_t k = 0; k < i; k++)
      made &= strcmp(g->value_info[k]->name, name) != 0;
    if (!made || strcmp(name, "output") == 0)
      FAIL("the shape of %s is told in vain", name);
  }
}

static void check_params(check_state *check, const fixture *f) {
  for (size_t n = 0; n < f->graph->node_count; n++)
    for (size_t i = 0; i < f->graph->nodes[n].param_count; i++) {
      const gb_param *p = &f->graph->nodes[n].params[i];
      const Onnx__TensorProto *t = initialiser(f, p->name);
      if (!t) {
        FAIL("no initialiser %s", p->name);
        continue;
      }
      CHECK_INT(t->n_dims, p->spec.rank);
      for (size_t d = 0; d < t->n_dims; d++)
        CHECK_INT(t->dims[d], p->spec.dims[d]);
      CHECK_INT(t->data_type, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
      CHECK_INT(t->raw_data.len, p->count * 4);
      CHECK(memcmp(t->raw_data.data, f->weights.values + p->offset, t->raw_data.len) == 0);
    }
}

static void check_network(check_state *check, const char *name, const network_settings *settings,
                          int64_t batch, bool any_batch) {
  fixture f;
  gb_error error = {0};
  gb_status status = pack(name, settings, batch, any_batch, &f, &error);
  if (status != GB_OK)
    FAIL("%s: %s", name, error.message);
  else {
    const Onnx__GraphProto *g = f.model->graph;
    CHECK_INT(f.model->ir_version, 8);
    CHECK_INT(f.model->n_opset_import, 1);
    CHECK_INT(f.model->opset_import[0]->version, GB_ONNX_OPSET);
    CHECK(strcmp(g->name, name) == 0);
    CHECK_INT(g->n_input, 1);
    CHECK_INT(g->n_output, 1);
    check_value(check, g->input[0], "input", &f.graph->nodes[0].op.out, any_batch);
    check_value(check, g->output[0], "output", &f.graph->nodes[f.graph->node_count - 1].op.out,
                any_batch);
    CHECK(strcmp(g->node[g->n_node - 1]->output[0], "output") == 0);
    check_order(check, &f);
    check_unique(check, &f);
    check_shapes(check, &f);
    check_params(check, &f);
  }
  drop(&f);
}

TEST(every_primitive_layer_but_the_input_has_a_form) {
  size_t forms = 0;
  for (size_t i = 0; i < gb_layer_count; i++) {
    const gb_layer *layer = gb_layers[i];
    bool wanted = !layer->lower && layer->max_inputs > 0;
    if (wanted != (layer->onnx != NULL))
      FAIL("<%s> %s an ONNX form", layer->name, wanted ? "lacks" : "needs no");
    forms += wanted;
  }
  CHECK(forms >= 20);
}

#define X(id, label)                                                                               \
  TEST(id) {                                                                                       \
    check_network(check, label, &(network_settings){0}, 1, false);                                 \
  }
NETWORKS(X)
#undef X

TEST(batch_is_fixed_or_open) {
  check_network(check, "eegnet", &(network_settings){0}, 3, false);
  check_network(check, "eegnet", &(network_settings){0}, 1, true);
}

TEST(ghost_modules_of_every_kind) {
  static const char *const kinds[] = {"affine", "wavelet", "mixed"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    network_settings settings = {
        .items = {{.name = "cheap", .value = kinds[i]}, {.name = "width", .value = "0.5"}},
        .count = 2};
    check_network(check, "ghostnet", &settings, 1, true);
  }
}

TEST(layers_that_no_network_has) {
  check_network(check, "../tests/bench/peers/odd-layers", &(network_settings){0}, 1, false);
  check_network(check, "../tests/bench/peers/odd-layers", &(network_settings){0}, 1, true);
}

TEST(a_network_that_hands_its_input_through) {
  check_network(check, "../tests/bench/peers/identity", &(network_settings){0}, 1, false);
}

TEST(causal_padding_is_written_out) {
  fixture f;
  gb_error error = {0};
  REQUIRE_OK(pack("eeg-tcnet", &(network_settings){0}, 1, false, &f, &error), error);
  size_t causal = 0;
  for (size_t i = 0; i < f.model->graph->n_node; i++) {
    const Onnx__NodeProto *n = f.model->graph->node[i];
    for (size_t j = 0; j < n->n_attribute; j++) {
      const Onnx__AttributeProto *a = n->attribute[j];
      if (strcmp(a->name, "pads") == 0 && a->n_ints == 4 && a->ints[1] > 0 && a->ints[3] == 0)
        causal++;
    }
  }
  CHECK(causal >= 4); // two residual blocks of two causal convolutions
  drop(&f);
}

TEST(a_file_is_the_packed_model) {
  fixture f;
  gb_error error = {0};
  test_folder folder;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "m.onnx");
  REQUIRE_OK(pack("eegnet", &(network_settings){0}, 1, false, &f, &error), error);
  const gb_onnx_options options = {.name = "eegnet", .version = "test"};
  REQUIRE_OK(gb_onnx_write(f.graph, &f.weights, &options, path, &error), error);
  char *bytes;
  size_t size;
  REQUIRE_OK(gb_file_read(path, 1 << 24, &bytes, &size, &error), error);
  CHECK_INT(size, onnx__model_proto__get_packed_size(f.model));
  free(bytes);
  CHECK(gb_onnx_write(f.graph, &f.weights, &options, "/nowhere/m.onnx", &error) == GB_EIO);
  CHECK_INT(folder_close(&folder), 1);
  drop(&f);
}

#define X(id, label) CASE(id),
TEST_MAIN(CASE(every_primitive_layer_but_the_input_has_a_form),
          NETWORKS(X) CASE(batch_is_fixed_or_open), CASE(ghost_modules_of_every_kind),
          CASE(layers_that_no_network_has), CASE(a_network_that_hands_its_input_through),
          CASE(causal_padding_is_written_out), CASE(a_file_is_the_packed_model))
