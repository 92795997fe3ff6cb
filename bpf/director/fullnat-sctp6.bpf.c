// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs of FULLNAT for SCTP over IPv6, on the maps of those for TCP and UDP. */
#define SCTP
#include "fullnat6.bpf.c"
