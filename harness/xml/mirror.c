// The flat document as libxml2's, for XPath and for printing.
#include "harness/xml/xml_internal.h"

#include <libxml/tree.h>

#include <string.h>

bool gb_mirror_refresh(xmlNodePtr node, const gb_element *element) {
  xmlNodeSetName(node, (const xmlChar *)element->kind);
  while (node->properties)
    xmlRemoveProp(node->properties);
  for (size_t i = 0; i < element->attribute_count; i++)
    if (!xmlNewProp(node, (const xmlChar *)element->attributes[i].name,
                    (const xmlChar *)element->attributes[i].value))
      return false;
  return true;
}

static xmlNodePtr make_node(xmlDocPtr document, gb_element *element) {
  xmlNodePtr node = xmlNewDocNode(document, NULL, (const xmlChar *)element->kind, NULL);
  if (!node)
    return NULL;
  node->_private = element;
  for (size_t i = 0; i < element->attribute_count; i++)
    if (!xmlNewProp(node, (const xmlChar *)element->attributes[i].name,
                    (const xmlChar *)element->attributes[i].value)) {
      xmlFreeNode(node);
      return NULL;
    }
  for (gb_element *child = element->first_child; child; child = child->next) {
    xmlNodePtr made = make_node(document, child);
    if (!made) {
      xmlFreeNode(node);
      return NULL;
    }
    // Appended by hand: xmlAddChild looks for text nodes to merge.
    made->parent = node;
    made->prev = node->last;
    if (node->last)
      node->last->next = made;
    else
      node->children = made;
    node->last = made;
  }
  return node;
}

gb_status gb_mirror_make(gb_element *root, xmlDocPtr *out, gb_error *error) {
  xmlDocPtr document = xmlNewDoc((const xmlChar *)"1.0");
  xmlNodePtr node = document ? make_node(document, root) : NULL;
  if (!node) {
    if (document)
      xmlFreeDoc(document);
    return gb_fail_memory(error);
  }
  xmlDocSetRootElement(document, node);
  *out = document;
  return GB_OK;
}

gb_status gb_mirror_print(xmlDocPtr document, gb_arena *arena, char **text, gb_error *error) {
  xmlChar *bytes = NULL;
  int size = 0;
  xmlDocDumpFormatMemoryEnc(document, &bytes, &size, "UTF-8", 1);
  *text = bytes && size > 0 ? gb_arena_copy_n(arena, (const char *)bytes, (size_t)size) : NULL;
  xmlFree(bytes);
  return *text ? GB_OK : gb_fail_memory(error);
}
