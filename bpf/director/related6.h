/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMPv6 errors about balanced connections (RFC 4443), translated as related.h does for IPv4: unreachable, packet too big, time exceeded and
 * parameter problem. */
#ifndef WEIR_RELATED6_H
#define WEIR_RELATED6_H

#define ICMP6_PARAMETER 4
#define QUOTE6_AT 8 /* in the message */
#define QUOTES_IPSEC 1 /* in a packet's flags: AH or ESP is quoted, which has no ports */

struct quoted6 {
  struct ip6_header ip;
  __u16 sport;
  __u16 dport;
};

/* Rewrites the outer target and the quoted source (inbound), or the outer source and the quoted target, to whole.as and `port`. The
 * packet in the scratch space is the quoted one. */
__noinline int related_translate6(struct __sk_buff *skb, __u32 inbound, __u32 icmp, __u32 port32) {
  struct scratch *scratch = the_scratch();
  __u32 outer[4];
  if (!scratch) return -1;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  __u32 outer_at = icmp - p->header + (inbound ? DADDR6_IN : SADDR6_IN), quoted = icmp + QUOTE6_AT;
  __u32 *was = inbound ? p->saddr6 : p->daddr6, *as = scratch->whole.as;
  __u16 port = port32, port_was = inbound ? p->sport : p->dport;
  if (bpf_skb_load_bytes(skb, outer_at, outer, sizeof outer)) return -1;
  __s64 outside = bpf_csum_diff(outer, 16, as, 16, 0), inside = bpf_csum_diff(was, 16, as, 16, 0);
  if (outside < 0 || inside < 0) return -1;
  long rc = checksum_address(skb, icmp + 2, outside, 0);
  rc |= bpf_l4_csum_replace(skb, icmp + 2, 0, (__u32)inside, 0);
  rc |= bpf_skb_store_bytes(skb, outer_at, as, 16, 0);
  rc |= bpf_skb_store_bytes(skb, quoted + (inbound ? 8 : 24), as, 16, 0);
  if (p->flags & QUOTES_IPSEC) return rc;
  rc |= bpf_l4_csum_replace(skb, icmp + 2, port_was, port, 2);
  return rc | bpf_skb_store_bytes(skb, quoted + IP6_LEN + (inbound ? 0 : 2), &port, 2, 0);
}

/* Validates the length and the checksum of an error about a connection; the packet in the scratch space is the quoted one. TC_ACT_OK: both are
 * right. A global function, with its own stack frame and verified once. */
__noinline int related_validate6(struct __sk_buff *skb, __u32 header, __u32 length) {
  if (length < header + QUOTE6_AT + sizeof(struct quoted6) || length > skb->len - ETH_LEN) {
    count_reason(R_BAD_LENGTH);
    return TC_ACT_UNSPEC;
  }
  __u32 message = length - header;
  __s64 addresses = sum_chunk(skb, SADDR6_AT, 2 * 16, 0);
  if (addresses < 0) return TC_ACT_UNSPEC;
  __u32 start = sum_fold32((__u64)addresses + bpf_htonl(message) + bpf_htonl(NEXT_ICMPV6)); /* RFC 8200, 8.1 */
  int state = sum_of(skb, ETH_LEN + header, message, start);
  if (state == SUM_WRONG) return tc_drop(R_ICMP_CHECKSUM);
  return state == SUM_RIGHT ? TC_ACT_OK : TC_ACT_UNSPEC;
}

/* Comes the error from a link-local address, for a client elsewhere, the source of the packet in the scratch space? The kernel forwards nothing
 * from there, so that its IPVS does not see it. What goes to a server IPVS sends itself. A global function: its callers have little stack left. */
__noinline int stays_on_link(struct __sk_buff *skb) {
  __u32 first = 0;
  if (bpf_skb_load_bytes(skb, SADDR6_AT, &first, sizeof first) || !is_link_local(&first)) return false;
  return tc_address_class6(skb, false) != HOP_LOCAL;
}

