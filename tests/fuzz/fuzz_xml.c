// Fuzzes the XML reader: what it accepts expands to a network of known names within the limits,
// and builds or says why not.
#include "tests/fuzz/fuzz.h"

#include "harness/graph/graph.h"
#include "harness/xml/xml.h"

#include <stdlib.h>
#include <string.h>

#define PROMISE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

static const char *const roots[] = {"tests/unit/data", NULL};
static const gb_places places = {roots};

// Elements in document order; every one is a layer or structure with known attributes only.
static size_t check_elements(const gb_element *parent, size_t depth) {
  size_t count = 0;
  PROMISE(depth < 3000);
  for (const gb_element *e = parent->first_child; e; e = e->next) {
    PROMISE(gb_layer_find(e->kind) || gb_structure_find(e->kind));
    PROMISE(e->where.file && e->where.line > 0 && e->where.column > 0);
    for (size_t i = 0; i < e->attribute_count; i++)
      PROMISE(e->attributes[i].value && strlen(e->attributes[i].value) <= 4096);
    count += 1 + check_elements(e, depth + 1);
  }
  return count;
}

static void check_message(const gb_error *error) {
  PROMISE(error->status != GB_OK && error->status != GB_EINTERNAL && *error->message);
}

static void expand(const gb_architecture *architecture, const gb_cell *cell) {
  gb_network *network;
  gb_error error = {0};
  gb_status status =
      gb_architecture_expand(architecture, cell ? cell->settings : NULL,
                             cell ? cell->setting_count : 0, cell ? cell->substitutions : NULL,
                             cell ? cell->substitution_count : 0, true, &network, &error);
  if (status != GB_OK) {
    check_message(&error);
    return;
  }
  PROMISE(strcmp(network->root->kind, "network") == 0 && network->xml);
  size_t count = check_elements(network->root, 0);
  PROMISE(count <= 200000);
  // Building is linear, but large networks would slow the fuzzer for nothing new.
  gb_graph *graph = NULL;
  if (count < 200 && gb_graph_build(network->root, 1, &graph, &error) != GB_OK)
    check_message(&error);
  gb_graph_free(graph);
  gb_network_free(network);
}

static void try_architecture(const char *bytes, size_t size) {
  gb_architecture *architecture;
  gb_error error = {0};
  if (gb_architecture_parse(bytes, size, "fuzz", &places, &architecture, &error) != GB_OK) {
    check_message(&error);
    return;
  }
  expand(architecture, NULL);
  gb_architecture_free(architecture);
}

static void try_experiment(const char *bytes, size_t size) {
  gb_experiment *experiment;
  gb_error error = {0};
  if (gb_experiment_parse(bytes, size, "fuzz", &places, NULL, 0, &experiment, &error) != GB_OK) {
    check_message(&error);
    return;
  }
  PROMISE(experiment->cell_count <= GB_MAX_CELLS);
  gb_architecture *tiny = NULL;
  if (experiment->cell_count && strcmp(experiment->cells[0].architecture, "tiny") == 0 &&
      gb_architecture_open("tests/unit/data/architectures/tiny.xml", &places, &tiny, &error) ==
          GB_OK)
    expand(tiny, &experiment->cells[0]);
  gb_architecture_free(tiny);
  gb_experiment_free(experiment);
}

static void try_counters(const char *bytes, size_t size) {
  gb_counter_group *group;
  gb_error error = {0};
  if (gb_counter_group_parse(bytes, size, "fuzz", &group, &error) != GB_OK) {
    check_message(&error);
    return;
  }
  PROMISE(group->event_count >= 1 && group->event_count <= GB_MAX_GROUP_EVENTS);
  double events[GB_MAX_GROUP_EVENTS], metrics[GB_MAX_GROUP_METRICS];
  double facts[GB_FACT_COUNT] = {100, 90, 0, 16};
  for (size_t i = 0; i < group->event_count; i++)
    events[i] = (double)(i * i);
  if (gb_counter_group_evaluate(group, events, facts, metrics, &error) != GB_OK)
    check_message(&error);
  gb_counter_group_free(group);
}

static bool holds(const char *text, size_t size, const char *word) {
  size_t n = strlen(word);
  for (size_t i = 0; i + n < size; i++)
    if (memcmp(text + i, word, n) == 0)
      return true;
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const char *text = (const char *)bytes;
  if (holds(text, size, "<experiment"))
    try_experiment(text, size);
  else if (holds(text, size, "<counters"))
    try_counters(text, size);
  else
    try_architecture(text, size);
  return 0;
}
