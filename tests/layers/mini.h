// A tiny graph for tests of layers/ alone: a gb_builder that runs each layer as soon as it is
// added, with parameters that depend on nothing but their names.
#ifndef GB_TESTS_MINI_H
#define GB_TESTS_MINI_H

#include "tests/lib/check.h"

#include "layers/base/random.h"
#include "layers/layer.h"

#include <stdlib.h>

enum { MINI_MOST = 64, MINI_MOST_INPUTS = 8 };

typedef struct mini_value {
  gb_shape shape;
  float *data; // owned by the arena
} mini_value;

typedef struct mini_node {
  const char *name;
  gb_op op;
  gb_shape in[MINI_MOST_INPUTS];
  gb_cost cost;
  size_t n_params;
  gb_param_spec specs[GB_MAX_PARAMS];
  float *params[GB_MAX_PARAMS]; // owned by the arena
  int output;                   // the value it made
} mini_node;

typedef struct mini {
  gb_builder builder; // first, so that callbacks can come back from it
  gb_arena *arena;
  mini_value values[MINI_MOST];
  int n_values;
  mini_node nodes[MINI_MOST];
  int n_nodes;
  gb_cost cost; // sum
  gb_error error;
} mini;

static inline int64_t mini_count(const gb_param_spec *spec) {
  int64_t count = 1;
  for (int i = 0; i < spec->rank; i++)
    count *= spec->dims[i];
  return count;
}

// Uniform in [-1, 1), by name alone.
static inline void mini_fill(const char *name, float *data, int64_t count) {
  gb_random random = {gb_hash_text(name)};
  for (int64_t i = 0; i < count; i++)
    data[i] = (float)(2 * gb_random_uniform(&random) - 1);
}

static inline gb_shape mini_shape_of(const gb_builder *builder, int value) {
  return ((const mini *)(const void *)builder)->values[value].shape;
}

static inline int mini_new_value(mini *m, gb_shape shape) {
  size_t count = (size_t)gb_shape_count(&shape);
  m->values[m->n_values] = (mini_value){shape, gb_arena_allocate(m->arena, count, sizeof(float))};
  if (!m->values[m->n_values].data)
    abort();
  return m->n_values++;
}

static inline gb_status mini_add(gb_builder *builder, const gb_layer *layer, const void *attrs,
                                 const char *name, const int *inputs, size_t n_inputs, int *output,
                                 gb_error *error) {
  mini *m = (mini *)(void *)builder;
  if (m->n_nodes == MINI_MOST || m->n_values == MINI_MOST || n_inputs > MINI_MOST_INPUTS)
    return gb_fail(error, GB_ELIMIT, "mini graph is full");
  mini_node *node = &m->nodes[m->n_nodes];
  *node = (mini_node){.name = name, .op = {.layer = layer, .attrs = attrs, .n_in = n_inputs}};
  const float *data[MINI_MOST_INPUTS];
  for (size_t i = 0; i < n_inputs; i++) {
    node->in[i] = m->values[inputs[i]].shape;
    data[i] = m->values[inputs[i]].data;
  }
  node->op.in = node->in;
  GB_TRY(layer->infer(attrs, node->in, n_inputs, &node->op.out, error));
  if (!gb_shape_valid(&node->op.out))
    return gb_fail(error, GB_ELIMIT, "%s: output too large or empty", name);
  node->n_params = layer->params ? layer->params(&node->op, node->specs) : 0;
  for (size_t i = 0; i < node->n_params; i++) {
    int64_t count = mini_count(&node->specs[i]);
    char *full = gb_arena_print(m->arena, "%s.%s", name, node->specs[i].name);
    node->params[i] = gb_arena_allocate(m->arena, (size_t)count, sizeof(float));
    if (!full || !node->params[i])
      return gb_fail_memory(error);
    mini_fill(full, node->params[i], count);
    if (strcmp(node->specs[i].name, "running_var") == 0)
      for (int64_t j = 0; j < count; j++)
        node->params[i][j] = 1.5f + node->params[i][j]; // [0.5, 2.5)
  }
  layer->cost(&node->op, &node->cost);
  gb_cost_add(&m->cost, &node->cost);
  node->output = *output = mini_new_value(m, node->op.out);
  m->n_nodes++;
  return layer->forward(&node->op, data, (const float *const *)node->params,
                        m->values[*output].data, error);
}

