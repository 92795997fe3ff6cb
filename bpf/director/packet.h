/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A parsed packet, the same for XDP and tc. */
#ifndef WEIR_PACKET_H
#define WEIR_PACKET_H

#define ETH_LEN 14
#define IP_LEN 20
/* A packet that GRO made of more than 65,535 bytes (BIG TCP) has a length of 0 in its header. */
#define NO_LENGTH 0xffff
#define FLAG_FIN 0x01
#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_ACK 0x10

struct packet {
  __u32 saddr; /* network order, as in the packet */
  __u32 daddr;
  __u16 sport; /* network order; 0 where there is no L4 header (later fragments, other protocols) */
  __u16 dport;
  __u16 length; /* of the IP packet, header included; a GSO packet counts as it is */
  __u8 protocol;
  __u8 flags; /* TCP's; of SCTP an event (sctp-state.h) */
  __u8 ttl;
  __u8 header; /* length of the IP header, bytes; 0: of AH and ESP, which have no ports */
  __u16 fragment; /* offset and MF, host order; 0 = whole */
  bool dont_fragment;
#ifdef IPV6
  __u8 fragment_ends; /* of a fragment: where its fragment header ends, counted from the beginning of the IP header */
  /* Here the whole addresses (packet6.h: their alignment); above, saddr and daddr are hashes of them (address_hash). */
  __u32 saddr6[4];
  __u32 daddr6[4];
#endif
  __u32 bytes; /* what the counters add */
};

#ifndef IPV6
/* What schedulers hash: the addresses as the kernel's IPVS folds them. */
static __always_inline __u32 source_word(struct packet *p) { return bpf_ntohl(p->saddr); }
static __always_inline __u32 target_word(struct packet *p) { return bpf_ntohl(p->daddr); }
static __always_inline void copy_target(__u32 *to, struct packet *p) {
  to[0] = p->daddr;
  to[1] = to[2] = to[3] = 0;
}
#endif

/* Sources that cannot be answered (RFC 1812 5.3.7): this network, loopback, multicast and above. */
static __always_inline bool is_martian(__u32 saddr) {
  __u8 first = saddr & 0xff;
  return first == 0 || first == 127 || first >= 224;
}

enum parsed { P_OK, P_OTHER, P_FRAGMENT, P_BAD, P_BAD_SUM };

/* RFC 791: the header's own checksum. Options make the header longer, up to 60 bytes. */
static __always_inline bool ip_sum_is_right(struct iphdr *ip, void *end) {
  __u32 *word = (__u32 *)ip;
  __u64 sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];
  if (unlikely(ip->ihl > 5)) {
#pragma clang loop unroll(disable)
    for (int i = 5; i < 15; i++) {
      if (i >= ip->ihl) break;
      if ((void *)(word + i + 1) > end) return false;
      sum += word[i];
    }
  }
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

/* The protocols of this build, and their headers. False: the packet is too short for them. */
#ifdef SCTP
#define OF_SCTP true
static __always_inline bool is_of_build(__u8 protocol) { return protocol == IPPROTO_SCTP; }
/* RFC 9260, 3: ports, verification tag, checksum, and one chunk at least, which the caller reads: of chunks that are cut apart later (GSO)
 * the header alone is in the linear part, and must stay so. */
#define HEADER_LEN 12
#define CHUNK_LEN 4
static __always_inline bool parse_l4(void *l4, void *end, struct packet *p) {
  __u16 *ports = l4;
  if (l4 + HEADER_LEN > end) return false;
  p->sport = ports[0];
  p->dport = ports[1];
  return p->length >= p->header + HEADER_LEN + CHUNK_LEN;
}
#else
#define OF_SCTP false
static __always_inline bool is_of_build(__u8 protocol) { return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP; }
static __always_inline bool parse_l4(void *l4, void *end, struct packet *p) {
  if (p->protocol == IPPROTO_TCP) {
    struct tcphdr *tcp = l4;
    if ((void *)(tcp + 1) > end) return false;
    p->sport = tcp->source;
    p->dport = tcp->dest;
    p->flags = ((__u8 *)tcp)[13];
    return tcp->doff >= 5 && p->length >= p->header + tcp->doff * 4;
  }
  struct udphdr *udp = l4;
  if ((void *)(udp + 1) > end) return false;
  p->sport = udp->source;
  p->dport = udp->dest;
  return p->length >= p->header + sizeof *udp;
}
#endif
/* AH and ESP are never scheduled. As in the kernel's IPVS they belong to the connection of their key exchange, of UDP from port 500 to port 500
 * between the same hosts: as its packets they are looked up, and of their own headers nothing is read or changed. */
