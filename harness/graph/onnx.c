// Writes a graph as an ONNX model with protobuf-c, on code that protoc-c makes from the onnx.proto
// of the system when ghostbench is built.
#include "harness/graph/onnx.h"

#include "layers/base/file.h"

#include <onnx.pb-c.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "raw_data of ONNX is little-endian"
#endif

// An array in the arena that grows.
typedef struct list {
  void **items;
  size_t count, capacity;
} list;

// Everything lives in the arena, the numbers of parameters in the caller's weights.
typedef struct writer {
  gb_onnx to;
  gb_arena *arena;
  const gb_node *node; // the layer being written
  size_t made;         // operators and constants of it so far
  list nodes, constants, shapes;
  bool any_batch, failed; // memory is out
} writer;

static void *take(writer *w, size_t count, size_t size) {
  void *memory = gb_arena_allocate(w->arena, count, size);
  w->failed |= !memory;
  return memory;
}

static bool append(writer *w, list *l, void *item) {
  void *grown =
      item ? gb_arena_grow(w->arena, l->items, l->count, &l->capacity, sizeof *l->items) : NULL;
  if (!grown) {
    w->failed = true;
    return false;
  }
  l->items = grown;
  l->items[l->count++] = item;
  return true;
}

static void *copy(writer *w, const void *from, size_t count, size_t size) {
  void *memory = take(w, count ? count : 1, size);
  if (memory && count)
    memcpy(memory, from, count * size);
  return memory;
}

static char *copy_text(writer *w, const char *text) {
  char *memory = gb_arena_copy(w->arena, text);
  w->failed |= !memory;
  return memory;
}

// "blocks.0/Conv", "blocks.0/Reshape_2": a name of its own for each thing that a layer makes.
static char *fresh_name(writer *w, const char *what) {
  size_t number = w->made++;
  char *name = number ? gb_arena_print(w->arena, "%s/%s_%zu", w->node->name, what, number)
                      : gb_arena_print(w->arena, "%s/%s", w->node->name, what);
  w->failed |= !name;
  return name;
}

static Onnx__AttributeProto *make_attribute(writer *w, const gb_onnx_attr *attr) {
  Onnx__AttributeProto *a = take(w, 1, sizeof *a);
  if (!a)
    return NULL;
  onnx__attribute_proto__init(a);
  a->name = copy_text(w, attr->name);
  a->has_type = 1;
  switch (attr->type) {
  case GB_ONNX_INT:
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    a->has_i = 1;
    a->i = attr->integer;
    break;
  case GB_ONNX_INTS:
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    a->n_ints = attr->count;
    a->ints = copy(w, attr->integers, attr->count, sizeof *a->ints);
    break;
  case GB_ONNX_FLOAT:
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    a->has_f = 1;
    a->f = (float)attr->real;
    break;
  case GB_ONNX_STRING:
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    a->has_s = 1;
    a->s.len = strlen(attr->string);
    a->s.data = copy(w, attr->string, a->s.len, 1);
    break;
  }
  return a;
}

static const char *add_node(gb_onnx *to, const char *op, const char *const *inputs, size_t n_inputs,
                            const gb_onnx_attr *attrs, size_t n_attrs) {
  writer *w = to->context;
  Onnx__NodeProto *n = take(w, 1, sizeof *n);
  if (!n)
    return NULL;
  onnx__node_proto__init(n);
  n->op_type = copy_text(w, op);
  n->name = fresh_name(w, op);
  n->n_input = n_inputs;
  n->input = take(w, n_inputs, sizeof *n->input);
  for (size_t i = 0; n->input && i < n_inputs; i++) {
    w->failed |= !inputs[i];
    n->input[i] = inputs[i] ? copy_text(w, inputs[i]) : NULL;
  }
  n->n_output = 1;
  n->output = take(w, 1, sizeof *n->output);
  if (n->output)
    n->output[0] = n->name;
  n->n_attribute = n_attrs;
  n->attribute = take(w, n_attrs + 1, sizeof *n->attribute);
  for (size_t i = 0; n->attribute && i < n_attrs; i++)
    n->attribute[i] = make_attribute(w, &attrs[i]);
  append(w, &w->nodes, n);
  return w->failed ? NULL : n->name;
}

