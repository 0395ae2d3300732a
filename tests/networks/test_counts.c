// Parameters and multiply-accumulates of every network, exactly, on the grid of settings that
// PyTorch counted (tests/golden/counts.txt).
#include "tests/networks/networks.h"

#include <inttypes.h>

static void compare(check_state *check, const gb_architecture *architecture, char *settings_text,
                    const char *line, int64_t params, int64_t macs) {
  network_settings settings = {0};
  if (strcmp(settings_text, "-") != 0)
    for (char *word = settings_text; word;) {
      char *comma = strchr(word, ',');
      if (comma)
        *comma = '\0';
      REQUIRE(settings_add(&settings, word));
      word = comma ? comma + 1 : NULL;
    }
  gb_graph *graph;
  gb_error error = {0};
  if (network_build(architecture, &settings, 1, &graph, &error) != GB_OK) {
    FAIL("%s: %s", line, error.message);
    return;
  }
  int64_t counted = gb_cost_macs(&graph->cost, GB_COUNT_PAPER);
  if (graph->trainable != params || counted != macs)
    FAIL("%s: has %" PRId64 " parameters and %" PRId64 " MACs", line, graph->trainable, counted);
  gb_graph_free(graph);
}

static void count_network(check_state *check, const char *network) {
  FILE *file = fopen("tests/golden/counts.txt", "r");
  REQUIRE(file);
  gb_architecture *architecture = NULL;
  gb_error error = {0};
  gb_status status = network_open(network, &architecture, &error);
  char line[512], name[64], settings[256];
  int lines = 0;
  while (status == GB_OK && fgets(line, sizeof line, file)) {
    int64_t params, macs;
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%63s %255s %" SCNd64 " %" SCNd64, name, settings, &params, &macs) != 4 ||
        strcmp(name, network) != 0)
      continue;
    compare(check, architecture, settings, line, params, macs);
    lines++;
  }
  fclose(file);
  gb_architecture_free(architecture);
  REQUIRE_OK(status, error);
  CHECK(lines > 0);
}

#define TEST_NETWORK(id, network)                                                                  \
  TEST(id) {                                                                                       \
    count_network(check, network);                                                                 \
  }
NETWORKS(TEST_NETWORK)

// Settings that PyTorch's models lack. Parameters and MACs follow by hand from the grid above and
// the modules that are replaced, or are published.
TEST(derived) {
  static const struct {
    const char *network, *settings;
    int64_t params, macs;
  } rows[] = {
      // EEGNet at 22 x 1125, pools 8/8: 2,548 and 13,140,768. The separable convolution has 16 x 16
      // + 16 x 16 weights and 2 x 16 of batch norm, at 140 samples; its module has half as many
      // weights and the same batch norm.
      {"ghost-eegnet", "channels=22,samples=1125,pool1=8,place=separable", 2548 - 256,
       13140768 - 256 * 140},
      // The temporal one has 8 x 64 weights on 22 x 1125 samples; its module 4 x 64 and 4 x 3.
      {"ghost-eegnet", "channels=22,samples=1125,pool1=8,place=temporal", 2548 - 256 + 12,
       13140768 - (256 - 12) * 22 * 1125},
      {"ghost-eegnet", "channels=22,samples=1125,pool1=8,place=all", 2548 - 512 + 12,
       13140768 - 256 * 140 - (256 - 12) * 22 * 1125},
      // EEG-TCNet (4,096; 6,849,424) has the same two, the temporal filters 32 long.
      {"ghost-eeg-tcnet", "place=separable", 4096 - 256, 6849424 - 256 * 140},
      {"ghost-eeg-tcnet", "place=temporal", 4096 - 128 + 12, 6849424 - (128 - 12) * 22 * 1125},
      {"ghost-eeg-tcnet", "s=1", 4096 - 256, 6849424 - 256 * 140},
      // Ghost-ResNet-50 without its classifier has 11,904,512 (s=2); the module in its place 500 x
      // 2048 and 500 x 9 weights and 2 x 1000 of batch norm.
      {"ghost-resnet50", "classifier=ghost", 11904512 + 500 * 2048 + 500 * 9 + 2000,
       2151023360 - 2048 * 1000 + 500 * (2048 + 9)},
      // RepGhost's modules lose the batch norm of the shortcut and that of the cheap operation but
      // for a bias: 3 x 4,944 channels.
      {"repghost", "form=deploy", 4073604 - 3 * 4944, 142394128},
      // GhostNet 1.1 with TensorFlow's rounding: published 164 M (table 8); counted by hand 164.48
      // M
      // and 5.858 M, of which 1,280 are the batch norm that has a bias in its place here.
      {"ghostnet", "width=1.1,rounding=tensorflow", 5857129, 164483640},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    gb_architecture *architecture = NULL;
    gb_error error = {0};
    char settings[256], line[384];
    snprintf(settings, sizeof settings, "%s", rows[i].settings);
    snprintf(line, sizeof line, "%s %s", rows[i].network, rows[i].settings);
    REQUIRE_OK(network_open(rows[i].network, &architecture, &error), error);
    compare(check, architecture, settings, line, rows[i].params, rows[i].macs);
    gb_architecture_free(architecture);
  }
}

#define NETWORK_CASE(id, network) CASE(id),
TEST_MAIN(NETWORKS(NETWORK_CASE) CASE(derived))
