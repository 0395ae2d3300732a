// Names of groups in a graph: `from` finds a whole sequence, not an unnamed layer in it.
#include "tests/lib/check.h"

#include "harness/graph/graph.h"

static gb_attribute input_attrs[] = {{.name = "channels", .value = "4"},
                                     {.name = "height", .value = "5"},
                                     {.name = "width", .value = "5"}};
static gb_attribute separable_attrs[] = {{.name = "out", .value = "6"},
                                         {.name = "kernel", .value = "3"}};
static gb_attribute conv_attrs[] = {{.name = "name", .value = "last"},
                                    {.name = "out", .value = "9"},
                                    {.name = "kernel", .value = "1"}};
static gb_attribute sequence_attrs[] = {{.name = "name", .value = "b"}};
static gb_attribute dropout_attrs[] = {{.name = "from", .value = "b"}};

TEST(an_unnamed_composite_does_not_take_its_scopes_name) {
  gb_element conv = {.kind = "conv", .attributes = conv_attrs, .attribute_count = 3};
  gb_element separable = {
      .kind = "separable", .attributes = separable_attrs, .attribute_count = 2, .next = &conv};
  gb_element dropout = {.kind = "dropout", .attributes = dropout_attrs, .attribute_count = 1};
  gb_element sequence = {.kind = "sequence",
                         .attributes = sequence_attrs,
                         .attribute_count = 1,
                         .first_child = &separable,
                         .next = &dropout};
  gb_element input = {
      .kind = "input", .attributes = input_attrs, .attribute_count = 3, .next = &sequence};
  gb_element network = {.kind = "network", .first_child = &input};
  gb_graph *graph;
  gb_error error = {0};
  REQUIRE_OK(gb_graph_build(&network, 1, &graph, &error), error);
  CHECK_INT(gb_graph_find(graph, "b"), gb_graph_find(graph, "b.last"));
  CHECK(gb_graph_find(graph, "b.depthwise") >= 0 && gb_graph_find(graph, "b.pointwise") >= 0);
  CHECK_INT(graph->nodes[graph->node_count - 1].op.out.c, 9); // the dropout read the convolution
  gb_graph_free(graph);
}

TEST_MAIN(CASE(an_unnamed_composite_does_not_take_its_scopes_name))
