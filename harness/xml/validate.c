// Reports every fault of an architecture, blocks, experiment or counters file.
#include "harness/xml/xml_internal.h"
#include "layers/base/file.h"
#include "layers/base/random.h"

#include <stdlib.h>
#include <string.h>

// A block that is used ten times shows its fault once.
enum { MAX_SEEN = 1000 };
typedef struct once {
  gb_faults faults; // first, so that a pointer to it is one to the whole
  gb_faults *to;
  size_t seen;
  uint64_t hashes[MAX_SEEN];
} once;

static void add_once(gb_faults *self, const gb_location *where, const char *message) {
  once *o = (once *)self->context;
  uint64_t hash = gb_hash_text(message);
  hash = gb_mix64(hash ^ gb_hash_text(where->file ? where->file : ""));
  hash = gb_mix64(hash + (uint64_t)where->line * 65537 + (uint64_t)where->column);
  for (size_t i = 0; i < o->seen; i++)
    if (o->hashes[i] == hash)
      return;
  if (o->seen == MAX_SEEN)
    return;
  o->hashes[o->seen++] = hash;
  gb_fault(o->to, where, "%s", message);
}

// ---------------------------------------------------------------------------------------------
// Flat documents

// Attributes of a layer against its table and each other.
static gb_status check_layer(const gb_layer *layer, const gb_element *element, gb_faults *faults,
                             gb_error *error) {
  static const char *const common[] = {"name", "in", "from", NULL};
  const char **own = gb_allocate(NULL, layer->n_attrs + 1, sizeof *own);
  void *values = gb_allocate(NULL, 1, layer->attrs_size);
  gb_common shared = {0};
  gb_status status = GB_OK;
  if (!own || !values) {
    status = gb_fail_memory(error);
  } else {
    for (size_t i = 0; i < layer->n_attrs; i++)
      own[i] = layer->attrs[i].name;
    bool fine = gb_attrs_parse(layer->attrs, layer->n_attrs, element, common, values, faults,
                               NULL) == GB_OK;
    gb_attrs_parse(gb_common_attrs, gb_common_attr_count, element, own, &shared, faults, NULL);
    gb_error fault = {0};
    if (fine && layer->check && layer->check(values, &fault) != GB_OK)
      gb_fault(faults, &element->where, "<%s>: %s", element->kind, fault.message);
  }
  gb_release(NULL, own);
  gb_release(NULL, values);
  return status;
}

static gb_status check_flat(const gb_element *parent, gb_faults *faults, gb_error *error) {
  for (const gb_element *e = parent->first_child; e; e = e->next) {
    const gb_layer *layer = gb_layer_find(e->kind);
    const gb_structure *structure = gb_structure_find(e->kind);
    gb_structure_attrs values = {0};
    if (layer)
      GB_TRY(check_layer(layer, e, faults, error));
    else if (structure)
      gb_attrs_parse(structure->attrs, structure->n_attrs, e, NULL, &values, faults, NULL);
    GB_TRY(check_flat(e, faults, error));
  }
  return GB_OK;
}

// Expands and checks what comes out; errors of the expansion are faults.
static gb_status check_expansion(const gb_architecture *architecture, const gb_setting *settings,
                                 size_t setting_count, const gb_substitution *substitutions,
                                 size_t substitution_count, gb_report *report, gb_error *error) {
  gb_network *network;
  gb_error fault = {0};
  if (gb_architecture_expand(architecture, settings, setting_count, substitutions,
                             substitution_count, false, &network, &fault) != GB_OK) {
    gb_report_add(report, fault.status, NULL, "%s", fault.message);
    return GB_OK;
  }
  gb_status status = check_flat(network->root, report->faults, error);
  gb_network_free(network);
  return status;
}

// ---------------------------------------------------------------------------------------------
// Files

static gb_status validate_architecture(const char *bytes, size_t size, const char *path,
                                       const gb_places *places, gb_report *report,
                                       gb_error *error) {
  gb_architecture *architecture;
  gb_architecture_make(bytes, size, path, places, report, &architecture);
  if (!architecture)
    return GB_OK;
  gb_status status = check_expansion(architecture, NULL, 0, NULL, 0, report, error);
  gb_architecture_free(architecture);
  return status;
}

static void check_published(const gb_places *places, const char *name, const gb_location *where,
                            gb_arena *arena, gb_report *report) {
  if (!*name)
    return;
  for (const char *const *root = places ? places->roots : NULL; root && *root; root++) {
    const char *path = gb_arena_print(arena, "%s/results/published/%s.csv", *root, name);
    if (path && gb_file_exists(path))
      return;
  }
  gb_report_add(report, GB_EINPUT, where, "no published table '%s' (results/published/%s.csv)",
                name, name);
}

