/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP's quick path to a server behind a tunnel: a plain one (tunnel-plain.h) is written right here, any other one by a program of its own (tunnel-xdp.h). */
#ifndef WEIR_QUICK_TUNNEL_H
#define WEIR_QUICK_TUNNEL_H

/* That program counts the packet. */
static __always_inline int quick_tunnel_elsewhere(struct quick *q, struct quick_found *f) {
  struct tunnel_work *work = the_tunnel_work();
  if (!work) return QUICK_NO;
  work->dest = v_dest(f->value);
  quick_touch(q, f, false);
  return QUICK_TUNNEL;
}

#ifdef IPV6
static __always_inline int quick_tunnel(struct xdp_md *ctx, void *data, struct quick *q, struct quick_found *f, struct dest *d) {
  return quick_tunnel_elsewhere(q, f);
}
#else
/* One place, for the table of sources of the program of tunnels, once there is one (quick-tables.ts). */
TABLES(quick_sources, 1, struct tunnel_source, 1);
/* 0: no table was given to this program yet. */
static __always_inline struct tunnel_source *quick_source(__u32 dest) {
  __u32 zero = 0;
  void *sources = bpf_map_lookup_elem(&quick_sources, &zero);
  return sources ? bpf_map_lookup_elem(sources, &dest) : 0;
}

/* `type`: a constant, so that each kind of tunnel has code of its own. */
static __always_inline int quick_encapsulate(struct xdp_md *ctx, void *data, struct quick *q, struct quick_found *f, struct dest *d,
                                             struct tunnel_source *source, __u32 type) {
  struct plain_tunnel t;
  struct hop h;
  if (!hop_read(&d->hop, d->addr[0], q->now, q->c->fresh_for, &h) || !(h.flags & NH_XDP)) return XDP_PASS;
  plain_read(&t, data + ETH_LEN, q->c, source, type, q->hash);
  if (!plain_fits(&t, h.mtu)) return XDP_PASS;
  plain_lower_ttl(data + ETH_LEN, &t);
  quick_touch(q, f, false);
  quick_count(q, v_dest(f->value), false);
  if (bpf_xdp_adjust_head(ctx, -(int)plain_header(&t)) || !plain_write((void *)(long)ctx->data, (void *)(long)ctx->data_end, &t, d, &h)) {
    count_reason(R_REDIRECT_FAILED);
    return XDP_DROP;
  }
  return bpf_redirect(h.ifindex, 0);
}

static __always_inline int quick_tunnel(struct xdp_md *ctx, void *data, struct quick *q, struct quick_found *f, struct dest *d) {
  struct tunnel_source *source = is_plain_tunnel(d) ? quick_source(v_dest(f->value)) : 0;
  if (!source) return quick_tunnel_elsewhere(q, f);
  if (d->tunnel_type == TUNNEL_GRE) return quick_encapsulate(ctx, data, q, f, d, source, TUNNEL_GRE);
  if (d->tunnel_type == TUNNEL_GUE) return quick_encapsulate(ctx, data, q, f, d, source, TUNNEL_GUE);
  return quick_encapsulate(ctx, data, q, f, d, source, TUNNEL_IPIP);
}
#endif

#endif
