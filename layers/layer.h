// The contract of a layer: one .c file in this folder that ends in one const gb_layer.
//
// The story of the folder: layers.def lists the layers; registry.c finds them; attributes.c turns
// the XML's attribute values into each layer's own struct by its table; lower.c lets a composite
// layer (ghost, separable, squeeze-excite) write itself as primitive ones. This library knows
// nothing of harness/: a graph, an XML reader or a test hands it shapes, pointers and text.
//
// To add a layer: write its file, add its line to layers.def, write its test.
#ifndef GB_LAYERS_LAYER_H
#define GB_LAYERS_LAYER_H

#include "layers/base/activation.h"
#include "layers/base/element.h"
#include "layers/base/memory.h"
#include "layers/base/shape.h"
#include "layers/onnx.h"
#include "layers/work.h"

// ---------------------------------------------------------------------------------------------
// Attributes

// A height and a width: kernel="3" is 3×3, kernel="1x64" is one row of 64.
typedef struct gb_size {
  int64_t h, w;
} gb_size;

// How a window passes the border. In XML: "half" (kernel/2 on both sides, times dilation, as
// PyTorch models write it), "valid" (none), "same" (TensorFlow: output is ceil(in/stride); of an
// odd total the larger part lies right and bottom), "causal" (all before, along the width), or
// explicit "p", "HxW", "top,right,bottom,left".
typedef enum gb_padding_mode {
  GB_PAD_HALF,
  GB_PAD_SAME,
  GB_PAD_CAUSAL,
  GB_PAD_EXPLICIT // "valid" is explicit zeros
} gb_padding_mode;

typedef struct gb_padding {
  gb_padding_mode mode;
  int64_t top, right, bottom, left; // of GB_PAD_EXPLICIT
} gb_padding;

// Several kernels: "3,5,7" or "1x3,1x5".
enum { GB_MAX_LIST = 8 };
typedef struct gb_size_list {
  int count;
  gb_size items[GB_MAX_LIST];
} gb_size_list;

typedef enum gb_attr_type {
  GB_ATTR_INT,     // int64_t, within [min, max]
  GB_ATTR_REAL,    // double, within [min, max]
  GB_ATTR_BOOL,    // bool: 0, 1, false, true, no, yes
  GB_ATTR_CHOICE,  // int: index into `choices`
  GB_ATTR_NAME,    // const char *: a name of letters, digits, '.', '_', '-'
  GB_ATTR_NAMES,   // const char *: such names, separated by blanks
  GB_ATTR_SIZE,    // gb_size, each side within [min, max]
  GB_ATTR_SIZES,   // gb_size_list, each side within [min, max]
  GB_ATTR_PADDING, // gb_padding
} gb_attr_type;

// One row of a layer's attribute table. The XML reader, the help, the schema and the documentation
// are all made from these rows.
typedef struct gb_attr {
  const char *name;
  gb_attr_type type;
  size_t offset;              // of the value in the layer's attribute struct
  const char *fallback;       // the default, as written in XML; NULL: the attribute is required
  double min, max;            // INT, REAL, SIZE, SIZES
  const char *const *choices; // CHOICE: NULL-terminated
  const char *help;           // one line
} gb_attr;

// Attributes that every layer element has beside its own: name, in (checked, optional), from.
extern const gb_attr gb_common_attrs[];
extern const size_t gb_common_attr_count;
typedef struct gb_common {
  const char
      *name;  // the checkpoint's name, relative to the enclosing named elements; "" if unnamed
  int64_t in; // channels that must arrive here; 0: not checked
  const char *from; // names of the elements read, separated by blanks; "": the one before
} gb_common;

// ---------------------------------------------------------------------------------------------
// Batch norm and activation as part of a layer: conv, depthwise, linear, affine, wavelet … take
// norm="bn1" act="relu", so that a row of XML reads like a row of a paper's table, and a
// substitution replaces the convolution together with its norm and activation.

extern const char *const gb_activation_names[]; // NULL-terminated, in the order of the enum

typedef struct gb_post {
  const char *norm; // name of the batch norm behind the layer; "" for none
  double norm_eps;
  int act; // gb_activation
} gb_post;

// Three rows for an attribute table; `record` is the attribute struct, `part` its gb_post.
// clang-format off
#define GB_POST_ATTRS(record, part)                                                                \
  {.name = "norm", .type = GB_ATTR_NAME, .offset = offsetof(record, part.norm), .fallback = "",    \
   .help = "name of a batch norm behind the layer"},                                               \
  {.name = "norm-eps", .type = GB_ATTR_REAL, .offset = offsetof(record, part.norm_eps),            \
   .fallback = "1e-5", .min = 0, .max = 1, .help = "epsilon of that batch norm"},                  \
  {.name = "act", .type = GB_ATTR_CHOICE, .offset = offsetof(record, part.act),                    \
   .fallback = "none", .choices = gb_activation_names, .help = "activation behind the layer"}
// clang-format on

// ---------------------------------------------------------------------------------------------
// Parameters

