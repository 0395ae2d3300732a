// Tests of documents: strangers' text in HTML, pictures made safe, records written and read back.
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/check.h"
#include "tests/lib/folder.h"

#include "harness/report/document.h"
#include "harness/report/html.h"
#include "harness/report/record.h"
#include "harness/report/svg.h"
#include "harness/report/table_write.h"
#include "layers/base/file.h"

#include <stdlib.h>

// What must never appear in a page, whatever its texts are.
static const char *const hostile[] = {
    "<script>document.title='pwned'</script>",
    "</script><script>pwned()</script>",
    "</style><script>pwned()</script>",
    "</title><script>pwned()</script>",
    "\" onmouseover=\"pwned()",
    "' onfocus='pwned()' autofocus='",
    "<img src=x onerror=pwned()>",
    "<svg onload=pwned()>",
    "javascript:pwned()",
    "<!-- pwned -->",
    "--><script>pwned()</script>",
    "]]><script>pwned()</script>",
    "&lt;script&gt;pwned()&lt;/script&gt;",
    "<a href=\"https://example.org/pwned\">x</a>",
    "<meta http-equiv=refresh content=\"0;url=//example.org\">",
    "<base href=//example.org>",
    "<link rel=stylesheet href=//example.org/x.css>",
    "\xff\xfe<script>",
    "a\n\n<script>\r\n</script>",
    "\xe2\x80\xae<script>",
    "",
};
enum { HOSTILE = sizeof hostile / sizeof *hostile };

// Elements of the page that a tag scanner finds, with the number of attributes that begin with on.
static void check_tags(check_state *check, const char *page) {
  static const char *const allowed[] = {
      "!DOCTYPE", "html",   "head",    "meta",    "title",  "style", "body",  "a",          "div",
      "header",   "h1",     "p",       "button",  "nav",    "ol",    "li",    "span",       "main",
      "section",  "h2",     "h3",      "ul",      "b",      "dl",    "dt",    "dd",         "table",
      "caption",  "thead",  "tbody",   "tr",      "th",     "td",    "small", "figure",     "svg",
      "g",        "path",   "rect",    "circle",  "text",   "use",   "defs",  "figcaption", "pre",
      "code",     "script", "details", "summary", "footer", NULL};
  int scripts = 0;
  const char *at = page;
  while ((at = strchr(at, '<'))) {
    char name[24];
    const char *c = at + 1 + (at[1] == '/');
    size_t n = strcspn(c, " >/\n");
    snprintf(name, sizeof name, "%.*s", (int)n, c);
    bool known = false;
    for (size_t i = 0; allowed[i]; i++)
      known |= strcmp(allowed[i], name) == 0;
    if (!known)
      FAIL("element <%s> in the page", name);
    scripts += strcmp(name, "script") == 0 && at[1] != '/';
    // Inside the tag no attribute begins with on; values in quotes hold no quote.
    const char *end = strchr(at, '>');
    bool quoted = false;
    for (const char *k = at; end && k < end; k++) {
      quoted ^= *k == '"';
      if (!quoted && strncmp(k, " on", 3) == 0)
        FAIL("an event handler: %.60s", at);
    }
    CHECK(end && !quoted);
    // Text of style and script is no markup.
    if (strcmp(name, "style") == 0 || strcmp(name, "script") == 0)
      at = at[1] == '/' ? at : strstr(at + 1, strcmp(name, "style") == 0 ? "</style" : "</script");
    else
      at++;
    REQUIRE(at);
    if (at[1] == '/' && (strncmp(at, "</style", 7) == 0 || strncmp(at, "</script", 8) == 0))
      at++;
  }
  CHECK_INT(scripts, 1);
}

