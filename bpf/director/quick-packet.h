/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP: a plain packet on the quick path (quick.h): how it is read, rewritten, counted and sent. */
#ifndef WEIR_QUICK_PACKET_H
#define WEIR_QUICK_PACKET_H

struct quick {
  struct packet p;
  struct conf *c;
  __u32 now;
  __u32 hash; /* conn_hash() of a request's client */
};

/* TCP's or UDP's checksum, for what has changed of what it covers. */
static __always_inline void l4_sum_apply(struct packet *p, __u16 *ports, void *end, __u32 change) {
  if (p->protocol == IPPROTO_TCP) {
    if ((void *)(ports + 9) > end) return; /* never: quick_parse has verified it */
    ports[8] = sum_apply(ports[8], change);
  } else {
    __u16 sum = sum_apply(ports[3], change);
    ports[3] = sum ? sum : 0xffff;
  }
}

/* A port in, and the checksum for it and for an address: `change`. */
static __always_inline void ports_rewrite(struct packet *p, __u16 *ports, void *end, bool source, __u16 port, __u32 change) {
  ports[!source] = port;
  l4_sum_apply(p, ports, end, sum_change16(change, source ? p->sport : p->dport, port));
}

#ifdef IPV6
#include "quick6.h"
#else
/* A header's checksum is right when the sum of its words is a multiple of 0xffff; divisibility by one multiplication. */
#define RIGHT_SUM(sum) ((sum) * 0xfffefffefffeffffull <= 0x0001000100010001ull)

/* Reads an unfragmented packet without options. False: the full path looks closer. Martians have no connection, but where
 * the director itself is the client, so they are not looked for here. */
static __always_inline bool quick_parse(void *data, void *end, struct packet *p) {
  __u32 *ip = data + ETH_LEN;
  if (data + ETH_LEN + IP_LEN + 8 > end) return false;
  __u32 first = ip[0], second = ip[1], third = ip[2], ports = ip[5];
  p->saddr = ip[3];
  p->daddr = ip[4];
  if ((first & 0xff) != 0x45 || second & bpf_htonl(0x3fff)) return false;
  if (!RIGHT_SUM((__u64)first + second + third + p->saddr + p->daddr)) return false;
  p->ttl = third;
  p->protocol = third >> 8;
  p->length = bpf_ntohs(first >> 16);
  p->sport = ports;
  p->dport = ports >> 16;
  /* Compared as a length: Linux 6.1 forgets the bounds of what was byte-swapped and would not let it move a pointer. */
  if (p->ttl <= 1 || (__u64)(end - data) < (__u64)(ETH_LEN + p->length)) return false;
  if (p->protocol == IPPROTO_TCP) {
    __u8 *tcp = data + ETH_LEN + IP_LEN;
    if ((void *)(tcp + 20) > end) return false;
    __u32 header = tcp[12] >> 4;
    p->flags = tcp[13];
    return header >= 5 && p->length >= IP_LEN + header * 4;
  }
  return p->protocol == IPPROTO_UDP && p->length >= IP_LEN + 8;
}

/* As quick_parse(), of a packet that it has validated in the program before. */
static __always_inline bool quick_reparse(void *data, void *end, struct packet *p) {
  __u32 *ip = data + ETH_LEN;
  if (data + ETH_LEN + IP_LEN + 8 > end) return false;
  __u32 third = ip[2], ports = ip[5];
  p->saddr = ip[3];
  p->daddr = ip[4];
  p->ttl = third;
  p->protocol = third >> 8;
  p->length = bpf_ntohs(ip[0] >> 16);
  p->sport = ports;
  p->dport = ports >> 16;
  p->flags = 0;
  if (p->protocol != IPPROTO_TCP) return true;
  __u8 *tcp = data + ETH_LEN + IP_LEN;
  if ((void *)(tcp + 20) > end) return false;
  p->flags = tcp[13];
  return true;
}

/* Whole addresses (quick6.h: of IPv6, whose packets have hashes of them in these places). */
static __always_inline const __u32 *packet_source(struct packet *p) { return &p->saddr; }
static __always_inline const __u32 *packet_target(struct packet *p) { return &p->daddr; }
static __always_inline __u32 address_word(const __u32 *addr) { return addr[0]; }
static __always_inline bool quick_address_is(const __u32 *a, const __u32 *b) { return a[0] == b[0]; }
/* May XDP forward a packet that has no connection? */
static __always_inline bool is_forwardable(struct packet *p) { return !is_martian(p->saddr) && p->saddr != p->daddr; }
/* For the full path, as xdp_parse() reads it; of the fields for tc alone none is read. */
static __always_inline void quick_keep(struct packet *to, struct packet *p) {
  *to = (struct packet){.saddr = p->saddr, .daddr = p->daddr, .sport = p->sport, .dport = p->dport, .length = p->length, .protocol = p->protocol,
                        .flags = p->flags, .ttl = p->ttl, .header = IP_LEN, .bytes = p->length};
}
static __always_inline bool quick_is_of_client(struct conn_slot *s, const __u32 *client) { return true; }
static __always_inline bool quick_hop_is_of_client(struct client_hop *w, const __u32 *client) { return true; }
static __always_inline __u32 quick_hop_source(struct conf *c, struct service *s) { return hop_source(c, s->addr[0]); }
static __always_inline struct client_hop *quick_client_hop_find(struct client_hop_set *set, const __u32 *client, __u64 key) {
  return client_hop_find(set, key);
}

