/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flows of FULLNAT: which local address and port stands for a client at its server. A connection has a flow as long as it lasts. */
#ifndef WEIR_FULLNAT_H
#define WEIR_FULLNAT_H

#define PORT_TRIES 4 /* ports that a socket of the director has are passed over */

static __always_inline struct fullnat_pool *pool_at(__u32 pool) {
  struct fullnat_pool *p = bpf_map_lookup_elem(&fullnat_pools, &pool);
  return p && READ(p->local) ? p : 0;
}

static __always_inline struct fullnat_client client_of(struct packet *p, __u32 dest) {
  return (struct fullnat_client){.client = p->saddr, .port = p->sport, .dest = dest};
}

static __always_inline __u32 flow_state(__u32 word) { return word >> FLOW_STATE_SHIFT; }
static __always_inline __u32 flow_word(__u32 port, __u32 state) { return port | state << FLOW_STATE_SHIFT; }
static __always_inline bool flow_is_of(struct fullnat_flow *f, struct fullnat_client *c) {
  return READ(f->word) == flow_word(c->port, FLOW_LIVE) && READ(f->client) == c->client && READ(f->dest) == c->dest;
}

/* The flow lives as long as its connection. Where the timer may be about to take it away, the store comes before the look at the word for all CPUs. */
static __always_inline bool flow_renew(struct fullnat_flow *f, struct fullnat_client *c, struct conf *conf, __u32 until) {
  __u32 was = READ(f->until);
  if (likely(was == until)) return true;
  if ((__s32)(was - clock_now()) > (__s32)units_of(conf, FULLNAT_GRACE_SECONDS)) WRITE(f->until, until);
  else __sync_lock_test_and_set(&f->until, until);
  return flow_is_of(f, c);
}

/* Gives a port back to its pool. */
static __always_inline void port_give(__u32 pool, __u32 port) {
  struct fullnat_pool *p = bpf_map_lookup_elem(&fullnat_pools, &pool);
  void *ports = bpf_map_lookup_elem(&fullnat_ports, &pool);
  __u16 value = port;
  if (!p || !ports) return;
  bpf_map_push_elem(ports, &value, 0);
  __sync_fetch_and_add(&p->used, -1);
}

/* A port of the pool that no flow has: the next one that was never handed out, else the one that came back first. 0: there is none. */
static __always_inline __u32 port_take(__u32 pool, struct fullnat_pool *p) {
  __u16 port = 0;
  __u32 count = READ(p->count), n = count;
  if (READ(p->handed) < count) n = __sync_fetch_and_add(&p->handed, 1);
  if (n < count) {
    port = READ(p->first) + ((__u64)READ(p->start) + (__u64)READ(p->step) * n) % count;
  } else {
    void *ports = bpf_map_lookup_elem(&fullnat_ports, &pool);
    if (!ports || bpf_map_pop_elem(ports, &port)) return 0;
  }
  __sync_fetch_and_add(&p->used, 1);
  return port;
}

/* Has a socket of the director itself this port, towards the same server? */
static __always_inline bool has_socket(struct __sk_buff *skb, struct fullnat_pool *p, __u32 port) {
  struct bpf_sock_tuple tuple = {.ipv4 = {.saddr = p->server, .daddr = p->local, .sport = p->server_port, .dport = bpf_htons(port)}};
  if (p->protocol != IPPROTO_TCP) return false;
  struct bpf_sock *found = bpf_skc_lookup_tcp(skb, &tuple, sizeof tuple.ipv4, BPF_F_CURRENT_NETNS, 0);
  if (!found) return false;
  bool connected = found->state != BPF_TCP_LISTEN;
  bpf_sk_release(found);
  return connected;
}

