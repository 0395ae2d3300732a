// Tests of tables in every format: golden text, numbers, and hostile labels that must stay labels.
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/check.h"

#include "harness/report/escape.h"
#include "harness/report/table.h"
#include "layers/base/file.h"

#include <csv.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

static const gb_column columns[] = {{"model", "Model", NULL, GB_ALIGN_LEFT, false},
                                    {"macs", "MACs", NULL, GB_ALIGN_RIGHT, true},
                                    {"time", "Time", "ms", GB_ALIGN_RIGHT, false},
                                    {"verdict", "Verdict", NULL, GB_ALIGN_LEFT, false}};

static gb_table *small(void) {
  gb_table *table = gb_table_new("small", "A small table");
  if (!table)
    return NULL;
  for (size_t i = 0; i < 4; i++)
    gb_table_column(table, &columns[i]);
  gb_table_row(table);
  gb_table_text(table, "GhostNet 1.0\xc3\x97");
  gb_table_integer(table, 141153760);
  gb_table_real(table, 31.1, 2);
  gb_table_text(table, "reproduced");
  gb_table_mark(table, GB_MARK_GOOD);
  gb_table_row(table);
  gb_table_text(table, "ResNet-50");
  gb_table_integer(table, 4089184256);
  gb_table_missing(table);
  gb_table_text(table, "differs");
  gb_table_mark(table, GB_MARK_BAD);
  gb_table_row(table);
  gb_table_rule(table);
  gb_table_text(table, "Total");
  gb_table_integer(table, 9999);
  gb_table_note(table, "One MAC is two FLOPs.");
  return table;
}

static void check_format(check_state *check, gb_format format, const gb_text_style *style,
                         const char *expected) {
  gb_table *table = small();
  REQUIRE(table);
  gb_text text = {0};
  gb_error error = {0};
  gb_status status = gb_table_write(table, format, style, &text, &error);
  if (status)
    FAIL("%s", error.message);
  CHECK_TEXT(gb_text_get(&text), expected);
  gb_text_free(&text);
  gb_table_free(table);
}

TEST(text) {
  check_format(check, GB_FORMAT_TEXT, NULL,
               "A small table\n"
               "\n"
               "Model              MACs   Time  Verdict\n"
               "                            ms\n"
               "─────────────  ────────  ─────  ──────────\n"
               "GhostNet 1.0×  141.15 M  31.10  reproduced\n"
               "ResNet-50       4.089 G      –  differs\n"
               "─────────────  ────────  ─────  ──────────\n"
               "Total              9999      –  –\n"
               "\n"
               "One MAC is two FLOPs.\n");
}

TEST(text_in_colour_and_narrow) {
  check_format(check, GB_FORMAT_TEXT, &(gb_text_style){.width = 38, .colour = true},
               "A small table\n"
               "\n"
               "\033[1mModel\033[0m          \033[1mMACs\033[0m   \033[1mTime\033[0m  "
               "\033[1mVerdict\033[0m\n"
               "                        \033[1mms\033[0m\n"
               "─────────  ────────  ─────  ──────────\n"
               "GhostNet   141.15 M  31.10  \033[32mreproduced\033[0m\n"
               "1.0×\n"
               "ResNet-50   4.089 G      –  \033[1;31mdiffers\033[0m\n"
               "─────────  ────────  ─────  ──────────\n"
               "Total          9999      –  –\n"
               "\n"
               "One MAC is two FLOPs.\n");
}

TEST(markdown) {
  check_format(check, GB_FORMAT_MARKDOWN, NULL,
               "**A small table**\n"
               "\n"
               "| Model         |     MACs | Time (ms) | Verdict     |\n"
               "| ------------- | -------: | --------: | ----------- |\n"
               "| GhostNet 1.0× | 141.15 M |     31.10 | reproduced  |\n"
               "| ResNet-50     |  4.089 G |         – | **differs** |\n"
               "| Total         |     9999 |         – | –           |\n"
               "\n"
               "One MAC is two FLOPs.\n");
}

TEST(csv) {
  check_format(check, GB_FORMAT_CSV, NULL,
               "model,macs,time,verdict\n"
               "GhostNet 1.0×,141153760,31.1,reproduced\n"
               "ResNet-50,4089184256,,differs\n"
               "Total,9999,,\n");
}

