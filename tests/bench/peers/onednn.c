// One convolution by oneDNN 2, run when told to: the same lines as `ghostbench bench --serve`.
//
// usage: onednn N CHANNELS SIZE OUT KERNEL STRIDE GROUPS WEIGHTS INPUT (two files of plain floats)
//
// Input, weights and output have the layouts that oneDNN asks for; changing to and from them is not
// timed, as inside a network of one kind of layer it would not be needed.
#define _POSIX_C_SOURCE 200809L
#include <dnnl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OK(call)                                                                                   \
  do {                                                                                             \
    dnnl_status_t ok_status = (call);                                                              \
    if (ok_status != dnnl_success) {                                                               \
      fprintf(stderr, "onednn: %s: status %d\n", #call, (int)ok_status);                           \
      exit(2);                                                                                     \
    }                                                                                              \
  } while (0)

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static dnnl_memory_t make_memory(const dnnl_memory_desc_t *desc) {
  dnnl_memory_t memory;
  OK(dnnl_memory_create(&memory, desc, engine, DNNL_MEMORY_ALLOCATE));
  return memory;
}

static size_t floats_of(const dnnl_memory_desc_t *desc) {
  size_t count = 1;
  for (int i = 0; i < desc->ndims; i++)
    count *= (size_t)desc->dims[i];
  return count;
}

static float *data_of(dnnl_memory_t memory) {
  void *data;
  OK(dnnl_memory_get_data_handle(memory, &data));
  return data;
}

static void change_layout(dnnl_memory_t from, dnnl_memory_t to) {
  const dnnl_memory_desc_t *a, *b;
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  OK(dnnl_memory_get_memory_desc(from, &a));
  OK(dnnl_memory_get_memory_desc(to, &b));
  OK(dnnl_reorder_primitive_desc_create(&desc, a, engine, b, engine, NULL));
  OK(dnnl_primitive_create(&primitive, desc));
  const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  OK(dnnl_primitive_execute(primitive, stream, 2, args));
  OK(dnnl_stream_wait(stream));
  dnnl_primitive_destroy(primitive);
  dnnl_primitive_desc_destroy(desc);
}

static dnnl_memory_t load(const char *path, const dnnl_memory_desc_t *plain) {
  dnnl_memory_t memory = make_memory(plain);
  size_t count = floats_of(plain);
  FILE *file = fopen(path, "rb");
  if (!file || fread(data_of(memory), sizeof(float), count, file) != count) {
    fprintf(stderr, "onednn: %s: cannot read %zu floats\n", path, count);
    exit(2);
  }
  fclose(file);
  return memory;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void print_values(dnnl_memory_t memory, size_t count) {
  const float *values = data_of(memory);
  printf("{\"values\": [");
  for (size_t i = 0; i < count; i++)
    printf("%s%.9g", i ? "," : "", (double)values[i]);
  printf("]}\n");
}

int main(int argc, char **argv) {
  if (argc != 10) {
    fprintf(stderr, "usage: onednn N CHANNELS SIZE OUT KERNEL STRIDE GROUPS WEIGHTS INPUT\n");
    return 2;
  }
  long v[7];
  for (int i = 0; i < 7; i++)
    v[i] = atol(argv[1 + i]);
  const long n = v[0], c = v[1], size = v[2], out = v[3], k = v[4], stride = v[5], groups = v[6];
  const long pad = k / 2, made = (size + 2 * pad - k) / stride + 1;
  OK(dnnl_engine_create(&engine, dnnl_cpu, 0));
  OK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));

  const dnnl_dims_t src = {n, c, size, size}, dst = {n, out, made, made},
                    weights = {groups, out / groups, c / groups, k, k}, whole = {out, c, k, k},
                    strides = {stride, stride}, dilates = {0, 0}, pads = {pad, pad};
  const int rank = groups > 1 ? 5 : 4;
  dnnl_memory_desc_t any[3], plain[3];
  for (int i = 0; i < 2; i++) {
    dnnl_memory_desc_t *to = i ? plain : any;
    OK(dnnl_memory_desc_init_by_tag(&to[0], 4, src, dnnl_f32, i ? dnnl_nchw : dnnl_format_tag_any));
    OK(dnnl_memory_desc_init_by_tag(&to[1], rank, groups > 1 ? weights : whole, dnnl_f32,
                                    i == 0       ? dnnl_format_tag_any
                                    : groups > 1 ? dnnl_goihw
                                                 : dnnl_oihw));
    OK(dnnl_memory_desc_init_by_tag(&to[2], 4, dst, dnnl_f32, i ? dnnl_nchw : dnnl_format_tag_any));
  }
  dnnl_convolution_desc_t conv;
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  OK(dnnl_dilated_convolution_forward_desc_init(&conv, dnnl_forward_inference,
                                                dnnl_convolution_auto, &any[0], &any[1], NULL,
                                                &any[2], strides, dilates, pads, pads));
  OK(dnnl_primitive_desc_create(&desc, &conv, NULL, engine, NULL));
  OK(dnnl_primitive_create(&primitive, desc));
  const dnnl_query_t queries[] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md};
  dnnl_memory_t memory[3],
      user[3] = {load(argv[9], &plain[0]), load(argv[8], &plain[1]), make_memory(&plain[2])};
  for (int i = 0; i < 3; i++)
    memory[i] = make_memory(dnnl_primitive_desc_query_md(desc, queries[i], 0));
  change_layout(user[0], memory[0]);
  change_layout(user[1], memory[1]);
  const dnnl_exec_arg_t args[] = {
      {DNNL_ARG_SRC, memory[0]}, {DNNL_ARG_WEIGHTS, memory[1]}, {DNNL_ARG_DST, memory[2]}};

  const char *implementation = "";
  OK(dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &implementation));
  const dnnl_version_t *version = dnnl_version();
  printf("{\"schema\": \"ghostbench-serve-1\", \"version\": \"%d.%d.%d\", \"kernel\": \"%s\"}\n",
         version->major, version->minor, version->patch, implementation);
  char line[64];
  while (fflush(stdout) == 0 && fgets(line, sizeof line, stdin)) {
    const long runs = strncmp(line, "run ", 4) == 0 ? atol(line + 4) : 0;
    if (strcmp(line, "output\n") == 0) {
      change_layout(memory[2], user[2]);
      print_values(user[2], floats_of(&plain[2]));
    } else if (runs < 1) {
      break;
    } else {
      printf("{\"samples_ms\": [");
      for (long i = 0; i < runs; i++) {
        const double start = now();
        OK(dnnl_primitive_execute(primitive, stream, 3, args));
        OK(dnnl_stream_wait(stream));
        printf("%s%.6f", i ? "," : "", now() - start);
      }
      printf("]}\n");
    }
  }
  return 0; // the system takes back what oneDNN holds
}