typedef enum gb_init {
  GB_INIT_ZERO,
  GB_INIT_ONE,
  GB_INIT_KAIMING, // normal, deviation sqrt(2 / fan_out) (He et al. 2015), as the paper's code
  GB_INIT_UNIFORM, // uniform in ±1/sqrt(fan_in), as PyTorch's linear layers and biases
  GB_INIT_AFFINE   // rows of 2×3 matrices, identity plus a small random part
} gb_init;

// One tensor of a layer. `name` is the suffix behind the layer's own name ("weight", "bias",
// "running_mean"), as in the public checkpoints.
typedef struct gb_param_spec {
  const char *name;
  int rank;        // 1 to 4
  int64_t dims[4]; // conv weight: (out, in/groups, kh, kw)
  gb_init init;
  int64_t fan;    // fan_in or fan_out of the initialisation, at least 1
  bool trainable; // false: batch norm's running statistics; not counted as parameters
} gb_param_spec;
enum { GB_MAX_PARAMS = 4 };

// ---------------------------------------------------------------------------------------------
// Costs

// What one layer does for one call with its shapes (batch included). 1 MAC = 2 FLOPs.
typedef struct gb_cost {
  int64_t macs;       // multiply-accumulates of convolutions and linear layers: what papers count
  int64_t other_macs; // multiply-accumulates of everything else (batch norm, warps, averages)
  int64_t other_ops;  // single operations: adds, compares, exponentials, divisions
  int64_t fvcore;     // as fvcore counts this layer (0 where that tool passes it over)
  int64_t bytes_read; // inputs and parameters, 4 bytes each, each element once
  int64_t bytes_written;
  int64_t activations; // output elements, for convolutions and linear layers; else 0
} gb_cost;

typedef enum gb_convention { GB_COUNT_PAPER, GB_COUNT_FVCORE, GB_COUNT_FULL } gb_convention;
extern const char *const gb_convention_names[]; // NULL-terminated: paper, fvcore, full
extern const char *const gb_convention_texts[]; // one sentence each: what is counted and left out

// The figure that the convention prints as MACs, and as FLOPs (never mixed: paper and fvcore FLOPs
// are twice their MACs; full adds the single operations).
int64_t gb_cost_macs(const gb_cost *cost, gb_convention convention);
int64_t gb_cost_flops(const gb_cost *cost, gb_convention convention);
void gb_cost_add(gb_cost *sum, const gb_cost *cost); // saturates at INT64_MAX

// ---------------------------------------------------------------------------------------------
// The layer

typedef struct gb_layer gb_layer;

// A layer with its attributes and shapes: what every function below works on. Borrowed pointers.
typedef struct gb_op {
  const gb_layer *layer;
  const void *attrs;  // the layer's own attribute struct
  const gb_shape *in; // `n_in` input shapes
  size_t n_in;
  gb_shape out;
} gb_op;

// What a composite layer writes itself to; implemented by the graph builder (and by tests).
// Values are small integers that stand for tensors.
typedef struct gb_lowering gb_lowering;
struct gb_lowering {
  // Adds layer `kind` with attributes as text ("out=16 kernel=3x3 act=relu", blank-separated).
  // `name` is relative to the composite's own name; "" takes that name itself. The layer's own norm
  // and activation are added too; `*output` is the last value.
  gb_status (*emit)(gb_lowering *to, const char *kind, const char *name, const char *attributes,
                    const int *inputs, size_t n_inputs, int *output, gb_error *error);
  gb_shape (*shape)(const gb_lowering *to, int value);
  void *context;
  const char *name; // full name of the layer being lowered, for messages
  const int *inputs;
  size_t n_inputs;
};

// emit() with a printf format for the attributes and one input; see gb_lowering.emit.
gb_status gb_emit(gb_lowering *to, const char *kind, const char *name, int input, int *output,
                  gb_error *error, const char *attributes, ...) GB_PRINTF(7, 8);
// The same with several inputs.
gb_status gb_emit_many(gb_lowering *to, const char *kind, const char *name, const int *inputs,
                       size_t n_inputs, int *output, gb_error *error, const char *attributes, ...)
    GB_PRINTF(8, 9);

struct gb_layer {
  const char *name;    // the XML element
  const char *summary; // one line for lists and help
  const char *source;  // paper or equation, may be NULL
  int min_inputs, max_inputs;
  size_t attrs_size; // of the attribute struct
  const gb_attr *attrs;
  size_t n_attrs;
  // Offset of the gb_post in the attribute struct, or GB_NO_POST. A primitive layer's norm and
  // activation are added behind it by gb_layer_build; a composite one places its own.
  size_t post;

  // Checks attributes against each other (ranges have been checked). May be NULL.
  gb_status (*check)(const void *attrs, gb_error *error);

  // Composite layers only: writes the layer as primitive ones; sets the value that is its output.
  gb_status (*lower)(const void *attrs, gb_lowering *to, int *output, gb_error *error);