TEST(json) {
  check_format(check, GB_FORMAT_JSON, NULL,
               "{\n"
               "  \"schema\": \"ghostbench-table-1\",\n"
               "  \"name\": \"small\",\n"
               "  \"title\": \"A small table\",\n"
               "  \"columns\": [\n"
               "    {\"name\": \"model\", \"title\": \"Model\", \"unit\": \"\"},\n"
               "    {\"name\": \"macs\", \"title\": \"MACs\", \"unit\": \"\"},\n"
               "    {\"name\": \"time\", \"title\": \"Time\", \"unit\": \"ms\"},\n"
               "    {\"name\": \"verdict\", \"title\": \"Verdict\", \"unit\": \"\"}\n"
               "  ],\n"
               "  \"rows\": [\n"
               "    {\"model\": \"GhostNet 1.0×\", \"macs\": 141153760, \"time\": 31.1, "
               "\"verdict\": \"reproduced\"},\n"
               "    {\"model\": \"ResNet-50\", \"macs\": 4089184256, \"time\": null, "
               "\"verdict\": \"differs\"},\n"
               "    {\"model\": \"Total\", \"macs\": 9999, \"time\": null, \"verdict\": null}\n"
               "  ],\n"
               "  \"notes\": [\n"
               "    \"One MAC is two FLOPs.\"\n"
               "  ]\n"
               "}\n");
}

TEST(latex) {
  check_format(check, GB_FORMAT_LATEX, NULL,
               "% needs \\usepackage{booktabs}\n"
               "\\begin{table}\n"
               "  \\centering\n"
               "  \\caption{A small table}\n"
               "  \\label{tab:small}\n"
               "  \\begin{tabular}{lrrl}\n"
               "    \\toprule\n"
               "    Model & MACs & Time (ms) & Verdict \\\\\n"
               "    \\midrule\n"
               "    GhostNet 1.0$\\times$ & 141.15\\,M & 31.10 & reproduced \\\\\n"
               "    ResNet-50 & 4.089\\,G & -- & \\textbf{differs} \\\\\n"
               "    \\midrule\n"
               "    Total & 9999 & -- & -- \\\\\n"
               "    \\bottomrule\n"
               "  \\end{tabular}\n"
               "  \\par\\smallskip{\\footnotesize One MAC is two FLOPs.\\par}\n"
               "\\end{table}\n");
}

TEST(counts_for_people) {
  static const struct {
    int64_t value;
    const char *text;
  } cases[] = {{0, "0"},
               {9999, "9999"},
               {-12, "-12"},
               {10000, "10.00 k"},
               {47300, "47.30 k"},
               {999994, "999.99 k"},
               {999995, "1.00 M"},
               {2548000, "2.55 M"},
               {141153760, "141.15 M"},
               {999999999, "1.000 G"},
               {4089184256, "4.089 G"},
               {-5000000, "-5.00 M"},
               {INT64_MAX, "9223372.037 T"},
               {INT64_MIN, "-9223372.037 T"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gb_text text = {0};
    gb_print_count(&text, cases[i].value);
    CHECK_TEXT(gb_text_get(&text), cases[i].text);
    gb_text_free(&text);
  }
}

TEST(reals_read_back_exactly) {
  static const double values[] = {
      0.1, 73.9, 1.0 / 3, 1e300, 5e-324, -2.5e8, 141153760., 1e15 + 1, 0.30000000000000004};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    gb_text text = {0};
    gb_print_real(&text, values[i]);
    CHECK(strtod(gb_text_get(&text), NULL) == values[i]);
    gb_text_free(&text);
  }
  gb_text text = {0};
  gb_print_real(&text, 73.9);
  CHECK_TEXT(gb_text_get(&text), "73.9");
  gb_text_free(&text);
}

// Everything that is markup somewhere, and bytes that are no UTF-8.
static const char hostile[] = "=cmd|'/C calc'!A0 a|b \\ \"q\" <script>alert(1)</script>\n"
                              "\\end{tabular} \033[31m \\input{/etc/passwd} $x$ 100% #1 a_b *c* "
                              "[d](http://e) `f` &amp; {g} ~h^ \xff \xe2\x80\xae \x7f";

