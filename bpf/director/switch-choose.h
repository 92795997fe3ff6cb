/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: the pool that a first segment asks for, and the server of that pool. */
#ifndef WEIR_SWITCH_CHOOSE_H
#define WEIR_SWITCH_CHOOSE_H

/* Have checks found it down? A global function: its key is on a stack frame of its own. */
__noinline int server_is_out(struct switch_server *s) {
  if (!s) return true;
  struct switch_out_key key = {.port = s->port};
  end_copy(key.addr, s->addr);
  return bpf_map_lookup_elem(&switch_outs, &key) != 0;
}

static __always_inline bool server_serves(struct switch_server *s, __u32 service) {
  struct dest *d = dest_at(s->dest);
  if (!d || d->service != service || !end_is(d->addr, s->addr) || d->port != s->port) return false;
  return d->flags & D_AVAILABLE && READ(d->weight) && !READ(d->overload) && (d->method & 3) == M_MASQ && !server_is_out(s);
}

struct pool_scan {
  struct switch_pool *pool;
  __u32 service;
  __u32 first;
  __u32 chosen; /* its place, plus 1; 0: none */
  __u64 load;
  __u64 weight;
};
static long pool_step(__u64 i, void *ctx) {
  struct pool_scan *p = ctx;
  struct switch_pool *pool = p->pool;
  if (!pool || !pool->count) return 1;
  __u32 at = (p->first + i) % pool->count & (SWITCH_SERVERS - 1);
  CHECKED(pool);
  struct switch_server *s = &pool->server[at];
  if (!server_serves(s, p->service)) return 0;
  struct dest *d = dest_at(s->dest);
  if (!d) return 0;
  __u64 load = ((__u64)READ(d->active) << 8) + READ(d->inactive), weight = READ(d->weight);
  if (p->chosen && load * p->weight >= p->load * weight) return 0;
  p->chosen = at + 1;
  p->load = load;
  p->weight = weight;
  return 0;
}

/* The server of a pool with the fewest connections for its weight, as wlc; of equal ones any. Into the new flow; 0: none takes connections. */
__noinline int pool_choose(__u32 number) {
  struct switch_scratch *w = the_switch();
  struct switch_pool *pool = bpf_map_lookup_elem(&switch_pools, &number);
  if (!w || !pool) return 0;
  CHECKED(w);
  CHECKED(pool);
  struct pool_scan p = {.pool = pool, .service = w->listener.service, .first = bpf_get_prandom_u32() >> 1};
  __u32 count = pool->count;
  bpf_loop(count < SWITCH_SERVERS ? count : SWITCH_SERVERS, pool_step, &p, 0);
  if (!p.chosen) return 0;
  struct switch_server *s = &pool->server[(p.chosen - 1) & (SWITCH_SERVERS - 1)];
  w->flow.dest = s->dest;
  end_copy(w->flow.server, s->addr);
  w->flow.server_port = s->port;
  return 1;
}

/* Reads the segment in the scratch space. The number of the pool it asks for, 0: the proxy's. */
__noinline __u32 switch_decide(struct __sk_buff *skb) {
  struct switch_scratch *w = the_switch();
  if (!w) return 0;
  CHECKED(w);
  __u32 size = w->payload, at = w->payload_at;
  if (size > SWITCH_HELD) size = SWITCH_HELD;
  if (!size) return 0;
  __builtin_memset(&w->host, 0, sizeof w->host);
  __builtin_memset(&w->path, 0, sizeof w->path);
  barrier_var(size);
  size = ((size - 1) & (SWITCH_TEXT - 1)) + 1; /* no change */
  if (size > SWITCH_HELD || bpf_skb_load_bytes(skb, at, w->text, size)) return 0;
  if (!(w->listener.protocol == SWITCH_TLS ? text_of_tls(size) : text_of_http(size))) return 0;
  w->host.listener = w->listener.id;
  __u32 *host = bpf_map_lookup_elem(&switch_hosts, &w->host);
  if (!host) {
    __builtin_memset(w->host.name, 0, sizeof w->host.name);
    host = bpf_map_lookup_elem(&switch_hosts, &w->host);
  }
  if (!host) return 0;
  w->path.host = *host;
  w->path.bits = (4 + SWITCH_PATH) * 8;
  __u32 *pool = bpf_map_lookup_elem(&switch_paths, &w->path);
  return pool ? *pool : 0;
}

#endif
