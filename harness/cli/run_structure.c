// A network seen as the rows of an architecture table, and as shares by kind of layer; both are
// read from the graph (shapes, work of each layer), not from the words of the XML.
#include "harness/cli/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static gb_work work_of(const gb_node *node) {
  gb_work work = {0};
  if (node->op.layer->work)
    node->op.layer->work(&node->op, &work);
  return work;
}

// The composite layer (ghost, squeeze-excite …) that the node is a part of, or NULL.
static const gb_layer *composite_of(const gb_graph *graph, const gb_node *node) {
  const gb_layer *layer = graph->groups[node->group].layer;
  return layer && layer->lower ? layer : NULL;
}

// ---------------------------------------------------------------------------------------------
// Shares

// NULL: neither a convolution nor a linear layer.
static const char *plain_kind(const gb_node *node) {
  gb_work work = work_of(node);
  if (work.kind == GB_WORK_LINEAR)
    return "linear";
  if (work.kind != GB_WORK_CONV)
    return NULL;
  if (work.groups > 1)
    return work.groups == node->op.in->c ? "depthwise conv" : "grouped conv";
  return work.kernel_h == 1 && work.kernel_w == 1 ? "pointwise conv" : "conv k\xc3\x97k";
}

// Whether all that the composite layer computes is of one kind: then its name says enough.
static bool is_uniform(const gb_graph *graph, const gb_group *group, const char *kind) {
  for (int i = group->first; i < group->end; i++) {
    const char *other = plain_kind(&graph->nodes[i]);
    if (other && strcmp(other, kind) != 0)
      return false;
  }
  return true;
}

