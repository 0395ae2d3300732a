// The store of results: round trips, transactions, hostile and broken files, locks, full disks.
#define _POSIX_C_SOURCE 200809L
#include "harness/store/store.h"
#include "tests/lib/check.h"
#include "tests/lib/folder.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const gb_store_options writing = {.mode = GB_STORE_WRITE, .wait_ms = 50};
static const gb_store_options reading = {.mode = GB_STORE_READ, .wait_ms = 50};

static const char hostile[] = "Robert'); DROP TABLE cells;--\"`$(touch pwned)\x1b[31m\n?1 :a @b $c";

// A measured cell with something in every array.
typedef struct sample_cell {
  gb_stored_cell cell;
  char key[GB_DIGEST_TEXT], text[256];
} sample_cell;

static const gb_stored_fact settings[] = {{"s", "2"}, {hostile, hostile}};
static const gb_stored_fact protocol[] = {{"engine", "native"}, {"threads", "1"}};
static const gb_stored_count counts[] = {{"params", 5178912}, {"macs", INT64_MAX}, {"zero", 0}};
static const gb_stored_part parts[] = {{"conv k×k", 123, 45}, {"ghost: depthwise", 6, 7}};
static const gb_stored_row rows[] = {{"224x224x3", "Conv2d 3x3", 3, -1, 16, -1, 2}};
static const gb_stored_sample samples[] = {
    {0.1, 0}, {0.30000000000000004, 1.5}, {5e-324, (double)NAN}};
static const gb_stored_sample anchors[] = {{0.2, 0.05}};
static const gb_stored_figure figures[] = {{"median_s", 0.1}, {"low_s", (double)NAN}};
static const gb_stored_counter counters[] = {
    {-1, "", "PAPI_TOT_INS", "", "papi", 12345678901234.0, 1, ""},
    {3, "conv", "PAPI_L3_TCM", "", "papi", (double)NAN, (double)NAN, "no such event here"}};
static const gb_stored_reason reasons[] = {{"trend", "it drifts", "warm up longer"}};

static void make_cell(sample_cell *s, int number) {
  snprintf(s->text, sizeof s->text, "ghostbench-cell-1\nnumber %d\nlabel %s", number, hostile);
  gb_digest(s->text, strlen(s->text), s->key);
  s->cell = (gb_stored_cell){.key = s->key,
                             .key_text = s->text,
                             .subject = "made\nlabel",
                             .kind = "latency",
                             .experiment = hostile,
                             .experiment_title = "A title",
                             .question = "Why?",
                             .label = hostile,
                             .series = "S",
                             .row = "",
                             .architecture = "ghostnet",
                             .title = "GhostNet",
                             .verdict = "suspect",
                             .plan = "step 1\nstep 2",
                             .started = 1e9 + number,
                             .seconds = 0.25,
                             .run = 1,
                             .ordinal = number};
#define GIVE(member, length)                                                                       \
  s->cell.member = member, s->cell.length = sizeof member / sizeof *member
  GIVE(settings, setting_count);
  GIVE(protocol, protocol_count);
  GIVE(counts, count_count);
  GIVE(parts, part_count);
  GIVE(rows, row_count);
  GIVE(samples, sample_count);
  GIVE(anchors, anchor_count);
  GIVE(figures, figure_count);
  GIVE(counters, counter_count);
  GIVE(reasons, reason_count);
#undef GIVE
}

static const gb_stored_fact machine[] = {{"cpu", "A \"fast\" one"}, {"governor", "performance"}};
static const gb_stored_run a_run = {.command = "ghostbench run 'x y'",
                                    .version = "0.1",
                                    .started = 1e9,
                                    .environment = machine,
                                    .environment_count = 2};

