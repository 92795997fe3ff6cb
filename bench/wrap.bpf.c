// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs of the bench only: a wrapper that gives the program under test a fresh packet every time, short references,
 * a packet generator and a sink.
 *
 * BPF_PROG_TEST_RUN with repeat does not restore the packet between runs, so a program that rewrites or encapsulates
 * would see its own output from the second run on. The wrapper undoes geometry and headers, picks the next flow and
 * tail-calls slot 0; what it costs with an empty program in that slot is subtracted.
 *
 * Concurrency: the control array is written by user space between runs and by the one CPU that runs a program.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define WORDS 11
#define FRAME_LENGTH 64  /* IPv4: 9 words */
#define FRAME6_LENGTH 80 /* IPv6: 11 words */
#define ORDER_COUNTER 1

/* A frame's first bytes as words that overlap, the part that changes left zero; mirrored by bench/wrap.ts. */
struct control {
	__u64 words[WORDS];
	__u32 length;        /* bytes of the frame as given to the kernel */
	__u32 order;         /* ORDER_COUNTER: one after the other; otherwise a full-period LCG */
	__u32 mask;          /* flows - 1 */
	__u32 state;         /* the flow before this one */
	__u32 address;       /* IPv4 address of flow 0, or the last 32 bits of its IPv6 address, host order */
	__u32 address_shift; /* flow >> address_shift is added to the address */
	__u32 address_at;    /* IPv4: bit of words[4] where the address goes: 0 source, 32 destination */
	__u32 port;          /* port of flow 0 */
	__u32 port_mask;     /* flow & port_mask is added to the port */
	__u32 port_at;       /* IPv4: bit of words[5] where the port goes: 0 source, 16 destination */
	__u32 ip_sum;        /* sum of the header's 16-bit words but for the address and the checksum */
	__u32 l4_sum;        /* the same of pseudo header, TCP or UDP header and payload, but for address and port */
	__u32 udp;           /* 1: the L4 checksum stands at 40; 0: at 50 (TCP) */
	__u32 redirect;      /* generator: device to send through */
	__u32 interval;      /* generator: ns from frame to frame, at most 20,000; 0: as fast as it can */
	__u32 unused;
	__u64 due;           /* generator: when the next frame is due; 0: now */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} control SEC(".maps");

#define PROGRAM_SLOT(name) \
	struct { \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY); \
		__uint(max_entries, 1); \
		__type(key, __u32); \
		__type(value, __u32); \
	} name SEC(".maps")
/* The kernel lets only programs of one kind (with or without frags) share such an array. */
PROGRAM_SLOT(slot_plain);
PROGRAM_SLOT(slot_frags);
PROGRAM_SLOT(slot_tc);

struct hit_key {
	__u64 a, b;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct hit_key);
	__type(value, __u64);
} hits SEC(".maps");

/* weir's connection table, set by user space, and the slot in it that holds each flow's connection. */
struct slot {
	__u64 key, value;
};
struct bucket {
	struct slot slot[4];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bucket);
} table SEC(".maps");
#define PLACES 16
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, __u32);
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} sunk SEC(".maps");

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return bpf_htons((__u16)~sum);
}

/* Stores overlap so that each field of 8 bytes or less lies whole inside the youngest store that covers it: the program
 * under test then never waits for a store to leave the buffer, as it would not on a real device. Shifts place network-order
 * fields inside little-endian words: the bench runs on little-endian machines only. */
static __always_inline void put_words(void *data, const struct control *c, __u64 address, __u64 port, __u64 sum, __u64 l4)
{
	__u64 at40 = c->udp ? l4 << 48 : 0, at50 = c->udp ? 0 : l4;

	*(__u64 *)(data + 0) = c->words[0];
	*(__u64 *)(data + 6) = c->words[1];
	*(__u64 *)(data + 14) = c->words[2];
	*(__u64 *)(data + 22) = c->words[3] | sum << 16;
	*(__u64 *)(data + 26) = c->words[4] | address << (c->address_at & 63);
	*(__u64 *)(data + 34) = c->words[5] | port << (c->port_at & 63) | at40;
	*(__u64 *)(data + 42) = c->words[6];
	*(__u64 *)(data + 50) = c->words[7] | at50;
	*(__u64 *)(data + 56) = c->words[8];
}

