// Tests of verdicts (against an exhaustive oracle and the papers' own ties) and of comparisons.
#include "tests/lib/check.h"

#include "harness/report/compare.h"

#include <stdlib.h>

static gb_figure figure_of(const char *value, const char *unit, int64_t digits, int decimals,
                           int exponent) {
  return (gb_figure){.row = "r",
                     .column = "macs",
                     .value = value,
                     .unit = unit,
                     .source = "k",
                     .grade = "primary",
                     .note = "",
                     .number = true,
                     .digits = digits,
                     .decimals = decimals,
                     .exponent = exponent};
}

TEST(the_papers_own_figures) {
  gb_figure m163 = figure_of("163", "M", 163, 0, 6), m77 = figure_of("7.7", "M", 77, 1, 6),
            g41 = figure_of("4.1", "G", 41, 1, 9), m130 = figure_of("13.0", "M", 130, 1, 6),
            exact = figure_of("25557032", "", 25557032, 0, 0),
            k47 = figure_of("4.27", "k", 427, 2, 3);
  double difference, percent;
  CHECK_INT(gb_verdict_of(163640000, &m163, NULL, NULL), GB_VERDICT_TRUNCATED);
  CHECK_INT(gb_verdict_of(7651000, &m77, NULL, NULL), GB_VERDICT_ROUNDED);
  CHECK_INT(gb_verdict_of(4089184256, &g41, NULL, NULL), GB_VERDICT_ROUNDED);
  CHECK_INT(gb_verdict_of(13954000, &m130, &difference, &percent), GB_VERDICT_DIFFERS);
  CHECK(difference == 954000);
  CHECK_NEAR(percent, 7.3384615384615, 1e-12);
  CHECK_INT(gb_verdict_of(25557032, &exact, NULL, NULL), GB_VERDICT_ROUNDED);
  CHECK_INT(gb_verdict_of(25557033, &exact, &difference, NULL), GB_VERDICT_DIFFERS);
  CHECK(difference == 1);
  CHECK_INT(gb_verdict_of(4272, &k47, NULL, NULL), GB_VERDICT_ROUNDED);
}

// A tie is rounded up or to even, and below it the cut-off value is only that.
TEST(ties) {
  gb_figure two = figure_of("2", "M", 2, 0, 6), three = figure_of("3", "M", 3, 0, 6);
  CHECK_INT(gb_verdict_of(2500000, &three, NULL, NULL), GB_VERDICT_ROUNDED); // half up
  CHECK_INT(gb_verdict_of(2500000, &two, NULL, NULL), GB_VERDICT_ROUNDED);   // half to even
  CHECK_INT(gb_verdict_of(3500000, &three, NULL, NULL), GB_VERDICT_TRUNCATED);
  CHECK_INT(gb_verdict_of(2500001, &two, NULL, NULL), GB_VERDICT_TRUNCATED);
  CHECK_INT(gb_verdict_of(2499999, &two, NULL, NULL), GB_VERDICT_ROUNDED);
  CHECK_INT(gb_verdict_of(2499999, &three, NULL, NULL), GB_VERDICT_DIFFERS);
  CHECK_INT(gb_verdict_of(1999999, &two, NULL, NULL), GB_VERDICT_ROUNDED);
  // 7.65 has no double; as printed decimals the tie is exact.
  gb_figure m77 = figure_of("7.7", "M", 77, 1, 6), m76 = figure_of("7.6", "M", 76, 1, 6);
  CHECK_INT(gb_verdict_of(7650000, &m77, NULL, NULL), GB_VERDICT_ROUNDED);
  CHECK_INT(gb_verdict_of(7650000, &m76, NULL, NULL), GB_VERDICT_ROUNDED);
  CHECK_INT(gb_verdict_of(7649999, &m77, NULL, NULL), GB_VERDICT_DIFFERS);
}

// Oracle: a figure is right when |2 (computed - figure)| <= grain, save that a tie upwards to an
// odd digit is no rounding; it is cut off when figure <= computed < figure + grain.
TEST(all_small_cases_agree_with_the_definition) {
  for (int64_t digits = 0; digits < 12; digits++) {
    gb_figure f = figure_of("", "k", digits, 1, 3); // a grain of 100
    for (int64_t computed = 0; computed < 1300; computed++) {
      int64_t gap = computed - digits * 100;
      bool rounds = 2 * gap < 100 && 2 * gap > -100;
      if (2 * gap == -100)
        rounds = true; // half up
      if (2 * gap == 100)
        rounds = digits % 2 == 0; // half to even
      gb_verdict expected = rounds                  ? GB_VERDICT_ROUNDED
                            : gap >= 0 && gap < 100 ? GB_VERDICT_TRUNCATED
                                                    : GB_VERDICT_DIFFERS;
      gb_verdict verdict = gb_verdict_of(computed, &f, NULL, NULL);
      if (verdict != expected)
        FAIL("%lld against %lld × 100 is '%s', expected '%s'", (long long)computed,
             (long long)digits, gb_verdict_text(verdict), gb_verdict_text(expected));
    }
  }
}

