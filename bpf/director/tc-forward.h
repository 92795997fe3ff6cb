/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: what becomes of a packet whose destination is decided: to its server, to its client, or out of the director. */
#ifndef WEIR_TC_FORWARD_H
#define WEIR_TC_FORWARD_H

/* A request to the destination that is decided, which has been counted. */
static __always_inline int tc_onward(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  struct route w = {};
  __u32 addr = v->d->addr[0];
  bool masq = v_method(v->f.value) == M_MASQ;
  bool policed = masq && v->d->flags & D_POLICED;
  enum hop_answer answer = unlikely(policed) ? HOP_LOCAL : tc_hop(skb, v, v->d, addr, 0, &w);
  if (has_left_host(v, answer)) return tc_to_fullnat(v);
  if (answer == HOP_NONE || (answer == HOP_LOCAL && !masq && !(v->d->flags & D_LOCAL))) { /* by DR the packet would be for the VIP, here */
    count_reason(R_NO_ROUTE);
    return conn_error(skb, v, icmp_error(skb, p, ICMP_UNREACHABLE, ICMP_HOST, 0));
  }
  bool large = answer != HOP_LOCAL && is_too_big(skb, p, w.hop.mtu);
  if (answer != HOP_LOCAL) {
    if (p->ttl <= 1) {
      count_reason(R_TTL);
      return conn_error(skb, v, icmp_error(skb, p, ICMP_EXCEEDED, 0, 0));
    }
    if (unlikely(large) && (p->dont_fragment || !masq)) {
      count_reason(R_TOO_BIG);
      return p->dont_fragment ? conn_error(skb, v, icmp_error(skb, p, ICMP_UNREACHABLE, ICMP_FRAG, w.hop.mtu)) : TC_ACT_SHOT;
    }
  }
  if (likely(answer == HOP_READY && !w.gateway && p->header == IP_LEN && !large)) return tc_forward(skb, p, &w.hop, false, masq ? addr : 0, server_port(v->d));
  __u32 dest = v->dest;
  struct rewrite r;
  rewrite_of(&r, p, false, addr, server_port(v->d));
  if (masq && tc_translate(skb, &r)) return tc_drop(R_REDIRECT_FAILED);
  if (policed) return tc_pass_policed(skb);
  if (large) return tc_pass_on(skb); /* the stack fragments */
  if (answer == HOP_LOCAL) return TC_ACT_UNSPEC;
  if (tc_lower_ttl(skb, r.ttl, r.protocol)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send_to(skb, dest, answer, &w.hop, w.gateway);
}

/* A reply that is larger than the MTU towards its client. With DF its server gets the ICMP error, from the director's address on that
 * side; without an address there, or without DF, the director's own stack has the packet: it sends the error, or fragments. */
__noinline int tc_large_reply(struct __sk_buff *skb, __u32 service, __u32 mtu) {
  struct scratch *scratch = the_scratch();
  struct service *s = service_at(service);
  struct interface *i = interface_at(skb->ifindex);
  if (!scratch || !s) return TC_ACT_UNSPEC;
  struct packet *p = &scratch->packet;
  if (p->dont_fragment) {
    count_reason(R_TOO_BIG);
    if (!i || !i->addr) return TC_ACT_UNSPEC;
    if (is_translated(skb)) return tc_large_to_local(mtu);
    return icmp_error_from(skb, p, i->addr, ICMP_FRAG, mtu);
  }
  struct rewrite r;
  rewrite_of(&r, p, true, virtual_addr(s), virtual_port(s));
  return tc_translate(skb, &r) ? tc_drop(R_REDIRECT_FAILED) : tc_deliver(skb);
}

static __always_inline int tc_reply(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  struct service *s = service_at(v->service);
  struct route w = {};
  if (!s) return TC_ACT_UNSPEC;
  bool policed = v->d->flags & D_POLICED_BACK;
  enum hop_answer answer = unlikely(policed) ? HOP_LOCAL : tc_hop(skb, v, 0, p->daddr, virtual_addr(s), &w);
  if (answer == HOP_NONE) return tc_drop(R_NO_ROUTE);
  if (answer != HOP_LOCAL && p->ttl <= 1) {
    count_reason(R_TTL);
    return TC_ACT_UNSPEC; /* the stack sends the ICMP error to the server, from its own address */
  }
  bool large = answer != HOP_LOCAL && is_too_big(skb, p, w.hop.mtu);
  if (likely(!large || !p->dont_fragment)) {
    conn_touch(v, true);
    if (is_helped(v)) return tc_fullnat_replied(skb, v) ? TC_ANSWER : tc_to_ftp(skb, v, FTP_OUT);
    count_packet(v, true);
    if (tc_fullnat_replied(skb, v)) return TC_ANSWER;
  }
  if (unlikely(large)) return tc_large_reply(skb, v->service, w.hop.mtu);
  if (likely(answer == HOP_READY && !w.gateway && p->header == IP_LEN)) return tc_forward(skb, p, &w.hop, true, virtual_addr(s), virtual_port(s));
  struct rewrite r;
  rewrite_of(&r, p, true, virtual_addr(s), virtual_port(s));
  if (tc_translate(skb, &r)) return tc_drop(R_REDIRECT_FAILED);
  if (answer == HOP_LOCAL) return tc_pass_back(skb, v->dest); /* the client is the director itself, or the stack applies a policy */
  if (tc_lower_ttl(skb, r.ttl, r.protocol)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w.hop, w.gateway);
}

/* Gives a packet that leaves the director the source that its client knows. */
static __always_inline int tc_leave(struct __sk_buff *skb, struct verdict *v, bool layer3) {
  struct service *s = service_at(v->service);
  if (!s) return TC_ACT_UNSPEC;
  conn_touch(v, true);
  if (is_helped(v)) return tc_to_ftp(skb, v, FTP_OUT | FTP_LEAVING | (layer3 ? FTP_LAYER3 : 0));
  count_packet(v, true);
  struct rewrite r;
  rewrite_of(&r, v->p, true, virtual_addr(s), virtual_port(s));
  if (layer3) r.flags |= REWRITE_LAYER3;
  return tc_translate(skb, &r) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
}

#endif