/* Address and port in, TTL down, both checksums. */
static __always_inline void xdp_rewrite(struct packet *p, void *data, void *end, bool source, bool masq, const __u32 *to, __u16 port) {
  struct iphdr *ip = data + ETH_LEN;
  __u32 check = ip->check + bpf_htons(0x0100); /* RFC 1141: for a TTL less by one */
  check += check >= 0xffff;
  if (masq) {
    __u16 *ports = data + ETH_LEN + IP_LEN;
    __u32 addr = *to, change = sum_change32(0, source ? p->saddr : p->daddr, addr);
    check = sum_apply(check, change);
    ports_rewrite(p, ports, end, source, port, change);
    if (source) ip->saddr = addr;
    else ip->daddr = addr;
  }
  ip->ttl = p->ttl - 1;
  ip->check = check;
}

/* Both ends, TTL down, both checksums. */
static __always_inline void xdp_rewrite_ends(struct packet *p, void *data, void *end, const __u32 *from, __u16 sport, const __u32 *to, __u16 dport) {
  struct iphdr *ip = data + ETH_LEN;
  __u32 *ports = data + ETH_LEN + IP_LEN;
  __u32 saddr = *from, daddr = *to, change = sum_change32(sum_change32(0, p->saddr, saddr), p->daddr, daddr);
  __u32 l4_change = sum_change16(sum_change16(change, p->sport, sport), p->dport, dport);
  __u32 check = ip->check + bpf_htons(0x0100); /* as in xdp_rewrite() */
  check += check >= 0xffff;
  ip->check = sum_apply(check, change);
  ip->ttl = p->ttl - 1;
  ip->saddr = saddr;
  ip->daddr = daddr;
  *ports = sport | (__u32)dport << 16;
  l4_sum_apply(p, (__u16 *)ports, end, l4_change);
}
#endif

/* Writes a fresh hop's MACs into the frame. Returns the device, 0 where the hop cannot be used. */
static __always_inline __u32 quick_hop(struct quick *q, void *data, struct nexthop *n, __u32 addr) {
  __u32 seq = READ(n->seq), *to = data;
  __u32 *macs = (__u32 *)n->dmac, a = READ(macs[0]), b = READ(macs[1]), c = READ(macs[2]);
  __u32 ifindex = READ(n->ifindex);
  __u16 mtu = READ(n->mtu), flags = READ(n->flags);
  if (READ(n->addr) != addr || seq & 1 || q->now - READ(n->stamp) > READ(q->c->fresh_for)) return 0;
  barrier();
  if (READ(n->seq) != seq || !(flags & NH_XDP) || (mtu && q->p.length > mtu)) return 0;
  to[0] = a;
  to[1] = b;
  to[2] = c;
  return ifindex;
}

/* Writes the MACs of a client's next hop into the frame, as quick_hop() does for a destination: from the client's entry in the cache. */
static __always_inline __u32 quick_client_hop(struct quick *q, void *data, struct client_hop *w, const __u32 *client, __u64 key) {
  __u32 tag = hop_tag(key);
  __u64 known = READ(w->known), next = READ(w->next);
  __u32 stamp = known >> 32, *to = data;
  struct egress *e = egress_at(next >> NEXT_EGRESS_SHIFT);
  if ((__u32)known != tag || tag == CLIENT_HOP_CLAIMED || q->now - stamp > client_fresh_for(q->c) || !e) return 0;
  __u32 ifindex = READ(e->ifindex), b = READ(e->smac[0]), c = READ(e->smac[1]);
  __u16 mtu = READ(e->mtu), flags = READ(e->flags);
  if (READ(e->source) != key >> 32) return 0;
  if (!egress_is_older(e, stamp) || !quick_hop_is_of_client(w, client) || READ(w->known) != known || !(flags & NH_XDP) || (mtu && q->p.length > mtu)) return 0;
  to[0] = next;
  to[1] = (next >> 32 & 0xffff) | b;
  to[2] = c;
  return ifindex;
}

static __always_inline void quick_count(struct quick *q, __u32 dest, bool out) {
  __u32 i = dest * cpus + bpf_get_smp_processor_id();
  struct counters *n = bpf_map_lookup_elem(&counters, &i);
  if (!n) return;
  if (out) {
    n->out_packets++;
    n->out_bytes += q->p.length;
  } else {
    n->in_packets++;
    n->in_bytes += q->p.length;
  }
}

/* Writes the MACs for a packet from a service to a client, as quick_hop() does for one to a destination. `word`: what the client is found by. */
static __always_inline __u32 quick_to_client(struct quick *q, void *data, const __u32 *client, __u32 word, struct service *s) {
  __u64 key = hop_key(word, quick_hop_source(q->c, s));
  struct client_hop_set *set = client_hop_set(key);
  if (!set) return 0;
  CHECKED(set);
  struct client_hop *w = quick_client_hop_find(set, client, key);
  return w ? quick_client_hop(q, data, w, client, key) : 0;
}

#endif
