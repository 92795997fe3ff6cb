/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP errors about a packet of either family, from the address that it was sent to. */
#ifndef WEIR_PACKET_ERRORS_H
#define WEIR_PACKET_ERRORS_H

#ifdef IPV6
static __always_inline int packet_error(struct __sk_buff *skb, struct packet *p, __u8 type, __u8 code, __u32 mtu) {
  return icmp6_error_from(skb, p->daddr6, type, code, mtu);
}
static __always_inline int packet_unreachable(struct __sk_buff *skb, struct packet *p) { return packet_error(skb, p, ICMP6_UNREACHABLE, ICMP6_ADDRESS, 0); }
static __always_inline int packet_exceeded(struct __sk_buff *skb, struct packet *p) { return packet_error(skb, p, ICMP6_EXCEEDED, 0, 0); }
static __always_inline int packet_large(struct __sk_buff *skb, struct packet *p, __u32 mtu) { return packet_error(skb, p, ICMP6_TOO_BIG, 0, mtu); }
#else
static __always_inline int packet_unreachable(struct __sk_buff *skb, struct packet *p) { return icmp_error(skb, p, ICMP_UNREACHABLE, ICMP_HOST, 0); }
static __always_inline int packet_exceeded(struct __sk_buff *skb, struct packet *p) { return icmp_error(skb, p, ICMP_EXCEEDED, 0, 0); }
static __always_inline int packet_large(struct __sk_buff *skb, struct packet *p, __u32 mtu) { return icmp_error(skb, p, ICMP_UNREACHABLE, ICMP_FRAG, mtu); }
#endif

#endif
