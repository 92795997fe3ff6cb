/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: rewriting a packet and sending it to its next hop. */
#ifndef WEIR_SEND_H
#define WEIR_SEND_H

/* From the IP header's beginning; and from the frame's. */
#define IP_CHECK_IN 10
#define SADDR_IN 12
#define DADDR_IN 16
#define TTL_AT (ETH_LEN + 8)
#define PROTOCOL_AT (ETH_LEN + 9)
#define IP_CHECK_AT (ETH_LEN + IP_CHECK_IN)

/* How a packet is rewritten, for the functions below. They are global, so that each is verified once. */
struct rewrite {
  __u32 was;
  __u32 addr;
  __u16 port_was;
  __u16 port;
  __u8 flags;
  __u8 protocol;
  __u8 header; /* length of the IP header; 0: the packet has no ports */
  __u8 ttl;
};
#define REWRITE_SOURCE 0x1 /* the source is rewritten, not the destination */
#define REWRITE_LAYER3 0x2 /* there is no Ethernet header */

static __always_inline void rewrite_of(struct rewrite *r, struct packet *p, bool source, __u32 addr, __u16 port) {
  r->was = source ? p->saddr : p->daddr;
  r->port_was = source ? p->sport : p->dport;
  r->addr = addr;
  r->port = port;
  r->flags = source ? REWRITE_SOURCE : 0;
  r->protocol = p->protocol;
  r->header = p->header;
  r->ttl = p->ttl;
}

/* The L4 checksum of a packet whose source or destination changed. 0 or an error. */
#ifdef SCTP
/* The whole packet's CRC without a pseudo header, so that of an endpoint the port alone counts. It is 0 where nothing was computed: of a packet
 * whose device or, cut first, whose stack does it when it leaves (CHECKSUM_PARTIAL); or over DTLS (RFC 9653). It stays 0 then. A wrong one stays
 * wrong. A global function, since most packets need none. */
__noinline int sctp_sum_change(struct __sk_buff *skb, __u32 l4, bool source, __u16 difference) {
  struct scratch *scratch = the_scratch();
  __u32 sum;
  if (!scratch || bpf_skb_load_bytes(skb, l4 + 8, &sum, sizeof sum)) return -1;
  if (!sum) return 0;
  struct packet *p = &scratch->packet;
  __u32 bytes = unlikely(p->fragment) ? scratch->whole_bytes : p->length - p->header;
  if (!bytes) return -1; /* a first fragment does not show how long the packet is */
  sum ^= crc_change(difference, bytes - (source ? 0 : 2));
  return bpf_skb_store_bytes(skb, l4 + 8, &sum, sizeof sum, 0);
}
static __always_inline long l4_sum_change(struct __sk_buff *skb, struct rewrite *r, __u32 l4) {
  return r->port == r->port_was ? 0 : sctp_sum_change(skb, l4, r->flags & REWRITE_SOURCE, r->port ^ r->port_was);
}
#else
/* The helpers understand CHECKSUM_PARTIAL. */
static __always_inline long l4_sum_change(struct __sk_buff *skb, struct rewrite *r, __u32 l4) {
  bool tcp = r->protocol == IPPROTO_TCP;
  __u32 check_at = l4 + (tcp ? 16 : 6);
  __u64 udp = tcp ? 0 : BPF_F_MARK_MANGLED_0;
  long rc = bpf_l4_csum_replace(skb, check_at, r->was, r->addr, BPF_F_PSEUDO_HDR | udp | 4);
  if (r->port != r->port_was) rc |= bpf_l4_csum_replace(skb, check_at, r->port_was, r->port, udp | 2);
  return rc;
}
#endif

/* Rewrites an address and a port with the checksums. 0 or an error. */
__noinline int tc_translate(struct __sk_buff *skb, struct rewrite *r) {
  if (!r) return -1;
  bool source = r->flags & REWRITE_SOURCE;
  __u32 at = r->flags & REWRITE_LAYER3 ? 0 : ETH_LEN, l4 = at + r->header;
  __u32 addr = r->addr;
  __u16 port = r->port;
  if (r->header && r->protocol == IPPROTO_UDP && datagram_sum(skb, at)) return -1;
  long rc = r->header ? l4_sum_change(skb, r, l4) : 0;
  rc |= bpf_l3_csum_replace(skb, at + IP_CHECK_IN, r->was, addr, 4);
  rc |= bpf_skb_store_bytes(skb, at + (source ? SADDR_IN : DADDR_IN), &addr, 4, 0);
  if (r->header) rc |= bpf_skb_store_bytes(skb, l4 + (source ? 0 : 2), &port, 2, 0);
  return rc;
}

