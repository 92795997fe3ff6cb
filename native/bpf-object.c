/* bpf-object.c - BPF object files: open, adjust, load, take descriptors out, close. */
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 256

typedef struct {
  struct bpf_object *object; /* NULL: closed */
  bool loaded;               /* or tried: libbpf allows one try */
} Object;

static const napi_type_tag object_tag = {0x2b7e90d14c6a4f83, 0x9d03f5a86e1c7b42};

static void object_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Object *o = data;
  bpf_object__close(o->object); /* NULL is allowed */
  free(o);
}

static Object *arg_object(Args *a) { return arg_handle(a, 0, &object_tag, "not a BPF object"); }

/* The arguments are whole and the object is open (and, if asked, not loaded yet); else an exception is pending. */
static bool usable(Args *a, const Object *o, bool before_load) {
  if (args_bad(a)) return false;
  if (!o->object) fail(a->env, a->call, EBADF);
  else if (before_load && o->loaded) fail(a->env, a->call, EBUSY);
  else return true;
  return false;
}

static napi_value js_open(napi_env env, napi_callback_info info) {
  ARGS("bpf_object__open");
  char path[PATH_MAX];
  napi_value out;
  arg_text(&a, 0, path, sizeof path);
  if (args_bad(&a)) return NULL;
  Object *o = calloc(1, sizeof *o);
  if (!o) return fail(env, "bpf_object__open", ENOMEM);
  log_clear();
  o->object = bpf_object__open_file(path, NULL);
  if (!o->object) {
    int err = errno;
    free(o);
    return fail_with_log(env, "bpf_object__open", err);
  }
  if (napi_create_object(env, &out) == napi_ok && napi_type_tag_object(env, out, &object_tag) == napi_ok &&
      napi_wrap(env, out, o, object_finalize, NULL, NULL) == napi_ok)
    return out;
  object_finalize(env, o, NULL);
  return fail(env, "bpf_object__open", ENOMEM);
}

static napi_value js_close(napi_env env, napi_callback_info info) {
  (void)env;
  ARGS("bpf_object__close");
  Object *o = arg_object(&a);
  if (args_bad(&a)) return NULL;
  bpf_object__close(o->object);
  o->object = NULL;
  return NULL;
}

static napi_value js_set_map_entries(napi_env env, napi_callback_info info) {
  ARGS("bpf_map__set_max_entries");
  char name[NAME_ROOM];
  Object *o = arg_object(&a);
  arg_text(&a, 1, name, sizeof name);
  uint32_t entries = (uint32_t)arg_int(&a, 2, 0, UINT32_MAX);
  if (!usable(&a, o, true)) return NULL;
  struct bpf_map *map = bpf_object__find_map_by_name(o->object, name);
  if (!map) return fail(env, a.call, ENOENT);
  int err = bpf_map__set_max_entries(map, entries);
  return err ? fail(env, a.call, -err) : NULL;
}

/* The first byte of the named variable in a data section's initial image, or NULL (errno ENOENT, EINVAL). */
static uint8_t *find_variable(struct bpf_object *object, const char *name, size_t size) {
  const struct btf *btf = bpf_object__btf(object);
  uint32_t types = btf ? btf__type_cnt(btf) : 0;
  errno = ENOENT;
  for (uint32_t id = 1; id < types; id++) {
    const struct btf_type *section = btf__type_by_id(btf, id);
    if (!btf_is_datasec(section)) continue;
    const struct btf_var_secinfo *v = btf_var_secinfos(section);
    for (int i = 0; i < btf_vlen(section); i++, v++) {
      const struct btf_type *var = btf__type_by_id(btf, v->type);
      if (!var || !btf_is_var(var) || strcmp(btf__name_by_offset(btf, var->name_off), name) != 0) continue;
      struct bpf_map *map = bpf_object__find_map_by_name(object, btf__name_by_offset(btf, section->name_off));
      size_t image_size = 0;
      /* libbpf 1.1 gives a const pointer, later ones do not; the image is the caller's to change before load */
      uint8_t *image = map ? (uint8_t *)bpf_map__initial_value(map, &image_size) : NULL;
      if (!image) continue; /* .ksyms, .kconfig and maps are sections too */
      errno = EINVAL;
      return v->size == size && v->offset <= image_size && size <= image_size - v->offset ? image + v->offset : NULL;
    }
  }
  return NULL;
}

