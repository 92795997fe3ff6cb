/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP's quick path for packets of FULLNAT: a request whose client has a lease (fullnat-lease.h), which is written right here; any other one, which a program
 * of FULLNAT sends on (fullnat-xdp.h); and a reply, which comes back from there with its flow. */
#ifndef WEIR_QUICK_FLOW_H
#define WEIR_QUICK_FLOW_H

#include "flow-plain.h"
#include "lease.h"

/* The program that gives the client a local address counts the packet. */
static __always_inline int quick_fullnat_elsewhere(struct quick_found *f, __u16 port) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work) return QUICK_NO;
  fullnat_carry(work, v_dest(f->value), (f->value >> 32 << 32) | (__u32)READ(f->slot->value), port); /* as it expires now */
  return QUICK_FULLNAT;
}

#ifdef IPV6
static __always_inline int quick_fullnat(void *data, void *end, struct quick *q, struct quick_found *f, __u64 key, struct dest *d) {
  quick_touch(q, f, false);
  return quick_fullnat_elsewhere(f, d->port);
}
#else
/* As quick_leases, for the pools. */
TABLES(quick_pools, 1, struct fullnat_pool, FULLNAT_POOLS);

/* What is known of a request's flow; 0: nothing. */
static __always_inline __u64 quick_lease(struct quick *q, __u64 key) {
  struct fullnat_lease_set *set = quick_lease_set(q->hash);
  return set ? lease_word_in(set, key, 0) : 0;
}
static __always_inline struct fullnat_pool *quick_pool(__u32 pool) {
  __u32 at = 0;
  void *pools = bpf_map_lookup_elem(&quick_pools, &at);
  at = pool;
  struct fullnat_pool *p = pools ? bpf_map_lookup_elem(pools, &at) : 0;
  return p && READ(p->family) == PACKET_FAMILY ? p : 0;
}

static __always_inline int quick_fullnat(void *data, void *end, struct quick *q, struct quick_found *f, __u64 key, struct dest *d) {
  __u64 word = quick_touch(q, f, false) ? 0 : quick_lease(q, key);
  struct fullnat_pool *p = quick_pool((word & LEASE_PLACE) >> 16);
  if (!p) return quick_fullnat_elsewhere(f, d->port);
  CHECKED(p);
  if (!is_leased(word, f->value, p, d)) return quick_fullnat_elsewhere(f, d->port);
  __u32 ifindex = quick_hop(q, data, &d->hop, d->addr[0]);
  if (!ifindex) return XDP_PASS;
  xdp_rewrite_ends(&q->p, data, end, p->local, bpf_htons((__u16)word), d->addr, d->port);
  quick_count(q, v_dest(f->value), false);
  return bpf_redirect(ifindex, 0);
}
#endif

/* A packet of a server that sees local addresses. */
static __always_inline int quick_flow_of(__u32 dest) {
  struct fullnat_work *work = the_fullnat_work();
  if (work) work->dest = dest;
  return QUICK_FLOW;
}

/* Has such a packet come back with the place of its flow? */
static __always_inline bool has_flow(void) {
  struct fullnat_found *found = the_fullnat_found();
  return found && found->place;
}

/* The flow of a reply for a local address, where it comes back with its place. QUICK_FLOW: the place is to be found. XDP_PASS: tc looks closer. */
static __always_inline int quick_flow_find(struct packet *p, struct fullnat_flow **f) {
  struct fullnat_found *found = the_fullnat_found();
  if (!found) return XDP_PASS;
  __u32 place = found->place;
  if (!place || (place & 0xffff) != bpf_ntohs(p->dport) || !words_equal(found->local, packet_target(p))) return QUICK_FLOW;
  found->place = 0;
  *f = flow_at(place >> 16, place & 0xffff);
  return XDP_PASS;
}

/* The reply to a local address: server -> local becomes virtual endpoint -> client. QUICK_FLOW: its flow is to be found first. A function, so that other
 * packets have no part in its stack frame; so it reads the packet again. */
__noinline int quick_flow(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct fullnat_flow *f = 0;
  struct quick_found has;
  struct quick q;
  FULLNAT_ADDRESS(client);
  q.c = the_conf();
  q.now = clock_now();
  if (!q.c || !quick_parse(data, end, &q.p)) return XDP_PASS;
  int done = quick_flow_find(&q.p, &f);
  if (!f) return done;
  CHECKED(f);
  __u32 word = READ(f->word), dest = READ(f->dest);
  words_copy(client, f->client);
  barrier();
  struct dest *d = flow_plain_dest(&q.p, f, word, dest, ctx->ingress_ifindex);
  if (!d) return XDP_PASS; /* tc has more to do */
  CHECKED(d);
  __u64 key = conn_key(words_key(client), word, d->service);
  struct conn_bucket *b = bucket_at(conn_hash(key));
  if (!b) return XDP_PASS;
  CHECKED(b);
  quick_find(b, key, QUICK_EXACT, client, &has);
  if (v_method(has.value) != M_MASQ || v_dest(has.value) != dest || !quick_value(&q, has.value, true)) return XDP_PASS;
  struct service *s = service_at(d->service);
  if (!s) return XDP_PASS;
  CHECKED(s);
  __u32 ifindex = quick_to_client(&q, data, client, words_key(client), s);
  if (!ifindex) return XDP_PASS;
  xdp_rewrite_ends(&q.p, data, end, s->addr, s->port, client, word);
  quick_touch(&q, &has, true);
  __u64 value = READ(has.slot->value);
  if (v_dest(value) == dest) flow_extend(f, value);
  quick_count(&q, dest, true);
  return bpf_redirect(ifindex, 0);
}

#endif
