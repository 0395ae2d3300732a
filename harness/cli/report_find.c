// Finds the records of runs for a report.
#define _XOPEN_SOURCE 700 // realpath
#include "harness/cli/report.h"

#include "layers/base/file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EXPERIMENTS = 10000 };

// How `folder` is reached from the folder of `output`: they share no more than their beginning.
const char *gb_report_link(gb_report *report, const char *folder, const char *output) {
  const char *slash = output ? strrchr(output, '/') : NULL;
  size_t n = slash ? (size_t)(slash - output) + 1 : 0;
  if (n && strncmp(folder, output, n) == 0)
    return gb_arena_copy(report->arena, folder + n + strspn(folder + n, "/"));
  if (*folder == '/' || !n)
    return gb_arena_copy(report->arena, folder);
  char *base = realpath(folder, NULL); // of another folder: by its whole path
  const char *link = gb_arena_copy(report->arena, base ? base : folder);
  free(base);
  return link;
}

static gb_status add_record(gb_report *report, const char *folder, gb_error *error) {
  for (size_t i = 0; i < report->count; i++)
    if (strcmp(report->list[i].folder, folder) == 0)
      return GB_OK;
  gb_reported *list =
      gb_arena_grow(report->arena, report->list, report->count, &report->room, sizeof *list);
  if (!list)
    return gb_fail_memory(error);
  if (report->count == MOST_EXPERIMENTS)
    return gb_fail(error, GB_ELIMIT, "more than %d experiments", MOST_EXPERIMENTS);
  report->list = list;
  gb_reported *one = &list[report->count];
  *one = (gb_reported){.folder = gb_arena_copy(report->arena, folder)};
  if (!one->folder)
    return gb_fail_memory(error);
  GB_TRY(gb_record_load(folder, &one->record, error));
  report->count++;
  return GB_OK;
}

static bool has_record(gb_report *report, const char *folder) {
  const char *path = gb_arena_print(report->arena, "%s/" GB_RECORD_FILE, folder);
  return path && gb_file_exists(path);
}

// The folder's own record, or those of the folders in it.
static gb_status add_folder(gb_report *report, const char *path, gb_error *error) {
  size_t before = report->count;
  if (has_record(report, path))
    return add_record(report, path, error);
  DIR *folder = opendir(path);
  gb_status status = GB_OK;
  for (struct dirent *entry; folder && status == GB_OK && (entry = readdir(folder));) {
    if (*entry->d_name == '.')
      continue;
    const char *inner = gb_arena_print(report->arena, "%s/%s", path, entry->d_name);
    if (!inner)
      status = gb_fail_memory(error);
    else if (has_record(report, inner))
      status = add_record(report, inner, error);
  }
  if (folder)
    closedir(folder);
  if (status == GB_OK && report->count == before)
    status = gb_fail(error, GB_EINPUT,
                     "%s holds no results of runs; 'ghostbench run EXPERIMENT' makes them, and "
                     "--output says where",
                     path);
  return status;
}

// A folder, or the name of an experiment whose results stand in results/.
gb_status gb_report_find(gb_report *report, const char *name, gb_error *error) {
  size_t n = strlen(name);
  while (n > 1 && name[n - 1] == '/')
    n--;
  const char *clean = gb_arena_copy_n(report->arena, name, n);
  const char *inner = gb_arena_print(report->arena, "results/%.*s", (int)n, name);
  if (!clean || !inner)
    return gb_fail_memory(error);
  if (gb_folder_exists(clean))
    return add_folder(report, clean, error);
  if (gb_plain_name(clean) && gb_folder_exists(inner))
    return add_folder(report, inner, error);
  return gb_fail(error, GB_EINPUT,
                 "'%s' is neither a folder nor an experiment with results in results/; "
                 "'ghostbench run %s' makes them",
                 clean, gb_plain_name(clean) ? clean : "EXPERIMENT");
}
