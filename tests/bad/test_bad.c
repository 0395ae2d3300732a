// Every tests/bad/NAME.xml is refused with the words of NAME.expected; so are files too large or
// too deep to be kept here. experiment-*.xml are experiments, the others architectures.
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/xml_help.h"

#include "layers/base/file.h"

#include <dirent.h>
#include <time.h>

static gb_status read_experiment(const char *path, gb_error *error) {
  gb_experiment *e;
  GB_TRY(gb_experiment_open(path, &xml_places, NULL, 0, &e, error));
  gb_status status = GB_OK;
  for (size_t i = 0; i < e->cell_count && status == GB_OK; i++) {
    gb_architecture *a;
    gb_network *network = NULL;
    status = gb_architecture_open("tests/unit/data/architectures/tiny.xml", &xml_places, &a, error);
    if (status != GB_OK)
      break;
    status = gb_architecture_expand(a, e->cells[i].settings, e->cells[i].setting_count,
                                    e->cells[i].substitutions, e->cells[i].substitution_count,
                                    false, &network, error);
    gb_network_free(network);
    gb_architecture_free(a);
  }
  gb_experiment_free(e);
  return status;
}

static gb_status read_architecture(const char *bytes, size_t size, const char *path,
                                   gb_error *error) {
  gb_architecture *a;
  gb_network *network = NULL;
  GB_TRY(bytes ? gb_architecture_parse(bytes, size, path, &xml_places, &a, error)
               : gb_architecture_open(path, &xml_places, &a, error));
  gb_status status = gb_architecture_expand(a, NULL, 0, NULL, 0, false, &network, error);
  gb_network_free(network);
  gb_architecture_free(a);
  return status;
}

static gb_status read_counters(const char *path, gb_error *error) {
  gb_counter_group *group;
  gb_status status = gb_counter_group_open(path, &group, error);
  gb_counter_group_free(group);
  return status;
}

static void keep_fault(gb_faults *self, const gb_location *where, const char *message) {
  gb_text_print(self->context, "%s:%d:%d: %s\n", where->file ? where->file : "", where->line,
                where->column, message);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check_bad(check_state *check, const char *name) {
  char path[300], expected_path[300];
  snprintf(path, sizeof path, "tests/bad/%s.xml", name);
  snprintf(expected_path, sizeof expected_path, "tests/bad/%s.expected", name);
  char *expected;
  size_t size;
  gb_error error = {0};
  REQUIRE_OK(gb_file_read(expected_path, 4096, &expected, &size, &error), error);
  expected[strcspn(expected, "\n")] = '\0';
  if (!*expected)
    FAIL("%s is empty", expected_path);
  double start = now();
  gb_status status = strncmp(name, "experiment-", 11) == 0 ? read_experiment(path, &error)
                     : strncmp(name, "counters-", 9) == 0
                         ? read_counters(path, &error)
                         : read_architecture(NULL, 0, path, &error);
  if (status == GB_OK)
    FAIL("%s is accepted", path);
  else if (status == GB_EINTERNAL || status == GB_ENOMEM)
    FAIL("%s: %s", path, gb_status_text(status));
  else if (!strstr(error.message, expected))
    FAIL("%s: \"%s\" lacks \"%s\"", path, error.message, expected);
  else if (!strstr(error.message, "tests/bad/"))
    FAIL("%s: \"%s\" does not say where", path, error.message);
  // validate says the same, perhaps among more.
  gb_text text = {0};
  gb_faults faults = {.add = keep_fault, .context = &text};
  if (gb_xml_validate(path, &xml_places, NULL, &faults, &error) != GB_OK)
    FAIL("%s: validate: %s", path, error.message);
  else if (faults.count == 0)
    FAIL("%s: validate finds nothing", path);
  else if (!strstr(gb_text_get(&text), expected))
    FAIL("%s: validate says \"%s\", which lacks \"%s\"", path, gb_text_get(&text), expected);
  // Generous: a sanitizer and a busy machine slow everything down.
  if (now() - start > 30)
    FAIL("%s took %.1f s", path, now() - start);
  gb_text_free(&text);
  free(expected);
}

TEST(files_of_the_folder_are_refused_with_the_expected_words) {
  DIR *dir = opendir("tests/bad");
  REQUIRE(dir);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    char name[256];
    snprintf(name, sizeof name, "%s", entry->d_name);
    char *extension = strstr(name, ".xml");
    if (!extension || extension[4])
      continue;
    *extension = '\0';
    check_bad(check, name);
    count++;
  }
  closedir(dir);
  CHECK(count > 60);
}

static void check_text(check_state *check, const gb_text *xml, const char *words) {
  gb_error error = {0};
  REQUIRE(!xml->failed);
  gb_status status = read_architecture(gb_text_get(xml), xml->length, "made.xml", &error);
  CHECK(status == GB_EINPUT || status == GB_ELIMIT);
  CHECK_CONTAINS(error.message, words);
  CHECK_CONTAINS(error.message, "made.xml");
}

