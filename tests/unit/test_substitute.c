// Tests of substitutions, extended architectures and included files.
#include "tests/unit/xml_help.h"

#define NETWORK                                                                                    \
  XML_HEAD "<param name='p' default='7'/>"                                                         \
           "<conv name='a' out='8' kernel='3' norm='bn' act='relu'/>"                              \
           "<sequence name='s'><conv name='b' out='8' kernel='1'/>"                                \
           "<conv name='c' out='16' kernel='3' stride='2' groups='1'/></sequence>"                 \
           "<conv name='g' out='16' kernel='3' groups='16' dilation='1'/>" XML_TAIL

static void check_rule(check_state *check, const gb_substitution *rule, const char *expected) {
  gb_text out = {0};
  xml_expand(NETWORK, NULL, 0, rule, 1, &out);
  CHECK_CONTAINS(gb_text_get(&out), expected);
  gb_text_free(&out);
}

TEST(matches_choose_layers_as_xpath_says) {
  // What each match should find, by the names of the layers.
  static const char *const pairs[][2] = {
      {"//conv", "abcg"},
      {"(//conv)[1]", "a"},
      {"(//conv)[position() > 1]", "bcg"},
      {"//conv[1]", "ab"}, // the first of each parent: XPath, not a mistake of ours
      {"//conv[@kernel='3']", "acg"},
      {"//conv[@kernel=3]", "acg"},
      {"//conv[@name='c']", "c"},
      {"//sequence/conv", "bc"},
      {"//conv[@stride > 1]", "c"},
      {"//conv[not(@groups > 1)][position() = last()]", "ac"}, // of each parent again
      {"//sequence[@name='s']//conv[last()]", "c"},
      {"//conv[@kernel = $p - 4]", "acg"},
      {"//conv[@kernel = min(1, 2)]", "b"},
      {"conv", "ag"},
      {"//*[@act='relu']", "a"},
      {"//conv[contains('abc', @name)]", "abc"},
  };
  gb_text out = {0};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    gb_attribute mark = {.name = "norm", .value = "found"};
    gb_substitution rule = {.match = pairs[i][0], .attributes = &mark, .attribute_count = 1};
    CHECK_INT(xml_expand(NETWORK, NULL, 0, &rule, 1, &out), GB_OK);
    char found[8] = "";
    for (const char *p = gb_text_get(&out); (p = strstr(p, "conv name=")); p++) {
      const char *end = strstr(p, "conv name=") + 10, *next = strstr(end, "conv name=");
      const char *norm = strstr(end, "norm=found");
      if (norm && (!next || norm < next))
        strncat(found, end, 1);
    }
    CHECK_TEXT(found, pairs[i][1]);
  }
  gb_text_free(&out);
}

TEST(a_layer_becomes_another_with_what_it_shares) {
  gb_attribute set[] = {{.name = "s", .value = "{$p - 5}"}, {.name = "d", .value = "{@kernel}"}};
  check_rule(check,
             &(gb_substitution){
                 .match = "(//conv)[1]", .with = "ghost", .attributes = set, .attribute_count = 2},
             "ghost name=a out=8 kernel=3 act=relu s=2 d=3;");
  // A default is no loss; and no activation stays none, though a <ghost> has one by default.
  check_rule(check, &(gb_substitution){.match = "//conv[@name='c']", .with = "ghost"},
             "ghost name=c out=16 kernel=3 stride=2 act=none }");
  check_rule(check, &(gb_substitution){.match = "//conv[@name='g']", .with = "ghost"},
             "<conv groups=\"16\"> at t.xml:3 cannot become <ghost>, which has no 'groups'");
  check_rule(check, &(gb_substitution){.match = "//conv[@name='b']", .attributes = set},
             "conv name=b out=8 kernel=1;");
}

#define DEEP(inside) "//*[count(" inside ") > 0]"

