// The order of competitors within rounds: balanced, and random where balance leaves a choice.
#ifndef GB_MEASURE_ORDER_H
#define GB_MEASURE_ORDER_H

#include "layers/base/random.h"
#include "layers/base/status.h"

// Rows of a Williams square (Williams: Experimental designs balanced for the estimation of residual
// effects of treatments, Australian Journal of Scientific Research A 2, 1949): over a block of n
// rounds (2n where n is odd and larger than 1) each competitor stands once (twice) at each place,
// and directly behind each other one equally often. Each block shuffles anew which competitor
// plays which part, and the rows. What stands behind whom across the border of two rounds is left
// to chance.
typedef struct gb_order {
  size_t count, block; // competitors; rounds of a block
  size_t next;         // row of the block
  gb_random random;
  size_t *parts, *rows; // owned; who plays which part; in which order the rows come
} gb_order;

// Rounds of a block for `count` competitors.
size_t gb_order_block(size_t count);

gb_status gb_order_new(gb_order *order, size_t count, uint64_t seed, gb_error *error);
// The next round's order into `round`, of `count` places.
void gb_order_next(gb_order *order, size_t *round);
void gb_order_free(gb_order *order);

#endif
