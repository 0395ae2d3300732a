// A document as one HTML page that needs nothing else.
#include "harness/report/document.h"

#include "harness/report/escape.h"
#include "harness/report/html.h"
#include "harness/report/svg.h"
#include "harness/report/table_write.h"
#include "layers/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_ROWS = 24, MOST_PICTURE_BYTES = 8 << 20 };

void gb_escape_html(gb_text *out, const char *label) {
  gb_text clean = {0};
  gb_clean(&clean, label);
  for (const char *c = gb_text_get(&clean); *c; c++) {
    static const char special[] = "&<>\"'";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const char *at = strchr(special, *c);
    if (at)
      gb_text_add(out, names[at - special]);
    else
      gb_text_add_n(out, c, 1);
  }
  out->failed |= clean.failed;
  gb_text_free(&clean);
}

void gb_escape_html_n(gb_text *out, const char *label, size_t length) {
  gb_text copy = {0};
  gb_text_add_n(&copy, label, length);
  gb_escape_html(out, gb_text_get(&copy));
  out->failed |= copy.failed;
  gb_text_free(&copy);
}

typedef struct writing {
  const gb_document *document;
  gb_text *out;
  size_t figures; // so far
} writing;

static void add(writing *w, const char *html) {
  gb_text_add(w->out, html);
}

static void escaped(writing *w, const char *label) {
  gb_escape_html(w->out, label);
}

static void element(writing *w, const char *open, const char *label, const char *close) {
  add(w, open);
  escaped(w, label);
  add(w, close);
}

static const char *class_of(gb_mark mark) {
  static const char *const names[] = {[GB_MARK_NONE] = "",
                                      [GB_MARK_GOOD] = "good",
                                      [GB_MARK_NOTE] = "note",
                                      [GB_MARK_BAD] = "bad",
                                      [GB_MARK_FAINT] = "faint"};
  return names[mark];
}

static void add_lines(writing *w, const char *const *lines) {
  for (; *lines; lines++)
    add(w, *lines);
}

// ---------------------------------------------------------------------------------------------
// Tables

static const char *align_of(gb_align align) {
  return align == GB_ALIGN_RIGHT ? "right" : align == GB_ALIGN_CENTRE ? "centre" : "";
}

static void add_head(writing *w, const gb_table *table) {
  add(w, "<thead><tr>");
  for (size_t c = 0; c < table->column_count; c++) {
    const gb_column *column = &table->columns[c];
    gb_text_print(w->out, "<th scope=\"col\" class=\"%s\">", align_of(column->align));
    escaped(w, gb_column_title(column));
    if (*gb_column_unit(column))
      element(w, " <small>", gb_column_unit(column), "</small>");
    add(w, "</th>");
  }
  add(w, "</tr></thead>\n");
}

// What the script sorts by, where that is not what is shown.
static void add_key(writing *w, const gb_value *value) {
  if (value->kind == GB_VALUE_INTEGER) {
    gb_text_print(w->out, " data-v=\"%lld\"", (long long)value->integer);
  } else if (value->kind == GB_VALUE_REAL) {
    add(w, " data-v=\"");
    gb_print_real(w->out, value->real);
    add(w, "\"");
  } else if (value->kind == GB_VALUE_MISSING) {
    add(w, " data-v=\"\"");
  } else if (value->shown) { // "reproduced" behind its sign
    element(w, " data-v=\"", value->text, "\" title=\"");
    element(w, "", value->text, "\"");
  }
}

// Whether a column holds sentences, which need room.
static bool has_words(const gb_table *table, size_t column) {
  for (size_t r = 0; r < table->row_count; r++) {
    const gb_value *value = gb_table_at(table, r, column);
    if (value->kind == GB_VALUE_TEXT && !value->shown && strlen(value->text) > 32)
      return true;
  }
  return false;
}

// The section whose heading the text is, or NULL.
static const gb_section *section_of(const writing *w, const gb_value *value) {
  for (size_t i = 0; value->kind == GB_VALUE_TEXT && i < w->document->count; i++)
    if (strcmp(w->document->sections[i].heading, value->text) == 0)
      return &w->document->sections[i];
  return NULL;
}

// A cell; where it is the heading of a section, it leads there.
static void add_content(writing *w, const gb_value *value, bool first, const char *shown) {
  const gb_section *section = first ? section_of(w, value) : NULL;
  if (section)
    gb_text_print(w->out, "<a href=\"#%s\">", section->anchor);
  escaped(w, shown);
  add(w, section ? "</a></td>" : "</td>");
}

