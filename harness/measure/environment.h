// All that may change a time and that can be known: captured before a session, stored with it.
#ifndef GB_MEASURE_ENVIRONMENT_H
#define GB_MEASURE_ENVIRONMENT_H

#include "harness/measure/machine.h"

#include <stdbool.h>

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

// One fact, as machines and as people read it.
typedef struct gb_environment_fact {
  const char *key;            // as in JSON: "l3_bytes"
  const char *title;          // "L3 cache"
  const char *value, *shown;  // "33554432", "32768 KiB"; NULL: unknown
  bool changes;               // from run to run on one machine, as its load does
  const char *hurts, *remedy; // what this value does to measurements, and what helps; NULL: nothing
} gb_environment_fact;

// Calls `each` for every fact in a fixed order: the one list that store, JSON, report and doctor
// show. A fact lives as long as the call.
void gb_environment_each(const gb_environment *environment,
                         void (*each)(void *context, const gb_environment_fact *fact),
                         void *context);

#endif
