/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the IPv6 build's programs and user space agree on besides abi.h: its own maps, pinned as conns6, client_hops6 and templates6. */
#ifndef WEIR_ABI6_H
#define WEIR_ABI6_H

/* The places of ipv6_tc, where IPv6 packets go on. */
enum ipv6_program { IPV6_INGRESS, IPV6_EGRESS, IPV6_PROGRAMS };
/* The places of ipv6_xdp, the array by which XDP enters the short cut. */
enum ipv6_xdp_program { IPV6_XDP_QUICK, IPV6_XDP_FULL, IPV6_XDP_PROGRAMS };

/* ---- connections: slots as in abi.h. In the key, a hash of the client's address (address_hash) takes the place of the address; the whole
 * address is in the bucket's second line. The CPU that has claimed a slot writes it before the key. A reader takes key, value, address, key. */
struct conn6_bucket {
  struct conn_slot slot[BUCKET_SLOTS];
  __u32 client[4 * BUCKET_SLOTS]; /* network order */
};

/* ---- templates: as in template-abi.h. In the key, a hash of the network's address takes the place of the client's; the whole address is beside
 * the slot. The CPU that has claimed a slot writes it before the key. A reader takes key, value, address, value, key. */
struct template6 {
  struct template slot;
  __u32 client[4]; /* network order */
};

/* ---- next hops of clients: `known` has the hash of the address, and the whole address is written between the claim and `known`, as `next` is. */
struct client_hop6_set {
  struct client_hop entry[4];
  __u32 addr[4 * 4]; /* network order */
};

#endif
