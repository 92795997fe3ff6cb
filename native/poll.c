/* poll.c - readiness: one uv_poll_t per call of pollStart, on the calling thread's own loop.
 *
 * Two traps. A poll that is alive when its thread ends makes Node abort the process, hence the
 * cleanup hook. A descriptor that is closed under a poll makes libuv abort, hence the poll's own duplicate of it.
 */
#include "addon.h"
#include "libuv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  uv_poll_t *handle;
  napi_env env;
  napi_ref callback;
  napi_async_cleanup_hook_handle hook;
  int fd;
  int owners; /* the loop and the JavaScript handle; the last one to go frees */
  bool stopped;
} Poll;

static const napi_type_tag poll_tag = {0x6f1d3a5e0b9c4472, 0x8a51c7d2e3f60911};

static void poll_release(Poll *p) {
  if (--p->owners > 0) return;
  free(p->handle);
  free(p);
}

static void poll_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  poll_release(data);
}

static void poll_closed(uv_handle_t *handle) {
  Poll *p = uv_handle_get_data(handle);
  napi_remove_async_cleanup_hook(p->hook);
  poll_release(p);
}

/* Also the cleanup hook: the thread ends while the poll is alive. */
static void poll_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  Poll *p = data;
  if (p->stopped) return; /* uv_close is pending and will call the hook */
  p->stopped = true;
  uv_close((uv_handle_t *)p->handle, poll_closed); /* leaves the loop's epoll set immediately */
  close(p->fd);
}

static int to_uv(int events) {
  return (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0) |
         (events & POLLPRI ? UV_PRIORITIZED : 0) | (events & POLLRDHUP ? UV_DISCONNECT : 0);
}

static int from_uv(int events) {
  return (events & UV_READABLE ? POLLIN : 0) | (events & UV_WRITABLE ? POLLOUT : 0) |
         (events & UV_PRIORITIZED ? POLLPRI : 0) | (events & UV_DISCONNECT ? POLLRDHUP : 0);
}

static void poll_ready(uv_poll_t *handle, int status, int events) {
  Poll *p = uv_handle_get_data((uv_handle_t *)handle);
  napi_env env = p->env; /* p may be stopped within the callback */
  napi_handle_scope scope;
  napi_value callback, global, args[2], out, thrown;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, p->callback, &callback) == napi_ok && callback &&
      napi_get_global(env, &global) == napi_ok && (args[0] = number(env, status)) &&
      (args[1] = number(env, from_uv(events))) &&
      napi_make_callback(env, NULL, global, callback, 2, args, &out) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &thrown) == napi_ok)
    napi_fatal_exception(env, thrown);
  napi_close_handle_scope(env, scope);
}

/* 0 and p->handle alive on the loop, or -errno and nothing left behind. */
static int poll_begin(Poll *p, int fd, int events) {
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(p->env, &loop) != napi_ok) return -EINVAL;
  p->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (p->fd < 0) return -errno;
  int err = uv_poll_init(loop, p->handle, p->fd);
  if (err) {
    close(p->fd);
    return err;
  }
  uv_handle_set_data((uv_handle_t *)p->handle, p);
  if (napi_add_async_cleanup_hook(p->env, poll_end, p, &p->hook) != napi_ok) abort(); /* out of memory */
  p->owners++;
  err = uv_poll_start(p->handle, to_uv(events), poll_ready);
  if (err) poll_end(NULL, p);
  return err;
}

/* pollStart(fd, events, callback): handle */
static napi_value js_poll_start(napi_env env, napi_callback_info info) {
  ARGS("pollStart");
  napi_valuetype type = napi_undefined;
  napi_value out;
  int fd = arg_fd(&a, 0), events = (int)arg_int(&a, 1, 1, POLLIN | POLLOUT | POLLPRI | POLLRDHUP);
  if (a.argc < 3 || napi_typeof(env, a.argv[2], &type) != napi_ok || type != napi_function)
    args_reject(&a, "argument 3: not a function");
  if (!to_uv(events)) args_reject(&a, "argument 2: no event");
  if (args_bad(&a)) return NULL;
  Poll *p = calloc(1, sizeof *p);
  if (p) p->handle = calloc(1, uv_handle_size(UV_POLL));
  if (!p || !p->handle) {
    free(p);
    return fail(env, "pollStart", ENOMEM);
  }
  p->env = env;
  p->owners = 1;
  if (napi_create_object(env, &out) != napi_ok || napi_type_tag_object(env, out, &poll_tag) != napi_ok ||
      napi_wrap(env, out, p, poll_finalize, NULL, NULL) != napi_ok) {
    poll_release(p);
    return NULL;
  }
  int err = napi_create_reference(env, a.argv[2], 1, &p->callback) == napi_ok ? 0 : -ENOMEM;
  if (!err) err = poll_begin(p, fd, events);
  if (!err) return out;
  if (p->callback) napi_delete_reference(env, p->callback);
  p->stopped = true;
  return fail(env, "pollStart", -err); /* the garbage collector frees p with `out` */
}

/* pollStop(handle): stopping twice does nothing */
static napi_value js_poll_stop(napi_env env, napi_callback_info info) {
  ARGS("pollStop");
  Poll *p = arg_handle(&a, 0, &poll_tag, "not a poll handle");
  if (args_bad(&a)) return NULL;
  if (p->stopped) return NULL;
  napi_delete_reference(env, p->callback);
  poll_end(p->hook, p);
  return NULL;
}

const Export poll_exports[] = {
    {"pollStart", js_poll_start},
    {"pollStop", js_poll_stop},
    {NULL, NULL},
};
