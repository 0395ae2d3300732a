// Opens an architecture: loads its files, declares parameters and blocks, compiles the bodies.
#include "harness/xml/xml_internal.h"

#include <string.h>

static gb_scope *push_scope(gb_compiler *compiler, const char *name, const gb_scope *outer) {
  gb_scope *scope = gb_arena_allocate(compiler->arena, 1, sizeof *scope);
  if (!scope) {
    gb_report_add(compiler->report, GB_ENOMEM, NULL, "out of memory");
    return NULL;
  }
  *scope = (gb_scope){name, outer};
  return scope;
}

static gb_block *find_block(const gb_architecture *architecture, const char *name) {
  for (gb_block *b = architecture->blocks; b; b = b->next)
    if (strcmp(b->name, name) == 0)
      return b;
  return NULL;
}

// ---------------------------------------------------------------------------------------------
// Blocks

// params="kernel out se=0 stride=1"
static void declare_block_params(gb_compiler *compiler, const gb_tree *tree, gb_block *block) {
  const char *p = gb_tree_get(tree, "params", "");
  const gb_attribute *attribute = gb_tree_find(tree, "params");
  size_t capacity = 0;
  for (p += strspn(p, " \t\r\n"); *p; p += strspn(p, " \t\r\n")) {
    size_t n = strcspn(p, " \t\r\n");
    char *word = gb_arena_copy_n(compiler->arena, p, n);
    gb_block_param *params = gb_arena_grow(compiler->arena, block->params, block->param_count,
                                           &capacity, sizeof *params);
    if (!word || !params) {
      gb_report_add(compiler->report, GB_ENOMEM, NULL, "out of memory");
      return;
    }
    block->params = params;
    p += n;
    gb_block_param *param = &params[block->param_count];
    *param = (gb_block_param){.name = word};
    char *equals = strchr(word, '=');
    if (equals) {
      *equals = '\0';
      param->fallback =
          (gb_template){.constant = equals + 1, .source = equals + 1, .where = attribute->where};
    }
    bool reserved = strcmp(word, "name") == 0 || strcmp(word, "if") == 0;
    if (!gb_is_name(word) || reserved) {
      gb_report_add(compiler->report, GB_EINPUT, &attribute->where, "'%.60s' %s", word,
                    reserved ? "is an attribute of every block; it cannot be a parameter"
                             : "is no name for a parameter of a block");
      continue;
    }
    bool twice = false;
    for (size_t i = 0; i < block->param_count; i++)
      twice = twice || strcmp(params[i].name, word) == 0;
    if (twice)
      gb_report_add(compiler->report, GB_EINPUT, &attribute->where,
                    "parameter '%.60s' of the block stands twice", word);
    else
      block->param_count++;
    if (block->param_count > 100) {
      gb_report_add(compiler->report, GB_ELIMIT, &attribute->where,
                    "a block with more than 100 parameters");
      return;
    }
  }
}

static void declare_block(gb_architecture *architecture, gb_compiler *compiler, const gb_tree *tree,
                          const gb_tree *root) {
  static const char *const known[] = {"name", "params", "help", NULL};
  gb_report *report = compiler->report;
  gb_check_tree(tree, report, known, GB_NO_TEXT);
  const char *name = gb_need(tree, report, "name");
  if (!name)
    return;
  bool taken = gb_layer_find(name) || gb_structure_find(name) || strcmp(name, "include") == 0;
  for (size_t i = 0; gb_language_elements[i]; i++)
    taken = taken || strcmp(gb_language_elements[i], name) == 0;
  if (taken || !gb_is_name(name)) {
    gb_report_add(report, GB_EINPUT, &gb_tree_find(tree, "name")->where,
                  "a block cannot be called '%.60s': %s", name,
                  taken ? "a layer, structure or element of the language has this name"
                        : "letters, digits, '.', '_' and '-', a letter first");
    return;
  }
  gb_block *block = find_block(architecture, name);
  // An extending architecture overrides; two in the same architecture are a mistake.
  if (block && block->owner == root) {
    gb_report_add(report, GB_EINPUT, &tree->where, "block '%s' is declared twice (%s:%d)", name,
                  block->where.file, block->where.line);
    return;
  }
  if (!block) {
    block = gb_arena_allocate(compiler->arena, 1, sizeof *block);
    if (!block) {
      gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
      return;
    }
    block->next = architecture->blocks;
    architecture->blocks = block;
  }
  *block = (gb_block){
      .name = name, .tree = tree, .where = tree->where, .owner = root, .next = block->next};
  declare_block_params(compiler, tree, block);
}

