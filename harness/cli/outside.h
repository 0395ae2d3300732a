// Engines of others: named in the user's own configuration, started as programs, spoken to by
// lines.
//
// Never in an experiment or a network: those come from strangers, and this starts programs.
//
//   [onnxruntime]
//   program = node
//   argument = serve.js
//   argument = {model}
//   environment = OMP_NUM_THREADS={threads}
//
// One argument a line; no shell, no quotes. {model} is the network as ONNX, {input} its input as
// npy (float32), {threads}, {batch} and {network} are what they say; {{ is a brace. The program
// answers as `ghostbench bench --serve` does (bench_serve.c): a line of JSON as greeting, then one
// for each of: run N, output, quit.
#ifndef GB_CLI_OUTSIDE_H
#define GB_CLI_OUTSIDE_H

#include "harness/cli/cli.h"

enum { GB_OUTSIDE_WORDS = 64 };

typedef struct gb_outside_spec {
  const char *name;
  const char *words[GB_OUTSIDE_WORDS]; // program and arguments
  size_t word_count;
  const char *environment[GB_OUTSIDE_WORDS]; // NAME=VALUE
  size_t environment_count;
  int line; // of its section
} gb_outside_spec;

typedef struct gb_outside_list {
  const char *path;
  bool exists; // the file
  const gb_outside_spec *specs;
  size_t count;
} gb_outside_list;

// Where the configuration is: GHOSTBENCH_ENGINES, else ghostbench/engines below XDG_CONFIG_HOME or
// ~/.config. A missing file is an empty list. Every fault has file and line; a file that others
// may write is refused. Owned by the arena.
gb_status gb_outside_read(gb_arena *arena, gb_outside_list *list, gb_error *error);
// The same from memory, for the fuzzer: `bytes` end with a zero behind them and are written to;
// `list->path` stands in messages. After a fault the list stays as it was.
gb_status gb_outside_parse(gb_arena *arena, char *bytes, size_t size, gb_outside_list *list,
                           gb_error *error);
const gb_outside_spec *gb_outside_find(const gb_outside_list *list, const char *name);

// What placeholders stand for.
typedef struct gb_outside_values {
  const char *model, *input, *network;
  int threads;
  int64_t batch;
} gb_outside_values;

typedef struct gb_outside gb_outside;

// Starts the program and waits for its greeting. GB_EIO with a reason where it cannot be started,
// ends, says nothing for `seconds_most`, or says something else.
gb_status gb_outside_start(const gb_outside_spec *spec, const gb_outside_values *values,
                           double seconds_most, gb_outside **engine, gb_error *error);
// Waits for the greeting of a program that is there already, at the other end of a socket, which is
// owned from here on: for the fuzzer. It has no process.
gb_status gb_outside_meet(const char *name, int socket, double seconds_most, gb_outside **engine,
                          gb_error *error);
int gb_outside_process(const gb_outside *engine);
const char *gb_outside_version(const gb_outside *engine); // of its greeting, "" where it has none
// As `timed` of a competitor (measure/protocol.h); the context is the engine.
gb_status gb_outside_run(void *engine, size_t lead, size_t calls, double *seconds, gb_error *error);
// The output of the last run, `count` numbers.
gb_status gb_outside_output(gb_outside *engine, float *values, int64_t count, gb_error *error);
// Asks it to quit, waits a little, then ends it. NULL is allowed.
void gb_outside_stop(gb_outside *engine);

#endif
