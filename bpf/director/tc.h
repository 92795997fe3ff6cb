/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: the whole director. Ingress of every interface (and of lo, for clients on the director itself) balances; egress
 * undoes the masquerading of servers on the director itself. */
#ifndef WEIR_TC_H
#define WEIR_TC_H

static __always_inline bool is_ipv6(struct __sk_buff *skb) { return skb->protocol == bpf_htons(ETH_P_IPV6); }

/* Where there is such a program, these do not return. */
#ifdef WIDE
static __always_inline void tc_enter_wide(struct __sk_buff *skb, enum wide_program program) {}
#else
static __always_inline void tc_enter_wide(struct __sk_buff *skb, enum wide_program program) { bpf_tail_call_static(skb, &wide_tc, program); }
#endif
#ifdef SIDE
static __always_inline void tc_enter_ipv6(struct __sk_buff *skb, bool ingress) {}
static __always_inline void tc_enter_sctp(struct __sk_buff *skb, bool ingress) {}
static __always_inline void tc_enter_marked_sctp(struct __sk_buff *skb) {}
#else
static __always_inline void tc_enter_ipv6(struct __sk_buff *skb, bool ingress) {
  if (is_ipv6(skb)) bpf_tail_call_static(skb, &ipv6_tc, ingress ? IPV6_INGRESS : IPV6_EGRESS);
}
static __always_inline void tc_enter_sctp(struct __sk_buff *skb, bool ingress) {
  bpf_tail_call_static(skb, &sctp_tc, ingress ? SCTP_INGRESS : SCTP_EGRESS);
}
/* On weir's own device: SCTP's egress program goes on into its wide build. */
static __always_inline void tc_enter_marked_sctp(struct __sk_buff *skb) {
  __u8 protocol;
  if (!has_sctp_marks() || skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, PROTOCOL_AT, &protocol, 1)) return;
  if (protocol == IPPROTO_SCTP) tc_enter_sctp(skb, false);
}
#endif

__noinline int tc_unknown_reply(struct __sk_buff *skb);

/* schedule_icmp: an error about a connection that no build has. */
static __always_inline int tc_icmp_begins(struct __sk_buff *skb, struct packet *p, struct scratch *scratch) {
  __u8 header = p->header;
  __u16 length = p->length;
  int done = tc_icmp_asks(skb, header, length);
  if (!related_asks(done)) return done;
  __u32 dest = related_begin(related_asked(done));
  if (!related_has_dest(dest)) return related_refused(dest);
  scratch->related = dest;
  return tc_icmp_scheduled(skb, header, length);
}

/* A packet that came in and concerns no connection of any build: a grace period, nat_icmp_send and schedule_icmp are for such packets. */
static __always_inline int tc_unknown(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  int done = tc_unknown_in_grace(skb);
  if (done != TC_ACT_UNSPEC || !c || likely(!(c->nat_icmp_send | c->schedule_icmp)) || !scratch) return done;
  struct packet *p = &scratch->packet;
  if (p->fragment) return TC_ACT_UNSPEC;
  if (p->protocol == IPPROTO_ICMP) return c->schedule_icmp ? tc_icmp_begins(skb, p, scratch) : TC_ACT_UNSPEC;
  return c->nat_icmp_send ? tc_unknown_reply(skb) : TC_ACT_UNSPEC;
}

