/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose is an address: is it this host's own? Asked of the kernel's FIB, so that nobody has to watch addresses come and go. */
#ifndef WEIR_OWN_H
#define WEIR_OWN_H

/* HOP_HERE: the host's own, a broadcast address, or one without any route (the FIB's answer is the same). `peer`: the packet's
 * other address. Global functions: a stack and a verifier's run of their own. */
__noinline int tc_whose(struct __sk_buff *skb, __u32 addr, __u32 peer) {
  struct hop h;
  __u32 gateway;
  return hop_ask(skb, skb->ingress_ifindex, addr, peer, &h, &gateway);
}
__noinline int xdp_whose(struct xdp_md *ctx, __u32 addr, __u32 peer) {
  struct hop h;
  __u32 gateway;
  return hop_ask(ctx, ctx->ingress_ifindex, addr, peer, &h, &gateway);
}
static __always_inline int whose(void *ctx, bool xdp, __u32 addr, __u32 peer) {
  return xdp ? xdp_whose(ctx, addr, peer) : tc_whose(ctx, addr, peer);
}

/* Has the host the service's address? As IPVS, which balances only what is delivered here: a director that lost the address, or
 * merely routes for the network, leaves packets to it alone. One question a second a service; yes where the kernel would not say. */
static __always_inline bool is_here(void *ctx, bool xdp, struct conf *c, struct service *s, __u32 addr, __u32 client, __u32 now) {
  __u32 said = READ(s->here);
  if (likely(said && ((now - (said >> 1)) & 0x7fffffff) <= c->fresh_for)) return said & 1;
  int answer = whose(ctx, xdp, addr, client);
  bool here = answer == HOP_HERE || answer == HOP_SILENT;
  WRITE(s->here, now << 1 | here);
  return here;
}

#endif
