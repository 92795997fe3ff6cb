/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: plain packets of connections whose flow is leased (fullnat-lease.h), or whose reply leaves its flow as it is: both ends are written by one call, as
 * tc_forward() writes one. Of IPv4. What is not plain takes the full way, from the start. */
#ifndef WEIR_FULLNAT_QUICK_H
#define WEIR_FULLNAT_QUICK_H

#include "flow-plain.h"

#define FULLNAT_SLOWLY (-2) /* no action of tc */

#define FLOW_PROVEN(of) ((V_PROVEN | (__u64)(of) << V_STATE_SHIFT) >> 32)
/* Is it a segment, or a datagram, that changes no state of an established connection? */
static __always_inline bool goes_on_plainly(struct packet *p) {
  return p->protocol != IPPROTO_TCP || (p->flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) == FLAG_ACK;
}
/* Does a reply leave its flow as it is, and so its connection, too? They have one expiry and one state. */
static __always_inline bool is_reply_plain(struct conf *c, struct packet *p, struct fullnat_flow *f, __u32 now) {
  bool tcp = p->protocol == IPPROTO_TCP;
  __u32 state = READ(f->state), until = READ(f->until), timeout = tcp ? READ(c->tcp_timeout[S_ESTABLISHED]) : READ(c->udp_timeout);
  if (!goes_on_plainly(p)) return false;
  if (tcp ? state != FLOW_PROVEN(S_ESTABLISHED) : (state | V_PROVEN >> 32) != FLOW_PROVEN(S_UDP)) return false;
  return !v_expired(until, now) && is_recent(until, now, timeout);
}

/* The number of the pool that a packet is for, from a server with this destination: of its first pools each is looked at. */
#define POOLS_TRIED 4
static __always_inline __u32 pool_of_reply(struct packet *p, __u32 dest) {
  struct fullnat_dest *has = bpf_map_lookup_elem(&fullnat_dests, &dest);
  if (!has) return 0;
  CHECKED(has);
#pragma clang loop unroll(full)
  for (int k = 0; k < POOLS_TRIED; k++) {
    __u32 number = READ(has->pool[k]);
    struct fullnat_pool *pool = number ? pool_at(number) : 0;
    if (!pool) break;
    bool fits = pool->server_port == p->sport && pool->protocol == p->protocol;
    if (fits && words_equal(pool->local, target_of(p)) && words_equal(pool->server, source_of(p))) return number;
  }
  return pool_of_pair(source_of(p), target_of(p), p->sport, p->protocol);
}

#if defined(IPV6) || defined(SCTP)
static __always_inline int fullnat_request_quickly(struct __sk_buff *skb) { return FULLNAT_SLOWLY; }
static __always_inline int fullnat_reply_quickly(struct __sk_buff *skb) { return FULLNAT_SLOWLY; }
#else
/* Reads what the program that entered this one has validated. False: it is not plain. */
static __always_inline bool plain_read(struct __sk_buff *skb, struct packet *p) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  __u32 *ip = data + ETH_LEN;
  if (data + ETH_LEN + IP_LEN + 20 > end) return false;
  __u32 first = ip[0], third = ip[2], ports = ip[5];
  p->ttl = third;
  p->protocol = third >> 8;
  if ((first & 0xff) != 0x45 || ip[1] & bpf_htonl(0x3fff) || p->ttl <= 1 || !(first >> 16)) return false;
  p->saddr = ip[3];
  p->daddr = ip[4];
  p->length = bpf_ntohs(first >> 16);
  p->bytes = skb->gso_size ? skb->len - ETH_LEN : p->length;
  p->header = IP_LEN;
  p->sport = ports;
  p->dport = ports >> 16;
  p->flags = p->protocol == IPPROTO_TCP ? ((__u8 *)ip)[IP_LEN + 13] : 0;
  if (p->protocol == IPPROTO_UDP) return !lacks_sum(p, ip + 5);
  return p->protocol == IPPROTO_TCP;
}

/* What a checksum changes by where two words become others, as helpers take it. */
static __always_inline __u32 words_change(__u32 was, __u32 is, __u32 other_was, __u32 other_is) {
  __u64 sum = (__u64)(__u32)~was + is + (__u32)~other_was + other_is;
  sum = (__u32)sum + (sum >> 32);
  return sum + (sum >> 32);
}

