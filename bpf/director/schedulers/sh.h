/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* sh: a hash of the client's address. The fallback tries the slots behind the first one's, each by its own hash. */
#ifndef WEIR_SCHEDULERS_SH_H
#define WEIR_SCHEDULERS_SH_H

#include "ring.h"

static __always_inline bool sh_begin(struct service *svc, struct walk *w) { return ring_begin(svc, w); }
static __always_inline void sh_step(struct walk *w) {
  __u32 first = hash32(w->input, RING_BITS);
  __u32 offset = w->turn ? first + w->turn - 1 : 0;
  ring_try(w, (first + offset) & ((1u << RING_BITS) - 1), 1u << RING_BITS);
}
static __always_inline void sh_end(struct service *svc, struct walk *w) {}

#endif
