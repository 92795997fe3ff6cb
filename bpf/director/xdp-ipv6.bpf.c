// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* XDP for IPv6, in front of the IPv6 build's programs, with its tables: entered by a tail call, where there are an IPv6 service and XDP. */
#define SHORT_CUT
#include "ipv6.bpf.c"
