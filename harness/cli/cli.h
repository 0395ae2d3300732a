// The command line: the only folder that prints for people and exits.
//
// The story of the folder: main.c finds the subcommand; options.c reads flags by each command's
// table (from which its help is printed too); places.c finds the data; load.c takes a network from
// a name and settings to a graph; one file a subcommand.
#ifndef GB_CLI_CLI_H
#define GB_CLI_CLI_H

#include "harness/engine/engine.h"
#include "harness/graph/graph.h"
#include "harness/xml/xml.h"

#define GB_VERSION "0.1.0"
#ifdef __clang__
#define GB_COMPILER "clang " __clang_version__
#else
#define GB_COMPILER "gcc " __VERSION__
#endif

// Exit codes, the same for every subcommand.
enum {
  GB_EXIT_OK = 0,
  GB_EXIT_DIFFERS = 1, // a comparison failed, a cell is not reproduced
  GB_EXIT_BAD = 2,     // usage, bad input, or the system refused
  GB_EXIT_INVALID = 3  // a measurement is not valid
};

// One flag. `argument` names its value in the help; NULL: the flag takes none.
typedef struct gb_option {
  const char *name; // "set": --set
  char letter;      // 0: none
  const char *argument;
  const char *help;
} gb_option;

typedef struct gb_command {
  const char *name;
  const char *operands; // "NAME", "EXPERIMENT…"
  const char *summary;
  const gb_option *options; // ended by a row without name
  const char *examples;     // lines, each indented by two blanks
  int (*run)(const struct gb_command *self, int argc, char **argv); // returns the exit code
} gb_command;

extern const gb_command *const gb_commands[]; // NULL-terminated

// Flags that several commands share.
#define GB_OPTION_SET                                                                              \
  { "set", 's', "NAME=VALUE", "set a parameter of the architecture (repeatable)" }
#define GB_OPTION_HELP                                                                             \
  { "help", 'h', NULL, "print this help" }

// Reads flags one by one: returns the row of the next flag with `*value` set, or NULL at the end,
// when `*error_exit` is 0, or the code to exit with (a wrong flag has been reported, help has been
// printed). Operands then start at argv[*first_operand].
typedef struct gb_args {
  int argc;
  char **argv;
  const gb_command *command;
  int first_operand;
  bool stop;     // help was printed or a flag was wrong
  int exit_code; // valid when `stop`
} gb_args;
const gb_option *gb_args_next(gb_args *args, char **value);
// The same for a command without flags of its own: passes over --help. False: it ends, with
// args->exit_code.
bool gb_args_operands(gb_args *args);

// True when flag `option` is the one called `name`.
bool gb_option_is(const gb_option *option, const char *name);

// "ghostbench COMMAND: message" on stderr; returns GB_EXIT_BAD.
int gb_complain(const gb_command *command, const char *format, ...) GB_PRINTF(2, 3);
int gb_complain_error(const gb_command *command, const gb_error *error);

// Prints text to stdout and flushes; a full disk or a closed pipe is reported. Returns exit code.
int gb_print_out(const gb_command *command, const gb_text *text);

void gb_print_help(const gb_command *command);

// Folders that hold architectures/, experiments/ and results/published: those of GHOSTBENCH_DATA,
// then the source tree or the installation that the program lies in. Owned by the arena.
gb_status gb_find_places(gb_arena *arena, gb_places *places, gb_error *error);

// The kind of file that groups of counters are, for gb_places_find and gb_list_names.
#define GB_GROUPS "experiments/counters"

// The names of all files KIND/*.xml, sorted, each once. Owned by the arena; NULL-terminated.
gb_status gb_list_names(gb_arena *arena, const gb_places *places, const char *kind,
                        const char ***names, gb_error *error);

// --set NAME=VALUE, collected.
typedef struct gb_settings {
  gb_setting items[256];
  size_t count;
} gb_settings;
// Splits the text in place (it belongs to argv); the items borrow it.
gb_status gb_settings_add(gb_settings *settings, char *assignment, gb_error *error);

// A network ready to be looked at or run.
typedef struct gb_model {
  gb_architecture *architecture;
  gb_network *network;
  gb_graph *graph;
} gb_model;
// `name` is an architecture's name or a path to a file.
gb_status gb_model_load(const char *name, const gb_settings *settings, int64_t batch, bool keep_xml,
                        gb_model *model, gb_error *error);
void gb_model_free(gb_model *model);

// --engine, --threads, --isa, --without: how a network is run. GHOSTBENCH_ISA is what --isa is when
// it is not given; threads are those that this process may use.
typedef struct gb_engine_choice {
  bool native;
  gb_native_options options;
} gb_engine_choice;
#define GB_OPTION_THREADS                                                                          \
  { "threads", 't', "N", "threads of the native engine (default: processors allowed)" }
#define GB_OPTION_ISA                                                                              \
  { "isa", 0, "NAME", "avx512, avx2, neon or baseline (default: the best here)" }
#define GB_OPTION_WITHOUT                                                                          \
  { "without", 0, "LIST", "native engine without these optimisations (comma-separated)" }
gb_engine_choice gb_engine_default(void);
// Takes a flag of those above; false when it is none of them. A wrong value fills `error`.
bool gb_engine_flag(gb_engine_choice *choice, const gb_option *option, const char *value,
                    gb_error *error);

// Either engine behind one call.
typedef struct gb_engine {
  gb_reference *reference;
  gb_native *native;
} gb_engine;
gb_status gb_engine_new(const gb_graph *graph, const gb_weights *weights,
                        const gb_engine_choice *choice, gb_engine *engine, gb_error *error);
gb_status gb_engine_run(gb_engine *engine, const float *input, float *output, gb_error *error);
void gb_engine_free(gb_engine *engine);

// Appends the plan of an engine: its steps, their kernels, places and work. `format` is a
// gb_format.
gb_status gb_plan_text(const gb_native *engine, const gb_engine_choice *choice, const char *name,
                       int format, bool colour, gb_text *out, gb_error *error);
// The same of a model (describe --plan).
gb_status gb_describe_plan(const gb_model *model, const gb_engine_choice *choice, int format,
                           gb_text *out, gb_error *error);

// Whether stdout may carry colour: a terminal, and NO_COLOR unset or empty; CLICOLOR_FORCE wins.
bool gb_want_colour(void);
// Width of the terminal: COLUMNS, else the terminal's own, else 80 where there is none.
int gb_terminal_width(void);

#endif
