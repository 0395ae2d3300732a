// What the peers bench found (`make bench-peers`): a network in another engine beside ours.
//
// results/peers/onnxruntime.json, schema "ghostbench-peers-1"; tests/bench/peers/README.md tells
// how it is measured.
#ifndef GB_REPORT_PEERS_H
#define GB_REPORT_PEERS_H

#include "layers/base/memory.h"
#include "layers/base/status.h"

typedef struct gb_peer_row {
  const char *network, *isa;
  int64_t threads, batch, unsettled;
  double theirs, theirs_low, theirs_high; // ms: median and 95 % interval
  double ours, ours_low, ours_high;
  double ratio, ratio_low, ratio_high; // theirs over ours: above 1, ours is faster
} gb_peer_row;

typedef struct gb_peers {
  gb_arena *arena;                                            // owns everything
  const char *date, *cpu, *kernel, *engine_version, *version; // of the engine, and of ghostbench
  int64_t rounds;
  gb_peer_row *rows;
  size_t count;
} gb_peers;

// `*peers` is NULL where there is no such file. GB_EINPUT names the file and what is wrong in it.
gb_status gb_peers_load(const char *path, gb_peers **peers, gb_error *error);
// The same from memory, for the fuzzer; `path` stands in messages.
gb_status gb_peers_parse(const char *bytes, size_t size, const char *path, gb_peers **peers,
                         gb_error *error);
void gb_peers_free(gb_peers *peers); // NULL is allowed

#endif
