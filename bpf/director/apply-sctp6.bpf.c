// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Puts connections into the table that the SCTP build of IPv6 has. */
#define APPLIES
#include "sctp6.bpf.c"
