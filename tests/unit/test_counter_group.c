// Groups of counters: what a file says, formulas against values worked out by hand, every fault.
#include "tests/lib/check.h"

#include "harness/xml/xml.h"

#include <dirent.h>
#include <math.h>

static gb_status parse(const char *bytes, gb_counter_group **group, gb_error *error) {
  *error = (gb_error){0};
  return gb_counter_group_parse(bytes, strlen(bytes), "g.xml", group, error);
}

static const char SMALL[] =
    "<counters name='g' title='A group'>\n"
    " <about> What\n   is it? </about>\n"
    " <event name='cycles' from='PAPI_TOT_CYC  perf::CYCLES' work='loop' least='0.5' most='8'/>\n"
    " <event name='joules' title='energy' unit='J' help='of all' from='rapl:::X*1e-9'/>\n"
    " <metric name='per-mac' unit='1' formula='$cycles div $macs'/>\n"
    " <metric name='twice' title='two' formula='2 * $per-mac + $lanes'/>\n"
    " <metric name='power' formula='max($joules, 1) div ($bytes - $executed)'/>\n"
    "</counters>";

TEST(a_file_is_read_as_written) {
  gb_counter_group *g;
  gb_error error;
  REQUIRE_OK(parse(SMALL, &g, &error), error);
  CHECK_TEXT(g->name, "g");
  CHECK_TEXT(g->title, "A group");
  CHECK_TEXT(g->about, "What is it?");
  REQUIRE(g->event_count == 2 && g->metric_count == 3);
  const gb_group_event *cycles = &g->events[0], *joules = &g->events[1];
  CHECK_TEXT(cycles->title, "cycles");
  CHECK_INT(cycles->from_count, 2);
  CHECK_TEXT(cycles->from[0].name, "PAPI_TOT_CYC");
  CHECK_TEXT(cycles->from[1].name, "perf::CYCLES");
  CHECK(cycles->from[1].scale == 1);
  CHECK_TEXT(cycles->work, "loop");
  CHECK(cycles->least == 0.5 && cycles->most == 8);
  CHECK_INT(cycles->where.line, 4);
  CHECK_TEXT(joules->title, "energy");
  CHECK_TEXT(joules->unit, "J");
  CHECK_TEXT(joules->help, "of all");
  CHECK_TEXT(joules->work, "");
  CHECK_TEXT(joules->from[0].name, "rapl:::X");
  CHECK(joules->from[0].scale == 1e-9);
  CHECK_TEXT(g->metrics[1].title, "two");
  CHECK_TEXT(g->metrics[0].formula, "$cycles div $macs");
  gb_counter_group_free(g);
}

TEST(formulas_are_worked_out) {
  gb_counter_group *g;
  gb_error error;
  REQUIRE_OK(parse(SMALL, &g, &error), error);
  double events[] = {300, 5}, facts[GB_FACT_COUNT] = {100, 90, 92, 16}, metrics[3];
  REQUIRE_OK(gb_counter_group_evaluate(g, events, facts, metrics, &error), error);
  CHECK(metrics[0] == 3);     // 300 / 100
  CHECK(metrics[1] == 22);    // 2·3 + 16
  CHECK(metrics[2] == 2.5);   // 5 / (92 - 90)
  events[0] = 1.0 / 3 * 1e17; // no digit is lost on the way
  REQUIRE_OK(gb_counter_group_evaluate(g, events, facts, metrics, &error), error);
  CHECK(metrics[0] == 1.0 / 3 * 1e17 / 100);
  gb_counter_group_free(g);
}

TEST(what_is_not_available_stays_so) {
  gb_counter_group *g;
  gb_error error;
  REQUIRE_OK(parse(SMALL, &g, &error), error);
  double events[] = {(double)NAN, 5}, facts[GB_FACT_COUNT] = {100, 90, 92, 16}, metrics[3];
  REQUIRE_OK(gb_counter_group_evaluate(g, events, facts, metrics, &error), error);
  CHECK(isnan(metrics[0]));
  CHECK(isnan(metrics[1])); // of a metric that is not available
  CHECK(metrics[2] == 2.5);
  events[0] = 300;
  events[1] = (double)NAN; // max(NaN, 1) must not become 1
  facts[GB_FACT_MACS] = 0;
  REQUIRE_OK(gb_counter_group_evaluate(g, events, facts, metrics, &error), error);
  CHECK(isnan(metrics[0])); // a division by 0
  CHECK(isnan(metrics[2]));
  // Many evaluations meet no limit.
  for (int i = 0; i < 20000 && error.status == GB_OK; i++)
    gb_counter_group_evaluate(g, events, facts, metrics, &error);
  CHECK_INT(error.status, GB_OK);
  gb_counter_group_free(g);
}

#define EVENT "<event name='e' from='PAPI_TOT_INS'/>"