static void compile_block(gb_architecture *architecture, gb_compiler *compiler, gb_block *block,
                          const gb_scope *scope) {
  for (size_t i = 0; i < block->param_count; i++)
    if (!(scope = push_scope(compiler, block->params[i].name, scope)))
      return;
  block->body = gb_compile_body(architecture, compiler, block->tree, "", scope);
}

enum { UNSEEN, OPEN, DONE };

// Depth-first search for a block that uses itself. `path` is the chain of blocks so far. Reports
// and returns false where there is one.
static bool check_recursion(gb_report *report, const gb_rule *rules, gb_block *path[],
                            size_t depth) {
  for (const gb_rule *rule = rules; rule; rule = rule->next) {
    if (rule->first_child && !check_recursion(report, rule->first_child, path, depth))
      return false;
    // Marks belong to the search; everything else of a block stays as it is.
    gb_block *block = rule->kind == GB_RULE_BLOCK ? rule->block : NULL;
    if (!block || block->mark == DONE)
      continue;
    if (block->mark == OPEN) {
      gb_text chain = {0};
      size_t first = 0;
      while (first < depth && path[first] != block)
        first++;
      for (size_t i = first; i < depth; i++)
        gb_text_print(&chain, "%s -> ", path[i]->name);
      gb_report_add(report, GB_EINPUT, &rule->where, "a block uses itself: %.600s%s",
                    gb_text_get(&chain), block->name);
      gb_text_free(&chain);
      return false;
    }
    if (depth == GB_XML_MAX_BLOCKS) {
      gb_report_add(report, GB_ELIMIT, &rule->where, "blocks are nested more than %d deep",
                    GB_XML_MAX_BLOCKS);
      return false;
    }
    block->mark = OPEN;
    path[depth] = block;
    if (!check_recursion(report, block->body, path, depth + 1))
      return false;
    block->mark = DONE;
  }
  return true;
}

// ---------------------------------------------------------------------------------------------
// The whole

static void check_root(const gb_tree *root, gb_report *report) {
  static const char *const known[] = {"name", "title", "source", "extends", NULL};
  gb_check_tree(root, report, known, GB_NO_TEXT);
  const char *name = gb_need(root, report, "name");
  if (name && !gb_is_name(name)) // it becomes part of files' names
    gb_report_add(report, GB_EINPUT, &gb_tree_find(root, "name")->where,
                  "name=\"%.60s\" is no name: letters, digits, '.', '_' and '-', a letter first",
                  name);
}

static bool is_element(const gb_tree *tree, const char *name) {
  return !tree->include && strcmp(tree->name, name) == 0;
}

// Parameters and blocks of the whole chain, the extended architecture's first.
static void declare(gb_architecture *architecture, gb_compiler *compiler, const gb_chain *chain) {
  for (size_t i = chain->count; i-- > 0;) {
    const gb_tree *root = chain->roots[i];
    check_root(root, compiler->report);
    for (const gb_tree *child = root->first_child; child; child = child->next) {
      if (is_element(child, "param"))
        gb_param_declare(architecture, compiler, child);
      else if (is_element(child, "block"))
        declare_block(architecture, compiler, child, root);
    }
  }
}

static const gb_scope *scope_of(gb_architecture *architecture, gb_compiler *compiler,
                                const gb_chain *chain) {
  const gb_scope *scope = push_scope(compiler, "", NULL); // so that it is never empty
  for (size_t i = 0; i < architecture->param_count && scope; i++)
    scope = push_scope(compiler, architecture->params[i].shown.name, scope);
  for (size_t i = chain->count; i-- > 0;)
    for (const gb_tree *child = chain->roots[i]->first_child; child && scope; child = child->next)
      if (is_element(child, "let") && gb_tree_find(child, "name"))
        scope = push_scope(compiler, gb_tree_get(child, "name", ""), scope);
  return scope;
}

// What an extending architecture may hold beside declarations: its own input and lets.
static void compile_extension(gb_architecture *architecture, gb_compiler *compiler,
                              const gb_tree *root, const gb_scope *scope, gb_rule ***last) {
  for (const gb_tree *child = root->first_child; child; child = child->next) {
    if (child->include || gb_is_declaration(child->name))
      continue;
    if (strcmp(child->name, "let") == 0) {
      gb_rule *rule = gb_compile_let(compiler, child, scope);
      if (rule) {
        **last = rule;
        *last = &rule->next;
      }
    } else if (strcmp(child->name, "input") == 0) {
      architecture->input = gb_compile_element(architecture, compiler, child, "", scope);
    } else {
      gb_report_add(compiler->report, GB_EINPUT, &child->where,
                    "an architecture that extends another has no layers of its own, but <%.60s>; "
                    "it may have param, set, let, block, input, substitute",
                    child->name);
    }
  }
}

