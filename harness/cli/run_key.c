// What defines a cell, as a text whose hash is its key: a cell of the same key is not computed
// again.
//
// A count is defined by the network, the convention, what is listed of it, and the program that
// counts (its build id), not by the machine. A time is defined by these, by engine, weights and
// protocol, and by the machine. The subject is the shorter text that stays the same from program to
// program and from machine to machine: `ghostbench compare` finds pairs by it.
#include "harness/cli/run_store.h"
#include "harness/report/escape.h"

#include <string.h>

static void add_text(gb_text *out, const char *text) {
  gb_text_print(out, "%zu:", strlen(text));
  gb_text_add(out, text);
}

// Every text is led by its length, so that no two documents give one text.
static void add_elements(gb_text *out, const gb_element *element) {
  for (; element; element = element->next) {
    gb_text_add(out, "(");
    add_text(out, element->kind);
    for (size_t i = 0; i < element->attribute_count; i++) {
      add_text(out, element->attributes[i].name);
      add_text(out, element->attributes[i].value);
    }
    add_elements(out, element->first_child);
    gb_text_add(out, ")");
  }
}

gb_status gb_network_digest(const gb_element *root, char digest[GB_DIGEST_TEXT], gb_error *error) {
  gb_text text = {0};
  add_elements(&text, root);
  bool failed = text.failed;
  if (!failed)
    gb_digest(gb_text_get(&text), text.length, digest);
  gb_text_free(&text);
  return failed ? gb_fail_memory(error) : GB_OK;
}

static void add_line(gb_text *out, const char *name, const char *value) {
  gb_text_print(out, "%s ", name);
  gb_escape_json(out, value);
  gb_text_add(out, "\n");
}

gb_status gb_cell_identify(const struct gb_run_store *store, const gb_cell_head *head,
                           const char *kind, const char *network_digest, const char *how,
                           const char *rest, bool measured, gb_arena *arena,
                           gb_cell_identity *identity, gb_error *error) {
  const gb_cell *cell = head->cell;
  gb_text text = {0};
  add_line(&text, "experiment", head->experiment->name);
  add_line(&text, "model", head->label);
  if (head->occurrence > 1)
    gb_text_print(&text, "occurrence %zu\n", head->occurrence);
  gb_text_add(&text, how);
  identity->subject = text.failed ? NULL : gb_arena_copy(arena, gb_text_get(&text));
  gb_text_add(&text, rest);
  add_line(&text, "architecture", cell->architecture);
  for (size_t i = 0; i < cell->setting_count; i++) {
    gb_text_add(&text, "setting ");
    add_line(&text, cell->settings[i].name, cell->settings[i].value);
  }
  gb_text_print(&text, "network sha256 %s\nprogram %s\n", network_digest, store->program);
  if (measured)
    add_line(&text, "machine", store->machine);
  identity->text =
      text.failed ? NULL
                  : gb_arena_print(arena, "ghostbench-cell-1 %s\n%s", kind, gb_text_get(&text));
  gb_text_free(&text);
  if (!identity->subject || !identity->text)
    return gb_fail_memory(error);
  gb_digest(identity->text, strlen(identity->text), identity->key);
  return GB_OK;
}
