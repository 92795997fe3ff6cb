// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Puts connections into the table that the wide build of IPv6 has. */
#define APPLIES
#include "wide6.bpf.c"
