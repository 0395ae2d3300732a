// Every architecture builds with its defaults, and with each word that a parameter with choices
// allows: no cheap operation, gate or rounding is offered that does not work.
#define _POSIX_C_SOURCE 200809L // glob
#include "tests/networks/networks.h"

#include <glob.h>

static void build_with(check_state *check, const gb_architecture *architecture,
                       const network_settings *settings) {
  gb_graph *graph;
  gb_error error = {0};
  const char *name = settings->count ? settings->items[0].name : "defaults";
  const char *value = settings->count ? settings->items[0].value : "";
  if (network_build(architecture, settings, 1, &graph, &error) != GB_OK)
    FAIL("%s %s %s: %s", gb_architecture_name(architecture), name, value, error.message);
  gb_graph_free(graph);
}

// The words of "one of a, b, c".
static int build_choices(check_state *check, const gb_architecture *architecture,
                         const gb_parameter *parameter) {
  char words[512];
  if (strncmp(parameter->allowed, "one of ", 7) != 0)
    return 0;
  snprintf(words, sizeof words, "%s", parameter->allowed + 7);
  int built = 0;
  for (char *word = words; *word; built++) {
    size_t length = strcspn(word, ",");
    char *next = word[length] ? word + length + 1 + strspn(word + length + 1, " ") : word + length;
    word[length] = '\0';
    network_settings settings = {.items = {{parameter->name, word}}, .count = 1};
    build_with(check, architecture, &settings);
    word = next;
  }
  return built;
}

TEST(every_choice_builds) {
  glob_t files;
  REQUIRE(glob("architectures/*.xml", 0, NULL, &files) == 0);
  int built = 0;
  for (size_t i = 0; i < files.gl_pathc; i++) {
    gb_architecture *architecture = NULL;
    gb_error error = {0};
    if (gb_architecture_open(files.gl_pathv[i], &network_places, &architecture, &error) != GB_OK) {
      FAIL("%s: %s", files.gl_pathv[i], error.message);
      continue;
    }
    build_with(check, architecture, &(network_settings){0});
    size_t count;
    const gb_parameter *parameters = gb_architecture_parameters(architecture, &count);
    for (size_t j = 0; j < count; j++)
      built += build_choices(check, architecture, &parameters[j]);
    gb_architecture_free(architecture);
  }
  globfree(&files);
  CHECK(built > 50);
}

TEST_MAIN(CASE(every_choice_builds))
