// Colours and markers of families: constant, so that a network looks the same in every figure.
#include "harness/report/plot_style.h"

#include "harness/report/escape.h"
#include "layers/base/random.h"

#include <ctype.h>
#include <string.h>

// Okabe and Ito's palette for all kinds of colour vision (Color Universal Design, 2008), with a
// grey in the place of its yellow, which does not show on white.
enum {
  BLACK = 0x000000,
  ORANGE = 0xe69f00,
  SKY = 0x56b4e9,
  GREEN = 0x009e73,
  BLUE = 0x0072b2,
  VERMILION = 0xd55e00,
  PURPLE = 0xcc79a7,
  GREY = 0x7f7f7f,
  // Darker relatives, for kinds of layers only.
  NAVY = 0x004c6d,
  PLUM = 0x7b3f6b,
  SILVER = 0xb5b5b5,
  BROWN = 0x7f3b08
};
static const unsigned palette[] = {BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK, GREY};

// gnuplot's filled markers.
enum { SQUARE = 5, CIRCLE = 7, UP = 9, DOWN = 11, DIAMOND = 13, PENTAGON = 15 };
static const int markers[] = {CIRCLE, SQUARE, UP, DIAMOND, DOWN, PENTAGON};

enum { COLOURS = sizeof palette / sizeof *palette, MARKERS = sizeof markers / sizeof *markers };

// Known families; the longest name that a label begins with counts. The kinds of layers below them
// are for bars.
static const struct {
  const char *name;
  gb_plot_style style;
} families[] = {
    {"GhostNet", {VERMILION, CIRCLE}},
    {"GhostNetV2", {VERMILION, DIAMOND}},
    {"G-Ghost", {VERMILION, PENTAGON}},
    {"RepGhost", {PURPLE, CIRCLE}},
    {"Ghost-VGG-16", {VERMILION, SQUARE}},
    {"Ghost-ResNet-50", {VERMILION, UP}},
    {"Ghost-ResNet-56", {VERMILION, DOWN}},
    {"Ghost-EEGNet", {VERMILION, CIRCLE}},
    {"Ghost-EEG-TCNet", {ORANGE, UP}},
    {"MobileNetV1", {SKY, SQUARE}},
    {"MobileNetV2", {BLUE, UP}},
    {"MobileNetV3", {GREEN, SQUARE}},
    {"ShuffleNetV1", {PURPLE, DOWN}},
    {"ShuffleNetV2", {PURPLE, DIAMOND}},
    {"ResNet-50", {BLACK, UP}},
    {"ResNet-56", {BLACK, DOWN}},
    {"VGG-16", {BLACK, SQUARE}},
    {"EEGNet", {BLUE, CIRCLE}},
    {"EEG-TCNet", {GREEN, UP}},
    {"MnasNet", {ORANGE, UP}},
    {"FBNet", {SKY, DIAMOND}},
    {"ProxylessNAS", {GREY, PENTAGON}},
    {"EfficientNet", {BLACK, CIRCLE}},
    {"FE-Net", {GREY, DOWN}},
    // Kinds of layers.
    {"conv", {BLUE, CIRCLE}},
    {"pointwise", {SKY, SQUARE}},
    {"grouped", {NAVY, UP}},
    {"ghost: conv", {VERMILION, CIRCLE}},
    {"ghost: pointwise", {VERMILION, SQUARE}},
    {"ghost: depthwise", {BROWN, DIAMOND}},
    {"primary", {BLUE, SQUARE}},
    {"depthwise", {ORANGE, UP}},
    {"cheap", {VERMILION, DIAMOND}},
    {"linear", {GREEN, DOWN}},
    {"squeeze-excite", {PURPLE, PENTAGON}},
    // Kinds of the engine's steps.
    {"ghost", {VERMILION, CIRCLE}},
    {"winograd", {NAVY, UP}},
    {"pool", {PURPLE, PENTAGON}},
    {"global-pool", {PLUM, PENTAGON}},
    {"add", {BLACK, UP}},
    {"multiply", {BROWN, DOWN}},
    {"copy", {SILVER, SQUARE}},
    {"map", {BLACK, CIRCLE}},
    {"forward", {BLACK, DIAMOND}},
    {"other", {GREY, CIRCLE}},
    {"others", {GREY, SQUARE}},
};
enum { FAMILIES = sizeof families / sizeof *families };

// The index of the longest known name that `label` begins with and that ends there (no letter or
// digit follows), or FAMILIES.
static size_t known(const char *label) {
  size_t best = FAMILIES, longest = 0;
  for (size_t i = 0; i < FAMILIES; i++) {
    size_t n = strlen(families[i].name), same = 0;
    while (same < n &&
           tolower((unsigned char)label[same]) == tolower((unsigned char)families[i].name[same]))
      same++;
    if (same == n && n > longest && !isalnum((unsigned char)label[n])) {
      best = i;
      longest = n;
    }
  }
  return best;
}

