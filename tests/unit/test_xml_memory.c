// Every allocation of reading and expanding an architecture and an experiment fails once: each time
// there is an error and no leak (a sanitizer watches), or the result is the same as without.
//
// Our own allocations fail everywhere; libxml2's only while files are read and expressions are
// compiled: version 2.9.14 itself crashes where one fails while an expression is evaluated.
#define _POSIX_C_SOURCE 200809L
#include "tests/unit/xml_help.h"

#include <libxml/xmlmemory.h>

// Counts down; the allocation that reaches zero fails, and none after it.
static long countdown = -1;
static bool hit;        // it has
static bool in_library; // of libxml2's allocations, not ours

static bool fails(bool library) {
  if (library != in_library || countdown < 0 || countdown-- > 0)
    return false;
  hit = true;
  return true;
}

// gb_allocate and the arenas allocate by this: it stands before the C library's.
void *aligned_alloc(size_t alignment, size_t size) {
  void *memory = NULL;
  if (fails(false) || posix_memalign(&memory, alignment, size) != 0)
    return NULL;
  return memory;
}

static void *xml_malloc(size_t size) {
  return fails(true) ? NULL : malloc(size);
}

static void *xml_realloc(void *memory, size_t size) {
  return fails(true) ? NULL : realloc(memory, size);
}

static char *xml_strdup(const char *text) {
  return fails(true) ? NULL : strdup(text);
}

static const char ARCHITECTURE[] =
    XML_HEAD "<param name='n' default='2' choices='1 2'/><param name='m' default='{$n * 2}'/>"
             "<block name='b' params='out k=3'><let name='h' value='{$out div 2}'/>"
             "<conv name='x{$h}' out='{$out}' kernel='{$k}'/></block>"
             "<repeat count='{$m}' var='i'><b name='b{$i}' out='{max($i, 1) * 4}'/></repeat>"
             "<substitute match=\"(//conv)[1]\" with='ghost' s='{@kernel}'/>" XML_TAIL;

static gb_status run_parse(gb_text *out, gb_error *error) {
  gb_architecture *a;
  GB_TRY(gb_architecture_parse(ARCHITECTURE, sizeof ARCHITECTURE - 1, "m.xml", &xml_places, &a,
                               error));
  gb_text_add(out, gb_architecture_name(a));
  gb_architecture_free(a);
  return GB_OK;
}

static gb_status run_architecture(gb_text *out, gb_error *error) {
  gb_architecture *a;
  gb_network *network;
  GB_TRY(gb_architecture_parse(ARCHITECTURE, sizeof ARCHITECTURE - 1, "m.xml", &xml_places, &a,
                               error));
  gb_status status = gb_architecture_expand(a, NULL, 0, NULL, 0, true, &network, error);
  gb_architecture_free(a);
  if (status == GB_OK) {
    countdown = -1;
    gb_text_add(out, network->xml);
    gb_network_free(network);
  }
  return status;
}

static gb_status run_experiment(gb_text *out, gb_error *error) {
  gb_experiment *e;
  GB_TRY(
      gb_experiment_open("tests/unit/data/experiments/small.xml", &xml_places, NULL, 0, &e, error));
  countdown = -1;
  for (size_t i = 0; i < e->cell_count; i++)
    gb_text_print(out, "%s\n", e->cells[i].label);
  gb_experiment_free(e);
  return GB_OK;
}

static gb_status run_counters(gb_text *out, gb_error *error) {
  gb_counter_group *g;
  GB_TRY(gb_counter_group_open("experiments/counters/cycles.xml", &g, error));
  double events[] = {3e6, 6e6, 2e6}, facts[GB_FACT_COUNT] = {9e6, 9e6, 1e6, 16}, metrics[16];
  countdown = -1; // libxml2 evaluates with allocations that it does not check
  gb_status status = gb_counter_group_evaluate(g, events, facts, metrics, error);
  for (size_t i = 0; status == GB_OK && i < g->metric_count; i++)
    gb_text_print(out, "%s %g\n", g->metrics[i].name, metrics[i]);
  gb_counter_group_free(g);
  return status;
}

static void list_fault(gb_faults *self, const gb_location *where, const char *message) {
  gb_text_print(self->context, "%d: %s\n", where->line, message);
}

static gb_status run_validation(gb_text *out, gb_error *error) {
  gb_faults faults = {.add = list_fault, .context = out};
  return gb_xml_validate("tests/unit/data/faulty-architecture.xml", &xml_places, NULL, &faults,
                         error);
}

static void sweep(check_state *check, bool library,
                  gb_status (*run)(gb_text *out, gb_error *error)) {
  in_library = library;
  gb_text expected = {0}, out = {0};
  gb_error error = {0};
  countdown = -1;
  REQUIRE_OK(run(&expected, &error), error);
  long failures = 0;
  for (long n = 0; n < 100000; n++) {
    out.length = 0;
    gb_text_add(&out, "");
    countdown = n;
    hit = false;
    gb_status status = run(&out, &error);
    countdown = -1;
    if (status == GB_OK && strcmp(gb_text_get(&out), gb_text_get(&expected)) != 0) {
      FAIL("allocation %ld fails and the result is another:\n%s", n, gb_text_get(&out));
      break;
    }
    // libxml2 takes some failed allocations of names in expressions for mistakes in them.
    if (status != GB_OK && status != GB_ENOMEM && !strstr(error.message, "in {")) {
      FAIL("allocation %ld fails and the error is: %s", n, error.message);
      break;
    }
    failures += status != GB_OK;
    if (!hit)
      break;
  }
  CHECK(failures > (library ? 20 : 5));
  gb_text_free(&out);
  gb_text_free(&expected);
}

TEST(architectures_survive_every_failed_allocation) {
  sweep(check, false, run_architecture);
  sweep(check, true, run_parse);
}

TEST(experiments_survive_every_failed_allocation) {
  sweep(check, false, run_experiment);
}

TEST(counters_survive_every_failed_allocation) {
  sweep(check, true, run_counters);
}

TEST(validation_survives_every_failed_allocation) {
  sweep(check, false, run_validation);
}

int main(void) {
  static const check_case cases[] = {CASE(architectures_survive_every_failed_allocation),
                                     CASE(experiments_survive_every_failed_allocation),
                                     CASE(counters_survive_every_failed_allocation),
                                     CASE(validation_survives_every_failed_allocation)};
  xmlMemSetup(free, xml_malloc, xml_realloc, xml_strdup);
  return check_main(cases, sizeof cases / sizeof *cases);
}
