// Architectures and experiments from XML: the only folder that knows libxml2.
//
// The story of the folder: document.c parses a file under limits and remembers where everything
// stands; chain.c adds what it includes and extends; parameters.c and compile.c check it against
// the tables and turn it into rules (template.c compiles expressions, expression.c and functions.c
// evaluate them); architecture.c joins that; expand.c turns rules and settings into a flat network;
// substitute.c rewrites it (mirror.c is the network as XPath sees it); experiment.c, axes.c,
// timing.c and cells.c list the cells of an experiment, plots.c its plots; counter_group.c reads
// groups of counters; validate.c reports every fault of a file; schema.c makes the RELAX NG
// grammars from the attribute tables; places.c finds files by name.
//
// XML from strangers is data: no DTD, no entities, no network, bounded size, depth and counts.
#ifndef GB_XML_XML_H
#define GB_XML_XML_H

#include "layers/base/element.h"
#include "layers/base/memory.h"
#include "layers/base/text.h"

// A parameter and its value, as text. Borrowed strings.
typedef struct gb_setting {
  const char *name;
  const char *value;
} gb_setting;

// One rewriting rule: layers of the flat document that `match` (XPath 1.0) finds become `with`.
// They keep the attributes that the new kind knows too (name, out, kernel, stride, act …) and take
// those given here. It is an error when nothing matches, or when an attribute would be lost that
// changes the computation (groups, dilation, multiplier, unless they have their default).
//
// All texts are as written in the XML: they are evaluated while the network is expanded, and see
// `$name` of the architecture's parameters and of `variables`; expressions in the attributes have
// the matched element as context node, so `{@kernel}` is its kernel. Zero is a sound default for
// every member but `match` (and `with` or attributes).
typedef struct gb_substitution {
  const char *match;
  const char *with;         // NULL: same kind, only attributes are set
  gb_attribute *attributes; // without match, with, if, optional
  size_t attribute_count;
  const char *condition;       // XPath without braces, from if="…"; NULL: always
  bool optional;               // matching nothing is fine
  const gb_setting *variables; // sweeps that are no parameters of the architecture
  size_t variable_count;
  gb_location where;
} gb_substitution;

// Where names of architectures, experiments and published tables are looked up: folders in order
// of preference. The caller (cli) fills it from the installed and in-tree places.
typedef struct gb_places {
  const char *const
      *roots; // NULL-terminated folders that hold architectures/, experiments/, results/
} gb_places;

// The path of `name`: a path to an existing file as it is, else ROOT/KIND/NAME.xml of the first
// root that has it. `kind` is "architectures" or "experiments". The error lists near names. `*path`
// is owned by the arena.
gb_status gb_places_find(const gb_places *places, const char *kind, const char *name,
                         gb_arena *arena, const char **path, gb_error *error);

// ---------------------------------------------------------------------------------------------
// Architectures

// A declared parameter of an architecture.
typedef struct gb_parameter {
  const char *name;
  const char *fallback; // its default
  const char *help;     // "" if none
  const char *allowed;  // "from 0.1 to 4", "one of a, b"; "" if anything
} gb_parameter;

// A parsed architecture (with what it extends and includes), ready to be expanded many times,
// though not by two threads at once: libxml2 remembers functions in its compiled expressions.
typedef struct gb_architecture gb_architecture;

gb_status gb_architecture_open(const char *path, const gb_places *places, gb_architecture **out,
                               gb_error *error);
// From memory, for tests and the fuzzer; `path` stands in messages and is where relative includes
// start.
gb_status gb_architecture_parse(const char *bytes, size_t size, const char *path,
                                const gb_places *places, gb_architecture **out, gb_error *error);
void gb_architecture_free(gb_architecture *architecture);
const char *gb_architecture_name(const gb_architecture *architecture);
const char *gb_architecture_title(const gb_architecture *architecture);  // "" if none
const char *gb_architecture_source(const gb_architecture *architecture); // "" if none
const gb_parameter *gb_architecture_parameters(const gb_architecture *architecture, size_t *count);

// A flat network: plain structs in one arena.
typedef struct gb_network {
  gb_arena *arena;
  const char *name;
  gb_setting *settings; // every parameter with its value
  size_t setting_count;
  gb_element *root; // <network>: input first, then layers and structure
  char *xml;        // the flat document as text, when asked for; else NULL
} gb_network;

// Expands with settings (unknown names and values out of range are errors; later ones win) and then
// applies substitutions in order. `keep_xml` keeps the flat document as text too.
gb_status gb_architecture_expand(const gb_architecture *architecture, const gb_setting *settings,
                                 size_t setting_count, const gb_substitution *substitutions,
                                 size_t substitution_count, bool keep_xml, gb_network **network,
                                 gb_error *error);
void gb_network_free(gb_network *network);

// ---------------------------------------------------------------------------------------------
// Experiments

// One network to be looked at: a model at one point of its sweeps.
typedef struct gb_cell {
  const char *label;  // evaluated: "Ghost-VGG-16, s=2, d=3"
  const char *series; // the model's series for plots (its family); "" if none
  const char *row;    // row of the published table; "" if none
  const char *architecture;
  gb_setting *settings;
  size_t setting_count;
  gb_setting *point; // the swept parameters alone, for plots against s and d
  size_t point_count;
  gb_substitution *substitutions;
  size_t substitution_count;
  // How it is timed, of <sweep> and <set> (or --set) of threads, batch, engine; 0 and NULL where
  // the experiment does not say.
  int64_t threads, batch;
  const char *engine; // "native", "reference"
  gb_location where;
} gb_cell;

// A known difference from the published table: <known row="…" column="…">reason</known>.
typedef struct gb_known {
  const char *row, *column, *reason;
  gb_location where;
} gb_known;

