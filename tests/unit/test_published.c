// Tests of the reader of published figures: what it accepts, and that each fault is named.
#include "tests/lib/check.h"

#include "harness/report/published.h"

#include <dirent.h>
#include <stdlib.h>

#define HEADER "row,column,value,unit,precision,source,grade,note\n"

TEST(reads_quotes_commas_and_order) {
  static const char text[] = HEADER "\"a, \"\"b\"\"\",macs,7.6,M,0.1,key,primary,\n"
                                    "x,params,25557032,,1,key,secondary,why\n"
                                    "x,macs,4.1,B,0.1,key,digitised,\n"
                                    "\"a, \"\"b\"\"\",input,224x224x3,,,key,primary,last";
  gb_error error = {0};
  gb_published *p = NULL;
  REQUIRE_OK(gb_published_parse(text, sizeof text - 1, "some/t.csv", &p, &error), error);
  CHECK_TEXT(p->name, "t");
  CHECK_INT(p->count, 4);
  CHECK_INT(p->row_count, 2);
  CHECK_TEXT(p->rows[0], "a, \"b\"");
  CHECK_TEXT(p->rows[1], "x");
  CHECK_INT(p->column_count, 3);
  CHECK_TEXT(p->columns[2], "input");
  const gb_figure *f = gb_published_find(p, "a, \"b\"", "macs");
  REQUIRE(f);
  CHECK_INT(f->digits, 76);
  CHECK_INT(f->decimals, 1);
  CHECK_INT(f->exponent, 6);
  CHECK_INT(f->where.line, 2);
  int64_t whole = 0;
  CHECK(gb_figure_integer(f, &whole) && whole == 7600000);
  CHECK(gb_figure_number(f) == 7600000.0);
  CHECK_TEXT(gb_figure_print(f, p->arena), "7.6 M");
  f = gb_published_find(p, "x", "macs");
  REQUIRE(f);
  CHECK_TEXT(f->unit, "G"); // the papers' B
  CHECK_INT(f->exponent, 9);
  f = gb_published_find(p, "a, \"b\"", "input");
  REQUIRE(f);
  CHECK(!f->number && !gb_figure_integer(f, &whole));
  CHECK_TEXT(f->note, "last");
  CHECK(!gb_published_find(p, "x", "input"));
  gb_published_free(p);
}

TEST(carriage_returns_before_line_feeds_are_fine) {
  static const char text[] = "row,column,value,unit,precision,source,grade,note\r\n"
                             "r,macs,40,M,1,key,primary,\"n\"\r\n";
  gb_error error = {0};
  gb_published *p = NULL;
  REQUIRE_OK(gb_published_parse(text, sizeof text - 1, "t.csv", &p, &error), error);
  CHECK_TEXT(p->figures[0].note, "n");
  gb_published_free(p);
}

TEST(each_fault_is_named_where_it_stands) {
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"", "t.csv:1:1: the header row,column"},
      {HEADER, "t.csv:2:1: a header and no figures"},
      {"row,col,value,unit,precision,source,grade,note\n", "t.csv:1:5: header field 'col' where "},
      {HEADER "r,macs,7.6,M,0.1,key,primary\n", "t.csv:2:1: 7 fields"},
      {HEADER "r,macs,7.6,M,0.1,key,primary,n,x\n", "t.csv:2:32: more than 8 fields"},
      {HEADER "\"r,macs,7.6,M,0.1,key,primary,n\n", "t.csv:2:1: a quote that is never closed"},
      {HEADER "\"r\nq\",macs,7.6,M,0.1,key,primary,n\n",
       "t.csv:2:1: a line break inside field 'row'"},
      {HEADER "r,macs,7.6,M,0.1,key,primary,\"a\nb\"\n",
       "t.csv:2:30: a line break inside field 'note'"},
      {HEADER "r\"s,macs,7.6,M,0.1,key,primary,n\n", "t.csv:2:2: a double quote out of place"},
      {HEADER "\"r\"s,macs,7.6,M,0.1,key,primary,n\n", "t.csv:2:4: a double quote out of place"},
      {HEADER "\nr,macs,7.6,M,0.1,key,primary,n\n", "t.csv:2:1: an empty line"},
      {HEADER ",macs,7.6,M,0.1,key,primary,n\n", "t.csv:2:1: field 'row' is empty"},
      {HEADER "r,MACs,7.6,M,0.1,key,primary,n\n",
       "t.csv:2:3: column 'MACs'; allowed are lower-case"},
      {HEADER "r,macs,,M,0.1,key,primary,n\n", "t.csv:2:8: field 'value' is empty"},
      {HEADER "r,macs,7.6,Mi,0.1,key,primary,n\n", "t.csv:2:12: unit 'Mi'; allowed are k, M, G, B"},
      {HEADER "r,macs,7.6,M,0.5,key,primary,n\n",
       "t.csv:2:14: precision '0.5'; allowed are 1, 0.1"},
      {HEADER "r,macs,7.6x,M,0.1,key,primary,n\n", "t.csv:2:8: value '7.6x' has a precision but"},
      {HEADER "r,macs,7.,M,1,key,primary,n\n", "t.csv:2:8: value '7.' has a precision but"},
      {HEADER "r,macs,1234567890123456,M,1,key,primary,n\n", "at most 15 digits"},
      {HEADER "r,macs,7.65,M,0.1,key,primary,n\n",
       "value '7.65' is not printed to its precision 0.1"},
      {HEADER "r,macs,13,M,0.1,key,primary,n\n", "value '13' is not printed to its precision 0.1"},
      {HEADER "r,macs,7.6,M,0.1,,primary,n\n", "field 'source' is empty"},
      {HEADER "r,macs,7.6,M,0.1,key,sure,n\n", "t.csv:2:22: grade 'sure'; allowed are primary, "},
      {HEADER "r,macs,7,M,1,k,primary,\nr,macs,7,M,1,k,primary,\n",
       "t.csv:3:1: row 'r', column 'macs' stands already on line 2"},
      {HEADER "r\033[31m,macs,7,M,1,k,primary,\n", "t.csv:2:2: a control character 0x1b"},
      {HEADER "r\r,macs,7,M,1,k,primary,\n", "t.csv:2:2: a control character 0x0d"},
      {HEADER "r,macs,7,M,1,k,primary,a\xff\n", "field 'note' has a byte 0xff that is not UTF-8"},
      {"\xef\xbb\xbf" HEADER, "t.csv:1:1: a byte order mark"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gb_error error = {0};
    gb_published *p = NULL;
    CHECK_INT(gb_published_parse(cases[i].text, strlen(cases[i].text), "t.csv", &p, &error),
              GB_EINPUT);
    CHECK(p == NULL);
    CHECK_CONTAINS(error.message, cases[i].message);
    gb_published_free(p);
  }
}