static napi_value js_set_variable(napi_env env, napi_callback_info info) {
  ARGS("bpfSetVariable");
  char name[NAME_ROOM];
  Object *o = arg_object(&a);
  arg_text(&a, 1, name, sizeof name);
  Bytes value = arg_bytes(&a, 2);
  if (!usable(&a, o, true)) return NULL;
  uint8_t *image = find_variable(o->object, name, value.size);
  if (!image) return fail(env, a.call, errno);
  if (value.size) memcpy(image, value.at, value.size);
  return NULL;
}

static napi_value js_reuse_map(napi_env env, napi_callback_info info) {
  ARGS("bpf_map__reuse_fd");
  char name[NAME_ROOM];
  Object *o = arg_object(&a);
  arg_text(&a, 1, name, sizeof name);
  int fd = arg_fd(&a, 2);
  if (!usable(&a, o, true)) return NULL;
  struct bpf_map *map = bpf_object__find_map_by_name(o->object, name);
  if (!map) return fail(env, a.call, ENOENT);
  log_clear();
  int err = bpf_map__reuse_fd(map, fd);
  return err ? fail_with_log(env, a.call, -err) : NULL;
}

static napi_value js_set_autoload(napi_env env, napi_callback_info info) {
  ARGS("bpf_program__set_autoload");
  char name[NAME_ROOM];
  Object *o = arg_object(&a);
  arg_text(&a, 1, name, sizeof name);
  bool load = arg_bool(&a, 2);
  if (!usable(&a, o, true)) return NULL;
  struct bpf_program *program = bpf_object__find_program_by_name(o->object, name);
  if (!program) return fail(env, a.call, ENOENT);
  int err = bpf_program__set_autoload(program, load);
  return err ? fail(env, a.call, -err) : NULL;
}

static napi_value js_load(napi_env env, napi_callback_info info) {
  ARGS("bpf_object__load");
  Object *o = arg_object(&a);
  if (!usable(&a, o, true)) return NULL;
  o->loaded = true;
  log_clear();
  sigset_t before;
  hold_signals(&before);
  int err = bpf_object__load(o->object);
  release_signals(&before);
  return err ? fail_with_log(env, a.call, -err) : NULL;
}

/* fd as libbpf gave it (negative: not loaded, or -errno); the copy belongs to the caller. */
static napi_value copy_fd(napi_env env, const char *call, int fd) {
  if (fd < 0) return fail(env, call, -fd);
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return copy < 0 ? fail(env, call, errno) : number(env, copy);
}

static napi_value js_program_fd(napi_env env, napi_callback_info info) {
  ARGS("bpf_program__fd");
  char name[NAME_ROOM];
  Object *o = arg_object(&a);
  arg_text(&a, 1, name, sizeof name);
  if (!usable(&a, o, false)) return NULL;
  struct bpf_program *program = bpf_object__find_program_by_name(o->object, name);
  return program ? copy_fd(env, a.call, o->loaded ? bpf_program__fd(program) : -ENOENT) : fail(env, a.call, ENOENT);
}

static napi_value js_map_fd(napi_env env, napi_callback_info info) {
  ARGS("bpf_map__fd");
  char name[NAME_ROOM];
  Object *o = arg_object(&a);
  arg_text(&a, 1, name, sizeof name);
  if (!usable(&a, o, false)) return NULL;
  struct bpf_map *map = bpf_object__find_map_by_name(o->object, name);
  /* before the load libbpf 1.5 answers with a placeholder that is no map */
  return map ? copy_fd(env, a.call, o->loaded ? bpf_map__fd(map) : -ENOENT) : fail(env, a.call, ENOENT);
}

const Export object_exports[] = {
    {"bpfObjectOpen", js_open},
    {"bpfObjectClose", js_close},
    {"bpfSetMapEntries", js_set_map_entries},
    {"bpfSetVariable", js_set_variable},
    {"bpfReuseMap", js_reuse_map},
    {"bpfSetAutoload", js_set_autoload},
    {"bpfObjectLoad", js_load},
    {"bpfProgramFd", js_program_fd},
    {"bpfMapFd", js_map_fd},
    {NULL, NULL},
};
