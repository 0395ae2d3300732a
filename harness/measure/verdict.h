// Whether a measurement can be believed: rules over plain numbers, each with reason and remedy.
#ifndef GB_MEASURE_VERDICT_H
#define GB_MEASURE_VERDICT_H

#include <stddef.h>

typedef enum gb_validity { GB_VALID, GB_SUSPECT, GB_INVALID } gb_validity;
extern const char *const gb_validity_names[]; // "valid", "suspect", "invalid", NULL

// What is known about the samples of one competitor and their session. NAN: not known; a rule on it
// says nothing. Shares are of 1.
typedef struct gb_evidence {
  double samples;        // how many
  double blocks;         // turns that they come from
  double interval_share; // width of the 95 % interval of the median, over the median
  double wanted_share;   // what was asked for (until-precise); NAN: nothing
  double trend_p;        // p-value of a trend over time (stats: on blocks)
  double trend_share;    // change from the session's start to its end, over the median (signed)
  double modes_share;    // distance of two modes over the median; 0 where there is one
  double modes_weight;   // share of the samples in the smaller of two modes
  double outliers;       // share of severe outliers (beyond 3 quartile ranges)
  double warm;           // 1: times had stopped to fall when timing began, 0: not
  double preemptions;    // involuntary context switches for each sample
  double migrations;     // changes of processor for each sample
  double on_processor;   // processor time over time, of the calling thread
  double steal, others, waited, throttled, thermal; // as in gb_session_facts
  double pulse_spread;                              // as in gb_session_facts
  double clock_share;                               // step of the clock over the median
  double backward;                                  // samples that ended before they began
} gb_evidence;

// All fields NAN.
gb_evidence gb_evidence_none(void);

typedef struct gb_reason {
  const char *code; // "trend", static
  gb_validity validity;
  char text[160];     // with its numbers
  const char *remedy; // static
} gb_reason;

enum { GB_REASONS = 24 };
typedef struct gb_verdict {
  gb_validity validity; // the worst of the reasons
  gb_reason reasons[GB_REASONS];
  size_t count;
} gb_verdict;

void gb_judge(const gb_evidence *evidence, gb_verdict *verdict);

// One rule of the table, for documentation and tests.
typedef struct gb_rule {
  const char *code;
  double suspect, invalid; // thresholds; NAN: never
  const char *what, *remedy;
} gb_rule;
extern const size_t gb_rule_count;
void gb_rule_get(size_t index, gb_rule *rule);

#endif
