/* reactor.c - many stream sockets by one epoll set of our own, watched by one uv_poll, bytes through one slab that is made once: a call
 * costs a tenth of a microsecond beside its system call. One reactor a thread. No policy.
 *
 * What the system refuses is a negative errno, not an exception: refusals are as usual here as success. A wrong argument throws EINVAL.
 */
#include "addon.h"
#include "libuv.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH_MAX 512   /* events of one call of the callback */
#define BATCHES_MAX 4   /* calls of it in one turn of the loop */
#define ACCEPT_MAX 64   /* connections of one call */
#define ACCEPT_BYTES 36 /* of each: the descriptor (4), its address's length (4), the address (28) */
#define SLAB_MAX (64 << 20)

/* Memory that both a reactor and an ArrayBuffer use; the last one to go unmaps it. */
typedef struct {
  void *at;
  size_t size;
  int owners;
} Shared;

typedef struct {
  napi_env env;
  napi_ref callback;
  napi_async_cleanup_hook_handle hook;
  uv_poll_t *poll;
  Shared *slab, *events;
  int set;
} Reactor;

static _Thread_local Reactor *here;

static void shared_release(Shared *s) {
  if (!s || --s->owners > 0) return;
  munmap(s->at, s->size);
  free(s);
}

static void shared_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)data;
  shared_release(hint);
}

/* With one owner, or NULL. */
static Shared *shared_make(size_t size) {
  Shared *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->size = size;
  s->owners = 1;
  s->at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (s->at != MAP_FAILED) return s;
  free(s);
  return NULL;
}

static bool shared_view(napi_env env, Shared *s, napi_value *out) {
  if (napi_create_external_arraybuffer(env, s->at, s->size, shared_finalize, s, out) != napi_ok) return false;
  s->owners++;
  return true;
}

static void reactor_free(Reactor *r) {
  if (r->set >= 0) close(r->set);
  shared_release(r->slab);
  shared_release(r->events);
  free(r->poll);
  free(r);
}

static void reactor_closed(uv_handle_t *handle) {
  Reactor *r = uv_handle_get_data(handle);
  napi_remove_async_cleanup_hook(r->hook);
  reactor_free(r);
}

/* Also the cleanup hook: the thread ends while the reactor is open. */
static void reactor_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  Reactor *r = data;
  if (here != r) return; /* uv_close is pending and will call the hook */
  here = NULL;
  uv_close((uv_handle_t *)r->poll, reactor_closed);
}

static void reactor_call(Reactor *r, int count) {
  napi_env env = r->env; /* r may be closed within the callback */
  napi_handle_scope scope;
  napi_value callback, global, arg, out, thrown;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, r->callback, &callback) == napi_ok && callback &&
      napi_get_global(env, &global) == napi_ok && (arg = number(env, count)) &&
      napi_make_callback(env, NULL, global, callback, 1, &arg, &out) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &thrown) == napi_ok)
    napi_fatal_exception(env, thrown);
  napi_close_handle_scope(env, scope);
}

/* Until there are no more events: a further turn of the loop costs more than a wait for none. */
static void reactor_ready(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  Reactor *r = uv_handle_get_data((uv_handle_t *)handle);
  struct epoll_event ready[BATCH_MAX];
  for (int batch = 0; batch < BATCHES_MAX && here == r; batch++) {
    int count = epoll_wait(r->set, ready, BATCH_MAX, 0);
    if (count <= 0) return;
    int32_t *pairs = r->events->at;
    for (int i = 0; i < count; i++) {
      pairs[2 * i] = ready[i].data.fd;
      pairs[2 * i + 1] = (int32_t)ready[i].events;
    }
    reactor_call(r, count);
  }
}

/* 0 and the poll alive on the loop, or -errno and nothing left behind. */
static int reactor_begin(Reactor *r) {
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(r->env, &loop) != napi_ok) return -EINVAL;
  int err = uv_poll_init(loop, r->poll, r->set);
  if (err) return err;
  uv_handle_set_data((uv_handle_t *)r->poll, r);
  if (napi_add_async_cleanup_hook(r->env, reactor_end, r, &r->hook) != napi_ok) abort(); /* out of memory */
  here = r;
  err = uv_poll_start(r->poll, UV_READABLE, reactor_ready);
  if (err) reactor_end(NULL, r);
  return err;
}