  // Primitive layers only, all required but params (NULL: none) and work.
  // Output shape from input shapes; GB_ESHAPE with the shapes in the message where they do not fit.
  gb_status (*infer)(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                     gb_error *error);
  // Fills up to GB_MAX_PARAMS rows, returns how many.
  size_t (*params)(const gb_op *op, gb_param_spec *specs);
  void (*cost)(const gb_op *op, gb_cost *cost); // `cost` comes zeroed; bytes are filled by caller
  // The same layer in the words of work.h, for engines; `work` comes zeroed. NULL, or leaving the
  // kind GB_WORK_FORWARD: an engine calls `forward`.
  void (*work)(const gb_op *op, gb_work *work);
  // The plain reference: loops as in the definition, fp32 planar NCHW, the oracle of every faster
  // kernel. `in[i]` has shape op->in[i]; `params[i]` follows params(); `out` does not overlap.
  gb_status (*forward)(const gb_op *op, const float *const *in, const float *const *params,
                       float *out, gb_error *error);
  // The same layer as ONNX operators (onnx.h): returns the name of its output, NULL where memory is
  // out. Of any batch: op's N is not looked at. The input layer has none.
  const char *(*onnx)(const gb_op *op, gb_onnx *to);
};
#define GB_NO_POST SIZE_MAX

// ---------------------------------------------------------------------------------------------
// Registry, attributes, building

extern const gb_layer *const gb_layers[]; // in the order of layers.def
extern const size_t gb_layer_count;
const gb_layer *gb_layer_find(const char *name); // NULL when unknown

// Structural elements of the flat document (structure.c): sequence, residual, shortcut, branches,
// branch. They hold layers and are none themselves.
typedef struct gb_structure {
  const char *name;
  const char *summary;
  const gb_attr *attrs; // offsets into gb_structure_attrs
  size_t n_attrs;
  bool is_part; // stands only inside its parent: shortcut in residual, branch in branches
  const char *parent;
} gb_structure;
typedef struct gb_structure_attrs {
  const char *name;  // "" if unnamed
  const char *block; // sequence: the XML block it came from, for tables; "" if none
  int join;          // branches: index into gb_join_names
  int act;           // residual, branches: activation behind the join
} gb_structure_attrs;
extern const char *const gb_join_names[]; // concat, add, multiply: names of layers
extern const gb_structure gb_structures[];
extern const size_t gb_structure_count;
const gb_structure *gb_structure_find(const char *name);

// Parses one attribute value into `attrs` (a struct that the row's offset refers to). Text values
// are borrowed. On failure the message names the attribute, the value and what is allowed.
gb_status gb_attr_parse(const gb_attr *attr, const char *value, void *attrs, gb_error *error);

// "integer from 1 to 65536", "one of none, relu, …": what an attribute allows, for help and errors.
const char *gb_attr_allowed(const gb_attr *attr, char *text, size_t size);

// All attributes of an element into one zeroed struct, defaults for those absent. Reports each
// unknown, missing, wrong attribute to `faults` when that is given (and goes on), else returns the
// first as an error. `ignored` names attributes that are somebody else's (NULL-terminated; NULL).
gb_status gb_attrs_parse(const gb_attr *attrs, size_t n_attrs, const gb_element *element,
                         const char *const *ignored, void *values, gb_faults *faults,
                         gb_error *error);

// Resolves padding for a window of `kernel`, `stride`, `dilation` on `in` (height, width): explicit
// amounts on the four sides, never negative.
void gb_padding_resolve(const gb_padding *padding, gb_size kernel, gb_size stride, gb_size dilation,
                        gb_size in, int64_t *top, int64_t *right, int64_t *bottom, int64_t *left);

// Output size of a window along one axis: floor((in + before + after - dilation*(kernel-1) - 1) /
// stride) + 1; 0 when the window does not fit.
int64_t gb_window_out(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t before,
                      int64_t after);

// Adds a layer with parsed attributes: primitive ones with their norm and activation, composite
// ones lowered. `to->emit_primitive`-like calls go through `add`, which appends exactly one
// primitive op and returns its value.
typedef struct gb_builder gb_builder;
struct gb_builder {
  gb_status (*add)(gb_builder *builder, const gb_layer *layer, const void *attrs, const char *name,
                   const int *inputs, size_t n_inputs, int *output, gb_error *error);
  gb_shape (*shape)(const gb_builder *builder, int value);
  gb_arena *arena; // for attribute structs and names
  void *context;
};
// `name` is the full name of the layer ("blocks.0.0.ghost1"); `scope` the full name of what
// encloses it ("blocks.0.0" or ""), to which the batch norm's name is relative.
gb_status gb_layer_build(gb_builder *builder, const gb_layer *layer, const void *attrs,
                         const char *scope, const char *name, const int *inputs, size_t n_inputs,
                         int *output, gb_error *error);

// The same from text: layer `kind` with attributes "out=16 kernel=3x3" (blank-separated), its name
// relative to `scope` ("" takes the scope's own name).
gb_status gb_layer_build_text(gb_builder *builder, const char *kind, const char *scope,
                              const char *name, const char *attributes, const int *inputs,
                              size_t n_inputs, int *output, gb_error *error);

#endif
