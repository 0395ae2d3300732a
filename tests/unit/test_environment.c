// The captured environment: every fact once, by a key of its own, and the ones that Linux always
// has.
#define _GNU_SOURCE
#include "harness/measure/environment.h"
#include "tests/lib/check.h"

#include <ctype.h>
#include <stdlib.h>

typedef struct seen {
  char keys[64][32];
  size_t count, unknown, hurting;
  bool faulty;
} seen;

static void each(void *context, const gb_environment_fact *fact) {
  const char *key = fact->key, *value = fact->value;
  seen *s = context;
  s->faulty = s->faulty || !*fact->title || (value == NULL) != (fact->shown == NULL);
  s->faulty = s->faulty || (fact->hurts == NULL) != (fact->remedy == NULL);
  s->hurting += fact->hurts != NULL;
  for (size_t i = 0; i < s->count; i++)
    s->faulty = s->faulty || strcmp(s->keys[i], key) == 0;
  for (const char *c = key; *c; c++)
    s->faulty =
        s->faulty || !(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
  s->faulty = s->faulty || (value && !*value) || s->count == 64;
  s->unknown += value == NULL;
  if (s->count < 64)
    snprintf(s->keys[s->count++], sizeof s->keys[0], "%s", key);
}

TEST(every_fact_has_a_key) {
  gb_environment environment;
  gb_environment_read(&environment);
  seen s = {.count = 0};
  gb_environment_each(&environment, each, &s);
  CHECK(!s.faulty);
  CHECK(s.count >= 25);
  CHECK(s.unknown < s.count);
}

TEST(what_is_not_known_is_null) {
  gb_environment environment = {.machine = {.l3 = -1, .perf_paranoid = -1, .cgroup_cpus = -1}};
  seen s = {.count = 0};
  gb_environment_each(&environment, each, &s);
  CHECK(!s.faulty);
  CHECK(s.unknown >= 15);
  CHECK_INT(s.hurting, 0);
}

TEST(what_hurts_measuring_is_told) {
  gb_environment environment = {.machine = {.l3 = -1,
                                            .perf_paranoid = 3,
                                            .cores_allowed = 8,
                                            .cgroup_cpus = 1.5,
                                            .governor = "powersave",
                                            .hypervisor = "yes",
                                            .clock_ns = 4000},
                                .turbo = "on",
                                .clock_source = "hpet",
                                .load = "7.5 1.0 1.0",
                                .git = "0123-dirty"};
  seen s = {.count = 0};
  gb_environment_each(&environment, each, &s);
  CHECK(!s.faulty);
  CHECK_INT(s.hurting, 9);
}

TEST(affinity_counts_the_processors_allowed) {
  gb_environment environment;
  gb_environment_read(&environment);
  int count = 0;
  for (char *at = environment.affinity; *at;) {
    long first = strtol(at, &at, 10), last = first;
    if (*at == '-')
      last = strtol(at + 1, &at, 10);
    count += (int)(last - first + 1);
    if (*at == ',')
      at++;
  }
  CHECK_INT(count, environment.machine.cores_allowed);
}

TEST_MAIN(CASE(every_fact_has_a_key), CASE(what_is_not_known_is_null),
          CASE(what_hurts_measuring_is_told), CASE(affinity_counts_the_processors_allowed))
