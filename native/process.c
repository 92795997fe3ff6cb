/* process.c - a process's scheduling, memory, limits and signals that Node does not handle, and the users of this system. */
#include "addon.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/inotify.h>
#include <limits.h>
#include <unistd.h>

#define NAME_ROOM 256
#define RECORD_ROOM (1 << 20) /* the largest group entry that is read */

/* setScheduler(tid, policy, priority); policy may carry SCHED_RESET_ON_FORK */
static napi_value js_set_scheduler(napi_env env, napi_callback_info info) {
  ARGS("setScheduler");
  pid_t tid = (pid_t)arg_int(&a, 0, 0, INT_MAX);
  int policy = (int)arg_int(&a, 1, 0, INT_MAX);
  struct sched_param p = {.sched_priority = (int)arg_int(&a, 2, 0, 99)};
  if (args_bad(&a)) return NULL;
  return sched_setscheduler(tid, policy, &p) < 0 ? fail(env, "sched_setscheduler", errno) : NULL;
}

/* setAffinity(tid, mask): bit n of the bytes is CPU n */
static napi_value js_set_affinity(napi_env env, napi_callback_info info) {
  ARGS("setAffinity");
  pid_t tid = (pid_t)arg_int(&a, 0, 0, INT_MAX);
  Bytes mask = arg_bytes(&a, 1);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (mask.size > sizeof cpus) args_reject(&a, "argument 2: too long");
  if (args_bad(&a)) return NULL;
  for (size_t cpu = 0; cpu < mask.size * 8; cpu++)
    if (mask.at[cpu / 8] >> cpu % 8 & 1) CPU_SET(cpu, &cpus);
  return sched_setaffinity(tid, sizeof cpus, &cpus) < 0 ? fail(env, "sched_setaffinity", errno) : NULL;
}

/* exitNow(status): ends the process without the runtime's own clean-up: Node 20 sometimes waits there for a worker thread for ever. */
static napi_value js_exit_now(napi_env env, napi_callback_info info) {
  ARGS("exitNow");
  int status = (int)arg_int(&a, 0, 0, 255);
  if (args_bad(&a)) return NULL;
  _exit(status);
}

/* lockFiles(): locks in memory what is mapped from files, and the stack. Not the heap: V8 releases its pages by madvise, which the kernel
 * refuses for locked pages, a fatal error for V8. */
static napi_value js_lock_files(napi_env env, napi_callback_info info) {
  (void)info;
  FILE *maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) return fail(env, "open /proc/self/maps", errno);
  char line[PATH_MAX + 128], path[8];
  int error = 0;
  while (error == 0 && fgets(line, sizeof line, maps) != NULL) {
    unsigned long from, to;
    if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %7s", &from, &to, path) != 3) continue;
    if (path[0] != '/' && strncmp(path, "[stack]", 7) != 0) continue;
    /* A mapping that is gone meanwhile needs no lock. */
    if (mlock2((void *)from, to - from, MLOCK_ONFAULT) < 0 && errno != ENOMEM) error = errno;
  }
  fclose(maps);
  return error != 0 ? fail(env, "mlock2", error) : NULL;
}

/* releaseFiles(): unmaps the pages of files that are mapped for reading alone (programs, libraries). What is used again comes back from the
 * kernel's cache. A mapping with pages that are no longer the file's (relocations) keeps them all; so does a locked one (EINVAL). */
static napi_value js_release_files(napi_env env, napi_callback_info info) {
  (void)info;
  FILE *maps = fopen("/proc/self/smaps", "re");
  if (maps == NULL) return fail(env, "open /proc/self/smaps", errno);
  char line[PATH_MAX + 128], perms[5], path[2];
  unsigned long from = 0, to = 0, start, end, kib;
  while (fgets(line, sizeof line, maps) != NULL) {
    int fields = sscanf(line, "%lx-%lx %4s %*s %*s %*s %1s", &start, &end, perms, path);
    if (fields >= 3) {
      bool is_file = fields == 4 && path[0] == '/';
      from = is_file && perms[0] == 'r' && perms[1] == '-' && perms[3] == 'p' ? start : 0;
      to = end;
    } else if (from != 0 && sscanf(line, "Anonymous: %lu", &kib) == 1 && kib == 0) {
      madvise((void *)from, to - from, MADV_DONTNEED);
    }
  }
  fclose(maps);
  return NULL;
}

