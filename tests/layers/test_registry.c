// Tests of the list of layers, of attribute tables, and of attribute parsing.
#include "tests/lib/check.h"

#include "layers/layer.h"

#include <stdlib.h>

static size_t size_of(gb_attr_type type) {
  switch (type) {
  case GB_ATTR_INT:
    return sizeof(int64_t);
  case GB_ATTR_REAL:
    return sizeof(double);
  case GB_ATTR_BOOL:
    return sizeof(bool);
  case GB_ATTR_CHOICE:
    return sizeof(int);
  case GB_ATTR_NAME:
  case GB_ATTR_NAMES:
    return sizeof(char *);
  case GB_ATTR_SIZE:
    return sizeof(gb_size);
  case GB_ATTR_SIZES:
    return sizeof(gb_size_list);
  case GB_ATTR_PADDING:
    return sizeof(gb_padding);
  }
  return SIZE_MAX;
}

static bool is_xml_name(const char *name) {
  if (!*name)
    return false;
  for (const char *c = name; *c; c++)
    if (!((*c >= 'a' && *c <= 'z') || (*c == '-' && c > name)))
      return false;
  return true;
}

TEST(layers_are_complete_and_have_unique_names) {
  CHECK(gb_layer_count >= 24);
  for (size_t i = 0; i < gb_layer_count; i++) {
    const gb_layer *l = gb_layers[i];
    if (!l->summary || !*l->summary || !is_xml_name(l->name))
      FAIL("layer %zu (%s) lacks a name or a summary", i, l->name);
    if (gb_layer_find(l->name) != l)
      FAIL("%s stands twice", l->name);
    if (gb_structure_find(l->name))
      FAIL("%s is a structure too", l->name);
    bool primitive = l->infer && l->cost && l->forward && !l->lower;
    bool composite = l->lower && !l->infer && !l->cost && !l->forward && !l->params;
    if (primitive == composite)
      FAIL("%s is neither primitive nor composite", l->name);
    if (l->min_inputs < 0 || l->max_inputs < l->min_inputs)
      FAIL("%s takes %d to %d inputs", l->name, l->min_inputs, l->max_inputs);
    if (l->post != GB_NO_POST && l->post + sizeof(gb_post) > l->attrs_size)
      FAIL("%s has its post outside its struct", l->name);
  }
  CHECK(gb_layer_find("no-such-layer") == NULL);
}

TEST(attribute_rows_lie_inside_the_struct_and_apart) {
  for (size_t i = 0; i < gb_layer_count; i++) {
    const gb_layer *l = gb_layers[i];
    for (size_t j = 0; j < l->n_attrs; j++) {
      const gb_attr *a = &l->attrs[j];
      size_t size = size_of(a->type);
      if ((!is_xml_name(a->name)) || !a->help || !*a->help)
        FAIL("%s attribute %zu lacks a name or help", l->name, j);
      if (a->offset > l->attrs_size || size > l->attrs_size - a->offset)
        FAIL("%s %s lies outside the struct", l->name, a->name);
      if (a->type == GB_ATTR_CHOICE && !a->choices)
        FAIL("%s %s has no choices", l->name, a->name);
      bool bounded = a->type == GB_ATTR_INT || a->type == GB_ATTR_REAL || a->type == GB_ATTR_SIZE ||
                     a->type == GB_ATTR_SIZES;
      if (bounded && !(a->min < a->max))
        FAIL("%s %s has no range", l->name, a->name);
      for (size_t k = 0; k < gb_common_attr_count; k++)
        if (strcmp(a->name, gb_common_attrs[k].name) == 0)
          FAIL("%s %s hides a common attribute", l->name, a->name);
      for (size_t k = 0; k < j; k++) {
        const gb_attr *b = &l->attrs[k];
        if (strcmp(a->name, b->name) == 0)
          FAIL("%s has %s twice", l->name, a->name);
        if (a->offset < b->offset + size_of(b->type) && b->offset < a->offset + size)
          FAIL("%s: %s and %s overlap", l->name, a->name, b->name);
      }
    }
  }
}

