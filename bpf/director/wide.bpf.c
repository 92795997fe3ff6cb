// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The wide build: tc's programs for services of all ports, which those of weir.bpf.c enter by a tail call where a packet concerns no exact
 * service. Its connections have their virtual port beside their slot (conn-wide.h), in a table of its own with a timer of its own. */
#define WIDE
#include "weir.bpf.c"