static void add_row(writing *w, const gb_table *table, const bool *words, size_t row) {
  add(w, table->rules[row] && row ? "<tr class=\"rule\">" : "<tr>");
  gb_text shown = {0};
  for (size_t c = 0; c < table->column_count; c++) {
    const gb_value *value = gb_table_at(table, row, c);
    const char *align = align_of(table->columns[c].align), *mark = class_of(value->mark);
    shown.length = 0;
    gb_table_show(table, row, c, &shown);
    const char *wide = words[c] ? "words" : "";
    add(w, "<td");
    if (*align || *mark || *wide)
      gb_text_print(w->out, " class=\"%s%s%s%s%s\"", align, *align && *mark ? " " : "", mark,
                    (*align || *mark) && *wide ? " " : "", wide);
    add_key(w, value);
    add(w, ">");
    add_content(w, value, c == 0, shown.length ? gb_text_get(&shown) : "");
  }
  add(w, "</tr>\n");
  w->out->failed |= shown.failed;
  gb_text_free(&shown);
}

static void add_table(writing *w, const gb_table *table) {
  size_t rows = table->row_count < GB_DOCUMENT_ROWS ? table->row_count : GB_DOCUMENT_ROWS;
  gb_text_print(w->out, "<div class=\"wide%s\" tabindex=\"0\" role=\"region\" aria-label=\"",
                rows > LONG_ROWS ? " long" : "");
  element(w, "", *table->title ? table->title : table->name, "\">\n<table class=\"sort\">\n");
  if (*table->title)
    element(w, "<caption>", table->title, "</caption>\n");
  add_head(w, table);
  add(w, "<tbody>\n");
  bool *words = gb_allocate(NULL, table->column_count + 1, sizeof *words);
  w->out->failed |= !words || table->failed;
  for (size_t c = 0; words && c < table->column_count; c++)
    words[c] = has_words(table, c);
  for (size_t r = 0; words && r < rows; r++)
    add_row(w, table, words, r);
  gb_release(NULL, words);
  add(w, "</tbody></table></div>\n");
  if (!table->note_count && rows == table->row_count)
    return;
  add(w, "<ul class=\"notes\">\n");
  if (rows < table->row_count)
    gb_text_print(w->out, "<li>The first %zu of %zu rows; all stand in the table's file.</li>\n",
                  rows, table->row_count);
  for (size_t i = 0; i < table->note_count; i++)
    element(w, "<li>", table->notes[i], "</li>\n");
  add(w, "</ul>\n");
}

// ---------------------------------------------------------------------------------------------
// Blocks

static void add_picture(writing *w, const gb_block *block) {
  char *bytes = NULL;
  size_t size = 0;
  gb_error why = {0};
  char prefix[32];
  snprintf(prefix, sizeof prefix, "f%zu-", ++w->figures);
  gb_status status = gb_file_read(block->file, MOST_PICTURE_BYTES, &bytes, &size, &why);
  if (status == GB_OK)
    status = gb_svg_embed(bytes, size, prefix, block->text, w->out, &why);
  free(bytes);
  if (status != GB_OK)
    element(w, "<p>This picture could not be read: ", why.message, "</p>");
}

static void add_figure(writing *w, const gb_block *block) {
  add(w, "<figure>");
  add_picture(w, block); // its title stands in it
  add(w, "<figcaption>");
  if (block->name && *block->name)
    element(w, "<span>", block->name, "</span>");
  escaped(w, *block->link ? block->link : block->text);
  add(w, "</figcaption></figure>\n");
}

// Lists that blocks of one kind in a row stand in.
static void open_list(writing *w, gb_block_kind kind) {
  if (kind == GB_BLOCK_FACT)
    add(w, "<dl>\n");
  if (kind == GB_BLOCK_CARD)
    add(w, "<ul class=\"cards\">\n");
  if (kind == GB_BLOCK_FIGURE)
    add(w, "<div class=\"figures\">\n");
}

static void close_list(writing *w, gb_block_kind kind) {
  if (kind == GB_BLOCK_FACT)
    add(w, "</dl>\n");
  if (kind == GB_BLOCK_CARD)
    add(w, "</ul>\n");
  if (kind == GB_BLOCK_FIGURE)
    add(w, "</div>\n");
}

