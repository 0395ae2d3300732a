// Composite layers against the same network put together by hand from primitive ones.
#include "tests/layers/mini.h"

// The layers that a composite wrote, as "kind name" lines.
static const char *listing(const mini *m, char *text, size_t size) {
  size_t used = 0;
  *text = '\0';
  for (int i = 0; i < m->n_nodes && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%s %s", i ? ", " : "",
                             m->nodes[i].op.layer->name, m->nodes[i].name);
  return text;
}

static int64_t parameters(const mini *m) {
  int64_t count = 0;
  for (int i = 0; i < m->n_nodes; i++)
    for (size_t j = 0; j < m->nodes[i].n_params; j++)
      if (m->nodes[i].specs[j].trainable)
        count += mini_count(&m->nodes[i].specs[j]);
  return count;
}

TEST(ghost_has_the_checkpoints_names) {
  mini m;
  mini_open(&m);
  char text[1000];
  int x = mini_input(&m, "x", (gb_shape){1, 16, 4, 4});
  int y = mini_layer(&m, "ghost", "blocks.0.0.ghost1", "out=16", x);
  REQUIRE(y >= 0);
  CHECK_TEXT(listing(&m, text, sizeof text),
             "conv blocks.0.0.ghost1.primary_conv.0, batch-norm blocks.0.0.ghost1.primary_conv.1, "
             "activation blocks.0.0.ghost1.primary_conv.0.act, "
             "depthwise blocks.0.0.ghost1.cheap_operation.0, "
             "batch-norm blocks.0.0.ghost1.cheap_operation.1, "
             "activation blocks.0.0.ghost1.cheap_operation.0.act, "
             "concat blocks.0.0.ghost1.concat");
  const int64_t *p = mini_find(&m, "blocks.0.0.ghost1.primary_conv.0")->specs[0].dims;
  CHECK(p[0] == 8 && p[1] == 16 && p[2] == 1 && p[3] == 1);
  const int64_t *c = mini_find(&m, "blocks.0.0.ghost1.cheap_operation.0")->specs[0].dims;
  CHECK(c[0] == 8 && c[1] == 1 && c[2] == 3 && c[3] == 3);
  mini_close(&m);
}

TEST(ghost_of_ratio_one_is_the_ordinary_convolution) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){2, 5, 7, 6});
  int ghost = mini_layer(&m, "ghost", "", "out=7 s=1 kernel=3 stride=2 norm-eps=0.0125", x);
  int conv = mini_layer(&m, "conv", "primary_conv.0",
                        "out=7 kernel=3 stride=2 norm=primary_conv.1 norm-eps=0.0125 act=relu", x);
  mini_same(check, &m, ghost, &m, conv, 0);
  mini_close(&m);
}

// Ghost written as its definition says, from primitive layers with the same names (and so the same
// weights): convolution, then depthwise kernels on what batch norm and activation left, all maps
// side by side, cut.
static int by_hand(mini *m, int x, const char *primary, int m_maps, int s, const char *d,
                   const char *act, int out) {
  char text[300];
  snprintf(text, sizeof text, "out=%d %s", m_maps, primary);
  int maps[2] = {mini_layer(m, "conv", "primary_conv.0", text, x), -1}, all = -1;
  if (maps[0] < 0)
    return -1;
  maps[0] = mini_layer(m, "batch-norm", "primary_conv.1", "", maps[0]);
  snprintf(text, sizeof text, "function=%s", act);
  maps[0] = mini_layer(m, "activation", "a", text, maps[0]);
  snprintf(text, sizeof text, "out=%d groups=%d kernel=%s", m_maps * (s - 1), m_maps, d);
  maps[1] = mini_layer(m, "conv", "cheap_operation.0", text, maps[0]);
  maps[1] = mini_layer(m, "batch-norm", "cheap_operation.1", "", maps[1]);
  snprintf(text, sizeof text, "function=%s", act);
  maps[1] = mini_layer(m, "activation", "b", text, maps[1]);
  if (maps[1] < 0 || mini_try(m, "concat", "c", "", maps, 2, &all) != GB_OK)
    return -1;
  snprintf(text, sizeof text, "count=%d", out);
  return mini_layer(m, "slice", "s", text, all);
}