gb_status gb_parts_of(const gb_graph *graph, gb_convention convention, gb_arena *arena,
                      gb_part **parts, size_t *count, gb_error *error) {
  size_t room = 0;
  const char *last = NULL; // kind of the convolution before, and its group
  int group = -1;
  *parts = NULL;
  *count = 0;
  for (size_t i = 0; i < graph->node_count; i++) {
    const gb_node *node = &graph->nodes[i];
    const char *plain = plain_kind(node);
    if (plain || node->group != group)
      last = plain; // a batch norm behind a convolution is that one's
    group = node->group;
    int64_t macs = gb_cost_macs(&node->cost, convention), params = 0;
    for (size_t k = 0; k < node->param_count; k++)
      params += node->params[k].spec.trainable ? node->params[k].count : 0;
    if (macs == 0 && params == 0)
      continue;
    char kind[96];
    const gb_layer *composite = composite_of(graph, node);
    const char *work = last ? last : "other";
    if (!composite)
      snprintf(kind, sizeof kind, "%s", work);
    else if (is_uniform(graph, &graph->groups[node->group], work))
      snprintf(kind, sizeof kind, "%s", composite->name);
    else
      snprintf(kind, sizeof kind, "%s: %s", composite->name, work);
    size_t at = 0;
    while (at < *count && strcmp((*parts)[at].kind, kind) != 0)
      at++;
    if (at == *count) {
      gb_part *grown = gb_arena_grow(arena, *parts, *count, &room, sizeof *grown);
      const char *name = gb_arena_copy(arena, kind);
      if (!grown || !name)
        return gb_fail_memory(error);
      *parts = grown;
      grown[(*count)++] = (gb_part){.kind = name};
    }
    (*parts)[at].macs += macs;
    (*parts)[at].params += params;
  }
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Rows

typedef struct listing {
  const gb_graph *graph;
  gb_arena *arena;
  gb_structure_row *rows;
  size_t count, room;
} listing;

static bool computes(const gb_graph *graph, const gb_group *group) {
  for (int i = group->first; i < group->end; i++) {
    const gb_cost *cost = &graph->nodes[i].cost;
    if (cost->macs || cost->other_macs || cost->other_ops)
      return true;
  }
  return false;
}

// The whole number by which the size shrinks, the larger of both directions.
static int64_t shrinks(const gb_shape *in, const gb_shape *out) {
  int64_t h = (in->h + out->h - 1) / out->h, w = (in->w + out->w - 1) / out->w;
  return h > w ? h : w;
}

// A multiplication of maps by one number each: squeeze-and-excitation's.
static bool is_gate(const gb_node *node) {
  const gb_shape *in = node->op.in;
  return node->op.n_in == 2 && work_of(node).kind == GB_WORK_MULTIPLY &&
         (in[0].h * in[0].w == 1) != (in[1].h * in[1].w == 1);
}

// Of a block: what its own layers do. Kernels inside composite layers are theirs.
static void fill_block(const listing *l, size_t index, gb_structure_row *row) {
  const gb_graph *graph = l->graph;
  const gb_group *group = &graph->groups[index];
  const gb_node *first = &graph->nodes[group->first], *last = &graph->nodes[group->end - 1];
  snprintf(row->operator_, sizeof row->operator_, "%s", *group->block ? group->block : group->kind);
  row->out = last->op.out.c;
  row->stride = shrinks(first->op.in, &last->op.out);
  row->se = 0;
  for (int i = group->first; i < group->end; i++) {
    const gb_node *node = &graph->nodes[i];
    gb_work work = work_of(node);
    row->se |= is_gate(node);
    if (work.kind == GB_WORK_CONV && !composite_of(graph, node) && work.kernel_h > row->kernel)
      row->kernel = work.kernel_h;
  }
  // Its first layer widens (or narrows) what comes in.
  for (size_t g = index + 1; g < graph->group_count; g++)
    if (graph->groups[g].layer && graph->groups[g].end > graph->groups[g].first) {
      row->expand = graph->nodes[graph->groups[g].end - 1].op.out.c;
      break;
    }
}

static void fill_layer(const listing *l, const gb_group *group, gb_structure_row *row) {
  const gb_graph *graph = l->graph;
  const gb_node *first = &graph->nodes[group->first], *last = &graph->nodes[group->end - 1];
  gb_work work = work_of(first);
  const gb_shape *in = first->op.in;
  if (composite_of(graph, first))
    work = (gb_work){0};
  int64_t h = work.kernel_h, w = work.kernel_w;
  const char *what = group->kind;
  switch (work.kind) {
  case GB_WORK_CONV:
    what = work.groups == 1 ? "Conv2d" : work.groups == in->c ? "Depthwise" : "Grouped conv";
    row->stride = work.stride_h > work.stride_w ? work.stride_h : work.stride_w;
    row->out = last->op.out.c;
    break;
  case GB_WORK_POOL:
    what = work.max ? "MaxPool" : "AvgPool";
    row->stride = work.stride_h > work.stride_w ? work.stride_h : work.stride_w;
    break;
  case GB_WORK_GLOBAL_POOL:
    what = work.max ? "MaxPool" : "AvgPool";
    h = in->h;
    w = in->w;
    break;
  case GB_WORK_LINEAR:
    what = "FC";
    row->out = last->op.out.c;
    break;
  case GB_WORK_FORWARD:
  case GB_WORK_SCALE_SHIFT:
  case GB_WORK_ACTIVATION:
  case GB_WORK_ADD:
  case GB_WORK_MULTIPLY:
  case GB_WORK_PLANES:
  case GB_WORK_WARP:
  case GB_WORK_BANK:
  case GB_WORK_PICK:
  case GB_WORK_SOFTMAX:
    row->out = last->op.out.c;
    row->stride = shrinks(in, &last->op.out);
    break;
  }
  if (h > 0)
    snprintf(row->operator_, sizeof row->operator_, "%s %" PRId64 "x%" PRId64, what, h, w);
  else
    snprintf(row->operator_, sizeof row->operator_, "%s", what);
}

static gb_status add_row(listing *l, size_t index, gb_error *error) {
  const gb_group *group = &l->graph->groups[index];
  const gb_op *op = &l->graph->nodes[group->first].op;
  if (!computes(l->graph, group) || op->n_in == 0)
    return GB_OK;
  gb_structure_row *grown = gb_arena_grow(l->arena, l->rows, l->count, &l->room, sizeof *grown);
  if (!grown)
    return gb_fail_memory(error);
  l->rows = grown;
  gb_structure_row *row = &grown[l->count++];
  *row = (gb_structure_row){.kernel = -1, .expand = -1, .out = -1, .se = -1, .stride = -1};
  snprintf(row->input, sizeof row->input, "%" PRId64 "x%" PRId64 "x%" PRId64, op->in->h, op->in->w,
           op->in->c);
  if (group->layer)
    fill_layer(l, group, row);
  else
    fill_block(l, index, row);
  return GB_OK;
}

// Whether a group holds branches itself: then it is one row, as papers print blocks. A sequence of
// layers, or of blocks, is printed row by row.
static bool is_block(const gb_graph *graph, size_t index) {
  if (strcmp(graph->groups[index].kind, "sequence") != 0 && index > 0)
    return true;
  for (size_t g = index + 1; g < graph->group_count && graph->groups[g].parent >= (int)index; g++)
    if (graph->groups[g].parent == (int)index && !graph->groups[g].layer &&
        strcmp(graph->groups[g].kind, "sequence") != 0)
      return index > 0;
  return false;
}

static gb_status add_rows(listing *l, size_t index, gb_error *error) {
  const gb_graph *graph = l->graph;
  for (size_t g = index + 1; g < graph->group_count && graph->groups[g].parent >= (int)index; g++) {
    const gb_group *group = &graph->groups[g];
    if (group->parent != (int)index || group->end == group->first)
      continue;
    GB_TRY(group->layer || is_block(graph, g) ? add_row(l, g, error) : add_rows(l, g, error));
  }
  return GB_OK;
}

gb_status gb_structure_of(const gb_graph *graph, gb_arena *arena, gb_structure_row **rows,
                          size_t *count, gb_error *error) {
  listing l = {.graph = graph, .arena = arena};
  gb_status status = add_rows(&l, 0, error);
  *rows = l.rows;
  *count = l.count;
  return status;
}