#define KEY_EXCHANGE_PORT bpf_htons(500)
#ifdef IPV6
/* AH is an extension header: what it protects counts. */
static __always_inline bool is_ipsec(__u8 protocol) { return !OF_SCTP && protocol == IPPROTO_ESP; }
#else
static __always_inline bool is_ipsec(__u8 protocol) { return !OF_SCTP && (protocol == IPPROTO_AH || protocol == IPPROTO_ESP); }
#endif
static __always_inline void read_as_key_exchange(struct packet *p) {
  p->protocol = IPPROTO_UDP;
  p->sport = p->dport = KEY_EXCHANGE_PORT;
  p->flags = p->header = 0;
}
static __always_inline bool has_ports(struct packet *p) { return p->header; }
/* Is it a datagram of UDP without a checksum? `l4`: its header. */
static __always_inline bool lacks_sum(struct packet *p, void *l4) { return !OF_SCTP && p->protocol == IPPROTO_UDP && !((__u16 *)l4)[3]; }
/* A packet that this build does not know: does it go on to the SCTP build? */
static __always_inline bool is_of_sctp_build(struct packet *p) { return !OF_SCTP && p->protocol == IPPROTO_SCTP; }

/* Reads IPv4 and what the build balances. P_OTHER: another protocol. P_BAD: IPv4 with lengths that do not fit;
 * `p` is then valid up to the addresses if its `header` is not 0. */
static __always_inline enum parsed parse_ipv4(struct iphdr *ip, void *end, struct packet *p) {
  p->header = 0;
  if ((void *)(ip + 1) > end) return P_BAD;
  if (ip->version != 4 || ip->ihl < 5) return P_BAD;
  p->saddr = ip->saddr;
  p->daddr = ip->daddr;
  p->protocol = ip->protocol;
  p->ttl = ip->ttl;
  p->length = ip->tot_len ? bpf_ntohs(ip->tot_len) : NO_LENGTH;
  p->header = ip->ihl * 4;
  p->fragment = bpf_ntohs(ip->frag_off) & 0x3fff;
  p->dont_fragment = bpf_ntohs(ip->frag_off) & 0x4000;
  p->sport = p->dport = 0;
  p->flags = 0;
  if (!is_of_build(p->protocol)) return P_OTHER;
  void *l4 = (void *)ip + p->header;
  if (p->fragment) {
    __u16 *ports = l4;
    if (p->fragment & 0x1fff || (void *)(ports + 2) > end) return P_FRAGMENT;
    p->sport = ports[0];
    p->dport = ports[1];
    return P_FRAGMENT;
  }
  return parse_l4(l4, end, p) ? P_OK : P_BAD;
}

/* parse_ipv4(), with the IP header's checksum validated. */
static __always_inline enum parsed parse_validated(struct iphdr *ip, void *end, struct packet *p) {
  enum parsed parsed = parse_ipv4(ip, end, p);
  if (parsed != P_OK && parsed != P_FRAGMENT) return parsed;
  if ((void *)(ip + 1) > end) return P_BAD;
  return ip_sum_is_right(ip, end) ? parsed : P_BAD_SUM;
}

/* RFC 1624: what a checksum becomes when `from` becomes `to`; sums are kept unfolded until the end. */
static __always_inline __u32 sum_change32(__u32 sum, __u32 from, __u32 to) {
  from = ~from;
  return sum + (from & 0xffff) + (from >> 16) + (to & 0xffff) + (to >> 16);
}
static __always_inline __u32 sum_change16(__u32 sum, __u16 from, __u16 to) { return sum + (__u16)~from + to; }
static __always_inline __u16 sum_apply(__u16 check, __u32 change) {
  __u32 s = (__u16)~check + (change & 0xffff) + (change >> 16);
  s = (s & 0xffff) + (s >> 16);
  s = (s & 0xffff) + (s >> 16);
  return (__u16)~s;
}

#endif
