/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IPv4 in IPv4 without an outer checksum, which most tunnels are: read and written in registers, by tc (tunnel-tc.h) and by XDP's quick path
 * (quick-tunnel.h). What does not fit takes the way of all tunnels (tunnel.h). */
#ifndef WEIR_TUNNEL_PLAIN_H
#define WEIR_TUNNEL_PLAIN_H

#include "tunnel-headers.h"

#ifdef IPV6
static __always_inline bool is_plain_tunnel(struct dest *d) { return false; }
#else
static __always_inline bool is_plain_tunnel(struct dest *d) { return d->family == F_INET && !is_summed(d); }

struct plain_tunnel {
  __u32 source;
  __u32 type;
  __u32 flow;   /* flow_of() */
  __u32 length; /* of the inner packet */
  __u32 tos;    /* the inner one */
  __u32 third;  /* word of the inner header: TTL, protocol and checksum, as they came */
  __u32 second; /* word of the outer header where it must not be fragmented; else 0: what may be cut needs a number */
};

/* Bytes between the two IP headers. */
static __always_inline __u32 plain_between(struct plain_tunnel *t) {
  return t->type == TUNNEL_GUE ? UDP_LEN + GUE_LEN : t->type == TUNNEL_GRE ? GRE_LEN : 0;
}
static __always_inline __u32 plain_header(struct plain_tunnel *t) { return IP_LEN + plain_between(t); }

/* Reads a packet without options whose TTL can be lowered. */
static __always_inline void plain_read(struct plain_tunnel *t, const __u32 *ip, struct conf *c, struct tunnel_source *source, __u32 type, __u32 flow) {
  __u32 first = ip[0];
  t->third = ip[2];
  t->source = READ(source->addr[0]);
  t->type = type;
  t->flow = flow;
  t->length = bpf_ntohs(first >> 16);
  t->tos = first >> 8 & 0xff;
  t->second = c->pmtu_disc ? ip[1] & (__u32)bpf_htons(0x4000) << 16 : 0;
}

/* False: it needs more than to be encapsulated. `mtu`: of the path; 0: there is none. */
static __always_inline bool plain_fits(struct plain_tunnel *t, __u32 mtu) {
  __u32 with = t->length + plain_header(t);
  return t->source && with <= 0xffff && (!mtu || (with <= mtu && mtu >= plain_header(t) + OUTER_MTU_MIN));
}

static __always_inline void plain_lower_ttl(__u32 *ip, struct plain_tunnel *t) {
  __u64 third = (__u64)t->third + 0xffff; /* one off the TTL and one to the checksum (RFC 1141), which has its carry added */
  ip[2] = third + (third >= 0xffff0000 ? 0x10000 : 0);
}

/* The words between the two IP headers: none, one or three. */
static __always_inline void plain_behind(__u32 *to, struct plain_tunnel *t, struct dest *d) {
  if (t->type == TUNNEL_GRE) to[0] = (__u32)bpf_htons(ETH_P_IP) << 16;
  if (t->type != TUNNEL_GUE) return;
  to[0] = flow_port(t->flow) | (__u32)d->tunnel_port << 16;
  to[1] = bpf_htons(UDP_LEN + GUE_LEN + t->length);
  to[2] = PROTOCOL_IPIP << 8;
}

/* Writes the Ethernet and the outer headers of a packet that has got the place for them. */
static __always_inline bool plain_write(void *data, void *end, struct plain_tunnel *t, struct dest *d, struct hop *h) {
  if (data + ETH_LEN + IP_LEN + UDP_LEN + GUE_LEN > end) return false; /* never: it had 8 bytes behind one header */
  __u32 *to = data + ETH_LEN, first, second, third;
  first = 0x45 | (__u32)outer_tos(t->tos) << 8 | (__u32)bpf_htons(t->length + plain_header(t)) << 16;
  second = t->second ? t->second : bpf_get_prandom_u32() & 0xffff; /* as outer_ipv4() */
  third = ((t->third & 0xff) - 1) | (t->type == TUNNEL_GUE ? IPPROTO_UDP : t->type == TUNNEL_GRE ? PROTOCOL_GRE : PROTOCOL_IPIP) << 8;
  copy_macs(data, h->dmac);
  *(__u16 *)(data + ETH_LEN - 2) = bpf_htons(ETH_P_IP);
  to[0] = first;
  to[1] = second;
  to[2] = third | (__u32)fold((__u64)first + second + third + t->source + d->addr[0]) << 16;
  to[3] = t->source;
  to[4] = d->addr[0];
  plain_behind(to + 5, t, d);
  return true;
}
#endif

#endif