/* Writes the headers as put_words(), of IPv6 and TCP, where the client sends: its address ends at 37, its port stands at 54. */
static __always_inline void put_words6(void *data, const struct control *c, __u64 address, __u64 port, __u64 l4)
{
	*(__u64 *)(data + 0) = c->words[0];
	*(__u64 *)(data + 6) = c->words[1];
	*(__u64 *)(data + 14) = c->words[2];
	*(__u64 *)(data + 22) = c->words[3];
	*(__u64 *)(data + 30) = c->words[4] | address << 32;
	*(__u64 *)(data + 38) = c->words[5];
	*(__u64 *)(data + 46) = c->words[6];
	*(__u64 *)(data + 54) = c->words[7] | port;
	*(__u64 *)(data + 62) = c->words[8];
	*(__u64 *)(data + 70) = c->words[9] | l4;
	*(__u64 *)(data + 72) = c->words[10];
}

static __always_inline __u32 next_flow(struct control *c)
{
	__u32 flow = c->order == ORDER_COUNTER ? c->state + 1 : c->state * 1664525 + 1013904223;

	c->state = flow & c->mask;
	return c->state;
}

/* The next flow's frame over what is there; < 0 when the frame is not one of ours. */
static __always_inline int write_frame(void *data, void *end, struct control *c)
{
	__u32 flow, address, port, parts;

	if (data + FRAME_LENGTH > end)
		return -1;
	flow = next_flow(c);
	address = c->address + (flow >> (c->address_shift & 31));
	port = c->port + (flow & c->port_mask);
	parts = (address >> 16) + (address & 0xffff);
	put_words(data, c, bpf_htonl(address), bpf_htons(port), fold(c->ip_sum + parts), fold(c->l4_sum + parts + port));
	return 0;
}

static __always_inline int write_frame6(void *data, void *end, struct control *c)
{
	__u32 flow, address, port, parts;

	if (data + FRAME6_LENGTH > end)
		return -1;
	flow = next_flow(c);
	address = c->address + (flow >> (c->address_shift & 31));
	port = c->port + (flow & c->port_mask);
	parts = (address >> 16) + (address & 0xffff);
	put_words6(data, c, bpf_htonl(address), bpf_htons(port), fold(c->l4_sum + parts + port));
	return 0;
}

/* Writes the next flow's frame, whatever the program under test did to the frame's length. */
static __always_inline int next_frame(struct xdp_md *ctx, struct control *c)
{
	long grown = (long)ctx->data_end - (long)ctx->data - (long)c->length;

	if (grown && bpf_xdp_adjust_head(ctx, grown))
		return -1;
	return write_frame((void *)(long)ctx->data, (void *)(long)ctx->data_end, c);
}

static __always_inline struct control *the_control(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&control, &zero);
}

SEC("xdp")
int wrap_plain(struct xdp_md *ctx)
{
	struct control *c = the_control();

	if (c && !next_frame(ctx, c))
		bpf_tail_call(ctx, &slot_plain, 0);
	return XDP_ABORTED;
}