static gb_document *hostile_document(gb_table **table, const char *svg) {
  gb_document *d = gb_document_new(hostile[0], hostile[1], hostile[2]);
  *table = gb_table_new("t", hostile[3]);
  if (!d || !*table)
    return NULL;
  gb_table_column(*table, &(gb_column){.name = "a", .title = hostile[4], .unit = hostile[5]});
  gb_table_column(*table, &(gb_column){.name = "b", .title = hostile[6]});
  for (size_t i = 0; i < HOSTILE; i++) {
    gb_table_row(*table);
    gb_table_text(*table, hostile[i]);
    gb_table_text(*table, hostile[i]);
    gb_table_shown(*table, hostile[(i + 1) % HOSTILE]);
    gb_table_note(*table, hostile[i]);
  }
  for (size_t i = 0; i < HOSTILE; i++) {
    gb_document_section(d, i % 2 ? 3 : 2, hostile[i], hostile[(i + 3) % HOSTILE], GB_MARK_BAD);
    for (int kind = GB_BLOCK_LEAD; kind <= GB_BLOCK_CARD; kind++)
      gb_document_block(d, &(gb_block){.kind = (gb_block_kind)kind,
                                       .text = hostile[(i + (size_t)kind) % HOSTILE],
                                       .name = hostile[i]});
    gb_document_table(d, *table);
    gb_document_text(d, GB_BLOCK_FOLD, hostile[i]);
    gb_document_figure(d, svg, hostile[i], hostile[i]);
    gb_document_block(
        d, &(gb_block){
               .kind = GB_BLOCK_FIGURE, .file = svg, .link = "x", .text = "x", .name = hostile[i]});
  }
  return d;
}

static const char plain_svg[] =
    "<?xml version=\"1.0\"?>\n<svg \n width=\"700\" height=\"460\"\n viewBox=\"0 0 700 460\"\n"
    " xmlns=\"http://www.w3.org/2000/svg\"\n>\n<title>Gnuplot</title>\n<g id=\"canvas\">\n"
    "<rect x=\"0\" y=\"0\" width=\"700\" height=\"460\" fill=\"#ffffff\"/>\n"
    "<defs><circle id='gpDot' r='0.5'/><filter id='f'><feFlood flood-color='#FFF'/></filter></defs>"
    "<g fill=\"none\"></g><g fill=\"rgb( 80,  80,  80)\"><path d='M1,2 L3,4  '/>"
    "<text>a &lt;b&gt; &amp; \"c\"</text><use xlink:href='#gpDot' x='1'/></g></g></svg>\n";

TEST(strangers_text_is_text_in_the_page) {
  test_folder folder;
  REQUIRE(folder_open(&folder));
  const char *svg = folder_file(&folder, "x.svg");
  gb_error error = {0};
  REQUIRE_OK(gb_file_write(svg, plain_svg, sizeof plain_svg - 1, &error), error);
  gb_table *table;
  gb_document *d = hostile_document(&table, svg);
  REQUIRE(d);
  gb_text out = {0};
  REQUIRE_OK(gb_document_html(d, &out, &error), error);
  check_tags(check, gb_text_get(&out));
  CHECK_CONTAINS(gb_text_get(&out), "&lt;img src=x onerror=pwned()&gt;");
  CHECK_CONTAINS(gb_text_get(&out), "&amp;lt;script&amp;gt;");
  CHECK_CONTAINS(gb_text_get(&out), "default-src 'none'; style-src 'sha256-");
  CHECK(!strstr(gb_text_get(&out), "<script>pwned") && !strstr(gb_text_get(&out), "\xe2\x80\xae"));
  gb_text_free(&out);
  gb_document_free(d);
  gb_table_free(table);
  folder_close(&folder);
}

// The policy names the hashes of what stands in the page.
TEST(the_policy_allows_our_script_only) {
  if (system("command -v openssl >/dev/null 2>&1") != 0)
    SKIP("openssl is not installed");
  test_folder folder;
  REQUIRE(folder_open(&folder));
  gb_document *d = gb_document_new("t", NULL, NULL);
  gb_text out = {0}, command = {0};
  gb_error error = {0};
  REQUIRE(d);
  gb_document_text(d, GB_BLOCK_TEXT, "x");
  REQUIRE_OK(gb_document_html(d, &out, &error), error);
  static const char *const names[] = {"style", "script"};
  for (size_t i = 0; i < 2; i++) {
    char open[16], close[16], policy[64], read[80] = "";
    snprintf(open, sizeof open, "<%s>", names[i]);
    snprintf(close, sizeof close, "</%s>", names[i]);
    const char *from = strstr(gb_text_get(&out), open) + strlen(open);
    REQUIRE_OK(gb_file_write(folder_file(&folder, "part"), from,
                             (size_t)(strstr(from, close) - from), &error),
               error);
    command.length = 0;
    gb_text_print(&command, "openssl dgst -sha256 -binary '%s' | base64",
                  folder_file(&folder, "part"));
    FILE *pipe = popen(gb_text_get(&command), "r");
    REQUIRE(pipe && fgets(read, sizeof read, pipe));
    pclose(pipe);
    read[strcspn(read, "\n")] = '\0';
    snprintf(policy, sizeof policy, "%s-src 'sha256-", names[i]);
    const char *stated = strstr(gb_text_get(&out), policy);
    REQUIRE(stated);
    stated += strlen(policy);
    CHECK(strncmp(stated, read, strlen(read)) == 0 && stated[strlen(read)] == '\'');
  }
  gb_text_free(&command);
  gb_text_free(&out);
  gb_document_free(d);
  folder_close(&folder);
}

