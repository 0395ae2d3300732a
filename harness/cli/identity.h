// Who computes: this executable and this machine, as texts for keys and as facts for the store.
#ifndef GB_CLI_IDENTITY_H
#define GB_CLI_IDENTITY_H

#include "harness/measure/environment.h"
#include "harness/store/store.h"

// The linker's build id of this executable in hexadecimal, or the SHA-256 of its file where it has
// none: another program, another text. Owned by the arena.
gb_status gb_build_id(gb_arena *arena, const char **id, gb_error *error);

// What of the machine decides times: processor, caches, processors allowed, kernel, frequency
// policy. Not its name: equal nodes of a cluster share their measurements.
gb_status gb_machine_text(gb_arena *arena, const char **text, gb_error *error);

// All that is known of program and machine and stays as it is, in the order in which it is shown.
gb_status gb_environment_facts(const gb_environment *environment, gb_arena *arena,
                               const gb_stored_fact **facts, size_t *count, gb_error *error);

#endif
