// The kernels of the native engine: pure functions on pointers, fp32, planar NCHW, one image a
// call.
//
// The folder's story: every source here that includes simd.h is compiled once per instruction set;
// kernels.def is the one list of what a set holds, and gb_kernels_for() gives the table of one set.
// A kernel allocates nothing, logs nothing, keeps no state, reads no environment and trusts its
// caller: shapes were checked when the plan was made. The caller picks the table (gb_isa_detect, or
// a name through gb_isa_parse), packs weights once, and hands out ranges of rows, pixels or
// channels to its threads.
//
// What holds for every kernel: maps are rows of `width` floats without gaps, and a channel's map
// begins `*_stride` floats after the last one's, so that results may land inside of a larger,
// concatenated tensor. Nothing is read or written outside of the arrays as described, not even
// within a vector, and no pointer needs more alignment than a float. Ranges [lo, hi) may be cut
// anywhere, and the bits of a result never depend on the cut. `bias` and `residual` may be NULL;
// results are act(sum + bias + residual). in, out and residual must not overlap, except that
// pointwise, conv and winograd may add in place: residual may be out itself, with the same stride.
// Sizes are in floats.
#ifndef GB_KERNELS_H
#define GB_KERNELS_H

#include "layers/base/activation.h"
#include "layers/base/border.h"

#include <stddef.h>
#include <stdint.h>

// Pointwise convolution of one image: out(rows x pixels) = act(W(rows x depth) in(depth x pixels) +
// bias + residual). `rows`, `depth` and `pixels` given when packing must be those of the call.
//
// With `half`, sums of the depth's first `half` maps with bias and residual, and those of the
// others, are made apart and added: what two calls give whose shapes have these depths and no half,
// so that two threads can make one each. Only without activation, and where pointwise_halves says
// so.
typedef struct gb_pointwise_shape {
  int64_t rows, depth, pixels;
  int64_t in_stride, out_stride, residual_stride;
  gb_activation act;
  int64_t half; // less than depth, 0: none
} gb_pointwise_shape;

// A gate multiplies each input map of a pointwise convolution by a factor of its own, as
// squeeze-excite does (Hu et al. 2018, arXiv 1709.01507), in whichever way the instruction set
// finds cheaper: the weights or the pixels. Its scratch of pointwise_scratch_size belongs to the
// calling thread and holds nothing between calls.
typedef struct gb_gate {
  const float *factor; // one for each input map
  float *scratch;
} gb_gate;

// What is wanted soon after a call, and where no processor guesses it. A kernel that multiplies
// sees to it meanwhile, line of cache by line, and moves `next` on. `ask` may be NULL.
// - What will be read is asked for, into the second-level cache: weights of linear layers. Only
//   where there are 32 registers.
// - What will be written is claimed, by a zero in each line: nobody may need what it holds. Other
//   processors have read it, and have to be told before a line is written, which takes ten times as
//   long as the store and more where they are far (`make bench-team`). Only a store tells them: on
//   AMD's Zen 4 a prefetch for writing does nothing to a line that is here and there.
enum { GB_READS = 2, GB_CLAIMS = 8 };
typedef struct gb_read {
  const float *next, *end;
} gb_read;
typedef struct gb_claim {
  float *next, *end;
} gb_claim;
typedef struct gb_ask {
  int read_count, claim_count;
  gb_read reads[GB_READS];
  gb_claim claims[GB_CLAIMS];
} gb_ask;

// Depthwise convolution of one image: output channel c is one kernel_h x kernel_w filter over input
// channel c / multiplier, act(sum + bias[c] + residual). Weights are (channels, kernel_h, kernel_w)
// as in the checkpoint. What lies outside of the input is 0; padding below and right follows from
// the output's size.
typedef struct gb_depthwise_shape {
  int64_t channels, multiplier; // channels: of the output
  int64_t in_h, in_w, out_h, out_w;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
  int64_t in_stride, out_stride, residual_stride;
  gb_activation act;
} gb_depthwise_shape;

// depthwise_rows: only output rows [y0, y1), for which only the input rows that they need are read;
// maps not wider than half a vector only as a whole, as other ranges would give other bits.
// depthwise also writes mean[c], the average of output map c (mean may be NULL).

// A Ghost module of one image: primary maps [c0, c1) and the ghosts made from them. `out` are the
// primary maps (primary.out_stride), `ghosts` theirs (cheap.out_stride); cheap reads `out`, so that
// cheap.in_stride is primary.out_stride. cheap.channels may be less than all ghosts (the module's
// output was cut). gate, residual (to the primary maps, after the ghosts were made and after the
// activation) and ghost_residual may be NULL.
typedef struct gb_ghost_shape {
  gb_pointwise_shape primary;
  gb_depthwise_shape cheap;
} gb_ghost_shape;

