/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The schedulers: which destination gets a new connection. Lists run from the newest destination to the oldest.
 *
 * Each scheduler is a step over the list. Short lists are walked in line; a walk that is longer goes on in bpf_loop. */
#ifndef WEIR_SCHED_H
#define WEIR_SCHED_H

#define INLINE_STEPS 8

static __always_inline struct walk *the_walk(void) {
  struct desk *d = the_desk();
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

/* rr: the next eligible one after the last chosen, once around. */
static __always_inline void step_rr(struct walk *w) {
  w->at = next_of(w);
  if (!w->at) {
    if (w->wrapped || !w->start) w->over = 1;
    w->wrapped = 1;
    return;
  }
  struct dest *d = dest_at(w->at);
  if (!d) {
    w->over = 1;
    return;
  }
  if (eligible(d)) {
    w->pick = w->at;
    w->over = 1;
  } else if (w->at == w->start) {
    w->over = 1;
  }
}

/* wrr: the next one whose weight reaches the current weight, which falls by the gcd at each end of the list. */
static __always_inline void step_wrr(struct walk *w) {
  w->at = next_of(w);
  if (w->at) {
    struct dest *d = dest_at(w->at);
    if (!d) {
      w->over = 1;
      return;
    }
    if (!READ(d->overload) && (__s32)READ(d->weight) >= w->weight) {
      w->pick = w->at;
      w->over = 1;
    } else if (w->at == w->stop) {
      w->over = 1;
    }
    return;
  }
  w->weight -= w->gcd;
  if (w->weight <= 0) {
    w->weight = w->max;
    if (w->last_pass || !w->start) {
      w->over = 1;
      return;
    }
    w->wrapped = 1;
  }
  w->last_pass = w->weight <= w->gcd;
  if (w->last_pass && w->wrapped && w->start) w->stop = w->start;
}

/* lc and wlc: the least overhead (256 x active + inactive), by weight for wlc; the first wins a tie. */
static __always_inline void step_least(struct walk *w) {
  w->at = next_of(w);
  struct dest *d = w->at ? dest_at(w->at) : 0;
  if (!d) {
    w->over = 1;
    return;
  }
  if (!eligible(d)) return;
  __u64 overhead = (__u32)((READ(d->active) << 8) + READ(d->inactive));
  __u32 weight = w->scheduler == SCHED_WLC ? READ(d->weight) : 1;
  if (w->pick && w->least * weight <= overhead * (__u32)w->max) return;
  w->pick = w->at;
  w->least = overhead;
  w->max = weight;
}

static __always_inline void step(struct walk *w) {
  if (w->scheduler == SCHED_RR) step_rr(w);
  else if (w->scheduler == SCHED_WRR) step_wrr(w);
  else step_least(w);
}

static long step_on(__u64 i, void *ctx) {
  struct walk *w = the_walk();
  if (!w) return 1;
  step(w);
  return w->over ? 1 : 0;
}

static __always_inline void walk_list(struct walk *w) {
#pragma clang loop unroll(disable)
  for (int i = 0; i < INLINE_STEPS; i++) {
    step(w);
    if (w->over) return;
  }
  bpf_loop(1 << 20, step_on, 0, 0);
}

/* A place in the list that a packet left there may have been deleted since: then start at the head. */
static __always_inline __u32 anchor(__u32 service, __u32 at) {
  struct dest *d = at ? dest_at(at) : 0;
  return d && d->service == service && d->state == LIVE ? at : 0;
}

/* rr's common case, in line: the one after the last is eligible. 0: walk the list. */
static __always_inline __u32 schedule_quickly(__u32 service) {
  struct service *svc = service_at(service);
  if (!svc || svc->scheduler != SCHED_RR) return 0;
  __u32 was = READ(svc->cursor), at = anchor(service, was);
  struct dest *d = at ? dest_at(at) : 0;
  __u32 next = d ? READ(d->next) : 0;
  if (!next) next = READ(svc->head);
  d = next ? dest_at(next) : 0;
  if (!d || !eligible(d)) return 0;
  CAS(&svc->cursor, was, next);
  return next;
}

/* The destination for a new connection, 0 = none is left. A global function: verified once, whoever calls.
 * A lost race for the place in the list is let be: the pick still stands, and so does the other CPU's place. */
__noinline __u32 schedule(__u32 service) {
  struct service *svc = service_at(service);
  struct walk *w = the_walk();
  if (!svc || !w || svc->state != LIVE || svc->scheduler == SCHED_NONE) return 0;
  __u64 place = 0;
  __builtin_memset(w, 0, sizeof *w);
  w->head = READ(svc->head);
  w->scheduler = svc->scheduler;
  if (w->scheduler == SCHED_WRR) {
    place = READ(svc->wrr);
    w->weight = place >> 32;
    w->max = svc->wrr_max;
    w->gcd = svc->wrr_gcd;
    if (!w->max) return 0;
  } else if (w->scheduler == SCHED_RR) {
    place = READ(svc->cursor);
  }
  w->at = w->start = anchor(service, (__u32)place);
  walk_list(w);
  __u32 pick = w->pick;
  if (w->scheduler == SCHED_WRR) CAS(&svc->wrr, place, (__u64)w->at | (__u64)(__u32)w->weight << 32);
  else if (w->scheduler == SCHED_RR && pick) CAS(&svc->cursor, (__u32)place, pick);
  return pick;
}

#endif
