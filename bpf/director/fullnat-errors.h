/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: ICMP errors about connections whose server knows no clients. Both ends change, of the error and of what it quotes.
 *
 *   about a reply      any -> VIP, quoting VIP -> client          becomes   local -> server, quoting server -> local
 *   about a request    any -> local, quoting local -> server      becomes   VIP -> client, quoting client -> VIP
 *
 * The first ones the program that has the connection has found, validated and counted. */
#ifndef WEIR_FULLNAT_ERRORS_H
#define WEIR_FULLNAT_ERRORS_H

#define IP_MTU_MIN 68
#define IP6_MTU_MIN 1280

/* An error, and the two ends of what it quotes. */
struct fullnat_error {
  FULLNAT_ADDRESS(from);
  FULLNAT_ADDRESS(to);
  __u16 sport;
  __u16 dport;
  __u8 protocol;
  __u8 ttl;
  __u32 length; /* of the whole packet */
#ifndef IPV6
  __u32 outer_from;
  struct related r;
#endif
};

#ifdef IPV6
static __always_inline bool error_read(struct __sk_buff *skb, struct packet *p, struct fullnat_error *e) {
  if (tc_parse6(skb, p) != P_OTHER || p->protocol != NEXT_ICMPV6 || p->fragment) return false;
  if (!related_read6(skb, p, ETH_LEN) || p->flags & QUOTES_IPSEC) return false;
  words_copy(e->from, p->saddr6);
  words_copy(e->to, p->daddr6);
  e->sport = p->sport;
  e->dport = p->dport;
  e->protocol = p->protocol;
  e->ttl = p->ttl;
  e->length = p->length;
  return true;
}
static __always_inline bool comes_from_side(struct __sk_buff *skb, __u32 dest, __u32 *client) { return tc_server_side6(skb, dest, (struct address *)client); }
/* The kernel forwards nothing from a link-local address (related6.h). */
static __always_inline bool is_of_link(struct __sk_buff *skb) {
  __u32 first = 0;
  return bpf_skb_load_bytes(skb, SADDR6_AT, &first, sizeof first) || is_link_local(&first);
}
/* Where its message begins; 0: nowhere. */
static __always_inline __u32 error_at(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  return scratch ? ETH_LEN + scratch->packet.header : 0;
}
static __always_inline int error_validate(struct __sk_buff *skb, struct packet *p, struct fullnat_error *e) {
  return related_validate6(skb, p->header, p->length);
}
/* Another target, and source of what it quotes (inbound); or the other ones. 0 or an error. */
static __always_inline int error_rewrite(struct __sk_buff *skb, struct packet *p, struct fullnat_error *e, bool inbound, const __u32 *addr, __u16 port) {
  struct whole_addresses *whole = the_whole();
  if (!whole) return -1;
  address_copy(whole->as, addr);
  return related_translate6(skb, inbound, ETH_LEN + p->header, port);
}
#else
static __always_inline bool error_read(struct __sk_buff *skb, struct packet *p, struct fullnat_error *e) {
  struct iphdr ip;
  struct quoted q;
  if (bpf_skb_load_bytes(skb, ETH_LEN, &ip, sizeof ip) || ip.ihl < 5) return false;
  __u32 icmp = ETH_LEN + ip.ihl * 4;
  if (!quote_read(skb, icmp, &q) || !is_of_build(q.ip.protocol)) return false;
  e->r = (struct related){.ip = ETH_LEN, .icmp = icmp, .length = bpf_ntohs(ip.tot_len) - ip.ihl * 4, .header = q.ip.ihl * 4};
  e->from[0] = q.ip.saddr;
  e->to[0] = q.ip.daddr;
  e->sport = q.sport;
  e->dport = q.dport;
  e->protocol = q.ip.protocol;
  e->ttl = ip.ttl;
  e->length = bpf_ntohs(ip.tot_len);
  e->outer_from = ip.saddr;
  return true;
}
static __always_inline bool comes_from_side(struct __sk_buff *skb, __u32 dest, __u32 *client) { return tc_server_side(skb, dest, client[0]); }
static __always_inline bool is_of_link(struct __sk_buff *skb) { return false; }
/* Where its message begins; 0: nowhere. */
static __always_inline __u32 error_at(struct __sk_buff *skb) {
  __u8 first;
  return bpf_skb_load_bytes(skb, ETH_LEN, &first, sizeof first) ? 0 : ETH_LEN + (first & 15) * 4;
}
static __always_inline int error_validate(struct __sk_buff *skb, struct packet *p, struct fullnat_error *e) { return related_validate(skb, &e->r); }
static __always_inline int error_rewrite(struct __sk_buff *skb, struct packet *p, struct fullnat_error *e, bool inbound, const __u32 *addr, __u16 port) {
  struct related *r = &e->r;
  r->inbound = inbound;
  r->outer_was = inbound ? e->from[0] : e->outer_from; /* who an error is for has sent what it quotes */
  r->quoted_was = inbound ? e->from[0] : e->to[0];
  r->port_was = inbound ? e->sport : e->dport;
  r->addr = addr[0];
  r->port = port;
  return related_translate(skb, r);
}
#endif

