/* bpf-map.c - maps by descriptor. The kernel does not know the caller's buffer sizes, so they are compared with the map's here. */
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

typedef struct {
  size_t key;
  size_t value; /* as lookups and updates move it: for per-CPU maps one slot for each possible CPU */
} Sizes;

static bool per_cpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static int map_sizes(int fd, Sizes *s) {
  struct bpf_map_info m;
  __u32 size = sizeof m;
  memset(&m, 0, sizeof m);
  /* not bpf_info(): this runs before every map call, and those fail by themselves on descriptors of another kind */
  if (bpf_obj_get_info_by_fd(fd, &m, &size) < 0) return errno;
  s->key = m.key_size;
  s->value = m.value_size;
  if (!per_cpu(m.type)) return 0;
  int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return -cpus;
  s->value = ((s->value + 7) & ~(size_t)7) * (size_t)cpus;
  return 0;
}

static napi_value js_possible_cpus(napi_env env, napi_callback_info info) {
  (void)info;
  int n = libbpf_num_possible_cpus();
  return n < 0 ? fail(env, "libbpf_num_possible_cpus", -n) : number(env, n);
}

/* Kernel memory charged to a map, bytes; -1 without /proc. */
static int64_t map_memlock(int fd) {
  char path[64], line[128];
  long long bytes = -1;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  FILE *f = fopen(path, "re");
  if (!f) return -1;
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "memlock: %lld", &bytes) == 1) break;
  fclose(f);
  return bytes;
}

static napi_value js_info(napi_env env, napi_callback_info info) {
  ARGS("bpfMapInfo");
  int fd = arg_fd(&a, 0);
  struct bpf_map_info m;
  napi_value out, name;
  if (args_bad(&a)) return NULL;
  int err = bpf_info(fd, "bpf-map", &m, sizeof m);
  if (err) return fail(env, a.call, err);
  if (napi_create_object(env, &out) != napi_ok ||
      napi_create_string_utf8(env, m.name, strnlen(m.name, sizeof m.name), &name) != napi_ok)
    return NULL;
  set_number(env, out, "type", m.type);
  set_number(env, out, "id", m.id);
  set_number(env, out, "keySize", m.key_size);
  set_number(env, out, "valueSize", m.value_size);
  set_number(env, out, "maxEntries", m.max_entries);
  set_number(env, out, "mapFlags", m.map_flags);
  set_number(env, out, "memlock", map_memlock(fd));
  napi_set_named_property(env, out, "name", name);
  return out;
}

static napi_value js_create(napi_env env, napi_callback_info info) {
  ARGS("bpf_map_create");
  char name[16];
  uint32_t type = (uint32_t)arg_int(&a, 0, 0, UINT32_MAX);
  arg_text(&a, 1, name, sizeof name);
  uint32_t key = (uint32_t)arg_int(&a, 2, 0, UINT32_MAX), value = (uint32_t)arg_int(&a, 3, 0, UINT32_MAX);
  uint32_t entries = (uint32_t)arg_int(&a, 4, 0, UINT32_MAX);
  LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = arg_flags(&a, 5), .inner_map_fd = arg_flags(&a, 6));
  if (args_bad(&a)) return NULL;
  int fd = bpf_map_create(type, name, key, value, entries, &opts);
  return fd < 0 ? fail(env, a.call, errno) : number(env, fd);
}

static napi_value js_lookup(napi_env env, napi_callback_info info) {
  ARGS("bpf_map_lookup_elem");
  int fd = arg_fd(&a, 0);
  Bytes key = arg_bytes(&a, 1), into = arg_bytes(&a, 2);
  Sizes s;
  if (args_bad(&a)) return NULL;
  int err = map_sizes(fd, &s);
  if (err) return fail(env, a.call, err);
  if (key.size != s.key || into.size < s.value) return fail(env, a.call, EINVAL);
  return bpf_map_lookup_elem(fd, key.at, into.at) < 0 ? fail(env, a.call, errno) : NULL;
}

