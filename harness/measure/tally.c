// Counting some events on this thread: one of PAPI's event sets a component, and the system's.
#include "harness/measure/papi.h"
#include "layers/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SETS = 4, COST_READS = 31 };

struct gb_tally {
  gb_counters *counters;
  size_t count, set_count;
  struct place {
    int set, at;    // in PAPI's event sets; set -1: not there
    int system;     // index of the system's event, or GB_SYSTEM_NONE
    int descriptor; // of the system's event, or -1
  } places[GB_TALLY_EVENTS];
  struct set {
    int id, component, used;
    bool running;
  } sets[MAX_SETS];
};

// PAPI's words, and why the component is off where it is.
static gb_status fail_event(gb_counters *c, const char *event, int code, gb_error *error) {
  char prefix[32];
  snprintf(prefix, sizeof prefix, "%.*s", (int)strcspn(event, ":"), event);
  bool of_component = strstr(event, ":::") != NULL, found = false;
  const char *off = "";
  for (int i = 0; i < c->PAPI_num_components(); i++) {
    const PAPI_component_info_t *info = c->PAPI_get_component_info(i);
    if (!info || !(of_component ? strcmp(info->short_name, prefix) == 0 : i == 0))
      continue;
    found = true;
    off = info->disabled ? info->disabled_reason : "";
  }
  if (of_component && !found)
    return gb_fail(error, GB_EUNSUPPORTED, "this PAPI has no component '%s'", prefix);
  if (strcmp(prefix, "sde") == 0 && !c->sde)
    off = c->sde_reason;
  return gb_fail(error, GB_EUNSUPPORTED, "PAPI: %s%s%.180s", c->PAPI_strerror(code),
                 *off ? ": " : "", off);
}

static int find_set(gb_tally *t, int component) {
  gb_counters *c = t->counters;
  for (size_t i = 0; i < t->set_count; i++)
    if (t->sets[i].component == component)
      return (int)i;
  if (t->set_count == MAX_SETS)
    return -1;
  struct set *set = &t->sets[t->set_count];
  *set = (struct set){.id = PAPI_NULL, .component = component};
  if (c->PAPI_create_eventset(&set->id) != PAPI_OK)
    return -1;
  t->set_count++;
  return (int)t->set_count - 1;
}

static gb_status add_papi(gb_tally *t, const char *event, bool first_thread, struct place *place,
                          gb_error *error) {
  gb_counters *c = t->counters;
  if (!c->papi)
    return gb_fail(error, GB_EUNSUPPORTED, "%s", c->papi_reason);
  // Events of other components than the processor's ("sde:::…") belong to the process; PAPI's
  // component of software-defined events may not be asked by two threads at once.
  if (!first_thread && strstr(event, ":::"))
    return GB_OK;
  char name[128];
  int code = 0;
  snprintf(name, sizeof name, "%s", event); // PAPI takes no const
  int status = c->PAPI_event_name_to_code(name, &code);
  if (status != PAPI_OK)
    return fail_event(c, event, status, error);
  int component = c->PAPI_get_event_component(code);
  // Component 0 is that of the processor's counters, which belong to a thread.
  if (component != 0 && !first_thread)
    return GB_OK;
  place->set = find_set(t, component);
  if (place->set < 0)
    return gb_fail(error, GB_EUNSUPPORTED, "PAPI has no more sets of events");
  struct set *set = &t->sets[place->set];
  status = c->PAPI_add_event(set->id, code);
  if (status != PAPI_OK)
    return fail_event(c, event, status, error);
  place->at = set->used++;
  return GB_OK;
}

// libsde makes up a counter for every name that it is asked for, always 0.
static bool is_made_up(const char *event) {
  static const char ours[] = "sde:::ghostbench::";
  if (strncmp(event, ours, sizeof ours - 1) != 0)
    return false;
  for (int i = 0; gb_own_names[i]; i++)
    if (strcmp(event + sizeof ours - 1, gb_own_names[i]) == 0)
      return false;
  return true;
}

static gb_status add_event(gb_tally *t, const char *event, bool first_thread, gb_error *error) {
  struct place *place = &t->places[t->count];
  *place = (struct place){.set = -1, .system = gb_system_find(event), .descriptor = -1};
  t->count++;
  if (place->system != GB_SYSTEM_NONE)
    return gb_system_open(place->system, &place->descriptor, error);
  if (strncmp(event, "os::", 4) == 0)
    return gb_fail(error, GB_EUNSUPPORTED, "the system has no event '%s'", event + 4);
  if (is_made_up(event))
    return gb_fail(error, GB_EUNSUPPORTED, "the harness counts no '%s'", event);
  return add_papi(t, event, first_thread, place, error);
}

