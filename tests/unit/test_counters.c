// Counters: what is published is what PAPI reads back, known work counts what it does, and what
// does not exist says why. PAPI opens once a process, so that this is one case.
#include "harness/measure/callgrind.h"
#include "harness/measure/counters.h"
#include "tests/lib/check.h"

// Sums beyond 32 bits, through PAPI's software-defined events.
static void check_own(check_state *check, gb_counters *counters) {
  static const char *const events[] = {"sde:::ghostbench::nominal_macs",
                                       "sde:::ghostbench::executed_macs", "sde:::ghostbench::bytes",
                                       "sde:::ghostbench::steps"};
  gb_error error = {0};
  gb_tally *tally;
  int64_t before[4] = {0}, after[4] = {0};
  REQUIRE_OK(gb_tally_new(counters, events, 4, true, &tally, &error), error);
  CHECK(gb_tally_read(tally, before));
  gb_counters_add(counters, GB_OWN_NOMINAL, 141153760);
  gb_counters_add(counters, GB_OWN_EXECUTED, INT64_C(5000000000));
  gb_counters_add(counters, GB_OWN_STEPS, 1);
  CHECK(gb_tally_read(tally, after));
  gb_tally_free(tally);
  CHECK_INT(after[0] - before[0], 141153760);
  CHECK_INT(after[1] - before[1], INT64_C(5000000000));
  CHECK_INT(after[2] - before[2], 0);
  CHECK_INT(after[3] - before[3], 1);
}

// Pages are touched and sleeps are slept at least as often as asked for, however busy the machine.
static void check_system(check_state *check, gb_counters *counters) {
  static const struct {
    const char *event, *work;
    double least, most;
  } known[] = {{"os::minor-faults", "pages", 1, 1.2},
               {"os::voluntary-switches", "sleeps", 1, 1.5},
               {"os::cpu-time", "spin", 0.9e6, 1.5e6}}; // nanoseconds a millisecond
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    gb_error error = {0};
    double unit = 0;
    REQUIRE_OK(gb_event_check(counters, known[i].event, known[i].work, &unit, &error), error);
    if (!(unit >= known[i].least && unit <= known[i].most))
      FAIL("%s on '%s' is %g a unit", known[i].event, known[i].work, unit);
  }
}

static void check_missing(check_state *check, gb_counters *counters) {
  static const char *const none[] = {"PAPI_NO_SUCH", "os::no-such", "sde:::ghostbench::no_such",
                                     "nonsense"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    gb_event_state state;
    gb_event_look(counters, none[i], &state);
    CHECK(!state.available);
    if (!*state.reason)
      FAIL("%s: no reason", none[i]);
    gb_error error = {0};
    gb_tally *tally = NULL;
    CHECK(gb_tally_new(counters, &none[i], 1, true, &tally, &error) != GB_OK);
    CHECK(*error.message);
  }
  // Whether this machine counts cycles or not: a count, or a reason, never nothing.
  gb_event_state state;
  gb_event_look(counters, "PAPI_TOT_CYC", &state);
  CHECK(state.available || *state.reason);
  CHECK(state.available || *state.remedy);
}

TEST(counts_come_back_and_what_is_missing_says_why) {
  gb_error error = {0};
  gb_counters *counters;
  REQUIRE_OK(gb_counters_open(&counters, &error), error);
  check_system(check, counters);
  check_missing(check, counters);
  gb_event_state state;
  gb_event_look(counters, "sde:::ghostbench::nominal_macs", &state);
  if (state.available)
    check_own(check, counters);
  else
    check->skip = "PAPI's software-defined events are not available here";
  gb_counters_close(counters);
}

#define HEAD "version: 1\nevents: Ir Dr\n"
#define PART(n) "part: 1\ndesc: Trigger: Client Request: part " n "\n" HEAD

TEST(a_file_of_callgrind) {
  gb_error error = {0};
  int64_t values[2 * GB_CALLGRIND_EVENTS];
  static const char good[] = PART("1") "summary: 7 8\n" PART("0") "summary: 123456789012 3\n";
  REQUIRE_OK(gb_callgrind_parse(good, "file", 2, values, &error), error);
  int reads = gb_callgrind_column("callgrind::Dr"), run = gb_callgrind_column("callgrind::Ir");
  REQUIRE(run >= 0 && reads >= 0 && run != reads);
  CHECK_INT(values[run], INT64_C(123456789012));
  CHECK_INT(values[GB_CALLGRIND_EVENTS + reads], 8);
  // A step that goes by strips comes in pieces.
  static const char pieces[] =
      PART("1") "summary: 7 8\n" PART("0") "summary: 5 3\n" PART("1") "summary: 20 1\n";
  REQUIRE_OK(gb_callgrind_parse(pieces, "file", 2, values, &error), error);
  CHECK_INT(values[run], 5);
  CHECK_INT(values[GB_CALLGRIND_EVENTS + run], 27);
  CHECK_INT(values[GB_CALLGRIND_EVENTS + reads], 9);
  CHECK_INT(gb_callgrind_column("callgrind::Nothing"), -1);
  CHECK_INT(gb_callgrind_column("Ir"), -1);
}

TEST(a_file_that_callgrind_did_not_write) {
  static const char *const bad[] = {
      "",
      "summary: 1 2\n",
      PART("0") "summary: 1 2\n",                              // one of two parts
      PART("0") "summary: 1 2\n" PART("2") "summary: 1 2\n",   // a part too many
      PART("0") "summary: 1 2\n" PART("0") "summary: 1 2\n",   // one twice, the other missing
      PART("0") "summary: 1 2\n" PART("1") "summary: 1 x\n",   // no number
      PART("0") "summary: 1 2\n" PART("1") "summary: -1 2\n",  // less than nothing
      PART("0") "summary: 1 2\n" PART("1") "summary: 1 2 3\n", // more than there are events
      PART("0") "summary: 1 2\n" PART("1") "summary: 99999999999999999999\n",
      PART("0") "summary: 9000000000000000000 2\n" PART("1") "summary: 1 2\n" PART(
          "0") "summary: 9000000000000000000 2\n", // a sum too large
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    gb_error error = {0};
    int64_t values[2 * GB_CALLGRIND_EVENTS];
    if (gb_callgrind_parse(bad[i], "file", 2, values, &error) == GB_OK)
      FAIL("text %zu was taken", i);
    else
      CHECK_CONTAINS(error.message, "file");
  }
}

TEST_MAIN(CASE(counts_come_back_and_what_is_missing_says_why), CASE(a_file_of_callgrind),
          CASE(a_file_that_callgrind_did_not_write))
