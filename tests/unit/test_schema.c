// Tests of the RELAX NG grammars: they are fresh, they are grammars, they accept what the reader
// accepts, and they refuse what it refuses.
#include "tests/unit/xml_help.h"

#include "layers/base/file.h"

#include <dirent.h>
#include <libxml/relaxng.h>

static void ignore(void *data, const char *format, ...) {
  (void)data, (void)format;
}

static void keep_first(void *data, xmlErrorPtr problem) {
  gb_error *error = data;
  if (error->status == GB_OK)
    gb_fail(error, GB_EINPUT, "line %d: %s", problem->line,
            problem->message ? problem->message : "");
}

static xmlRelaxNGPtr load(const char *kind, gb_error *error) {
  gb_text text = {0};
  if (gb_xml_schema(kind, &text, error) != GB_OK)
    return NULL;
  xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewMemParserCtxt(gb_text_get(&text), (int)text.length);
  xmlRelaxNGPtr schema = NULL;
  if (parser) {
    xmlRelaxNGSetParserStructuredErrors(parser, keep_first, error);
    schema = xmlRelaxNGParse(parser);
    xmlRelaxNGFreeParserCtxt(parser);
  }
  gb_text_free(&text);
  return schema;
}

// Whether the grammar accepts a document; the reason where not.
static bool accepts(xmlRelaxNGPtr schema, xmlDocPtr document, gb_error *error) {
  *error = (gb_error){0};
  xmlRelaxNGValidCtxtPtr valid = xmlRelaxNGNewValidCtxt(schema);
  if (!valid || !document) {
    gb_fail(error, GB_EINPUT, "cannot be read");
    return false;
  }
  xmlRelaxNGSetValidStructuredErrors(valid, keep_first, error);
  bool fine = xmlRelaxNGValidateDoc(valid, document) == 0;
  xmlRelaxNGFreeValidCtxt(valid);
  return fine;
}

static void check_fresh(check_state *check, const char *kind, const char *path) {
  gb_text text = {0};
  gb_error error = {0};
  char *bytes;
  size_t size;
  REQUIRE_OK(gb_xml_schema(kind, &text, &error), error);
  REQUIRE_OK(gb_file_read(path, 8 << 20, &bytes, &size, &error), error);
  if (size != text.length || memcmp(bytes, gb_text_get(&text), size) != 0)
    FAIL("%s is not what the tables give: run `make schema`", path);
  free(bytes);
  gb_text_free(&text);
}

TEST(the_files_are_what_the_tables_give) {
  check_fresh(check, "architecture", "architectures/architecture.rng");
  check_fresh(check, "experiment", "experiments/experiment.rng");
  check_fresh(check, "counters", "experiments/counters/counters.rng");
  gb_text text = {0};
  gb_error error = {0};
  CHECK_INT(gb_xml_schema("network", &text, &error), GB_EUSAGE);
  CHECK_CONTAINS(error.message, "\"architecture\", \"experiment\" and \"counters\"");
  gb_text_free(&text);
}

static int check_folder(check_state *check, xmlRelaxNGPtr schema, const char *folder) {
  DIR *dir = opendir(folder);
  int count = 0;
  if (!dir)
    return 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    const char *extension = strstr(entry->d_name, ".xml");
    if (!extension || extension[4])
      continue;
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    xmlDocPtr document = xmlReadFile(path, NULL, XML_PARSE_NONET);
    gb_error error;
    if (!accepts(schema, document, &error))
      FAIL("%s: %s", path, error.message);
    xmlFreeDoc(document);
    count++;
  }
  closedir(dir);
  return count;
}

