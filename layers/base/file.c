// Whole files; see file.h.
#define _POSIX_C_SOURCE 200809L
#include "layers/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gb_status gb_file_read(const char *path, size_t limit, char **bytes, size_t *size,
                       gb_error *error) {
  *bytes = NULL;
  *size = 0;
  gb_status status = GB_OK;
  char *buffer = NULL;
  size_t length = 0, capacity = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return gb_fail(error, GB_EIO, "%s: cannot open: %s", path, strerror(errno));
  struct stat info = {0};
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    status = gb_fail(error, GB_EIO, "%s: is a folder, not a file", path);
    goto done;
  }
  if (S_ISREG(info.st_mode) && info.st_size > 0 && (uintmax_t)info.st_size > limit) {
    status = gb_fail(error, GB_ELIMIT, "%s: %jd bytes; at most %zu are accepted here", path,
                     (intmax_t)info.st_size, limit);
    goto done;
  }
  // The size of the file is a hint only (pipes have none); the bound holds for what is read.
  capacity = S_ISREG(info.st_mode) && info.st_size > 0 && (uintmax_t)info.st_size < limit
                 ? (size_t)info.st_size + 2
                 : 65536;
  for (;;) {
    if (!buffer || length + 1 >= capacity) {
      if (buffer)
        capacity *= 2;
      char *grown = realloc(buffer, capacity);
      if (!grown) {
        status = gb_fail_memory(error);
        goto done;
      }
      buffer = grown;
    }
    ssize_t n = read(fd, buffer + length, capacity - length - 1);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      status = gb_fail(error, GB_EIO, "%s: cannot read: %s", path, strerror(errno));
      goto done;
    }
    if (n == 0)
      break;
    length += (size_t)n;
    if (length > limit) {
      status =
          gb_fail(error, GB_ELIMIT, "%s: larger than the %zu bytes accepted here", path, limit);
      goto done;
    }
  }
  buffer[length] = '\0';
  *bytes = buffer;
  *size = length;
  buffer = NULL;
done:
  free(buffer);
  close(fd);
  return status;
}

static gb_status write_all(int fd, const char *bytes, size_t size, const char *path,
                           gb_error *error) {
  while (size) {
    ssize_t n = write(fd, bytes, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return gb_fail(error, GB_EIO, "%s: cannot write: %s", path, strerror(errno));
    bytes += n;
    size -= (size_t)n;
  }
  return GB_OK;
}

gb_status gb_file_write(const char *path, const void *bytes, size_t size, gb_error *error) {
  // A device or a pipe (/dev/stdout, /dev/full) is written in place: renaming would replace it.
  struct stat info;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
      return gb_fail(error, GB_EIO, "%s: cannot open for writing: %s", path, strerror(errno));
    gb_status status = write_all(fd, bytes, size, path, error);
    close(fd);
    return status;
  }
  char temporary[PATH_MAX];
  int n = snprintf(temporary, sizeof temporary, "%s.part-%ld", path, (long)getpid());
  if (n < 0 || (size_t)n >= sizeof temporary)
    return gb_fail(error, GB_EIO, "%s: path too long", path);
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0)
    return gb_fail(error, GB_EIO, "%s: cannot create: %s", path, strerror(errno));
  gb_status status = write_all(fd, bytes, size, path, error);
  if (status == GB_OK && fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
    status = gb_fail(error, GB_EIO, "%s: cannot flush: %s", path, strerror(errno));
  if (close(fd) != 0 && status == GB_OK)
    status = gb_fail(error, GB_EIO, "%s: cannot close: %s", path, strerror(errno));
  if (status == GB_OK && rename(temporary, path) != 0)
    status = gb_fail(error, GB_EIO, "%s: cannot put in place: %s", path, strerror(errno));
  if (status != GB_OK)
    unlink(temporary);
  return status;
}

gb_status gb_folder_make(const char *path, gb_error *error) {
  char partial[PATH_MAX];
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof partial)
    return gb_fail(error, GB_EIO, "'%s': not a usable folder name", path);
  memcpy(partial, path, length + 1);
  for (char *slash = strchr(partial + 1, '/');; slash = strchr(slash + 1, '/')) {
    if (slash)
      *slash = '\0';
    if (mkdir(partial, 0777) != 0 && errno != EEXIST)
      return gb_fail(error, GB_EIO, "%s: cannot make the folder: %s", partial, strerror(errno));
    if (!slash)
      break;
    *slash = '/';
  }
  if (!gb_folder_exists(path))
    return gb_fail(error, GB_EIO, "%s: exists and is not a folder", path);
  return GB_OK;
}

bool gb_file_exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, R_OK) == 0;
}

bool gb_folder_exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}
