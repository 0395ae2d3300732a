// Williams squares, shuffled; see order.h.
#include "harness/measure/order.h"

#include "layers/base/memory.h"

size_t gb_order_block(size_t count) {
  return count > 1 && count % 2 ? 2 * count : count;
}

gb_status gb_order_new(gb_order *order, size_t count, uint64_t seed, gb_error *error) {
  *order = (gb_order){.count = count, .block = gb_order_block(count), .random = {seed}};
  order->parts = gb_allocate(NULL, count, sizeof *order->parts);
  order->rows = gb_allocate(NULL, order->block, sizeof *order->rows);
  if (!order->parts || !order->rows) {
    gb_order_free(order);
    return gb_fail_memory(error);
  }
  for (size_t i = 0; i < count; i++)
    order->parts[i] = i;
  for (size_t i = 0; i < order->block; i++)
    order->rows[i] = i;
  return GB_OK;
}

void gb_order_free(gb_order *order) {
  gb_release(NULL, order->parts);
  gb_release(NULL, order->rows);
  *order = (gb_order){0};
}

// A number below `limit`, each equally likely: draws that would favour small ones are thrown away.
static size_t below(gb_random *random, size_t limit) {
  uint64_t rest = -(uint64_t)limit % limit, drawn;
  do
    drawn = gb_random_next(random);
  while (drawn < rest);
  return (size_t)(drawn % limit);
}

static void shuffle(gb_random *random, size_t *items, size_t count) {
  for (size_t i = count; i > 1; i--) {
    size_t other = below(random, i), kept = items[i - 1];
    items[i - 1] = items[other];
    items[other] = kept;
  }
}

// Part at place `k` of row `row`. The first row zigzags 0, 1, n-1, 2, n-2 …, so that its steps are
// all different modulo n; the others are shifted; for odd n the mirrored rows follow.
static size_t part_at(size_t count, size_t row, size_t k) {
  if (row >= count) {
    row -= count;
    k = count - 1 - k;
  }
  size_t zigzag = k % 2 ? (k + 1) / 2 : (count - k / 2) % count;
  return (zigzag + row) % count;
}

void gb_order_next(gb_order *order, size_t *round) {
  if (order->next == 0) {
    shuffle(&order->random, order->parts, order->count);
    shuffle(&order->random, order->rows, order->block);
  }
  for (size_t k = 0; k < order->count; k++)
    round[k] = order->parts[part_at(order->count, order->rows[order->next], k)];
  order->next = (order->next + 1) % order->block;
}
