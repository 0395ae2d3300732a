// ghostbench run --json: one valid document that holds every figure and verdict.
#define _POSIX_C_SOURCE 200809L // popen, mkdtemp
#include "tests/lib/check.h"
#include "tests/lib/folder.h"

#include <jansson.h>
#include <sys/wait.h>

// Runs "ghostbench run ARGUMENTS" and reads its standard output; NULL where that is no JSON.
static json_t *run(check_state *check, const char *arguments, int *code) {
  test_folder folder;
  char command[1024];
  const char *build = getenv("BUILD");
  if (!folder_open(&folder)) {
    FAIL("no folder");
    return NULL;
  }
  snprintf(command, sizeof command, "%s/ghostbench run %s --no-plots --json -o %s",
           build && *build ? build : "build", arguments, folder.path);
  FILE *pipe = popen(command, "r");
  json_error_t error;
  json_t *root = pipe ? json_loadf(pipe, JSON_REJECT_DUPLICATES, &error) : NULL;
  int status = pipe ? pclose(pipe) : -1;
  *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (!root)
    FAIL("%s: %s", command, pipe ? error.text : "does not start");
  snprintf(command, sizeof command, "rm -rf %s", folder.path);
  if (system(command) != 0)
    FAIL("the folder is not removed");
  return root;
}

static const char *text_at(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

// The rows of a table of the form "ghostbench-table-1": an array of objects by column name.
static json_t *rows_of(const json_t *experiment, const char *table) {
  return json_object_get(json_object_get(experiment, table), "rows");
}

TEST(one_experiment) {
  int code;
  json_t *root = run(check, "ghostnet-table3", &code);
  REQUIRE(root);
  CHECK_INT(code, 0);
  CHECK_TEXT(text_at(root, "schema"), "ghostbench-run-1");
  const json_t *experiments = json_object_get(root, "experiments");
  CHECK_INT(json_array_size(experiments), 1);
  const json_t *e = json_array_get(experiments, 0);
  CHECK_TEXT(text_at(e, "name"), "ghostnet-table3");
  CHECK_TEXT(text_at(e, "convention"), "paper");
  CHECK_INT(json_array_size(json_object_get(e, "failed")), 0);
  CHECK_INT(json_array_size(rows_of(e, "table")), 5);
  CHECK_INT(json_array_size(rows_of(e, "cells")), 15);
  int reproduced = 0;
  size_t i;
  json_t *row;
  json_array_foreach(rows_of(e, "cells"), i, row) {
    reproduced += strncmp(text_at(row, "verdict"), "reproduced", 10) == 0;
    if (strcmp(text_at(row, "row"), "d=7") == 0 && strcmp(text_at(row, "column"), "macs") == 0) {
      CHECK_INT(json_integer_value(json_object_get(row, "computed")), 163639296);
      CHECK_INT(json_integer_value(json_object_get(row, "published")), 163000000);
      CHECK_TEXT(text_at(row, "verdict"), "reproduced (truncated)");
    }
    if (strcmp(text_at(row, "column"), "accuracy") == 0) {
      CHECK_TEXT(text_at(row, "verdict"), "published only");
      CHECK(json_is_null(json_object_get(row, "computed")));
    }
  }
  CHECK_INT(reproduced, 10);
  json_decref(root);
}

TEST(several_experiments) {
  int code;
  json_t *root = run(check, "ghostnet-table4 ghostnet-table5 ghost-grid", &code);
  REQUIRE(root);
  CHECK_INT(code, 0);
  const json_t *experiments = json_object_get(root, "experiments");
  REQUIRE(json_array_size(experiments) == 3);
  CHECK_INT(json_array_size(rows_of(json_array_get(experiments, 2), "table")), 1000);
  json_decref(root);
}

TEST(dry_run) {
  int code;
  json_t *root = run(check, "ghostnet-paper --dry-run", &code);
  REQUIRE(root);
  CHECK_INT(code, 0);
  CHECK(json_is_true(json_object_get(root, "dry_run")));
  CHECK_INT(json_array_size(json_object_get(root, "experiments")), 12);
  json_decref(root);
}

TEST(bad_input_is_still_json) {
  int code;
  json_t *root = run(check, "no-such-experiment 2>/dev/null", &code);
  REQUIRE(root);
  CHECK_INT(code, 2);
  CHECK_INT(json_array_size(json_object_get(root, "experiments")), 0);
  json_decref(root);
}

TEST_MAIN(CASE(one_experiment), CASE(several_experiments), CASE(dry_run),
          CASE(bad_input_is_still_json))
