// Building layers: a primitive one with its norm and activation, a composite one lowered.
#define _POSIX_C_SOURCE 200809L // strtok_r
#include "layers/layer.h"

#include "layers/base/text.h"

#include <stdio.h>
#include <string.h>

GB_PRINTF(8, 0)
static gb_status emit_text(gb_lowering *to, const char *kind, const char *name, const int *inputs,
                           size_t n_inputs, int *output, gb_error *error, const char *format,
                           va_list arguments) {
  char attributes[512];
  int n = vsnprintf(attributes, sizeof attributes, format, arguments);
  if (n < 0 || (size_t)n >= sizeof attributes)
    return gb_fail(error, GB_EINTERNAL, "%s: attributes of '%s' too long", to->name, kind);
  return to->emit(to, kind, name, attributes, inputs, n_inputs, output, error);
}

gb_status gb_emit(gb_lowering *to, const char *kind, const char *name, int input, int *output,
                  gb_error *error, const char *attributes, ...) {
  va_list arguments;
  va_start(arguments, attributes);
  gb_status status = emit_text(to, kind, name, &input, 1, output, error, attributes, arguments);
  va_end(arguments);
  return status;
}

gb_status gb_emit_many(gb_lowering *to, const char *kind, const char *name, const int *inputs,
                       size_t n_inputs, int *output, gb_error *error, const char *attributes, ...) {
  va_list arguments;
  va_start(arguments, attributes);
  gb_status status =
      emit_text(to, kind, name, inputs, n_inputs, output, error, attributes, arguments);
  va_end(arguments);
  return status;
}

// "scope.name", or the one that is not empty.
static const char *join_names(gb_arena *arena, const char *scope, const char *name) {
  if (!*scope)
    return gb_arena_copy(arena, name);
  if (!*name)
    return gb_arena_copy(arena, scope);
  return gb_arena_print(arena, "%s.%s", scope, name);
}

// Splits "out=16 kernel=3x3" into the attributes of an element.
static gb_status split_attributes(gb_arena *arena, const char *text, gb_element *element,
                                  gb_error *error) {
  char *copy = gb_arena_copy(arena, text);
  size_t capacity = 0;
  if (!copy)
    return gb_fail_memory(error);
  for (char *save = NULL, *word = strtok_r(copy, " ", &save); word;
       word = strtok_r(NULL, " ", &save)) {
    char *equals = strchr(word, '=');
    if (!equals)
      return gb_fail(error, GB_EINTERNAL, "attribute text '%s' has no '='", word);
    *equals = '\0';
    gb_attribute *grown = gb_arena_grow(arena, element->attributes, element->attribute_count,
                                        &capacity, sizeof *grown);
    if (!grown)
      return gb_fail_memory(error);
    element->attributes = grown;
    element->attributes[element->attribute_count++] =
        (gb_attribute){.name = word, .value = equals + 1};
  }
  return GB_OK;
}

gb_status gb_layer_build_text(gb_builder *builder, const char *kind, const char *scope,
                              const char *name, const char *attributes, const int *inputs,
                              size_t n_inputs, int *output, gb_error *error) {
  const gb_layer *layer = gb_layer_find(kind);
  if (!layer)
    return gb_fail(error, GB_EINTERNAL, "%s: lowers to the unknown layer '%s'", scope, kind);
  gb_element element = {.kind = kind};
  GB_TRY(split_attributes(builder->arena, attributes, &element, error));
  void *attrs = gb_arena_allocate(builder->arena, 1, layer->attrs_size + 1);
  const char *full = join_names(builder->arena, scope, name);
  if (!attrs || !full)
    return gb_fail_memory(error);
  gb_status status =
      gb_attrs_parse(layer->attrs, layer->n_attrs, &element, NULL, attrs, NULL, error);
  if (status != GB_OK) {
    gb_error_prefix(error, "%s: ", full);
    return status;
  }
  return gb_layer_build(builder, layer, attrs, scope, full, inputs, n_inputs, output, error);
}

static gb_status emit(gb_lowering *to, const char *kind, const char *name, const char *attributes,
                      const int *inputs, size_t n_inputs, int *output, gb_error *error) {
  return gb_layer_build_text(to->context, kind, to->name, name, attributes, inputs, n_inputs,
                             output, error);
}

static gb_shape shape_of(const gb_lowering *to, int value) {
  const gb_builder *builder = to->context;
  return builder->shape(builder, value);
}

static gb_status build_post(gb_builder *builder, const gb_post *post, const char *scope,
                            const char *name, int *value, gb_error *error) {
  gb_lowering to = {.emit = emit, .shape = shape_of, .context = builder, .name = scope};
  if (*post->norm)
    GB_TRY(
        gb_emit(&to, "batch-norm", post->norm, *value, value, error, "eps=%.17g", post->norm_eps));
  if (post->act != GB_ACT_NONE) {
    to.name = name;
    GB_TRY(gb_emit(&to, "activation", "act", *value, value, error, "function=%s",
                   gb_activation_names[post->act]));
  }
  return GB_OK;
}

gb_status gb_layer_build(gb_builder *builder, const gb_layer *layer, const void *attrs,
                         const char *scope, const char *name, const int *inputs, size_t n_inputs,
                         int *output, gb_error *error) {
  if (n_inputs < (size_t)layer->min_inputs || n_inputs > (size_t)layer->max_inputs)
    return gb_fail(error, GB_EINPUT, "%s: <%s> takes %d to %d inputs, not %zu", name, layer->name,
                   layer->min_inputs, layer->max_inputs, n_inputs);
  if (layer->check) {
    gb_status status = layer->check(attrs, error);
    if (status != GB_OK) {
      gb_error_prefix(error, "%s: <%s>: ", name, layer->name);
      return status;
    }
  }
  if (layer->lower) {
    gb_lowering to = {.emit = emit,
                      .shape = shape_of,
                      .context = builder,
                      .name = name,
                      .inputs = inputs,
                      .n_inputs = n_inputs};
    return layer->lower(attrs, &to, output, error);
  }
  GB_TRY(builder->add(builder, layer, attrs, name, inputs, n_inputs, output, error));
  if (layer->post == GB_NO_POST)
    return GB_OK;
  const gb_post *post = (const gb_post *)((const char *)attrs + layer->post);
  return build_post(builder, post, scope, name, output, error);
}
