/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Outer headers: IPv4 or IPv6, and behind it nothing (ipip), GRE (RFC 2784) or UDP and GUE. What is in them is the kernel's: ip_vs_xmit.c. */
#ifndef WEIR_TUNNEL_H
#define WEIR_TUNNEL_H

#include "tunnel-headers.h"

#define OUTER_MTU6_MIN 1280

#ifdef IPV6
#define INNER_PROTOCOL PROTOCOL_IPV6
#define INNER_TYPE ETH_P_IPV6
#define INNER_MTU_MIN OUTER_MTU6_MIN
#else
#define INNER_PROTOCOL PROTOCOL_IPIP
#define INNER_TYPE ETH_P_IP
#define INNER_MTU_MIN OUTER_MTU_MIN
#endif

/* What a packet is encapsulated with. */
struct tunnel {
  __u32 dest;
  __u32 source[4];
  __u32 client; /* its address, of IPv6 as address_fold(): it gives GUE's source port */
  __u16 client_port;
  __u32 sum;    /* of the inner packet's 16-bit words, as far as the outer checksum needs it */
  __u16 port;   /* GUE's, network order */
  __u16 length; /* of the inner packet */
  __u8 type;
  __u8 v6;      /* the outer header is of IPv6 */
  __u8 tos;     /* outer DSCP and ECN */
  __u8 ttl;     /* outer, and the inner one after it was lowered */
  __u8 dont_fragment;
  __u8 summed;  /* there is an outer checksum */
};

static __always_inline __u32 tunnel_header(struct tunnel *t) {
  __u32 behind = t->type == TUNNEL_GUE ? UDP_LEN + GUE_LEN : t->type == TUNNEL_GRE ? GRE_LEN + (t->summed ? 4 : 0) : 0;
  return behind + (t->v6 ? 40 : IP_LEN);
}

static __always_inline __u64 sum_words(const __u32 *words, __u32 count) {
  __u64 sum = 0;
#pragma clang loop unroll(full)
  for (__u32 i = 0; i < OUTER_MAX / 4; i++)
    if (i < count) sum += words[i];
  return sum;
}

static __always_inline void outer_ipv4(__u32 *to, struct tunnel *t, struct dest *d, __u8 protocol, __u32 length) {
  to[0] = 0x45 | t->tos << 8 | (__u32)bpf_htons(length) << 16;
  to[1] = t->dont_fragment ? (__u32)bpf_htons(0x4000) << 16 : bpf_get_prandom_u32() & 0xffff; /* what is never cut needs no number */
  to[2] = t->ttl | protocol << 8;
  to[3] = t->source[0];
  to[4] = d->addr[0];
  to[2] |= (__u32)fold((__u64)to[0] + to[1] + to[2] + to[3] + to[4]) << 16;
}

static __always_inline void outer_ipv6(__u32 *to, struct tunnel *t, struct dest *d, __u8 protocol, __u32 length) {
  to[0] = bpf_htonl(6u << 28 | (__u32)t->tos << 20);
  to[1] = bpf_htons(length) | protocol << 16 | (__u32)t->ttl << 24;
  to[2] = t->source[0];
  to[3] = t->source[1];
  to[4] = t->source[2];
  to[5] = t->source[3];
  to[6] = d->addr[0];
  to[7] = d->addr[1];
  to[8] = d->addr[2];
  to[9] = d->addr[3];
}

/* The sum of UDP's pseudo-header: of the addresses, the protocol and the length. */
static __always_inline __u64 outer_pseudo(struct tunnel *t, struct dest *d, __u32 length) {
  __u64 sum = (__u64)t->source[0] + d->addr[0] + bpf_htons(IPPROTO_UDP) + bpf_htons(length);
  if (t->v6) sum += (__u64)t->source[1] + t->source[2] + t->source[3] + d->addr[1] + d->addr[2] + d->addr[3];
  return sum;
}

