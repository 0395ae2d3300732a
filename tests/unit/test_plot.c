// Tests of charts: what strangers' labels can do (nothing), what is drawn, and failing gnuplots.
#define _POSIX_C_SOURCE 200809L
#include "tests/lib/check.h"

#include "harness/report/escape.h"
#include "harness/report/gnuplot.h"
#include "harness/report/plot.h"
#include "harness/report/plot_style.h"
#include "layers/base/file.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_GNUPLOT "gnuplot is not installed (Debian: gnuplot-nox)"

static bool have_gnuplot(void) {
  return system("gnuplot --version >/dev/null 2>&1") == 0;
}

// A fresh folder under /tmp, which becomes the working folder and HOME; and its removal.
static char *enter_folder(void) {
  static char template[] = "/tmp/ghostbench-plot-XXXXXX";
  char *folder = strdup(template);
  if (!folder || !mkdtemp(folder) || chdir(folder) != 0) {
    free(folder);
    return NULL;
  }
  setenv("HOME", folder, 1);
  return folder;
}

static void leave_folder(char *folder) {
  char command[200];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  if (chdir("/") != 0 || system(command) != 0)
    printf("# %s is left behind\n", folder);
  free(folder);
}

static void put_file(const char *path, const char *text, mode_t mode) {
  FILE *file = fopen(path, "w");
  if (file) {
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
  }
}

static char *read_text(const char *path) {
  char *bytes;
  size_t size;
  return gb_file_read(path, 1 << 24, &bytes, &size, NULL) == GB_OK ? bytes : NULL;
}

static const char *const injections[] = {
    "\"; system(\"touch pwned\"); \"",
    "'; system 'touch pwned'",
    "'''; system ''touch pwned''; '",
    "' '; system('touch pwned') #",
    "'.system('touch pwned').'",
    "`touch pwned`",
    "\"`touch pwned`\"",
    "@{x} @pwn",
    "$(touch pwned)",
    "a\n!touch pwned\nb",
    "a\r\nsystem 'touch pwned'\r\n",
    "\\'; system 'touch pwned'; '\\",
    "ends in a backslash \\",
    "%d %s %n %% 100%",
    "{/Symbol a}_{b}^{c} ~a{b} &{x}",
    "</text><script>x()</script> & &amp; ]]>",
    "| touch pwned",
    "< touch pwned",
    "\033]0;pwned\a \x01\x7f",
    "# comment",
    "",
    "\xff\xfe broken UTF-8",
    "title ' with points, system('pwned')",
};
enum { INJECTIONS = sizeof injections / sizeof *injections };

// What the label looks like in the picture: cleaned, quotes typographic, XML-escaped as gnuplot
// does.
static void add_expected(gb_text *text, const char *label) {
  gb_text quoted = {0};
  gb_escape_gnuplot(&quoted, label);
  for (const char *c = gb_text_get(&quoted) + 1; c[1]; c++)
    if (*c == '&')
      gb_text_add(text, "&amp;");
    else if (*c == '<')
      gb_text_add(text, "&lt;");
    else
      gb_text_add_n(text, c, 1);
  gb_text_free(&quoted);
}

// Draws a chart whose series, labels and groups are all the injections, and whose title and axes
// are the five from `head` on; all of them must stand in the picture as text.
static void draw_hostile(check_state *check, gb_chart_kind kind, size_t head) {
  const char *five[5];
  for (size_t i = 0; i < 5; i++)
    five[i] = injections[(head + i) % INJECTIONS];
  gb_chart *chart = gb_chart_new("plot", kind, five[0]);
  REQUIRE(chart);
  gb_chart_axes(chart, &(gb_axis){.title = five[1], .unit = five[2]},
                &(gb_axis){.title = five[3], .unit = five[4]});
  for (size_t i = 0; i < INJECTIONS; i++) {
    size_t series = gb_chart_series(chart, injections[i], NULL, i % 2 == 1);
    gb_chart_point(chart, series, (double)i, 2, injections[i]);
    gb_chart_point(chart, series, (double)i, 3, injections[i]);
  }
  gb_error error = {0};
  gb_status status = gb_chart_draw(chart, "out", &error);
  if (status != GB_OK)
    FAIL("kind %d: %s", (int)kind, error.message);
  char *svg = read_text("out/plot.svg");
  if (!svg)
    FAIL("kind %d: no picture", (int)kind);
  for (size_t i = 0; i < INJECTIONS && svg; i++) {
    gb_text expected = {0};
    add_expected(&expected, injections[i]);
    if (!strstr(svg, gb_text_get(&expected)))
      FAIL("label %s does not stand in the picture as %s", injections[i], gb_text_get(&expected));
    gb_text_free(&expected);
  }
  CHECK(svg && !strstr(svg, "<script"));
  free(svg);
  gb_chart_free(chart);
}

