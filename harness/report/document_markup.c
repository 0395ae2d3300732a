// A document as Markdown (GitHub's) and as a LaTeX file.
#include "harness/report/document.h"

#include "harness/report/escape.h"
#include "harness/report/table_write.h"

#include <string.h>

enum { MOST_ROWS = 60, MOST_PAGE_ROWS = 45 };

// The table, or the beginning of a long one with a sentence that says so.
static void add_table(const gb_table *table, size_t most,
                      void (*write)(const gb_table *table, gb_text *out),
                      void (*escape)(gb_text *out, const char *label), gb_text *out) {
  gb_table some = *table;
  if (some.row_count > most)
    some.row_count = most;
  write(&some, out);
  if (some.row_count == table->row_count)
    return;
  gb_text text = {0};
  gb_text_print(&text, "The first %zu of %zu rows; all stand in the table's file.", some.row_count,
                table->row_count);
  gb_text_add(out, "\n");
  escape(out, gb_text_get(&text));
  gb_text_add(out, "\n");
  out->failed |= text.failed;
  gb_text_free(&text);
}

static void put(gb_text *out, const char *before, void (*escape)(gb_text *out, const char *label),
                const char *label, const char *after) {
  gb_text_add(out, before);
  escape(out, label);
  gb_text_add(out, after);
}

// Commands as they are, each line cleaned and led by `lead`.
static void add_lines(gb_text *out, const char *text, const char *lead) {
  while (*text) {
    size_t n = strcspn(text, "\n");
    gb_text line = {0};
    gb_text_add_n(&line, text, n);
    gb_text_add(out, lead);
    gb_clean(out, gb_text_get(&line));
    gb_text_add(out, "\n");
    out->failed |= line.failed;
    gb_text_free(&line);
    text += n + (text[n] == '\n');
  }
}

// ---------------------------------------------------------------------------------------------

// A paragraph must not begin with what makes a heading, a list or a quotation.
static void markdown_text(gb_text *out, const char *label) {
  size_t digits = strspn(label, "0123456789");
  if (*label && strchr("#+-=", *label))
    gb_text_add(out, "\\");
  else if (digits && (label[digits] == '.' || label[digits] == ')')) {
    gb_text_add_n(out, label, digits);
    gb_text_add(out, "\\");
    label += digits;
  }
  gb_escape_markdown(out, label);
}

static void markdown_block(const gb_block *block, gb_text *out) {
  switch (block->kind) {
  case GB_BLOCK_LEAD:
    put(out, "\n*", gb_escape_markdown, block->text, "*\n");
    break;
  case GB_BLOCK_TEXT:
    put(out, "\n", markdown_text, block->text, "\n");
    break;
  case GB_BLOCK_NOTE:
    put(out, "\n> ", markdown_text, block->text, "\n");
    break;
  case GB_BLOCK_CODE:
    gb_text_add(out, "\n");
    add_lines(out, block->text, "    ");
    break;
  case GB_BLOCK_FACT:
    put(out, "- ", gb_escape_markdown, block->name, ": ");
    put(out, "", gb_escape_markdown, block->text, "\n");
    break;
  case GB_BLOCK_CARD:
    put(out, "- **", gb_escape_markdown, block->text, "** ");
    put(out, "", gb_escape_markdown, block->name, "\n");
    break;
  case GB_BLOCK_TABLE:
    gb_text_add(out, "\n");
    add_table(block->table, MOST_ROWS, gb_table_write_markdown, gb_escape_markdown, out);
    break;
  case GB_BLOCK_FIGURE:
    put(out, "\n![", gb_escape_markdown, block->text, "](<");
    for (const char *c = block->link; *c; c++) // inside <>, nothing else ends the link
      if (!strchr("<>\n\r\\", *c))
        gb_text_add_n(out, c, 1);
    gb_text_add(out, ".svg>)\n");
    if (block->name && *block->name)
      put(out, "\n", gb_escape_markdown, block->name, "\n");
    break;
  case GB_BLOCK_FOLD:
  case GB_BLOCK_UNFOLD:
    break;
  }
}

static bool listed(gb_block_kind kind) {
  return kind == GB_BLOCK_FACT || kind == GB_BLOCK_CARD;
}

gb_status gb_document_markdown(const gb_document *document, gb_text *out, gb_error *error) {
  if (document->failed)
    return gb_fail_memory(error);
  put(out, "# ", gb_escape_markdown, document->title, "\n");
  if (*document->subtitle)
    put(out, "\n", markdown_text, document->subtitle, "\n");
  for (size_t i = 0; i < document->count; i++) {
    const gb_section *section = &document->sections[i];
    put(out, section->level > 2 ? "\n### " : "\n## ", gb_escape_markdown, section->heading, "");
    if (*section->badge)
      put(out, " (", gb_escape_markdown, section->badge, ")");
    gb_text_add(out, "\n");
    for (size_t k = 0; k < section->count; k++) {
      gb_block_kind kind = section->blocks[k].kind;
      if (listed(kind) && (k == 0 || section->blocks[k - 1].kind != kind))
        gb_text_add(out, "\n");
      markdown_block(&section->blocks[k], out);
    }
  }
  if (*document->foot)
    put(out, "\n", markdown_text, document->foot, "\n");
  return out->failed ? gb_fail_memory(error) : GB_OK;
}

