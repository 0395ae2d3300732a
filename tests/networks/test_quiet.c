// Nothing is allocated and the system is not called while a compiled network runs: on one thread
// not at all; several threads wake and wait for each other by futex and sched_yield, and nothing
// else.
//
// A child runs each network of the zoo under ptrace. It says through a shared page when a run
// begins and ends; in between, its parent counts the system calls of all its threads. Allocations
// are counted by the C library's functions, which this program puts its own before. What the first
// run does to a fresh plan (pages of memory that nobody touched yet) is no call and counts, too.
#define _GNU_SOURCE
#include "tests/lib/check.h"
#include "tests/networks/zoo.h"

#include "harness/engine/engine.h"
#include "layers/base/memory.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

// ---------------------------------------------------------------------------------------------
// Allocations: these take the place of the C library's, for every library of the process.

static atomic_long allocations;

#if !defined(SANITIZED) && defined(__GLIBC__)
#define COUNTS_ALLOCATIONS 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void *malloc(size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_realloc(memory, size);
}
void *memalign(size_t alignment, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
void free(void *memory) {
  if (memory)
    atomic_fetch_add(&allocations, 1); // giving back takes as long
  __libc_free(memory);
}
#endif

// ---------------------------------------------------------------------------------------------
// What one case found; the page is shared between parent and child.

enum { CASES = 3 * NETWORKS + 1, MESSAGE = 120 };

typedef struct found {
  long allocations;
  long futexes, yields, others;
  long other; // the number of one of the others
  long done;
  char fault[MESSAGE]; // why the network could not be run
} found;

typedef struct shared {
  atomic_int running; // 1 + the case whose run is under way, or 0
  found cases[CASES];
} shared;

static void count_call(shared *page, long number) {
  int at = atomic_load(&page->running) - 1;
  if (at < 0)
    return;
  found *f = &page->cases[at];
  if (number == SYS_futex) {
    f->futexes++;
  } else if (number == SYS_sched_yield) {
    f->yields++;
  } else {
    f->others++;
    f->other = number;
  }
}

// ---------------------------------------------------------------------------------------------
// The child

static void run_engine(shared *page, int at, gb_native *engine, const float *input, float *output) {
  for (int run = 0; run < 2; run++) {
    long before = atomic_load(&allocations);
    atomic_store(&page->running, at + 1);
    gb_native_run(engine, input, output);
    atomic_store(&page->running, 0);
    page->cases[at].allocations += atomic_load(&allocations) - before;
  }
  page->cases[at].done = 1;
}

static gb_status run_case(shared *page, int at, const network *n, int64_t batch, int threads,
                          gb_error *error) {
  gb_graph *graph = NULL;
  gb_weights weights = {0};
  gb_native *engine = NULL;
  float *input = NULL, *output = NULL;
  gb_status status = graph_of(n, batch, &graph, error);
  if (status == GB_OK)
    status = gb_weights_recipe(graph, 1.0, &weights, error);
  if (status == GB_OK)
    status =
        gb_native_new(graph, &weights, &(gb_native_options){.threads = threads}, &engine, error);
  if (status == GB_OK) {
    int64_t inputs = gb_shape_count(&graph->nodes[0].op.out);
    input = gb_allocate(NULL, (size_t)inputs, sizeof *input);
    output = gb_allocate(NULL, (size_t)gb_shape_count(&graph->nodes[graph->node_count - 1].op.out),
                         sizeof *output);
    status = input && output ? GB_OK : gb_fail_memory(error);
    if (status == GB_OK) {
      gb_recipe_input(input, inputs);
      run_engine(page, at, engine, input, output);
    }
  }
  gb_release(NULL, input);
  gb_release(NULL, output);
  gb_native_free(engine);
  gb_weights_free(&weights);
  gb_graph_free(graph);
  return status;
}

// What the counters must see: an allocation, its release, and one system call.
static void run_known(shared *page, int at) {
  long before = atomic_load(&allocations);
  void *volatile memory;
  atomic_store(&page->running, at + 1);
  memory = malloc(100);
  free(memory);
  syscall(SYS_getppid);
  atomic_store(&page->running, 0);
  page->cases[at].allocations = atomic_load(&allocations) - before;
  page->cases[at].done = 1;
}

static void run_cases(shared *page) {
  static const struct {
    int64_t batch;
    int threads;
  } ways[] = {{1, 1}, {1, 2}, {2, 2}};
  gb_error error = {0};
  for (int at = 0; at < 3 * NETWORKS; at++)
    if (run_case(page, at, &networks[at % NETWORKS], ways[at / NETWORKS].batch,
                 ways[at / NETWORKS].threads, &error) != GB_OK)
      snprintf(page->cases[at].fault, MESSAGE, "%.100s", error.message);
  run_known(page, CASES - 1);
}

// ---------------------------------------------------------------------------------------------
// The parent

// Goes on with all threads of the child until it ends, counting. False where it cannot be traced.
static bool trace(shared *page, pid_t child) {
  int status;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
      ptrace(PTRACE_SETOPTIONS, child, 0, // NOLINT: pointers are numbers here
             PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL) != 0)
    return false;
  pid_t thread = child;
  int signal = 0;
  for (;;) {
    ptrace(PTRACE_SYSCALL, thread, 0, signal);
    thread = waitpid(-1, &status, __WALL);
    if (thread < 0 || (thread == child && (WIFEXITED(status) || WIFSIGNALED(status))))
      return thread == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    signal = 0;
    if (!WIFSTOPPED(status))
      continue;
    int stop = WSTOPSIG(status);
    struct ptrace_syscall_info info;
    if (stop == (SIGTRAP | 0x80)) {
      if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) > 0 &&
          info.op == PTRACE_SYSCALL_INFO_ENTRY)
        count_call(page, (long)info.entry.nr);
    } else if (stop != SIGTRAP && stop != SIGSTOP) { // those are events of the tracing itself
      signal = stop;
    }
  }
}

