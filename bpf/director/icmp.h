/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP errors that the director sends (RFC 792, RFC 1812 section 4.3): made of the offending packet itself, sent back by the
 * device that it came by, from the address that it was sent to. Only in answer to whole packets of TCP, UDP and SCTP, and of AH and ESP
 * with a connection, to a unicast address, and at a limited rate. */
#ifndef WEIR_ICMP_H
#define WEIR_ICMP_H

#define ICMP_UNREACHABLE 3
#define ICMP_HOST 1
#define ICMP_PORT 3
#define ICMP_FRAG 4
#define ICMP_EXCEEDED 11
#define ICMP_HEADER 8
#define ICMP_BURST 50
#define ICMP_PER_SECOND 1000

/* One token bucket for the namespace, as net.ipv4.icmp_msgs_per_sec. `at_ns`: when the bucket was last full enough. */
struct icmp_limit {
  __u64 at_ns;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct icmp_limit);
} icmp_limits SEC(".maps");

static __always_inline bool icmp_allowed(void) {
  __u32 zero = 0;
  struct icmp_limit *l = bpf_map_lookup_elem(&icmp_limits, &zero);
  if (!l) return false;
  __u64 now = bpf_ktime_get_ns(), each = 1000000000ull / ICMP_PER_SECOND, was = READ(l->at_ns);
  __u64 from = was + ICMP_BURST * each > now ? was : now - ICMP_BURST * each;
  return from + each <= now && CAS(&l->at_ns, was, from + each) == was;
}

/* Verdicts of the functions below, beside tc's own: the packet concerns nothing of this build; or an exact service without a connection; or
 * it is of SCTP, or an error about such a packet; or it is of a masqueraded server, without a connection; or it is one of a call that this server
 * begins, and leaves with the service's address; or it goes on to the programs of tunnels, to the helper for FTP, or to
 * FULLNAT; or it is larger than the MTU to its client, and for a local address of FULLNAT; or it goes past the servers
 * (bypass.h); or FULLNAT has translated it, and the wide build has its connection; or it is an ICMP error about no connection; or one for a server
 * that knows no clients; or it is a reply by FULLNAT that is to be changed; or it is a first fragment, that is to be decided, or that concerns
 * nothing of this build (fragment.h); or it begins a connection of an exact service, and this is the wide build. */
#define TC_ELSEWHERE 0x100
#define TC_STRAY 0x101
#define TC_SCTP 0x102
#define TC_UNKNOWN 0x103
#define TC_BEGUN 0x104
#define TC_TUNNEL 0x105
#define TC_FTP 0x106
#define TC_FULLNAT 0x107
#define TC_LARGE 0x108
#define TC_PAST 0x109
#define TC_TRANSLATED 0x10a
#define TC_ERROR 0x10b
#define TC_FULLNAT_ERROR 0x10c
#define TC_ANSWER 0x10d
#define TC_FIRST 0x10e
#define TC_FRAGMENT 0x10f
#define TC_BACK 0x110

static __always_inline int tc_drop(__u32 reason) {
  count_reason(reason);
  return TC_ACT_SHOT;
}

/* The packet is to be encapsulated for a destination. */
static __always_inline int tc_to_tunnel(__u32 dest, bool related) {
  struct tunnel_work *work = the_tunnel_work();
  if (!work) return tc_drop(R_REDIRECT_FAILED);
  work->dest = dest;
  work->related = related;
  return TC_TUNNEL;
}

/* Passes a packet to the director's own stack by lo: by other devices the stack refuses a source that is one of its own addresses,
 * or (rp_filter) that it does not reach by them. */
__noinline int tc_deliver(struct __sk_buff *skb) {
  static const __u8 none[6] = {};
  if (bpf_skb_store_bytes(skb, 0, none, 6, 0)) return tc_drop(R_REDIRECT_FAILED);
  return bpf_redirect(LOOPBACK, BPF_F_INGRESS);
}

