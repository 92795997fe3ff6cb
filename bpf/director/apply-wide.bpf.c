// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Puts connections into the table that the wide build has. */
#define APPLIES
#include "wide.bpf.c"
