// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The wide build of SCTP over IPv6, which the programs of sctp6.bpf.c enter: it is to them what wide-sctp.bpf.c is to sctp.bpf.c. */
#define SCTP
#define WIDE
#include "ipv6.bpf.c"
