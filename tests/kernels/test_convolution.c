// Depthwise and general convolution kernels against one plain loop.
#define _DEFAULT_SOURCE // mmap
#include "tests/kernels/support.h"

static const gb_activation acts[] = {GB_ACT_NONE, GB_ACT_RELU, GB_ACT_HARD_SWISH, GB_ACT_RELU6,
                                     GB_ACT_ELU};

// One convolution in a form that both kernels can be asked for.
typedef struct shape {
  int64_t in_c, out_c, groups, in_h, in_w, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w,
      dilation_h, dilation_w;
} shape;

typedef enum variant { CONV, DEPTHWISE, WINOGRAD } variant;

static void conv_case(const gb_kernels *k, group *t, shape s, variant which, uint64_t seed) {
  rng r = {seed};
  const int side = (int)(seed & 1);
  const int64_t out_h =
      (s.in_h + 2 * s.pad_h - s.dilation_h * (s.kernel_h - 1) - 1) / s.stride_h + 1;
  const int64_t out_w =
      (s.in_w + 2 * s.pad_w - s.dilation_w * (s.kernel_w - 1) - 1) / s.stride_w + 1;
  const int64_t in_stride = s.in_h * s.in_w + (int64_t)(seed % 3), pixels = out_h * out_w;
  const int64_t out_stride = pixels + (int64_t)(seed % 5), res_stride = pixels + 1;
  const int64_t group_in = s.in_c / s.groups, group_out = s.out_c / s.groups,
                depth = group_in * s.kernel_h * s.kernel_w;
  const gb_activation act = acts[seed % 5];
  char what[160];
  snprintf(what, sizeof what,
           "%ldx%ldx%ld to %ld, groups %ld, kernel %ldx%ld stride %ldx%ld pad %ldx%ld dilation "
           "%ldx%ld seed %lu",
           (long)s.in_c, (long)s.in_h, (long)s.in_w, (long)s.out_c, (long)s.groups,
           (long)s.kernel_h, (long)s.kernel_w, (long)s.stride_h, (long)s.stride_w, (long)s.pad_h,
           (long)s.pad_w, (long)s.dilation_h, (long)s.dilation_w, (unsigned long)seed);
  const size_t in_n = (size_t)((s.in_c - 1) * in_stride + s.in_h * s.in_w), pad = 40;
  const size_t out_n = (size_t)((s.out_c - 1) * out_stride + pixels),
               res_n = (size_t)((s.out_c - 1) * res_stride + pixels);
  guarded in = guarded_new(in_n, side), w = guarded_new((size_t)(s.out_c * depth), side);
  guarded bias = guarded_new((size_t)s.out_c, side), res = guarded_new(res_n, side),
          mean = guarded_new((size_t)s.out_c, side);
  float *out = malloc((out_n + 2 * pad) * sizeof *out),
        *cut = malloc((out_n + 2 * pad) * sizeof *out),
        *added = malloc((out_n + 2 * pad) * sizeof *out);
  rng_fill(&r, in.at, in_n);
  rng_fill(&r, w.at, w.n);
  rng_fill(&r, bias.at, bias.n);
  rng_fill(&r, res.at, res_n);
  mark(out, out_n + 2 * pad);
  mark(cut, out_n + 2 * pad);
  mark(added, out_n + 2 * pad);
  const float *b = seed % 3 ? bias.at : NULL, *e = seed % 4 == 1 ? res.at : NULL;
  const int64_t m = (int64_t)(rng_next(&r) % (uint32_t)(s.out_c + 1)),
                p = (int64_t)(rng_next(&r) % (uint32_t)(pixels + 1));
  if (which == DEPTHWISE) {
    const gb_depthwise_shape g = {s.out_c,    group_out,  s.in_h,       s.in_w,       out_h,
                                  out_w,      s.kernel_h, s.kernel_w,   s.stride_h,   s.stride_w,
                                  s.pad_h,    s.pad_w,    s.dilation_h, s.dilation_w, in_stride,
                                  out_stride, res_stride, act};
    k->depthwise(&g, w.at, b, in.at, e, out + pad, mean.at, 0, s.out_c);
    k->depthwise(&g, w.at, b, in.at, e, cut + pad, NULL, 0, m);
    k->depthwise(&g, w.at, b, in.at, e, cut + pad, NULL, m, s.out_c);
  } else {
    const gb_conv_shape g = {s.in_c,     s.out_c,    s.groups,   s.in_h,       s.in_w,
                             out_h,      out_w,      s.kernel_h, s.kernel_w,   s.stride_h,
                             s.stride_w, s.pad_h,    s.pad_w,    s.dilation_h, s.dilation_w,
                             in_stride,  out_stride, res_stride, act};
    const int fast = which == WINOGRAD;
    guarded packed = guarded_new((fast ? k->winograd_pack_size : k->conv_pack_size)(&g), side);
    guarded scratch =
        guarded_new((fast ? k->winograd_scratch_size : k->conv_scratch_size)(&g), side);
    void (*run)(const gb_conv_shape *, const float *, const float *, const float *, const float *,
                float *, float *, int64_t, int64_t, int64_t, int64_t) =
        fast ? k->winograd : k->conv;
    const int64_t all = fast ? k->winograd_tiles(&g) : pixels, some = p * all / pixels;
    (fast ? k->winograd_pack : k->conv_pack)(&g, w.at, packed.at);
    run(&g, packed.at, b, in.at, e, out + pad, scratch.at, 0, s.out_c, 0, all);
    mark(scratch.at, scratch.n);
    run(&g, packed.at, b, in.at, e, cut + pad, scratch.at, 0, m, 0, some);
    run(&g, packed.at, b, in.at, e, cut + pad, scratch.at, m, s.out_c, 0, some);
    run(&g, packed.at, b, in.at, e, cut + pad, scratch.at, 0, m, some, all);
    run(&g, packed.at, b, in.at, e, cut + pad, scratch.at, m, s.out_c, some, all);
    if (e) { // the residual may be the output
      gb_conv_shape same = g;
      same.residual_stride = out_stride;
      put_rows(added + pad, out_stride, e, res_stride, s.out_c, pixels);
      run(&same, packed.at, b, in.at, added + pad, added + pad, scratch.at, 0, s.out_c, some, all);
      run(&same, packed.at, b, in.at, added + pad, added + pad, scratch.at, 0, s.out_c, 0, some);
      if (memcmp(out, added, (out_n + 2 * pad) * sizeof *out) != 0)
        group_fail(t, "%s: adding in place gives other bits", what);
    }
    guarded_free(&packed);
    guarded_free(&scratch);
  }
  t->cases++;
  if (memcmp(out, cut, (out_n + 2 * pad) * sizeof *out) != 0)
    group_fail(t, "%s: cut at channel %ld, pixel %ld gives other bits", what, (long)m, (long)p);
  int bad = 0;
  double total = 0;
  for (size_t i = 0; i < out_n + 2 * pad && !bad; i++) {
    const int64_t at = (int64_t)i - (int64_t)pad, o = at >= 0 ? at / out_stride : -1,
                  q = at >= 0 ? at % out_stride : 0;
    if (o < 0 || o >= s.out_c || q >= pixels) {
      bad = !is_marked(out[i]);
      if (bad)
        group_fail(t, "%s: wrote outside at %ld", what, (long)at);
      continue;
    }
    const double bias_x = b ? (double)b[o] : 0, add = e ? (double)e[o * res_stride + q] : 0;
    double sum = bias_x + add, size = fabs(bias_x) + fabs(add);
    for (int64_t c = 0; c < group_in; c++)
      for (int64_t ky = 0; ky < s.kernel_h; ky++)
        for (int64_t kx = 0; kx < s.kernel_w; kx++) {
          const int64_t iy = q / out_w * s.stride_h - s.pad_h + ky * s.dilation_h;
          const int64_t ix = q % out_w * s.stride_w - s.pad_w + kx * s.dilation_w;
          if (iy < 0 || iy >= s.in_h || ix < 0 || ix >= s.in_w)
            continue;
          const int64_t channel = o / group_out * group_in + c;
          const double term =
              (double)w.at[((o * group_in + c) * s.kernel_h + ky) * s.kernel_w + kx] *
              (double)in.at[channel * in_stride + iy * s.in_w + ix];
          sum += term;
          size += fabs(term);
        }
    const double want = act_double(act, sum), got = (double)out[i];
    // Winograd's matrices add up to tens of the values that they mix.
    const double rounding =
        which == WINOGRAD ? 100 * (double)depth * 0x1p-24 : sum_tolerance(depth + 2, size);
    const double tol = act_slope(act) * rounding + act_extra(act);
    bad = !(fabs(got - want) <= tol);
    if (bad)
      group_fail(t, "%s act %d: [%ld][%ld] = %.9g, not %.9g +- %.2g", what, (int)act, (long)o,
                 (long)q, got, want, tol);
    total = q == 0 ? (double)out[i] : total + (double)out[i];
    if (which == DEPTHWISE && q == pixels - 1 &&
        !(fabs(total / (double)pixels - (double)mean.at[o]) <= sum_tolerance(pixels, 8))) {
      group_fail(t, "%s: mean of channel %ld is %.9g, not %.9g", what, (long)o, (double)mean.at[o],
                 total / (double)pixels);
      bad = 1;
    }
  }
  free(out);
  free(cut);
  free(added);
  guarded_free(&in);
  guarded_free(&w);
  guarded_free(&bias);
  guarded_free(&res);
  guarded_free(&mean);
}

