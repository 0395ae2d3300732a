// For the tests of harness/xml: architectures from a few lines, flat documents as one line.
#ifndef GB_TESTS_XML_HELP_H
#define GB_TESTS_XML_HELP_H

#include "tests/lib/check.h"

#include "harness/xml/xml.h"

#include <stdlib.h>

static const char *const xml_roots[] = {"tests/unit/data", NULL};
static const gb_places xml_places = {xml_roots};

// "conv name=a out=3; sequence block=b { conv name=c }"
static inline void xml_write(const gb_element *element, gb_text *out) {
  for (; element; element = element->next) {
    gb_text_add(out, element->kind);
    for (size_t i = 0; i < element->attribute_count; i++)
      gb_text_print(out, " %s=%s", element->attributes[i].name, element->attributes[i].value);
    if (element->first_child) {
      gb_text_add(out, " { ");
      xml_write(element->first_child, out);
      gb_text_add(out, " }");
    }
    if (element->next)
      gb_text_add(out, "; ");
  }
}

// Expands an architecture of these bytes; the layers behind the input as one line (or the error's
// message) into `out`.
static inline gb_status xml_expand(const char *bytes, const gb_setting *settings, size_t count,
                                   const gb_substitution *substitutions, size_t substitution_count,
                                   gb_text *out) {
  gb_architecture *architecture;
  gb_network *network;
  gb_error error = {0};
  gb_status status =
      gb_architecture_parse(bytes, strlen(bytes), "t.xml", &xml_places, &architecture, &error);
  out->length = 0;
  gb_text_add(out, "");
  if (status == GB_OK) {
    status = gb_architecture_expand(architecture, settings, count, substitutions,
                                    substitution_count, false, &network, &error);
    // The network must live on without it.
    gb_architecture_free(architecture);
    if (status == GB_OK) {
      xml_write(network->root->first_child->next, out);
      gb_network_free(network);
    }
  }
  if (status != GB_OK)
    gb_text_add(out, error.message);
  return status;
}

#define XML_HEAD "<architecture name=\"t\">\n<input channels=\"3\" height=\"8\" width=\"8\"/>\n"
#define XML_TAIL "\n</architecture>"

// The body expands to this line.
#define CHECK_BODY(body, expected)                                                                 \
  do {                                                                                             \
    gb_text body_text = {0};                                                                       \
    xml_expand(XML_HEAD body XML_TAIL, NULL, 0, NULL, 0, &body_text);                              \
    CHECK_TEXT(gb_text_get(&body_text), expected);                                                 \
    gb_text_free(&body_text);                                                                      \
  } while (0)

// The body is refused, with these words.
#define CHECK_REFUSED(body, words)                                                                 \
  do {                                                                                             \
    gb_text body_text = {0};                                                                       \
    CHECK(xml_expand(XML_HEAD body XML_TAIL, NULL, 0, NULL, 0, &body_text) != GB_OK);              \
    CHECK_CONTAINS(gb_text_get(&body_text), words);                                                \
    gb_text_free(&body_text);                                                                      \
  } while (0)

#endif
