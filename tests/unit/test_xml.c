// Tests of the language of architectures: expressions, scopes, blocks, parameters, places.
#include "tests/unit/xml_help.h"

// One expression's value, by way of a layer's name.
static void evaluate(const char *expression, gb_text *out) {
  gb_text xml = {0};
  gb_text_print(&xml, XML_HEAD "<conv out=\"1\" kernel=\"1\" name=\"%s\"/>" XML_TAIL, expression);
  xml_expand(gb_text_get(&xml), NULL, 0, NULL, 0, out);
  gb_text_free(&xml);
}

TEST(expressions_have_the_value_of_their_arithmetic) {
  static const char *const pairs[][2] = {
      {"{1 + 2 * 3}", "7"},
      {"{7 div 2}", "3.5"},
      {"{0.1 + 0.2}", "0.30000000000000004"},
      {"{1 div 3}", "0.3333333333333333"},
      {"{1e-5}", "1e-05"},
      {"{2 * 1e5}", "200000"},
      {"{-4}", "-4"},
      {"{0 * -1}", "0"},
      {"{9007199254740991}", "9007199254740991"},
      {"{7 mod 3}", "1"},
      {"{floor(-2.5)}", "-3"},
      {"{1 = 1}", "1"},
      {"{1 &gt; 2}", "0"},
      {"{not(0) and 1}", "1"},
      {"{concat('a', 1 + 1)}", "a2"},
      {"{if(1 &lt; 2, 'yes', 'no')}", "yes"},
      {"{if('', 'yes', 4)}", "4"},
      {"{min(3, 1, 2)}", "1"},
      {"{max(3, 1, 2)}", "3"},
      {"{min(5)}", "5"},
      {"{pow(2, 10)}", "1024"},
      {"{round-even(2.5)}", "2"},
      {"{round-even(3.5)}", "4"},
      {"{round-even(-0.5)}", "0"},
      {"{round(2.5)}", "3"},
      {"{item('10 20 x', 2)}", "20"},
      {"{item('10 20 x', 3)}", "x"},
      {"{item(' 10  20 ', 2) + 1}", "21"},
      {"{count-items(' a b  c ')}", "3"},
      {"{count-items('')}", "0"},
      {"a{1}b{2}", "a1b2"},
      {"{{x}}", "{x}"},
      {"{{{1}}}", "{1}"},
      {"{concat('}', '{')}", "}{"},
      {"", ""},
  };
  gb_text out = {0}, expected = {0};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    // A constant must be a name, so that is not where braces can be tried.
    bool constant = !strpbrk(pairs[i][0], "{}") || pairs[i][0][1] == '{';
    if (constant && *pairs[i][0])
      continue;
    evaluate(pairs[i][0], &out);
    expected.length = 0;
    gb_text_print(&expected, "conv out=1 kernel=1 name=%s", pairs[i][1]);
    CHECK_TEXT(gb_text_get(&out), gb_text_get(&expected));
  }
  gb_text_free(&out);
  gb_text_free(&expected);
  CHECK_BODY("<block name='b' params='x'><conv out='1' kernel='1' name='{$x}'/></block>"
             "<b x='{{}}'/>",
             "sequence block=b { conv out=1 kernel=1 name={} }");
}

// The papers' rule by search instead of by formula: the nearest multiple (halves upwards), at least
// d; one more where more than a tenth would be lost.
static double nearest_multiple(double v, double d) {
  double best = d;
  for (double m = d; m <= v + d; m += d)
    if (fabs(m - v) <= fabs(best - v))
      best = m;
  return best < 0.9 * v ? best + d : best;
}

TEST(divisible_rounds_as_the_papers_do) {
  gb_text out = {0};
  static const double divisors[] = {2, 4, 8};
  for (size_t k = 0; k < 3; k++)
    for (double v = 0.5; v < 100; v += 4.75) {
      char text[64], expected[96];
      snprintf(text, sizeof text, "{divisible(%g, %g)}", v, divisors[k]);
      evaluate(text, &out);
      snprintf(expected, sizeof expected, "conv out=1 kernel=1 name=%g",
               nearest_multiple(v, divisors[k]));
      CHECK_TEXT(gb_text_get(&out), expected);
    }
  evaluate("{divisible(3, 8, 16)}", &out);
  CHECK_TEXT(gb_text_get(&out), "conv out=1 kernel=1 name=16");
  gb_text_free(&out);
}

