// Reads an XML file under limits into a plain tree that knows line and column of everything.
//
// libxml2 parses, and calls us for each element; no document of its own is built. It is given no
// chance to load or expand anything: a DOCTYPE ends the parse before its inside is read.
#include "harness/xml/xml_internal.h"
#include "layers/base/file.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct level {
  gb_tree *tree;
  gb_text text;
} level;

typedef struct reader {
  const char *bytes;
  size_t size;
  gb_arena *arena;
  gb_location at; // of the byte at `offset`
  size_t offset;
  level levels[GB_XML_MAX_DEPTH];
  size_t depth;
  gb_tree *root;
  gb_error error; // the first; status GB_OK so far
} reader;

static void swallow(void *data, xmlErrorPtr problem) {
  (void)data, (void)problem;
}

gb_quiet gb_quiet_begin(void) {
  gb_quiet before = {xmlStructuredError, xmlStructuredErrorContext};
  xmlSetStructuredErrorFunc(NULL, swallow);
  return before;
}

void gb_quiet_end(gb_quiet before) {
  xmlSetStructuredErrorFunc(before.context, before.handler);
}

const gb_attribute *gb_tree_find(const gb_tree *tree, const char *name) {
  for (size_t i = 0; i < tree->attribute_count; i++)
    if (strcmp(tree->attributes[i].name, name) == 0)
      return &tree->attributes[i];
  return NULL;
}

const char *gb_tree_get(const gb_tree *tree, const char *name, const char *fallback) {
  const gb_attribute *attribute = gb_tree_find(tree, name);
  return attribute ? attribute->value : fallback;
}

// Places only move forward through a file, so that counting lines takes one pass in total.
// Columns count code points, as editors do.
static gb_location place_at(reader *r, size_t offset) {
  for (; r->offset < offset && r->offset < r->size; r->offset++) {
    unsigned char c = (unsigned char)r->bytes[r->offset];
    if (c == '\n') {
      r->at.line++;
      r->at.column = 1;
    } else if ((c & 0xc0) != 0x80) {
      r->at.column++;
    }
  }
  return r->at;
}

static void stop(xmlParserCtxtPtr context, gb_status status, const gb_location *where,
                 const char *message) {
  reader *r = context->_private;
  if (r->error.status == GB_OK)
    gb_fail_at(&r->error, status, where, "%s", message);
  xmlStopParser(context);
}

static void stop_memory(xmlParserCtxtPtr context) {
  stop(context, GB_ENOMEM, NULL, "out of memory");
}

