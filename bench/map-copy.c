// The floor of what a table costs that is copied: a BPF hash of N entries (key and value 8 bytes each) is read by batches and written into another
// one by batches. Prints seconds of reading and of writing.
// Usage: map-copy N
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH 65536

static long bpf(int command, union bpf_attr *attr) { return syscall(SYS_bpf, command, attr, sizeof *attr); }

static void need(int is_so, const char *what) {
  if (is_so) return;
  perror(what);
  exit(1);
}

static int hash_of(uint32_t entries) {
  union bpf_attr attr = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 8, .max_entries = entries};
  int fd = bpf(BPF_MAP_CREATE, &attr);
  need(fd >= 0, "BPF_MAP_CREATE");
  return fd;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void update(int map, uint64_t *keys, uint64_t *values, uint32_t count) {
  union bpf_attr attr = {.batch = {.map_fd = map, .keys = (uint64_t)keys, .values = (uint64_t)values, .count = count}};
  need(bpf(BPF_MAP_UPDATE_BATCH, &attr) == 0, "BPF_MAP_UPDATE_BATCH");
}

int main(int argc, char **argv) {
  uint32_t count = argc > 1 ? strtoul(argv[1], 0, 10) : 0;
  need(count > 0, "usage: map-copy N");
  uint64_t *keys = malloc(8ull * (count + BATCH)), *values = malloc(8ull * (count + BATCH));
  need(keys && values, "malloc");
  int from = hash_of(2 * count), to = hash_of(2 * count);
  for (uint64_t k = 0; k < count; k++) keys[k] = values[k] = (k + 1) * 0x9e3779b97f4a7c15ull;
  update(from, keys, values, count);
  memset(keys, 0, 8ull * count);
  double began = now();
  uint32_t found = 0;
  uint64_t place = 0;
  for (long answer = 0; answer == 0;) {
    union bpf_attr attr = {.batch = {.map_fd = from, .in_batch = found ? (uint64_t)&place : 0, .out_batch = (uint64_t)&place}};
    attr.batch.keys = (uint64_t)(keys + found);
    attr.batch.values = (uint64_t)(values + found);
    attr.batch.count = BATCH;
    answer = bpf(BPF_MAP_LOOKUP_BATCH, &attr);
    found += attr.batch.count;
  }
  need(found == count, "BPF_MAP_LOOKUP_BATCH");
  double read = now();
  for (uint32_t k = 0; k < count; k += BATCH) update(to, keys + k, values + k, count - k < BATCH ? count - k : BATCH);
  printf("%.6f %.6f\n", read - began, now() - read);
}
