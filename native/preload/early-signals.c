/* early-signals.c - loaded in front of Node (LD_PRELOAD) by bin/keepalived and for the daemon's processes.
 *
 * Node sets every signal to its default action when it starts, and then takes SIGUSR1 for itself: it opens its debugger
 * on a TCP port, for every user of the host. Until the program has its own handlers, tens of milliseconds later, the
 * other signals that keepalived's operators send would end the process. So these signals are noted here from the first
 * moment, requests to handle them are kept, and the program takes both over (weir_take_signals) once it is ready.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNALS 5

static const int real_time_json = 36, real_time_clear = 63; /* keepalived's numbers, whatever SIGRTMIN is */

typedef int Sigaction(int, const struct sigaction *, struct sigaction *);

static struct {
  int number;
  volatile sig_atomic_t came;
  struct sigaction wanted; /* what the program asked for meanwhile */
} kept[SIGNALS];
static bool keeping;
static pid_t keeper;

static int place_of(int number) {
  for (int i = 0; i < SIGNALS; i++)
    if (kept[i].number == number) return i;
  return -1;
}

static Sigaction *real_sigaction(void) {
  static Sigaction *real;
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "sigaction");
  return real;
}

static void note(int number) {
  int i = place_of(number);
  if (i >= 0) kept[i].came = 1;
}

__attribute__((constructor)) static void begin(void) {
  const int numbers[SIGNALS] = {SIGHUP, SIGUSR1, SIGUSR2, real_time_json, real_time_clear};
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  for (int i = 0; i < SIGNALS; i++) {
    kept[i].number = numbers[i];
    kept[i].wanted.sa_handler = SIG_DFL;
    real_sigaction()(numbers[i], &action, NULL);
  }
  keeper = getpid();
  keeping = true;
}

/* In place of libc's: what is asked for a kept signal waits for weir_take_signals. */
__attribute__((visibility("default"))) int sigaction(int number, const struct sigaction *action, struct sigaction *before) {
  int i = keeping && getpid() == keeper ? place_of(number) : -1;
  if (i < 0) return real_sigaction()(number, action, before);
  if (before) *before = kept[i].wanted;
  if (action) kept[i].wanted = *action;
  return 0;
}

/* In place of libc's, which libuv calls between fork and exec: a new process ignores these signals until its own copy of
 * this library notes them. */
__attribute__((visibility("default"))) sighandler_t signal(int number, sighandler_t handler) {
  static sighandler_t (*real)(int, sighandler_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "signal");
  if (handler != SIG_DFL || getpid() == keeper || place_of(number) < 0) return real(number, handler);
  real(real_time_json, SIG_IGN);
  real(real_time_clear, SIG_IGN);
  return real(number, SIG_IGN);
}

/* The program has its handlers: they are in effect from here on, and get what came before. */
__attribute__((visibility("default"))) void weir_take_signals(void) {
  if (!keeping) return;
  keeping = false;
  for (int i = 0; i < SIGNALS; i++) {
    if (kept[i].wanted.sa_handler == SIG_DFL) continue;
    real_sigaction()(kept[i].number, &kept[i].wanted, NULL);
    if (kept[i].came) kill(keeper, kept[i].number);
  }
}
