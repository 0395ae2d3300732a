// Allocation: a hookable allocator, overflow-checked sizes, and arenas that free at once.
#ifndef GB_BASE_MEMORY_H
#define GB_BASE_MEMORY_H

#include "layers/base/status.h"

#include <stdint.h>

// A replaceable source of memory, so that tests can fail the n-th allocation.
// `allocate` returns memory aligned to `alignment` (a power of two) or NULL.
typedef struct gb_allocator {
  void *(*allocate)(void *context, size_t alignment, size_t size);
  void (*release)(void *context, void *memory);
  void *context;
} gb_allocator;

// The C library's allocator. Wherever a `const gb_allocator *` is asked for, NULL means this one.
extern const gb_allocator gb_default_allocator;

// `count * size` bytes, zeroed, 64-byte aligned; NULL when memory is out or the product overflows.
void *gb_allocate(const gb_allocator *allocator, size_t count, size_t size);
void gb_release(const gb_allocator *allocator, void *memory);

// Memory that lives and dies together: one arena a purpose (a graph, a document, a plan).
typedef struct gb_arena gb_arena;

gb_arena *gb_arena_new(const gb_allocator *allocator); // NULL when memory is out
void gb_arena_free(gb_arena *arena);                   // NULL is allowed

// `count * size` bytes, zeroed, 16-byte aligned (64 from 4 KiB on), owned by the arena; NULL when
// memory is out or the product overflows.
void *gb_arena_allocate(gb_arena *arena, size_t count, size_t size);
char *gb_arena_copy(gb_arena *arena, const char *text); // NULL when memory is out
char *gb_arena_copy_n(gb_arena *arena, const char *text, size_t length);
char *gb_arena_print(gb_arena *arena, const char *format, ...) GB_PRINTF(2, 3);

// Makes room for one more element in an arena-owned array: the array doubles when `count` has
// reached `*capacity` (the old one stays in the arena). Returns the array, or NULL when memory is
// out; on NULL nothing has changed.
void *gb_arena_grow(gb_arena *arena, void *array, size_t count, size_t *capacity, size_t size);

#endif
