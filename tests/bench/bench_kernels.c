// Every kernel on the layers of the zoo, beside what this machine can do at most.
//
// usage: bench_kernels [--isa NAME] [--network NAME] [--rounds N] [--json FILE]
// Layers run in the order of their network, so that weights and maps are as far away as they would
// be; a layer's time is the median over the rounds, a network's that of whole rounds.
#define _POSIX_C_SOURCE 200809L
#include "layers/kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef enum kind { CONV, POINTWISE, DEPTHWISE, LINEAR, AVERAGE, SCALE, MAXPOOL } kind;
static const char *const kind_names[] = {"conv",    "pointwise", "depthwise", "linear",
                                         "average", "scale",     "max pool"};

typedef struct layer {
  const char *network;
  kind kind;
  const char *name;
  int64_t in_c, out_c, in_h, in_w, kernel_h, kernel_w, stride, pad_h, pad_w, groups;
  gb_activation act;
  int residual;
} layer;

static const layer layers[] = {
#define LAYER(network, kind, name, ic, oc, ih, iw, kh, kw, s, ph, pw, groups, act, residual)       \
  {#network, kind, name, ic, oc, ih, iw, kh, kw, s, ph, pw, groups, GB_ACT_##act, residual},
#include "tests/bench/layers.def"
};
#define LAYERS (sizeof layers / sizeof *layers)

typedef struct bench {
  const layer *layer;
  int64_t out_h, out_w;
  int winograd;
  float *weights, *packed, *scratch, *bias;
  double macs, bytes; // multiply-adds; bytes of weights, input and output, each once
  double *seconds;
} bench;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(double *values, size_t n, double q) {
  qsort(values, n, sizeof *values, compare);
  return values[(size_t)(q * (double)(n - 1) + 0.5)];
}

static float *filled(size_t n) {
  const size_t bytes = (n * sizeof(float) + 127) / 64 * 64;
  float *p = aligned_alloc(64, bytes);
  if (!p) {
    fprintf(stderr, "bench_kernels: no memory for %zu floats\n", n);
    exit(1);
  }
  for (size_t i = 0; i < bytes / sizeof(float); i++)
    p[i] = (float)((i * 2654435761u >> 8) & 0xff) / 256.0f - 0.5f;
  return p;
}

static gb_conv_shape conv_of(const bench *b) {
  const layer *l = b->layer;
  return (gb_conv_shape){.in_c = l->in_c,
                         .out_c = l->out_c,
                         .groups = l->groups,
                         .in_h = l->in_h,
                         .in_w = l->in_w,
                         .out_h = b->out_h,
                         .out_w = b->out_w,
                         .kernel_h = l->kernel_h,
                         .kernel_w = l->kernel_w,
                         .stride_h = l->stride,
                         .stride_w = l->stride,
                         .pad_top = l->pad_h,
                         .pad_left = l->pad_w,
                         .dilation_h = 1,
                         .dilation_w = 1,
                         .in_stride = l->in_h * l->in_w,
                         .out_stride = b->out_h * b->out_w,
                         .residual_stride = b->out_h * b->out_w,
                         .act = l->act};
}

static gb_pointwise_shape pointwise_of(const bench *b) {
  const int64_t p = b->out_h * b->out_w;
  return (gb_pointwise_shape){b->layer->out_c, b->layer->in_c, p, p, p, p, b->layer->act, 0};
}

static void prepare(bench *b, const gb_kernels *k, const layer *l, size_t rounds) {
  *b = (bench){.layer = l};
  b->out_h = (l->in_h + 2 * l->pad_h - l->kernel_h) / l->stride + 1;
  b->out_w = (l->in_w + 2 * l->pad_w - l->kernel_w) / l->stride + 1;
  const int64_t pixels = b->out_h * b->out_w;
  const int64_t weights = l->out_c * (l->in_c / l->groups) * l->kernel_h * l->kernel_w;
  const int has_weights = l->kind <= LINEAR;
  b->macs = has_weights ? (double)(weights * pixels) : 0;
  b->bytes = 4.0 * (double)((has_weights ? weights : 0) + l->in_c * l->in_h * l->in_w +
                            l->out_c * pixels * (1 + l->residual));
  b->weights = filled((size_t)(has_weights ? weights : l->in_c));
  b->bias = filled((size_t)l->out_c);
  b->seconds = malloc(rounds * sizeof *b->seconds);
  if (l->kind == POINTWISE) {
    const gb_pointwise_shape g = pointwise_of(b);
    b->packed = filled(k->pointwise_pack_size(&g));
    k->pointwise_pack(&g, b->weights, b->packed);
  } else if (l->kind == CONV) {
    const gb_conv_shape g = conv_of(b);
    b->winograd = k->winograd_wins(&g);
    b->packed = filled((b->winograd ? k->winograd_pack_size : k->conv_pack_size)(&g));
    b->scratch = filled((b->winograd ? k->winograd_scratch_size : k->conv_scratch_size)(&g));
    (b->winograd ? k->winograd_pack : k->conv_pack)(&g, b->weights, b->packed);
  }
}

static void run(const bench *b, const gb_kernels *k, const float *in, float *residual, float *out) {
  const layer *l = b->layer;
  const int64_t pixels = b->out_h * b->out_w, in_pixels = l->in_h * l->in_w;
  const float *r = l->residual ? residual : NULL;
  switch (l->kind) {
  case CONV: {
    const gb_conv_shape g = conv_of(b);
    if (b->winograd)
      k->winograd(&g, b->packed, b->bias, in, r, out, b->scratch, 0, l->out_c, 0,
                  k->winograd_tiles(&g));
    else
      k->conv(&g, b->packed, b->bias, in, r, out, b->scratch, 0, l->out_c, 0, pixels);
    break;
  }
  case POINTWISE: {
    const gb_pointwise_shape g = pointwise_of(b);
    k->pointwise(&g, b->packed, b->bias, in, NULL, NULL, r, out, 0, l->out_c, 0, pixels);
    break;
  }
  case DEPTHWISE: {
    const gb_depthwise_shape g = {l->out_c,    l->out_c / l->in_c,
                                  l->in_h,     l->in_w,
                                  b->out_h,    b->out_w,
                                  l->kernel_h, l->kernel_w,
                                  l->stride,   l->stride,
                                  l->pad_h,    l->pad_w,
                                  1,           1,
                                  in_pixels,   pixels,
                                  pixels,      l->act};
    k->depthwise(&g, b->weights, b->bias, in, r, out, NULL, 0, l->out_c);
    break;
  }
  case LINEAR: {
    const gb_linear_shape g = {l->out_c, l->in_c, 1, l->in_c, l->out_c, l->act};
    k->linear(&g, b->weights, b->bias, in, out, 0, l->out_c);
    break;
  }
  case AVERAGE:
    k->global_average(in, in_pixels, in_pixels, out, 0, l->in_c);
    break;
  case SCALE: {
    const gb_maps_shape g = {in_pixels, in_pixels, in_pixels};
    k->scale_maps(&g, b->weights, NULL, in, out, 0, l->in_c, GB_ACT_NONE);
    break;
  }
  case MAXPOOL: {
    const gb_pool_shape g = {l->in_h,     l->in_w,   b->out_h,  b->out_w, l->kernel_h,
                             l->kernel_w, l->stride, l->stride, l->pad_h, l->pad_w,
                             in_pixels,   pixels,    0};
    k->max_pool(&g, in, out, 0, l->in_c);
    break;
  }
  }
}

// Best of several tries, for the machine's own figures.
static double measure_peak(const gb_kernels *k) { // GFLOP/s
  double best = 0;
  for (int i = 0; i < 40; i++) {
    float sink;
    const double t = now();
    const int64_t macs = k->peak_fma(20000, &sink);
    const double rate = 2e-9 * (double)macs / (now() - t);
    best = rate > best ? rate : best;
  }
  return best;
}

static double measure_read(const gb_kernels *k, size_t bytes) { // GB/s
  float *p = filled(bytes / sizeof *p);
  double best = 0;
  volatile float sink = 0;
  for (int i = 0; i < 12; i++) {
    const double t = now();
    sink += k->read_sum(p, (int64_t)(bytes / sizeof *p));
    const double rate = 1e-9 * (double)bytes / (now() - t);
    best = rate > best ? rate : best;
  }
  free(p);
  return best;
}

int main(int argc, char **argv) {
  gb_isa isa = gb_isa_detect();
  const char *only = NULL, *json = NULL;
  size_t rounds = 100;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--isa") == 0 && gb_isa_parse(argv[i + 1], &isa))
      continue;
    if (strcmp(argv[i], "--network") == 0)
      only = argv[i + 1];
    else if (strcmp(argv[i], "--rounds") == 0)
      rounds = (size_t)strtoul(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--json") == 0)
      json = argv[i + 1];
    else {
      fprintf(stderr, "bench_kernels: %s %s: not known\n", argv[i], argv[i + 1]);
      return 2;
    }
  }
  const gb_kernels *k = gb_kernels_for(isa);
  if (!k || rounds == 0) {
    fprintf(stderr, "bench_kernels: this machine has no %s\n", gb_isa_name(isa));
    return 2;
  }
  FILE *file = json ? fopen(json, "w") : NULL;
  if (json && !file) {
    perror(json);
    return 1;
  }
  const double peak = measure_peak(k), cache = measure_read(k, 16u << 20),
               memory = measure_read(k, 256u << 20);
  printf("%s: FMA peak %.1f GFLOP/s, reading 16 MB again and again %.1f GB/s, 256 MB %.1f GB/s\n",
         k->name, peak, cache, memory);
  if (file)
    fprintf(file,
            "{\n\"schema\": \"ghostbench-kernels-1\", \"isa\": \"%s\", \"peak_gflops\": %.2f,\n"
            "\"read_16mb_gbs\": %.2f, \"read_256mb_gbs\": %.2f, \"rounds\": %zu, \"results\": [\n",
            k->name, peak, cache, memory, rounds);
  int first = 1;
  for (size_t begin = 0, end; begin < LAYERS; begin = end) {
    for (end = begin; end < LAYERS && strcmp(layers[end].network, layers[begin].network) == 0;
         end++)
      ;
    if (only && strcmp(only, layers[begin].network) != 0)
      continue;
    const size_t count = end - begin;
    bench *b = malloc(count * sizeof *b);
    double *whole = malloc(rounds * sizeof *whole);
    if (!b || !whole)
      return 1;
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
      const layer *l = &layers[begin + i];
      prepare(&b[i], k, l, rounds);
      const size_t in = (size_t)(l->in_c * l->in_h * l->in_w),
                   out = (size_t)(l->out_c * b[i].out_h * b[i].out_w);
      largest = in > largest ? in : largest;
      largest = out > largest ? out : largest;
    }
    float *maps[3] = {filled(largest), filled(largest), filled(largest)};
    for (size_t r = 0; r < rounds + 1; r++) { // round 0 warms up
      const double start = now();
      for (size_t i = 0; i < count; i++)
        run(&b[i], k, maps[i % 3], maps[(i + 2) % 3], maps[(i + 1) % 3]);
      if (r)
        whole[r - 1] = now() - start;
      double t = now();
      for (size_t i = 0; i < count; i++) { // once more with a clock between the layers
        run(&b[i], k, maps[i % 3], maps[(i + 2) % 3], maps[(i + 1) % 3]);
        const double u = now();
        if (r)
          b[i].seconds[r - 1] = u - t;
        t = u;
      }
    }
    double sum[7] = {0}, macs[7] = {0}, bytes[7] = {0}, bounds = 0;
    printf("\n%-14s %-10s %-22s %16s %9s %9s %7s %7s\n", layers[begin].network, "kernel", "layer",
           "shape", "us", "GFLOP/s", "GB/s", "share");
    for (size_t i = 0; i < count; i++) {
      const layer *l = b[i].layer;
      const double s = quantile(b[i].seconds, rounds, 0.5), gflops = 2e-9 * b[i].macs / s,
                   gbs = 1e-9 * b[i].bytes / s;
      // The roofline: no faster than the arithmetic, nor than reading and writing everything once.
      const double bound_flops = 2e-9 * b[i].macs / peak,
                   bound_bytes = l->kind == LINEAR ? 1e-9 * b[i].bytes / cache : 0;
      const double bound = bound_flops > bound_bytes ? bound_flops : bound_bytes;
      char shape[64];
      snprintf(shape, sizeof shape, "%ldx%ld^2>%ld %ldx%ld/%ld", (long)l->in_c, (long)l->in_w,
               (long)l->out_c, (long)l->kernel_h, (long)l->kernel_w, (long)l->stride);
      printf("%-14s %-10s %-22s %16s %9.2f %9.1f %7.1f %6.0f%%\n", "", kind_names[l->kind], l->name,
             shape, 1e6 * s, gflops, gbs, 100 * bound / s);
      if (file)
        fprintf(file,
                "%s{\"network\": \"%s\", \"kernel\": \"%s\", \"layer\": \"%s\", \"shape\": \"%s\", "
                "\"median_us\": %.3f, "
                "\"best_us\": %.3f, \"gflops\": %.2f, \"gbs\": %.2f, \"roofline\": %.4f}",
                first ? "" : ",\n", l->network, b[i].winograd ? "winograd" : kind_names[l->kind],
                l->name, shape, 1e6 * s, 1e6 * b[i].seconds[0], gflops, gbs, bound / s);
      first = 0;
      bounds += bound;
      sum[l->kind] += s;
      macs[l->kind] += b[i].macs;
      bytes[l->kind] += b[i].bytes;
      free(b[i].weights);
      free(b[i].bias);
      free(b[i].packed);
      free(b[i].scratch);
      free(b[i].seconds);
    }
    for (int i = 0; i < 7; i++)
      if (sum[i] > 0)
        printf("%-14s %-10s %8.3f ms  %7.1f M MACs %7.1f GFLOP/s (%3.0f%% of peak) %6.1f GB/s\n",
               layers[begin].network, kind_names[i], 1e3 * sum[i], 1e-6 * macs[i],
               2e-9 * macs[i] / sum[i], 2e-7 * macs[i] / sum[i] / peak, 1e-9 * bytes[i] / sum[i]);
    const double median = quantile(whole, rounds, 0.5);
    printf("%-14s all layers in order: median %.3f ms, best %.3f ms; at their rooflines %.3f ms\n",
           layers[begin].network, 1e3 * median, 1e3 * whole[0], 1e3 * bounds);
    if (file) {
      fprintf(
          file,
          "%s{\"network\": \"%s\", \"kernel\": \"all\", \"median_us\": %.3f, \"best_us\": %.3f, "
          "\"rooflines_us\": %.3f}",
          first ? "" : ",\n", layers[begin].network, 1e6 * median, 1e6 * whole[0], 1e6 * bounds);
      first = 0;
    }
    for (int i = 0; i < 3; i++)
      free(maps[i]);
    free(b);
    free(whole);
  }
  if (file) {
    fprintf(file, "\n]}\n");
    if (fclose(file) != 0) {
      perror(json);
      return 1;
    }
  }
  return 0;
}
