// Writes script and data, and feeds the script to gnuplot through a socket; see gnuplot.h.
#define _GNU_SOURCE // posix_spawn_file_actions_addchdir_np
#include "harness/report/gnuplot.h"

#include "harness/report/escape.h"
#include "harness/report/table.h"
#include "layers/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { SECONDS = 60, SAID_BYTES = 400 };

// The script once a terminal; `letter` is the terminal's size of its font, `dot` the size of
// markers that look alike in all. Debian's gnuplot-nox has pngcairo and pdfcairo; others may have
// png only and no PDF.
static void add_terminals(gb_text *whole, const char *name, const gb_text *script, int width,
                          int height) {
  gb_text_print(
      whole,
      "# Drawn by ghostbench; `gnuplot %s.gp` in this folder draws %s.svg, .png and .pdf again."
      "\nreset\nset encoding utf8\nletter = 14; dot = 0.72\n",
      name, name);
  gb_text_print(whole,
                "set terminal svg size %d,%d noenhanced font 'sans-serif,14' background 'white'\n"
                "set output '%s.svg'\n",
                width, height, name);
  gb_text_add_n(whole, gb_text_get(script), script->length);
  gb_text_print(whole,
                "unset output\nreset\nset encoding utf8\n"
                "if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {\n"
                "  letter = 10.5; dot = 1\n"
                "  set terminal pngcairo size %d,%d noenhanced font 'sans-serif,10.5'\n"
                "} else {\n"
                "  letter = 10.5; dot = 1\n"
                "  set terminal png size %d,%d noenhanced\n"
                "}\n"
                "set output '%s.png'\n",
                width, height, width, height, name);
  gb_text_add_n(whole, gb_text_get(script), script->length);
  // 100 pixels an inch and 8 point letters: as wide as a page of text, half of it still reads.
  gb_text_print(whole,
                "unset output\nreset\nset encoding utf8\n"
                "if (!strstrt(GPVAL_TERMINALS, 'pdfcairo')) { exit }\n"
                "letter = 10; dot = 0.9\n"
                "set terminal pdfcairo size %.2fin,%.2fin noenhanced font 'sans-serif,10' "
                "fontscale 1\n"
                "set output '%s.pdf'\n",
                width / 100.0, height / 100.0, name);
  gb_text_add_n(whole, gb_text_get(script), script->length);
  gb_text_add(whole, "unset output\n");
}

static gb_status write_file(const char *folder, const char *name, const char *ending,
                            const gb_text *text, gb_error *error) {
  gb_text path = {0};
  gb_text_print(&path, "%s/%s.%s", folder, name, ending);
  gb_status status =
      path.failed || text->failed
          ? gb_fail_memory(error)
          : gb_file_write(gb_text_get(&path), gb_text_get(text), text->length, error);
  gb_text_free(&path);
  return status;
}

static void remove_pictures(const char *folder, const char *name) {
  static const char *const endings[] = {"svg", "png", "pdf"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    gb_text path = {0};
    gb_text_print(&path, "%s/%s.%s", folder, name, endings[i]);
    if (!path.failed)
      unlink(gb_text_get(&path));
    gb_text_free(&path);
  }
}