/* Sends the error, translated to `addr` and `port`, on to a destination, or (0) to the client of the quoted packet. `masq` false: as it is. */
static __always_inline int related_send6(struct __sk_buff *skb, struct verdict *v, struct dest *to, bool masq, const __u32 *addr, __u16 port) {
  struct whole_addresses *whole = the_whole();
  struct route w = {};
  if (!whole) return TC_ACT_UNSPEC;
  address_copy(whole->as, addr);
  if (!to && !tc_server_side6(skb, v->dest, (struct address *)v->p->saddr6)) return TC_ACT_UNSPEC;
  if (!to && stays_on_link(skb)) return TC_ACT_UNSPEC;
  int valid = related_validate6(skb, v->p->header, v->p->length);
  if (valid != TC_ACT_OK) return valid;
  if (to || v->p->ttl > 1) count_packet(v, !to); /* as in related.h */
  if (to && v_method(v->f.value) == M_TUNNEL) return tc_to_tunnel(v->dest, true);
  if (to && is_masqueraded_by_flow(v)) return tc_error_to_fullnat(v, port);
  if (to) route_to(to->addr);
  else route_between(v->p->saddr6, addr);
  __u32 hash = to ? address_fold(to->addr) : v->p->saddr;
  bool policed = masq && v->d && v->d->flags & (to ? D_POLICED : D_POLICED_BACK);
  enum hop_answer answer = policed ? HOP_LOCAL : tc_hop(skb, v, to, hash, 0, &w);
  if (to && has_left_host(v, answer)) return tc_error_to_fullnat(v, port);
  if (answer == HOP_NONE || v->p->ttl <= 1) return TC_ACT_UNSPEC;
  if (masq && related_translate6(skb, to != 0, ETH_LEN + v->p->header, port)) return tc_drop(R_REDIRECT_FAILED);
  if (answer == HOP_LOCAL && to) return policed ? tc_pass_policed(skb) : TC_ACT_UNSPEC;
  if (answer == HOP_LOCAL) return tc_pass_back(skb, v->dest);
  if (tc_lower_hop_limit(skb, v->p->ttl)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w.hop, w.gateway);
}

/* Quotes a reply of a service: on to the connection's destination, also if that was removed, as in IPVS. */
__noinline int related_inbound6(struct __sk_buff *skb, __u32 service) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = service};
  v.key = conn_key(p->daddr, p->dport, service);
  note_client_target(p);
  if (!conn_find(v.key, v.now, &v.f)) return TC_ELSEWHERE;
  if (is_bypass(v.f.value)) return past_error(related_validate6(skb, p->header, p->length));
  v.dest = v_dest(v.f.value);
  v.d = dest_at(v.dest);
  if (!v.d) return TC_ACT_UNSPEC;
  return related_send6(skb, &v, v.d, v_method(v.f.value) == M_MASQ, v.d->addr, server_port(v.d));
}

/* Translates an error of a server on the director, which is on its way out. `at`: where its IPv6 header begins. */
static __always_inline int related_pass6(struct __sk_buff *skb, struct packet *p, struct service *s, __u32 at) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return TC_ACT_UNSPEC;
  address_copy(whole->as, virtual_addr6(s));
  return related_translate6(skb, false, at + p->header, virtual_port(s)) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
}

/* Quotes a request that was masqueraded to a destination: back to the client. `at`: where the IPv6 header begins. */
static __always_inline int related_back6(struct __sk_buff *skb, __u32 first, bool leaving, __u32 at) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct verdict v = {.p = p, .c = c, .now = clock_now()};
  note_client_source(p);
  v.dest = dest_of_client(first, p->saddr, p->sport, v.now);
  v.d = v.dest ? dest_at(v.dest) : 0;
  struct service *s = v.d ? service_at(v.d->service) : 0;
  if (!s) return TC_ELSEWHERE;
  CHECKED(s);
  if (leaving || !skb->ingress_ifindex) {
    count_packet(&v, true);
    return related_pass6(skb, p, s, at);
  }
  return related_send6(skb, &v, 0, true, virtual_addr6(s), virtual_port(s));
}
__noinline int related_outbound6(struct __sk_buff *skb, __u32 first) { return related_back6(skb, first, false, ETH_LEN); }
__noinline int related_leaving6(struct __sk_buff *skb, __u32 first, __u32 at) { return related_back6(skb, first, true, at); }

/* Reads the quoted packet into the scratch space, in the place of the outer one, whose length, hop limit and header stay. False: it does not
 * come from whom the error goes to, or is not of this build's protocols: then p->protocol is its own. */
