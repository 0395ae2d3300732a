// The flat network document as plain structs: what the XML reader hands to the graph builder.
#ifndef GB_BASE_ELEMENT_H
#define GB_BASE_ELEMENT_H

#include "layers/base/status.h"

typedef struct gb_attribute {
  const char *name;
  const char *value; // expressions in braces have been evaluated
  gb_location where;
} gb_attribute;

// One element of a flat document: a layer, or structure around layers (sequence, residual,
// shortcut, branches, branch). Blocks, repeats, conditions and substitutions are gone.
// Everything is owned by the arena of the document.
typedef struct gb_element {
  const char *kind; // "conv", "ghost", "residual" …
  gb_attribute *attributes;
  size_t attribute_count;
  struct gb_element *first_child, *next;
  gb_location where;
} gb_element;

// The value of an attribute, or NULL where it is absent. Borrowed from the element.
const char *gb_element_get(const gb_element *element, const char *name);

#endif
