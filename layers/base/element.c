// The flat network document; see element.h.
#include "layers/base/element.h"

#include <string.h>

const char *gb_element_get(const gb_element *element, const char *name) {
  for (size_t i = 0; i < element->attribute_count; i++)
    if (strcmp(element->attributes[i].name, name) == 0)
      return element->attributes[i].value;
  return NULL;
}
