// A session of PAPI. It is loaded when it is asked for, not at start: with libpfm it has 41,000
// relocations, which every other command would wait for.
#define _POSIX_C_SOURCE 200809L
#include "harness/measure/callgrind.h"
#include "harness/measure/machine.h"
#include "harness/measure/papi.h"
#include "layers/base/memory.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

const char *const gb_own_names[] = {"nominal_macs", "executed_macs", "bytes", "steps", NULL};
static const char *const own_texts[] = {
    "multiply-accumulates of the layers as written", "multiply-accumulates that the engine does",
    "bytes of inputs, weights and outputs", "steps of the engine's plan"};

static void *open_library(const char *const *names, int mode) {
  void *library = NULL;
  for (; *names && !library; names++)
    library = dlopen(*names, RTLD_NOW | mode);
  return library;
}

// POSIX lets dlsym's result be a function; C has no cast for that, so its bytes are copied.
#define X(name)                                                                                    \
  {                                                                                                \
    void *found = dlsym(library, #name);                                                           \
    if (!found)                                                                                    \
      return #name;                                                                                \
    memcpy(&c->name, &found, sizeof found);                                                        \
  }
static const char *missing_in_papi(gb_counters *c, void *library) {
  GB_PAPI_FUNCTIONS(X)
  return NULL;
}
static const char *missing_in_sde(gb_counters *c, void *library) {
  GB_SDE_FUNCTIONS(X)
  return NULL;
}
#undef X

// libsde stands before PAPI and for all to see: PAPI's component looks for its symbols there. The
// libraries stay: PAPI leaves threads' data behind that dlclose would pull away.
static void open_sde(gb_counters *c) {
  static const char *const names[] = {"libsde.so.1", "libsde.so.1.0", "libsde.so", NULL};
  void *library = open_library(names, RTLD_GLOBAL);
  if (!library) {
    snprintf(c->sde_reason, sizeof c->sde_reason, "PAPI's libsde is missing: %.180s", dlerror());
    return;
  }
  const char *missing = missing_in_sde(c, library);
  if (missing) {
    snprintf(c->sde_reason, sizeof c->sde_reason, "PAPI's libsde lacks %s", missing);
    return;
  }
  c->handle = c->papi_sde_init("ghostbench");
  c->sde = c->handle != NULL;
  for (int i = 0; i < GB_OWN_COUNT && c->sde; i++) {
    c->sde = c->papi_sde_register_counter(c->handle, gb_own_names[i], PAPI_SDE_RO | PAPI_SDE_DELTA,
                                          PAPI_SDE_long_long, &c->own[i]) == SDE_OK;
    if (c->sde)
      c->papi_sde_describe_counter(c->handle, gb_own_names[i], own_texts[i]);
  }
  if (!c->sde)
    snprintf(c->sde_reason, sizeof c->sde_reason, "PAPI's libsde takes no counts");
}

static unsigned long thread_id(void) {
  return (unsigned long)pthread_self();
}

static void open_papi(gb_counters *c) {
  static const char *const names[] = {"libpapi.so.7.0", "libpapi.so.7", "libpapi.so.7.1",
                                      "libpapi.so", NULL};
  void *library = open_library(names, RTLD_LOCAL);
  if (!library) {
    snprintf(c->papi_reason, sizeof c->papi_reason, "PAPI's library is missing: %.180s", dlerror());
    return;
  }
  const char *missing = missing_in_papi(c, library);
  if (missing) {
    snprintf(c->papi_reason, sizeof c->papi_reason, "PAPI's library lacks %s", missing);
    return;
  }
  int version = c->PAPI_library_init(PAPI_VER_CURRENT);
  if (version != PAPI_VER_CURRENT) {
    snprintf(c->papi_reason, sizeof c->papi_reason, "PAPI cannot start: %.180s",
             version < 0 ? c->PAPI_strerror(version) : "header and library differ");
    return;
  }
  snprintf(c->version, sizeof c->version, "%d.%d.%d", PAPI_VERSION_MAJOR(version),
           PAPI_VERSION_MINOR(version), PAPI_VERSION_REVISION(version));
  c->PAPI_thread_init(thread_id);
  c->papi = true;
}

gb_status gb_counters_open(gb_counters **counters, gb_error *error) {
  *counters = gb_allocate(NULL, 1, sizeof **counters);
  if (!*counters)
    return gb_fail_memory(error);
  open_sde(*counters);
  open_papi(*counters);
  return GB_OK;
}

void gb_counters_close(gb_counters *counters) {
  if (!counters)
    return;
  if (counters->papi)
    counters->PAPI_shutdown();
  if (counters->sde)
    counters->papi_sde_shutdown(counters->handle);
  gb_release(NULL, counters);
}

void gb_counters_add(gb_counters *counters, gb_own which, int64_t amount) {
  counters->own[which] += amount;
}

// ---------------------------------------------------------------------------------------------

static void add_component(gb_counters_info *info, size_t *used, const PAPI_component_info_t *c) {
  size_t left = sizeof info->components - *used;
  int n = c->disabled ? snprintf(info->components + *used, left, "%s%s: off (%s)",
                                 *used ? "; " : "", c->short_name, c->disabled_reason)
                      : snprintf(info->components + *used, left, "%s%s (%d events)",
                                 *used ? "; " : "", c->short_name, c->num_native_events);
  if (n > 0)
    *used += (size_t)n < left ? (size_t)n : left - 1;
}

void gb_counters_tell(gb_counters *c, gb_counters_info *info) {
  *info = (gb_counters_info){0};
  memcpy(info->version, c->version, sizeof info->version);
  memcpy(info->reason, c->papi_reason, sizeof info->reason);
  if (!c->papi)
    return;
  int hardware = c->PAPI_num_cmp_hwctrs(0);
  info->hardware = hardware > 0 ? hardware : 0;
  size_t used = 0;
  for (int i = 0; i < c->PAPI_num_components(); i++) {
    const PAPI_component_info_t *component = c->PAPI_get_component_info(i);
    if (!component)
      continue;
    add_component(info, &used, component);
    if (i == 0 && component->disabled)
      snprintf(info->hardware_reason, sizeof info->hardware_reason, "%.200s",
               component->disabled_reason);
  }
  int event = PAPI_PRESET_MASK;
  if (c->PAPI_enum_event(&event, PAPI_ENUM_FIRST) == PAPI_OK)
    do
      info->presets += c->PAPI_query_event(event) == PAPI_OK;
    while (c->PAPI_enum_event(&event, PAPI_PRESET_ENUM_AVAIL) == PAPI_OK);
}

static bool begins(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

// What would make an event available that is not.
static void find_remedy(gb_counters *c, const char *event, char *remedy, size_t size) {
  gb_machine machine;
  gb_counters_info info;
  gb_machine_read(&machine);
  gb_counters_tell(c, &info);
  if (begins(event, "os::"))
    snprintf(remedy, size, "kernel.perf_event_paranoid below 2 (here: %d), or root",
             machine.perf_paranoid);
  else if (!c->papi)
    snprintf(remedy, size, "install PAPI (Debian: libpapi7.0)");
  else if (begins(event, "sde:::"))
    snprintf(remedy, size, "install PAPI's libsde (Debian: libsde1)");
  else if (begins(event, "rapl") || begins(event, "powercap"))
    snprintf(remedy, size,
             "a machine that is not virtual, a PAPI with this component, and the "
             "right to read its energy counters (often root)");
  else if (info.hardware == 0 || info.presets == 0)
    snprintf(remedy, size,
             "a machine whose processor counters reach the system (most virtual ones hide them), "
             "and kernel.perf_event_paranoid at most 2 (here: %d)",
             machine.perf_paranoid);
  else
    snprintf(remedy, size,
             "none: this processor has no such event (papi_avail and "
             "papi_native_avail list what it has)");
}

void gb_event_look(gb_counters *counters, const char *event, gb_event_state *state) {
  *state = (gb_event_state){0};
  if (gb_callgrind_column(event) >= 0 || begins(event, "callgrind::")) {
    state->available = gb_callgrind_usable(event, state->reason, sizeof state->reason,
                                           state->remedy, sizeof state->remedy);
    return;
  }
  gb_tally *tally;
  gb_error error = {0};
  state->available = gb_tally_new(counters, &event, 1, true, &tally, &error) == GB_OK;
  if (state->available) {
    gb_tally_free(tally);
    return;
  }
  snprintf(state->reason, sizeof state->reason, "%.250s", error.message);
  find_remedy(counters, event, state->remedy, sizeof state->remedy);
}
