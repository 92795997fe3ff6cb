/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* lblc: the destination that served this destination address last, unless it cannot, or is busy while another one is not; else wlc's,
 * which serves the address from then on. */
#ifndef WEIR_SCHEDULERS_LBLC_H
#define WEIR_SCHEDULERS_LBLC_H

#include "lc.h"

enum { FOR_MEMBER, FOR_IDLER, FOR_LEAST };

/* The steps go along the list from its head for something else. */
static __always_inline void turn_to(struct walk *w, __u32 phase) {
  w->phase = phase;
  w->at = 0;
}

/* A member is busy with more active connections than its weight... */
static __always_inline void judge_member(struct walk *w) {
  struct dest *d = w->pick ? dest_at(w->pick) : 0;
  if (!d) turn_to(w, FOR_LEAST);
  else if ((__s32)READ(d->active) > (__s32)READ(d->weight)) turn_to(w, FOR_IDLER);
  else w->over = 1;
}

/* ... and gives way where a destination has less than half of its own. Thresholds do not count here. */
static __always_inline void idler_step(struct walk *w) {
  w->at = next_of(w);
  struct dest *d = w->at ? dest_at(w->at) : 0;
  if (!d) {
    w->over = 1;
  } else if ((__s32)(READ(d->active) * 2) < (__s32)READ(d->weight)) {
    w->pick = 0;
    turn_to(w, FOR_LEAST);
  }
}

/* The member at the walk's place, newest first; null where it is no destination of this service any more. */
static __always_inline struct dest *next_member(struct walk *w) {
  struct scratch *s = the_scratch();
  if (!s || !w->members) return 0;
  CHECKED(s);
  w->at = member_at(&s->locality_key, --w->members);
  struct dest *d = w->at ? dest_at(w->at) : 0;
  return d && d->service == w->service ? d : 0;
}

static __always_inline bool lblc_begin(struct service *svc, struct walk *w) {
  w->phase = locality_find(svc, w->service) ? FOR_MEMBER : FOR_LEAST;
  w->members = 1;
  return true;
}
static __always_inline void lblc_step(struct walk *w) {
  if (w->phase == FOR_LEAST) return least_step(w, BY_OVERHEAD_AND_WEIGHT, LEAST_A_STEP_OF_LOCALITY);
  if (w->phase == FOR_IDLER) return idler_step(w);
  struct dest *d = next_member(w);
  if (d && READ(d->flags) & D_AVAILABLE && (__s32)READ(d->weight) > 0) w->pick = w->at;
  judge_member(w);
}
static __always_inline void lblc_end(struct service *svc, struct walk *w) {
  if (w->phase == FOR_LEAST && w->pick) locality_keep(w->pick, false);
}

#endif
