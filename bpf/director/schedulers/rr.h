/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* rr: the next eligible destination after the last chosen, once around the list. */
#ifndef WEIR_SCHEDULERS_RR_H
#define WEIR_SCHEDULERS_RR_H

static __always_inline bool rr_begin(struct service *svc, struct walk *w) {
  w->place = READ(svc->cursor);
  return true;
}

static __always_inline void rr_step(struct walk *w) {
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

static __always_inline void rr_end(struct service *svc, struct walk *w) {
  if (w->pick) CAS(&svc->cursor, (__u32)w->place, w->pick);
}

/* The common case, inline: the destination after the last chosen is eligible. 0: walk the list. */
static __always_inline __u32 rr_quick(struct service *svc, __u32 service) {
  __u32 was = READ(svc->cursor), at = anchor(service, was);
  struct dest *d = at ? dest_at(at) : 0;
  __u32 next = d ? READ(d->next) : 0;
  if (!next) next = READ(svc->head);
  d = next ? dest_at(next) : 0;
  if (!d || !eligible(d)) return 0;
  CAS(&svc->cursor, was, next);
  return next;
}

#endif
