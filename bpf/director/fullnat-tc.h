/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: packets of connections whose server sees a local address of the director in the place of the client's.
 *
 *   request   client -> VIP       the program that has the connection decides and counts; here it becomes   local -> server
 *   reply     server -> local     here it becomes   server -> client,   which the program that has the connection takes for a reply by NAT
 */
#ifndef WEIR_FULLNAT_TC_H
#define WEIR_FULLNAT_TC_H
#include "fullnat-held.h"

#include "packet-errors.h"

#ifndef REPORTS_CLIENTS
static __always_inline bool is_reported(struct packet *p, struct fullnat_work *work) { return false; }
static __always_inline int client_report(struct __sk_buff *skb, struct fullnat_work *work, __u32 mtu) { return 0; }
static __always_inline bool is_answer_changed(struct packet *p, struct fullnat_flow *f, struct fullnat_work *work) { return false; }
#endif

/* fullnat-fragment.h */
__noinline int fullnat_first(struct __sk_buff *skb);
__noinline int fullnat_later(struct __sk_buff *skb);
__noinline int fullnat_renumber(struct __sk_buff *skb);
__noinline int fullnat_noted(struct __sk_buff *skb, int done);

/* What differs of a family: reading the packet into the scratch space, which the program that entered this one has validated; the routes to a server and
 * back to a client, and the way to a server. */
#ifdef IPV6
static __always_inline enum parsed fullnat_parse(struct __sk_buff *skb, struct packet *p) { return tc_parse6(skb, p); }
static __always_inline enum hop_answer fullnat_hop(struct __sk_buff *skb, struct verdict *v, struct dest *d, struct route *w) {
  route_to(d->addr);
  return tc_hop(skb, v, d, address_fold(d->addr), 0, w);
}
static __always_inline __u32 route_back(const __u32 *client, const __u32 *vaddr) {
  route_between(client, vaddr);
  return address_hash(client);
}
static __always_inline __u32 route_source(const __u32 *vaddr) { return 0; }
static __always_inline int lower_hops(struct __sk_buff *skb, __u8 hops, __u8 protocol) { return tc_lower_hop_limit(skb, hops); }
static __always_inline int send_to_server(struct __sk_buff *skb, __u32 dest, enum hop_answer answer, struct route *w) {
  return tc_send(skb, answer, &w->hop, w->gateway);
}
static __always_inline __u32 server_exactly(struct packet *p) { return endpoint6_find(p->saddr6, p->saddr, p->sport, p->protocol, E_REAL6); }
static __always_inline __u32 server_of_all_ports(struct packet *p) { return endpoint6_find(p->saddr6, p->saddr, 0, 0, E_REAL_ALL6); }
#else
static __always_inline enum parsed fullnat_parse(struct __sk_buff *skb, struct packet *p) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  return parse_ipv4(data + ETH_LEN, end, p);
}
static __always_inline enum hop_answer fullnat_hop(struct __sk_buff *skb, struct verdict *v, struct dest *d, struct route *w) {
  return tc_hop(skb, v, d, d->addr[0], 0, w);
}
static __always_inline __u32 route_back(const __u32 *client, const __u32 *vaddr) { return client[0]; }
static __always_inline __u32 route_source(const __u32 *vaddr) { return vaddr[0]; }
static __always_inline int lower_hops(struct __sk_buff *skb, __u8 hops, __u8 protocol) { return tc_lower_ttl(skb, hops, protocol); }
static __always_inline int send_to_server(struct __sk_buff *skb, __u32 dest, enum hop_answer answer, struct route *w) {
  return tc_send_to(skb, dest, answer, &w->hop, w->gateway);
}
static __always_inline __u32 server_exactly(struct packet *p) { return exact_real(p->saddr, p->sport, p->protocol); }
static __always_inline __u32 server_of_all_ports(struct packet *p) { return wide_real(p->saddr); }
#endif

/* Reads a whole packet, or a first fragment with its ports. */
static __always_inline bool fullnat_read(struct __sk_buff *skb, struct packet *p) {
  enum parsed parsed = fullnat_parse(skb, p);
  if (likely(parsed == P_OK)) return has_ports(p);
  return parsed == P_FRAGMENT && fullnat_first(skb);
}

