/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* lc: the least overhead (256 x active + inactive); of equal ones the first in the list. */
#ifndef WEIR_SCHEDULERS_LC_H
#define WEIR_SCHEDULERS_LC_H

static __always_inline __u32 overhead(struct dest *d) { return (READ(d->active) << 8) + READ(d->inactive); }

/* What a destination costs, and whether its weight counts. */
enum least_by { BY_OVERHEAD, BY_OVERHEAD_AND_WEIGHT, BY_DELAY, BY_IDLENESS };
static __always_inline __u32 cost_of(struct dest *d, enum least_by by) { return by < BY_DELAY ? overhead(d) : READ(d->active) + 1; }
static __always_inline __u32 share_of(struct dest *d, enum least_by by) { return by == BY_OVERHEAD ? 1 : READ(d->weight); }

/* A step looks at some destinations, and has what it knows in registers meanwhile. Each more of them costs the verifier. */
#define LEAST_A_STEP 8
#define LEAST_A_STEP_OF_LOCALITY 4

/* Is `cost` less by weight than what is known? */
static __always_inline bool is_less(__u32 cost, __u32 share, __u64 least, __u32 its_share) { return least * share > (__u64)cost * its_share; }

/* Keeps what costs least by weight; of equal ones the first. BY_IDLENESS: the first without an active connection ends the walk. */
static __always_inline void least_step(struct walk *w, enum least_by by, int at_most) {
  __u32 at = w->at, next = next_of(w), pick = w->pick, share = w->max;
  __u64 least = w->least;
  _Pragma("clang loop unroll(disable)") for (int i = 0; i < at_most; i++) {
    struct dest *d = next ? dest_at(next) : 0;
    if (!d) {
      w->over = 1;
      break;
    }
    at = next;
    next = READ(d->next);
    if (!eligible(d)) continue;
    __u32 cost = cost_of(d, by), of = share_of(d, by);
    bool idle = by == BY_IDLENESS && cost == 1;
    if (pick && !idle && !is_less(cost, of, least, share)) continue;
    pick = at;
    least = cost;
    share = of;
    if (idle) {
      w->over = 1;
      break;
    }
  }
  w->at = at;
  w->pick = pick;
  w->least = least;
  w->max = share;
}

static __always_inline bool lc_begin(struct service *svc, struct walk *w) { return true; }
static __always_inline void lc_step(struct walk *w) { least_step(w, BY_OVERHEAD, LEAST_A_STEP); }
static __always_inline void lc_end(struct service *svc, struct walk *w) {}

#endif
