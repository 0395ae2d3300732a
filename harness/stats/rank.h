// Do two columns of a table order its rows alike: the proxy question (MACs against latency).
#ifndef GB_STATS_RANK_H
#define GB_STATS_RANK_H

#include "harness/stats/interval.h"

// Kendall's tau-b (ties counted, 1945) and Spearman's rho (ranks with shared ties), with intervals
// by a bootstrap over rows. NAN where one column is constant or there are fewer than 2 rows;
// interval NAN below 5 rows. `discordant` answers in words: of all pairs of rows that differ in
// both columns, the share that the columns order oppositely.
typedef struct gb_rank {
  gb_interval kendall, spearman;
  double kendall_p; // two-sided, of no relation: exact for up to 50 rows without ties, else normal
  double discordant;
} gb_rank;

// `how`: draws, level, seed. GB_EINPUT where a value is not finite or there are none.
gb_status gb_rank_of(const double *x, const double *y, size_t count, const gb_resampling *how,
                     gb_rank *rank, gb_error *error);

#endif
