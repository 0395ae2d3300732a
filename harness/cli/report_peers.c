// Other engines beside ours, where the peers bench has been run.
#include "harness/cli/report.h"
#include "harness/report/peers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_times(gb_table *table, double median, double low, double high) {
  char text[96];
  int digits = median < 1 ? 3 : median < 100 ? 2 : 1;
  gb_table_real(table, median, digits);
  snprintf(text, sizeof text, "%.*f\xe2\x80\x93%.*f", digits, low, digits, high);
  gb_table_text(table, text);
}

static void add_row(gb_table *table, const gb_peer_row *row) {
  char text[64];
  gb_table_row(table);
  gb_table_text(table, row->network);
  gb_table_integer(table, row->threads);
  gb_table_integer(table, row->batch);
  add_times(table, row->theirs, row->theirs_low, row->theirs_high);
  add_times(table, row->ours, row->ours_low, row->ours_high);
  gb_table_real(table, row->ratio, 2);
  gb_table_mark(table, row->ratio_low > 1    ? GB_MARK_GOOD
                       : row->ratio_high < 1 ? GB_MARK_BAD
                                             : GB_MARK_NONE);
  snprintf(text, sizeof text, "%.2f\xe2\x80\x93%.2f", row->ratio_low, row->ratio_high);
  gb_table_text(table, text);
  gb_table_text(table, row->ratio_low > 1    ? "ghostbench faster"
                       : row->ratio_high < 1 ? "ghostbench slower"
                                             : "cannot tell");
}

static gb_status add_table(gb_report *report, const gb_peers *peers, gb_error *error) {
  static const gb_column columns[] = {
      {"network", "Network", NULL, GB_ALIGN_LEFT, false},
      {"threads", "Threads", NULL, GB_ALIGN_RIGHT, false},
      {"batch", "Batch", NULL, GB_ALIGN_RIGHT, false},
      {"theirs_ms", "ONNX Runtime", "ms", GB_ALIGN_RIGHT, false},
      {"theirs_interval", "95 %", "ms", GB_ALIGN_RIGHT, false},
      {"ours_ms", "ghostbench", "ms", GB_ALIGN_RIGHT, false},
      {"ours_interval", "95 %", "ms", GB_ALIGN_RIGHT, false},
      {"ratio", "Ratio", NULL, GB_ALIGN_RIGHT, false},
      {"ratio_interval", "95 %", "ratio", GB_ALIGN_RIGHT, false},
      {"word", "It is", NULL, GB_ALIGN_LEFT, false},
  };
  gb_table *table = gb_report_table(report, "peers", "Medians and ratios, in turns");
  if (!table)
    return gb_fail_memory(error);
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
    gb_table_column(table, &columns[i]);
  for (size_t i = 0; i < peers->count; i++)
    add_row(table, &peers->rows[i]);
  const char *note = gb_arena_print(
      report->arena,
      "ONNX Runtime %s and ghostbench %s on %s, %s, %s; %lld rounds in turns. The ratio is ONNX "
      "Runtime's time over ghostbench's: above 1, ghostbench is faster.",
      peers->engine_version, peers->version, peers->cpu, peers->kernel, peers->date,
      (long long)peers->rounds);
  if (!note)
    return gb_fail_memory(error);
  gb_table_note(table, note);
  gb_document_table(report->document, table);
  return GB_OK;
}

// results/peers/onnxruntime.json beside the experiments' folders, of each results folder once.
gb_status gb_report_peers(gb_report *report, gb_error *error) {
  const char *told = NULL;
  for (size_t i = 0; i < report->count; i++) {
    const char *folder = report->list[i].folder, *slash = strrchr(folder, '/');
    const char *path = slash ? gb_arena_print(report->arena, "%.*s/peers/onnxruntime.json",
                                              (int)(slash - folder), folder)
                             : gb_arena_copy(report->arena, "peers/onnxruntime.json");
    if (!path)
      return gb_fail_memory(error);
    if (told && strcmp(told, path) == 0)
      continue;
    told = path;
    gb_peers *peers;
    GB_TRY(gb_peers_load(path, &peers, error));
    if (!peers || peers->count == 0) {
      gb_peers_free(peers);
      continue;
    }
    gb_document_section(report->document, 2, "Beside ONNX Runtime", NULL, GB_MARK_NONE);
    gb_document_text(report->document, GB_BLOCK_LEAD,
                     "How fast is another engine with the same networks, on the same machine?");
    gb_status status = add_table(report, peers, error);
    gb_peers_free(peers);
    GB_TRY(status);
    gb_document_text(report->document, GB_BLOCK_FOLD, "How to repeat it");
    gb_document_text(report->document, GB_BLOCK_CODE, "make bench-peers");
  }
  return GB_OK;
}