// Starts gnuplot in `folder`: its input is `in`, its errors go to `err`, its output nowhere.
static int start(const char *folder, int in, int err, pid_t *child) {
  // --default-settings: the user's .gnuplot is not part of our plot.
  char program[] = "gnuplot", settings[] = "--default-settings", input[] = "-";
  char *arguments[] = {program, settings, input, NULL};
  posix_spawn_file_actions_t actions;
  int fault = posix_spawn_file_actions_init(&actions);
  if (fault)
    return fault;
  fault = posix_spawn_file_actions_addchdir_np(&actions, folder);
  fault = fault ? fault : posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  fault = fault
              ? fault
              : posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  fault = fault ? fault : posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  fault = fault ? fault : posix_spawnp(child, program, &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return fault;
}

static int64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// Sends the script and gathers what gnuplot says, both at once so that neither side waits for the
// other; false when the time is over.
static bool talk(int to, int from, const gb_text *script, gb_text *said) {
  const char *rest = gb_text_get(script);
  size_t left = script->length;
  int64_t end = now_ms() + SECONDS * 1000;
  for (;;) {
    struct pollfd ends[2] = {{.fd = from, .events = POLLIN}, {.fd = to, .events = POLLOUT}};
    int64_t wait = end - now_ms();
    if (wait <= 0)
      return false;
    if (poll(ends, to >= 0 ? 2 : 1, (int)wait) < 0 && errno != EINTR)
      return true;
    if (to >= 0 && ends[1].revents) {
      // MSG_NOSIGNAL: a gnuplot that has ended is no reason for ours to end.
      ssize_t sent = send(to, rest, left, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        rest += sent;
        left -= (size_t)sent;
      }
      if (left == 0 || (sent < 0 && errno != EAGAIN && errno != EINTR)) {
        shutdown(to, SHUT_WR);
        to = -1;
      }
    }
    if (ends[0].revents) {
      char bytes[512];
      ssize_t got = read(from, bytes, sizeof bytes);
      if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
        return true;
      if (got > 0 && said->length < 4096)
        gb_text_add_n(said, bytes, (size_t)got);
    }
  }
}

// The first lines of what gnuplot said, on one line.
static gb_status fail_with(const char *name, const char *what, const gb_text *said,
                           gb_error *error) {
  gb_text clean = {0};
  gb_clean(&clean, gb_text_get(said));
  gb_text line = {0};
  bool blank = true;
  for (const char *c = gb_text_get(&clean); *c && line.length < SAID_BYTES; c++) {
    if (*c == ' ' && blank)
      continue;
    blank = *c == ' ';
    gb_text_add_n(&line, c, 1);
  }
  gb_status status = gb_fail(error, GB_EIO, "gnuplot %s on %s.gp%s%s", what, name,
                             line.length ? ": " : "", gb_text_get(&line));
  gb_text_free(&line);
  gb_text_free(&clean);
  return status;
}

static gb_status run(const char *folder, const char *name, const gb_text *script, gb_error *error) {
  int in[2], err[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
    return gb_fail(error, GB_EIO, "cannot make a socket for gnuplot: %s", strerror(errno));
  if (pipe2(err, O_CLOEXEC) != 0) {
    gb_status status =
        gb_fail(error, GB_EIO, "cannot make a pipe for gnuplot: %s", strerror(errno));
    close(in[0]);
    close(in[1]);
    return status;
  }
  pid_t child = -1;
  int fault = start(folder, in[1], err[1], &child);
  close(in[1]);
  close(err[1]);
  gb_text said = {0};
  bool ended = fault ? true : talk(in[0], err[0], script, &said);
  close(in[0]);
  close(err[0]);
  if (fault) {
    gb_text_free(&said);
    if (fault == ENOENT)
      return gb_fail(error, GB_EUNSUPPORTED,
                     "gnuplot is not installed, so %s.gp was written but not drawn; on Debian: apt "
                     "install gnuplot-nox",
                     name);
    return gb_fail(error, GB_EIO, "cannot start gnuplot: %s", strerror(fault));
  }
  if (!ended)
    kill(child, SIGKILL);
  int code = 0;
  while (waitpid(child, &code, 0) < 0 && errno == EINTR)
    ;
  gb_status status = GB_OK;
  if (!ended)
    status = fail_with(name, "took longer than a minute", &said, error);
  else if (!WIFEXITED(code) || WEXITSTATUS(code) != 0)
    status = fail_with(name, "failed", &said, error);
  gb_text_free(&said);
  return status;
}

gb_status gb_gnuplot_draw(const char *folder, const char *name, const gb_text *script,
                          const gb_text *data, int width, int height, gb_error *error) {
  if (!gb_plain_name(name))
    return gb_fail(error, GB_EINPUT,
                   "plot '%s' cannot name a file; allowed are letters, digits, and - _ . inside",
                   name);
  gb_text whole = {0};
  add_terminals(&whole, name, script, width, height);
  gb_status status = script->failed || whole.failed ? gb_fail_memory(error) : GB_OK;
  if (status == GB_OK)
    status = gb_folder_make(folder, error);
  if (status == GB_OK)
    status = write_file(folder, name, "dat", data, error);
  if (status == GB_OK)
    status = write_file(folder, name, "gp", &whole, error);
  if (status == GB_OK) {
    remove_pictures(folder, name);
    status = run(folder, name, &whole, error);
    if (status != GB_OK)
      remove_pictures(folder, name);
  }
  gb_text_free(&whole);
  return status;
}
