/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP, in front of tc: it forwards the packets that it can handle completely and passes all others, unmodified, to tc. */
#ifndef WEIR_XDP_H
#define WEIR_XDP_H

#ifdef IPV6
#include "xdp6.h"
#else
#define HEADERS_LEN (ETH_LEN + IP_LEN + 8)
#define ETHER_TYPE ETH_P_IP
static __always_inline void route_to(const __u32 *to) {}
static __always_inline void route_between(const __u32 *to, const __u32 *from) {}

/* Reads a packet for the full path. False: it is left to tc. */
static __always_inline bool xdp_parse(void *data, void *end, struct packet *p) {
  return parse_ipv4(data + ETH_LEN, end, p) == P_OK && is_forwardable(p);
}

/* Where there is such a program, it does not return. */
static __always_inline void xdp_enter_ipv6(struct xdp_md *ctx, struct ethhdr *eth) {
  if (eth->h_proto == bpf_htons(ETH_P_IPV6)) bpf_tail_call_static(ctx, &ipv6_xdp, IPV6_XDP_QUICK);
}
#endif

/* Is it a datagram without a checksum? The full path looks at it: where NAT gives it one, tc does so (datagram-sum.h). */
static __always_inline bool is_unsummed(struct packet *p, void *data) { return unlikely(lacks_sum(p, data + HEADERS_LEN - sizeof(struct udphdr))); }

/* Rewrites a frame for its hop, as the quick path does (quick.h). False: it is left to tc. */
static __always_inline bool xdp_readdress(struct xdp_md *ctx, struct packet *p, struct hop *h, bool source, bool masq, const __u32 *addr, __u16 port) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + HEADERS_LEN > end || (masq && is_unsummed(p, data))) return false;
  copy_macs(data, h->dmac);
  xdp_rewrite(p, data, end, source, masq, addr, port);
  return true;
}

/* Asks the FIB for a hop and caches the answer. `dest` 0: a client's. */
__noinline int xdp_hop_ask(struct xdp_md *ctx, __u32 dest, __u32 addr, __u32 saddr, struct hop *h) {
  __u32 gateway;
  return h ? nexthop_resolve(ctx, ctx->ingress_ifindex, dest, addr, saddr, h, &gateway) : HOP_NONE;
}

/* A hop that XDP may use: cached, or for clients a new answer of the FIB; on a device that takes frames from XDP. Some packets
 * must go by tc, where the kernel looks after its neighbours: each time a destination's hop is resolved again, and an eighth of the
 * times for a client's. */
static __always_inline bool xdp_hop(struct xdp_md *ctx, struct verdict *v, struct dest *d, __u32 addr, __u32 saddr, struct hop *h) {
  if (unlikely(!nexthop_cached(v->c, d, addr, saddr, v->now, h))) {
    if ((d || !(v->now & 7)) && hop_is_known(v->c, d, addr, saddr)) return false;
    if (xdp_hop_ask(ctx, d ? v->dest : 0, addr, saddr, h) != HOP_READY) return false;
  }
  return h->flags & NH_XDP && (!h->mtu || v->p->length <= h->mtu);
}

/* Sends the packet in the scratch space to the destination chosen there. A global function, with a stack frame of its own: deciding about
 * a packet and sending it follow each other. */
__noinline int xdp_send_to(struct xdp_md *ctx) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return XDP_PASS;
  CHECKED(scratch);
  struct hop h;
  __u64 chosen = scratch->chosen;
  __u32 dest = v_dest(chosen);
  struct dest *d = dest_at(dest);
  if (!d || d->flags & (D_LOCAL | D_POLICED | D_FTP | D_FULLNAT | D_WATCHED)) return XDP_PASS;
  if (v_method(chosen) == M_TUNNEL) {
    struct tunnel_work *work = the_tunnel_work();
    if (!work) return XDP_PASS;
    work->dest = dest;
    return QUICK_TUNNEL;
  }
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now(), .dest = dest, .d = d};
  CHECKED(d);
  route_to(d->addr);
  if (unlikely(!xdp_hop(ctx, &v, d, address_word(d->addr), 0, &h))) return XDP_PASS;
  if (!xdp_readdress(ctx, v.p, &h, false, v_method(chosen) == M_MASQ, d->addr, d->port)) return XDP_PASS;
  count_packet(&v, false);
  return bpf_redirect(h.ifindex, 0);
}

static __always_inline int xdp_drop(struct verdict *v) {
  count_reason(drop_reason(v->reason));
  return XDP_DROP;
}

static __always_inline int xdp_reply(struct xdp_md *ctx, struct verdict *v) {
  struct hop h;
  struct service *s = service_at(v->service);
  if (!s || v->d->flags & (D_POLICED_BACK | D_FTP | D_WATCHED)) return XDP_PASS;
  CHECKED(s);
  route_between(packet_target(v->p), s->addr);
  if (unlikely(!xdp_hop(ctx, v, 0, v->p->daddr, s->addr[0], &h))) return XDP_PASS;
  if (!xdp_readdress(ctx, v->p, &h, true, true, s->addr, s->port)) return XDP_PASS;
  conn_touch(v, true);
  count_packet(v, true);
  return bpf_redirect(h.ifindex, 0);
}

