// Affine warp of each map: a fixed transform, a learned 2×3 matrix, or both; bilinear, zero
// outside.
#include "layers/affine.h"

#include <math.h>

typedef struct affine_attrs {
  int64_t multiplier;
  gb_affine transform;
  gb_post post;
} affine_attrs;

static const gb_attr attrs_table[] = {
    {.name = "multiplier",
     .type = GB_ATTR_INT,
     .offset = offsetof(affine_attrs, multiplier),
     .fallback = "1",
     .min = 1,
     .max = 1e6,
     .help = "output maps for each input map; the j-th is transformed j times"},
    GB_AFFINE_ATTRS(affine_attrs, transform),
    GB_POST_ATTRS(affine_attrs, post),
};

static gb_status infer(const void *attrs, const gb_shape *in, size_t n_in, gb_shape *out,
                       gb_error *error) {
  (void)n_in, (void)error;
  const affine_attrs *a = attrs;
  *out = (gb_shape){in->n, in->c * a->multiplier, in->h, in->w};
  return GB_OK;
}

static size_t params(const gb_op *op, gb_param_spec *specs) {
  const affine_attrs *a = op->attrs;
  if (!a->transform.learned)
    return 0;
  specs[0] = (gb_param_spec){"theta", 3, {op->out.c, 2, 3}, GB_INIT_AFFINE, 1, true};
  return 1;
}

// An output element: two coordinates of two multiply-adds, a blend of four neighbours, and for its
// weights two floors, two subtractions and four products. fvcore counts grid_sampler as four.
static void cost(const gb_op *op, gb_cost *cost) {
  int64_t outputs = gb_shape_count(&op->out);
  cost->other_macs = 8 * outputs;
  cost->other_ops = 8 * outputs;
  cost->fvcore = 4 * outputs;
}

// Where an output position reads: u = m[0]·x + m[1]·y + m[2], v = m[3]·x + m[4]·y + m[5].
typedef struct matrix {
  double m[6];
} matrix;

// The matrix that applies `b` first.
static matrix compose(const matrix *a, const matrix *b) {
  matrix product;
  for (int row = 0; row < 2; row++) {
    const double *r = &a->m[3 * row];
    for (int column = 0; column < 3; column++)
      product.m[3 * row + column] =
          r[0] * b->m[column] + r[1] * b->m[3 + column] + (column == 2 ? r[2] : 0);
  }
  return product;
}

// The inverse of the content's transform: an output position reads where its content came from.
static matrix reading_matrix(const gb_affine *t) {
  double angle = t->rotate * (3.14159265358979323846 / 180), c = cos(angle), s = sin(angle);
  double x = 2 * t->translate_x, y = 2 * t->translate_y; // the square's sides are 2 long
  matrix r = {{(c + t->shear * s) / t->scale, (s - t->shear * c) / t->scale, 0, -s / t->scale,
               c / t->scale, 0}};
  r.m[2] = -(r.m[0] * x + r.m[1] * y);
  r.m[5] = -(r.m[3] * x + r.m[4] * y);
  return r;
}

static double pixel(const float *map, const gb_shape *shape, int64_t y, int64_t x) {
  return y < 0 || y >= shape->h || x < 0 || x >= shape->w ? 0 : (double)map[y * shape->w + x];
}

// Bilinear value at column u, row v of pixel centres; zero outside.
static float sample(const float *map, const gb_shape *shape, double u, double v) {
  if (!(u > -1 && u < (double)shape->w && v > -1 && v < (double)shape->h)) // NaN is outside
    return 0.0f;
  int64_t x = (int64_t)floor(u), y = (int64_t)floor(v);
  double fx = u - (double)x, fy = v - (double)y;
  return (
      float)((1 - fy) * ((1 - fx) * pixel(map, shape, y, x) + fx * pixel(map, shape, y, x + 1)) +
             fy * ((1 - fx) * pixel(map, shape, y + 1, x) + fx * pixel(map, shape, y + 1, x + 1)));
}