static inline void mini_open(mini *m) {
  memset(m, 0, sizeof *m);
  m->arena = gb_arena_new(NULL);
  if (!m->arena)
    abort();
  m->builder = (gb_builder){.add = mini_add, .shape = mini_shape_of, .arena = m->arena};
}

static inline void mini_close(mini *m) {
  gb_arena_free(m->arena);
}

// A new value of this shape, uniform in [-1, 1) by `name`.
static inline int mini_input(mini *m, const char *name, gb_shape shape) {
  int value = mini_new_value(m, shape);
  mini_fill(name, m->values[value].data, gb_shape_count(&shape));
  return value;
}

// Adds a layer; the status goes back, the message into m->error.
static inline gb_status mini_try(mini *m, const char *kind, const char *name,
                                 const char *attributes, const int *inputs, size_t n_inputs,
                                 int *output) {
  return gb_layer_build_text(&m->builder, kind, "", name, attributes, inputs, n_inputs, output,
                             &m->error);
}

// Adds a layer with one input; a negative number where that fails.
static inline int mini_layer(mini *m, const char *kind, const char *name, const char *attributes,
                             int input) {
  int output;
  return mini_try(m, kind, name, attributes, &input, 1, &output) == GB_OK ? output : -1;
}

static inline const mini_node *mini_find(const mini *m, const char *name) {
  for (int i = 0; i < m->n_nodes; i++)
    if (strcmp(m->nodes[i].name, name) == 0)
      return &m->nodes[i];
  return NULL;
}

// A bound for a float sum of `terms` products whose magnitudes sum to `magnitude`: each of the
// terms + 2 roundings (products, sums, the last one) errs by at most 2^-24 of what it rounds.
static inline double mini_tolerance(int64_t terms, double magnitude) {
  return (double)(terms + 2) * 0x1p-24 * magnitude + 1e-37;
}

// Checks that two values have one shape and agree within `tolerance`; prints the first difference.
static inline void mini_same(check_state *check, const mini *a, int va, const mini *b, int vb,
                             double tolerance) {
  if (va < 0 || vb < 0) {
    FAIL("layer failed: %s%s", a->error.message, b->error.message);
    return;
  }
  const mini_value *x = &a->values[va], *y = &b->values[vb];
  char text[2][GB_SHAPE_TEXT];
  if (!gb_shape_equal(&x->shape, &y->shape)) {
    FAIL("shape %s, expected %s", gb_shape_print(&x->shape, text[0]),
         gb_shape_print(&y->shape, text[1]));
    return;
  }
  for (int64_t i = 0; i < gb_shape_count(&x->shape); i++)
    if (!(fabs((double)x->data[i] - (double)y->data[i]) <= tolerance)) {
      FAIL("element %lld is %.9g, expected %.9g within %.3g", (long long)i, (double)x->data[i],
           (double)y->data[i], tolerance);
      return;
    }
}

// Element (n, c, y, x) of a value; zero outside the map.
static inline double mini_at(const mini_value *v, int64_t n, int64_t c, int64_t y, int64_t x) {
  const gb_shape *s = &v->shape;
  return y < 0 || y >= s->h || x < 0 || x >= s->w
             ? 0
             : (double)v->data[((n * s->c + c) * s->h + y) * s->w + x];
}

// One of a list, by a random number.
#define MINI_PICK(random, list) (list)[gb_random_next(random) % (sizeof(list) / sizeof *(list))]

#endif
