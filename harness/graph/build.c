// Builds the graph of a flat document: names, shapes, parameters and costs, in one walk.
#include "harness/graph/graph.h"

#include "layers/base/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// The walk's own state; the arena of the graph holds what stays.
typedef struct walk {
  gb_builder builder; // first, so that callbacks can come back from it
  gb_graph *graph;
  gb_arena *arena;
  size_t node_capacity, group_capacity;
  int *names; // open addressing: node index + 1 by hash of the name, 0 for free
  size_t name_slots;
  int64_t batch;
  int group; // innermost open group
  gb_location where;
  const char *file_given, *file_kept; // the last file name that was copied
} walk;

// ---------------------------------------------------------------------------------------------
// Names of nodes

static size_t name_slot(const walk *w, const char *name) {
  size_t slot = (size_t)gb_hash_text(name) & (w->name_slots - 1);
  while (w->names[slot] && strcmp(w->graph->nodes[w->names[slot] - 1].name, name) != 0)
    slot = (slot + 1) & (w->name_slots - 1);
  return slot;
}

static gb_status grow_names(walk *w, gb_error *error) {
  if (w->name_slots && w->graph->node_count * 2 < w->name_slots)
    return GB_OK;
  w->name_slots = w->name_slots ? w->name_slots * 2 : 1024;
  w->names = gb_arena_allocate(w->arena, w->name_slots, sizeof *w->names);
  if (!w->names)
    return gb_fail_memory(error);
  for (size_t i = 0; i < w->graph->node_count; i++)
    w->names[name_slot(w, w->graph->nodes[i].name)] = (int)i + 1;
  return GB_OK;
}

// A layer without parameters may get a number behind its name to be unique ("add", "add_2"): only
// the names of parameters are the checkpoint's.
static gb_status unique_name(walk *w, const char **name, bool has_params, gb_error *error) {
  const char *base = *name;
  for (int i = 2; w->names[name_slot(w, *name)]; i++) {
    if (has_params)
      return gb_fail(error, GB_EINPUT,
                     "the name is taken already: parameters of two layers would collide");
    *name = gb_arena_print(w->arena, "%s_%d", base, i);
    if (!*name)
      return gb_fail_memory(error);
  }
  return GB_OK;
}

// "scope.name", or the one that is not empty.
static const char *join_names(gb_arena *arena, const char *scope, const char *name) {
  return *scope && *name ? gb_arena_print(arena, "%s.%s", scope, name)
                         : gb_arena_copy(arena, *scope ? scope : name);
}

// ---------------------------------------------------------------------------------------------
// Nodes

static gb_shape shape_of(const gb_builder *builder, int value) {
  const walk *w = (const walk *)(const void *)builder;
  return w->graph->nodes[value].op.out;
}

static gb_status count_node(gb_graph *graph, gb_node *node, gb_error *error) {
  gb_op *op = &node->op;
  int64_t elements = 0;
  for (size_t i = 0; i < node->param_count; i++) {
    gb_param *param = &node->params[i];
    param->offset =
        (graph->weight_elements + GB_PARAM_ALIGNMENT - 1) / GB_PARAM_ALIGNMENT * GB_PARAM_ALIGNMENT;
    if (param->offset > GB_MAX_ELEMENTS - param->count)
      return gb_fail(error, GB_ELIMIT, "the network's parameters are more than %" PRId64,
                     GB_MAX_ELEMENTS);
    graph->weight_elements = param->offset + param->count;
    graph->param_elements += param->count;
    *(param->spec.trainable ? &graph->trainable : &graph->statistics) += param->count;
    elements += param->count;
  }
  op->layer->cost(op, &node->cost);
  for (size_t i = 0; i < op->n_in; i++)
    elements += gb_shape_count(&op->in[i]);
  // At most GB_MAX_ELEMENTS each, so that these sums stay far below 2^63.
  node->cost.bytes_read = 4 * elements;
  node->cost.bytes_written = op->n_in ? 4 * gb_shape_count(&op->out) : 0;
  gb_cost_add(&graph->cost, &node->cost);
  return GB_OK;
}