static void check_input(gb_architecture *architecture, gb_compiler *compiler, const gb_tree *base) {
  size_t inputs = 0, others = 0;
  for (const gb_rule *rule = architecture->body; rule; rule = rule->next) {
    if (rule->kind == GB_RULE_LET)
      continue;
    if (rule->kind != GB_RULE_LAYER || strcmp(rule->name, "input") != 0) {
      others++;
      continue;
    }
    if (++inputs == 1 && !architecture->input)
      architecture->input = rule;
    if (inputs > 1)
      gb_report_add(compiler->report, GB_EINPUT, &rule->where, "there is a second <input>");
    else if (others)
      gb_report_add(compiler->report, GB_EINPUT, &rule->where,
                    "<input> must stand before the layers");
    if (rule->condition)
      gb_report_add(compiler->report, GB_EINPUT, &rule->where, "<input> cannot have a condition");
  }
  if (!inputs && compiler->report->status == GB_OK)
    gb_report_add(compiler->report, GB_EINPUT, &base->where,
                  "the architecture has no <input channels=\"…\" height=\"…\" width=\"…\"/>");
  if (!others && compiler->report->status == GB_OK)
    gb_report_add(compiler->report, GB_EINPUT, &base->where, "the architecture has no layers");
}

static void compile_rewrites(gb_compiler *compiler, const gb_tree *root, const gb_scope *scope,
                             gb_rewrite ***last) {
  for (const gb_tree *child = root->first_child; child; child = child->next) {
    gb_substitution written;
    if (!is_element(child, "substitute") ||
        !gb_substitution_read(child, compiler->arena, compiler->report, &written))
      continue;
    gb_rewrite *rewrite = gb_compile_rewrite(compiler, &written, scope);
    if (rewrite) {
      **last = rewrite;
      *last = &rewrite->next;
    }
  }
}

static void compile(gb_architecture *architecture, gb_compiler *compiler, const gb_chain *chain) {
  declare(architecture, compiler, chain);
  const gb_scope *scope = scope_of(architecture, compiler, chain);
  if (!scope)
    return;
  for (size_t i = 0; i < architecture->param_count; i++) {
    gb_param_rule *param = &architecture->params[i];
    gb_location where = param->fallback.where;
    gb_compile_template(compiler, param->fallback.source, &where, scope, &param->fallback);
  }
  for (gb_block *block = architecture->blocks; block; block = block->next)
    compile_block(architecture, compiler, block, scope);
  const gb_tree *base = chain->roots[chain->count - 1];
  architecture->body = gb_compile_body(architecture, compiler, base, NULL, scope);
  gb_rule **last_let = &architecture->lets;
  gb_rewrite **last_rewrite = &architecture->rewrites;
  for (size_t i = chain->count; i-- > 0;) {
    const gb_tree *root = chain->roots[i];
    if (i + 1 < chain->count)
      compile_extension(architecture, compiler, root, scope, &last_let);
    for (const gb_tree *child = root->first_child; child; child = child->next) {
      if (!is_element(child, "set"))
        continue;
      if (i + 1 == chain->count)
        gb_report_add(compiler->report, GB_EINPUT, &child->where,
                      "<set> is for architectures that extend another");
      else
        gb_param_fix(architecture, compiler, child, gb_tree_get(root, "name", "?"), scope);
    }
    compile_rewrites(compiler, root, scope, &last_rewrite);
  }
  check_input(architecture, compiler, base);
  gb_block *path[GB_XML_MAX_BLOCKS];
  if (check_recursion(compiler->report, architecture->body, path, 0))
    for (gb_block *block = architecture->blocks; block; block = block->next)
      if (block->mark == UNSEEN && !check_recursion(compiler->report, block->body, path, 0))
        break;
}

static void list_settable(gb_architecture *architecture, gb_report *report) {
  architecture->settable = gb_arena_allocate(architecture->arena, architecture->param_count,
                                             sizeof *architecture->settable);
  if (!architecture->settable) {
    gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
    return;
  }
  for (size_t i = 0; i < architecture->param_count; i++)
    if (!architecture->params[i].fixed.source)
      architecture->settable[architecture->settable_count++] = architecture->params[i].shown;
}

