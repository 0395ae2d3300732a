// ghostbench describe --plan: the steps of the native engine, their kernels, places and work.
#include "harness/cli/cli.h"
#include "harness/report/table.h"

#include <inttypes.h>
#include <stdio.h>

static void add_step(gb_table *table, const gb_step_info *info) {
  static const char *const bases[] = {"arena", "input", "output", "own"};
  char shape[GB_SHAPE_TEXT], place[48];
  snprintf(place, sizeof place, "%s+%" PRId64, bases[info->base], 4 * info->offset);
  gb_table_row(table);
  gb_table_text(table, info->kind);
  gb_table_text(table, info->name);
  gb_table_text(table, info->layers);
  gb_table_text(table, gb_shape_print_image(&info->out, shape));
  gb_table_text(table, place);
  gb_table_integer(table, info->nominal_macs);
  gb_table_integer(table, info->executed_macs);
  gb_table_integer(table, info->bytes);
  if (info->strips > 0)
    gb_table_integer(table, info->strips);
  else
    gb_table_text(table, "");
}

static void add_notes(gb_table *table, const gb_native *engine, const gb_engine_choice *choice,
                      int64_t nominal, int64_t executed) {
  char note[512];
  snprintf(note, sizeof note,
           "%zu steps, instruction set %s, %d thread%s. MACs of one image: %" PRId64
           " nominal, %" PRId64 " executed.",
           gb_native_step_count(engine), gb_native_isa(engine), choice->options.threads,
           choice->options.threads == 1 ? "" : "s", nominal, executed);
  gb_table_note(table, note);
  double arena = (double)gb_native_arena_bytes(engine), live = (double)gb_native_live_bytes(engine);
  snprintf(note, sizeof note,
           "Activations take %.2f MB; the most that is needed at once is %.2f MB%s. Compiled in "
           "%.1f ms.",
           arena / 1e6, live / 1e6, arena > live ? "" : ", so that none is wasted",
           1e3 * gb_native_compile_seconds(engine));
  gb_table_note(table, note);
  gb_text off = {0};
  for (int i = 0; gb_pass_names[i]; i++)
    if (choice->options.without & 1u << i)
      gb_text_print(&off, "%s%s", off.length ? ", " : "Switched off: ", gb_pass_names[i]);
  if (off.length)
    gb_table_note(table, gb_text_get(&off));
  gb_text_free(&off);
}

gb_status gb_plan_text(const gb_native *engine, const gb_engine_choice *choice, const char *name,
                       int format, bool colour, gb_text *out, gb_error *error) {
  static const gb_column columns[] = {
      {"kernel", "kernel", NULL, GB_ALIGN_LEFT, false},
      {"name", "layer", NULL, GB_ALIGN_LEFT, false},
      {"fused", "does", NULL, GB_ALIGN_LEFT, false},
      {"output", "output", "C×H×W", GB_ALIGN_RIGHT, false},
      {"place", "output at", "byte", GB_ALIGN_RIGHT, false},
      {"nominal_macs", "MACs", "nominal", GB_ALIGN_RIGHT, true},
      {"executed_macs", "MACs", "executed", GB_ALIGN_RIGHT, true},
      {"bytes", "bytes", NULL, GB_ALIGN_RIGHT, true},
      {"strips", "strips", NULL, GB_ALIGN_RIGHT, false},
  };
  gb_table *table = gb_table_new("plan", name);
  if (!table)
    return gb_fail_memory(error);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  int64_t nominal = 0, executed = 0;
  for (size_t i = 0; i < gb_native_step_count(engine); i++) {
    gb_step_info info;
    gb_native_step(engine, i, &info);
    add_step(table, &info);
    nominal += info.nominal_macs;
    executed += info.executed_macs;
  }
  add_notes(table, engine, choice, nominal, executed);
  gb_text_style style = {.width = 0, .colour = colour};
  gb_status status = gb_table_write(table, (gb_format)format, &style, out, error);
  gb_table_free(table);
  return status;
}

gb_status gb_describe_plan(const gb_model *model, const gb_engine_choice *choice, int format,
                           gb_text *out, gb_error *error) {
  gb_weights weights = {0};
  gb_native *engine = NULL;
  gb_status status = gb_weights_recipe(model->graph, 1, &weights, error);
  if (status == GB_OK)
    status = gb_native_new(model->graph, &weights, &choice->options, &engine, error);
  if (status == GB_OK)
    status =
        gb_plan_text(engine, choice, model->network->name, format, gb_want_colour(), out, error);
  gb_native_free(engine);
  gb_weights_free(&weights);
  return status;
}
