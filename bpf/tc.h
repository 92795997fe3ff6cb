/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: the whole director. Ingress of every leg (and of lo, for clients on the director itself) balances; egress
 * undoes the masquerading of servers on the director itself. */
#ifndef WEIR_TC_H
#define WEIR_TC_H

#define TTL_AT (ETH_LEN + 8)
#define IP_CHECK_AT (ETH_LEN + 10)
#define SADDR_AT (ETH_LEN + 12)
#define DADDR_AT (ETH_LEN + 16)

/* What is to become of a packet, for the functions below: global ones, each of which the verifier looks at once. */
struct rewrite {
  __u32 was;
  __u32 addr;
  __u16 port_was;
  __u16 port;
  __u8 source; /* the source is rewritten, not the destination */
  __u8 protocol;
  __u8 header; /* length of the IP header */
  __u8 ttl;
};

static __always_inline void rewrite_of(struct rewrite *r, struct packet *p, bool source, __u32 addr, __u16 port) {
  r->was = source ? p->saddr : p->daddr;
  r->port_was = source ? p->sport : p->dport;
  r->addr = addr;
  r->port = port;
  r->source = source;
  r->protocol = p->protocol;
  r->header = p->header;
  r->ttl = p->ttl;
}

/* Rewrites an address and a port with the checksums; the helpers understand CHECKSUM_PARTIAL. 0 or an error. */
__noinline int tc_translate(struct __sk_buff *skb, struct rewrite *r) {
  if (!r) return -1;
  __u32 l4 = ETH_LEN + r->header;
  bool tcp = r->protocol == IPPROTO_TCP;
  __u32 check_at = l4 + (tcp ? 16 : 6);
  __u64 udp = tcp ? 0 : BPF_F_MARK_MANGLED_0;
  __u32 addr = r->addr;
  __u16 port = r->port;
  long rc = bpf_l4_csum_replace(skb, check_at, r->was, addr, BPF_F_PSEUDO_HDR | udp | 4);
  rc |= bpf_l4_csum_replace(skb, check_at, r->port_was, port, udp | 2);
  rc |= bpf_l3_csum_replace(skb, IP_CHECK_AT, r->was, addr, 4);
  rc |= bpf_skb_store_bytes(skb, r->source ? SADDR_AT : DADDR_AT, &addr, 4, 0);
  rc |= bpf_skb_store_bytes(skb, l4 + (r->source ? 0 : 2), &port, 2, 0);
  return rc;
}

__noinline int tc_lower_ttl(struct __sk_buff *skb, __u8 ttl, __u8 protocol) {
  __u16 was = bpf_htons((__u16)ttl << 8 | protocol), is = bpf_htons((__u16)(ttl - 1) << 8 | protocol);
  __u8 less = ttl - 1;
  long rc = bpf_l3_csum_replace(skb, IP_CHECK_AT, was, is, 2);
  return rc | bpf_skb_store_bytes(skb, TTL_AT, &less, 1, 0);
}

/* Sends a packet to a hop: straight out of its device; or, each time the kernel was asked for the hop again, through its
 * neighbour output, which resolves an unknown neighbour and doubts an old one. */
__noinline int tc_send(struct __sk_buff *skb, __u32 answer, struct hop *h, __u32 gateway) {
  if (!h) return TC_ACT_SHOT;
  if (likely(answer == HOP_READY && !gateway)) {
    if (bpf_skb_store_bytes(skb, 0, h->dmac, 12, 0)) return tc_drop(R_REDIRECT_FAILED);
    return bpf_redirect(h->ifindex, 0);
  }
  struct bpf_redir_neigh neigh = {.nh_family = F_INET, .ipv4_nh = gateway};
  return bpf_redirect_neigh(h->ifindex, &neigh, sizeof neigh, 0);
}

/* Sends a packet to a destination. The kernel trusts a neighbour for up to a minute, too long for a server that changed
 * its MAC: every few seconds a request of our own goes along, and the kernel takes in the answer. */
