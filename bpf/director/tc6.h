/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc, for IPv6: the whole director, as tc.h is for IPv4. */
#ifndef WEIR_TC6_H
#define WEIR_TC6_H

/* Where there is such a program, these do not return. */
#ifdef WIDE
static __always_inline void tc_enter_wide6(struct __sk_buff *skb, enum wide6_program program) {}
#else
static __always_inline void tc_enter_wide6(struct __sk_buff *skb, enum wide6_program program) { bpf_tail_call(skb, &wide6_tc, program); }
#endif
#ifdef SIDE
static __always_inline void tc_enter_sctp6(struct __sk_buff *skb, bool ingress) {}
static __always_inline void tc_enter_marked_sctp6(struct __sk_buff *skb, struct packet *p) {}
#else
static __always_inline void tc_enter_sctp6(struct __sk_buff *skb, bool ingress) {
  bpf_tail_call(skb, &sctp6_tc, ingress ? SCTP_INGRESS : SCTP_EGRESS);
}
__noinline int tc_parse_any6(struct __sk_buff *skb, __u32 at);
/* As in tc.h. */
static __always_inline void tc_enter_marked_sctp6(struct __sk_buff *skb, struct packet *p) {
  if (has_sctp_marks() && tc_parse_any6(skb, ETH_LEN) == P_OTHER && is_of_sctp_build(p)) tc_enter_sctp6(skb, false);
}
#endif

/* The end of a program, as in tc.h: what this build does not know goes on to another one. */
static __always_inline int tc_go_on6(struct __sk_buff *skb, int done, bool ingress) {
  if (likely(done < TC_ELSEWHERE)) return done;
  if (ALL_PORTS && done == TC_PAST) return tc_send_past(skb);
  if (done == TC_ELSEWHERE) {
    tc_enter_wide6(skb, ingress ? WIDE6_INGRESS : WIDE6_EGRESS);
    return TC_ACT_UNSPEC;
  }
  if (done == TC_TUNNEL) {
    bpf_tail_call(skb, &tunnel_tc, TUNNEL_IPV6);
    return tc_drop(R_REDIRECT_FAILED);
  }
  if (done == TC_FTP) {
    tc_enter_wide6(skb, WIDE6_FTP);
    return tc_drop(R_REDIRECT_FAILED);
  }
  if (done == TC_SCTP) {
    tc_enter_sctp6(skb, ingress);
    return TC_ACT_UNSPEC;
  }
  tc_enter_wide6(skb, WIDE6_KNOWN);
  count_reason(R_NO_CONNECTION);
  return TC_ACT_UNSPEC;
}

/* How long an extension header is, by its second byte (RFC 8200, 4.1); 0: it is none that may be passed over. */
static __always_inline __u32 extension_length(__u8 next, __u8 length) {
  if (next == IPPROTO_AH) return (length + 2) * 4; /* RFC 4302, 2.2; as in the kernel's IPVS what it protects counts */
  return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_OPTIONS ? (length + 1) * 8 : 0;
}

static __always_inline bool is_transport(__u8 next) {
  return next == IPPROTO_TCP || next == IPPROTO_UDP || next == IPPROTO_SCTP || next == NEXT_ICMPV6 || next == IPPROTO_ESP;
}

/* Goes on from the IPv6 header, which begins at `at`, to TCP, UDP, SCTP, ESP or ICMPv6: p->protocol, p->header. */
static __always_inline enum parsed extensions_skip(struct __sk_buff *skb, struct packet *p, __u32 at, __u8 next) {
  __u32 header = IP6_LEN;
#pragma clang loop unroll(disable)
  for (int i = 0; i < EXTENSIONS_MAX; i++) {
    __u8 head[4];
    if (is_transport(next)) break;
    if (header > HEADER6_MAX || bpf_skb_load_bytes(skb, at + header, head, sizeof head)) return P_OTHER;
    if (next == NEXT_FRAGMENT) {
      p->fragment = (head[2] << 8 | head[3]) & 0xfff9;
      header += 8;
      next = head[0];
      if (!p->fragment) continue; /* the only one (RFC 6946) */
      break;
    }
    __u32 length = extension_length(next, head[1]);
    if (!length || (next == NEXT_ROUTING && head[3])) return P_OTHER; /* segments are left: this is not its last target */
    header += length;
    next = head[0];
  }
  if (header > HEADER6_MAX) return P_OTHER;
  p->header = header;
  p->protocol = next;
  return is_of_build(next) ? P_OK : P_OTHER;
}