TEST(pictures_keep_what_draws) {
  gb_text out = {0};
  gb_error error = {0};
  REQUIRE_OK(gb_svg_embed(plain_svg, sizeof plain_svg - 1, "p-", "A \"title\" <b>", &out, &error),
             error);
  CHECK_TEXT(gb_text_get(&out),
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 700 460\" width=\"700\" "
             "height=\"460\" role=\"img\" aria-label=\"A &quot;title&quot; &lt;b&gt;\">"
             "<g id=\"p-canvas\"><defs><circle id=\"p-gpDot\" r=\"0.5\"/></defs>"
             "<g fill=\"rgb( 80, 80, 80)\"><path d=\"M1,2 L3,4\"/>"
             "<text>a &lt;b&gt; &amp; &quot;c&quot;</text>"
             "<use href=\"#p-gpDot\" x=\"1\"/></g></g></svg>");
  gb_text_free(&out);
}

#define SVG(inside) "<svg width=\"9\" height=\"9\"><g>" inside "</g></svg>"

TEST(pictures_lose_what_acts) {
  static const char *const pictures[] = {
      SVG("<script>pwned()</script><path d='M0,0'/>"),
      SVG("<script><path d='pwned'/></script>"),
      SVG("<foreignObject><text>pwned</text></foreignObject>"),
      SVG("<a xlink:href='https://pwned'><text>pwned</text></a>"),
      SVG("<image href='https://pwned'/>"),
      SVG("<path onload='pwned()' d='M0,0'/>"),
      SVG("<path style='background:url(https://pwned)' d='M0,0'/>"),
      SVG("<path fill='url(https://pwned)' d='M0,0'/>"),
      SVG("<path fill='url(//pwned)' d='M0,0'/>"),
      SVG("<use xlink:href='https://pwned#x'/>"),
      SVG("<use href='data:pwned'/>"),
      SVG("<animate attributeName='href' to='pwned'/>"),
      SVG("<set attributeName='onload' to='pwned()'/>"),
      SVG("<style>pwned</style>"),
      SVG("<!-- pwned --><path d='M0,0'/>"),
      SVG("<path d='M0,0 \" pwned=\"'/>"),
      SVG("<path class='pwned' d='M0,0'/>"),
      "<svg width=\"9\" height=\"9\"><g/></svg><script>pwned</script>",
  };
  for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
    gb_text out = {0};
    gb_error error = {0};
    gb_status status = gb_svg_embed(pictures[i], strlen(pictures[i]), "p-", "t", &out, &error);
    if (status != GB_OK || strstr(gb_text_get(&out), "pwned"))
      FAIL("%s became %s (%s)", pictures[i], gb_text_get(&out), error.message);
    gb_text_free(&out);
  }
}

