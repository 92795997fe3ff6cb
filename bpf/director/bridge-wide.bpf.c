// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The wide build with two connection tables: it is to wide.bpf.c what bridge.bpf.c is to weir.bpf.c. */
#define BRIDGE
#include "wide.bpf.c"
