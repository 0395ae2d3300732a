// The executable's build id and the machine's facts, for keys of cells and for the record.
#define _GNU_SOURCE // dl_iterate_phdr, sched_getaffinity
#include "harness/cli/identity.h"

#include "harness/cli/cli.h"
#include "harness/measure/machine.h"
#include "layers/base/file.h"

#include <inttypes.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ID_MOST = 64, PROGRAM_MOST = 256 << 20, GIT_MOST = 1 << 20 };

typedef struct found_id {
  unsigned char bytes[ID_MOST];
  size_t length;
} found_id;

// The note of type NT_GNU_BUILD_ID and name "GNU" in the first object, which is the program.
static int look_at_object(struct dl_phdr_info *object, size_t size, void *context) {
  (void)size;
  found_id *found = context;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];
    if (header->p_type != PT_NOTE)
      continue;
    const char *note = (const char *)(object->dlpi_addr + header->p_vaddr); // NOLINT
    const char *end = note + header->p_memsz;
    while (note + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) about;
      memcpy(&about, note, sizeof about);
      const char *name = note + sizeof about;
      const char *bytes = name + ((about.n_namesz + 3u) & ~3u);
      if (about.n_type == NT_GNU_BUILD_ID && about.n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
          about.n_descsz <= ID_MOST) {
        memcpy(found->bytes, bytes, about.n_descsz);
        found->length = about.n_descsz;
        return 1;
      }
      note = bytes + ((about.n_descsz + 3u) & ~3u);
    }
  }
  return 1; // only the program itself
}

gb_status gb_build_id(gb_arena *arena, const char **id, gb_error *error) {
  found_id found = {.length = 0};
  char text[2 * ID_MOST + 1] = "";
  dl_iterate_phdr(look_at_object, &found);
  for (size_t i = 0; i < found.length; i++)
    snprintf(text + 2 * i, 3, "%02x", found.bytes[i]);
  if (found.length == 0) {
    char *bytes;
    size_t size;
    GB_TRY(gb_file_read("/proc/self/exe", PROGRAM_MOST, &bytes, &size, error));
    gb_digest(bytes, size, text);
    free(bytes);
  }
  *id = gb_arena_copy(arena, text);
  return *id ? GB_OK : gb_fail_memory(error);
}

// ---------------------------------------------------------------------------------------------

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
  const char *copy = gb_arena_copy(l->arena, value);
  if (!grown || !copy) {
    l->failed = true;
    return;
  }
  l->facts = grown;
  grown[l->count++] = (gb_stored_fact){name, copy};
}

static void add_number(listing *l, const char *name, int64_t value) {
  char text[32];
  snprintf(text, sizeof text, "%" PRId64, value);
  if (value >= 0)
    add(l, name, text);
}

// "0-3,8": the processors that this process may use.
static void add_affinity(listing *l) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return;
  gb_text text = {0};
  for (size_t i = 0; i < CPU_SETSIZE; i++) {
    if (!CPU_ISSET(i, &set) || (i > 0 && CPU_ISSET(i - 1, &set)))
      continue;
    size_t last = i;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
      last++;
    gb_text_print(&text, last > i ? "%s%zu-%zu" : "%s%zu", text.length ? "," : "", i, last);
  }
  l->failed |= text.failed;
  add(l, "affinity", gb_text_get(&text));
  gb_text_free(&text);
}

// The first line of a small file, or NULL; owned by the arena.
static const char *first_line(gb_arena *arena, const char *path) {
  char *bytes;
  size_t size;
  if (!path || gb_file_read(path, GIT_MOST, &bytes, &size, NULL) != GB_OK)
    return NULL;
  const char *line = gb_arena_copy_n(arena, bytes, strcspn(bytes, "\r\n"));
  free(bytes);
  return line;
}

// The commit that the source tree beside the program stands at, read from its .git: HEAD, and the
// branch that it names, also in a further worktree. Whether files were changed since is told by the
// build id, not by this.
static void add_git(listing *l) {
  gb_places places = {0};
  if (gb_find_places(l->arena, &places, NULL) != GB_OK)
    return;
  for (const char *const *root = places.roots; *root; root++) {
    const char *folder = gb_arena_print(l->arena, "%s/.git", *root);
    const char *link = first_line(l->arena, folder);
    if (link && strncmp(link, "gitdir: ", 8) == 0)
      folder = link + 8;
    const char *head = first_line(l->arena, gb_arena_print(l->arena, "%s/HEAD", folder));
    if (!head)
      continue;
    const char *commit = head;
    if (strncmp(head, "ref: ", 5) == 0) {
      const char *common = first_line(l->arena, gb_arena_print(l->arena, "%s/commondir", folder));
      commit =
          first_line(l->arena, gb_arena_print(l->arena, "%s/%s%s%s", folder, common ? common : "",
                                              common ? "/" : "", head + 5));
    }
    add(l, "git_commit", commit);
    return;
  }
}

gb_status gb_environment(gb_arena *arena, const gb_stored_fact **facts, size_t *count,
                         gb_error *error) {
  listing l = {.arena = arena};
  gb_machine m;
  char text[256], host[128] = "";
  const char *build;
  gb_machine_read(&m);
  GB_TRY(gb_build_id(arena, &build, error));
  gethostname(host, sizeof host - 1);
  add(&l, "ghostbench", GB_VERSION);
  add(&l, "build_id", build);
  add_git(&l);
  add(&l, "compiler", GB_COMPILER);
  add(&l, "compiler_flags", GB_FLAGS);
  add(&l, "libxml2", gb_xml_version());
  add(&l, "sqlite", gb_store_library());
  add(&l, "cpu", m.cpu);
  add(&l, "vectors", m.vectors);
  add_number(&l, "processors_online", m.cores_online);
  add_number(&l, "processors_allowed", m.cores_allowed);
  add_affinity(&l);
  if (m.cgroup_cpus > 0) {
    snprintf(text, sizeof text, "%g", m.cgroup_cpus);
    add(&l, "quota_processors", text);
  }
  add_number(&l, "l1d_bytes", m.l1d);
  add_number(&l, "l2_bytes", m.l2);
  add_number(&l, "l3_bytes", m.l3);
  add_number(&l, "memory_bytes", m.memory);
  add(&l, "kernel", m.kernel);
  add(&l, "governor", m.governor);
  add(&l, "virtual", m.hypervisor);
  add(&l, "isa_override", getenv("GHOSTBENCH_ISA"));
  add(&l, "host", host);
  *facts = l.facts;
  *count = l.count;
  return l.failed ? gb_fail_memory(error) : GB_OK;
}
