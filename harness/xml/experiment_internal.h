// What experiment.c, plots.c and cells.c share: models before their sweeps become cells.
#ifndef GB_XML_EXPERIMENT_INTERNAL_H
#define GB_XML_EXPERIMENT_INTERNAL_H

#include "harness/xml/xml_internal.h"

// A parameter with its values in turn: <sweep>, or <set> with one.
typedef struct gb_axis {
  const char *name;
  const char **values;
  size_t count;
  bool swept;       // <sweep>
  bool used;        // of the experiment's: by one of the models at least
  gb_template text; // of <set> with an expression: evaluated in each cell; else source NULL
  gb_location where;
} gb_axis;

typedef struct gb_axes {
  gb_axis *list;
  size_t count, capacity;
} gb_axes;

typedef struct gb_opened { // an architecture that models name
  const char *name;
  gb_architecture *architecture;
  struct gb_opened *next;
} gb_opened;

typedef struct gb_loader {
  gb_experiment *experiment;
  gb_arena *arena;
  const gb_places *places;
  const gb_setting *overrides;
  size_t override_count;
  bool *override_used;
  gb_report *report;
  gb_compiler compiler;
  gb_evaluator evaluator;
  gb_opened *opened;
  gb_axes common; // of the experiment, for all models
  size_t models;
  size_t cell_capacity;
} gb_loader;

// Reports a word that is not in the list; returns whether it is.
bool gb_check_word(gb_report *report, const gb_location *where, const char *what, const char *word,
                   const char *const *list);
// The attribute, which becomes part of a file's name; `fallback` NULL: it is required.
const char *gb_read_name(gb_loader *loader, const gb_tree *tree, const char *attribute,
                         const char *fallback);
// Reads <plot>.
void gb_plot_read(gb_loader *loader, const gb_tree *tree, size_t *capacity);
// What plots ask for must be measured, and go with their kinds.
void gb_plots_check(gb_loader *loader);
// Reads <sweep> or <set> into `axes`.
void gb_axis_read(gb_loader *loader, const gb_tree *tree, gb_axes *axes);
// Whether the experiment measures latency: known when models are expanded.
bool gb_loader_times(const gb_loader *loader);
bool gb_is_timing(const char *name); // one of gb_timing_names
#define GB_NOT_TIMED                                                                               \
  "'%s' says how networks are timed, and the experiment has no <measure>latency</measure>"
// Sets the cell's threads, batch or engine. GB_EINPUT where the value is not allowed.
gb_status gb_timing_set(const gb_axis *axis, const char *value, gb_cell *cell, gb_error *error);
// The cells of one <model>.
void gb_model_expand(gb_loader *loader, const gb_tree *tree);

#endif