TEST(faulty_expressions_are_refused_with_place_and_reason) {
  static const char *const pairs[][2] = {
      {"{1 div 0}", "t.xml:3:26: in {1 div 0}: the result is infinite (a division by zero?)"},
      {"{0 div 0}", "not a number"},
      {"{'a' + 1}", "not a number"},
      {"{1 +}", "not an XPath expression"},
      {"{(1}", "not an XPath expression"},
      {"{}", "an expression is empty"},
      {"{1", "'{' without '}'"},
      {"1}", "'}' without '{'"},
      {"{width}", "'width' is no variable; write $width"},
      {"{//conv}", "there is no document to take paths in"},
      {"{@kernel}", "there is no document"},
      {"{document('/etc/passwd')}", "unknown function document()"},
      {"{flor(1)}", "unknown function flor(); did you mean floor()?"},
      {"{divisible(1)}", "divisible(v, d) or divisible(v, d, min)"},
      {"{divisible(1, 0)}", "needs d > 0"},
      {"{item('a b', 3)}", "no i-th item"},
      {"{item('a b', 0)}", "no i-th item"},
      {"{item('a b', 1.5)}", "no i-th item"},
      {"{$x}", "unknown variable $x"},
      {"{id('x')}", "nothing is found"},
  };
  gb_text out = {0};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    evaluate(pairs[i][0], &out);
    CHECK_CONTAINS(gb_text_get(&out), pairs[i][1]);
  }
  gb_text_free(&out);
}

#define UNIT "<conv out='1' kernel='1' name="

TEST(lets_and_repeats_have_their_scopes) {
  CHECK_BODY("<let name='a' value='{1 + 1}'/><let name='b' value='{$a * 3}'/>" UNIT "'{$b}'/>",
             "conv out=1 kernel=1 name=6");
  CHECK_BODY("<repeat count='3' var='i' from='1'>" UNIT "'n{$i}'/></repeat>",
             "conv out=1 kernel=1 name=n1; conv out=1 kernel=1 name=n2; "
             "conv out=1 kernel=1 name=n3");
  CHECK_BODY("<repeat count='2' var='i'><repeat count='{$i + 1}' var='j'>" UNIT
             "'{$i}.{$j}'/></repeat></repeat>",
             "conv out=1 kernel=1 name=0.0; conv out=1 kernel=1 name=1.0; "
             "conv out=1 kernel=1 name=1.1");
  CHECK_BODY(UNIT "'x'/><repeat count='0'>" UNIT "'y'/></repeat>", "conv out=1 kernel=1 name=x");
  CHECK_BODY("<repeat count='2' var='i'><let name='k' value='{$i * 2}'/>" UNIT "'{$k}'/></repeat>",
             "conv out=1 kernel=1 name=0; conv out=1 kernel=1 name=2");
  CHECK_REFUSED("<repeat count='1' var='i'>" UNIT "'a'/></repeat>" UNIT "'{$i}'/>",
                "unknown variable $i");
  CHECK_REFUSED(UNIT "'{$later}'/><let name='later' value='1'/>", "unknown variable $later");
  CHECK_REFUSED("<let name='n' value='4'/>" UNIT "'{$n-1}'/>",
                "XPath reads '$n-1' as one name; put blanks around the minus: '$n - 1'");
}

TEST(conditions_drop_elements) {
  CHECK_BODY(UNIT "'a' if='1 > 2'/>" UNIT "'b' if='1 &lt; 2'/>", "conv out=1 kernel=1 name=b");
  CHECK_BODY(UNIT "'a'/><repeat count='2' if='0'>" UNIT "'b'/></repeat>",
             "conv out=1 kernel=1 name=a");
  CHECK_BODY("<block name='b' params='se=0'>" UNIT "'x' if='$se'/>" UNIT
             "'y' if='not($se)'/></block><b/><b se='1'/>",
             "sequence block=b { conv out=1 kernel=1 name=y }; "
             "sequence block=b { conv out=1 kernel=1 name=x }");
}

