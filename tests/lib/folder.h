// A temporary folder of a test's own, and helpers on the files in it.
//
// POSIX only: the test file defines _POSIX_C_SOURCE 200809L before its first include.
#ifndef GB_TESTS_FOLDER_H
#define GB_TESTS_FOLDER_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct test_folder {
  char path[256];
  char file[512]; // the last path made by folder_file
} test_folder;

static inline bool folder_open(test_folder *folder) {
  const char *base = getenv("TMPDIR");
  snprintf(folder->path, sizeof folder->path, "%s/gb-test-XXXXXX", base && *base ? base : "/tmp");
  return mkdtemp(folder->path) != NULL;
}

// "FOLDER/name", valid until the next call.
static inline const char *folder_file(test_folder *folder, const char *name) {
  snprintf(folder->file, sizeof folder->file, "%s/%s", folder->path, name);
  return folder->file;
}

// Removes the folder with its files (no folders inside); returns how many files there were.
static inline int folder_close(test_folder *folder) {
  int files = 0;
  DIR *dir = opendir(folder->path);
  for (struct dirent *entry; dir && (entry = readdir(dir));)
    if (entry->d_name[0] != '.') {
      files++;
      unlink(folder_file(folder, entry->d_name));
    }
  if (dir)
    closedir(dir);
  rmdir(folder->path);
  return files;
}

static inline bool folder_put(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  if (!file)
    return false;
  bool good = fwrite(bytes, 1, size, file) == size;
  return fclose(file) == 0 && good;
}

#endif
