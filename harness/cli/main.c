// The program's entry: placeholder until the subcommands stand.
#include <stdio.h>

int main(void) {
  fprintf(stderr, "ghostbench: no subcommand yet\n");
  return 2;
}