#ifndef IPV6
/* Gives the packet another source, or another target (send6.h: of IPv6). 0 or an error. */
static __always_inline int end_rewrite(struct __sk_buff *skb, struct packet *p, bool source, const __u32 *addr, __u16 port) {
  struct rewrite r;
  rewrite_of(&r, p, source, addr[0], port);
  return tc_translate(skb, &r);
}
#endif

__noinline int tc_lower_ttl(struct __sk_buff *skb, __u8 ttl, __u8 protocol) {
  __u16 was = bpf_htons((__u16)ttl << 8 | protocol), is = bpf_htons((__u16)(ttl - 1) << 8 | protocol);
  __u8 less = ttl - 1;
  long rc = bpf_l3_csum_replace(skb, IP_CHECK_AT, was, is, 2);
  return rc | bpf_skb_store_bytes(skb, TTL_AT, &less, 1, 0);
}

#if !defined(IPV6) && (defined(WIDE) || !defined(SCTP))
/* Forwarding to weir's device has lowered the TTL, and what follows lowers it where it must be. */
static __always_inline int tc_restore_ttl(struct __sk_buff *skb) {
  __u8 was[2]; /* TTL and protocol */
  if (bpf_skb_load_bytes(skb, TTL_AT, was, sizeof was) || was[0] == 255) return -1;
  __u8 more = was[0] + 1;
  long rc = bpf_l3_csum_replace(skb, IP_CHECK_AT, was[0] | was[1] << 8, more | was[1] << 8, 2);
  return rc | bpf_skb_store_bytes(skb, TTL_AT, &more, 1, 0);
}
#endif

/* On weir's own device, and on lo, a packet still has the route by which the stack brought it there. If it waits until its neighbour is resolved, the
 * kernel asks that route for a neighbour then, and sends it to a MAC address that no server has. Tunnel metadata take the place of the route: with
 * these the kernel takes the neighbour that it waits for, as for a packet at another ingress, which has no route. A device without Ethernet headers
 * resolves nothing, and may want to know the route. */
static __always_inline void tc_remove_route(struct __sk_buff *skb) {
  static const struct bpf_tunnel_key none = {};
  bpf_skb_set_tunnel_key(skb, (struct bpf_tunnel_key *)&none, sizeof none, 0);
}
static __always_inline void tc_leave_route(struct __sk_buff *skb, __u32 ifindex) {
  if (skb->ingress_ifindex != LOOPBACK && !is_on_pair(skb)) return;
  struct interface *i = interface_at(ifindex);
  if (!i || !(i->flags & INTERFACE_LAYER3)) tc_remove_route(skb);
}

/* As src/datapath/ebpf/load/pair.ts gives it to the far end of weir's pair. */
#define PAIR_FAR_MAC 0x02, 0x77, 0x65, 0x69, 0x72, 0x01
#define PAIR_ACCEPTED_MAC 0x02, 0x77, 0x65, 0x69, 0x72, 0x02 /* as firewall-path.ts has it */

/* Passes a translated packet to the stack by the far end of weir's pair, where a rule of weir's leads past the marks. A user's rule that does not name
 * the virtual address would mark it where it came in, and it would be balanced once more. */
__noinline int tc_past_marks(struct __sk_buff *skb) {
  static const __u8 far_end[6] = {PAIR_FAR_MAC};
  struct conf *c = the_conf();
  if (!c || bpf_skb_store_bytes(skb, 0, far_end, 6, 0)) return tc_drop(R_REDIRECT_FAILED);
  skb->mark = 0;
  return bpf_redirect(c->pair_peer_ifindex, BPF_F_INGRESS);
}

/* Passes a translated packet to the stack, which is to forward it: on lo not by the route to this host, which it came by. */
static __always_inline int tc_pass_on(struct __sk_buff *skb) {
  if (skb->ingress_ifindex == LOOPBACK) tc_remove_route(skb);
  return TC_ACT_UNSPEC;
}

/* Passes a translated request to the stack for a policy of IPsec. */
static __always_inline int tc_pass_policed(struct __sk_buff *skb) { return has_marks_of(MARKS_OF_FAMILY) ? tc_past_marks(skb) : tc_pass_on(skb); }

/* Passes a translated answer of a destination to the stack: for a policy, or since its client is on the director. A global function: its callers have
 * little stack left. */
