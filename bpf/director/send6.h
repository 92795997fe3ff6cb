/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: rewriting an IPv6 packet. There is no header checksum that would even out a change for a device's checksum of the whole packet. */
#ifndef WEIR_SEND6_H
#define WEIR_SEND6_H

#define HOP_LIMIT_AT (ETH_LEN + 7)
#define SADDR6_AT (ETH_LEN + 8)
#define DADDR6_AT (ETH_LEN + 24)

/* Brings the change of an address that a checksum's pseudo-header covers into the checksum. The helper takes it out of the device's checksum,
 * too, as is right for IPv4: there the change of the address itself is not in it. Here the two even out, so it is put back. */
static __always_inline long checksum_address(struct __sk_buff *skb, __u32 check_at, __s64 change, __u64 flags) {
  long rc = bpf_l4_csum_replace(skb, check_at, 0, (__u32)change, BPF_F_PSEUDO_HDR | flags);
  bpf_csum_update(skb, (__u32)change); /* refused where there is no such checksum */
  return rc;
}

/* The L4 checksum of a packet whose source or target changed from `was` to `as`. 0 or an error. */
#ifdef SCTP
/* It has no address in it (send.h). A device's checksum of the whole packet is of no use for SCTP, and is left as it was. */
static __always_inline long l4_sum_change6(struct __sk_buff *skb, struct packet *p, bool source, __u32 *was, __u32 *as, __u16 port_was, __u16 port) {
  return port == port_was ? 0 : sctp_sum_change(skb, ETH_LEN + p->header, source, port ^ port_was);
}
#else
static __always_inline long l4_sum_change6(struct __sk_buff *skb, struct packet *p, bool source, __u32 *was, __u32 *as, __u16 port_was, __u16 port) {
  bool tcp = p->protocol == IPPROTO_TCP;
  __u32 check_at = ETH_LEN + p->header + (tcp ? 16 : 6);
  __u64 udp = tcp ? 0 : BPF_F_MARK_MANGLED_0;
  __s64 change = bpf_csum_diff(was, 16, as, 16, 0);
  if (change < 0) return -1;
  long rc = checksum_address(skb, check_at, change, udp);
  return rc | bpf_l4_csum_replace(skb, check_at, port_was, port, udp | 2);
}
#endif

/* Rewrites the packet's source, or its target, to whole.as and `port`. 0 or an error. */
__noinline int tc_translate6(struct __sk_buff *skb, __u32 source, __u32 port32) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return -1;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  __u32 *was = source ? p->saddr6 : p->daddr6, *as = scratch->whole.as;
  __u16 port = port32, port_was = source ? p->sport : p->dport;
  long rc = l4_sum_change6(skb, p, source, was, as, port_was, port);
  rc |= bpf_skb_store_bytes(skb, source ? SADDR6_AT : DADDR6_AT, as, 16, 0);
  rc |= bpf_skb_store_bytes(skb, ETH_LEN + p->header + (source ? 0 : 2), &port, 2, 0);
  return rc;
}

static __always_inline int translate_as(struct __sk_buff *skb, bool source, const __u32 *addr, __u16 port) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return -1;
  address_copy(whole->as, addr);
  return tc_translate6(skb, source, port);
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

#endif
