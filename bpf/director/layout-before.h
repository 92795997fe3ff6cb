/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The connections' layout of the build before this one, by the names of abi.h with BEFORE_ in front: bridging builds read and write a table
 * of it while its connections move into one of today's. dev/abi-gen.mjs gives these numbers to user space. A build that changes the layout of
 * the connections in abi.h keeps here what it was, and in BEFORE_LAYOUT_<map> the number that layouts.gen.ts had for each table of connections
 * that the build before had. What is beside the slots is as it was. */
#ifndef WEIR_LAYOUT_BEFORE_H
#define WEIR_LAYOUT_BEFORE_H

#define BEFORE_LAYOUT_CONNS 533567585
#define BEFORE_LAYOUT_CONNS6 2615462872
#define BEFORE_K_PORT_SHIFT 32
#define BEFORE_K_SERVICE_SHIFT 48
#define BEFORE_K_HASHED 0xffffffffffffffffull
#define BEFORE_V_DEST_SHIFT 32
#define BEFORE_V_METHOD_SHIFT 50
#define BEFORE_V_STATE_SHIFT 52
#define BEFORE_V_INACTIVE (1ull << 56)
#define BEFORE_V_NOOUTPUT (1ull << 57)
#define BEFORE_V_SPILLED (1ull << 58)
#define BEFORE_V_PROVEN (1ull << 59)
#define BEFORE_V_AWAY_SHIFT 60

#if defined(BEFORE_LAYOUT_CONNS_WIDE) && (BEFORE_K_HASHED >> BEFORE_K_SERVICE_SHIFT)
#error "in a table of all ports, the service of a reply is found in its client's neighbourhood"
#endif

#endif
