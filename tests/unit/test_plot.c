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

static bool has_pdf(void) {
  return system("echo \"exit status strstrt(GPVAL_TERMINALS, 'pdfcairo') ? 0 : 1\" | gnuplot -d - "
                ">/dev/null 2>&1") == 0;
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
enum { INJECTIONS = sizeof injections / sizeof *injections, KINDS = GB_CHART_RATIOS + 1 };

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
    gb_chart_point(chart, series, (double)(i + 1), 2, injections[i]);
    gb_chart_point(chart, series, (double)(i + 1), 3, injections[i]);
    if (kind == GB_CHART_STRIP)
      gb_chart_strip(chart, series, 1, 2, injections[(i + 3) % INJECTIONS]);
    if (gb_chart_has_rows(kind))
      continue;
    gb_chart_curve(chart, injections[i], GB_CURVE_THEORY, (double[]){1, 5}, (double[]){2, 3}, 2);
    if (kind == GB_CHART_ROOFLINE)
      gb_chart_roof(chart, injections[i], 2, 30);
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
  draw_hostile(check, GB_CHART_PARETO, 2);
  draw_hostile(check, GB_CHART_ROOFLINE, 2);
  draw_hostile(check, GB_CHART_STRIP, 2);
  draw_hostile(check, GB_CHART_RATIOS, 2);
  check_entries(check, ".", 1); // out/
  check_entries(check, "out", has_pdf() ? 5 : 4);
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
  for (int kind = 0; kind < KINDS; kind++) {
    gb_chart *chart = simple((gb_chart_kind)kind);
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
    char *pdf = has_pdf() ? read_text("out/simple.pdf") : NULL;
    CHECK(!has_pdf() || (pdf && memcmp(pdf, "%PDF", 4) == 0));
    free(pdf);
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
  for (int kind = 0; kind < KINDS; kind++) {
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

// Writes the chart, whose script and data the caller frees.
static void write_chart(check_state *check, gb_chart *chart, gb_text *script, gb_text *data) {
  gb_error error = {0};
  int width, height;
  REQUIRE(chart);
  REQUIRE_OK(gb_chart_write(chart, script, data, &width, &height, &error), error);
}

TEST(kinds_have_names) {
  static const char *const names[] = {"scatter", "line",     "bars",         "stacked-bars",
                                      "pareto",  "roofline", "distribution", "ratios"};
  for (int i = 0; i < KINDS; i++) {
    gb_chart_kind kind;
    CHECK(gb_chart_kind_parse(names[i], &kind) && (int)kind == i);
  }
  gb_chart_kind kind;
  CHECK(!gb_chart_kind_parse("pie", &kind) && !gb_chart_kind_parse("", &kind));
}

TEST(intervals_are_whiskers_and_models_are_lines) {
  gb_chart *chart = gb_chart_new("t", GB_CHART_SCATTER, "T");
  gb_text script = {0}, data = {0};
  REQUIRE(chart);
  gb_chart_axes(chart, &(gb_axis){.title = "MACs", .count = true}, &(gb_axis){.title = "ms"});
  gb_point point = gb_point_at(2e6, 3);
  point.y_low = 2.5;
  point.y_high = 3.25;
  gb_chart_add(chart, gb_chart_series(chart, "GhostNet", NULL, false), &point);
  point = gb_point_at(4e6, 5);
  point.y_low = 6; // does not hold its value: no interval
  point.y_high = 7;
  gb_chart_add(chart, 0, &point);
  gb_chart_curve(chart, "model", GB_CURVE_MODEL, (double[]){2e6, (double)NAN, 4e6},
                 (double[]){3, 4, 5}, 3);
  write_chart(check, chart, &script, &data);
  CHECK_CONTAINS(gb_text_get(&data), "\n2000000 3 \"\" ? ? 2.5 3.25\n4000000 5 \"\" ? ? ? ?\n\n\n");
  CHECK_CONTAINS(gb_text_get(&data), "# model\n2000000 3\n4000000 5\n\n\n");
  CHECK_CONTAINS(gb_text_get(&script),
                 "dat index 0 using ($1/1e+06):($6/1):(0):(($7-$6)/1) with vectors nohead");
  CHECK_CONTAINS(gb_text_get(&script), "dat index 1 using ($1/1e+06):($2/1) with lines");
  CHECK_CONTAINS(gb_text_get(&script), "title 'model'");
  gb_text_free(&script);
  gb_text_free(&data);
  gb_chart_free(chart);
}

TEST(a_front_holds_what_nothing_beats) {
  static const double at[][2] = {{1, 70}, {2, 70}, {2, 72}, {3, 71}, {3, 75}, {3, 75}, {4, 74}};
  for (int less = 0; less < 2; less++) {
    gb_chart *chart = gb_chart_new("t", GB_CHART_PARETO, NULL);
    gb_text script = {0}, data = {0};
    REQUIRE(chart);
    chart->less_is_better = less;
    gb_chart_axes(chart, &(gb_axis){.title = "x"}, &(gb_axis){.title = "y"});
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
      gb_point point = gb_point_at(at[i][0], less ? -at[i][1] : at[i][1]);
      point.share = 0.5;
      gb_chart_add(chart, gb_chart_series(chart, "GhostNet", NULL, false), &point);
    }
    write_chart(check, chart, &script, &data);
    // Equal points do not beat each other: both are on the front.
    CHECK_CONTAINS(gb_text_get(&data),
                   less ? "# the front\n1 -70\n2 -70\n2 -72\n3 -72\n3 -75\n3 -75\n3 -75\n\n"
                        : "# the front\n1 70\n2 70\n2 72\n3 72\n3 75\n3 75\n3 75\n\n");
    // Half of vermilion, half of white: the filling says the probability.
    CHECK_CONTAINS(gb_text_get(&data),
                   less ? "1 -70 \"\" 0.5 15380352\n" : "1 70 \"\" 0.5 15380352\n");
    gb_text_free(&script);
    gb_text_free(&data);
    gb_chart_free(chart);
  }
}

TEST(roofs_turn_at_their_ridge) {
  gb_chart *chart = gb_chart_new("t", GB_CHART_ROOFLINE, NULL);
  gb_text script = {0}, data = {0};
  REQUIRE(chart);
  gb_chart_axes(chart, &(gb_axis){.title = "FLOP/byte"}, &(gb_axis){.title = "GFLOP/s"});
  gb_chart_roof(chart, "memory", 10, 200);
  gb_chart_roof(chart, "peak", (double)INFINITY, 200);
  gb_chart_roof(chart, "none", (double)INFINITY, (double)INFINITY);
  gb_chart_roof(chart, "none", -1, (double)NAN);
  CHECK_INT(chart->curve_count, 2);
  gb_point point = gb_point_at(1, 5);
  point.share = 0.25;
  gb_chart_add(chart, gb_chart_series(chart, "conv", NULL, false), &point);
  gb_chart_point(chart, 0, -1, 5, "no place on a logarithmic axis");
  write_chart(check, chart, &script, &data);
  CHECK_CONTAINS(gb_text_get(&data), "\n20 200\n"); // 200 GFLOP/s / 10 GB/s
  CHECK(!strstr(gb_text_get(&data), "no place"));
  CHECK_CONTAINS(gb_text_get(&script), "set logscale x");
  CHECK_CONTAINS(gb_text_get(&script), "set logscale y");
  CHECK_CONTAINS(gb_text_get(&script), "set label 'memory' at screen");
  gb_text_free(&script);
  gb_text_free(&data);
  gb_chart_free(chart);
}

TEST(strips_lose_no_extreme) {
  gb_chart *chart = gb_chart_new("t", GB_CHART_STRIP, NULL);
  gb_text script = {0}, data = {0};
  REQUIRE(chart);
  gb_chart_axes(chart, &(gb_axis){.title = "ms"}, &(gb_axis){.title = NULL});
  size_t few = gb_chart_series(chart, "few", NULL, false);
  size_t many = gb_chart_series(chart, "many", NULL, false);
  for (int i = 1; i <= 4; i++)
    gb_chart_point(chart, few, i, 0, NULL);
  for (int i = 0; i < 5000; i++)
    gb_chart_point(chart, many, i == 1234 ? 99.5 : i == 4321 ? 0.25 : 10 + i % 7, 0, NULL);
  gb_chart_strip(chart, few, 2, 3, NULL);
  write_chart(check, chart, &script, &data);
  CHECK_CONTAINS(gb_text_get(&data), "# few\n1 0.125\n2 0.375\n3 0.625\n4 0.875\n\n\n");
  CHECK_CONTAINS(gb_text_get(&data), "\n99.5 0.");
  CHECK_CONTAINS(gb_text_get(&data), "\n0.25 0.");
  size_t lines = 0;
  for (const char *c = gb_text_get(&data); *c; c++)
    lines += *c == '\n';
  CHECK(lines > 200 && lines < 320);
  // Quartiles of 1, 2, 3, 4 (type 7): 1.75 and 3.25; the interval of the median inside.
  CHECK_CONTAINS(gb_text_get(&script), "rectangle from first 1.75, first 0.0200 to first 3.25,");
  CHECK_CONTAINS(gb_text_get(&script), "rectangle from first 2, first 0.0200 to first 3,");
  CHECK_CONTAINS(gb_text_get(&script), "set label '2.5' at graph 1");
  gb_text_free(&script);
  gb_text_free(&data);
  gb_chart_free(chart);
}

TEST(ratios_say_whether_they_differ_from_1) {
  gb_chart *chart = gb_chart_new("t", GB_CHART_RATIOS, NULL);
  gb_text script = {0}, data = {0};
  REQUIRE(chart);
  gb_chart_axes(chart, &(gb_axis){.title = "ratio"}, &(gb_axis){.title = NULL});
  gb_point point = gb_point_at(1.6, 0);
  point.x_low = 1.5;
  point.x_high = 1.7;
  point.label = "a";
  gb_chart_add(chart, gb_chart_series(chart, "1 thread", NULL, false), &point);
  point = gb_point_at(0.95, 0);
  point.x_low = 0.9;
  point.x_high = 1.02;
  point.label = "b";
  gb_chart_add(chart, 0, &point);
  write_chart(check, chart, &script, &data);
  CHECK_CONTAINS(gb_text_get(&data),
                 "# 1 thread\n1.6 0.0000 1.5 1.7 1 \"a\"\n0.95 1.0000 0.9 1.02 0 \"b\"\n");
  CHECK_CONTAINS(gb_text_get(&script), "set logscale x");
  CHECK_CONTAINS(gb_text_get(&script), "set arrow from first 1, graph 0 to first 1, graph 1");
  CHECK_CONTAINS(gb_text_get(&script), "set label '1.60\xc3\x97'");
  gb_text_free(&script);
  gb_text_free(&data);
  gb_chart_free(chart);
}

TEST(steps_of_a_knob_go_from_light_to_dark) {
  gb_chart *chart = gb_chart_new("t", GB_CHART_LINE, NULL);
  REQUIRE(chart);
  static const char *const titles[] = {"d=7", "d=1", "d=3", "d=10"};
  for (size_t i = 0; i < 4; i++)
    gb_chart_series(chart, titles[i], NULL, false);
  gb_plot_style styles[5];
  gb_plot_styles(chart, styles);
  // Luminance, roughly: green weighs most.
  double light[4];
  for (size_t i = 0; i < 4; i++)
    light[i] = 0.3 * (styles[i].colour >> 16) + 0.6 * (styles[i].colour >> 8 & 255) +
               0.1 * (styles[i].colour & 255);
  CHECK(light[1] > light[2] && light[2] > light[0] && light[0] > light[3]);
  gb_chart_series(chart, "GhostNet", NULL, false);
  gb_plot_styles(chart, styles);
  CHECK_INT(styles[4].colour, 0xd55e00); // families as ever
  gb_chart_free(chart);
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
          CASE(a_wrong_script_is_told), CASE(nothing_to_draw_is_told), CASE(kinds_have_names),
          CASE(intervals_are_whiskers_and_models_are_lines), CASE(a_front_holds_what_nothing_beats),
          CASE(roofs_turn_at_their_ridge), CASE(strips_lose_no_extreme),
          CASE(ratios_say_whether_they_differ_from_1), CASE(steps_of_a_knob_go_from_light_to_dark),
          CASE(computed_counts_stand_against_published_accuracies), CASE(families),
          CASE(families_keep_their_colours_and_differ), CASE(scales_have_round_ticks_inside),
          CASE(labels_stay_inside_and_apart))