/* reactorOpen(slabBytes, callback): {slab, events}. The callback gets how many pairs of descriptor and events are in `events`. */
static napi_value js_open(napi_env env, napi_callback_info info) {
  ARGS("reactorOpen");
  napi_valuetype type = napi_undefined;
  napi_value out, slab, events;
  size_t size = (size_t)arg_int(&a, 0, 4096, SLAB_MAX);
  if (a.argc < 2 || napi_typeof(env, a.argv[1], &type) != napi_ok || type != napi_function)
    args_reject(&a, "argument 2: not a function");
  if (args_bad(&a)) return NULL;
  if (here) return fail(env, "reactorOpen", EBUSY);
  Reactor *r = calloc(1, sizeof *r);
  if (!r) return fail(env, "reactorOpen", ENOMEM);
  r->env = env;
  r->set = epoll_create1(EPOLL_CLOEXEC);
  int err = r->set < 0 ? errno : 0;
  r->poll = calloc(1, uv_handle_size(UV_POLL));
  r->slab = shared_make(size);
  r->events = shared_make(BATCH_MAX * 2 * sizeof(int32_t));
  if (!err && (!r->poll || !r->slab || !r->events)) err = ENOMEM;
  if (!err && (!shared_view(env, r->slab, &slab) || !shared_view(env, r->events, &events) || napi_create_object(env, &out) != napi_ok ||
               napi_set_named_property(env, out, "slab", slab) != napi_ok ||
               napi_set_named_property(env, out, "events", events) != napi_ok ||
               napi_create_reference(env, a.argv[1], 1, &r->callback) != napi_ok))
    err = ENOMEM;
  if (err) {
    reactor_free(r);
    return fail(env, "reactorOpen", err);
  }
  err = reactor_begin(r);
  return err ? fail(env, "reactorOpen", -err) : out;
}

/* reactorClose(): closes the set, no socket; closing twice does nothing */
static napi_value js_close(napi_env env, napi_callback_info info) {
  (void)info;
  Reactor *r = here;
  if (!r) return NULL;
  napi_delete_reference(env, r->callback);
  reactor_end(r->hook, r);
  return NULL;
}

/* The reactor of this thread; without one the call's arguments are wrong. */
static Reactor *reactor_here(Args *a) {
  if (!here) args_reject(a, "no reactor is open");
  return here;
}

/* [offset, offset + length) of the slab; outside of it the arguments are wrong. */
static struct iovec slab_part(Args *a, const Reactor *r, size_t i) {
  size_t size = r ? r->slab->size : 0;
  size_t offset = (size_t)arg_int(a, i, 0, (int64_t)size);
  size_t length = (size_t)arg_int(a, i + 1, 0, (int64_t)(size - offset));
  return (struct iovec){r ? (uint8_t *)r->slab->at + offset : NULL, length};
}

static int control(const Reactor *r, int operation, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(r->set, operation, fd, &event) < 0 ? -errno : 0;
}

/* reactorAdd(fd, events), reactorWatch(fd, events), reactorRemove(fd, 0): 0 or -errno */
static napi_value control_call(napi_env env, napi_callback_info info, const char *call, int operation) {
  ARGS(call);
  const Reactor *r = reactor_here(&a);
  int fd = arg_fd(&a, 0);
  uint32_t events = (uint32_t)arg_int(&a, 1, 0, UINT32_MAX);
  if (args_bad(&a)) return NULL;
  return number(env, control(r, operation, fd, events));
}

static napi_value js_add(napi_env env, napi_callback_info info) { return control_call(env, info, "reactorAdd", EPOLL_CTL_ADD); }
static napi_value js_watch(napi_env env, napi_callback_info info) { return control_call(env, info, "reactorWatch", EPOLL_CTL_MOD); }
static napi_value js_remove(napi_env env, napi_callback_info info) { return control_call(env, info, "reactorRemove", EPOLL_CTL_DEL); }

static int switch_on(int fd, int level, int option) {
  int one = 1;
  return setsockopt(fd, level, option, &one, sizeof one);
}

