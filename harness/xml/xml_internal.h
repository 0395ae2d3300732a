// What the files of harness/xml share; nobody outside this folder includes it.
#ifndef GB_XML_INTERNAL_H
#define GB_XML_INTERNAL_H

#include "harness/xml/xml.h"
#include "layers/layer.h"

#include <libxml/xpath.h>

// Bounds against hostile documents. Generous for any network that a person writes.
enum {
  GB_XML_MAX_BYTES = 8 << 20,       // of one file, and of all files of an architecture together
  GB_XML_MAX_DEPTH = 64,            // nesting of elements in a file
  GB_XML_MAX_INCLUDES = 64,         // files included by one architecture
  GB_XML_MAX_EXTENDS = 16,          // architectures above one another
  GB_XML_MAX_REPEAT = 100000,       // of one repeat
  GB_XML_MAX_ELEMENTS = 200000,     // of the flat document
  GB_XML_MAX_STEPS = 1000000,       // elements visited while expanding, written or not
  GB_XML_MAX_BLOCKS = 32,           // blocks inside blocks
  GB_XML_MAX_EXPRESSION = 2000,     // bytes of one expression
  GB_XML_MAX_VALUE = 4096,          // bytes of one evaluated attribute
  GB_XML_MAX_OPERATIONS = 20000000, // XPath's, in one expansion
  GB_XML_MAX_PARAMETERS = 256,
};

#define GB_XINCLUDE "http://www.w3.org/2001/XInclude"

// ---------------------------------------------------------------------------------------------
// Where faults go: all into a list (validate), or the first into an error (everything else).

typedef struct gb_report {
  gb_faults *faults; // NULL: keep the first in `error`
  gb_error *error;
  gb_status status; // of the first fault; GB_OK so far
} gb_report;

// `where` may be NULL: then a place that leads the message ("file:line:column: ") is taken as it.
void gb_report_add(gb_report *report, gb_status status, const gb_location *where,
                   const char *format, ...) GB_PRINTF(4, 5);

// libxml2 prints what nobody asks for, such as failed allocations of a tree: silence it while ours
// runs, and give it back its handler. The handler is the thread's.
typedef struct gb_quiet {
  xmlStructuredErrorFunc handler;
  void *context;
} gb_quiet;
gb_quiet gb_quiet_begin(void);
void gb_quiet_end(gb_quiet before);

// ---------------------------------------------------------------------------------------------
// document.c: a file as a plain tree, everything in the caller's arena

typedef struct gb_tree {
  const char *name;
  bool include;             // an element of XInclude's namespace
  gb_attribute *attributes; // entities replaced
  size_t attribute_count;
  const char *text; // the characters directly inside, "" where there are only blanks
  gb_location where;
  struct gb_tree *first_child, *last_child, *next;
} gb_tree;

const gb_attribute *gb_tree_find(const gb_tree *tree, const char *name); // NULL: absent
const char *gb_tree_get(const gb_tree *tree, const char *name, const char *fallback);

gb_status gb_document_parse(const char *bytes, size_t size, const char *path, gb_arena *arena,
                            gb_tree **root, gb_error *error);
// `*budget` is how many bytes may still be read; it is lowered by the file's size.
gb_status gb_document_read(const char *path, size_t *budget, gb_arena *arena, gb_tree **root,
                           gb_error *error);
// DIRECTORY-of-`from`/`name`, in the arena; NULL when memory is out.
const char *gb_path_beside(gb_arena *arena, const char *from, const char *name);

// ---------------------------------------------------------------------------------------------
// expression.c: attribute values with expressions

typedef struct gb_expression {
  const char *text;
  xmlXPathCompExprPtr code;
  const char *variable; // "d" where the whole expression is $d: its text is taken as written
  struct gb_expression *next;
} gb_expression;

typedef struct gb_piece {
  const char *literal; // or:
  const gb_expression *expression;
} gb_piece;

// An attribute's value: literal text and expressions in turn.
typedef struct gb_template {
  const char *constant; // the whole value where no expression is in it; else NULL
  const char *source;   // as written
  gb_piece *pieces;
  size_t count;
  gb_location where;
} gb_template;

