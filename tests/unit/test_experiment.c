// Tests of experiments: cells of grids, ranges, labels, overrides, and what is refused.
#include "tests/unit/xml_help.h"

static gb_status parse(const char *body, const gb_setting *overrides, size_t count,
                       gb_experiment **out, gb_error *error) {
  gb_text xml = {0};
  gb_text_print(&xml, "<experiment name='e'>\n%s\n</experiment>", body);
  gb_status status = gb_experiment_parse(gb_text_get(&xml), xml.length, "e.xml", &xml_places,
                                         overrides, count, out, error);
  gb_text_free(&xml);
  return status;
}

// The cells as "label: settings (point)", one a line.
static void check_cells(check_state *check, const char *body, const gb_setting *overrides,
                        size_t count, const char *expected) {
  gb_experiment *e;
  gb_error error = {0};
  REQUIRE_OK(parse(body, overrides, count, &e, &error), error);
  gb_text out = {0};
  gb_text_add(&out, "");
  for (size_t i = 0; i < e->cell_count; i++) {
    const gb_cell *cell = &e->cells[i];
    gb_text_print(&out, "%s:", cell->label);
    for (size_t k = 0; k < cell->setting_count; k++)
      gb_text_print(&out, " %s=%s", cell->settings[k].name, cell->settings[k].value);
    gb_text_add(&out, " (");
    for (size_t k = 0; k < cell->point_count; k++)
      gb_text_print(&out, "%s%s=%s", k ? " " : "", cell->point[k].name, cell->point[k].value);
    gb_text_add(&out, ")\n");
  }
  CHECK_TEXT(gb_text_get(&out), expected);
  gb_text_free(&out);
  gb_experiment_free(e);
}

static void check_refused(check_state *check, const char *body, const char *words) {
  gb_experiment *e;
  gb_error error = {0};
  CHECK(parse(body, NULL, 0, &e, &error) != GB_OK);
  CHECK_CONTAINS(error.message, words);
  CHECK_CONTAINS(error.message, "e.xml:");
}

TEST(sweeps_make_a_grid_whose_last_varies_fastest) {
  check_cells(
      check,
      "<model architecture='tiny' label='{$width}/{$depth}'>"
      "<sweep param='width' values='0.5 1.0'/><sweep param='depth' values='1 2 3'/></model>",
      NULL, 0,
      "0.5/1: width=0.5 depth=1 (width=0.5 depth=1)\n"
      "0.5/2: width=0.5 depth=2 (width=0.5 depth=2)\n"
      "0.5/3: width=0.5 depth=3 (width=0.5 depth=3)\n"
      "1.0/1: width=1.0 depth=1 (width=1.0 depth=1)\n"
      "1.0/2: width=1.0 depth=2 (width=1.0 depth=2)\n"
      "1.0/3: width=1.0 depth=3 (width=1.0 depth=3)\n");
}

TEST(a_model_without_sweeps_is_one_cell) {
  check_cells(check, "<model architecture='tiny'/>", NULL, 0, "tiny: ()\n");
  check_cells(check,
              "<model architecture='tiny' label='{$mode} {$width * 2} {$stride}'>"
              "<set param='mode' value='fancy'/><set param='stride' value='{$depth + 1}'/>"
              "<set param='depth' value='3'/></model>",
              NULL, 0, "fancy 2 4: mode=fancy depth=3 ()\n");
}

TEST(ranges_reach_their_end_whatever_the_rounding) {
  check_cells(check,
              "<model architecture='tiny' label='{$width}'>"
              "<sweep param='width' from='0.1' to='0.5' step='0.1'/></model>",
              NULL, 0,
              "0.1: width=0.1 (width=0.1)\n0.2: width=0.2 (width=0.2)\n"
              "0.3: width=0.3 (width=0.3)\n0.4: width=0.4 (width=0.4)\n"
              "0.5: width=0.5 (width=0.5)\n");
  check_cells(check,
              "<model architecture='tiny' label='{$depth}'>"
              "<sweep param='depth' from='5' to='0' step='-2'/></model>",
              NULL, 0, "5: depth=5 (depth=5)\n3: depth=3 (depth=3)\n1: depth=1 (depth=1)\n");
  check_cells(check,
              "<model architecture='tiny' label='{$width}'>"
              "<sweep param='width' from='1' to='2' count='3'/></model>",
              NULL, 0, "1: width=1 (width=1)\n1.5: width=1.5 (width=1.5)\n2: width=2 (width=2)\n");
}

#define TWO_MODELS                                                                                 \
  "<sweep param='s' values='2 3'/><model architecture='wide' label='w{$s}'/>"                      \
  "<model architecture='tiny' label='t'><sweep param='width' values='1 2'/></model>"

