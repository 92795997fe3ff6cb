/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: the wide builds' own programs, of both families: for packets of connections that are older than an exact service, and for packets with a
 * firewall mark. */
#ifndef WEIR_TC_WIDE_H
#define WEIR_TC_WIDE_H

/* What differs of a family. No other build comes after these programs, and no packet is unknown to them: they count as no ingress. */
#ifdef IPV6
static __always_inline enum parsed tc_read(struct __sk_buff *skb, struct packet *p) { return tc_parse6(skb, p); }
static __always_inline int tc_asked(struct __sk_buff *skb, __u32 service) { return tc_any_request6(skb, service); }
static __always_inline int tc_done(struct __sk_buff *skb, int done) { return tc_go_on6(skb, done, false); }
#else
static __always_inline enum parsed tc_read(struct __sk_buff *skb, struct packet *p) { return tc_parse(skb, p, ETH_LEN); }
static __always_inline int tc_asked(struct __sk_buff *skb, __u32 service) { return tc_any_request(skb, service); }
static __always_inline int tc_done(struct __sk_buff *skb, int done) { return tc_go_on(skb, done, false); }
#endif

/* What becomes of a packet for an exact service that has no connection of it; TC_STRAY: it has none here either. Of a first fragment `first` is set. */
static __always_inline int tc_known(struct __sk_buff *skb, struct packet *p, bool *first) {
  enum parsed parsed = tc_read(skb, p);
  int fragment = parsed == P_FRAGMENT ? tc_fragment(skb, FRAGMENT_KNOWN) : TC_ACT_UNSPEC;
  *first = fragment == TC_FIRST;
  if (parsed != P_OK && !*first) return fragment == TC_ACT_SHOT ? fragment : TC_ACT_UNSPEC;
  ftp_expected(p);
  __u32 service = service_of_target(p);
  return packet_has_conn(service, false) ? tc_asked(skb, service) : TC_STRAY;
}

/* It may be one of a connection that is older than the service, or of a mark. What may begin one of the service goes back for that, where there is none
 * (asks-wide.h). */
SEC("tc")
int weir_tc_known(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  bool first, asked = skb->cb[ORIGIN_CB] == WIDE_ASKED;
  if (!scratch) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  int done = tc_known(skb, &scratch->packet, &first);
  if (asked && done == TC_STRAY) return tc_go_back(skb);
  if (asked) skb->cb[ORIGIN_CB] = 0;
  return tc_done(skb, first ? tc_fragment_done(skb, done, 0) : done);
}

/* The service of a packet with a mark: its connection's, or the mark's; 0: none takes it. */
static __always_inline __u32 service_of_marked(struct __sk_buff *skb, struct packet *p) {
  note_client_source(p);
  __u32 service = conn_service(p->saddr, p->sport);
  return service ? service : marked_service(skb);
}

/* A first fragment that no service takes leaves its note where it is decided, past the marks. */
static __always_inline int tc_marked_fragment(struct __sk_buff *skb, struct packet *p) {
  int done = tc_fragment(skb, FRAGMENT_IN);
  if (done != TC_FIRST) return done == TC_UNKNOWN ? TC_ACT_UNSPEC : done;
  __u32 service = service_of_marked(skb, p);
  return service ? tc_fragment_done(skb, tc_asked(skb, service), 0) : TC_ACT_UNSPEC;
}

static __always_inline int tc_marked(struct __sk_buff *skb, struct packet *p) {
  enum parsed parsed = tc_read(skb, p);
  if (parsed == P_FRAGMENT) return tc_marked_fragment(skb, p);
  __u32 service = parsed == P_OK ? service_of_marked(skb, p) : 0;
  return service ? tc_asked(skb, service) : TC_ACT_UNSPEC;
}

/* Sends the packet to the stack once more, by the far end of the pair: there a rule of weir's leads past the marks. */
static __always_inline int tc_to_far_end(struct __sk_buff *skb) {
  static const __u8 far_end[6] = {PAIR_FAR_MAC};
  skb->mark = 0;
  return bpf_skb_store_bytes(skb, 0, far_end, 6, 0) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
}

/* At the egress of weir's own device, where a rule and a route for each mark of a service lead. What no service takes goes on as without it. */
SEC("tc")
int weir_tc_mark(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  if (!c || !scratch || skb->ingress_ifindex == c->pair_peer_ifindex) return TC_ACT_SHOT; /* it came back */
  CHECKED(scratch);
  if (!skb->ingress_ifindex) return skb->mark ? tc_deliver(skb) : TC_ACT_UNSPEC; /* the director's own: balanced on lo */
  if (tc_restore_ttl(skb)) return tc_drop(R_REDIRECT_FAILED);
  int done = tc_marked(skb, &scratch->packet);
  if (done == TC_TUNNEL || done == TC_FULLNAT) return tc_done(skb, done);
  if (done == TC_PAST) done = tc_send_past(skb);
  if (done == TC_STRAY) done = tc_stray(skb);
  if (done != TC_ACT_UNSPEC && done < TC_ELSEWHERE) return done;
  return tc_to_far_end(skb);
}

#endif