// A store with a run and cells 0 … count-1.
static gb_status fill(const char *path, int count, gb_error *error) {
  gb_store *store = NULL;
  int64_t run;
  gb_status status = gb_store_open(path, &writing, &store, error);
  if (status == GB_OK)
    status = gb_store_run_start(store, &a_run, &run, error);
  for (int i = 0; status == GB_OK && i < count; i++) {
    sample_cell s;
    make_cell(&s, i);
    s.cell.run = run;
    status = gb_store_put(store, &s.cell, error);
  }
  if (status == GB_OK)
    status = gb_store_run_end(store, run, 1e9 + 5, 0, error);
  gb_store_close(store);
  return status;
}

static gb_status count_cell(void *context, const gb_stored_cell *cell, gb_error *error) {
  (void)error;
  (*(int *)context) += cell->label != NULL;
  return GB_OK;
}

// How many cells a store has; -1 and the message where it cannot be read.
static int cells_in(const char *path, gb_error *error) {
  gb_store *store;
  int count = 0;
  if (gb_store_open(path, &reading, &store, error) != GB_OK)
    return -1;
  gb_status status = gb_store_cells(store, count_cell, &count, error);
  gb_store_close(store);
  return status == GB_OK ? count : -1;
}

static int sql(const char *path, const char *text) {
  sqlite3 *db;
  int code = sqlite3_open(path, &db);
  if (code == SQLITE_OK)
    code = sqlite3_exec(db, text, NULL, NULL, NULL);
  sqlite3_close(db);
  return code;
}

// ---------------------------------------------------------------------------------------------

