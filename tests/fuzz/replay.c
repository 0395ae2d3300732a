// Runs a fuzz target once on each file given: for seeds and findings, with any compiler.
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s FILE…\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
      perror(argv[i]);
      return 2;
    }
    long size = ftell(file);
    rewind(file);
    // At its exact size, so that the address sanitizer sees a read beyond the end.
    uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
    if (size < 0 || !bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
      perror(argv[i]);
      return 2;
    }
    fclose(file);
    printf("%s: %ld bytes\n", argv[i], size);
    fflush(stdout); // the last line names the file that ends the process
    LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
  }
  return 0;
}
