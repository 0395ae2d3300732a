// The structural elements around layers: sequence, residual, shortcut, branches, branch.
#include "layers/layer.h"

#include <string.h>

const char *const gb_join_names[] = {"concat", "add", "multiply", NULL};

#define ATTR_NAME                                                                                  \
  {                                                                                                \
    .name = "name", .type = GB_ATTR_NAME, .offset = offsetof(gb_structure_attrs, name),            \
    .fallback = "", .help = "put before the names inside, with a dot"                              \
  }
#define ATTR_ACT                                                                                   \
  {                                                                                                \
    .name = "act", .type = GB_ATTR_CHOICE, .offset = offsetof(gb_structure_attrs, act),            \
    .fallback = "none", .choices = gb_activation_names, .help = "activation behind the join"       \
  }

static const gb_attr sequence_attrs[] = {
    ATTR_NAME,
    {.name = "block",
     .type = GB_ATTR_NAME,
     .offset = offsetof(gb_structure_attrs, block),
     .fallback = "",
     .help = "the block this came from (set by the reader)"},
};
static const gb_attr residual_attrs[] = {ATTR_NAME, ATTR_ACT};
static const gb_attr branches_attrs[] = {
    ATTR_NAME,
    {.name = "join",
     .type = GB_ATTR_CHOICE,
     .offset = offsetof(gb_structure_attrs, join),
     .fallback = "concat",
     .choices = gb_join_names,
     .help = "how the branches' ends meet"},
    ATTR_ACT,
};
static const gb_attr part_attrs[] = {ATTR_NAME};

#define COUNT(array) (sizeof(array) / sizeof *(array))
const gb_structure gb_structures[] = {
    {.name = "sequence",
     .summary = "its children one after another",
     .attrs = sequence_attrs,
     .n_attrs = COUNT(sequence_attrs)},
    {.name = "residual",
     .summary = "its children, plus the shortcut (the input where none is given)",
     .attrs = residual_attrs,
     .n_attrs = COUNT(residual_attrs)},
    {.name = "shortcut",
     .summary = "the other way through a residual; empty is the identity",
     .attrs = part_attrs,
     .n_attrs = COUNT(part_attrs),
     .is_part = true,
     .parent = "residual"},
    {.name = "branches",
     .summary = "branches on the same input, joined",
     .attrs = branches_attrs,
     .n_attrs = COUNT(branches_attrs)},
    {.name = "branch",
     .summary = "one of the branches; empty is the identity",
     .attrs = part_attrs,
     .n_attrs = COUNT(part_attrs),
     .is_part = true,
     .parent = "branches"},
};
const size_t gb_structure_count = COUNT(gb_structures);

const gb_structure *gb_structure_find(const char *name) {
  for (size_t i = 0; i < gb_structure_count; i++)
    if (strcmp(gb_structures[i].name, name) == 0)
      return &gb_structures[i];
  return NULL;
}
