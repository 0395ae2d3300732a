// Finds layers by name; the list itself is layers.def.
#include "layers/layer.h"

#include <string.h>

#define GB_LAYER(id) extern const gb_layer gb_layer_##id;
#include "layers/layers.def"
#undef GB_LAYER

const gb_layer *const gb_layers[] = {
#define GB_LAYER(id) &gb_layer_##id,
#include "layers/layers.def"
#undef GB_LAYER
};
const size_t gb_layer_count = sizeof gb_layers / sizeof *gb_layers;

const gb_layer *gb_layer_find(const char *name) {
  for (size_t i = 0; i < gb_layer_count; i++)
    if (strcmp(gb_layers[i]->name, name) == 0)
      return gb_layers[i];
  return NULL;
}