TEST(the_grammars_accept_every_file_of_ours) {
  gb_error error = {0};
  xmlRelaxNGPtr schema = load("architecture", &error);
  REQUIRE_OK(schema ? GB_OK : GB_EINPUT, error);
  CHECK(check_folder(check, schema, "architectures") > 0);
  check_folder(check, schema, "architectures/blocks");
  CHECK(check_folder(check, schema, "tests/unit/data/architectures") > 0);
  xmlRelaxNGFree(schema);
  schema = load("experiment", &error);
  REQUIRE_OK(schema ? GB_OK : GB_EINPUT, error);
  check_folder(check, schema, "experiments");
  CHECK(check_folder(check, schema, "tests/unit/data/experiments") > 0);
  xmlRelaxNGFree(schema);
  schema = load("counters", &error);
  REQUIRE_OK(schema ? GB_OK : GB_EINPUT, error);
  CHECK(check_folder(check, schema, "experiments/counters") > 0);
  xmlRelaxNGFree(schema);
}

TEST(the_grammars_refuse_faults) {
  static const char *const faults[][2] = {
      {"architecture", XML_HEAD "<conv kernel='3'/>" XML_TAIL},
      {"architecture", XML_HEAD "<conv out='0' kernel='3'/>" XML_TAIL},
      {"architecture", XML_HEAD "<conv out='4' kernel='3x'/>" XML_TAIL},
      {"architecture", XML_HEAD "<conv out='4' kernel='3' act='rellu'/>" XML_TAIL},
      {"architecture", XML_HEAD "<conv out='4' kernal='3' kernel='3'/>" XML_TAIL},
      {"architecture", XML_HEAD "<shortcut/>" XML_TAIL},
      {"architecture", XML_HEAD "<branches><conv out='4' kernel='3'/></branches>" XML_TAIL},
      {"architecture", XML_HEAD "<substitute with='ghost'/>" XML_TAIL},
      {"architecture", XML_HEAD "<param name='x'/>" XML_TAIL},
      {"experiment", "<experiment name='e'><model/></experiment>"},
      {"experiment", "<experiment name='e'><measure>mac</measure></experiment>"},
      {"experiment", "<experiment name='e'><plot kind='pie' x='a' y='b'/></experiment>"},
      {"experiment",
       "<experiment name='e'><model architecture='a'><sweep param='p'/></model></experiment>"},
      {"counters", "<counters name='g'/>"},
      {"counters", "<counters name='g'><event name='e'/></counters>"},
      {"counters", "<counters name='g'><event name='e' from='A;B'/></counters>"},
      {"counters", "<counters name='g'><event name='e' from='A' work='loop'/></counters>"},
      {"counters", "<counters name='g'><event name='e' from='A'/><metric name='m'/></counters>"},
  };
  static const char *const fine[][2] = {
      {"counters", "<counters name='g'><metric name='m' formula='$e'/><event name='e' from='A "
                   "B:x=1*1e-9'/><about>a</about></counters>"},
      {"architecture", XML_HEAD "<conv out='{$x}' kernel='1x3' act='relu'/>" XML_TAIL},
      {"architecture", XML_HEAD "<unit some='thing'/>" XML_TAIL},
      {"experiment",
       "<experiment name='e'><model architecture='a'><sweep param='p' from='1' to='2' count='3'/>"
       "</model></experiment>"},
  };
  xmlSetGenericErrorFunc(NULL, ignore);
  for (int good = 0; good < 2; good++) {
    size_t count = good ? sizeof fine / sizeof *fine : sizeof faults / sizeof *faults;
    for (size_t i = 0; i < count; i++) {
      const char *const *pair = good ? fine[i] : faults[i];
      gb_error error = {0};
      xmlRelaxNGPtr schema = load(pair[0], &error);
      REQUIRE(schema);
      xmlDocPtr document = xmlReadMemory(pair[1], (int)strlen(pair[1]), "x.xml", NULL, 0);
      if (accepts(schema, document, &error) != good)
        FAIL("%s is %s: %s", pair[1], good ? "refused" : "accepted", error.message);
      xmlFreeDoc(document);
      xmlRelaxNGFree(schema);
    }
  }
}

TEST_MAIN(CASE(the_files_are_what_the_tables_give), CASE(the_grammars_accept_every_file_of_ours),
          CASE(the_grammars_refuse_faults))
