// A fuzz target is one function, run on many inputs by libFuzzer (`make fuzz`), and on the seeds by
// replay.c in every `make check`, which needs no clang.
//
// To add one: tests/fuzz/fuzz_NAME.c with this function, a few small files in seeds/NAME/, and, if
// it helps, words of the format in NAME.dict. A broken promise calls abort().
#ifndef GB_TESTS_FUZZ_H
#define GB_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

// Returns 0. `bytes` may be NULL where `size` is 0.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
