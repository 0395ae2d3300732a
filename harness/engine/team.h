// A team of threads that go through a list of steps together.
#ifndef GB_ENGINE_TEAM_H
#define GB_ENGINE_TEAM_H

#include "layers/base/status.h"

// Threads come from pthreadpool: it hands over an empty task to two cores in about half of the time
// that GCC's OpenMP takes (1.6 against 3.2 µs where this was written; `make bench-team`). One
// hand-over a run is all there is: between steps the team meets at a barrier of its own.
typedef struct gb_team gb_team;

gb_status gb_team_new(int threads, gb_team **team, gb_error *error);
void gb_team_free(gb_team *team);

// Runs `body` on every thread of the team at once, with its number; returns when all are done.
void gb_team_run(gb_team *team, void (*body)(void *context, int thread), void *context);
// Called by every thread inside `body`: nobody goes on before all are here.
void gb_team_wait(gb_team *team);

#endif
