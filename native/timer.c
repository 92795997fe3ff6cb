/* timer.c - one-shot timers on the monotonic clock as descriptors, finer than the event loop's milliseconds. */
#include "addon.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define US_MAX (INT64_C(1) << 52)

/* timerCreate(): fd */
static napi_value js_timer_create(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  return fd < 0 ? fail(env, "timerfd_create", errno) : number(env, fd);
}

/* timerSet(fd, us): readable at this moment of the monotonic clock; a moment in the past: immediately. 0: never. */
static napi_value js_timer_set(napi_env env, napi_callback_info info) {
  ARGS("timerSet");
  int fd = arg_fd(&a, 0);
  int64_t us = arg_int(&a, 1, 0, US_MAX);
  if (args_bad(&a)) return NULL;
  struct itimerspec t = {.it_value = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}};
  return timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL) < 0 ? fail(env, "timerfd_settime", errno) : NULL;
}

/* timerRead(fd): how often it expired since the last call; 0: not yet */
static napi_value js_timer_read(napi_env env, napi_callback_info info) {
  ARGS("timerRead");
  int fd = arg_fd(&a, 0);
  uint64_t times = 0;
  if (args_bad(&a)) return NULL;
  /* fails for a descriptor of another kind, whose bytes must not be consumed */
  struct itimerspec t;
  if (timerfd_gettime(fd, &t) < 0) return fail(env, "timerfd_gettime", errno);
  ssize_t n = read(fd, &times, sizeof times);
  if (n < 0 && errno != EAGAIN) return fail(env, "read", errno);
  return number(env, n < 0 ? 0 : (int64_t)times);
}

const Export timer_exports[] = {
    {"timerCreate", js_timer_create},
    {"timerSet", js_timer_set},
    {"timerRead", js_timer_read},
    {NULL, NULL},
};
