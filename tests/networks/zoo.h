// What the tests of the native engine loop over: every network, small, as a graph.
#ifndef GB_TESTS_ZOO_H
#define GB_TESTS_ZOO_H

#include "harness/graph/graph.h"
#include "harness/xml/xml.h"

#include <stdio.h>

typedef struct network {
  const char *name;
  gb_setting settings[3]; // small sizes, so that the reference is quick
  size_t setting_count;
} network;

#define SMALL                                                                                      \
  { "resolution", "64" }
// Each network of the zoo at a size that plain loops get through, and its variants that take other
// ways through the engine.
static const network networks[] = {
    {"ghostnet", {{"resolution", "75"}, {"width", "0.5"}}, 2},
    {"ghostnet", {SMALL, {"s", "3"}, {"d", "5"}}, 3},
    {"ghostnet", {SMALL, {"width", "0.5"}, {"cheap", "mixed"}}, 3},
    {"ghostnet", {SMALL, {"width", "0.5"}, {"cheap", "affine"}}, 3},
    {"ghostnet", {SMALL, {"width", "0.5"}, {"cheap", "wavelet"}}, 3},
    // Squeeze-excite on maps that are high enough for bands.
    {"ghostnet", {{"resolution", "128"}, {"width", "0.5"}}, 2},
    {"ghostnet", {{"resolution", "128"}, {"width", "0.5"}, {"cheap", "affine"}}, 3},
    {"ghostnet-v2", {{"resolution", "96"}, {"width", "0.5"}}, 2},
    {"repghost", {SMALL, {"width", "0.5"}}, 2},
    {"mobilenet-v1", {SMALL, {"width", "0.5"}}, 2},
    {"mobilenet-v1", {{"resolution", "75"}, {"width", "0.25"}, {"padding", "same"}}, 3},
    {"mobilenet-v2", {SMALL, {"width", "0.5"}}, 2},
    {"mobilenet-v3-large", {SMALL, {"width", "0.5"}}, 2},
    {"mobilenet-v3-small", {{"resolution", "81"}}, 1},
    {"shufflenet-v1", {SMALL, {"width", "0.5"}, {"groups", "4"}}, 3},
    {"shufflenet-v2", {SMALL, {"width", "0.5"}}, 2},
    {"resnet50", {{"resolution", "40"}}, 1},
    {"ghost-resnet50", {{"resolution", "40"}, {"s", "4"}}, 2},
    {"resnet56-cifar", {{"depth", "20"}}, 1},
    {"ghost-resnet56-cifar", {{"depth", "20"}}, 1},
    {"vgg16-cifar", {{"classes", "10"}}, 1},
    {"ghost-vgg16-cifar", {{"classes", "10"}}, 1},
    {"eegnet", {{"classes", "4"}}, 1},
    {"eegnet", {{"channels", "22"}, {"samples", "1125"}, {"pool1", "8"}}, 3},
    {"eeg-tcnet", {{"classes", "4"}}, 1},
    {"ghost-eegnet", {{"place", "all"}}, 1},
    {"ghost-eeg-tcnet", {{"place", "all"}}, 1},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static inline gb_status graph_of(const network *n, int64_t batch, gb_graph **graph,
                                 gb_error *error) {
  static const char *const roots[] = {".", NULL};
  gb_places places = {roots};
  char path[128];
  snprintf(path, sizeof path, "architectures/%s.xml", n->name);
  gb_architecture *architecture = NULL;
  gb_network *flat = NULL;
  gb_status status = gb_architecture_open(path, &places, &architecture, error);
  if (status == GB_OK)
    status = gb_architecture_expand(architecture, n->settings, n->setting_count, NULL, 0, false,
                                    &flat, error);
  if (status == GB_OK)
    status = gb_graph_build(flat->root, batch, graph, error);
  gb_network_free(flat);
  gb_architecture_free(architecture);
  return status;
}

#endif
