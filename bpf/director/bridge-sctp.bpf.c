// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The SCTP build with two connection tables: it is to sctp.bpf.c what bridge.bpf.c is to weir.bpf.c. */
#define BRIDGE
#include "sctp.bpf.c"