TEST(blocks_see_their_parameters_and_the_architectures_but_not_the_callers) {
  CHECK_BODY("<param name='p' default='5'/><let name='g' value='{$p + 1}'/>"
             "<block name='b' params='k out=7'>" UNIT "'{$k} {$out} {$p} {$g}'/></block>"
             "<b name='n' k='{$p * 2}'/>",
             "sequence name=n block=b { conv out=1 kernel=1 name=10 7 5 6 }");
  // A parameter of a block hides the architecture's.
  CHECK_BODY("<param name='p' default='5'/><block name='b' params='p'>" UNIT "'{$p}'/></block>"
             "<b p='x'/>",
             "sequence block=b { conv out=1 kernel=1 name=x }");
  // Blocks inside blocks: the inner one's parameter is evaluated with the outer one's variables.
  CHECK_BODY("<block name='in' params='v'>" UNIT "'{$v}'/></block>"
             "<block name='out' params='v'><in v='{$v + 1}'/></block><out v='1'/>",
             "sequence block=out { sequence block=in { conv out=1 kernel=1 name=2 } }");
  CHECK_REFUSED("<block name='in'>" UNIT "'{$v}'/></block>"
                "<block name='out' params='v'><in/></block><out v='1'/>",
                "unknown variable $v");
  CHECK_REFUSED("<block name='b' params='kernel'>" UNIT "'{$kernel}'/></block><b kernal='1'/>",
                "<b> has no attribute 'kernal'; did you mean 'kernel'?");
  CHECK_REFUSED("<block name='b' params='kernel'>" UNIT "'{$kernel div 0}'/></block>\n"
                "<b kernel='1'/>",
                "(in block 'b' used at t.xml:4:1)");
  // What a text says is not taken for a number: a list stays a list, 1x5 a size.
  CHECK_BODY("<block name='b' params='k'><conv name='{item($k, 2)}' out='1' kernel='{$k}'/></block>"
             "<b k='1x5 7'/>",
             "sequence block=b { conv name=7 out=1 kernel=1x5 7 }");
}

TEST(structures_are_kept_as_they_stand) {
  CHECK_BODY("<residual act='relu'>" UNIT "'a'/><shortcut>" UNIT "'b'/></shortcut></residual>"
             "<branches join='add'><branch/><branch>" UNIT "'c'/></branch></branches>",
             "residual act=relu { conv out=1 kernel=1 name=a; shortcut { conv out=1 kernel=1 "
             "name=b } }; branches join=add { branch; branch { conv out=1 kernel=1 name=c } }");
  CHECK_BODY("<branches><repeat count='2' var='i'><branch name='b{$i}'/></repeat></branches>",
             "branches { branch name=b0; branch name=b1 }");
  CHECK_REFUSED("<shortcut/>", "<shortcut> stands only inside <residual>");
  CHECK_REFUSED("<residual><branch/></residual>", "<branch> stands only inside <branches>");
  CHECK_REFUSED("<branches>" UNIT "'a'/></branches>", "holds only <branch> elements, not <conv>");
}

#define PARAMS                                                                                     \
  "<architecture name='t'><param name='width' default='1.0' min='0.1' max='4' help='h'/>"          \
  "<param name='n' type='integer' default='2' min='0'/>"                                           \
  "<param name='mode' default='plain' choices='plain fancy'/>"                                     \
  "<param name='groups' default='1' choices='1 2.0 4'/>"                                           \
  "<param name='text' default='a b'/>"                                                             \
  "<param name='double' default='{$half * 4}'/><param name='half' default='{$width div 2}'/>"      \
  "<input channels='3' height='8' width='8'/>" UNIT                                                \
  "'{$width} {$n} {$mode} {$groups} {$text} {$double}'/></architecture>"

static void check_setting(check_state *check, const char *name, const char *value,
                          const char *expected) {
  gb_text out = {0};
  gb_setting setting = {name, value};
  xml_expand(PARAMS, &setting, name ? 1 : 0, NULL, 0, &out);
  CHECK_CONTAINS(gb_text_get(&out), expected);
  gb_text_free(&out);
}

TEST(parameters_take_what_their_declaration_allows) {
  check_setting(check, NULL, NULL, "name=1 2 plain 1 a b 2");
  check_setting(check, "width", "0.50", "name=0.5 2 plain 1 a b 1");
  check_setting(check, "half", "3", "name=1 2 plain 1 a b 12");
  check_setting(check, "n", "3.0", "name=1 3 plain");
  check_setting(check, "mode", "fancy", "name=1 2 fancy");
  check_setting(check, "groups", "2", "name=1 2 plain 2.0 a b");
  check_setting(check, "text", "1x3", "name=1 2 plain 1 1x3");
  check_setting(check, "width", "9",
                "architecture 't': parameter width=\"9\" is not allowed: a number from 0.1 to 4");
  check_setting(check, "width", "wide", "parameter width=\"wide\" is not a number");
  check_setting(check, "width", "1e999", "is not a number");
  check_setting(check, "n", "1.5", "is not allowed: an integer, at least 0");
  check_setting(check, "n", "-1", "is not allowed: an integer, at least 0");
  check_setting(check, "mode", "fancey", "one of plain, fancy; did you mean 'fancy'?");
  check_setting(check, "widht", "1",
                "architecture 't' has no parameter 'widht'; did you mean 'width'?");
  check_setting(check, "zzz", "1", "it has width, n, mode, groups, text, double, half");
}

