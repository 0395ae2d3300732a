// Fresh parameters from a seed, and the recipe of the golden vectors; see weights.h.
#include "harness/graph/weights.h"

#include "layers/base/random.h"

#include <math.h>
#include <string.h>

static void init_tensor(const gb_param *param, uint64_t seed, float *values) {
  // Seeded by its name: a tensor keeps its values when layers around it come and go.
  gb_random random = {gb_mix64(gb_mix64(seed) + gb_hash_text(param->name))};
  double fan = param->spec.fan > 0 ? (double)param->spec.fan : 1;
  for (int64_t i = 0; i < param->count; i++)
    switch (param->spec.init) {
    case GB_INIT_ZERO:
      values[i] = 0;
      break;
    case GB_INIT_ONE:
      values[i] = 1;
      break;
    case GB_INIT_KAIMING:
      values[i] = (float)(sqrt(2 / fan) * gb_random_normal(&random));
      break;
    case GB_INIT_UNIFORM:
      values[i] = (float)((2 * gb_random_uniform(&random) - 1) / sqrt(fan));
      break;
    case GB_INIT_AFFINE: {
      // 2×3 matrices one after another: (1 0 0 / 0 1 0). A deviation of 0.05 keeps each map near
      // itself, and no two maps of a module start alike.
      double identity = i % 6 == 0 || i % 6 == 4;
      values[i] = (float)(identity + 0.05 * gb_random_normal(&random));
      break;
    }
    }
}

gb_status gb_weights_init(const gb_graph *graph, uint64_t seed, gb_weights *weights,
                          gb_error *error) {
  GB_TRY(gb_weights_new(graph, weights, error));
  for (size_t n = 0; n < graph->node_count; n++)
    for (size_t p = 0; p < graph->nodes[n].param_count; p++) {
      const gb_param *param = &graph->nodes[n].params[p];
      init_tensor(param, seed, weights->values + param->offset);
    }
  return GB_OK;
}

// Element `index` of the tensor with this hash: uniform in [0, 1), 24 bits, so exact in float too.
static double recipe_uniform(uint64_t hash, int64_t index) {
  uint64_t x = gb_mix64(hash + (uint64_t)index * UINT64_C(0x9e3779b97f4a7c15));
  return (double)(x >> 40) * 0x1p-24;
}

// value = centre + (u - 0.5) * width, by the last part of the name and the rank.
static void recipe_range(const gb_param *param, double gain, double *centre, double *width) {
  const gb_param_spec *spec = &param->spec;
  const char *dot = strrchr(param->name, '.'), *last = dot ? dot + 1 : param->name;
  bool weight = strcmp(last, "weight") == 0;
  *centre = 0;
  *width = 0.2;
  if (weight && spec->rank >= 2) {
    double fan_in = 1;
    for (int i = 1; i < spec->rank; i++)
      fan_in *= (double)spec->dims[i];
    *width = 2 * gain * sqrt(3 / fan_in); // variance gain²/fan_in: signals keep their size
  } else if (weight || strcmp(last, "running_var") == 0) {
    *centre = 1;
    *width = 1;
  }
}

gb_status gb_weights_recipe(const gb_graph *graph, double gain, gb_weights *weights,
                            gb_error *error) {
  GB_TRY(gb_weights_new(graph, weights, error));
  for (size_t n = 0; n < graph->node_count; n++)
    for (size_t p = 0; p < graph->nodes[n].param_count; p++) {
      const gb_param *param = &graph->nodes[n].params[p];
      float *values = weights->values + param->offset;
      uint64_t hash = gb_hash_text(param->name);
      double centre, width;
      recipe_range(param, gain, &centre, &width);
      for (int64_t i = 0; i < param->count; i++)
        values[i] = (float)(centre + (recipe_uniform(hash, i) - 0.5) * width);
    }
  return GB_OK;
}

void gb_recipe_input(float *values, int64_t count) {
  uint64_t hash = gb_hash_text("input");
  for (int64_t i = 0; i < count; i++)
    values[i] = (float)((recipe_uniform(hash, i) - 0.5) * 2);
}