TEST(ghost_is_its_definition) {
  static const struct {
    const char *ghost, *primary, *d, *act;
    int out, s;
  } cases[] = {
      {"out=16", "kernel=1", "3", "relu", 16, 2},
      {"out=15", "kernel=1", "3", "relu", 15, 2},
      {"out=16 s=3", "kernel=1", "3", "relu", 16, 3},
      {"out=17 s=5 d=5 act=none", "kernel=1", "5", "none", 17, 5},
      {"out=10 s=4 d=1 kernel=3 stride=2", "kernel=3 stride=2", "1", "relu", 10, 4},
      {"out=9 d=7 kernel=3 dilation=2 padding=valid act=hard-swish",
       "kernel=3 dilation=2 padding=valid", "7", "hard-swish", 9, 2},
      {"out=1 s=2", "kernel=1", "3", "relu", 1, 2},
      {"out=3 s=7", "kernel=1", "3", "relu", 3, 7},
      {"out=8 kernel=1x4 d=1x3 padding=same act=elu", "kernel=1x4 padding=same", "1x3", "elu", 8,
       2},
      {"out=8 kernel=3 padding=1,0,2,1", "kernel=3 padding=1,0,2,1", "3", "relu", 8, 2},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", (gb_shape){2, 6, 9, 8});
    int maps = (cases[i].out + cases[i].s - 1) / cases[i].s;
    int ghost = mini_layer(&m, "ghost", "", cases[i].ghost, x);
    int64_t counted = parameters(&m);
    int64_t macs = m.cost.macs;
    m.cost = (gb_cost){0};
    bool cut = maps * cases[i].s > cases[i].out;
    if ((mini_find(&m, "slice") != NULL) != cut)
      FAIL("%s: a slice stands where none is needed, or is missing", cases[i].ghost);
    m.n_nodes = 0;
    int hand =
        by_hand(&m, x, cases[i].primary, maps, cases[i].s, cases[i].d, cases[i].act, cases[i].out);
    mini_same(check, &m, ghost, &m, hand, 0);
    CHECK_INT(counted, parameters(&m));
    CHECK_INT(macs, m.cost.macs);
    CHECK_INT(m.values[ghost].shape.c, cases[i].out);
    mini_close(&m);
  }
}

// With a kernel of 1x64 on an EEG trial, as a temporal convolution's substitute.
TEST(ghost_works_along_time) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 1, 22, 200});
  int y = mini_layer(&m, "ghost", "g", "out=8 kernel=1x64 d=1x3 padding=same act=none", x);
  REQUIRE(y >= 0);
  gb_shape expected = {1, 8, 22, 200};
  CHECK(gb_shape_equal(&m.values[y].shape, &expected));
  CHECK_INT(m.cost.macs, 4 * 22 * 200 * (64 + 3));
  int even = mini_layer(&m, "ghost", "g", "out=8 kernel=1x64 d=1x4 padding=half", x);
  REQUIRE(even >= 0);
  CHECK_INT(m.values[even].shape.w, 201); // the primary grows as in PyTorch; the cheap one follows
  mini_close(&m);
}

