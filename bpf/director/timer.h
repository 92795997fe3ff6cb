/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Housekeeping without a process: a kernel timer of each build removes expired connections and unneeded SPILLED marks; that of the build on the
 * links also updates the estimates, and takes snapshots of the drops. Each runs ten times a second, on one CPU at a time. */
#ifndef WEIR_TIMER_H
#define WEIR_TIMER_H

#define TICK_NS 100000000ull
#define TURN_TICKS 20             /* the estimates' 2 s */
#define SWEEP_BUCKETS (1u << 17)  /* at most, in one tick */
#define NSEC_CLOCK_MONOTONIC 1

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct housekeeping);
} housekeeping SEC(".maps");

struct sweep {
  struct housekeeping *h; /* has the bucket and the reach: in a map, so that the verifier does not track them */
  struct conf *c;
  __u32 now;
  __u32 dropped; /* drop_entry looks at the buckets with this remainder; DROP_ENTRY_SHARE: at none */
  bool asking; /* connections hold templates that are asked (template-sweep.h) */
  bool asked;  /* exact services ask for connections of this table (asks-wide.h) */
  bool holds;  /* it may have data connections of FTP, which hold others (ftp-hold.h) */
};

/* Does the sweep end this connection? It expired, its destination was removed while expire_nodest_conn was set, or drop_entry chose it. */
static __always_inline bool sweep_ends(struct sweep *w, __u64 v, __u32 bucket) {
  if (v_expired(v, w->now)) return true;
  if (unlikely(w->c->expire_nodest_conn) && dest_expires(v_dest(v))) return true;
  if (likely(bucket % DROP_ENTRY_SHARE != w->dropped) || !defence_ends(w->c, w->h, v, w->now)) return false;
  count_reason(R_DROP_ENTRY);
  return true;
}

#ifdef HOLDS_CONTROLS
static __always_inline bool holds_controls(void) { return has_ftp(); }
static __always_inline void slot_hold_control(struct sweep *w, struct conn_slot *s, __u64 v) {
  __u32 control = READ(slot_ports(s)->control);
  if (control && v_live(v, w->now)) ftp_hold(s, v, control, w->now);
}
#else
static __always_inline bool holds_controls(void) { return false; }
static __always_inline void slot_hold_control(struct sweep *w, struct conn_slot *s, __u64 v) {}
#endif

static __always_inline void sweep_slot(struct sweep *w, struct conn_slot *s, __u32 bucket) {
  __u64 v = READ(s->value);
  if (!v_taken(v)) return;
  if (!v_claimed(v) && sweep_ends(w, v, bucket)) {
    if (conn_end(s, false, v, w->now)) return;
    v = READ(s->value);
  }
  WRITE(w->h->counted, READ(w->h->counted) + 1);
  if (unlikely(w->asking) || is_asked_elsewhere(w->c, s)) template_hold(w->c, s, v);
  if (unlikely(w->asked) && !v_claimed(v)) slot_asks(s);
  if (unlikely(w->holds)) slot_hold_control(w, s, v);
  __s32 away = v_claimed(v) ? PROBE_BUCKETS : v_away(v);
  if (away > READ(w->h->reach)) WRITE(w->h->reach, away);
}

/* Has a connection in a later bucket its home here or before? */
__noinline int spill_needed(__u32 bucket) {
#pragma clang loop unroll(disable)
  for (__u32 n = BUCKET_SLOTS; n < PROBE_BUCKETS * BUCKET_SLOTS; n++) {
    struct conn_slot *s = slot_at(bucket * BUCKET_SLOTS + n);
    if (!s) return 1;
    __u64 v = READ(s->value);
    if (v_claimed(v) || (v_taken(v) && v_away(v) >= n / BUCKET_SLOTS)) return 1;
  }
  return 0;
}

/* Removes a bucket's mark where no connection needs it. A CPU that puts a connection beyond this bucket holds the lock of its home's
 * region: that of this bucket, or that of the bucket 15 before. */
static __noinline int spill_clear(__u32 bucket) {
  struct conn_bucket *b = bucket_at(bucket);
  __u32 own = spill_lock_of(bucket), before = spill_lock_of((bucket - (PROBE_BUCKETS - 1)) & conn_mask);
  if (!b || !lock_take(before)) return 0;
  if (own == before || lock_take(own)) {
    __u64 v = READ(b->slot[0].value);
    if (!spill_needed(bucket)) CAS(&b->slot[0].value, v, v & ~V_SPILLED);
    if (own != before) lock_give(own);
  }
  lock_give(before);
  return 0;
}

static long sweep_bucket(__u64 i, void *ctx) {
  struct sweep *w = ctx;
  __u32 bucket = READ(w->h->bucket) & conn_mask;
  struct conn_bucket *b = bucket_at(bucket);
  WRITE(w->h->bucket, (bucket - 1) & conn_mask);
  if (!b) return 1;
  /* `reach` counts down from the farthest connection in later buckets: above 0, one of them has its home here or before. */
  if (unlikely(READ(b->slot[0].value) & V_SPILLED) && READ(w->h->reach) <= 0) spill_clear(bucket);
  sweep_slot(w, &b->slot[0], bucket);
  sweep_slot(w, &b->slot[1], bucket);
  sweep_slot(w, &b->slot[2], bucket);
  sweep_slot(w, &b->slot[3], bucket);
  WRITE(w->h->reach, READ(w->h->reach) - 1);
  return 0;
}

