/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Next hops of IPv6 addresses. Who asks for a route puts its two ends into the scratch space first. */
#ifndef WEIR_NEXTHOP6_H
#define WEIR_NEXTHOP6_H

#define FIB_SOURCE (1 << 4) /* BPF_FIB_LOOKUP_SRC, since Linux 6.7 */

static __always_inline void route_between(const __u32 *to, const __u32 *from) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return;
  address_copy(whole->to, to);
  address_copy(whole->from, from);
}

/* The next hop that is asked for is a destination's: without a source (nexthop_resolve). */
static __always_inline void route_to(const __u32 *to) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return;
  address_copy(whole->to, to);
  whole->from[0] = whole->from[1] = whole->from[2] = whole->from[3] = 0;
}

/* An entry of a set has its address at the same place of the second line. */
static __always_inline __u32 *hop_client(struct client_hop *w) { return (__u32 *)(w + 4); }
_Static_assert(sizeof(struct client_hop) == 4 * sizeof(__u32), "as large as an address");

static __always_inline bool hop_is_of_client(struct client_hop *w) {
  struct whole_addresses *whole = the_whole();
  return whole && shared_address_is(hop_client(w), whole->to);
}

static __always_inline void hop_store_client(struct client_hop *w) {
  struct whole_addresses *whole = the_whole();
  if (whole) shared_address_store(hop_client(w), whole->to);
}

/* As in nexthop.h, of the source that route_between() has put into the scratch space. */
static __always_inline __u32 hop_source(struct conf *c, __u32 saddr) {
  struct whole_addresses *whole = the_whole();
  return unlikely(READ(c->source_rules6)) && whole ? address_hash(whole->from) : 0;
}

#ifndef TUNNEL
static __always_inline long fib_ask(void *ctx, struct bpf_fib_lookup *fib, __u32 ifindex, __u32 addr, __u32 saddr, __u32 flags) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return BPF_FIB_LKUP_RET_NOT_FWDED;
  asm volatile("" : : "r"(addr), "r"(saddr)); /* without a use clang would pass global functions no value, which the verifier refuses */
  *fib = (struct bpf_fib_lookup){.family = F_INET6, .ifindex = ifindex, .tot_len = 1};
  address_copy(fib->ipv6_src, whole->from);
  address_copy(fib->ipv6_dst, whole->to);
  return bpf_fib_lookup(ctx, fib, sizeof *fib, flags);
}
#endif

#ifndef TUNNEL
/* The address by which the kernel would send something of its own to the source of the packet in the scratch space, as its ICMPv6 errors
 * (icmp6_send): one of the device that leads there, or where that has none but a link-local one, of another device; at the last the link-local one.
 * 0: it gives none. */
static __always_inline __u32 *address_towards_source(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  route_to(scratch->packet.saddr6);
  long rc = fib_ask(skb, &scratch->fib, skb->ingress_ifindex, 0, 0, FIB_SOURCE);
  return rc == BPF_FIB_LKUP_RET_SUCCESS || rc == BPF_FIB_LKUP_RET_NO_NEIGH ? scratch->fib.ipv6_src : 0;
}

/* As in nexthop.h. weir's own device forwards no IPv6. About servers lo is asked, which forwards where the host does: what the host itself sends, as
 * IPVS does, is routed as if it came in by lo. */
static __always_inline __u32 own_device(void);
static __always_inline __u32 asking_device(bool of_server) { return of_server ? LOOPBACK : own_device(); }
#endif

#endif
