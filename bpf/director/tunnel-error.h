/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP errors that routers send to the director about outer packets of its tunnels, IPv4 in IPv4: the client gets one about the packet inside, from its
 * VIP, as with the kernel's IPVS. So a client learns of a path to a server with a smaller MTU.
 *
 *     IP  router -> director | ICMP | outer IP  director -> server | GRE, or UDP and GUE | inner IP  client -> VIP | ports | ...
 *     IP  VIP -> client      | ICMP | inner IP  client -> VIP | ports | ...
 *
 * Only where the packet inside has a connection to that server, by that tunnel. */
#ifndef WEIR_TUNNEL_ERROR_H
#define WEIR_TUNNEL_ERROR_H

#include "tunnel-headers.h"

#define IP_DF 0x4000
#define GUE_VERSION 0xe0 /* with the bit of control messages */
#define GUE_WORDS 0x1f   /* of options */

/* What such an error quotes. */
struct tunnel_quote {
  struct iphdr outer;
  struct iphdr inner;
  __u16 sport;
  __u16 dport;
  __u32 at; /* of the inner header, in the frame */
  __u16 port;
  __u8 type; /* of the tunnel */
};

/* How many bytes stand between the headers; negative: it is in no tunnel of IPv4 packets. `at`: behind the outer header. */
static __always_inline int tunnel_between(struct __sk_buff *skb, struct tunnel_quote *q, __u32 at) {
  __u32 words[3];
  q->type = TUNNEL_IPIP;
  if (q->outer.protocol == PROTOCOL_IPIP) return 0;
  if (bpf_skb_load_bytes(skb, at, words, sizeof words)) return -1;
  q->type = TUNNEL_GRE;
  bool summed = words[0] & bpf_htons(GRE_SUM);
  if (q->outer.protocol == PROTOCOL_GRE)
    return (words[0] & ~(__u32)bpf_htons(GRE_SUM)) == (__u32)bpf_htons(ETH_P_IP) << 16 ? GRE_LEN + (summed ? 4 : 0) : -1;
  q->type = TUNNEL_GUE;
  q->port = words[0] >> 16;
  __u32 gue = words[2];
  if (q->outer.protocol != IPPROTO_UDP || gue & GUE_VERSION || (gue >> 8 & 0xff) != PROTOCOL_IPIP) return -1;
  return UDP_LEN + GUE_LEN + 4 * (gue & GUE_WORDS);
}

/* Reads what the error quotes. False: it is about no packet in a tunnel. A global function, with its own stack frame. */
__noinline int tunnel_quote_read(struct __sk_buff *skb, __u32 icmp, struct tunnel_quote *q) {
  __u8 type;
  if (!q || bpf_skb_load_bytes(skb, icmp, &type, 1) || (type != ICMP_UNREACHABLE && type != ICMP_EXCEEDED)) return false;
  if (bpf_skb_load_bytes(skb, icmp + QUOTE_AT, &q->outer, sizeof q->outer)) return false;
  if (q->outer.version != 4 || q->outer.ihl < 5 || q->outer.frag_off & bpf_htons(0x1fff)) return false;
  __u32 behind = icmp + QUOTE_AT + q->outer.ihl * 4;
  int between = tunnel_between(skb, q, behind);
  if (between < 0) return false;
  q->at = behind + between;
  if (bpf_skb_load_bytes(skb, q->at, &q->inner, sizeof q->inner)) return false;
  if (q->inner.version != 4 || q->inner.ihl < 5 || q->inner.frag_off & bpf_htons(0x1fff)) return false;
  __u32 ports;
  if (bpf_skb_load_bytes(skb, q->at + q->inner.ihl * 4, &ports, sizeof ports)) return false;
  q->sport = ports;
  q->dport = ports >> 16;
  return true;
}

/* The destination of the quoted packet's connection, where it is behind that tunnel; 0: there is none in this build. A global function, with its own
 * stack frame. */
__noinline __u32 tunnel_quoted_dest(struct tunnel_quote *q) {
  struct found f;
  if (!q) return 0;
  __u8 protocol = q->inner.protocol;
  if (is_ipsec(protocol)) { /* as read_as_key_exchange() */
    protocol = IPPROTO_UDP;
    q->sport = q->dport = KEY_EXCHANGE_PORT;
  }
  __u32 service = service_for(q->inner.saddr, q->sport, q->inner.daddr, q->dport, protocol);
  if (!service) return 0;
  note_tuple(q->inner.daddr, q->dport, protocol);
  if (!conn_find(conn_key(q->inner.saddr, q->sport, service), clock_now(), &f)) return 0;
  __u32 dest = v_dest(f.value);
  struct dest *d = v_method(f.value) == M_TUNNEL ? dest_at(dest) : 0;
  if (!d) return 0;
  CHECKED(d);
  bool is_its = d->family == F_INET && d->addr[0] == q->outer.daddr && d->tunnel_type == q->type;
  return is_its && (q->type != TUNNEL_GUE || d->tunnel_port == q->port) ? dest : 0;
}