static __always_inline enum hop_answer hop_back(struct __sk_buff *skb, struct verdict *v, __u32 *client, __u32 *vaddr, struct route *w) {
  return tc_hop(skb, v, 0, route_back(client, vaddr), route_source(vaddr), w);
}

/* The virtual endpoint of the flow that the work names. False: its service is gone. */
static __always_inline bool virtual_read(struct fullnat_work *work, struct dest *d, __u32 *addr, __u16 *port) {
  if (work->wide) {
    __builtin_memcpy(addr, work->vaddr, FULLNAT_WORDS * sizeof(__u32));
    *port = work->vport;
    return true;
  }
  struct service *s = service_at(d->service);
  if (!s) return false;
  CHECKED(s);
  words_copy(addr, s->addr);
  *port = s->port;
  return true;
}

/* Local -> server, in the place of client -> VIP. */
static __always_inline bool fullnat_translate(struct __sk_buff *skb, struct packet *p, struct dest *d, struct fullnat_work *work) {
  struct fullnat_pool *pool = pool_at(work->pool);
  if (!pool || end_rewrite(skb, p, false, d->addr, work->server_port)) return false;
  return !end_rewrite(skb, p, true, pool->local, bpf_htons(work->port));
}

/* Has the connection a flow, or gets it one? TC_ACT_OK, or what becomes of the packet. */
static __always_inline int fullnat_flow(struct __sk_buff *skb, struct packet *p, struct fullnat_work *work) {
  int found = flow_find(p, work);
  if (found == FLOW_NONE) found = flow_make(skb, p, work);
  if (likely(found == FLOW_FOUND)) return TC_ACT_OK;
  return tc_drop(found == FLOW_GONE ? R_BUSY : R_NO_LOCAL_PORT);
}

/* The stack sends it: it comes by lo, where the director's own address may be the source. */
static __always_inline int fullnat_to_stack(struct __sk_buff *skb) {
  if (is_on_pair(skb)) skb->mark = 0;
  return tc_deliver(skb);
}

static __always_inline int fullnat_request(struct __sk_buff *skb, struct conf *c, struct packet *p, struct fullnat_work *work) {
  __u32 dest = work->dest;
  struct dest *d = dest_at(dest);
  struct route w = {};
  if (!d) return tc_drop(R_SHORT);
  CHECKED(d);
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .dest = dest, .d = d};
  bool policed = d->flags & D_POLICED; /* by a policy of IPsec: the stack sends it */
  enum hop_answer answer = unlikely(policed) ? HOP_LOCAL : fullnat_hop(skb, &v, d, &w);
  if (!policed && (answer == HOP_NONE || answer == HOP_LOCAL)) {
    count_reason(R_NO_ROUTE);
    return packet_unreachable(skb, p);
  }
  if (!policed && p->ttl <= 1) {
    count_reason(R_TTL);
    return packet_exceeded(skb, p);
  }
  bool large = !policed && is_too_big(skb, p, w.hop.mtu);
  if (unlikely(large) && p->dont_fragment) {
    count_reason(R_TOO_BIG);
    return packet_large(skb, p, w.hop.mtu);
  }
  int flow = fullnat_flow(skb, p, work);
  if (flow != TC_ACT_OK) return flow;
  if (unlikely(is_reported(p, work))) {
    int failed = client_report(skb, work, w.hop.mtu);
    if (failed) return tc_drop(failed);
  }
  bool cut = p->fragment || (!p->dont_fragment && (large || policed));
  if (unlikely(cut) && fullnat_renumber(skb)) return tc_drop(R_REDIRECT_FAILED);
  __u8 ttl = p->ttl, protocol = p->protocol;
  if (!fullnat_translate(skb, p, d, work)) return tc_drop(R_REDIRECT_FAILED);
  if (unlikely(large || policed)) return fullnat_to_stack(skb); /* which fragments, or applies the policy */
  if (lower_hops(skb, ttl, protocol)) return tc_drop(R_REDIRECT_FAILED);
  return send_to_server(skb, dest, answer, &w);
}

