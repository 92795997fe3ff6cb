/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is an IPv6 address of a packet one of this host? The rules are those of local.h. */
#ifndef WEIR_LOCAL6_H
#define WEIR_LOCAL6_H

/* The class of the packet's target or source, as the FIB answers. */
static __always_inline int address_class6(void *ctx, __u32 ifindex, __u32 target) {
  struct hop h;
  __u32 gateway;
  struct scratch *s = the_scratch();
  if (!s) return HOP_UNKNOWN;
  CHECKED(s);
  struct packet *p = &s->packet;
  if (target) route_between(p->daddr6, p->saddr6);
  else route_between(p->saddr6, p->daddr6);
  return hop_ask(ctx, ifindex, own_device(), 0, 0, &h, &gateway);
}
/* Global functions: each has its own stack frame and is verified once. */
__noinline int tc_address_class6(struct __sk_buff *skb, __u32 target) { return address_class6(skb, skb->ingress_ifindex, target); }
__noinline int xdp_address_class6(struct xdp_md *ctx, __u32 target) { return address_class6(ctx, ctx->ingress_ifindex, target); }
static __always_inline int packet_address_class(void *ctx, bool xdp, __u32 target) {
  return xdp ? xdp_address_class6(ctx, target) : tc_address_class6(ctx, target);
}

static __always_inline bool vip_is_local(void *ctx, bool xdp, struct conf *c, __u32 service, struct service *s, __u32 ifindex, struct packet *p,
                                         __u32 now) {
  if (ALL_PORTS && s->mark) return true; /* as in local.h */
  int known = vip_answered(c, s, ifindex, now);
  if (unlikely(known == NOT_ASKED)) known = vip_answered_before(service, ifindex);
  if (likely(known != NOT_ASKED)) return known;
  int answer = packet_address_class(ctx, xdp, true);
  bool local = answer == HOP_LOCAL || answer == HOP_UNKNOWN;
  vip_answer_found(service, ifindex, local);
  return local;
}

/* The class of the packet's source. */
static __always_inline int address_class(void *ctx, bool xdp, __u32 addr, __u32 peer) { return packet_address_class(ctx, xdp, false); }

/* As in local.h, but IPVS looks at no address of IPv6: what goes to one of this host is dropped later. */
static __always_inline bool is_bypassable(struct __sk_buff *skb, struct service *svc) {
  struct conf *c = the_conf();
  return ALL_PORTS && svc->mark && c && unlikely(c->cache_bypass);
}

static __always_inline bool source_has_hop(struct conf *c, struct packet *p, __u32 now) {
  struct hop h;
  route_between(p->saddr6, p->daddr6);
  return hop_of_client(c, p->saddr, 0, now, &h);
}

/* The kernel has no rp_filter for IPv6. */
static __always_inline bool is_reverse_path(void *ctx, bool xdp, struct conf *c, __u32 ifindex, __u32 addr, __u32 peer, __u32 now) { return true; }

#define PATHS_ASKED 16
/* Does the interface that the packet came by lead to an address? The FIB names one path alone for each pair of addresses, so it is asked for further
 * pairs, as in local.h. `client`: the packet's other address. */
static __always_inline bool leads_to_address6(struct __sk_buff *skb, const __u32 *addr, const __u32 *client) {
  struct scratch *scratch = the_scratch();
  __u32 ifindex = skb->ingress_ifindex;
  if (!scratch) return false;
  CHECKED(scratch);
  route_between(addr, client);
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i <= PATHS_ASKED; i++) {
    scratch->whole.from[3] = client[3] ^ i * 0x9e3779b9;
    long rc = fib_ask(skb, &scratch->fib, ifindex, 0, 0, 0);
    if (fib_is_silent(rc)) return true; /* the kernel gives no answer */
    if (rc != BPF_FIB_LKUP_RET_SUCCESS && rc < BPF_FIB_LKUP_RET_FWD_DISABLED) return false;
    if (scratch->fib.ifindex == ifindex) return true;
  }
  return false;
}

/* As tc_server_side() in local.h. */
__noinline int tc_server_side6(struct __sk_buff *skb, __u32 dest, struct address *client) {
  struct dest *d = dest_at(dest);
  struct conf *c = the_conf();
  __u32 now = clock_now(), ifindex = skb->ingress_ifindex;
  if (!d || !c || !client) return false;
  CHECKED(d);
  if (is_server_side(c, d, ifindex, now)) return true;
  bool known = is_other_side(c, dest, ifindex, now);
  if (!known && (unlikely(is_crossed(d)) ? tc_leads_to_crossed(skb, dest) : leads_to_address6(skb, d->addr, client->word))) {
    server_side_found(d, ifindex, now);
    return true;
  }
  if (!known) other_side_found(dest, ifindex, now);
  count_reason(R_REPLY_SIDE);
  return false;
}

#endif
