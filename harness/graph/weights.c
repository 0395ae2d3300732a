// Binding a file's tensors to a graph's parameters, and writing them; see weights.h.
#include "harness/graph/weights.h"

#include "harness/graph/safetensors.h"
#include "layers/base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
  IN_SUMMARY = 3,          // names of each kind that the summary shows
  MOST_COMPARISONS = 65536 // of names, when suggestions are sought
};

// What does not fit, gathered over the whole file.
typedef enum fault_kind { MISSING, SURPLUS, MISFIT, KINDS } fault_kind;
typedef struct report {
  gb_faults *faults; // may be NULL
  gb_location where;
  size_t counts[KINDS];
  gb_text names[KINDS];
} report;

static void note(report *to, fault_kind kind, const char *name, const char *message) {
  if (to->faults)
    gb_fault(to->faults, &to->where, "%s", message);
  size_t before = to->counts[kind]++;
  if (before < IN_SUMMARY)
    gb_text_print(&to->names[kind], "%s'%.72s'", before ? ", " : "", name);
  else if (before == IN_SUMMARY)
    gb_text_add(&to->names[kind], ", …");
}

static gb_status summary(report *from, gb_error *error) {
  static const char *const words[KINDS] = {"missing", "surplus", "misshapen"};
  gb_text text = {0};
  for (int kind = 0; kind < KINDS; kind++)
    if (from->counts[kind])
      gb_text_print(&text, "%s%zu %s (%s)", text.length ? ", " : "", from->counts[kind],
                    words[kind], gb_text_get(&from->names[kind]));
  gb_status status = text.length
                         ? gb_fail(error, GB_EINPUT, "%s: the tensors do not fit the network: %s",
                                   from->where.file, gb_text_get(&text))
                         : GB_OK;
  gb_text_free(&text);
  return status;
}

// PyTorch's batch norms keep a counter of training steps that inference does not need.
static bool passed_over(const gb_stored *tensor) {
  static const char suffix[] = "num_batches_tracked";
  size_t length = strlen(tensor->name), tail = sizeof suffix - 1;
  return tensor->type == GB_STORED_I64 && length >= tail &&
         strcmp(tensor->name + length - tail, suffix) == 0;
}

// Equal but for dimensions of size 1: the numbers stand in the same order.
static bool same_dims(const gb_param *param, const gb_stored *tensor) {
  int p = 0, t = 0;
  for (;; p++, t++) {
    while (p < param->spec.rank && param->spec.dims[p] == 1)
      p++;
    while (t < tensor->rank && tensor->dims[t] == 1)
      t++;
    if (p == param->spec.rank || t == tensor->rank)
      return p == param->spec.rank && t == tensor->rank;
    if (param->spec.dims[p] != tensor->dims[t])
      return false;
  }
}

// "module.conv1.weight" for "conv1.weight": a checkpoint saved from inside a wrapper.
static bool has_prefix_before(const char *candidate, const char *name) {
  size_t n = strlen(candidate), m = strlen(name);
  return n > m && candidate[n - m - 1] == '.' && strcmp(candidate + n - m, name) == 0;
}

// The surplus tensor that a missing one probably is, or NULL.
static const char *suggest(const gb_safetensors *file, const bool *used, const char *name,
                           size_t *comparisons) {
  gb_suggestion suggestion = {.name = name};
  for (size_t i = 0; i < file->count && *comparisons < MOST_COMPARISONS; i++) {
    const gb_stored *tensor = &file->tensors[i];
    if (used[i] || passed_over(tensor))
      continue;
    ++*comparisons;
    if (has_prefix_before(tensor->name, name))
      return tensor->name;
    gb_suggest(&suggestion, tensor->name);
  }
  return suggestion.best;
}

static void note_missing(report *to, const gb_param *param, const char *near) {
  char dims[GB_STORED_TEXT];
  gb_text text = {0};
  gb_text_print(&text, "tensor '%.200s' (%s) is missing", param->name,
                gb_dims_print(param->spec.rank, param->spec.dims, dims));
  if (near)
    gb_text_print(&text, "; is it '%.200s'?", near);
  note(to, MISSING, param->name, gb_text_get(&text));
  gb_text_free(&text);
}

static void note_misfit(report *to, const gb_param *param, const gb_stored *tensor) {
  char dims[GB_STORED_TEXT], wanted[GB_STORED_TEXT];
  gb_text text = {0};
  gb_text_print(&text, "tensor '%.200s' is %s %s, the network needs %s", tensor->name,
                tensor->dtype, gb_dims_print(tensor->rank, tensor->dims, dims),
                gb_dims_print(param->spec.rank, param->spec.dims, wanted));
  if (!gb_stored_readable(tensor))
    gb_text_add(&text, " of F32, F16, BF16 or F64");
  note(to, MISFIT, tensor->name, gb_text_get(&text));
  gb_text_free(&text);
}

