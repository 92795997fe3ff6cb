/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* twos: of two destinations chosen at random by weight, the one with less overhead by weight. The list is walked twice: for the sum of
 * the weights, then for the two. */
#ifndef WEIR_SCHEDULERS_TWOS_H
#define WEIR_SCHEDULERS_TWOS_H

#include "lc.h"

static __always_inline bool twos_begin(struct service *svc, struct walk *w) { return true; }

/* 0 to `sum`, both included. */
static __always_inline __s32 random_share(__u32 sum) { return ((__u64)sum + 1) * bpf_get_prandom_u32() >> 32; }

/* After the first walk. */
static __always_inline void twos_draw(struct walk *w) {
  w->over = w->wrapped || !w->sum;
  w->wrapped = 1;
  w->at = 0;
  w->choice[0].left = random_share(w->sum);
  w->choice[1].left = random_share(w->sum);
}

static __always_inline void choose(struct choice *c, struct walk *w, struct dest *d, __s32 weight) {
  if (c->id) return;
  c->left -= weight;
  if (c->left > 0) return;
  c->id = w->at;
  c->weight = weight;
  c->overhead = overhead(d);
}

static __always_inline void twos_step(struct walk *w) {
  struct dest *d = next_eligible(w);
  if (w->over) twos_draw(w);
  if (!d) return;
  __s32 weight = READ(d->weight);
  if (!w->wrapped) {
    w->sum += weight;
    return;
  }
  choose(&w->choice[0], w, d, weight);
  choose(&w->choice[1], w, d, weight);
  w->over = w->choice[0].id && w->choice[1].id;
}

/* The kernel multiplies in 32 bits with a sign, and so does this. */
static __always_inline void twos_end(struct service *svc, struct walk *w) {
  struct choice *one = &w->choice[0], *two = &w->choice[1];
  bool second = two->id && (__s32)(two->weight * one->overhead) > (__s32)(one->weight * two->overhead);
  w->pick = second ? two->id : one->id;
}

#endif