// `data` must outlive the writer; `name` too.
static const char *add_tensor(writer *w, char *name, Onnx__TensorProto__DataType type, int rank,
                              const int64_t *dims, const void *data, size_t bytes) {
  Onnx__TensorProto *t = take(w, 1, sizeof *t);
  if (!t || !name)
    return NULL;
  onnx__tensor_proto__init(t);
  t->name = name;
  t->n_dims = (size_t)rank;
  t->dims = copy(w, dims, (size_t)rank, sizeof *t->dims);
  t->has_data_type = 1;
  t->data_type = (int32_t)type;
  t->has_raw_data = 1;
  t->raw_data = (ProtobufCBinaryData){bytes, (uint8_t *)(uintptr_t)data}; // packed, not changed
  append(w, &w->constants, t);
  return w->failed ? NULL : name;
}

static const char *add_floats(gb_onnx *to, const float *values, int rank, const int64_t *dims) {
  writer *w = to->context;
  size_t count = 1;
  for (int i = 0; i < rank; i++)
    count *= (size_t)dims[i];
  const void *data = copy(w, values, count, sizeof *values);
  return data ? add_tensor(w, fresh_name(w, "constant"), ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, rank,
                           dims, data, count * sizeof *values)
              : NULL;
}

static const char *add_integers(gb_onnx *to, const int64_t *values, size_t count) {
  writer *w = to->context;
  const int64_t dims = (int64_t)count;
  const void *data = copy(w, values, count, sizeof *values);
  return data ? add_tensor(w, fresh_name(w, "constant"), ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1,
                           &dims, data, count * sizeof *values)
              : NULL;
}

static Onnx__TensorShapeProto__Dimension *make_dimension(writer *w, int64_t size, bool open) {
  Onnx__TensorShapeProto__Dimension *d = take(w, 1, sizeof *d);
  if (!d)
    return NULL;
  onnx__tensor_shape_proto__dimension__init(d);
  if (open) {
    d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    d->dim_param = copy_text(w, "N");
  } else {
    d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    d->dim_value = size;
  }
  return d;
}

// A tensor's name with its shape; NULL when memory is out.
static Onnx__ValueInfoProto *make_value(writer *w, const char *name, const gb_shape *shape) {
  const int64_t sizes[] = {shape->n, shape->c, shape->h, shape->w};
  Onnx__ValueInfoProto *v = take(w, 1, sizeof *v);
  Onnx__TypeProto *type = take(w, 1, sizeof *type);
  Onnx__TypeProto__Tensor *tensor = take(w, 1, sizeof *tensor);
  Onnx__TensorShapeProto *dims = take(w, 1, sizeof *dims);
  Onnx__TensorShapeProto__Dimension **row = take(w, 4, sizeof(void *));
  if (w->failed)
    return NULL;
  onnx__value_info_proto__init(v);
  onnx__type_proto__init(type);
  onnx__type_proto__tensor__init(tensor);
  onnx__tensor_shape_proto__init(dims);
  v->name = copy_text(w, name);
  v->type = type;
  type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  type->tensor_type = tensor;
  tensor->has_elem_type = 1;
  tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  tensor->shape = dims;
  dims->n_dim = 4;
  dims->dim = row;
  for (int i = 0; i < 4; i++)
    row[i] = make_dimension(w, sizes[i], i == 0 && w->any_batch);
  return v;
}

// One layer; returns the name of its output.
static const char *write_layer(writer *w, const gb_node *node, const char *const *values,
                               const gb_weights *weights) {
  const char *params[GB_MAX_PARAMS];
  const char **inputs = take(w, node->op.n_in, sizeof *inputs);
  if (!inputs)
    return NULL;
  for (size_t i = 0; i < node->op.n_in; i++)
    inputs[i] = values[node->inputs[i]];
  for (size_t i = 0; i < node->param_count; i++) {
    const gb_param *p = &node->params[i];
    params[i] = add_tensor(w, copy_text(w, p->name), ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
                           p->spec.rank, p->spec.dims, weights->values + p->offset,
                           (size_t)p->count * sizeof *weights->values);
  }
  w->node = node;
  w->made = 0;
  w->to.inputs = inputs;
  w->to.params = params;
  size_t before = w->nodes.count;
  const char *output = node->op.layer->onnx(&node->op, &w->to);
  w->failed |= !output;
  if (output && w->nodes.count > before)
    append(w, &w->shapes, make_value(w, output, &node->op.out));
  return output;
}