__noinline int tc_pass_back(struct __sk_buff *skb, __u32 dest) {
  struct dest *d = dest_at(dest);
  return d && d->flags & D_POLICED_BACK && has_marks_of(MARKS_OF_FAMILY) ? tc_past_marks(skb) : tc_deliver(skb);
}

/* Sends a packet to a hop: straight out of its device; or, after each FIB lookup, through the kernel's neighbour output, which
 * resolves an unknown neighbour and probes an old one. */
__noinline int tc_send(struct __sk_buff *skb, __u32 answer, struct hop *h, __u32 gateway) {
  if (!h) return TC_ACT_SHOT;
  if (likely(answer == HOP_READY && !gateway)) {
    if (bpf_skb_store_bytes(skb, 0, h->dmac, 12, 0)) return tc_drop(R_REDIRECT_FAILED);
    return bpf_redirect(h->ifindex, 0);
  }
  struct bpf_redir_neigh neigh = {.nh_family = F_INET, .ipv4_nh = gateway};
  struct scratch *scratch = the_scratch();
  if (gateway_is_v6() && scratch) {
    neigh.nh_family = F_INET6;
    __builtin_memcpy(neigh.ipv6_nh, scratch->fib.ipv6_dst, sizeof neigh.ipv6_nh);
  }
  if (answer == HOP_RESOLVE) tc_leave_route(skb, h->ifindex);
  return bpf_redirect_neigh(h->ifindex, &neigh, sizeof neigh, 0);
}

#ifndef IPV6
/* Sends a packet to a destination. The kernel trusts a neighbour for up to a minute, too long for a server that changed
 * its MAC: every few seconds an ARP request is sent as well, and the kernel learns from the answer. Not with a first fragment: what was held back for it
 * borrows its packet next, which cannot become as short again (fragment-table.h). */
__noinline int tc_send_to(struct __sk_buff *skb, __u32 dest, __u32 answer, struct hop *h, __u32 gateway) {
  struct dest *d = dest_at(dest);
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  if (!d || !c || !h || !scratch) return TC_ACT_SHOT;
  struct interface *i = gateway && answer == HOP_READY && !skb->gso_size && !scratch->packet.fragment ? interface_at(h->ifindex) : 0;
  __u32 now = clock_now();
  if (likely(!i) || !i->addr || i->flags & INTERFACE_LAYER3 || gateway_is_v6() || now - READ(d->probed_at) < c->fresh_for * PROBE_SECONDS) return tc_send(skb, answer, h, gateway);
  WRITE(d->probed_at, now);
  if (bpf_skb_store_bytes(skb, 0, h->dmac, 12, 0)) return tc_drop(R_REDIRECT_FAILED);
  if (bpf_clone_redirect(skb, h->ifindex, 0)) return tc_drop(R_REDIRECT_FAILED);
  /* Neighbours take the sender for ours: an address that has left this host is another's now. */
  __u32 sender = tc_address_class(skb, i->addr, 0) == HOP_LOCAL ? i->addr : 0;
  return arp_request(skb, h->ifindex, h->smac, sender, gateway);
}
#endif

/* Out of the hop's device. A small packet goes directly to a veth's other end, since the veth's queue costs more than all the rest (only at
 * ingress the kernel does that).
 * GSO packets take the queue, where GRO at the other end merges them further. Packets of the director's own stack (by lo) take it, too:
 * they have a route of this namespace attached. */
static __always_inline int tc_redirect(struct __sk_buff *skb, struct hop *h) {
  bool direct = h->flags & NH_PEER && skb->ingress_ifindex != 1 && !skb->gso_size && !is_on_pair(skb);
  return direct ? bpf_redirect_peer(h->ifindex, 0) : bpf_redirect(h->ifindex, 0);
}

/* The usual packet, without IP options, to a fresh hop: MACs, TTL, checksum, address and port are assembled in the scratch space and
 * written by one call, since each call costs more than the assembly. The helper updates the L4 checksum, because it understands
 * CHECKSUM_PARTIAL. `addr` 0: nothing is translated. */
