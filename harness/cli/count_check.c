// What of a group of counters only this program knows: whether known work and events of its own
// exist.
#include "harness/cli/count.h"
#include "harness/measure/callgrind.h"

#include <string.h>

static bool is_one_of(const char *name, const char *const *list) {
  for (size_t i = 0; list[i]; i++)
    if (strcmp(list[i], name) == 0)
      return true;
  return false;
}

// `prefix` is of an event's name; "" for known work.
static void tell_unknown(gb_faults *faults, const gb_location *where, const char *what,
                         const char *prefix, const char *name, const char *const *list) {
  gb_suggestion s = {.name = name};
  gb_text known = {0};
  for (size_t i = 0; list[i]; i++) {
    gb_suggest(&s, list[i]);
    gb_text_print(&known, "%s%s", i ? ", " : "", list[i]);
  }
  gb_fault(faults, where, "unknown %s \"%s%.60s\": %s%s%sone of %s%s%s%s", what, prefix, name,
           *prefix ? "behind " : "", prefix, *prefix ? " stands " : "", gb_text_get(&known),
           s.best ? "; did you mean '" : "", s.best ? s.best : "", s.best ? "'?" : "");
  gb_text_free(&known);
}

// Events of PAPI are the machine's to know: `count --counters list` tells of each in PAPI's words.
static void check_source(const gb_group_event *event, const char *name, gb_faults *faults) {
  const struct {
    const char *prefix;
    const char *const *names;
  } kinds[] = {{"os::", gb_system_event_names},
               {"sde:::ghostbench::", gb_own_names},
               {"callgrind::", gb_callgrind_event_names}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    size_t n = strlen(kinds[i].prefix);
    if (strncmp(name, kinds[i].prefix, n) == 0 && !is_one_of(name + n, kinds[i].names))
      tell_unknown(faults, &event->where, "event", kinds[i].prefix, name + n, kinds[i].names);
  }
}

static bool is_simulated(const char *source) {
  return strncmp(source, "callgrind::", 11) == 0;
}

void gb_group_check(const gb_counter_group *group, gb_faults *faults) {
  bool simulated = gb_group_is_simulated(group);
  for (size_t i = 0; i < group->event_count; i++) {
    const gb_group_event *event = &group->events[i];
    for (size_t k = 0; k < event->from_count; k++) {
      check_source(event, event->from[k].name, faults);
      if (is_simulated(event->from[k].name) != simulated)
        gb_fault(faults, &event->where,
                 "event '%s': \"%s\" and \"%s\" in one group: either all events are callgrind's, "
                 "or none",
                 event->name, event->from[k].name, group->events[0].from[0].name);
    }
    if (*event->work && !is_one_of(event->work, gb_known_works))
      tell_unknown(faults, &event->where, "work", "", event->work, gb_known_works);
    else if (*event->work && simulated && strcmp(event->work, "loop") != 0)
      gb_fault(faults, &event->where,
               "work=\"%s\": callgrind's events are checked on \"loop\" only", event->work);
  }
}
