/* bpf-attach.c - programs on devices: links (XDP, tcx), clsact filters for older kernels, and what is attached. */
#include "addon.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the oldest headers that this builds with. */
#define LINK_TYPE_TCX 11
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define QUERY_MAX 64

static napi_value js_link_create(napi_env env, napi_callback_info info) {
  ARGS("bpf_link_create");
  int program = arg_fd(&a, 0), ifindex = (int)arg_int(&a, 1, 1, INT_MAX);
  int type = (int)arg_int(&a, 2, 0, INT_MAX);
  LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = arg_flags(&a, 3));
  int nsfd = arg_nsfd(&a, 4), saved;
  if (args_bad(&a)) return NULL;
  int err = enter_netns(nsfd, &saved);
  if (err) return fail(env, "setns", -err);
  int fd = bpf_link_create(program, ifindex, (enum bpf_attach_type)type, &opts);
  err = errno;
  leave_netns(saved);
  return fd < 0 ? fail(env, a.call, err) : number(env, fd);
}

static napi_value js_link_update(napi_env env, napi_callback_info info) {
  ARGS("bpf_link_update");
  int link = arg_fd(&a, 0), program = arg_fd(&a, 1);
  if (args_bad(&a)) return NULL;
  return bpf_link_update(link, program, NULL) < 0 ? fail(env, a.call, errno) : NULL;
}

static napi_value js_link_detach(napi_env env, napi_callback_info info) {
  ARGS("bpf_link_detach");
  int link = arg_fd(&a, 0);
  if (args_bad(&a)) return NULL;
  return bpf_link_detach(link) < 0 ? fail(env, a.call, errno) : NULL;
}

/* Large enough for the struct of any kernel; older headers end before the part that tcx fills. */
typedef union {
  struct bpf_link_info info;
  struct {
    __u32 type, id, prog_id, pad, ifindex, attach_type;
  } device; /* how struct bpf_link_info begins for links on a device */
  uint8_t room[512];
} LinkInfo;

static napi_value js_link_info(napi_env env, napi_callback_info info) {
  ARGS("bpfLinkInfo");
  int link = arg_fd(&a, 0);
  LinkInfo l;
  napi_value out;
  if (args_bad(&a)) return NULL;
  int err = bpf_info(link, "link", &l, sizeof l); /* bpf_link when made, bpf-link when opened from a pin */
  if (err) return fail(env, a.call, err);
  bool xdp = l.device.type == BPF_LINK_TYPE_XDP, tcx = l.device.type == LINK_TYPE_TCX;
  if (napi_create_object(env, &out) != napi_ok) return NULL;
  set_number(env, out, "type", l.device.type);
  set_number(env, out, "id", l.device.id);
  set_number(env, out, "progId", l.device.prog_id);
  set_number(env, out, "ifindex", xdp || tcx ? l.device.ifindex : 0);
  set_number(env, out, "attachType", xdp ? BPF_XDP : tcx ? l.device.attach_type : 0);
  return out;
}

static napi_value list(napi_env env, const __u32 *ids, size_t n) {
  napi_value out, v;
  if (napi_create_array_with_length(env, n, &out) != napi_ok) return NULL;
  for (size_t i = 0; i < n; i++)
    if (!(v = number(env, ids[i])) || napi_set_element(env, out, (uint32_t)i, v) != napi_ok) return NULL;
  return out;
}

/* Program ids in order; negative: -errno. XDP has a single one and answers over netlink only. */
static int query(int ifindex, uint32_t type, __u32 *ids) {
  if (type == BPF_XDP) {
    int err = bpf_xdp_query_id(ifindex, 0, ids);
    return err ? err : ids[0] != 0;
  }
  struct { /* attr.query with the fields that tcx writes, which libbpf 1.1 does not know */
    __u32 ifindex, type, query_flags, attach_flags;
    __u64 ids;
    __u32 count, pad;
    __u64 id_flags, link_ids, link_flags, revision;
  } attr = {.ifindex = (__u32)ifindex, .type = type, .ids = (uintptr_t)ids, .count = QUERY_MAX};
  if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof attr) < 0) return -errno;
  return attr.count > QUERY_MAX ? QUERY_MAX : (int)attr.count;
}

