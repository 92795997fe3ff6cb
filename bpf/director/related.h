/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP errors about balanced connections (RFC 792; RFC 5508 for the translation): the quoted packet identifies the connection, and
 * the error goes where that packet came from, both translated. Unreachable, source quench and time exceeded only.
 *
 *     IP  saddr -> daddr | ICMP type code sum | quoted IP  from -> to | quoted ports | ...
 *
 * To the VIP, quoting a reply (VIP -> client): it goes on to the real server. From the servers' side to a client, quoting a
 * request (client -> real server, masqueraded): it goes on to the client, from the VIP. */
#ifndef WEIR_RELATED_H
#define WEIR_RELATED_H

#define QUOTE_AT 8 /* in an ICMP message */
#define PORTS_LEN 4
struct quoted {
  struct iphdr ip;
  __u16 sport; /* behind the IP header and its options */
  __u16 dport;
};

/* Reads the IPv4 packet that an ICMP message quotes. False: it has no ports, as a later fragment has none. */
static __always_inline bool quote_read(struct __sk_buff *skb, __u32 icmp, struct quoted *q) {
  __u32 at = icmp + QUOTE_AT;
  if (bpf_skb_load_bytes(skb, at, &q->ip, sizeof q->ip) || q->ip.version != 4 || q->ip.ihl < 5) return false;
  return !(q->ip.frag_off & bpf_htons(0x1fff)) && !bpf_skb_load_bytes(skb, at + q->ip.ihl * 4, &q->sport, PORTS_LEN);
}

/* What is to be rewritten: one outer address, one quoted address and port, all to the same endpoint. */
struct related {
  __u32 ip;   /* offset of the outer IP header */
  __u32 icmp; /* and of the ICMP header */
  __u32 length; /* of the ICMP message */
  __u32 outer_was;
  __u32 quoted_was;
  __u32 addr;
  __u16 port_was;
  __u16 port;
  __u8 inbound; /* towards the real server: outer destination, quoted source */
  __u8 portless; /* AH or ESP is quoted */
  __u8 header; /* length of the quoted IP header, bytes */
};

/* A quoted address and its header's sum change together, so of the quoted header only the port counts for ICMP's sum. */
__noinline int related_translate(struct __sk_buff *skb, struct related *r) {
  if (!r) return -1;
  __u32 ip = r->icmp + QUOTE_AT, addr = r->addr;
  __u32 sum_at = ip + 10, addr_at = ip + (r->inbound ? 12 : 16), port_at = ip + r->header + (r->inbound ? 0 : 2);
  __u16 port = r->port;
  long rc = bpf_l3_csum_replace(skb, sum_at, r->quoted_was, addr, 4);
  rc |= bpf_skb_store_bytes(skb, addr_at, &addr, 4, 0);
  if (!r->portless) {
    rc |= bpf_l4_csum_replace(skb, r->icmp + 2, r->port_was, port, 2);
    rc |= bpf_skb_store_bytes(skb, port_at, &port, 2, 0);
  }
  rc |= bpf_l3_csum_replace(skb, r->ip + IP_CHECK_IN, r->outer_was, addr, 4);
  return rc | bpf_skb_store_bytes(skb, r->ip + (r->inbound ? DADDR_IN : SADDR_IN), &addr, 4, 0);
}

/* Validates both checksums of an error about a connection, as the kernel does: its stack drops a wrong IP header and a source route before
 * IPVS sees them, and IPVS drops a wrong ICMP message. What the message has not is no quote: it may stand behind it in the frame. TC_ACT_OK: all is
 * right. */
static __always_inline int related_validate(struct __sk_buff *skb, struct related *r) {
  if (sum_of(skb, ETH_LEN, r->icmp - ETH_LEN, 0) != SUM_RIGHT) {
    count_reason(R_BAD_CHECKSUM);
    return TC_ACT_UNSPEC;
  }
  if (r->icmp > ETH_LEN + IP_LEN && has_source_route(skb, ETH_LEN + IP_LEN, r->icmp)) return TC_ACT_UNSPEC;
  if (r->length < QUOTE_AT + r->header + PORTS_LEN || r->icmp + r->length > skb->len) {
    count_reason(R_BAD_LENGTH);
    return TC_ACT_UNSPEC;
  }
  int state = sum_of(skb, r->icmp, r->length, 0);
  if (state == SUM_WRONG) return tc_drop(R_ICMP_CHECKSUM);
  return state == SUM_RIGHT ? TC_ACT_OK : TC_ACT_UNSPEC;
}