/* About a reply: on to the server. One without a flow is left to the stack. */
static __always_inline int fullnat_error_in(struct __sk_buff *skb, struct conf *c, struct packet *p, struct fullnat_work *work) {
  __u32 dest = work->dest;
  struct dest *d = dest_at(dest);
  struct fullnat_error e;
  struct fullnat_client key;
  struct route w = {};
  if (!d || !error_read(skb, p, &e)) return TC_ACT_UNSPEC;
  CHECKED(d);
  client_key(&key, work, e.to, e.dport, e.from, e.sport, e.protocol);
  struct fullnat_flow *f = flow_place(&key, work);
  struct fullnat_pool *pool = f && flow_is_of(f, &key) && is_pool_of(work) ? pool_at(work->pool) : 0;
  if (!pool) return TC_ACT_UNSPEC;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .dest = dest, .d = d};
  bool policed = d->flags & D_POLICED; /* by a policy of IPsec: the stack sends it */
  enum hop_answer answer = unlikely(policed) ? HOP_READY : fullnat_hop(skb, &v, d, &w);
  if (answer == HOP_NONE || answer == HOP_LOCAL || e.ttl <= 1) return TC_ACT_UNSPEC;
  if (error_rewrite(skb, p, &e, true, d->addr, work->server_port)) return tc_drop(R_REDIRECT_FAILED);
  if (error_rewrite(skb, p, &e, false, pool->local, bpf_htons(work->port))) return tc_drop(R_REDIRECT_FAILED);
  if (unlikely(policed)) return fullnat_to_stack(skb);
  if (lower_hops(skb, e.ttl, IPPROTO_ICMP)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w.hop, w.gateway);
}

SEC("tc")
int weir_fullnat_error_in(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!c || !scratch || !work) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  return fullnat_error_in(skb, c, &scratch->packet, work);
}

#ifdef REPORTS_CLIENTS
/* Where the segments of the flow that the work names get TOA as yet, an error about one leaves room for it in the MTU that it names. 0 or an error. A
 * global function that looks up all of it once more: its caller has little stack left. */
__noinline int error_leave_room(struct __sk_buff *skb) {
  __u32 icmp = error_at(skb);
  struct fullnat_work *work = the_fullnat_work();
  struct fullnat_flow *f = work ? flow_at(work->pool, work->port) : 0;
  if (!f || !icmp || READ(f->how) != CLIENT_TOA) return 0;
#ifdef IPV6
  __u32 was, is;
  __u8 type;
  if (bpf_skb_load_bytes(skb, icmp, &type, sizeof type) || bpf_skb_load_bytes(skb, icmp + 4, &was, sizeof was)) return -1;
  if (type != ICMP6_TOO_BIG || bpf_ntohl(was) < IP6_MTU_MIN + TOA_LEN) return 0;
  is = bpf_htonl(bpf_ntohl(was) - TOA_LEN);
  return bpf_l4_csum_replace(skb, icmp + 2, was, is, 4) || bpf_skb_store_bytes(skb, icmp + 4, &is, sizeof is, 0) ? -1 : 0;
#else
  __u16 kind, was, is;
  if (bpf_skb_load_bytes(skb, icmp, &kind, sizeof kind) || bpf_skb_load_bytes(skb, icmp + 6, &was, sizeof was)) return -1;
  if (kind != bpf_htons(ICMP_UNREACHABLE << 8 | ICMP_FRAG) || bpf_ntohs(was) < IP_MTU_MIN + TOA_LEN) return 0;
  is = bpf_htons(bpf_ntohs(was) - TOA_LEN);
  return bpf_l4_csum_replace(skb, icmp + 2, was, is, 2) || bpf_skb_store_bytes(skb, icmp + 6, &is, sizeof is, 0) ? -1 : 0;
#endif
}
#endif

/* About a request: on to the client. */
static __always_inline int fullnat_error_out(struct __sk_buff *skb, struct conf *c, struct packet *p, struct fullnat_work *work) {
  struct fullnat_error e;
  struct route w = {};
  FULLNAT_ADDRESS(client);
  FULLNAT_ADDRESS(vaddr);
  __u16 vport;
  if (!error_read(skb, p, &e)) return TC_ACT_UNSPEC;
  struct fullnat_flow *f = flow_answered(e.to, e.from, e.dport, bpf_ntohs(e.sport), e.protocol, work);
  if (!f) return TC_ACT_UNSPEC;
  __u32 dest = READ(f->dest);
  __u16 cport = READ(f->word);
  words_copy(client, f->client);
  struct dest *d = dest_at(dest);
  if (!d) return TC_ACT_UNSPEC;
  CHECKED(d);
  if (!virtual_read(work, d, vaddr, &vport) || !comes_from_side(skb, dest, client)) return TC_ACT_UNSPEC;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .dest = dest, .d = d};
  enum hop_answer answer = d->flags & D_POLICED_BACK ? HOP_LOCAL : hop_back(skb, &v, client, vaddr, &w);
  if (answer != HOP_LOCAL && is_of_link(skb)) return TC_ACT_UNSPEC;
  int valid = error_validate(skb, p, &e);
  if (valid != TC_ACT_OK) return valid;
  if (e.ttl > 1) count_bytes(d, dest, e.length, true);
  if (answer == HOP_NONE || e.ttl <= 1) return TC_ACT_UNSPEC;
  if (error_rewrite(skb, p, &e, true, client, cport)) return tc_drop(R_REDIRECT_FAILED);
  if (error_rewrite(skb, p, &e, false, vaddr, vport)) return tc_drop(R_REDIRECT_FAILED);
#ifdef REPORTS_CLIENTS
  if (error_leave_room(skb)) return tc_drop(R_REDIRECT_FAILED);
#endif
  if (answer == HOP_LOCAL) return tc_pass_back(skb, dest);
  if (lower_hops(skb, e.ttl, IPPROTO_ICMP)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w.hop, w.gateway);
}

SEC("tc")
int weir_fullnat_error_out(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!c || !scratch || !work) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  return fullnat_error_out(skb, c, &scratch->packet, work);
}

#endif
