// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Puts connections into the table that the IPv6 build has. */
#define APPLIES
#include "ipv6.bpf.c"