static void repeat(gb_text *to, const char *text, int count) {
  for (int i = 0; i < count; i++)
    gb_text_add(to, text);
}

TEST(a_million_levels_are_refused) {
  gb_text xml = {0};
  gb_text_add(&xml, "<architecture name='a'>");
  repeat(&xml, "<r>", 1000000);
  repeat(&xml, "</r>", 1000000);
  gb_text_add(&xml, "</architecture>");
  check_text(check, &xml, "made.xml:1:213: elements are nested more than 64 deep");
  xml.length = 0;
  repeat(&xml, "<r>", 1000000);
  check_text(check, &xml, "nested more than 64 deep");
  gb_text_free(&xml);
}

TEST(large_files_and_texts_are_refused) {
  gb_text xml = {0};
  gb_text_add(&xml, XML_HEAD "<!--");
  repeat(&xml, "0123456789abcdef0123456789abcdef0123456789abcdef", 200000);
  gb_text_add(&xml, "-->" XML_TAIL);
  check_text(check, &xml, "more than 8 MiB");
  xml.length = 0;
  gb_text_add(&xml, XML_HEAD "<conv out='1' kernel='1' name='");
  repeat(&xml, "x", 100000);
  gb_text_add(&xml, "'/>" XML_TAIL);
  check_text(check, &xml, "a value has more than 4096 bytes");
  xml.length = 0;
  gb_text_add(&xml, XML_HEAD "<conv out='{");
  repeat(&xml, "(", 999);
  gb_text_add(&xml, "1");
  repeat(&xml, ")", 999);
  gb_text_add(&xml, "}' kernel='1'/>" XML_TAIL);
  check_text(check, &xml, "not an XPath expression: nested too deeply");
  xml.length = 0;
  gb_text_add(&xml, XML_HEAD "<conv out='{1");
  repeat(&xml, " + 1", 999);
  gb_text_add(&xml, "}' kernel='1'/>" XML_TAIL);
  check_text(check, &xml, "an expression has more than 2000 bytes");
  gb_text_free(&xml);
}

TEST(many_parameters_blocks_and_faults_are_bounded) {
  gb_text xml = {0};
  gb_text_add(&xml, XML_HEAD);
  for (int i = 0; i < 300; i++)
    gb_text_print(&xml, "<param name='p%d' default='1'/>", i);
  gb_text_add(&xml, "<conv out='1' kernel='1'/>" XML_TAIL);
  check_text(check, &xml, "more than 256 parameters");
  xml.length = 0;
  gb_text_add(&xml, XML_HEAD "<block name='b0'><conv out='1' kernel='1'/></block>");
  for (int i = 1; i < 40; i++)
    gb_text_print(&xml, "<block name='b%d'><b%d/></block>", i, i - 1);
  gb_text_add(&xml, "<b39/>" XML_TAIL);
  check_text(check, &xml, "blocks are nested more than 32 deep");
  // Doubling at each of 31 levels: two thousand million layers.
  xml.length = 0;
  gb_text_add(&xml, XML_HEAD "<block name='b0'><conv out='1' kernel='1'/></block>");
  for (int i = 1; i < 31; i++)
    gb_text_print(&xml, "<block name='b%d'><b%d/><b%d/></block>", i, i - 1, i - 1);
  gb_text_add(&xml, "<b30/>" XML_TAIL);
  check_text(check, &xml, "more than 200000 elements");
  gb_text_free(&xml);
}

// A file cut anywhere is refused, and never read past its end (a sanitizer watches).
TEST(every_prefix_of_a_file_is_refused) {
  char *bytes;
  size_t size;
  gb_error error = {0};
  REQUIRE_OK(gb_file_read("tests/unit/data/architectures/tiny.xml", 1 << 20, &bytes, &size, &error),
             error);
  size_t end = (size_t)(strstr(bytes, "</architecture>") - bytes) + strlen("</architecture>");
  for (size_t n = 0; n < end; n += 7) {
    char *cut = malloc(n ? n : 1);
    REQUIRE(cut);
    memcpy(cut, bytes, n);
    gb_architecture *a = NULL;
    if (gb_architecture_parse(cut, n, "cut.xml", &xml_places, &a, &error) == GB_OK)
      FAIL("the first %zu bytes are accepted", n);
    gb_architecture_free(a);
    free(cut);
  }
  free(bytes);
}

TEST_MAIN(CASE(files_of_the_folder_are_refused_with_the_expected_words),
          CASE(a_million_levels_are_refused), CASE(large_files_and_texts_are_refused),
          CASE(many_parameters_blocks_and_faults_are_bounded),
          CASE(every_prefix_of_a_file_is_refused))
