/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* dh: a hash of the destination address; its server, or none. */
#ifndef WEIR_SCHEDULERS_DH_H
#define WEIR_SCHEDULERS_DH_H

#include "ring.h"

static __always_inline bool dh_begin(struct service *svc, struct walk *w) {
  struct scratch *scratch = the_scratch();
  if (!scratch || !ring_begin(svc, w)) return false;
  CHECKED(scratch);
  w->input = target_word(&scratch->packet);
  w->flags = 0;
  w->first = hash32(w->input, RING_BITS);
  return true;
}
static __always_inline void dh_step(struct walk *w) { ring_try(w, w->first, 0); }
static __always_inline void dh_end(struct service *svc, struct walk *w) {}

#endif
