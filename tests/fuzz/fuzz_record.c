// Fuzzes the reader of records (record.json): what it refuses names the place, and what it accepts
// is written as a page without a script of its own.
#include "tests/fuzz/fuzz.h"

#include "harness/report/document.h"
#include "harness/report/record.h"

#include <stdlib.h>
#include <string.h>

#define PROMISE(condition)                                                                         \
  do {                                                                                             \
    if (!(condition))                                                                              \
      abort();                                                                                     \
  } while (0)

static void check_table(const gb_table *table) {
  gb_error error = {0};
  gb_text text = {0};
  PROMISE(!table->misused && table->name && table->title);
  for (int format = 0; format < GB_FORMAT_COUNT; format++)
    PROMISE(gb_table_write(table, (gb_format)format, &(gb_text_style){.width = 80}, &text,
                           &error) == GB_OK);
  gb_text_free(&text);
}

static size_t scripts(const char *page) {
  size_t count = 0;
  for (const char *at = page; (at = strstr(at, "<script")); at++)
    count++;
  return count;
}

static size_t page_of(const gb_record *r) {
  gb_document *document = gb_document_new("fuzz", NULL, NULL);
  gb_error error = {0};
  gb_text page = {0};
  PROMISE(document);
  gb_document_section(document, 2, r ? r->title : "title", r ? r->name : NULL, GB_MARK_NONE);
  gb_document_text(document, GB_BLOCK_LEAD, r ? r->question : "question");
  for (size_t i = 0; r && i < r->environment_count; i++)
    gb_document_fact(document, r->environment[i].name, r->environment[i].text);
  for (size_t i = 0; r && i < r->table_count; i++)
    gb_document_table(document, r->tables[i]);
  PROMISE(gb_document_html(document, &page, &error) == GB_OK);
  size_t count = scripts(gb_text_get(&page));
  gb_text_free(&page);
  gb_document_free(document);
  return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  gb_record *record = NULL;
  gb_error error = {0};
  gb_status status =
      gb_record_parse(size ? (const char *)bytes : "", size, "fuzz", &record, &error);
  if (status != GB_OK) {
    PROMISE(!record && strncmp(error.message, "fuzz:", 5) == 0 && status == GB_EINPUT);
    return 0;
  }
  PROMISE(gb_plain_name(record->name));
  for (size_t i = 0; i < record->plot_count; i++)
    PROMISE(gb_plain_name(record->plots[i].name));
  for (size_t i = 0; i < record->table_count; i++)
    check_table(record->tables[i]);
  PROMISE(page_of(record) == page_of(NULL));
  gb_record_free(record);
  return 0;
}