TEST(sweeps_of_the_experiment_are_for_models_that_have_the_parameter) {
  check_cells(check, TWO_MODELS, NULL, 0,
              "w2: s=2 (s=2)\nw3: s=3 (s=3)\nt: width=1 (width=1)\nt: width=2 (width=2)\n");
}

TEST(overrides_replace_sweeps_and_settings) {
  check_cells(check, TWO_MODELS, &(gb_setting){"s", "4"}, 1,
              "w4: s=4 ()\nt: width=1 (width=1)\nt: width=2 (width=2)\n");
  check_cells(check, TWO_MODELS, (gb_setting[]){{"width", "0.5"}, {"s", "1"}}, 2,
              "w1: s=1 width=0.5 ()\nt: width=0.5 ()\n");
  gb_experiment *e;
  gb_error error = {0};
  CHECK_INT(parse(TWO_MODELS, &(gb_setting){"widht", "1"}, 1, &e, &error), GB_EUSAGE);
  CHECK_CONTAINS(error.message, "--set widht: no model of experiment 'e' has this parameter; did "
                                "you mean 'width'?");
  CHECK_INT(parse(TWO_MODELS, &(gb_setting){"s", "99"}, 1, &e, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "parameter s=\"99\" is not allowed: an integer from 1 to 8");
}

static void check_timing(check_state *check, const gb_cell *cell, int64_t threads, int64_t batch,
                         const char *engine) {
  CHECK_INT(cell->threads, threads);
  CHECK_INT(cell->batch, batch);
  CHECK_TEXT(cell->engine ? cell->engine : "", engine);
}

TEST(how_networks_are_timed_is_swept_like_parameters) {
  static const char body[] =
      "<measure>latency</measure><sweep param='threads' values='1 2'/>"
      "<model architecture='tiny'><set param='batch' value='{2 * $threads}'/>"
      "<set param='engine' value='reference'/></model>"
      "<model architecture='tiny' label='b'/>";
  gb_experiment *e;
  gb_error error = {0};
  REQUIRE_OK(parse(body, NULL, 0, &e, &error), error);
  REQUIRE(e->cell_count == 4);
  check_timing(check, &e->cells[0], 1, 2, "reference");
  check_timing(check, &e->cells[1], 2, 4, "reference");
  check_timing(check, &e->cells[3], 2, 0, "");
  CHECK_INT(e->cells[1].setting_count, 0); // of the network
  gb_experiment_free(e);
  const gb_setting flags[] = {{"threads", "3,4,5"}, {"batch", "7"}};
  REQUIRE_OK(parse(body, flags, 2, &e, &error), error);
  REQUIRE(e->cell_count == 6);
  check_timing(check, &e->cells[2], 5, 7, "reference");
  gb_experiment_free(e);
  // Where nothing is timed, flags do nothing.
  check_cells(check, "<model architecture='tiny'/>", flags, 2, "tiny: ()\n");
}

TEST(faults_of_how_networks_are_timed) {
  static const struct {
    const char *set, *words;
  } faults[] = {
      {"param='threads' value='0'", "threads \"0\" is not allowed: an integer from 1 to 1024"},
      {"param='batch' value='1.5'", "batch \"1.5\" is not allowed: an integer from 1 to 65536"},
      {"param='engine' value='onnxruntime'", "not allowed: native, reference"},
  };
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    char body[256];
    snprintf(body, sizeof body,
             "<measure>latency</measure><model architecture='tiny'><set %s/></model>",
             faults[i].set);
    check_refused(check, body, faults[i].words);
  }
  check_refused(check, "<model architecture='tiny'><sweep param='threads' values='1 2'/></model>",
                "no <measure>latency</measure>");
  check_refused(check, "<sweep param='batch' values='1 2'/><model architecture='tiny'/>",
                "no <measure>latency</measure>");
  check_refused(check, "<sweep param='nothing' values='1 2'/><model architecture='tiny'/>",
                "no model has a parameter 'nothing'");
}

