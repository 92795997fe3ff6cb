/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IPv4 in IPv4 without an outer checksum, which most tunnels are: read and written in registers, at both hooks. What does not fit takes the
 * way of all tunnels (tunnel.h). */
#ifndef WEIR_TUNNEL_PLAIN_H
#define WEIR_TUNNEL_PLAIN_H

#ifdef IPV6
static __always_inline bool is_plain_tunnel(struct dest *d) { return false; }
#else
static __always_inline bool is_plain_tunnel(struct dest *d) { return d->family == F_INET && !is_summed(d); }

struct plain_tunnel {
  __u32 source;
  __u32 type;
  __u32 flow;   /* as of struct tunnel; of GUE alone */
  __u32 behind; /* bytes between the two IP headers */
  __u32 length; /* of the inner packet */
  __u32 tos;    /* the inner one */
  __u32 third;  /* word of the inner header: TTL, protocol and checksum, as they came */
  bool whole;   /* it must not be fragmented */
};

static __always_inline __u32 plain_header(struct plain_tunnel *t) { return IP_LEN + t->behind; }

/* Reads a packet with 8 bytes at least behind its IP header. False: it needs more than to be encapsulated. `mtu`: of the path; 0: there is none. */
static __always_inline bool plain_read(struct plain_tunnel *t, const __u32 *ip, struct conf *c, __u32 dest, struct dest *d, __u32 mtu) {
  struct tunnel_source *source = bpf_map_lookup_elem(&tunnel_sources, &dest);
  if (!source) return false;
  __u32 first = ip[0];
  t->third = ip[2];
  t->source = READ(source->addr[0]);
  t->type = d->tunnel_type;
  t->flow = 0;
  t->behind = t->type == TUNNEL_GUE ? UDP_LEN + GUE_LEN : t->type == TUNNEL_GRE ? GRE_LEN : 0;
  t->length = bpf_ntohs(first >> 16);
  t->tos = first >> 8 & 0xff;
  t->whole = ip[1] & (__u32)bpf_htons(0x4000) << 16 && c->pmtu_disc;
  __u32 with = t->length + plain_header(t);
  if ((first & 0xff) != 0x45 || !t->source || (t->third & 0xff) <= 1 || with > 0xffff) return false;
  if (mtu && (with > mtu || mtu < plain_header(t) + OUTER_MTU_MIN)) return false;
  if (t->type == TUNNEL_GUE) t->flow = flow_with(keyed_hash((__u64)ip[3] << 32 | ip[4]), ip[5]);
  return true;
}

static __always_inline void plain_lower_ttl(__u32 *ip, struct plain_tunnel *t) {
  __u32 check = (t->third >> 16) + bpf_htons(0x0100); /* RFC 1141 */
  check += check >= 0xffff;
  ip[2] = ((t->third & 0xff) - 1) | (t->third & 0xff00) | check << 16;
}

/* The words between the two IP headers: none, one or three. */
static __always_inline void plain_behind(__u32 *to, struct plain_tunnel *t, struct dest *d) {
  if (t->type == TUNNEL_GRE) to[0] = (__u32)bpf_htons(ETH_P_IP) << 16;
  if (t->type != TUNNEL_GUE) return;
  to[0] = bpf_htons(FLOW_PORT_MIN + (((__u64)t->flow * FLOW_PORTS) >> 32)) | (__u32)d->tunnel_port << 16;
  to[1] = bpf_htons(UDP_LEN + GUE_LEN + t->length);
  to[2] = PROTOCOL_IPIP << 8;
}

/* Writes the Ethernet and the outer headers of a packet that has got the place for them. */
static __always_inline bool plain_write(void *data, void *end, struct plain_tunnel *t, struct dest *d, struct hop *h) {
  if (data + ETH_LEN + IP_LEN + UDP_LEN + GUE_LEN > end) return false; /* never: it had 8 bytes behind one header */
  __u32 *to = data + ETH_LEN, first, second, third;
  first = 0x45 | (__u32)outer_tos(t->tos) << 8 | (__u32)bpf_htons(t->length + plain_header(t)) << 16;
  second = t->whole ? (__u32)bpf_htons(0x4000) << 16 : bpf_get_prandom_u32() & 0xffff; /* as outer_ipv4() */
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