/* May a packet without a connection begin one in this build? What has no ports begins none, and what has a mark is its service's, of the wide
 * build. */
static __always_inline bool begins_here(struct __sk_buff *skb, struct packet *p) { return has_ports(p) && (ALL_PORTS || !marked_service(skb)); }

/* Where no destination is left, what may be data of FTP goes on to the stack. */
static __always_inline bool may_be_data(struct verdict *v) {
  struct service *s = ALL_PORTS ? service_at(v->service) : 0;
  return s && s->port;
}

#define ICMP_CUT 512 /* as far as the checksum of the longest headers, or of what a tunnel carries */

/* Makes the packet one of `size` bytes after its Ethernet header. What a sender on this machine, or behind a veth, has left to devices to sum
 * (CHECKSUM_PARTIAL) would be summed into the error, by the first device that does so. The kernel forgets it where the place that the sum begins at
 * is cut off in front, so that is done to every packet: a program cannot see which it is. 0 or an error. */
static __always_inline long icmp_resize(struct __sk_buff *skb, __u32 size) {
  long rc = bpf_skb_change_tail(skb, ETH_LEN + size + ICMP_CUT, 0);
  return rc ? rc : bpf_skb_adjust_room(skb, -ICMP_CUT, BPF_ADJ_ROOM_MAC, 0);
}

/* Sends an error back by the device that its packet came by. */
static __always_inline int icmp_send(struct __sk_buff *skb) {
  if (is_on_pair(skb)) {
    skb->mark = 0; /* the stack routes it to the client */
    return tc_deliver(skb);
  }
  struct conf *c = the_conf();
  bool here = skb->ifindex == LOOPBACK || (c && skb->ifindex == c->pair_peer_ifindex);
  return here ? tc_deliver(skb) : bpf_redirect(skb->ifindex, 0);
}

/* Both halves are added to each other, so that the upper one has the carry of the lower one. */
static __always_inline __u16 fold(__u64 sum) {
  sum += sum << 32 | sum >> 32;
  __u32 half = sum >> 32;
  half += half << 16 | half >> 16;
  return (__u16)~(half >> 16);
}

/* The sum of words, of which bpf_csum_diff() takes 512 bytes at a time. */
static __always_inline __u32 sum_error(__be32 *words, __u32 bytes) {
  __u32 sum = 0;
#pragma clang loop unroll(full)
  for (__u32 at = 0; at < bytes; at += SUM_PART) sum = bpf_csum_diff(0, 0, words + at / 4, bytes - at < SUM_PART ? bytes - at : SUM_PART, sum);
  return sum;
}

/* How many hops an error begins with: where the stack forwards it, that takes one. */
#define ERROR_HOPS 64
static __always_inline __u8 error_hops(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  return is_on_pair(skb) || (c && skb->ifindex == c->pair_peer_ifindex) ? ERROR_HOPS + 1 : ERROR_HOPS;
}

/* As in the kernel an error is internetwork control (RFC 1812, 4.3.2.5), and of the type of service of what it quotes. */
#define INTERNETWORK_CONTROL 0xc0
#define QUOTED_SERVICE 0x1e
static __always_inline void icmp_headers(struct icmp_packet *m, struct packet *p, __u32 size, __u8 hops, __u8 type, __u8 code, __u16 mtu) {
  m->ip.version = 4;
  m->ip.ihl = 5;
  m->ip.tos = INTERNETWORK_CONTROL | (((__u8 *)m->quote)[1] & QUOTED_SERVICE);
  m->ip.tot_len = bpf_htons(size);
  m->ip.ttl = hops;
  m->ip.protocol = IPPROTO_ICMP;
  m->ip.saddr = p->daddr;
  m->ip.daddr = p->saddr;
  m->type = type;
  m->code = code;
  m->mtu = bpf_htons(mtu);
  m->check = fold(sum_error((__be32 *)&m->type, ICMP_HEADER + ICMP_QUOTE));
  m->ip.check = fold((__u32)bpf_csum_diff(0, 0, (__be32 *)&m->ip, sizeof m->ip, 0));
}

