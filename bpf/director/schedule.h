/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which destination gets a new connection. Lists run from the newest destination to the oldest.
 *
 * A scheduler is a step over the list (schedulers/). bpf_loop makes some steps a call: each call costs as much as two of them. */
#ifndef WEIR_SCHEDULE_H
#define WEIR_SCHEDULE_H

static __always_inline struct walk *the_walk(void) {
  struct scratch *d = the_scratch();
  if (!d) return 0;
  CHECKED(d);
  return &d->walk;
}

static __always_inline bool eligible(struct dest *d) { return !READ(d->overload) && (__s32)READ(d->weight) > 0; }
static __always_inline __u32 next_of(struct walk *w) {
  if (!w->at) return w->head;
  struct dest *d = dest_at(w->at);
  return d ? READ(d->next) : 0;
}

/* The next destination that may be chosen; 0: this one may not, or the list is over. */
static __always_inline struct dest *next_eligible(struct walk *w) {
  w->at = next_of(w);
  struct dest *d = w->at ? dest_at(w->at) : 0;
  if (!d) w->over = 1;
  return d && eligible(d) ? d : 0;
}

/* A destination of this service's list that a packet noted may have been deleted since: then 0, the head. */
static __always_inline __u32 anchor(__u32 service, __u32 at) {
  struct dest *d = at ? dest_at(at) : 0;
  return d && d->service == service && d->state == LIVE ? at : 0;
}

#include "locality.h"
#include "schedulers/rr.h"
#include "schedulers/wrr.h"
#include "schedulers/lc.h"
#include "schedulers/wlc.h"
#include "schedulers/sed.h"
#include "schedulers/nq.h"
#include "schedulers/fo.h"
#include "schedulers/ovf.h"
#include "schedulers/dh.h"
#include "schedulers/sh.h"
#include "schedulers/mh.h"
#include "schedulers/twos.h"
#include "schedulers/lblc.h"
#include "schedulers/lblcr.h"

static __always_inline bool begin(struct service *svc, struct walk *w) {
#define BEGIN(number, NAME, name)                                                                                      \
  if (w->scheduler == SCHED_##NAME) return name##_begin(svc, w);
  SCHEDULERS(BEGIN)
  return false;
}

static __always_inline void end(struct service *svc, struct walk *w) {
#define END(number, NAME, name)                                                                                        \
  if (w->scheduler == SCHED_##NAME) return name##_end(svc, w);
  SCHEDULERS(END)
}

/* Those that look for the least take more than one destination a step (least_step). */
static __always_inline int steps_a_call(enum scheduler s) {
  return s == SCHED_LC || s == SCHED_WLC || s == SCHED_SED || s == SCHED_NQ || s == SCHED_LBLC || s == SCHED_LBLCR ? 1 : 4;
}

/* Some steps of the walk, in a loop for each scheduler. 1: it is over. */
static long walk_on(__u64 i, void *ctx) {
  struct walk *w = the_walk();
  if (!w) return 1;
#define STEPS(number, NAME, name)                                                                                      \
  if (w->scheduler == SCHED_##NAME) {                                                                                  \
    _Pragma("clang loop unroll(disable)") for (int i = 0; i < steps_a_call(SCHED_##NAME) && !w->over; i++) name##_step(w); \
    return w->over ? 1 : 0;                                                                                            \
  }
  SCHEDULERS(STEPS)
  return 1;
}

/* Chooses a destination without a walk, where the scheduler can. 0: walk the list. */
static __always_inline __u32 schedule_quickly(__u32 service) {
  struct service *svc = service_at(service);
  return svc && svc->scheduler == SCHED_RR ? rr_quick(svc, service) : 0;
}

/* The destination for a new connection, 0 = none is left. A global function: verified once, whoever calls.
 * Losing the compare-and-swap of the scheduler's place changes nothing: this CPU keeps its pick, and the other CPU's place stands. */
__noinline __u32 schedule(__u32 service) {
  struct service *svc = service_at(service);
  struct walk *w = the_walk();
  if (!svc || !w || svc->state != LIVE) return 0;
  __builtin_memset(w, 0, sizeof *w);
  w->service = service;
  w->head = READ(svc->head);
  w->scheduler = svc->scheduler;
  if (!begin(svc, w)) return 0;
  w->at = w->start = anchor(service, (__u32)w->place);
  bpf_loop(1 << 20, walk_on, 0, 0);
  end(svc, w);
  return w->pick;
}

#endif
