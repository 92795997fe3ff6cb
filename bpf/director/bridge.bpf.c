// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The bridging build: the datapath of weir.bpf.c with two connection tables, while one takes the other's place. */
#define BRIDGE
#include "weir.bpf.c"
