// Instructions and simulated cache misses from valgrind's callgrind: the program runs itself once
// more under it, and marks pieces of its work by client requests.
#ifndef GB_MEASURE_CALLGRIND_H
#define GB_MEASURE_CALLGRIND_H

#include "layers/base/status.h"

#include <stdbool.h>
#include <stdint.h>

// callgrind's events, in its order: "Ir", "Dr", …; NULL-terminated. In groups "callgrind::Ir".
enum { GB_CALLGRIND_EVENTS = 13 };
extern const char *const gb_callgrind_event_names[];
// The index of "callgrind::NAME"; -1 when it is none.
int gb_callgrind_column(const char *event);
// Whether it can be simulated here; else why not and what helps.
bool gb_callgrind_usable(const char *event, char *reason, size_t reason_size, char *remedy,
                         size_t remedy_size);

// In the process that is simulated. Elsewhere the marks cost some instructions and do nothing.
bool gb_callgrind_running(void); // under valgrind, and built with its header
void gb_callgrind_start(void);   // simulates from here on, to fill the caches
void gb_callgrind_begin(void);   // counts from 0
void gb_callgrind_end(
    int part); // hands the counts since gb_callgrind_begin over as those of `part`

// Runs `arguments` (a path and its arguments, NULL-terminated; no shell sees them) under callgrind
// and waits. values[part * GB_CALLGRIND_EVENTS + event] of `parts` parts; GB_EIO when the process
// fails (with its words) or a part is missing.
gb_status gb_callgrind_run(const char *const *arguments, size_t parts, int64_t *values,
                           gb_error *error);

// The counts in a file of callgrind, for gb_callgrind_run and tests; `path` stands in messages.
gb_status gb_callgrind_parse(const char *text, const char *path, size_t parts, int64_t *values,
                             gb_error *error);

#endif