// <plot kind="scatter" x="macs" y="top1" …>. Every text is "" where none is given.
typedef struct gb_plot {
  const char *name, *kind, *title, *x, *y;
  const char *caption;   // sentences below the title, in the report
  const char *only;      // "width=1 d=3": draws the cells whose parameters are these; "": all
  const char *series;    // "GhostNet, MobileNetV3": draws the cells of these series; "": all
  const char *fit;       // "linear": a line through all points
  const char *theory;    // of y="speedup": "macs", "s"
  const char *published; // table whose points are drawn beside ours; "" if none
  bool log_x, log_y;
  gb_location where;
} gb_plot;

typedef struct gb_experiment {
  gb_arena *arena;
  const char *name, *title, *question; // question: the text of <question>; "" if none
  const char *convention;              // of counts: "paper" unless said otherwise
  gb_cell *cells;
  size_t cell_count;
  const char **measures; // params, macs, …; latency, profile, counters
  size_t measure_count;
  const char *published; // name of the published table; "" if none
  gb_known *known;
  size_t known_count;
  gb_plot *plots;
  size_t plot_count;
  const char **includes; // other experiments that this one runs, in order
  size_t include_count;
} gb_experiment;

enum { GB_MAX_CELLS = 100000 };

// What may be swept beside the parameters of an architecture, where latency is measured: how the
// networks are timed. An architecture's own parameter of such a name comes first.
extern const char *const gb_timing_names[]; // "threads", "batch", "engine", NULL
// Checks one value given as --NAME.
gb_status gb_timing_check(const char *name, const char *value, gb_error *error);

// `overrides` (from --set) replace the settings and sweeps of the same name in every model that has
// such a parameter; it is an error when no model has it. Those of gb_timing_names are lists
// ("1,2"), for all models of an experiment that measures latency. The models' architectures are
// looked up in `places`, to know their parameters.
gb_status gb_experiment_open(const char *path, const gb_places *places, const gb_setting *overrides,
                             size_t override_count, gb_experiment **out, gb_error *error);
gb_status gb_experiment_parse(const char *bytes, size_t size, const char *path,
                              const gb_places *places, const gb_setting *overrides,
                              size_t override_count, gb_experiment **out, gb_error *error);
void gb_experiment_free(gb_experiment *experiment);

// ---------------------------------------------------------------------------------------------
// Groups of counters: experiments/counters/NAME.xml

// What is counted for an event: a name that the machine may know, and what one of it is worth.
typedef struct gb_group_source {
  const char *name;
  double scale; // "rapl:::PACKAGE_ENERGY:PACKAGE0*1e-9": 1e-9; 1 where no factor is written
} gb_group_source;

// Something that happens and is counted. Formulas see the count as $name.
typedef struct gb_group_event {
  const char *name, *title, *unit, *help;
  gb_group_source *from; // each for other machines; the first that exists counts
  size_t from_count;
  // The event is first counted on known work: `least` to `most` of them a unit. "" for none.
  const char *work;
  double least, most;
  gb_location where;
} gb_group_event;

// Made of events and facts by a formula, XPath 1.0.
typedef struct gb_group_metric {
  const char *name, *title, *unit, *help, *formula;
  gb_location where;
} gb_group_metric;

typedef struct gb_counter_group {
  gb_arena *arena;
  const char *name, *title, *about; // about: the question that it answers; "" if none
  gb_group_event *events;
  size_t event_count;
  gb_group_metric *metrics;
  size_t metric_count;
  struct gb_counter_group_code *code; // the compiled formulas
} gb_counter_group;

enum { GB_MAX_GROUP_EVENTS = 64, GB_MAX_GROUP_METRICS = 64 };

// What formulas know beside events, in this order; the caller gives the values.
typedef enum gb_fact {
  GB_FACT_MACS,     // multiply-accumulates of the layers as written
  GB_FACT_EXECUTED, // those that the engine does, with padding, tails, recomputation, Winograd
  GB_FACT_BYTES,    // inputs, weights and outputs
  GB_FACT_LANES,    // floats in a vector
  GB_FACT_COUNT
} gb_fact;
extern const char *const gb_fact_names[]; // NULL-terminated
extern const char *const gb_fact_texts[];

gb_status gb_counter_group_open(const char *path, gb_counter_group **out, gb_error *error);
gb_status gb_counter_group_parse(const char *bytes, size_t size, const char *path,
                                 gb_counter_group **out, gb_error *error);
void gb_counter_group_free(gb_counter_group *group);
// `metrics` from one value an event (NaN: not available) and GB_FACT_COUNT facts. A metric that
// needs what is not available, or divides by 0, is NaN.
gb_status gb_counter_group_evaluate(const gb_counter_group *group, const double *events,
                                    const double *facts, double *metrics, gb_error *error);

// ---------------------------------------------------------------------------------------------
// Validation and schema

// Reports every fault of an architecture, experiment or counters file with file:line:column,
// element, attribute, value, what is allowed, and a suggestion for a misspelt name. Returns GB_OK
// when the file could be read at all; the faults are counted in `faults`. `*root` tells the kind of
// file, so that the caller may go on and check what only it knows.
typedef enum gb_xml_root { GB_ROOT_OTHER, GB_ROOT_ARCHITECTURE, GB_ROOT_COUNTERS } gb_xml_root;
gb_status gb_xml_validate(const char *path, const gb_places *places, gb_xml_root *root,
                          gb_faults *faults, gb_error *error);

// The version of libxml2 that is linked, static.
const char *gb_xml_version(void);

// Writes the RELAX NG grammar of "architecture", "experiment" or "counters", made from the
// attribute tables.
gb_status gb_xml_schema(const char *kind, gb_text *out, gb_error *error);

#endif
