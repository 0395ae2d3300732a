// Counting conventions: which of a layer's costs each one prints.
#include "layers/layer.h"

const char *const gb_convention_names[] = {"paper", "fvcore", "full", NULL};
const char *const gb_convention_texts[] = {
    "multiply-accumulates of convolutions and linear layers; left out: bias, batch norm, "
    "activations, pooling, element-wise layers, affine warps",
    "as fvcore's FlopCountAnalysis counts a model in evaluation mode: convolutions and linear "
    "layers as MACs, batch norm as 2 an element, adaptive average pooling as 1 an input element, "
    "nearest upsampling as 1 and affine warps as 4 an output element; left out: activations, "
    "element-wise layers, other pooling",
    "everything executed: all multiply-accumulates, and single operations counted apart", NULL};

static int64_t add(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int64_t gb_cost_macs(const gb_cost *cost, gb_convention convention) {
  switch (convention) {
  case GB_COUNT_PAPER:
    return cost->macs;
  case GB_COUNT_FVCORE:
    return cost->fvcore;
  case GB_COUNT_FULL:
    return add(cost->macs, cost->other_macs);
  }
  return 0;
}

int64_t gb_cost_flops(const gb_cost *cost, gb_convention convention) {
  int64_t macs = gb_cost_macs(cost, convention);
  int64_t flops = add(macs, macs);
  return convention == GB_COUNT_FULL ? add(flops, cost->other_ops) : flops;
}

void gb_cost_add(gb_cost *sum, const gb_cost *cost) {
  sum->macs = add(sum->macs, cost->macs);
  sum->other_macs = add(sum->other_macs, cost->other_macs);
  sum->other_ops = add(sum->other_ops, cost->other_ops);
  sum->fvcore = add(sum->fvcore, cost->fvcore);
  sum->bytes_read = add(sum->bytes_read, cost->bytes_read);
  sum->bytes_written = add(sum->bytes_written, cost->bytes_written);
  sum->activations = add(sum->activations, cost->activations);
}
