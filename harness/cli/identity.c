// The executable's build id and the machine's facts, for keys of cells and for the record.
#define _GNU_SOURCE // gethostname
#include "harness/cli/identity.h"

#include "harness/cli/build.h"
#include "harness/cli/cli.h"
#include "layers/base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRAM_MOST = 256 << 20 };

gb_status gb_build_id(gb_arena *arena, const char **id, gb_error *error) {
  gb_environment e;
  gb_environment_read(&e);
  char text[GB_DIGEST_TEXT + sizeof e.build_id];
  snprintf(text, sizeof text, "%s", e.build_id);
  if (!*text) {
    char *bytes;
    size_t size;
    GB_TRY(gb_file_read("/proc/self/exe", PROGRAM_MOST, &bytes, &size, error));
    gb_digest(bytes, size, text);
    free(bytes);
  }
  *id = gb_arena_copy(arena, text);
  return *id ? GB_OK : gb_fail_memory(error);
}

gb_status gb_machine_text(gb_arena *arena, const char **text, gb_error *error) {
  gb_machine m;
  gb_machine_read(&m);
  *text = gb_arena_print(arena,
                         "cpu %s; vectors %s; online %d; allowed %d; quota %g; l1d %" PRId64
                         "; l2 %" PRId64 "; l3 %" PRId64 "; kernel %s; governor %s; virtual %s",
                         m.cpu, m.vectors, m.cores_online, m.cores_allowed, m.cgroup_cpus, m.l1d,
                         m.l2, m.l3, m.kernel, m.governor, m.hypervisor);
  return *text ? GB_OK : gb_fail_memory(error);
}

typedef struct listing {
  gb_arena *arena;
  gb_stored_fact *facts;
  size_t count, room;
  bool failed;
} listing;

static void add(listing *l, const char *name, const char *value) {
  if (!value || !*value)
    return;
  gb_stored_fact *grown = gb_arena_grow(l->arena, l->facts, l->count, &l->room, sizeof *grown);
  const char *key = gb_arena_copy(l->arena, name), *copy = gb_arena_copy(l->arena, value);
  if (!grown || !copy || !key) {
    l->failed = true;
    return;
  }
  l->facts = grown;
  grown[l->count++] = (gb_stored_fact){key, copy};
}

// What changes from run to run on the same machine is no part of the environment.
static void add_fact(void *context, const gb_environment_fact *fact) {
  if (!fact->changes)
    add(context, fact->key, fact->value);
}

gb_status gb_environment_facts(const gb_environment *environment, gb_arena *arena,
                               const gb_stored_fact **facts, size_t *count, gb_error *error) {
  listing l = {.arena = arena};
  char host[128] = "";
  gb_environment_each(environment, add_fact, &l);
  gethostname(host, sizeof host - 1);
  add(&l, "isa_override", getenv("GHOSTBENCH_ISA"));
  add(&l, "host", host);
  *facts = l.facts;
  *count = l.count;
  return l.failed ? gb_fail_memory(error) : GB_OK;
}
