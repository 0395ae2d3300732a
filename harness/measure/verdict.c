// The rules of a verdict, in one table.
#include "harness/measure/verdict.h"

#include <math.h>
#include <stdio.h>

const char *const gb_validity_names[] = {"valid", "suspect", "invalid", NULL};

typedef enum gb_unit { PERCENT, NUMBER } gb_unit;

// A value beyond `suspect` makes a measurement suspect, one beyond `invalid` invalid; both
// strictly; NAN: never. Where a rule has a gate, that field must lie beyond it too: a trend counts
// only when
// it is significant, two modes only where one would not explain the samples.
typedef struct gb_rule {
  const char *code;
  size_t field; // of gb_evidence
  gb_unit unit;
  bool below, absolute;
  double suspect, invalid;
  size_t gate;
  bool gate_below;
  double gate_at; // NAN: no gate
  const char *what, *remedy;
} gb_rule;

#define FIELD(name) offsetof(gb_evidence, name)
#define NEVER ((double)NAN)
#define NO_GATE 0, false, NEVER

// clang-format off
static const gb_rule rules[] = {
  // Fewer than 6 samples have no 95 % interval of the median at all; benchstat asks for 10.
  {"samples", FIELD(samples), NUMBER, true, false, 10, 6, NO_GATE,
   "samples", "more runs (--runs, --seconds)"},
  {"precision", FIELD(imprecision), NUMBER, false, false, 1, NEVER, NO_GATE,
   "times as wide as asked for is the interval",
   "more time (--seconds) or a wider interval (--precise)"},
  // At 1 % of significance one session in a hundred is accused wrongly; small changes do no harm.
  {"trend", FIELD(trend_share), PERCENT, false, true, 0.02, 0.25, FIELD(trend_p), true, 0.01,
   "of the median is the change from the first to the last samples",
   "longer warm-up (--warmup), a machine that has reached its temperature"},
  {"modes", FIELD(modes_share), PERCENT, false, false, 0.05, 0.50, FIELD(modes_p), true, 0.01,
   "of the median lie between two clusters of samples",
   "look at the samples (--json); pin threads, stop other programs, one thread per core"},
  {"outliers", FIELD(outliers), PERCENT, false, false, 0.10, NEVER, NO_GATE,
   "of the samples are severe outliers", "stop other programs; the median bears up to half"},
  {"warm-up", FIELD(warm), NUMBER, true, false, 0.5, NEVER, NO_GATE,
   "of 1: times still fell when the timing began", "longer warm-up (--warmup)"},
  // The median bears disturbed samples as long as they are few; from a half on it is one itself.
  {"preempted", FIELD(preempted), PERCENT, false, false, 0.10, 0.40, NO_GATE,
   "of the turns had involuntary context switches",
   "stop other programs; fewer threads than processors"},
  {"migrated", FIELD(migrations), PERCENT, false, false, 0.01, NEVER, NO_GATE,
   "of the calls ended on another processor", "leave pinning on"},
  {"unsettled", FIELD(unsettled), PERCENT, false, false, 0.10, NEVER, NO_GATE,
   "of the turns began while threads of another engine still ran",
   "engines whose threads sleep when they have no work; one engine a session"},
  {"off-processor", FIELD(off_processor), PERCENT, false, false, 0.10, 0.40, NO_GATE,
   "of the turns had to wait for a processor", "stop other programs; fewer threads than processors"},
  {"steal", FIELD(steal), PERCENT, false, false, 0.02, 0.10, NO_GATE,
   "of the time went to other virtual machines", "another host or another hour; dedicated cores"},
  {"others", FIELD(others), PERCENT, false, false, 0.05, 0.75, NO_GATE,
   "of the processors' time was other programs'", "stop them, or choose other cores (taskset)"},
  {"waited", FIELD(waited), PERCENT, false, false, 0.05, NEVER, NO_GATE,
   "of the session is the time that threads waited for a processor", "stop other programs; fewer threads"},
  {"quota", FIELD(throttled), NUMBER, false, false, 0, 10, NO_GATE,
   "times the control group's quota stopped us", "fewer threads, or a larger quota"},
  {"heat", FIELD(thermal), NUMBER, false, false, 0, 10, NO_GATE,
   "times the processor was slowed by its temperature", "cooling, or a lower frequency (cpupower)"},
  // Turbo's steps are 100 MHz, about 3 %.
  {"frequency", FIELD(pulse_spread), PERCENT, false, false, 0.03, 0.25, NO_GATE,
   "is the spread of a loop of always the same cycles",
   "a fixed frequency (cpupower frequency-set), no turbo; compare by ratio within one session"},
  {"resolution", FIELD(clock_share), PERCENT, false, false, 0.01, 0.10, NO_GATE,
   "of the median is one step of the clock", "a larger batch (--batch), a finer clock source"},
  {"clock", FIELD(backward), NUMBER, false, false, NEVER, 0, NO_GATE,
   "samples ended before they began", "another clock source (/sys/devices/system/clocksource)"},
};
// clang-format on

enum { RULES = sizeof rules / sizeof *rules };
_Static_assert((int)RULES <= (int)GB_REASONS, "a verdict has room for every rule's reason");

gb_evidence gb_evidence_none(void) {
  gb_evidence evidence;
  double *fields = (double *)&evidence;
  for (size_t i = 0; i < sizeof evidence / sizeof *fields; i++)
    fields[i] = (double)NAN;
  return evidence;
}

static double field(const gb_evidence *evidence, size_t offset) {
  return *(const double *)((const char *)evidence + offset);
}

// NAN lies beyond nothing, and nothing lies beyond NAN.
static bool beyond(double value, bool below, double threshold) {
  return below ? value < threshold : value > threshold;
}

static void add_reason(gb_judgement *verdict, const gb_rule *rule, gb_validity validity,
                       double value) {
  gb_reason *reason = &verdict->reasons[verdict->count++];
  *reason = (gb_reason){.code = rule->code, .validity = validity, .remedy = rule->remedy};
  if (rule->unit == PERCENT)
    snprintf(reason->text, sizeof reason->text, "%.3g %% %s", 100 * value, rule->what);
  else
    snprintf(reason->text, sizeof reason->text, "%.4g %s", value, rule->what);
  if (validity > verdict->validity)
    verdict->validity = validity;
}

void gb_judge(const gb_evidence *evidence, gb_judgement *verdict) {
  *verdict = (gb_judgement){.validity = GB_VALID};
  for (size_t i = 0; i < RULES; i++) {
    const gb_rule *rule = &rules[i];
    double value = field(evidence, rule->field);
    double measured = rule->absolute ? fabs(value) : value;
    if (!isnan(rule->gate_at) &&
        !beyond(field(evidence, rule->gate), rule->gate_below, rule->gate_at))
      continue;
    if (beyond(measured, rule->below, rule->invalid))
      add_reason(verdict, rule, GB_INVALID, value);
    else if (beyond(measured, rule->below, rule->suspect))
      add_reason(verdict, rule, GB_SUSPECT, value);
  }
}

size_t gb_rule_count(void) {
  return RULES;
}

void gb_rule_get(size_t index, gb_rule_info *info) {
  const gb_rule *rule = &rules[index];
  *info = (gb_rule_info){rule->code,    rule->what,    rule->remedy,
                         rule->suspect, rule->invalid, rule->below};
}