/* Of frames that keep their length. */
SEC("xdp")
int wrap_plain6(struct xdp_md *ctx)
{
	struct control *c = the_control();

	if (c && !write_frame6((void *)(long)ctx->data, (void *)(long)ctx->data_end, c))
		bpf_tail_call(ctx, &slot_plain, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int wrap_frags(struct xdp_md *ctx)
{
	struct control *c = the_control();

	if (c && !next_frame(ctx, c))
		bpf_tail_call(ctx, &slot_frags, 0);
	return XDP_ABORTED;
}

/* Takes the next frame's connection out of the table first, so that each packet opens one. At most PLACES flows. */
SEC("xdp")
int wrap_forget(struct xdp_md *ctx)
{
	struct control *c = the_control();
	struct bucket *bucket;
	__u32 flow, *place, at;

	if (!c || next_frame(ctx, c))
		return XDP_ABORTED;
	flow = c->state & (PLACES - 1);
	place = bpf_map_lookup_elem(&places, &flow);
	if (!place)
		return XDP_ABORTED;
	at = *place / 4;
	bucket = bpf_map_lookup_elem(&table, &at);
	if (!bucket)
		return XDP_ABORTED;
	bucket->slot[*place & 3].value = 0;
	bpf_tail_call(ctx, &slot_plain, 0);
	return XDP_ABORTED;
}

/* tc programs, on frames that keep their length. */
SEC("tc")
int wrap_tc(struct __sk_buff *skb)
{
	struct control *c = the_control();

	if (c && !write_frame((void *)(long)skb->data, (void *)(long)skb->data_end, c))
		bpf_tail_call(skb, &slot_tc, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int wrap_tc6(struct __sk_buff *skb)
{
	struct control *c = the_control();

	if (c && !write_frame6((void *)(long)skb->data, (void *)(long)skb->data_end, c))
		bpf_tail_call(skb, &slot_tc, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int empty_tc(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("xdp")
int empty_plain(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int empty_frags(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* The reference `redirect` is an eighth of what this costs more than empty_plain: one call is too short for whole nanoseconds. */
SEC("xdp")
int redirect_plain(struct xdp_md *ctx)
{
	int i;

#pragma unroll
	for (i = 0; i < 7; i++)
		bpf_redirect(1, 0);
	return bpf_redirect(1, 0);
}

/* Makes the frame longer, as a tunnel does, and no more. The wrapper makes it as long as before, which costs as much: half of what both cost more than
 * empty_plain. */
SEC("xdp")
int longer_plain(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, -20) ? XDP_ABORTED : XDP_PASS;
}

/* One hit on a hash is an eighth of what this costs more than empty_plain; reported, but no gate is made of it. */
SEC("xdp")
int hash_hits(struct xdp_md *ctx)
{
	struct hit_key key = { 1, 2 };
	__u64 *value, sum = 0;
	int i;

#pragma unroll
	for (i = 0; i < 8; i++) {
		value = bpf_map_lookup_elem(&hits, &key);
		if (!value)
			return XDP_ABORTED;
		sum += *value;
	}
	return sum == 8 ? XDP_PASS : XDP_ABORTED;
}

#define SPINS_MAX 1024

/* A frame that is late is sent immediately, so that the rate is kept over a longer time. */
static __always_inline void wait_until_due(struct control *c)
{
	__u64 now = bpf_ktime_get_ns();
	int i;

	if (!c->due)
		c->due = now;
	for (i = 0; i < SPINS_MAX && now < c->due; i++)
		now = bpf_ktime_get_ns();
	c->due += c->interval;
}

/* Live frames: the next flow, out through a device. */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	struct control *c = the_control();

	if (!c || next_frame(ctx, c))
		return XDP_ABORTED;
	if (c->interval)
		wait_until_due(c);
	return bpf_redirect(c->redirect, 0);
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&sunk, &zero);

	if (count)
		*count += 1;
	return XDP_DROP;
}

/* In front of a real server's stack: counts and drops what the generator sent, by its source, and passes everything else. */
SEC("xdp")
int sink_flood(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct control *c = the_control();
	__u32 zero = 0, flow_address;
	__u64 *count;

	if (!c || data + 34 > end || *(__be16 *)(data + 12) != bpf_htons(0x0800))
		return XDP_PASS;
	flow_address = bpf_ntohl(*(__be32 *)(data + 26)) - c->address;
	if (flow_address > c->mask >> (c->address_shift & 31))
		return XDP_PASS;
	count = bpf_map_lookup_elem(&sunk, &zero);
	if (count)
		*count += 1;
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
