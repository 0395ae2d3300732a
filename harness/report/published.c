// Reads published figures from CSV with libcsv; see published.h. The only user of csv.h.
#include "harness/report/published.h"

#include "harness/report/escape.h"
#include "layers/base/file.h"
#include "layers/base/random.h"

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const fields[] = {"row",       "column", "value", "unit",
                                     "precision", "source", "grade", "note"};
enum { FIELDS = sizeof fields / sizeof *fields };
enum { ROW, COLUMN, VALUE, UNIT, PRECISION, SOURCE, GRADE, NOTE };

static const struct {
  const char *name;
  int exponent;
} units[] = {{"", 0},  {"k", 3},  {"M", 6}, {"G", 9}, {"B", 9},
             {"%", 0}, {"ms", 0}, {"s", 0}, {"kB", 3}};
#define UNITS_ALLOWED "k, M, G, B, %, ms, s, kB or nothing"

static const char *const grades[] = {"primary", "cross-checked", "secondary", "digitised",
                                     "memory"};
#define GRADES_ALLOWED "primary, cross-checked, secondary, digitised, memory"

// The state of one reading. libcsv calls back without a way to stop, so the first fault is kept and
// the loop that feeds it stops.
typedef struct reader {
  gb_published *table;
  gb_arena *scratch; // memory of this reading alone
  size_t capacity, row_room, column_room;
  uint64_t *keys; // hash of row and column of each figure
  size_t key_room;
  gb_error *error;
  gb_status status;
  int line, column;             // of the byte that libcsv is given
  int field_line, field_column; // where the field that is read begins
  const char *field[FIELDS];
  gb_location where[FIELDS];
  int count; // fields of this record so far
  bool header_seen;
} reader;

#define FAULT(r, where, ...) ((r)->status = gb_fail_at((r)->error, GB_EINPUT, where, __VA_ARGS__))

static void out_of_memory(reader *r) {
  r->status = gb_fail_memory(r->error);
}

static void take_field(void *bytes, size_t length, void *context) {
  reader *r = context;
  if (r->status)
    return;
  gb_location where = {r->table->path, r->field_line, r->field_column};
  r->field_line = r->line;
  r->field_column = r->column + 1;
  if (r->count == FIELDS) {
    FAULT(r, &where, "more than %d fields; a line is %s", FIELDS,
          "row,column,value,unit,precision,source,grade,note");
    return;
  }
  if (length > GB_MAX_PUBLISHED_FIELD) {
    r->status = gb_fail_at(r->error, GB_ELIMIT, &where, "field '%s' of %zu bytes; at most %d",
                           fields[r->count], length, GB_MAX_PUBLISHED_FIELD);
    return;
  }
  if (length && memchr(bytes, '\n', length)) {
    FAULT(r, &where, "a line break inside field '%s', or a quote that is never closed",
          fields[r->count]);
    return;
  }
  char *copy = gb_arena_copy_n(r->table->arena, length ? bytes : "", length);
  if (!copy) {
    out_of_memory(r);
    return;
  }
  for (const char *c = copy; *c;) {
    uint32_t code;
    size_t n = gb_utf8_next(c, &code);
    if (n == 0) {
      FAULT(r, &where, "field '%s' has a byte 0x%02x that is not UTF-8", fields[r->count],
            (unsigned char)*c);
      return;
    }
    c += n;
  }
  r->where[r->count] = where;
  r->field[r->count++] = copy;
}

static void check_header(reader *r) {
  for (int i = 0; i < FIELDS; i++)
    if (strcmp(r->field[i], fields[i]) != 0) {
      FAULT(r, &r->where[i], "header field '%s' where '%s' must stand", r->field[i], fields[i]);
      return;
    }
  r->header_seen = true;
}

// -?[0-9]+(\.[0-9]+)? with at most GB_MAX_PUBLISHED_DIGITS digits.
static bool parse_decimal(const char *text, int64_t *digits, int *decimals) {
  bool negative = *text == '-';
  text += negative;
  int count = 0, after = -1;
  int64_t value = 0;
  for (; *text; text++) {
    if (*text == '.' && after < 0 && count > 0) {
      after = 0;
    } else if (*text >= '0' && *text <= '9' && count < GB_MAX_PUBLISHED_DIGITS) {
      value = value * 10 + (*text - '0');
      count++;
      after += after >= 0;
    } else {
      return false;
    }
  }
  *digits = negative ? -value : value;
  *decimals = after > 0 ? after : 0;
  return count > 0 && after != 0;
}

// The digits after the point of "1", "0.1", "0.01" …, or -1.
static int parse_precision(const char *text) {
  if (strcmp(text, "1") == 0)
    return 0;
  if (strncmp(text, "0.", 2) != 0)
    return -1;
  size_t zeros = strspn(text + 2, "0");
  return strcmp(text + 2 + zeros, "1") == 0 && zeros < GB_MAX_PUBLISHED_DIGITS ? (int)zeros + 1
                                                                               : -1;
}

