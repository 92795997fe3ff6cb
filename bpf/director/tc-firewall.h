/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: new connections that the packet filter of the host has accepted, as they come back by weir's pair. */
#ifndef WEIR_TC_FIREWALL_H
#define WEIR_TC_FIREWALL_H

#define HOP_LIMIT_AT (ETH_LEN + 7) /* of IPv6 */

/* A packet that the host's packet filter has let pass comes in by the far end of weir's pair, for a MAC that no device has. What no build takes goes
 * on to the stack, which knows it already. Returning a copy to the pair has lowered its TTL. A global function: verified once. */
__noinline int tc_accepted(struct __sk_buff *skb) {
  __u8 limit;
  if (skb->pkt_type != PACKET_OTHERHOST || bpf_skb_change_type(skb, PACKET_HOST)) return false;
  if (skb->protocol != bpf_htons(ETH_P_IPV6)) return !tc_restore_ttl(skb);
  if (bpf_skb_load_bytes(skb, HOP_LIMIT_AT, &limit, 1) || limit == 255) return false;
  limit++;
  return !bpf_skb_store_bytes(skb, HOP_LIMIT_AT, &limit, 1, 0);
}

/* Is it such a packet, on its way to there? */
static __always_inline bool is_to_accept(struct __sk_buff *skb) {
  static const __u8 accepted[6] = {PAIR_ACCEPTED_MAC};
  __u8 mac[6];
  if (bpf_skb_load_bytes(skb, 0, mac, 6)) return false;
  return mac[5] == accepted[5] && mac[4] == accepted[4] && mac[3] == accepted[3] && mac[2] == accepted[2];
}

#endif
