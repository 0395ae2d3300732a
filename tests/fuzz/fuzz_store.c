// Fuzzes the store: a file from a stranger is refused with its name, or every cell in it is read;
// nothing is written to it.
#define _GNU_SOURCE // memfd_create
#include "tests/fuzz/fuzz.h"

#include "harness/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static gb_status look(void *context, const gb_stored_cell *cell, gb_error *error) {
  (void)error;
  size_t *cells = context;
  *cells += cell->key && cell->kind; // both are read
  return GB_OK;
}

static void read_all(const char *path) {
  gb_store *store = NULL;
  gb_error error = {0};
  const gb_store_options options = {.mode = GB_STORE_READ, .wait_ms = 1};
  if (gb_store_open(path, &options, &store, &error) != GB_OK) {
    if (!strstr(error.message, path))
      abort();
    return;
  }
  size_t cells = 0, checked = 0;
  gb_text faults = {0};
  (void)gb_store_cells(store, look, &cells, &error);
  (void)gb_store_check(store, &checked, &faults, &error);
  gb_text_free(&faults);
  gb_store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char path[64];
  int file = memfd_create("fuzz", 0);
  if (file < 0)
    return 0;
  if (size == 0 || write(file, bytes, size) == (ssize_t)size) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    read_all(path);
  }
  close(file);
  return 0;
}