static gb_text written(gb_format format) {
  gb_text text = {0};
  gb_error error = {0};
  gb_table *table = gb_table_new(hostile, hostile);
  if (!table)
    return text;
  gb_table_column(table, &(gb_column){.name = "a", .title = hostile, .unit = hostile});
  gb_table_column(table, &(gb_column){.name = hostile, .align = GB_ALIGN_RIGHT});
  for (int i = 0; i < 2; i++) {
    gb_table_row(table);
    gb_table_text(table, i ? "[x]" : hostile);
    gb_table_text(table, i ? "*" : hostile);
    gb_table_mark(table, GB_MARK_BAD);
  }
  gb_table_note(table, hostile);
  if (gb_table_write(table, format, NULL, &text, &error) != GB_OK)
    gb_text_free(&text);
  gb_table_free(table);
  return text;
}

static size_t count_of(const char *text, const char *part) {
  size_t count = 0;
  for (; (text = strstr(text, part)); text += strlen(part))
    count++;
  return count;
}

// In no format but JSON may a control character or broken UTF-8 come through.
static void check_printable(check_state *check, const char *text) {
  while (*text) {
    uint32_t code = 0;
    size_t length = gb_utf8_next(text, &code);
    if (length == 0 || (code < 0x20 && code != '\n') || code == 0x7f || code == 0x202e) {
      FAIL("a byte 0x%02x came through", (unsigned char)*text);
      return;
    }
    text += length;
  }
}

TEST(hostile_labels_in_text) {
  gb_text text = written(GB_FORMAT_TEXT);
  check_printable(check, gb_text_get(&text));
  CHECK_CONTAINS(gb_text_get(&text), "</script> \\end{tabular} \xef\xbf\xbd[31m");
  gb_text_free(&text);
}

TEST(hostile_labels_in_markdown) {
  gb_text text = written(GB_FORMAT_MARKDOWN);
  const char *bytes = gb_text_get(&text);
  check_printable(check, bytes);
  CHECK(!strchr(bytes, '<'));
  CHECK_CONTAINS(bytes, "&lt;script&gt;alert(1)&lt;/script&gt;");
  CHECK_CONTAINS(bytes, "a\\|b \\\\ \"q\"");
  CHECK_CONTAINS(bytes, "\\[d\\](http://e) \\`f\\` &amp;amp;");
  // Every line of the table has three bare pipes: nothing opened another cell.
  int lines = 0;
  for (const char *line = bytes; *line;) {
    const char *end = strchr(line, '\n');
    if (*line == '|') {
      int pipes = 0;
      for (const char *c = line; c < end; c++) {
        if (*c == '\\')
          c++;
        else
          pipes += *c == '|';
      }
      CHECK_INT(pipes, 3);
      lines++;
    }
    line = end + 1;
  }
  CHECK_INT(lines, 4);
  gb_text_free(&text);
}

typedef struct csv_seen {
  int fields, records;
  char first[512]; // field of the first row
} csv_seen;

static void see_field(void *bytes, size_t length, void *context) {
  csv_seen *seen = context;
  if (seen->fields++ == 2)
    snprintf(seen->first, sizeof seen->first, "%.*s", (int)length, (const char *)bytes);
}

static void see_record(int end, void *context) {
  (void)end;
  ((csv_seen *)context)->records++;
}

// libcsv, strict, is the oracle of the CSV writer.
TEST(hostile_labels_in_csv) {
  gb_text text = written(GB_FORMAT_CSV);
  check_printable(check, gb_text_get(&text));
  CHECK_INT(count_of(gb_text_get(&text), "\n"), 3); // one line a record
  struct csv_parser parser;
  REQUIRE(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) == 0);
  csv_seen seen = {0};
  CHECK_INT(csv_parse(&parser, gb_text_get(&text), text.length, see_field, see_record, &seen),
            text.length);
  CHECK_INT(csv_fini(&parser, see_field, see_record, &seen), 0);
  csv_free(&parser);
  CHECK_INT(seen.records, 3);
  CHECK_INT(seen.fields, 6);
  CHECK_CONTAINS(seen.first, "'=cmd|'/C calc'!A0 a|b \\ \"q\" <script>");
  gb_text_free(&text);
  static const char *const formulas[] = {"=1", "+1", "-1", "@a", "\t=1", "  =1"};
  for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++) {
    gb_text field = {0};
    gb_escape_csv(&field, formulas[i]);
    CHECK_INT(strcspn(gb_text_get(&field), "'") <= 1, 1);
    gb_text_free(&field);
  }
}