TEST(later_settings_win_and_all_are_listed) {
  gb_architecture *a;
  gb_error error = {0};
  REQUIRE_OK(gb_architecture_parse(PARAMS, strlen(PARAMS), "t.xml", NULL, &a, &error), error);
  size_t count;
  const gb_parameter *parameters = gb_architecture_parameters(a, &count);
  CHECK_INT(count, 7);
  CHECK_TEXT(parameters[0].name, "width");
  CHECK_TEXT(parameters[0].fallback, "1.0");
  CHECK_TEXT(parameters[0].help, "h");
  CHECK_TEXT(parameters[0].allowed, "a number from 0.1 to 4");
  CHECK_TEXT(parameters[2].allowed, "one of plain, fancy");
  CHECK_TEXT(parameters[4].allowed, "");
  gb_setting settings[] = {{"n", "3"}, {"n", "4"}};
  gb_network *network;
  REQUIRE_OK(gb_architecture_expand(a, settings, 2, NULL, 0, true, &network, &error), error);
  CHECK_INT(network->setting_count, 7);
  CHECK_TEXT(network->settings[1].name, "n");
  CHECK_TEXT(network->settings[1].value, "4");
  CHECK_CONTAINS(network->xml, "<network name=\"t\">");
  CHECK_CONTAINS(network->xml, "<input channels=\"3\" height=\"8\" width=\"8\"/>");
  gb_network_free(network);
  gb_architecture_free(a);
}

TEST(circular_and_doubled_parameters_are_refused) {
  CHECK_REFUSED("<param name='a' default='{$b}'/><param name='b' default='{$a}'/>" UNIT "'x'/>",
                "the value of parameter 'a' depends on itself");
  CHECK_REFUSED("<param name='a' default='1'/><param name='a' default='2'/>" UNIT "'x'/>",
                "parameter 'a' is declared twice");
  CHECK_REFUSED("<param name='a' default='5' max='4'/>" UNIT "'x'/>", "is not allowed");
  CHECK_REFUSED("<param name='a' default='{2 + 3}' max='4'/>" UNIT "'x'/>",
                "t.xml:3:17: parameter a=\"5\" is not allowed: a number, at most 4");
}