static void check_entries(check_state *check, const char *path, int expected) {
  DIR *folder = opendir(path);
  REQUIRE(folder);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    count += entry->d_name[0] != '.';
    if (strstr(entry->d_name, "pwned"))
      FAIL("%s/%s appeared", path, entry->d_name);
  }
  closedir(folder);
  CHECK_INT(count, expected);
}

TEST(hostile_labels_are_text) {
  if (!have_gnuplot())
    SKIP(NO_GNUPLOT);
  char *folder = enter_folder();
  REQUIRE(folder);
  for (size_t head = 0; head < INJECTIONS; head += 5)
    draw_hostile(check, GB_CHART_SCATTER, head);
  draw_hostile(check, GB_CHART_LINE, 2);
  draw_hostile(check, GB_CHART_BARS, 2);
  draw_hostile(check, GB_CHART_STACKED, 2);
  check_entries(check, ".", 1); // out/
  check_entries(check, "out", 4);
  leave_folder(folder);
}

TEST(names_that_are_no_file_names_are_refused) {
  static const char *const names[] = {"../x", "a/b", "", ".x", "-x", "a b", "a'b", "a\nb", "|x"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    gb_chart *chart = gb_chart_new(names[i], GB_CHART_LINE, NULL);
    REQUIRE(chart);
    gb_chart_point(chart, gb_chart_series(chart, "s", NULL, false), 1, 1, NULL);
    gb_error error = {0};
    CHECK_INT(gb_chart_draw(chart, "/nowhere", &error), GB_EINPUT);
    gb_chart_free(chart);
  }
}

static gb_chart *simple(gb_chart_kind kind) {
  gb_chart *chart = gb_chart_new("simple", kind, "A plot");
  if (!chart)
    return NULL;
  gb_chart_axes(chart, &(gb_axis){.title = "d"}, &(gb_axis){.title = "MACs", .count = true});
  size_t series = gb_chart_series(chart, "Ghost-VGG-16", NULL, false);
  gb_chart_point(chart, series, 3, 158111744, "d=3");
  gb_chart_point(chart, series, 1, 157000000, "d=1");
  gb_chart_point(chart, series, (double)NAN, 1, "nowhere");
  return chart;
}

TEST(data_keep_every_digit_in_order_of_x) {
  gb_chart *chart = simple(GB_CHART_LINE);
  REQUIRE(chart);
  gb_text script = {0}, data = {0};
  gb_error error = {0};
  int width, height;
  REQUIRE_OK(gb_chart_write(chart, &script, &data, &width, &height, &error), error);
  CHECK_TEXT(gb_text_get(&data), "# simple: a block a series; columns: x, y, label\n"
                                 "# Ghost-VGG-16 (computed)\n"
                                 "1 157000000 \"d=1\"\n"
                                 "3 158111744 \"d=3\"\n\n\n");
  CHECK_CONTAINS(gb_text_get(&script), "set xtics (1, 3)\n");
  CHECK_CONTAINS(gb_text_get(&script), "set ylabel 'MACs (M)' noenhanced\n");
  gb_text_free(&script);
  gb_text_free(&data);
  gb_chart_free(chart);
}

