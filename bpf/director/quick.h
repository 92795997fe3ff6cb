/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP's quick path for plain packets: tens of nanoseconds, no call but the redirect, nothing on the stack. */
#ifndef WEIR_QUICK_H
#define WEIR_QUICK_H

static __always_inline bool mac_equal(const __u8 *a, const __u8 *b) {
  return *(__u32 *)a == *(__u32 *)b && *(__u16 *)(a + 4) == *(__u16 *)(b + 4);
}

/* Nearly every packet is a plain segment, or a datagram, of a connection in its home bucket, to or from an available destination
 * whose next hop is fresh. It changes nothing but counters and, once a second, the expiry, so it is handled here in registers.
 * Every other packet takes the full path, from the start. */
#define QUICK_NO (-1)
#define QUICK_ABSENT (-2) /* and there is no connection */
#define QUICK_BEGINS (-3) /* and there is none, and the packet in the scratch space may begin one */
#define QUICK_CHOSEN (-4) /* of the full path: its destination is chosen */
#define QUICK_TUNNEL (-5) /* the packet is to be encapsulated */

struct quick {
  struct packet p;
  struct conf *c;
  __u32 now;
};

/* A port in, and TCP's or UDP's checksum for it and for an address: `change`. */
static __always_inline void ports_rewrite(struct packet *p, __u16 *ports, void *end, bool source, __u16 port, __u32 change) {
  __u32 l4_change = sum_change16(change, source ? p->sport : p->dport, port);
  ports[!source] = port;
  if (p->protocol == IPPROTO_TCP) {
    if ((void *)(ports + 9) > end) return; /* never: quick_parse has verified it */
    ports[8] = sum_apply(ports[8], l4_change);
  } else {
    __u16 sum = sum_apply(ports[3], l4_change);
    ports[3] = sum ? sum : 0xffff;
  }
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
static __always_inline bool quick_hop_is_of_client(struct client_hop *w, struct packet *p) { return true; }
static __always_inline __u32 quick_hop_source(struct conf *c, struct service *s) { return hop_source(c, s->addr[0]); }
static __always_inline struct client_hop *quick_client_hop_find(struct client_hop_set *set, struct packet *p, __u64 key) { return client_hop_find(set, key); }

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
#endif

/* A connection in its home bucket. Value 0: it is not there, or the slot got another one meanwhile. */
struct quick_found {
  struct conn_slot *slot;
  __u64 value;
};

/* `which`: the bits of the key that count. Without those of the service it is the client's first connection, to any service. */
#define QUICK_EXACT (~0ull)
static __always_inline void quick_find(struct conn_bucket *b, __u64 key, __u64 which, const __u32 *client, struct quick_found *f) {
  struct conn_slot *s = &b->slot[0];
  __u64 has = READ(s->key);
  f->value = 0;
  if ((has ^ key) & which) {
    s = &b->slot[1];
    has = READ(s->key);
    if ((has ^ key) & which) {
      s = &b->slot[2];
      has = READ(s->key);
      if ((has ^ key) & which) {
        s = &b->slot[3];
        has = READ(s->key);
        if ((has ^ key) & which) return;
      }
    }
  }
  __u64 value = READ(s->value);
  f->slot = s;
  if (quick_is_of_client(s, client) && READ(s->key) == has) f->value = value;
}

static __always_inline __u32 quick_timeout(struct quick *q) {
  return q->p.protocol == IPPROTO_TCP ? READ(q->c->tcp_timeout[S_ESTABLISHED]) : READ(q->c->udp_timeout);
}

/* Does the packet leave its connection as it is, but for the expiry? A free or claimed slot may pass: the caller
 * refuses it, since it names no available destination. A datagram that proves its connection assures the client's template, too: not here. */
static __always_inline bool quick_value(struct quick *q, __u64 value, bool out) {
  if (v_expired(value, q->now)) return false;
  if (q->p.protocol != IPPROTO_TCP) return !(out && value & V_NOOUTPUT) && (value & V_PROVEN || is_recent(value, q->now, quick_timeout(q)));
  if ((q->p.flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) != FLAG_ACK || v_state(value) != S_ESTABLISHED) return false;
  return !(out && value & V_NOOUTPUT);
}

/* Writes the expiry where that is due, and that the connection is proven (is_proof; one bit of the state differs between UDP and
 * ESTABLISHED). Losing the compare-and-swap means that another CPU stored a later expiry, or ended it. */
static __always_inline void quick_touch(struct quick *q, struct quick_found *f, bool out) {
  __u32 timeout = quick_timeout(q);
  bool settled = !out || f->value & (V_PROVEN | 2ull << V_STATE_SHIFT);
  if (likely(settled && is_recent(f->value, q->now, timeout))) return;
  CAS(&f->slot->value, f->value, (f->value >> 32 << 32) | V_PROVEN | (q->now + timeout));
}

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
static __always_inline __u32 quick_client_hop(struct quick *q, void *data, struct client_hop *w, __u64 key) {
  __u32 tag = hop_tag(key);
  __u64 known = READ(w->known), next = READ(w->next);
  __u32 stamp = known >> 32, *to = data;
  struct egress *e = egress_at(next >> NEXT_EGRESS_SHIFT);
  if ((__u32)known != tag || tag == CLIENT_HOP_CLAIMED || q->now - stamp > client_fresh_for(q->c) || !e) return 0;
  __u32 ifindex = READ(e->ifindex), b = READ(e->smac[0]), c = READ(e->smac[1]);
  __u16 mtu = READ(e->mtu), flags = READ(e->flags);
  if (READ(e->source) != key >> 32) return 0;
  if (!egress_is_older(e, stamp) || !quick_hop_is_of_client(w, &q->p) || READ(w->known) != known || !(flags & NH_XDP) || (mtu && q->p.length > mtu)) return 0;
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

/* What xdp_may_schedule() answers about nearly every packet that begins a connection of TCP, without a call: nothing has to be asked. Then the
 * packet is in the scratch space. */
static __always_inline bool quick_begins(struct quick *q, __u32 service, struct interface *from) {
  struct scratch *scratch = the_scratch();
  struct service *s = service_at(service);
  struct packet *p = &q->p;
  if (!scratch || !s || p->protocol != IPPROTO_TCP || p->sport == FTP_DATA_PORT || !may_begin(q->c, p) || !is_forwardable(p)) return false;
  if (s->flags & (SVC_SIP | SVC_FIREWALL) || from->flags & (INTERFACE_STRICT | INTERFACE_LOOSE) || q->c->drop_rate) return false;
  if (vip_answered(q->c, s, from->ifindex, q->now) != 1) return false;
  CHECKED(scratch);
  quick_keep(&scratch->packet, p);
  return true;
}

/* To a server behind a tunnel: the program of tunnels counts it. */
static __always_inline int quick_tunnel(struct quick *q, struct quick_found *f) {
  struct tunnel_work *work = the_tunnel_work();
  if (!work) return QUICK_NO;
  work->dest = v_dest(f->value);
  quick_touch(q, f, false);
  return QUICK_TUNNEL;
}

static __always_inline int quick_request(void *data, void *end, struct quick *q, __u32 service, struct interface *from) {
  __u64 key = conn_key(q->p.saddr, q->p.sport, service);
  struct conn_bucket *b = bucket_at(conn_hash(key));
  if (!b) return QUICK_NO;
  CHECKED(b);
  struct quick_found f;
  quick_find(b, key, QUICK_EXACT, packet_source(&q->p), &f);
  __u64 value = f.value;
  if (unlikely(!quick_value(q, value, false))) {
    if (v_live(value, q->now) || READ(b->slot[0].value) & V_SPILLED) return QUICK_NO;
    return quick_begins(q, service, from) ? QUICK_BEGINS : QUICK_ABSENT;
  }
  struct dest *d = dest_at(v_dest(value));
  if (!d) return QUICK_NO;
  __u32 flags = d->flags & (D_AVAILABLE | D_LOCAL | D_POLICED | D_TUNNEL | D_FTP | D_FULLNAT);
  if (unlikely(flags != D_AVAILABLE)) return flags == (D_AVAILABLE | D_TUNNEL) && v_method(value) == M_TUNNEL ? quick_tunnel(q, &f) : QUICK_NO;
  CHECKED(d);
  __u32 ifindex = quick_hop(q, data, &d->hop, address_word(d->addr));
  if (!ifindex) return QUICK_NO;
  xdp_rewrite(&q->p, data, end, false, v_method(value) == M_MASQ, d->addr, d->port);
  quick_touch(q, &f, false);
  quick_count(q, v_dest(value), false);
  return bpf_redirect(ifindex, 0);
}

/* Is the packet from this destination? */
static __always_inline bool quick_is_from(struct packet *p, struct dest *d) {
  return quick_address_is(packet_source(p), d->addr) && d->port == p->sport && d->protocol == p->protocol;
}

/* `from`: the interface that the reply came by; the full path looks closer where it is not the server's (is_server_side). `dest`: the first of
 * the destinations with the packet's source. Where there are others, the client's first connection names one of them, as for the full path. */
static __always_inline int quick_reply(void *data, void *end, struct quick *q, __u32 dest, __u32 from) {
  struct dest *d = dest_at(dest);
  if (!d) return QUICK_NO;
  __u64 key = conn_key(q->p.daddr, q->p.dport, d->service);
  struct conn_bucket *b = bucket_at(conn_hash(key));
  if (!b) return QUICK_NO;
  CHECKED(b);
  struct quick_found f;
  quick_find(b, key, unlikely(d->next_same) ? K_CLIENT : QUICK_EXACT, packet_target(&q->p), &f);
  __u64 value = f.value;
  if (v_method(value) != M_MASQ || !quick_value(q, value, true)) return QUICK_NO;
  if (unlikely(v_dest(value) != dest)) {
    d = dest_at(v_dest(value));
    if (!d || !quick_is_from(&q->p, d)) return QUICK_NO;
    dest = v_dest(value);
  }
  if ((d->flags & (D_AVAILABLE | D_POLICED_BACK | D_FTP)) != D_AVAILABLE || READ(d->hop.ifindex) != from) return QUICK_NO;
  asm volatile("" : "+r"(f.value)); /* one word: the compiler would keep its parts */
  struct service *s = service_at(d->service);
  if (!s) return QUICK_NO;
  CHECKED(s);
  __u64 client = hop_key(q->p.daddr, quick_hop_source(q->c, s));
  struct client_hop_set *set = client_hop_set(client);
  if (!set) return QUICK_NO;
  CHECKED(set);
  struct client_hop *w = quick_client_hop_find(set, &q->p, client);
  __u32 ifindex = w ? quick_client_hop(q, data, w, client) : 0;
  if (!ifindex) return QUICK_NO;
  xdp_rewrite(&q->p, data, end, true, true, s->addr, s->port);
  quick_touch(q, &f, true);
  quick_count(q, dest, true);
  return bpf_redirect(ifindex, 0);
}

#endif
