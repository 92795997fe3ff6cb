/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc, for IPv6: the whole director, as tc.h is for IPv4. */
#ifndef WEIR_TC6_H
#define WEIR_TC6_H

/* Where there is such a program, these do not return. */
#ifdef WIDE
static __always_inline void tc_enter_wide6(struct __sk_buff *skb, enum wide6_program program) {}
#else
static __always_inline void tc_enter_wide6(struct __sk_buff *skb, enum wide6_program program) { bpf_tail_call_static(skb, &wide6_tc, program); }
#endif
#ifdef SIDE
static __always_inline void tc_enter_sctp6(struct __sk_buff *skb, bool ingress) {}
static __always_inline void tc_enter_marked_sctp6(struct __sk_buff *skb, struct packet *p) {}
#else
static __always_inline void tc_enter_sctp6(struct __sk_buff *skb, bool ingress) {
  bpf_tail_call_static(skb, &sctp6_tc, ingress ? SCTP_INGRESS : SCTP_EGRESS);
}
/* As in tc.h. */
static __always_inline void tc_enter_marked_sctp6(struct __sk_buff *skb, struct packet *p) {
  if (has_sctp_marks() && tc_parse_any6(skb, ETH_LEN) == P_OTHER && is_of_sctp_build(p)) tc_enter_sctp6(skb, false);
}
#endif

/* nat_icmp_send, as in tc.h; the error comes from where tc_large_reply6() sends one from. */
__noinline int tc_unknown_reply6(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  __u32 real = is_reset(p) || !has_ports(p) ? 0 : masqueraded_now(exact_real_of(p));
  struct dest *d = real ? dest_at(real) : 0;
  struct service *s = d ? service_at(d->service) : 0;
  if (!s || !tc_as_ipvs_sees(skb)) return TC_ACT_UNSPEC;
  CHECKED(s);
  count_reason(R_NAT_ICMP);
  __u32 *from = address_towards_source(skb);
  return icmp6_error_from(skb, from ? from : s->addr, ICMP6_UNREACHABLE, ICMP6_PORT, 0);
}

static __always_inline int tc_icmp6_begins(struct __sk_buff *skb, struct scratch *scratch) {
  int done = tc_icmp6_asks(skb);
  if (!related_asks(done)) return done;
  __u32 dest = related_begin(related_asked(done));
  if (!related_has_dest(dest)) return related_refused(dest);
  scratch->related = dest;
  return tc_icmp6_scheduled(skb, related_asked(done));
}

/* As in tc.h. `error`: an ICMP error, whose quoted packet is in the scratch space. */
static __always_inline int tc_unknown6(struct __sk_buff *skb, bool error) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  int done = error ? TC_ACT_UNSPEC : tc_unknown_in_grace(skb);
  if (done != TC_ACT_UNSPEC || !c || likely(!(c->nat_icmp_send | c->schedule_icmp)) || !scratch) return done;
  CHECKED(scratch);
  if (error) return c->schedule_icmp ? tc_icmp6_begins(skb, scratch) : TC_ACT_UNSPEC;
  return c->nat_icmp_send && !scratch->packet.fragment ? tc_unknown_reply6(skb) : TC_ACT_UNSPEC;
}

/* The end of a program, as in tc.h: what this build does not know goes on to another one. */
static __always_inline int tc_go_on6(struct __sk_buff *skb, int done, bool ingress) {
  if (likely(done < TC_ELSEWHERE)) return done;
  if (ALL_PORTS && done == TC_PAST) return tc_send_past(skb);
  if (done == TC_ELSEWHERE || done == TC_ERROR) {
    bool error = done == TC_ERROR;
    if (!tc_came_back(skb, ingress)) tc_enter_wide6(skb, ingress ? WIDE6_INGRESS : WIDE6_EGRESS);
    if (!ingress) return TC_ACT_UNSPEC;
    done = tc_unknown6(skb, error);
    if (error && done == TC_ACT_UNSPEC) tc_enter_fullnat_error(skb);
    if (done < TC_ELSEWHERE) return done;
  }
  if (ALL_PORTS && done == TC_BACK) return tc_go_back(skb);
  if (done == TC_TUNNEL) {
    bpf_tail_call_static(skb, &tunnel_tc, TUNNEL_IPV6);
    return tc_drop(R_REDIRECT_FAILED);
  }
  if (done == TC_FTP) {
    tc_enter_wide6(skb, WIDE6_FTP);
    return tc_drop(R_REDIRECT_FAILED);
  }
  if (done == TC_FULLNAT) return tc_enter_fullnat(skb, FULLNAT_REQUEST);
  if (done == TC_FULLNAT_ERROR) return tc_enter_fullnat(skb, FULLNAT_ERROR_IN);
  if (done == TC_TRANSLATED) {
    tc_enter_wide6(skb, WIDE6_INGRESS);
    return fullnat_restore(skb);
  }
  if (done == TC_ANSWER) return tc_answer_by_flow(skb);
  if (done == TC_SCTP) {
    tc_enter_sctp6(skb, ingress);
    return TC_ACT_UNSPEC;
  }
  if (done == TC_FRAGMENT) {
    tc_enter_wide6(skb, ingress ? WIDE6_INGRESS : WIDE6_EGRESS);
    return tc_fragment_note(skb, TC_ACT_UNSPEC, NOTE_PASSES);
  }
  tc_enter_wide6(skb, WIDE6_KNOWN);
  return tc_stray_noted(skb);
}

