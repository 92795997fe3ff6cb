/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* nq: never queue: the first destination without an active connection; where each has one, as sed. */
#ifndef WEIR_SCHEDULERS_NQ_H
#define WEIR_SCHEDULERS_NQ_H

#include "lc.h"

static __always_inline bool nq_begin(struct service *svc, struct walk *w) { return true; }
static __always_inline void nq_step(struct walk *w) { least_step(w, BY_IDLENESS, LEAST_A_STEP); }
static __always_inline void nq_end(struct service *svc, struct walk *w) {}

#endif
