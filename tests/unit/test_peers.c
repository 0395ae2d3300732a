// Tests of the reader of peers' results: what it reads, and each fault it names.
#define _XOPEN_SOURCE 700 // mkstemp
#include "tests/lib/check.h"

#include "harness/report/peers.h"
#include "layers/base/file.h"
#include "layers/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char GOOD[] =
    "{\"schema\": \"ghostbench-peers-1\", \"date\": \"d\", \"rounds\": 15, \"extra\": [1],"
    "\"machine\": {\"cpu\": \"c\", \"kernel\": \"k\"},"
    "\"versions\": {\"onnxruntime\": \"1.30\", \"ghostbench\": \"0.1\"},"
    "\"networks\": [{\"network\": \"n\", \"isa\": \"avx512\", \"threads\": 2, \"batch\": 4, "
    "\"unsettled\": 1, \"onnxruntime_ms\": {\"median\": 4.5, \"low\": 4, \"high\": 5}, "
    "\"ghostbench_ms\": {\"median\": 3, \"low\": 2, \"high\": 3.5}, "
    "\"ratio\": 1.5, \"ratio_low\": 1.25, \"ratio_high\": 2}]}";

static char path[] = "/tmp/ghostbench-peers-XXXXXX";

static gb_status load(const char *text, gb_peers **peers, gb_error *error) {
  gb_status status = gb_file_write(path, text, strlen(text), error);
  return status == GB_OK ? gb_peers_load(path, peers, error) : status;
}

TEST(a_file_is_read) {
  gb_peers *p;
  gb_error error = {0};
  REQUIRE_OK(load(GOOD, &p, &error), error);
  REQUIRE(p && p->count == 1);
  CHECK_TEXT(p->engine_version, "1.30");
  CHECK_TEXT(p->rows[0].network, "n");
  CHECK_INT(p->rows[0].threads, 2);
  CHECK_INT(p->rows[0].batch, 4);
  CHECK(p->rows[0].theirs == 4.5 && p->rows[0].ours_high == 3.5 && p->rows[0].ratio_low == 1.25);
  gb_peers_free(p);
}

TEST(no_file_is_no_fault) {
  gb_peers *p = NULL;
  gb_error error = {0};
  CHECK_INT(gb_peers_load("/nowhere/onnxruntime.json", &p, &error), GB_OK);
  CHECK(p == NULL);
}

// Each pair: a text of the good file and what stands there instead.
TEST(faults_are_named) {
  static const char *const faults[][3] = {
      {"peers-1", "peers-9", "schema must be"},
      {"\"rounds\": 15", "\"rounds\": 0", "rounds must be a whole number from 1 on"},
      {"\"threads\": 2", "\"threads\": 2.5", "threads must be a whole number from 1 on"},
      {"\"threads\": 2", "\"threads\": 20000000", "threads must be"},
      {"\"network\": \"n\"", "\"network\": 7", "network must be a text"},
      {"\"median\": 4.5", "\"median\": -1", "median must be a number above 0"},
      {"\"high\": 5", "\"high\": null", "high must be a number above 0"},
      {"\"ratio\": 1.5", "\"rate\": 1.5", "ratio must be a number above 0"},
      {"\"machine\": {", "\"machines\": {", "cpu must be a text"},
      {"[{\"network\"", "[3, {\"network\"", "must be"},
      {"\"date\": \"d\"", "\"date\": \"d\", \"date\": \"e\"", "duplicate"},
      {"}]}", "}]", ":1:"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    const char *at = strstr(GOOD, faults[i][0]);
    REQUIRE(at);
    gb_text text = {0};
    gb_text_add_n(&text, GOOD, (size_t)(at - GOOD));
    gb_text_add(&text, faults[i][1]);
    gb_text_add(&text, at + strlen(faults[i][0]));
    gb_peers *p = NULL;
    gb_error error = {0};
    CHECK_INT(load(gb_text_get(&text), &p, &error), GB_EINPUT);
    CHECK_CONTAINS(error.message, faults[i][2]);
    CHECK_CONTAINS(error.message, path);
    CHECK(p == NULL);
    gb_text_free(&text);
  }
}

int main(void) {
  static const check_case cases[] = {CASE(a_file_is_read), CASE(no_file_is_no_fault),
                                     CASE(faults_are_named)};
  int file = mkstemp(path);
  if (file >= 0)
    close(file);
  int code = check_main(cases, sizeof cases / sizeof *cases);
  unlink(path);
  return code;
}
