/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: the packet of a connection whose server is behind a tunnel. The program that chose the destination has counted it. */
#ifndef WEIR_TUNNEL_TC_H
#define WEIR_TUNNEL_TC_H

#include "packet-errors.h"

#define UDP_CHECK_AT 6

/* What differs of a family: reading the packet into the scratch space, and what lowering its TTL changes. */
#ifdef IPV6
static __always_inline bool inner_read(struct __sk_buff *skb, struct packet *p, struct tunnel *t) {
  struct whole_addresses *whole = the_whole();
  if (!whole || bpf_skb_load_bytes(skb, ETH_LEN, &whole->header, sizeof whole->header)) return false;
  struct ip6_header *ip = &whole->header;
  address_copy(p->saddr6, ip->saddr);
  address_copy(p->daddr6, ip->daddr);
  p->header = IP6_LEN;
  p->protocol = ip->next;
  p->ttl = ip->hop_limit;
  __u32 length = skb->gso_size ? skb->len - ETH_LEN : bpf_ntohs(ip->payload_length) + IP6_LEN;
  p->length = length < NO_LENGTH ? length : NO_LENGTH;
  p->dont_fragment = true;
  t->tos = bpf_ntohl(ip->first) >> 20;
  t->client = address_fold(p->saddr6);
  return true;
}
static __always_inline bool lower_ttl(struct __sk_buff *skb, struct packet *p) { return !tc_lower_hop_limit(skb, p->ttl); }
/* The header has no checksum, and the transport's has a pseudo-header of the same addresses: the rest of the header is left. */
static __always_inline __u64 summed_header(struct packet *p) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return 0;
  __u32 words = bpf_htons(p->length - IP6_LEN) | (__u32)p->protocol << 16 | (__u32)(p->ttl - 1) << 24;
  return (__u64)whole->header.first + words + 0xffffu - bpf_htons(p->length - IP6_LEN) + 0xffffu - bpf_htons(p->protocol);
}
#else
static __always_inline bool inner_read(struct __sk_buff *skb, struct packet *p, struct tunnel *t) {
  struct iphdr ip;
  if (bpf_skb_load_bytes(skb, ETH_LEN, &ip, sizeof ip)) return false;
  p->saddr = ip.saddr;
  p->daddr = ip.daddr;
  p->header = ip.ihl * 4;
  p->protocol = ip.protocol;
  p->ttl = ip.ttl;
  __u32 length = skb->gso_size || !ip.tot_len ? skb->len - ETH_LEN : bpf_ntohs(ip.tot_len);
  p->length = length < NO_LENGTH ? length : NO_LENGTH;
  p->dont_fragment = ip.frag_off & bpf_htons(0x4000);
  t->tos = ip.tos;
  t->client = p->saddr;
  return p->header >= IP_LEN;
}
static __always_inline bool lower_ttl(struct __sk_buff *skb, struct packet *p) { return !tc_lower_ttl(skb, p->ttl, p->protocol); }
/* The header's own checksum makes its sum 0; the pseudo-header is taken away. */
static __always_inline __u64 summed_header(struct packet *p) {
  __u64 pseudo = (__u64)p->saddr + p->daddr + bpf_htons(p->protocol) + bpf_htons(p->length - p->header);
  return (__u16)fold(pseudo);
}
#endif

/* Adds the whole inner packet, which begins at `at`, to a sum of 0. A global function: verified once. Negative: an error. */
__noinline __s64 inner_sum_all(struct __sk_buff *skb, __u32 at, __u32 length) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  CHECKED(scratch);
  struct datagram *d = &scratch->datagram;
  d->at = at;
  d->left = length;
  d->sum = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < SUM_PARTS; i++) {
    if (!d->left) break;
    if (datagram_add(skb)) return -1;
  }
  return d->sum;
}

/* The sum of the inner packet, whose TTL was lowered. TCP's and UDP's own checksum makes their sum known without reading it (as the kernel's
 * lco_csum), also where a device is still to compute it. A datagram without one, and all else, is read. Negative: an error. */
static __always_inline __s64 inner_sum(struct __sk_buff *skb, struct packet *p) {
  bool plain = p->protocol == IPPROTO_TCP;
  if (p->protocol == IPPROTO_UDP) {
    __u16 check;
    if (bpf_skb_load_bytes(skb, ETH_LEN + p->header + UDP_CHECK_AT, &check, sizeof check)) return -1;
    plain = check;
  }
#ifndef IPV6
  __u16 fragment;
  if (bpf_skb_load_bytes(skb, ETH_LEN + 6, &fragment, sizeof fragment)) return -1;
  plain = plain && !(fragment & bpf_htons(0x3fff));
#endif
  if (!plain) return inner_sum_all(skb, ETH_LEN, p->length);
  return (__u16)~fold(summed_header(p));
}

