// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The wide build of IPv6: tc's programs for IPv6 services of all ports, which those of ipv6.bpf.c enter by a tail call where a packet concerns
 * no exact service. It is to them what wide.bpf.c is to weir.bpf.c. */
#define WIDE
#include "ipv6.bpf.c"
