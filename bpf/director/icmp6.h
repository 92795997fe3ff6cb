/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMPv6 errors that the director sends (RFC 4443), as icmp.h does for IPv4: made of the offending packet, sent back by the device that it
 * came by, at the same limited rate: to clients from the service's address, as the kernel answers from an address of its own; to servers from the
 * one that it chooses itself (address_towards_source). */
#ifndef WEIR_ICMP6_H
#define WEIR_ICMP6_H

#define ICMP6_UNREACHABLE 1
#define ICMP6_ADDRESS 3
#define ICMP6_PORT 4
#define ICMP6_TOO_BIG 2
#define ICMP6_EXCEEDED 3

static __always_inline void icmp6_headers(struct icmp6_packet *m, struct whole_addresses *whole, struct packet *p, __u32 size, __u8 hops, __u8 type, __u8 code,
                                           __u32 mtu) {
  address_copy(m->ip.saddr, whole->as);
  address_copy(m->ip.daddr, p->saddr6);
  m->type = type;
  m->code = code;
  m->mtu = bpf_htonl(mtu);
  /* The pseudo-header of RFC 8200, 8.1: the addresses, the message's length, and its protocol in the last byte. */
  m->ip.first = bpf_htonl(size - IP6_LEN);
  m->ip.hop_limit = NEXT_ICMPV6;
  m->check = fold(sum_error((__be32 *)m, sizeof *m));
  m->ip.first = bpf_htonl(6u << 28);
  m->ip.payload_length = bpf_htons(size - IP6_LEN);
  m->ip.next = NEXT_ICMPV6;
  m->ip.hop_limit = hops;
}

/* Turns the packet into the error and sends it; whole.as is its source. Returns tc's verdict. */
__noinline int icmp6_error(struct __sk_buff *skb, __u8 type, __u8 code, __u32 mtu) {
  struct scratch *scratch = the_scratch();
  struct ethhdr eth;
  if (!scratch) return TC_ACT_SHOT;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (bpf_skb_load_bytes(skb, 0, &eth, ETH_LEN) || eth.h_source[0] & 1) return TC_ACT_SHOT;
  if (type != ICMP6_TOO_BIG && !icmp_allowed()) {
    count_reason(R_ICMP_LIMITED);
    return TC_ACT_SHOT;
  }
  struct icmp6_packet *m = &scratch->icmp6;
  /* The compiler writes half of it by stores, not all. */
  __builtin_memset(m, 0, sizeof *m / 2);
  barrier();
  __builtin_memset((__u64 *)m + sizeof *m / 16, 0, sizeof *m / 2);
  __u64 quote = p->length < ICMP6_QUOTE ? p->length : ICMP6_QUOTE;
  /* One comparison at a time (icmp.h). */
  CHECKED(quote);
  if (quote < IP6_LEN) return TC_ACT_SHOT;
  CHECKED(quote);
  if (quote > ICMP6_QUOTE || bpf_skb_load_bytes(skb, ETH_LEN, m->quote, quote)) return TC_ACT_SHOT;
  __u32 size = IP6_LEN + ICMP_HEADER + quote;
  icmp6_headers(m, &scratch->whole, p, size, error_hops(skb), type, code, mtu);
  if (icmp_resize(skb, size)) return tc_drop(R_REDIRECT_FAILED);
  __u8 mac[6];
  __builtin_memcpy(mac, eth.h_dest, 6);
  __builtin_memcpy(eth.h_dest, eth.h_source, 6);
  __builtin_memcpy(eth.h_source, mac, 6);
  if (bpf_skb_store_bytes(skb, 0, &eth, ETH_LEN, BPF_F_INVALIDATE_HASH)) return tc_drop(R_REDIRECT_FAILED);
  if (size < IP6_LEN + ICMP_HEADER + IP6_LEN || size > sizeof *m || bpf_skb_store_bytes(skb, ETH_LEN, m, size, 0)) return tc_drop(R_REDIRECT_FAILED);
  return icmp_send(skb);
}

/* An error about a packet. */
static __always_inline int icmp6_error_from(struct __sk_buff *skb, const __u32 *from, __u8 type, __u8 code, __u32 mtu) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return TC_ACT_SHOT;
  address_copy(whole->as, from);
  return icmp6_error(skb, type, code, mtu);
}

#endif
