/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The layout of the templates, as abi.h has those of the other maps. */
#ifndef WEIR_TEMPLATE_ABI_H
#define WEIR_TEMPLATE_ABI_H

/* ---- of a service's record: flags beside the others, and what `persistence` has */
#define SVC_PERSISTENT 0x1
#define SVC_PERSISTENCE_SECOND 0x200 /* which element of `persistence` counts, so that one store changes both numbers, the scheduler and the flags */
#define PERSISTENCE_MASK_SHIFT 32 /* IPv4: the mask, network order; IPv6: the length of the prefix */

/* ---- templates of persistent services: client network and service -> the destination of the client's new connections. A key has two homes
 * of TEMPLATE_WAYS slots each. Written by packets and timer. Rules, as those of connections:
 *  - a slot is free when its destination is 0; the key is written only by the CPU that has claimed the slot (destination = CLAIMED);
 *  - the value changes only by compare-and-swap; a reader takes key, value, key again;
 *  - one key is inserted under its lock, so that it cannot be in the table twice;
 *  - connections do not count in their templates. When one expires, the timer sets ASKED, and in the next whole round of the connection
 *    table each living connection sets CHILD in its template, if that is asked. Then the timer renews it for TEMPLATE_HELD_SECONDS, or
 *    removes it. So no way that a connection ends by has to know of templates, and no count can be wrong;
 *  - ASSURED: a connection of it was established (while sloppy_tcp or sloppy_sctp is set: and is proven, or was begun by a handshake), or (UDP) its
 *    client sent for more than a second. That of a call: the timer found such a
 *    connection of it, or it was used again after more than a second. */
#define TEMPLATE_LOCKS 256
#define TEMPLATE_WAYS 8
#define TEMPLATE_HELD_SECONDS 60
#define T_CHILD (1ull << 50)
#define T_ASKED (1ull << 51)
#define T_ASSURED (1ull << 52)
#define T_HELD (1ull << 53) /* it was renewed so: from then on its timeout is TEMPLATE_HELD_SECONDS */
#define T_DEST_SHIFT 32
#define T_DEST_MASK 0x3ffffull
struct template {
  __u64 key;     /* the client's network, as a connection's key with port 0 */
  __u64 value;   /* expires (clock) | destination << T_DEST_SHIFT | flags */
  __u32 timeout; /* clock units: the service's when it was made */
  __u32 asked;   /* rounds of the connection table when ASKED was set */
  __u32 reserved[2];
};

#endif
