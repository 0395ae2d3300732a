// Conversations with engines in processes of their own; see outside.h.
#define _GNU_SOURCE // SOCK_CLOEXEC
#include "harness/cli/outside.h"

#include "harness/measure/clock.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

// A run may be long; an answer that takes longer than this never comes.
#define ANSWER_SECONDS 300.0
// What a line may have for each number that was asked for, and beside them.
enum { NUMBER_BYTES = 40, LINE_BYTES = 65536 };

struct gb_outside {
  const char *name; // borrowed from the specification
  pid_t process;
  int socket;
  gb_text line; // what has come, up to the next line's end
  char version[64];
};

// ---------------------------------------------------------------------------------------------
// Starting

static char *fill_in(gb_arena *arena, const char *word, const gb_outside_values *v) {
  gb_text text = {0};
  for (const char *at = word; *at;) {
    size_t plain = strcspn(at, "{");
    gb_text_add_n(&text, at, plain);
    at += plain;
    if (!*at)
      break;
    if (at[1] == '{') {
      gb_text_add(&text, "{");
      at += 2;
      continue;
    }
    if (strncmp(at, "{model}", 7) == 0)
      gb_text_add(&text, v->model);
    else if (strncmp(at, "{input}", 7) == 0)
      gb_text_add(&text, v->input);
    else if (strncmp(at, "{network}", 9) == 0)
      gb_text_add(&text, v->network);
    else if (strncmp(at, "{threads}", 9) == 0)
      gb_text_print(&text, "%d", v->threads);
    else // {batch}: the configuration has no others
      gb_text_print(&text, "%" PRId64, v->batch);
    at += strcspn(at, "}") + 1;
  }
  char *copy = text.failed ? NULL : gb_arena_copy(arena, gb_text_get(&text));
  gb_text_free(&text);
  return copy;
}

// Those of this process, without the ones that the specification sets, and these.
static char **make_environment(gb_arena *arena, const gb_outside_spec *spec,
                               const gb_outside_values *v) {
  size_t count = 0, kept = 0;
  while (environ[count])
    count++;
  char **all = gb_arena_allocate(arena, count + spec->environment_count + 1, sizeof *all);
  if (!all)
    return NULL;
  for (size_t i = 0; i < count; i++) {
    bool set = false;
    for (size_t k = 0; k < spec->environment_count; k++)
      set = set ||
            strncmp(environ[i], spec->environment[k], strcspn(spec->environment[k], "=") + 1) == 0;
    if (!set)
      all[kept++] = environ[i];
  }
  for (size_t k = 0; k < spec->environment_count; k++)
    if (!(all[kept++] = fill_in(arena, spec->environment[k], v)))
      return NULL;
  return all;
}

