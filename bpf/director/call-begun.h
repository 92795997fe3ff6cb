/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls of SIP that a masqueraded server begins itself (--pe sip), for tc, of both families: a datagram with a Call-ID that is no reply gets a
 * connection and a template that lead to this server, and leaves with the service's address. */
#ifndef WEIR_CALL_BEGUN_H
#define WEIR_CALL_BEGUN_H

#ifdef BEGINS_CALLS
/* Finds the destination that a masqueraded endpoint of UDP belongs to now, where its service goes by calls; 0: none. */
static __always_inline __u32 dest_of_calls(__u32 first) {
  __u32 dest = masqueraded_now(first);
  struct dest *d = dest_at(dest);
  struct service *svc = d ? service_at(d->service) : 0;
  return svc && (svc->flags & (SVC_SIP | SVC_PERSISTENT)) == (SVC_SIP | SVC_PERSISTENT) ? dest : 0;
}

/* Makes the connection of the call and its template, which lead to `from`. A call or a client's connection that leads to another server stays
 * there, and nothing is made. */
static __always_inline enum decision decide_begun(struct verdict *v, __u32 from) {
  struct service *svc = service_at(v->service);
  if (!svc || svc->state != LIVE) return GO_PASS;
  fragment_of_once(v->p, from | ONCE_BEGUN);
  note_client_target(v->p);
  v->key = conn_key(v->p->daddr, v->p->dport, v->service);
  asm volatile("" : "+r"(v->key)); /* as in decide_new() */
  __u32 led = template_find(v->service, v->p->daddr, v->now);
  if (led && led != from) return GO_REPLY;
  v->dest = from;
  enum decision go;
  if (svc->flags & SVC_ONEPACKET) {
    go = conn_once(v);
  } else {
    v->reason = R_DROP_PACKET;
    if (unlikely(v->c->drop_rate) && defence_drops()) return GO_DROP;
    go = conn_new(v);
    if (go == GO_REQUEST && !v->known) {
      template_make(from);
      template_begin(v->key);
    }
  }
  return go == GO_REQUEST ? GO_REPLY : GO_DROP;
}

#ifdef IPV6
static __always_inline bool has_link_local(struct packet *p) { return is_link_local(p->saddr6) || is_link_local(p->daddr6); }
static __always_inline int target_class(struct __sk_buff *skb, struct packet *p) { return tc_address_class6(skb, true); }
static __always_inline bool is_from_its_side(struct __sk_buff *skb, struct packet *p, __u32 dest) {
  return tc_server_side6(skb, dest, (struct address *)p->daddr6);
}
#else
static __always_inline bool has_link_local(struct packet *p) { return false; }
static __always_inline int target_class(struct __sk_buff *skb, struct packet *p) { return tc_address_class(skb, p->daddr, p->saddr); }
static __always_inline bool is_from_its_side(struct __sk_buff *skb, struct packet *p, __u32 dest) { return tc_server_side(skb, dest, p->daddr); }
#endif

/* Does the packet leave the director? What is for the director itself may be the answer to a health check. */
static __always_inline bool leaves_here(struct __sk_buff *skb, struct packet *p, __u32 dest) {
  if (!skb->ingress_ifindex) return true; /* of a server on the director */
  int answer = p->ttl > 1 ? target_class(skb, p) : HOP_NONE;
  return answer != HOP_LOCAL && answer != HOP_NONE && is_from_its_side(skb, p, dest);
}

/* Decides about a datagram of this destination, without a connection. `at`: where the IP header begins. TC_BEGUN: it is one of a call that the server
 * begins. A global function: its stack frame is its own. */
__noinline int tc_begin_call(struct __sk_buff *skb, __u32 dest, __u32 at) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct dest *d = dest_at(dest);
  if (!dest || !scratch || !c || !d || skb->ifindex == LOOPBACK) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (has_link_local(p) || !begins_here(skb, p) || !call_read(skb, at) || !leaves_here(skb, p, dest)) return TC_ACT_UNSPEC;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = d->service, .begun = BEGUN_BY_SERVER};
  enum decision go = decide_begun(&v, dest);
  if (go == GO_DROP) return tc_drop(drop_reason(v.reason));
  return go == GO_REPLY ? TC_BEGUN : TC_ACT_UNSPEC;
}

__noinline int tc_begun_reply(struct __sk_buff *skb, __u32 dest); /* call-reply.h */
__noinline int tc_begun_local(struct __sk_buff *skb, __u32 dest, bool layer3);

/* Handles a packet of a masqueraded server without a connection, that came in. Those of services that do not go by calls pay for one question. */
static __always_inline int tc_unknown_to_client(struct __sk_buff *skb, struct packet *p, __u32 real) {
  __u32 dest = p->protocol == IPPROTO_UDP ? dest_of_calls(real) : 0;
  int done = unlikely(dest) ? tc_begin_call(skb, dest, ETH_LEN) : TC_ACT_UNSPEC;
  return done == TC_BEGUN ? tc_begun_reply(skb, dest) : done;
}

/* Handles one that the director itself sends. */
static __always_inline int tc_local_unknown(struct __sk_buff *skb, struct packet *p, __u32 real, bool layer3) {
  __u32 dest = p->protocol == IPPROTO_UDP ? dest_of_calls(real) : 0;
  int done = unlikely(dest) ? tc_begin_call(skb, dest, layer3 ? 0 : ETH_LEN) : TC_ACT_UNSPEC;
  if (done == TC_BEGUN) return tc_begun_local(skb, dest, layer3);
  return done == TC_ACT_UNSPEC ? TC_ELSEWHERE : done;
}
#else
static __always_inline int tc_unknown_to_client(struct __sk_buff *skb, struct packet *p, __u32 real) { return TC_ACT_UNSPEC; }
static __always_inline int tc_local_unknown(struct __sk_buff *skb, struct packet *p, __u32 real, bool layer3) { return TC_ELSEWHERE; }
#endif

#endif
