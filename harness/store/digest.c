// SHA-256, and the contents of cells and environments as hashes of unambiguous texts.
#include "harness/store/internal.h"

#include <inttypes.h>
#include <sha2.h>
#include <string.h>

void gb_digest(const void *bytes, size_t size, char text[GB_DIGEST_TEXT]) {
  static const char digits[] = "0123456789abcdef";
  uint8_t hash[SHA256_DIGEST_LENGTH];
  SHA2_CTX context;
  SHA256Init(&context);
  if (size > 0)
    SHA256Update(&context, bytes, size);
  SHA256Final(hash, &context);
  for (size_t i = 0; i < sizeof hash; i++) {
    text[2 * i] = digits[hash[i] >> 4];
    text[2 * i + 1] = digits[hash[i] & 15];
  }
  text[2 * sizeof hash] = '\0';
}

// Every text is led by its length, so that no two contents give one text.
static void add_text(gb_text *out, const char *text) {
  gb_text_print(out, "%zu:", text ? strlen(text) : 0);
  gb_text_add(out, text ? text : "");
}

static void add_integer(gb_text *out, int64_t value) {
  gb_text_print(out, "i%" PRId64 ";", value);
}

// By its bits in hexadecimal, which printing to a number of digits might lose. NaN is NULL in the
// file and has no bits of its own.
static void add_real(gb_text *out, double value) {
  if (value != value) {
    gb_text_add(out, "n;");
    return;
  }
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  gb_text_print(out, "r%" PRIx64 ";", bits);
}

static void add_heading(gb_text *out, const char *name, size_t count) {
  gb_text_print(out, "\n%s %zu ", name, count);
}

static gb_status finish(gb_text *text, char digest[GB_DIGEST_TEXT], gb_error *error) {
  bool failed = text->failed;
  if (!failed)
    gb_digest(gb_text_get(text), text->length, digest);
  gb_text_free(text);
  return failed ? gb_fail_memory(error) : GB_OK;
}

static void add_facts(gb_text *out, const char *name, const gb_stored_fact *facts, size_t count) {
  add_heading(out, name, count);
  for (size_t i = 0; i < count; i++) {
    add_text(out, facts[i].name);
    add_text(out, facts[i].value);
  }
}

gb_status gb_facts_digest(const gb_stored_fact *facts, size_t count, char digest[GB_DIGEST_TEXT],
                          gb_error *error) {
  gb_text text = {0};
  add_facts(&text, "facts", facts, count);
  return finish(&text, digest, error);
}

static void add_samples(gb_text *out, const char *name, const gb_stored_sample *samples,
                        size_t count) {
  add_heading(out, name, count);
  for (size_t i = 0; i < count; i++) {
    add_real(out, samples[i].seconds);
    add_real(out, samples[i].start);
  }
}

static void add_rows(gb_text *out, const gb_stored_cell *cell) {
  add_heading(out, "rows", cell->row_count);
  for (size_t i = 0; i < cell->row_count; i++) {
    const gb_stored_row *row = &cell->rows[i];
    const int64_t numbers[] = {row->kernel, row->expand, row->out, row->se, row->stride};
    add_text(out, row->input);
    add_text(out, row->operator_);
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
      add_integer(out, numbers[k]);
  }
}

static void add_counters(gb_text *out, const gb_stored_cell *cell) {
  add_heading(out, "counters", cell->counter_count);
  for (size_t i = 0; i < cell->counter_count; i++) {
    const gb_stored_counter *c = &cell->counters[i];
    const char *const texts[] = {c->layer, c->event, c->unit, c->source, c->reason};
    add_integer(out, c->step);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
      add_text(out, texts[k]);
    add_real(out, c->value);
    add_real(out, c->share);
  }
}

gb_status gb_content_digest(const gb_stored_cell *cell, char digest[GB_DIGEST_TEXT],
                            gb_error *error) {
  gb_text text = {0};
  add_text(&text, cell->title);
  add_text(&text, cell->error);
  add_text(&text, cell->verdict);
  add_text(&text, cell->plan);
  add_facts(&text, "settings", cell->settings, cell->setting_count);
  add_facts(&text, "protocol", cell->protocol, cell->protocol_count);
  add_heading(&text, "counts", cell->count_count);
  for (size_t i = 0; i < cell->count_count; i++) {
    add_text(&text, cell->counts[i].name);
    add_integer(&text, cell->counts[i].value);
  }
  add_heading(&text, "parts", cell->part_count);
  for (size_t i = 0; i < cell->part_count; i++) {
    add_text(&text, cell->parts[i].kind);
    add_integer(&text, cell->parts[i].macs);
    add_integer(&text, cell->parts[i].params);
  }
  add_rows(&text, cell);
  add_samples(&text, "samples", cell->samples, cell->sample_count);
  add_samples(&text, "anchors", cell->anchors, cell->anchor_count);
  add_heading(&text, "figures", cell->figure_count);
  for (size_t i = 0; i < cell->figure_count; i++) {
    add_text(&text, cell->figures[i].name);
    add_real(&text, cell->figures[i].value);
  }
  add_counters(&text, cell);
  add_heading(&text, "reasons", cell->reason_count);
  for (size_t i = 0; i < cell->reason_count; i++) {
    add_text(&text, cell->reasons[i].code);
    add_text(&text, cell->reasons[i].text);
    add_text(&text, cell->reasons[i].remedy);
  }
  return finish(&text, digest, error);
}