static gb_status check_cell(const gb_cell *cell, const gb_places *places, gb_arena *arena,
                            gb_report *report, gb_error *error) {
  const char *path;
  gb_architecture *architecture;
  gb_error fault = {0};
  if (gb_places_find(places, "architectures", cell->architecture, arena, &path, &fault) != GB_OK ||
      gb_architecture_open(path, places, &architecture, &fault) != GB_OK) {
    gb_report_add(report, fault.status, &cell->where, "%s", fault.message);
    return GB_OK;
  }
  gb_status status = check_expansion(architecture, cell->settings, cell->setting_count,
                                     cell->substitutions, cell->substitution_count, report, error);
  gb_architecture_free(architecture);
  return status;
}

static gb_status validate_experiment(const char *bytes, size_t size, const char *path,
                                     const gb_places *places, gb_report *report, gb_error *error) {
  gb_experiment *experiment;
  gb_experiment_make(bytes, size, path, places, NULL, 0, report, &experiment);
  if (!experiment)
    return GB_OK;
  gb_location where = {.file = path, .line = 1, .column = 1};
  for (size_t i = 0; i < experiment->include_count; i++) {
    const char *found;
    gb_error fault = {0};
    if (gb_places_find(places, "experiments", experiment->includes[i], experiment->arena, &found,
                       &fault) != GB_OK)
      gb_report_add(report, fault.status, &where, "<include>: %s", fault.message);
  }
  check_published(places, experiment->published, &where, experiment->arena, report);
  for (size_t i = 0; i < experiment->plot_count; i++)
    check_published(places, experiment->plots[i].published, &experiment->plots[i].where,
                    experiment->arena, report);
  // The first cell of each model: enough to see whether its substitutions find anything.
  gb_status status = GB_OK;
  for (size_t i = 0; i < experiment->cell_count && status == GB_OK; i++)
    if (i == 0 || experiment->cells[i].where.line != experiment->cells[i - 1].where.line ||
        experiment->cells[i].where.column != experiment->cells[i - 1].where.column)
      status = check_cell(&experiment->cells[i], places, experiment->arena, report, error);
  gb_experiment_free(experiment);
  return status;
}

static gb_status validate_bytes(const char *bytes, size_t size, const char *path,
                                const gb_places *places, gb_xml_root *kind, gb_arena *arena,
                                gb_report *report, gb_error *error) {
  gb_tree *root;
  gb_error fault = {0};
  if (gb_document_parse(bytes, size, path, arena, &root, &fault) != GB_OK) {
    gb_report_add(report, fault.status, NULL, "%s", fault.message);
    return GB_OK;
  }
  if (strcmp(root->name, "architecture") == 0) {
    *kind = GB_ROOT_ARCHITECTURE;
    return validate_architecture(bytes, size, path, places, report, error);
  }
  if (strcmp(root->name, "experiment") == 0)
    return validate_experiment(bytes, size, path, places, report, error);
  if (strcmp(root->name, "blocks") == 0) {
    gb_blocks_check(bytes, size, path, report);
    return GB_OK;
  }
  if (strcmp(root->name, "counters") == 0) {
    gb_counter_group *group;
    *kind = GB_ROOT_COUNTERS;
    gb_counter_group_make(bytes, size, path, report, &group);
    gb_counter_group_free(group);
    return GB_OK;
  }
  gb_suggestion suggestion = {.name = root->name};
  gb_suggest(&suggestion, "architecture");
  gb_suggest(&suggestion, "experiment");
  gb_suggest(&suggestion, "blocks");
  gb_suggest(&suggestion, "counters");
  gb_report_add(
      report, GB_EINPUT, &root->where,
      "the root is <%.60s>; it must be <architecture>, <experiment>, <blocks> or <counters>%s%s%s",
      root->name, suggestion.best ? "; did you mean <" : "", suggestion.best ? suggestion.best : "",
      suggestion.best ? ">?" : "");
  return GB_OK;
}

gb_status gb_xml_validate(const char *path, const gb_places *places, gb_xml_root *root,
                          gb_faults *faults, gb_error *error) {
  gb_xml_root unwanted;
  root = root ? root : &unwanted;
  *root = GB_ROOT_OTHER;
  char *bytes;
  size_t size;
  GB_TRY(gb_file_read(path, GB_XML_MAX_BYTES, &bytes, &size, error));
  gb_arena *arena = gb_arena_new(NULL);
  once *filter = arena ? gb_arena_allocate(arena, 1, sizeof *filter) : NULL;
  gb_status status;
  if (!filter) {
    status = gb_fail_memory(error);
  } else {
    filter->faults = (gb_faults){.add = add_once, .context = filter};
    filter->to = faults;
    gb_error memory = {0};
    gb_report report = {.faults = &filter->faults, .error = &memory};
    status = validate_bytes(bytes, size, path, places, root, arena, &report, error);
    if (status == GB_OK && memory.status != GB_OK) // out of memory is no fault of the file
      status = gb_fail(error, memory.status, "%s", memory.message);
  }
  gb_arena_free(arena);
  free(bytes);
  return status;
}
