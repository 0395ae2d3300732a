// What can be counted here, as PAPI sees it. PAPI is loaded when it is asked for, not at start:
// with libpfm it has 41,000 relocations, which every other command would wait for.
#include "harness/measure/machine.h"

#include <dlfcn.h>
#include <papi.h>
#include <stdio.h>
#include <string.h>

// The functions used here, with PAPI's own prototypes.
#define FUNCTIONS(X)                                                                               \
  X(PAPI_library_init)                                                                             \
  X(PAPI_strerror)                                                                                 \
  X(PAPI_num_cmp_hwctrs)                                                                           \
  X(PAPI_num_components)                                                                           \
  X(PAPI_get_component_info)                                                                       \
  X(PAPI_enum_event)                                                                               \
  X(PAPI_query_event)                                                                              \
  X(PAPI_shutdown)

typedef struct papi {
#define X(name) __typeof__(&name) name;
  FUNCTIONS(X)
#undef X
} papi;

static gb_status load(void **library, papi *p, gb_error *error) {
  static const char *const names[] = {"libpapi.so.7.0", "libpapi.so.7", "libpapi.so.7.1",
                                      "libpapi.so"};
  *library = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && !*library; i++)
    *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!*library)
    return gb_fail(error, GB_EUNSUPPORTED, "PAPI's library is missing: %s", dlerror());
    // POSIX lets dlsym's result be a function; C has no cast for that, so its bytes are copied.
#define X(name)                                                                                    \
  {                                                                                                \
    void *found = dlsym(*library, #name);                                                          \
    if (!found)                                                                                    \
      return gb_fail(error, GB_EUNSUPPORTED, "PAPI's library lacks %s", #name);                    \
    memcpy(&p->name, &found, sizeof found);                                                        \
  }
  FUNCTIONS(X)
#undef X
  return GB_OK;
}

static void add_component(gb_counters_info *info, size_t *used, const PAPI_component_info_t *c) {
  size_t left = sizeof info->components - *used;
  int n = c->disabled ? snprintf(info->components + *used, left, "%s%s: off (%s)",
                                 *used ? "; " : "", c->short_name, c->disabled_reason)
                      : snprintf(info->components + *used, left, "%s%s (%d events)",
                                 *used ? "; " : "", c->short_name, c->num_native_events);
  if (n > 0)
    *used += (size_t)n < left ? (size_t)n : left - 1;
}

static gb_status probe(const papi *p, gb_counters_info *info, gb_error *error) {
  *info = (gb_counters_info){0};
  int version = p->PAPI_library_init(PAPI_VER_CURRENT);
  if (version != PAPI_VER_CURRENT)
    return gb_fail(error, GB_EUNSUPPORTED, "PAPI cannot start: %s",
                   version < 0 ? p->PAPI_strerror(version) : "header and library differ");
  snprintf(info->version, sizeof info->version, "%d.%d.%d", PAPI_VERSION_MAJOR(version),
           PAPI_VERSION_MINOR(version), PAPI_VERSION_REVISION(version));
  info->hardware = p->PAPI_num_cmp_hwctrs(0);
  if (info->hardware < 0)
    info->hardware = 0;
  size_t used = 0;
  for (int i = 0; i < p->PAPI_num_components(); i++) {
    const PAPI_component_info_t *c = p->PAPI_get_component_info(i);
    if (!c)
      continue;
    add_component(info, &used, c);
    if (i == 0 && c->disabled)
      snprintf(info->hardware_reason, sizeof info->hardware_reason, "%.200s", c->disabled_reason);
  }
  int event = PAPI_PRESET_MASK;
  if (p->PAPI_enum_event(&event, PAPI_ENUM_FIRST) == PAPI_OK)
    do
      info->presets += p->PAPI_query_event(event) == PAPI_OK;
    while (p->PAPI_enum_event(&event, PAPI_PRESET_ENUM_AVAIL) == PAPI_OK);
  p->PAPI_shutdown();
  return GB_OK;
}

gb_status gb_counters_probe(gb_counters_info *info, gb_error *error) {
  void *library;
  papi p = {0};
  gb_status status = load(&library, &p, error);
  if (status == GB_OK)
    status = probe(&p, info, error);
  // The library stays: PAPI leaves threads' data behind that dlclose would pull away.
  return status;
}
