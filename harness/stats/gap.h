// The difference of two totals, split into terms that sum to it: why one network is slower.
//
// Each network is a list of kinds of layer with time, MACs, bytes and calls. At common prices (time
// for a MAC, a byte, a call; model.h fits them over the steps of both) the differences of MACs, of
// bytes and of calls cost what they cost; what a kind's time differs beyond that is its rate: its
// MACs and bytes are dearer or cheaper than the common price. What is in the total but in no kind
// (clock, barriers) is a term of its own.
#ifndef GB_STATS_GAP_H
#define GB_STATS_GAP_H

#include "layers/base/status.h"

typedef struct gb_gap_side {
  double seconds, macs, bytes, calls;
} gb_gap_side;

// Prices, all at least 0.
typedef struct gb_prices {
  double mac, byte, call; // seconds
} gb_prices;

typedef struct gb_gap_terms {
  double work;  // (MACs of b - MACs of a) × price
  double bytes; // the same of bytes
  double calls; // the same of calls
  double rate;  // the rest of the difference of seconds
} gb_gap_terms;

typedef struct gb_gap {
  double gap;      // total b - total a
  double residual; // gap - Σ (seconds of b's kinds - seconds of a's kinds)
  gb_gap_terms sum;
} gb_gap;

// `a` and `b` have `kinds` entries (zeros where a network lacks the kind); `terms`, room for as
// many, gets each kind's share. gap = residual + Σ of sum's terms, up to rounding. GB_EINPUT: a
// number that is not finite, or a count or price below 0.
gb_status gb_gap_split(const gb_gap_side *a, const gb_gap_side *b, size_t kinds, double total_a,
                       double total_b, const gb_prices *prices, gb_gap_terms *terms, gb_gap *gap,
                       gb_error *error);

#endif