/* Sends the translated error: to the destination `to`, or to the client. */
static __always_inline int related_send(struct __sk_buff *skb, struct verdict *v, struct related *r, struct dest *to, __u32 client) {
  struct route w = {};
  __u32 addr = to ? to->addr[0] : client;
  __u8 ttl = 0;
  int valid = related_validate(skb, r);
  if (valid != TC_ACT_OK) return valid;
  if (bpf_skb_load_bytes(skb, TTL_AT, &ttl, 1)) return TC_ACT_UNSPEC;
  if (to || ttl > 1) count_packet(v, !to); /* IPVS sees of answers what the stack forwards */
  if (to && v_method(v->f.value) == M_TUNNEL) return tc_to_tunnel(v->dest, true);
  if (to && is_masqueraded_by_flow(v)) return tc_error_to_fullnat(v, r->port);
  bool policed = r->addr && v->d && v->d->flags & (to ? D_POLICED : D_POLICED_BACK);
  enum hop_answer answer = policed ? HOP_LOCAL : tc_hop(skb, v, to, addr, to ? 0 : r->addr, &w);
  if (to && has_left_host(v, answer)) return tc_error_to_fullnat(v, r->port);
  if (answer == HOP_NONE || ttl <= 1) return TC_ACT_UNSPEC;
  if (r->addr && related_translate(skb, r)) return tc_drop(R_REDIRECT_FAILED);
  if (answer == HOP_LOCAL && to) return policed ? tc_pass_policed(skb) : TC_ACT_UNSPEC;
  if (answer == HOP_LOCAL) return tc_pass_back(skb, v->dest);
  if (tc_lower_ttl(skb, ttl, IPPROTO_ICMP)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w.hop, w.gateway);
}

/* The packet in the scratch space is one of the client, as related_begin() wants it. */
static __always_inline int related_ask(struct verdict *v, struct service *s, struct quoted *q) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  p->saddr = q->ip.daddr;
  p->sport = q->dport;
  p->daddr = q->ip.saddr;
  p->dport = q->sport;
  p->protocol = q->ip.protocol;
  p->flags = 0;
  return related_begins(s, v->service, q->sport);
}
static __always_inline __u32 related_chosen(void) {
  struct scratch *scratch = the_scratch();
  return scratch ? scratch->related : 0;
}

enum related_step { RELATED_IN, RELATED_LEAVING, RELATED_ASKS, RELATED_SCHEDULED };

/* Quotes a reply of a service: on to the connection's destination, also if that was removed, as in IPVS. RELATED_ASKS, RELATED_SCHEDULED: no build has
 * the connection. */
static __always_inline int related_inbound(struct __sk_buff *skb, struct verdict *v, struct quoted *q, struct related *r, enum related_step step) {
  bool scheduled = step == RELATED_SCHEDULED || step == RELATED_ASKS;
  v->key = conn_key(q->ip.daddr, q->dport, v->service);
  note_tuple(q->ip.saddr, q->sport, q->ip.protocol);
  struct service *s = service_at(v->service);
  if (!s || (scheduled && (r->portless || s->state != LIVE))) return TC_ACT_UNSPEC;
  if (!scheduled && !conn_find(v->key, v->now, &v->f)) return TC_ELSEWHERE;
  if (!scheduled && is_bypass(v->f.value)) return past_error(related_validate(skb, r));
  if (step == RELATED_ASKS) return related_ask(v, s, q);
  v->dest = scheduled ? related_chosen() : v_dest(v->f.value);
  if (!v->dest) return tc_drop(R_NO_DESTINATION);
  v->d = dest_at(v->dest);
  if (scheduled && v->d) v->f.value = (__u64)(v->d->method & 3) << V_METHOD_SHIFT;
  if (!v->d) return TC_ACT_UNSPEC;
  r->inbound = true;
  r->quoted_was = q->ip.saddr;
  r->port_was = q->sport;
  if (v_method(v->f.value) == M_MASQ) {
    r->addr = v->d->addr[0];
    r->port = server_port(v->d);
  }
  return related_send(skb, v, r, v->d, 0);
}

/* Quotes a request that was masqueraded to a destination: back to the client. */
static __always_inline int related_outbound(struct __sk_buff *skb, struct verdict *v, struct quoted *q, struct related *r, __u32 first, bool leaving) {
  note_tuple(q->ip.daddr, q->dport, q->ip.protocol);
  v->dest = dest_of_client(first, q->ip.saddr, q->sport, v->now);
  v->d = v->dest ? dest_at(v->dest) : 0;
  struct service *s = v->d ? service_at(v->d->service) : 0;
  if (!s) return TC_ELSEWHERE;
  r->quoted_was = q->ip.daddr;
  r->port_was = q->dport;
  r->addr = virtual_addr(s);
  r->port = virtual_port(s);
  if (leaving || !skb->ingress_ifindex) { /* of a server on the director, on its way out */
    count_packet(v, true);
    return related_translate(skb, r) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
  }
  if (!tc_server_side(skb, v->dest, q->ip.saddr)) return TC_ACT_UNSPEC;
  return related_send(skb, v, r, 0, q->ip.saddr);
}