/* The end of a program: what this build does not know goes on to another one. */
static __always_inline int tc_go_on(struct __sk_buff *skb, int done, bool ingress) {
  if (likely(done < TC_ELSEWHERE)) return done;
  if (ALL_PORTS && done == TC_PAST) return tc_send_past(skb);
  if (done == TC_ELSEWHERE || done == TC_ERROR) {
    bool error = done == TC_ERROR;
    if (!tc_came_back(skb, ingress)) tc_enter_wide(skb, ingress ? WIDE_INGRESS : WIDE_EGRESS);
    if (!ingress) return TC_ACT_UNSPEC;
    done = tc_unknown(skb);
    if (error && done == TC_ACT_UNSPEC) tc_enter_fullnat_error(skb);
    if (done < TC_ELSEWHERE) return done;
  }
  if (ALL_PORTS && done == TC_BACK) return tc_go_back(skb);
  if (done == TC_TUNNEL) {
    bpf_tail_call_static(skb, &tunnel_tc, TUNNEL_IPV4);
    return tc_drop(R_REDIRECT_FAILED);
  }
  if (done == TC_FTP) {
    tc_enter_wide(skb, WIDE_FTP);
    return tc_drop(R_REDIRECT_FAILED);
  }
  if (done == TC_FULLNAT) return tc_enter_fullnat(skb, FULLNAT_REQUEST);
  if (done == TC_FULLNAT_ERROR) return tc_enter_fullnat(skb, FULLNAT_ERROR_IN);
  if (done == TC_TRANSLATED) {
    tc_enter_wide(skb, WIDE_INGRESS);
    return fullnat_restore(skb);
  }
  if (done == TC_ANSWER) return tc_answer_by_flow(skb);
  if (done == TC_FRAGMENT) {
    tc_enter_wide(skb, ingress ? WIDE_INGRESS : WIDE_EGRESS);
    return tc_fragment_note(skb, TC_ACT_UNSPEC, NOTE_PASSES);
  }
  if (done == TC_SCTP) {
    tc_enter_sctp(skb, ingress);
    return TC_ACT_UNSPEC;
  }
  tc_enter_wide(skb, WIDE_KNOWN);
  return tc_stray_noted(skb);
}

/* A global function, with its own stack frame and verified once. */
__noinline __u32 tc_may_schedule(struct __sk_buff *skb, __u32 service) { return may_schedule_call(skb, service); }

static __always_inline int tc_request(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  enum decision go = decide_known(v);
  if (go == GO_NEW) go = begins_here(skb, p) ? decide_new(v, tc_may_schedule(skb, v->service)) : begins_not(v);
  if (go == GO_PASS) return TC_ELSEWHERE;
  if (go == GO_DROP) return tc_drop(drop_reason(v->reason));
  if (ALL_PORTS && go == GO_BYPASS) return tc_bypass(v);
  if (go == GO_REFUSE) {
    if (may_be_data(v)) return TC_ACT_UNSPEC;
    count_reason(R_NO_DESTINATION);
    return icmp_error(skb, p, ICMP_UNREACHABLE, ICMP_PORT, 0);
  }
  if (go != GO_REQUEST) {
    if (v->reason == R_NO_CONNECTION) return TC_STRAY;
    count_reason(v->reason);
    return TC_ACT_UNSPEC;
  }
  if (v->known && !conn_touch(v, false)) return tc_drop(drop_reason(R_BUSY));
  if (tc_held(skb, v)) return TC_ACT_SHOT;
  count_packet(v, false);
  if (unlikely(v_method(v->f.value) == M_TUNNEL)) return tc_to_tunnel(v->dest, false);
  if (is_masqueraded_by_flow(v)) {
    int done = tc_to_fullnat(v);
    return done == TC_FULLNAT && is_helped(v) ? tc_to_ftp(skb, v, FTP_BY_FLOW) : done;
  }
  if (is_helped(v)) return tc_to_ftp(skb, v, 0);
  return tc_onward(skb, v);
}

/* nat_icmp_send: a packet that may be of a masqueraded server, and belongs to no connection. The server gets an ICMP error, unless it sent an RST
 * (SCTP: an ABORT). */
__noinline int tc_unknown_reply(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct interface *i = interface_at(skb->ifindex);
  if (!scratch || !i || !i->addr) return TC_ACT_UNSPEC;
  struct packet *p = &scratch->packet;
  if (is_reset(p) || !has_ports(p) || !masqueraded_now(exact_real(p->saddr, p->sport, p->protocol))) return TC_ACT_UNSPEC;
  if (!tc_as_ipvs_sees(skb)) return TC_ACT_UNSPEC;
  count_reason(R_NAT_ICMP);
  return icmp_error_from(skb, p, i->addr, ICMP_PORT, 0);
}

/* Counts a packet that is not balanced because of its form. */
static __always_inline int tc_oddity(struct packet *p, enum parsed parsed) {
  if (parsed == P_BAD) count_reason(p->header ? R_BAD_LENGTH : R_SHORT);
  if (parsed == P_BAD_SUM) count_reason(R_BAD_CHECKSUM);
  return TC_ACT_UNSPEC;
}

