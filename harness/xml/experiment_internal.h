// What experiment.c and cells.c share: models before their sweeps become cells.
#ifndef GB_XML_EXPERIMENT_INTERNAL_H
#define GB_XML_EXPERIMENT_INTERNAL_H

#include "harness/xml/xml_internal.h"

// A parameter with its values in turn: <sweep>, or <set> with one.
typedef struct gb_axis {
  const char *name;
  const char **values;
  size_t count;
  bool swept;       // <sweep>
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

// Reads <sweep> or <set> into `axes`.
void gb_axis_read(gb_loader *loader, const gb_tree *tree, gb_axes *axes);
// The cells of one <model>.
void gb_model_expand(gb_loader *loader, const gb_tree *tree);

#endif
