// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs of FULLNAT for SCTP, on the maps of those for TCP and UDP, whose timer ends its flows, too. */
#define SCTP
#include "fullnat.bpf.c"