static bool is_column_name(const char *text) {
  return *text >= 'a' && *text <= 'z' &&
         strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

// Fills value, unit and precision of the figure.
static void check_value(reader *r, gb_figure *figure) {
  size_t unit = 0;
  while (unit < sizeof units / sizeof *units && strcmp(r->field[UNIT], units[unit].name) != 0)
    unit++;
  if (unit == sizeof units / sizeof *units) {
    FAULT(r, &r->where[UNIT], "unit '%s'; allowed are %s", r->field[UNIT], UNITS_ALLOWED);
    return;
  }
  figure->exponent = units[unit].exponent;
  if (!*r->field[PRECISION])
    return; // the value is text
  int precision = parse_precision(r->field[PRECISION]);
  if (precision < 0) {
    FAULT(r, &r->where[PRECISION],
          "precision '%s'; allowed are 1, 0.1, 0.01 and so on, or nothing where the value is text",
          r->field[PRECISION]);
    return;
  }
  if (!parse_decimal(r->field[VALUE], &figure->digits, &figure->decimals)) {
    FAULT(r, &r->where[VALUE],
          "value '%s' has a precision but is not a decimal number of at most %d digits",
          r->field[VALUE], GB_MAX_PUBLISHED_DIGITS);
    return;
  }
  if (figure->decimals != precision) {
    FAULT(r, &r->where[VALUE], "value '%s' is not printed to its precision %s", r->field[VALUE],
          r->field[PRECISION]);
    return;
  }
  figure->number = true;
}

static bool add_name(reader *r, const char ***names, size_t *count, size_t *room,
                     const char *name) {
  for (size_t i = *count; i-- > 0;)
    if (strcmp((*names)[i], name) == 0)
      return true;
  const char **grown = gb_arena_grow(r->table->arena, *names, *count, room, sizeof *grown);
  if (!grown)
    return false;
  *names = grown;
  grown[(*count)++] = name;
  return true;
}

static void add_figure(reader *r) {
  gb_published *table = r->table;
  gb_figure figure = {.row = r->field[ROW],
                      .column = r->field[COLUMN],
                      .value = r->field[VALUE],
                      .unit = strcmp(r->field[UNIT], "B") == 0 ? "G" : r->field[UNIT],
                      .source = r->field[SOURCE],
                      .grade = r->field[GRADE],
                      .note = r->field[NOTE],
                      .where = r->where[VALUE]};
  static const int needed[] = {ROW, COLUMN, VALUE, SOURCE, GRADE};
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
    if (!*r->field[needed[i]]) {
      FAULT(r, &r->where[needed[i]], "field '%s' is empty%s", fields[needed[i]],
            needed[i] == VALUE ? "; a figure the source does not give is left out" : "");
      return;
    }
  if (!is_column_name(figure.column)) {
    FAULT(r, &r->where[COLUMN],
          "column '%s'; allowed are lower-case letters, digits and _, led by a letter",
          figure.column);
    return;
  }
  size_t grade = 0;
  while (grade < sizeof grades / sizeof *grades && strcmp(figure.grade, grades[grade]) != 0)
    grade++;
  if (grade == sizeof grades / sizeof *grades) {
    FAULT(r, &r->where[GRADE], "grade '%s'; allowed are %s", figure.grade, GRADES_ALLOWED);
    return;
  }
  check_value(r, &figure);
  if (r->status)
    return;
  uint64_t key = gb_mix64(gb_hash_text(figure.row)) ^ gb_hash_text(figure.column);
  for (size_t i = 0; i < table->count; i++)
    if (r->keys[i] == key && strcmp(table->figures[i].row, figure.row) == 0 &&
        strcmp(table->figures[i].column, figure.column) == 0) {
      FAULT(r, &r->where[ROW], "row '%s', column '%s' stands already on line %d", figure.row,
            figure.column, table->figures[i].where.line);
      return;
    }
  if (table->count == GB_MAX_PUBLISHED_FIGURES) {
    r->status = gb_fail_at(r->error, GB_ELIMIT, &r->where[ROW], "more than %d figures",
                           GB_MAX_PUBLISHED_FIGURES);
    return;
  }
  uint64_t *keys = gb_arena_grow(r->scratch, r->keys, table->count, &r->key_room, sizeof *keys);
  r->keys = keys ? keys : r->keys;
  gb_figure *figures =
      gb_arena_grow(table->arena, table->figures, table->count, &r->capacity, sizeof *figures);
  table->figures = figures ? figures : table->figures;
  if (!keys || !figures ||
      !add_name(r, &table->rows, &table->row_count, &r->row_room, figure.row) ||
      !add_name(r, &table->columns, &table->column_count, &r->column_room, figure.column)) {
    out_of_memory(r);
    return;
  }
  keys[table->count] = key;
  figures[table->count++] = figure;
}

static void take_record(int end, void *context) {
  (void)end;
  reader *r = context;
  if (r->status)
    return;
  gb_location here = {r->table->path, r->line, 1};
  if (r->count != FIELDS)
    FAULT(r, &here, "%d fields; a line is row,column,value,unit,precision,source,grade,note",
          r->count);
  else if (!r->header_seen)
    check_header(r);
  else
    add_figure(r);
  r->count = 0;
  r->field_line = r->line + 1;
  r->field_column = 1;
}

// Only a space between quotes and commas would be passed over; RFC 4180 makes it part of the field.
static int no_space(unsigned char byte) {
  (void)byte;
  return 0;
}

static int is_line_end(unsigned char byte) {
  return byte == '\n';
}

// Feeds the bytes one by one, so that line and column are known wherever something is wrong.
static void feed(reader *r, struct csv_parser *parser, const char *bytes, size_t size) {
  r->line = r->field_line = 1;
  r->column = r->field_column = 1;
  if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
    gb_location start = {r->table->path, 1, 1};
    FAULT(r, &start, "a byte order mark; save the file as plain UTF-8 without it");
  }
  for (size_t i = 0; i < size && !r->status; i++) {
    gb_location here = {r->table->path, r->line, r->column};
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == '\r' && i + 1 < size && bytes[i + 1] == '\n')
      continue;
    if (byte == '\n' && r->column == 1) {
      FAULT(r, &here, "an empty line");
    } else if (byte != '\n' && (byte < 0x20 || byte == 0x7f)) {
      FAULT(r, &here, "a control character 0x%02x", byte);
    } else if (csv_parse(parser, &bytes[i], 1, take_field, take_record, r) != 1) {
      if (csv_error(parser) == CSV_EPARSE)
        FAULT(r, &here,
              "a double quote out of place; a field with quotes is \"so \"\"quoted\"\"\"");
      else
        out_of_memory(r);
    }
    if (byte == '\n') {
      r->line++;
      r->column = 1;
    } else {
      r->column++;
    }
  }
  gb_location end = {r->table->path, r->line, r->column};
  gb_location field = {r->table->path, r->field_line, r->field_column};
  if (r->status)
    return;
  if (csv_fini(parser, take_field, take_record, r) != 0 && !r->status)
    FAULT(r, &field, "a quote that is never closed");
  if (!r->status && !r->header_seen)
    FAULT(r, &end, "the header row,column,value,unit,precision,source,grade,note is missing");
  if (!r->status && r->table->count == 0)
    FAULT(r, &end, "a header and no figures");
}

