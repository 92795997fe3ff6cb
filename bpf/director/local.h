/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is an address one of this host? The kernel's FIB answers, so that no process has to follow addresses as they come and go. */
#ifndef WEIR_LOCAL_H
#define WEIR_LOCAL_H

/* HOP_LOCAL: an address of this host, a broadcast address, or one without any route (the FIB's answer is the same). `peer`: the
 * packet's other address. Global functions: each has its own stack frame and is verified once. */
__noinline int tc_address_class(struct __sk_buff *skb, __u32 addr, __u32 peer) {
  struct hop h;
  __u32 gateway;
  return hop_ask(skb, skb->ingress_ifindex, own_device(), addr, peer, &h, &gateway);
}
__noinline int xdp_address_class(struct xdp_md *ctx, __u32 addr, __u32 peer) {
  struct hop h;
  __u32 gateway;
  return hop_ask(ctx, ctx->ingress_ifindex, own_device(), addr, peer, &h, &gateway);
}
static __always_inline int address_class(void *ctx, bool xdp, __u32 addr, __u32 peer) {
  return xdp ? xdp_address_class(ctx, addr, peer) : tc_address_class(ctx, addr, peer);
}

/* cache_bypass: where the service has no destination for it, does the packet go on to its own address? As in IPVS what has a mark does, unless the
 * address is one of this host. */
static __always_inline bool is_bypassable(struct __sk_buff *skb, struct service *svc) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!ALL_PORTS || !svc->mark || !scratch || !c || likely(!c->cache_bypass)) return false;
  return tc_address_class(skb, scratch->packet.daddr, scratch->packet.saddr) != HOP_LOCAL;
}

/* Is the next hop of the packet's source cached? */
static __always_inline bool source_has_hop(struct conf *c, struct packet *p, __u32 now) {
  struct hop h;
  return hop_of_client(c, p->saddr, p->daddr, now, &h);
}

/* Does the way back to an address lead by an interface? As rp_filter has it: `strict`, by one of the paths of the best route; else it is
 * enough that there is a route. The FIB names one path alone for each pair of addresses. Where it is another interface's, and a route by
 * this one exists, it is asked for further pairs: they take each path of a route with several. */
#define PATHS_ASKED 16
static __always_inline bool is_route(long rc) { return rc == BPF_FIB_LKUP_RET_SUCCESS || rc > BPF_FIB_LKUP_RET_FWD_DISABLED; }
static __always_inline bool leads_back(void *ctx, __u32 ifindex, __u32 addr, __u32 peer, bool strict) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return true;
  CHECKED(scratch);
  struct bpf_fib_lookup *fib = &scratch->fib;
  __u32 from;
  long rc = fib_ask_either(ctx, fib, ifindex, c->pair_ifindex, addr, peer, &from);
  if (fib_is_silent(rc)) return true; /* the kernel gives no answer */
  if (!is_route(rc)) return false;
  if (!strict || fib->ifindex == ifindex) return true;
  rc = fib_ask(ctx, fib, ifindex, addr, peer, BPF_FIB_LOOKUP_OUTPUT);
  if (!fib_is_silent(rc) && !is_route(rc)) return false;
#pragma clang loop unroll(disable)
  for (__u32 i = 1; i <= PATHS_ASKED; i++) {
    rc = fib_ask(ctx, fib, from, addr, peer ^ i * 0x9e3779b9, 0);
    if (is_route(rc) && fib->ifindex == ifindex) return true;
  }
  return false;
}
__noinline int tc_leads_back(struct __sk_buff *skb, __u32 addr, __u32 peer, bool strict) {
  return leads_back(skb, skb->ingress_ifindex, addr, peer, strict);
}
__noinline int xdp_leads_back(struct xdp_md *ctx, __u32 addr, __u32 peer, bool strict) {
  return leads_back(ctx, ctx->ingress_ifindex, addr, peer, strict);
}

/* Does the rp_filter of the interface let a source in? The kernel's stack applies it before IPVS sees a packet. A client whose next hop
 * is cached has a way back. */
static __always_inline bool is_reverse_path(void *ctx, bool xdp, struct conf *c, __u32 ifindex, __u32 addr, __u32 peer, __u32 now) {
  struct interface *i = interface_at(ifindex);
  if (unlikely(!i)) i = interface_without_place();
  if (likely(!i || !(i->flags & (INTERFACE_STRICT | INTERFACE_LOOSE)))) return true;
  bool strict = i->flags & INTERFACE_STRICT;
  struct hop h;
  if (hop_of_client(c, addr, peer, now, &h) && (!strict || h.ifindex == ifindex)) return true;
  if (source_is_refused(refused_at(ifindex, strict), addr, peer)) return false;
  if (xdp ? xdp_leads_back(ctx, addr, peer, strict) : tc_leads_back(ctx, addr, peer, strict)) return true;
  source_refused(refused_at(ifindex, strict), addr, peer);
  return false;
}

/* As is_server_side(); the FIB is asked where that is not known. `client`: the packet's other address. */
__noinline int tc_server_side(struct __sk_buff *skb, __u32 dest, __u32 client) {
  struct dest *d = dest_at(dest);
  struct conf *c = the_conf();
  __u32 now = clock_now(), ifindex = skb->ingress_ifindex;
  if (!d || !c) return false;
  if (is_server_side(c, d, ifindex, now)) return true;
  bool known = is_other_side(c, dest, ifindex, now);
  if (!known && (unlikely(is_crossed(d)) ? tc_leads_to_crossed(skb, dest) : tc_leads_back(skb, d->addr[0], client, true))) {
    server_side_found(d, ifindex, now);
    return true;
  }
  if (!known) other_side_found(dest, ifindex, now);
  count_reason(R_REPLY_SIDE);
  return false;
}

/* Has this host the service's address? The kernel's IPVS balances only what is delivered locally, and so does weir: a director that
 * lost the address, or only routes for its network, does not touch the packets. The FIB is asked once a second for each service and interface;
 * where it gives no answer the service is served. */
static __always_inline bool vip_is_local(void *ctx, bool xdp, struct conf *c, __u32 service, struct service *s, __u32 ifindex, struct packet *p,
                                         __u32 now) {
  if (ALL_PORTS && s->mark) return true; /* the mark decides, and its service has no address */
  int known = vip_answered(c, s, ifindex, now);
  if (unlikely(known == NOT_ASKED)) known = vip_answered_before(service, ifindex);
  if (likely(known != NOT_ASKED)) return known;
  int answer = address_class(ctx, xdp, p->daddr, p->saddr);
  bool local = answer == HOP_LOCAL || answer == HOP_UNKNOWN;
  vip_answer_found(service, ifindex, local);
  return local;
}

#endif
