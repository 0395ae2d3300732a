// Rewrites layers of the flat document: what a match finds becomes another kind of layer.
#include "harness/xml/xml_internal.h"

#include <string.h>

// These change what is computed: losing one silently would give another network.
static const char *const PRECIOUS[] = {"groups", "dilation", "multiplier"};

static bool layer_knows(const gb_layer *layer, const char *attribute) {
  for (size_t i = 0; i < layer->n_attrs; i++)
    if (strcmp(layer->attrs[i].name, attribute) == 0)
      return true;
  for (size_t i = 0; i < gb_common_attr_count; i++)
    if (strcmp(gb_common_attrs[i].name, attribute) == 0)
      return true;
  return false;
}

// Whether an attribute has its default in the layer that it stands on.
static bool is_default(const gb_layer *layer, const gb_attribute *attribute) {
  for (size_t i = 0; i < layer->n_attrs; i++) {
    const gb_attr *row = &layer->attrs[i];
    if (strcmp(row->name, attribute->name) == 0)
      return row->fallback && strcmp(row->fallback, attribute->value) == 0;
  }
  return false;
}

static const gb_attr *find_row(const gb_layer *layer, const char *name) {
  for (size_t i = 0; i < layer->n_attrs; i++)
    if (strcmp(layer->attrs[i].name, name) == 0)
      return &layer->attrs[i];
  return NULL;
}

// An attribute that is not written has its default, and keeps that value where the new layer's
// default is another one: a convolution without activation becomes a Ghost module without one.
// `made` has room for all attributes of `from`.
static void keep_defaults(const gb_layer *from, const gb_layer *to, const gb_element *old,
                          gb_element *made) {
  for (size_t i = 0; from != to && i < from->n_attrs; i++) {
    const gb_attr *row = &from->attrs[i], *now = find_row(to, row->name);
    if (row->fallback && now && (!now->fallback || strcmp(row->fallback, now->fallback) != 0) &&
        !gb_element_get(old, row->name))
      made->attributes[made->attribute_count++] =
          (gb_attribute){row->name, row->fallback, old->where};
  }
}

