// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The memory reference: one touch of a line of an array as large as the connection table, chosen by the packet's flow.
 *
 * Each touch depends on what the one before has read, so that the CPU must wait for the line, as a balancer must that decides
 * by what the line holds. Array and hash are inlined: there is no call in it.
 *
 * Concurrency: one CPU runs it.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct line {
	__u64 words[8];
};

/* Its size is set when it is loaded: as many lines as the connection table has. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct line);
} lines SEC(".maps");

const volatile __u32 line_mask;
const volatile __u32 touches; /* of the same line, in one run */
static volatile __u64 last_word;

SEC("xdp")
int touch(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct line *line;
	__u64 flow, hash;
	__u32 at, i;

	if (data + 64 > end)
		return XDP_ABORTED;
	/* Either end may be the one that varies. */
	flow = *(__u64 *)(data + 26) ^ (__u64)*(__u32 *)(data + 34) << 32;
	for (i = 0; i < 8; i++) {
		if (i == touches)
			break;
		hash = (flow ^ last_word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
		hash *= 0xc2b2ae3d27d4eb4full;
		at = hash >> 32 & line_mask;
		line = bpf_map_lookup_elem(&lines, &at);
		if (!line)
			return XDP_ABORTED;
		last_word = line->words[0];
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