TEST(a_sweep_of_a_substitution_is_a_variable) {
  gb_experiment *e;
  gb_error error = {0};
  REQUIRE_OK(parse("<model architecture='tiny' row='k={$k}' series='x'>"
                   "<sweep param='k' values='5 7'/>"
                   "<substitute match=\"//conv[@kernel='3']\" kernel='{$k}' if='$k > 5'/></model>",
                   NULL, 0, &e, &error),
             error);
  REQUIRE(e->cell_count == 2);
  CHECK_TEXT(e->cells[1].row, "k=7");
  CHECK_TEXT(e->cells[1].series, "x");
  CHECK_INT(e->cells[1].setting_count, 0);
  gb_architecture *a;
  REQUIRE_OK(
      gb_architecture_open("tests/unit/data/architectures/tiny.xml", &xml_places, &a, &error),
      error);
  for (int i = 0; i < 2; i++) {
    gb_network *network;
    gb_text out = {0};
    REQUIRE_OK(gb_architecture_expand(a, NULL, 0, e->cells[i].substitutions,
                                      e->cells[i].substitution_count, false, &network, &error),
               error);
    xml_write(network->root->first_child->next, &out);
    CHECK_CONTAINS(gb_text_get(&out), i ? "conv name=stem out=16 kernel=7 act=relu;"
                                        : "conv name=stem out=16 kernel=3 act=relu;");
    gb_text_free(&out);
    gb_network_free(network);
  }
  gb_architecture_free(a);
  gb_experiment_free(e);
}

TEST(everything_else_of_a_file_is_read) {
  gb_experiment *e;
  gb_error error = {0};
  REQUIRE_OK(
      gb_experiment_open("tests/unit/data/experiments/small.xml", &xml_places, NULL, 0, &e, &error),
      error);
  CHECK_TEXT(e->name, "small");
  CHECK_TEXT(e->title, "A small question");
  CHECK_TEXT(e->question, "What does the kernel size cost?");
  CHECK_TEXT(e->convention, "paper");
  CHECK_TEXT(e->published, "ghostnet-table3");
  CHECK_INT(e->cell_count, 8);
  CHECK_INT(e->measure_count, 2);
  CHECK_TEXT(e->measures[1], "macs");
  CHECK_INT(e->known_count, 1);
  CHECK_TEXT(e->known[0].reason, "because of reasons");
  CHECK_INT(e->plot_count, 1);
  CHECK_TEXT(e->plots[0].name, "k");
  CHECK(e->plots[0].log_x && !e->plots[0].log_y);
  CHECK_TEXT(e->cells[0].row, "Vanilla plain");
  gb_experiment_free(e);
}

