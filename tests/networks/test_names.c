// Names and shapes of all tensors of every network, against the lists of the public checkpoints'
// names (tests/golden/names), both ways.
#define _POSIX_C_SOURCE 200809L // access
#include "tests/networks/networks.h"

#include <inttypes.h>
#include <unistd.h>

// Whether `text` ("8x1x32x1") is the shape of `spec`. braindecode's EEG-TCNet keeps time before
// channels and its 1-d convolutions without a height: there, sides of 1 do not count.
static bool shape_is(const gb_param_spec *spec, const char *text, bool skip_ones) {
  char ours[128] = "", theirs[128] = "";
  for (int d = 0; d < spec->rank; d++)
    if (!skip_ones || spec->dims[d] != 1)
      snprintf(ours + strlen(ours), sizeof ours - strlen(ours), "%" PRId64 "x", spec->dims[d]);
  for (const char *part = text; part; part = strchr(part, 'x') ? strchr(part, 'x') + 1 : NULL)
    if (!skip_ones || strtoll(part, NULL, 10) != 1)
      snprintf(theirs + strlen(theirs), sizeof theirs - strlen(theirs), "%lldx",
               strtoll(part, NULL, 10));
  return strcmp(ours, theirs) == 0;
}

static const gb_param *find_param(const gb_graph *graph, const char *name) {
  for (size_t i = 0; i < graph->node_count; i++)
    for (size_t j = 0; j < graph->nodes[i].param_count; j++)
      if (strcmp(graph->nodes[i].params[j].name, name) == 0)
        return &graph->nodes[i].params[j];
  return NULL;
}

// Every line of the list is a tensor of ours; as many as there are lines: then the other way holds
// too, for names are unique on both sides.
static void compare_names(check_state *check, const char *path, const char *network,
                          char *setting) {
  FILE *list = fopen(path, "r");
  REQUIRE(list);
  network_settings settings = {0};
  if (setting)
    CHECK(settings_add(&settings, setting));
  gb_graph *graph = NULL;
  gb_error error = {0};
  gb_status status = network_make(network, &settings, 1, &graph, &error);
  char line[512], name[256], shape[128];
  size_t listed = 0, ours = 0;
  while (status == GB_OK && fgets(line, sizeof line, list)) {
    if (line[0] == '#' || sscanf(line, "%255s %127s", name, shape) != 2)
      continue;
    listed++;
    const gb_param *param = find_param(graph, name);
    if (!param)
      FAIL("%s: no tensor %s", network, name);
    else if (!shape_is(&param->spec, shape, strcmp(network, "eeg-tcnet") == 0))
      FAIL("%s: %s is not %s", network, name, shape);
  }
  for (size_t i = 0; status == GB_OK && i < graph->node_count; i++)
    ours += graph->nodes[i].param_count;
  fclose(list);
  gb_graph_free(graph);
  REQUIRE_OK(status, error);
  CHECK(listed > 0);
  CHECK_INT(ours, listed);
}

#define TEST_NETWORK(id, network)                                                                  \
  TEST(id) {                                                                                       \
    compare_names(check, "tests/golden/names/" network ".txt", network, NULL);                     \
  }
NETWORKS(TEST_NETWORK)

TEST(mobilenet_v1_quarter) {
  char width[] = "width=0.25";
  compare_names(check, "tests/golden/names/mobilenet-v1-0.25.txt", "mobilenet-v1", width);
}

// The public checkpoint's own list, where it is at hand.
TEST(ghostnet_checkpoint) {
  const char *path = "../shared/facts/ghostnet-checkpoint.txt";
  if (access(path, R_OK) != 0)
    SKIP("../shared/facts/ghostnet-checkpoint.txt is absent");
  compare_names(check, path, "ghostnet", NULL);
}

#define NETWORK_CASE(id, network) CASE(id),
TEST_MAIN(NETWORKS(NETWORK_CASE) CASE(mobilenet_v1_quarter), CASE(ghostnet_checkpoint))
