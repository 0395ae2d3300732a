// Compiles attribute values: splits text from expressions, compiles XPath once, and finds misspelt
// variables and functions before anything is expanded.
#include "harness/xml/xml_internal.h"

#include <libxml/xpathInternals.h>

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Splits "file:line:column: text" in place: `where` gets the place, the result is the text.
static const char *split_place(char *message, gb_location *where) {
  *where = (gb_location){0};
  for (char *colon = strchr(message, ':'); colon; colon = strchr(colon + 1, ':')) {
    char *end, *end2;
    long line = strtol(colon + 1, &end, 10);
    if (end == colon + 1 || *end != ':' || line < 1 || line > INT_MAX)
      continue;
    long column = strtol(end + 1, &end2, 10);
    if (end2 == end + 1 || end2[0] != ':' || end2[1] != ' ' || column < 1 || column > INT_MAX)
      continue;
    *colon = '\0';
    *where = (gb_location){message, (int)line, (int)column};
    return end2 + 2;
  }
  return message;
}

void gb_report_add(gb_report *report, gb_status status, const gb_location *where,
                   const char *format, ...) {
  gb_error error = {0};
  char message[sizeof error.message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (report->faults && status != GB_ENOMEM) {
    gb_location place;
    const char *text = where ? message : split_place(message, &place);
    gb_fault(report->faults, where ? where : &place, "%s", text);
  } else if (report->status == GB_OK || status == GB_ENOMEM) {
    gb_fail_at(report->error, status, where, "%s", message);
  }
  if (report->status == GB_OK || status == GB_ENOMEM)
    report->status = status;
}

static void take_compile_error(void *data, xmlErrorPtr problem) {
  gb_xpath_problem(problem, data);
}

bool gb_compiler_start(gb_compiler *compiler, gb_arena *arena, gb_report *report) {
  *compiler = (gb_compiler){.arena = arena, .report = report};
  compiler->context = xmlXPathNewContext(NULL);
  if (!compiler->context)
    gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
  return compiler->context != NULL;
}

void gb_compiler_end(gb_compiler *compiler) {
  if (compiler->context)
    xmlXPathFreeContext(compiler->context);
  compiler->context = NULL;
}

void gb_expressions_free(gb_expression *expressions) {
  for (; expressions; expressions = expressions->next)
    xmlXPathFreeCompExpr(expressions->code);
}

static bool is_name_start(char c) {
  return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t name_length(const char *text) {
  size_t n = 0;
  if (!is_name_start(*text))
    return 0;
  while (is_name_start(text[n]) || isdigit((unsigned char)text[n]) || text[n] == '-' ||
         text[n] == '.')
    n++;
  return n;
}

enum word_kind { WORD_END, WORD_VARIABLE, WORD_FUNCTION, WORD_PATH, WORD_OTHER };
typedef struct word {
  enum word_kind kind;
  char name[64];
} word;

// A coarse reading of XPath: the names in it and what they stand for. `*operand` says whether an
// operand has just ended, which tells `and`, `or`, `div`, `mod` from element names.
static const char *next_word(const char *text, bool *operand, word *out) {
  for (;;) {
    text += strspn(text, " \t\r\n");
    char c = *text;
    out->kind = WORD_OTHER;
    if (!c) {
      out->kind = WORD_END;
      return text;
    }
    if (c == '"' || c == '\'') {
      const char *end = strchr(text + 1, c);
      text = end ? end + 1 : text + strlen(text);
      *operand = true;
      continue;
    }
    size_t n = name_length(c == '$' ? text + 1 : text);
    if (c == '$' || n) {
      const char *start = c == '$' ? text + 1 : text;
      size_t kept = n < sizeof out->name ? n : sizeof out->name - 1;
      memcpy(out->name, start, kept);
      out->name[kept] = '\0';
      const char *behind = start + n;
      const char *next = behind + strspn(behind, " \t\r\n");
      if (c == '$') {
        out->kind = WORD_VARIABLE;
        *operand = true;
      } else if (*operand && (!strcmp(out->name, "and") || !strcmp(out->name, "or") ||
                              !strcmp(out->name, "div") || !strcmp(out->name, "mod"))) {
        *operand = false;
        text = behind;
        continue;
      } else if (*next == '(') {
        out->kind = WORD_FUNCTION;
        *operand = false;
      } else {
        out->kind = WORD_PATH;
        *operand = true;
      }
      return behind;
    }
    if (isdigit((unsigned char)c) || c == '.') {
      text += strspn(text, "0123456789.");
      if ((*text == 'e' || *text == 'E') && strspn(text + 1, "+-0123456789"))
        text += 1 + strspn(text + 1, "+-0123456789"); // libxml2 reads 1e-5 too
      *operand = true;
      continue;
    }
    *operand = c == ')' || c == ']' || (c == '*' && !*operand);
    if (c == '@' || c == '/' || c == ':') {
      out->kind = WORD_PATH;
      out->name[0] = '\0';
      return text + 1;
    }
    text++;
  }
}

void gb_expression_variables(const char *text, bool (*visit)(void *context, const char *name),
                             void *context) {
  word w;
  bool operand = false;
  for (text = next_word(text, &operand, &w); w.kind != WORD_END;
       text = next_word(text, &operand, &w))
    if (w.kind == WORD_VARIABLE && !visit(context, w.name))
      return;
}

static bool in_scope(const gb_scope *scope, const char *name) {
  for (; scope; scope = scope->outer)
    if (strcmp(scope->name, name) == 0)
      return true;
  return false;
}

static void report_variable(gb_compiler *compiler, const gb_location *where, const gb_scope *scope,
                            const char *name, const char *source) {
  // XPath allows '-' in names, so that "$n-1" is a variable called "n-1".
  char head[64];
  size_t n = strcspn(name, "-");
  memcpy(head, name, n);
  head[n] = '\0';
  if (name[n] == '-' && in_scope(scope, head)) {
    gb_report_add(compiler->report, GB_EINPUT, where,
                  "in {%.200s}: XPath reads '$%s' as one name; put blanks around the minus: '$%s - "
                  "%s'",
                  source, name, head, name + n + 1);
    return;
  }
  gb_suggestion suggestion = {.name = name};
  for (const gb_scope *s = scope; s; s = s->outer)
    gb_suggest(&suggestion, s->name);
  if (suggestion.best) {
    gb_report_add(compiler->report, GB_EINPUT, where,
                  "in {%.200s}: unknown variable $%s; did you mean $%s?", source, name,
                  suggestion.best);
    return;
  }
  gb_text known = {0};
  for (const gb_scope *s = scope; s; s = s->outer)
    gb_text_print(&known, " $%s", s->name);
  gb_report_add(compiler->report, GB_EINPUT, where,
                "in {%.200s}: unknown variable $%s; there %s%.400s", source, name,
                known.length ? "are" : "is none", gb_text_get(&known));
  gb_text_free(&known);
}

static bool check_function(gb_compiler *compiler, const gb_location *where, const char *name,
                           const char *source) {
  static const char *const node_types[] = {"text", "node", "comment", "processing-instruction"};
  for (size_t i = 0; i < sizeof node_types / sizeof *node_types; i++)
    if (strcmp(name, node_types[i]) == 0)
      return true;
  gb_suggestion suggestion = {.name = name};
  for (size_t i = 0; gb_function_names[i]; i++) {
    if (strcmp(name, gb_function_names[i]) == 0)
      return true;
    gb_suggest(&suggestion, gb_function_names[i]);
  }
  gb_report_add(compiler->report, GB_EINPUT, where, "in {%.200s}: unknown function %s()%s%s%s",
                source, name, suggestion.best ? "; did you mean " : "",
                suggestion.best ? suggestion.best : "", suggestion.best ? "()?" : "");
  return false;
}

static bool check_words(gb_compiler *compiler, const char *text, const gb_location *where,
                        const gb_scope *scope) {
  word w;
  bool operand = false, fine = true;
  for (const char *p = next_word(text, &operand, &w); w.kind != WORD_END && fine;
       p = next_word(p, &operand, &w)) {
    if (w.kind == WORD_FUNCTION) {
      fine = check_function(compiler, where, w.name, text);
    } else if (w.kind == WORD_VARIABLE && scope && !compiler->any_variable) {
      fine = in_scope(scope, w.name);
      if (!fine)
        report_variable(compiler, where, scope, w.name, text);
    } else if (w.kind == WORD_PATH && !compiler->in_substitution) {
      fine = false;
      if (*w.name)
        gb_report_add(compiler->report, GB_EINPUT, where,
                      "in {%.200s}: '%s' is no variable; write $%s", text, w.name, w.name);
      else
        gb_report_add(compiler->report, GB_EINPUT, where,
                      "in {%.200s}: there is no document to take paths in", text);
    }
  }
  return fine;
}

const gb_expression *gb_compile_expression(gb_compiler *compiler, const char *text, size_t length,
                                           const gb_location *where, const gb_scope *scope) {
  while (length && isspace((unsigned char)*text))
    text++, length--;
  while (length && isspace((unsigned char)text[length - 1]))
    length--;
  if (length == 0) {
    gb_report_add(compiler->report, GB_EINPUT, where, "an expression is empty");
    return NULL;
  }
  if (length > GB_XML_MAX_EXPRESSION) {
    gb_report_add(compiler->report, GB_ELIMIT, where, "an expression has more than %d bytes",
                  GB_XML_MAX_EXPRESSION);
    return NULL;
  }
  gb_expression *out = gb_arena_allocate(compiler->arena, 1, sizeof *out);
  char *copy = gb_arena_copy_n(compiler->arena, text, length);
  if (!out || !copy) {
    gb_report_add(compiler->report, GB_ENOMEM, NULL, "out of memory");
    return NULL;
  }
  out->text = copy;
  gb_error error = {0};
  compiler->context->error = take_compile_error;
  compiler->context->userData = &error;
  out->code = xmlXPathCtxtCompile(compiler->context, (const xmlChar *)copy);
  compiler->context->error = NULL;
  compiler->context->userData = NULL;
  if (!out->code) {
    if (error.status == GB_EINPUT)
      gb_report_add(compiler->report, GB_EINPUT, where, "in {%.200s}: not an XPath expression: %s",
                    copy, error.message);
    else // also where libxml2 says nothing
      gb_report_add(compiler->report, GB_ENOMEM, NULL, "out of memory");
    return NULL;
  }
  out->next = compiler->expressions;
  compiler->expressions = out;
  if (!check_words(compiler, copy, where, scope))
    return NULL;
  if (copy[0] == '$' && name_length(copy + 1) == length - 1)
    out->variable = copy + 1;
  return out;
}

// The closing brace of an expression: braces in its quoted texts do not count.
static const char *find_end(const char *text) {
  char quote = '\0';
  for (; *text; text++) {
    if (quote) {
      if (*text == quote)
        quote = '\0';
    } else if (*text == '"' || *text == '\'') {
      quote = *text;
    } else if (*text == '}') {
      return text;
    }
  }
  return NULL;
}

static bool add_piece(gb_compiler *compiler, gb_template *out, size_t *capacity, gb_piece piece) {
  gb_piece *pieces =
      gb_arena_grow(compiler->arena, out->pieces, out->count, capacity, sizeof *pieces);
  if (!pieces) {
    gb_report_add(compiler->report, GB_ENOMEM, NULL, "out of memory");
    return false;
  }
  out->pieces = pieces;
  pieces[out->count++] = piece;
  return true;
}

bool gb_compile_template(gb_compiler *compiler, const char *text, const gb_location *where,
                         const gb_scope *scope, gb_template *out) {
  *out = (gb_template){.source = text, .where = *where};
  if (strlen(text) > GB_XML_MAX_VALUE) {
    gb_report_add(compiler->report, GB_ELIMIT, where, "a value has more than %d bytes",
                  GB_XML_MAX_VALUE);
    return false;
  }
  if (!strpbrk(text, "{}")) {
    out->constant = text;
    return true;
  }
  size_t capacity = 0;
  gb_text literal = {0};
  bool fine = true, dynamic = false;
  for (const char *p = text; *p && fine;) {
    if ((p[0] == '{' && p[1] == '{') || (p[0] == '}' && p[1] == '}')) {
      gb_text_add_n(&literal, p, 1);
      p += 2;
    } else if (*p == '}') {
      gb_report_add(compiler->report, GB_EINPUT, where,
                    "'}' without '{' in \"%.200s\" (a brace itself is written '}}')", text);
      fine = false;
    } else if (*p != '{') {
      size_t n = strcspn(p, "{}");
      gb_text_add_n(&literal, p, n);
      p += n;
    } else {
      const char *end = find_end(p + 1);
      if (!end) {
        gb_report_add(compiler->report, GB_EINPUT, where, "'{' without '}' in \"%.200s\"", text);
        fine = false;
        break;
      }
      gb_piece piece = {.expression = gb_compile_expression(compiler, p + 1, (size_t)(end - p - 1),
                                                            where, scope)};
      fine = piece.expression != NULL;
      if (fine && literal.length) {
        gb_piece before = {.literal = gb_arena_copy(compiler->arena, gb_text_get(&literal))};
        fine = before.literal && add_piece(compiler, out, &capacity, before);
        literal.length = 0;
      }
      fine = fine && add_piece(compiler, out, &capacity, piece);
      dynamic = true;
      p = end + 1;
    }
  }
  if (fine && (literal.length || !dynamic)) {
    const char *rest = gb_arena_copy_n(compiler->arena, gb_text_get(&literal), literal.length);
    if (!rest || literal.failed)
      fine = false;
    else if (!dynamic)
      out->constant = rest;
    else
      fine = add_piece(compiler, out, &capacity, (gb_piece){.literal = rest});
    if (!rest)
      gb_report_add(compiler->report, GB_ENOMEM, NULL, "out of memory");
  }
  gb_text_free(&literal);
  return fine;
}