TEST(faulty_experiments_are_refused_at_the_place) {
  static const char *const pairs[][2] = {
      {"", "e.xml:1:1: the experiment has neither a <model> nor an <include>"},
      {"<model/>", "e.xml:2:1: <model> needs the attribute 'architecture'"},
      {"<model architecture='tinny'/>", "did you mean 'tiny'?"},
      {"<model architecture='tiny' lable='x'/>", "no attribute 'lable'; did you mean 'label'?"},
      {"<model architecture='tiny' label='{$w}'/>", "unknown variable $w"},
      {"<modle architecture='tiny'/>", "did you mean 'model'?"},
      {"<model architecture='tiny'><sweep param='widht' values='1'/></model>",
       "e.xml:2:28: architecture 'tiny' has no parameter 'widht', and no substitution or label"},
      {"<model architecture='tiny'><sweep param='width' values='1 9'/></model>",
       "parameter width=\"9\" is not allowed: a number from 0.1 to 4"},
      {"<model architecture='wide'><set param='depth' value='1'/></model>",
       "parameter 'depth' is fixed by architecture 'wide'"},
      {"<model architecture='tiny'><sweep param='width' values=''/></model>", "holds no value"},
      {"<model architecture='tiny'><sweep param='width'/></model>", "needs values="},
      {"<model architecture='tiny'><sweep param='width' values='1' from='2'/></model>",
       "not values and from"},
      {"<model architecture='tiny'><sweep param='width' from='1' to='2' step='-1'/></model>",
       "does not lead from 1 to 2"},
      {"<model architecture='tiny'><sweep param='width' from='1' to='2' step='0'/></model>",
       "does not lead"},
      {"<model architecture='tiny'><sweep param='width' from='1' to='2' step='1e-9'/></model>",
       "more than 100000 values"},
      {"<model architecture='tiny'><sweep param='width' from='1' to='2' count='1000'/>"
       "<sweep param='depth' from='1' to='2' count='1000'/></model>",
       "not allowed: an integer"},
      {"<model architecture='tiny' label='{$a}{$b}'><sweep param='a' from='1' to='2' count='1000'/>"
       "<sweep param='b' from='1' to='2' count='1000'/></model>",
       "more than 100000 cells"},
      {"<model architecture='tiny'><sweep param='width' values='1'/>"
       "<set param='width' value='2'/></model>",
       "parameter 'width' stands twice"},
      {"<model architecture='tiny'><substitute match='//conv' with='gost'/></model>",
       "with=\"gost\" is no layer; did you mean 'ghost'?"},
      {"<model architecture='tiny'><substitute match='//conv'/></model>", "changes nothing"},
      {"<model architecture='tiny'><substitute with='ghost'/></model>",
       "needs the attribute 'match'"},
      {"<model architecture='tiny'><substitute match='//conv[@kernel=$q]' with='ghost'/></model>",
       "unknown variable $q"},
      {"<model architecture='tiny'><substitute match='//conv' with='ghost' keep='x'/></model>",
       "reserved"},
      {"<model architecture='tiny'><conv/></model>", "it holds set, sweep, substitute"},
      {"<model architecture='tiny'/><measure>parms</measure>", "did you mean 'params'?"},
      {"<model architecture='tiny'/><known row='a' column='b'/>", "gives no reason"},
      {"<model architecture='tiny'/><known row='a'>x</known>", "needs the attribute 'column'"},
      {"<model architecture='tiny'/><plot kind='lines' x='a' y='b'/>", "did you mean 'line'?"},
      {"<model architecture='tiny'/><plot kind='line' x='a' y='b' log='z'/>", "is not x, y"},
      {"<model architecture='tiny'/><plot kind='line' x='a' y='b' name='../p'/>", "is no name"},
      {"<model architecture='tiny'/><plot kind='line' x='a' y='b' name='p'/>"
       "<plot kind='line' x='a' y='b' name='p'/>",
       "a second plot called 'p'"},
      {"<model architecture='tiny'/><plot kind='distribution' x='macs'/>",
       "unknown x 'macs': one of latency, latency_relative"},
      {"<model architecture='tiny'/><plot kind='distribution' x='latency'/>",
       "x=\"latency\" of the plot needs <measure>latency</measure>"},
      {"<model architecture='tiny'/><plot kind='pareto' x='latency' y='top1'/>",
       "needs <measure>latency</measure>"},
      {"<model architecture='tiny'/><plot kind='roofline'/>", "needs <measure>profile</measure>"},
      {"<model architecture='tiny'/><plot kind='roofline' x='macs'/>",
       "unknown x 'macs': one of intensity"},
      {"<model architecture='tiny'/><plot kind='stacked-bars' y='time'/>",
       "y=\"time\" of the plot needs <measure>profile</measure>"},
      {"<model architecture='tiny'/><plot kind='stacked-bars' y='latency'/>",
       "unknown y 'latency': one of macs, params, time, time_share"},
      {"<model architecture='tiny'/><plot kind='ratios' x='macs'/>",
       "unknown x 'macs': one of latency, onnxruntime"},
      {"<model architecture='tiny'/><plot kind='bars' x='d' y='macs'/>",
       "unknown x 'd': one of model"},
      {"<model architecture='tiny'/><plot kind='scatter' x='macs'/>", "needs the attribute 'y'"},
      {"<model architecture='tiny'/><plot kind='scatter' x='a' y='b' fit='cubic'/>",
       "unknown fit 'cubic': one of linear"},
      {"<model architecture='tiny'/><plot kind='line' x='a' y='b' fit='linear'/>",
       "fit=\"linear\" is for plots of kind scatter"},
      {"<model architecture='tiny'/><plot kind='line' x='a' y='b' theory='macs'/>",
       "theory=\"macs\" is for plots of y=\"speedup\""},
      {"<model architecture='tiny'/><measure>latency</measure>"
       "<plot kind='line' x='a' y='speedup' theory='mac s'/>",
       "did you mean 'macs'?"},
      {"<model architecture='tiny'/><reproduce published='../../etc/passwd'/>", "is no name"},
      {"<include experiment='e'/>", "includes itself"},
      {"<include experiment='/etc/passwd'/>", "is no name"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    check_refused(check, pairs[i][0], pairs[i][1]);
}

// Each kind has defaults for what it leaves no choice of; everything else is kept as written.
TEST(plots_of_measurements_are_read) {
  static const char text[] =
      "<experiment name='e'><model architecture='tiny'/><measure>latency profile</measure>"
      "<plot kind='distribution' x='latency' caption=' a\n b '/><plot kind='roofline'/>"
      "<plot kind='stacked-bars' y='time' series='A, B'/>"
      "<plot kind='line' name='s' x='s' y='speedup' theory='macs s' only='d=3'/></experiment>";
  gb_experiment *e;
  gb_error error = {0};
  REQUIRE_OK(gb_experiment_parse(text, sizeof text - 1, "e.xml", &xml_places, NULL, 0, &e, &error),
             error);
  CHECK_INT(e->plot_count, 4);
  CHECK_TEXT(e->plots[0].y, "model");
  CHECK_TEXT(e->plots[0].caption, "a b");
  CHECK_TEXT(e->plots[0].name, "distribution-1");
  CHECK_TEXT(e->plots[1].x, "intensity");
  CHECK_TEXT(e->plots[1].y, "rate");
  CHECK_TEXT(e->plots[2].x, "model");
  CHECK_TEXT(e->plots[2].series, "A, B");
  CHECK_TEXT(e->plots[3].theory, "macs s");
  CHECK_TEXT(e->plots[3].fit, "");
  gb_experiment_free(e);
}

// ---------------------------------------------------------------------------------------------
// Validation

typedef struct listing {
  gb_text text;
} listing;

static void list_fault(gb_faults *self, const gb_location *where, const char *message) {
  listing *l = self->context;
  gb_text_print(&l->text, "%d:%d: %s\n", where->line, where->column, message);
}

static void check_faults(check_state *check, const char *path, bool is_architecture,
                         const char *const *expected, size_t count) {
  listing l = {0};
  gb_faults faults = {.add = list_fault, .context = &l};
  gb_error error = {0};
  gb_xml_root root = GB_ROOT_COUNTERS;
  REQUIRE_OK(gb_xml_validate(path, &xml_places, &root, &faults, &error), error);
  CHECK((root == GB_ROOT_ARCHITECTURE) == is_architecture);
  if (faults.count != count)
    FAIL("%s: %zu faults instead of %zu:\n%s", path, faults.count, count, gb_text_get(&l.text));
  for (size_t i = 0; i < count; i++)
    CHECK_CONTAINS(gb_text_get(&l.text), expected[i]);
  gb_text_free(&l.text);
}

TEST(validation_finds_every_fault) {
  static const char *const architecture[] = {
      "6:13: parameter width=\"9\" is not allowed: a number, at most 4",
      "8:13: <conv> has no attribute 'outs'; did you mean 'out'?",
      "8:3: <conv> needs the attribute 'out'",
      "9:3: unknown element <gost>: no layer, structure or block has this name",
      "10:31: <conv>: attribute stride=\"x\" is not allowed: N or HxW, each from 1 to",
      "10:42: <conv>: attribute act=\"relux\" is not allowed",
      "did you mean 'relu'?",
      "11:17: in {$widht * 2}: unknown variable $widht; did you mean $width?",
      "12:9: in {1 +}: not an XPath expression: something is missing or superfluous at character 4",
      "13:21: <repeat> has no attribute 'vra'; did you mean 'var'?",
  };
  // The suggestion of 'relu' belongs to the line before it.
  check_faults(check, "tests/unit/data/faulty-architecture.xml", true, architecture, 9);
  check_faults(check, "tests/unit/data/faulty-architecture.xml", true, architecture + 1, 9);
  static const char *const flat[] = {
      "6:33: <conv>: attribute kernel=\"-1\" is not allowed",
  };
  check_faults(check, "tests/unit/data/faulty-flat.xml", true, flat, 1);
  static const char *const experiment[] = {
      "3:8: <model> has no attribute 'lable'; did you mean 'label'?",
      "4:5: architecture 'tiny' has no parameter 'widht'",
      "6:3: unknown measure 'mac'",
      "7:9: unknown kind of plot 'pie': one of line, scatter, bars",
  };
  check_faults(check, "tests/unit/data/faulty-experiment.xml", false, experiment, 4);
  check_faults(check, "tests/unit/data/architectures/tiny.xml", true, NULL, 0);
  check_faults(check, "tests/unit/data/architectures/widest.xml", true, NULL, 0);
  check_faults(check, "tests/unit/data/architectures/parts/unit.xml", false, NULL, 0);
  gb_faults faults = {.add = list_fault};
  gb_error error = {0};
  CHECK_INT(gb_xml_validate("tests/unit/data/absent.xml", &xml_places, NULL, &faults, &error),
            GB_EIO);
}

TEST_MAIN(CASE(sweeps_make_a_grid_whose_last_varies_fastest),
          CASE(a_model_without_sweeps_is_one_cell),
          CASE(ranges_reach_their_end_whatever_the_rounding),
          CASE(sweeps_of_the_experiment_are_for_models_that_have_the_parameter),
          CASE(overrides_replace_sweeps_and_settings),
          CASE(how_networks_are_timed_is_swept_like_parameters),
          CASE(faults_of_how_networks_are_timed), CASE(a_sweep_of_a_substitution_is_a_variable),
          CASE(everything_else_of_a_file_is_read),
          CASE(faulty_experiments_are_refused_at_the_place), CASE(plots_of_measurements_are_read),
          CASE(validation_finds_every_fault))
