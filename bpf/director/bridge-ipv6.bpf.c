// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The IPv6 build with two connection tables: it is to ipv6.bpf.c what bridge.bpf.c is to weir.bpf.c. */
#define BRIDGE
#include "ipv6.bpf.c"