// Bytes of the file that the parser has consumed.
static size_t position(xmlParserCtxtPtr context) {
  const xmlParserInput *input = context->input;
  return input ? (size_t)input->consumed + (size_t)(input->cur - input->base) : 0;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The offset of the next attribute's name in a start tag that libxml2 found well-formed, from
// `*offset` on, which is moved behind its value. Declarations of namespaces are passed over.
static size_t next_attribute(const reader *r, size_t *offset) {
  const char *b = r->bytes;
  size_t i = *offset;
  for (;;) {
    while (i < r->size && is_blank(b[i]))
      i++;
    size_t start = i;
    while (i < r->size && b[i] != '=')
      i++;
    while (i < r->size && b[i] != '"' && b[i] != '\'')
      i++;
    char quote = i < r->size ? b[i++] : '\0';
    while (i < r->size && b[i] != quote)
      i++;
    i += i < r->size;
    *offset = i;
    bool declaration = r->size - start > 5 && memcmp(b + start, "xmlns", 5) == 0 &&
                       (b[start + 5] == ':' || b[start + 5] == '=' || is_blank(b[start + 5]));
    if (!declaration || i >= r->size)
      return start;
  }
}

static void start_element(void *data, const xmlChar *name, const xmlChar *prefix,
                          const xmlChar *uri, int namespace_count, const xmlChar **namespaces,
                          int attribute_count, int defaulted_count, const xmlChar **attributes) {
  (void)prefix, (void)namespace_count, (void)namespaces, (void)defaulted_count;
  xmlParserCtxtPtr context = data;
  reader *r = context->_private;
  // The parser stands behind the attributes; '<' cannot occur in their values.
  size_t start = position(context);
  if (start > r->size)
    start = r->size;
  while (start > 0 && r->bytes[start] != '<')
    start--;
  gb_location where = place_at(r, start);
  if (r->depth == GB_XML_MAX_DEPTH) {
    stop(context, GB_ELIMIT, &where, "elements are nested more than 64 deep");
    return;
  }
  bool include = uri && strcmp((const char *)uri, GB_XINCLUDE) == 0;
  if (uri && !include) {
    gb_fail_at(&r->error, GB_EINPUT, &where,
               "<%s> is in the namespace '%.100s', which is unknown here", (const char *)name,
               (const char *)uri);
    xmlStopParser(context);
    return;
  }
  size_t count = attribute_count > 0 ? (size_t)attribute_count : 0;
  gb_tree *tree = gb_arena_allocate(r->arena, 1, sizeof *tree);
  gb_attribute *list = gb_arena_allocate(r->arena, count, sizeof *list);
  if (!tree || !list || !(tree->name = gb_arena_copy(r->arena, (const char *)name))) {
    stop_memory(context);
    return;
  }
  tree->include = include;
  tree->text = "";
  tree->where = where;
  tree->attributes = list;
  size_t offset = start + 1;
  while (offset < r->size && !is_blank(r->bytes[offset]) && r->bytes[offset] != '>' &&
         r->bytes[offset] != '/')
    offset++;
  for (size_t i = 0; i < count; i++) {
    // Five pointers each: name, prefix, namespace, start and end of the value.
    const xmlChar *const *a = attributes + 5 * i;
    gb_location place = place_at(r, next_attribute(r, &offset));
    if (a[1]) {
      gb_fail_at(&r->error, GB_EINPUT, &place,
                 "attribute '%.60s:%.60s' has a prefix; none is known here", (const char *)a[1],
                 (const char *)a[0]);
      xmlStopParser(context);
      return;
    }
    list[i].where = place;
    list[i].name = gb_arena_copy(r->arena, (const char *)a[0]);
    list[i].value = gb_arena_copy_n(r->arena, (const char *)a[3], (size_t)(a[4] - a[3]));
    if (!list[i].name || !list[i].value) {
      stop_memory(context);
      return;
    }
  }
  tree->attribute_count = count;
  if (r->depth) {
    gb_tree *parent = r->levels[r->depth - 1].tree;
    if (parent->last_child)
      parent->last_child->next = tree;
    else
      parent->first_child = tree;
    parent->last_child = tree;
  } else {
    r->root = tree;
  }
  r->levels[r->depth++] = (level){.tree = tree};
}

static void end_element(void *data, const xmlChar *name, const xmlChar *prefix,
                        const xmlChar *uri) {
  (void)name, (void)prefix, (void)uri;
  xmlParserCtxtPtr context = data;
  reader *r = context->_private;
  if (r->depth == 0)
    return;
  level *top = &r->levels[--r->depth];
  const char *text = gb_text_get(&top->text);
  if (top->text.failed ||
      (text[strspn(text, " \t\r\n")] && !(top->tree->text = gb_arena_copy(r->arena, text))))
    stop_memory(context);
  gb_text_free(&top->text);
}

static void characters(void *data, const xmlChar *text, int length) {
  xmlParserCtxtPtr context = data;
  reader *r = context->_private;
  if (r->depth && length > 0)
    gb_text_add_n(&r->levels[r->depth - 1].text, (const char *)text, (size_t)length);
}

static void refuse_doctype(void *data, const xmlChar *name, const xmlChar *external,
                           const xmlChar *system) {
  (void)name, (void)external, (void)system;
  xmlParserCtxtPtr context = data;
  reader *r = context->_private;
  size_t start = position(context);
  while (start > 0 && (start >= r->size || r->bytes[start] != '<'))
    start--;
  gb_location where = place_at(r, start);
  stop(context, GB_EINPUT, &where,
       "a DOCTYPE is not accepted: entities and external files have no place in these files");
}

// The five of XML itself; none can be declared, as there is no DOCTYPE.
static xmlEntityPtr find_entity(void *data, const xmlChar *name) {
  (void)data;
  return xmlGetPredefinedEntity(name);
}

static void ignore_comment(void *data, const xmlChar *text) {
  (void)data, (void)text;
}

static void ignore_instruction(void *data, const xmlChar *target, const xmlChar *text) {
  (void)data, (void)target, (void)text;
}

static void take_error(void *data, xmlErrorPtr problem) {
  xmlParserCtxtPtr context = data;
  reader *r = context->_private;
  if (r->error.status != GB_OK || problem->level < XML_ERR_ERROR)
    return;
  gb_status status = problem->code == XML_ERR_NO_MEMORY ? GB_ENOMEM : GB_EINPUT;
  char message[512];
  size_t length = 0;
  for (const char *p = problem->message ? problem->message : "not well-formed";
       *p && length < sizeof message - 1; p++)
    message[length++] = *p;
  while (length && isspace((unsigned char)message[length - 1]))
    length--;
  message[length] = '\0';
  gb_location where = place_at(r, position(context));
  gb_fail_at(&r->error, status, &where, "not well-formed XML: %s", message);
}

// The first byte that is no UTF-8 text (or is NUL), or `size`.
static size_t find_bad_byte(const char *text, size_t size) {
  const unsigned char *s = (const unsigned char *)text;
  size_t i = 0;
  while (i < size) {
    unsigned char c = s[i];
    size_t more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c == 0 || (c >= 0x80 && c < 0xc2) || c > 0xf4 || size - i <= more)
      return i;
    for (size_t k = 1; k <= more; k++)
      if ((s[i + k] & 0xc0) != 0x80)
        return i;
    bool overlong = (c == 0xe0 && s[i + 1] < 0xa0) || (c == 0xf0 && s[i + 1] < 0x90);
    bool beyond = (c == 0xed && s[i + 1] > 0x9f) || (c == 0xf4 && s[i + 1] > 0x8f);
    if (overlong || beyond)
      return i;
    i += more + 1;
  }
  return size;
}

