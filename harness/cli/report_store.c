// The cells that an experiment's record names, from the store beside its folder.
#include "harness/cli/report.h"

#include "layers/base/file.h"

#include <string.h>

// ghostbench.db stands beside the folder of the experiment.
static const char *store_path(gb_report *report, const char *folder) {
  const char *slash = strrchr(folder, '/');
  int n = slash ? (int)(slash - folder) : 0;
  return slash ? gb_arena_print(report->arena, "%.*s/ghostbench.db", n, folder)
               : gb_arena_print(report->arena, "ghostbench.db");
}

// Each store is opened once. NULL where it cannot be, and `opened->fault` says why.
static gb_status open_store(gb_report *report, const char *path, gb_report_store **opened,
                            gb_error *error) {
  for (size_t i = 0; i < report->store_count; i++)
    if (strcmp(report->stores[i].path, path) == 0) {
      *opened = &report->stores[i];
      return GB_OK;
    }
  gb_report_store *grown = gb_arena_grow(report->arena, report->stores, report->store_count,
                                         &report->store_room, sizeof *grown);
  if (!grown)
    return gb_fail_memory(error);
  report->stores = grown;
  gb_report_store *s = *opened = &grown[report->store_count++];
  *s = (gb_report_store){.path = path, .fault = ""};
  gb_error why = {0};
  const gb_store_options options = {.mode = GB_STORE_READ};
  if (!gb_file_exists(path))
    s->fault = gb_arena_print(report->arena, "there is no %s", path);
  else if (gb_store_open(path, &options, &s->store, &why) != GB_OK)
    s->fault = gb_arena_copy(report->arena, why.message);
  return s->fault ? GB_OK : gb_fail_memory(error);
}

static gb_status find_cells(gb_report *report, const gb_record *record, const char *measure,
                            gb_report_store *s, gb_measured *measured, gb_error *error) {
  size_t wanted = 0;
  for (size_t i = 0; i < record->cell_count && !*s->fault; i++) {
    if (strcmp(record->cells[i].name, measure) != 0)
      continue;
    gb_stored_cell *cell = NULL;
    gb_error why = {0};
    if (gb_store_get(s->store, record->cells[i].text, report->arena, &cell, &why) != GB_OK) {
      s->fault = gb_arena_copy(report->arena, why.message);
      break;
    }
    wanted++;
    if (cell && !cell->error)
      measured->cells[measured->count++] = cell;
  }
  if (s->fault && !*s->fault && measured->count < wanted)
    measured->missing = wanted - measured->count;
  measured->fault = s->fault;
  return s->fault ? GB_OK : gb_fail_memory(error);
}

gb_status gb_report_cells(gb_report *report, const gb_reported *one, const char *measure,
                          gb_measured *measured, gb_error *error) {
  const gb_record *record = one->record;
  *measured = (gb_measured){.fault = ""};
  for (size_t i = 0; i < record->cell_count; i++)
    measured->asked |= strcmp(record->cells[i].name, measure) == 0;
  if (!measured->asked)
    return GB_OK;
  measured->cells =
      gb_arena_allocate(report->arena, record->cell_count + 1, sizeof *measured->cells);
  const char *path = store_path(report, one->folder);
  gb_report_store *s;
  if (!measured->cells || !path)
    return gb_fail_memory(error);
  GB_TRY(open_store(report, path, &s, error));
  return find_cells(report, record, measure, s, measured, error);
}