TEST(faulty_rules_are_refused) {
  gb_attribute set = {.name = "stirde", .value = "2"}, unknown = {.name = "s", .value = "{$q}"};
  gb_attribute missing = {.name = "s", .value = "{@stride}"};
  gb_location where = {"e.xml", 9, 4};
  const struct {
    gb_substitution rule;
    const char *words;
  } rules[] = {
      {{.match = "//pool", .with = "ghost", .where = where},
       "e.xml:9:4: match=\"//pool\" matches nothing in network 't'"},
      {{.match = "//conv[", .with = "ghost", .where = where},
       "e.xml:9:4: in {//conv[}: not an XPath"},
      {{.match = "//sequence", .with = "ghost"}, "finds <sequence>, which is no layer"},
      {{.match = "//input", .with = "ghost"}, "finds <input>, which is no layer that can be"},
      {{.match = "//conv/@name", .with = "ghost"}, "finds something else than layers"},
      {{.match = "/", .with = "ghost"}, "finds something else than layers"},
      {{.match = "1 + 1", .with = "ghost"}, "finds no elements but a value"},
      {{.match = "//conv", .with = "gost", .where = where}, "no layer; did you mean 'ghost'?"},
      {{.match = "//conv", .with = "input"}, "is no layer"},
      {{.match = "//conv", .with = "{'gost'}"}, "with=\"gost\" is no layer"},
      {{.match = "//conv[@name=$q]", .with = "ghost"}, "unknown variable $q"},
      {{.match = "//conv", .attributes = &set, .attribute_count = 1},
       "<conv> has no attribute 'stirde'; did you mean 'stride'?"},
      {{.match = "//conv", .with = "ghost", .attributes = &unknown, .attribute_count = 1},
       "unknown variable $q"},
      {{.match = "(//conv)[1]", .with = "ghost", .attributes = &missing, .attribute_count = 1},
       "in {@stride}: nothing is found there"},
      // Each level multiplies by the eight elements.
      {{.match = DEEP(DEEP(DEEP(DEEP(DEEP(DEEP(DEEP(DEEP(DEEP(DEEP("//*")))))))))),
        .with = "ghost"},
       "too many steps"},
  };
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    check_rule(check, &rules[i].rule, rules[i].words);
}

TEST(rules_have_conditions_variables_and_order) {
  gb_setting variable = {"q", "5"};
  gb_attribute set = {.name = "kernel", .value = "{$q}"};
  gb_attribute more = {.name = "kernel", .value = "{@kernel + 1}"};
  gb_substitution rules[] = {
      {.match = "//conv[@name='b']",
       .attributes = &set,
       .attribute_count = 1,
       .variables = &variable,
       .variable_count = 1},
      {.match = "//conv[@kernel='5']", .attributes = &more, .attribute_count = 1},
      {.match = "//conv", .with = "ghost", .condition = "$p > 7"},
      {.match = "//nothing", .with = "ghost", .optional = true},
  };
  gb_text out = {0};
  CHECK_INT(xml_expand(NETWORK, NULL, 0, rules, 4, &out), GB_OK);
  CHECK_CONTAINS(gb_text_get(&out), "conv name=b out=8 kernel=6");
  CHECK(!strstr(gb_text_get(&out), "ghost"));
  gb_text_free(&out);
}

static void check_file(check_state *check, const char *name, const gb_setting *settings,
                       size_t count, const char *expected) {
  char path[128];
  snprintf(path, sizeof path, "tests/unit/data/architectures/%s.xml", name);
  gb_architecture *a;
  gb_network *network;
  gb_error error = {0};
  gb_text out = {0};
  REQUIRE_OK(gb_architecture_open(path, &xml_places, &a, &error), error);
  CHECK_TEXT(gb_architecture_name(a), name);
  if (gb_architecture_expand(a, settings, count, NULL, 0, false, &network, &error) == GB_OK) {
    xml_write(network->root->first_child, &out);
    CHECK_CONTAINS(gb_text_get(&out), expected);
    gb_network_free(network);
  } else {
    CHECK_CONTAINS(error.message, expected);
  }
  gb_text_free(&out);
  gb_architecture_free(a);
}

TEST(an_architecture_extends_another) {
  // width 2 by its own default, depth fixed to s - 1, its own block, a rule on top.
  check_file(check, "wide", NULL, 0,
             "input channels=3 height=32 width=32; conv name=stem out=32 kernel=3 act=relu; "
             "sequence name=blocks.1 block=unit { conv name=only out=16 kernel=5 stride=1 }; "
             "conv name=head out=128 kernel=3 act=relu");
  check_file(check, "wide", &(gb_setting){"s", "3"}, 1,
             "sequence name=blocks.2 block=unit { conv name=only out=32 kernel=7 stride=2 }; "
             "conv name=head out=128 kernel=4 act=relu");
  check_file(check, "wide", &(gb_setting){"depth", "1"}, 1,
             "architecture 'wide': parameter 'depth' is fixed by 'wide' "
             "(tests/unit/data/architectures/wide.xml:");
  // The range is still the one of the extended architecture.
  check_file(check, "wide", &(gb_setting){"width", "5"}, 1, "a number from 0.1 to 4");
}

TEST(an_extension_of_an_extension_includes_files) {
  check_file(check, "widest", NULL, 0,
             "input channels=1 height=4 width=4; conv name=stem out=32 kernel=3 act=relu; "
             "sequence name=blocks.1 block=unit { sequence name=leaf block=leaf { "
             "conv name=from-a-file out=16 kernel=1 } }; ");
  check_file(check, "widest", NULL, 0, "conv name=head out=128 kernel=14 act=relu");
}

TEST_MAIN(CASE(matches_choose_layers_as_xpath_says),
          CASE(a_layer_becomes_another_with_what_it_shares), CASE(faulty_rules_are_refused),
          CASE(rules_have_conditions_variables_and_order), CASE(an_architecture_extends_another),
          CASE(an_extension_of_an_extension_includes_files))
