/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* lc: the least overhead (256 x active + inactive); of equal ones the first in the list. */
#ifndef WEIR_SCHEDULERS_LC_H
#define WEIR_SCHEDULERS_LC_H

/* Keeps what costs least by weight; of equal ones the first. */
static __always_inline void take_least(struct walk *w, __u32 cost, __u32 weight) {
  if (w->pick && w->least * weight <= (__u64)cost * (__u32)w->max) return;
  w->pick = w->at;
  w->least = cost;
  w->max = weight;
}

static __always_inline __u32 overhead(struct dest *d) { return (READ(d->active) << 8) + READ(d->inactive); }

static __always_inline bool lc_begin(struct service *svc, struct walk *w) { return true; }
static __always_inline void lc_step(struct walk *w) {
  struct dest *d = next_eligible(w);
  if (d) take_least(w, overhead(d), 1);
}
static __always_inline void lc_end(struct service *svc, struct walk *w) {}

#endif