/* setLimit(resource, soft, hard); -1: no limit */
static napi_value js_set_limit(napi_env env, napi_callback_info info) {
  ARGS("setLimit");
  int resource = (int)arg_int(&a, 0, 0, INT_MAX);
  int64_t soft = arg_int(&a, 1, -1, INT64_C(1) << 53), hard = arg_int(&a, 2, -1, INT64_C(1) << 53);
  if (args_bad(&a)) return NULL;
  struct rlimit limit = {soft < 0 ? RLIM_INFINITY : (rlim_t)soft, hard < 0 ? RLIM_INFINITY : (rlim_t)hard};
  return setrlimit(resource, &limit) < 0 ? fail(env, "setrlimit", errno) : NULL;
}

/* parentDeathSignal(signal): the signal when the thread that made this process ends; 0: none */
static napi_value js_parent_death_signal(napi_env env, napi_callback_info info) {
  ARGS("parentDeathSignal");
  int signal = (int)arg_int(&a, 0, 0, 64);
  if (args_bad(&a)) return NULL;
  return prctl(PR_SET_PDEATHSIG, signal) < 0 ? fail(env, "prctl", errno) : NULL;
}

/* Where the kernel has the words of this process (proc(5), /proc/PID/stat, arg_start and arg_end), or false. */
static bool words_at(unsigned long *start, unsigned long *end) {
  char text[2048];
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return false;
  text[size] = 0;
  const char *at = strrchr(text, ')'); /* the name before it may hold anything */
  for (int field = 2; at && field < 48; field++) at = strchr(at + 1, ' ');
  return at && sscanf(at, "%lu %lu", start, end) == 2 && *start != 0 && *end > *start;
}

/* setWords(bytes): the words of this process as ps and /proc/PID/cmdline show them, each with a NUL behind it; what has no room is cut off.
 * The memory is that of the words it was started with, of which the runtime keeps copies. */
static napi_value js_set_words(napi_env env, napi_callback_info info) {
  ARGS("setWords");
  Bytes words = arg_bytes(&a, 0);
  unsigned long start = 0, end = 0;
  if (words.size == 0) args_reject(&a, "argument 1: empty");
  if (args_bad(&a)) return NULL;
  if (!words_at(&start, &end)) return fail(env, "open /proc/self/stat", ENOENT);
  size_t room = end - start, size = words.size < room ? words.size : room;
  memset((void *)start, 0, room);
  memcpy((void *)start, words.at, size);
  ((char *)start)[size - 1] = 0;
  /* Needs CAP_SYS_RESOURCE: without it the rest of the room is shown as empty words. */
  prctl(PR_SET_MM, PR_SET_MM_ARG_END, start + size, 0, 0);
  return NULL;
}

/* Both ends of the pipe that the handler writes to; made once, for the process's life. */
static int signal_pipe[2] = {-1, -1};

static void on_signal(int signal) {
  int before = errno;
  uint8_t byte = (uint8_t)signal;
  ssize_t n = write(signal_pipe[1], &byte, 1); /* full: a wake-up is pending already */
  (void)n;
  errno = before;
}

/* watchSignal(number): a descriptor (another one for the same pipe on every call) that gives a byte, the number, for each. */
static napi_value js_watch_signal(napi_env env, napi_callback_info info) {
  ARGS("watchSignal");
  int signal = (int)arg_int(&a, 0, SIGRTMIN, SIGRTMAX);
  if (args_bad(&a)) return NULL;
  if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) < 0) return fail(env, "pipe2", errno);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  int fd = fcntl(signal_pipe[0], F_DUPFD_CLOEXEC, 3);
  if (fd < 0) return fail(env, "fcntl", errno);
  if (sigaction(signal, &action, NULL) == 0) return number(env, fd);
  int err = errno;
  close(fd);
  return fail(env, "sigaction", err);
}

/* takeSignals(): the handlers that are installed now get the signals that native/preload kept from the process's start on */
static napi_value js_take_signals(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  void (*take)(void);
  *(void **)&take = dlsym(RTLD_DEFAULT, "weir_take_signals");
  if (take) take();
  return NULL;
}

/* lookUpUser(name): {uid, gid} or undefined */
static napi_value js_look_up_user(napi_env env, napi_callback_info info) {
  ARGS("lookUpUser");
  char name[NAME_ROOM];
  struct passwd record, *found = NULL;
  napi_value out = NULL;
  arg_text(&a, 0, name, sizeof name);
  if (args_bad(&a)) return NULL;
  char *room = malloc(RECORD_ROOM);
  int err = room ? getpwnam_r(name, &record, room, RECORD_ROOM, &found) : ENOMEM;
  int64_t uid = found ? (int64_t)record.pw_uid : -1, gid = found ? (int64_t)record.pw_gid : -1;
  free(room);
  if (err) return fail(env, "getpwnam", err);
  if (uid < 0 || napi_create_object(env, &out) != napi_ok) return NULL;
  set_number(env, out, "uid", uid);
  set_number(env, out, "gid", gid);
  return out;
}

