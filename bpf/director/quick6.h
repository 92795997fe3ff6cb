/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP's quick path for IPv6: what reads and writes the packet, and whole addresses (quick-packet.h has the rest). */
#ifndef WEIR_QUICK6_H
#define WEIR_QUICK6_H

/* Whole addresses; `saddr` and `daddr` are their hashes. */
static __always_inline const __u32 *packet_source(struct packet *p) { return p->saddr6; }
static __always_inline const __u32 *packet_target(struct packet *p) { return p->daddr6; }
/* What a destination's next hop is cached by. */
static __always_inline __u32 address_word(const __u32 *addr) { return address_fold(addr); }
static __always_inline bool quick_address_is(const __u32 *a, const __u32 *b) { return address_equal(a, b); }
/* As in quick.h; link-local addresses as in tc6.h. */
static __always_inline bool is_forwardable(struct packet *p) {
  if (is_link_local(p->saddr6) || is_link_local(p->daddr6)) return false;
  return !is_martian6(p->saddr6) && !address_equal(p->saddr6, p->daddr6);
}
static __always_inline void quick_keep(struct packet *to, struct packet *p) {
  *to = (struct packet){.saddr = p->saddr, .daddr = p->daddr, .sport = p->sport, .dport = p->dport, .length = p->length, .protocol = p->protocol,
                        .flags = p->flags, .ttl = p->ttl, .header = IP6_LEN, .bytes = p->length};
  address_copy(to->saddr6, p->saddr6);
  address_copy(to->daddr6, p->daddr6);
}

/* Reads a packet without extension headers. False: it is left to tc. */
static __always_inline bool quick_parse(void *data, void *end, struct packet *p) {
  struct ip6_header *ip = data + ETH_LEN;
  __u16 *ports = data + ETH_LEN + IP6_LEN;
  if ((void *)(ports + 4) > end || (ip->first & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000)) return false;
  p->ttl = ip->hop_limit;
  p->protocol = ip->next;
  p->length = bpf_ntohs(ip->payload_length) + IP6_LEN;
  p->sport = ports[0];
  p->dport = ports[1];
  address_copy(p->saddr6, ip->saddr);
  address_copy(p->daddr6, ip->daddr);
  packet_hash(p);
  if (p->ttl <= 1 || (__u64)(end - data) < (__u64)(ETH_LEN + p->length)) return false; /* compared as in quick.h */
  if (p->protocol == IPPROTO_TCP) {
    __u8 *tcp = data + ETH_LEN + IP6_LEN;
    if ((void *)(tcp + 20) > end) return false;
    __u32 header = tcp[12] >> 4;
    p->flags = tcp[13];
    return header >= 5 && p->length >= IP6_LEN + header * 4;
  }
  p->flags = 0;
  return p->protocol == IPPROTO_UDP && p->length >= IP6_LEN + 8;
}

static __always_inline bool quick_reparse(void *data, void *end, struct packet *p) { return quick_parse(data, end, p); }

/* As hop_source(), slot_is_of_client() and hop_is_of_client(), with the address at hand. */
static __always_inline __u32 quick_hop_source(struct conf *c, struct service *s) { return unlikely(READ(c->source_rules6)) ? address_hash(s->addr) : 0; }
static __always_inline bool quick_is_of_client(struct conn_slot *s, const __u32 *client) { return shared_address_is(slot_client(s), client); }
static __always_inline bool quick_hop_is_of_client(struct client_hop *w, const __u32 *client) { return shared_address_is(hop_client(w), client); }

static __always_inline bool quick_hop_is(struct client_hop *w, const __u32 *client, __u64 key) {
  return (__u32)READ(w->known) == hop_tag(key) && quick_hop_is_of_client(w, client);
}
static __always_inline struct client_hop *quick_client_hop_find(struct client_hop_set *set, const __u32 *client, __u64 key) {
  if (quick_hop_is(&set->entry[0], client, key)) return &set->entry[0];
  if (quick_hop_is(&set->entry[1], client, key)) return &set->entry[1];
  if (quick_hop_is(&set->entry[2], client, key)) return &set->entry[2];
  if (quick_hop_is(&set->entry[3], client, key)) return &set->entry[3];
  return 0;
}

/* One end: address and port in, and the checksum for them. The IPv6 header has none. */
static __always_inline void xdp_end(struct packet *p, void *data, void *end, bool source, const __u32 *to, __u16 port) {
  struct ip6_header *ip = data + ETH_LEN;
  __u32 change = address_change(source ? p->saddr6 : p->daddr6, to);
  ports_rewrite(p, data + ETH_LEN + IP6_LEN, end, source, port, (change & 0xffff) + (change >> 16));
  address_copy(source ? ip->saddr : ip->daddr, to);
}

/* One end, and the hop limit down. */
static __always_inline void xdp_rewrite(struct packet *p, void *data, void *end, bool source, bool masq, const __u32 *to, __u16 port) {
  struct ip6_header *ip = data + ETH_LEN;
  if (masq) xdp_end(p, data, end, source, to, port);
  ip->hop_limit = p->ttl - 1;
}

/* Both ends, and the hop limit down. */
static __always_inline void xdp_rewrite_ends(struct packet *p, void *data, void *end, const __u32 *from, __u16 sport, const __u32 *to, __u16 dport) {
  struct ip6_header *ip = data + ETH_LEN;
  xdp_end(p, data, end, true, from, sport);
  xdp_end(p, data, end, false, to, dport);
  ip->hop_limit = p->ttl - 1;
}

#endif
