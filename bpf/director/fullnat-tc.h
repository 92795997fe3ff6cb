/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: packets of connections whose server sees a local address of the director in the place of the client's.
 *
 *   request   client -> VIP       the program on the links decides and counts; here it becomes   local -> server
 *   reply     server -> local     here it becomes   server -> client,   which the program on the links takes for a reply by NAT
 */
#ifndef WEIR_FULLNAT_TC_H
#define WEIR_FULLNAT_TC_H

#include "packet-errors.h"

/* Reads the packet's headers into the scratch space. The program that entered this one has made them readable, and has validated them. */
static __always_inline bool fullnat_read(struct __sk_buff *skb, struct packet *p) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  return parse_ipv4(data + ETH_LEN, end, p) == P_OK;
}

static __always_inline bool rewrite_end(struct __sk_buff *skb, struct packet *p, bool source, __u32 addr, __u16 port) {
  struct rewrite r;
  rewrite_of(&r, p, source, addr, port);
  return !tc_translate(skb, &r);
}

/* Local -> server, in the place of client -> VIP. */
static __always_inline bool fullnat_translate(struct __sk_buff *skb, struct packet *p, struct dest *d, struct fullnat_work *work) {
  struct fullnat_pool *pool = pool_at(work->pool);
  if (!pool) return false;
  __u32 local = READ(pool->local);
  __u16 port = bpf_htons(work->port);
  return rewrite_end(skb, p, false, d->addr[0], d->port) && rewrite_end(skb, p, true, local, port);
}

/* Has the connection a flow, or gets it one? TC_ACT_OK, or what becomes of the packet. */
static __always_inline int fullnat_flow(struct __sk_buff *skb, struct packet *p, struct fullnat_work *work) {
  int found = flow_find(p, work);
  if (found == FLOW_NONE) found = flow_make(skb, p, work);
  if (likely(found == FLOW_FOUND)) return TC_ACT_OK;
  return tc_drop(found == FLOW_GONE ? R_BUSY : R_NO_LOCAL_PORT);
}

static __always_inline int fullnat_request(struct __sk_buff *skb, struct conf *c, struct packet *p, struct fullnat_work *work) {
  __u32 dest = work->dest;
  struct dest *d = dest_at(dest);
  struct route w = {};
  if (!d || !fullnat_read(skb, p)) return tc_drop(R_SHORT);
  CHECKED(d);
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .dest = dest, .d = d};
  enum hop_answer answer = tc_hop(skb, &v, d, d->addr[0], 0, &w);
  if (answer == HOP_NONE || answer == HOP_LOCAL) {
    count_reason(R_NO_ROUTE);
    return packet_unreachable(skb, p);
  }
  if (p->ttl <= 1) {
    count_reason(R_TTL);
    return packet_exceeded(skb, p);
  }
  bool large = is_too_big(skb, p, w.hop.mtu);
  if (unlikely(large) && p->dont_fragment) {
    count_reason(R_TOO_BIG);
    return packet_large(skb, p, w.hop.mtu);
  }
  int flow = fullnat_flow(skb, p, work);
  if (flow != TC_ACT_OK) return flow;
  __u8 ttl = p->ttl, protocol = p->protocol;
  if (!fullnat_translate(skb, p, d, work)) return tc_drop(R_REDIRECT_FAILED);
  if (large) return tc_deliver(skb); /* the stack fragments: by lo, where its own address may be the source */
  if (tc_lower_ttl(skb, ttl, protocol)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send_to(skb, dest, answer, &w.hop, w.gateway);
}

SEC("tc")
int weir_fullnat_request(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!c || !scratch || !work) return TC_ACT_SHOT;
  CHECKED(scratch);
  return fullnat_request(skb, c, &scratch->packet, work);
}

/* Finds the flow of a reply and gives it its client's address. False: it is of none. */
static __always_inline bool fullnat_reply(struct __sk_buff *skb, struct packet *p, struct fullnat_work *work) {
  if (!fullnat_read(skb, p)) return false;
  struct fullnat_ends ends = {.server = p->saddr, .local = p->daddr, .server_port = p->sport, .protocol = p->protocol};
  __u32 *pool = bpf_map_lookup_elem(&fullnat_ends, &ends);
  if (!pool) return false;
  __u32 which = *pool, port = bpf_ntohs(p->dport);
  void *flows = bpf_map_lookup_elem(&fullnat_flows, &which);
  struct fullnat_flow *f = flows ? bpf_map_lookup_elem(flows, &port) : 0;
  if (!f) return false;
  __u32 word = READ(f->word), client = READ(f->client), dest = READ(f->dest);
  if (flow_state(word) != FLOW_LIVE || READ(f->word) != word) return false;
  work->dest = dest;
  work->pool = which;
  work->port = port;
  work->local = p->daddr;
  return rewrite_end(skb, p, false, client, word);
}

/* Goes back to the program on the links: with its client's address, or as it came. */
SEC("tc")
int weir_fullnat_reply(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!scratch || !work) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  skb->cb[FULLNAT_CB] = fullnat_reply(skb, &scratch->packet, work) ? FULLNAT_TRANSLATED : FULLNAT_UNKNOWN;
  bpf_tail_call(skb, &fullnat_tc, FULLNAT_RETURN);
  return TC_ACT_UNSPEC;
}

#endif