__noinline int tc_send_to(struct __sk_buff *skb, __u32 dest, __u32 answer, struct hop *h, __u32 gateway) {
  struct dest *d = dest_at(dest);
  struct conf *c = the_conf();
  if (!d || !c || !h) return TC_ACT_SHOT;
  struct leg *l = gateway && answer == HOP_READY && skb->gso_segs <= 1 ? leg_at(h->ifindex) : 0;
  __u32 now = clock_now();
  if (likely(!l) || !l->addr || now - READ(d->probed_at) < c->fresh_for * PROBE_SECONDS) return tc_send(skb, answer, h, gateway);
  WRITE(d->probed_at, now);
  if (bpf_skb_store_bytes(skb, 0, h->dmac, 12, 0)) return tc_drop(R_REDIRECT_FAILED);
  if (bpf_clone_redirect(skb, h->ifindex, 0)) return tc_drop(R_REDIRECT_FAILED);
  return arp_request(skb, h->ifindex, h->smac, l->addr, gateway);
}

/* What tc knows of a packet's next hop. */
struct way {
  struct hop hop;
  __u32 gateway;
};

__noinline int tc_hop_ask(struct __sk_buff *skb, __u32 dest, __u32 addr, __u32 saddr, struct way *w) {
  return w ? hop_renew(skb, skb->ingress_ifindex, dest, addr, saddr, &w->hop, &w->gateway) : HOP_NONE;
}

/* The next hop of a packet to a destination, or (dest = 0) of a reply to the client `addr`. */
static __always_inline enum hop_answer tc_hop(struct __sk_buff *skb, struct verdict *v, struct dest *d, __u32 addr, __u32 saddr, struct way *w) {
  if (likely(hop_remembered(v->c, d, addr, v->now, &w->hop))) return HOP_READY;
  return tc_hop_ask(skb, d ? v->dest : 0, addr, saddr, w);
}

