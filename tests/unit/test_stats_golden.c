// Tests of statistics against values of SciPy, NumPy and R (tests/golden/stats.txt).
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/check.h"

#include "harness/stats/dependence.h"
#include "harness/stats/difference.h"
#include "harness/stats/drift.h"
#include "harness/stats/rank.h"
#include "harness/stats/summary.h"

#include <stdlib.h>

enum { SETS = 24, VALUES = 400, MOST = 320 };

typedef struct data_set {
  char name[24];
  size_t count;
  double values[MOST];
} data_set;

typedef struct golden_value {
  char quantity[24], a[24], b[24];
  double number;
} golden_value;

typedef struct golden {
  data_set sets[SETS];
  golden_value values[VALUES];
  size_t set_count, value_count;
} golden;

// One line of at most 8 KiB; false where it cannot be understood.
static bool read_line(golden *g, char *line) {
  char *at = NULL, *word = strtok_r(line, " \n", &at);
  if (!word || word[0] == '#')
    return true;
  char *words[4] = {0};
  if (strcmp(word, "data") == 0 && g->set_count < SETS) {
    data_set *s = &g->sets[g->set_count++];
    snprintf(s->name, sizeof s->name, "%s", strtok_r(NULL, " \n", &at));
    size_t count = strtoul(strtok_r(NULL, " \n", &at), NULL, 10);
    while (s->count < MOST && (word = strtok_r(NULL, " \n", &at)))
      s->values[s->count++] = strtod(word, NULL);
    return s->count == count;
  }
  size_t n = 0;
  while (n < 4 && (words[n] = strtok_r(NULL, " \n", &at)))
    n++;
  if (strcmp(word, "value") != 0 || n < 3 || g->value_count == VALUES)
    return false;
  golden_value *v = &g->values[g->value_count++];
  snprintf(v->quantity, sizeof v->quantity, "%s", words[0]);
  snprintf(v->a, sizeof v->a, "%s", words[1]);
  snprintf(v->b, sizeof v->b, "%s", n == 4 ? words[2] : "");
  v->number = strtod(words[n - 1], NULL);
  return true;
}

static golden *golden_read(check_state *check) {
  golden *g = calloc(1, sizeof *g);
  FILE *file = fopen("tests/golden/stats.txt", "r");
  char line[8192];
  bool good = g && file;
  while (good && fgets(line, sizeof line, file))
    good = read_line(g, line);
  if (file)
    fclose(file);
  if (!good)
    FAIL("tests/golden/stats.txt cannot be read");
  return g;
}

static data_set *set_of(golden *g, const char *name) {
  for (size_t i = 0; i < g->set_count; i++)
    if (strcmp(g->sets[i].name, name) == 0)
      return &g->sets[i];
  return NULL;
}

// Compares one quantity wherever the file has it; returns how often that was.
typedef double quantity_of(const data_set *a, const data_set *b, double argument,
                           check_state *check);

static size_t compare(check_state *check, const char *quantity, quantity_of *compute,
                      double argument, double tolerance) {
  golden *g = golden_read(check);
  size_t compared = 0;
  for (size_t i = 0; g && i < g->value_count; i++) {
    const golden_value *v = &g->values[i];
    if (strcmp(v->quantity, quantity) != 0)
      continue;
    compared++;
    double mine = compute(set_of(g, v->a), set_of(g, v->b), argument, check);
    if (isnan(v->number) ? !isnan(mine)
                         : !(fabs(mine - v->number) <= tolerance * (1 + fabs(v->number))))
      FAIL("%s of %s %s is %.17g, expected %.17g", quantity, v->a, v->b, mine, v->number);
  }
  free(g);
  return compared;
}