const char *gb_family_of(const char *label, char *family) {
  size_t index = known(label), length;
  if (index < FAMILIES) {
    length = strlen(families[index].name);
    memcpy(family, families[index].name, length + 1);
    return family;
  }
  // Up to " (", " 0.75x", ", s=2"; whole code points only.
  for (length = 0; label[length] && length < GB_FAMILY_TEXT - 5;) {
    if (length && (strchr("(,", label[length]) ||
                   (label[length] == ' ' &&
                    (isdigit((unsigned char)label[length + 1]) || label[length + 1] == '('))))
      break;
    uint32_t code;
    size_t n = gb_utf8_next(label + length, &code);
    length += n ? n : 1;
  }
  while (length && label[length - 1] == ' ')
    length--;
  memcpy(family, label, length);
  family[length] = '\0';
  return family;
}

static bool is_bars(const gb_chart *chart) {
  return chart->kind == GB_CHART_BARS || chart->kind == GB_CHART_STACKED;
}

// Whether another family has this colour, and (`both`) this marker too.
static bool taken(const gb_chart *chart, const gb_plot_style *styles, size_t count,
                  const char *family, gb_plot_style style, bool both) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(chart->series[i].family, family) != 0 && styles[i].marker &&
        styles[i].colour == style.colour && (!both || styles[i].marker == style.marker))
      return true;
  return false;
}

// For a family that no table knows, or whose style another one has: begin where its name's hash
// says and take a colour that nobody has; when there is none, a pair of colour and marker.
static gb_plot_style choose(const gb_chart *chart, const gb_plot_style *styles, size_t count,
                            const char *family) {
  uint64_t hash = gb_mix64(gb_hash_text(family));
  size_t colour = hash % COLOURS, marker = (hash >> 32) % MARKERS;
  gb_plot_style style = {palette[colour], markers[marker]};
  for (size_t step = 0; step < COLOURS; step++) {
    style.colour = palette[(colour + step) % COLOURS];
    if (!taken(chart, styles, count, family, style, false))
      return style;
  }
  for (size_t step = 0; step < COLOURS * MARKERS; step++) {
    style = (gb_plot_style){palette[(colour + step) % COLOURS],
                            markers[(marker + step / COLOURS) % MARKERS]};
    if (!taken(chart, styles, count, family, style, true))
      return style;
  }
  return style;
}

// The number that a title is about: "d=3", "2 threads"; false where there is none.
static bool title_number(const char *title, double *number) {
  const char *equals = strrchr(title, '=');
  char text[32];
  const char *from = equals ? equals + 1 : title;
  size_t n = strspn(from, "0123456789.");
  if (n == 0 || n >= sizeof text)
    return false;
  memcpy(text, from, n);
  text[n] = '\0';
  return gb_parse_real(text, number);
}

// Series that are steps of one knob (all titles have a number, no family is known) get colours from
// light to dark in its order (ColorBrewer's YlGnBu without the steps that are too light).
static bool style_steps(const gb_chart *chart, gb_plot_style *styles) {
  static const unsigned ramp[] = {0x7fcdbb, 0x41b6c4, 0x1d91c0, 0x225ea8, 0x253494, 0x081d58};
  enum { STEPS = sizeof ramp / sizeof *ramp };
  double numbers[STEPS];
  size_t count = 0;
  for (size_t i = 0; i < chart->series_count; i++) {
    double number;
    if (known(chart->series[i].family) < FAMILIES ||
        !title_number(chart->series[i].family, &number))
      return false;
    size_t at = 0;
    while (at < count && numbers[at] < number)
      at++;
    if (at < count && numbers[at] <= number)
      continue;
    if (count == STEPS)
      return false;
    memmove(numbers + at + 1, numbers + at, (count - at) * sizeof *numbers);
    numbers[at] = number;
    count++;
  }
  for (size_t i = 0; i < chart->series_count && count > 1; i++) {
    double number = 0;
    title_number(chart->series[i].family, &number);
    size_t at = 0;
    while (numbers[at] < number)
      at++;
    styles[i] = (gb_plot_style){ramp[at * (STEPS - 1) / (count - 1)], markers[at % MARKERS]};
  }
  return count > 1;
}

// Known families first, so that those of others never push them from their colours.
void gb_plot_styles(const gb_chart *chart, gb_plot_style *styles) {
  size_t count = chart->series_count;
  if (style_steps(chart, styles))
    return;
  for (size_t i = 0; i < count; i++)
    styles[i] = (gb_plot_style){0}; // marker 0: not decided
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < count; i++) {
      if (styles[i].marker)
        continue;
      const char *family = chart->series[i].family;
      size_t index = known(family);
      gb_plot_style style = index < FAMILIES ? families[index].style : (gb_plot_style){0};
      if (pass == 0 &&
          (index == FAMILIES || taken(chart, styles, count, family, style, !is_bars(chart))))
        continue;
      if (pass == 1)
        style = choose(chart, styles, count, family);
      for (size_t same = i; same < count; same++)
        if (strcmp(chart->series[same].family, family) == 0)
          styles[same] = style;
    }
}
