// A gap split into terms; see gap.h.
#include "harness/stats/gap.h"

#include <math.h>

static gb_status check(double value, const char *what, size_t kind, gb_error *error) {
  if (!isfinite(value) || value < 0)
    return gb_fail(error, GB_EINPUT, "kind %zu: %s is %g, not a number from 0 on", kind, what,
                   value);
  return GB_OK;
}

static gb_status check_side(const gb_gap_side *side, size_t kind, gb_error *error) {
  GB_TRY(check(side->seconds, "time", kind, error));
  GB_TRY(check(side->macs, "number of MACs", kind, error));
  GB_TRY(check(side->bytes, "number of bytes", kind, error));
  return check(side->calls, "number of calls", kind, error);
}

gb_status gb_gap_split(const gb_gap_side *a, const gb_gap_side *b, size_t kinds, double total_a,
                       double total_b, const gb_prices *prices, gb_gap_terms *terms, gb_gap *gap,
                       gb_error *error) {
  if (!isfinite(total_a) || !isfinite(total_b))
    return gb_fail(error, GB_EINPUT, "a total is not a finite number");
  if (!(prices->mac >= 0 && prices->byte >= 0 && prices->call >= 0) ||
      !isfinite(prices->mac + prices->byte + prices->call))
    return gb_fail(error, GB_EINPUT, "a price is not a number from 0 on");
  *gap = (gb_gap){.gap = total_b - total_a, .residual = total_b - total_a};
  for (size_t i = 0; i < kinds; i++) {
    GB_TRY(check_side(&a[i], i, error));
    GB_TRY(check_side(&b[i], i, error));
    double seconds = b[i].seconds - a[i].seconds;
    gb_gap_terms *t = &terms[i];
    *t = (gb_gap_terms){.work = prices->mac * (b[i].macs - a[i].macs),
                        .bytes = prices->byte * (b[i].bytes - a[i].bytes),
                        .calls = prices->call * (b[i].calls - a[i].calls)};
    t->rate = seconds - t->work - t->bytes - t->calls;
    gap->residual -= seconds;
    gap->sum.work += t->work;
    gap->sum.bytes += t->bytes;
    gap->sum.calls += t->calls;
    gap->sum.rate += t->rate;
  }
  return GB_OK;
}