static void test_depthwise(const gb_kernels *k, group *t) {
  uint64_t seed = 1;
  const int64_t v = k->lanes;
  const int64_t sizes[] = {1, 2, 3, 5, 7, 8, 9, 13, 14, v - 1, v, v + 1, 28, 2 * v + 1, 56};
  // Squares with the usual padding, without, and with too much, on maps of every size; heights
  // differ from widths.
  for (int64_t kernel = 1; kernel <= 9; kernel += 2)
    for (int64_t stride = 1; stride <= 3; stride++)
      for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int64_t pad = 0; pad <= kernel / 2 + 1; pad += kernel / 2 + (kernel == 1)) {
          const int64_t height = sizes[(i + seed) % 12];
          if (sizes[i] + 2 * pad < kernel || height + 2 * pad < kernel)
            continue;
          conv_case(
              k, t,
              (shape){3, 3, 3, height, sizes[i], kernel, kernel, stride, stride, pad, pad, 1, 1},
              DEPTHWISE, seed++);
        }
  // Small maps, which go as a whole, two rows to a vector, and where that ends; 7 x 7 and 14 x 14,
  // which have forms of their own.
  for (int64_t height = 1; height <= 17; height++)
    for (int64_t width = 2; width <= 17; width += width == 4 || width == 10 ? 3 : 1)
      for (int64_t kernel = 3; kernel <= 7; kernel += 2)
        for (int64_t stride = 1; stride <= 2; stride++) {
          const int64_t pad = kernel / 2;
          conv_case(k, t,
                    (shape){3, 3, 3, height, width, kernel, kernel, stride, stride, pad, pad, 1, 1},
                    DEPTHWISE, seed++);
        }
  const shape others[] = {
      {4, 8, 4, 14, 14, 3, 3, 1, 1, 1, 1, 1, 1},   // multiplier 2
      {2, 6, 2, 9, 11, 5, 5, 2, 2, 2, 2, 1, 1},    // multiplier 3
      {4, 8, 4, 22, 101, 22, 1, 1, 1, 0, 0, 1, 1}, // EEGNet's spatial filter
      {3, 3, 3, 1, 281, 1, 16, 1, 1, 0, 7, 1, 1},  // and its separable one
      {3, 3, 3, 20, 23, 3, 3, 1, 1, 2, 2, 2, 2},   // dilated
      {3, 3, 3, 20, 67, 3, 5, 1, 1, 3, 6, 3, 3},   // dilated, not square
      {3, 3, 3, 20, 67, 3, 3, 2, 1, 1, 1, 1, 1},   // strides differ
      {3, 3, 3, 12, 40, 3, 3, 1, 2, 1, 1, 1, 1},
      {2, 2, 2, 5, 300, 3, 3, 1, 1, 1, 1, 1, 1},
      {2, 2, 2, 5, 300, 5, 5, 2, 2, 2, 2, 1, 1},
      {3, 3, 3, 17, 19, 4, 4, 1, 1, 2, 1, 1, 1},
      // Maps so large that their output's lines are asked for ahead.
      {2, 2, 2, 50, 47, 3, 3, 1, 1, 1, 1, 1, 1},
      {2, 2, 2, 101, 95, 3, 3, 2, 2, 1, 1, 1, 1},
      {2, 2, 2, 46, 49, 5, 5, 1, 1, 2, 2, 1, 1},
      {2, 2, 2, 47, 50, 7, 7, 1, 1, 3, 3, 1, 1},
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    for (int again = 0; again < 4; again++)
      conv_case(k, t, others[i], DEPTHWISE, seed++);
}

