// Allocation and arenas; see memory.h.
#define _DEFAULT_SOURCE // madvise
#include "layers/base/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, CHUNK = 64 * 1024, LARGEST_CHUNK = 4 << 20, HUGE_PAGE = 2 << 20 };

static void *libc_allocate(void *context, size_t alignment, size_t size) {
  (void)context;
  if (size > SIZE_MAX - HUGE_PAGE)
    return NULL;
  // Weights and activations in pages of 2 MB where the system has them: the first touch of a small
  // page takes a virtual machine some microseconds, and a plan touches thousands.
  if (size >= HUGE_PAGE && alignment < HUGE_PAGE)
    alignment = HUGE_PAGE;
  // aligned_alloc asks for a multiple of the alignment.
  void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
#if defined(MADV_HUGEPAGE)
  if (memory && size >= HUGE_PAGE)
    (void)madvise(memory, size, MADV_HUGEPAGE); // advice: refusing it changes nothing
#endif
  return memory;
}

static void libc_release(void *context, void *memory) {
  (void)context;
  free(memory);
}

const gb_allocator gb_default_allocator = {libc_allocate, libc_release, NULL};

static const gb_allocator *choose(const gb_allocator *allocator) {
  return allocator ? allocator : &gb_default_allocator;
}

void *gb_allocate(const gb_allocator *allocator, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes))
    return NULL;
  allocator = choose(allocator);
  void *memory = allocator->allocate(allocator->context, ALIGNMENT, bytes ? bytes : 1);
  if (memory)
    memset(memory, 0, bytes);
  return memory;
}

void gb_release(const gb_allocator *allocator, void *memory) {
  allocator = choose(allocator);
  if (memory)
    allocator->release(allocator->context, memory);
}

typedef struct chunk {
  struct chunk *next;
  size_t used, size; // of the bytes behind this header, which starts at `offset`
  char *bytes;
} chunk;

struct gb_arena {
  const gb_allocator *allocator;
  chunk *chunks;
  size_t total; // bytes of all chunks
};

// A new chunk is as large as all before it together, within bounds: a small arena stays small, and
// a large one has few chunks.
static size_t next_chunk(const gb_arena *arena) {
  return arena->total < CHUNK ? CHUNK : arena->total > LARGEST_CHUNK ? LARGEST_CHUNK : arena->total;
}

gb_arena *gb_arena_new(const gb_allocator *allocator) {
  gb_arena *arena = gb_allocate(allocator, 1, sizeof *arena);
  if (arena)
    arena->allocator = choose(allocator);
  return arena;
}

void gb_arena_free(gb_arena *arena) {
  if (!arena)
    return;
  const gb_allocator *allocator = arena->allocator;
  for (chunk *c = arena->chunks; c;) {
    chunk *next = c->next;
    gb_release(allocator, c);
    c = next;
  }
  gb_release(allocator, arena);
}

static chunk *add_chunk(gb_arena *arena, size_t size) {
  size_t header = (sizeof(chunk) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (size > SIZE_MAX - header)
    return NULL;
  chunk *c = gb_allocate(arena->allocator, 1, header + size);
  if (!c)
    return NULL;
  arena->total += size;
  c->size = size;
  c->bytes = (char *)c + header;
  return c;
}

void *gb_arena_allocate(gb_arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
    return NULL;
  size_t alignment = bytes >= 4096 ? ALIGNMENT : 16;
  chunk *c = arena->chunks;
  if (c) {
    size_t start = (c->used + alignment - 1) / alignment * alignment;
    if (start <= c->size && bytes <= c->size - start) {
      c->used = start + bytes;
      return c->bytes + start;
    }
  }
  // A large piece gets a chunk of its own behind the current one, which keeps its free rest.
  size_t wanted = next_chunk(arena);
  bool large = bytes > wanted / 4;
  chunk *fresh = add_chunk(arena, large ? bytes : wanted);
  if (!fresh)
    return NULL;
  fresh->used = bytes;
  if (c && large) {
    fresh->next = c->next;
    c->next = fresh;
  } else {
    fresh->next = c;
    arena->chunks = fresh;
  }
  return fresh->bytes;
}

char *gb_arena_copy_n(gb_arena *arena, const char *text, size_t length) {
  char *copy = length < SIZE_MAX ? gb_arena_allocate(arena, length + 1, 1) : NULL;
  if (copy && length)
    memcpy(copy, text, length);
  return copy;
}

char *gb_arena_copy(gb_arena *arena, const char *text) {
  return gb_arena_copy_n(arena, text, strlen(text));
}

char *gb_arena_print(gb_arena *arena, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0)
    return NULL;
  char *text = gb_arena_allocate(arena, (size_t)length + 1, 1);
  if (!text)
    return NULL;
  va_start(arguments, format);
  vsnprintf(text, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return text;
}

void *gb_arena_grow(gb_arena *arena, void *array, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity)
    return array;
  size_t wanted = *capacity ? *capacity * 2 : 8;
  if (wanted < *capacity)
    return NULL;
  void *grown = gb_arena_allocate(arena, wanted, size);
  if (!grown)
    return NULL;
  if (count)
    memcpy(grown, array, count * size);
  *capacity = wanted;
  return grown;
}
