/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP: plain packets of connections whose server sees a local address, as fullnat-tc.h has them. XDP's program on the links has validated them. What needs
 * more than two other ends and a hop goes on to tc, uncounted and unchanged.
 *
 *   request   client -> VIP       the program on the links has found the connection; here it becomes   local -> server
 *   reply     server -> local     here its flow is found; the program on the links makes it   VIP -> client   (quick-flow.h)
 */
#ifndef WEIR_FULLNAT_XDP_H
#define WEIR_FULLNAT_XDP_H

/* May a request go on by XDP? Else tc has it, which looks at its size before its flow. */
static __always_inline bool hop_takes(struct packet *p, struct fullnat_work *work, struct conf *c) {
  struct dest *d = dest_at(work->dest);
  struct hop h;
  if (!d) return false;
  CHECKED(d);
  return hop_read(&d->hop, address_word(d->addr), clock_now(), c->fresh_for, &h) && h.flags & NH_XDP && (!h.mtu || p->length <= h.mtu);
}

/* The place of a request's flow, which lives on. 0: it has none yet, or its server is to know its client. A global function, with its own stack frame,
 * for what is not leased. */
__noinline int flow_go_on(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct fullnat_work *work = the_fullnat_work();
  struct conf *c = the_conf();
  struct fullnat_client client;
  struct packet p;
  if (!work || !c || !quick_reparse(data, end, &p) || !hop_takes(&p, work, c)) return 0;
  client_of(&client, &p, work);
  struct fullnat_flow *f = flow_place(&client, work);
  if (!f || work->report || !is_pool_of(work) || !flow_is_of(f, &client) || !flow_renew(f, &client, c, work)) return 0;
  flow_note(f, &client, c, work);
  return work->pool << 16 | work->port;
}

SEC("xdp")
int weir_fullnat_xdp_request(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct fullnat_work *work = the_fullnat_work();
  struct quick q;
  q.c = the_conf();
  q.now = clock_now();
  if (!work || !q.c || !quick_reparse(data, end, &q.p)) return XDP_PASS;
  __u32 dest = work->dest, place = 0;
  struct dest *d = dest_at(dest);
  if (!d) return XDP_PASS;
  CHECKED(d);
  struct fullnat_pool *pool = leased_pool(conn_key(q.p.saddr, q.p.sport, d->service), packet_source(&q.p), work, d, &place);
  if (unlikely(!pool)) {
    place = flow_go_on(ctx);
    pool = place ? pool_at(place >> 16) : 0;
    if (!pool) return XDP_PASS;
  }
  CHECKED(pool);
  __u32 ifindex = quick_hop(&q, data, &d->hop, address_word(d->addr));
  if (!ifindex) return XDP_PASS;
  xdp_rewrite_ends(&q.p, data, end, pool->local, bpf_htons((__u16)place), d->addr, d->port);
  quick_count(&q, dest, false);
  return bpf_redirect(ifindex, 0);
}

/* Is the hop of the flow's client cached, as the program on the links wants it? Else the FIB is asked, but for an eighth of the times that an answer gets
 * old: then tc has the packet, so that the kernel looks after its neighbour. A global function, since it is rarely called. */
__noinline int flow_hop(struct xdp_md *ctx, __u32 place) {
  struct conf *c = the_conf();
  struct fullnat_flow *f = flow_at(place >> 16, place & 0xffff);
  FULLNAT_ADDRESS(client);
  struct hop h;
  __u32 now = clock_now(), gateway;
  if (!c || !f) return false;
  CHECKED(f);
  struct dest *d = dest_at(READ(f->dest));
  struct service *s = d ? service_at(d->service) : 0;
  if (!s) return false;
  CHECKED(s);
  words_copy(client, f->client);
  __u32 addr = route_back(client, s->addr), saddr = route_source(s->addr);
  if (likely(hop_of_client(c, addr, saddr, now, &h))) return true;
  if (!(now & 7) && hop_is_known(c, 0, addr, saddr)) return false;
  return nexthop_resolve(ctx, ctx->ingress_ifindex, 0, addr, saddr, &h, &gateway) == HOP_READY;
}

/* A plain reply: server -> local becomes virtual endpoint -> client. 0: the program on the links looks at its connection. */
static __always_inline int reply_quickly(void *data, void *end, struct quick *q, __u32 place, __u32 from) {
  struct fullnat_flow *f = flow_at(place >> 16, place & 0xffff);
  FULLNAT_ADDRESS(client);
  if (!f) return 0;
  CHECKED(f);
  __u32 word = READ(f->word), dest = READ(f->dest);
  words_copy(client, f->client);
  barrier();
  if (!is_reply_plain(q->c, &q->p, f, q->now)) return 0;
  struct dest *d = flow_plain_dest(&q->p, f, word, dest, from);
  if (!d) return 0;
  CHECKED(d);
  struct service *s = service_at(d->service);
  if (!s) return 0;
  CHECKED(s);
  __u32 ifindex = quick_to_client(q, data, client, words_key(client), s);
  if (!ifindex) return 0;
  xdp_rewrite_ends(&q->p, data, end, s->addr, s->port, client, word);
  quick_count(q, dest, true);
  return bpf_redirect(ifindex, 0);
}

SEC("xdp")
int weir_fullnat_xdp_reply(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct fullnat_work *work = the_fullnat_work();
  struct quick q;
  q.c = the_conf();
  q.now = clock_now();
  if (!work || !q.c || !quick_reparse(data, end, &q.p)) return XDP_PASS;
  __u32 pool = pool_of_reply(&q.p, work->dest), place = pool << 16 | bpf_ntohs(q.p.dport);
  if (!pool) return XDP_PASS;
  int done = reply_quickly(data, end, &q, place, ctx->ingress_ifindex);
  if (likely(done)) return done;
  struct fullnat_found *found = the_fullnat_found();
  if (!found || !flow_hop(ctx, place)) return XDP_PASS;
  CHECKED(found);
  words_copy(found->local, packet_target(&q.p));
  found->place = place;
  bpf_tail_call_static(ctx, &fullnat_xdp, FULLNAT_XDP_RETURN);
  found->place = 0;
  return XDP_PASS;
}

#endif