TEST(every_fault_is_told_with_its_place) {
  static const char *const faults[][2] = {
      {"<event from='A'/>", "g.xml:1:20: <event> needs the attribute 'name'"},
      {"<event name='e'/>", "<event> needs the attribute 'from'"},
      {"<event name='e' from='  '/>", "from=\"\" names no event"},
      {"<event name='e' from='A;B'/>", "'A;B' is no name of an event"},
      {"<event name='e' from='A*'/>", "a number above 0"},
      {"<event name='e' from='A*-1'/>", "a number above 0"},
      {"<event name='e' from='*2'/>", "is no name of an event"},
      {"<event name='2e' from='A'/>", "name=\"2e\" is no name"},
      {"<event name='macs' from='A'/>", "a second $macs: the harness gives this one"},
      {EVENT EVENT, "a second $e"},
      {EVENT "<metric name='e' formula='1'/>", "a second $e"},
      {"<event name='e' form='A'/>", "no attribute 'form'; did you mean 'from'?"},
      {"<event name='e' from='A' work='loop'/>", "needs 'least'"},
      {"<event name='e' from='A' work='loop' least='1'/>", "needs 'most'"},
      {"<event name='e' from='A' work='loop' least='-1' most='1'/>", "not a number from 0 on"},
      {"<event name='e' from='A' work='loop' least='2' most='1'/>", "below least"},
      {"<event name='e' from='A' most='1'/>", "'most' means nothing without 'work'"},
      {"<event name='e' from='A'><metric/></event>", "cannot stand inside <event>"},
      {EVENT "<metric name='m'/>", "<metric> needs the attribute 'formula'"},
      {EVENT "<metric name='m' formula=''/>", "an expression is empty"},
      {EVENT "<metric name='m' formula='$e +'/>", "not an XPath expression"},
      {EVENT "<metric name='m' formula='$ee + 1'/>", "unknown variable $ee; did you mean $e?"},
      {EVENT "<metric name='m' formula='$m'/>", "unknown variable $m"},
      {EVENT "<metric name='m' formula='e div 2'/>", "'e' is no variable; write $e"},
      {EVENT "<metric name='m' formula='sqr(2)'/>", "unknown function sqr()"},
      {EVENT "<metric name='m' formula='document(1)'/>", "unknown function document()"},
      {EVENT "<evnt name='x' from='A'/>", "did you mean <event>?"},
      {EVENT "<about>a<b/></about>", "<b> cannot stand inside <about>"},
      {EVENT "words", "text \"words\" inside <counters> means nothing"},
      {"", "the group has no <event>"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    gb_counter_group *g;
    gb_error error;
    char bytes[400];
    snprintf(bytes, sizeof bytes, "<counters name='g'>%s</counters>", faults[i][0]);
    CHECK(parse(bytes, &g, &error) != GB_OK);
    CHECK(g == NULL);
    CHECK_CONTAINS(error.message, faults[i][1]);
    CHECK_CONTAINS(error.message, "g.xml:1:");
  }
  gb_counter_group *g;
  gb_error error;
  CHECK_INT(parse("<counter name='g'/>", &g, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "the root is <counter>; that of a group of counters is <counters>");
  CHECK_INT(gb_counter_group_open("experiments/counters/absent.xml", &g, &error), GB_EIO);
}

TEST(limits_are_kept) {
  gb_text text = {0};
  gb_text_add(&text, "<counters name='g'>");
  for (int i = 0; i <= GB_MAX_GROUP_EVENTS; i++)
    gb_text_print(&text, "<event name='e%d' from='A'/>", i);
  gb_text_add(&text, "</counters>");
  gb_counter_group *g;
  gb_error error;
  CHECK_INT(parse(gb_text_get(&text), &g, &error), GB_ELIMIT);
  CHECK_CONTAINS(error.message, "more than 64 events");
  gb_text_free(&text);
}

// The groups that come with the program: readable, and named as their files.
TEST(our_groups_are_sound) {
  DIR *dir = opendir("experiments/counters");
  REQUIRE(dir);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    const char *extension = strstr(entry->d_name, ".xml");
    if (!extension || extension[4])
      continue;
    char path[400];
    gb_counter_group *g;
    gb_error error = {0};
    snprintf(path, sizeof path, "experiments/counters/%s", entry->d_name);
    if (gb_counter_group_open(path, &g, &error) != GB_OK) {
      FAIL("%s", error.message);
      continue;
    }
    CHECK_INT(strlen(g->name), extension - entry->d_name);
    CHECK(strncmp(g->name, entry->d_name, strlen(g->name)) == 0);
    CHECK(*g->title && *g->about);
    for (size_t i = 0; i < g->event_count; i++)
      if (!*g->events[i].help)
        FAIL("%s: $%s has no help", path, g->events[i].name);
    gb_counter_group_free(g);
    count++;
  }
  closedir(dir);
  CHECK(count >= 9);
}

TEST_MAIN(CASE(a_file_is_read_as_written), CASE(formulas_are_worked_out),
          CASE(what_is_not_available_stays_so), CASE(every_fault_is_told_with_its_place),
          CASE(limits_are_kept), CASE(our_groups_are_sound))
