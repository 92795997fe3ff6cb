/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IPv6 addresses and the header (RFC 8200). */
#ifndef WEIR_PACKET6_H
#define WEIR_PACKET6_H

#define IP6_LEN 40
#define HEADER6_MAX 255 /* with extension headers; what is longer is not balanced */
#define EXTENSIONS_MAX 8
#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_ICMPV6 58
#define NEXT_OPTIONS 60

struct ip6_header {
  __u32 first; /* version, traffic class, flow label */
  __u16 payload_length;
  __u8 next;
  __u8 hop_limit;
  __u32 saddr[4];
  __u32 daddr[4];
};

/* An argument of a global function, in network order. */
struct address {
  __u32 word[4];
};

/* The whole addresses behind the hashes that functions pass on. */
struct whole_addresses {
  __u32 client[4]; /* of the connection that is searched or made */
  __u32 network[4]; /* of the client, by whose template its connections go */
  __u32 to[4];     /* of the route that is asked for */
  __u32 from[4];
  __u32 as[4]; /* what a packet's address becomes, or an error's source */
  struct ip6_header header;
};

#define ICMP6_QUOTE 1232 /* of the offending packet: an error has 1280 bytes at most (RFC 4443, 2.4) */
struct icmp6_packet {
  struct ip6_header ip;
  /* For the checksum the pseudo-header of RFC 8200, 8.1, stands in the place of the IPv6 header's end. */
  __u8 type;
  __u8 code;
  __u16 check;
  __u32 mtu;
  __u32 quote[ICMP6_QUOTE / 4];
} __attribute__((aligned(8)));

/* Addresses are copied and compared by their halves, which are words. In maps and in the scratch space they are aligned so; a packet need not
 * be, but the stack must: the verifier refuses an unaligned access there. */
typedef __u64 address_half __attribute__((may_alias));
#define HALF(addr, i) (((address_half *)(addr))[i])
static __always_inline void address_copy(__u32 *to, const __u32 *from) {
  HALF(to, 0) = HALF(from, 0);
  HALF(to, 1) = HALF(from, 1);
}
static __always_inline bool address_equal(const __u32 *a, const __u32 *b) { return HALF(a, 0) == HALF(b, 0) && HALF(a, 1) == HALF(b, 1); }
_Static_assert(__builtin_offsetof(struct packet, saddr6) % sizeof(address_half) == 0, "aligned");
static __always_inline __u32 address_fold(const __u32 *a) { return a[0] ^ a[1] ^ a[2] ^ a[3]; }

static __always_inline bool is_link_local(const __u32 *a) { return (a[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000); }
static __always_inline bool is_multicast6(const __u32 *a) { return (a[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000); }
/* Sources that cannot be answered: multicast, unspecified, loopback, and IPv4 addresses in IPv6's form. */
static __always_inline bool is_martian6(const __u32 *a) {
  if (is_multicast6(a)) return true;
  return !(a[0] | a[1]) && (a[2] == bpf_htonl(0xffff) || (!a[2] && (!a[3] || a[3] == bpf_htonl(1))));
}

/* What a checksum that covers an address changes by where it becomes another one: of 16-bit words, not yet folded, as helpers take it. */
static __always_inline __u64 sum_of_words(const __u32 *addr) { return (__u64)addr[0] + addr[1] + addr[2] + addr[3]; }
static __always_inline __u32 sum_fold32(__u64 sum) {
  sum = (__u32)sum + (sum >> 32);
  return sum + (sum >> 32);
}
static __always_inline __u32 address_change(const __u32 *was, const __u32 *as) {
  return sum_fold32(sum_of_words(as) + 4 * 0xffffffffull - sum_of_words(was));
}

/* What schedulers hash: the addresses as the kernel's IPVS folds them. */
static __always_inline __u32 source_word(struct packet *p) { return bpf_ntohl(address_fold(p->saddr6)); }
static __always_inline __u32 target_word(struct packet *p) { return bpf_ntohl(address_fold(p->daddr6)); }
static __always_inline void copy_target(__u32 *to, struct packet *p) { address_copy(to, p->daddr6); }

#endif
