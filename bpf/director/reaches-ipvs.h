/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc, of both families: does a packet of a server, that comes in, get as far as the kernel's IPVS would see it? It sees what the stack forwards, or
 * delivers here. */
#ifndef WEIR_REACHES_IPVS_H
#define WEIR_REACHES_IPVS_H

#ifdef IPV6
static __always_inline bool is_own_source_refused(struct __sk_buff *skb, struct packet *p) { return false; }
static __always_inline int lower_hops_of(struct __sk_buff *skb, struct packet *p) { return tc_lower_hop_limit(skb, p->ttl); }
#else
/* From outside the stack takes an address of its own as a source only where accept_local is set and rp_filter is not strict. */
static __always_inline bool is_own_source_refused(struct __sk_buff *skb, struct packet *p) {
  struct interface *i = interface_at(skb->ingress_ifindex);
  if (i && (i->flags & (INTERFACE_ACCEPTS_OWN | INTERFACE_STRICT)) == INTERFACE_ACCEPTS_OWN) return false;
  return tc_address_class(skb, p->saddr, p->daddr) == HOP_LOCAL;
}
static __always_inline int lower_hops_of(struct __sk_buff *skb, struct packet *p) { return tc_lower_ttl(skb, p->ttl, p->protocol); }
#endif

__noinline int tc_reaches_ipvs(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (p->ttl <= 1 && !is_for_host(skb, p)) return false;
  return !is_own_source_refused(skb, p);
}

/* Makes the packet as IPVS sees it: the stack has lowered the hops of what it forwards. False: it does not get there. */
__noinline int tc_as_ipvs_sees(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch || !tc_reaches_ipvs(skb)) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  int class = class_of_target(skb, p);
  if (class == HOP_READY || class == HOP_RESOLVE) return !lower_hops_of(skb, p);
  return class != HOP_NONE;
}

#endif
