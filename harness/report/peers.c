// Reads what the peers bench wrote, checking each member: the file may be anybody's.
#include "harness/report/peers.h"

#include "layers/base/file.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 64 << 20, MOST_NETWORKS = 1000, MOST_TEXT = 200 };

typedef struct reading {
  gb_peers *peers;
  const char *path;
  gb_error *error;
  gb_status status;
} reading;

static void fault(reading *r, const char *what, const char *allowed) {
  if (r->status == GB_OK)
    r->status =
        gb_fail(r->error, GB_EINPUT, "%s: %s must be %s; 'make bench-peers' writes this file anew",
                r->path, what, allowed);
}

static const char *text_of(reading *r, const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  if (!json_is_string(value) || json_string_length(value) > MOST_TEXT) {
    fault(r, name, "a text of at most 200 bytes");
    return "";
  }
  const char *copy = gb_arena_copy(r->peers->arena, json_string_value(value));
  if (!copy && r->status == GB_OK)
    r->status = gb_fail_memory(r->error);
  return copy ? copy : "";
}

static double positive_of(reading *r, const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  double number = json_is_number(value) ? json_number_value(value) : 0;
  if (!(number > 0) || !isfinite(number))
    fault(r, name, "a number above 0");
  return number;
}

static int64_t integer_of(reading *r, const json_t *object, const char *name, int64_t least) {
  const json_t *value = json_object_get(object, name);
  if (!json_is_integer(value) || json_integer_value(value) < least ||
      json_integer_value(value) > 1000000)
    fault(r, name, least ? "a whole number from 1 on" : "a whole number from 0 on");
  return json_integer_value(value);
}

static void read_times(reading *r, const json_t *row, const char *name, double *median, double *low,
                       double *high) {
  const json_t *times = json_object_get(row, name);
  if (!json_is_object(times))
    fault(r, name, "an object with median, low and high");
  *median = positive_of(r, times, "median");
  *low = positive_of(r, times, "low");
  *high = positive_of(r, times, "high");
}

static void read_row(reading *r, const json_t *from, gb_peer_row *row) {
  if (!json_is_object(from))
    fault(r, "a network", "an object");
  row->network = text_of(r, from, "network");
  row->isa = text_of(r, from, "isa");
  row->threads = integer_of(r, from, "threads", 1);
  row->batch = integer_of(r, from, "batch", 1);
  row->unsettled = integer_of(r, from, "unsettled", 0);
  read_times(r, from, "onnxruntime_ms", &row->theirs, &row->theirs_low, &row->theirs_high);
  read_times(r, from, "ghostbench_ms", &row->ours, &row->ours_low, &row->ours_high);
  row->ratio = positive_of(r, from, "ratio");
  row->ratio_low = positive_of(r, from, "ratio_low");
  row->ratio_high = positive_of(r, from, "ratio_high");
}

static void read_peers(reading *r, const json_t *root) {
  gb_peers *to = r->peers;
  const json_t *schema = json_object_get(root, "schema");
  if (!json_is_string(schema) || strcmp(json_string_value(schema), "ghostbench-peers-1") != 0) {
    fault(r, "schema", "\"ghostbench-peers-1\"");
    return;
  }
  const json_t *machine = json_object_get(root, "machine"),
               *versions = json_object_get(root, "versions"),
               *networks = json_object_get(root, "networks");
  to->date = text_of(r, root, "date");
  to->rounds = integer_of(r, root, "rounds", 1);
  to->cpu = text_of(r, machine, "cpu");
  to->kernel = text_of(r, machine, "kernel");
  to->engine_version = text_of(r, versions, "onnxruntime");
  to->version = text_of(r, versions, "ghostbench");
  if (!json_is_array(networks) || json_array_size(networks) > MOST_NETWORKS) {
    fault(r, "networks", "a list of at most 1000");
    return;
  }
  to->rows = gb_arena_allocate(to->arena, json_array_size(networks) + 1, sizeof *to->rows);
  if (!to->rows) {
    r->status = gb_fail_memory(r->error);
    return;
  }
  for (size_t i = 0; i < json_array_size(networks) && r->status == GB_OK; i++)
    read_row(r, json_array_get(networks, i), &to->rows[to->count++]);
}

gb_status gb_peers_parse(const char *bytes, size_t size, const char *path, gb_peers **peers,
                         gb_error *error) {
  *peers = NULL;
  json_error_t why;
  json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &why);
  if (!root)
    return gb_fail(error, GB_EINPUT, "%s:%d:%d: %s", path, why.line, why.column, why.text);
  gb_arena *arena = gb_arena_new(NULL);
  gb_peers *made = arena ? gb_arena_allocate(arena, 1, sizeof *made) : NULL;
  reading r = {.peers = made, .path = path, .error = error};
  if (made) {
    made->arena = arena;
    read_peers(&r, root);
  } else {
    r.status = gb_fail_memory(error);
  }
  json_decref(root);
  if (r.status == GB_OK)
    *peers = made;
  else
    gb_arena_free(arena);
  return r.status;
}

gb_status gb_peers_load(const char *path, gb_peers **peers, gb_error *error) {
  *peers = NULL;
  if (!gb_file_exists(path))
    return GB_OK;
  char *bytes;
  size_t size;
  GB_TRY(gb_file_read(path, MOST_BYTES, &bytes, &size, error));
  gb_status status = gb_peers_parse(bytes, size, path, peers, error);
  free(bytes);
  return status;
}

void gb_peers_free(gb_peers *peers) {
  if (peers)
    gb_arena_free(peers->arena);
}