/* Claims a flow of the pool for the connection; the work has its place then. A global function, so that its loop is verified once. */
__noinline int flow_claim(struct __sk_buff *skb, __u32 pool, struct fullnat_client *c, struct fullnat_work *work) {
  struct fullnat_pool *p = pool_at(pool);
  void *flows = bpf_map_lookup_elem(&fullnat_flows, &pool);
  if (!p || !flows || !c || !work) return false;
#pragma clang loop unroll(disable)
  for (int i = 0; i < PORT_TRIES; i++) {
    __u32 port = port_take(pool, p);
    struct fullnat_flow *f = port ? bpf_map_lookup_elem(flows, &port) : 0;
    if (!f) return false;
    if (has_socket(skb, p, port)) {
      port_give(pool, port);
      continue;
    }
    WRITE(f->client, c->client);
    WRITE(f->dest, c->dest);
    WRITE(f->until, work->until);
    barrier();
    WRITE(f->word, flow_word(c->port, FLOW_LIVE));
    work->pool = pool;
    work->port = port;
    return true;
  }
  return false;
}

/* Gives a flow back that no packet has used. */
static __always_inline void flow_drop(__u32 pool, __u32 port) {
  void *flows = bpf_map_lookup_elem(&fullnat_flows, &pool);
  struct fullnat_flow *f = flows ? bpf_map_lookup_elem(flows, &port) : 0;
  if (!f) return;
  WRITE(f->word, 0);
  port_give(pool, port);
}

/* The flow of a connection, which the work names then. FLOW_GONE: the timer is taking it away. */
enum flow_answer { FLOW_NONE, FLOW_FOUND, FLOW_GONE };
__noinline int flow_find(struct packet *p, struct fullnat_work *work) {
  struct conf *conf = the_conf();
  if (!p || !work || !conf) return FLOW_NONE;
  struct fullnat_client c = client_of(p, work->dest);
  __u32 *place = bpf_map_lookup_elem(&fullnat_clients, &c);
  if (!place) return FLOW_NONE;
  __u32 pool = *place >> 16, port = *place & 0xffff;
  void *flows = bpf_map_lookup_elem(&fullnat_flows, &pool);
  struct fullnat_flow *f = flows ? bpf_map_lookup_elem(flows, &port) : 0;
  work->pool = pool;
  work->port = port;
  if (f && flow_is_of(f, &c)) return flow_renew(f, &c, conf, work->until) ? FLOW_FOUND : FLOW_GONE;
  if (f && flow_state(READ(f->word)) == FLOW_ENDING && READ(f->client) == c.client && READ(f->dest) == c.dest) return FLOW_GONE;
  bpf_map_delete_elem(&fullnat_clients, &c); /* its pool was made again */
  return FLOW_NONE;
}

/* Makes the flow of a connection, from the first of its destination's pools that has a port; which one comes first, its client decides. */
__noinline int flow_make(struct __sk_buff *skb, struct packet *p, struct fullnat_work *work) {
  if (!p || !work) return FLOW_NONE;
  __u32 dest = work->dest;
  struct fullnat_dest *d = bpf_map_lookup_elem(&fullnat_dests, &dest);
  struct fullnat_client c = client_of(p, dest);
  if (!d) return FLOW_NONE;
  CHECKED(d);
  __u32 many = 0, turn = keyed_hash((__u64)c.client << 32 | c.port);
#pragma clang loop unroll(full)
  for (int k = 0; k < FULLNAT_LOCALS; k++) many += READ(d->pool[k]) != 0;
  if (!many) return FLOW_NONE;
#pragma clang loop unroll(disable)
  for (__u32 k = 0; k < FULLNAT_LOCALS; k++) {
    if (k >= many) break;
    __u32 which = (turn + k) % many & (FULLNAT_LOCALS - 1), pool = READ(d->pool[which]);
    if (!flow_claim(skb, pool, &c, work)) continue;
    __u32 place = work->pool << 16 | work->port;
    if (!bpf_map_update_elem(&fullnat_clients, &c, &place, BPF_NOEXIST)) return FLOW_FOUND;
    flow_drop(work->pool, work->port);
    return flow_find(p, work); /* another CPU made it meanwhile */
  }
  struct fullnat_pool *first = bpf_map_lookup_elem(&fullnat_pools, &d->pool[0]);
  if (first) __sync_fetch_and_add(&first->exhausted, 1);
  return FLOW_NONE;
}