/* Is it larger than the tunnel lets through? Of a packet that is cut later (GSO) each segment counts, as in is_too_big(). */
static __always_inline bool tunnel_is_full(struct __sk_buff *skb, struct packet *p, __u32 mtu) {
  if (likely(p->length <= mtu)) return false;
  return p->protocol == IPPROTO_SCTP && skb->gso_size ? false : is_too_big(skb, p, mtu);
}

/* Puts the place for `size` bytes of headers in front of the packet's IP header. */
static __always_inline long tunnel_make_room(struct __sk_buff *skb, __u32 type, __u32 v6, __u32 size) {
  __u64 flags = v6 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;
  flags |= BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET;
  if (type == TUNNEL_GRE) flags |= BPF_F_ADJ_ROOM_ENCAP_L4_GRE;
  if (type == TUNNEL_GUE) flags |= BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
  return bpf_skb_adjust_room(skb, size, BPF_ADJ_ROOM_MAC, flags);
}

/* Puts the outer headers of the scratch space in front of the packet. 0 or an error. */
__noinline long tunnel_push(struct __sk_buff *skb, __u32 type, __u32 v6, __u64 size) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  CHECKED(scratch);
  if (tunnel_make_room(skb, type, v6, size)) return -1;
  CHECKED(size);
  if (size < IP_LEN) return -1;
  CHECKED(size);
  if (size > OUTER_MAX || bpf_skb_store_bytes(skb, ETH_LEN, scratch->outer, size, BPF_F_INVALIDATE_HASH)) return -1;
  bpf_csum_update(skb, bpf_csum_diff(0, 0, scratch->outer, OUTER_MAX, 0)); /* what is behind the headers is 0; refused where there is no such checksum */
  __u16 proto = v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
  return INNER_TYPE == (v6 ? ETH_P_IPV6 : ETH_P_IP) ? 0 : bpf_skb_store_bytes(skb, ETH_LEN - 2, &proto, 2, 0);
}

/* The hop of a tunnel's end, asked of the FIB, with its source. A global function, for once a second. */
__noinline int tunnel_hop_ask(struct __sk_buff *skb, __u32 dest, struct route *w) {
  struct dest *d = dest_at(dest);
  if (!d || !w) return HOP_NONE;
  CHECKED(d);
  int answer = nexthop_resolve(skb, skb->ingress_ifindex, dest, server_word(d), 0, &w->hop, &w->gateway);
  if (answer == HOP_READY || answer == HOP_RESOLVE) tunnel_source_note(dest, d, w->hop.ifindex);
  return answer;
}

/* Where the server is the director itself: to the stack, as DR does. */
static __always_inline int tunnel_local(struct __sk_buff *skb) {
  static const __u8 far_end[6] = {PAIR_FAR_MAC};
  if (!is_on_pair(skb)) return TC_ACT_UNSPEC;
  skb->mark = 0; /* as tc_to_far_end() in tc-wide.h */
  return bpf_skb_store_bytes(skb, 0, far_end, 6, 0) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
}

/* Encapsulates the packet in the scratch space and sends it. */
static __always_inline int tunnel_send(struct __sk_buff *skb, struct packet *p, struct tunnel *t, struct dest *d, enum hop_answer answer, struct route *w) {
  struct scratch *scratch = the_scratch();
  if (!scratch || !lower_ttl(skb, p)) return tc_drop(R_REDIRECT_FAILED);
  CHECKED(scratch);
  __s64 sum = t->summed ? inner_sum(skb, p) : 0;
  if (sum < 0) return tc_drop(R_REDIRECT_FAILED);
  t->sum = sum;
  __builtin_memset(scratch->outer, 0, sizeof scratch->outer);
  outer_make(scratch->outer, t, d);
  if (tunnel_push(skb, t->type, t->v6, tunnel_header(t))) return tc_drop(R_REDIRECT_FAILED);
  if (likely(answer == HOP_READY && !w->gateway)) {
    if (bpf_skb_store_bytes(skb, 0, w->hop.dmac, 12, 0)) return tc_drop(R_REDIRECT_FAILED);
    return tc_redirect(skb, &w->hop);
  }
#ifndef IPV6
  if (!t->v6) return tc_send_to(skb, t->dest, answer, &w->hop, w->gateway);
#endif
  return tc_send(skb, answer, &w->hop, w->gateway);
}

#define TC_NOT_PLAIN (-2)
#ifdef IPV6
static __always_inline int tunnel_plainly(struct __sk_buff *skb, struct conf *c, __u32 dest, struct dest *d) { return TC_NOT_PLAIN; }
#else
/* A checksum that a device has made of the whole packet goes on as it is: a header with a right checksum of its own has the sum 0, and lowering the
 * TTL does not change that. What stands between the IP headers is added. */