static __always_inline int ends_forward(struct __sk_buff *skb, struct packet *p, struct hop *h, __u32 saddr, __u16 sport, __u32 daddr, __u16 dport) {
  void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
  struct scratch *scratch = the_scratch();
  if (!scratch || data + ETH_LEN + IP_LEN > end) return tc_drop(R_REDIRECT_FAILED);
  __u32 *ip = data + ETH_LEN, *to = scratch->head + 4, ports = sport | (__u32)dport << 16;
  __u32 change = sum_change16(0, bpf_htons(p->ttl << 8), bpf_htons((p->ttl - 1) << 8));
  change = sum_change32(sum_change32(change, p->saddr, saddr), p->daddr, daddr);
  copy_macs(scratch->head_macs, h->dmac);
  scratch->head_type = bpf_htons(ETH_P_IP);
  to[0] = ip[0];
  to[1] = ip[1];
  to[2] = (__u32)(p->ttl - 1) | p->protocol << 8 | (__u32)sum_apply(ip[2] >> 16, change) << 16;
  to[3] = saddr;
  to[4] = daddr;
  to[5] = ports;
  bool tcp = p->protocol == IPPROTO_TCP;
  __u32 check_at = ETH_LEN + IP_LEN + (tcp ? 16 : 6);
  __u64 udp = tcp ? 0 : BPF_F_MARK_MANGLED_0;
  long rc = bpf_skb_store_bytes(skb, 0, scratch->head_macs, ETH_LEN + IP_LEN + 4, 0);
  rc |= bpf_l4_csum_replace(skb, check_at, 0, words_change(p->saddr, saddr, p->daddr, daddr), BPF_F_PSEUDO_HDR | udp);
  rc |= bpf_l4_csum_replace(skb, check_at, 0, words_change(p->sport | (__u32)p->dport << 16, ports, 0, 0), udp);
  return rc ? tc_drop(R_REDIRECT_FAILED) : tc_redirect(skb, h);
}

/* A request, which has been counted. A global function, with its own stack frame. */
__noinline int fullnat_request_quickly(struct __sk_buff *skb) {
  struct fullnat_work *work = the_fullnat_work();
  struct conf *c = the_conf();
  struct packet p;
  struct hop h;
  __u32 place = 0;
  if (!skb || !work || !c || work->wide || !plain_read(skb, &p) || !goes_on_plainly(&p)) return FULLNAT_SLOWLY;
  struct dest *d = dest_at(work->dest);
  if (!d || d->flags & D_POLICED) return FULLNAT_SLOWLY;
  CHECKED(d);
  struct fullnat_pool *pool = leased_pool(conn_key(p.saddr, p.sport, d->service), &p.saddr, work, d, &place);
  if (!pool || !hop_read(&d->hop, d->addr[0], clock_now(), c->fresh_for, &h) || h.flags & NH_LOCAL || is_too_big(skb, &p, h.mtu)) return FULLNAT_SLOWLY;
  CHECKED(pool);
  return ends_forward(skb, &p, &h, pool->local[0], bpf_htons((__u16)place), d->addr[0], d->port);
}

/* A reply of this flow: server -> local becomes virtual endpoint -> client. */
static __always_inline int flow_reply_quickly(struct __sk_buff *skb, struct conf *c, struct packet *p, struct fullnat_flow *f) {
  __u32 word = READ(f->word), dest = READ(f->dest), client = READ(f->client[0]), now = clock_now();
  struct hop h;
  barrier();
  if (!is_reply_plain(c, p, f, now)) return FULLNAT_SLOWLY;
  struct dest *d = flow_plain_dest(p, f, word, dest, skb->ingress_ifindex);
  if (!d) return FULLNAT_SLOWLY;
  CHECKED(d);
  struct service *s = service_at(d->service);
  if (!s || !hop_of_client(c, client, s->addr[0], now, &h) || h.flags & NH_LOCAL || is_too_big(skb, p, h.mtu)) return FULLNAT_SLOWLY;
  CHECKED(s);
  count_bytes(d, dest, p->bytes, true);
  return ends_forward(skb, p, &h, s->addr[0], s->port, client, word);
}

/* A packet of a server with the destination that the work names. A global function, with its own stack frame. */
__noinline int fullnat_reply_quickly(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  struct fullnat_work *work = the_fullnat_work();
  struct packet p;
  if (!skb || !c || !work || !plain_read(skb, &p)) return FULLNAT_SLOWLY;
  __u32 pool = pool_of_reply(&p, work->dest);
  struct fullnat_flow *f = pool ? flow_at(pool, bpf_ntohs(p.dport)) : 0;
  if (!f) return FULLNAT_SLOWLY;
  CHECKED(f);
  return flow_reply_quickly(skb, c, &p, f);
}
#endif

#endif