// Mixed: maps 0-2 by 3x3, 3-5 by 1x5, 6-7 by 7x7.
TEST(mixed_ghost_divides_the_maps_over_kernels) {
  mini m;
  mini_open(&m);
  char text[2000];
  int x = mini_input(&m, "x", (gb_shape){1, 4, 8, 8});
  int y = mini_layer(&m, "ghost", "", "out=24 s=3 cheap=mixed mixed-kernels=3,1x5,7", x);
  REQUIRE(y >= 0);
  CHECK_INT(m.values[y].shape.c, 24);
  listing(&m, text, sizeof text);
  CHECK_CONTAINS(text,
                 "depthwise cheap_operation.0.2, concat cheap_operation.concat, "
                 "batch-norm cheap_operation.1, activation cheap_operation.act, concat concat");
  static const int counts[3] = {3, 3, 2}, taps[3] = {9, 5, 49};
  int primary = mini_find(&m, "primary_conv.0.act")->output, start = 0, parts[3], cheap, all;
  int64_t macs = 8 * 4 * 64, counted = m.cost.macs;
  for (int i = 0; i < 3; i++) {
    static const char *const names[] = {"cheap_operation.0.0", "cheap_operation.0.1",
                                        "cheap_operation.0.2"};
    static const char *const kernels[] = {"kernel=3 multiplier=2", "kernel=1x5 multiplier=2",
                                          "kernel=7 multiplier=2"};
    const mini_node *node = mini_find(&m, names[i]);
    REQUIRE(node);
    CHECK_INT(node->op.out.c, 2 * counts[i]);
    CHECK_INT(mini_count(&node->specs[0]), 2 * counts[i] * taps[i]);
    macs += 2 * counts[i] * taps[i] * 64;
    snprintf(text, sizeof text, "start=%d count=%d", start, counts[i]);
    parts[i] = mini_layer(&m, "slice", "s", text, primary);
    parts[i] = mini_layer(&m, "depthwise", names[i], kernels[i], parts[i]);
    start += counts[i];
  }
  CHECK_INT(counted, macs);
  REQUIRE_OK(mini_try(&m, "concat", "p", "", parts, 3, &cheap), m.error);
  cheap = mini_layer(&m, "batch-norm", "cheap_operation.1", "", cheap);
  cheap = mini_layer(&m, "activation", "r", "function=relu", cheap);
  REQUIRE_OK(mini_try(&m, "concat", "q", "", (int[]){primary, cheap}, 2, &all), m.error);
  mini_same(check, &m, y, &m, all, 0);
  mini_close(&m);
  mini_open(&m); // fewer maps than kernels
  x = mini_input(&m, "x", (gb_shape){1, 4, 8, 8});
  REQUIRE(mini_layer(&m, "ghost", "", "out=4 cheap=mixed", x) >= 0);
  CHECK(mini_find(&m, "cheap_operation.0.1") && !mini_find(&m, "cheap_operation.0.2"));
  CHECK_INT(m.cost.macs, 2 * 4 * 64 + (9 + 25) * 64);
  REQUIRE(mini_layer(&m, "ghost", "one", "out=2 cheap=mixed act=none", x) >= 0);
  CHECK(mini_find(&m, "one.cheap_operation.0.0") && !mini_find(&m, "one.cheap_operation.slice0"));
  mini_close(&m);
}

