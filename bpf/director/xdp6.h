/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP for IPv6: what of the full path reads the packet (xdp.h has the rest). The program is entered by a tail call from that of weir.bpf.c. */
#ifndef WEIR_XDP6_H
#define WEIR_XDP6_H

#define HEADERS_LEN (ETH_LEN + IP6_LEN + 8)
#define ETHER_TYPE ETH_P_IPV6

/* The array that the program is entered by has its full path, too: libbpf puts it there. */
int weir_xdp_full(struct xdp_md *ctx);
struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, IPV6_XDP_PROGRAMS);
  __uint(key_size, sizeof(__u32));
  __array(values, int(struct xdp_md *));
} ipv6_xdp SEC(".maps") = {.values = {[IPV6_XDP_FULL] = &weir_xdp_full}};

/* Reads a packet for the full path. False: it is left to tc. */
static __always_inline bool xdp_parse(void *data, void *end, struct packet *p) {
  if (!quick_parse(data, end, p)) return false;
  p->header = IP6_LEN;
  p->fragment = 0;
  p->dont_fragment = true;
  return is_forwardable(p);
}

static __always_inline void xdp_enter_ipv6(struct xdp_md *ctx, struct ethhdr *eth) {}

#endif