/* Reads the header behind, 20 bytes of it at most, and TCP's flags. False: it is cut short, or does not fit the packet's length. */
#ifdef SCTP
static __always_inline bool header_read(struct __sk_buff *skb, struct packet *p, __u32 at, __u8 *l4) {
  return !bpf_skb_load_bytes(skb, at, l4, HEADER_LEN) && p->length >= p->header + HEADER_LEN + CHUNK_LEN;
}
#else
static __always_inline bool header_read(struct __sk_buff *skb, struct packet *p, __u32 at, __u8 *l4) {
  if (p->protocol != IPPROTO_TCP) return !bpf_skb_load_bytes(skb, at, l4, 8) && p->length >= p->header + 8;
  if (bpf_skb_load_bytes(skb, at, l4, 20)) return false;
  p->flags = l4[13];
  return l4[12] >> 4 >= 5 && p->length >= p->header + (l4[12] >> 4) * 4;
}
#endif

/* Reads the ports, TCP's flags, and SCTP's event. */
static __always_inline enum parsed ports_read(struct __sk_buff *skb, struct packet *p, __u32 at) {
  __u8 l4[20] = {};
  if (p->fragment) {
    if (p->fragment & 0xfff8 || bpf_skb_load_bytes(skb, at + p->header, l4, 4)) return P_FRAGMENT;
  } else if (!header_read(skb, p, at + p->header, l4)) {
    return P_BAD;
  }
  p->sport = *(__u16 *)l4;
  p->dport = *(__u16 *)(l4 + 2);
  return p->fragment ? P_FRAGMENT : tc_parse_further(skb, p, at);
}

/* Reads how long the packet is by its header; of a GSO packet by its buffer, since it may be longer than the header's 16 bits, which are 0 then
 * (BIG TCP). Any other packet with 0 has no payload: the kernel cuts or drops it, with a jumbo payload option, too (RFC 2675: no device carries
 * such packets). The answer: how long it is by its buffer; 0: less than by its header. */
static __always_inline __u32 length_read(struct __sk_buff *skb, struct packet *p, struct ip6_header *ip, __u32 at) {
  __u32 length = skb->len - at, stated = skb->gso_size ? length : bpf_ntohs(ip->payload_length) + IP6_LEN;
  p->length = stated < NO_LENGTH ? stated : NO_LENGTH;
  p->bytes = stated;
  return stated <= length ? length : 0;
}

/* Nearly every packet: no extension headers, and what is read of it lies in its linear part. False: tc_parse_any6() looks closer. */
static __always_inline bool tc_parse_plain6(struct __sk_buff *skb, struct packet *p) {
  void *end = (void *)(long)skb->data_end;
  struct ip6_header *ip = (void *)(long)skb->data + ETH_LEN;
  if ((void *)(ip + 1) > end || (ip->first & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000) || !is_of_build(ip->next)) return false;
  address_copy(p->saddr6, ip->saddr);
  address_copy(p->daddr6, ip->daddr);
  p->protocol = ip->next;
  p->ttl = ip->hop_limit;
  p->header = IP6_LEN;
  p->flags = 0;
  p->fragment = 0;
  p->dont_fragment = true;
  barrier(); /* what is read again below has been stored: else it would be kept on the stack */
  if (length_read(skb, p, ip, ETH_LEN) < p->length || !parse_l4(ip + 1, end, p) || tc_parse_further(skb, p, ETH_LEN) != P_OK) return false;
  barrier();
  packet_hash(p);
  return true;
}

