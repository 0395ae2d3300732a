// The functions that expressions have beside XPath 1.0's own. None touches files or documents.
#include "harness/xml/xml_internal.h"

#include <libxml/xpathInternals.h>

#include <math.h>
#include <string.h>

// Ends the evaluation with our own words; `message` is static.
static void refuse(xmlXPathParserContextPtr call, const char *message) {
  gb_evaluator *evaluator = call->context->userData;
  if (evaluator && !evaluator->refused)
    evaluator->refused = message;
  xmlXPathSetError(call, XPATH_INVALID_OPERAND);
}

static bool takes(xmlXPathParserContextPtr call, int count, int least, int most,
                  const char *message) {
  if (count >= least && count <= most)
    return true;
  refuse(call, message);
  return false;
}

static void push_number(xmlXPathParserContextPtr call, double value) {
  valuePush(call, xmlXPathNewFloat(value));
}

// The papers' _make_divisible (MobileNetV2's code): the multiple of d nearest to v, not below d,
// and one more where rounding would take away more than a tenth.
static void call_divisible(xmlXPathParserContextPtr call, int count) {
  if (!takes(call, count, 2, 3, "divisible(v, d) or divisible(v, d, min)"))
    return;
  double least = count == 3 ? xmlXPathPopNumber(call) : 0;
  double d = xmlXPathPopNumber(call);
  double v = xmlXPathPopNumber(call);
  if (count == 2)
    least = d;
  if (!(d > 0)) {
    refuse(call, "divisible(v, d) needs d > 0");
    return;
  }
  double r = fmax(least, floor((v + d / 2) / d) * d);
  if (r < 0.9 * v)
    r += d;
  push_number(call, isnan(v) ? v : r);
}

static void call_if(xmlXPathParserContextPtr call, int count) {
  if (!takes(call, count, 3, 3, "if(condition, a, b)"))
    return;
  xmlXPathObjectPtr otherwise = valuePop(call), then = valuePop(call);
  bool condition = xmlXPathPopBoolean(call) != 0;
  valuePush(call, condition ? then : otherwise);
  xmlXPathFreeObject(condition ? otherwise : then);
}

static void extreme(xmlXPathParserContextPtr call, int count, double sign, const char *message) {
  if (!takes(call, count, 1, 64, message))
    return;
  double best = xmlXPathPopNumber(call);
  for (int i = 1; i < count; i++) {
    double next = xmlXPathPopNumber(call);
    // NaN wins, so that a mistake is seen.
    if (isnan(next) || sign * next > sign * best)
      best = next;
  }
  push_number(call, best);
}

static void call_min(xmlXPathParserContextPtr call, int count) {
  extreme(call, count, -1, "min(a, b, …)");
}

static void call_max(xmlXPathParserContextPtr call, int count) {
  extreme(call, count, 1, "max(a, b, …)");
}

// Python 3's round(): halves go to the even neighbour. XPath's own round() takes them upwards.
static void call_round_even(xmlXPathParserContextPtr call, int count) {
  if (takes(call, count, 1, 1, "round-even(x)"))
    push_number(call, nearbyint(xmlXPathPopNumber(call)));
}

static void call_pow(xmlXPathParserContextPtr call, int count) {
  if (!takes(call, count, 2, 2, "pow(a, b)"))
    return;
  double b = xmlXPathPopNumber(call);
  double a = xmlXPathPopNumber(call);
  push_number(call, pow(a, b));
}

static const char *const BLANKS = " \t\r\n";

static void call_item(xmlXPathParserContextPtr call, int count) {
  if (!takes(call, count, 2, 2, "item(list, i)"))
    return;
  double wanted = xmlXPathPopNumber(call);
  xmlChar *list = xmlXPathPopString(call);
  const char *word = list ? (const char *)list : "";
  double index = 1;
  word += strspn(word, BLANKS);
  while (*word && index < wanted) {
    word += strcspn(word, BLANKS);
    word += strspn(word, BLANKS);
    index++;
  }
  if (!*word || index != wanted) {
    refuse(call, "item(list, i): the list has no i-th item (they count from 1)");
  } else {
    xmlChar *copy = xmlStrndup((const xmlChar *)word, (int)strcspn(word, BLANKS));
    double number;
    if (copy && gb_parse_real((const char *)copy, &number))
      push_number(call, number);
    else
      valuePush(call, xmlXPathNewString(copy));
    xmlFree(copy);
  }
  xmlFree(list);
}

static void call_count_items(xmlXPathParserContextPtr call, int count) {
  if (!takes(call, count, 1, 1, "count-items(list)"))
    return;
  xmlChar *list = xmlXPathPopString(call);
  const char *word = list ? (const char *)list : "";
  double items = 0;
  for (word += strspn(word, BLANKS); *word; items++) {
    word += strcspn(word, BLANKS);
    word += strspn(word, BLANKS);
  }
  xmlFree(list);
  push_number(call, items);
}

static const struct {
  const char *name;
  xmlXPathFunction call;
} library[] = {
    {"divisible", call_divisible},
    {"if", call_if},
    {"min", call_min},
    {"max", call_max},
    {"round-even", call_round_even},
    {"pow", call_pow},
    {"item", call_item},
    {"count-items", call_count_items},
};

const char *const gb_function_names[] = {
    "divisible", "if", "min", "max", "round-even", "pow", "item", "count-items",
    // XPath 1.0, section 4
    "boolean", "ceiling", "concat", "contains", "count", "false", "floor", "id", "lang", "last",
    "local-name", "name", "namespace-uri", "normalize-space", "not", "number", "position", "round",
    "starts-with", "string", "string-length", "substring", "substring-after", "substring-before",
    "sum", "translate", "true", NULL};

xmlXPathFunction gb_function_find(const char *name) {
  for (size_t i = 0; i < sizeof library / sizeof *library; i++)
    if (strcmp(library[i].name, name) == 0)
      return library[i].call;
  return NULL;
}
