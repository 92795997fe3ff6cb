/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ovf: overflow: the highest weight among those with no more active connections than their weight. */
#ifndef WEIR_SCHEDULERS_OVF_H
#define WEIR_SCHEDULERS_OVF_H

#include "fo.h"

static __always_inline bool ovf_begin(struct service *svc, struct walk *w) { return true; }
static __always_inline void ovf_step(struct walk *w) {
  struct dest *d = next_eligible(w);
  if (d && READ(d->active) <= READ(d->weight)) take_heaviest(w, d);
}
static __always_inline void ovf_end(struct service *svc, struct walk *w) {}

#endif
