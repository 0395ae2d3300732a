// How often intervals hold the truth and how often comparisons claim what is not there, by
// simulation: `make bench-coverage`, minutes long.
//
// Exit code 1 where a row that is not rough (interval.h) breaks a promise: intervals of the median
// and of ratios cover 92 to 98 % (ratios of few samples up to 99.5: they err on the safe side),
// comparisons err in at most 5 %, all up to three deviations of the simulation itself.
//
// usage: bench_coverage [TIMES]   (1000 by default)
#include "tests/lib/simulate.h"

#include <stdio.h>
#include <stdlib.h>

static double slack(double share, size_t times) {
  return 3 * sqrt(share * (1 - share) / (double)times);
}

static bool kept(const shares *s, size_t times) {
  if (s->rough > 0.1) // said by the intervals themselves
    return true;
  return s->median >= 0.92 - slack(0.92, times) && s->median <= 0.98 + slack(0.98, times) &&
         s->paired >= 0.92 - slack(0.92, times) && s->paired <= 0.995 + slack(0.995, times) &&
         s->paired_claims <= 0.05 + slack(0.05, times) &&
         s->apart_claims <= 0.05 + slack(0.05, times);
}

int main(int argc, char **argv) {
  static const size_t counts[] = {20, 50, 100, 200, 500};
  static const double phis[] = {0, 0.3, 0.5, 0.7, 0.9};
  static const char *const kinds[] = {"independent", "common rounds", "turns of 4"};
  size_t times = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, broken = 0;
  double(*samples)[SIMULATED_MOST] = malloc(3 * sizeof *samples);
  if (!samples || times == 0)
    return 2;
  printf(
      "%zu simulations a row, shares in %%. Cover: intervals that hold the truth (median, 90 %%\n"
      "quantile, ratio paired and not). Claims where there is no difference: by ratio, by U.\n"
      "Found: differences of the size that was said to be detectable, 80 is right.\n\n",
      times);
  printf("  phi turns competitors   | median  p90 paired apart | paired apart    U | trend modes | "
         "found rough\n");
  for (size_t p = 0; p < sizeof phis / sizeof *phis; p++)
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
      for (size_t kind = 0; kind < 3; kind++) {
        world w = {.phi = phis[p],
                   .spread = 0.05,
                   .within = kind == 2 ? 0.03 : 0,
                   .common = kind == 0 ? 0 : 0.5,
                   .count = kind == 2 ? counts[c] * 4 : counts[c],
                   .turn = kind == 2 ? 4 : 1};
        questions ask = {true, true, true, counts[c] <= 100, 400};
        shares s = measure_shares(&w, times, &ask, 1 + 100 * p + 10 * c + kind, samples);
        bool good = kept(&s, times);
        broken += good ? 0 : 1;
        printf("  %.1f %5zu %-13s |  %5.1f %5.1f %5.1f %5.1f |  %5.1f %5.1f %5.1f | %5.1f %5.1f | "
               "%5.1f %5.1f%s\n",
               w.phi, counts[c], kinds[kind], 100 * s.median, 100 * s.p90, 100 * s.paired,
               100 * s.apart, 100 * s.paired_claims, 100 * s.apart_claims, 100 * s.mann_whitney,
               100 * s.trends, 100 * s.modes, 100 * s.detected, 100 * s.rough,
               good ? "" : "  BROKEN");
        fflush(stdout);
      }
  free(samples);
  printf("\n%zu promises broken\n", broken);
  return broken ? 1 : 0;
}