// Pixel x lies at (2x + 1)/W - 1 in the square (affine_grid with align_corners=False). The matrix
// is scaled to pixels about the centre, so that the identity and whole steps stay exact.
static void warp(const float *map, const gb_shape *shape, const matrix *t, float *out) {
  double half_w = (double)shape->w / 2, half_h = (double)shape->h / 2;
  for (int64_t y = 0; y < shape->h; y++)
    for (int64_t x = 0; x < shape->w; x++) {
      double dx = (double)x + 0.5 - half_w, dy = (double)y + 0.5 - half_h;
      double u = t->m[0] * dx + t->m[1] * (half_w / half_h) * dy + t->m[2] * half_w;
      double v = t->m[3] * (half_h / half_w) * dx + t->m[4] * dy + t->m[5] * half_h;
      out[y * shape->w + x] = sample(map, shape, u + half_w - 0.5, v + half_h - 0.5);
    }
}

// The matrix of output map `channel`.
static matrix total_of(const gb_op *op, const float *const *params, int64_t channel) {
  const affine_attrs *a = op->attrs;
  const matrix once = reading_matrix(&a->transform);
  matrix total = once;
  for (int64_t j = channel % a->multiplier; j > 0; j--)
    total = compose(&once, &total);
  if (!a->transform.learned)
    return total;
  matrix theta;
  for (int i = 0; i < 6; i++)
    theta.m[i] = (double)params[0][channel * 6 + i];
  return compose(&theta, &total);
}

// The same in pixels, from centre to centre: see warp().
static void pixel_matrix(const gb_op *op, const float *const *params, int64_t channel,
                         double m[6]) {
  const matrix t = total_of(op, params, channel);
  double half_w = (double)op->in->w / 2, half_h = (double)op->in->h / 2;
  m[0] = t.m[0];
  m[1] = t.m[1] * (half_w / half_h);
  m[2] = m[0] * (0.5 - half_w) + m[1] * (0.5 - half_h) + t.m[2] * half_w + half_w - 0.5;
  m[3] = t.m[3] * (half_h / half_w);
  m[4] = t.m[4];
  m[5] = m[3] * (0.5 - half_w) + m[4] * (0.5 - half_h) + t.m[5] * half_h + half_h - 0.5;
}

static void work(const gb_op *op, gb_work *work) {
  const affine_attrs *a = op->attrs;
  *work = (gb_work){.kind = GB_WORK_WARP, .multiplier = a->multiplier, .matrix = pixel_matrix};
}

static gb_status forward(const gb_op *op, const float *const *in, const float *const *params,
                         float *out, gb_error *error) {
  (void)error;
  const affine_attrs *a = op->attrs;
  const gb_shape *is = op->in;
  int64_t area = is->h * is->w;
  const matrix once = reading_matrix(&a->transform);
  for (int64_t n = 0; n < is->n; n++)
    for (int64_t c = 0; c < is->c; c++) {
      matrix fixed = once;
      for (int64_t j = 0; j < a->multiplier; j++) {
        int64_t o = c * a->multiplier + j;
        matrix total = fixed;
        if (a->transform.learned) {
          matrix theta;
          for (int i = 0; i < 6; i++)
            theta.m[i] = (double)params[0][o * 6 + i];
          total = compose(&theta, &fixed);
        }
        warp(in[0] + (n * is->c + c) * area, is, &total, out + (n * op->out.c + o) * area);
        fixed = compose(&once, &fixed);
      }
    }
  return GB_OK;
}

static float pixel_place(int64_t x, int64_t size) {
  return (float)((2 * (double)x + 1) / (double)size - 1);
}

// The places of an image's pixels in the square, (H·W, 3): x, y, 1.
static const char *places_onnx(const gb_shape *shape, gb_onnx *to) {
  const int64_t dims[] = {shape->h * shape->w, 3};
  float *places = gb_allocate(NULL, (size_t)dims[0] * 3, sizeof *places);
  for (int64_t i = 0; places && i < dims[0]; i++) {
    places[3 * i] = pixel_place(i % shape->w, shape->w);
    places[3 * i + 1] = pixel_place(i / shape->w, shape->h);
    places[3 * i + 2] = 1;
  }
  const char *name = places ? to->floats(to, places, 2, dims) : NULL;
  gb_release(NULL, places);
  return name;
}