// The network's last tensor is called "output".
static void name_output(writer *w, const char *last) {
  static const char *const name = "output";
  bool found = false;
  for (size_t i = 0; i < w->nodes.count && !w->failed; i++) {
    Onnx__NodeProto *n = w->nodes.items[i];
    for (size_t j = 0; j < n->n_input; j++)
      if (strcmp(n->input[j], last) == 0)
        n->input[j] = copy_text(w, name);
    if (strcmp(n->output[0], last) == 0) {
      n->output[0] = copy_text(w, name);
      found = true;
    }
  }
  // It stands as the graph's output, not among the values between.
  size_t kept = 0;
  for (size_t i = 0; i < w->shapes.count; i++)
    if (strcmp(((Onnx__ValueInfoProto *)w->shapes.items[i])->name, last) != 0)
      w->shapes.items[kept++] = w->shapes.items[i];
  w->shapes.count = kept;
  if (!found && !w->failed) { // a network that hands its input through
    w->made = 0;
    add_node(&w->to, "Identity", &last, 1, NULL, 0);
    if (!w->failed)
      ((Onnx__NodeProto *)w->nodes.items[w->nodes.count - 1])->output[0] = copy_text(w, name);
  }
}

static gb_status write_layers(writer *w, const gb_graph *graph, const gb_weights *weights,
                              gb_error *error) {
  const char **values = take(w, graph->node_count, sizeof *values);
  if (!values)
    return gb_fail_memory(error);
  values[0] = "input";
  w->node = &graph->nodes[0];
  for (size_t i = 1; i < graph->node_count; i++) {
    const gb_node *node = &graph->nodes[i];
    if (!node->op.layer->onnx)
      return gb_fail(error, GB_EUNSUPPORTED, "%s: <%s> has no ONNX form", node->name,
                     node->op.layer->name);
    values[i] = write_layer(w, node, values, weights);
    if (w->failed)
      return gb_fail(error, GB_ENOMEM, "%s: memory is out for the ONNX form of <%s>", node->name,
                     node->op.layer->name);
  }
  name_output(w, values[graph->node_count - 1]);
  return w->failed ? gb_fail_memory(error) : GB_OK;
}

static gb_status pack(writer *w, const gb_graph *graph, const gb_onnx_options *options,
                      unsigned char **bytes, size_t *size, gb_error *error) {
  Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets = &opset;
  Onnx__GraphProto g = ONNX__GRAPH_PROTO__INIT;
  Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
  char producer[] = "ghostbench";
  Onnx__ValueInfoProto *in = make_value(w, "input", &graph->nodes[0].op.out);
  Onnx__ValueInfoProto *out = make_value(w, "output", &graph->nodes[graph->node_count - 1].op.out);
  opset.has_version = 1;
  opset.version = GB_ONNX_OPSET;
  g.name = copy_text(w, options->name);
  g.n_node = w->nodes.count;
  g.node = (Onnx__NodeProto **)w->nodes.items;
  g.n_initializer = w->constants.count;
  g.initializer = (Onnx__TensorProto **)w->constants.items;
  g.n_value_info = w->shapes.count;
  g.value_info = (Onnx__ValueInfoProto **)w->shapes.items;
  g.n_input = g.n_output = 1;
  g.input = &in;
  g.output = &out;
  model.has_ir_version = 1;
  model.ir_version = 8; // that of ONNX 1.12, as is the opset
  model.n_opset_import = 1;
  model.opset_import = &opsets;
  model.producer_name = producer;
  model.producer_version = copy_text(w, options->version);
  model.graph = &g;
  if (w->failed)
    return gb_fail_memory(error);
  *size = onnx__model_proto__get_packed_size(&model);
  if (*size > INT32_MAX)
    return gb_fail(error, GB_ELIMIT,
                   "the ONNX model of %s would have %zu bytes; protobuf allows up to %d",
                   options->name, *size, INT32_MAX);
  *bytes = gb_allocate(NULL, *size, 1);
  if (!*bytes)
    return gb_fail_memory(error);
  onnx__model_proto__pack(&model, *bytes);
  return GB_OK;
}

gb_status gb_onnx_pack(const gb_graph *graph, const gb_weights *weights,
                       const gb_onnx_options *options, unsigned char **bytes, size_t *size,
                       gb_error *error) {
  writer w = {.arena = gb_arena_new(NULL), .any_batch = options->any_batch};
  w.to = (gb_onnx){.node = add_node, .floats = add_floats, .integers = add_integers, .context = &w};
  *bytes = NULL;
  if (!w.arena)
    return gb_fail_memory(error);
  gb_status status = write_layers(&w, graph, weights, error);
  if (status == GB_OK)
    status = pack(&w, graph, options, bytes, size, error);
  gb_arena_free(w.arena);
  return status;
}

gb_status gb_onnx_write(const gb_graph *graph, const gb_weights *weights,
                        const gb_onnx_options *options, const char *path, gb_error *error) {
  unsigned char *bytes;
  size_t size;
  gb_status status = gb_onnx_pack(graph, weights, options, &bytes, &size, error);
  if (status == GB_OK)
    status = gb_file_write(path, bytes, size, error);
  gb_release(NULL, bytes);
  return status;
}
