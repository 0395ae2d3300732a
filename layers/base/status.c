// Status codes and messages; see status.h.
#include "layers/base/status.h"

#include <stdio.h>
#include <string.h>

const char *gb_status_text(gb_status status) {
  static const char *const texts[] = {
#define X(code, text) text,
      GB_STATUS_LIST(X)
#undef X
  };
  size_t index = (size_t)status;
  return index < sizeof texts / sizeof *texts ? texts[index] : "unknown status";
}

// Messages are one line on a terminal whatever an input file contained.
static void keep_on_one_line(char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      *text = ' ';
}

GB_PRINTF(4, 0)
static void fill(gb_error *error, gb_status status, const gb_location *where, const char *format,
                 va_list arguments) {
  if (!error)
    return;
  error->status = status;
  size_t used = 0;
  if (where && where->file) {
    int n =
        where->line > 0 && where->column > 0
            ? snprintf(error->message, sizeof error->message, "%s:%d:%d: ", where->file,
                       where->line, where->column)
        : where->line > 0
            ? snprintf(error->message, sizeof error->message, "%s:%d: ", where->file, where->line)
            : snprintf(error->message, sizeof error->message, "%s: ", where->file);
    used = n < 0 ? 0 : (size_t)n;
    if (used >= sizeof error->message)
      used = sizeof error->message - 1;
  }
  vsnprintf(error->message + used, sizeof error->message - used, format, arguments);
  keep_on_one_line(error->message);
}

gb_status gb_fail(gb_error *error, gb_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fill(error, status, NULL, format, arguments);
  va_end(arguments);
  return status;
}

gb_status gb_fail_at(gb_error *error, gb_status status, const gb_location *where,
                     const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fill(error, status, where, format, arguments);
  va_end(arguments);
  return status;
}

void gb_error_prefix(gb_error *error, const char *format, ...) {
  if (!error)
    return;
  char old[sizeof error->message];
  memcpy(old, error->message, sizeof old);
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  size_t used = n < 0 ? 0 : (size_t)n;
  if (used < sizeof error->message)
    snprintf(error->message + used, sizeof error->message - used, "%s", old);
  keep_on_one_line(error->message);
}

gb_status gb_fail_memory(gb_error *error) {
  return gb_fail(error, GB_ENOMEM, "out of memory");
}

void gb_fault(gb_faults *faults, const gb_location *where, const char *format, ...) {
  gb_error error = {0};
  va_list arguments;
  va_start(arguments, format);
  fill(&error, GB_EINPUT, NULL, format, arguments);
  va_end(arguments);
  faults->count++;
  faults->add(faults, where, error.message);
}
