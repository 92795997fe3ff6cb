// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The textbook balancer: the reference that weir's datapath is compared with.
 *
 * An XDP balancer as the kernel's documentation suggests it: services in a HASH, connections in an LRU_HASH, the FIB asked
 * for each packet, headers rewritten, the frame redirected. It forwards the bench's packets exactly as weir does (NAT and
 * direct routing, round robin, replies of NAT); bench/agreement.ts compares verdicts and frames before anything is measured.
 * It has no TCP states, no timeouts, no ICMP, no fragments and no IP options: it does less than weir for a packet, not more.
 *
 * Concurrency: `cursor` is increased atomically, counters are per CPU, the kernel's maps lock themselves; user space writes
 * services, replies and destinations before the first packet.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET 2
#define IP_FRAGMENT 0x3fff /* more fragments, or an offset */
#define TCP_SYN 0x02
#define TCP_ACK 0x10

/* Addresses and ports are in network order throughout. Mirrored by bench/textbook.ts. */
struct endpoint {
	__u32 address;
	__u16 port;
	__u16 protocol;
};

struct service {
	__u32 id;
	__u32 address;
	__u32 first;        /* of its destinations, in `destinations` */
	__u32 destinations; /* how many */
	__u32 cursor;       /* connections scheduled so far: round robin */
	__u16 port;
	__u16 nat;          /* 0: direct routing */
};

struct destination {
	__u32 address;
	__u16 port;
	__u16 reserved;
};

struct connection_key {
	__u32 client;
	__u32 service;
	__u16 client_port;
	__u16 service_port;
	__u32 protocol;
};

struct connection {
	__u32 destination;
	__u32 reserved;
};

struct counters {
	__u64 packets;
	__u64 bytes;
	__u64 connections;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct endpoint);
	__type(value, struct service);
} services SEC(".maps");

/* A masqueraded destination's endpoint to its service, for replies. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct endpoint);
	__type(value, struct service);
} replies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct destination);
} destinations SEC(".maps");

/* Its size is set when it is loaded: as many entries as weir's connection table has. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct connection_key);
	__type(value, struct connection);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct counters);
} counts SEC(".maps");

/* TCP and UDP begin alike. */
struct ports {
	__u16 source;
	__u16 target;
};

struct packet {
	struct ethhdr *eth;
	struct iphdr *ip;
	struct ports *ports;
	__u16 *l4_check; /* 0: UDP without a checksum */
	__u8 tcp_flags;
};

static __always_inline int parse(void *data, void *end, struct packet *p)
{
	p->eth = data;
	p->ip = (void *)(p->eth + 1);
	p->ports = (void *)(p->ip + 1);
	if ((void *)(p->ports + 2) > end || p->eth->h_proto != bpf_htons(ETH_P_IP))
		return -1;
	if (p->ip->version != 4 || p->ip->ihl != 5 || p->ip->frag_off & bpf_htons(IP_FRAGMENT) || p->ip->ttl <= 1)
		return -1;
	if (p->ip->protocol == IPPROTO_TCP) {
		if ((void *)p->ports + 20 > end)
			return -1;
		p->l4_check = (void *)p->ports + 16;
		p->tcp_flags = *((__u8 *)p->ports + 13);
		return 0;
	}
	if (p->ip->protocol != IPPROTO_UDP)
		return -1;
	p->l4_check = (void *)p->ports + 6;
	if (!*p->l4_check)
		p->l4_check = 0;
	p->tcp_flags = 0;
	return 0;
}

/* RFC 1624: what one 16-bit word's change does to a checksum's complement. */
static __always_inline __u32 change16(__u32 sum, __u16 from, __u16 to)
{
	return sum + (__u16)~from + to;
}

static __always_inline __u32 change32(__u32 sum, __u32 from, __u32 to)
{
	return change16(change16(sum, (__u16)from, (__u16)to), from >> 16, to >> 16);
}