TEST(defaults_are_allowed_values) {
  for (size_t i = 0; i < gb_layer_count; i++) {
    const gb_layer *l = gb_layers[i];
    void *values = calloc(1, l->attrs_size + 1);
    REQUIRE(values);
    gb_error error = {0};
    for (size_t j = 0; j < l->n_attrs; j++)
      if (l->attrs[j].fallback &&
          gb_attr_parse(&l->attrs[j], l->attrs[j].fallback, values, &error) != GB_OK)
        FAIL("%s: %s", l->name, error.message);
    free(values);
  }
}

// One row of each type, at the start of a buffer.
static const char *const words[] = {"alpha", "beta", NULL};
static const gb_attr rows[] = {
    {.name = "int", .type = GB_ATTR_INT, .min = -3, .max = 7},
    {.name = "real", .type = GB_ATTR_REAL, .min = 0, .max = 1},
    {.name = "bool", .type = GB_ATTR_BOOL},
    {.name = "choice", .type = GB_ATTR_CHOICE, .choices = words},
    {.name = "name", .type = GB_ATTR_NAME},
    {.name = "names", .type = GB_ATTR_NAMES},
    {.name = "size", .type = GB_ATTR_SIZE, .min = 1, .max = 100},
    {.name = "sizes", .type = GB_ATTR_SIZES, .min = 1, .max = 100},
    {.name = "padding", .type = GB_ATTR_PADDING},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

typedef union any {
  int64_t i;
  double r;
  bool b;
  int choice;
  const char *text;
  gb_size size;
  gb_size_list sizes;
  gb_padding padding;
} any;

static const gb_attr *row(const char *name) {
  for (size_t i = 0; i < N_ROWS; i++)
    if (strcmp(rows[i].name, name) == 0)
      return &rows[i];
  return NULL;
}

TEST(good_values_are_read) {
  any v;
  gb_error error = {0};
  REQUIRE_OK(gb_attr_parse(row("int"), "-3", &v, &error), error);
  CHECK_INT(v.i, -3);
  REQUIRE_OK(gb_attr_parse(row("real"), "0.25", &v, &error), error);
  CHECK(v.r == 0.25);
  REQUIRE_OK(gb_attr_parse(row("bool"), "yes", &v, &error), error);
  CHECK(v.b);
  REQUIRE_OK(gb_attr_parse(row("bool"), "false", &v, &error), error);
  CHECK(!v.b);
  REQUIRE_OK(gb_attr_parse(row("choice"), "beta", &v, &error), error);
  CHECK_INT(v.choice, 1);
  REQUIRE_OK(gb_attr_parse(row("name"), "blocks.0-a_B", &v, &error), error);
  CHECK_TEXT(v.text, "blocks.0-a_B");
  REQUIRE_OK(gb_attr_parse(row("names"), "a b.c", &v, &error), error);
  CHECK_TEXT(v.text, "a b.c");
  REQUIRE_OK(gb_attr_parse(row("size"), "1x64", &v, &error), error);
  CHECK(v.size.h == 1 && v.size.w == 64);
  REQUIRE_OK(gb_attr_parse(row("size"), "3", &v, &error), error);
  CHECK(v.size.h == 3 && v.size.w == 3);
  REQUIRE_OK(gb_attr_parse(row("sizes"), "3,1x5,7", &v, &error), error);
  CHECK(v.sizes.count == 3 && v.sizes.items[1].h == 1 && v.sizes.items[1].w == 5 &&
        v.sizes.items[2].h == 7);
  REQUIRE_OK(gb_attr_parse(row("padding"), "1,2,3,4", &v, &error), error);
  CHECK(v.padding.mode == GB_PAD_EXPLICIT && v.padding.top == 1 && v.padding.right == 2 &&
        v.padding.bottom == 3 && v.padding.left == 4);
  REQUIRE_OK(gb_attr_parse(row("padding"), "2x0", &v, &error), error);
  CHECK(v.padding.top == 2 && v.padding.bottom == 2 && v.padding.left == 0);
  REQUIRE_OK(gb_attr_parse(row("padding"), "valid", &v, &error), error);
  CHECK(v.padding.mode == GB_PAD_EXPLICIT && v.padding.top == 0 && v.padding.right == 0);
  REQUIRE_OK(gb_attr_parse(row("padding"), "causal", &v, &error), error);
  CHECK(v.padding.mode == GB_PAD_CAUSAL);
}

TEST(bad_values_are_refused_with_what_is_allowed) {
  static const struct {
    const char *row, *value, *part;
  } bad[] = {
      {"int", "8", "-3 to 7"},
      {"int", "", "integer"},
      {"int", "1.5", "integer"},
      {"int", "99999999999999999999", "integer"},
      {"real", "1.01", "0 to 1"},
      {"real", "nan", "number"},
      {"real", "inf", "number"},
      {"real", "0.5 ", "number"},
      {"bool", "2", "0 or 1"},
      {"bool", "True", "0 or 1"},
      {"choice", "alhpa", "did you mean 'alpha'?"},
      {"choice", "", "one of alpha, beta"},
      {"name", "a b", "letters"},
      {"name", "a/b", "letters"},
      {"name", "\"; system", "letters"},
      {"size", "0", "1 to 100"},
      {"size", "3x", "HxW"},
      {"size", "x3", "HxW"},
      {"size", "3x3x3", "HxW"},
      {"size", "101x1", "1 to 100"},
      {"sizes", "", "sizes"},
      {"sizes", "3,", "sizes"},
      {"sizes", "1,2,3,4,5,6,7,8,9", "up to 8"},
      {"padding", "-1", "half, valid, same"},
      {"padding", "1,2,3", "half, valid, same"},
      {"padding", "1,2,3,4,5", "half, valid, same"},
      {"padding", "1,2,3,-4", "half, valid, same"},
      {"padding", "65537", "half, valid, same"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    any v;
    gb_error error = {0};
    if (gb_attr_parse(row(bad[i].row), bad[i].value, &v, &error) != GB_EINPUT)
      FAIL("%s=\"%s\" was taken", bad[i].row, bad[i].value);
    CHECK_CONTAINS(error.message, bad[i].part);
    CHECK_CONTAINS(error.message, bad[i].row);
  }
}

// What a fault list hears.
typedef struct heard {
  int count;
  char last[512];
} heard;

static void hear(gb_faults *self, const gb_location *where, const char *message) {
  heard *h = self->context;
  h->count++;
  snprintf(h->last, sizeof h->last, "%d: %s", where->line, message);
}

TEST(all_faults_of_an_element_are_told) {
  gb_attribute given[] = {{"kernal", "3", {"a.xml", 4, 1}},
                          {"stride", "0", {"a.xml", 5, 1}},
                          {"out", "8", {"a.xml", 6, 1}}};
  gb_element element = {
      .kind = "conv", .attributes = given, .attribute_count = 3, .where = {"a.xml", 3, 1}};
  const gb_layer *conv = gb_layer_find("conv");
  REQUIRE(conv);
  void *values = calloc(1, conv->attrs_size + 1);
  REQUIRE(values);
  heard h = {0};
  gb_faults faults = {.add = hear, .context = &h};
  gb_error error = {0};
  // The kernel is missing, the stride is wrong, kernal is unknown.
  CHECK(gb_attrs_parse(conv->attrs, conv->n_attrs, &element, NULL, values, &faults, &error) !=
        GB_OK);
  CHECK_INT(h.count, 3);
  CHECK_CONTAINS(h.last, "did you mean 'kernel'?");
  CHECK_CONTAINS(h.last, "4: ");
  CHECK(gb_attrs_parse(conv->attrs, conv->n_attrs, &element, NULL, values, NULL, &error) ==
        GB_EINPUT);
  CHECK_CONTAINS(error.message, "needs the attribute 'kernel'");
  free(values);
}

TEST_MAIN(CASE(layers_are_complete_and_have_unique_names),
          CASE(attribute_rows_lie_inside_the_struct_and_apart), CASE(defaults_are_allowed_values),
          CASE(good_values_are_read), CASE(bad_values_are_refused_with_what_is_allowed),
          CASE(all_faults_of_an_element_are_told))
