// Opening the stores that operands name, and looking things up in cells.
#define _POSIX_C_SOURCE 200809L
#include "harness/cli/stores.h"

#include "layers/base/file.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

gb_status gb_stores_open(const char *operand, gb_store_mode mode, gb_store **store,
                         gb_error *error) {
  const gb_store_options options = {.mode = mode};
  gb_text path = {0};
  gb_text_add(&path, operand);
  if (gb_folder_exists(operand))
    gb_text_add(&path, operand[strlen(operand) - 1] == '/' ? "ghostbench.db" : "/ghostbench.db");
  signal(SIGXFSZ, SIG_IGN); // a limit on the size of files is told as an error
  gb_status status = path.failed ? gb_fail_memory(error)
                                 : gb_store_open(gb_text_get(&path), &options, store, error);
  gb_text_free(&path);
  return status;
}

double gb_stored_figure_of(const gb_stored_cell *cell, const char *name) {
  for (size_t i = 0; i < cell->figure_count; i++)
    if (strcmp(cell->figures[i].name, name) == 0)
      return cell->figures[i].value;
  return (double)NAN;
}

bool gb_stored_count_of(const gb_stored_cell *cell, const char *name, int64_t *value) {
  for (size_t i = 0; i < cell->count_count; i++)
    if (strcmp(cell->counts[i].name, name) == 0) {
      *value = cell->counts[i].value;
      return true;
    }
  return false;
}

const char *gb_stored_fact_of(const gb_stored_fact *facts, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(facts[i].name, name) == 0)
      return facts[i].value;
  return "";
}

void gb_print_time(double seconds, char text[GB_TIME_TEXT]) {
  struct tm parts;
  text[0] = '\0';
  if (!(seconds > 0 && seconds < 4e9))
    return;
  time_t whole = (time_t)seconds;
  size_t length =
      gmtime_r(&whole, &parts) ? strftime(text, GB_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &parts) : 0;
  snprintf(text + length, GB_TIME_TEXT - length, ".%03dZ", (int)(1e3 * (seconds - (double)whole)));
}

gb_status gb_stored_seconds(const gb_stored_sample *samples, size_t count, gb_arena *arena,
                            double **seconds, gb_error *error) {
  *seconds = gb_arena_allocate(arena, count + 1, sizeof **seconds);
  if (!*seconds)
    return gb_fail_memory(error);
  for (size_t i = 0; i < count; i++)
    (*seconds)[i] = samples[i].seconds;
  return GB_OK;
}
