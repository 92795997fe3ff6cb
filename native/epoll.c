/* epoll.c - readiness of many descriptors by one: an epoll set is itself a descriptor that can be polled. Each entry carries two numbers of
 * the caller's. A descriptor leaves its set when it is closed.
 */
#include "addon.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define READY_MAX 256 /* how many entries one call reports */

/* epollCreate(): fd */
static napi_value js_epoll_create(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? fail(env, "epoll_create1", errno) : number(env, fd);
}

/* epollControl(set, operation, fd, events, slot, generation) */
static napi_value js_epoll_control(napi_env env, napi_callback_info info) {
  ARGS("epollControl");
  int set = arg_fd(&a, 0), operation = (int)arg_int(&a, 1, EPOLL_CTL_ADD, EPOLL_CTL_MOD), fd = arg_fd(&a, 2);
  uint32_t events = (uint32_t)arg_int(&a, 3, 0, UINT32_MAX), slot = (uint32_t)arg_int(&a, 4, 0, UINT32_MAX);
  uint32_t generation = (uint32_t)arg_int(&a, 5, 0, UINT32_MAX);
  if (args_bad(&a)) return NULL;
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)generation << 32 | slot};
  return epoll_ctl(set, operation, fd, &event) < 0 ? fail(env, "epoll_ctl", errno) : NULL;
}

/* epollWait(set, into): how many entries are ready now; of each 12 bytes: events, slot, generation */
static napi_value js_epoll_wait(napi_env env, napi_callback_info info) {
  ARGS("epollWait");
  int set = arg_fd(&a, 0);
  Bytes into = arg_bytes(&a, 1);
  if (!args_bad(&a) && into.size < 12) args_reject(&a, "argument 2: no room for an entry");
  if (args_bad(&a)) return NULL;
  struct epoll_event ready[READY_MAX];
  size_t room = into.size / 12 < READY_MAX ? into.size / 12 : READY_MAX;
  int count = epoll_wait(set, ready, (int)room, 0);
  if (count < 0 && errno != EINTR) return fail(env, "epoll_wait", errno);
  for (int i = 0; i < count; i++) {
    uint32_t entry[3] = {ready[i].events, (uint32_t)ready[i].data.u64, (uint32_t)(ready[i].data.u64 >> 32)};
    memcpy(into.at + 12 * i, entry, sizeof entry);
  }
  return number(env, count < 0 ? 0 : count);
}

const Export epoll_exports[] = {
    {"epollCreate", js_epoll_create},
    {"epollControl", js_epoll_control},
    {"epollWait", js_epoll_wait},
    {NULL, NULL},
};
