// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The wide build of SCTP: tc's programs for services of SCTP of all ports, which those of sctp.bpf.c enter by a tail call where a packet concerns
 * no exact service. Its connections have SCTP's states and, beside their slot, a virtual port. */
#define SCTP
#define WIDE
#include "weir.bpf.c"