/* Puts the error about the packet inside, whose quote has `size` bytes, in the place of the one that came. 0 or an error. A global function, with its
 * own stack frame. */
__noinline int tunnel_error_make(struct __sk_buff *skb, struct tunnel_quote *q, __u32 icmp, __u32 size) {
  struct scratch *scratch = the_scratch();
  __u16 head[4]; /* type and code, checksum, unused, MTU */
  if (!scratch || !q || bpf_skb_load_bytes(skb, icmp, head, sizeof head)) return -1;
  CHECKED(scratch);
  struct icmp_packet *m = &scratch->icmp;
  struct packet p = {.saddr = q->inner.saddr, .daddr = q->inner.daddr};
  __u32 mtu = bpf_ntohs(head[3]), room = q->at - icmp - QUOTE_AT;
  bool needed = (head[0] & 0xff) == ICMP_UNREACHABLE && head[0] >> 8 == ICMP_FRAG;
  mtu = needed ? (mtu > room + OUTER_MTU_MIN ? mtu - room : OUTER_MTU_MIN) : 0;
  __builtin_memset(m, 0, sizeof *m);
  __u64 quote = size;
  CHECKED(quote);
  if (quote < IP_LEN) return -1;
  CHECKED(quote);
  if (quote > ICMP_QUOTE || bpf_skb_load_bytes(skb, q->at, m->quote, quote)) return -1;
  __u32 whole = IP_LEN + ICMP_HEADER + quote;
  icmp_headers(m, &p, whole, ERROR_HOPS, head[0], head[0] >> 8, mtu);
  if (icmp_resize(skb, whole)) return -1;
  return whole > sizeof *m || bpf_skb_store_bytes(skb, ETH_LEN, m, whole, BPF_F_INVALIDATE_HASH) ? -1 : 0;
}

/* Sends the error that was made to its client. A global function, with its own stack frame. */
__noinline int tunnel_error_send(struct __sk_buff *skb, __u32 dest, __u32 client, __u32 vip) {
  struct conf *c = the_conf();
  struct packet p = {};
  struct route w = {};
  if (!c) return TC_ACT_SHOT;
  struct verdict v = {.p = &p, .c = c, .now = clock_now(), .dest = dest};
  enum hop_answer answer = tc_hop(skb, &v, 0, client, vip, &w);
  if (answer == HOP_NONE) return tc_drop(R_NO_ROUTE);
  if (answer == HOP_LOCAL) return tc_pass_back(skb, dest);
  return tc_send(skb, answer, &w.hop, w.gateway);
}

/* Is the error for this host, and about a packet that it has sent? */
static __always_inline bool is_about_own(struct __sk_buff *skb, struct tunnel_quote *q) {
  __u32 ends[2];
  if (bpf_skb_load_bytes(skb, ETH_LEN + SADDR_IN, ends, sizeof ends) || ends[1] != q->outer.saddr) return false;
  int class = tc_address_class(skb, ends[1], ends[0]);
  return class == HOP_LOCAL || class == HOP_UNKNOWN;
}

/* An ICMP error that is about no connection by itself: it may be about the packet of a tunnel. What has no DF in it learns of no MTU, as with IPVS. A
 * global function: its own stack frame. */
__noinline int tc_tunnel_error(struct __sk_buff *skb, __u8 header, __u16 length) {
  struct tunnel_quote q = {};
  __u32 icmp = ETH_LEN + header;
  if (header < IP_LEN || header > 60 || length < header) return TC_ELSEWHERE;
  if (!tunnel_quote_read(skb, icmp, &q) || !is_about_own(skb, &q)) return TC_ELSEWHERE;
  if (!OF_SCTP && q.inner.protocol == IPPROTO_SCTP) return TC_SCTP;
  __u32 dest = tunnel_quoted_dest(&q);
  struct dest *d = dest ? dest_at(dest) : 0;
  if (!d) return TC_ELSEWHERE;
  struct related r = {.ip = ETH_LEN, .icmp = icmp, .length = length - header, .header = q.outer.ihl * 4};
  int valid = related_validate(skb, &r);
  if (valid != TC_ACT_OK) return valid;
  __u32 from = q.at - ETH_LEN, size = length > from ? length - from : 0;
  __u16 kind = 0;
  if (size < q.inner.ihl * 4u + 4 || bpf_skb_load_bytes(skb, icmp, &kind, sizeof kind)) return TC_ELSEWHERE;
  bool needed = kind == (ICMP_UNREACHABLE | ICMP_FRAG << 8);
  if (needed && !(q.inner.frag_off & bpf_htons(IP_DF))) return TC_ACT_SHOT;
  if (!needed && !icmp_allowed()) return tc_drop(R_ICMP_LIMITED);
  if (size > ICMP_QUOTE) size = ICMP_QUOTE;
  if (tunnel_error_make(skb, &q, icmp, size)) return tc_drop(R_REDIRECT_FAILED);
  count_bytes(d, dest, size, true);
  return tunnel_error_send(skb, dest, q.inner.saddr, q.inner.daddr);
}

#endif
