/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc, for IPv6: what becomes of a packet whose destination is decided, as tc-forward.h has it for IPv4. */
#ifndef WEIR_TC6_FORWARD_H
#define WEIR_TC6_FORWARD_H

/* A request to the destination that is decided, which has been counted. */
static __always_inline int tc_onward6(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  struct route w = {};
  bool masq = v_method(v->f.value) == M_MASQ;
  route_to(v->d->addr);
  bool policed = masq && v->d->flags & D_POLICED;
  enum hop_answer answer = unlikely(policed) ? HOP_LOCAL : tc_hop(skb, v, v->d, address_fold(v->d->addr), 0, &w);
  if (has_left_host(v, answer)) return tc_to_fullnat(v);
  if (answer == HOP_NONE || (answer == HOP_LOCAL && !masq && !(v->d->flags & D_LOCAL))) { /* by DR the packet would be for the VIP, here */
    count_reason(R_NO_ROUTE);
    return conn_error(skb, v, icmp6_error_from(skb, p->daddr6, ICMP6_UNREACHABLE, ICMP6_ADDRESS, 0));
  }
  if (answer != HOP_LOCAL) {
    if (p->ttl <= 1) {
      count_reason(R_TTL);
      return conn_error(skb, v, icmp6_error_from(skb, p->daddr6, ICMP6_EXCEEDED, 0, 0));
    }
    if (unlikely(is_too_big(skb, p, w.hop.mtu))) {
      count_reason(R_TOO_BIG);
      return conn_error(skb, v, icmp6_error_from(skb, p->daddr6, ICMP6_TOO_BIG, 0, w.hop.mtu));
    }
  }
  if (answer != HOP_LOCAL) return tc_forward6(skb, p, answer, &w, false, masq ? v->d->addr : 0, server_port(v->d));
  if (masq && translate_as(skb, 0, v->d->addr, server_port(v->d))) return tc_drop(R_REDIRECT_FAILED);
  return policed ? tc_pass_policed(skb) : TC_ACT_UNSPEC;
}

/* A reply that is larger than the MTU towards its client: its server gets the error, from the address that the kernel would send it from, or where
 * that is not known from the service's. A global function, so that its stack frame is its own. */
__noinline int tc_large_reply6(struct __sk_buff *skb, __u32 service, __u32 mtu) {
  struct service *s = service_at(service);
  if (!s) return TC_ACT_UNSPEC;
  CHECKED(s);
  count_reason(R_TOO_BIG);
  if (is_translated(skb)) return tc_large_to_local(mtu);
  __u32 *from = address_towards_source(skb);
  return icmp6_error_from(skb, from ? from : virtual_addr6(s), ICMP6_TOO_BIG, 0, mtu);
}

static __always_inline int tc_reply6(struct __sk_buff *skb, struct verdict *v) {
  struct packet *p = v->p;
  struct service *s = service_at(v->service);
  struct route w = {};
  if (!s) return TC_ACT_UNSPEC;
  CHECKED(s);
  route_between(p->daddr6, virtual_addr6(s));
  bool policed = v->d->flags & D_POLICED_BACK;
  enum hop_answer answer = unlikely(policed) ? HOP_LOCAL : tc_hop(skb, v, 0, p->daddr, 0, &w);
  if (answer == HOP_NONE) return tc_drop(R_NO_ROUTE);
  if (answer != HOP_LOCAL && p->ttl <= 1) {
    count_reason(R_TTL);
    return TC_ACT_UNSPEC; /* the stack sends the error to the server, from its own address */
  }
  if (answer != HOP_LOCAL && unlikely(is_too_big(skb, p, w.hop.mtu))) return tc_large_reply6(skb, v->service, w.hop.mtu);
  conn_touch(v, true);
  if (is_helped(v)) return tc_fullnat_replied(skb, v) ? TC_ANSWER : tc_to_ftp(skb, v, FTP_OUT);
  count_packet(v, true);
  if (tc_fullnat_replied(skb, v)) return TC_ANSWER;
  if (answer != HOP_LOCAL) return tc_forward6(skb, p, answer, &w, true, virtual_addr6(s), virtual_port(s));
  if (translate_as(skb, REWRITE_SOURCE, virtual_addr6(s), virtual_port(s))) return tc_drop(R_REDIRECT_FAILED);
  return tc_pass_back(skb, v->dest); /* as in tc.h */
}

static __always_inline int tc_leave6(struct __sk_buff *skb, struct verdict *v, bool layer3) {
  struct service *s = service_at(v->service);
  if (!s) return TC_ACT_UNSPEC;
  CHECKED(s);
  conn_touch(v, true);
  if (is_helped(v)) return tc_to_ftp(skb, v, FTP_OUT | FTP_LEAVING | (layer3 ? FTP_LAYER3 : 0));
  count_packet(v, true);
  __u32 how = REWRITE_SOURCE | (layer3 ? REWRITE_LAYER3 : 0);
  return translate_as(skb, how, virtual_addr6(s), virtual_port(s)) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
}

#endif