// The fixed transforms of all output maps, (C, 3, 3) in front of learned ones, else (C, 2, 3).
static const char *fixed_onnx(const gb_op *op, gb_onnx *to) {
  const affine_attrs *a = op->attrs;
  const int64_t rows = a->transform.learned ? 3 : 2, dims[] = {op->out.c, rows, 3};
  const matrix once = reading_matrix(&a->transform);
  float *values = gb_allocate(NULL, (size_t)(op->out.c * rows * 3), sizeof *values);
  matrix fixed = once;
  for (int64_t o = 0; values && o < op->out.c; o++) {
    fixed = o % a->multiplier ? compose(&once, &fixed) : once;
    for (int i = 0; i < 6; i++)
      values[o * rows * 3 + i] = (float)fixed.m[i];
    if (rows == 3)
      values[o * 9 + 8] = 1;
  }
  const char *name = values ? to->floats(to, values, 3, dims) : NULL;
  gb_release(NULL, values);
  return name;
}

// Each of C maps with itself `multiplier` times, along the first axis.
static const char *repeat_onnx(const gb_op *op, gb_onnx *to, const char *value) {
  const affine_attrs *a = op->attrs;
  if (a->multiplier == 1)
    return value;
  int64_t *from = gb_allocate(NULL, (size_t)op->out.c, sizeof *from);
  for (int64_t o = 0; from && o < op->out.c; o++)
    from[o] = o / a->multiplier;
  value = from ? gb_onnx_gather(to, value, 0, from, (size_t)op->out.c) : NULL;
  gb_release(NULL, from);
  return value;
}

// GridSample warps all maps of an image by one grid, and each image by its own. Here it is the maps
// that have their own, so channels and images change places before and after.
static const char *onnx(const gb_op *op, gb_onnx *to) {
  const affine_attrs *a = op->attrs;
  const int64_t turn[] = {0, 2, 1}, swap[] = {1, 0, 2, 3};
  const gb_onnx_attr turned[] = {GB_ONNX_ATTR_INTS("perm", turn)},
                     swapped[] = {GB_ONNX_ATTR_INTS("perm", swap)},
                     sampled[] = {GB_ONNX_ATTR_STRING("mode", "bilinear"),
                                  GB_ONNX_ATTR_STRING("padding_mode", "zeros"),
                                  GB_ONNX_ATTR_INT("align_corners", 0)};
  const char *theta = fixed_onnx(op, to);
  if (a->transform.learned) {
    const char *factors[] = {to->params[0], theta};
    theta = to->node(to, "MatMul", factors, 2, NULL, 0);
  }
  const char *factors[] = {places_onnx(op->in, to), gb_onnx_one(to, "Transpose", theta, turned, 1)};
  const char *grid = to->node(to, "MatMul", factors, 2, NULL, 0); // (C, H·W, 2)
  grid = gb_onnx_reshape(to, grid, (const int64_t[]){0, op->in->h, op->in->w, 2}, 4);
  const char *maps = gb_onnx_one(to, "Transpose", to->inputs[0], swapped, 1);
  const char *inputs[] = {repeat_onnx(op, to, maps), grid};
  return gb_onnx_one(to, "Transpose", to->node(to, "GridSample", inputs, 2, sampled, 3), swapped,
                     1);
}

const gb_layer gb_layer_affine = {
    .name = "affine",
    .summary = "affine warp of each map, fixed or learned",
    .source = "Jaderberg et al.: Spatial transformer networks, NIPS 2015; coordinates as "
              "torch.nn.functional.affine_grid and grid_sample, align_corners=False",
    .min_inputs = 1,
    .max_inputs = 1,
    .attrs_size = sizeof(affine_attrs),
    .attrs = attrs_table,
    .n_attrs = sizeof attrs_table / sizeof *attrs_table,
    .post = offsetof(affine_attrs, post),
    .infer = infer,
    .params = params,
    .cost = cost,
    .work = work,
    .forward = forward,
    .onnx = onnx,
};