static void test_conv(const gb_kernels *k, group *t) {
  uint64_t seed = 1;
  const shape shapes[] = {
      {3, 16, 1, 32, 64, 3, 3, 2, 2, 1, 1, 1, 1},  {3, 13, 1, 31, 63, 7, 7, 2, 2, 3, 3, 1, 1},
      {3, 8, 1, 9, 70, 3, 3, 1, 1, 1, 1, 1, 1},    {1, 8, 1, 5, 130, 1, 64, 1, 1, 0, 31, 1, 1},
      {1, 7, 1, 3, 90, 1, 9, 1, 1, 0, 8, 1, 2},    {2, 9, 1, 11, 100, 3, 3, 3, 3, 1, 1, 1, 1},
      {40, 20, 1, 7, 7, 3, 3, 1, 1, 1, 1, 1, 1},   {33, 9, 1, 14, 14, 3, 3, 2, 2, 1, 1, 1, 1},
      {8, 6, 2, 13, 17, 3, 3, 1, 1, 2, 2, 2, 2},   {12, 12, 3, 10, 10, 5, 5, 2, 2, 2, 2, 1, 1},
      {6, 10, 2, 9, 40, 3, 3, 1, 1, 1, 1, 1, 1},   {5, 3, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1},
      {16, 24, 1, 8, 9, 1, 1, 2, 2, 0, 0, 1, 1},   {64, 17, 1, 15, 31, 3, 3, 1, 1, 1, 1, 1, 1},
      {3, 4, 1, 6, 200, 3, 3, 2, 1, 0, 1, 1, 1},   {31, 8, 1, 20, 20, 3, 3, 1, 1, 0, 0, 1, 1},
      {25, 17, 1, 28, 27, 3, 3, 2, 2, 1, 1, 1, 1}, {3, 24, 1, 9, 224, 3, 3, 2, 2, 1, 1, 1, 1},
      {3, 19, 1, 7, 194, 3, 3, 2, 2, 0, 0, 1, 1},  {3, 16, 1, 6, 195, 3, 3, 2, 2, 1, 1, 1, 1},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (int again = 0; again < 5; again++)
      conv_case(k, t, shapes[i], CONV, seed++);
}

static void test_winograd(const gb_kernels *k, group *t) {
  uint64_t seed = 1;
  static const int64_t sizes[][2] = {{4, 4},   {7, 7}, {14, 14}, {13, 30},
                                     {16, 33}, {1, 5}, {28, 28}};
  static const int64_t channels[][2] = {{16, 16}, {3, 5}, {17, 40}, {70, 33}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
      for (int64_t pad = 0; pad < 3; pad++)
        if (sizes[i][0] + 2 * pad >= 3)
          conv_case(k, t,
                    (shape){channels[c][0], channels[c][1], 1, sizes[i][0], sizes[i][1], 3, 3, 1, 1,
                            pad, pad, 1, 1},
                    WINOGRAD, seed++);
}

// Output rows [y0, y1) of two maps, from an input of which only the rows that these need can be
// read, one map at a time: the bits of the whole. The output has `below` rows more than a padding
// of kernel / 2 gives.
static void rows_case(const gb_kernels *k, group *t, int64_t size, int64_t kernel, int64_t stride,
                      int64_t below, int64_t y0, int64_t y1, variant which, uint64_t seed) {
  rng r = {seed};
  const int64_t pad = kernel / 2, out_size = (size + 2 * pad - kernel) / stride + 1;
  const int64_t out_h = out_size + below, pixels = out_h * out_size, depth = kernel * kernel;
  y0 = y0 < out_h ? y0 : out_h - 1;
  y1 = y1 < out_h ? y1 : out_h;
  int64_t first = y0 * stride - pad, end = (y1 - 1) * stride - pad + kernel;
  first = first < 0 ? 0 : first;
  end = end > size ? size : end;
  guarded whole = guarded_new((size_t)(size * size), 0), w = guarded_new((size_t)depth, 0);
  guarded some = guarded_new((size_t)((end - first) * size), (int)(seed & 1));
  float *out = malloc(2 * (size_t)pixels * sizeof *out), *cut = out + pixels;
  rng_fill(&r, whole.at, whole.n);
  rng_fill(&r, w.at, w.n);
  memcpy(some.at, whole.at + first * size, some.n * sizeof(float));
  const float *in = some.at - first * size;
  if (which == DEPTHWISE) {
    const gb_depthwise_shape g = {1,      1,      size,        size,   out_h,  out_size,
                                  kernel, kernel, stride,      stride, pad,    pad,
                                  1,      1,      size * size, pixels, pixels, GB_ACT_RELU};
    k->depthwise(&g, w.at, NULL, whole.at, NULL, out, NULL, 0, 1);
    k->depthwise_rows(&g, w.at, NULL, in, NULL, cut, 0, 1, y0, y1);
  } else {
    const gb_conv_shape g = {1,      1,           1,      size,   size,       out_h, out_size,
                             kernel, kernel,      stride, stride, pad,        pad,   1,
                             1,      size * size, pixels, pixels, GB_ACT_RELU};
    guarded packed = guarded_new(k->conv_pack_size(&g), 0);
    guarded scratch = guarded_new(k->conv_scratch_size(&g), 0);
    k->conv_pack(&g, w.at, packed.at);
    k->conv(&g, packed.at, NULL, whole.at, NULL, out, scratch.at, 0, 1, 0, pixels);
    k->conv(&g, packed.at, NULL, in, NULL, cut, scratch.at, 0, 1, y0 * out_size, y1 * out_size);
    guarded_free(&packed);
    guarded_free(&scratch);
  }
  t->cases++;
  if (memcmp(out + y0 * out_size, cut + y0 * out_size,
             (size_t)((y1 - y0) * out_size) * sizeof *out) != 0)
    group_fail(t, "rows %ld to %ld of %ld, kernel %ld stride %ld: other bits than the whole",
               (long)y0, (long)y1, (long)out_h, (long)kernel, (long)stride);
  free(out);
  guarded_free(&whole);
  guarded_free(&some);
  guarded_free(&w);
}

static void test_rows(const gb_kernels *k, group *t) {
  uint64_t seed = 1;
  const int64_t sizes[] = {k->lanes + 1, 2 * k->lanes, 47};
  static const int64_t rows[][2] = {{0, 1}, {0, 4}, {0, 7}, {3, 8}, {5, 16}, {7, 14}, {13, 99}};
  for (int i = 0; i < 3; i++)
    for (int64_t kernel = 3; kernel <= 7; kernel += 2)
      for (int64_t stride = 1; stride <= 3; stride++)
        for (size_t j = 0; j < sizeof rows / sizeof *rows; j++)
          for (int which = CONV; which <= DEPTHWISE; which++)
            rows_case(k, t, sizes[i], kernel, stride, 0, rows[j][0], rows[j][1], (variant)which,
                      seed++);
  // 14 x 14 has a form of its own for the whole; and as many rows of a higher output are no such
  // map.
  for (int64_t kernel = 3; kernel <= 7; kernel += 2) {
    for (size_t j = 0; j < sizeof rows / sizeof *rows; j++)
      rows_case(k, t, 14, kernel, 1, 0, rows[j][0], rows[j][1], DEPTHWISE, seed++);
    for (int64_t y0 = 0; y0 <= 2; y0++)
      rows_case(k, t, 14, kernel, 1, 2, y0, y0 + 14, DEPTHWISE, seed++);
  }
}

KERNEL_TEST_MAIN({"depthwise", test_depthwise}, {"conv", test_conv}, {"winograd", test_winograd},
                 {"rows", test_rows})
