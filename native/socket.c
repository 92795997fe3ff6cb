/* socket.c - descriptors and sockets, one system call each. Sockets never block and close on exec. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FILTER_MAX 64 /* instructions */
#define POLL_MAX 256   /* entries of one call */
#define IOCTL_ROOM 16384 /* the largest size that an ioctl number can hold, and more than any plain one takes */

static napi_value js_open(napi_env env, napi_callback_info info) {
  ARGS("open");
  char path[PATH_MAX];
  arg_text(&a, 0, path, sizeof path);
  int flags = (int)arg_int(&a, 1, 0, INT_MAX);
  mode_t mode = (mode_t)arg_flags(&a, 2);
  if (args_bad(&a)) return NULL;
  int fd = open(path, flags | O_CLOEXEC, mode);
  return fd < 0 ? fail(env, "open", errno) : number(env, fd);
}

static napi_value js_close(napi_env env, napi_callback_info info) {
  ARGS("close");
  int fd = arg_fd(&a, 0);
  if (args_bad(&a)) return NULL;
  return close(fd) < 0 ? fail(env, "close", errno) : NULL;
}

static napi_value js_flock(napi_env env, napi_callback_info info) {
  ARGS("flock");
  int fd = arg_fd(&a, 0), operation = (int)arg_int(&a, 1, 0, INT_MAX);
  if (args_bad(&a)) return NULL;
  return flock(fd, operation) < 0 ? fail(env, "flock", errno) : NULL;
}

static napi_value js_socket(napi_env env, napi_callback_info info) {
  ARGS("socket");
  int domain = (int)arg_int(&a, 0, INT_MIN, INT_MAX), type = (int)arg_int(&a, 1, INT_MIN, INT_MAX);
  int protocol = (int)arg_int(&a, 2, INT_MIN, INT_MAX), nsfd = arg_nsfd(&a, 3), saved;
  if (args_bad(&a)) return NULL;
  int err = enter_netns(nsfd, &saved);
  if (err) return fail(env, "setns", -err);
  int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  err = errno;
  leave_netns(saved);
  return fd < 0 ? fail(env, "socket", err) : number(env, fd);
}

static napi_value js_bind(napi_env env, napi_callback_info info) {
  ARGS("bind");
  int fd = arg_fd(&a, 0);
  Bytes address = arg_bytes(&a, 1);
  if (args_bad(&a)) return NULL;
  return bind(fd, (void *)address.at, (socklen_t)address.size) < 0 ? fail(env, "bind", errno) : NULL;
}

static napi_value js_listen(napi_env env, napi_callback_info info) {
  ARGS("listen");
  int fd = arg_fd(&a, 0), backlog = (int)arg_int(&a, 1, 0, INT_MAX);
  if (args_bad(&a)) return NULL;
  return listen(fd, backlog) < 0 ? fail(env, "listen", errno) : NULL;
}

static napi_value js_connect(napi_env env, napi_callback_info info) {
  ARGS("connect");
  int fd = arg_fd(&a, 0);
  Bytes address = arg_bytes(&a, 1);
  if (args_bad(&a)) return NULL;
  bool connected = connect(fd, (void *)address.at, (socklen_t)address.size) == 0;
  /* usual, and an exception would cost more than the call */
  if (!connected && errno != EINPROGRESS) return fail(env, "connect", errno);
  napi_value out;
  return napi_get_boolean(env, connected, &out) == napi_ok ? out : NULL;
}

static napi_value js_setsockopt(napi_env env, napi_callback_info info) {
  ARGS("setsockopt");
  int fd = arg_fd(&a, 0), level = (int)arg_int(&a, 1, INT_MIN, INT_MAX), name = (int)arg_int(&a, 2, INT_MIN, INT_MAX);
  Bytes value = arg_bytes(&a, 3);
  if (args_bad(&a)) return NULL;
  return setsockopt(fd, level, name, value.at, (socklen_t)value.size) < 0 ? fail(env, "setsockopt", errno) : NULL;
}

/* The option's value is a pointer, which setsockopt above does not pass. */
static napi_value js_attach_filter(napi_env env, napi_callback_info info) {
  ARGS("attachFilter");
  int fd = arg_fd(&a, 0);
  Bytes program = arg_bytes(&a, 1);
  struct sock_filter instructions[FILTER_MAX];
  if (!program.size || program.size % sizeof *instructions || program.size > sizeof instructions) args_reject(&a, "no program of classic BPF");
  if (args_bad(&a)) return NULL;
  memcpy(instructions, program.at, program.size);
  struct sock_fprog value = {.len = (unsigned short)(program.size / sizeof *instructions), .filter = instructions};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &value, sizeof value) < 0 ? fail(env, "setsockopt", errno) : NULL;
}

static napi_value js_getsockopt(napi_env env, napi_callback_info info) {
  ARGS("getsockopt");
  int fd = arg_fd(&a, 0), level = (int)arg_int(&a, 1, INT_MIN, INT_MAX), name = (int)arg_int(&a, 2, INT_MIN, INT_MAX);
  Bytes value = arg_bytes(&a, 3);
  socklen_t size = (socklen_t)value.size;
  if (args_bad(&a)) return NULL;
  return getsockopt(fd, level, name, value.at, &size) < 0 ? fail(env, "getsockopt", errno) : number(env, size);
}

