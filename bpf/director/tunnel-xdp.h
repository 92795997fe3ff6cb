/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP: the packet of a connection whose server is behind a tunnel. What needs more than encapsulating goes on to tc, uncounted and unchanged. */
#ifndef WEIR_TUNNEL_XDP_H
#define WEIR_TUNNEL_XDP_H

/* Reads the packet, whose headers the program that came before has validated, and lowers its TTL. What differs of a family. */
#ifdef IPV6
#define INNER_LEN IP6_LEN
static __always_inline void xdp_inner(void *data, struct tunnel *t) {
  struct ip6_header *ip = data;
  t->tos = bpf_ntohl(ip->first) >> 20;
  t->ttl = ip->hop_limit - 1;
  t->length = bpf_ntohs(ip->payload_length) + IP6_LEN;
  t->client = address_fold(ip->saddr);
}
static __always_inline void xdp_lower_ttl(void *data, struct tunnel *t) { ((struct ip6_header *)data)->hop_limit = t->ttl; }
#else
#define INNER_LEN IP_LEN
static __always_inline void xdp_inner(void *data, struct tunnel *t) {
  struct iphdr *ip = data;
  t->tos = ip->tos;
  t->ttl = ip->ttl - 1;
  t->length = bpf_ntohs(ip->tot_len);
  t->dont_fragment = (ip->frag_off & bpf_htons(0x4000)) != 0;
  t->client = ip->saddr;
}
static __always_inline void xdp_lower_ttl(void *data, struct tunnel *t) {
  struct iphdr *ip = data;
  ip->check = sum_apply(ip->check, sum_change16(0, bpf_htons((t->ttl + 1) << 8), bpf_htons(t->ttl << 8)));
  ip->ttl = t->ttl;
}
#endif

/* Writes the Ethernet and the outer headers in front of a packet that has got the place for them. */
static __always_inline bool xdp_push(struct xdp_md *ctx, struct tunnel *t, struct dest *d, struct hop *h) {
  if (bpf_xdp_adjust_head(ctx, -(int)tunnel_header(t))) return false;
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + ETH_LEN + OUTER_MAX > end) return false;
  copy_macs(data, h->dmac);
  *(__u16 *)(data + ETH_LEN - 2) = t->v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
  outer_make(data + ETH_LEN, t, d);
  return true;
}

SEC("xdp")
int weir_tunnel_xdp(struct xdp_md *ctx) {
  struct conf *c = the_conf();
  struct tunnel_work *work = the_tunnel_work();
  if (!c || !work) return XDP_PASS;
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  __u32 dest = work->dest;
  struct dest *d = dest_at(dest);
  struct hop h;
  struct tunnel t = {};
  if (!d || d->flags & D_LOCAL) return XDP_PASS;
  CHECKED(d);
  if (data + ETH_LEN + INNER_LEN + 8 > end) return XDP_PASS;
  tunnel_of(&t, dest, d);
  xdp_inner(data + ETH_LEN, &t);
  t.client_port = *(__u16 *)(data + ETH_LEN + INNER_LEN);
  /* Each time that the hop is resolved again the packet goes by tc, where the kernel looks after its neighbours; so do those whose sum is to be made. */
  if (!hop_read(&d->hop, server_word(d), clock_now(), c->fresh_for, &h) || !(h.flags & NH_XDP) || t.summed || !tunnel_source_read(&t)) return XDP_PASS;
  if (!t.ttl || t.length > tunnel_mtu(&t, h.mtu)) return XDP_PASS;
  if (t.length < OUTER_MAX - IP_LEN) return XDP_PASS; /* xdp_push() asks for so much */
  t.dont_fragment = t.dont_fragment && c->pmtu_disc;
  t.tos = outer_tos(t.tos);
  xdp_lower_ttl(data + ETH_LEN, &t);
  if (!xdp_push(ctx, &t, d, &h)) {
    count_reason(R_REDIRECT_FAILED);
    return XDP_DROP;
  }
  count_bytes(d, dest, t.length, false);
  return bpf_redirect(h.ifindex, 0);
}

#endif