// FIPS 180-4's examples, and the empty text.
TEST(digests_are_sha256) {
  char text[GB_DIGEST_TEXT];
  gb_digest("abc", 3, text);
  CHECK_TEXT(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  gb_digest("", 0, text);
  CHECK_TEXT(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  gb_digest(two, strlen(two), text);
  CHECK_TEXT(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void check_same(check_state *check, const gb_stored_cell *a, const gb_stored_cell *b) {
  CHECK_TEXT(a->key, b->key);
  CHECK_TEXT(a->key_text, b->key_text);
  CHECK_TEXT(a->experiment, b->experiment);
  CHECK_TEXT(a->label, b->label);
  CHECK_TEXT(a->plan, b->plan);
  CHECK_TEXT(a->verdict, b->verdict);
  CHECK(!a->error && !a->baseline);
  CHECK(a->started == b->started && a->seconds == b->seconds);
  CHECK_INT(a->ordinal, b->ordinal);
  REQUIRE(a->setting_count == 2 && a->count_count == 3 && a->part_count == 2 && a->row_count == 1);
  REQUIRE(a->sample_count == 3 && a->anchor_count == 1 && a->figure_count == 2);
  REQUIRE(a->counter_count == 2 && a->reason_count == 1 && a->protocol_count == 2);
  CHECK_TEXT(a->settings[1].value, hostile);
  CHECK_INT(a->counts[1].value, INT64_MAX);
  CHECK_INT(a->counts[2].value, 0);
  CHECK_TEXT(a->parts[0].kind, "conv k×k");
  CHECK_INT(a->rows[0].kernel, 3);
  CHECK_INT(a->rows[0].expand, -1);
  CHECK(a->samples[1].seconds == 0.30000000000000004 && a->samples[2].seconds == 5e-324);
  CHECK(isnan(a->samples[2].start) && a->anchors[0].start == 0.05);
  CHECK(a->figures[0].value == 0.1 && isnan(a->figures[1].value));
  CHECK(a->counters[0].value == 12345678901234.0 && a->counters[0].step == -1);
  CHECK(isnan(a->counters[1].value) && isnan(a->counters[1].share));
  CHECK_TEXT(a->counters[1].reason, "no such event here");
  CHECK_TEXT(a->reasons[0].remedy, "warm up longer");
}

TEST(round_trip) {
  test_folder folder;
  gb_error error = {0};
  gb_store *store = NULL;
  sample_cell s;
  gb_arena *arena = gb_arena_new(NULL);
  REQUIRE(folder_open(&folder) && arena);
  const char *path = folder_file(&folder, "a.db");
  REQUIRE_OK(fill(path, 3, &error), error);
  REQUIRE_OK(gb_store_open(path, &reading, &store, &error), error);
  make_cell(&s, 1);
  gb_stored_cell *cell;
  REQUIRE_OK(gb_store_get(store, s.key, arena, &cell, &error), error);
  REQUIRE(cell);
  check_same(check, cell, &s.cell);
  REQUIRE_OK(gb_store_latest(store, "made\nlabel", "latency", arena, &cell, &error), error);
  REQUIRE(cell);
  CHECK_INT(cell->ordinal, 2);
  REQUIRE_OK(gb_store_latest(store, "made\nlabel", "count", arena, &cell, &error), error);
  CHECK(!cell);
  gb_stored_run *runs;
  size_t count, cells;
  REQUIRE_OK(gb_store_runs(store, arena, &runs, &count, &error), error);
  REQUIRE(count == 1 && runs[0].environment_count == 2);
  CHECK_TEXT(runs[0].environment[0].value, "A \"fast\" one");
  CHECK_TEXT(runs[0].command, a_run.command);
  CHECK_INT(runs[0].exit_code, 0);
  CHECK_INT(strlen(runs[0].uid), 32);
  gb_text faults = {0};
  REQUIRE_OK(gb_store_check(store, &cells, &faults, &error), error);
  CHECK_TEXT(gb_text_get(&faults), "");
  CHECK_INT(cells, 3);
  // A reader changes nothing.
  CHECK_INT(gb_store_put(store, &s.cell, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "read-only");
  gb_text_free(&faults);
  gb_store_close(store);
  gb_arena_free(arena);
  CHECK_INT(folder_close(&folder), 1);
}

// A failed cell is a row, is replaced by a finished one, and does not replace one.
TEST(failed_cells) {
  test_folder folder;
  gb_error error = {0};
  gb_store *store = NULL;
  sample_cell s;
  int there = 9;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "a.db");
  REQUIRE_OK(fill(path, 0, &error), error);
  REQUIRE_OK(gb_store_open(path, &writing, &store, &error), error);
  make_cell(&s, 0);
  REQUIRE_OK(gb_store_has(store, s.key, &there, &error), error);
  CHECK_INT(there, 0);
  s.cell.error = "it was too large";
  REQUIRE_OK(gb_store_put(store, &s.cell, &error), error);
  REQUIRE_OK(gb_store_has(store, s.key, &there, &error), error);
  CHECK_INT(there, -1);
  s.cell.error = NULL;
  REQUIRE_OK(gb_store_put(store, &s.cell, &error), error);
  REQUIRE_OK(gb_store_has(store, s.key, &there, &error), error);
  CHECK_INT(there, 1);
  s.cell.error = "it was too large";
  REQUIRE_OK(gb_store_put(store, &s.cell, &error), error);
  REQUIRE_OK(gb_store_has(store, s.key, &there, &error), error);
  CHECK_INT(there, 1);
  s.text[0] = 'x'; // a key that is not the text's
  CHECK_INT(gb_store_put(store, &s.cell, &error), GB_EINPUT);
  gb_store_close(store);
  CHECK_INT(cells_in(path, &error), 1);
  folder_close(&folder);
}

TEST(a_batch_is_all_or_nothing) {
  test_folder folder;
  gb_error error = {0};
  gb_store *store = NULL;
  sample_cell s;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "a.db");
  REQUIRE_OK(fill(path, 1, &error), error);
  for (int keep = 0; keep < 2; keep++) {
    REQUIRE_OK(gb_store_open(path, &writing, &store, &error), error);
    REQUIRE_OK(gb_store_begin(store, &error), error);
    for (int i = 1; i < 4; i++) {
      make_cell(&s, i);
      REQUIRE_OK(gb_store_put(store, &s.cell, &error), error);
    }
    if (keep)
      REQUIRE_OK(gb_store_commit(store, &error), error);
    gb_store_close(store);
    CHECK_INT(cells_in(path, &error), keep ? 4 : 1);
  }
  // A cell that cannot be written takes its batch with it, and none of it stays behind.
  REQUIRE_OK(gb_store_open(path, &writing, &store, &error), error);
  make_cell(&s, 9);
  s.cell.kind = "surprise";
  CHECK_INT(gb_store_put(store, &s.cell, &error), GB_EINPUT);
  make_cell(&s, 9);
  s.cell.run = 77; // no such run
  CHECK_INT(gb_store_put(store, &s.cell, &error), GB_EINPUT);
  gb_store_close(store);
  CHECK_INT(cells_in(path, &error), 4);
  folder_close(&folder);
}

// ---------------------------------------------------------------------------------------------

static void expect_refusal(check_state *check, const char *path, gb_status status,
                           const char *words) {
  gb_error error = {0};
  gb_store *store = NULL;
  for (int mode = 0; mode < 2; mode++) {
    gb_status got = gb_store_open(path, mode ? &writing : &reading, &store, &error);
    CHECK_INT(got, status);
    CHECK(!store);
    CHECK_CONTAINS(error.message, words);
    CHECK_CONTAINS(error.message, path);
    gb_store_close(store);
  }
}

TEST(what_is_no_store_is_refused) {
  test_folder folder;
  gb_error error = {0};
  REQUIRE(folder_open(&folder));
  char path[512];
  snprintf(path, sizeof path, "%s", folder_file(&folder, "a.db"));
  REQUIRE(folder_put(path,
                     "row,column,value\n1,2,3\nand so on until it is long enough to be read as "
                     "the head of a database, which is 100 bytes\n",
                     114));
  expect_refusal(check, path, GB_EINPUT, "no database");
  unlink(path);
  REQUIRE(sql(path, "CREATE TABLE mine (x)") == SQLITE_OK);
  expect_refusal(check, path, GB_EINPUT, "another program");
  unlink(path);
  REQUIRE_OK(fill(path, 1, &error), error);
  REQUIRE(sql(path, "PRAGMA user_version = 99") == SQLITE_OK);
  expect_refusal(check, path, GB_EINPUT, "newer ghostbench (store version 99");
  REQUIRE(sql(path, "PRAGMA user_version = 0") == SQLITE_OK);
  expect_refusal(check, path, GB_EINPUT, "never was");
  unlink(path);
  REQUIRE_OK(fill(path, 1, &error), error);
  REQUIRE(sql(path, "CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM cells; END") ==
          SQLITE_OK);
  expect_refusal(check, path, GB_EINPUT, "its tables are others");
  expect_refusal(check, folder.path, GB_EINPUT, "it is no file");
  unlink(path);
  gb_store *store;
  CHECK_INT(gb_store_open(path, &reading, &store, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "No such file");
  REQUIRE(folder_put(path, "", 0)); // empty: nothing to read, but a store may be made of it
  CHECK_INT(gb_store_open(path, &reading, &store, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "it is empty");
  REQUIRE_OK(fill(path, 1, &error), error);
  folder_close(&folder);
}

static char *contents(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  char *bytes = malloc(1 << 20);
  *size = file && bytes ? fread(bytes, 1, 1 << 20, file) : 0;
  if (file)
    fclose(file);
  return bytes;
}

// Cut anywhere, or with bytes turned over anywhere, a store is read, or refused, or found damaged,
// and never crashes; what is read whole is what was written.
TEST(damaged_files) {
  test_folder folder;
  gb_error error = {0};
  size_t size, cells;
  int cut_found = 0, flips_found = 0, flips = 0;
  REQUIRE(folder_open(&folder));
  char path[512];
  snprintf(path, sizeof path, "%s", folder_file(&folder, "a.db"));
  REQUIRE_OK(fill(path, 2, &error), error);
  char *bytes = contents(path, &size);
  REQUIRE(size > 8192);
  for (size_t cut = 512; cut < size; cut += 4096) {
    REQUIRE(folder_put(path, bytes, cut));
    cut_found += cells_in(path, &error) < 0;
  }
  CHECK_INT(cut_found, (int)((size - 512 + 4095) / 4096));
  CHECK_CONTAINS(error.message, "cut short");
  for (size_t at = 40; at < size; at += 977) {
    bytes[at] = (char)(bytes[at] ^ 0x55);
    REQUIRE(folder_put(path, bytes, size));
    gb_store *store;
    gb_text faults = {0};
    if (gb_store_open(path, &reading, &store, &error) == GB_OK) {
      flips_found += gb_store_check(store, &cells, &faults, &error) != GB_OK || faults.length > 0;
      gb_store_close(store);
    } else {
      flips_found++;
    }
    gb_text_free(&faults);
    bytes[at] = (char)(bytes[at] ^ 0x55);
    flips++;
  }
  // Bytes of free space matter to nobody; those that are used are nearly all looked at.
  CHECK(flips_found > 0 && flips_found < flips);
  free(bytes);
  folder_close(&folder);
}

TEST(locked_by_another) {
  test_folder folder;
  gb_error error = {0};
  gb_store *store = NULL;
  sqlite3 *other;
  sample_cell s;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "a.db");
  REQUIRE_OK(fill(path, 1, &error), error);
  REQUIRE_OK(gb_store_open(path, &writing, &store, &error), error);
  REQUIRE(sqlite3_open(path, &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
  make_cell(&s, 5);
  CHECK_INT(gb_store_put(store, &s.cell, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "another process is writing");
  CHECK_CONTAINS(error.message, path);
  sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
  sqlite3_close(other);
  CHECK_INT(gb_store_put(store, &s.cell, &error), GB_OK); // and then it goes on
  gb_store_close(store);
  CHECK_INT(cells_in(path, &error), 2);
  folder_close(&folder);
}

// ---------------------------------------------------------------------------------------------
// Full disks

static gb_status put_until(gb_store *store, int from, int to, int *put, gb_error *error) {
  for (int i = from; i < to; i++, (*put)++) {
    sample_cell s;
    make_cell(&s, i);
    gb_status status = gb_store_put(store, &s.cell, error);
    if (status != GB_OK)
      return status;
  }
  return GB_OK;
}

TEST(full_disk) {
  test_folder folder;
  gb_error error = {0};
  gb_store *store = NULL;
  int put = 0;
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "a.db");
  REQUIRE_OK(fill(path, 0, &error), error);
  const gb_store_options small = {.mode = GB_STORE_WRITE, .most_pages = 40};
  REQUIRE_OK(gb_store_open(path, &small, &store, &error), error);
  CHECK_INT(put_until(store, 0, 1000, &put, &error), GB_EIO);
  CHECK_CONTAINS(error.message, "disk is full");
  CHECK(put > 3 && put < 1000);
  gb_store_close(store);
  CHECK_INT(cells_in(path, &error), put); // all that was finished is there, and goes on
  REQUIRE_OK(gb_store_open(path, &writing, &store, &error), error);
  int more = 0;
  CHECK_INT(put_until(store, put, put + 5, &more, &error), GB_OK);
  gb_store_close(store);
  CHECK_INT(cells_in(path, &error), put + 5);
  folder_close(&folder);
}

// The system's own refusal: a limit on the size of files, in a process of its own.
TEST(file_size_limit) {
  test_folder folder;
  gb_error error = {0};
  REQUIRE(folder_open(&folder));
  const char *path = folder_file(&folder, "a.db");
  REQUIRE_OK(fill(path, 2, &error), error);
  fflush(stdout);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    gb_store *store = NULL;
    int put = 0;
    struct rlimit limit = {200000, 200000};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    bool good = gb_store_open(path, &writing, &store, &error) == GB_OK &&
                put_until(store, 2, 1000, &put, &error) == GB_EIO && strstr(error.message, path);
    gb_store_close(store);
    _exit(good ? put : 255);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) != 255);
  CHECK_INT(cells_in(path, &error), 2 + WEXITSTATUS(status));
  folder_close(&folder);
}

// ---------------------------------------------------------------------------------------------

static gb_status merge_files(const char *into, const char *from, gb_merged *merged,
                             gb_error *error) {
  gb_store *a = NULL, *b = NULL;
  gb_status status = gb_store_open(into, &writing, &a, error);
  if (status == GB_OK)
    status = gb_store_open(from, &reading, &b, error);
  if (status == GB_OK)
    status = gb_store_merge(a, b, merged, error);
  gb_store_close(a);
  gb_store_close(b);
  return status;
}

TEST(merging) {
  test_folder folder;
  gb_error error = {0};
  char a[512], b[512];
  REQUIRE(folder_open(&folder));
  snprintf(a, sizeof a, "%s", folder_file(&folder, "a.db"));
  snprintf(b, sizeof b, "%s", folder_file(&folder, "b.db"));
  REQUIRE_OK(fill(a, 3, &error), error);
  REQUIRE_OK(fill(b, 5, &error), error);
  gb_store *store = NULL;
  sample_cell s;
  int64_t run;
  REQUIRE_OK(gb_store_open(a, &writing, &store, &error), error);
  REQUIRE_OK(gb_store_run_start(store, &a_run, &run, &error), error);
  make_cell(&s, 2); // the same key with other samples
  s.cell.samples = anchors;
  s.cell.sample_count = 1;
  REQUIRE_OK(gb_store_put(store, &s.cell, &error), error);
  make_cell(&s, 3); // failed here, finished there
  s.cell.error = "no memory";
  REQUIRE_OK(gb_store_put(store, &s.cell, &error), error);
  gb_store_close(store);
  for (int again = 0; again < 2; again++) {
    gb_merged merged = {0};
    REQUIRE_OK(merge_files(a, b, &merged, &error), error);
    CHECK_INT(merged.added, again ? 0 : 1);
    CHECK_INT(merged.replaced, again ? 0 : 1);
    CHECK_INT(merged.same, again ? 4 : 2);
    CHECK_INT(merged.conflicts, 1);
    CHECK_CONTAINS(gb_text_get(&merged.conflict_lines), "(latency)");
    gb_text_free(&merged.conflict_lines);
    CHECK_INT(cells_in(a, &error), 5);
  }
  // What was tampered with is not taken.
  REQUIRE(sql(b, "UPDATE samples SET seconds = 0.001 WHERE position = 0 AND cell = 5") ==
          SQLITE_OK);
  gb_merged merged = {0};
  CHECK_INT(merge_files(a, b, &merged, &error), GB_EINPUT);
  CHECK_CONTAINS(error.message, "changed behind its digest");
  gb_text faults = {0};
  size_t cells;
  REQUIRE_OK(gb_store_open(b, &reading, &store, &error), error);
  REQUIRE_OK(gb_store_check(store, &cells, &faults, &error), error);
  CHECK_CONTAINS(gb_text_get(&faults), "content was changed");
  gb_store_close(store);
  gb_text_free(&faults);
  gb_text_free(&merged.conflict_lines);
  folder_close(&folder);
}

TEST_MAIN(CASE(digests_are_sha256), CASE(round_trip), CASE(failed_cells),
          CASE(a_batch_is_all_or_nothing), CASE(what_is_no_store_is_refused), CASE(damaged_files),
          CASE(locked_by_another), CASE(full_disk), CASE(file_size_limit), CASE(merging))