/* A connection that lasts: the kernel looks for its peer. Most do not, and need neither a timer nor a place in the set. */
static int adopt(const Reactor *r, int fd, uint32_t events) {
  return switch_on(fd, SOL_SOCKET, SO_KEEPALIVE) ? -errno : control(r, EPOLL_CTL_ADD, fd, events);
}

/* reactorAdopt(fd, events): watches an accepted connection that was not; 0 or -errno */
static napi_value js_adopt(napi_env env, napi_callback_info info) {
  ARGS("reactorAdopt");
  const Reactor *r = reactor_here(&a);
  int fd = arg_fd(&a, 0);
  uint32_t events = (uint32_t)arg_int(&a, 1, 0, UINT32_MAX);
  if (args_bad(&a)) return NULL;
  return number(env, adopt(r, fd, events));
}

/* What accepted sockets inherit is set here once. */
static int listener_options(int fd, int family) {
  if (switch_on(fd, SOL_SOCKET, SO_REUSEADDR) || switch_on(fd, SOL_SOCKET, SO_REUSEPORT) || switch_on(fd, IPPROTO_TCP, TCP_NODELAY)) return -1;
  /* clients speak first: the kernel keeps who is silent, for a second */
  if (switch_on(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT)) return -1;
  /* an address that is not here yet: the kernel has one option for both families */
  if (switch_on(fd, IPPROTO_IP, IP_FREEBIND)) return -1;
  return family == AF_INET6 ? switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY) : 0;
}

/* A request is acknowledged by its answer, not by a packet before it: reactorAcknowledge where it is not whole. listen() undoes it. */
static int acknowledge_late(int fd) {
  int zero = 0;
  return setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &zero, sizeof zero);
}

/* reactorListen(address, backlog): a listening socket outside of the set, or -errno */
static napi_value js_listen(napi_env env, napi_callback_info info) {
  ARGS("reactorListen");
  Bytes address = arg_bytes(&a, 0);
  int backlog = (int)arg_int(&a, 1, 1, 65535);
  if (!a.bad && address.size < sizeof(sa_family_t)) args_reject(&a, "argument 1: no address");
  if (args_bad(&a)) return NULL;
  sa_family_t family;
  memcpy(&family, address.at, sizeof family);
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return number(env, -errno);
  if (listener_options(fd, family) || bind(fd, (void *)address.at, (socklen_t)address.size) || listen(fd, backlog) || acknowledge_late(fd)) {
    int err = errno;
    close(fd);
    return number(env, -err);
  }
  return number(env, fd);
}

/* reactorAccept(listener, offset, events): how many connections are accepted, and watched where there are events; their entries in the
 * slab from offset on; or -errno where the first one failed */
static napi_value js_accept(napi_env env, napi_callback_info info) {
  ARGS("reactorAccept");
  const Reactor *r = reactor_here(&a);
  int listener = arg_fd(&a, 0), count = 0;
  size_t size = r ? r->slab->size : ACCEPT_MAX * ACCEPT_BYTES;
  size_t offset = (size_t)arg_int(&a, 1, 0, (int64_t)size - ACCEPT_MAX * ACCEPT_BYTES);
  uint32_t events = (uint32_t)arg_int(&a, 2, 0, UINT32_MAX);
  if (args_bad(&a)) return NULL;
  for (uint8_t *entry = (uint8_t *)r->slab->at + offset; count < ACCEPT_MAX; entry += ACCEPT_BYTES) {
    struct sockaddr_in6 peer = {0};
    socklen_t length = sizeof peer;
    int fd = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return number(env, count ? count : -errno);
    int err = events ? adopt(r, fd, events) : 0;
    if (err) {
      close(fd);
      return number(env, count ? count : err);
    }
    int32_t head[2] = {fd, (int32_t)length};
    memcpy(entry, head, sizeof head);
    memcpy(entry + sizeof head, &peer, sizeof peer);
    count++;
  }
  return number(env, count);
}

