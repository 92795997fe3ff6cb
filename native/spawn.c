/* spawn.c - programs started as a daemon starts scripts, and their ends.
 *
 * The child shares our memory until it is a program of its own (clone as vfork does it): no page tables are copied, so
 * a start costs a locked, real-time process well under a millisecond. Until then the child may only make system calls;
 * libc's setuid and the like would signal all our threads, so the raw system calls are used.
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK 65536
#define WORDS_MAX 65536
#define SIGNALLED 256 /* added to the number of the signal that ended a child */

typedef struct {
  const char *path;
  char **argv, **envp;
  int64_t uid, gid; /* -1: as we are */
  gid_t *groups;    /* all of them, where gid is given */
  size_t group_count;
  int error;
} Start;

static int prepare(const Start *s) {
  struct sched_param none = {0};
  struct rlimit endless = {RLIM_INFINITY, RLIM_INFINITY};
  gid_t gid = (gid_t)s->gid;
  uid_t uid = (uid_t)s->uid;
  int null = open("/dev/null", O_RDWR);
  if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) return errno;
  syscall(SYS_close_range, 3, ~0U, 0);
  if (setpgid(0, 0) < 0) return errno;
  /* without the privilege to raise these we have not raised them: nothing to restore */
  sched_setscheduler(0, SCHED_OTHER, &none);
  setpriority(PRIO_PROCESS, 0, 0);
  setrlimit(RLIMIT_RTTIME, &endless);
  if (s->gid >= 0 && (syscall(SYS_setgroups, s->group_count, s->groups) < 0 || syscall(SYS_setresgid, gid, gid, gid) < 0)) return errno;
  if (s->uid >= 0 && syscall(SYS_setresuid, uid, uid, uid) < 0) return errno;
  /* after the change of user, which clears it */
  return prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 ? errno : 0;
}

static int child(void *data) {
  Start *s = data;
  struct sigaction ordinary = {.sa_handler = SIG_DFL};
  sigset_t none;
  for (int signal = 1; signal < _NSIG; signal++) sigaction(signal, &ordinary, NULL);
  s->error = prepare(s);
  if (!s->error) {
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(s->path, s->argv, s->envp);
    s->error = errno;
  }
  _exit(127);
}

/* Texts, each ended by NUL, as a vector; NULL: they do not end so, are too many, or there is no memory. */
static char **vector_of(Bytes b, char **copy) {
  size_t count = 0, at = 0;
  for (size_t i = 0; i < b.size; i++) count += b.at[i] == 0;
  if (count > WORDS_MAX || (b.size && b.at[b.size - 1])) return NULL;
  char **vector = calloc(count + 1, sizeof *vector);
  *copy = malloc(b.size + 1);
  if (!vector || !*copy) {
    free(vector);
    return NULL;
  }
  if (b.size) memcpy(*copy, b.at, b.size);
  for (size_t i = 0; i < count; i++) {
    vector[i] = *copy + at;
    at += strlen(*copy + at) + 1;
  }
  return vector;
}

/* The child's pid and *pidfd, or -errno. No signal may reach the child while it runs on our memory. */
static int start(Start *s, int *pidfd) {
  char *stack = malloc(STACK);
  sigset_t all, before;
  if (!stack) return -ENOMEM;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pid = clone(child, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, s, pidfd);
  if (pid < 0) pid = -errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  free(stack);
  if (pid > 0 && s->error) { /* it never became a program */
    waitpid(pid, NULL, 0);
    close(*pidfd);
    return -s->error;
  }
  return pid;
}

/* The groups given, or `gid` alone; NULL: no memory. */
static gid_t *groups_of(Bytes b, int64_t gid, size_t *count) {
  gid_t *groups = malloc(b.size + sizeof *groups);
  if (!groups) return NULL;
  groups[0] = (gid_t)gid;
  if (b.size) memcpy(groups, b.at, b.size);
  *count = b.size ? b.size / sizeof *groups : 1;
  return groups;
}

