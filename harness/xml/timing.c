// How an experiment's networks are timed: sweeps of threads, batch and engine, which are no
// parameters of an architecture.
#include "harness/xml/experiment_internal.h"

#include <string.h>

enum { MOST_THREADS = 1024, MOST_BATCH = 65536 };

const char *const gb_timing_names[] = {"threads", "batch", "engine", NULL};

bool gb_is_timing(const char *name) {
  for (size_t i = 0; gb_timing_names[i]; i++)
    if (strcmp(gb_timing_names[i], name) == 0)
      return true;
  return false;
}

bool gb_loader_times(const gb_loader *loader) {
  for (size_t i = 0; i < loader->experiment->measure_count; i++)
    if (strcmp(loader->experiment->measures[i], "latency") == 0)
      return true;
  return false;
}

// What is allowed; NULL where this value is.
static const char *allowed(const char *name, const char *value, int64_t *number) {
  if (strcmp(name, "engine") == 0)
    return strcmp(value, "native") == 0 || strcmp(value, "reference") == 0
               ? NULL
               : "native, reference (engines of others: ghostbench bench --engine)";
  bool threads = strcmp(name, "threads") == 0;
  if (gb_parse_int(value, number) && *number >= 1 &&
      *number <= (threads ? (int64_t)MOST_THREADS : (int64_t)MOST_BATCH))
    return NULL;
  return threads ? "an integer from 1 to 1024" : "an integer from 1 to 65536";
}

gb_status gb_timing_check(const char *name, const char *value, gb_error *error) {
  int64_t number;
  const char *wanted = allowed(name, value, &number);
  return wanted ? gb_fail(error, GB_EUSAGE, "--%s %.60s is not allowed: %s", name, value, wanted)
                : GB_OK;
}

gb_status gb_timing_set(const gb_axis *axis, const char *value, gb_cell *cell, gb_error *error) {
  int64_t number;
  const char *wanted = allowed(axis->name, value, &number);
  if (wanted)
    return gb_fail_at(error, GB_EINPUT, &axis->where, "%s \"%.60s\" is not allowed: %s", axis->name,
                      value, wanted);
  if (strcmp(axis->name, "engine") == 0)
    cell->engine = value;
  else
    *(strcmp(axis->name, "threads") == 0 ? &cell->threads : &cell->batch) = number;
  return GB_OK;
}
