/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: rewriting an IPv6 packet. There is no header checksum that would even out a change for a device's checksum of the whole packet. */
#ifndef WEIR_SEND6_H
#define WEIR_SEND6_H

#define HOP_LIMIT_AT (ETH_LEN + 7)
#define SADDR6_IN 8
#define DADDR6_IN 24
#define SADDR6_AT (ETH_LEN + SADDR6_IN)

/* Brings the change of an address that a checksum's pseudo-header covers into the checksum. The helper takes it out of the device's checksum,
 * too, as is right for IPv4: there the change of the address itself is not in it. Here the two even out, so it is put back. */
static __always_inline long checksum_address(struct __sk_buff *skb, __u32 check_at, __s64 change, __u64 flags) {
  long rc = bpf_l4_csum_replace(skb, check_at, 0, (__u32)change, BPF_F_PSEUDO_HDR | flags);
  bpf_csum_update(skb, (__u32)change); /* refused where there is no such checksum */
  return rc;
}

/* The L4 checksum, whose header begins at `l4`, of a packet whose source or target changed: the address by `change`, the port from `port_was` to `port`. 0 or an error. With
 * SUM_HAS_ADDRESS the device's checksum is then to be put right by the caller, as in checksum_address(). */
#ifdef SCTP
/* It has no address in it (send.h). A device's checksum of the whole packet is of no use for SCTP, and is left as it was. */
#define SUM_HAS_ADDRESS false
static __always_inline long l4_sum_change6(struct __sk_buff *skb, struct packet *p, __u32 l4, bool source, __u32 change, __u16 port_was, __u16 port) {
  return port == port_was ? 0 : sctp_sum_change(skb, l4, source, port ^ port_was);
}
#else
#define SUM_HAS_ADDRESS true
static __always_inline long l4_sum_change6(struct __sk_buff *skb, struct packet *p, __u32 l4, bool source, __u32 change, __u16 port_was, __u16 port) {
  bool tcp = p->protocol == IPPROTO_TCP;
  __u32 check_at = l4 + (tcp ? 16 : 6);
  __u64 udp = tcp ? 0 : BPF_F_MARK_MANGLED_0;
  long rc = bpf_l4_csum_replace(skb, check_at, 0, change, BPF_F_PSEUDO_HDR | udp);
  if (port != port_was) rc |= bpf_l4_csum_replace(skb, check_at, port_was, port, udp | 2);
  return rc;
}
#endif

/* Rewrites the packet's source (REWRITE_SOURCE), or its target, to whole.as and `port`. 0 or an error. */
__noinline int tc_translate6(struct __sk_buff *skb, __u32 how, __u32 port32) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  bool source = how & REWRITE_SOURCE;
  __u32 at = how & REWRITE_LAYER3 ? 0 : ETH_LEN, l4 = at + p->header;
  __u32 *was = source ? p->saddr6 : p->daddr6, *as = scratch->whole.as;
  __u16 port = port32, port_was = source ? p->sport : p->dport;
  if (has_ports(p) && p->protocol == IPPROTO_UDP && datagram_sum(skb, at)) return -1;
  __u32 change = address_change(was, as);
  long rc = has_ports(p) ? l4_sum_change6(skb, p, l4, source, change, port_was, port) : 0;
  if (SUM_HAS_ADDRESS) bpf_csum_update(skb, change); /* refused where there is no such checksum */
  rc |= bpf_skb_store_bytes(skb, at + (source ? SADDR6_IN : DADDR6_IN), as, 16, 0);
  if (has_ports(p)) rc |= bpf_skb_store_bytes(skb, l4 + (source ? 0 : 2), &port, 2, 0);
  return rc;
}

static __always_inline int translate_as(struct __sk_buff *skb, __u32 how, const __u32 *addr, __u16 port) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return -1;
  address_copy(whole->as, addr);
  return tc_translate6(skb, how, port);
}

/* As in send.h. */
static __always_inline int end_rewrite(struct __sk_buff *skb, struct packet *p, bool source, const __u32 *addr, __u16 port) {
  return translate_as(skb, source ? REWRITE_SOURCE : 0, addr, port);
}

static __always_inline int tc_set_hop_limit(struct __sk_buff *skb, __u8 limit) {
  return bpf_skb_store_bytes(skb, HOP_LIMIT_AT, &limit, 1, BPF_F_RECOMPUTE_CSUM);
}
static __always_inline int tc_lower_hop_limit(struct __sk_buff *skb, __u8 limit) { return tc_set_hop_limit(skb, limit - 1); }

#ifdef WIDE
/* As in send.h. */
static __always_inline int tc_restore_ttl(struct __sk_buff *skb) {
  __u8 was;
  if (bpf_skb_load_bytes(skb, HOP_LIMIT_AT, &was, 1) || was == 255) return -1;
  return tc_set_hop_limit(skb, was + 1);
}
#endif

/* What a sum of the packet's words changes by for a hop limit less by one: its byte is the second one of a word. */
#define HOP_LIMIT_LESS (0xffffffff - bpf_htons(1))

/* Translates a packet to `addr` and `port`, if `addr` is not 0, and sends it to its hop. The usual one, without extension headers, with a checksum
 * and to a fresh hop, is written in place, since each call costs more than all that is written; the helpers that are called know CHECKSUM_PARTIAL, and the
 * device's checksum changes once. */
static __always_inline int tc_forward6(struct __sk_buff *skb, struct packet *p, enum hop_answer answer, struct route *w, bool source,
                                       const __u32 *addr, __u16 port) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  bool slow = answer != HOP_READY || w->gateway || p->header != IP6_LEN || data + ETH_LEN + IP6_LEN + 8 > end;
  if (unlikely(slow || (addr && lacks_sum(p, data + ETH_LEN + IP6_LEN)))) {
    if (addr && translate_as(skb, source ? REWRITE_SOURCE : 0, addr, port)) return tc_drop(R_REDIRECT_FAILED);
    if (tc_lower_hop_limit(skb, p->ttl)) return tc_drop(R_REDIRECT_FAILED);
    return tc_send(skb, answer, &w->hop, w->gateway);
  }
  struct ip6_header *ip = data + ETH_LEN;
  __u16 *ports = data + ETH_LEN + IP6_LEN;
  copy_macs(data, w->hop.dmac);
  ip->hop_limit = p->ttl - 1;
  if (!addr) {
    bpf_csum_update(skb, HOP_LIMIT_LESS);
    return tc_redirect(skb, &w->hop);
  }
  __u32 change = address_change(source ? p->saddr6 : p->daddr6, addr);
  address_copy(source ? ip->saddr : ip->daddr, addr);
  ports[!source] = port;
  if (l4_sum_change6(skb, p, ETH_LEN + IP6_LEN, source, change, source ? p->sport : p->dport, port)) return tc_drop(R_REDIRECT_FAILED);
  bpf_csum_update(skb, sum_fold32((__u64)HOP_LIMIT_LESS + (SUM_HAS_ADDRESS ? change : 0)));
  return tc_redirect(skb, &w->hop);
}

#endif
