// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Content switching with two connection tables: it is to switch.bpf.c what bridge.bpf.c is to weir.bpf.c. */
#define BRIDGE
#include "switch.bpf.c"
