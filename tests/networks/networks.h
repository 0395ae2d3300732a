// What the tests of whole networks share: a named network with settings as a graph.
#ifndef GB_TESTS_NETWORKS_H
#define GB_TESTS_NETWORKS_H

#include "harness/graph/graph.h"
#include "harness/xml/xml.h"
#include "tests/lib/check.h"

#include <stdlib.h>

// Tests run in the project's folder (tests/run.sh is called from the Makefile there).
static const char *const network_roots[] = {".", NULL};
static const gb_places network_places = {network_roots};

enum { MAX_SETTINGS = 16 };

// The settings of one case: "width=0.5,s=3" or "-" for none, cut in place.
typedef struct network_settings {
  gb_setting items[MAX_SETTINGS];
  size_t count;
} network_settings;

// Adds "name=value"; the text is cut at the '='. Returns false where it is none or the list is
// full.
static inline bool settings_add(network_settings *settings, char *text) {
  char *equals = strchr(text, '=');
  if (!equals || settings->count == MAX_SETTINGS)
    return false;
  *equals = '\0';
  settings->items[settings->count++] = (gb_setting){.name = text, .value = equals + 1};
  return true;
}

static inline gb_status network_open(const char *name, gb_architecture **architecture,
                                     gb_error *error) {
  char path[256];
  snprintf(path, sizeof path, "architectures/%s.xml", name);
  return gb_architecture_open(path, &network_places, architecture, error);
}

// The caller frees the graph; the document is gone by then.
static inline gb_status network_build(const gb_architecture *architecture,
                                      const network_settings *settings, int64_t batch,
                                      gb_graph **graph, gb_error *error) {
  gb_network *network = NULL;
  *graph = NULL;
  GB_TRY(gb_architecture_expand(architecture, settings->items, settings->count, NULL, 0, false,
                                &network, error));
  gb_status status = gb_graph_build(network->root, batch, graph, error);
  gb_network_free(network);
  return status;
}

// Both in one step, for tests that need a network once.
static inline gb_status network_make(const char *name, const network_settings *settings,
                                     int64_t batch, gb_graph **graph, gb_error *error) {
  gb_architecture *architecture = NULL;
  *graph = NULL;
  GB_TRY(network_open(name, &architecture, error));
  gb_status status = network_build(architecture, settings, batch, graph, error);
  gb_architecture_free(architecture);
  return status;
}

// Cases for all networks: NETWORKS(X) with X(identifier, name).
#define NETWORKS(X)                                                                                \
  X(resnet50, "resnet50")                                                                          \
  X(resnet56_cifar, "resnet56-cifar")                                                              \
  X(vgg16_cifar, "vgg16-cifar")                                                                    \
  X(mobilenet_v1, "mobilenet-v1")                                                                  \
  X(mobilenet_v2, "mobilenet-v2")                                                                  \
  X(mobilenet_v3_large, "mobilenet-v3-large")                                                      \
  X(mobilenet_v3_small, "mobilenet-v3-small")                                                      \
  X(shufflenet_v1, "shufflenet-v1")                                                                \
  X(shufflenet_v2, "shufflenet-v2")                                                                \
  X(ghostnet, "ghostnet")                                                                          \
  X(ghost_resnet50, "ghost-resnet50")                                                              \
  X(ghost_resnet56_cifar, "ghost-resnet56-cifar")                                                  \
  X(ghost_vgg16_cifar, "ghost-vgg16-cifar")                                                        \
  X(eegnet, "eegnet")                                                                              \
  X(eeg_tcnet, "eeg-tcnet")                                                                        \
  X(ghostnet_v2, "ghostnet-v2")                                                                    \
  X(repghost, "repghost")

#endif
