// Scales with round ticks, and labels placed beside their points.
#include "harness/report/plot_style.h"

#include <math.h>
#include <string.h>

// The largest of 1, 2, 2.5, 5 times a power of ten that is at most `step`, or the next one above.
static double round_step(double step) {
  static const double leading[] = {1, 2, 2.5, 5, 10};
  double power = pow(10, floor(log10(step)));
  for (size_t i = 0; i < 5; i++)
    if (leading[i] * power >= step * (1 - 1e-9))
      return leading[i] * power;
  return 10 * power;
}

static void add_tick(gb_scale *scale, double value) {
  if (scale->tick_count < (int)(sizeof scale->ticks / sizeof *scale->ticks))
    scale->ticks[scale->tick_count++] = value;
}

static void fit_log(gb_scale *scale, double low, double high) {
  double pad = fmax(pow(high / low, 0.04), 1.03);
  scale->low = low / pad;
  scale->high = high * pad;
  // Ever more leading digits, until there are ticks enough.
  static const char *const leading[] = {"1", "13", "125", "12357", "1234567"};
  for (size_t i = 0; i < sizeof leading / sizeof *leading; i++) {
    scale->tick_count = 0;
    for (double power = pow(10, floor(log10(scale->low))); power <= scale->high; power *= 10)
      for (const char *digit = leading[i]; *digit; digit++) {
        double tick = power * (*digit - '0');
        if (tick >= scale->low && tick <= scale->high)
          add_tick(scale, tick);
      }
    if (scale->tick_count >= 5)
      break;
  }
}

static void fit_linear(gb_scale *scale, double low, double high, int pixels, bool from_zero) {
  if (from_zero) {
    low = fmin(low, 0);
    high = fmax(high, 0);
  }
  if (high - low <= 1e-12 * fmax(fabs(low), fabs(high)) || high == low) {
    double room = high != 0 ? fabs(high) * 0.1 : 1;
    low = from_zero && low == 0 ? low : low - room;
    high += room;
  }
  double step = round_step((high - low) / fmax(pixels / 70.0, 2));
  double pad = (high - low) * 0.05;
  scale->low = from_zero && low == 0 ? 0 : low - pad;
  scale->high = high + pad;
  for (double tick = ceil(scale->low / step - 1e-9); tick * step <= scale->high * (1 + 1e-12);
       tick += 1) {
    add_tick(scale, tick * step);
    if (scale->tick_count == 32)
      break;
  }
}

void gb_scale_fit(gb_scale *scale, const gb_axis *axis, double low, double high, int pixels,
                  bool from_zero, const double *few, size_t few_count) {
  *scale = (gb_scale){.factor = 1, .unit = axis->unit ? axis->unit : "", .log = axis->log};
  if (axis->count) {
    double most = fmax(fabs(low), fabs(high));
    // M up to 20 G, so that small networks beside large ones keep readable numbers.
    scale->factor = most >= 2e10 ? 1e9 : most >= 1e6 ? 1e6 : most >= 1e4 ? 1e3 : 1;
    scale->unit = most >= 2e10 ? "G" : most >= 1e6 ? "M" : most >= 1e4 ? "k" : scale->unit;
  }
  low /= scale->factor;
  high /= scale->factor;
  if (scale->log)
    fit_log(scale, low, high);
  else
    fit_linear(scale, low, high, pixels, from_zero);
  if (few && few_count) {
    scale->tick_count = 0;
    for (size_t i = 0; i < few_count; i++)
      add_tick(scale, few[i] / scale->factor);
  }
}

double gb_scale_place(const gb_scale *scale, double value, int pixels) {
  value /= scale->factor;
  double part = scale->log ? log(value / scale->low) / log(scale->high / scale->low)
                           : (value - scale->low) / (scale->high - scale->low);
  return part * pixels;
}

typedef struct box {
  double left, right, bottom, top;
} box;

static double overlap(box a, box b) {
  double width = fmin(a.right, b.right) - fmax(a.left, b.left);
  double height = fmin(a.top, b.top) - fmax(a.bottom, b.bottom);
  return width > 0 && height > 0 ? width * height : 0;
}

enum { TEXT_HEIGHT = 14, NEAR = 9, POINT = 6, LINE = 4 };

static box box_of(const gb_placed *label) {
  double left = label->text_x - label->width * (label->align + 1) / 2;
  return (box){left, left + label->width, label->text_y - TEXT_HEIGHT / 2.0,
               label->text_y + TEXT_HEIGHT / 2.0};
}

static double overlap_all(box mine, const double *at, size_t count, double half) {
  double sum = 0;
  for (size_t i = 0; i < count; i++, at += 2)
    sum += overlap(mine, (box){at[0] - half, at[0] + half, at[1] - half, at[1] + half});
  return sum;
}

// How far the point is from the box.
static double distance(box b, double x, double y) {
  double dx = fmax(fmax(b.left - x, x - b.right), 0), dy = fmax(fmax(b.bottom - y, y - b.top), 0);
  return hypot(dx, dy);
}

// Counts points of others that are as near to the label as its own.
static int mistaken(box mine, const gb_placed *label, const gb_obstacles *obstacles) {
  int count = 0;
  double own = distance(mine, label->x, label->y);
  for (size_t i = 0; i < obstacles->point_count; i++) {
    double x = obstacles->points[2 * i], y = obstacles->points[2 * i + 1];
    bool apart = hypot(x - label->x, y - label->y) > POINT;
    count += apart && distance(mine, x, y) < own + 4;
  }
  return count;
}

void gb_place_labels(gb_placed *labels, size_t count, const gb_obstacles *obstacles, int width,
                     int height) {
  static const struct {
    double x, y; // of the text's nearest side, in NEAR
    int align;
  } places[] = {{1, 0, -1},     {-1, 0, 1},      {0, 1.4, 0},     {0, -1.4, 0}, {0.8, 1.1, -1},
                {-0.8, 1.1, 1}, {0.8, -1.1, -1}, {-0.8, -1.1, 1}, {0, 2.4, 0},  {0, -2.4, 0},
                {1.6, 2, -1},   {-1.6, 2, 1},    {1.6, -2, -1},   {-1.6, -2, 1}};
  for (size_t i = 0; i < count; i++) {
    double best = (double)INFINITY;
    gb_placed chosen = labels[i];
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
      gb_placed tried = labels[i];
      tried.text_x = tried.x + places[p].x * NEAR;
      tried.text_y = tried.y + places[p].y * NEAR;
      tried.align = places[p].align;
      box mine = box_of(&tried);
      double cost = 3.0 * (double)p; // the earlier places look better
      if (mine.left < 2 || mine.right > width - 2 || mine.bottom < 2 || mine.top > height - 2)
        cost += 1e4;
      cost += 2 * overlap_all(mine, obstacles->points, obstacles->point_count, POINT);
      cost += overlap_all(mine, obstacles->lines, obstacles->line_count, LINE);
      cost += 60 * mistaken(mine, &labels[i], obstacles);
      for (size_t j = 0; j < i; j++)
        cost += 4 * overlap(mine, box_of(&labels[j]));
      if (cost < best) {
        best = cost;
        chosen = tried;
      }
    }
    labels[i] = chosen;
  }
}