TEST(limits_hold) {
  size_t size = (size_t)GB_MAX_PUBLISHED_BYTES + 1;
  char *bytes = malloc(size);
  REQUIRE(bytes);
  memset(bytes, 'a', size);
  gb_error error = {0};
  gb_published *p = NULL;
  CHECK_INT(gb_published_parse(bytes, size, "t.csv", &p, &error), GB_ELIMIT);
  CHECK_INT(gb_published_parse(bytes, GB_MAX_PUBLISHED_FIELD + 1, "t.csv", &p, &error), GB_ELIMIT);
  CHECK_CONTAINS(error.message, "at most 1000");
  size_t used = (size_t)snprintf(bytes, size, "%s", HEADER);
  for (int i = 0; i <= GB_MAX_PUBLISHED_FIGURES; i++)
    used += (size_t)snprintf(bytes + used, size - used, "r%d,macs,1,M,1,k,primary,\n", i);
  CHECK_INT(gb_published_parse(bytes, used, "t.csv", &p, &error), GB_ELIMIT);
  CHECK_CONTAINS(error.message, "more than 4096 figures");
  free(bytes);
}

TEST(names_that_are_not_there_are_suggested) {
  static const char text[] = HEADER "GhostNet 1.0x,macs,141,M,1,key,primary,\n";
  gb_error error = {0};
  gb_published *p = NULL;
  REQUIRE_OK(gb_published_parse(text, sizeof text - 1, "t.csv", &p, &error), error);
  CHECK_INT(gb_published_check_row(p, "GhostNet 1.0x", NULL, &error), GB_OK);
  gb_location where = {"e.xml", 7, 3};
  CHECK_INT(gb_published_check_row(p, "GhostNet 1.0", &where, &error), GB_EINPUT);
  CHECK_TEXT(error.message,
             "e.xml:7:3: published table 't' has no row 'GhostNet 1.0'; did you mean "
             "'GhostNet 1.0x'?");
  CHECK_INT(gb_published_check_column(p, "latency", NULL, &error), GB_EINPUT);
  CHECK_TEXT(error.message, "published table 't' has no column 'latency'; there are macs");
  gb_published_free(p);
}

// Every file we ship; the awk in tests/check_published.sh judges them independently.
TEST(the_published_files_are_read) {
  DIR *folder = opendir("results/published");
  if (!folder)
    SKIP("results/published is not here: run from the root of the source");
  int read = 0;
  size_t figures = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (!strstr(entry->d_name, ".csv"))
      continue;
    char path[512];
    snprintf(path, sizeof path, "results/published/%s", entry->d_name);
    gb_error error = {0};
    gb_published *p = NULL;
    if (gb_published_open(path, &p, &error) != GB_OK)
      FAIL("%s", error.message);
    else
      figures += p->count;
    gb_published_free(p);
    read++;
  }
  closedir(folder);
  CHECK(read >= 18);
  CHECK(figures >= 700);
}

TEST_MAIN(CASE(reads_quotes_commas_and_order), CASE(carriage_returns_before_line_feeds_are_fine),
          CASE(each_fault_is_named_where_it_stands), CASE(limits_hold),
          CASE(names_that_are_not_there_are_suggested), CASE(the_published_files_are_read))
