// Verdicts on made-up numbers: each rule at, below and beyond its thresholds.
#include "harness/measure/verdict.h"
#include "tests/lib/check.h"

static gb_evidence good(void) {
  return (gb_evidence){.samples = 50,
                       .imprecision = 0.9,
                       .trend_p = 0.5,
                       .trend_share = 0.001,
                       .modes_p = 0.5,
                       .warm = 1,
                       .clock_share = 1e-5};
}

TEST(good_numbers_are_valid) {
  gb_judgement verdict;
  gb_evidence evidence = good();
  gb_judge(&evidence, &verdict);
  CHECK_INT(verdict.validity, GB_VALID);
  CHECK_INT(verdict.count, 0);
}

TEST(what_is_not_known_accuses_nobody) {
  gb_judgement verdict;
  gb_evidence evidence = gb_evidence_none();
  gb_judge(&evidence, &verdict);
  CHECK_INT(verdict.validity, GB_VALID);
}

typedef struct trial {
  const char *code;
  size_t field;
  double fine, suspect, invalid; // NAN: there is none
} trial;

#define NEVER ((double)NAN)
#define AT(name) offsetof(gb_evidence, name)
static const trial trials[] = {
    {"samples", AT(samples), 10, 9, 5},
    {"precision", AT(imprecision), 1, 1.1, NEVER},
    {"trend", AT(trend_share), 0.02, 0.03, 0.3},
    {"trend", AT(trend_share), -0.02, -0.03, -0.3},
    {"modes", AT(modes_share), 0.05, 0.06, 0.6},
    {"outliers", AT(outliers), 0.1, 0.2, NEVER},
    {"warm-up", AT(warm), 1, 0, NEVER},
    {"preempted", AT(preempted), 0.1, 0.2, 0.5},
    {"migrated", AT(migrations), 0.01, 0.02, NEVER},
    {"unsettled", AT(unsettled), 0.1, 0.2, NEVER},
    {"off-processor", AT(off_processor), 0.1, 0.2, 0.5},
    {"steal", AT(steal), 0.02, 0.03, 0.2},
    {"others", AT(others), 0.05, 0.06, 0.8},
    {"waited", AT(waited), 0.05, 0.06, NEVER},
    {"quota", AT(throttled), 0, 1, 11},
    {"heat", AT(thermal), 0, 1, 11},
    {"frequency", AT(pulse_spread), 0.03, 0.04, 0.3},
    {"resolution", AT(clock_share), 0.01, 0.02, 0.2},
    {"clock", AT(backward), 0, NEVER, 1},
};

static void expect(check_state *check, const trial *t, double value, gb_validity validity) {
  gb_evidence evidence = good();
  if (t->field == AT(trend_share))
    evidence.trend_p = 0.001;
  if (t->field == AT(modes_share))
    evidence.modes_p = 0.001;
  *(double *)((char *)&evidence + t->field) = value;
  gb_judgement verdict;
  gb_judge(&evidence, &verdict);
  CHECK_INT(verdict.validity, validity);
  CHECK_INT(verdict.count, validity != GB_VALID);
  if (verdict.count == 1) {
    CHECK_TEXT(verdict.reasons[0].code, t->code);
    CHECK_INT(verdict.reasons[0].validity, validity);
    CHECK(*verdict.reasons[0].text && *verdict.reasons[0].remedy);
  }
}

TEST(every_rule_has_its_thresholds) {
  for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
    expect(check, &trials[i], trials[i].fine, GB_VALID);
    expect(check, &trials[i], NEVER, GB_VALID);
    if (!isnan(trials[i].suspect))
      expect(check, &trials[i], trials[i].suspect, GB_SUSPECT);
    if (!isnan(trials[i].invalid))
      expect(check, &trials[i], trials[i].invalid, GB_INVALID);
  }
  // None is left out.
  for (size_t k = 0; k < gb_rule_count(); k++) {
    gb_rule_info rule;
    gb_rule_get(k, &rule);
    bool tried = false;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
      tried = tried || strcmp(trials[i].code, rule.code) == 0;
    if (!tried)
      FAIL("rule %s is not tried here", rule.code);
    for (size_t i = 0; i < k; i++) {
      gb_rule_info other;
      gb_rule_get(i, &other);
      CHECK(strcmp(other.code, rule.code) != 0);
    }
  }
}

TEST(gates_hold) {
  gb_judgement verdict;
  gb_evidence evidence = good();
  evidence.trend_share = 0.5; // large, and by chance
  evidence.trend_p = 0.02;
  evidence.modes_share = 0.9; // far away, and one mode would do
  evidence.modes_p = 0.05;
  gb_judge(&evidence, &verdict);
  CHECK_INT(verdict.validity, GB_VALID);
  evidence.trend_p = (double)NAN;
  gb_judge(&evidence, &verdict);
  CHECK_INT(verdict.validity, GB_VALID);
}

TEST(the_worst_reason_decides_and_all_are_told) {
  gb_judgement verdict;
  gb_evidence evidence = good();
  evidence.steal = 0.05;
  evidence.backward = 2;
  evidence.others = 0.07;
  gb_judge(&evidence, &verdict);
  CHECK_INT(verdict.validity, GB_INVALID);
  CHECK_INT(verdict.count, 3);
  CHECK_CONTAINS(verdict.reasons[0].text, "5 % of the time went to other virtual machines");
}

TEST_MAIN(CASE(good_numbers_are_valid), CASE(what_is_not_known_accuses_nobody),
          CASE(every_rule_has_its_thresholds), CASE(gates_hold),
          CASE(the_worst_reason_decides_and_all_are_told))
