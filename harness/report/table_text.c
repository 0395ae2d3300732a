// A table as text for a terminal: aligned, wrapped to its width, coloured where asked.
#include "harness/report/escape.h"
#include "harness/report/table_write.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, NARROWEST_TEXT = 12 };

typedef struct layout {
  const gb_table *table;
  char **shown;      // clean text of each cell, row by row
  char **titles;     // clean titles
  char **units;      // clean units
  size_t *width;     // columns that each column takes
  size_t *least;     // below which a column is not narrowed
  const char **rest; // while a row is printed: what is left of each cell
  const gb_text_style *style;
} layout;

static size_t longest_word(const char *text) {
  size_t longest = 0, here = 0;
  for (; *text; text++) {
    here = *text == ' ' ? 0 : here + (((unsigned char)*text & 0xc0) != 0x80);
    if (here > longest)
      longest = here;
  }
  return longest;
}

static bool is_number(const gb_value *value) {
  return value->kind == GB_VALUE_INTEGER || value->kind == GB_VALUE_REAL;
}

static void widen(size_t *at, size_t wanted) {
  if (*at < wanted)
    *at = wanted;
}

static void measure(layout *l) {
  const gb_table *table = l->table;
  size_t total = 0;
  for (size_t c = 0; c < table->column_count; c++) {
    widen(&l->width[c], gb_text_columns(l->titles[c]));
    widen(&l->least[c], longest_word(l->titles[c]));
    widen(&l->width[c], gb_text_columns(l->units[c]));
    widen(&l->least[c], gb_text_columns(l->units[c]));
    for (size_t r = 0; r < table->row_count; r++) {
      const char *text = l->shown[r * table->column_count + c];
      size_t natural = gb_text_columns(text);
      widen(&l->width[c], natural);
      // Numbers are never broken; words only where they are very long.
      size_t word = longest_word(text);
      widen(&l->least[c], is_number(gb_table_at(table, r, c)) ? natural
                          : word < NARROWEST_TEXT             ? word
                                                              : NARROWEST_TEXT);
    }
    total += l->width[c] + (c ? GAP : 0);
  }
  // The widest column that can still give way gives way, until all fits or nothing can.
  while (l->style->width > 0 && total > (size_t)l->style->width) {
    size_t widest = table->column_count;
    for (size_t c = 0; c < table->column_count; c++)
      if (l->width[c] > l->least[c] &&
          (widest == table->column_count || l->width[c] > l->width[widest]))
        widest = c;
    if (widest == table->column_count)
      break;
    l->width[widest]--;
    total--;
  }
}

// Takes the next line of at most `width` columns off `*text`: its start and length in bytes.
static size_t next_line(const char **text, size_t width, const char **start) {
  while (**text == ' ')
    (*text)++;
  *start = *text;
  const char *end = *text, *last_space = NULL;
  for (size_t columns = 0; *end; end++) {
    if (((unsigned char)*end & 0xc0) != 0x80 && columns++ == width)
      break;
    if (*end == ' ')
      last_space = end;
  }
  if (*end && *end != ' ' && last_space)
    end = last_space;
  *text = end;
  size_t length = (size_t)(end - *start);
  while (length && (*start)[length - 1] == ' ')
    length--;
  return length;
}

static void spaces(gb_text *out, size_t count) {
  while (count--)
    gb_text_add(out, " ");
}

static const char *colour_of(gb_mark mark) {
  switch (mark) {
  case GB_MARK_GOOD:
    return "\033[32m";
  case GB_MARK_NOTE:
    return "\033[33m";
  case GB_MARK_BAD:
    return "\033[1;31m";
  case GB_MARK_FAINT:
    return "\033[2m";
  case GB_MARK_NONE:
    break;
  }
  return NULL;
}

// Prints what stands in l->rest as one row of as many lines as it needs. `row` is the table's, or
// SIZE_MAX for the head.
static void print_row(layout *l, size_t row, gb_text *out) {
  const gb_table *table = l->table;
  for (bool more = true; more;) {
    more = false;
    size_t pending = 0; // spaces not yet written, so that no line ends in one
    for (size_t c = 0; c < table->column_count; c++) {
      const char *start;
      size_t bytes = next_line(&l->rest[c], l->width[c], &start);
      size_t columns = 0;
      for (size_t i = 0; i < bytes; i++)
        columns += ((unsigned char)start[i] & 0xc0) != 0x80;
      size_t room = l->width[c] - columns;
      size_t left = table->columns[c].align == GB_ALIGN_LEFT    ? 0
                    : table->columns[c].align == GB_ALIGN_RIGHT ? room
                                                                : room / 2;
      if (bytes) {
        spaces(out, pending + left);
        const char *colour = !l->style->colour ? NULL
                             : row == SIZE_MAX ? "\033[1m"
                                               : colour_of(gb_table_at(table, row, c)->mark);
        if (colour)
          gb_text_add(out, colour);
        gb_text_add_n(out, start, bytes);
        if (colour)
          gb_text_add(out, "\033[0m");
        pending = room - left + GAP;
      } else {
        pending += l->width[c] + GAP;
      }
      while (*l->rest[c] == ' ')
        l->rest[c]++;
      more |= *l->rest[c] != '\0';
    }
    gb_text_add(out, "\n");
  }
}