TEST(a_figure_finer_than_one_and_huge_figures) {
  gb_figure half = figure_of("0.5", "", 5, 1, 0), two = figure_of("2.0", "", 20, 1, 0);
  double difference;
  CHECK_INT(gb_verdict_of(2, &two, NULL, NULL), GB_VERDICT_ROUNDED);
  CHECK_INT(gb_verdict_of(1, &half, &difference, NULL), GB_VERDICT_DIFFERS);
  CHECK(difference == 0.5);
  gb_figure huge = figure_of("999999999999999", "G", 999999999999999, 0, 9);
  CHECK_INT(gb_verdict_of(INT64_MAX, &huge, &difference, NULL), GB_VERDICT_DIFFERS);
  CHECK(difference < 0);
  gb_figure fine = figure_of("0.000000000000001", "", 1, 15, 0);
  CHECK_INT(gb_verdict_of(INT64_MAX, &fine, NULL, NULL), GB_VERDICT_DIFFERS);
  CHECK_INT(gb_verdict_of(INT64_MIN, &two, NULL, NULL), GB_VERDICT_DIFFERS);
}

#define NB "\xc2\xa0" // a space that does not break

static const char table_text[] = "row,column,value,unit,precision,source,grade,note\n"
                                 "Vanilla,params,15.0,M,0.1,k,primary,\n"
                                 "Vanilla,macs,313,M,1,k,primary,\n"
                                 "Vanilla,accuracy,93.6,%,0.1,k,primary,\n"
                                 "Other,macs,206,M,1,k,secondary,\n"
                                 "d=3,params,7.7,M,0.1,k,primary,\n"
                                 "d=3,macs,158,M,1,k,primary,\n"
                                 "d=3,accuracy,93.7,%,0.1,k,primary,\n";

static gb_comparison *filled(gb_published *p) {
  gb_comparison *c = gb_comparison_new("t3", "Kernel size d", p);
  if (!c)
    return NULL;
  gb_comparison_integer(c, "Vanilla", "VGG-16", "params", 14990922);
  gb_comparison_integer(c, "Vanilla", "VGG-16", "macs", 313463808);
  gb_comparison_integer(c, "", "Ghost, d=9", "params", 7800000);
  gb_comparison_integer(c, "", "Ghost, d=9", "macs", 168000000);
  gb_comparison_integer(c, "d=3", "Ghost, d=3", "params", 7651000);
  gb_comparison_integer(c, "d=3", "Ghost, d=3", "macs", 160320000);
  return c;
}

TEST(a_comparison_gives_each_cell_its_verdict) {
  gb_error error = {0};
  gb_published *p = NULL;
  REQUIRE_OK(gb_published_parse(table_text, strlen(table_text), "t.csv", &p, &error), error);
  gb_comparison *c = filled(p);
  REQUIRE(c);
  gb_comparison_known(c, "d=3", "macs", "they forgot the bias", NULL);
  gb_comparison_known(c, "Vanilla", "macs", "never needed", &(gb_location){"e.xml", 4, 1});
  REQUIRE_OK(gb_comparison_finish(c, &error), error);
  size_t count;
  const gb_compared *cells = gb_comparison_cells(c, &count);
  static const struct {
    const char *row, *label, *column;
    gb_verdict verdict;
  } expected[] = {{"Vanilla", "VGG-16", "params", GB_VERDICT_ROUNDED},
                  {"Vanilla", "VGG-16", "macs", GB_VERDICT_ROUNDED},
                  {"Vanilla", "VGG-16", "accuracy", GB_VERDICT_PUBLISHED_ONLY},
                  {"", "Ghost, d=9", "params", GB_VERDICT_COMPUTED_ONLY},
                  {"", "Ghost, d=9", "macs", GB_VERDICT_COMPUTED_ONLY},
                  {"Other", "Other", "macs", GB_VERDICT_PUBLISHED_ONLY},
                  {"d=3", "Ghost, d=3", "params", GB_VERDICT_ROUNDED},
                  {"d=3", "Ghost, d=3", "macs", GB_VERDICT_EXPLAINED},
                  {"d=3", "Ghost, d=3", "accuracy", GB_VERDICT_PUBLISHED_ONLY}};
  REQUIRE(count == sizeof expected / sizeof *expected);
  for (size_t i = 0; i < count; i++) {
    CHECK_TEXT(cells[i].row, expected[i].row);
    CHECK_TEXT(cells[i].label, expected[i].label);
    CHECK_TEXT(cells[i].column, expected[i].column);
    CHECK_TEXT(gb_verdict_text(cells[i].verdict), gb_verdict_text(expected[i].verdict));
  }
  CHECK_INT(gb_comparison_count(c, GB_VERDICT_DIFFERS), 0);
  CHECK_INT(gb_comparison_count(c, GB_VERDICT_PUBLISHED_ONLY), 3);
  gb_text text = {0};
  CHECK_INT(gb_comparison_stale(c, &text), 1);
  CHECK_TEXT(gb_text_get(&text),
             "e.xml:4: the known difference of row 'Vanilla', column 'macs' does not occur\n");
  gb_table *table = NULL;
  REQUIRE_OK(gb_comparison_table(c, &table, &error), error);
  text.length = 0;
  REQUIRE_OK(gb_table_write(table, GB_FORMAT_TEXT, NULL, &text, &error), error);
  CHECK_TEXT(
      gb_text_get(&text),
      "Kernel size d\n"
      "\n"
      "Model       Parameters  published         MACs  published              Accuracy, published\n"
      "──────────  ──────────  ─────────  ─  ────────  ─────────  ──────────  ───────────────────\n"
      "VGG-16         14.99 M     15.0 M  ✓  313.46 M      313 M  ✓                        93.6 %\n"
      "Ghost, d=9      7.80 M          –     168.00 M          –                                –\n"
      "Other                –          –            –      206 M                                –\n"
      "Ghost, d=3      7.65 M      7.7 M  ✓  160.32 M      158 M  +1.5" NB "%" NB
      "[1]               93.7 %\n"
      "\n"
      "[1] Ghost, d=3, MACs: 160.32 M computed, 158 M published, difference +2.32 M (+1.5" NB
      "%): they "
      "forgot the bias\n"
      "3 of 4 compared figures reproduced, 1 differs for a known reason; 3 shown as published "
      "only; "
      "2 computed only. ✓: rounds to the published figure.\n");
  gb_table_free(table);
  table = NULL;
  REQUIRE_OK(gb_comparison_cell_table(c, &table, &error), error);
  text.length = 0;
  REQUIRE_OK(gb_table_write(table, GB_FORMAT_CSV, NULL, &text, &error), error);
  CHECK_CONTAINS(gb_text_get(&text),
                 "\nd=3,\"Ghost, d=3\",macs,160320000,158000000,158,M,explained,"
                 "2320000,1.4683544303797469,they forgot the bias,k,primary,\n");
  CHECK_CONTAINS(gb_text_get(&text), "\nOther,Other,macs,,206000000,206,M,published only,");
  gb_table_free(table);
  gb_text_free(&text);
  gb_comparison_free(c);
  gb_published_free(p);
}