TEST(what_is_no_picture_is_refused) {
  static const char *const pictures[] = {
      "",
      "text",
      "<html></html>",
      "<svg></svg>",
      "<svg width='9' height='9'>",
      "<svg width='9' height='9'><g></svg>",
      "<svg width='9' height='9'><g></path></g></svg>",
      "<svg width='9' height='9'><path d='M0,0</svg>",
      "<svg width='9' height='9'><path d=M0,0/></svg>",
      "<svg width='9' height='9'><svg width='9' height='9'></svg>",
      "<svg width='9\" onload=\"x' height='9'></svg>",
      "<!DOCTYPE svg [<!ENTITY x 'y'>]><svg width='9' height='9'></svg>",
      "<svg width='9' height='9'><![CDATA[<script>]]></svg>",
      "<svg width='9' height='9'><!-- never closed </svg>",
  };
  for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
    gb_text out = {0};
    gb_error error = {0};
    gb_text_add(&out, "before");
    CHECK_INT(gb_svg_embed(pictures[i], strlen(pictures[i]), "p-", "t", &out, &error), GB_EINPUT);
    CHECK_TEXT(gb_text_get(&out), "before");
    gb_text_free(&out);
  }
  // Deeper than any plot.
  gb_text deep = {0}, out = {0};
  gb_error error = {0};
  gb_text_add(&deep, "<svg width='9' height='9'>");
  for (int i = 0; i < 1000; i++)
    gb_text_add(&deep, "<g>");
  CHECK_INT(gb_svg_embed(gb_text_get(&deep), deep.length, "p-", "t", &out, &error), GB_EINPUT);
  gb_text_free(&deep);
  gb_text_free(&out);
}

TEST(a_picture_that_is_missing_is_told) {
  gb_document *d = gb_document_new("t", NULL, NULL);
  gb_text out = {0};
  gb_error error = {0};
  REQUIRE(d);
  gb_document_figure(d, "/nowhere/x.svg", "x", "A figure");
  REQUIRE_OK(gb_document_html(d, &out, &error), error);
  CHECK_CONTAINS(gb_text_get(&out), "This picture could not be read: ");
  gb_text_free(&out);
  gb_document_free(d);
}

// ---------------------------------------------------------------------------------------------

TEST(anchors_are_apart_and_cells_lead_to_sections) {
  gb_document *d = gb_document_new("t", NULL, NULL);
  gb_table *table = gb_table_new("t", NULL);
  gb_text out = {0};
  gb_error error = {0};
  REQUIRE(d && table);
  gb_table_column(table, &(gb_column){.name = "a"});
  gb_table_column(table, &(gb_column){.name = "n", .count = true});
  gb_table_row(table);
  gb_table_text(table, "Table 1");
  gb_table_integer(table, 141153760);
  gb_document_section(d, 2, "Table 1", NULL, GB_MARK_NONE);
  gb_document_table(d, table);
  gb_document_section(d, 2, "table 1!", NULL, GB_MARK_NONE);
  gb_document_section(d, 2, "\xc3\x97", NULL, GB_MARK_NONE);
  CHECK_TEXT(d->sections[0].anchor, "table-1");
  CHECK_TEXT(d->sections[1].anchor, "table-1-2");
  CHECK_TEXT(d->sections[2].anchor, "section-3");
  REQUIRE_OK(gb_document_html(d, &out, &error), error);
  CHECK_CONTAINS(gb_text_get(&out), "<td><a href=\"#table-1\">Table 1</a></td>");
  CHECK_CONTAINS(gb_text_get(&out), "<td data-v=\"141153760\">141.15 M</td>");
  gb_text_free(&out);
  gb_document_free(d);
  gb_table_free(table);
}

TEST(long_tables_are_cut) {
  gb_document *d = gb_document_new("t", NULL, NULL);
  gb_table *table = gb_table_new("t", NULL);
  REQUIRE(d && table);
  gb_table_column(table, &(gb_column){.name = "a"});
  for (int i = 0; i < GB_DOCUMENT_ROWS + 500; i++) {
    gb_table_row(table);
    gb_table_integer(table, i);
  }
  gb_document_table(d, table);
  gb_error error = {0};
  gb_text out = {0};
  REQUIRE_OK(gb_document_html(d, &out, &error), error);
  CHECK_CONTAINS(gb_text_get(&out), "The first 2000 of 2500 rows; all stand in the table's file.");
  CHECK(strstr(gb_text_get(&out), ">1999</td>") && !strstr(gb_text_get(&out), ">2000</td>"));
  out.length = 0;
  REQUIRE_OK(gb_document_markdown(d, &out, &error), error);
  CHECK_CONTAINS(gb_text_get(&out), "The first 60 of 2500 rows");
  gb_text_free(&out);
  gb_document_free(d);
  gb_table_free(table);
}

