// Threads bound to processors, from outside of the engines.
#include "harness/cli/latency.h"

#include <stdio.h>
#include <string.h>

static void describe(gb_placement *p) {
  size_t used = 0;
  p->text[0] = '\0';
  for (size_t i = 0; i < p->threads && used + 48 < sizeof p->text; i++)
    used += (size_t)snprintf(p->text + used, sizeof p->text - used, "%sthread %zu on processor %d",
                             i ? ", " : "", i, p->cores.ids[i]);
  if (p->threads > p->cores.physical && used + 32 < sizeof p->text)
    snprintf(p->text + used, sizeof p->text - used, " (siblings share a core)");
}

void gb_placement_begin(gb_placement *p, size_t threads, bool pin) {
  gb_error error;
  *p = (gb_placement){.threads = threads};
  gb_cores_read(&p->cores);
  if (!pin)
    snprintf(p->text, sizeof p->text, "not pinned, as asked for");
  else if (threads > p->cores.count)
    snprintf(p->text, sizeof p->text, "not pinned: %zu threads, %zu processors", threads,
             p->cores.count);
  else if (gb_pin(0, p->cores.ids, 1, &error) != GB_OK)
    snprintf(p->text, sizeof p->text, "not pinned: %.200s", error.message);
  else {
    p->pinned = true;
    describe(p);
  }
}

static bool was_there(const gb_placement *p, int tid) {
  for (size_t i = 0; i < p->before_count; i++)
    if (p->before[i] == tid)
      return true;
  return false;
}

// A new thread inherits the mask of the one that made it; which one it is the list of threads
// tells.
void gb_placement_engine(gb_placement *p, bool made) {
  enum { MOST = sizeof p->before / sizeof *p->before };
  if (!p->pinned)
    return;
  if (!made) {
    p->before_count = gb_threads(0, p->before, MOST);
    return;
  }
  int now[MOST];
  size_t count = gb_threads(0, now, MOST), next = 1;
  gb_error error;
  for (size_t i = 0; i < count; i++)
    if (!was_there(p, now[i]) && next < p->cores.count &&
        gb_pin(now[i], &p->cores.ids[next++], 1, &error) != GB_OK) {
      p->pinned = false;
      snprintf(p->text, sizeof p->text, "not pinned: %.200s", error.message);
    }
}

void gb_placement_end(gb_placement *p) {
  gb_error error;
  if (p->cores.count)
    gb_pin(0, p->cores.ids, p->cores.count, &error); // its own mask of before: cannot be refused
}