static __always_inline int tc_forward(struct __sk_buff *skb, struct packet *p, struct hop *h, bool source, __u32 addr, __u16 port) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct scratch *scratch = the_scratch();
  if (!scratch || data + ETH_LEN + IP_LEN + 8 > end) return tc_drop(R_REDIRECT_FAILED);
  struct rewrite r;
  rewrite_of(&r, p, source, addr, port);
  if (addr && unlikely(lacks_sum(p, data + ETH_LEN + IP_LEN))) {
    if (tc_translate(skb, &r) || tc_lower_ttl(skb, r.ttl, r.protocol)) return tc_drop(R_REDIRECT_FAILED);
    return tc_send(skb, HOP_READY, h, 0);
  }
  __u32 was = source ? p->saddr : p->daddr;
  __u32 *ip = data + ETH_LEN, *to = scratch->head + 4;
  __u32 change = sum_change16(0, bpf_htons(p->ttl << 8), bpf_htons((p->ttl - 1) << 8));
  if (addr) change += sum_change32(0, was, addr);
  copy_macs(scratch->head_macs, h->dmac);
  scratch->head_type = bpf_htons(ETH_P_IP);
  to[0] = ip[0];
  to[1] = ip[1];
  to[2] = (__u32)(p->ttl - 1) | p->protocol << 8 | (__u32)sum_apply(ip[2] >> 16, change) << 16;
  if (!addr) {
    if (bpf_skb_store_bytes(skb, 0, scratch->head_macs, ETH_LEN + 12, 0)) return tc_drop(R_REDIRECT_FAILED);
    return tc_redirect(skb, h);
  }
  to[3] = source ? addr : p->saddr;
  to[4] = source ? p->daddr : addr;
  to[5] = source ? port | p->dport << 16 : p->sport | (__u32)port << 16;
  long rc = bpf_skb_store_bytes(skb, 0, scratch->head_macs, ETH_LEN + IP_LEN + 4, 0);
  rc |= l4_sum_change(skb, &r, ETH_LEN + IP_LEN);
  return rc ? tc_drop(R_REDIRECT_FAILED) : tc_redirect(skb, h);
}

/* How long the header before TCP or UDP is in each segment of a packet that is cut later. A payload length that 16 bits cannot hold (BIG TCP) stands in
 * an option of IPv6, behind a length of 0, which the kernel takes out when it cuts the packet. */
#ifdef IPV6
#define JUMBO_LEN 8
static __always_inline __u32 segment_header(struct __sk_buff *skb, struct packet *p) {
  __u32 word; /* payload length, next header, hop limit */
  if (p->header == IP6_LEN || bpf_skb_load_bytes(skb, ETH_LEN + 4, &word, sizeof word)) return p->header;
  return word & bpf_htonl(0xffffff00) ? p->header : p->header - JUMBO_LEN; /* the next one is NEXT_HOP_BY_HOP, 0 */
}
#else
static __always_inline __u32 segment_header(struct __sk_buff *skb, struct packet *p) { return p->header; }
#endif

/* Is it larger than the next hop's MTU? Of a GSO packet each segment counts. It is recognised by its segment size, since devices of
 * virtual machines leave the number of segments at 0. */
static __always_inline bool is_too_big(struct __sk_buff *skb, struct packet *p, __u32 mtu) {
  if (likely(!mtu || p->length <= mtu)) return false;
  if (!skb->gso_size) return true;
  if (OF_SCTP) return false; /* its segments are the chunks' own, each made for the sender's path */
  __u8 words = 2 << 4; /* of the L4 header, in the upper half: UDP's */
  if (p->protocol == IPPROTO_TCP && bpf_skb_load_bytes(skb, ETH_LEN + p->header + 12, &words, 1)) return true;
  return segment_header(skb, p) + (words >> 4) * 4 + skb->gso_size > mtu;
}

/* A packet's next hop, for tc. */
struct route {
  struct hop hop;
  __u32 gateway;
};

__noinline int tc_hop_ask(struct __sk_buff *skb, __u32 dest, __u32 addr, __u32 saddr, struct route *w) {
  return w ? nexthop_resolve(skb, skb->ingress_ifindex, dest, addr, saddr, &w->hop, &w->gateway) : HOP_NONE;
}

/* The next hop of a packet to a destination, or (dest = 0) of a reply from `saddr` to the client `addr`. */
static __always_inline enum hop_answer tc_hop(struct __sk_buff *skb, struct verdict *v, struct dest *d, __u32 addr, __u32 saddr, struct route *w) {
  if (likely(nexthop_cached(v->c, d, addr, saddr, v->now, &w->hop))) return w->hop.flags & NH_LOCAL ? HOP_LOCAL : HOP_READY;
  return tc_hop_ask(skb, d ? v->dest : 0, addr, saddr, w);
}

#endif
