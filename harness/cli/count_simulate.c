// Counting by callgrind: the program runs itself once more under valgrind, on the same network.
#define _GNU_SOURCE // mkdtemp, readlink
#include "harness/cli/count.h"
#include "harness/measure/callgrind.h"
#include "layers/base/file.h"
#include "layers/kernels/kernels.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// valgrind runs one thread at a time and knows no AVX-512.
gb_engine_choice gb_count_simulated_choice(const gb_engine_choice *choice) {
  gb_engine_choice simulated = *choice;
  gb_isa isa = gb_isa_detect();
  if (choice->options.isa)
    gb_isa_parse(choice->options.isa, &isa);
  simulated.options.threads = 1;
  if (isa == GB_ISA_AVX512)
    simulated.options.isa = "avx2";
  return simulated;
}

// The flat document as an architecture, which is what it is without parameters.
static gb_status write_network(const gb_network *network, const char *path, gb_error *error) {
  static const char open[] = "<network ", close[] = "</network>";
  const char *head = network->xml ? strstr(network->xml, open) : NULL;
  const char *tail = head ? strstr(head, close) : NULL;
  if (!tail)
    return gb_fail(error, GB_EINTERNAL, "%s: the flat document was not kept", network->name);
  gb_text text = {0};
  gb_text_add_n(&text, network->xml, (size_t)(head - network->xml));
  gb_text_add(&text, "<architecture ");
  gb_text_add_n(&text, head + sizeof open - 1, (size_t)(tail - head) - (sizeof open - 1));
  gb_text_add(&text, "</architecture>\n");
  gb_status status = text.failed ? gb_fail_memory(error)
                                 : gb_file_write(path, gb_text_get(&text), text.length, error);
  gb_text_free(&text);
  return status;
}

static void add_without(unsigned without, gb_text *list) {
  for (int i = 0; gb_pass_names[i]; i++)
    if (without & 1u << i)
      gb_text_print(list, "%s%s", list->length ? "," : "", gb_pass_names[i]);
}

static gb_status run_marked(const gb_count_request *q, const char *file, int64_t batch,
                            size_t parts, int64_t *values, gb_error *error) {
  char self[PATH_MAX], images[32];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n < 0)
    return gb_fail(error, GB_EIO, "cannot find the program itself: %s", strerror(errno));
  self[n] = '\0';
  snprintf(images, sizeof images, "%" PRId64, batch);
  gb_engine_choice choice = gb_count_simulated_choice(&q->choice);
  gb_text without = {0};
  add_without(choice.options.without, &without);
  const char *arguments[16] = {self, "count", file, "--mark", "--threads", "1", "--batch", images};
  size_t count = 8;
  if (choice.options.isa) {
    arguments[count++] = "--isa";
    arguments[count++] = choice.options.isa;
  }
  if (without.length) {
    arguments[count++] = "--without";
    arguments[count++] = gb_text_get(&without);
  }
  if (q->weights) {
    arguments[count++] = "--weights";
    arguments[count++] = q->weights;
  }
  gb_status status =
      without.failed ? gb_fail_memory(error) : gb_callgrind_run(arguments, parts, values, error);
  gb_text_free(&without);
  return status;
}

gb_status gb_count_simulate(const gb_count_request *request, const gb_network *network,
                            int64_t batch, size_t steps, int64_t *values, gb_error *error) {
  const char *base = getenv("TMPDIR");
  char folder[300], file[320];
  snprintf(folder, sizeof folder, "%.250s/ghostbench-XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(folder))
    return gb_fail(error, GB_EIO, "cannot make a folder %s: %s", folder, strerror(errno));
  snprintf(file, sizeof file, "%s/network.xml", folder);
  gb_status status = write_network(network, file, error);
  if (status == GB_OK)
    status = run_marked(request, file, batch, steps + 1, values, error);
  unlink(file);
  rmdir(folder);
  return status;
}

static void mark(void *context, size_t step, int thread, bool begins) {
  (void)context, (void)thread;
  if (begins)
    gb_callgrind_begin();
  else
    gb_callgrind_end((int)step);
}

gb_status gb_count_mark(gb_native *engine, const float *input, float *output, gb_error *error) {
  if (!gb_callgrind_running())
    return gb_fail(error, GB_EUSAGE,
                   "--mark is for a run under valgrind --tool=callgrind; '--counters callgrind' "
                   "does that by itself");
  int64_t units;
  gb_callgrind_start();
  gb_callgrind_begin();
  GB_TRY(gb_known_work(NULL, "loop", &units, error));
  gb_callgrind_end((int)gb_native_step_count(engine));
  gb_native_run(engine, input, output); // fills the caches
  gb_native_visit(engine, input, output, mark, NULL);
  return GB_OK;
}
