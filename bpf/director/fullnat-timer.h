/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The timer of FULLNAT, which ends flows and gives their ports back. The builds of SCTP have flows of the same maps, and no timer. */
#ifndef WEIR_FULLNAT_TIMER_H
#define WEIR_FULLNAT_TIMER_H

/* A slice of each pool every second, and the whole of one that is nearly full; no more steps a tick than cost a CPU a millisecond or two. */
#define NSEC_CLOCK_MONOTONIC 1
#define FULLNAT_TICK_NS 100000000ull
#define FULLNAT_TURNS 10    /* each pool has its turn every second */
#define FLOWS_A_TURN 16384
#define FLOWS_A_TICK (2 * FULLNAT_PORTS)

struct flow_sweep {
  __u32 turn;
  __u32 pools; /* of a turn */
  __u32 first; /* which of them comes first: another one each time, so that all have their steps */
  __u32 left;  /* steps of this tick */
  __u32 pool;
  __u32 port;
  __u32 now;
  __u32 before; /* flows until then end */
  __u32 soon;   /* and those until then may be of connections that are held */
  bool orphans; /* those of removed destinations are cut short */
};

/* The connection of a removed destination ended before its time (expire_nodest_conn): its flow has the grace left, and gives way from now on. */
static __always_inline void flow_orphaned(struct flow_sweep *w, struct fullnat_flow *f) {
  if (!dest_expires(READ(f->dest)) || (__s32)(READ(f->until) - w->now) <= 0) return;
  WRITE(f->state, READ(f->state) & FLOW_SCTP);
  WRITE(f->until, w->now);
}

/* Of a control connection of FTP, which its data connections may hold (ftp-hold.h) while no packet comes: it lives as long as that. A global function:
 * verified once. */
__noinline int flow_follow(struct fullnat_flow *f, __u32 word, __u32 now) {
  __u32 dest = f ? READ(f->dest) : 0;
  struct dest *d = dest_at(dest);
  struct found found;
  if (!f || !d || !(d->flags & D_FTP) || word >> FLOW_TAG_SHIFT) return 0; /* those of data have a tag */
#ifdef IPV6
  note_client(f->client);
#endif
  if (conn_find(conn_key(words_key(f->client), word, d->service), now, &found) && v_dest(found.value) == dest) flow_extend(f, found.value);
  return 0;
}

static __always_inline void flow_end(struct flow_sweep *w, struct fullnat_flow *f) {
  __u32 word = READ(f->word), port = w->port & (FULLNAT_PORTS - 1);
  if (flow_state(word) == FLOW_LIVE && (__s32)(READ(f->until) - w->soon) < 0) flow_follow(f, word, w->now);
  if (unlikely(w->orphans) && flow_state(word) == FLOW_LIVE) flow_orphaned(w, f);
  if (flow_state(word) != FLOW_LIVE || (__s32)(READ(f->until) - w->before) >= 0 || !flow_ending(f, word)) return;
  if ((__s32)(READ(f->until) - w->before) >= 0) { /* a packet came meanwhile */
    WRITE(f->word, word);
    return;
  }
  flow_forget(f, word, w->pool << 16 | port);
  port_unclaim(w->pool, port);
}

static long flow_sweep_step(__u64 i, void *ctx) {
  struct flow_sweep *w = ctx;
  __u32 pool = w->pool, port = w->port & (FULLNAT_PORTS - 1);
  struct fullnat_flow *f = flow_at(pool, port);
  if (!f) return 1;
  CHECKED(f);
  flow_end(w, f);
  w->port++;
  return 0;
}

static long pool_sweep_step(__u64 i, void *ctx) {
  struct flow_sweep *w = ctx;
  __u32 pool = w->turn + (w->first + i) % w->pools * FULLNAT_TURNS;
  struct fullnat_pool *p = pool_at(pool);
  if (!w->left) return 1;
  if (!p || !READ(p->used)) return 0;
  __u32 count = READ(p->count), from = READ(p->swept);
  bool all = READ(p->used) * 4 >= count * 3; /* then ports that come back are waited for */
  if (from >= count) from = 0;
  w->pool = pool;
  w->port = READ(p->first) + from;
  __u32 slice = all || count - from < FLOWS_A_TURN ? count - from : FLOWS_A_TURN;
  if (slice > w->left) slice = w->left;
  w->left -= slice;
  WRITE(p->swept, from + slice);
  bpf_loop(slice & (2 * FULLNAT_PORTS - 1), flow_sweep_step, w, 0);
  return 0;
}

static int fullnat_tick(void *map, __u32 *key, struct fullnat_timer *t) {
  struct conf *c = the_conf();
  __u32 zero = 0;
  struct fullnat_pool *none = bpf_map_lookup_elem(&fullnat_pools, &zero);
  if (!c || !none) return 0;
  __u32 pools = (READ(none->count) & (FULLNAT_POOLS - 1)) / FULLNAT_TURNS + 1;
  __u32 now = clock_now();
  struct flow_sweep w = {.now = now,
                         .before = now - units_of(c, FULLNAT_GRACE_SECONDS),
                         .soon = now + units_of(c, FTP_HELD_BEFORE_SECONDS),
                         .orphans = READ(c->expire_nodest_conn),
                         .turn = t->turn,
                         .pools = pools,
                         .first = t->rounds,
                         .left = FLOWS_A_TICK};
  bpf_loop(pools, pool_sweep_step, &w, 0);
  if (!t->turn) t->rounds++;
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