#if !defined(IPV6) && !defined(SIDE) /* the timers of the other builds only sweep */
/* The kernel's estimator: conns and packets scaled by 2^10, bytes by 2^5; every turn moves a quarter of the difference. */
static __always_inline void estimate_turn(struct estimate *e) {
#pragma clang loop unroll(full)
  for (int k = 0; k < 5; k++) {
    __u64 delta = e->raw[k] - e->shown[k];
    __s64 rate = e->rate[k];
    rate += ((__s64)(delta << (k < 3 ? 9 : 4)) - rate) >> 2;
    if (e->zero_asked != e->zero_done) rate = 0;
    e->rate[k] = rate;
    e->shown[k] = e->raw[k];
  }
  e->zero_done = e->zero_asked;
}

static __always_inline struct estimate *estimate_at(__u32 i) { return bpf_map_lookup_elem(&estimates, &i); }

static __always_inline void estimate_add(struct estimate *e, __u64 *delta) {
#pragma clang loop unroll(full)
  for (int k = 0; k < 5; k++) e->raw[k] += delta[k];
}

/* Updates one destination's sums, and with them its service's and the totals. */
static __noinline int estimate_dest(__u32 id) {
  struct dest *d = dest_at(id);
  struct estimate *e = estimate_at(max_services + id), *total = estimate_at(0);
  if (!d || !e || !total || d->state == FREE) return 0;
  struct estimate *svc = estimate_at(d->service & (max_services - 1));
  __u64 sum[5] = {};
#pragma clang loop unroll(disable)
  for (__u32 cpu = 0; cpu < cpus; cpu++) {
    __u32 i = id * cpus + cpu;
    struct counters *n = bpf_map_lookup_elem(&counters, &i);
    if (!n) break;
    sum[0] += n->conns;
    sum[1] += n->in_packets;
    sum[2] += n->out_packets;
    sum[3] += n->in_bytes;
    sum[4] += n->out_bytes;
  }
  for (int k = 0; k < 5; k++) sum[k] -= e->raw[k];
  estimate_add(e, sum);
  estimate_add(total, sum);
  if (svc) estimate_add(svc, sum);
  estimate_turn(e);
  return 0;
}

static long estimate_dest_step(__u64 i, void *ctx) {
  __u32 *id = ctx;
  estimate_dest(*id);
  *id += TURN_TICKS;
  return 0;
}

static long estimate_service_step(__u64 i, void *ctx) {
  __u32 *id = ctx;
  struct estimate *e = estimate_at(*id & (max_services - 1));
  if (e) estimate_turn(e);
  *id += TURN_TICKS;
  return 0;
}

/* A twentieth of the destinations, then of the services, so that each is updated every 2 s. */
static __always_inline void estimate_some(struct conf *c, struct housekeeping *h) {
  __u32 id = h->turn;
  if (id == 0) id = TURN_TICKS; /* destination ids start at 1 */
  if (c->dest_top >= id) bpf_loop((c->dest_top - id) / TURN_TICKS + 1, estimate_dest_step, &id, 0);
  id = h->turn; /* 0: the totals */
  if (c->service_top >= id) bpf_loop((c->service_top - id) / TURN_TICKS + 1, estimate_service_step, &id, 0);
  h->turn = h->turn + 1 >= TURN_TICKS ? 0 : h->turn + 1;
}

static long snapshot_add(__u64 i, void *ctx) {
  struct drop_snapshot **s = ctx;
  __u32 cpu = i;
  struct drops *d = bpf_map_lookup_elem(&drops, &cpu);
  if (!d) return 1;
#pragma clang loop unroll(full)
  for (__u32 k = 0; k < REASON_COUNT; k++) (*s)->count[k] += READ(d->count[k]);
  return 0;
}

static __always_inline void snapshot_take(__u64 ticks) {
  __u32 i = ticks / SNAPSHOT_TICKS % DROP_SNAPSHOTS;
  struct drop_snapshot *s = bpf_map_lookup_elem(&drop_history, &i);
  if (!s) return;
  CHECKED(s);
  WRITE(s->at, 0);
#pragma clang loop unroll(full)
  for (__u32 k = 0; k < REASON_COUNT; k++) WRITE(s->count[k], 0);
  bpf_loop(cpus, snapshot_add, &s, 0);
  WRITE(s->at, bpf_ktime_get_ns());
}

#endif

#if defined(WIDE) && !defined(BRIDGE)
/* Does any exact service ask? */
static __always_inline bool is_asked(void) {
  struct service *none = service_at(0);
  return none && READ(none->flags) & SVC_ASKS_WIDE;
}

