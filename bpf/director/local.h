/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is an address one of this host? The kernel's FIB answers, so that no process has to follow addresses as they come and go. */
#ifndef WEIR_LOCAL_H
#define WEIR_LOCAL_H

/* HOP_LOCAL: an address of this host, a broadcast address, or one without any route (the FIB's answer is the same). `peer`: the
 * packet's other address. Of a client whose next hop is cached the FIB is not asked. Global functions: each has its own stack frame and is
 * verified once. */
static __always_inline int class_of(void *ctx, __u32 ifindex, __u32 addr, __u32 peer, bool client) {
  struct conf *c = the_conf();
  struct hop h;
  __u32 gateway;
  if (client && c && hop_of_client(c, addr, clock_now(), &h)) return HOP_READY;
  return hop_ask(ctx, ifindex, addr, peer, &h, &gateway);
}
__noinline int tc_address_class(struct __sk_buff *skb, __u32 addr, __u32 peer, bool client) {
  return class_of(skb, skb->ingress_ifindex, addr, peer, client);
}
__noinline int xdp_address_class(struct xdp_md *ctx, __u32 addr, __u32 peer, bool client) {
  return class_of(ctx, ctx->ingress_ifindex, addr, peer, client);
}
static __always_inline int address_class(void *ctx, bool xdp, __u32 addr, __u32 peer) {
  return xdp ? xdp_address_class(ctx, addr, peer, false) : tc_address_class(ctx, addr, peer, false);
}
static __always_inline int client_class(void *ctx, bool xdp, __u32 addr, __u32 peer) {
  return xdp ? xdp_address_class(ctx, addr, peer, true) : tc_address_class(ctx, addr, peer, true);
}

/* Has this host the service's address? The kernel's IPVS balances only what is delivered locally, and so does weir: a director that
 * lost the address, or only routes for its network, does not touch the packets. The FIB is asked once a second for each service;
 * where it gives no answer the service is served. */
static __always_inline bool vip_is_local(void *ctx, bool xdp, struct conf *c, struct service *s, __u32 addr, __u32 client, __u32 now) {
  __u32 cached = READ(s->local);
  if (likely(cached && ((now - (cached >> 1)) & 0x7fffffff) <= c->fresh_for)) return cached & 1;
  int answer = address_class(ctx, xdp, addr, client);
  bool local = answer == HOP_LOCAL || answer == HOP_UNKNOWN;
  WRITE(s->local, now << 1 | local);
  return local;
}

#endif