/* lookUpGroup(name): gid or undefined */
static napi_value js_look_up_group(napi_env env, napi_callback_info info) {
  ARGS("lookUpGroup");
  char name[NAME_ROOM];
  struct group record, *found = NULL;
  arg_text(&a, 0, name, sizeof name);
  if (args_bad(&a)) return NULL;
  char *room = malloc(RECORD_ROOM);
  int err = room ? getgrnam_r(name, &record, room, RECORD_ROOM, &found) : ENOMEM;
  int64_t gid = found ? (int64_t)record.gr_gid : -1;
  free(room);
  if (err) return fail(env, "getgrnam", err);
  return gid < 0 ? NULL : number(env, gid);
}

/* The user's groups, `gid` among them; *count of them, or NULL: no memory. */
static gid_t *groups_of(const char *name, gid_t gid, int *count) {
  gid_t *list = NULL;
  for (int room = 64;; room = *count) { /* repeated with the size that is needed */
    gid_t *more = realloc(list, (size_t)room * sizeof *list);
    if (!more) break;
    list = more;
    *count = room;
    if (getgrouplist(name, gid, list, count) >= 0) return list;
    if (*count <= room) break;
  }
  free(list);
  return NULL;
}

/* lookUpGroups(name, gid): the numbers of all groups of a user, `gid` first */
static napi_value js_look_up_groups(napi_env env, napi_callback_info info) {
  ARGS("lookUpGroups");
  char name[NAME_ROOM];
  napi_value out, one;
  int count = 0;
  arg_text(&a, 0, name, sizeof name);
  gid_t gid = (gid_t)arg_int(&a, 1, 0, UINT32_MAX);
  if (args_bad(&a)) return NULL;
  gid_t *list = groups_of(name, gid, &count);
  if (!list) return fail(env, "getgrouplist", ENOMEM);
  bool made = napi_create_array_with_length(env, (size_t)count, &out) == napi_ok;
  for (int i = 0; made && i < count; i++)
    made = napi_create_uint32(env, list[i], &one) == napi_ok && napi_set_element(env, out, (uint32_t)i, one) == napi_ok;
  free(list);
  return made ? out : NULL;
}

static napi_value js_mkfifo(napi_env env, napi_callback_info info) {
  ARGS("mkfifo");
  char path[PATH_MAX];
  arg_text(&a, 0, path, sizeof path);
  mode_t mode = (mode_t)arg_int(&a, 1, 0, 07777);
  if (args_bad(&a)) return NULL;
  return mkfifo(path, mode) < 0 ? fail(env, "mkfifo", errno) : NULL;
}

/* inotifyCreate(): fd, read by fs.readSync */
static napi_value js_inotify_create(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  return fd < 0 ? fail(env, "inotify_init", errno) : number(env, fd);
}

/* inotifyAdd(fd, path, mask): watch descriptor */
static napi_value js_inotify_add(napi_env env, napi_callback_info info) {
  ARGS("inotifyAdd");
  char path[PATH_MAX];
  int fd = arg_fd(&a, 0);
  arg_text(&a, 1, path, sizeof path);
  uint32_t mask = (uint32_t)arg_int(&a, 2, 1, UINT32_MAX);
  if (args_bad(&a)) return NULL;
  int watch = inotify_add_watch(fd, path, mask);
  return watch < 0 ? fail(env, "inotify_add_watch", errno) : number(env, watch);
}

static napi_value js_inotify_remove(napi_env env, napi_callback_info info) {
  ARGS("inotifyRemove");
  int fd = arg_fd(&a, 0), watch = (int)arg_int(&a, 1, 0, INT_MAX);
  if (args_bad(&a)) return NULL;
  return inotify_rm_watch(fd, watch) < 0 ? fail(env, "inotify_rm_watch", errno) : NULL;
}

const Export process_exports[] = {
    {"setScheduler", js_set_scheduler},
    {"setAffinity", js_set_affinity},
    {"exitNow", js_exit_now},
    {"lockFiles", js_lock_files},
    {"releaseFiles", js_release_files},
    {"setLimit", js_set_limit},
    {"parentDeathSignal", js_parent_death_signal},
    {"setWords", js_set_words},
    {"watchSignal", js_watch_signal},
    {"takeSignals", js_take_signals},
    {"lookUpUser", js_look_up_user},
    {"lookUpGroup", js_look_up_group},
    {"lookUpGroups", js_look_up_groups},
    {"mkfifo", js_mkfifo},
    {"inotifyCreate", js_inotify_create},
    {"inotifyAdd", js_inotify_add},
    {"inotifyRemove", js_inotify_remove},
    {NULL, NULL},
};
