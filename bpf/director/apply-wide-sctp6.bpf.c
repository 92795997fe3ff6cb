// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Puts connections into the table that the wide build of SCTP over IPv6 has. */
#define APPLIES
#include "wide-sctp6.bpf.c"