// ---------------------------------------------------------------------------------------------

// Line by line; blanks in a row stay, and a line is never empty: there would be nothing to end.
// Long texts (plans) in small letters.
static void latex_code(const char *text, gb_text *out) {
  gb_text_print(out, "\n\\begin{flushleft}\\ttfamily\\%s\n",
                strlen(text) > 2000 ? "tiny" : "small");
  for (const char *line = text; *line;) {
    size_t n = strcspn(line, "\n");
    gb_text copy = {0}, escaped = {0};
    gb_text_add_n(&copy, line, n);
    gb_escape_latex(&escaped, gb_text_get(&copy));
    gb_text_add(out, "\\mbox{}");
    for (const char *c = gb_text_get(&escaped); *c; c++)
      gb_text_add_n(out, *c == ' ' && (c[1] == ' ' || c == gb_text_get(&escaped)) ? "~" : c, 1);
    gb_text_add(out, "\\\\\n");
    out->failed |= copy.failed || escaped.failed;
    gb_text_free(&copy);
    gb_text_free(&escaped);
    line += n + (line[n] == '\n');
  }
  gb_text_add(out, "\\end{flushleft}\n");
}

static void latex_block(const gb_block *block, gb_text *out) {
  switch (block->kind) {
  case GB_BLOCK_LEAD:
    put(out, "\n\\emph{", gb_escape_latex, block->text, "}\n");
    break;
  case GB_BLOCK_TEXT:
    put(out, "\n", gb_escape_latex, block->text, "\n");
    break;
  case GB_BLOCK_NOTE:
    put(out, "\n\\begin{quote}", gb_escape_latex, block->text, "\\end{quote}\n");
    break;
  case GB_BLOCK_CODE:
    latex_code(block->text, out);
    break;
  case GB_BLOCK_FACT:
    put(out, "\\item[", gb_escape_latex, block->name, "] ");
    put(out, "", gb_escape_latex, block->text, "\n");
    break;
  case GB_BLOCK_CARD:
    put(out, "\\item[", gb_escape_latex, block->text, "] ");
    put(out, "", gb_escape_latex, block->name, "\n");
    break;
  case GB_BLOCK_TABLE:
    add_table(block->table, MOST_PAGE_ROWS, gb_table_write_latex, gb_escape_latex, out);
    break;
  case GB_BLOCK_FIGURE:
    gb_text_add(out, "\\begin{figure}\n  \\centering\n  \\includegraphics[width=0.8\\linewidth]{");
    for (const char *c = block->link; *c; c++) // letters of file names only
      if (!strchr("{}\\%#$&~^ \n", *c))
        gb_text_add_n(out, c, 1);
    put(out, ".pdf}\n  \\caption{", gb_escape_latex, block->text, "");
    if (block->name && *block->name)
      put(out, ". ", gb_escape_latex, block->name, "");
    gb_text_add(out, "}\n\\end{figure}\n");
    break;
  case GB_BLOCK_FOLD:
  case GB_BLOCK_UNFOLD:
    break;
  }
}

static void latex_section(const gb_section *section, gb_text *out) {
  put(out, section->level > 2 ? "\n\\subsection*{" : "\n\\clearpage\n\\section*{", gb_escape_latex,
      section->heading, "");
  if (*section->badge)
    put(out, " (", gb_escape_latex, section->badge, ")");
  gb_text_add(out, "}\n");
  for (size_t k = 0; k < section->count; k++) {
    gb_block_kind kind = section->blocks[k].kind;
    bool list = listed(kind);
    if (list && (k == 0 || section->blocks[k - 1].kind != kind))
      gb_text_add(out, "\\begin{description}\n");
    latex_block(&section->blocks[k], out);
    if (list && (k + 1 == section->count || section->blocks[k + 1].kind != kind))
      gb_text_add(out, "\\end{description}\n");
  }
}

gb_status gb_document_latex(const gb_document *document, gb_text *out, gb_error *error) {
  if (document->failed)
    return gb_fail_memory(error);
  gb_text_add(out, "\\documentclass[10pt]{article}\n"
                   "\\usepackage[T1]{fontenc}\n\\usepackage[utf8]{inputenc}\n"
                   "\\usepackage[margin=22mm]{geometry}\n"
                   "\\usepackage{booktabs}\n\\usepackage{graphicx}\n\\usepackage{adjustbox}\n"
                   "% Tables that are wider than the page are made to fit it.\n"
                   "\\let\\ghosttabular\\tabular\n\\let\\endghosttabular\\endtabular\n"
                   "\\renewenvironment{tabular}[2][c]{\\begin{adjustbox}{max width=\\linewidth}"
                   "\\ghosttabular[#1]{#2}}{\\endghosttabular\\end{adjustbox}}\n");
  put(out, "\\title{", gb_escape_latex, document->title, "}\n\\author{}\n");
  put(out, "\\date{", gb_escape_latex, document->subtitle, "}\n\\begin{document}\n\\maketitle\n");
  for (size_t i = 0; i < document->count; i++)
    latex_section(&document->sections[i], out);
  if (*document->foot)
    put(out, "\n\\bigskip\\noindent ", gb_escape_latex, document->foot, "\n");
  gb_text_add(out, "\\end{document}\n");
  return out->failed ? gb_fail_memory(error) : GB_OK;
}
