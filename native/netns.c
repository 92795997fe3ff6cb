/* netns.c - network namespaces: acting in another one within a single call, moving a thread, comparing them. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#define COOKIE_STACK (64 * 1024)
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

/* A descriptor of this thread's namespace, or -errno. Without /proc (a bare chroot) it comes from a socket. */
static int own_netns(void) {
  int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) return fd;
  if (errno != ENOENT) return -errno;
  int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sock < 0) return -errno;
  fd = ioctl(sock, SIOCGSKNS);
  int err = errno;
  close(sock);
  if (fd < 0) return -err;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    err = errno;
    close(fd);
    return -err;
  }
  return fd;
}

int enter_netns(int nsfd, int *saved) {
  *saved = -1;
  if (nsfd < 0) return 0;
  int own = own_netns();
  if (own < 0) return own;
  if (setns(nsfd, CLONE_NEWNET) < 0) {
    int err = errno;
    close(own);
    return -err;
  }
  *saved = own;
  return 0;
}

void leave_netns(int saved) {
  if (saved < 0) return;
  if (setns(saved, CLONE_NEWNET) < 0) abort(); /* continuing in the wrong namespace would be worse than aborting */
  close(saved);
}

static napi_value js_setns(napi_env env, napi_callback_info info) {
  ARGS("setns");
  int fd = arg_fd(&a, 0);
  if (args_bad(&a)) return NULL;
  return setns(fd, CLONE_NEWNET) < 0 ? fail(env, "setns", errno) : NULL;
}

/* A socket of a namespace, for its cookie. */
struct cookie_socket {
  int nsfd;
  int sock;
  int err; /* of `call`, where sock is negative */
  const char *call;
};

static void *open_in_netns(void *arg) {
  struct cookie_socket *s = arg;
  s->call = "setns";
  if (setns(s->nsfd, CLONE_NEWNET) < 0) {
    s->err = errno;
    return NULL;
  }
  s->call = "socket";
  s->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  s->err = errno;
  return NULL;
}

/* By a thread of its own that does not come back: whoever takes a namespace down ends the processes in it, which /proc lists by their first thread. */
static void open_by_thread(struct cookie_socket *s) {
  sigset_t all, before;
  pthread_attr_t attr;
  pthread_t thread;
  sigfillset(&all);
  s->call = "pthread_create";
  s->err = pthread_attr_init(&attr);
  if (s->err) return;
  pthread_attr_setstacksize(&attr, COOKIE_STACK);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int err = pthread_create(&thread, &attr, open_in_netns, s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  if (err)
    s->err = err;
  else
    pthread_join(thread, NULL);
}

static napi_value js_netns_cookie(napi_env env, napi_callback_info info) {
  ARGS("netnsCookie");
  struct cookie_socket s = {.nsfd = arg_nsfd(&a, 0), .sock = -1};
  if (args_bad(&a)) return NULL;
  if (s.nsfd >= 0) {
    open_by_thread(&s);
  } else {
    s.call = "socket";
    s.sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    s.err = errno;
  }
  if (s.sock < 0) return fail(env, s.call, s.err);
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  int got = getsockopt(s.sock, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size);
  int err = errno;
  close(s.sock);
  if (got < 0) return fail(env, "getsockopt", err);
  napi_value v;
  return napi_create_bigint_uint64(env, cookie, &v) == napi_ok ? v : NULL;
}

static napi_value js_if_name_to_index(napi_env env, napi_callback_info info) {
  ARGS("if_nametoindex");
  char name[IF_NAMESIZE];
  arg_text(&a, 0, name, sizeof name);
  int nsfd = arg_nsfd(&a, 1), saved;
  if (args_bad(&a)) return NULL;
  int err = enter_netns(nsfd, &saved);
  if (err) return fail(env, "setns", -err);
  unsigned index = if_nametoindex(name);
  err = errno;
  leave_netns(saved);
  return index ? number(env, index) : fail(env, "if_nametoindex", err);
}

const Export netns_exports[] = {
    {"setns", js_setns},
    {"netnsCookie", js_netns_cookie},
    {"ifNameToIndex", js_if_name_to_index},
    {NULL, NULL},
};
