// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Puts connections into the table that the programs on the links have: TCP and UDP of IPv4. */
#define APPLIES
#include "weir.bpf.c"
