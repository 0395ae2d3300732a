// ghostbench merge: cells of several stores in one, as from a sweep's slices.
#include "harness/cli/stores.h"

#include <stdio.h>

static const gb_option options[] = {GB_OPTION_HELP, {0}};

static gb_status merge_one(gb_store *into, const char *operand, gb_merged *merged,
                           gb_error *error) {
  gb_store *from = NULL;
  GB_TRY(gb_stores_open(operand, GB_STORE_READ, &from, error));
  gb_status status = gb_store_merge(into, from, merged, error);
  gb_store_close(from);
  return status;
}

// Before a store is made that nothing would come into.
static gb_status check_one(const char *operand, gb_error *error) {
  gb_store *from = NULL;
  gb_status status = gb_stores_open(operand, GB_STORE_READ, &from, error);
  gb_store_close(from);
  return status;
}

static int merge(const gb_command *self, char **operands, int count) {
  gb_store *into = NULL;
  gb_merged merged = {0};
  gb_error error = {0};
  gb_text out = {0};
  gb_status status = GB_OK;
  for (int i = 1; status == GB_OK && i < count; i++)
    status = check_one(operands[i], &error);
  if (status == GB_OK)
    status = gb_stores_open(operands[0], GB_STORE_WRITE, &into, &error);
  for (int i = 1; status == GB_OK && i < count; i++)
    status = merge_one(into, operands[i], &merged, &error);
  gb_store_close(into);
  int code = status == GB_OK ? GB_EXIT_OK : gb_complain_error(self, &error);
  if (status == GB_OK) {
    gb_text_print(&out,
                  "%zu cells added, %zu replaced (failed before, finished now), %zu the same, %zu "
                  "in conflict.\n",
                  merged.added, merged.replaced, merged.same, merged.conflicts);
    code = gb_print_out(self, &out);
  }
  if (status == GB_OK && merged.conflicts) {
    fputs(gb_text_get(&merged.conflict_lines), stderr);
    gb_complain(self, "%zu cells have the same key and another content; those of %s stay",
                merged.conflicts, operands[0]);
    code = GB_EXIT_DIFFERS;
  }
  gb_text_free(&merged.conflict_lines);
  gb_text_free(&out);
  return code;
}

static int run(const gb_command *self, int argc, char **argv) {
  gb_args args = {.argc = argc, .argv = argv, .command = self};
  if (!gb_args_operands(&args))
    return args.exit_code;
  if (argc - args.first_operand < 2)
    return gb_complain(self, "name the store that cells go into, then those they come from");
  return merge(self, argv + args.first_operand, argc - args.first_operand);
}

const gb_command gb_command_merge = {
    .name = "merge",
    .operands = "INTO FROM…",
    .summary =
        "Copies the cells of stores (or results folders) into one, which is made where there "
        "is none. Again, nothing more happens. Exits 1 where a cell of the same key has "
        "another content: the one that was there stays.",
    .options = options,
    .examples = "  ghostbench run ghost-grid --shard 1/2 -o one\n"
                "  ghostbench run ghost-grid --shard 2/2 -o two\n"
                "  ghostbench merge all.db one two\n",
    .run = run,
};
