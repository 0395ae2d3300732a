// Fuzzes the reader of what the peers bench found: what it accepts are numbers above 0, and what it
// refuses names the file.
#include "tests/fuzz/fuzz.h"

#include "harness/report/peers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROMISE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

static void check_row(const gb_peer_row *row) {
  const double numbers[] = {row->theirs, row->theirs_low, row->theirs_high,
                            row->ours,   row->ours_low,   row->ours_high,
                            row->ratio,  row->ratio_low,  row->ratio_high};
  PROMISE(row->network && row->isa && row->threads > 0 && row->batch > 0 && row->unsettled >= 0);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    PROMISE(isfinite(numbers[i]) && numbers[i] > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  gb_peers *peers = NULL;
  gb_error error = {0};
  gb_status status = gb_peers_parse(size ? (const char *)bytes : "", size, "fuzz", &peers, &error);
  if (status != GB_OK) {
    PROMISE(!peers && status == GB_EINPUT && strncmp(error.message, "fuzz:", 5) == 0);
    return 0;
  }
  PROMISE(peers->date && peers->cpu && peers->kernel && peers->engine_version && peers->version);
  PROMISE(peers->rounds > 0);
  for (size_t i = 0; i < peers->count; i++)
    check_row(&peers->rows[i]);
  gb_peers_free(peers);
  return 0;
}
