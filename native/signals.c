/* signals.c - calls of the kernel that a signal would end early. */
#include "addon.h"

#include <pthread.h>

void hold_signals(sigset_t *before) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, before);
}

void release_signals(const sigset_t *before) { pthread_sigmask(SIG_SETMASK, before, NULL); }