/* reactorConnect(address, events): a watched socket whose connection is under way, or -errno */
static napi_value js_connect(napi_env env, napi_callback_info info) {
  ARGS("reactorConnect");
  const Reactor *r = reactor_here(&a);
  Bytes address = arg_bytes(&a, 0);
  uint32_t events = (uint32_t)arg_int(&a, 1, 0, UINT32_MAX);
  if (!a.bad && address.size < sizeof(sa_family_t)) args_reject(&a, "argument 1: no address");
  if (args_bad(&a)) return NULL;
  sa_family_t family;
  memcpy(&family, address.at, sizeof family);
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return number(env, -errno);
  int err = 0;
  if (switch_on(fd, IPPROTO_TCP, TCP_NODELAY) || switch_on(fd, SOL_SOCKET, SO_KEEPALIVE)) err = errno;
  if (!err && connect(fd, (void *)address.at, (socklen_t)address.size) && errno != EINPROGRESS) err = errno;
  if (!err) err = -control(r, EPOLL_CTL_ADD, fd, events);
  if (err) close(fd);
  return number(env, err ? -err : fd);
}

/* reactorRecv(fd, offset, length): bytes, 0 at the end, or -errno */
static napi_value js_recv(napi_env env, napi_callback_info info) {
  ARGS("reactorRecv");
  int fd = arg_fd(&a, 0);
  struct iovec part = slab_part(&a, reactor_here(&a), 1);
  if (args_bad(&a)) return NULL;
  ssize_t n = recv(fd, part.iov_base, part.iov_len, MSG_DONTWAIT);
  return number(env, n < 0 ? -errno : n);
}

/* reactorSend(fd, offset, length, endFollows): bytes, or -errno. endFollows: the kernel keeps the last segment for the end of the stream */
static napi_value js_send(napi_env env, napi_callback_info info) {
  ARGS("reactorSend");
  int fd = arg_fd(&a, 0);
  struct iovec part = slab_part(&a, reactor_here(&a), 1);
  bool end_follows = arg_bool(&a, 3);
  if (args_bad(&a)) return NULL;
  ssize_t n = send(fd, part.iov_base, part.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT | (end_follows ? MSG_MORE : 0));
  return number(env, n < 0 ? -errno : n);
}

/* reactorAcknowledge(fd): what was received is acknowledged now, and what comes immediately; 0 or -errno */
static napi_value js_acknowledge(napi_env env, napi_callback_info info) {
  ARGS("reactorAcknowledge");
  int fd = arg_fd(&a, 0);
  if (args_bad(&a)) return NULL;
  return number(env, switch_on(fd, IPPROTO_TCP, TCP_QUICKACK) ? -errno : 0);
}

/* reactorShutdown(fd): ends what is sent; 0 or -errno */
static napi_value js_shutdown(napi_env env, napi_callback_info info) {
  ARGS("reactorShutdown");
  int fd = arg_fd(&a, 0);
  if (args_bad(&a)) return NULL;
  return number(env, shutdown(fd, SHUT_WR) < 0 ? -errno : 0);
}

/* reactorError(fd): the socket's pending error, taken from it: 0 or -errno */
static napi_value js_error(napi_env env, napi_callback_info info) {
  ARGS("reactorError");
  int fd = arg_fd(&a, 0), err = 0;
  socklen_t size = sizeof err;
  if (args_bad(&a)) return NULL;
  return number(env, getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0 ? -errno : -err);
}

/* reactorCloseFd(fd): 0 or -errno; it leaves the set */
static napi_value js_close_fd(napi_env env, napi_callback_info info) {
  ARGS("reactorCloseFd");
  int fd = arg_fd(&a, 0);
  if (args_bad(&a)) return NULL;
  return number(env, close(fd) < 0 ? -errno : 0);
}

const Export reactor_exports[] = {
    {"reactorOpen", js_open},       {"reactorClose", js_close},     {"reactorAdd", js_add},
    {"reactorWatch", js_watch},     {"reactorListen", js_listen},   {"reactorAccept", js_accept},
    {"reactorConnect", js_connect}, {"reactorRecv", js_recv},       {"reactorSend", js_send},
    {"reactorShutdown", js_shutdown}, {"reactorError", js_error},   {"reactorCloseFd", js_close_fd},
    {"reactorRemove", js_remove},   {"reactorAdopt", js_adopt},     {"reactorAcknowledge", js_acknowledge},
    {NULL, NULL},
};
