// The activations by number: what layers name in XML, kernels fuse and the engine passes on.
#ifndef GB_BASE_ACTIVATION_H
#define GB_BASE_ACTIVATION_H

typedef enum gb_activation {
  GB_ACT_NONE,
  GB_ACT_RELU,
  GB_ACT_RELU6,
  GB_ACT_HARD_SIGMOID,    // relu6(x + 3) / 6
  GB_ACT_CLIPPED_SIGMOID, // clip(x, 0, 1)
  GB_ACT_HARD_SWISH,      // x * relu6(x + 3) / 6
  GB_ACT_SIGMOID,
  GB_ACT_ELU // alpha 1
} gb_activation;

#endif