TEST(the_script_draws_again) {
  if (!have_gnuplot())
    SKIP(NO_GNUPLOT);
  char *folder = enter_folder();
  REQUIRE(folder);
  // Settings of the user's own must not be read.
  put_file(".gnuplot", "system 'touch pwned'\n", 0644);
  gb_error error = {0};
  static const gb_chart_kind kinds[] = {GB_CHART_SCATTER, GB_CHART_LINE, GB_CHART_BARS,
                                        GB_CHART_STACKED};
  for (size_t i = 0; i < 4; i++) {
    gb_chart *chart = simple(kinds[i]);
    REQUIRE(chart);
    REQUIRE_OK(gb_chart_draw(chart, "out", &error), error);
    gb_chart_free(chart);
    char *before = read_text("out/simple.svg"), *png = read_text("out/simple.png");
    CHECK(png && memcmp(png, "\x89PNG", 4) == 0);
    CHECK(system(
              "cd out && rm simple.svg simple.png && LC_ALL=C.UTF-8 gnuplot -d simple.gp 2>said") ==
          0);
    char *after = read_text("out/simple.svg"), *said = read_text("out/said");
    CHECK(before && after && strcmp(before, after) == 0);
    CHECK(said && *said == '\0'); // no warnings
    CHECK(gb_file_exists("out/simple.png"));
    free(before);
    free(after);
    free(png);
    free(said);
  }
  check_entries(check, ".", 1);
  leave_folder(folder);
}

// Runs `gnuplot`, a script of ours, on a chart, and restores PATH.
static gb_status draw_with(const char *gnuplot, const gb_text *script, gb_error *error) {
  char *path = strdup(getenv("PATH"));
  mkdir("bin", 0755);
  if (gnuplot)
    put_file("bin/gnuplot", gnuplot, 0755);
  setenv("PATH", "bin:/nowhere", 1);
  char absolute[300];
  if (getcwd(absolute, sizeof absolute - 5)) {
    strcat(absolute, "/bin"); // gnuplot is started in another folder
    setenv("PATH", absolute, 1);
  }
  gb_text data = {0};
  gb_status status = gb_gnuplot_draw("out", "x", script, &data, 900, 600, error);
  setenv("PATH", path ? path : "/usr/bin:/bin", 1);
  free(path);
  return status;
}

TEST(without_gnuplot_the_script_is_there) {
  char *folder = enter_folder();
  REQUIRE(folder);
  gb_text script = {0};
  gb_text_add(&script, "plot x\n");
  gb_error error = {0};
  CHECK_INT(draw_with(NULL, &script, &error), GB_EUNSUPPORTED);
  CHECK_CONTAINS(error.message, "apt install gnuplot-nox");
  CHECK(gb_file_exists("out/x.gp") && gb_file_exists("out/x.dat"));
  CHECK(!gb_file_exists("out/x.svg"));
  gb_text_free(&script);
  leave_folder(folder);
}

TEST(a_failing_gnuplot_is_told) {
  char *folder = enter_folder();
  REQUIRE(folder);
  gb_error error = {0};
  gb_text script = {0};
  // Far more than a socket holds, to one that has ended, or that talks and does not listen.
  for (int i = 0; i < 40000; i++)
    gb_text_add(&script, "# a line that nobody needs, to fill the pipe\n");
  CHECK_INT(
      draw_with("#!/bin/sh\necho half >x.svg\necho 'no\n\n  luck' >&2\nexit 3\n", &script, &error),
      GB_EIO);
  CHECK_TEXT(error.message, "gnuplot failed on x.gp: no luck ");
  CHECK(!gb_file_exists("out/x.svg"));
  CHECK_INT(draw_with("#!/bin/sh\ni=0\nwhile [ $i -lt 20000 ]; do i=$((i + 1)); echo 'much to say "
                      "on the wrong channel' >&2; done\n",
                      &script, &error),
            GB_OK);
  CHECK_INT(draw_with("#!/bin/sh\nkill -9 $$\n", &script, &error), GB_EIO);
  gb_text_free(&script);
  leave_folder(folder);
}

