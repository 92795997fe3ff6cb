/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc, for IPv6: reading a packet, its extension headers, and what the build balances. */
#ifndef WEIR_PARSE6_H
#define WEIR_PARSE6_H

#define FRAGMENT_HEADER6 8

/* How long an extension header is, by its second byte (RFC 8200, 4.1); 0: it is none that may be passed over. */
static __always_inline __u32 extension_length(__u8 next, __u8 length) {
  if (next == IPPROTO_AH) return (length + 2) * 4; /* RFC 4302, 2.2; as in the kernel's IPVS what it protects counts */
  return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_OPTIONS ? (length + 1) * 8 : 0;
}

static __always_inline bool is_transport(__u8 next) {
  return next == IPPROTO_TCP || next == IPPROTO_UDP || next == IPPROTO_SCTP || next == NEXT_ICMPV6 || next == IPPROTO_ESP;
}

/* The headers cannot be read to their end. Where an extension header follows the fragment header (RFC 8200, 4.5), only the first fragment shows the
 * protocol: so the packet counts as a fragment all the same, and leaves a note for the later ones. Any other packet is P_OTHER. */
static __always_inline enum parsed extensions_unread(struct packet *p, bool behind) {
  if (!behind) return P_OTHER;
  p->header = p->fragment_ends;
  return P_FRAGMENT;
}

/* Goes on from the IPv6 header, which begins at `at`, to TCP, UDP, SCTP, ESP or ICMPv6: p->protocol, p->header. Of a later fragment no further than its
 * fragment header. */
static __always_inline enum parsed extensions_skip(struct __sk_buff *skb, struct packet *p, __u32 at, __u8 next) {
  __u32 header = IP6_LEN;
  bool behind = false; /* another extension header follows the fragment header */
#pragma clang loop unroll(disable)
  for (int i = 0; i < EXTENSIONS_MAX; i++) {
    __u8 head[4];
    if (is_transport(next) || p->fragment & 0xfff8) break;
    if (header > HEADER6_MAX || bpf_skb_load_bytes(skb, at + header, head, sizeof head)) return extensions_unread(p, behind);
    if (next == NEXT_FRAGMENT && !p->fragment) {
      p->fragment = (head[2] << 8 | head[3]) & 0xfff9; /* 0: the only one (RFC 6946) */
      header += FRAGMENT_HEADER6;
      p->fragment_ends = header;
      next = head[0];
      behind = p->fragment && header <= HEADER6_MAX && extension_length(next, 0);
      continue;
    }
    __u32 length = extension_length(next, head[1]);
    if (!length || (next == NEXT_ROUTING && head[3])) return extensions_unread(p, behind); /* segments are left: this is not its last target */
    header += length;
    next = head[0];
  }
  if (header > HEADER6_MAX) return extensions_unread(p, behind);
  p->header = header;
  p->protocol = next;
  if (is_of_build(next)) return P_OK;
  return is_of_sctp_build(p) ? P_OTHER : extensions_unread(p, behind);
}

/* Reads the ports, TCP's flags, and SCTP's event. */
static __always_inline enum parsed ports_read(struct __sk_buff *skb, struct packet *p, __u32 at) {
  __u8 l4[20] = {};
  if (p->fragment) {
    if (p->fragment & 0xfff8 || bpf_skb_load_bytes(skb, at + p->header, l4, 4)) return P_FRAGMENT;
  } else if (!header_read(skb, p, at + p->header, l4)) {
    return P_BAD;
  }
  p->sport = *(__u16 *)l4;
  p->dport = *(__u16 *)(l4 + 2);
  return p->fragment ? P_FRAGMENT : tc_parse_further(skb, p, at);
}

/* Reads how long the packet is by its header; of a GSO packet by its buffer, since it may be longer than the header's 16 bits, which are 0 then
 * (BIG TCP). Any other packet with 0 has no payload: the kernel cuts or drops it, with a jumbo payload option, too (RFC 2675: no device carries
 * such packets). The answer: how long it is by its buffer; 0: less than by its header. */
static __always_inline __u32 length_read(struct __sk_buff *skb, struct packet *p, struct ip6_header *ip, __u32 at) {
  __u32 length = skb->len - at, stated = skb->gso_size ? length : bpf_ntohs(ip->payload_length) + IP6_LEN;
  p->length = stated < NO_LENGTH ? stated : NO_LENGTH;
  p->bytes = stated;
  return stated <= length ? length : 0;
}

/* Nearly every packet: no extension headers, and what is read of it lies in its linear part. False: tc_parse_any6() looks closer. */
static __always_inline bool tc_parse_plain6(struct __sk_buff *skb, struct packet *p) {
  void *end = (void *)(long)skb->data_end;
  struct ip6_header *ip = (void *)(long)skb->data + ETH_LEN;
  if ((void *)(ip + 1) > end || (ip->first & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000) || !is_of_build(ip->next)) return false;
  address_copy(p->saddr6, ip->saddr);
  address_copy(p->daddr6, ip->daddr);
  p->protocol = ip->next;
  p->ttl = ip->hop_limit;
  p->header = IP6_LEN;
  p->flags = 0;
  p->fragment = 0;
  p->dont_fragment = true;
  barrier(); /* what is read again below has been stored: else it would be kept on the stack */
  if (length_read(skb, p, ip, ETH_LEN) < p->length || !parse_l4(ip + 1, end, p) || tc_parse_further(skb, p, ETH_LEN) != P_OK) return false;
  barrier();
  packet_hash(p);
  return true;
}

/* Reads any packet into the scratch space. `at`: where the IPv6 header begins. A global function: verified once. */
__noinline int tc_parse_any6(struct __sk_buff *skb, __u32 at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return P_OTHER;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct ip6_header *ip = &scratch->whole.header;
  __builtin_memset(p, 0, sizeof *p);
  if (bpf_skb_load_bytes(skb, at, ip, sizeof *ip)) return P_BAD;
  if ((ip->first & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000)) return P_BAD;
  address_copy(p->saddr6, ip->saddr);
  address_copy(p->daddr6, ip->daddr);
  p->ttl = ip->hop_limit;
  p->dont_fragment = true;
  __u32 length = length_read(skb, p, ip, at);
  p->header = IP6_LEN;
  enum parsed parsed = extensions_skip(skb, p, at, ip->next);
  if (parsed == P_OTHER && is_ipsec(p->protocol) && !p->fragment && !skb->gso_size && p->length <= length) {
    read_as_key_exchange(p);
    parsed = P_OK;
  } else if (parsed == P_OK) {
    parsed = ports_read(skb, p, at);
  } else if (parsed != P_FRAGMENT) {
    return parsed;
  }
  if (parsed == P_OK && p->length > length) return P_BAD;
  packet_hash(p);
  return parsed;
}

static __always_inline enum parsed tc_parse6(struct __sk_buff *skb, struct packet *p) {
  return likely(tc_parse_plain6(skb, p)) ? P_OK : tc_parse_any6(skb, ETH_LEN);
}

#endif
