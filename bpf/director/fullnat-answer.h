/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: a server's packet that is changed for its client (client-address.h). The program on the links has decided and counted it, as a reply by NAT; here
 * it is sent on. */
#ifndef WEIR_FULLNAT_ANSWER_H
#define WEIR_FULLNAT_ANSWER_H

#ifdef IPV6
static __always_inline enum hop_answer answer_hop(struct __sk_buff *skb, struct verdict *v, const __u32 *from, struct route *w) {
  route_between(v->p->daddr6, from);
  return tc_hop(skb, v, 0, v->p->daddr, 0, w);
}
static __always_inline int answer_lower_ttl(struct __sk_buff *skb, __u8 ttl, __u8 protocol) { return tc_lower_hop_limit(skb, ttl); }
#else
static __always_inline enum hop_answer answer_hop(struct __sk_buff *skb, struct verdict *v, const __u32 *from, struct route *w) {
  return tc_hop(skb, v, 0, v->p->daddr, from[0], w);
}
static __always_inline int answer_lower_ttl(struct __sk_buff *skb, __u8 ttl, __u8 protocol) { return tc_lower_ttl(skb, ttl, protocol); }
#endif

static __always_inline int fullnat_answer(struct __sk_buff *skb, struct conf *c, struct packet *p, struct fullnat_work *work) {
  __u32 dest = work->dest;
  struct dest *d = dest_at(dest);
  struct service *s = d ? service_at(d->service) : 0;
  struct route w = {};
  if (!s || !fullnat_read(skb, p)) return tc_drop(R_SHORT);
  CHECKED(d);
  CHECKED(s);
  int failed = client_answer(skb, work);
  if (failed) return tc_drop(failed);
  const __u32 *from = work->wide ? work->vaddr : s->addr;
  __u16 port = work->wide ? work->vport : s->port;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = d->service, .dest = dest, .d = d};
  enum hop_answer answer = unlikely(d->flags & D_POLICED_BACK) ? HOP_LOCAL : answer_hop(skb, &v, from, &w);
  if (answer == HOP_NONE) return tc_drop(R_NO_ROUTE);
  bool large = answer != HOP_LOCAL && is_too_big(skb, p, w.hop.mtu);
  __u8 ttl = p->ttl, protocol = p->protocol;
  if (end_rewrite(skb, p, true, from, port)) return tc_drop(R_REDIRECT_FAILED);
  if (large) return tc_deliver(skb); /* the stack fragments */
  if (answer == HOP_LOCAL) return tc_pass_back(skb, dest);
  if (answer_lower_ttl(skb, ttl, protocol)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w.hop, w.gateway);
}

SEC("tc")
int weir_fullnat_answer(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!c || !scratch || !work) return TC_ACT_SHOT;
  CHECKED(scratch);
  return fullnat_answer(skb, c, &scratch->packet, work);
}

#endif