// Offsets are those of the file only where libxml2 converts nothing, so other encodings are
// refused.
static gb_status check_encoding(reader *r, gb_error *error) {
  size_t bad = find_bad_byte(r->bytes, r->size);
  if (bad < r->size) {
    gb_location where = place_at(r, bad);
    return gb_fail_at(error, GB_EINPUT, &where, "byte 0x%02x at offset %zu is not UTF-8 text",
                      (unsigned)(unsigned char)r->bytes[bad], bad);
  }
  if (r->size < 6 || memcmp(r->bytes, "<?xml", 5) != 0 || !is_blank(r->bytes[5]))
    return GB_OK;
  const char *end = memchr(r->bytes, '>', r->size);
  const char *found = strstr(r->bytes, "encoding");
  if (!end || !found || found > end)
    return GB_OK;
  found += strlen("encoding");
  found += strspn(found, " \t\r\n=\"'");
  static const char *const fine[] = {"utf-8", "utf8", "us-ascii", "ascii"};
  size_t length = strcspn(found, "\"'?>");
  for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
    size_t k = 0;
    while (k < length && fine[i][k] && tolower((unsigned char)found[k]) == fine[i][k])
      k++;
    if (k == length && !fine[i][k])
      return GB_OK;
  }
  gb_location where = {.file = r->at.file, .line = 1, .column = 1};
  return gb_fail_at(error, GB_EINPUT, &where,
                    "the encoding '%.*s' is not accepted; write the file in UTF-8",
                    (int)(length < 40 ? length : 40), found);
}

