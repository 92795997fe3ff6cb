/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* sed: the shortest expected delay, (active + 1) / weight; inactive connections do not count. */
#ifndef WEIR_SCHEDULERS_SED_H
#define WEIR_SCHEDULERS_SED_H

#include "lc.h"

static __always_inline bool sed_begin(struct service *svc, struct walk *w) { return true; }
static __always_inline void sed_step(struct walk *w) { least_step(w, BY_DELAY, LEAST_A_STEP); }
static __always_inline void sed_end(struct service *svc, struct walk *w) {}

#endif
