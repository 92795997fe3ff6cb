/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the wide builds and user space agree on about cache_bypass (bypass.h): the value of a connection past the servers has this method and, in the
 * place of a destination, a number that no record has. */
#ifndef WEIR_BYPASS_ABI_H
#define WEIR_BYPASS_ABI_H

#define BYPASS_METHOD 1 /* of IPVS it is 4, which two bits do not hold; its 1, LOCALNODE, is no connection's */
#define BYPASS_DEST 0x3fffe

#endif
