/* few-capabilities.c - takes from a process of the daemon the capabilities that it does not need, before it begins.
 *
 * Capabilities are of a thread, not of a process, and Node has several threads before the program's first line. So this is done in front of Node: the
 * supervisor names in WEIR_CAPABILITIES, in hexadecimal, those that stay (capabilities(7)). What such a process starts has no others either: the
 * bounding set is theirs, and no program gives more (PR_SET_NO_NEW_PRIVS). Where that cannot be done the process ends: it must not run with more
 * than was stated.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_PERMISSION 4 /* the daemon's status for what no restart changes */
#define CAPABILITIES_MAX 64

static const char variable[] = "WEIR_CAPABILITIES";

_Noreturn static void fail(const char *what) {
  fprintf(stderr, "weir: %s: %s\n", what, strerror(errno));
  _exit(NO_PERMISSION);
}

/* Without CAP_SETPCAP, as in a container, the set stays; then PR_SET_NO_NEW_PRIVS alone bounds what is started. */
static void bound(uint64_t kept) {
  for (int number = 0; number < CAPABILITIES_MAX; number++) {
    if (kept >> number & 1 || prctl(PR_CAPBSET_READ, number) != 1) continue;
    if (prctl(PR_CAPBSET_DROP, number) && errno != EPERM) fail("the bounding set cannot be made smaller");
  }
}

static void keep(uint64_t kept) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, data)) fail("capabilities cannot be read");
  for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
    uint32_t mask = (uint32_t)(kept >> 32 * word);
    data[word].permitted &= mask;
    data[word].effective = data[word].permitted;
    data[word].inheritable = 0;
  }
  if (syscall(SYS_capset, &header, data)) fail("capabilities cannot be given up");
}

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv(variable);
  if (!text) return;
  char *end;
  errno = 0;
  uint64_t kept = strtoull(text, &end, 16);
  if (errno || end == text || *end) {
    errno = EINVAL;
    fail(variable);
  }
  unsetenv(variable);
  bound(kept);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  keep(kept);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("PR_SET_NO_NEW_PRIVS");
}
