// The whole environment of a measurement.
#ifndef GB_CLI_BUILD_H
#define GB_CLI_BUILD_H

#include "harness/cli/cli.h"
#include "harness/measure/environment.h"

// The machine and its state, and what this program was built from. Starts `git` where the program
// lies in its own tree. Call before threads are bound.
void gb_environment_capture(gb_environment *environment);

#endif
