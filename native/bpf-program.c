/* bpf-program.c - loaded programs: which one a descriptor is, and running one on a packet without a network. */
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUT_MAX (16 << 20)

int bpf_info(int fd, const char *kind, void *info, uint32_t size) {
  char path[64], link[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(path, link, sizeof link - 1);
  if (n < 0 && errno == ENOENT && access("/proc/self/fd", F_OK) == 0) return EBADF;
  if (n >= 0) { /* without /proc the caller's own system calls fail */
    link[n] = 0;
    if (!strstr(link, kind)) return EINVAL;
  }
  memset(info, 0, size);
  return bpf_obj_get_info_by_fd(fd, info, &size) < 0 ? errno : 0;
}

static napi_value js_id(napi_env env, napi_callback_info info) {
  ARGS("bpfProgId");
  int fd = arg_fd(&a, 0);
  struct bpf_prog_info p;
  if (args_bad(&a)) return NULL;
  int err = bpf_info(fd, "bpf-prog", &p, sizeof p);
  return err ? fail(env, a.call, err) : number(env, p.id);
}

/* A new Uint8Array with a copy of the bytes, or NULL. */
static napi_value copy_bytes(napi_env env, const void *bytes, size_t size) {
  napi_value buffer, view;
  void *at;
  if (napi_create_arraybuffer(env, size, &at, &buffer) != napi_ok) return NULL;
  if (size) memcpy(at, bytes, size);
  return napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &view) == napi_ok ? view : NULL;
}

static napi_value result(napi_env env, const struct bpf_test_run_opts *opts, size_t out_room) {
  napi_value out, data = copy_bytes(env, opts->data_out, out_room ? opts->data_size_out : 0);
  napi_value ctx = copy_bytes(env, opts->ctx_out, opts->ctx_out ? opts->ctx_size_out : 0);
  if (!data || !ctx || napi_create_object(env, &out) != napi_ok) return NULL;
  set_number(env, out, "retval", opts->retval);
  set_number(env, out, "duration", opts->duration);
  napi_set_named_property(env, out, "data", data);
  napi_set_named_property(env, out, "ctx", ctx);
  return out;
}

typedef struct {
  Bytes data, ctx;
  int64_t repeat, flags, cpu, batch, room;
} Test;

static void arg_test(Args *a, size_t i, Test *t) {
  napi_value data = arg_field(a, i, "data"), ctx = arg_field(a, i, "ctx"), repeat = arg_field(a, i, "repeat");
  napi_value flags = arg_field(a, i, "flags"), cpu = arg_field(a, i, "cpu"), batch = arg_field(a, i, "batchSize");
  napi_value room = arg_field(a, i, "outSize");
  t->data = field_bytes(a, data, "data");
  t->ctx = field_bytes(a, ctx, "ctx");
  if (!t->data.size && !t->ctx.size) args_reject(a, "neither data nor ctx");
  if (t->data.size > OUT_MAX || t->ctx.size > OUT_MAX) args_reject(a, "data or ctx: too long");
  t->repeat = field_int(a, repeat, "repeat", 0, INT_MAX, 1);
  t->flags = field_int(a, flags, "flags", 0, UINT32_MAX, 0);
  t->cpu = field_int(a, cpu, "cpu", 0, INT_MAX, 0);
  t->batch = field_int(a, batch, "batchSize", 0, INT_MAX, 0);
  t->room = field_int(a, room, "outSize", 0, OUT_MAX, t->data.size ? (int64_t)t->data.size + 256 : 0);
}

/* bpfProgTest(fd, {data, repeat, ctx, flags, cpu, batchSize, outSize}): {retval, duration, data, ctx} */
static napi_value js_test(napi_env env, napi_callback_info info) {
  ARGS("bpf_prog_test_run");
  int fd = arg_fd(&a, 0);
  Test t;
  arg_test(&a, 1, &t);
  if (args_bad(&a)) return NULL;
  size_t ctx_room = t.flags & BPF_F_TEST_XDP_LIVE_FRAMES ? 0 : t.ctx.size; /* with live frames the kernel returns none */
  uint8_t *out = t.room ? malloc((size_t)t.room) : NULL, *ctx_out = ctx_room ? malloc(ctx_room) : NULL;
  napi_value value = NULL;
  if ((t.room && !out) || (ctx_room && !ctx_out)) {
    fail(env, a.call, ENOMEM);
  } else {
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = t.data.size ? t.data.at : NULL,
                .data_size_in = (__u32)t.data.size, .data_out = out, .data_size_out = (__u32)t.room,
                .ctx_in = t.ctx.size ? t.ctx.at : NULL, .ctx_size_in = (__u32)t.ctx.size, .ctx_out = ctx_out,
                .ctx_size_out = (__u32)ctx_room, .repeat = (int)t.repeat, .flags = (__u32)t.flags,
                .cpu = (__u32)t.cpu, .batch_size = (__u32)t.batch);
    sigset_t before;
    hold_signals(&before);
    int err = bpf_prog_test_run_opts(fd, &opts) < 0 ? errno : 0;
    release_signals(&before);
    if (err) fail(env, a.call, err);
    else value = result(env, &opts, (size_t)t.room);
  }
  free(out);
  free(ctx_out);
  return value;
}

const Export program_exports[] = {
    {"bpfProgId", js_id},
    {"bpfProgTest", js_test},
    {NULL, NULL},
};