static __always_inline bool related_read6(struct __sk_buff *skb, struct packet *p, __u32 at) {
  struct quoted6 q __attribute__((aligned(sizeof(address_half))));
  __u8 type = 0;
  __u32 icmp = at + p->header;
  if (bpf_skb_load_bytes(skb, icmp, &type, 1) || type < ICMP6_UNREACHABLE || type > ICMP6_PARAMETER) return false;
  if (bpf_skb_load_bytes(skb, icmp + QUOTE6_AT, &q, sizeof q) || (q.ip.first & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000)) return false;
  if (!address_equal(p->daddr6, q.ip.saddr)) return false; /* forged, or about another packet */
  bool ipsec = is_ipsec(q.ip.next);
  p->protocol = ipsec ? IPPROTO_UDP : q.ip.next;
  p->flags = ipsec ? QUOTES_IPSEC : 0;
  if (!is_of_build(p->protocol)) return false;
  address_copy(p->saddr6, q.ip.saddr);
  address_copy(p->daddr6, q.ip.daddr);
  p->sport = ipsec ? KEY_EXCHANGE_PORT : q.sport;
  p->dport = ipsec ? KEY_EXCHANGE_PORT : q.dport;
  packet_hash(p);
  return true;
}

/* An ICMPv6 packet: errors about balanced connections are translated and sent on, all others pass to the stack. */
__noinline int tc_icmp6(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (!related_read6(skb, p, ETH_LEN)) return is_of_sctp_build(p) ? TC_SCTP : TC_ACT_UNSPEC;
  __u32 service = skb->ingress_ifindex ? service_of_source(p) : 0, real = service && !ALL_PORTS ? 0 : real_of_target(p);
  if (real) {
    int done = related_outbound6(skb, real);
    if (!ALL_PORTS || done != TC_ELSEWHERE) return done;
  }
  /* What came by lo was for a client on the director, which may have the address of a service of all ports. */
  if (!service || (ALL_PORTS && skb->ingress_ifindex == LOOPBACK)) return TC_ELSEWHERE;
  return related_inbound6(skb, service);
}

static __always_inline void packet_turn(struct packet *p) {
  for (int i = 0; i < 2; i++) {
    address_half half = HALF(p->saddr6, i);
    HALF(p->saddr6, i) = HALF(p->daddr6, i);
    HALF(p->daddr6, i) = half;
  }
  __u32 hash = p->saddr;
  p->saddr = p->daddr;
  p->daddr = hash;
  __u16 port = p->sport;
  p->sport = p->dport;
  p->dport = port;
}

/* schedule_icmp, of an error about a connection that no build has. The packet in the scratch space is the quoted one, and then one of the client, as
 * related_begin() wants it. Services are found as related_service() of IPv4 finds them. */
__noinline int tc_icmp6_asks(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch || !skb->ingress_ifindex) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (p->flags & QUOTES_IPSEC) return TC_ACT_UNSPEC;
  __u32 service = exact_service6(p->saddr6, p->saddr, p->sport, p->protocol);
  if (!service && skb->ingress_ifindex != LOOPBACK) service = service_of_source(p);
  struct service *s = service ? service_at(service) : 0;
  if (!s || READ(s->state) != LIVE) return TC_ACT_UNSPEC;
  CHECKED(s);
  int done = related_begins(s, service, p->sport);
  packet_turn(p);
  return done;
}

/* On to the destination of the connection that was made. */
__noinline int tc_icmp6_scheduled(struct __sk_buff *skb, __u32 service) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  packet_turn(p);
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = service};
  note_client_target(p);
  v.dest = scratch->related;
  v.d = dest_at(v.dest);
  if (!v.d) return TC_ACT_UNSPEC;
  v.f.value = (__u64)(v.d->method & 3) << V_METHOD_SHIFT;
  return related_send6(skb, &v, v.d, (v.d->method & 3) == M_MASQ, v.d->addr, server_port(v.d));
}

/* At egress: only those of masqueraded servers on the director are translated. `at`: where the IPv6 header begins. */
__noinline int tc_icmp6_leaving(struct __sk_buff *skb, __u32 at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (!related_read6(skb, p, at)) return is_of_sctp_build(p) ? TC_SCTP : TC_ACT_UNSPEC;
  __u32 real = real_of_target(p);
  return real ? related_leaving6(skb, real, at) : TC_ELSEWHERE;
}

#endif
