// Whether a measurement can be believed: rules over plain numbers, each with reason and remedy.
#ifndef GB_MEASURE_VERDICT_H
#define GB_MEASURE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum gb_validity { GB_VALID, GB_SUSPECT, GB_INVALID } gb_validity;
extern const char *const gb_validity_names[]; // "valid", "suspect", "invalid", NULL

// What is known about the samples of one competitor and about their session. Shares are of 1. NAN:
// not known; a rule on it says nothing.
typedef struct gb_evidence {
  double samples;       // how many
  double imprecision;   // width of the interval over the width that was asked for (until-precise)
  double trend_p;       // p-value of a trend over time
  double trend_share;   // change from the session's start to its end, over the median; signed
  double modes_share;   // distance of two modes, over the median; 0 where there is one
  double modes_p;       // p-value of there being more than one mode
  double outliers;      // share of severe outliers (beyond 3 quartile ranges)
  double warm;          // 1: times had stopped to fall when timing began; 0: not
  double preempted;     // share of turns with involuntary context switches
  double migrations;    // changes of processor for each sample
  double unsettled;     // share of turns that began while another thread still ran
  double off_processor; // share of turns in which the calling thread waited for a processor
  double steal, others, waited, throttled, thermal, pulse_spread; // as in gb_session_facts
  double clock_share; // step of the clock, over the median
  double backward;    // samples below zero
} gb_evidence;

// All fields NAN.
gb_evidence gb_evidence_none(void);

typedef struct gb_reason {
  const char *code; // "trend"; static
  gb_validity validity;
  char text[192];     // with its numbers
  const char *remedy; // static
} gb_reason;

enum { GB_REASONS = 24 };
typedef struct gb_judgement {
  gb_validity validity; // the worst one of the reasons
  gb_reason reasons[GB_REASONS];
  size_t count;
} gb_judgement;

void gb_judge(const gb_evidence *evidence, gb_judgement *verdict);

// A rule as verdict.c's table has it, for documentation and tests.
typedef struct gb_rule_info {
  const char *code, *what, *remedy;
  double suspect, invalid; // thresholds; NAN: never
  bool below;              // values below the threshold are bad, else those above
} gb_rule_info;
size_t gb_rule_count(void);
void gb_rule_get(size_t index, gb_rule_info *rule);

#endif
