// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The filter on the sockets that detect other hosts with our addresses: of ARP and neighbour advertisements only claims for an address
 * that we hold, by a MAC that is not ours, pass; at most a few a second of each address and interface.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ipv6.h>
#include "account.h"

#define ARP_SIZE 28
#define ADVERTISEMENT_SIZE 32
/* ns between two claims, in the long run */
#define ADDRESS_SPACING (SECOND / 10)
#define INTERFACE_SPACING (SECOND / 100)

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1024);
  __type(key, struct claim_key);
  __type(value, struct claim);
} held SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 4096);
  __type(key, struct own_mac);
  __type(value, __u8);
} own_macs SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, __u32);
  __type(value, __u64);
} interfaces SEC(".maps");

/* Packets that are no claim for our addresses are dropped without counting. */
static __always_inline int judge(const struct claim_key *claimed, const __u8 *mac) {
  struct claim *h = bpf_map_lookup_elem(&held, claimed);
  if (!h || bpf_map_lookup_elem(&own_macs, mac)) return DROP;
  __u32 ifindex = claimed->ifindex;
  __u64 first = 0, *interface_due = bpf_map_lookup_elem(&interfaces, &ifindex);
  if (!interface_due) {
    bpf_map_update_elem(&interfaces, &ifindex, &first, BPF_NOEXIST);
    interface_due = bpf_map_lookup_elem(&interfaces, &ifindex);
  }
  if (!interface_due || !within_rate(&h->due, ADDRESS_SPACING, SECOND) || !within_rate(interface_due, INTERFACE_SPACING, SECOND))
    return refuse(h->account, VRRP_CLAIM);
  return PASS;
}

SEC("socket")
int arp_filter(struct __sk_buff *skb) {
  __u8 arp[ARP_SIZE], mac[8] = {};
  struct claim_key claimed = {.ifindex = skb->ifindex};
  if (skb->pkt_type == PACKET_OUTGOING || bpf_skb_load_bytes_relative(skb, 0, arp, sizeof arp, BPF_HDR_START_NET)) return DROP;
  /* Ethernet and IPv4, a request or a reply */
  if (*(__u32 *)arp != bpf_htonl(0x00010800) || *(__u16 *)(arp + 4) != bpf_htons(0x0604) || arp[6] || (arp[7] != 1 && arp[7] != 2))
    return DROP;
  __builtin_memcpy(mac, arp + 8, 6);
  __builtin_memcpy(claimed.address, arp + 14, 4);
  return judge(&claimed, mac);
}

SEC("socket")
int neighbour_filter(struct __sk_buff *skb) {
  struct ipv6hdr ip;
  __u8 advertisement[ADVERTISEMENT_SIZE], mac[8] = {};
  struct claim_key claimed = {.ifindex = skb->ifindex};
  if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof ip, BPF_HDR_START_NET) || ip.hop_limit != 255) return DROP;
  if (bpf_skb_load_bytes(skb, skipped, advertisement, sizeof advertisement) || advertisement[0] != 136 || advertisement[24] != 2) return DROP;
  __builtin_memcpy(mac, advertisement + 26, 6);
  __builtin_memcpy(claimed.address, advertisement + 8, 16);
  return judge(&claimed, mac);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
