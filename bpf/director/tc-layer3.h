/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: packets that came without an Ethernet header (wg, tun, ppp, gre, ipip), of both families. */
#ifndef WEIR_TC_LAYER3_H
#define WEIR_TC_LAYER3_H

/* What differs of a family. */
#ifdef IPV6
#define ETHER_TYPE ETH_P_IPV6
#define ICMP_OF_FAMILY NEXT_ICMPV6
static __always_inline enum parsed tc_read_bare(struct __sk_buff *skb, struct packet *p) { return tc_parse_any6(skb, 0); }
static __always_inline int tc_odd(struct packet *p, enum parsed parsed) { return tc_oddity6(p, parsed); }
#else
#define ETHER_TYPE ETH_P_IP
#define ICMP_OF_FAMILY IPPROTO_ICMP
static __always_inline enum parsed tc_read_bare(struct __sk_buff *skb, struct packet *p) { return tc_parse(skb, p, 0); }
static __always_inline int tc_odd(struct packet *p, enum parsed parsed) { return tc_oddity(p, parsed); }
#endif

/* An empty header: the kernel skips it for its stack, and takes it off for a device without such headers. */
static __always_inline bool tc_put_header(struct __sk_buff *skb) {
  __u16 type = bpf_htons(ETHER_TYPE);
  return !bpf_skb_change_head(skb, ETH_LEN, 0) && !bpf_skb_store_bytes(skb, 12, &type, 2, 0);
}

/* Has weir_switch put one there? No packet begins with zeros: the version of IP is its first bits. */
static __always_inline bool tc_has_header(struct __sk_buff *skb) {
  struct {
    __u32 macs[3];
    __u16 type;
    __u16 unused;
  } head = {};
  if (bpf_skb_load_bytes(skb, 0, &head, ETH_LEN)) return false;
  return !(head.macs[0] | head.macs[1] | head.macs[2]) && head.type == bpf_htons(ETHER_TYPE);
}

/* A packet that concerns a service gets a header. False: the packet passes. */
__noinline int tc_add_header(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct interface *i = interface_at(skb->ifindex);
  if (!scratch) return false;
  CHECKED(scratch);
  if (!i || !(i->flags & INTERFACE_LAYER3) || tc_has_header(skb)) return true;
  struct packet *p = &scratch->packet;
  enum parsed parsed = tc_read_bare(skb, p);
  bool other = parsed == P_OTHER && (p->protocol == IPPROTO_SCTP || (p->protocol == ICMP_OF_FAMILY && !p->fragment));
  bool later = parsed == P_FRAGMENT && p->fragment & FRAGMENT_OFFSET;
  if (parsed != P_OK && parsed != P_FRAGMENT && !other) {
    tc_odd(p, parsed);
    return false;
  }
  if (later ? !fragment_is_noted(skb, scratch, 0) : !other && !is_concerned(p)) return false;
  return tc_put_header(skb);
}

#endif