/* AH or ESP, of which the IP header was read. Fragments pass, as those of other protocols do. A global function: verified once. */
__noinline int tc_parse_ipsec(struct __sk_buff *skb, __u32 at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return P_OTHER;
  struct packet *p = &scratch->packet;
  if (p->fragment || skb->gso_size || p->length > skb->len - at || sum_of(skb, at, p->header, 0) != SUM_RIGHT) return P_OTHER;
  if (p->header > IP_LEN && has_source_route(skb, at + IP_LEN, at + p->header)) return P_OTHER;
  p->bytes = p->length;
  read_as_key_exchange(p);
  return P_OK;
}

/* Makes the headers readable and reads them. `at`: where the IP header begins. */
static __always_inline enum parsed tc_parse(struct __sk_buff *skb, struct packet *p, __u32 at) {
  p->header = p->protocol = 0;
  if (skb->protocol != bpf_htons(ETH_P_IP)) return P_OTHER;
  enum parsed parsed = parse_validated((void *)(long)skb->data + at, (void *)(long)skb->data_end, p);
  if (parsed == P_BAD && skb->len > skb->data_end - skb->data && !(OF_SCTP && skb->gso_size)) {
    __u32 want = skb->len < 128 ? skb->len : 128;
    if (bpf_skb_pull_data(skb, want)) return P_OTHER;
    parsed = parse_validated((void *)(long)skb->data + at, (void *)(long)skb->data_end, p);
  }
  /* Ethernet pads short frames; a GSO packet may be longer than its header's 16 bits. */
  p->bytes = skb->gso_size ? skb->len - at : p->length;
  if (parsed == P_OK && unlikely(p->header > IP_LEN) && has_source_route(skb, at + IP_LEN, at + p->header)) {
    p->protocol = 0; /* no build's */
    return P_OTHER;
  }
  if (parsed == P_OK) parsed = tc_parse_further(skb, p, at);
  if (parsed != P_OK) return parsed == P_OTHER && is_ipsec(p->protocol) ? tc_parse_ipsec(skb, at) : parsed;
  if (likely(p->length <= skb->len - at)) return P_OK;
  if (p->length != NO_LENGTH || !skb->gso_size) return P_BAD;
  p->length = skb->len - at;
  return P_OK;
}

/* The three kinds of packets that concern a service. Global functions: each has its own stack frame and is verified once. The packet
 * is in the scratch space. */
__noinline int tc_any_request(struct __sk_buff *skb, __u32 service) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  struct packet *p = &scratch->packet;
  bool wire = skb->ingress_ifindex != LOOPBACK;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = service};
  if (wire && (p->saddr == p->daddr || is_martian(p->saddr))) return tc_drop(R_MARTIAN);
  return tc_request(skb, &v);
}

__noinline int tc_any_reply(struct __sk_buff *skb, __u32 real) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now()};
  bool by_flow = is_translated(skb);
  v.dest = unlikely(by_flow) ? dest_of_flow() : real;
  v.d = dest_at(v.dest);
  if (unlikely(is_for_flows(skb, v.d, v.dest))) return TC_UNKNOWN;
  if (likely(decide_reply_of(&v, by_flow) == GO_REPLY)) {
    if (unlikely(v.d->hop.ifindex != skb->ingress_ifindex) && !tc_server_side(skb, v.dest, v.p->daddr)) return TC_ACT_UNSPEC;
    return tc_reply(skb, &v);
  }
  return TC_UNKNOWN;
}

/* From a service's own address: a reply that needs no change is counted and passes. One that comes in counts from its server's side alone. */
__noinline int tc_any_seen(struct __sk_buff *skb, __u32 service) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c || !skb) return TC_ACT_UNSPEC;
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now(), .service = service};
  if (decide_seen(&v) != GO_SEEN) return TC_ELSEWHERE;
  __u32 from = skb->ingress_ifindex; /* 0: it leaves the director, from a server here */
  if (ALL_PORTS && !v.d) return tc_seen_past(skb, &v);
  if (from && unlikely(v.d->hop.ifindex != from) && !tc_server_side(skb, v.dest, v.p->daddr)) return TC_ACT_UNSPEC;
  if (from && !tc_reaches_ipvs(skb)) return TC_ACT_UNSPEC;
  conn_touch(&v, true);
  count_packet(&v, true);
  return TC_ACT_UNSPEC;
}