static __always_inline int tc_request(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  enum decision go = decide_request(v);
  if (go == GO_PASS) return TC_ACT_UNSPEC;
  if (go == GO_DROP) return tc_drop(v->reason);
  if (go == GO_REFUSE) {
    count_reason(R_NO_DESTINATION);
    return icmp_error(skb, p, ICMP_UNREACHABLE, ICMP_PORT, 0);
  }
  if (go != GO_REQUEST) {
    count_reason(v->reason);
    return TC_ACT_UNSPEC;
  }
  struct way w = {};
  __u32 addr = v->d->addr[0];
  bool masq = v_method(v->f.value) == M_MASQ;
  enum hop_answer answer = v->d->flags & D_HERE ? HOP_HERE : tc_hop(skb, v, v->d, addr, p->saddr, &w);
  if (answer == HOP_NONE) {
    count_reason(R_NO_ROUTE);
    return icmp_error(skb, p, ICMP_UNREACHABLE, ICMP_HOST, 0);
  }
  if (answer != HOP_HERE) {
    if (p->ttl <= 1) {
      count_reason(R_TTL);
      return icmp_error(skb, p, ICMP_EXCEEDED, 0, 0);
    }
    if (w.hop.mtu && p->length > w.hop.mtu && !skb->gso_segs) {
      count_reason(R_TOO_BIG);
      return p->dont_fragment ? icmp_error(skb, p, ICMP_UNREACHABLE, ICMP_FRAG, w.hop.mtu) : TC_ACT_SHOT;
    }
  }
  if (v->known) conn_touch(v, false);
  count_packet(v, false);
  __u32 dest = v->dest;
  struct rewrite r;
  rewrite_of(&r, p, false, addr, v->d->port);
  if (masq && tc_translate(skb, &r)) return tc_drop(R_REDIRECT_FAILED);
  if (answer == HOP_HERE) return TC_ACT_UNSPEC;
  if (tc_lower_ttl(skb, r.ttl, r.protocol)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send_to(skb, dest, answer, &w.hop, w.gateway);
}

static __always_inline int tc_reply(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  struct service *s = service_at(v->service);
  struct way w = {};
  if (!s) return TC_ACT_UNSPEC;
  enum hop_answer answer = tc_hop(skb, v, 0, p->daddr, s->addr[0], &w);
  if (answer == HOP_NONE) return tc_drop(R_NO_ROUTE);
  if (answer != HOP_HERE && p->ttl <= 1) {
    count_reason(R_TTL);
    return TC_ACT_UNSPEC; /* the stack's forwarding tells the server, by an address of its own */
  }
  conn_touch(v, true);
  count_packet(v, true);
  struct rewrite r;
  rewrite_of(&r, p, true, s->addr[0], s->port);
  if (tc_translate(skb, &r)) return tc_drop(R_REDIRECT_FAILED);
  if (answer == HOP_HERE) {
    /* The client is the director itself: the stack refuses its own address as a source, except on weir's device. */
    return v->c->pair_peer_ifindex ? bpf_redirect(v->c->pair_peer_ifindex, BPF_F_INGRESS) : TC_ACT_UNSPEC;
  }
  if (tc_lower_ttl(skb, r.ttl, r.protocol)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w.hop, w.gateway);
}

/* A packet that is not whole but is for a service (or from one of its servers). */
static __always_inline int tc_oddity(struct packet *p, enum parsed parsed) {
  if (!p->header) return TC_ACT_UNSPEC;
  if (parsed == P_FRAGMENT) count_reason(R_FRAGMENT);
  if (parsed == P_BAD) count_reason(R_BAD_LENGTH);
  if (parsed == P_BAD_SUM) count_reason(R_BAD_CHECKSUM);
  return TC_ACT_UNSPEC;
}

/* Pulls the headers into reach and reads them. */
static __always_inline enum parsed tc_parse(struct __sk_buff *skb, struct packet *p) {
  if (skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present) return P_OTHER;
  enum parsed parsed = parse_ipv4((void *)(long)skb->data, (void *)(long)skb->data_end, p);
  if (parsed == P_BAD && skb->len > skb->data_end - skb->data) {
    __u32 want = skb->len < 128 ? skb->len : 128;
    if (bpf_skb_pull_data(skb, want)) return P_OTHER;
    parsed = parse_ipv4((void *)(long)skb->data, (void *)(long)skb->data_end, p);
  }
  /* Ethernet pads short frames; a GSO packet is longer than its header can say. */
  p->bytes = skb->gso_segs ? skb->len - ETH_LEN : p->length;
  if (parsed == P_OK && p->length > skb->len - ETH_LEN) return P_BAD;
  return parsed;
}

SEC("tc")
int weir_tc_ingress(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  if (!c || !c->services) return TC_ACT_UNSPEC;
  if (skb->pkt_type != PACKET_HOST) return TC_ACT_UNSPEC;
  struct packet p = {};
  enum parsed parsed = tc_parse(skb, &p);
  if (parsed != P_OK) return tc_oddity(&p, parsed);
  struct verdict v = {.p = &p, .c = c, .now = clock_now()};
  v.service = endpoint_find(endpoint_key(p.daddr, p.dport, p.protocol, E_SERVICE));
  if (v.service) {
    bool local = skb->ingress_ifindex == 1; /* lo: clients on the director */
    if (!local && (p.saddr == p.daddr || is_martian(p.saddr))) return tc_drop(R_MARTIAN);
    return tc_request(skb, &v);
  }
  __u32 real = endpoint_find(endpoint_key(p.saddr, p.sport, p.protocol, E_REAL));
  if (real && decide_reply(&v, real) == GO_REPLY) return tc_reply(skb, &v);
  v.service = endpoint_find(endpoint_key(p.saddr, p.sport, p.protocol, E_SERVICE));
  if (v.service && decide_seen(&v) == GO_SEEN) {
    conn_touch(&v, true);
    count_packet(&v, true);
  }
  return TC_ACT_UNSPEC;
}

/* Only what the director itself sends: forwarded packets were seen when they came in. */
SEC("tc")
int weir_tc_egress(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  if (!c || !c->services || skb->ingress_ifindex) return TC_ACT_UNSPEC;
  struct packet p = {};
  if (tc_parse(skb, &p) != P_OK) return TC_ACT_UNSPEC;
  struct verdict v = {.p = &p, .c = c, .now = clock_now()};
  __u32 real = endpoint_find(endpoint_key(p.saddr, p.sport, p.protocol, E_REAL));
  if (real && decide_reply(&v, real) == GO_REPLY) {
    struct service *s = service_at(v.service);
    if (!s) return TC_ACT_UNSPEC;
    conn_touch(&v, true);
    count_packet(&v, true);
    struct rewrite r;
    rewrite_of(&r, &p, true, s->addr[0], s->port);
    return tc_translate(skb, &r) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
  }
  v.service = endpoint_find(endpoint_key(p.saddr, p.sport, p.protocol, E_SERVICE));
  if (v.service && decide_seen(&v) == GO_SEEN) {
    conn_touch(&v, true);
    count_packet(&v, true);
  }
  return TC_ACT_UNSPEC;
}

#endif
