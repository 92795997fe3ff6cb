/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* wlc: the least overhead by weight, otherwise as lc. */
#ifndef WEIR_SCHEDULERS_WLC_H
#define WEIR_SCHEDULERS_WLC_H

#include "lc.h"

static __always_inline bool wlc_begin(struct service *svc, struct walk *w) { return true; }
static __always_inline void wlc_step(struct walk *w) { least_step(w, BY_OVERHEAD_AND_WEIGHT, LEAST_A_STEP); }
static __always_inline void wlc_end(struct service *svc, struct walk *w) {}

#endif