static const char *base_name(gb_arena *arena, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  size_t length = strlen(name);
  if (length > 4 && strcmp(name + length - 4, ".csv") == 0)
    length -= 4;
  return gb_arena_copy_n(arena, name, length);
}

gb_status gb_published_parse(const char *bytes, size_t size, const char *path,
                             gb_published **published, gb_error *error) {
  *published = NULL;
  gb_location where = {path, 0, 0};
  if (size > GB_MAX_PUBLISHED_BYTES)
    return gb_fail_at(error, GB_ELIMIT, &where, "%zu bytes; at most %d", size,
                      GB_MAX_PUBLISHED_BYTES);
  gb_arena *arena = gb_arena_new(NULL), *scratch = gb_arena_new(NULL);
  gb_published *table = arena && scratch ? gb_arena_allocate(arena, 1, sizeof *table) : NULL;
  struct csv_parser parser;
  if (!table || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
    gb_arena_free(scratch);
    gb_arena_free(arena);
    return gb_fail_memory(error);
  }
  csv_set_space_func(&parser, no_space);
  csv_set_term_func(&parser, is_line_end);
  reader r = {.table = table, .scratch = scratch, .error = error};
  table->arena = arena;
  table->path = gb_arena_copy(arena, path);
  table->name = base_name(arena, path);
  if (table->path && table->name)
    feed(&r, &parser, bytes, size);
  else
    out_of_memory(&r);
  csv_free(&parser);
  gb_arena_free(scratch);
  if (r.status)
    gb_arena_free(arena);
  else
    *published = table;
  return r.status;
}

gb_status gb_published_open(const char *path, gb_published **published, gb_error *error) {
  *published = NULL;
  char *bytes;
  size_t size;
  GB_TRY(gb_file_read(path, GB_MAX_PUBLISHED_BYTES, &bytes, &size, error));
  gb_status status = gb_published_parse(bytes, size, path, published, error);
  free(bytes);
  return status;
}

void gb_published_free(gb_published *published) {
  if (published)
    gb_arena_free(published->arena);
}
