// Documents: sections of text, tables, figures and facts, written as one HTML page, Markdown or
// LaTeX. Knows nothing of what it reports.
//
// document.c holds a document; document_html.c with page.c (style and script) and svg.c (pictures,
// made safe) writes the page; document_markup.c writes Markdown and LaTeX.
#ifndef GB_REPORT_DOCUMENT_H
#define GB_REPORT_DOCUMENT_H

#include "harness/report/table.h"

typedef enum gb_block_kind {
  GB_BLOCK_LEAD,   // the sentence that a section begins with
  GB_BLOCK_TEXT,   // a paragraph
  GB_BLOCK_NOTE,   // a paragraph with a mark
  GB_BLOCK_CODE,   // commands, line by line
  GB_BLOCK_FACT,   // name and value; facts in a row make one list
  GB_BLOCK_CARD,   // a number and what it is; cards in a row stand side by side
  GB_BLOCK_TABLE,  // its title is the caption
  GB_BLOCK_FIGURE, // a picture; figures in a row stand side by side where there is room
  GB_BLOCK_FOLD,   // what follows is folded away behind this text, until the next section or
  GB_BLOCK_UNFOLD  // this
} gb_block_kind;

// Not all members matter to all kinds. Texts are plain: writers escape them.
typedef struct gb_block {
  gb_block_kind kind;
  gb_mark mark;
  const char *text; // the paragraph, the value, the number, what a figure shows
  const char *name; // of facts; what a card's number is; sentences below a figure
  const gb_table *table;
  const char *file; // of figures: the SVG's path, to be read by the HTML writer
  const char *link; // of figures: the same beside the document, without ending, for .png and .pdf
} gb_block;

typedef struct gb_section {
  int level; // 2 or 3
  const char *heading, *anchor, *badge;
  gb_mark mark; // of the badge
  gb_block *blocks;
  size_t count, room;
} gb_section;

// Read its members freely; change it through the functions below only.
typedef struct gb_document {
  gb_arena *arena; // owns all texts (copied) but not the tables
  const char *title, *subtitle, *foot;
  gb_section *sections;
  size_t count, room;
  bool failed; // memory was out; writers then return GB_ENOMEM
} gb_document;

// NULL when memory is out. `foot` stands at the end; texts may be NULL.
gb_document *gb_document_new(const char *title, const char *subtitle, const char *foot);
void gb_document_free(gb_document *document); // NULL is allowed

// Begins a section of level 2 or 3. `badge` says in a word how it went; NULL: none.
void gb_document_section(gb_document *document, int level, const char *heading, const char *badge,
                         gb_mark mark);
// Adds a block to the section that has begun; texts are copied, a table is borrowed.
void gb_document_block(gb_document *document, const gb_block *block);
void gb_document_text(gb_document *document, gb_block_kind kind, const char *text);
void gb_document_note(gb_document *document, gb_mark mark, const char *text);
void gb_document_fact(gb_document *document, const char *name, const char *value);
void gb_document_card(gb_document *document, const char *number, const char *what, gb_mark mark);
void gb_document_table(gb_document *document, const gb_table *table);
void gb_document_figure(gb_document *document, const char *file, const char *link,
                        const char *caption);

// Appends the whole document. HTML: one page that needs nothing else, with the pictures inside; a
// Content-Security-Policy forbids the network and all scripts but ours. A picture that cannot be
// read is replaced by a sentence that says so. Of a table with more than GB_DOCUMENT_ROWS rows
// the first ones are written.
enum { GB_DOCUMENT_ROWS = 2000 };
gb_status gb_document_html(const gb_document *document, gb_text *out, gb_error *error);
gb_status gb_document_markdown(const gb_document *document, gb_text *out, gb_error *error);
// A whole file for pdflatex; needs booktabs, graphicx and adjustbox. Markdown and LaTeX have the
// first rows of a long table only, and name pictures by their links.
gb_status gb_document_latex(const gb_document *document, gb_text *out, gb_error *error);

#endif