// Names that an expression may use as $name, innermost first.
typedef struct gb_scope {
  const char *name;
  const struct gb_scope *outer;
} gb_scope;

// Compiles expressions and owns what libxml2 allocates for them.
typedef struct gb_compiler {
  gb_arena *arena;
  xmlXPathContextPtr context;
  gb_expression *expressions;
  gb_report *report;
  bool in_substitution; // paths such as @kernel are fine
  bool any_variable;    // variables are not checked
} gb_compiler;

bool gb_compiler_start(gb_compiler *compiler, gb_arena *arena, gb_report *report);
void gb_compiler_end(gb_compiler *compiler);          // frees the context, keeps the expressions
void gb_expressions_free(gb_expression *expressions); // what libxml2 holds for them

// Both return false after a fault, which names `where`. `scope` NULL: variables are not checked.
bool gb_compile_template(gb_compiler *compiler, const char *text, const gb_location *where,
                         const gb_scope *scope, gb_template *out);
const gb_expression *gb_compile_expression(gb_compiler *compiler, const char *text, size_t length,
                                           const gb_location *where, const gb_scope *scope);
// Calls `visit` for each $name in an expression until it returns false.
void gb_expression_variables(const char *text, bool (*visit)(void *context, const char *name),
                             void *context);

// Puts libxml2's complaint about an expression into words, unless `error` holds one already.
void gb_xpath_problem(const xmlError *problem, gb_error *error);

typedef struct gb_variable {
  const char *name;
  const char *text;
  double number;
  bool is_number; // a value that reads as a number is one
} gb_variable;

// One XPath context and the variables it sees: the globals, and the locals from `frame` on.
typedef struct gb_evaluator {
  xmlXPathContextPtr context;
  xmlDocPtr nothing; // an empty document, for expressions without a context node
  gb_arena *arena;   // evaluated texts
  gb_variable *globals, *locals;
  size_t global_count, global_capacity, local_count, local_capacity, frame;
  char missing[64];    // the variable or function that was not found
  gb_error xpath;      // libxml2's message
  const char *refused; // an extension function's own message, static
} gb_evaluator;

gb_status gb_evaluator_start(gb_evaluator *evaluator, gb_arena *arena, gb_error *error);
void gb_evaluator_end(gb_evaluator *evaluator);
// A value as a variable; `text` is borrowed.
gb_variable gb_variable_make(const char *name, const char *text);
gb_status gb_variable_push(gb_evaluator *evaluator, bool global, const char *name, const char *text,
                           gb_error *error);
const gb_variable *gb_variable_find(const gb_evaluator *evaluator, const char *name);

// The template's text, in the evaluator's arena (or the architecture's where it is constant).
// `node` is the context node, or NULL.
gb_status gb_template_fill(gb_evaluator *evaluator, const gb_template *value, xmlNodePtr node,
                           const char **text, gb_error *error);
// The same, read as an integer within [min, max].
gb_status gb_template_integer(gb_evaluator *evaluator, const gb_template *value, const char *what,
                              int64_t min, int64_t max, int64_t *number, gb_error *error);
gb_status gb_expression_test(gb_evaluator *evaluator, const gb_expression *expression,
                             const gb_location *where, bool *result, gb_error *error);
// Any result as a number: NaN and infinity are fine.
gb_status gb_expression_number(gb_evaluator *evaluator, const gb_expression *expression,
                               const gb_location *where, double *result, gb_error *error);
// The elements that an expression finds in the document of `root`. The caller frees *found with
// xmlXPathFreeObject.
gb_status gb_expression_select(gb_evaluator *evaluator, const gb_expression *expression,
                               const gb_location *where, xmlNodePtr root, xmlXPathObjectPtr *found,
                               gb_error *error);
// Prints integers as integers, else the shortest text that reads back as the same number.
void gb_number_print(double number, char *text, size_t size);

// functions.c: if, min, max, divisible, round-even, pow, item, count-items.
// `library` finds one by name; NULL when unknown.
xmlXPathFunction gb_function_find(const char *name);
extern const char *const gb_function_names[]; // ours and XPath's own, NULL-terminated

