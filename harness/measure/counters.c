// What can be counted here, as PAPI sees it.
#include "harness/measure/machine.h"

#include <papi.h>
#include <stdio.h>

static void add_component(gb_counters_info *info, size_t *used, const PAPI_component_info_t *c) {
  size_t left = sizeof info->components - *used;
  int n = c->disabled ? snprintf(info->components + *used, left, "%s%s: off (%s)",
                                 *used ? "; " : "", c->short_name, c->disabled_reason)
                      : snprintf(info->components + *used, left, "%s%s (%d events)",
                                 *used ? "; " : "", c->short_name, c->num_native_events);
  if (n > 0)
    *used += (size_t)n < left ? (size_t)n : left - 1;
}

gb_status gb_counters_probe(gb_counters_info *info, gb_error *error) {
  *info = (gb_counters_info){0};
  int version = PAPI_library_init(PAPI_VER_CURRENT);
  if (version != PAPI_VER_CURRENT)
    return gb_fail(error, GB_EUNSUPPORTED, "PAPI cannot start: %s",
                   version < 0 ? PAPI_strerror(version) : "header and library differ");
  snprintf(info->version, sizeof info->version, "%d.%d.%d", PAPI_VERSION_MAJOR(version),
           PAPI_VERSION_MINOR(version), PAPI_VERSION_REVISION(version));
  info->hardware = PAPI_num_cmp_hwctrs(0);
  if (info->hardware < 0)
    info->hardware = 0;
  size_t used = 0;
  for (int i = 0; i < PAPI_num_components(); i++) {
    const PAPI_component_info_t *c = PAPI_get_component_info(i);
    if (!c)
      continue;
    add_component(info, &used, c);
    if (i == 0 && c->disabled)
      snprintf(info->hardware_reason, sizeof info->hardware_reason, "%.200s", c->disabled_reason);
  }
  int event = PAPI_PRESET_MASK;
  if (PAPI_enum_event(&event, PAPI_ENUM_FIRST) == PAPI_OK)
    do
      info->presets += PAPI_query_event(event) == PAPI_OK;
    while (PAPI_enum_event(&event, PAPI_PRESET_ENUM_AVAIL) == PAPI_OK);
  PAPI_shutdown();
  return GB_OK;
}