gb_status gb_tally_new(gb_counters *counters, const char *const *events, size_t count,
                       bool first_thread, gb_tally **tally, gb_error *error) {
  *tally = NULL;
  if (count > GB_TALLY_EVENTS)
    return gb_fail(error, GB_ELIMIT, "more than %d events at once", GB_TALLY_EVENTS);
  gb_tally *t = gb_allocate(NULL, 1, sizeof *t);
  if (!t)
    return gb_fail_memory(error);
  t->counters = counters;
  gb_status status = GB_OK;
  for (size_t i = 0; i < count && status == GB_OK; i++)
    status = add_event(t, events[i], first_thread, error);
  for (size_t i = 0; i < t->set_count && status == GB_OK; i++) {
    int code = counters->PAPI_start(t->sets[i].id);
    t->sets[i].running = code == PAPI_OK;
    if (code != PAPI_OK)
      status = gb_fail(error, GB_EUNSUPPORTED, "PAPI: %s", counters->PAPI_strerror(code));
  }
  int64_t values[GB_TALLY_EVENTS];
  if (status == GB_OK && !gb_tally_read(t, values))
    status = gb_fail(error, GB_EUNSUPPORTED, "the counts cannot be read");
  if (status != GB_OK)
    gb_tally_free(t);
  else
    *tally = t;
  return status;
}

bool gb_tally_read(gb_tally *t, int64_t *values) {
  long long counted[MAX_SETS][GB_TALLY_EVENTS];
  bool fine = true;
  for (size_t i = 0; i < t->set_count; i++)
    fine &= t->counters->PAPI_read(t->sets[i].id, counted[i]) == PAPI_OK;
  for (size_t i = 0; i < t->count; i++) {
    const struct place *place = &t->places[i];
    if (place->system != GB_SYSTEM_NONE)
      fine &= gb_system_read(place->system, place->descriptor, &values[i]);
    else
      values[i] = place->set >= 0 && fine ? counted[place->set][place->at] : 0;
  }
  return fine;
}

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

bool gb_tally_cost(gb_tally *tally, int64_t *values) {
  int64_t before[GB_TALLY_EVENTS], after[GB_TALLY_EVENTS], cost[GB_TALLY_EVENTS][COST_READS];
  for (int k = 0; k < COST_READS; k++) {
    if (!gb_tally_read(tally, before) || !gb_tally_read(tally, after))
      return false;
    for (size_t i = 0; i < tally->count; i++)
      cost[i][k] = after[i] - before[i];
  }
  for (size_t i = 0; i < tally->count; i++) {
    qsort(cost[i], COST_READS, sizeof cost[i][0], by_size);
    values[i] = cost[i][COST_READS / 2];
  }
  return true;
}

void gb_tally_free(gb_tally *t) {
  if (!t)
    return;
  gb_counters *c = t->counters;
  for (size_t i = 0; i < t->set_count; i++) {
    long long last[GB_TALLY_EVENTS];
    if (t->sets[i].running)
      c->PAPI_stop(t->sets[i].id, last);
    c->PAPI_cleanup_eventset(t->sets[i].id);
    c->PAPI_destroy_eventset(&t->sets[i].id);
  }
  for (size_t i = 0; i < t->count; i++)
    if (t->places[i].descriptor >= 0)
      close(t->places[i].descriptor);
  gb_release(NULL, t);
}

int gb_counters_split(gb_counters *counters, const char *const *events, size_t count, size_t most,
                      int *pass) {
  const char *together[GB_TALLY_EVENTS];
  size_t used = 0;
  int passes = 0;
  most = most == 0 || most > GB_TALLY_EVENTS ? GB_TALLY_EVENTS : most;
  for (size_t i = 0; i < count; i++) {
    gb_tally *tally = NULL;
    gb_error error;
    pass[i] = -1;
    if (passes && used < most) {
      together[used] = events[i];
      if (gb_tally_new(counters, together, used + 1, true, &tally, &error) == GB_OK)
        used++;
    }
    if (!tally) { // alone, in a new pass
      if (gb_tally_new(counters, &events[i], 1, true, &tally, &error) != GB_OK)
        continue;
      passes++;
      together[0] = events[i];
      used = 1;
    }
    pass[i] = passes - 1;
    gb_tally_free(tally);
  }
  return passes;
}
