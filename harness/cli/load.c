// From a name and settings to a graph.
#include "harness/cli/cli.h"

gb_status gb_model_load(const char *name, const gb_settings *settings, int64_t batch, bool keep_xml,
                        gb_model *model, gb_error *error) {
  *model = (gb_model){0};
  gb_arena *arena = gb_arena_new(NULL);
  if (!arena)
    return gb_fail_memory(error);
  gb_places places = {0};
  const char *path = NULL;
  gb_status status = gb_find_places(arena, &places, error);
  if (status == GB_OK)
    status = gb_places_find(&places, "architectures", name, arena, &path, error);
  if (status == GB_OK)
    status = gb_architecture_open(path, &places, &model->architecture, error);
  if (status == GB_OK)
    status = gb_architecture_expand(model->architecture, settings->items, settings->count, NULL, 0,
                                    keep_xml, &model->network, error);
  if (status == GB_OK)
    status = gb_graph_build(model->network->root, batch, &model->graph, error);
  gb_arena_free(arena);
  if (status != GB_OK)
    gb_model_free(model);
  return status;
}

void gb_model_free(gb_model *model) {
  gb_graph_free(model->graph);
  gb_network_free(model->network);
  gb_architecture_free(model->architecture);
  *model = (gb_model){0};
}
