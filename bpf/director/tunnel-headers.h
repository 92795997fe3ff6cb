/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands between the outer and the inner IP header of a tunnel: for those that write it, and for those that find it quoted. */
#ifndef WEIR_TUNNEL_HEADERS_H
#define WEIR_TUNNEL_HEADERS_H

#define PROTOCOL_IPIP 4
#define PROTOCOL_IPV6 41
#define PROTOCOL_GRE 47
#define UDP_LEN 8
#define GRE_LEN 4
#define GRE_SUM 0x8000 /* the header has a checksum, and 4 bytes more */
#define GUE_LEN 4
#define OUTER_MTU_MIN 68
/* A hash of a flow, by its client (of IPv6 by address_fold): the one that its connection is found by, so that a program which has that has this, too. */
static __always_inline __u32 flow_of(__u32 client, __u16 port) { return conn_hash(conn_key(client, port, 0)); }

/* Source ports, which spread flows over the paths and the queues behind: as net.ipv4.ip_local_port_range is by default. */
#define FLOW_PORT_MIN 32768
#define FLOW_PORTS 28232
static __always_inline __u16 flow_port(__u32 flow) { return bpf_htons(FLOW_PORT_MIN + (((__u64)flow * FLOW_PORTS) >> 32)); }

/* DSCP is copied, and ECN but for CE, which becomes ECT(0) (RFC 3168, 9.1.1). */
static __always_inline __u8 outer_tos(__u8 tos) { return tos & ~(tos & tos >> 1 & 1); }

/* Has the packet an outer checksum? Of remcsum the inner checksum, which a device may compute later, has none to be left out: it is complete. */
static __always_inline bool is_summed(struct dest *d) {
  return d->tunnel_type != TUNNEL_IPIP && d->tunnel_flags & (TUNNEL_CSUM | TUNNEL_REMCSUM);
}

#endif
