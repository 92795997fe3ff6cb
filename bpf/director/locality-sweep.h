/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The timer's part of the localities: once a minute it removes those of services that are gone, or have another scheduler; every half
 * hour those that no new connection has used for the setting's time; where there are many, those that none has used for six minutes. */
#ifndef WEIR_LOCALITY_SWEEP_H
#define WEIR_LOCALITY_SWEEP_H

#define LOCALITY_TICKS 600
#define LOCALITY_ROUNDS 30     /* a full check is every thirtieth */
#define LOCALITIES_MANY 16384  /* the kernel's number, for a service; here for all of them */
#define LOCALITY_IDLE_SECONDS 360

struct locality_sweep {
  __u64 now; /* jiffies */
  __s64 idle_max[2]; /* jiffies: of lblc, of lblcr */
  __s64 goal; /* how many are to go before the table has few again */
  __u32 hz;
  __u32 count;
  bool full;
  bool many;
};

static long member_release(__u64 i, void *ctx) {
  member_count(member_at(ctx, i), -1);
  return 0;
}

/* Is it a locality of its service, with the scheduler that the service has? */
static __always_inline bool locality_current(struct locality_key *k, struct service *svc) {
  if (!svc || READ(svc->state) != LIVE || READ(svc->started) != k->started) return false;
  return svc->scheduler == SCHED_LBLC || svc->scheduler == SCHED_LBLCR;
}

static __always_inline bool locality_unused(struct locality_sweep *w, struct service *svc, __s64 idle) {
  if (w->many) return w->goal > 0 && idle >= (__s64)LOCALITY_IDLE_SECONDS * w->hz;
  return w->full && idle >= w->idle_max[svc->scheduler == SCHED_LBLCR];
}

static __always_inline void locality_remove(struct locality_key *k, struct locality *l) {
  __u32 lock = locality_lock(k->service);
  if (!lock_take(lock)) return;
  bpf_loop(l->size, member_release, k, 0);
  k->part = 0;
  bpf_map_delete_elem(&localities, k);
  lock_give(lock);
}

struct bpf_map;
static long locality_sweep(struct bpf_map *map, struct locality_key *key, struct locality *l, struct locality_sweep *w) {
  struct locality_key k = *key;
  struct service *svc = service_at(k.service);
  bool current = locality_current(&k, svc);
  if (k.part) { /* goes after its part 0 */
    __u32 part = k.part;
    if (locality_part(&k, 0)) return 0;
    k.part = part;
    bpf_map_delete_elem(&localities, &k);
    return 0;
  }
  w->count++;
  if (current && !locality_unused(w, svc, w->now - READ(l->used))) return 0;
  w->goal--;
  locality_remove(&k, l);
  return 0;
}

static __always_inline void localities_sweep(struct conf *c) {
  struct locality_sweep w = {
      .now = bpf_jiffies64(),
      .idle_max = {(__s64)c->lblc_expiration * c->hz, (__s64)c->lblcr_expiration * c->hz},
      .hz = c->hz,
      .full = c->ticks % (LOCALITY_TICKS * LOCALITY_ROUNDS) == 0,
  };
  bpf_for_each_map_elem(&localities, locality_sweep, &w, 0);
  if (w.count <= LOCALITIES_MANY) return;
  w.many = true;
  w.goal = (w.count - LOCALITIES_MANY) * 4ull / 3;
  if (w.goal > LOCALITIES_MANY / 2) w.goal = LOCALITIES_MANY / 2;
  bpf_for_each_map_elem(&localities, locality_sweep, &w, 0);
}

#endif
