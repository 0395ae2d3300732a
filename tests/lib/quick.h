// Whether long tests should do a part of their work: under a sanitizer, which makes plain loops
// many times slower, and with GHOSTBENCH_QUICK=1.
#ifndef GB_TESTS_QUICK_H
#define GB_TESTS_QUICK_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool quick(void) {
#if defined(__SANITIZE_ADDRESS__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return true;
#endif
#endif
  const char *wanted = getenv("GHOSTBENCH_QUICK");
  return wanted && strcmp(wanted, "1") == 0;
}

#endif