static napi_value js_getsockname(napi_env env, napi_callback_info info) {
  ARGS("getsockname");
  int fd = arg_fd(&a, 0);
  Bytes address = arg_bytes(&a, 1);
  socklen_t size = (socklen_t)address.size;
  if (args_bad(&a)) return NULL;
  return getsockname(fd, (void *)address.at, &size) < 0 ? fail(env, "getsockname", errno) : number(env, size);
}

static napi_value js_sendto(napi_env env, napi_callback_info info) {
  ARGS("sendto");
  int fd = arg_fd(&a, 0);
  Bytes bytes = arg_bytes(&a, 1), address = arg_bytes_maybe(&a, 2);
  if (args_bad(&a)) return NULL;
  ssize_t n = sendto(fd, bytes.at, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL, (void *)address.at, (socklen_t)address.size);
  return n < 0 ? fail(env, "sendto", errno) : number(env, n);
}

static napi_value js_recvfrom(napi_env env, napi_callback_info info) {
  ARGS("recvfrom");
  int fd = arg_fd(&a, 0);
  Bytes into = arg_bytes(&a, 1), address = arg_bytes_maybe(&a, 2);
  int flags = (int)arg_flags(&a, 3);
  socklen_t size = (socklen_t)address.size;
  if (args_bad(&a)) return NULL;
  ssize_t n = recvfrom(fd, into.at, into.size, flags | MSG_DONTWAIT, (void *)address.at, address.at ? &size : NULL);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return number(env, -1);
  return n < 0 ? fail(env, "recvfrom", errno) : number(env, n);
}

/* The kernel decides how much it reads and writes, so it works on a larger copy: a short argument cannot be overrun. */
static napi_value js_ioctl(napi_env env, napi_callback_info info) {
  ARGS("ioctl");
  int fd = arg_fd(&a, 0);
  unsigned long request = (unsigned long)arg_int(&a, 1, 0, UINT32_MAX);
  Bytes arg = arg_bytes(&a, 2);
  if (arg.size > IOCTL_ROOM) args_reject(&a, "argument 3: too long");
  if (args_bad(&a)) return NULL;
  _Alignas(16) uint8_t room[IOCTL_ROOM];
  memset(room, 0, sizeof room);
  if (arg.size) memcpy(room, arg.at, arg.size);
  int got = ioctl(fd, request, room);
  if (got < 0) return fail(env, "ioctl", errno);
  if (arg.size) memcpy(arg.at, room, arg.size);
  return number(env, got);
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static napi_value js_poll_once(napi_env env, napi_callback_info info) {
  ARGS("poll");
  int fd = arg_fd(&a, 0);
  short events = (short)arg_int(&a, 1, 0, SHRT_MAX);
  int64_t ms = arg_int(&a, 2, 0, INT_MAX), until = now_ms() + ms;
  if (args_bad(&a)) return NULL;
  if (fd < 0) return fail(env, "poll", EBADF); /* poll(2) would ignore it and wait */
  struct pollfd p = {.fd = fd, .events = events};
  int n = poll(&p, 1, (int)ms);
  while (n < 0 && errno == EINTR) {
    int64_t left = until - now_ms();
    n = poll(&p, 1, left > 0 ? (int)left : 0);
  }
  if (n < 0) return fail(env, "poll", errno);
  return p.revents & POLLNVAL ? fail(env, "poll", EBADF) : number(env, p.revents);
}

/* pollNow(entries): sets the revents of each struct pollfd in place; how many are not 0. Never waits. */
static napi_value js_poll_now(napi_env env, napi_callback_info info) {
  ARGS("poll");
  Bytes entries = arg_bytes(&a, 0);
  size_t count = entries.size / sizeof(struct pollfd);
  if (entries.size % sizeof(struct pollfd) || count > POLL_MAX) args_reject(&a, "argument 1: no list of struct pollfd");
  if (args_bad(&a)) return NULL;
  struct pollfd room[POLL_MAX]; /* the bytes of a Uint8Array may stand at any address */
  if (count) memcpy(room, entries.at, entries.size);
  int ready = poll(room, count, 0);
  if (ready < 0) return fail(env, "poll", errno);
  if (count) memcpy(entries.at, room, entries.size);
  return number(env, ready);
}

const Export socket_exports[] = {
    {"open", js_open},
    {"close", js_close},
    {"flock", js_flock},
    {"socket", js_socket},
    {"bind", js_bind},
    {"listen", js_listen},
    {"connect", js_connect},
    {"setsockopt", js_setsockopt},
    {"attachFilter", js_attach_filter},
    {"getsockopt", js_getsockopt},
    {"getsockname", js_getsockname},
    {"sendto", js_sendto},
    {"recvfrom", js_recvfrom},
    {"ioctl", js_ioctl},
    {"pollOnce", js_poll_once},
    {"pollNow", js_poll_now},
    {NULL, NULL},
};
