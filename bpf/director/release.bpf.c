// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lets a packet that was held back (hold.h) come in once more. It is attached nowhere: BPF_PROG_TEST_RUN runs it on the frame, with the device that
 * the packet came by in its context. A frame of XDP that is run as a live one would do the same, but takes three times as long: the kernel makes a
 * pool of pages for each. 0, or 1 where the device does not take it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int weir_release(struct __sk_buff *skb) { return !!bpf_clone_redirect(skb, skb->ifindex, BPF_F_INGRESS); }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
