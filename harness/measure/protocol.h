// The sampling protocol: competitors timed side by side, every sample kept. Knows no graph.
//
// A session is: warm-up of each competitor, then rounds. In a round each competitor has one turn; a
// turn is some calls that are not timed (they bring caches and threads back to where a hot loop has
// them, after the others' turns), then some that are. The order within rounds is balanced: over a
// block of rounds each competitor stands at each place, and behind each other one, equally often
// (order.h). Samples of one turn depend on one another: whoever makes intervals of them draws whole
// turns (stats: block bootstrap with blocks of `turn_calls`).
#ifndef GB_MEASURE_PROTOCOL_H
#define GB_MEASURE_PROTOCOL_H

#include "harness/measure/clock.h"
#include "layers/base/status.h"

#include <stdbool.h>
#include <stdint.h>

// Something to be timed. Exactly one of `body` and `timed` is set.
typedef struct gb_competitor {
  void (*body)(void *context); // one call; cannot fail
  // One turn that is timed elsewhere, by an engine in another process: `lead` calls that are not
  // counted, then `calls` whose seconds it stores. Where it fails the session ends.
  gb_status (*timed)(void *context, size_t lead, size_t calls, double *seconds, gb_error *error);
  // Called before each turn, outside of what is timed; NULL for none.
  void (*before)(void *context);
  void *context;
  int process; // where it runs, for the facts of the system; 0: in this one

  // Filled by gb_measure: room for gb_protocol_samples() each, owned by the caller.
  double *samples; // seconds, in the order of time
  double *starts;  // seconds since the session began (of its first timed turn)

  // What happened to it, filled by gb_measure.
  size_t count;         // samples
  double first_seconds; // its very first call: cold caches, sleeping threads (NAN where `timed`)
  size_t warmup_calls;
  bool warm;                // warm-up ended because times had stopped to fall
  int64_t preemptions;      // involuntary context switches of this process during its turns
  int64_t turns;            // of which
  int64_t preempted_turns;  // so many had such switches, and in
  int64_t off_turns;        // so many the calling thread had a processor for less than 9 tenths
  int64_t migrations;       // calls that ended on another processor than they began on
  double on_processor;      // processor time of the calling thread over time, of all turns
  int64_t zero_samples;     // calls that took no step of the clock: too short for it
  int64_t backward_samples; // calls that ended before they began: the clock is broken
} gb_competitor;

// What is done before each timed call, outside of what is timed.
typedef enum gb_between {
  GB_BETWEEN_HOT, // nothing
  // A buffer larger than the caches is written and read by the calling thread: what other cores
  // have in caches of their own stays, where the last level does not include it.
  GB_BETWEEN_FLUSHED,
  GB_BETWEEN_IDLE // a pause
} gb_between;
extern const char *const gb_between_names[]; // "hot", "flushed", "idle", NULL

typedef struct gb_session gb_session;

typedef struct gb_protocol {
  gb_clock clock;                   // both functions NULL: gb_clock_monotonic
  size_t rounds_least, rounds_most; // turns of each competitor; at least 1
  double seconds_most;        // no round begins after so many seconds of timed rounds; 0: no cap
  size_t turn_calls;          // timed calls in a turn; 0 is 1
  size_t lead_calls;          // calls before them that are not timed
  size_t warmup_calls;        // at least so many calls of each before the rounds,
  double warmup_seconds;      // and at least so long, and until times no longer fall,
  double warmup_seconds_most; // but no longer than this; 0: ten times warmup_seconds
  gb_between between;
  double idle_seconds; // of GB_BETWEEN_IDLE
  size_t flush_bytes;  // of GB_BETWEEN_FLUSHED; 0: twice the largest cache, at most 128 MiB
  uint64_t seed;       // of the order
  bool settle;         // before each turn wait until all other threads of the processes sleep
  // Asked after each block of rounds from rounds_least on: true ends the session. NULL: it ends
  // after rounds_most or seconds_most.
  bool (*enough)(void *context, const gb_session *session);
  // Called between rounds with the share done (of rounds or of time, whichever is further).
  void (*progress)(void *context, double share);
  void *context; // of both
} gb_protocol;

// What happened in a session, to all competitors together. Unknown numbers are NAN or -1.
typedef struct gb_session_facts {
  size_t rounds;
  size_t block;       // rounds in which the order is balanced
  size_t flush_bytes; // of GB_BETWEEN_FLUSHED, else 0
  double seconds;     // of the timed rounds, with all that is between the calls
  bool enough;        // ended because `enough` said so
  bool capped;        // ended because of seconds_most, before rounds_least or `enough`
  double clock_step;  // seconds: the smallest step that the clock was seen to make
  double steal;       // share of time that a hypervisor gave to others, of the processors used
  double others;      // share of time that other processes ran on the processors used
  double waited;      // share of time that threads of this process stood ready and did not run
  double load_before; // of /proc/loadavg, one minute
  int64_t preemptions, migrations;
  int64_t unsettled; // turns that began while another thread still ran
  int64_t throttled; // control group: times that the quota stopped us; -1: no quota to be seen
  int64_t thermal;   // throttling by temperature, of /sys; -1: not to be seen
  double mhz_before, mhz_after; // of /sys; NAN: not to be seen
  // A loop of known length (dependent multiplications), timed once a round: where the processor's
  // frequency moves, it does. Relative spread (p90 - p10) / median; NAN with a clock of a test.
  double pulse_median, pulse_spread; // seconds, share
} gb_session_facts;

struct gb_session {
  gb_competitor *competitors;
  size_t count;
  gb_session_facts facts; // complete when gb_measure has returned
};

// Samples that each competitor needs room for: rounds_most × turn_calls; 0 where that overflows.
size_t gb_protocol_samples(const gb_protocol *protocol);

// Runs a session. GB_EUSAGE where the protocol makes no sense, GB_ENOMEM, or the status of a
// competitor that failed; samples taken until then stay, with their counts.
gb_status gb_measure(gb_session *session, const gb_protocol *protocol, gb_error *error);

#endif
