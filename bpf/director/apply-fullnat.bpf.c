// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Gives connections by FULLNAT that other directors have their local ports: of IPv4. */
#define APPLIES
#include "fullnat.bpf.c"