/* ---- the timer: a slice of each pool every second, and the whole of one whose ports were all handed out. */
#define NSEC_CLOCK_MONOTONIC 1
#define FULLNAT_TICK_NS 100000000ull
#define FULLNAT_TURNS 10    /* each pool has its turn every second */
#define FLOWS_A_TURN 16384

struct flow_sweep {
  __u32 turn;
  __u32 pool;
  __u32 port;
  __u32 before; /* flows until then end */
};

static __always_inline void flow_end(struct flow_sweep *w, struct fullnat_flow *f) {
  __u32 word = READ(f->word), port = w->port & (FULLNAT_PORTS - 1);
  if (flow_state(word) != FLOW_LIVE || (__s32)(READ(f->until) - w->before) >= 0) return;
  __u32 ending = flow_word(word & 0xffff, FLOW_ENDING);
  if (CAS(&f->word, word, ending) != word) return;
  if ((__s32)(READ(f->until) - w->before) >= 0) { /* a packet came meanwhile */
    WRITE(f->word, word);
    return;
  }
  struct fullnat_client c = {.client = READ(f->client), .port = word & 0xffff, .dest = READ(f->dest)};
  __u32 *place = bpf_map_lookup_elem(&fullnat_clients, &c);
  if (place && *place == (w->pool << 16 | port)) bpf_map_delete_elem(&fullnat_clients, &c);
  WRITE(f->word, 0);
  port_give(w->pool, port);
}

static long flow_sweep_step(__u64 i, void *ctx) {
  struct flow_sweep *w = ctx;
  __u32 pool = w->pool, port = w->port & (FULLNAT_PORTS - 1);
  void *flows = bpf_map_lookup_elem(&fullnat_flows, &pool);
  struct fullnat_flow *f = flows ? bpf_map_lookup_elem(flows, &port) : 0;
  if (!f) return 1;
  flow_end(w, f);
  w->port++;
  return 0;
}

static long pool_sweep_step(__u64 i, void *ctx) {
  struct flow_sweep *w = ctx;
  __u32 pool = w->turn + i * FULLNAT_TURNS;
  struct fullnat_pool *p = pool_at(pool);
  if (!p || !READ(p->used)) return 0;
  __u32 count = READ(p->count), from = READ(p->swept);
  bool all = READ(p->handed) >= count; /* then a port that comes back is waited for */
  if (all || from >= count) from = 0;
  w->pool = pool;
  w->port = READ(p->first) + from;
  __u32 slice = all || count - from < FLOWS_A_TURN ? count - from : FLOWS_A_TURN;
  WRITE(p->swept, from + slice);
  bpf_loop(slice & (2 * FULLNAT_PORTS - 1), flow_sweep_step, w, 0);
  return 0;
}

static int fullnat_tick(void *map, __u32 *key, struct fullnat_timer *t) {
  struct conf *c = the_conf();
  __u32 zero = 0;
  struct fullnat_pool *none = bpf_map_lookup_elem(&fullnat_pools, &zero);
  if (!c || !none) return 0;
  struct flow_sweep w = {.before = clock_now() - units_of(c, FULLNAT_GRACE_SECONDS), .turn = t->turn};
  bpf_loop((READ(none->count) & (FULLNAT_POOLS - 1)) / FULLNAT_TURNS + 1, pool_sweep_step, &w, 0);
  t->turn = t->turn + 1 >= FULLNAT_TURNS ? 0 : t->turn + 1;
  bpf_timer_start(&t->timer, FULLNAT_TICK_NS, 0);
  return 0;
}

/* Starts the timer, or gives a running timer this program's code. */
SEC("xdp")
int weir_fullnat_timer(struct xdp_md *ctx) {
  __u32 zero = 0;
  struct fullnat_timer *t = bpf_map_lookup_elem(&fullnat_timers, &zero);
  if (!t) return 1;
  if (!t->started && bpf_timer_init(&t->timer, &fullnat_timers, NSEC_CLOCK_MONOTONIC)) return 2;
  t->started = 1;
  if (bpf_timer_set_callback(&t->timer, fullnat_tick)) return 3;
  return bpf_timer_start(&t->timer, FULLNAT_TICK_NS, 0) ? 4 : 0;
}

#endif
