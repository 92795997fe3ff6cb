// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lets a packet that was held back (hold.h) come in once more. It is attached nowhere: BPF_PROG_TEST_RUN runs it on the frame as a live one, in the
 * name of the device that the packet came by, and the kernel takes it into that device's way in. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int weir_release(struct xdp_md *ctx) { return ctx ? XDP_PASS : XDP_DROP; }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
