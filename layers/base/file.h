// Whole files: read with a bound, write so that a reader never sees half of one.
#ifndef GB_BASE_FILE_H
#define GB_BASE_FILE_H

#include "layers/base/status.h"

#include <stdbool.h>

// Reads the file at `path`, at most `limit` bytes (GB_ELIMIT beyond). `*bytes` is owned by the
// caller (free()), has one zero byte behind its `*size` bytes.
gb_status gb_file_read(const char *path, size_t limit, char **bytes, size_t *size, gb_error *error);

// Writes `size` bytes to a temporary file beside `path`, flushes it, and renames it: after an error
// (full disk, unwritable folder) `path` is what it was before.
gb_status gb_file_write(const char *path, const void *bytes, size_t size, gb_error *error);

// Makes the folder and its parents; an existing folder is fine.
gb_status gb_folder_make(const char *path, gb_error *error);

bool gb_file_exists(const char *path);   // a readable regular file
bool gb_folder_exists(const char *path); // a folder

#endif
