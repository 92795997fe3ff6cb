// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The SCTP build of IPv6: tc's programs for SCTP over IPv6, which those of ipv6.bpf.c enter by a tail call. It is to them what sctp.bpf.c is to
 * weir.bpf.c. */
#define SCTP
#include "ipv6.bpf.c"
