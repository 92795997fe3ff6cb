/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* sh: a hash of the client's address. The fallback tries the slots behind the first one's, each by its own hash. */
#ifndef WEIR_SCHEDULERS_SH_H
#define WEIR_SCHEDULERS_SH_H

#include "ring.h"

static __always_inline bool sh_begin(struct service *svc, struct walk *w) {
  if (!ring_begin(svc, w)) return false;
  w->first = hash32(w->input, RING_BITS);
  return true;
}
static __always_inline void sh_step(struct walk *w) {
  const __u32 size = 1u << RING_BITS;
  ring_try(w, w->turn ? (w->first + ring_offset(w, size)) % size : w->first, size);
}
static __always_inline void sh_end(struct service *svc, struct walk *w) {}

#endif