/* spawn(path, argv, environment, uid, gid, groups?): {pid, pidfd}; texts each ended by NUL; -1: as we are */
static napi_value js_spawn(napi_env env, napi_callback_info info) {
  ARGS("spawn");
  char path[PATH_MAX], *words = NULL, *settings = NULL;
  napi_value out = NULL;
  int pidfd = -1;
  arg_text(&a, 0, path, sizeof path);
  Bytes argv = arg_bytes(&a, 1), envp = arg_bytes(&a, 2);
  Start s = {.path = path, .uid = arg_int(&a, 3, -1, UINT32_MAX - 1), .gid = arg_int(&a, 4, -1, UINT32_MAX - 1)};
  Bytes groups = arg_bytes_maybe(&a, 5);
  if (groups.size % sizeof(gid_t)) args_reject(&a, "argument 6: no whole groups");
  if (args_bad(&a)) return NULL;
  s.argv = vector_of(argv, &words);
  s.envp = vector_of(envp, &settings);
  s.groups = groups_of(groups, s.gid, &s.group_count);
  int pid = s.argv && s.envp && s.groups && s.argv[0] ? start(&s, &pidfd) : -EINVAL;
  free(s.groups);
  free(s.argv);
  free(s.envp);
  free(words);
  free(settings);
  if (pid < 0) return fail(env, "spawn", -pid);
  if (napi_create_object(env, &out) != napi_ok) return NULL;
  set_number(env, out, "pid", pid);
  set_number(env, out, "pidfd", pidfd);
  return out;
}

/* reap(pidfd): its exit status, 256 + the signal that ended it, or -1 while it runs */
static napi_value js_reap(napi_env env, napi_callback_info info) {
  ARGS("reap");
  int fd = arg_fd(&a, 0);
  siginfo_t how = {0};
  if (args_bad(&a)) return NULL;
  if (fd < 0) return fail(env, "waitid", EBADF);
  if (waitid(P_PIDFD, (id_t)fd, &how, WEXITED | WNOHANG) < 0) return fail(env, "waitid", errno);
  if (how.si_pid == 0) return number(env, -1);
  return number(env, how.si_code == CLD_EXITED ? how.si_status : SIGNALLED + how.si_status);
}

/* reapOrphans(own): how many ended children it reaped, none of `own` (pids, 32 bits each). It stops at one of those, which its owner reaps. */
static napi_value js_reap_orphans(napi_env env, napi_callback_info info) {
  ARGS("reapOrphans");
  Bytes own = arg_bytes(&a, 0);
  int64_t count = 0;
  if (own.size % sizeof(pid_t)) args_reject(&a, "argument 1: no whole pids");
  if (args_bad(&a)) return NULL;
  for (;; count++) {
    siginfo_t how = {0};
    if (waitid(P_ALL, 0, &how, WEXITED | WNOHANG | WNOWAIT) < 0) {
      return errno == ECHILD ? number(env, count) : fail(env, "waitid", errno);
    }
    if (how.si_pid == 0) return number(env, count);
    for (size_t at = 0; at < own.size; at += sizeof(pid_t)) {
      pid_t pid;
      memcpy(&pid, own.at + at, sizeof pid);
      if (pid == how.si_pid) return number(env, count);
    }
    waitpid(how.si_pid, NULL, WNOHANG);
  }
}

/* pidfdOpen(pid): a descriptor of that process */
static napi_value js_pidfd_open(napi_env env, napi_callback_info info) {
  ARGS("pidfdOpen");
  pid_t pid = (pid_t)arg_int(&a, 0, 1, INT_MAX);
  if (args_bad(&a)) return NULL;
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? fail(env, "pidfd_open", errno) : number(env, fd);
}

/* pidfdSignal(pidfd, signal): to that process and to no other that has its number by now; 0 sends none */
static napi_value js_pidfd_signal(napi_env env, napi_callback_info info) {
  ARGS("pidfdSignal");
  int fd = arg_fd(&a, 0), signal = (int)arg_int(&a, 1, 0, 64);
  if (args_bad(&a)) return NULL;
  return syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 ? fail(env, "pidfd_send_signal", errno) : NULL;
}

const Export spawn_exports[] = {
    {"spawn", js_spawn},
    {"reap", js_reap},
    {"reapOrphans", js_reap_orphans},
    {"pidfdOpen", js_pidfd_open},
    {"pidfdSignal", js_pidfd_signal},
    {NULL, NULL},
};