static void print_rule(const layout *l, gb_text *out) {
  for (size_t c = 0; c < l->table->column_count; c++) {
    spaces(out, c ? GAP : 0);
    for (size_t i = 0; i < l->width[c]; i++)
      gb_text_add(out, "\xe2\x94\x80"); // U+2500
  }
  gb_text_add(out, "\n");
}

// A paragraph wrapped to the style's width.
static void print_paragraph(const gb_text_style *style, const char *label, gb_text *out) {
  gb_text clean = {0};
  gb_clean(&clean, label);
  const char *rest = gb_text_get(&clean);
  size_t width = style->width > 0 ? (size_t)style->width : SIZE_MAX;
  do {
    const char *start;
    size_t bytes = next_line(&rest, width, &start);
    gb_text_add_n(out, start, bytes);
    gb_text_add(out, "\n");
  } while (*rest);
  out->failed |= clean.failed;
  gb_text_free(&clean);
}

// Copies of all cells and titles in `arena`; false when memory is out.
static bool prepare(layout *l, gb_arena *arena) {
  const gb_table *table = l->table;
  size_t columns = table->column_count, cells = table->row_count * columns;
  l->shown = gb_arena_allocate(arena, cells + 1, sizeof *l->shown);
  l->titles = gb_arena_allocate(arena, columns + 1, sizeof *l->titles);
  l->units = gb_arena_allocate(arena, columns + 1, sizeof *l->units);
  l->width = gb_arena_allocate(arena, columns + 1, sizeof *l->width);
  l->least = gb_arena_allocate(arena, columns + 1, sizeof *l->least);
  l->rest = gb_arena_allocate(arena, columns + 1, sizeof *l->rest);
  if (!l->shown || !l->titles || !l->units || !l->width || !l->least || !l->rest)
    return false;
  gb_text text = {0};
  bool good = true;
  for (size_t i = 0; i < cells + 2 * columns && good; i++) {
    text.length = 0;
    gb_text_add(&text, "");
    if (i < cells)
      gb_table_show(table, i / columns, i % columns, &text);
    else if (i < cells + columns)
      gb_clean(&text, gb_column_title(&table->columns[i - cells]));
    else
      gb_clean(&text, gb_column_unit(&table->columns[i - cells - columns]));
    char *copy = gb_arena_copy(arena, gb_text_get(&text));
    good = copy && !text.failed;
    *(i < cells             ? &l->shown[i]
      : i < cells + columns ? &l->titles[i - cells]
                            : &l->units[i - cells - columns]) = copy;
  }
  gb_text_free(&text);
  return good;
}

gb_status gb_table_write_text(const gb_table *table, const gb_text_style *style, gb_text *out,
                              gb_error *error) {
  gb_arena *arena = gb_arena_new(NULL);
  layout l = {.table = table, .style = style};
  if (!arena || !prepare(&l, arena)) {
    gb_arena_free(arena);
    return gb_fail_memory(error);
  }
  measure(&l);
  if (*table->title) {
    print_paragraph(style, table->title, out);
    gb_text_add(out, "\n");
  }
  bool units = false;
  for (size_t c = 0; c < table->column_count; c++) {
    l.rest[c] = l.titles[c];
    units |= *l.units[c] != '\0';
  }
  print_row(&l, SIZE_MAX, out);
  if (units) {
    for (size_t c = 0; c < table->column_count; c++)
      l.rest[c] = l.units[c];
    print_row(&l, SIZE_MAX, out);
  }
  print_rule(&l, out);
  for (size_t r = 0; r < table->row_count; r++) {
    if (table->rules[r] && r)
      print_rule(&l, out);
    for (size_t c = 0; c < table->column_count; c++)
      l.rest[c] = l.shown[r * table->column_count + c];
    print_row(&l, r, out);
  }
  if (table->note_count)
    gb_text_add(out, "\n");
  for (size_t i = 0; i < table->note_count; i++)
    print_paragraph(style, table->notes[i], out);
  gb_arena_free(arena);
  return out->failed ? gb_fail_memory(error) : GB_OK;
}
