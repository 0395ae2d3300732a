// Status codes and the error object that a caller owns: no function of ghostbench exits or logs.
#ifndef GB_BASE_STATUS_H
#define GB_BASE_STATUS_H

#include <stdarg.h>
#include <stddef.h>

#define GB_STATUS_LIST(X)                                                                          \
  X(GB_OK, "ok")                                                                                   \
  X(GB_EUSAGE, "usage")          /* a flag or an argument of the command line is wrong */          \
  X(GB_EINPUT, "bad input")      /* a file's content is wrong: XML, weights, arrays, tables */     \
  X(GB_ESHAPE, "shape mismatch") /* tensors that do not fit the layer that reads them */           \
  X(GB_ELIMIT, "limit exceeded") /* sizes, depths or counts beyond what is accepted */             \
  X(GB_EIO, "input/output")      /* the operating system refused: missing file, full disk */       \
  X(GB_ENOMEM, "out of memory")                                                                    \
  X(GB_EUNSUPPORTED, "unsupported")                                                                \
  X(GB_EINTERNAL, "internal error") /* a broken promise inside ghostbench itself */

typedef enum gb_status {
#define X(code, text) code,
  GB_STATUS_LIST(X)
#undef X
} gb_status;

// What went wrong, filled by the callee. `message` is one line, always terminated.
typedef struct gb_error {
  gb_status status;
  char message[1024];
} gb_error;

// Where something stands in an input file. `line` and `column` count from 1; 0 is unknown.
// `file` is borrowed and may be NULL.
typedef struct gb_location {
  const char *file;
  int line;
  int column;
} gb_location;

#define GB_PRINTF(text_at, first_at) __attribute__((format(printf, text_at, first_at)))

// The words of a status, static.
const char *gb_status_text(gb_status status);

// Fills `error` (which may be NULL) and returns `status`, so that `return gb_fail(...)` reads well.
gb_status gb_fail(gb_error *error, gb_status status, const char *format, ...) GB_PRINTF(3, 4);

// The same, the message led by "file:line:column: " as far as these are known.
gb_status gb_fail_at(gb_error *error, gb_status status, const gb_location *where,
                     const char *format, ...) GB_PRINTF(4, 5);

// Puts text before a message that a callee has filled: "layer 'conv1': " and the like.
void gb_error_prefix(gb_error *error, const char *format, ...) GB_PRINTF(2, 3);

// Fails with GB_ENOMEM.
gb_status gb_fail_memory(gb_error *error);

// A receiver of many faults, for checks that go on after the first one (`ghostbench validate`).
typedef struct gb_faults {
  void (*add)(struct gb_faults *self, const gb_location *where, const char *message);
  size_t count; // raised by gb_fault()
  void *context;
} gb_faults;

void gb_fault(gb_faults *faults, const gb_location *where, const char *format, ...) GB_PRINTF(3, 4);

// `if (status) return status;` for calls that have filled the caller's error already.
#define GB_TRY(call)                                                                               \
  do {                                                                                             \
    gb_status gb_try_status = (call);                                                              \
    if (gb_try_status != GB_OK)                                                                    \
      return gb_try_status;                                                                        \
  } while (0)

#endif
