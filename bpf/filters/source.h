/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The source of a packet that a UDP socket receives. */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

/* Reads the source address (IPv4 in address[0], wire order) and the TTL. Returns the family, 4 or 6; 0: the packet is too short. */
static __always_inline __u8 read_source(struct __sk_buff *skb, __u32 *address, __u32 *ttl) {
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    struct iphdr ip;
    if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof ip, BPF_HDR_START_NET)) return 0;
    address[0] = ip.saddr;
    *ttl = ip.ttl;
    return 4;
  }
  struct ipv6hdr ip;
  if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof ip, BPF_HDR_START_NET)) return 0;
  __builtin_memcpy(address, &ip.saddr, 16);
  *ttl = ip.hop_limit;
  return 6;
}

#endif
