/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* fo: failover: the highest weight; of equal ones the first in the list. */
#ifndef WEIR_SCHEDULERS_FO_H
#define WEIR_SCHEDULERS_FO_H

static __always_inline void take_heaviest(struct walk *w, struct dest *d) {
  __s32 weight = READ(d->weight);
  if (weight <= w->max) return;
  w->pick = w->at;
  w->max = weight;
}

static __always_inline bool fo_begin(struct service *svc, struct walk *w) { return true; }
static __always_inline void fo_step(struct walk *w) {
  struct dest *d = next_eligible(w);
  if (d) take_heaviest(w, d);
}
static __always_inline void fo_end(struct service *svc, struct walk *w) {}

#endif
