// The test program's frame: cases as functions, one line each, sums at the end.
//
// A test file is: #include "tests/lib/check.h", TEST(name) { … CHECK(…); }, and TEST_MAIN(…).
// Each case prints "ok N - name", "not ok N - name" or "ok N - name # SKIP reason"; the runner
// (tests/run.sh) adds up. A failed check prints file:line, the expression and both values, and the
// case goes on unless REQUIRE was used.
#ifndef GB_TESTS_CHECK_H
#define GB_TESTS_CHECK_H

#include "layers/base/status.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct check_state {
  int failures;
  const char *skip; // reason, or NULL
} check_state;

typedef struct check_case {
  const char *name;
  void (*run)(check_state *check);
} check_case;

#define TEST(id) static void id(check_state *check)

// The current case is skipped; the reason is printed.
#define SKIP(reason)                                                                               \
  do {                                                                                             \
    check->skip = (reason);                                                                        \
    return;                                                                                        \
  } while (0)

#define FAIL(...)                                                                                  \
  do {                                                                                             \
    check->failures++;                                                                             \
    printf("# %s:%d: ", __FILE__, __LINE__);                                                       \
    printf(__VA_ARGS__);                                                                           \
    printf("\n");                                                                                  \
  } while (0)

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition))                                                                              \
      FAIL("%s", #condition);                                                                      \
  } while (0)

#define REQUIRE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      FAIL("%s", #condition);                                                                      \
      return;                                                                                      \
    }                                                                                              \
  } while (0)

// For calls that fill a gb_error: prints its message.
#define REQUIRE_OK(call, error)                                                                    \
  do {                                                                                             \
    if ((call) != GB_OK) {                                                                         \
      FAIL("%s: %s", #call, (error).message);                                                      \
      return;                                                                                      \
    }                                                                                              \
  } while (0)

#define CHECK_INT(actual, expected)                                                                \
  do {                                                                                             \
    int64_t check_a = (int64_t)(actual), check_e = (int64_t)(expected);                            \
    if (check_a != check_e)                                                                        \
      FAIL("%s is %lld, expected %lld", #actual, (long long)check_a, (long long)check_e);          \
  } while (0)

#define CHECK_TEXT(actual, expected)                                                               \
  do {                                                                                             \
    const char *check_a = (actual), *check_e = (expected);                                         \
    if (strcmp(check_a, check_e) != 0)                                                             \
      FAIL("%s is \"%s\", expected \"%s\"", #actual, check_a, check_e);                            \
  } while (0)

#define CHECK_CONTAINS(text, part)                                                                 \
  do {                                                                                             \
    const char *check_t = (text), *check_p = (part);                                               \
    if (!strstr(check_t, check_p))                                                                 \
      FAIL("%s is \"%s\", which lacks \"%s\"", #text, check_t, check_p);                           \
  } while (0)

// |actual - expected| <= tolerance; NaN fails.
#define CHECK_NEAR(actual, expected, tolerance)                                                    \
  do {                                                                                             \
    double check_a = (double)(actual), check_e = (double)(expected),                               \
           check_t = (double)(tolerance);                                                          \
    if (!(fabs(check_a - check_e) <= check_t))                                                     \
      FAIL("%s is %.9g, expected %.9g within %.3g", #actual, check_a, check_e, check_t);           \
  } while (0)

static inline int check_main(const check_case *cases, size_t count) {
  int failed = 0;
  for (size_t i = 0; i < count; i++) {
    check_state check = {0};
    cases[i].run(&check);
    if (check.failures)
      printf("not ok %zu - %s\n", i + 1, cases[i].name);
    else if (check.skip)
      printf("ok %zu - %s # SKIP %s\n", i + 1, cases[i].name, check.skip);
    else
      printf("ok %zu - %s\n", i + 1, cases[i].name);
    fflush(stdout);
    failed += check.failures != 0;
  }
  return failed ? 1 : 0;
}

// TEST_MAIN(CASE(adds), CASE(overflows))
#define CASE(id)                                                                                   \
  { #id, id }
#define TEST_MAIN(...)                                                                             \
  int main(void) {                                                                                 \
    static const check_case cases[] = {__VA_ARGS__};                                               \
    return check_main(cases, sizeof cases / sizeof *cases);                                        \
  }

#endif