static void note_surplus(report *to, const gb_stored *tensor) {
  char dims[GB_STORED_TEXT];
  gb_text text = {0};
  gb_text_print(&text, "tensor '%.200s' (%s %s) is not one of the network's", tensor->name,
                tensor->dtype, gb_dims_print(tensor->rank, tensor->dims, dims));
  note(to, SURPLUS, tensor->name, gb_text_get(&text));
  gb_text_free(&text);
}

// Compares names, shapes and types both ways. `used` has one zeroed flag a tensor of the file.
static gb_status check_fit(const gb_graph *graph, const gb_safetensors *file, const char *path,
                           bool *used, gb_faults *faults, gb_error *error) {
  report found = {.faults = faults, .where = {path, 0, 0}};
  for (size_t n = 0; n < graph->node_count; n++)
    for (size_t p = 0; p < graph->nodes[n].param_count; p++) {
      const gb_stored *tensor = gb_safetensors_find(file, graph->nodes[n].params[p].name);
      if (tensor)
        used[tensor - file->tensors] = true;
    }
  size_t comparisons = 0;
  for (size_t n = 0; n < graph->node_count; n++)
    for (size_t p = 0; p < graph->nodes[n].param_count; p++) {
      const gb_param *param = &graph->nodes[n].params[p];
      const gb_stored *tensor = gb_safetensors_find(file, param->name);
      if (!tensor)
        note_missing(&found, param, suggest(file, used, param->name, &comparisons));
      else if (!same_dims(param, tensor) || !gb_stored_readable(tensor))
        note_misfit(&found, param, tensor);
    }
  for (size_t i = 0; i < file->count; i++)
    if (!used[i] && !passed_over(&file->tensors[i]))
      note_surplus(&found, &file->tensors[i]);
  gb_status status = summary(&found, error);
  for (int kind = 0; kind < KINDS; kind++)
    gb_text_free(&found.names[kind]);
  return status;
}

static gb_status copy_values(const gb_graph *graph, const gb_safetensors *file, const char *path,
                             gb_weights *weights, gb_error *error) {
  for (size_t n = 0; n < graph->node_count; n++)
    for (size_t p = 0; p < graph->nodes[n].param_count; p++) {
      const gb_param *param = &graph->nodes[n].params[p];
      GB_TRY(gb_stored_floats(gb_safetensors_find(file, param->name), path,
                              weights->values + param->offset, error));
    }
  return GB_OK;
}

gb_status gb_weights_load(const gb_graph *graph, const char *path, gb_weights *weights,
                          gb_faults *faults, gb_error *error) {
  *weights = (gb_weights){0};
  gb_safetensors file;
  GB_TRY(gb_safetensors_open(path, &file, error));
  bool *used = gb_allocate(NULL, file.count, sizeof *used);
  gb_status status =
      used ? check_fit(graph, &file, path, used, faults, error) : gb_fail_memory(error);
  gb_release(NULL, used);
  if (status == GB_OK)
    status = gb_weights_new(graph, weights, error);
  if (status == GB_OK)
    status = copy_values(graph, &file, path, weights, error);
  gb_safetensors_close(&file);
  if (status != GB_OK)
    gb_weights_free(weights);
  return status;
}

gb_status gb_weights_new(const gb_graph *graph, gb_weights *weights, gb_error *error) {
  *weights = (gb_weights){.count = graph->weight_elements};
  weights->values = gb_allocate(NULL, (size_t)graph->weight_elements, sizeof *weights->values);
  if (!weights->values)
    return gb_fail(error, GB_ENOMEM, "out of memory: the network's parameters take %lld bytes",
                   (long long)graph->weight_elements * (long long)sizeof *weights->values);
  return GB_OK;
}

void gb_weights_free(gb_weights *weights) {
  gb_release(NULL, weights->values);
  *weights = (gb_weights){0};
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const gb_stored *)a)->name, ((const gb_stored *)b)->name);
}

gb_status gb_weights_save(const gb_graph *graph, const gb_weights *weights, const char *path,
                          gb_error *error) {
  if (weights->count != graph->weight_elements)
    return gb_fail(error, GB_EINTERNAL, "%s: weights of %lld numbers given, the network has %lld",
                   path, (long long)weights->count, (long long)graph->weight_elements);
  size_t count = 0;
  for (size_t n = 0; n < graph->node_count; n++)
    count += graph->nodes[n].param_count;
  gb_stored *tensors = gb_allocate(NULL, count, sizeof *tensors);
  if (!tensors)
    return gb_fail_memory(error);
  size_t i = 0;
  for (size_t n = 0; n < graph->node_count; n++)
    for (size_t p = 0; p < graph->nodes[n].param_count; p++, i++) {
      const gb_param *param = &graph->nodes[n].params[p];
      tensors[i] = (gb_stored){.name = param->name,
                               .rank = param->spec.rank,
                               .count = param->count,
                               .data = weights->values + param->offset};
      memcpy(tensors[i].dims, param->spec.dims, sizeof param->spec.dims);
    }
  // By name, so that the same weights are the same bytes whatever the order of the layers.
  if (count)
    qsort(tensors, count, sizeof *tensors, by_name);
  gb_status status = gb_safetensors_write(path, tensors, count, "ghostbench", error);
  gb_release(NULL, tensors);
  return status;
}