void gb_architecture_make(const char *bytes, size_t size, const char *path, const gb_places *places,
                          gb_report *report, gb_architecture **out) {
  *out = NULL;
  gb_arena *arena = gb_arena_new(NULL);
  gb_architecture *architecture = arena ? gb_arena_allocate(arena, 1, sizeof *architecture) : NULL;
  if (!architecture) {
    gb_arena_free(arena);
    gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
    return;
  }
  architecture->arena = arena;
  gb_chain chain;
  gb_error error = {0};
  if (gb_chain_load(bytes, size, path, places, arena, &chain, &error) != GB_OK) {
    gb_report_add(report, error.status, NULL, "%s", error.message);
    gb_architecture_free(architecture);
    return;
  }
  const gb_tree *root = chain.roots[0];
  architecture->path = root->where.file;
  architecture->where = root->where;
  architecture->name = gb_tree_get(root, "name", "");
  architecture->title = gb_tree_get(root, "title", "");
  architecture->source = gb_tree_get(root, "source", "");
  gb_compiler compiler;
  gb_quiet before = gb_quiet_begin();
  if (gb_compiler_start(&compiler, arena, report)) {
    compile(architecture, &compiler, &chain);
    architecture->expressions = compiler.expressions;
    gb_compiler_end(&compiler);
    list_settable(architecture, report);
  }
  gb_quiet_end(before);
  if (report->status != GB_OK)
    gb_architecture_free(architecture);
  else
    *out = architecture;
}

void gb_blocks_check(const char *bytes, size_t size, const char *path, gb_report *report) {
  static const char *const known[] = {NULL};
  gb_arena *arena = gb_arena_new(NULL);
  gb_architecture *alone = arena ? gb_arena_allocate(arena, 1, sizeof *alone) : NULL;
  gb_error error = {0};
  gb_tree *root = NULL;
  gb_compiler compiler;
  gb_quiet before = gb_quiet_begin();
  if (!alone) {
    gb_report_add(report, GB_ENOMEM, NULL, "out of memory");
  } else if (gb_document_parse(bytes, size, path, arena, &root, &error) != GB_OK ||
             gb_chain_include(root, arena, &error) != GB_OK) {
    gb_report_add(report, error.status, NULL, "%s", error.message);
  } else if (gb_compiler_start(&compiler, arena, report)) {
    compiler.any_variable = true;
    gb_check_tree(root, report, known, GB_NO_TEXT);
    for (const gb_tree *child = root->first_child; child; child = child->next) {
      if (is_element(child, "block"))
        declare_block(alone, &compiler, child, root);
      else
        gb_report_add(report, GB_EINPUT, &child->where,
                      "<blocks> holds <block> elements, not <%.60s>", child->name);
    }
    for (gb_block *block = alone->blocks; block; block = block->next)
      compile_block(alone, &compiler, block, NULL);
    gb_block *path_of_blocks[GB_XML_MAX_BLOCKS];
    for (gb_block *block = alone->blocks; block; block = block->next)
      if (!check_recursion(report, block->body, path_of_blocks, 0))
        break;
    gb_expressions_free(compiler.expressions);
    gb_compiler_end(&compiler);
  }
  gb_quiet_end(before);
  gb_arena_free(arena);
}

gb_status gb_architecture_parse(const char *bytes, size_t size, const char *path,
                                const gb_places *places, gb_architecture **out, gb_error *error) {
  gb_report report = {.error = error};
  gb_architecture_make(bytes ? bytes : "", bytes ? size : 0, path, places, &report, out);
  return report.status;
}

gb_status gb_architecture_open(const char *path, const gb_places *places, gb_architecture **out,
                               gb_error *error) {
  gb_report report = {.error = error};
  gb_architecture_make(NULL, 0, path, places, &report, out);
  return report.status;
}

void gb_architecture_free(gb_architecture *architecture) {
  if (!architecture)
    return;
  gb_expressions_free(architecture->expressions);
  gb_arena_free(architecture->arena);
}

const char *gb_architecture_name(const gb_architecture *architecture) {
  return architecture->name;
}

const char *gb_architecture_title(const gb_architecture *architecture) {
  return architecture->title;
}

const char *gb_architecture_source(const gb_architecture *architecture) {
  return architecture->source;
}

const gb_parameter *gb_architecture_parameters(const gb_architecture *architecture, size_t *count) {
  *count = architecture->settable_count;
  return architecture->settable;
}