static gb_status spawn(gb_outside *e, const gb_outside_spec *spec, const gb_outside_values *v,
                       gb_arena *arena, gb_error *error) {
  char *words[GB_OUTSIDE_WORDS + 1] = {NULL};
  char **all = make_environment(arena, spec, v);
  bool good = all != NULL;
  for (size_t i = 0; i < spec->word_count; i++)
    good = (words[i] = fill_in(arena, spec->words[i], v)) && good;
  if (!good)
    return gb_fail_memory(error);
  int ends[2]; // a socket and no pipe, so that a dead reader is an error and not a signal
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return gb_fail(error, GB_EIO, "cannot make a socket: %s", strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  int failed = posix_spawnp(&e->process, words[0], &actions, NULL, words, all);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  e->socket = ends[0];
  if (failed) {
    e->process = 0;
    return gb_fail(error, GB_EIO, "cannot start '%s': %s", words[0], strerror(failed));
  }
  return GB_OK;
}

// ---------------------------------------------------------------------------------------------
// Lines

static gb_status say(gb_outside *e, const char *line, gb_error *error) {
  size_t length = strlen(line), sent = 0;
  while (sent < length) {
    ssize_t n = send(e->socket, line + sent, length - sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR)
      return gb_fail(error, GB_EIO, "engine %s does not listen: %s", e->name, strerror(errno));
    sent += n > 0 ? (size_t)n : 0;
  }
  return GB_OK;
}

static gb_status receive(gb_outside *e, double deadline, size_t most, gb_error *error) {
  static const size_t part = 65536;
  double left = deadline - gb_now();
  struct pollfd wait = {.fd = e->socket, .events = POLLIN};
  int ready = left > 0 ? poll(&wait, 1, (int)(1000 * left) + 1) : 0;
  if (ready < 0 && errno == EINTR)
    return GB_OK;
  if (ready <= 0)
    return gb_fail(error, GB_EIO, "engine %s does not answer", e->name);
  char bytes[65536];
  ssize_t n = recv(e->socket, bytes, part, 0);
  if (n < 0 && errno == EINTR)
    return GB_OK;
  if (n <= 0)
    return gb_fail(error, GB_EIO, "engine %s ended (its own message, if any, stands above)",
                   e->name);
  gb_text_add_n(&e->line, bytes, (size_t)n);
  if (e->line.failed)
    return gb_fail_memory(error);
  if (e->line.length > most)
    return gb_fail(error, GB_EIO, "engine %s: a line of more than %zu bytes", e->name, most);
  return GB_OK;
}

// One line of JSON, an object; the caller owns it.
static gb_status hear(gb_outside *e, double seconds, size_t most, json_t **object,
                      gb_error *error) {
  double deadline = gb_now() + seconds;
  e->line.length = 0; // one question, one answer: nothing is left of the last one
  while (!e->line.length || e->line.bytes[e->line.length - 1] != '\n')
    GB_TRY(receive(e, deadline, most, error));
  json_error_t fault;
  *object = json_loadb(e->line.bytes, e->line.length, JSON_REJECT_DUPLICATES, &fault);
  if (json_is_object(*object))
    return GB_OK;
  json_decref(*object);
  *object = NULL;
  return gb_fail(error, GB_EIO, "engine %s: '%.60s' is no line of JSON that was asked for", e->name,
                 e->line.bytes);
}

static gb_status greet(gb_outside *e, double seconds_most, gb_error *error) {
  json_t *greeting;
  GB_TRY(hear(e, seconds_most, LINE_BYTES, &greeting, error));
  const char *schema = json_string_value(json_object_get(greeting, "schema"));
  const char *version = json_string_value(json_object_get(greeting, "version"));
  snprintf(e->version, sizeof e->version, "%.60s", version ? version : "");
  bool good = schema && strcmp(schema, "ghostbench-serve-1") == 0;
  gb_status status = good ? GB_OK
                          : gb_fail(error, GB_EIO,
                                    "engine %s: its greeting's schema is '%.40s', not "
                                    "ghostbench-serve-1",
                                    e->name, schema ? schema : "");
  json_decref(greeting);
  return status;
}

gb_status gb_outside_start(const gb_outside_spec *spec, const gb_outside_values *values,
                           double seconds_most, gb_outside **engine, gb_error *error) {
  gb_outside *e = *engine = gb_allocate(NULL, 1, sizeof *e);
  gb_arena *arena = gb_arena_new(NULL);
  gb_status status = e && arena ? GB_OK : gb_fail_memory(error);
  if (e) {
    e->name = spec->name;
    e->socket = -1;
  }
  if (status == GB_OK)
    status = spawn(e, spec, values, arena, error);
  if (status == GB_OK)
    status = greet(e, seconds_most, error);
  gb_arena_free(arena);
  if (status != GB_OK) {
    gb_outside_stop(e);
    *engine = NULL;
  }
  return status;
}

gb_status gb_outside_meet(const char *name, int socket, double seconds_most, gb_outside **engine,
                          gb_error *error) {
  gb_outside *e = *engine = gb_allocate(NULL, 1, sizeof *e);
  if (!e) {
    close(socket);
    return gb_fail_memory(error);
  }
  e->name = name;
  e->socket = socket;
  gb_status status = greet(e, seconds_most, error);
  if (status != GB_OK) {
    gb_outside_stop(e);
    *engine = NULL;
  }
  return status;
}

int gb_outside_process(const gb_outside *e) {
  return (int)e->process;
}
const char *gb_outside_version(const gb_outside *e) {
  return e->version;
}

// ---------------------------------------------------------------------------------------------
// Questions

// The answer's array `key` of exactly `count` finite numbers, given one by one.
static gb_status ask(gb_outside *e, const char *question, const char *key, size_t count,
                     json_t **answer, json_t **array, gb_error *error) {
  GB_TRY(say(e, question, error));
  if (count > (SIZE_MAX - LINE_BYTES) / NUMBER_BYTES)
    return gb_fail(error, GB_ELIMIT, "%zu numbers are too many", count);
  GB_TRY(hear(e, ANSWER_SECONDS, LINE_BYTES + count * NUMBER_BYTES, answer, error));
  *array = json_object_get(*answer, key);
  if (json_array_size(*array) == count)
    return GB_OK;
  gb_fail(error, GB_EIO, "engine %s: %zu numbers in '%s', %zu were asked for", e->name,
          json_array_size(*array), key, count);
  json_decref(*answer);
  return GB_EIO;
}

static bool number_at(const json_t *array, size_t i, double *value) {
  const json_t *item = json_array_get(array, i);
  *value = json_number_value(item);
  return json_is_number(item) && isfinite(*value);
}

gb_status gb_outside_run(void *engine, size_t lead, size_t calls, double *seconds,
                         gb_error *error) {
  gb_outside *e = engine;
  char question[48];
  snprintf(question, sizeof question, "run %zu\n", lead + calls);
  json_t *answer, *array;
  GB_TRY(ask(e, question, "samples_ms", lead + calls, &answer, &array, error));
  gb_status status = GB_OK;
  for (size_t i = 0; i < calls && status == GB_OK; i++) {
    double ms;
    if (!number_at(array, lead + i, &ms) || ms < 0)
      status = gb_fail(error, GB_EIO, "engine %s: sample %zu is no time", e->name, lead + i);
    seconds[i] = 1e-3 * ms;
  }
  json_decref(answer);
  return status;
}

gb_status gb_outside_output(gb_outside *e, float *values, int64_t count, gb_error *error) {
  json_t *answer, *array;
  GB_TRY(ask(e, "output\n", "values", (size_t)count, &answer, &array, error));
  gb_status status = GB_OK;
  for (size_t i = 0; i < (size_t)count && status == GB_OK; i++) {
    double value;
    if (!number_at(array, i, &value) || fabs(value) > (double)FLT_MAX)
      status = gb_fail(error, GB_EIO, "engine %s: output %zu is no finite number", e->name, i);
    else
      values[i] = (float)value;
  }
  json_decref(answer);
  return status;
}

// ---------------------------------------------------------------------------------------------

static bool ends_within(pid_t process, double seconds) {
  double start = gb_now();
  for (;;) {
    if (waitpid(process, NULL, WNOHANG) != 0)
      return true;
    if (gb_now() - start > seconds)
      return false;
    gb_clock_monotonic.sleep(NULL, 2e-3);
  }
}

void gb_outside_stop(gb_outside *e) {
  if (!e)
    return;
  gb_error error;
  if (e->socket >= 0) {
    if (e->process > 0)
      say(e, "quit\n", &error); // one that has ended already need not hear it
    close(e->socket);
  }
  if (e->process > 0 && !ends_within(e->process, 2)) {
    kill(e->process, SIGTERM);
    if (!ends_within(e->process, 1)) {
      kill(e->process, SIGKILL);
      waitpid(e->process, NULL, 0);
    }
  }
  gb_text_free(&e->line);
  gb_release(NULL, e);
}
