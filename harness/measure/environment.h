// All that may change a time and that can be known: captured before a session, stored with it.
#ifndef GB_MEASURE_ENVIRONMENT_H
#define GB_MEASURE_ENVIRONMENT_H

#include "harness/measure/machine.h"

// Unknown text is "". The last group is not for measure to know: cli fills it.
typedef struct gb_environment {
  gb_machine machine;
  char affinity[256];    // processors that the calling thread may use: "0-1,4"
  char smt[16];          // "on", "off", …, of /sys
  char clock_source[32]; // "tsc", "kvm-clock" …
  char aslr[8];          // kernel.randomize_va_space: "0", "1", "2"
  char turbo[16];        // "on", "off"
  char frequency_driver[32];
  char huge_pages[16]; // transparent ones: "always", "madvise", "never"
  char container[32];  // "docker", "lxc" …; "no" where nothing points to one
  char load[48];       // of one, five, fifteen minutes
  char microcode[32];
  char build_id[48]; // of the program, as its linker wrote it: hexadecimal

  char version[32], compiler[128], flags[512], libraries[256];
  char git[64]; // commit of the tree that the program lies in, "-dirty" behind it where it is
} gb_environment;

// Reads the machine, too. Call before threads are bound.
void gb_environment_read(gb_environment *environment);

// Calls `each` for every fact as text, in a fixed order, keys as in JSON ("l3_bytes"); unknown
// facts have value NULL.
void gb_environment_each(const gb_environment *environment,
                         void (*each)(void *context, const char *key, const char *value),
                         void *context);

#endif