/* A global function, with its own stack frame and verified once. */
__noinline __u32 tc_may_schedule(struct __sk_buff *skb, __u32 service) { return may_schedule_call(skb, service); }

static __always_inline int tc_request6(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  enum decision go = decide_known(v);
  if (go == GO_NEW) go = begins_here(skb, p) ? decide_new(v, tc_may_schedule(skb, v->service)) : begins_not(v);
  if (go == GO_PASS) return TC_ELSEWHERE;
  if (go == GO_DROP) return tc_drop(drop_reason(v->reason));
  if (ALL_PORTS && go == GO_BYPASS) return tc_bypass(v);
  if (go == GO_REFUSE) {
    if (may_be_data(v)) return TC_ACT_UNSPEC;
    count_reason(R_NO_DESTINATION);
    return icmp6_error_from(skb, p->daddr6, ICMP6_UNREACHABLE, ICMP6_PORT, 0);
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
  return tc_onward6(skb, v);
}

/* The kinds of packets that concern a service, as in tc.h. */
__noinline int tc_any_request6(struct __sk_buff *skb, __u32 service) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  bool wire = skb->ingress_ifindex != LOOPBACK;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = service};
  if (wire && (address_equal(p->saddr6, p->daddr6) || is_martian6(p->saddr6))) return tc_drop(R_MARTIAN);
  return tc_request6(skb, &v);
}

__noinline int tc_any_reply6(struct __sk_buff *skb, __u32 real) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now()};
  bool by_flow = is_translated(skb);
  v.dest = unlikely(by_flow) ? dest_of_flow() : real;
  v.d = dest_at(v.dest);
  if (unlikely(is_for_flows(skb, v.d, v.dest)) || decide_reply_of(&v, by_flow) != GO_REPLY) return TC_UNKNOWN;
  if (unlikely(v.d->hop.ifindex != skb->ingress_ifindex) && !tc_server_side6(skb, v.dest, (struct address *)v.p->daddr6)) return TC_ACT_UNSPEC;
  return tc_reply6(skb, &v);
}

__noinline int tc_any_seen6(struct __sk_buff *skb, __u32 service) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c || !skb) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now(), .service = service};
  if (decide_seen(&v) != GO_SEEN) return TC_ELSEWHERE;
  __u32 from = skb->ingress_ifindex; /* as in tc.h */
  if (ALL_PORTS && !v.d) return tc_seen_past(skb, &v);
  if (from && unlikely(v.d->hop.ifindex != from) && !tc_server_side6(skb, v.dest, (struct address *)v.p->daddr6)) return TC_ACT_UNSPEC;
  if (from && !tc_reaches_ipvs(skb)) return TC_ACT_UNSPEC;
  conn_touch(&v, true);
  count_packet(&v, true);
  return TC_ACT_UNSPEC;
}

__noinline int tc_local_known6(struct __sk_buff *skb, __u32 real, bool layer3) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now()};
  return decide_reply(&v, real) == GO_REPLY ? tc_leave6(skb, &v, layer3) : TC_ELSEWHERE;
}

static __always_inline int tc_local_reply6(struct __sk_buff *skb, struct packet *p, __u32 real, bool layer3) {
  int done = tc_local_known6(skb, real, layer3);
  return done == TC_ELSEWHERE ? tc_local_unknown(skb, p, real, layer3) : done;
}

/* Counts a packet that is not balanced because of its form. */
static __always_inline int tc_oddity6(struct packet *p, enum parsed parsed) {
  if (parsed == P_BAD) count_reason(p->header ? R_BAD_LENGTH : R_SHORT);
  return TC_ACT_UNSPEC;
}