/* A request, or a later fragment in either direction. */
SEC("tc")
int weir_fullnat_request(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!c || !scratch || !work) return TC_ACT_SHOT;
  int quickly = fullnat_request_quickly(skb);
  if (likely(quickly != FULLNAT_SLOWLY)) return quickly;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  p->fragment = 0;
  if (unlikely(!fullnat_read(skb, p))) return is_later(p) ? fullnat_later(skb) : tc_drop(R_SHORT);
  int done = fullnat_request(skb, c, p, work);
  return unlikely(p->fragment) ? fullnat_noted(skb, done) : done;
}

#define FULLNAT_HELD 1
#define SERVERS_ASKED 64 /* destinations with one endpoint */

/* Of the destinations with one endpoint: does one of FULLNAT live? A global function, so that its loop is verified once. */
__noinline int has_fullnat(__u32 first) {
#pragma clang loop unroll(disable)
  for (int i = 0; first && i < SERVERS_ASKED; i++) {
    struct dest *d = dest_at(first);
    if (!d) return false;
    if (READ(d->state) == LIVE && d->flags & D_FULLNAT) return true;
    first = READ(d->next_same);
  }
  return false;
}

/* A server's segment for a local address that is of no flow: the stack would answer it by an RST, which ends the connection at its server. In a grace period
 * (grace.h) it is dropped, but for what begins or ends a connection, and what a socket of the director itself waits for. A global function, since it is
 * rarely called. */
__noinline int fullnat_held(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (likely(!fullnat_waits(c, p))) return false;
  if (!has_fullnat(server_exactly(p)) && !has_fullnat(server_of_all_ports(p))) return false;
  __u32 pool = pool_of_pair(source_of(p), target_of(p), p->sport, p->protocol);
  if (!pool) pool = pool_of_pair(source_of(p), target_of(p), 0, 0);
  struct fullnat_pool *of = pool ? pool_at(pool) : 0;
  return of && !has_socket(skb, of, bpf_ntohs(p->dport), p->protocol, p->sport);
}

/* Finds the flow of a reply and gives it its client's address. FULLNAT_UNKNOWN: it is of none; FULLNAT_HELD: of none, in a grace period. 0: it cannot be
 * changed. */
static __always_inline __u32 fullnat_reply(struct __sk_buff *skb, struct packet *p, struct fullnat_work *work) {
  FULLNAT_ADDRESS(client);
  if (!fullnat_read(skb, p)) return FULLNAT_UNKNOWN;
  struct fullnat_flow *f = flow_answered(source_of(p), target_of(p), p->sport, bpf_ntohs(p->dport), p->protocol, work);
  if (!f) return unlikely(fullnat_held(skb)) ? FULLNAT_HELD : FULLNAT_UNKNOWN;
  __u32 word = READ(f->word), dest = READ(f->dest);
  words_copy(client, f->client);
  barrier();
  if (flow_state(word) != FLOW_LIVE || READ(f->word) != word) return FULLNAT_UNKNOWN;
  work->dest = dest;
  if (!is_pool_of(work)) return FULLNAT_UNKNOWN;
  words_copy(work->local, target_of(p));
  work->answers = is_answer_changed(p, f, work);
  return end_rewrite(skb, p, false, client, word) ? 0 : FULLNAT_TRANSLATED;
}

/* Goes back to the program on the links: with its client's address, or as it came. */
SEC("tc")
int weir_fullnat_reply(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!scratch || !work) return TC_ACT_UNSPEC;
  int quickly = fullnat_reply_quickly(skb);
  if (likely(quickly != FULLNAT_SLOWLY)) return quickly;
  CHECKED(scratch);
  CHECKED(work);
  struct packet *p = &scratch->packet;
  __u32 found = fullnat_reply(skb, p, work);
  if (unlikely(found == FULLNAT_HELD)) {
    fullnat_hold(p, work);
    found = FULLNAT_UNKNOWN;
  }
  if (unlikely(!found)) return p->fragment ? fullnat_noted(skb, tc_drop(R_REDIRECT_FAILED)) : tc_drop(R_REDIRECT_FAILED);
  skb->cb[ORIGIN_CB] = found;
  bpf_tail_call_static(skb, &fullnat_entries, FULLNAT_RETURN);
  return TC_ACT_UNSPEC;
}

#endif