TEST(places_are_lines_and_columns_of_code_points) {
  static const char text[] = "\xef\xbb\xbf<?xml version='1.0'?>\n"
                             "<architecture name='t' title='\xc3\xa9\xc3\xa9'><input channels='1'\n"
                             "  height = '2'\twidth=\"3\"/>\n"
                             "<!-- <conv> -->\n"
                             "\xc3\xa9<conv name='&lt;'\n\n kernel='1' out='2'/></architecture>";
  // The stray é is a fault; without it the same places hold.
  gb_architecture *a;
  gb_error error = {0};
  CHECK_INT(gb_architecture_parse(text, sizeof text - 1, "p.xml", NULL, &a, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "p.xml:2:1: text");
  char clean[sizeof text];
  memcpy(clean, text, sizeof text);
  char *stray = strstr(clean, "\xc3\xa9<conv");
  memcpy(stray, "\t ", 2);
  char *name = strstr(clean, "&lt;");
  memcpy(name, "ab_c", 4);
  REQUIRE_OK(gb_architecture_parse(clean, sizeof text - 1, "p.xml", NULL, &a, &error), error);
  gb_network *network;
  REQUIRE_OK(gb_architecture_expand(a, NULL, 0, NULL, 0, false, &network, &error), error);
  gb_architecture_free(a);
  const gb_element *input = network->root->first_child, *conv = input->next;
  CHECK_TEXT(input->where.file, "p.xml");
  CHECK_INT(network->root->where.line, 2);
  CHECK_INT(network->root->where.column, 1);
  CHECK_INT(input->where.line, 2);
  CHECK_INT(input->where.column, 35);
  CHECK_INT(input->attributes[0].where.column, 42);
  CHECK_INT(input->attributes[1].where.line, 3);
  CHECK_INT(input->attributes[1].where.column, 3);
  CHECK_INT(input->attributes[2].where.column, 16);
  CHECK_INT(conv->where.line, 5);
  CHECK_INT(conv->where.column, 3);
  CHECK_TEXT(conv->attributes[1].name, "kernel");
  CHECK_INT(conv->attributes[1].where.line, 7);
  CHECK_INT(conv->attributes[1].where.column, 2);
  CHECK_INT(conv->attributes[2].where.column, 13);
  gb_network_free(network);
}

TEST(names_are_found_with_suggestions) {
  gb_arena *arena = gb_arena_new(NULL);
  REQUIRE(arena);
  const char *path;
  gb_error error = {0};
  REQUIRE_OK(gb_places_find(&xml_places, "architectures", "tiny", arena, &path, &error), error);
  CHECK_TEXT(path, "tests/unit/data/architectures/tiny.xml");
  REQUIRE_OK(gb_places_find(NULL, "architectures", path, arena, &path, &error), error);
  CHECK_INT(gb_places_find(&xml_places, "architectures", "tinny", arena, &path, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "no architecture 'tinny'");
  CHECK_CONTAINS(error.message, "did you mean 'tiny'?");
  CHECK_INT(gb_places_find(&xml_places, "architectures", "zzzzzzzz", arena, &path, &error), GB_EIO);
  CHECK_CONTAINS(error.message, " widest");
  CHECK_INT(
      gb_places_find(&xml_places, "experiments", "../experiments/small", arena, &path, &error),
      GB_EIO);
  gb_arena_free(arena);
}

// An expansion is a matter of microseconds, so that a thousand points of a grid take none of the
// two seconds they have. The bound is loose: it holds under valgrind's and a busy machine's hands.
TEST(many_elements_expand_in_bounded_memory_and_number) {
  CHECK_REFUSED("<repeat count='1000000000'>" UNIT "'a'/></repeat>", "from 0 to 100000");
  CHECK_REFUSED("<repeat count='100000'><repeat count='100000'/></repeat>" UNIT "'a'/>",
                "more than 1000000 steps");
  CHECK_REFUSED("<repeat count='100000'><repeat count='3'>" UNIT "'a'/></repeat></repeat>",
                "more than 200000 elements");
  CHECK_REFUSED(
      "<repeat count='100000'><repeat count='100000' if='0'/></repeat>"
      "<repeat count='100000'><repeat count='9' if='0'/></repeat>" UNIT "'a'/>"
      "<repeat count='100000'><repeat count='9' if='0'><conv out='1' kernel='1'/></repeat>"
      "</repeat><repeat count='100000'/><repeat count='100000'/><repeat count='100000'/>"
      "<repeat count='100000'/><repeat count='100000'/><repeat count='100000'/>",
      "steps");
  CHECK_REFUSED(
      "<block name='a' params='t'><repeat count='2'><conv out='1' kernel='1' "
      "name='{$t}'/></repeat></block>"
      "<block name='b' params='t'><a t='{concat($t, $t, $t, $t, $t, $t, $t, $t)}'/></block>"
      "<block name='c' params='t'><b t='{concat($t, $t, $t, $t, $t, $t, $t, $t)}'/></block>"
      "<block name='d' params='t'><c t='{concat($t, $t, $t, $t, $t, $t, $t, $t)}'/></block>"
      "<d t='{concat(\"0123456789\", \"0123456789\")}'/>",
      "a value has more than 4096 bytes");
}

TEST_MAIN(CASE(expressions_have_the_value_of_their_arithmetic),
          CASE(divisible_rounds_as_the_papers_do),
          CASE(faulty_expressions_are_refused_with_place_and_reason),
          CASE(lets_and_repeats_have_their_scopes), CASE(conditions_drop_elements),
          CASE(blocks_see_their_parameters_and_the_architectures_but_not_the_callers),
          CASE(structures_are_kept_as_they_stand),
          CASE(parameters_take_what_their_declaration_allows),
          CASE(later_settings_win_and_all_are_listed),
          CASE(circular_and_doubled_parameters_are_refused),
          CASE(places_are_lines_and_columns_of_code_points), CASE(names_are_found_with_suggestions),
          CASE(many_elements_expand_in_bounded_memory_and_number))
