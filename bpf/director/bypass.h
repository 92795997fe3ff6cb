/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* cache_bypass: connections of services of marks that had no destination for them. Their packets go on to their own address, past the servers. tc, in
 * the wide builds. */
#ifndef WEIR_BYPASS_H
#define WEIR_BYPASS_H

#ifdef WIDE
#include "packet-errors.h"

/* What differs of a family: the next hop to an address of the packet, and sending it on. */
#ifdef IPV6
static __always_inline void past_route(const __u32 *addr) { route_to(addr); }
#define PAST_TARGET(p) p->daddr6
#define PAST_SOURCE(p) p->saddr6
static __always_inline bool past_leads_back(struct __sk_buff *skb, struct packet *p) { return leads_to_address6(skb, p->saddr6, p->daddr6); }
static __always_inline int past_send(struct __sk_buff *skb, struct packet *p, enum hop_answer answer, struct route *w) {
  return tc_forward6(skb, p, answer, w, false, 0, 0);
}
#else
static __always_inline void past_route(const __u32 *addr) {}
#define PAST_TARGET(p) &p->daddr
#define PAST_SOURCE(p) &p->saddr
static __always_inline bool past_leads_back(struct __sk_buff *skb, struct packet *p) { return tc_leads_back(skb, p->saddr, p->daddr, true); }
static __always_inline int past_send(struct __sk_buff *skb, struct packet *p, enum hop_answer answer, struct route *w) {
  if (likely(answer == HOP_READY && !w->gateway && p->header == IP_LEN)) return tc_forward(skb, p, &w->hop, false, 0, 0);
  if (tc_lower_ttl(skb, p->ttl, p->protocol)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w->hop, w->gateway);
}
#endif

/* The cached next hop to an address of the packet: as a client's, without a source. */
static __always_inline bool past_cached(struct conf *c, const __u32 *whole, __u32 addr, struct route *w) {
  past_route(whole);
  return nexthop_cached(c, 0, addr, 0, clock_now(), &w->hop);
}

/* Sends the packet in the scratch space on to its own address. A global function: its stack frame is its own. */
__noinline int tc_send_past(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct route w = {};
  if (!scratch || !c) return TC_ACT_SHOT;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  enum hop_answer answer = likely(past_cached(c, PAST_TARGET(p), p->daddr, &w)) ? HOP_READY : tc_hop_ask(skb, 0, p->daddr, 0, &w);
  if (answer == HOP_LOCAL) return tc_drop(R_NO_ROUTE); /* the address has come to this host, or is one of IPv6 that was here */
  if (answer == HOP_NONE || answer == HOP_UNKNOWN) {
    count_reason(R_NO_ROUTE);
    return packet_unreachable(skb, p);
  }
  if (p->ttl <= 1) {
    count_reason(R_TTL);
    return packet_exceeded(skb, p);
  }
  if (unlikely(is_too_big(skb, p, w.hop.mtu))) {
    if (!p->dont_fragment) return tc_pass_on(skb); /* the stack fragments it: a mark leads it past the servers, too */
    count_reason(R_TOO_BIG);
    return packet_large(skb, p, w.hop.mtu);
  }
  return past_send(skb, p, answer, &w);
}

/* Does the interface that the packet came by lead to its source? The FIB is asked where the connection's own packets have not made it known. */
__noinline int tc_leads_past(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct route w = {};
  if (!scratch || !c) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (likely(past_cached(c, PAST_SOURCE(p), p->saddr, &w) && w.hop.ifindex == skb->ingress_ifindex)) return true;
  return past_leads_back(skb, p);
}

/* A packet of a client: tc_send_past() is then for the program, which has more stack left. */
static __always_inline int tc_bypass(struct verdict *v) { return v->known && !conn_touch(v, false) ? tc_drop(drop_reason(R_BUSY)) : TC_PAST; }

/* An answer of whoever has the address, which passes. One that comes in from another side does not change the connection, as that of a server. */
static __always_inline int tc_seen_past(struct __sk_buff *skb, struct verdict *v) {
  if (skb->ingress_ifindex && !tc_leads_past(skb)) count_reason(R_REPLY_SIDE);
  else conn_touch(v, true);
  return TC_ACT_UNSPEC;
}
#else
static __always_inline int tc_send_past(struct __sk_buff *skb) { return TC_ACT_SHOT; }
static __always_inline int tc_bypass(struct verdict *v) { return TC_ACT_SHOT; }
static __always_inline int tc_seen_past(struct __sk_buff *skb, struct verdict *v) { return TC_ACT_UNSPEC; }
#endif

#endif
