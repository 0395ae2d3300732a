// Loads the files of an architecture: what it includes is spliced in, what it extends is loaded
// too. Relative paths only, no way upwards, no cycles, bounded in number and size.
#include "harness/xml/xml_internal.h"

#include <string.h>

typedef struct loader {
  gb_arena *arena;
  size_t budget;                         // bytes that may still be read
  size_t includes;                       // files included so far
  const char *open[GB_XML_MAX_INCLUDES]; // files being included, outermost first
  size_t depth;
} loader;

static bool is_relative_path(const char *href) {
  if (!*href || *href == '/' || strchr(href, ':') || strchr(href, '\\'))
    return false;
  for (const char *part = href; part;) {
    if (part[0] == '.' && part[1] == '.' && (part[2] == '/' || !part[2]))
      return false;
    part = strchr(part, '/');
    part = part ? part + 1 : NULL;
  }
  return true;
}

static gb_status splice_includes(loader *l, gb_tree *parent, gb_error *error);

// Loads what one xi:include names; `*list` is the children of its <blocks>.
static gb_status load_include(loader *l, const gb_tree *include, gb_tree **list, gb_error *error) {
  *list = NULL;
  const gb_location *where = &include->where;
  const char *href = gb_tree_get(include, "href", NULL);
  if (strcmp(include->name, "include") != 0 || !href)
    return gb_fail_at(error, GB_EINPUT, where, "only <xi:include href=\"…\"/> is known here");
  for (size_t i = 0; i < include->attribute_count; i++)
    if (strcmp(include->attributes[i].name, "href") != 0)
      return gb_fail_at(error, GB_EINPUT, &include->attributes[i].where,
                        "<xi:include> has no attribute '%.60s' here; it has: href",
                        include->attributes[i].name);
  if (!is_relative_path(href))
    return gb_fail_at(error, GB_EINPUT, where,
                      "href=\"%.200s\" is not accepted: a relative path without \"..\" is", href);
  if (l->includes == GB_XML_MAX_INCLUDES)
    return gb_fail_at(error, GB_ELIMIT, where, "more than %d files are included",
                      GB_XML_MAX_INCLUDES);
  l->includes++;
  const char *path = gb_path_beside(l->arena, where->file, href);
  if (!path)
    return gb_fail_memory(error);
  for (size_t i = 0; i < l->depth; i++)
    if (strcmp(l->open[i], path) == 0)
      return gb_fail_at(error, GB_EINPUT, where, "the file includes itself: %s", path);
  gb_tree *root;
  gb_error inner = {0};
  gb_status status = gb_document_read(path, &l->budget, l->arena, &root, &inner);
  if (status == GB_EIO)
    return gb_fail_at(error, GB_EIO, where, "included file: %s", inner.message);
  if (status != GB_OK) {
    if (error)
      *error = inner;
    return status;
  }
  if (strcmp(root->name, "blocks") != 0)
    return gb_fail_at(error, GB_EINPUT, &root->where,
                      "an included file's root is <blocks>, not <%.60s>", root->name);
  for (const gb_tree *child = root->first_child; child; child = child->next)
    if (!child->include && strcmp(child->name, "block") != 0)
      return gb_fail_at(error, GB_EINPUT, &child->where,
                        "<blocks> holds <block> elements, not <%.60s>", child->name);
  l->open[l->depth++] = path;
  status = splice_includes(l, root, error);
  l->depth--;
  *list = root->first_child;
  return status;
}

static gb_status splice_includes(loader *l, gb_tree *parent, gb_error *error) {
  gb_tree **at = &parent->first_child;
  while (*at) {
    gb_tree *child = *at;
    if (!child->include) {
      at = &child->next;
      continue;
    }
    gb_tree *list;
    GB_TRY(load_include(l, child, &list, error));
    *at = list;
    while (*at)
      at = &(*at)->next;
    *at = child->next;
  }
  return GB_OK;
}

gb_status gb_chain_include(gb_tree *root, gb_arena *arena, gb_error *error) {
  loader l = {.arena = arena, .budget = GB_XML_MAX_BYTES, .open = {root->where.file}, .depth = 1};
  return splice_includes(&l, root, error);
}

static gb_status fail_cycle(const gb_chain *chain, size_t first, const gb_location *where,
                            gb_error *error) {
  gb_text list = {0};
  for (size_t i = first; i < chain->count; i++)
    gb_text_print(&list, "%s -> ", gb_tree_get(chain->roots[i], "name", "?"));
  gb_fail_at(error, GB_EINPUT, where, "architectures extend one another in a circle: %.600s%s",
             gb_text_get(&list), gb_tree_get(chain->roots[first], "name", "?"));
  gb_text_free(&list);
  return GB_EINPUT;
}

gb_status gb_chain_load(const char *bytes, size_t size, const char *path, const gb_places *places,
                        gb_arena *arena, gb_chain *chain, gb_error *error) {
  *chain = (gb_chain){0};
  loader l = {.arena = arena, .budget = GB_XML_MAX_BYTES};
  gb_tree *root;
  GB_TRY(bytes ? gb_document_parse(bytes, size, path, arena, &root, error)
               : gb_document_read(path, &l.budget, arena, &root, error));
  for (;;) {
    if (strcmp(root->name, "architecture") != 0)
      return gb_fail_at(error, GB_EINPUT, &root->where,
                        "the root is <%.60s>; an architecture file's is <architecture>",
                        root->name);
    l.open[0] = root->where.file;
    l.depth = 1;
    GB_TRY(splice_includes(&l, root, error));
    chain->roots[chain->count++] = root;
    const gb_attribute *extends = gb_tree_find(root, "extends");
    if (!extends)
      return GB_OK;
    if (chain->count > GB_XML_MAX_EXTENDS)
      return gb_fail_at(error, GB_ELIMIT, &extends->where,
                        "more than %d architectures extend one another", GB_XML_MAX_EXTENDS);
    const char *next;
    gb_error inner = {0};
    if (gb_places_find_beside(places, root->where.file, extends->value, arena, &next, &inner) !=
        GB_OK)
      return gb_fail_at(error, inner.status, &extends->where, "extends=\"%.100s\": %s",
                        extends->value, inner.message);
    for (size_t i = 0; i < chain->count; i++)
      if (strcmp(chain->roots[i]->where.file, next) == 0)
        return fail_cycle(chain, i, &extends->where, error);
    GB_TRY(gb_document_read(next, &l.budget, arena, &root, error));
  }
}