static napi_value js_update(napi_env env, napi_callback_info info) {
  ARGS("bpf_map_update_elem");
  int fd = arg_fd(&a, 0);
  Bytes key = arg_bytes(&a, 1), value = arg_bytes(&a, 2);
  uint32_t flags = arg_flags(&a, 3);
  Sizes s;
  if (args_bad(&a)) return NULL;
  int err = map_sizes(fd, &s);
  if (err) return fail(env, a.call, err);
  if (key.size != s.key || value.size != s.value) return fail(env, a.call, EINVAL);
  return bpf_map_update_elem(fd, key.at, value.at, flags) < 0 ? fail(env, a.call, errno) : NULL;
}

static napi_value js_delete(napi_env env, napi_callback_info info) {
  ARGS("bpf_map_delete_elem");
  int fd = arg_fd(&a, 0);
  Bytes key = arg_bytes(&a, 1);
  Sizes s;
  if (args_bad(&a)) return NULL;
  int err = map_sizes(fd, &s);
  if (err) return fail(env, a.call, err);
  if (key.size != s.key) return fail(env, a.call, EINVAL);
  return bpf_map_delete_elem(fd, key.at) < 0 ? fail(env, a.call, errno) : NULL;
}

static napi_value js_next_key(napi_env env, napi_callback_info info) {
  ARGS("bpf_map_get_next_key");
  int fd = arg_fd(&a, 0);
  bool first = !args_given(&a, 1);
  Bytes key = arg_bytes_maybe(&a, 1), next = arg_bytes(&a, 2);
  Sizes s;
  napi_value more;
  if (args_bad(&a)) return NULL;
  int err = map_sizes(fd, &s);
  if (err) return fail(env, a.call, err);
  if ((!first && key.size != s.key) || next.size < s.key) return fail(env, a.call, EINVAL);
  int got = bpf_map_get_next_key(fd, first ? NULL : key.at, next.at);
  if (got < 0 && errno != ENOENT) return fail(env, a.call, errno);
  return napi_get_boolean(env, got == 0, &more) == napi_ok ? more : NULL;
}

static void unmap(napi_env env, void *at, void *length) {
  (void)env;
  munmap(at, (size_t)(uintptr_t)length);
}

static napi_value js_mmap(napi_env env, napi_callback_info info) {
  ARGS("mmap");
  int fd = arg_fd(&a, 0);
  size_t length = (size_t)arg_int(&a, 1, 1, INT64_C(1) << 40);
  bool writable = arg_bool(&a, 2);
  off_t offset = args_given(&a, 3) ? (off_t)arg_int(&a, 3, 0, INT64_C(1) << 40) : 0;
  napi_value out;
  if (args_bad(&a)) return NULL;
  void *at = mmap(NULL, length, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, offset);
  if (at == MAP_FAILED) return fail(env, a.call, errno);
  if (napi_create_external_arraybuffer(env, at, length, unmap, (void *)(uintptr_t)length, &out) == napi_ok) return out;
  munmap(at, length);
  return fail(env, a.call, ENOMEM);
}

static napi_value js_pin(napi_env env, napi_callback_info info) {
  ARGS("bpf_obj_pin");
  char path[PATH_MAX];
  int fd = arg_fd(&a, 0);
  arg_text(&a, 1, path, sizeof path);
  if (args_bad(&a)) return NULL;
  return bpf_obj_pin(fd, path) < 0 ? fail(env, a.call, errno) : NULL;
}

static napi_value js_get(napi_env env, napi_callback_info info) {
  ARGS("bpf_obj_get");
  char path[PATH_MAX];
  arg_text(&a, 0, path, sizeof path);
  if (args_bad(&a)) return NULL;
  int fd = bpf_obj_get(path);
  return fd < 0 ? fail(env, a.call, errno) : number(env, fd);
}

const Export map_exports[] = {
    {"possibleCpus", js_possible_cpus},
    {"bpfMapInfo", js_info},
    {"bpfMapCreate", js_create},
    {"bpfMapLookup", js_lookup},
    {"bpfMapUpdate", js_update},
    {"bpfMapDelete", js_delete},
    {"bpfMapNextKey", js_next_key},
    {"bpfMapMmap", js_mmap},
    {"bpfObjPin", js_pin},
    {"bpfObjGet", js_get},
    {NULL, NULL},
};