TEST(a_wrong_script_is_told) {
  if (!have_gnuplot())
    SKIP(NO_GNUPLOT);
  char *folder = enter_folder();
  REQUIRE(folder);
  gb_text script = {0}, data = {0};
  gb_text_add(&script, "plot nothing_of_this_name\n");
  gb_error error = {0};
  CHECK_INT(gb_gnuplot_draw("out", "x", &script, &data, 900, 600, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "undefined variable: nothing_of_this_name");
  CHECK(!gb_file_exists("out/x.svg") && !gb_file_exists("out/x.png"));
  CHECK_INT(gb_gnuplot_draw("/dev/null/x", "x", &script, &data, 900, 600, &error), GB_EIO);
  gb_text_free(&script);
  leave_folder(folder);
}

TEST(nothing_to_draw_is_told) {
  gb_error error = {0};
  gb_text script = {0}, data = {0};
  int width, height;
  for (int kind = 0; kind < 4; kind++) {
    gb_chart *chart = gb_chart_new("empty", (gb_chart_kind)kind, NULL);
    REQUIRE(chart);
    gb_chart_axes(chart, &(gb_axis){.log = true}, &(gb_axis){.log = true});
    gb_chart_point(chart, gb_chart_series(chart, "s", NULL, false), 0, 0, NULL);
    CHECK_INT(gb_chart_write(chart, &script, &data, &width, &height, &error), GB_EINPUT);
    CHECK_CONTAINS(error.message, "to draw");
    gb_chart_free(chart);
  }
  gb_text_free(&script);
  gb_text_free(&data);
}

TEST(computed_counts_stand_against_published_accuracies) {
  static const char table[] = "row,column,value,unit,precision,source,grade,note\n"
                              "GhostNet 1.0x,macs,141,M,1,k,primary,\n"
                              "GhostNet 1.0x,top1,73.9,%,0.1,k,primary,\n"
                              "MobileNetV3 Large 0.75x,macs,155,M,1,k,primary,\n"
                              "MobileNetV3 Large 0.75x,top1,73.3,%,0.1,k,primary,\n"
                              "FBNet-B,macs,295,M,1,k,primary,\n";
  gb_error error = {0};
  gb_published *published = NULL;
  REQUIRE_OK(gb_published_parse(table, strlen(table), "t.csv", &published, &error), error);
  gb_comparison *comparison = gb_comparison_new("t", NULL, published);
  gb_chart *chart = gb_chart_new("t", GB_CHART_SCATTER, NULL);
  REQUIRE(comparison && chart);
  gb_comparison_integer(comparison, "MobileNetV3 Large 0.75x", "", "macs", 155000001);
  gb_comparison_integer(comparison, "", "GhostNet 1.1x", "macs", 166000000);
  REQUIRE_OK(gb_comparison_finish(comparison, &error), error);
  gb_chart_published(chart, published, "macs", "top1");
  gb_chart_comparison(chart, comparison, "macs", "top1", true);
  REQUIRE(chart->series_count == 3); // two published families, one of ours
  CHECK(chart->series[0].published && chart->series[1].published && !chart->series[2].published);
  CHECK_TEXT(chart->series[2].family, "MobileNetV3");
  CHECK_INT(chart->series[2].count, 1);
  CHECK(chart->series[2].points[0].x == 155000001 && chart->series[2].points[0].y == 73.3);
  CHECK_TEXT(chart->series[2].points[0].label, "Large 0.75x");
  gb_chart_free(chart);
  gb_comparison_free(comparison);
  gb_published_free(published);
}

TEST(families) {
  static const struct {
    const char *label, *family;
  } cases[] = {{"MobileNetV3 Large 0.75x", "MobileNetV3"},
               {"GhostNet 141", "GhostNet"},
               {"GhostNetV2 1.0x", "GhostNetV2"},
               {"Ghost-VGG-16 (s=2)", "Ghost-VGG-16"},
               {"ghostnet", "GhostNet"},
               {"ResNet-50", "ResNet-50"},
               {"FBNet-B", "FBNet"},
               {"Some Net 2.0x", "Some Net"},
               {"Thing (large)", "Thing"},
               {"", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char family[GB_FAMILY_TEXT];
    CHECK_TEXT(gb_family_of(cases[i].label, family), cases[i].family);
  }
  char longest[500], family[GB_FAMILY_TEXT];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  CHECK(strlen(gb_family_of(longest, family)) < GB_FAMILY_TEXT);
}

TEST(families_keep_their_colours_and_differ) {
  gb_chart *chart = gb_chart_new("t", GB_CHART_SCATTER, NULL);
  REQUIRE(chart);
  for (int i = 0; i < 30; i++) {
    char title[20];
    snprintf(title, sizeof title, "unknown %d", i);
    gb_chart_series(chart, title, NULL, false);
  }
  size_t ghost = gb_chart_series(chart, "GhostNet", NULL, false);
  size_t published = gb_chart_series(chart, "GhostNet", NULL, true);
  CHECK(ghost != published);
  CHECK_INT(gb_chart_series(chart, "GhostNet", NULL, true), published);
  gb_plot_style styles[32];
  gb_plot_styles(chart, styles);
  CHECK_INT(styles[ghost].colour, 0xd55e00); // Okabe and Ito's vermilion
  CHECK_INT(styles[published].colour, 0xd55e00);
  for (size_t i = 0; i < 31; i++)
    for (size_t j = 0; j < i; j++)
      CHECK(styles[i].colour != styles[j].colour || styles[i].marker != styles[j].marker);
  gb_chart_free(chart);
}

TEST(scales_have_round_ticks_inside) {
  static const struct {
    double low, high;
    bool log, count;
    double factor;
  } cases[] = {{157e6, 163.64e6, false, true, 1e6},
               {40e6, 600e6, true, true, 1e6},
               {2548, 4096, false, true, 1},
               {20000, 90000, false, true, 1e3},
               {58.8, 75.7, false, false, 1},
               {1e-3, 1e5, true, false, 1},
               {5, 5, false, false, 1},
               {5, 5, true, false, 1},
               {0, 0, false, false, 1},
               {1e6, 4e10, true, true, 1e9},
               {-3, 7, false, false, 1},
               {1e300, 1.7e308, false, false, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gb_scale scale;
    gb_scale_fit(&scale, &(gb_axis){.log = cases[i].log, .count = cases[i].count}, cases[i].low,
                 cases[i].high, 600, false, NULL, 0);
    CHECK(scale.factor == cases[i].factor);
    CHECK(scale.low < cases[i].low / scale.factor && scale.high > cases[i].high / scale.factor);
    if (scale.tick_count < 2 && cases[i].low != cases[i].high)
      FAIL("case %zu has %d ticks", i, scale.tick_count);
    for (int t = 0; t < scale.tick_count; t++)
      CHECK(scale.ticks[t] >= scale.low && scale.ticks[t] <= scale.high * (1 + 1e-12));
    CHECK(gb_scale_place(&scale, cases[i].low, 600) >= 0);
    CHECK(gb_scale_place(&scale, cases[i].high, 600) <= 600);
  }
}

TEST(labels_stay_inside_and_apart) {
  double at[] = {5, 5, 595, 5, 5, 395, 595, 395, 300, 200, 306, 200, 300, 206, 306, 206};
  gb_placed labels[8];
  for (size_t i = 0; i < 8; i++)
    labels[i] = (gb_placed){.x = at[2 * i], .y = at[2 * i + 1], .width = 60};
  gb_place_labels(labels, 8, &(gb_obstacles){.points = at, .point_count = 8}, 600, 400);
  for (size_t i = 0; i < 8; i++) {
    double left = labels[i].text_x - labels[i].width * (labels[i].align + 1) / 2;
    CHECK(left >= 0 && left + labels[i].width <= 600);
    CHECK(labels[i].text_y >= 5 && labels[i].text_y <= 395);
    for (size_t j = 0; j < i; j++) {
      double other = labels[j].text_x - labels[j].width * (labels[j].align + 1) / 2;
      CHECK(fabs(labels[i].text_y - labels[j].text_y) > 10 || fabs(left - other) > 55);
    }
  }
}

TEST_MAIN(CASE(hostile_labels_are_text), CASE(names_that_are_no_file_names_are_refused),
          CASE(data_keep_every_digit_in_order_of_x), CASE(the_script_draws_again),
          CASE(without_gnuplot_the_script_is_there), CASE(a_failing_gnuplot_is_told),
          CASE(a_wrong_script_is_told), CASE(nothing_to_draw_is_told),
          CASE(computed_counts_stand_against_published_accuracies), CASE(families),
          CASE(families_keep_their_colours_and_differ), CASE(scales_have_round_ticks_inside),
          CASE(labels_stay_inside_and_apart))
