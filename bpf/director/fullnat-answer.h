/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: a server's packet that is changed for its client (client-address.h). The program on the links has decided and counted it, as a reply by NAT; here
 * it is sent on. */
#ifndef WEIR_FULLNAT_ANSWER_H
#define WEIR_FULLNAT_ANSWER_H

static __always_inline int fullnat_answer(struct __sk_buff *skb, struct conf *c, struct packet *p, struct fullnat_work *work) {
  __u32 dest = work->dest;
  struct dest *d = dest_at(dest);
  struct route w = {};
  FULLNAT_ADDRESS(vaddr);
  __u16 vport;
  if (!d || !fullnat_read(skb, p)) return tc_drop(R_SHORT);
  CHECKED(d);
  if (!virtual_read(work, d, vaddr, &vport)) return tc_drop(R_SHORT);
  int failed = client_answer(skb, work);
  if (failed) return tc_drop(failed);
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = d->service, .dest = dest, .d = d};
  enum hop_answer answer = unlikely(d->flags & D_POLICED_BACK) ? HOP_LOCAL : hop_back(skb, &v, target_of(p), vaddr, &w);
  if (answer == HOP_NONE) return tc_drop(R_NO_ROUTE);
  bool large = answer != HOP_LOCAL && is_too_big(skb, p, w.hop.mtu);
  __u8 ttl = p->ttl, protocol = p->protocol;
  if (end_rewrite(skb, p, true, vaddr, vport)) return tc_drop(R_REDIRECT_FAILED);
  if (large) return tc_deliver(skb); /* the stack fragments */
  if (answer == HOP_LOCAL) return tc_pass_back(skb, dest);
  if (lower_hops(skb, ttl, protocol)) return tc_drop(R_REDIRECT_FAILED);
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
