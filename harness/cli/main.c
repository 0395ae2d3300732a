// The program's entry: finds the subcommand and hands it the rest of the line.
#include "harness/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define GB_COMMAND(id) extern const gb_command gb_command_##id;
#include "harness/cli/commands.def"
#undef GB_COMMAND

const gb_command *const gb_commands[] = {
#define GB_COMMAND(id) &gb_command_##id,
#include "harness/cli/commands.def"
#undef GB_COMMAND
    NULL};

static void print_help(void) {
  printf("ghostbench: counts, runs and compares efficient networks described in XML.\n\n"
         "usage: ghostbench COMMAND [FLAG…] [OPERAND…]\n\ncommands:\n");
  for (const gb_command *const *c = gb_commands; *c; c++) {
    // Up to the first colon or full stop that ends a word; --help of the command has all of it.
    const char *summary = (*c)->summary;
    size_t length = strcspn(summary, ".:");
    while (summary[length] && summary[length + 1] && summary[length + 1] != ' ')
      length += 1 + strcspn(summary + length + 1, ".:");
    printf("  %-10s %.*s\n", (*c)->name, (int)length, summary);
  }
  printf("\n'ghostbench COMMAND --help' explains a command, 'ghostbench help LAYER' a layer.\n\n"
         "examples:\n"
         "  ghostbench run ghostnet-table7                   recompute a table of the paper\n"
         "  ghostbench describe ghostnet --set width=1.3     layers, parameters and MACs\n"
         "  ghostbench init ghostnet --seed 1 -o w.safetensors\n"
         "  ghostbench forward ghostnet --weights w.safetensors --input x.npy --output y.npy\n"
         "  ghostbench validate my-network.xml               every fault with its place\n\n"
         "NAME of a network or an experiment is one that 'ghostbench list' shows, or a path to a "
         "file.\n\n"
         "environment:\n"
         "  GHOSTBENCH_DATA  folders (separated by ':') that hold architectures/ and experiments/\n"
         "  GHOSTBENCH_ISA   instruction set of the native engine: avx512, avx2, neon, baseline\n"
         "  GHOSTBENCH_ENGINES  file of outside engines (default ~/.config/ghostbench/engines)\n"
         "  NO_COLOR         no colour; CLICOLOR_FORCE=1 colour even in a pipe\n"
         "  COLUMNS          width of tables\n\n"
         "exit codes:\n"
         "  0 fine; 1 a comparison failed or a cell is not reproduced; 2 usage, bad input or a\n"
         "  refusal of the system; 3 a measurement is not valid\n");
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "ghostbench: name a command; 'ghostbench --help' lists them\n");
    return GB_EXIT_BAD;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
      (strcmp(argv[1], "help") == 0 && argc == 2)) {
    print_help();
    return GB_EXIT_OK;
  }
  if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
    printf("ghostbench %s\n", GB_VERSION);
    return GB_EXIT_OK;
  }
  gb_suggestion suggestion = {.name = argv[1]};
  for (const gb_command *const *c = gb_commands; *c; c++) {
    if (strcmp((*c)->name, argv[1]) == 0)
      return (*c)->run(*c, argc - 1, argv + 1);
    gb_suggest(&suggestion, (*c)->name);
  }
  return suggestion.best
             ? gb_complain(NULL, "no command '%s'; did you mean '%s'?", argv[1], suggestion.best)
             : gb_complain(NULL, "no command '%s'; 'ghostbench --help' lists them", argv[1]);
}
