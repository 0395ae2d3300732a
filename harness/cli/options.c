// Flags by table, over getopt_long; help from the same table.
#define _GNU_SOURCE // getopt_long
#include "harness/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MAX_OPTIONS = 32, FIRST_LONG = 1000 };

static void suggest_flag(const gb_command *command, const char *given) {
  char letter[3] = {'-', (char)optopt, '\0'};
  if (optopt >= FIRST_LONG) {
    gb_complain(command, "flag --%s takes no value", command->options[optopt - FIRST_LONG].name);
    return;
  }
  if (optopt) // of a single letter, which may stand among others
    given = letter;
  char name[64];
  const char *plain = given + strspn(given, "-");
  size_t n = strcspn(plain, "=");
  snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), plain);
  gb_suggestion suggestion = {.name = name};
  for (const gb_option *o = command->options; o->name; o++)
    gb_suggest(&suggestion, o->name);
  if (suggestion.best)
    gb_complain(command, "unknown flag '%s'; did you mean --%s?", given, suggestion.best);
  else
    gb_complain(command, "unknown flag '%s'; see 'ghostbench %s --help'", given, command->name);
}

const gb_option *gb_args_next(gb_args *args, char **value) {
  struct option longs[MAX_OPTIONS + 1] = {0};
  char letters[2 * MAX_OPTIONS + 2] = ":"; // a missing value is told apart from an unknown flag
  size_t used = 1;
  int count = 0;
  for (const gb_option *o = args->command->options; o->name && count < MAX_OPTIONS; o++, count++) {
    longs[count] = (struct option){o->name, o->argument ? required_argument : no_argument, NULL,
                                   FIRST_LONG + count};
    if (o->letter) {
      letters[used++] = o->letter;
      if (o->argument)
        letters[used++] = ':';
    }
  }
  opterr = 0;
  int c = getopt_long(args->argc, args->argv, letters, longs, NULL);
  args->first_operand = optind;
  if (c == -1)
    return NULL;
  args->stop = true;
  args->exit_code = GB_EXIT_BAD;
  if (c == '?') {
    suggest_flag(args->command, args->argv[optind - 1]);
    return NULL;
  }
  if (c == ':') {
    gb_complain(args->command, "flag '%s' needs a value", args->argv[optind - 1]);
    return NULL;
  }
  for (int i = 0; i < count; i++) {
    const gb_option *o = &args->command->options[i];
    if (c != FIRST_LONG + i && c != o->letter)
      continue;
    args->stop = false;
    *value = optarg;
    if (strcmp(o->name, "help") != 0)
      return o;
    gb_print_help(args->command);
    args->stop = true;
    args->exit_code = GB_EXIT_OK;
    return NULL;
  }
  return NULL;
}

bool gb_args_operands(gb_args *args) {
  char *value;
  while (gb_args_next(args, &value))
    ;
  return !args->stop;
}

bool gb_option_is(const gb_option *option, const char *name) {
  return strcmp(option->name, name) == 0;
}

// Words, as many to a line as fit.
static void print_wrapped(const char *text, size_t width) {
  size_t column = 0;
  while (*text) {
    size_t n = strcspn(text, " ");
    if (column && column + 1 + n > width) {
      putchar('\n');
      column = 0;
    }
    column += (size_t)printf("%s%.*s", column ? " " : "", (int)n, text);
    text += n + strspn(text + n, " ");
  }
  putchar('\n');
}

void gb_print_help(const gb_command *command) {
  printf("usage: ghostbench %s [FLAG…]%s%s\n\n", command->name, *command->operands ? " " : "",
         command->operands);
  print_wrapped(command->summary, (size_t)gb_terminal_width());
  printf("\nflags:\n");
  for (const gb_option *o = command->options; o->name; o++) {
    char left[64];
    char letter[8] = "    ";
    if (o->letter)
      snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
             o->argument ? o->argument : "");
    printf("  %-28s %s\n", left, o->help);
  }
  if (command->examples)
    printf("\nexamples:\n%s", command->examples);
}

int gb_complain(const gb_command *command, const char *format, ...) {
  fprintf(stderr, "ghostbench%s%s: ", command ? " " : "", command ? command->name : "");
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  return GB_EXIT_BAD;
}

int gb_complain_error(const gb_command *command, const gb_error *error) {
  return gb_complain(command, "%s", error->message);
}

int gb_print_out(const gb_command *command, const gb_text *text) {
  if (text->failed)
    return gb_complain(command, "out of memory");
  if (fwrite(gb_text_get(text), 1, text->length, stdout) != text->length || fflush(stdout) != 0)
    return gb_complain(command, "cannot write to standard output: %s", strerror(errno));
  return GB_EXIT_OK;
}

gb_status gb_settings_add(gb_settings *settings, char *assignment, gb_error *error) {
  char *equals = strchr(assignment, '=');
  if (!equals || equals == assignment)
    return gb_fail(error, GB_EUSAGE, "--set '%s' is not allowed: write NAME=VALUE", assignment);
  if (settings->count == sizeof settings->items / sizeof *settings->items)
    return gb_fail(error, GB_EUSAGE, "more than %zu --set flags", settings->count);
  *equals = '\0';
  settings->items[settings->count++] = (gb_setting){assignment, equals + 1};
  return GB_OK;
}

bool gb_want_colour(void) {
  const char *force = getenv("CLICOLOR_FORCE"), *no = getenv("NO_COLOR"), *term = getenv("TERM");
  if (force && *force && strcmp(force, "0") != 0)
    return true;
  if ((no && *no) || (term && strcmp(term, "dumb") == 0))
    return false;
  return isatty(STDOUT_FILENO);
}

int gb_terminal_width(void) {
  const char *columns = getenv("COLUMNS");
  int64_t width;
  if (columns && gb_parse_int(columns, &width) && width >= 20 && width <= 10000)
    return (int)width;
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
    return size.ws_col;
  return 80;
}
