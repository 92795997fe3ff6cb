/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of tunnels (tunnel.bpf.c, tunnel6.bpf.c), those that enter them, and user space agree on besides abi.h. */
#ifndef WEIR_TUNNEL_ABI_H
#define WEIR_TUNNEL_ABI_H

/* The places of tunnel_tc and tunnel_xdp, where a packet goes on to be encapsulated: by its own family. */
enum tunnel_program { TUNNEL_IPV4, TUNNEL_IPV6, TUNNEL_PROGRAMS };

/* dest.tunnel_type and dest.tunnel_flags, numbered as in the kernel's ip_vs.h. */
enum tunnel_type { TUNNEL_IPIP, TUNNEL_GUE, TUNNEL_GRE };
#define TUNNEL_CSUM 0x1
#define TUNNEL_REMCSUM 0x2

/* ---- what the program that has chosen a destination passes on, by CPU. */
struct tunnel_work {
  __u32 dest;
  __u32 related; /* 1: the packet is an ICMP error, about which none is sent */
};

/* ---- the outer source of each tunnel destination, by its number: as the kernel's route gives it. Written by user with the destination, and by packets
 * where the kernel answers that (Linux 6.7); all 0: not known. */
struct tunnel_source {
  __u32 addr[4]; /* network order; IPv4 in addr[0] */
};

#endif