// Runs all cases once; NULL where the system does not let a process trace its child.
static shared *measure(void) {
  shared *page =
      mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return NULL;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
      _exit(1);
    raise(SIGSTOP);
    run_cases(page);
    _exit(0);
  }
  if (child > 0 && trace(page, child))
    return page;
  munmap(page, sizeof *page);
  return NULL;
}

// ---------------------------------------------------------------------------------------------

static shared *page; // NULL: nothing could be traced

static void label(int at, char text[MESSAGE]) {
  const network *n = &networks[at % NETWORKS];
  snprintf(text, MESSAGE, "%s %s=%s %s=%s", n->name, n->settings[0].name, n->settings[0].value,
           n->setting_count > 1 ? n->settings[n->setting_count - 1].name : "",
           n->setting_count > 1 ? n->settings[n->setting_count - 1].value : "");
}

// Cases [first, end): nothing allocated, no calls but `waits`; prints how many of these there were.
static void expect_quiet(check_state *check, int first, int end, bool waits) {
  long futexes = 0, yields = 0;
  for (int at = first; at < end; at++) {
    const found *f = &page->cases[at];
    char text[MESSAGE];
    label(at, text);
    if (!f->done)
      FAIL("%s did not run: %s", text, f->fault);
    if (f->allocations)
      FAIL("%s: %ld allocations or releases in two runs", text, f->allocations);
    if (f->others)
      FAIL("%s: %ld system calls in two runs, of these number %ld", text, f->others, f->other);
    if (!waits && (f->futexes || f->yields))
      FAIL("%s: one thread waits: %ld futex, %ld sched_yield", text, f->futexes, f->yields);
    futexes += f->futexes;
    yields += f->yields;
  }
  if (waits)
    printf("# %d runs: %ld futex, %ld sched_yield\n", 2 * (end - first), futexes, yields);
}

#define NEEDS_TRACING()                                                                            \
  if (!page)                                                                                       \
  SKIP("this system does not let a process trace its child")

TEST(allocations_and_calls_are_seen) {
  NEEDS_TRACING();
  const found *f = &page->cases[CASES - 1];
#if defined(COUNTS_ALLOCATIONS)
  CHECK_INT(f->allocations, 2);
#endif
  CHECK_INT(f->others, 1);
  CHECK_INT(f->other, SYS_getppid);
}

TEST(one_thread_neither_allocates_nor_calls) {
  NEEDS_TRACING();
  expect_quiet(check, 0, NETWORKS, false);
}

TEST(two_threads_only_wait) {
  NEEDS_TRACING();
  expect_quiet(check, NETWORKS, 2 * NETWORKS, true);
}

TEST(two_threads_with_an_image_each_only_wait) {
  NEEDS_TRACING();
  expect_quiet(check, 2 * NETWORKS, 3 * NETWORKS, true);
}

int main(void) {
  static const check_case cases[] = {
      CASE(allocations_and_calls_are_seen), CASE(one_thread_neither_allocates_nor_calls),
      CASE(two_threads_only_wait), CASE(two_threads_with_an_image_each_only_wait)};
  page = measure();
  return check_main(cases, sizeof cases / sizeof *cases);
}
