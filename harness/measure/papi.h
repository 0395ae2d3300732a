// PAPI and libsde, loaded when they are asked for; private to this folder.
#ifndef GB_MEASURE_PAPI_H
#define GB_MEASURE_PAPI_H

#include "harness/measure/counters.h"

#include <papi.h>
#include <sde_lib.h>

// The functions used here, with their libraries' own prototypes.
#define GB_PAPI_FUNCTIONS(X)                                                                       \
  X(PAPI_library_init)                                                                             \
  X(PAPI_thread_init)                                                                              \
  X(PAPI_strerror)                                                                                 \
  X(PAPI_num_cmp_hwctrs)                                                                           \
  X(PAPI_num_components)                                                                           \
  X(PAPI_get_component_info)                                                                       \
  X(PAPI_get_event_component)                                                                      \
  X(PAPI_enum_event)                                                                               \
  X(PAPI_query_event)                                                                              \
  X(PAPI_event_name_to_code)                                                                       \
  X(PAPI_create_eventset)                                                                          \
  X(PAPI_assign_eventset_component)                                                                \
  X(PAPI_add_event)                                                                                \
  X(PAPI_start)                                                                                    \
  X(PAPI_read)                                                                                     \
  X(PAPI_stop)                                                                                     \
  X(PAPI_cleanup_eventset)                                                                         \
  X(PAPI_destroy_eventset)                                                                         \
  X(PAPI_shutdown)
#define GB_SDE_FUNCTIONS(X)                                                                        \
  X(papi_sde_init)                                                                                 \
  X(papi_sde_register_counter)                                                                     \
  X(papi_sde_describe_counter)                                                                     \
  X(papi_sde_shutdown)

struct gb_counters {
#define X(name) __typeof__(&name) name;
  GB_PAPI_FUNCTIONS(X)
  GB_SDE_FUNCTIONS(X)
#undef X
  bool papi, sde;                         // loaded and started
  char papi_reason[256], sde_reason[256]; // why not
  char version[32];
  papi_handle_t handle;        // of our published counts
  long long own[GB_OWN_COUNT]; // PAPI reads them here
};

// system.c: the events "os::…".
enum { GB_SYSTEM_NONE = -1 };
int gb_system_find(const char *name); // index of "os::NAME", or GB_SYSTEM_NONE
// Opens what the event needs on this thread: a file descriptor, or -1 where it needs none.
gb_status gb_system_open(int event, int *descriptor, gb_error *error);
bool gb_system_read(int event, int descriptor, int64_t *value);

#endif