TEST(affine_and_wavelet_ghosts_pass_their_attributes_on) {
  static const struct {
    const char *ghost, *kind, *cheap;
  } cases[] = {
      {"out=12 s=3 cheap=affine", "affine", "multiplier=2"},
      {"out=12 s=3 cheap=affine learned=0 translate-x=0.1 translate-y=0.2 rotate=30 scale=0.9 "
       "shear=0.1",
       "affine",
       "multiplier=2 learned=0 translate-x=0.1 translate-y=0.2 rotate=30 scale=0.9 shear=0.1"},
      {"out=12 s=3 cheap=wavelet", "wavelet", "bands=2"},
      {"out=12 s=6 cheap=wavelet family=daubechies order=6 boundary=reflect", "wavelet",
       "bands=5 family=daubechies order=6 boundary=reflect"},
      {"out=12 s=3 cheap=wavelet axes=width boundary=zero", "wavelet",
       "bands=2 axes=width boundary=zero"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", (gb_shape){1, 3, 6, 7}), all;
    int y = mini_layer(&m, "ghost", "", cases[i].ghost, x);
    if (y < 0) {
      FAIL("%s: %s", cases[i].ghost, m.error.message);
      mini_close(&m);
      continue;
    }
    int primary = mini_find(&m, "primary_conv.0.act")->output;
    int cheap = mini_layer(&m, cases[i].kind, "cheap_operation.0", cases[i].cheap, primary);
    cheap = mini_layer(&m, "batch-norm", "cheap_operation.1", "", cheap);
    cheap = mini_layer(&m, "activation", "r", "function=relu", cheap);
    if (mini_try(&m, "concat", "q", "", (int[]){primary, cheap}, 2, &all) == GB_OK)
      mini_same(check, &m, y, &m, all, 0);
    else
      FAIL("%s", m.error.message);
    mini_close(&m);
  }
}

TEST(ghost_refuses_what_its_parts_refuse) {
  mini m;
  mini_open(&m);
  int x = mini_input(&m, "x", (gb_shape){1, 3, 4, 4}), y;
  CHECK_INT(mini_try(&m, "ghost", "g", "out=8 cheap=wavelet order=4", &x, 1, &y), GB_EINPUT);
  CHECK_INT(mini_try(&m, "ghost", "g", "out=8 s=100 cheap=wavelet", &x, 1, &y), GB_EINPUT);
  CHECK_CONTAINS(m.error.message, "1 to 64");
  CHECK_INT(mini_try(&m, "ghost", "g", "out=8 kernel=9 padding=valid", &x, 1, &y), GB_ESHAPE);
  CHECK_INT(mini_try(&m, "ghost", "g", "out=8 s=0", &x, 1, &y), GB_EINPUT);
  CHECK_INT(mini_try(&m, "ghost", "g", "out=8 cheap=none", &x, 1, &y), GB_EINPUT);
  CHECK_CONTAINS(m.error.message, "depthwise, mixed, affine, wavelet");
  mini_close(&m);
}

TEST(separable_is_depthwise_then_pointwise) {
  mini m;
  mini_open(&m);
  char text[600];
  int x = mini_input(&m, "x", (gb_shape){2, 4, 3, 20});
  int y = mini_layer(&m, "separable", "",
                     "out=6 kernel=1x16 padding=same multiplier=2 depth-name=conv_separable_depth "
                     "point-name=conv_separable_point norm=bnorm_2 norm-eps=0.001 act=elu",
                     x);
  CHECK_TEXT(listing(&m, text, sizeof text),
             "depthwise conv_separable_depth, conv conv_separable_point, batch-norm bnorm_2, "
             "activation conv_separable_point.act");
  CHECK_INT(m.cost.macs, 2 * 60 * (8 * 16 + 6 * 8));
  int z = mini_layer(&m, "depthwise", "conv_separable_depth",
                     "kernel=1x16 padding=same multiplier=2", x);
  z = mini_layer(&m, "conv", "conv_separable_point", "out=6 kernel=1", z);
  z = mini_layer(&m, "batch-norm", "bnorm_2", "eps=0.001", z);
  z = mini_layer(&m, "activation", "a", "function=elu", z);
  mini_same(check, &m, y, &m, z, 0);
  m.n_nodes = 0;
  REQUIRE(mini_layer(&m, "separable", "s",
                     "out=6 kernel=3 stride=2 mid-norm=bn1 mid-act=relu6 "
                     "norm=bn2 act=relu6 bias=1",
                     x) >= 0);
  CHECK_TEXT(
      listing(&m, text, sizeof text),
      "depthwise s.depthwise, batch-norm s.bn1, activation s.depthwise.act, conv s.pointwise, "
      "batch-norm s.bn2, activation s.pointwise.act");
  CHECK_INT(mini_find(&m, "s.pointwise")->n_params, 2);
  mini_close(&m);
}

TEST(squeeze_excite_gates_each_map) {
  static const char *const gates[] = {"hard-sigmoid", "clipped-sigmoid", "sigmoid"};
  for (int i = 0; i < 3; i++) {
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", (gb_shape){2, 12, 5, 4});
    char text[64];
    snprintf(text, sizeof text, "gate=%s divisor=1", gates[i]);
    int y = mini_layer(&m, "squeeze-excite", "se", text, x);
    REQUIRE(y >= 0);
    const mini_node *reduce = mini_find(&m, "se.conv_reduce"),
                    *expand = mini_find(&m, "se.conv_expand");
    REQUIRE(reduce && expand);
    CHECK_INT(reduce->op.out.c, 3);
    CHECK_INT(m.cost.macs, 2 * 2 * 12 * 3);
    CHECK_INT(m.cost.fvcore, 2 * 2 * 12 * 3 + 480); // and the pooling's input elements
    for (int n = 0; n < 2; n++) {
      double squeezed[3];
      for (int r = 0; r < 3; r++) {
        double sum = (double)reduce->params[1][r];
        for (int c = 0; c < 12; c++)
          for (int p = 0; p < 20; p++)
            sum += (double)reduce->params[0][r * 12 + c] *
                   (double)m.values[x].data[(n * 12 + c) * 20 + p] / 20;
        squeezed[r] = fmax(sum, 0);
      }
      for (int c = 0; c < 12; c++) {
        double g = (double)expand->params[1][c];
        for (int r = 0; r < 3; r++)
          g += (double)expand->params[0][c * 3 + r] * squeezed[r];
        g = i == 0 ? fmin(fmax(g + 3, 0), 6) / 6 : i == 1 ? fmin(fmax(g, 0), 1) : 1 / (1 + exp(-g));
        for (int p = 0; p < 20; p++)
          CHECK_NEAR(m.values[y].data[(n * 12 + c) * 20 + p],
                     g * (double)m.values[x].data[(n * 12 + c) * 20 + p], mini_tolerance(20, 16));
      }
    }
    mini_close(&m);
  }
}

// GhostNet's own numbers (its checkpoint), and torchvision's rule for MobileNetV3.
TEST(squeezed_channels_are_rounded_as_published) {
  static const struct {
    int channels;
    const char *text;
    int squeezed;
  } cases[] = {{72, "", 20},
               {120, "", 32},
               {480, "", 120},
               {672, "", 168},
               {960, "", 240},
               {72, "divisor=8", 24},
               {96, "divisor=8", 24},
               {240, "divisor=8", 64},
               {16, "divisor=8", 8},
               {576, "divisor=8", 144},
               {4, "", 4},
               {36, "", 12},
               {10, "squeeze=7", 7}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mini m;
    mini_open(&m);
    int x = mini_input(&m, "x", (gb_shape){1, cases[i].channels, 1, 1});
    char text[100];
    snprintf(text, sizeof text, "reduce-name=fc1 expand-name=fc2 %s", cases[i].text);
    REQUIRE(mini_layer(&m, "squeeze-excite", "", text, x) >= 0);
    if (mini_find(&m, "fc1")->op.out.c != cases[i].squeezed)
      FAIL("%d channels %s: squeezed to %d, expected %d", cases[i].channels, cases[i].text,
           (int)mini_find(&m, "fc1")->op.out.c, cases[i].squeezed);
    CHECK_INT(mini_find(&m, "fc2")->op.out.c, cases[i].channels);
    mini_close(&m);
  }
}

TEST_MAIN(CASE(ghost_has_the_checkpoints_names),
          CASE(ghost_of_ratio_one_is_the_ordinary_convolution), CASE(ghost_is_its_definition),
          CASE(ghost_works_along_time), CASE(mixed_ghost_divides_the_maps_over_kernels),
          CASE(affine_and_wavelet_ghosts_pass_their_attributes_on),
          CASE(ghost_refuses_what_its_parts_refuse), CASE(separable_is_depthwise_then_pointwise),
          CASE(squeeze_excite_gates_each_map), CASE(squeezed_channels_are_rounded_as_published))
