// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The wide build of SCTP over IPv6 with two connection tables: it is to wide-sctp6.bpf.c what bridge.bpf.c is to weir.bpf.c. */
#define BRIDGE
#include "wide-sctp6.bpf.c"
