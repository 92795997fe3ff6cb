/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs and user space agree on about interfaces beside abi.h: flags of a record that an older build does not know, and that change nothing
 * for it. */
#ifndef WEIR_INTERFACE_FLAG_ABI_H
#define WEIR_INTERFACE_FLAG_ABI_H

/* accept_local: the stack takes packets from outside that have an address of its own as their source. */
#define INTERFACE_ACCEPTS_OWN 0x40

#endif
