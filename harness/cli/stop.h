// Ending in good order: SIGINT and SIGTERM are asked for between cells, not thrown into them.
#ifndef GB_CLI_STOP_H
#define GB_CLI_STOP_H

#include "layers/base/status.h"

typedef struct gb_stop gb_stop;

// From here to gb_stop_end a thread of its own waits for SIGINT, SIGTERM and SIGHUP (those that
// were not ignored). The first one is remembered and said on stderr; the second one ends the
// process with 128 + its number at once. NULL where there is no memory or thread: signals then end
// the process as ever.
gb_stop *gb_stop_begin(void);
int gb_stop_asked(const gb_stop *stop); // the signal's number, 0: none; NULL is allowed
void gb_stop_end(gb_stop *stop);        // NULL is allowed

#endif
