/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The side of a server behind a tunnel, which may be of the other IP version than the packets that it answers. */
#ifndef WEIR_CROSSED_SIDE_H
#define WEIR_CROSSED_SIDE_H

#ifdef IPV6
#define PACKET_FAMILY F_INET6
#else
#define PACKET_FAMILY F_INET
#endif
static __always_inline bool is_crossed(struct dest *d) { return d->family != PACKET_FAMILY; }

/* Does the interface that the packet came by lead to the server? The FIB is asked once: its paths differ by addresses of the server's version, of
 * which the packet has none. A global function, which has its own stack frame. */
__noinline int tc_leads_to_crossed(struct __sk_buff *skb, __u32 dest) {
  struct scratch *scratch = the_scratch();
  struct dest *d = dest_at(dest);
  if (!scratch || !d) return false;
  CHECKED(scratch);
  CHECKED(d);
  struct bpf_fib_lookup *fib = &scratch->fib;
  *fib = (struct bpf_fib_lookup){.family = d->family, .ifindex = skb->ingress_ifindex, .tot_len = 1};
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) fib->ipv6_dst[i] = d->addr[i]; /* IPv4 stands in the first word alone */
  long rc = bpf_fib_lookup(skb, fib, sizeof *fib, 0);
  if (fib_is_silent(rc)) return true; /* the kernel gives no answer */
  return (rc == BPF_FIB_LKUP_RET_SUCCESS || rc > BPF_FIB_LKUP_RET_FWD_DISABLED) && fib->ifindex == skb->ingress_ifindex;
}

#endif