// ---------------------------------------------------------------------------------------------
// architecture.c, compile.c: an architecture, compiled

typedef struct gb_value { // an attribute
  const char *name;
  gb_template text;
} gb_value;

typedef enum gb_rule_kind {
  GB_RULE_LAYER, // also structure
  GB_RULE_BLOCK,
  GB_RULE_REPEAT,
  GB_RULE_LET
} gb_rule_kind;

typedef struct gb_block gb_block;

// One element of a body. Layers and structure: their attributes. Block uses: one value a parameter
// of the block. Repeat: count, from. Let: the value.
typedef struct gb_rule {
  gb_rule_kind kind;
  const char *name; // of the element; of the variable (repeat, let)
  gb_block *block;
  gb_value *values;
  size_t value_count;
  const gb_template *label;       // name="…" of a block use; NULL if absent
  const gb_expression *condition; // NULL: always
  gb_location where;
  struct gb_rule *first_child, *next;
} gb_rule;

typedef struct gb_block_param {
  const char *name;
  gb_template fallback; // source NULL: required
} gb_block_param;

struct gb_block {
  const char *name;
  gb_block_param *params;
  size_t param_count;
  const gb_tree *tree, *owner; // owner: the root of the architecture that declares it
  gb_rule *body;
  gb_location where;
  int mark; // of the search for recursion
  gb_block *next;
};

typedef struct gb_param_rule {
  gb_parameter shown; // name, fallback, help, allowed
  gb_template fallback;
  gb_template fixed; // source NULL: settable
  const char *fixed_by;
  bool is_text, is_integer;
  double min, max;
  const char **choices; // NULL: any
  gb_location where;
} gb_param_rule;

typedef struct gb_rewrite { // <substitute>
  gb_substitution written;
  const gb_expression *match, *condition; // condition NULL: always
  gb_template with;                       // source NULL: same kind
  gb_value *values;
  size_t value_count;
  struct gb_rewrite *next;
} gb_rewrite;

struct gb_architecture {
  gb_arena *arena;
  const char *path, *name, *title, *source;
  gb_location where;
  gb_expression *expressions;
  gb_param_rule *params; // those of the ancestors first
  size_t param_count, param_capacity;
  gb_parameter *settable;
  size_t settable_count;
  gb_block *blocks;
  gb_rule *lets;        // of the extending architectures
  const gb_rule *input; // it may be the extending one's
  gb_rule *body;        // of the extended one
  gb_rewrite *rewrites;
};

// Reads (the file at `path` where `bytes` is NULL) and compiles; faults go to `report`. On any
// fault there is no architecture, and the report's status says so.
void gb_architecture_make(const char *bytes, size_t size, const char *path, const gb_places *places,
                          gb_report *report, gb_architecture **out);
// Checks a <blocks> file by itself; variables of the architectures that use it are not known.
void gb_blocks_check(const char *bytes, size_t size, const char *path, gb_report *report);
// Whether a parameter may have this value; `*kept` is the value to use (numbers in their shortest
// form), in the arena.
gb_status gb_param_check(const gb_param_rule *param, const char *value, gb_arena *arena,
                         const char **kept, gb_error *error);
gb_param_rule *gb_param_find(const gb_architecture *architecture, const char *name);
// <param> and <set>.
void gb_param_declare(gb_architecture *architecture, gb_compiler *compiler, const gb_tree *tree);
void gb_param_fix(gb_architecture *architecture, gb_compiler *compiler, const gb_tree *tree,
                  const char *by, const gb_scope *scope);

// The files of an architecture, before they are compiled: the one asked for first, then what it
// extends. Includes have been spliced in.
typedef struct gb_chain {
  gb_tree *roots[GB_XML_MAX_EXTENDS + 1];
  size_t count;
} gb_chain;
// The architecture that an architecture extends: beside the file `from`, else by name.
gb_status gb_places_find_beside(const gb_places *places, const char *from, const char *name,
                                gb_arena *arena, const char **path, gb_error *error);