// jansson is the oracle of the JSON writer: the label comes back, but for the byte that is no
// UTF-8.
TEST(hostile_labels_in_json) {
  gb_text text = written(GB_FORMAT_JSON);
  const char *bytes = gb_text_get(&text);
  CHECK(!strchr(bytes, '<') && !strchr(bytes, '\033'));
  json_error_t json_error;
  json_t *root = json_loads(bytes, JSON_REJECT_DUPLICATES, &json_error);
  if (!root) {
    FAIL("line %d: %s", json_error.line, json_error.text);
    gb_text_free(&text);
    return;
  }
  char expected[sizeof hostile + 8];
  const char *bad = strchr(hostile, '\xff');
  snprintf(expected, sizeof expected, "%.*s\xef\xbf\xbd%s", (int)(bad - hostile), hostile, bad + 1);
  json_t *row = json_array_get(json_object_get(root, "rows"), 0);
  const char *value = json_string_value(json_object_get(row, "a"));
  REQUIRE(value);
  CHECK_TEXT(value, expected);
  CHECK_TEXT(json_string_value(json_object_get(root, "title")), expected);
  CHECK_TEXT(json_string_value(json_object_get(root, "schema")), "ghostbench-table-1");
  json_decref(root);
  gb_text_free(&text);
}

TEST(hostile_labels_in_latex) {
  gb_text text = written(GB_FORMAT_LATEX);
  const char *bytes = gb_text_get(&text);
  check_printable(check, bytes);
  CHECK_INT(count_of(bytes, "\\end{"), 2); // tabular and table: ours
  CHECK(!strstr(bytes, "\\input"));
  CHECK_CONTAINS(bytes, "\\textbackslash{}end\\{tabular\\}");
  CHECK_CONTAINS(bytes, "\\$x\\$ 100\\% \\#1 a\\_b {*}c{*}");
  CHECK_CONTAINS(bytes, "    {[}x{]} & \\textbf{{*}} \\\\\n"); // not an argument of the row's end
  // Every % but the first line's is escaped, so no comment swallows a line.
  for (const char *c = strchr(bytes, '\n'); (c = strchr(c, '%')); c++)
    CHECK(c[-1] == '\\');
  gb_text_free(&text);
}

TEST(misuse_is_told) {
  gb_error error = {0};
  gb_text text = {0};
  gb_table *table = gb_table_new("t", NULL);
  REQUIRE(table);
  gb_table_column(table, &columns[0]);
  gb_table_row(table);
  gb_table_text(table, "a");
  gb_table_text(table, "b");
  CHECK_INT(gb_table_write(table, GB_FORMAT_CSV, NULL, &text, &error), GB_EINTERNAL);
  gb_table_free(table);
  table = gb_table_new("../t", NULL);
  REQUIRE(table);
  CHECK_INT(gb_table_save(table, GB_FORMAT_CSV, "/tmp", &error), GB_EINPUT);
  gb_table_free(table);
  gb_text_free(&text);
  gb_format format;
  CHECK(gb_format_parse("table", &format) && format == GB_FORMAT_TEXT);
  CHECK(!gb_format_parse("pdf", &format));
}

TEST(saves_files) {
  char folder[] = "/tmp/ghostbench-report-XXXXXX";
  REQUIRE(mkdtemp(folder));
  gb_table *table = small();
  REQUIRE(table);
  gb_error error = {0};
  for (int i = 0; i < GB_FORMAT_COUNT; i++) {
    CHECK_INT(gb_table_save(table, (gb_format)i, folder, &error), GB_OK);
    char path[100], *bytes;
    size_t size;
    snprintf(path, sizeof path, "%s/small.%s", folder, gb_format_ending((gb_format)i));
    REQUIRE_OK(gb_file_read(path, 1 << 16, &bytes, &size, &error), error);
    gb_text text = {0};
    CHECK_INT(gb_table_write(table, (gb_format)i, NULL, &text, &error), GB_OK);
    CHECK_TEXT(bytes, gb_text_get(&text));
    gb_text_free(&text);
    free(bytes);
    unlink(path);
  }
  rmdir(folder);
  CHECK_INT(gb_table_save(table, GB_FORMAT_CSV, "/dev/null/no", &error), GB_EIO);
  gb_table_free(table);
}

TEST_MAIN(CASE(text), CASE(text_in_colour_and_narrow), CASE(markdown), CASE(csv), CASE(json),
          CASE(latex), CASE(counts_for_people), CASE(reals_read_back_exactly),
          CASE(hostile_labels_in_text), CASE(hostile_labels_in_markdown),
          CASE(hostile_labels_in_csv), CASE(hostile_labels_in_json), CASE(hostile_labels_in_latex),
          CASE(misuse_is_told), CASE(saves_files))