// Convolution of one image, any kernel, stride, padding, dilation and groups: weights (out_c, in_c
// / groups, kernel_h, kernel_w) as in the checkpoint, packed once. Pixels are counted row by row
// over the output; only the input rows that those asked for need are read. `scratch` of
// conv_scratch_size floats belongs to the calling thread and holds nothing between calls.
typedef struct gb_conv_shape {
  int64_t in_c, out_c, groups;
  int64_t in_h, in_w, out_h, out_w;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
  int64_t in_stride, out_stride, residual_stride;
  gb_activation act;
} gb_conv_shape;

// winograd is conv for 3 x 3 kernels with stride 1, no dilation and one group, in fewer
// multiplications: its results differ by rounding, about ten times that of conv. winograd_wins says
// whether it can and is faster; its packed weights are winograd_positions / 9 times as large. It is
// shared by rows and by tiles [t0, t1) of winograd_tiles, 4 x 4 outputs each (2 x 2 on small maps);
// scratch of winograd_scratch_size belongs to the calling thread.

// Linear layer: out(batch x rows) = act(in(batch x depth) W^T + bias), W (rows x depth) row by row
// as in the checkpoint; out_stride and in_stride are the floats between images.
typedef struct gb_linear_shape {
  int64_t rows, depth, batch;
  int64_t in_stride, out_stride;
  gb_activation act;
} gb_linear_shape;

// max_pool and average_pool of one image over kernel_h x kernel_w windows. What lies outside of the
// input never is the maximum; an average counts it as zeros when count_padding is set and leaves it
// out otherwise. A window wholly outside gives -infinity or 0.
typedef struct gb_pool_shape {
  int64_t in_h, in_w, out_h, out_w;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left;
  int64_t in_stride, out_stride;
  int count_padding;
} gb_pool_shape;

// Maps taken one by one. scale_maps: out[c] = act(in[c] factor[c] + shift[c]) (shift may be NULL),
// the excitation of squeeze-excite or an unfolded batch norm. copy_maps with an out_stride of
// several maps is one group of a channel shuffle.
// add, multiply, activate, softmax and scale_maps may work in place (out equal to an input).
// add: `rows` rows of n floats, `stride` apart in all three arrays.
// softmax: `rows` rows of n floats, `stride` apart, each to e^x over the sum of e^x.
// global_average: out[c] = mean of map c.
typedef struct gb_maps_shape {
  int64_t pixels, in_stride, out_stride;
} gb_maps_shape;

// softmax_maps: over `channels` maps, `stride` apart, at each of the pixels [p0, p1); may work in
// place.

// warp: output map c is input map c / multiplier read along an affine grid, bilinear, zero outside:
// pixel (x, y) at column m[0] x + m[1] y + m[2] and row m[3] x + m[4] y + m[5] with the c-th six of
// `matrices`. Positions are found in double for each vector's first lane and in float from there.
// height x width < 2^31.
typedef struct gb_warp_shape {
  int64_t h, w, multiplier;
  int64_t in_stride, out_stride;
} gb_warp_shape;

// bank: input maps [c0, c1) through a bank of separable filters; see GB_WORK_BANK in layers/work.h.
// The bands of a map are out_stride apart, those of the next map follow. `scratch` (two maps)
// belongs to the calling thread.
enum { GB_BANK_TAPS = 32 };
typedef struct gb_bank_shape {
  int64_t h, w, bands, taps; // taps: at most GB_BANK_TAPS
  int64_t in_stride, out_stride;
  int along_width, along_height;
  gb_border border;
  float low[GB_BANK_TAPS], high[GB_BANK_TAPS];
} gb_bank_shape;

// For rooflines: peak_fma does that many rounds of multiply-adds in registers, returns their number
// and keeps the result in *sink; read_sum reads n floats once.
typedef enum gb_isa { GB_ISA_BASELINE, GB_ISA_NEON, GB_ISA_AVX2, GB_ISA_AVX512 } gb_isa;

typedef struct gb_kernels {
  gb_isa isa;
  const char *name; // "baseline", "neon", "avx2", "avx512"
  int lanes;        // floats in a vector
#define GB_KERNEL(result, name, parameters) result(*name) parameters;
#include "layers/kernels/kernels.def"
#undef GB_KERNEL
} gb_kernels;

// The best instruction set that both this program and this processor have.
gb_isa gb_isa_detect(void);
// "avx512", "avx2", "neon" or "baseline" to its value; 0 and *isa untouched when there is no such
// name.
int gb_isa_parse(const char *name, gb_isa *isa);
const char *gb_isa_name(gb_isa isa);
// The table of an instruction set, or NULL where the program or the processor lacks it. On aarch64
// NEON belongs to the base, so that "baseline" and "neon" are the same table there.
const gb_kernels *gb_kernels_for(gb_isa isa);

#endif