/* The full path, for packets that are not plain: global functions, each with its own stack frame and verified once. quick_parse has
 * validated the packet; it is parsed again, so that the quick path keeps its fields in registers. */
static __always_inline struct packet *xdp_read(struct xdp_md *ctx) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (!xdp_parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, p)) return 0;
  p->bytes = p->length;
  return p;
}

/* The program of tunnels may leave a packet to tc, which then meets its connection as this one leaves it. No other segment begins a connection where it
 * has ended one. */
static __always_inline bool may_meet_twice(struct packet *p) {
  return p->protocol != IPPROTO_TCP || (p->flags & (FLAG_SYN | FLAG_RST)) != (FLAG_SYN | FLAG_RST);
}

/* The packet ends its connection to begin another one, and perhaps no server is left for that: then tc decides about it again, and must still find the
 * old one counted, for its server's threshold (conn_replace). Where another CPU fills the server just now, tc may let the packet in. */
static __always_inline bool may_be_refused(struct verdict *v) { return v->d && READ(v->d->overload); }

/* QUICK_ABSENT: there is no connection. */
__noinline int xdp_known_request(struct xdp_md *ctx, __u32 service) {
  struct conf *c = the_conf();
  struct packet *p = xdp_read(ctx);
  if (!c || !p) return XDP_PASS;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .service = service};
  enum decision go = decide_known(&v);
  if (go == GO_DROP) return xdp_drop(&v);
  if (go == GO_NEW) return unlikely(may_be_refused(&v)) ? XDP_PASS : QUICK_ABSENT;
  struct scratch *scratch = the_scratch();
  if (!scratch) return XDP_PASS;
  scratch->chosen = v.f.value;
  int done = xdp_send_to(ctx);
  if (done == QUICK_TUNNEL && !may_meet_twice(p)) return XDP_PASS;
  if (done == XDP_PASS || conn_touch(&v, false)) return done;
  v.reason = R_BUSY;
  return xdp_drop(&v);
}

/* May the packet start a connection? It comes before xdp_new_request, not in it, so that their stack frames do not add up. A datagram of
 * one-packet scheduling is left to tc: where XDP cannot send to the hop that was chosen, tc would schedule it a second time. So is what a
 * persistence engine looks into. */
__noinline __u32 xdp_may_schedule(struct xdp_md *ctx, __u32 service) {
  struct packet *p = xdp_read(ctx);
  struct service *svc = service_at(service);
  if (!p || !svc || svc->flags & SVC_SIP || is_scheduled_once(svc, p)) return R_NO_CONNECTION;
  return may_schedule(ctx, true, ctx->ingress_ifindex, service);
}

/* XDP leaves the packet to tc, which asks again whether drop_packet drops it: what defence_drops() has counted here is given back. */
static __always_inline int xdp_leave_new(struct conf *c, struct scratch *scratch, __u32 may) {
  __u32 reason = reason_of(may);
  if (unlikely(c->drop_rate) && (reason == R_NONE || reason == R_FTP_DATA)) scratch->until_drop++;
  return XDP_PASS;
}

/* QUICK_CHOSEN: the packet goes to the scratch space's choice. */
__noinline int xdp_new_request(__u32 service, __u32 may) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  if (!c || !scratch) return XDP_PASS;
  CHECKED(scratch);
  if (may_hold(c)) return xdp_leave_new(c, scratch, may); /* tc holds it back */
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now(), .service = service};
  enum decision go = decide_new(&v, may);
  if (go == GO_DROP) return xdp_drop(&v);
  if (go != GO_REQUEST || v.known) return xdp_leave_new(c, scratch, may); /* known: another CPU made it meanwhile, and tc finds it */
  scratch->chosen = v.f.value;
  return QUICK_CHOSEN;
}

__noinline int xdp_any_reply(struct xdp_md *ctx, __u32 real) {
  struct conf *c = the_conf();
  struct packet *p = xdp_read(ctx);
  if (!c || !p) return XDP_PASS;
  struct verdict v = {.p = p, .c = c, .now = clock_now()};
  if (decide_reply(&v, real) != GO_REPLY || !is_server_side(c, v.d, ctx->ingress_ifindex, v.now)) return XDP_PASS;
  return xdp_reply(ctx, &v);
}

/* What the quick path leaves to the full one: the packet of a service, with no connection (LEFT_BEGINNING: it
 * may begin one) or perhaps with one; or of a masqueraded server. xdp_quickly() returns it as a negative number below LEFT_FLOW, with the number
 * of the service or the destination (left_to), which is never 0. */
enum left { LEFT_NEW, LEFT_KNOWN, LEFT_REPLY, LEFT_BEGINNING };
#define LEFT_BITS 2
/* Or one of these, which have neither: what goes on into programs of its own; and a packet that may be for a local address (quick.h). */
#define LEFT_TUNNEL (-1)
#define LEFT_FULLNAT (-2)
#define LEFT_FLOW (-3)
static __always_inline int left_to(enum left what, __u32 id) { return -(int)(id << LEFT_BITS | what); }