TEST(markdown_and_latex) {
  gb_document *d = gb_document_new("A_title", "sub", "foot");
  gb_text out = {0};
  gb_error error = {0};
  REQUIRE(d);
  gb_document_section(d, 2, "50 % & more", "7 of 8", GB_MARK_NOTE);
  gb_document_text(d, GB_BLOCK_TEXT, "# no heading <b>");
  gb_document_text(d, GB_BLOCK_TEXT, "1. no list");
  gb_document_text(d, GB_BLOCK_CODE, "run x\n# `y`");
  gb_document_fact(d, "kernel", "6.1");
  gb_document_fact(d, "cpu", "a|b");
  gb_document_figure(d, "x", "f/fig>1", "caption");
  REQUIRE_OK(gb_document_markdown(d, &out, &error), error);
  CHECK_TEXT(gb_text_get(&out),
             "# A\\_title\n\nsub\n\n## 50 % &amp; more (7 of 8)\n\n\\# no heading &lt;b&gt;\n\n"
             "1\\. no list\n\n    run x\n    # `y`\n\n- kernel: 6.1\n- cpu: a\\|b\n\n"
             "![caption](<f/fig1.svg>)\n\nfoot\n");
  out.length = 0;
  REQUIRE_OK(gb_document_latex(d, &out, &error), error);
  CHECK_CONTAINS(gb_text_get(&out), "\\section*{50 \\% \\& more (7 of 8)}");
  CHECK_CONTAINS(gb_text_get(&out), "\\begin{description}\n\\item[kernel] 6.1\n");
  CHECK_CONTAINS(gb_text_get(&out), "\\includegraphics[width=0.8\\linewidth]{f/fig>1.pdf}");
  CHECK_CONTAINS(gb_text_get(&out), "\\end{document}\n");
  gb_text_free(&out);
  gb_document_free(d);
}

// ---------------------------------------------------------------------------------------------

static gb_table *full_table(void) {
  gb_table *t = gb_table_new("full", "Title \"x\"");
  if (!t)
    return NULL;
  gb_table_column(t, &(gb_column){"a", "A", "ms", GB_ALIGN_RIGHT, true});
  gb_table_column(t, &(gb_column){"b", "B", NULL, GB_ALIGN_CENTRE, false});
  gb_table_row(t);
  gb_table_integer(t, 141153760);
  gb_table_mark(t, GB_MARK_BAD);
  gb_table_text(t, "reproduced");
  gb_table_shown(t, "\xe2\x9c\x93");
  gb_table_row(t);
  gb_table_rule(t);
  gb_table_real(t, 1.0 / 3, 2);
  gb_table_missing(t);
  gb_table_shown(t, "");
  gb_table_row(t);
  gb_table_real(t, 2, -1); // a real that is whole stays a real
  gb_table_note(t, "a note");
  return t;
}

TEST(records_come_back_as_they_were) {
  test_folder folder;
  gb_error error = {0};
  gb_table *table = full_table();
  REQUIRE(folder_open(&folder) && table);
  gb_record record = {.name = "x-1",
                      .title = "T <b>",
                      .question = "Q?",
                      .command = "ghostbench run x",
                      .started = 1764000000.25,
                      .seconds = 1.5,
                      .counts = {5, 4, 3, 2, 1, 6},
                      .models = 7,
                      .failed = &(gb_record_pair){"m", "why"},
                      .failed_count = 1,
                      .environment = &(gb_record_pair){"cpu", "fast"},
                      .environment_count = 1,
                      .cells = &(gb_record_pair){"latency", "0123abc"},
                      .cell_count = 1,
                      .plots = &(gb_record_plot){"x-1-macs", "MACs", "A <b> caption."},
                      .plot_count = 1,
                      .tables = (const gb_table *[]){table},
                      .table_count = 1};
  REQUIRE_OK(gb_record_save(&record, folder.path, &error), error);
  gb_record *back = NULL;
  REQUIRE_OK(gb_record_load(folder.path, &back, &error), error);
  CHECK_TEXT(back->title, "T <b>");
  CHECK_TEXT(back->stale, "");
  CHECK(back->started == record.started && back->seconds == record.seconds);
  CHECK_INT(back->models, 7);
  for (int i = 0; i < GB_VERDICT_COUNT; i++)
    CHECK_INT(back->counts[i], record.counts[i]);
  CHECK(back->failed_count == 1 && back->environment_count == 1 && back->plot_count == 1);
  CHECK_TEXT(back->failed[0].text, "why");
  CHECK_TEXT(back->environment[0].text, "fast");
  CHECK_TEXT(back->plots[0].title, "MACs");
  CHECK_TEXT(back->plots[0].caption, "A <b> caption.");
  REQUIRE(back->cell_count == 1);
  CHECK_TEXT(back->cells[0].name, "latency");
  CHECK_TEXT(back->cells[0].text, "0123abc");
  REQUIRE(back->table_count == 1);
  // Every format writes the same from the table that came back.
  for (int format = 0; format < GB_FORMAT_COUNT; format++) {
    gb_text before = {0}, after = {0};
    REQUIRE_OK(gb_table_write(table, (gb_format)format, NULL, &before, &error), error);
    REQUIRE_OK(gb_table_write(back->tables[0], (gb_format)format, NULL, &after, &error), error);
    CHECK_TEXT(gb_text_get(&after), gb_text_get(&before));
    gb_text_free(&before);
    gb_text_free(&after);
  }
  CHECK(gb_table_at(back->tables[0], 2, 0)->kind == GB_VALUE_REAL);
  CHECK(gb_table_at(back->tables[0], 0, 0)->mark == GB_MARK_BAD);
  gb_record_free(back);
  gb_table_free(table);
  folder_close(&folder);
}