/* Reads any packet into the scratch space. `at`: where the IPv6 header begins. A global function: verified once. */
__noinline int tc_parse_any6(struct __sk_buff *skb, __u32 at) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return P_OTHER;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct ip6_header *ip = &scratch->whole.header;
  __builtin_memset(p, 0, sizeof *p);
  if (bpf_skb_load_bytes(skb, at, ip, sizeof *ip)) return P_BAD;
  if ((ip->first & bpf_htonl(0xf0000000)) != bpf_htonl(0x60000000)) return P_BAD;
  address_copy(p->saddr6, ip->saddr);
  address_copy(p->daddr6, ip->daddr);
  p->ttl = ip->hop_limit;
  p->dont_fragment = true;
  __u32 length = length_read(skb, p, ip, at);
  p->header = IP6_LEN;
  enum parsed parsed = extensions_skip(skb, p, at, ip->next);
  if (parsed == P_OTHER && is_ipsec(p->protocol) && !p->fragment && !skb->gso_size && p->length <= length) {
    read_as_key_exchange(p);
    parsed = P_OK;
  } else if (parsed == P_OK) {
    parsed = ports_read(skb, p, at);
  } else {
    return parsed;
  }
  if (parsed == P_OK && p->length > length) return P_BAD;
  packet_hash(p);
  return parsed;
}

static __always_inline enum parsed tc_parse6(struct __sk_buff *skb, struct packet *p) {
  return likely(tc_parse_plain6(skb, p)) ? P_OK : tc_parse_any6(skb, ETH_LEN);
}

/* A global function, with its own stack frame and verified once. */
__noinline __u32 tc_may_schedule(struct __sk_buff *skb, __u32 service) { return may_schedule_call(skb, service); }

static __always_inline int tc_request6(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  enum decision go = decide_known(v);
  if (go == GO_NEW) go = begins_here(skb, p) ? decide_new(v, tc_may_schedule(skb, v->service)) : GO_PASS;
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
  count_packet(v, false);
  if (unlikely(v_method(v->f.value) == M_TUNNEL)) return tc_to_tunnel(v->dest, false);
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
  if (decide_reply(&v, real) != GO_REPLY) return TC_UNKNOWN;
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

/* Counts a packet that is not balanced because of its form. Of a fragmented one the first fragment alone has ports, and is counted. */
static __always_inline int tc_oddity6(struct packet *p, enum parsed parsed) {
  if (parsed == P_FRAGMENT && !is_balanced(p)) return TC_ELSEWHERE;
  if (parsed == P_FRAGMENT) count_reason(R_FRAGMENT);
  if (parsed == P_BAD) count_reason(p->header ? R_BAD_LENGTH : R_SHORT);
  return TC_ACT_UNSPEC;
}

/* What happens to a packet that comes in for a MAC of this host. */
static __always_inline int tc_ingress6(struct __sk_buff *skb, struct packet *p) {
  enum parsed parsed = tc_parse6(skb, p);
  if (parsed == P_OTHER && p->protocol == NEXT_ICMPV6 && !p->fragment) return tc_icmp6(skb);
  if (parsed != P_OK) return is_of_sctp_build(p) ? TC_SCTP : tc_oddity6(p, parsed);
  if (is_link_local(p->saddr6) || is_link_local(p->daddr6)) return TC_ACT_UNSPEC; /* they mean nothing beyond their link */
  __u32 service = ALL_PORTS ? 0 : service_of_target(p);
  if (service) return tc_any_request6(skb, service);
  __u32 real = real_of_source(p);
  if (real) {
    int done = tc_any_reply6(skb, real);
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

/* What happens to a packet that the director itself sends, to some devices without an Ethernet header. */
static __always_inline int tc_egress6(struct __sk_buff *skb, struct conf *c, struct packet *p) {
  struct interface *i = c->layer3 ? interface_at(skb->ifindex) : 0;
  bool layer3 = i && i->flags & INTERFACE_LAYER3;
  enum parsed parsed = unlikely(layer3) ? tc_parse_any6(skb, 0) : tc_parse6(skb, p);
  if (parsed == P_OTHER && p->protocol == NEXT_ICMPV6 && !p->fragment) return tc_icmp6_leaving(skb, layer3 ? 0 : ETH_LEN);
  if (parsed != P_OK) return is_of_sctp_build(p) ? TC_SCTP : TC_ACT_UNSPEC;
  __u32 real = real_of_source(p);
  if (real) return tc_local_reply6(skb, p, real, layer3);
  __u32 service = service_of_source(p);
  return service ? tc_any_seen6(skb, service) : TC_ELSEWHERE;
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
  if (unlikely(c && c->layer3) && !tc_add_header(skb)) return TC_ACT_UNSPEC;
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
