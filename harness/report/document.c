// A document in memory; see document.h.
#include "harness/report/document.h"

#include <ctype.h>
#include <string.h>

static const char *keep(gb_document *document, const char *text) {
  const char *copy = gb_arena_copy(document->arena, text ? text : "");
  document->failed |= !copy;
  return copy;
}

gb_document *gb_document_new(const char *title, const char *subtitle, const char *foot) {
  gb_arena *arena = gb_arena_new(NULL);
  gb_document *document = arena ? gb_arena_allocate(arena, 1, sizeof *document) : NULL;
  if (!document) {
    gb_arena_free(arena);
    return NULL;
  }
  document->arena = arena;
  document->title = keep(document, title);
  document->subtitle = keep(document, subtitle);
  document->foot = keep(document, foot);
  return document;
}

void gb_document_free(gb_document *document) {
  if (document)
    gb_arena_free(document->arena);
}

// "GhostNet, table 3" becomes "ghostnet-table-3"; a number behind it where that is taken.
static const char *anchor_of(gb_document *document, const char *heading) {
  char name[48];
  size_t n = 0;
  for (const char *c = heading; *c && n < sizeof name - 1; c++) {
    bool plain = (unsigned char)*c < 128 && isalnum((unsigned char)*c);
    if (plain)
      name[n++] = (char)tolower((unsigned char)*c);
    else if (n && name[n - 1] != '-')
      name[n++] = '-';
  }
  while (n && name[n - 1] == '-')
    n--;
  name[n] = '\0';
  for (size_t i = 0; i < document->count; i++)
    if (!n || strcmp(document->sections[i].anchor, name) == 0)
      return gb_arena_print(document->arena, "%s-%zu", n ? name : "section", document->count + 1);
  return gb_arena_copy(document->arena, n ? name : "section");
}

void gb_document_section(gb_document *document, int level, const char *heading, const char *badge,
                         gb_mark mark) {
  gb_section *sections = gb_arena_grow(document->arena, document->sections, document->count,
                                       &document->room, sizeof *sections);
  if (!sections || document->failed) {
    document->failed = true;
    return;
  }
  document->sections = sections;
  const char *anchor = anchor_of(document, heading);
  document->failed |= !anchor;
  sections[document->count] = (gb_section){.level = level,
                                           .heading = keep(document, heading),
                                           .anchor = anchor,
                                           .badge = keep(document, badge),
                                           .mark = mark};
  if (!document->failed)
    document->count++;
}

void gb_document_block(gb_document *document, const gb_block *block) {
  if (document->count == 0)
    gb_document_section(document, 2, document->title, NULL, GB_MARK_NONE);
  if (document->failed)
    return;
  gb_section *section = &document->sections[document->count - 1];
  gb_block *blocks = gb_arena_grow(document->arena, section->blocks, section->count, &section->room,
                                   sizeof *blocks);
  if (!blocks) {
    document->failed = true;
    return;
  }
  section->blocks = blocks;
  gb_block copy = *block;
  copy.text = keep(document, block->text);
  copy.name = keep(document, block->name);
  copy.file = keep(document, block->file);
  copy.link = keep(document, block->link);
  if (!document->failed)
    blocks[section->count++] = copy;
}

void gb_document_text(gb_document *document, gb_block_kind kind, const char *text) {
  gb_document_block(document, &(gb_block){.kind = kind, .text = text});
}

void gb_document_note(gb_document *document, gb_mark mark, const char *text) {
  gb_document_block(document, &(gb_block){.kind = GB_BLOCK_NOTE, .mark = mark, .text = text});
}

void gb_document_fact(gb_document *document, const char *name, const char *value) {
  gb_document_block(document, &(gb_block){.kind = GB_BLOCK_FACT, .name = name, .text = value});
}

void gb_document_card(gb_document *document, const char *number, const char *what, gb_mark mark) {
  gb_document_block(document,
                    &(gb_block){.kind = GB_BLOCK_CARD, .name = what, .text = number, .mark = mark});
}

void gb_document_table(gb_document *document, const gb_table *table) {
  gb_document_block(document, &(gb_block){.kind = GB_BLOCK_TABLE, .table = table});
}

void gb_document_figure(gb_document *document, const char *file, const char *link,
                        const char *caption) {
  gb_document_block(
      document, &(gb_block){.kind = GB_BLOCK_FIGURE, .file = file, .link = link, .text = caption});
}