TEST(faulty_records_are_refused) {
  static const struct {
    const char *json, *says;
  } cases[] = {
      {"", "record.json:1:"},
      {"{", "record.json:1:"},
      {"[]", "schema must be"},
      {"{\"schema\": \"ghostbench-record-9\"}", "schema must be \"ghostbench-record-1\""},
      {"{\"schema\": \"ghostbench-record-1\"}", "name must be a plain file name"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"../x\"}", "a plain file name"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": 5}", "name must be a text"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"x\", \"name\": \"y\"}", "duplicate"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"x\", \"models\": \"y\"}",
       "models must be a whole number"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"x\", \"plots\": [{\"name\": \"../y\"}]}",
       "the name of a plot"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"x\", \"tables\": {}}", "tables must be"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"x\", \"tables\": [{\"name\": \"t\", "
       "\"columns\": [{\"name\": \"a\"}], \"rows\": [[1, 2]]}]}",
       "a row of a table must be"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"x\", \"tables\": [{\"name\": \"t\", "
       "\"columns\": [{\"name\": \"a\"}, {\"name\": \"a\"}], \"rows\": []}]}",
       "a table must be"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"x\", \"tables\": [{\"name\": \"t\", "
       "\"columns\": [{\"name\": \"a\"}], \"rows\": [[{\"v\": 1, \"mark\": 77}]]}]}",
       "mark must be"},
      {"{\"schema\": \"ghostbench-record-1\", \"name\": \"x\", \"tables\": [{\"name\": \"t\", "
       "\"columns\": [{\"name\": \"a\", \"align\": -4}], \"rows\": []}]}",
       "align must be"},
  };
  test_folder folder;
  REQUIRE(folder_open(&folder));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gb_error error = {0};
    gb_record *record = NULL;
    REQUIRE_OK(gb_file_write(folder_file(&folder, GB_RECORD_FILE), cases[i].json,
                             strlen(cases[i].json), &error),
               error);
    CHECK_INT(gb_record_load(folder.path, &record, &error), GB_EINPUT);
    if (!strstr(error.message, cases[i].says))
      FAIL("%s says %s", cases[i].json, error.message);
    CHECK(!record);
  }
  gb_error error = {0};
  gb_record *record = NULL;
  unlink(folder_file(&folder, GB_RECORD_FILE));
  CHECK_INT(gb_record_load(folder.path, &record, &error), GB_EIO);
  folder_close(&folder);
}

TEST_MAIN(CASE(strangers_text_is_text_in_the_page), CASE(the_policy_allows_our_script_only),
          CASE(pictures_keep_what_draws), CASE(pictures_lose_what_acts),
          CASE(what_is_no_picture_is_refused), CASE(a_picture_that_is_missing_is_told),
          CASE(anchors_are_apart_and_cells_lead_to_sections), CASE(long_tables_are_cut),
          CASE(markdown_and_latex), CASE(records_come_back_as_they_were),
          CASE(faulty_records_are_refused))