gb_status gb_document_parse(const char *bytes, size_t size, const char *path, gb_arena *arena,
                            gb_tree **root, gb_error *error) {
  *root = NULL;
  const char *file = gb_arena_copy(arena, path);
  if (!file)
    return gb_fail_memory(error);
  if (size > GB_XML_MAX_BYTES)
    return gb_fail(error, GB_ELIMIT, "%s: more than 8 MiB of XML", path);
  if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
    bytes += 3;
    size -= 3;
  }
  gb_quiet before = gb_quiet_begin();
  // A copy with a zero byte behind it, as the scans above and below stop there.
  reader *r = gb_allocate(NULL, 1, sizeof *r);
  char *copy = gb_allocate(NULL, size + 1, 1);
  xmlParserCtxtPtr context = r && copy ? xmlNewParserCtxt() : NULL;
  if (!context) {
    gb_release(NULL, copy);
    gb_release(NULL, r);
    gb_quiet_end(before);
    return gb_fail_memory(error);
  }
  if (size)
    memcpy(copy, bytes, size);
  *r = (reader){.bytes = copy, .size = size, .arena = arena, .at = {file, 1, 1}};
  gb_status status =
      size ? check_encoding(r, error) : gb_fail(error, GB_EINPUT, "%s: the file is empty", path);
  r->at = (gb_location){file, 1, 1};
  r->offset = 0;
  if (status == GB_OK) {
    xmlSAXHandler *sax = context->sax;
    sax->startElementNs = start_element;
    sax->endElementNs = end_element;
    sax->characters = sax->ignorableWhitespace = sax->cdataBlock = characters;
    sax->comment = ignore_comment;
    sax->processingInstruction = ignore_instruction;
    sax->internalSubset = refuse_doctype;
    sax->getEntity = find_entity;
    sax->serror = take_error;
    context->_private = r;
    // NOENT only means that &amp; arrives as '&' in attributes: no other entity can exist.
    xmlDocPtr document = xmlCtxtReadMemory(context, copy, (int)size, NULL, NULL,
                                           XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOCDATA);
    if (document)
      xmlFreeDoc(document);
    if (r->error.status != GB_OK) {
      status = r->error.status;
      if (error)
        *error = r->error;
    } else if (!context->wellFormed || !r->root || r->depth) {
      status = gb_fail_memory(error); // whatever else is wrong, libxml2 says so
    } else {
      *root = r->root;
    }
  }
  if (context->myDoc)
    xmlFreeDoc(context->myDoc);
  context->myDoc = NULL;
  xmlFreeParserCtxt(context);
  while (r->depth)
    gb_text_free(&r->levels[--r->depth].text);
  gb_release(NULL, copy);
  gb_release(NULL, r);
  gb_quiet_end(before);
  return status;
}

gb_status gb_document_read(const char *path, size_t *budget, gb_arena *arena, gb_tree **root,
                           gb_error *error) {
  char *bytes = NULL;
  size_t size = 0;
  GB_TRY(gb_file_read(path, *budget, &bytes, &size, error));
  gb_status status = gb_document_parse(bytes, size, path, arena, root, error);
  free(bytes);
  *budget -= size;
  return status;
}

const char *gb_path_beside(gb_arena *arena, const char *from, const char *name) {
  const char *slash = strrchr(from, '/');
  return gb_arena_print(arena, "%.*s%s", slash ? (int)(slash - from) + 1 : 0, from, name);
}

const char *gb_xml_version(void) {
  // The library's own text is "20914"; the dotted form is the header's.
  return strcmp(xmlParserVersion, LIBXML_VERSION_STRING) == 0 ? LIBXML_DOTTED_VERSION
                                                              : xmlParserVersion;
}