static gb_status set_attribute(gb_expansion *x, const gb_layer *layer, const gb_value *value,
                               xmlNodePtr node, gb_element *element) {
  if (!layer_knows(layer, value->name)) {
    gb_suggestion suggestion = {.name = value->name};
    for (size_t i = 0; i < layer->n_attrs; i++)
      gb_suggest(&suggestion, layer->attrs[i].name);
    return gb_fail_at(x->error, GB_EINPUT, &value->text.where,
                      "substitute: <%s> has no attribute '%.60s'%s%s%s", layer->name, value->name,
                      suggestion.best ? "; did you mean '" : "",
                      suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
  }
  const char *text;
  GB_TRY(gb_template_fill(&x->evaluator, &value->text, node, &text, x->error));
  const char *name = gb_arena_copy(x->arena, value->name);
  if (!name || !(text = gb_arena_copy(x->arena, text)))
    return gb_fail_memory(x->error);
  gb_attribute made = {name, text, gb_expansion_place(x, &value->text.where)};
  for (size_t i = 0; i < element->attribute_count; i++)
    if (strcmp(element->attributes[i].name, name) == 0) {
      element->attributes[i] = made;
      return GB_OK;
    }
  element->attributes[element->attribute_count++] = made;
  return GB_OK;
}

// Computes what the matched element becomes; nothing is changed yet.
static gb_status rewrite_element(gb_expansion *x, const gb_rewrite *rewrite, xmlNodePtr node,
                                 gb_element *made) {
  const gb_element *old = node->_private;
  const gb_location *where = &rewrite->written.where;
  const gb_layer *from = gb_layer_find(old->kind), *to = from;
  if (!from || strcmp(old->kind, "input") == 0)
    return gb_fail_at(x->error, GB_EINPUT, where,
                      "match=\"%.200s\" finds <%s>, which is no layer that can be replaced",
                      rewrite->written.match, old->kind);
  if (rewrite->with.source) {
    const char *with;
    GB_TRY(gb_template_fill(&x->evaluator, &rewrite->with, node, &with, x->error));
    to = gb_layer_find(with);
    if (!to || strcmp(with, "input") == 0)
      return gb_fail_at(x->error, GB_EINPUT, where, "with=\"%.60s\" is no layer", with);
  }
  *made = *old;
  made->kind = to->name;
  made->attribute_count = 0;
  made->attributes =
      gb_arena_allocate(x->arena, old->attribute_count + from->n_attrs + rewrite->value_count,
                        sizeof *made->attributes);
  if (!made->attributes)
    return gb_fail_memory(x->error);
  for (size_t i = 0; i < old->attribute_count; i++) {
    const gb_attribute *attribute = &old->attributes[i];
    if (layer_knows(to, attribute->name)) {
      made->attributes[made->attribute_count++] = *attribute;
      continue;
    }
    for (size_t k = 0; k < sizeof PRECIOUS / sizeof *PRECIOUS; k++)
      if (strcmp(attribute->name, PRECIOUS[k]) == 0 && !is_default(from, attribute))
        return gb_fail_at(x->error, GB_EINPUT, where,
                          "<%s %s=\"%.40s\"> at %.200s:%d cannot become <%s>, which has no '%s': "
                          "leave it out of match=\"%.100s\"",
                          old->kind, attribute->name, attribute->value,
                          old->where.file ? old->where.file : "", old->where.line, to->name,
                          attribute->name, rewrite->written.match);
  }
  keep_defaults(from, to, old, made);
  for (size_t i = 0; i < rewrite->value_count; i++)
    GB_TRY(set_attribute(x, to, &rewrite->values[i], node, made));
  return GB_OK;
}

static gb_status rewrite_found(gb_expansion *x, const gb_rewrite *rewrite, xmlNodeSetPtr found) {
  const gb_location *where = &rewrite->written.where;
  size_t count = found && found->nodeNr > 0 ? (size_t)found->nodeNr : 0;
  if (count == 0 && !rewrite->written.optional)
    return gb_fail_at(x->error, GB_EINPUT, where,
                      "match=\"%.200s\" matches nothing in network '%s'", rewrite->written.match,
                      x->network->name);
  gb_element *made = gb_arena_allocate(x->arena, count, sizeof *made);
  if (!made)
    return gb_fail_memory(x->error);
  for (size_t i = 0; i < count; i++) {
    xmlNodePtr node = found->nodeTab[i];
    if (node->type != XML_ELEMENT_NODE || !node->_private)
      return gb_fail_at(x->error, GB_EINPUT, where,
                        "match=\"%.200s\" finds something else than layers",
                        rewrite->written.match);
    GB_TRY(rewrite_element(x, rewrite, node, &made[i]));
  }
  for (size_t i = 0; i < count; i++) {
    xmlNodePtr node = found->nodeTab[i];
    gb_element *element = node->_private;
    *element = made[i];
    if (!gb_mirror_refresh(node, element))
      return gb_fail_memory(x->error);
  }
  return GB_OK;
}

gb_status gb_substitute(gb_expansion *x, const gb_rewrite *rewrite) {
  const gb_location *where = &rewrite->written.where;
  if (rewrite->condition) {
    bool wanted;
    GB_TRY(gb_expression_test(&x->evaluator, rewrite->condition, where, &wanted, x->error));
    if (!wanted)
      return GB_OK;
  }
  if (!x->mirror)
    GB_TRY(gb_mirror_make(x->network->root, &x->mirror, x->error));
  xmlXPathObjectPtr found;
  GB_TRY(gb_expression_select(&x->evaluator, rewrite->match, where, xmlDocGetRootElement(x->mirror),
                              &found, x->error));
  gb_status status = rewrite_found(x, rewrite, found->nodesetval);
  xmlXPathFreeObject(found);
  return status;
}