static gb_status name_params(walk *w, gb_node *node, gb_error *error) {
  gb_param_spec specs[GB_MAX_PARAMS] = {0};
  size_t count = node->op.layer->params ? node->op.layer->params(&node->op, specs) : 0;
  if (count == 0)
    return GB_OK;
  node->params = gb_arena_allocate(w->arena, count, sizeof *node->params);
  if (!node->params)
    return gb_fail_memory(error);
  for (size_t i = 0; i < count; i++) {
    gb_param *param = &node->params[i];
    *param = (gb_param){.spec = specs[i], .count = 1};
    for (int d = 0; d < specs[i].rank; d++) {
      if (specs[i].dims[d] < 1 || specs[i].dims[d] > GB_MAX_ELEMENTS / param->count)
        return gb_fail(error, GB_ELIMIT, "parameter '%s' is too large", specs[i].name);
      param->count *= specs[i].dims[d];
    }
    param->name = gb_arena_print(w->arena, "%s.%s", node->name, specs[i].name);
    if (!param->name)
      return gb_fail_memory(error);
  }
  node->param_count = count;
  return GB_OK;
}

static gb_status add_node(gb_builder *builder, const gb_layer *layer, const void *attrs,
                          const char *name, const int *inputs, size_t n_inputs, int *output,
                          gb_error *error) {
  walk *w = (walk *)(void *)builder;
  gb_graph *graph = w->graph;
  if (graph->node_count >= GB_MAX_NODES)
    return gb_fail(error, GB_ELIMIT, "more than %d layers", GB_MAX_NODES);
  GB_TRY(grow_names(w, error));
  gb_node *nodes =
      gb_arena_grow(w->arena, graph->nodes, graph->node_count, &w->node_capacity, sizeof *nodes);
  gb_shape *in = gb_arena_allocate(w->arena, n_inputs, sizeof *in);
  int *input_copy = gb_arena_allocate(w->arena, n_inputs, sizeof *input_copy);
  if (!nodes || !in || !input_copy)
    return gb_fail_memory(error);
  graph->nodes = nodes;
  gb_node *node = &nodes[graph->node_count];
  *node = (gb_node){.op = {.layer = layer, .attrs = attrs, .in = in, .n_in = n_inputs},
                    .name = name,
                    .inputs = input_copy,
                    .group = w->group,
                    .where = w->where};
  for (size_t i = 0; i < n_inputs; i++) {
    input_copy[i] = inputs[i];
    in[i] = nodes[inputs[i]].op.out;
  }
  gb_status status = layer->infer(attrs, in, n_inputs, &node->op.out, error);
  if (n_inputs == 0)
    node->op.out.n = w->batch;
  if (status == GB_OK && !gb_shape_valid(&node->op.out)) {
    char text[GB_SHAPE_TEXT];
    status =
        gb_fail(error, GB_ELIMIT, "the output %s is empty or has more than %" PRId64 " elements",
                gb_shape_print(&node->op.out, text), GB_MAX_ELEMENTS);
  }
  if (status == GB_OK)
    status = unique_name(w, &node->name, layer->params != NULL, error);
  if (status == GB_OK)
    status = name_params(w, node, error);
  if (status == GB_OK)
    status = count_node(graph, node, error);
  if (status != GB_OK) {
    gb_error_prefix(error, "'%s' (%s): ", name, layer->name);
    return status;
  }
  *output = (int)graph->node_count++;
  w->names[name_slot(w, node->name)] = *output + 1;
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Elements

static gb_status open_group(walk *w, const gb_group *group, int *index, gb_error *error) {
  gb_graph *graph = w->graph;
  gb_group *groups = gb_arena_grow(w->arena, graph->groups, graph->group_count, &w->group_capacity,
                                   sizeof *groups);
  if (!groups)
    return gb_fail_memory(error);
  graph->groups = groups;
  *index = (int)graph->group_count++;
  groups[*index] = *group;
  groups[*index].first = (int)graph->node_count;
  groups[*index].parent = w->group;
  w->group = *index;
  return GB_OK;
}

static void close_group(walk *w, int index) {
  w->graph->groups[index].end = (int)w->graph->node_count;
  w->group = w->graph->groups[index].parent;
}

// The element with its strings in the graph's arena, so that the document may be freed.
static gb_status keep_element(walk *w, const gb_element *element, gb_element *kept,
                              gb_error *error) {
  *kept = *element;
  if (element->where.file != w->file_given || !w->file_given) {
    w->file_given = element->where.file;
    w->file_kept = element->where.file ? gb_arena_copy(w->arena, element->where.file) : NULL;
  }
  kept->where.file = w->file_kept;
  w->where = kept->where;
  kept->kind = gb_arena_copy(w->arena, element->kind);
  kept->attributes =
      gb_arena_allocate(w->arena, element->attribute_count, sizeof *kept->attributes);
  if (!kept->kind || !kept->attributes)
    return gb_fail_memory(error);
  for (size_t i = 0; i < element->attribute_count; i++) {
    kept->attributes[i] = element->attributes[i];
    kept->attributes[i].value = gb_arena_copy(w->arena, element->attributes[i].value);
    if (!kept->attributes[i].value)
      return gb_fail_memory(error);
  }
  return GB_OK;
}

// The value of an element called `name`, seen from `scope`: the nearest enclosing scope that has
// it. A named structure stands for its last layer.
static int find_value(const walk *w, const char *scope, const char *name, gb_arena *arena) {
  char *prefix = gb_arena_copy(arena, scope);
  while (prefix) {
    const char *full = join_names(arena, prefix, name);
    int found = full ? gb_graph_find(w->graph, full) : -1;
    if (found >= 0 || !*prefix)
      return found;
    char *dot = strrchr(prefix, '.');
    *(dot ? dot : prefix) = '\0';
  }
  return -1;
}

enum { MAX_INPUTS = 64 };

static gb_status resolve_inputs(walk *w, const char *scope, const char *from, int before,
                                int *inputs, size_t *count, gb_error *error) {
  *count = 1;
  inputs[0] = before;
  if (!*from)
    return GB_OK;
  *count = 0;
  while (*from) {
    size_t n = strcspn(from, " ");
    char *name = gb_arena_copy_n(w->arena, from, n);
    if (!name)
      return gb_fail_memory(error);
    if (*count == MAX_INPUTS)
      return gb_fail(error, GB_ELIMIT, "more than %d inputs", MAX_INPUTS);
    int value = find_value(w, scope, name, w->arena);
    if (value < 0)
      return gb_fail(error, GB_EINPUT, "from=\"…\": no layer '%.80s' stands before this one", name);
    inputs[(*count)++] = value;
    from += n + strspn(from + n, " ");
  }
  return GB_OK;
}

// A primitive layer without a name is called by its kind; a composite one lends its children the
// enclosing scope.
static gb_status build_layer(walk *w, const gb_layer *layer, const gb_element *element,
                             const char *scope, int *value, gb_error *error) {
  gb_common common = {0};
  static const char *const common_names[] = {"name", "in", "from", NULL};
  void *attrs = gb_arena_allocate(w->arena, 1, layer->attrs_size + 1);
  if (!attrs)
    return gb_fail_memory(error);
  GB_TRY(gb_attrs_parse(layer->attrs, layer->n_attrs, element, common_names, attrs, NULL, error));
  for (size_t i = 0; i < gb_common_attr_count; i++) {
    const char *given = gb_element_get(element, gb_common_attrs[i].name);
    GB_TRY(gb_attr_parse(&gb_common_attrs[i], given ? given : gb_common_attrs[i].fallback, &common,
                         error));
  }
  const char *own = *common.name || layer->lower ? common.name : layer->name;
  const char *name = join_names(w->arena, scope, own);
  if (!name)
    return gb_fail_memory(error);
  int inputs[MAX_INPUTS];
  size_t count = 0;
  if (layer->max_inputs > 0)
    GB_TRY(resolve_inputs(w, scope, common.from, *value, inputs, &count, error));
  if (common.in > 0 && count > 0 && w->graph->nodes[inputs[0]].op.out.c != common.in)
    return gb_fail(error, GB_ESHAPE,
                   "'%s' says in=\"%" PRId64 "\", but %" PRId64 " channels arrive", name, common.in,
                   w->graph->nodes[inputs[0]].op.out.c);
  int group;
  GB_TRY(
      open_group(w,
                 &(gb_group){.kind = layer->name,
                             .name = *own ? name : "", // not the scope's: that is another group's
                             .block = "",
                             .layer = layer,
                             .attrs = attrs},
                 &group, error));
  GB_TRY(gb_layer_build(&w->builder, layer, attrs, scope, name, inputs, count, value, error));
  close_group(w, group);
  return GB_OK;
}

static gb_status build_element(walk *w, const gb_element *element, const char *scope, int depth,
                               int *value, gb_error *error);

static gb_status build_children(walk *w, const gb_element *parent, const char *skip,
                                const char *scope, int depth, int *value, gb_error *error) {
  for (const gb_element *child = parent->first_child; child; child = child->next)
    if (!skip || strcmp(child->kind, skip) != 0)
      GB_TRY(build_element(w, child, scope, depth + 1, value, error));
  return GB_OK;
}

static gb_status build_join(walk *w, const char *join, int act, const char *scope,
                            const int *inputs, size_t count, int *value, gb_error *error) {
  *value = inputs[0];
  if (count > 1)
    GB_TRY(gb_layer_build_text(&w->builder, join, scope, join, "", inputs, count, value, error));
  if (act == GB_ACT_NONE)
    return GB_OK;
  char text[64];
  snprintf(text, sizeof text, "function=%s", gb_activation_names[act]);
  return gb_layer_build_text(&w->builder, "activation", scope, "act", text, value, 1, value, error);
}

// x + F(x), or shortcut(x) + F(x) (He et al. 2016, equations 1 and 2).
static gb_status build_residual(walk *w, const gb_element *element, const char *scope, int act,
                                int depth, int *value, gb_error *error) {
  int ways[2] = {*value, *value}; // main, shortcut
  int shortcuts = 0;
  GB_TRY(build_children(w, element, "shortcut", scope, depth, &ways[0], error));
  for (const gb_element *child = element->first_child; child; child = child->next)
    if (strcmp(child->kind, "shortcut") == 0) {
      if (shortcuts++)
        return gb_fail_at(error, GB_EINPUT, &child->where, "<residual> takes one <shortcut>");
      GB_TRY(build_element(w, child, scope, depth + 1, &ways[1], error));
    }
  w->where = element->where;
  return build_join(w, "add", act, scope, ways, 2, value, error);
}

static gb_status build_branches(walk *w, const gb_element *element, const char *scope,
                                const gb_structure_attrs *attrs, int depth, int *value,
                                gb_error *error) {
  int ends[MAX_INPUTS];
  size_t count = 0;
  for (const gb_element *child = element->first_child; child; child = child->next) {
    if (strcmp(child->kind, "branch") != 0)
      return gb_fail_at(error, GB_EINPUT, &child->where,
                        "<branches> holds <branch> elements only, not <%s>", child->kind);
    if (count == MAX_INPUTS)
      return gb_fail_at(error, GB_ELIMIT, &child->where, "more than %d branches", MAX_INPUTS);
    ends[count] = *value;
    GB_TRY(build_element(w, child, scope, depth + 1, &ends[count], error));
    count++;
  }
  if (count == 0)
    return gb_fail_at(error, GB_EINPUT, &element->where, "<branches> has no <branch>");
  return build_join(w, gb_join_names[attrs->join], attrs->act, scope, ends, count, value, error);
}

static gb_status build_structure(walk *w, const gb_structure *structure, const gb_element *element,
                                 const char *scope, int depth, int *value, gb_error *error) {
  gb_structure_attrs attrs = {.name = "", .block = "", .act = GB_ACT_NONE};
  GB_TRY(gb_attrs_parse(structure->attrs, structure->n_attrs, element, NULL, &attrs, NULL, error));
  const char *inner = join_names(w->arena, scope, attrs.name);
  if (!inner)
    return gb_fail_memory(error);
  int group;
  GB_TRY(open_group(
      w,
      &(gb_group){.kind = structure->name, .name = *attrs.name ? inner : "", .block = attrs.block},
      &group, error));
  if (strcmp(structure->name, "residual") == 0)
    GB_TRY(build_residual(w, element, inner, attrs.act, depth, value, error));
  else if (strcmp(structure->name, "branches") == 0)
    GB_TRY(build_branches(w, element, inner, &attrs, depth, value, error));
  else
    GB_TRY(build_children(w, element, NULL, inner, depth, value, error));
  close_group(w, group);
  return GB_OK;
}

static void add_place(const gb_location *where, gb_error *error) {
  if (error && where->file && !strstr(error->message, where->file))
    gb_error_prefix(error, "%s:%d:%d: ", where->file, where->line, where->column);
}

static gb_status build_element(walk *w, const gb_element *element, const char *scope, int depth,
                               int *value, gb_error *error) {
  if (depth > GB_MAX_DEPTH)
    return gb_fail_at(error, GB_ELIMIT, &element->where, "elements nest deeper than %d",
                      GB_MAX_DEPTH);
  gb_element kept;
  GB_TRY(keep_element(w, element, &kept, error));
  const gb_layer *layer = gb_layer_find(kept.kind);
  const gb_structure *structure = gb_structure_find(kept.kind);
  gb_status status;
  if (*value < 0 && !(layer && layer->max_inputs == 0))
    status = gb_fail(error, GB_EINPUT, "<%s> stands before <input>", kept.kind);
  else if (*value >= 0 && layer && layer->max_inputs == 0)
    status = gb_fail(error, GB_EINPUT, "a second <%s>", kept.kind);
  else if (layer)
    status = build_layer(w, layer, &kept, scope, value, error);
  else if (structure)
    status = build_structure(w, structure, &kept, scope, depth, value, error);
  else
    status = gb_fail(error, GB_EINPUT, "unknown element <%.60s>", kept.kind);
  if (status != GB_OK && status != GB_ENOMEM)
    add_place(&kept.where, error);
  return status;
}

gb_status gb_graph_build(const gb_element *network, int64_t batch, gb_graph **graph,
                         gb_error *error) {
  *graph = NULL;
  if (batch < 1 || batch > GB_MAX_ELEMENTS)
    return gb_fail(error, GB_EUSAGE, "batch %" PRId64 " is not allowed: at least 1", batch);
  gb_arena *arena = gb_arena_new(NULL);
  gb_graph *built = arena ? gb_arena_allocate(arena, 1, sizeof *built) : NULL;
  if (!built) {
    gb_arena_free(arena);
    return gb_fail_memory(error);
  }
  built->arena = arena;
  walk w = {.builder = {.add = add_node, .shape = shape_of, .arena = arena},
            .graph = built,
            .arena = arena,
            .batch = batch,
            .group = -1};
  int value = -1, group;
  gb_status status =
      open_group(&w, &(gb_group){.kind = "network", .name = "", .block = ""}, &group, error);
  if (status == GB_OK)
    status = build_children(&w, network, NULL, "", 0, &value, error);
  if (status == GB_OK)
    close_group(&w, group);
  if (status == GB_OK && built->node_count < 2)
    status = gb_fail_at(error, GB_EINPUT, &network->where, "the network has no layers");
  if (status != GB_OK) {
    gb_graph_free(built);
    return status;
  }
  *graph = built;
  return GB_OK;
}

void gb_graph_free(gb_graph *graph) {
  if (graph)
    gb_arena_free(graph->arena);
}

int gb_graph_find(const gb_graph *graph, const char *name) {
  for (size_t i = graph->group_count; i-- > 0;) {
    const gb_group *group = &graph->groups[i];
    if (group->end > group->first && *group->name && strcmp(group->name, name) == 0)
      return group->end - 1;
  }
  for (size_t i = graph->node_count; i-- > 0;)
    if (strcmp(graph->nodes[i].name, name) == 0)
      return (int)i;
  return -1;
}