/* An error was sent about a packet of a connection, or not: of one whose answers the director does not see it counts as a packet of its server,
 * as in IPVS. */
static __always_inline int count_error(struct __sk_buff *skb, struct dest *d, __u32 dest, int sent) {
  if (sent != TC_ACT_SHOT) count_bytes(d, dest, skb->len - ETH_LEN, true);
  return sent;
}
/* A global function: the verifier of Linux 6.1 takes a branch by the method for decided, where packets of both come, and cuts the other one out. */
__noinline int method_error(struct __sk_buff *skb, __u32 dest, __u32 method, int sent) {
  struct dest *d = dest_at(dest);
  return method == M_MASQ || !d ? sent : count_error(skb, d, dest, sent);
}
static __always_inline int conn_error(struct __sk_buff *skb, struct verdict *v, int sent) {
  return method_error(skb, v->dest, v_method(v->f.value), sent);
}

/* Turns the packet into the error and sends it. Returns tc's verdict. */
__noinline int icmp_error(struct __sk_buff *skb, struct packet *p, __u8 type, __u8 code, __u16 mtu) {
  if (!p) return TC_ACT_SHOT;
  if ((p->daddr & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) || p->daddr == 0xffffffff || !p->saddr) return TC_ACT_SHOT;
  struct ethhdr eth;
  if (bpf_skb_load_bytes(skb, 0, &eth, ETH_LEN) || eth.h_source[0] & 1) return TC_ACT_SHOT;
  /* As in the kernel, path MTU discovery is not limited: it answers large packets with small ones. */
  bool needed = type == ICMP_UNREACHABLE && code == ICMP_FRAG;
  if (!needed && !icmp_allowed()) {
    count_reason(R_ICMP_LIMITED);
    return TC_ACT_SHOT;
  }
  struct scratch *scratch = the_scratch();
  if (!scratch) return TC_ACT_SHOT;
  struct icmp_packet *m = &scratch->icmp;
  __builtin_memset(m, 0, sizeof *m);
  __u64 quote = p->length < ICMP_QUOTE ? p->length : ICMP_QUOTE;
  /* One comparison at a time, on the number itself: clang would merge the two, and Linux 6.1's verifier learns nothing from that. */
  CHECKED(quote);
  if (quote < IP_LEN) return TC_ACT_SHOT;
  CHECKED(quote);
  if (quote > ICMP_QUOTE || bpf_skb_load_bytes(skb, ETH_LEN, m->quote, quote)) return TC_ACT_SHOT;
  __u32 size = IP_LEN + ICMP_HEADER + quote;
  icmp_headers(m, p, size, error_hops(skb), type, code, mtu);
  if (icmp_resize(skb, size)) return tc_drop(R_REDIRECT_FAILED);
  __u8 mac[6];
  __builtin_memcpy(mac, eth.h_dest, 6);
  __builtin_memcpy(eth.h_dest, eth.h_source, 6);
  __builtin_memcpy(eth.h_source, mac, 6);
  if (bpf_skb_store_bytes(skb, 0, &eth, ETH_LEN, BPF_F_INVALIDATE_HASH)) return tc_drop(R_REDIRECT_FAILED);
  if (size < IP_LEN + ICMP_HEADER + IP_LEN || size > sizeof *m || bpf_skb_store_bytes(skb, ETH_LEN, m, size, 0)) return tc_drop(R_REDIRECT_FAILED);
  return icmp_send(skb);
}

/* Unreachable, from an address of the director's own. The packet is as before then: of a first fragment it is looked up once more. */
static __always_inline int icmp_error_from(struct __sk_buff *skb, struct packet *p, __u32 from, __u8 code, __u16 mtu) {
  __u32 daddr = p->daddr;
  p->daddr = from;
  int done = icmp_error(skb, p, ICMP_UNREACHABLE, code, mtu);
  p->daddr = daddr;
  return done;
}

#endif
