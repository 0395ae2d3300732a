// The reference engine: each layer's plain forward, in order; the oracle of every faster engine.
#include "harness/engine/engine.h"

#include "harness/engine/layout.h"

struct gb_reference {
  const gb_graph *graph;
  const gb_weights *weights;
  float *memory;    // activations, laid out by life time
  int64_t *offsets; // of each node's output in `memory`
  const float **in; // pointers for one call, as many as the widest layer needs
  const float **params;
};

static gb_status lay_out(gb_reference *engine, gb_error *error) {
  const gb_graph *graph = engine->graph;
  gb_extent *extents = gb_allocate(NULL, graph->node_count, sizeof *extents);
  if (!extents)
    return gb_fail_memory(error);
  for (size_t i = 0; i < graph->node_count; i++) {
    const gb_node *node = &graph->nodes[i];
    extents[i] =
        (gb_extent){.size = gb_shape_count(&node->op.out), .first = (int)i, .last = (int)i};
    for (size_t j = 0; j < node->op.n_in; j++)
      extents[node->inputs[j]].last = (int)i;
  }
  // The first node's output is the caller's input, the last one's the caller's output.
  extents[0].size = extents[graph->node_count - 1].size = 0;
  int64_t total = 0;
  gb_status status = gb_layout(extents, graph->node_count, 16, &total, error);
  for (size_t i = 0; status == GB_OK && i < graph->node_count; i++)
    engine->offsets[i] = extents[i].offset;
  gb_release(NULL, extents);
  if (status != GB_OK)
    return status;
  engine->memory = gb_allocate(NULL, (size_t)total, sizeof(float));
  return engine->memory ? GB_OK : gb_fail_memory(error);
}

gb_status gb_reference_new(const gb_graph *graph, const gb_weights *weights, gb_reference **engine,
                           gb_error *error) {
  *engine = NULL;
  gb_reference *made = gb_allocate(NULL, 1, sizeof *made);
  if (!made)
    return gb_fail_memory(error);
  size_t widest = 1;
  for (size_t i = 0; i < graph->node_count; i++)
    if (graph->nodes[i].op.n_in > widest)
      widest = graph->nodes[i].op.n_in;
  made->graph = graph;
  made->weights = weights;
  made->offsets = gb_allocate(NULL, graph->node_count, sizeof *made->offsets);
  made->in = gb_allocate(NULL, widest, sizeof *made->in);
  made->params = gb_allocate(NULL, GB_MAX_PARAMS, sizeof *made->params);
  gb_status status =
      made->offsets && made->in && made->params ? lay_out(made, error) : gb_fail_memory(error);
  if (status != GB_OK) {
    gb_reference_free(made);
    return status;
  }
  *engine = made;
  return GB_OK;
}

gb_status gb_reference_run(gb_reference *engine, const float *input, float *output, gb_keep keep,
                           void *context, gb_error *error) {
  const gb_graph *graph = engine->graph;
  int last = (int)graph->node_count - 1;
  if (keep)
    GB_TRY(keep(context, &graph->nodes[0], input, error));
  for (int i = 1; i <= last; i++) {
    const gb_node *node = &graph->nodes[i];
    for (size_t j = 0; j < node->op.n_in; j++) {
      int from = node->inputs[j];
      engine->in[j] = from == 0 ? input : engine->memory + engine->offsets[from];
    }
    for (size_t j = 0; j < node->param_count; j++)
      engine->params[j] = engine->weights->values + node->params[j].offset;
    float *out = i == last ? output : engine->memory + engine->offsets[i];
    gb_status status = node->op.layer->forward(&node->op, engine->in, engine->params, out, error);
    if (status != GB_OK) {
      gb_error_prefix(error, "'%s' (%s): ", node->name, node->op.layer->name);
      return status;
    }
    if (keep)
      GB_TRY(keep(context, node, out, error));
  }
  return GB_OK;
}

void gb_reference_free(gb_reference *engine) {
  if (!engine)
    return;
  gb_release(NULL, engine->memory);
  gb_release(NULL, engine->offsets);
  gb_release(NULL, (void *)engine->in);
  gb_release(NULL, (void *)engine->params);
  gb_release(NULL, engine);
}