/* A reply of a server on the director itself, leaving it: only its source changes. `layer3`: without an Ethernet header. */
__noinline int tc_local_known(struct __sk_buff *skb, __u32 real, bool layer3) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now()};
  return decide_reply(&v, real) == GO_REPLY ? tc_leave(skb, &v, layer3) : TC_ELSEWHERE;
}

static __always_inline int tc_local_reply(struct __sk_buff *skb, struct packet *p, __u32 real, bool layer3) {
  int done = tc_local_known(skb, real, layer3);
  return done == TC_ELSEWHERE ? tc_local_unknown(skb, p, real, layer3) : done;
}

/* What the director sends without an Ethernet header. A global function, so that the programs' own code is verified once. */
__noinline int tc_layer3_egress(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_UNSPEC;
  struct packet *p = &scratch->packet;
  enum parsed parsed = tc_parse(skb, p, 0);
  if (parsed == P_OTHER && p->protocol == IPPROTO_ICMP && !p->fragment) return tc_icmp_leaving(skb, 0, p->header, p->length);
  if (parsed != P_OK) return is_of_sctp_build(p) ? TC_SCTP : TC_ACT_UNSPEC;
  __u32 real = real_of_source(p);
  if (real) return tc_local_reply(skb, p, real, true);
  __u32 service = service_of_source(p);
  return service ? tc_any_seen(skb, service) : TC_ELSEWHERE;
}

/* What happens to a packet that comes in, by its ports. */
static __always_inline int tc_decide(struct __sk_buff *skb, struct packet *p) {
  __u32 service = ALL_PORTS ? 0 : service_of_target(p);
  if (service) return tc_any_request(skb, service);
  __u32 real = real_of_source(p);
  if (real) {
    int done = is_of_wide_flow(skb) ? TC_TRANSLATED : tc_past_flows(skb, tc_any_reply(skb, real));
    if (done != TC_UNKNOWN) return done;
    done = tc_unknown_to_client(skb, p, real);
    if (done != TC_ACT_UNSPEC) return done;
  }
  /* All ports: a client on the director may have the service's address, so what a server answers it is looked for first. */
  if (ALL_PORTS) {
    ftp_expected(p);
    service = service_of_target(p);
  }
  service = service_or_marked(skb, service);
  if (service) return skb->ifindex == LOOPBACK && is_answer(p) ? TC_ACT_UNSPEC : tc_any_request(skb, service);
  service = service_of_source(p);
  /* What came by lo left by it, where weir_tc_egress has seen it. */
  if (skb->ifindex == LOOPBACK) return service ? TC_ACT_UNSPEC : TC_ELSEWHERE;
  return service ? tc_any_seen(skb, service) : TC_ELSEWHERE;
}

static __always_inline int tc_fragment_in(struct __sk_buff *skb, struct packet *p) {
  int done = tc_fragment(skb, FRAGMENT_IN);
  if (done == TC_FIRST) return tc_fragment_done(skb, tc_decide(skb, p), 0);
  return done == TC_UNKNOWN ? tc_fragment_done(skb, done, 0) : done;
}

/* An ICMP packet that came in: an error about a connection, or about a packet of a tunnel. */
static __always_inline int tc_icmp_in(struct __sk_buff *skb, struct packet *p) {
  int done = tc_icmp(skb, p->header, p->length);
  return tc_past_connections(done == TC_ELSEWHERE ? tc_tunnel_error(skb, p->header, p->length) : done);
}

/* What happens to a packet that comes in for a MAC of this host. */
static __always_inline int tc_ingress(struct __sk_buff *skb, struct packet *p, enum parsed parsed) {
  if (parsed == P_OTHER && p->protocol == IPPROTO_ICMP && !p->fragment) return tc_icmp_in(skb, p);
  if (parsed != P_OK) {
    if (is_of_sctp_build(p)) return TC_SCTP;
    tc_enter_ipv6(skb, true);
    return parsed == P_FRAGMENT ? tc_fragment_in(skb, p) : tc_oddity(p, parsed);
  }
  return tc_decide(skb, p);
}