/* What happens to a packet that comes in, by its ports. */
static __always_inline int tc_decide6(struct __sk_buff *skb, struct packet *p) {
  __u32 service = ALL_PORTS ? 0 : service_of_target(p);
  if (service) return tc_any_request6(skb, service);
  __u32 real = real_of_source(p);
  if (real) {
    int done = is_of_wide_flow(skb) ? TC_TRANSLATED : tc_past_flows(skb, tc_any_reply6(skb, real));
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
  if (service) return skb->ifindex == LOOPBACK && is_answer(p) ? TC_ACT_UNSPEC : tc_any_request6(skb, service);
  service = service_of_source(p);
  /* What came by lo left by it, where weir_tc_egress has seen it. */
  if (skb->ifindex == LOOPBACK) return service ? TC_ACT_UNSPEC : TC_ELSEWHERE;
  return service ? tc_any_seen6(skb, service) : TC_ELSEWHERE;
}

static __always_inline int tc_fragment_in6(struct __sk_buff *skb, struct packet *p) {
  int done = tc_fragment(skb, FRAGMENT_IN);
  if (done == TC_FIRST) return tc_fragment_done(skb, tc_decide6(skb, p), 0);
  return done == TC_UNKNOWN ? tc_fragment_done(skb, done, 0) : done;
}

/* What happens to a packet that comes in for a MAC of this host. */
static __always_inline int tc_ingress6(struct __sk_buff *skb, struct packet *p) {
  enum parsed parsed = tc_parse6(skb, p);
  if (parsed == P_OTHER && p->protocol == NEXT_ICMPV6 && !p->fragment) return tc_past_connections(tc_icmp6(skb));
  if (parsed == P_FRAGMENT) return tc_fragment_in6(skb, p);
  if (parsed != P_OK) return is_of_sctp_build(p) ? TC_SCTP : tc_oddity6(p, parsed);
  if (is_link_local(p->saddr6) || is_link_local(p->daddr6)) return TC_ACT_UNSPEC; /* they mean nothing beyond their link */
  return tc_decide6(skb, p);
}

/* What happens to a packet that the director itself sends, by its ports. */
static __always_inline int tc_decide_leaving6(struct __sk_buff *skb, struct packet *p, bool layer3) {
  __u32 real = real_of_source(p);
  if (real) return tc_local_reply6(skb, p, real, layer3);
  __u32 service = service_of_source(p);
  return service ? tc_any_seen6(skb, service) : TC_ELSEWHERE;
}

static __always_inline int tc_fragment_out6(struct __sk_buff *skb, struct packet *p) {
  int done = tc_fragment(skb, FRAGMENT_OUT);
  if (done == TC_FIRST) return tc_fragment_done(skb, tc_decide_leaving6(skb, p, false), NOTE_LEAVING);
  return done == TC_UNKNOWN ? tc_fragment_done(skb, done, NOTE_LEAVING) : done;
}

/* What happens to a packet that the director itself sends, to some devices without an Ethernet header. */
static __always_inline int tc_egress6(struct __sk_buff *skb, struct conf *c, struct packet *p) {
  struct interface *i = c->layer3 ? interface_at(skb->ifindex) : 0;
  bool layer3 = i && i->flags & INTERFACE_LAYER3;
  enum parsed parsed = unlikely(layer3) ? tc_parse_any6(skb, 0) : tc_parse6(skb, p);
  if (parsed == P_OTHER && p->protocol == NEXT_ICMPV6 && !p->fragment) return tc_icmp6_leaving(skb, layer3 ? 0 : ETH_LEN);
  if (parsed == P_FRAGMENT) return layer3 ? TC_ACT_UNSPEC : tc_fragment_out6(skb, p);
  if (parsed != P_OK) return is_of_sctp_build(p) ? TC_SCTP : TC_ACT_UNSPEC;
  return tc_decide_leaving6(skb, p, layer3);
}

#ifndef SIDE
__noinline int tc_add_header(struct __sk_buff *skb); /* tc-layer3.h */
#endif

/* All are entered by tail calls: weir_tc_ingress has seen that the packet is IPv6, untagged and for this host. */
SEC("tc")
int weir_tc_ingress(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_UNSPEC;
  CHECKED(scratch);
#ifndef SIDE
  struct conf *c = the_conf();
  if (unlikely(c && c->layer3) && !has_returned(skb) && !tc_add_header(skb)) return TC_ACT_UNSPEC;
#endif
  return tc_go_on6(skb, tc_ingress6(skb, &scratch->packet), true);
}

/* On weir's own device are packets with a mark. */
SEC("tc")
int weir_tc_egress(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  if (!c || !scratch) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  if (unlikely(skb->ifindex == c->pair_ifindex)) {
    tc_enter_marked_sctp6(skb, &scratch->packet);
    tc_enter_wide6(skb, WIDE6_MARK);
  }
  if (skb->ingress_ifindex) return TC_ACT_UNSPEC;
  return tc_go_on6(skb, tc_egress6(skb, c, &scratch->packet), false);
}

#endif
