// Hartigan's dip; see drift.h.
//
// After Hartigan (Algorithm AS 217, 1985): the distribution function's greatest convex minorant and
// least concave majorant between two ends bracket every unimodal one; where they are furthest apart
// the mode must lie, so that the ends move there, and what the minorant leaves out to the left and
// the majorant to the right bounds the dip from below. Counts, not shares, are worked with; knots
// are indices of samples.
#include "harness/stats/drift.h"

#include "layers/base/memory.h"

#include <math.h>

typedef struct hull {
  size_t *knots;
  size_t count;
} hull;

// The knots of the convex minorant (sign 1) or concave majorant (sign -1) of the points (x[i], i).
static void build(const double *x, size_t low, size_t high, double sign, hull *h) {
  h->count = 0;
  for (size_t i = low; i <= high; i++) {
    while (h->count >= 2) {
      size_t p = h->knots[h->count - 2], q = h->knots[h->count - 1];
      // q stays when the slope grows behind it (falls, for the majorant).
      double turn = (x[q] - x[p]) * (double)(i - q) - (x[i] - x[q]) * (double)(q - p);
      if (sign * turn > 0)
        break;
      h->count--;
    }
    h->knots[h->count++] = i;
  }
}

static double line(const double *x, size_t p, size_t q, double at) {
  return x[q] > x[p] ? (double)p + (at - x[p]) * (double)(q - p) / (x[q] - x[p]) : (double)q;
}

// Where the two are furthest apart, walking along both: knots `*from` of the minorant and `*to` of
// the majorant, which bracket the mode.
static double furthest(const double *x, const hull *convex, const hull *concave, size_t *from,
                       size_t *to) {
  double most = 1;
  *from = 0, *to = concave->count - 1;
  if (convex->count == 2 && concave->count == 2)
    return most;
  most = 0;
  size_t g = 1, l = 1; // next knots; all before were looked at
  while (convex->knots[g] != concave->knots[l] || g + 1 < convex->count) {
    size_t kg = convex->knots[g], kl = concave->knots[l];
    double apart;
    size_t a, b;
    if (kg > kl) {
      apart = (double)kl + 1 - line(x, convex->knots[g - 1], kg, x[kl]);
      a = g - 1, b = l++;
    } else {
      apart = line(x, concave->knots[l - 1], kl, x[kg]) - (double)kg + 1;
      a = g++, b = l;
    }
    if (apart >= most)
      most = apart, *from = a, *to = b;
    if (g == convex->count || l == concave->count)
      break;
  }
  return most;
}

// How far samples lie above the minorant's pieces up to its knot `last`.
static double left_out_below(const double *x, const hull *convex, size_t last) {
  double most = 0;
  for (size_t k = 0; k < last; k++) {
    size_t p = convex->knots[k], q = convex->knots[k + 1];
    most = fmax(most, 1);
    for (size_t i = p; q - p > 1 && x[q] > x[p] && i <= q; i++)
      most = fmax(most, (double)i + 1 - line(x, p, q, x[i]));
  }
  return most;
}

// How far samples lie below the majorant's pieces from its knot `first` on.
static double left_out_above(const double *x, const hull *concave, size_t first) {
  double most = 0;
  for (size_t k = first; k + 1 < concave->count; k++) {
    size_t p = concave->knots[k], q = concave->knots[k + 1];
    most = fmax(most, 1);
    for (size_t i = p; q - p > 1 && x[q] > x[p] && i <= q; i++)
      most = fmax(most, line(x, p, q, x[i]) - (double)i + 1);
  }
  return most;
}

gb_status gb_dip(const double *x, size_t count, double *dip, gb_error *error) {
  double most = 1;
  size_t low = 0, high = count - 1;
  size_t *knots = gb_allocate(NULL, 2 * count, sizeof *knots);
  if (!knots)
    return gb_fail_memory(error);
  hull convex = {.knots = knots}, concave = {.knots = knots + count};
  while (x[high] > x[low]) {
    size_t from, to;
    build(x, low, high, 1, &convex);
    build(x, low, high, -1, &concave);
    if (furthest(x, &convex, &concave, &from, &to) < most)
      break;
    most = fmax(most, fmax(left_out_below(x, &convex, from), left_out_above(x, &concave, to)));
    size_t next_low = convex.knots[from], next_high = concave.knots[to];
    if (next_low == low && next_high == high)
      break;
    low = next_low, high = next_high;
  }
  *dip = most / (2 * (double)count);
  gb_release(NULL, knots);
  return GB_OK;
}
