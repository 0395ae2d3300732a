// The choice of an engine by flags, and either engine behind one call.
#include "harness/cli/cli.h"
#include "harness/measure/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gb_engine_choice gb_engine_default(void) {
  const char *isa = getenv("GHOSTBENCH_ISA");
  return (gb_engine_choice){
      .native = true,
      .options = {.threads = gb_processors_allowed(), .isa = isa && *isa ? isa : NULL}};
}

static gb_status parse_without(const char *list, unsigned *without, gb_error *error) {
  while (*list) {
    size_t n = strcspn(list, ",");
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), list);
    gb_suggestion suggestion = {.name = name};
    int found = -1;
    for (int i = 0; gb_pass_names[i]; i++) {
      gb_suggest(&suggestion, gb_pass_names[i]);
      if (strcmp(gb_pass_names[i], name) == 0)
        found = i;
    }
    if (found < 0) {
      gb_text known = {0};
      for (int i = 0; gb_pass_names[i]; i++)
        gb_text_print(&known, "%s%s", i ? ", " : "", gb_pass_names[i]);
      gb_fail(error, GB_EUSAGE, "--without %s is not allowed: one of %s%s%s%s", name,
              gb_text_get(&known), suggestion.best ? "; did you mean '" : "",
              suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
      gb_text_free(&known);
      return GB_EUSAGE;
    }
    *without |= 1u << found;
    list += n + (list[n] == ',');
  }
  return GB_OK;
}

bool gb_engine_flag(gb_engine_choice *choice, const gb_option *option, const char *value,
                    gb_error *error) {
  if (gb_option_is(option, "engine")) {
    choice->native = strcmp(value, "native") == 0;
    if (!choice->native && strcmp(value, "reference") != 0)
      gb_fail(error, GB_EUSAGE, "--engine %s is not allowed: native, reference", value);
    return true;
  }
  if (gb_option_is(option, "threads")) {
    int64_t threads;
    if (!gb_parse_int(value, &threads) || threads < 1 || threads > 1024)
      gb_fail(error, GB_EUSAGE, "--threads %s is not allowed: an integer from 1 to 1024", value);
    else
      choice->options.threads = (int)threads;
    return true;
  }
  if (gb_option_is(option, "isa")) {
    choice->options.isa = value;
    return true;
  }
  if (gb_option_is(option, "without")) {
    parse_without(value, &choice->options.without, error);
    return true;
  }
  return false;
}

gb_status gb_engine_new(const gb_graph *graph, const gb_weights *weights,
                        const gb_engine_choice *choice, gb_engine *engine, gb_error *error) {
  *engine = (gb_engine){0};
  return choice->native ? gb_native_new(graph, weights, &choice->options, &engine->native, error)
                        : gb_reference_new(graph, weights, &engine->reference, error);
}

gb_status gb_engine_run(gb_engine *engine, const float *input, float *output, gb_error *error) {
  if (engine->reference)
    return gb_reference_run(engine->reference, input, output, NULL, NULL, error);
  gb_native_run(engine->native, input, output);
  return GB_OK;
}

void gb_engine_free(gb_engine *engine) {
  gb_reference_free(engine->reference);
  gb_native_free(engine->native);
  *engine = (gb_engine){0};
}