/* What stands behind the outer IP header. */
static __always_inline void outer_gue(__u32 *to, struct tunnel *t, struct dest *d) {
  __u32 length = UDP_LEN + GUE_LEN + t->length;
  to[0] = flow_port(flow_of(t->client, t->client_port)) | (__u32)t->port << 16;
  to[1] = bpf_htons(length);
  to[2] = INNER_PROTOCOL << 8; /* version 0, no options; protocol; no flags */
  if (!t->summed) return;
  __u16 sum = fold(outer_pseudo(t, d, length) + to[0] + to[1] + to[2] + t->sum);
  to[1] |= (__u32)(sum ? sum : 0xffff) << 16;
}

static __always_inline void outer_gre(__u32 *to, struct tunnel *t) {
  to[0] = (t->summed ? bpf_htons(GRE_SUM) : 0) | (__u32)bpf_htons(INNER_TYPE) << 16;
  if (!t->summed) return;
  to[1] = 0;
  to[1] = fold((__u64)to[0] + t->sum);
}

/* Writes the outer headers: OUTER_MAX bytes at most. */
static __always_inline void outer_make(__u32 *to, struct tunnel *t, struct dest *d) {
  __u32 length = tunnel_header(t) + t->length;
  __u8 protocol = t->type == TUNNEL_GUE ? IPPROTO_UDP : t->type == TUNNEL_GRE ? PROTOCOL_GRE : INNER_PROTOCOL;
  if (t->v6) outer_ipv6(to, t, d, protocol, length - 40);
  else outer_ipv4(to, t, d, protocol, length);
  to += t->v6 ? 10 : 5;
  if (t->type == TUNNEL_GUE) outer_gue(to, t, d);
  else if (t->type == TUNNEL_GRE) outer_gre(to, t);
}

/* ---- the source */

static __always_inline struct tunnel_source *tunnel_source_at(__u32 dest) { return bpf_map_lookup_elem(&tunnel_sources, &dest); }

/* Stores what the FIB has answered, if it has: a kernel that gives no source leaves the one that user space has found. */
static __always_inline void tunnel_source_note(__u32 dest, struct dest *d, __u32 ifindex) {
  struct scratch *scratch = the_scratch();
  struct tunnel_source *s = tunnel_source_at(dest);
  if (!scratch || !s) return;
  CHECKED(scratch);
  CHECKED(s);
  struct bpf_fib_lookup *fib = &scratch->fib;
  __u32 first = fib->ipv6_src[0];
  if (has_ipv6_server(d)) {
    if (!(first | fib->ipv6_src[1] | fib->ipv6_src[2] | fib->ipv6_src[3])) return;
#pragma clang loop unroll(full)
    for (int i = 1; i < 4; i++)
      if (READ(s->addr[i]) != fib->ipv6_src[i]) WRITE(s->addr[i], fib->ipv6_src[i]);
  } else if (!first && !READ(s->addr[0])) {
    struct interface *i = interface_at(ifindex);
    if (i) first = READ(i->addr);
  }
  if (first && READ(s->addr[0]) != first) WRITE(s->addr[0], first);
}

/* False: there is none. */
static __always_inline bool tunnel_source_read(struct tunnel *t) {
  struct tunnel_source *s = tunnel_source_at(t->dest);
  if (!s) return false;
  CHECKED(s);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) t->source[i] = READ(s->addr[i]);
  return t->source[0];
}

/* ---- the inner packet */

static __always_inline void tunnel_of(struct tunnel *t, __u32 dest, struct dest *d) {
  t->dest = dest;
  t->type = d->tunnel_type;
  t->port = d->tunnel_port;
  t->v6 = has_ipv6_server(d);
  t->summed = is_summed(d);
}

/* How large a packet may be on a path of so many bytes; 0: too few are left. */
static __always_inline __u32 tunnel_mtu(struct tunnel *t, __u32 path) {
  __u32 header = tunnel_header(t);
  if (!path) path = 0xffff;
  return path < header + INNER_MTU_MIN ? 0 : path - header;
}

#endif
