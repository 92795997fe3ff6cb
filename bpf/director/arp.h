/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ARP requests (RFC 826) for the next hops of destinations, made of a packet that has been sent already. */
#ifndef WEIR_ARP_H
#define WEIR_ARP_H

#define PROBE_SECONDS 3

struct arp_frame {
  __u8 to[6];
  __u8 from[6];
  __u16 type;
  __u16 hardware;
  __u16 protocol;
  __u8 hardware_length;
  __u8 protocol_length;
  __u16 operation;
  __u8 sender_mac[6];
  __u32 sender;
  __u8 target_mac[6];
  __u32 target;
} __attribute__((packed));

/* What stays of the old frame: all headers without options. */
#define OLD_HEADERS (ETH_LEN + IP_LEN + 20)

/* Broadcasts a request for `target` on the hop's device. The frame is put in front of the old one, whose headers become zeros, since every host of
 * the network gets them. They stay as padding: a checksum that a device may still write there then does no harm. Returns tc's verdict. */
static __always_inline int arp_request(struct __sk_buff *skb, __u32 ifindex, const __u8 *smac, __u32 sender, __u32 target) {
  struct arp_frame f = {
      .type = bpf_htons(ETH_P_ARP),
      .hardware = bpf_htons(1),
      .protocol = bpf_htons(ETH_P_IP),
      .hardware_length = 6,
      .protocol_length = 4,
      .operation = bpf_htons(1),
      .sender = sender,
      .target = target,
  };
  __builtin_memset(f.to, 0xff, 6);
  __builtin_memcpy(f.from, smac, 6);
  __builtin_memcpy(f.sender_mac, smac, 6);
  if (bpf_skb_change_head(skb, sizeof f, 0)) return TC_ACT_SHOT;
  static const __u8 zeros[OLD_HEADERS] = {};
  __u32 size = sizeof f + OLD_HEADERS;
  if (skb->len != size && bpf_skb_change_tail(skb, size, 0)) return TC_ACT_SHOT;
  if (bpf_skb_store_bytes(skb, 0, &f, sizeof f, 0)) return TC_ACT_SHOT;
  if (bpf_skb_store_bytes(skb, sizeof f, zeros, sizeof zeros, 0)) return TC_ACT_SHOT;
  return bpf_redirect(ifindex, 0);
}

#endif
