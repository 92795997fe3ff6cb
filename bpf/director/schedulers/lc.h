/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* lc: the least overhead (256 x active + inactive); of equal ones the first in the list. */
#ifndef WEIR_SCHEDULERS_LC_H
#define WEIR_SCHEDULERS_LC_H

/* One more destination, its overhead divided by `weight` where `weighted`. */
static __always_inline void least_step(struct walk *w, bool weighted) {
  w->at = next_of(w);
  struct dest *d = w->at ? dest_at(w->at) : 0;
  if (!d) {
    w->over = 1;
    return;
  }
  if (!eligible(d)) return;
  __u64 overhead = (__u32)((READ(d->active) << 8) + READ(d->inactive));
  __u32 weight = weighted ? READ(d->weight) : 1;
  if (w->pick && w->least * weight <= overhead * (__u32)w->max) return;
  w->pick = w->at;
  w->least = overhead;
  w->max = weight;
}

static __always_inline bool lc_begin(struct service *svc, struct walk *w) { return true; }
static __always_inline void lc_step(struct walk *w) { least_step(w, false); }
static __always_inline void lc_end(struct service *svc, struct walk *w) {}

#endif