static __always_inline void asks_age(struct service *s) {
  __u32 was = READ(*service_word(s));
  if (was >> SVC_WORD_FLAGS & SVC_ASKS_WIDE) CAS(service_word(s), was, was - (SVC_ASKS_WIDE_ROUND << SVC_WORD_FLAGS));
}

struct asks_walk {
  __u32 id;
  bool any;
};
/* A service whose connections would be in this table. */
static long asks_step(__u64 i, void *ctx) {
  struct asks_walk *w = ctx;
  struct service *s = service_at(++w->id);
  if (!s || !(READ(s->flags) & SVC_ASKS_WIDE)) return 0;
  w->any = true;
  if (s->family == PACKET_FAMILY && OF_SCTP == (s->protocol == IPPROTO_SCTP)) asks_age(s);
  return 0;
}

/* A whole round has met the connections that there are. */
static __always_inline void asks_count_down(struct conf *c) {
  struct service *none = service_at(0);
  struct asks_walk w = {};
  if (!none || !is_asked()) return;
  bpf_loop(c->service_top, asks_step, &w, 0);
  if (w.any) asks_set(none);
  else asks_age(none);
}
#else
static __always_inline bool is_asked(void) { return false; }
static __always_inline void asks_count_down(struct conf *c) {}
#endif

static int housekeeping_tick(void *map, __u32 *key, struct housekeeping *h) {
  struct conf *c = the_conf();
  if (!c) return 0;
  __u32 buckets = conn_mask + 1, chunk = buckets / 10;
  if (chunk < 64) chunk = buckets;
  if (chunk > SWEEP_BUCKETS) chunk = SWEEP_BUCKETS;
  struct sweep w = {.h = h, .c = c, .now = clock_now(), .dropped = DROP_ENTRY_SHARE};
#if defined(IPV6) || defined(SIDE)
  h->drop_entry = READ(c->drop_entry) >= 2; /* as the timer of IPv4's table decided */
#endif
  /* A round of a tiny table is a tick, and not a second. */
  if (h->drop_entry && (chunk < buckets || c->ticks % DEFENCE_TICKS == 0)) w.dropped = bpf_get_prandom_u32() % DROP_ENTRY_SHARE;
  w.asking = templates_asking(c, h);
  w.asked = is_asked();
  w.holds = holds_controls();
  __u32 from = h->bucket;
  bpf_loop(chunk, sweep_bucket, &w, 0);
  /* While connections move, a round meets only a part of them. */
  if (h->bucket >= from && !BRIDGING) {
    rounds_add(c, h, 1);
    asks_count_down(c);
  }
#if defined(IPV6) || defined(SIDE)
  if (h->bucket >= from) {
    if (!BRIDGING) fullest_update(c, h->counted);
    h->counted = 0;
  }
  if (c->templates_live) templates_sweep(c, h);
#ifdef HELPS_FTP
  if (++h->turn % FTP_SWEEP_TICKS == 0) ftp_streams_sweep(c);
#endif
#ifndef SIDE
  client_hops_sweep(h->turn++, w.now);
#endif
#else
  if (h->bucket >= from) {
    h->used = h->counted;
    h->counted = 0;
  }
  if (c->ticks % DEFENCE_TICKS == 0) defence_update(c, h);
  if (c->templates_live) templates_sweep(c, h);
  client_hops_sweep(c->ticks, w.now);
  if (c->run_estimation) estimate_some(c, h);
  c->jiffies_at = bpf_jiffies64();
  c->ktime_at = bpf_ktime_get_ns();
  grace_sweep(c);
  hold_sweep(c);
  c->ticks++;
  if (c->ticks % SNAPSHOT_TICKS == 0) snapshot_take(c->ticks);
  if (c->ticks % LOCALITY_TICKS == 0) localities_sweep(c);
#endif
  bpf_timer_start(&h->timer, TICK_NS, 0);
  return 0;
}

/* Starts the timer, or gives a running timer this program's code. User space runs it once after loading. */
SEC("xdp")
int weir_housekeeping(struct xdp_md *ctx) {
  __u32 zero = 0;
  struct housekeeping *h = bpf_map_lookup_elem(&housekeeping, &zero);
  struct conf *c = the_conf();
  if (!h || !c) return 1;
  if (!h->started && bpf_timer_init(&h->timer, &housekeeping, NSEC_CLOCK_MONOTONIC)) return 2;
  h->started = 1;
  /* The programs before may have swept another table: what is asked is asked for whole rounds of this one. */
  h->reach = PROBE_BUCKETS;
  rounds_add(c, h, -ASKED_ROUNDS);
#ifdef WIDE
  h->bucket = conn_mask; /* the first one is whole, too (asks-wide.h) */
#endif
#if !defined(IPV6) && !defined(SIDE)
  c->jiffies_at = bpf_jiffies64();
  c->ktime_at = bpf_ktime_get_ns();
  snapshot_take(c->ticks);
#else
  h->counted = 0; /* a build before counted without an end */
#endif
  if (bpf_timer_set_callback(&h->timer, housekeeping_tick)) return 3;
  return bpf_timer_start(&h->timer, TICK_NS, 0) ? 4 : 0;
}

#endif
