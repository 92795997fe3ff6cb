/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs and user space agree on about drains: flags of a destination that no layout has a place for, and that change nothing for an
 * older build. Written by user. */
#ifndef WEIR_DRAIN_ABI_H
#define WEIR_DRAIN_ABI_H

#define D_DRAINED 0x400 /* its weight is 0 for a drain, and last_weight is the configured one; read by user alone */
#define D_RELEASED 0x800 /* a drained one to which no template leads a client */
#define D_WATCHED 0x2000 /* its connections are being reset: XDP leaves all their packets to tc, in front of which a packet socket sees them */

#endif
