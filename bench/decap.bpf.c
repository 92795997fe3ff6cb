// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* tc, at a real server's ingress, of the bench only: takes packets of IPv4 out of their tunnel, so that the kernel needs no tunnel device. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define ETH_LEN 14
#define IP_LEN 20
#define GRE_LEN 4          /* without a checksum */
#define UDP_AND_GUE_LEN 12 /* without options */
#define GUE_PORT 6080

#define PROTOCOL_IPIP 4
#define PROTOCOL_UDP 17
#define PROTOCOL_GRE 47

/* The bytes of the outer headers; 0: the packet has come by no tunnel. */
static __always_inline int outer_length(void *ip, void *end)
{
	__u8 protocol;

	if (ip + IP_LEN + 4 > end || *(__u8 *)ip != 0x45)
		return 0;
	protocol = *(__u8 *)(ip + 9);
	if (protocol == PROTOCOL_IPIP)
		return IP_LEN;
	if (protocol == PROTOCOL_GRE)
		return IP_LEN + GRE_LEN;
	if (protocol == PROTOCOL_UDP && *(__be16 *)(ip + IP_LEN + 2) == bpf_htons(GUE_PORT))
		return IP_LEN + UDP_AND_GUE_LEN;
	return 0;
}

SEC("tc")
int decap(struct __sk_buff *skb)
{
	int outer;

	if (skb->protocol != bpf_htons(0x0800))
		return TC_ACT_OK;
	outer = outer_length((void *)(long)skb->data + ETH_LEN, (void *)(long)skb->data_end);
	if (outer && bpf_skb_adjust_room(skb, -outer, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
