/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP: plain packets of connections whose server sees a local address, as fullnat-tc.h has them. XDP's program on the links has validated them. What needs
 * more than two other ends and a hop goes on to tc, uncounted and unchanged.
 *
 *   request   client -> VIP       the program on the links has found the connection; here it becomes   local -> server
 *   reply     server -> local     here its flow is found; the program on the links makes it   VIP -> client   (quick-flow.h)
 */
#ifndef WEIR_FULLNAT_XDP_H
#define WEIR_FULLNAT_XDP_H

/* The local address of a request, whose flow lives on. 0: it has none yet, or its server is to know its client. */
static __always_inline struct fullnat_pool *quick_pool(struct quick *q, struct fullnat_work *work) {
  struct fullnat_client client;
  client_of(&client, &q->p, work);
  struct fullnat_flow *f = flow_place(&client, work);
  if (!f || work->report || !is_pool_of(work) || !flow_is_of(f, &client) || !flow_renew(f, &client, q->c, work)) return 0;
  return pool_at(work->pool);
}

SEC("xdp")
int weir_fullnat_xdp_request(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct fullnat_work *work = the_fullnat_work();
  struct quick q;
  q.c = the_conf();
  q.now = clock_now();
  if (!work || !q.c || !quick_parse(data, end, &q.p)) return XDP_PASS;
  struct dest *d = dest_at(work->dest);
  struct fullnat_pool *pool = quick_pool(&q, work);
  if (!d || !pool) return XDP_PASS;
  CHECKED(d);
  CHECKED(pool);
  __u32 ifindex = quick_hop(&q, data, &d->hop, address_word(d->addr));
  if (!ifindex) return XDP_PASS;
  xdp_other_end(&q.p, data, end, true, pool->local, bpf_htons(work->port));
  xdp_rewrite(&q.p, data, end, false, true, d->addr, work->server_port);
  quick_count(&q, work->dest, false);
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

SEC("xdp")
int weir_fullnat_xdp_reply(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct fullnat_found *found = the_fullnat_found();
  struct packet p;
  if (!found || !quick_parse(data, end, &p)) return XDP_PASS;
  CHECKED(found);
  __u32 pool = pool_of_pair(packet_source(&p), packet_target(&p), p.sport, p.protocol);
  __u32 place = pool << 16 | bpf_ntohs(p.dport);
  if (!pool || !flow_hop(ctx, place)) return XDP_PASS;
  words_copy(found->local, packet_target(&p));
  found->place = place;
  bpf_tail_call_static(ctx, &fullnat_xdp, FULLNAT_XDP_RETURN);
  found->place = 0;
  return XDP_PASS;
}

#endif