static __always_inline __u16 apply(__u16 check, __u32 change)
{
	__u32 sum = (__u16)~check + change;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline void rewrite(struct packet *p, __u32 *address, __u16 *port, __u32 new_address, __u16 new_port)
{
	__u32 change = change32(0, *address, new_address);

	p->ip->check = apply(p->ip->check, change);
	if (p->l4_check)
		*p->l4_check = apply(*p->l4_check, change16(change, *port, new_port));
	*address = new_address;
	*port = new_port;
}

static __always_inline void count(__u32 service, struct packet *p, __u32 opened)
{
	struct counters *c = bpf_map_lookup_elem(&counts, &service);

	if (!c)
		return;
	c->packets++;
	c->bytes += bpf_ntohs(p->ip->tot_len);
	c->connections += opened;
}

/* Fills `fib` with device and MACs of the route from `source` to `target`; other than 0: the stack must see to the packet. */
static __always_inline int route(struct xdp_md *ctx, struct packet *p, struct bpf_fib_lookup *fib, __u32 source, __u32 target)
{
	fib->family = AF_INET;
	fib->ipv4_src = source;
	fib->ipv4_dst = target;
	fib->ifindex = ctx->ingress_ifindex;
	fib->tot_len = bpf_ntohs(p->ip->tot_len);
	fib->l4_protocol = p->ip->protocol;
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

/* Writes the MACs, decrements the TTL and sends the frame. */
static __always_inline int send(struct packet *p, struct bpf_fib_lookup *fib)
{
	__builtin_memcpy(p->eth->h_dest, fib->dmac, ETH_ALEN);
	__builtin_memcpy(p->eth->h_source, fib->smac, ETH_ALEN);
	p->ip->check = apply(p->ip->check, change16(0, p->ip->ttl, p->ip->ttl - 1));
	p->ip->ttl--;
	return bpf_redirect(fib->ifindex, 0);
}

static __always_inline int request(struct xdp_md *ctx, struct packet *p, struct service *s)
{
	struct connection_key key = {
		.client = p->ip->saddr,
		.service = p->ip->daddr,
		.client_port = p->ports->source,
		.service_port = p->ports->target,
		.protocol = p->ip->protocol,
	};
	struct connection *known = bpf_map_lookup_elem(&connections, &key), fresh = {};
	struct bpf_fib_lookup fib = {};
	struct destination *d;

	if (known) {
		fresh.destination = known->destination;
	} else {
		if (p->ip->protocol == IPPROTO_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
			return XDP_PASS;
		if (!s->destinations)
			return XDP_PASS;
		fresh.destination = s->first + __sync_fetch_and_add(&s->cursor, 1) % s->destinations;
		if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
			return XDP_PASS;
	}
	d = bpf_map_lookup_elem(&destinations, &fresh.destination);
	if (!d)
		return XDP_PASS;
	if (route(ctx, p, &fib, p->ip->saddr, d->address) != BPF_FIB_LKUP_RET_SUCCESS)
		return XDP_PASS;
	if (s->nat)
		rewrite(p, &p->ip->daddr, &p->ports->target, d->address, d->port);
	count(s->id, p, !known);
	return send(p, &fib);
}

static __always_inline int reply(struct xdp_md *ctx, struct packet *p, struct service *s)
{
	struct connection_key key = {
		.client = p->ip->daddr,
		.service = s->address,
		.client_port = p->ports->target,
		.service_port = s->port,
		.protocol = p->ip->protocol,
	};
	struct bpf_fib_lookup fib = {};

	if (!bpf_map_lookup_elem(&connections, &key))
		return XDP_PASS;
	if (route(ctx, p, &fib, s->address, p->ip->daddr) != BPF_FIB_LKUP_RET_SUCCESS)
		return XDP_PASS;
	rewrite(p, &p->ip->saddr, &p->ports->source, s->address, s->port);
	count(s->id, p, 0);
	return send(p, &fib);
}

SEC("xdp")
int textbook(struct xdp_md *ctx)
{
	struct packet p;
	struct endpoint to, from;
	struct service *s;

	if (parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, &p))
		return XDP_PASS;
	to = (struct endpoint){ p.ip->daddr, p.ports->target, p.ip->protocol };
	s = bpf_map_lookup_elem(&services, &to);
	if (s)
		return request(ctx, &p, s);
	from = (struct endpoint){ p.ip->saddr, p.ports->source, p.ip->protocol };
	s = bpf_map_lookup_elem(&replies, &from);
	return s ? reply(ctx, &p, s) : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
