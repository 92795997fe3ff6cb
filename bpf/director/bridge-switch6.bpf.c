// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Content switching for IPv6 with two connection tables: it is to switch6.bpf.c what bridge-ipv6.bpf.c is to ipv6.bpf.c. */
#define BRIDGE
#include "switch6.bpf.c"
