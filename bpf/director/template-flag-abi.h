/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs and user space agree on about templates beside template-abi.h: flags of the value that an older build does not know, and that
 * change nothing for it. */
#ifndef WEIR_TEMPLATE_FLAG_ABI_H
#define WEIR_TEMPLATE_FLAG_ABI_H

/* When its client came again, its server was gone, or quiesced (expire_quiescent_template). As in IPVS it stays until it expires and no connection
 * holds it, is listed with this port, and leads no client, also if the server comes back. */
#define T_LOST (1ull << 54)
#define LOST_TEMPLATE_PORT 0xffff

/* Of UDP: a server answered a connection of it. Of other protocols: a connection of it began established, by sloppy_tcp or sloppy_sctp. It is listed as
 * assured, as in IPVS, but does not outrank others in a full table: a server answers forged datagrams, too, and any segment may be forged. */
#define T_ANSWERED (1ull << 55)

#endif
