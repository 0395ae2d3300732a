// Tests of layers/base: status, arenas, text, numbers, random numbers, shapes.
#include "tests/lib/check.h"

#include "layers/base/memory.h"
#include "layers/base/random.h"
#include "layers/base/shape.h"
#include "layers/base/text.h"

TEST(errors_name_the_place_and_stay_on_one_line) {
  gb_error error = {0};
  gb_location where = {"a.xml", 3, 7};
  CHECK_INT(gb_fail_at(&error, GB_EINPUT, &where, "bad\nvalue '%s'", "x"), GB_EINPUT);
  CHECK_TEXT(error.message, "a.xml:3:7: bad value 'x'");
  gb_error_prefix(&error, "layer '%s': ", "conv1");
  CHECK_TEXT(error.message, "layer 'conv1': a.xml:3:7: bad value 'x'");
  CHECK_INT(gb_fail(NULL, GB_EIO, "nobody listens"), GB_EIO);
}

TEST(arena_allocations_are_zeroed_aligned_and_apart) {
  gb_arena *arena = gb_arena_new(NULL);
  REQUIRE(arena);
  static const size_t sizes[] = {1, 15, 16, 17, 4095, 4096, 65535, 65536, 200000, 3};
  unsigned char *last = NULL;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    unsigned char *p = gb_arena_allocate(arena, sizes[i], 1);
    REQUIRE(p);
    CHECK_INT((uintptr_t)p % (sizes[i] >= 4096 ? 64 : 16), 0);
    for (size_t j = 0; j < sizes[i]; j++)
      if (p[j]) {
        FAIL("byte %zu of allocation %zu is not zero", j, i);
        break;
      }
    memset(p, 0xee, sizes[i]);
    CHECK(p != last);
    last = p;
  }
  CHECK(gb_arena_allocate(arena, SIZE_MAX / 2, 3) == NULL);
  CHECK_TEXT(gb_arena_print(arena, "%d-%s", 7, "x"), "7-x");
  gb_arena_free(arena);
}

TEST(suggestions_find_misspelt_names_only) {
  gb_suggestion s = {.name = "kernal"};
  gb_suggest(&s, "stride");
  gb_suggest(&s, "kernel");
  CHECK(s.best && strcmp(s.best, "kernel") == 0);
  gb_suggestion none = {.name = "zebra"};
  gb_suggest(&none, "kernel");
  CHECK(none.best == NULL);
}

TEST(numbers_are_parsed_whole_or_not_at_all) {
  int64_t i;
  double d;
  CHECK(gb_parse_int("-12", &i) && i == -12);
  CHECK(!gb_parse_int("", &i) && !gb_parse_int(" 1", &i) && !gb_parse_int("1x", &i));
  CHECK(!gb_parse_int("99999999999999999999", &i));
  CHECK(gb_parse_real("1e-5", &d) && d == 1e-5);
  CHECK(!gb_parse_real("nan", &d) && !gb_parse_real("inf", &d) && !gb_parse_real("0x10", &d));
  CHECK(!gb_parse_real("1e999", &d));
}

TEST(random_numbers_repeat_and_spread) {
  gb_random a = {1}, b = {1};
  double sum = 0, squares = 0;
  enum { COUNT = 100000 };
  for (int i = 0; i < COUNT; i++) {
    double x = gb_random_normal(&a);
    CHECK_NEAR(x, gb_random_normal(&b), 0);
    sum += x;
    squares += x * x;
  }
  // The mean's deviation is 1/sqrt(COUNT), the variance's sqrt(2/COUNT); five of each.
  CHECK_NEAR(sum / COUNT, 0, 5 / sqrt(COUNT));
  CHECK_NEAR(squares / COUNT, 1, 5 * sqrt(2.0 / COUNT));
  // FNV-1a's published test values.
  CHECK(gb_hash_text("") == UINT64_C(0xcbf29ce484222325));
  CHECK(gb_hash_text("foobar") == UINT64_C(0x85944171f73967e8));
}

TEST(shapes_refuse_overflow) {
  gb_shape good = {1, 64, 112, 112}, huge = {1 << 20, 1 << 20, 1 << 20, 1 << 20},
           zero = {1, 0, 1, 1};
  CHECK(gb_shape_valid(&good) && !gb_shape_valid(&huge) && !gb_shape_valid(&zero));
  CHECK_INT(gb_shape_count(&good), 802816);
  char text[GB_SHAPE_TEXT];
  CHECK_TEXT(gb_shape_print(&good, text), "1×64×112×112");
}

TEST_MAIN(CASE(errors_name_the_place_and_stay_on_one_line),
          CASE(arena_allocations_are_zeroed_aligned_and_apart),
          CASE(suggestions_find_misspelt_names_only), CASE(numbers_are_parsed_whole_or_not_at_all),
          CASE(random_numbers_repeat_and_spread), CASE(shapes_refuse_overflow))