static __always_inline int tunnel_plainly(struct __sk_buff *skb, struct conf *c, __u32 dest, struct dest *d) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct plain_tunnel t;
  struct hop h;
  struct tunnel_source *source = tunnel_source_at(dest);
  if (!source || skb->gso_size || data + ETH_LEN + IP_LEN + 8 > end) return TC_NOT_PLAIN;
  struct iphdr *ip = data + ETH_LEN;
  if (ip->version != 4 || ip->ihl != 5 || ip->ttl <= 1) return TC_NOT_PLAIN;
  if (!hop_read(&d->hop, d->addr[0], clock_now(), c->fresh_for, &h) || h.flags & NH_LOCAL) return TC_NOT_PLAIN;
  plain_read(&t, data + ETH_LEN, c, source, d->tunnel_type, flow_of(ip->saddr, *(__u16 *)(ip + 1)));
  if (!plain_fits(&t, h.mtu)) return TC_NOT_PLAIN;
  plain_lower_ttl(data + ETH_LEN, &t);
  if (tunnel_make_room(skb, t.type, false, plain_header(&t))) return tc_drop(R_REDIRECT_FAILED);
  if (!plain_write((void *)(long)skb->data, (void *)(long)skb->data_end, &t, d, &h)) return tc_drop(R_REDIRECT_FAILED);
  if (plain_between(&t)) {
    __u32 between[3] = {};
    plain_behind(between, &t, d);
    bpf_csum_update(skb, (__u16)~fold((__u64)between[0] + between[1] + between[2]));
  }
  return tc_redirect(skb, &h);
}
#endif

static __always_inline int tunnel_packet(struct __sk_buff *skb, struct conf *c, struct packet *p, __u32 dest, bool related) {
  struct scratch *scratch = the_scratch();
  struct dest *d = dest_at(dest);
  struct tunnel t = {};
  struct route w = {};
  if (!d || !scratch) return TC_ACT_SHOT;
  CHECKED(d);
  CHECKED(scratch);
  if (!inner_read(skb, p, &t)) return tc_drop(R_SHORT);
  scratch->tunnel_dest = dest;
  tunnel_of(&t, dest, d);
  if (t.type == TUNNEL_GUE && bpf_skb_load_bytes(skb, ETH_LEN + p->header, &t.client_port, sizeof t.client_port)) t.client_port = 0;
  enum hop_answer answer = hop_read(&d->hop, server_word(d), clock_now(), c->fresh_for, &w.hop) ? (w.hop.flags & NH_LOCAL ? HOP_LOCAL : HOP_READY)
                                                                                                : tunnel_hop_ask(skb, dest, &w);
  if (answer == HOP_LOCAL && d->flags & D_LOCAL) return tunnel_local(skb);
  if (answer == HOP_LOCAL || answer == HOP_NONE || answer == HOP_UNKNOWN || !tunnel_source_read(&t)) {
    count_reason(R_NO_ROUTE);
    return related ? TC_ACT_SHOT : count_error(skb, d, dest, packet_unreachable(skb, p));
  }
  if (p->ttl <= 1) {
    count_reason(R_TTL);
    return related ? TC_ACT_SHOT : count_error(skb, d, dest, packet_exceeded(skb, p));
  }
  if (skb->gso_size) t.summed = 0; /* one is not right for all that it is cut into */
  __u32 mtu = tunnel_mtu(&t, w.hop.mtu);
  bool checked = c->pmtu_disc || INNER_PROTOCOL == PROTOCOL_IPV6;
  if (unlikely(!mtu || tunnel_is_full(skb, p, mtu))) {
    count_reason(R_TOO_BIG);
    return mtu && checked && p->dont_fragment && !related ? count_error(skb, d, dest, packet_large(skb, p, mtu)) : TC_ACT_SHOT;
  }
  t.dont_fragment = INNER_PROTOCOL == PROTOCOL_IPIP && p->dont_fragment && c->pmtu_disc;
  t.tos = outer_tos(t.tos);
  t.ttl = p->ttl - 1;
  t.length = p->length;
  return tunnel_send(skb, p, &t, d, answer, &w);
}

SEC("tc")
int weir_tunnel_tc(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  struct tunnel_work *work = the_tunnel_work();
  if (!c || !scratch || !work) return TC_ACT_SHOT;
  CHECKED(scratch);
  struct dest *d = dest_at(work->dest);
  if (!d) return TC_ACT_SHOT;
  CHECKED(d);
  int done = is_plain_tunnel(d) && !work->related && !(d->flags & D_LOCAL) ? tunnel_plainly(skb, c, work->dest, d) : TC_NOT_PLAIN;
  if (likely(done != TC_NOT_PLAIN)) return done;
  return tunnel_packet(skb, c, &scratch->packet, work->dest, work->related);
}

#endif