static napi_value js_query(napi_env env, napi_callback_info info) {
  ARGS("bpfProgQuery");
  int ifindex = (int)arg_int(&a, 0, 1, INT_MAX);
  uint32_t type = (uint32_t)arg_int(&a, 1, 0, INT_MAX);
  int nsfd = arg_nsfd(&a, 2), saved;
  __u32 ids[QUERY_MAX] = {0};
  if (args_bad(&a)) return NULL;
  if (type != BPF_XDP && type != ATTACH_TCX_INGRESS && type != ATTACH_TCX_EGRESS) return fail(env, a.call, EINVAL);
  int err = enter_netns(nsfd, &saved);
  if (err) return fail(env, "setns", -err);
  int n = query(ifindex, type, ids);
  leave_netns(saved);
  return n < 0 ? fail(env, a.call, -n) : list(env, ids, (size_t)n);
}

/* Arguments at, at+1, …: ifindex, egress, handle, priority, nsfd. */
typedef struct {
  struct bpf_tc_hook hook;
  uint32_t handle, priority;
  int nsfd;
} TcPlace;

static void arg_tc_place(Args *a, size_t at, TcPlace *place) {
  memset(place, 0, sizeof *place); /* also the padding: libbpf refuses a hook where it is not 0 */
  place->hook.sz = sizeof place->hook;
  place->hook.ifindex = (int)arg_int(a, at, 1, INT_MAX);
  place->hook.attach_point = arg_bool(a, at + 1) ? BPF_TC_EGRESS : BPF_TC_INGRESS;
  place->handle = (uint32_t)arg_int(a, at + 2, 1, UINT32_MAX);
  place->priority = (uint32_t)arg_int(a, at + 3, 1, UINT16_MAX);
  place->nsfd = arg_nsfd(a, at + 4);
}

static napi_value js_tc_attach(napi_env env, napi_callback_info info) {
  ARGS("bpf_tc_attach");
  int program = arg_fd(&a, 0), saved;
  TcPlace p;
  arg_tc_place(&a, 1, &p);
  if (args_bad(&a)) return NULL;
  LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program, .flags = BPF_TC_F_REPLACE, .handle = p.handle,
              .priority = p.priority);
  int err = enter_netns(p.nsfd, &saved);
  if (err) return fail(env, "setns", -err);
  log_clear();
  err = bpf_tc_hook_create(&p.hook);
  bool created = !err || err == -EEXIST;
  if (created) err = bpf_tc_attach(&p.hook, &opts);
  leave_netns(saved);
  return err ? fail_with_log(env, created ? a.call : "bpf_tc_hook_create", -err) : NULL;
}

static napi_value js_tc_detach(napi_env env, napi_callback_info info) {
  ARGS("bpf_tc_detach");
  int saved;
  TcPlace p;
  arg_tc_place(&a, 0, &p);
  if (args_bad(&a)) return NULL;
  LIBBPF_OPTS(bpf_tc_opts, opts, .handle = p.handle, .priority = p.priority);
  int err = enter_netns(p.nsfd, &saved);
  if (err) return fail(env, "setns", -err);
  log_clear();
  err = bpf_tc_detach(&p.hook, &opts);
  leave_netns(saved);
  return err ? fail_with_log(env, a.call, -err) : NULL;
}

static napi_value js_tc_query(napi_env env, napi_callback_info info) {
  ARGS("bpf_tc_query");
  int saved;
  TcPlace p;
  arg_tc_place(&a, 0, &p);
  if (args_bad(&a)) return NULL;
  LIBBPF_OPTS(bpf_tc_opts, opts, .handle = p.handle, .priority = p.priority);
  int err = enter_netns(p.nsfd, &saved);
  if (err) return fail(env, "setns", -err);
  log_clear();
  err = bpf_tc_query(&p.hook, &opts);
  leave_netns(saved);
  return err ? fail_with_log(env, a.call, -err) : number(env, opts.prog_id);
}

const Export attach_exports[] = {
    {"bpfLinkCreate", js_link_create},
    {"bpfLinkUpdate", js_link_update},
    {"bpfLinkDetach", js_link_detach},
    {"bpfLinkInfo", js_link_info},
    {"bpfProgQuery", js_query},
    {"bpfTcAttach", js_tc_attach},
    {"bpfTcDetach", js_tc_detach},
    {"bpfTcQuery", js_tc_query},
    {NULL, NULL},
};