TEST(without_a_reason_it_differs) {
  gb_error error = {0};
  gb_published *p = NULL;
  REQUIRE_OK(gb_published_parse(table_text, strlen(table_text), "t.csv", &p, &error), error);
  gb_comparison *c = filled(p);
  REQUIRE(c);
  REQUIRE_OK(gb_comparison_finish(c, &error), error);
  CHECK_INT(gb_comparison_count(c, GB_VERDICT_DIFFERS), 1);
  gb_text text = {0};
  gb_comparison_summary(c, &text);
  CHECK_TEXT(gb_text_get(&text), "3 of 4 compared figures reproduced, 1 differs and no reason is "
                                 "recorded; 3 shown as published only; 2 computed only");
  gb_text_free(&text);
  gb_comparison_free(c);
  gb_published_free(p);
}

TEST(accuracies_are_never_ours_and_rows_are_for_one_model) {
  gb_error error = {0};
  gb_published *p = NULL;
  REQUIRE_OK(gb_published_parse(table_text, strlen(table_text), "t.csv", &p, &error), error);
  gb_comparison *c = gb_comparison_new("t3", NULL, p);
  REQUIRE(c);
  gb_comparison_integer(c, "d=3", NULL, "accuracy", 93);
  CHECK_INT(gb_comparison_finish(c, &error), GB_EINTERNAL);
  gb_comparison_free(c);
  c = gb_comparison_new("t3", NULL, p);
  REQUIRE(c);
  gb_comparison_integer(c, "d=3", "one", "macs", 1);
  gb_comparison_integer(c, "d=3", "two", "macs", 2);
  CHECK_INT(gb_comparison_finish(c, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "two models give column 'macs' of row 'one'");
  gb_comparison_free(c);
  gb_published_free(p);
}

TEST(without_a_published_table_all_is_computed_only) {
  gb_error error = {0};
  gb_comparison *c = gb_comparison_new("grid", NULL, NULL);
  REQUIRE(c);
  for (int i = 0; i < 1000; i++) {
    char label[32];
    snprintf(label, sizeof label, "point %d", i);
    gb_comparison_integer(c, "", label, "params", i);
    gb_comparison_real(c, "", label, "latency", i * 0.5, 1);
  }
  REQUIRE_OK(gb_comparison_finish(c, &error), error);
  CHECK_INT(gb_comparison_count(c, GB_VERDICT_COMPUTED_ONLY), 2000);
  gb_table *table = NULL;
  REQUIRE_OK(gb_comparison_table(c, &table, &error), error);
  CHECK_INT(table->row_count, 1000);
  CHECK_INT(table->column_count, 3);
  gb_table_free(table);
  gb_comparison_free(c);
}

TEST_MAIN(CASE(the_papers_own_figures), CASE(ties), CASE(all_small_cases_agree_with_the_definition),
          CASE(a_figure_finer_than_one_and_huge_figures),
          CASE(a_comparison_gives_each_cell_its_verdict), CASE(without_a_reason_it_differs),
          CASE(accuracies_are_never_ours_and_rows_are_for_one_model),
          CASE(without_a_published_table_all_is_computed_only))
