/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* lblcr: as lblc, with a set of destinations for each address: the least loaded of them serves. Where lblc replaces the destination, lblcr
 * adds wlc's to the set; a set that did not change for long loses the most loaded. */
#ifndef WEIR_SCHEDULERS_LBLCR_H
#define WEIR_SCHEDULERS_LBLCR_H

#include "lblc.h"

static __always_inline bool lblcr_begin(struct service *svc, struct walk *w) {
  struct conf *c = the_conf();
  struct locality *l = locality_find(svc, w->service);
  w->phase = FOR_LEAST;
  if (!l || !c) return true;
  w->phase = FOR_MEMBER;
  w->members = READ(l->size);
  w->expired = w->members > 1 && (__s64)(bpf_jiffies64() - READ(l->changed)) > (__s64)READ(c->lblcr_expiration) * c->hz;
  return true;
}

/* Keeps what costs least by weight; of equal ones the first. */
static __always_inline void take_least(struct walk *w, __u32 cost, __u32 share) {
  if (w->pick && !is_less(cost, share, w->least, w->max)) return;
  w->pick = w->at;
  w->least = cost;
  w->max = share;
}

/* Keeps the most loaded destination of those with a weight, also one that is deleted or full. */
static __always_inline void take_most(struct walk *w, struct dest *d) {
  __s32 weight = READ(d->weight);
  if (weight <= 0) return;
  if (w->most && (__u64)w->most_cost * (__u32)weight >= (__u64)overhead(d) * (__u32)w->most_weight) return;
  w->most = w->at;
  w->most_cost = overhead(d);
  w->most_weight = weight;
}

static __always_inline void lblcr_step(struct walk *w) {
  if (w->phase == FOR_LEAST) return least_step(w, BY_OVERHEAD_AND_WEIGHT, LEAST_A_STEP_OF_LOCALITY);
  if (w->phase == FOR_IDLER) return idler_step(w);
  struct dest *d = next_member(w);
  if (d && w->expired) take_most(w, d);
  if (d && READ(d->flags) & D_AVAILABLE && eligible(d)) take_least(w, overhead(d), READ(d->weight));
  if (!w->members) judge_member(w);
}

static __always_inline void lblcr_end(struct service *svc, struct walk *w) {
  if (w->most) locality_leave(w->most);
  if (w->phase == FOR_LEAST && w->pick) locality_keep(w->pick, true);
}

#endif
