/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Routes to the servers of tunnels, of both families: who asks puts the destination's number into the scratch space first. */
#ifndef WEIR_TUNNEL_HOP_H
#define WEIR_TUNNEL_HOP_H

#ifndef IPV6
#define FIB_SOURCE (1 << 4) /* BPF_FIB_LOOKUP_SRC, since Linux 6.7 */
#endif
#define EINVAL 22

static __always_inline bool has_ipv6_server(struct dest *d) { return d->family == F_INET6; }

/* What stands for the server's address in the record of its next hop. */
static __always_inline __u32 server_word(struct dest *d) {
  return has_ipv6_server(d) ? d->addr[0] ^ d->addr[1] ^ d->addr[2] ^ d->addr[3] : d->addr[0];
}

/* Asks for the source, too, which no kernel before Linux 6.7 gives. */
static __always_inline long fib_ask_for(void *ctx, struct bpf_fib_lookup *fib, __u32 ifindex, struct dest *d, __u32 flags) {
  *fib = (struct bpf_fib_lookup){.family = d->family, .ifindex = ifindex, .tot_len = 1};
  fib->ipv6_dst[0] = d->addr[0];
  if (has_ipv6_server(d)) {
    fib->ipv6_dst[1] = d->addr[1];
    fib->ipv6_dst[2] = d->addr[2];
    fib->ipv6_dst[3] = d->addr[3];
  }
  return bpf_fib_lookup(ctx, fib, sizeof *fib, flags);
}

static __always_inline long fib_ask(void *ctx, struct bpf_fib_lookup *fib, __u32 ifindex, __u32 addr, __u32 saddr, __u32 flags) {
  struct scratch *scratch = the_scratch();
  struct dest *d = scratch ? dest_at(scratch->tunnel_dest) : 0;
  asm volatile("" : : "r"(addr), "r"(saddr)); /* without a use clang would pass global functions no value, which the verifier refuses */
  if (!d) return BPF_FIB_LKUP_RET_NOT_FWDED;
  CHECKED(d);
  long rc = fib_ask_for(ctx, fib, ifindex, d, flags | FIB_SOURCE);
  return rc == -EINVAL ? fib_ask_for(ctx, fib, ifindex, d, flags) : rc;
}

/* As in nexthop.h and nexthop6.h, by the server's family. */
static __always_inline __u32 own_device(void);
static __always_inline __u32 asking_device(bool of_server) {
  struct scratch *scratch = the_scratch();
  struct dest *d = scratch ? dest_at(scratch->tunnel_dest) : 0;
  return of_server && d && has_ipv6_server(d) ? LOOPBACK : own_device();
}

#endif