#define MUST(call)                                                                                 \
  do {                                                                                             \
    gb_error must_error = {0};                                                                     \
    gb_error *error = &must_error;                                                                 \
    if ((call) != GB_OK)                                                                           \
      FAIL("%s: %s", #call, must_error.message);                                                   \
  } while (0)

// ---------------------------------------------------------------------------------------------

static double quantile(const data_set *a, const data_set *b, double q, check_state *check) {
  (void)b;
  gb_interval interval = {0};
  gb_resampling how = {.draws = 10};
  MUST(gb_quantile_interval(a->values, a->count, q, &how, &interval, error));
  return interval.value;
}

typedef enum field { MAD, SEVERE_HIGH, MILD_HIGH, MILD_LOW, LOW, HIGH } field;

static double summary(const data_set *a, const data_set *b, double which, check_state *check) {
  (void)b;
  double values[MOST];
  memcpy(values, a->values, sizeof values);
  gb_summary s = {0};
  MUST(gb_summarise(values, a->count, &s, error));
  switch ((field)which) {
  case MAD:
    return s.mad;
  case SEVERE_HIGH:
    return (double)s.outliers.severe_high;
  case MILD_HIGH:
    return (double)s.outliers.mild_high;
  case MILD_LOW:
    return (double)s.outliers.mild_low;
  case LOW:
    return s.low;
  case HIGH:
    return s.high;
  }
  return (double)NAN;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double dip(const data_set *a, const data_set *b, double unused, check_state *check) {
  (void)b, (void)unused;
  double values[MOST], result = 0;
  memcpy(values, a->values, sizeof values);
  qsort(values, a->count, sizeof *values, ascending);
  MUST(gb_dip(values, a->count, &result, error));
  return result;
}

// argument: 0 the first, 1 the middle one, 2 the last
static double rank(const data_set *a, const data_set *b, double at, check_state *check) {
  (void)b;
  double ranks[MOST];
  MUST(gb_ranks(a->values, a->count, ranks, error));
  return ranks[at < 1 ? 0 : at < 2 ? a->count / 2 : a->count - 1];
}

static double mann_whitney(const data_set *a, const data_set *b, double which, check_state *check) {
  gb_mann_whitney m = {0};
  MUST(gb_mann_whitney_of(a->values, a->count, b->values, b->count, 0, 0, &m, error));
  return which < 1 ? m.u : which < 2 ? m.p : which < 3 ? m.shift : m.cliff;
}

static double columns(const data_set *a, const data_set *b, double which, check_state *check) {
  gb_rank r = {0};
  gb_resampling how = {.draws = 10};
  MUST(gb_rank_of(a->values, b->values, a->count, &how, &r, error));
  return which < 1 ? r.kendall.value : which < 2 ? r.kendall_p : r.spearman.value;
}

static double trend(const data_set *a, const data_set *b, double which, check_state *check) {
  (void)b;
  double values[MOST];
  memcpy(values, a->values, sizeof values);
  qsort(values, a->count, sizeof *values, ascending);
  double median =
      a->count % 2 ? values[a->count / 2] : (values[a->count / 2 - 1] + values[a->count / 2]) / 2;
  gb_trend t = {0};
  MUST(gb_trend_of(a->values, a->count, 1, &t, error));
  return which < 1 ? t.tau : t.share * fabs(median) / (double)(a->count - 1);
}

TEST(quantiles) {
  CHECK(compare(check, "quantile0.1", quantile, 0.1, 1e-12) > 9);
  CHECK(compare(check, "quantile0.25", quantile, 0.25, 1e-12) > 9);
  CHECK(compare(check, "quantile0.5", quantile, 0.5, 1e-12) > 9);
  CHECK(compare(check, "quantile0.9", quantile, 0.9, 1e-12) > 9);
  CHECK(compare(check, "quantile0.99", quantile, 0.99, 1e-12) > 9);
}

TEST(summaries) {
  CHECK(compare(check, "mad", summary, MAD, 1e-12) > 9);
  CHECK(compare(check, "severe_high", summary, SEVERE_HIGH, 0) > 9);
  CHECK(compare(check, "mild_high", summary, MILD_HIGH, 0) > 9);
  CHECK(compare(check, "mild_low", summary, MILD_LOW, 0) > 9);
  CHECK(compare(check, "median_low", summary, LOW, 0) > 9);
  CHECK(compare(check, "median_high", summary, HIGH, 0) > 9);
}

TEST(dips) {
  CHECK(compare(check, "dip", dip, 0, 1e-12) > 9);
}

TEST(ranks) {
  CHECK(compare(check, "rank0", rank, 0, 0) > 9);
  CHECK(compare(check, "rank10", rank, 1, 0) > 0);
  CHECK(compare(check, "rank19", rank, 2, 0) > 0);
}

TEST(mann_whitneys) {
  CHECK(compare(check, "u", mann_whitney, 0, 1e-12) > 4);
  CHECK(compare(check, "u_p", mann_whitney, 1, 1e-10) > 4);
  CHECK(compare(check, "shift", mann_whitney, 2, 1e-12) > 4);
  CHECK(compare(check, "cliff", mann_whitney, 3, 1e-12) > 4);
}

TEST(rank_correlations) {
  CHECK(compare(check, "tau", columns, 0, 1e-12) > 1);
  CHECK(compare(check, "tau_p", columns, 1, 1e-10) > 1);
  CHECK(compare(check, "rho", columns, 2, 1e-12) > 1);
}

TEST(trends) {
  CHECK(compare(check, "mk_tau", trend, 0, 1e-12) > 2);
  CHECK(compare(check, "slope", trend, 1, 1e-12) > 2);
}

TEST(holm) {
  golden *g = golden_read(check);
  REQUIRE(g != NULL);
  const data_set *p = set_of(g, "pvalues"), *expected = set_of(g, "holm");
  double corrected[MOST];
  gb_error error = {0};
  REQUIRE(p != NULL);
  REQUIRE(expected != NULL);
  REQUIRE_OK(gb_holm(p->values, p->count, corrected, &error), error);
  for (size_t i = 0; i < p->count; i++)
    CHECK_NEAR(corrected[i], expected->values[i], 1e-14);
  free(g);
}

TEST_MAIN(CASE(quantiles), CASE(summaries), CASE(dips), CASE(ranks), CASE(mann_whitneys),
          CASE(rank_correlations), CASE(trends), CASE(holm))