static void add_block(writing *w, const gb_block *block, bool *folded) {
  switch (block->kind) {
  case GB_BLOCK_LEAD:
    element(w, "<p class=\"lead\">", block->text, "</p>\n");
    break;
  case GB_BLOCK_TEXT:
    element(w, "<p>", block->text, "</p>\n");
    break;
  case GB_BLOCK_NOTE:
    gb_text_print(w->out, "<p class=\"verdict %s\">", class_of(block->mark));
    element(w, "", block->text, "</p>\n");
    break;
  case GB_BLOCK_CODE:
    add(w, "<pre tabindex=\"0\"><code>");
    for (const char *line = block->text; *line;) {
      size_t n = strcspn(line, "\n");
      gb_escape_html_n(w->out, line, n);
      add(w, line[n] ? "\n" : "");
      line += n + (line[n] == '\n');
    }
    add(w, "</code></pre>\n");
    break;
  case GB_BLOCK_FACT:
    element(w, "<dt>", block->name, "</dt>");
    element(w, "<dd>", block->text, "</dd>\n");
    break;
  case GB_BLOCK_CARD:
    gb_text_print(w->out, "<li><b class=\"%s\">", class_of(block->mark));
    element(w, "", block->text, "</b>");
    element(w, "<span>", block->name, "</span></li>\n");
    break;
  case GB_BLOCK_TABLE:
    add_table(w, block->table);
    break;
  case GB_BLOCK_FIGURE:
    add_figure(w, block);
    break;
  case GB_BLOCK_FOLD:
    add(w, *folded ? "</details>\n" : "");
    element(w, "<details><summary>", block->text, "</summary>\n");
    *folded = true;
    break;
  case GB_BLOCK_UNFOLD:
    add(w, *folded ? "</details>\n" : "");
    *folded = false;
    break;
  }
}

static void add_badge(writing *w, const gb_section *section) {
  if (!*section->badge)
    return;
  gb_text_print(w->out, " <span class=\"badge %s\">", class_of(section->mark));
  element(w, "", section->badge, "</span>");
}

static void add_section(writing *w, const gb_section *section) {
  gb_text_print(w->out, "<section id=\"%s\">\n<h%d>", section->anchor, section->level);
  escaped(w, section->heading);
  add_badge(w, section);
  gb_text_print(w->out, "</h%d>\n", section->level);
  bool folded = false;
  gb_block_kind last = GB_BLOCK_UNFOLD;
  for (size_t i = 0; i < section->count; i++) {
    gb_block_kind kind = section->blocks[i].kind;
    if (kind != last) {
      close_list(w, last);
      open_list(w, kind);
    }
    add_block(w, &section->blocks[i], &folded);
    last = kind;
  }
  close_list(w, last);
  add(w, folded ? "</details>\n</section>\n" : "</section>\n");
}

// ---------------------------------------------------------------------------------------------

static void add_contents(writing *w) {
  add(w, "<nav aria-label=\"Contents\"><ol>\n");
  for (size_t i = 0; i < w->document->count; i++) {
    const gb_section *section = &w->document->sections[i];
    gb_text_print(w->out, "<li%s><a href=\"#%s\">", section->level > 2 ? " class=\"inner\"" : "",
                  section->anchor);
    element(w, "<span>", section->heading, "</span>");
    add_badge(w, section);
    add(w, "</a></li>\n");
  }
  add(w, "</ol></nav>\n");
}

static void add_top(writing *w) {
  const gb_document *document = w->document;
  // The policy comes before anything that it rules.
  gb_text_print(w->out,
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n",
                gb_page_style_hash, gb_page_script_hash);
  element(w, "<title>", document->title, "</title>\n<style>");
  add_lines(w, gb_page_style);
  add(w, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n"
         "<div class=\"frame\">\n<header><div>");
  element(w, "<h1>", document->title, "</h1>");
  if (*document->subtitle)
    element(w, "<p>", document->subtitle, "</p>");
  add(w, "</div><button type=\"button\" id=\"theme\" hidden>Dark</button></header>\n");
}

gb_status gb_document_html(const gb_document *document, gb_text *out, gb_error *error) {
  if (document->failed)
    return gb_fail_memory(error);
  writing w = {.document = document, .out = out};
  add_top(&w);
  add_contents(&w);
  add(&w, "<main id=\"main\">\n");
  for (size_t i = 0; i < document->count; i++)
    add_section(&w, &document->sections[i]);
  add(&w, "</main>\n");
  if (*document->foot)
    element(&w, "<footer>", document->foot, "</footer>\n");
  add(&w, "</div>\n<script>");
  add_lines(&w, gb_page_script);
  add(&w, "</script>\n</body>\n</html>\n");
  return out->failed ? gb_fail_memory(error) : GB_OK;
}
