/* addon.h - what the files of the addon share: arguments, errors, namespaces.
 *
 * Rules: no policy; nothing is allocated that outlives a call except poll handles, BPF objects and mappings, each
 * owned by a JavaScript value; every failure is thrown with {code, errno, syscall}; addresses and messages cross as
 * raw bytes, all encoding lives in TypeScript. A wrong argument throws EINVAL and touches nothing.
 */
#ifndef WEIR_ADDON_H
#define WEIR_ADDON_H

#include <node_api.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGS_MAX 7

/* One call's arguments. The first wrong one sets `bad`; a caller reads all of them, then calls args_bad() once. */
typedef struct {
  napi_env env;
  const char *call;
  size_t argc;
  napi_value argv[ARGS_MAX];
  char why[64];
  bool bad;
} Args;

typedef struct {
  uint8_t *at;
  size_t size;
} Bytes;

void args_read(Args *a, napi_env env, napi_callback_info info, const char *call);
/* True and the exception pending when an argument was wrong. */
bool args_bad(Args *a);
/* Marks the call's arguments wrong; the text ends up in the message. */
void args_reject(Args *a, const char *why);
bool args_given(const Args *a, size_t i);
int64_t arg_int(Args *a, size_t i, int64_t min, int64_t max);
int arg_fd(Args *a, size_t i);
/* An optional network namespace: -1 (our own) when absent. */
int arg_nsfd(Args *a, size_t i);
uint32_t arg_flags(Args *a, size_t i); /* absent: 0 */
bool arg_bool(Args *a, size_t i);
Bytes arg_bytes(Args *a, size_t i);
Bytes arg_bytes_maybe(Args *a, size_t i); /* absent, null: {NULL, 0} */
/* Copies a text without NUL bytes; too long is wrong. */
void arg_text(Args *a, size_t i, char *into, size_t room);
/* The data behind an object of ours with this tag, or NULL. */
void *arg_handle(Args *a, size_t i, const napi_type_tag *tag, const char *wanted);
/* A field of an options object (argument i), or NULL. A getter may run JavaScript, which may move or detach any buffer:
 * fetch all fields first, then convert them. An absent field converts to `other` / {NULL, 0}. */
napi_value arg_field(Args *a, size_t i, const char *name);
int64_t field_int(Args *a, napi_value field, const char *name, int64_t min, int64_t max, int64_t other);
Bytes field_bytes(Args *a, napi_value field, const char *name);

#define ARGS(name) \
  Args a;          \
  args_read(&a, env, info, name)

/* Throws {code, errno, syscall}; err is positive. Always NULL, so that a callback can return it. */
napi_value fail(napi_env env, const char *syscall, int err);
/* fail() with a fourth field `log`: the last words of libbpf on this thread; left out where there are none. */
napi_value fail_with_log(napi_env env, const char *syscall, int err);
/* libbpf's messages are kept per thread instead of going to stderr: clear before a call, read by fail_with_log. */
void log_clear(void);
void log_install(void);

napi_value number(napi_env env, int64_t n);
/* Sets a number on an object under construction. */
void set_number(napi_env env, napi_value object, const char *name, int64_t n);

/* Between enter_netns() and leave_netns() this thread is in another namespace. Both calls stand inside one native
 * call, so no JavaScript ever runs in the wrong place. nsfd -1: nothing happens. enter: 0 or -errno. */
int enter_netns(int nsfd, int *saved);
void leave_netns(int saved);

/* bpf_obj_get_info_by_fd with the descriptor's kind ("bpf-map", "bpf-prog", "bpf_link") checked, for each kind answers
 * with a struct of its own. `info` is zeroed first. 0 or a positive errno; EINVAL: another kind. */
int bpf_info(int fd, const char *kind, void *info, uint32_t size);

/* Between the two no signal comes to this thread: the kernel gives up verifying a program (EAGAIN), or running one many times (EINTR), where one waits
 * for the thread that asked. Those of the process go to its other threads meanwhile, or come later. */
void hold_signals(sigset_t *before);
void release_signals(const sigset_t *before);

typedef struct {
  const char *name;
  napi_callback call;
} Export;

/* Each ends with a NULL name. */
extern const Export socket_exports[], message_exports[], poll_exports[], epoll_exports[], timer_exports[], netns_exports[],
    process_exports[], spawn_exports[], reactor_exports[], object_exports[], map_exports[], attach_exports[], program_exports[];

#endif
