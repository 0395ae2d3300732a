// Fuzzes what an outside engine says, line by line: a greeting, times, an output. Whatever comes is
// taken as finite numbers or refused with the engine's name.
#define _GNU_SOURCE // SOCK_CLOEXEC
#include "tests/fuzz/fuzz.h"

#include "harness/cli/outside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NUMBERS = 3 };

#define PROMISE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

typedef struct script {
  const uint8_t *bytes;
  size_t left;
  int socket;
} script;

// The engine's next line, of what the fuzzer made; then it ends.
static void say(script *s) {
  const uint8_t *end = s->left ? memchr(s->bytes, '\n', s->left) : NULL;
  size_t length = end ? (size_t)(end - s->bytes) + 1 : s->left;
  if (length && send(s->socket, s->bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length)
    length = s->left; // no room: as if it had ended
  s->bytes += length;
  s->left -= length;
  if (!end)
    shutdown(s->socket, SHUT_WR);
}

static void check_message(const gb_error *error) {
  PROMISE(error->status == GB_EIO && strstr(error->message, "engine fuzz"));
}

static void talk(gb_outside *engine, script *s) {
  gb_error error = {0};
  double seconds[NUMBERS];
  float values[NUMBERS];
  PROMISE(strlen(gb_outside_version(engine)) < 64);
  say(s);
  if (gb_outside_run(engine, 1, NUMBERS, seconds, &error) != GB_OK)
    check_message(&error);
  else
    for (int i = 0; i < NUMBERS; i++)
      PROMISE(isfinite(seconds[i]) && seconds[i] >= 0);
  say(s);
  if (gb_outside_output(engine, values, NUMBERS, &error) != GB_OK)
    check_message(&error);
  else
    for (int i = 0; i < NUMBERS; i++)
      PROMISE(isfinite(values[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  int ends[2];
  gb_error error = {0};
  gb_outside *engine = NULL;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return 0;
  script s = {.bytes = bytes, .left = size, .socket = ends[1]};
  say(&s);
  if (gb_outside_meet("fuzz", ends[0], 1, &engine, &error) != GB_OK) {
    PROMISE(!engine);
    check_message(&error);
  } else
    talk(engine, &s);
  gb_outside_stop(engine);
  close(ends[1]);
  return 0;
}