/* What happens to a packet that the director itself sends, by its ports. */
static __always_inline int tc_decide_leaving(struct __sk_buff *skb, struct packet *p) {
  __u32 real = real_of_source(p);
  if (real) return tc_local_reply(skb, p, real, false);
  __u32 service = service_of_source(p);
  return service ? tc_any_seen(skb, service) : TC_ELSEWHERE;
}

static __always_inline int tc_fragment_out(struct __sk_buff *skb, struct packet *p) {
  int done = tc_fragment(skb, FRAGMENT_OUT);
  if (done == TC_FIRST) return tc_fragment_done(skb, tc_decide_leaving(skb, p), NOTE_LEAVING);
  return done == TC_UNKNOWN ? tc_fragment_done(skb, done, NOTE_LEAVING) : done;
}

/* What happens to a packet that the director itself sends. */
static __always_inline int tc_egress(struct __sk_buff *skb, struct conf *c, struct packet *p) {
  struct interface *i = c->layer3 ? interface_at(skb->ifindex) : 0;
  if (unlikely(i && i->flags & INTERFACE_LAYER3)) {
    tc_enter_ipv6(skb, false);
    return tc_layer3_egress(skb);
  }
  enum parsed parsed = tc_parse(skb, p, ETH_LEN);
  if (parsed == P_OTHER && p->protocol == IPPROTO_ICMP && !p->fragment) return tc_icmp_leaving(skb, ETH_LEN, p->header, p->length);
  if (parsed != P_OK) {
    if (is_of_sctp_build(p)) return TC_SCTP;
    tc_enter_ipv6(skb, false);
    return parsed == P_FRAGMENT ? tc_fragment_out(skb, p) : TC_ACT_UNSPEC;
  }
  return tc_decide_leaving(skb, p);
}

#ifndef SIDE
__noinline int tc_add_header(struct __sk_buff *skb); /* tc-layer3.h */

/* Takes out a tag of VLAN 0, which has a priority alone: the frame is the device's own, as for the stack. False: it is a VLAN's, with its tag as before. A
 * global function, since few frames have one. */
#define VLAN_ID 0xfff
__noinline int tc_untag(struct __sk_buff *skb) { return !(skb->vlan_tci & VLAN_ID) && !bpf_skb_vlan_pop(skb) && !skb->vlan_present; }
#endif

SEC("tc")
int weir_tc_ingress(struct __sk_buff *skb) {
#ifndef SIDE
  if (unlikely(skb->vlan_present) && !tc_untag(skb)) return TC_ACT_UNSPEC;
#endif
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  if (!c || !c->service_top || !scratch) return TC_ACT_UNSPEC;
#ifndef SIDE
  if (unlikely(skb->ifindex == c->pair_peer_ifindex)) {
    if (skb->cb[ORIGIN_CB] != WIDE_ABSENT && !tc_accepted(skb)) return TC_ACT_UNSPEC;
  } else if (skb->pkt_type != PACKET_HOST) {
    return TC_ACT_UNSPEC;
  }
  if (unlikely(c->layer3) && !has_returned(skb) && !tc_add_header(skb)) {
    tc_enter_ipv6(skb, true);
    return TC_ACT_UNSPEC;
  }
#endif
  struct packet *p = &scratch->packet;
  return tc_go_on(skb, tc_ingress(skb, p, tc_parse(skb, p, ETH_LEN)), true);
}

/* Only what the director itself sends: forwarded packets were seen when they came in. On weir's own device are packets with a mark. */
SEC("tc")
int weir_tc_egress(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  if (!c || !c->service_top || !scratch) return TC_ACT_UNSPEC;
  if (unlikely(skb->ifindex == c->pair_ifindex)) {
#ifndef SIDE
    if (is_to_accept(skb)) return TC_ACT_UNSPEC;
#endif
    tc_enter_ipv6(skb, false);
    tc_enter_marked_sctp(skb);
    tc_enter_wide(skb, WIDE_MARK);
  }
  if (skb->ingress_ifindex) return TC_ACT_UNSPEC;
#ifndef SIDE
  if (skb->vlan_present) return TC_ACT_UNSPEC; /* a VLAN's, which has seen it */
#endif
  return tc_go_on(skb, tc_egress(skb, c, &scratch->packet), false);
}

#endif
