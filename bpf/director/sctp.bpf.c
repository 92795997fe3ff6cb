// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The SCTP build: tc's programs for SCTP, which those of weir.bpf.c enter by a tail call. A connection's state is one of SCTP's
 * (sctp-state.h), so that it has a table of its own, with a timer of its own. */
#define SCTP
#include "weir.bpf.c"