/* Whose reply a packet quotes; 0: of no service. `scheduled`: no build has its connection, so that an exact service comes before one of all ports.
 * What came by lo was for a client on the director, which may have the address of a service of all ports. */
static __always_inline __u32 related_service(struct __sk_buff *skb, struct quoted *q, bool scheduled) {
  __u32 exact = scheduled ? exact_service(q->ip.saddr, q->sport, q->ip.protocol) : 0;
  if (exact || (scheduled && skb->ingress_ifindex == LOOPBACK)) return exact;
  return service_for(q->ip.daddr, q->dport, q->ip.saddr, q->sport, q->ip.protocol);
}

/* An ICMP packet: errors about balanced connections are translated and sent on, all others pass to the stack. RELATED_LEAVING, at egress: only
 * those of masqueraded servers on the director are translated. RELATED_ASKS: no build has the connection, and schedule_icmp is on; of which service
 * would it be (related-begin.h)? RELATED_SCHEDULED: its destination is known. `at`: where the IP header begins. */
static __always_inline int related_icmp(struct __sk_buff *skb, __u32 at, __u8 header, __u16 length, enum related_step step) {
  bool leaving = step == RELATED_LEAVING, scheduled = step == RELATED_SCHEDULED || step == RELATED_ASKS;
  struct conf *c = the_conf();
  struct quoted q;
  __u8 type = 0;
  __u32 icmp = at + header;
  if (!c || header < IP_LEN || header > 60) return TC_ACT_UNSPEC;
  if (bpf_skb_load_bytes(skb, icmp, &type, 1) || (type != 3 && type != 4 && type != 11)) return TC_ACT_UNSPEC;
  if (length < header || !quote_read(skb, icmp, &q)) return TC_ACT_UNSPEC;
  struct packet p = {.bytes = length};
  struct verdict v = {.p = &p, .c = c, .now = clock_now()};
  struct related r = {.ip = at, .icmp = icmp, .length = length - header, .header = q.ip.ihl * 4};
  __u32 outer[2] = {};
  if (bpf_skb_load_bytes(skb, at + SADDR_IN, outer, sizeof outer)) return TC_ACT_UNSPEC;
  if (outer[1] != q.ip.saddr) return TC_ACT_UNSPEC; /* forged, or about another packet */
  if (!OF_SCTP && q.ip.protocol == IPPROTO_SCTP) return TC_SCTP;
  if (is_ipsec(q.ip.protocol)) { /* as read_as_key_exchange() */
    r.portless = true;
    q.ip.protocol = IPPROTO_UDP;
    q.sport = q.dport = KEY_EXCHANGE_PORT;
  }
  __u32 service = !leaving && skb->ingress_ifindex ? related_service(skb, &q, scheduled) : 0;
  __u32 real = scheduled || (service && !ALL_PORTS) ? 0 : real_with(q.ip.daddr, q.dport, q.ip.protocol);
  if (real) {
    r.outer_was = outer[0];
    int done = related_outbound(skb, &v, &q, &r, real, leaving);
    if (!ALL_PORTS || done != TC_ELSEWHERE) return done;
  }
  /* What came by lo was for a client on the director, which may have the address of a service of all ports. */
  if (!service || (!scheduled && ALL_PORTS && skb->ingress_ifindex == LOOPBACK)) return scheduled ? TC_ACT_UNSPEC : TC_ELSEWHERE;
  v.service = service;
  r.outer_was = q.ip.saddr;
  return related_inbound(skb, &v, &q, &r, step);
}

/* Global functions: verified once. With one for each step the egress program has no code of what can only come in. */
__noinline int tc_icmp(struct __sk_buff *skb, __u8 header, __u16 length) { return related_icmp(skb, ETH_LEN, header, length, RELATED_IN); }
__noinline int tc_icmp_asks(struct __sk_buff *skb, __u8 header, __u16 length) { return related_icmp(skb, ETH_LEN, header, length, RELATED_ASKS); }
__noinline int tc_icmp_scheduled(struct __sk_buff *skb, __u8 header, __u16 length) {
  return related_icmp(skb, ETH_LEN, header, length, RELATED_SCHEDULED);
}
__noinline int tc_icmp_leaving(struct __sk_buff *skb, __u32 at, __u8 header, __u16 length) {
  return related_icmp(skb, at, header, length, RELATED_LEAVING);
}

#endif