static __always_inline int xdp_quickly(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct conf *c = the_conf();
  struct quick q;
  if (data + HEADERS_LEN > end) return XDP_PASS;
  if (unlikely(eth->h_proto != bpf_htons(ETHER_TYPE))) {
    xdp_enter_ipv6(ctx, eth);
    return XDP_PASS;
  }
  if (!c || !c->service_top || !quick_parse(data, end, &q.p)) return XDP_PASS; /* tc handles what is unusual */
  q.c = c;
  q.now = clock_now();
  __u32 service = service_of_target(&q.p);
  struct interface *i = interface_at(ctx->ingress_ifindex);
  if (!i || !mac_equal(eth->h_dest, i->mac)) return XDP_PASS;
  if (service) {
    int done = BRIDGING || is_unsummed(&q.p, data) ? QUICK_NO : quick_request(ctx, data, end, &q, service, i);
    if (likely(done >= 0)) return done;
    if (done == QUICK_TUNNEL) return LEFT_TUNNEL;
    if (done == QUICK_FULLNAT) return LEFT_FULLNAT;
    return left_to(done == QUICK_BEGINS ? LEFT_BEGINNING : done == QUICK_ABSENT ? LEFT_NEW : LEFT_KNOWN, service);
  }
  __u32 real = real_of_source(&q.p);
  if (!real) return XDP_PASS;
  int done = BRIDGING || is_unsummed(&q.p, data) ? QUICK_NO : quick_reply(data, end, &q, real, i->ifindex);
  if (likely(done >= 0)) return done;
  return done == QUICK_FLOW ? LEFT_FLOW : left_to(LEFT_REPLY, real);
}

static __always_inline int xdp_fully(struct xdp_md *ctx, __u32 left) {
  __u32 id = left >> LEFT_BITS;
  enum left what = left & ((1 << LEFT_BITS) - 1);
  if (what == LEFT_REPLY) return xdp_any_reply(ctx, id);
  int done = what == LEFT_KNOWN ? xdp_known_request(ctx, id) : QUICK_ABSENT;
  if (done == QUICK_ABSENT) done = xdp_new_request(id, what == LEFT_BEGINNING ? R_NONE : xdp_may_schedule(ctx, id));
  return done == QUICK_CHOSEN ? xdp_send_to(ctx) : done;
}

#define OF_IPV4 (ETHER_TYPE == ETH_P_IP)
/* What goes on into a program of its own. Where there is no such program, it goes on to tc. */
static __always_inline int xdp_enter(struct xdp_md *ctx, int left) {
  if (left == LEFT_FULLNAT) bpf_tail_call_static(ctx, &fullnat_xdp, OF_IPV4 ? FULLNAT_XDP_REQUEST : FULLNAT_XDP_REQUEST6);
  if (left == LEFT_TUNNEL) bpf_tail_call_static(ctx, &tunnel_xdp, OF_IPV4 ? TUNNEL_IPV4 : TUNNEL_IPV6);
  if (left == LEFT_FLOW) bpf_tail_call_static(ctx, &fullnat_xdp, OF_IPV4 ? FULLNAT_XDP_REPLY : FULLNAT_XDP_REPLY6);
  return XDP_PASS;
}

/* A packet of FULLNAT's server: where its flow is not found yet, that comes first, and leads back here. */
static __always_inline int xdp_flow(struct xdp_md *ctx) {
  int done = quick_flow(ctx);
  if (done != QUICK_FLOW) return done;
  bpf_tail_call_static(ctx, &fullnat_xdp, OF_IPV4 ? FULLNAT_XDP_REPLY : FULLNAT_XDP_REPLY6);
  return XDP_PASS;
}

/* What the quick path has left, to its end. */
static __always_inline int xdp_further(struct xdp_md *ctx, __u32 left) {
  if (left == -LEFT_FLOW) return xdp_flow(ctx);
  int done = xdp_fully(ctx, left);
  return likely(done >= 0) ? done : xdp_enter(ctx, LEFT_TUNNEL);
}

#ifdef IPV6
/* A program of its own: whole addresses take so much of the quick path's stack frame that the full one's chains of calls would not fit below
 * it. As a function the quick path would cost a fifth more. */
SEC("xdp")
int weir_xdp_full(struct xdp_md *ctx) {
  struct scratch *scratch = the_scratch();
  return scratch ? xdp_further(ctx, scratch->left) : XDP_PASS;
}

static __always_inline int xdp_go_on(struct xdp_md *ctx, __u32 left) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return XDP_PASS;
  scratch->left = left;
  bpf_tail_call_static(ctx, &ipv6_xdp, IPV6_XDP_FULL);
  return XDP_PASS;
}
#else
static __always_inline int xdp_go_on(struct xdp_md *ctx, __u32 left) { return xdp_further(ctx, left); }
#endif

SEC("xdp")
int weir_xdp(struct xdp_md *ctx) {
  int done = xdp_quickly(ctx);
  if (likely(done >= 0)) return done;
  if (done > LEFT_FLOW || (done == LEFT_FLOW && !has_flow())) return xdp_enter(ctx, done);
  return xdp_go_on(ctx, -done);
}

#endif