// Replaces the xi:include elements inside `root` by what they name.
gb_status gb_chain_include(gb_tree *root, gb_arena *arena, gb_error *error);
gb_status gb_chain_load(const char *bytes, size_t size, const char *path, const gb_places *places,
                        gb_arena *arena, gb_chain *chain, gb_error *error);

// compile.c: bodies and rewriting rules. Faults go to the compiler's report.
// The rules of the children of `from`, in which elements stand inside `parent` (the name of the
// nearest structural element, "" inside a block, NULL at the top of an architecture, where
// declarations are passed over).
gb_rule *gb_compile_body(gb_architecture *architecture, gb_compiler *compiler, const gb_tree *from,
                         const char *parent, const gb_scope *scope);
gb_rule *gb_compile_element(gb_architecture *architecture, gb_compiler *compiler,
                            const gb_tree *tree, const char *parent, const gb_scope *scope);
gb_rule *gb_compile_let(gb_compiler *compiler, const gb_tree *tree, const gb_scope *scope);
// NULL after a fault.
gb_rewrite *gb_compile_rewrite(gb_compiler *compiler, const gb_substitution *written,
                               const gb_scope *scope);
// <substitute> as written. False after a fault.
bool gb_substitution_read(const gb_tree *tree, gb_arena *arena, gb_report *report,
                          gb_substitution *out);
// Reports attributes that are not among the NULL-terminated `known`, and stray text and children
// where there must be none.
enum { GB_NO_TEXT = 1, GB_NO_CHILDREN = 2 };
void gb_check_tree(const gb_tree *tree, gb_report *report, const char *const *known, int flags);
// The attribute's value; reports its absence and returns NULL.
const char *gb_need(const gb_tree *tree, gb_report *report, const char *name);
// A copy without the blanks around it, and with line breaks as single blanks; "" without memory.
const char *gb_tidy(gb_arena *arena, const char *text);
bool gb_is_name(const char *text);               // a letter or '_', then also digits, '.', '_', '-'
bool gb_is_declaration(const char *element);     // param, set, block, include, substitute
extern const char *const gb_language_elements[]; // NULL-terminated

// ---------------------------------------------------------------------------------------------
// expand.c, substitute.c, mirror.c: one expansion

typedef struct gb_expansion {
  const gb_architecture *architecture;
  gb_network *network;
  gb_arena *arena; // the network's
  gb_evaluator evaluator;
  size_t steps, elements, blocks;
  const char *last_file[2]; // as in the architecture, and its copy in the network
  bool at_top;              // at the top of the architecture: lets are global
  xmlDocPtr mirror;         // the flat document as libxml2's; NULL until it is needed
  gb_error *error;
} gb_expansion;

// Places and texts that the network keeps must not point into the architecture.
gb_location gb_expansion_place(gb_expansion *x, const gb_location *where);

// Applies one rule to the network.
gb_status gb_substitute(gb_expansion *x, const gb_rewrite *rewrite);

// The flat document as libxml2's; each element's _private is its gb_element.
gb_status gb_mirror_make(gb_element *root, xmlDocPtr *out, gb_error *error);
// Takes over the element's kind and attributes; false when memory is out.
bool gb_mirror_refresh(xmlNodePtr node, const gb_element *element);
gb_status gb_mirror_print(xmlDocPtr document, gb_arena *arena, char **text, gb_error *error);

// ---------------------------------------------------------------------------------------------
// experiment.c

extern const char *const gb_measure_names[]; // NULL-terminated
extern const char *const gb_plot_kinds[];    // NULL-terminated
extern const char *const gb_plot_theories[]; // NULL-terminated
// Like gb_architecture_make.
void gb_experiment_make(const char *bytes, size_t size, const char *path, const gb_places *places,
                        const gb_setting *overrides, size_t override_count, gb_report *report,
                        gb_experiment **out);

// ---------------------------------------------------------------------------------------------
// counter_group.c

// Like gb_architecture_make.
void gb_counter_group_make(const char *bytes, size_t size, const char *path, gb_report *report,
                           gb_counter_group **out);

#endif
