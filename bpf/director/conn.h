/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The connection table: find, insert, change, end. abi.h has the rules of its memory. */
#ifndef WEIR_CONN_H
#define WEIR_CONN_H

#define LOCK_TRIES 4096
#define CAS(at, from, to) __sync_val_compare_and_swap(at, from, to)

/* A connection that was found: its slot, and its value when it was read. */
struct found {
  struct conn_slot *slot;
  __u64 value;
};

#ifndef IPV6
/* IPv4: the key has the client's address (conn6.h: of IPv6). */
static __always_inline bool slot_is_of_client(struct conn_slot *s) { return true; }
static __always_inline void slot_store_client(struct conn_slot *s) {}
static __always_inline void client_is_source(struct packet *p) {}
static __always_inline void client_is_target(struct packet *p) {}
#endif

static __always_inline bool slot_holds(struct conn_slot *s, __u64 key, __u32 now, struct found *f) {
  if (READ(s->key) != key) return false;
  __u64 v = READ(s->value);
  if (!v_live(v, now) || !slot_is_of_client(s)) return false;
  if (READ(s->key) != key) return false; /* the slot got another connection between the two reads */
  f->slot = s;
  f->value = v;
  return true;
}

static __always_inline bool bucket_holds(struct conn_bucket *b, __u64 key, __u32 now, struct found *f) {
  return slot_holds(&b->slot[0], key, now, f) || slot_holds(&b->slot[1], key, now, f) ||
         slot_holds(&b->slot[2], key, now, f) || slot_holds(&b->slot[3], key, now, f);
}

/* The home bucket of a key. */
static __always_inline __u32 home_of(__u64 key) { return keyed_hash(key) & conn_mask; }

/* A slot by its number: bucket * BUCKET_SLOTS + index in the bucket. */
static __always_inline struct conn_slot *slot_at(__u32 number) {
  struct conn_bucket *b = bucket_at(number / BUCKET_SLOTS);
  if (!b) return 0;
  CHECKED(b);
  return &b->slot[number & (BUCKET_SLOTS - 1)];
}

/* The slot of a bucket that holds the key, else one of these. A global function, so that it is verified once. */
#define NOT_HERE BUCKET_SLOTS /* the key may be in the next bucket */
#define NOT_FURTHER (BUCKET_SLOTS + 1)
__noinline __u32 bucket_search(__u32 bucket, __u64 key, __u32 now) {
  struct conn_bucket *b = bucket_at(bucket);
  struct found f;
  if (!b) return NOT_FURTHER;
  CHECKED(b);
  if (slot_holds(&b->slot[0], key, now, &f)) return 0;
  if (slot_holds(&b->slot[1], key, now, &f)) return 1;
  if (slot_holds(&b->slot[2], key, now, &f)) return 2;
  if (slot_holds(&b->slot[3], key, now, &f)) return 3;
  return READ(b->slot[0].value) & V_SPILLED ? NOT_HERE : NOT_FURTHER;
}

/* The number of the slot that holds the key in the bucket `first` steps after its home or in a later one; NOWHERE: none. */
static __always_inline __u32 conn_search(__u32 home, __u32 first, __u64 key, __u32 now) {
#pragma clang loop unroll(disable)
  for (__u32 n = first; n < PROBE_BUCKETS; n++) {
    __u32 found = bucket_search(home + n, key, now);
    if (found < BUCKET_SLOTS) return (home + n) * BUCKET_SLOTS + found;
    if (found == NOT_FURTHER) break;
  }
  return NOWHERE;
}
__noinline __u32 conn_far(__u32 home, __u64 key, __u32 now) { return conn_search(home, 1, key, now); }

/* `home`: of the key, counted round the table or not. */
static __always_inline bool conn_find_from(__u32 home, __u64 key, __u32 now, struct found *f) {
  struct conn_bucket *b = bucket_at(home);
  if (!b) return false;
  if (bucket_holds(b, key, now, f)) return true;
  if (likely(!(READ(b->slot[0].value) & V_SPILLED))) return false;
  struct conn_slot *s = slot_at(conn_far(home, key, now));
  return s && slot_holds(s, key, now, f);
}

/* The bridging build (bridge.h) has a second table. */
#ifdef BRIDGE
#define BRIDGING true
__noinline __u32 bridge_find(__u64 key, __u32 now);
__noinline __u32 bridge_find_alone(__u64 key, __u32 now);
static __always_inline __u32 home_to_fill(__u64 key);
/* A connection may move between the search and the look at its slot, but once only. */
static __always_inline bool conn_find(__u64 key, __u32 now, struct found *f) {
#pragma clang loop unroll(disable)
  for (int i = 0; i < 2; i++) {
    __u32 number = bridge_find(key, now);
    struct conn_slot *s = number == NOWHERE ? 0 : slot_at(number);
    if (!s) return false;
    if (slot_holds(s, key, now, f)) return true;
  }
  return false;
}
#else
#define BRIDGING false
static __always_inline bool conn_find(__u64 key, __u32 now, struct found *f) { return conn_find_from(keyed_hash(key), key, now, f); }
#endif

/* Thresholds, as the kernel has them: a destination is full from its upper threshold on. It takes new connections again below its lower
 * one; where it has none, below three quarters of the upper one. Both functions come after an atomic change of the counts, and overload_begin
 * looks once more after it has set the mark: so one that empties meanwhile is never left marked. */
static __always_inline __u32 conns_of(struct dest *d) { return READ(d->active) + READ(d->inactive); }

static __always_inline void overload_end(struct dest *d) {
  if (likely(!READ(d->overload))) return;
  __u32 upper = READ(d->upper), lower = READ(d->lower);
  if (lower ? conns_of(d) < lower : !upper || (__u64)conns_of(d) * 4 < (__u64)upper * 3) WRITE(d->overload, 0);
}

static __always_inline void overload_begin(struct dest *d) {
  __u32 upper = READ(d->upper);
  if (likely(!upper) || conns_of(d) < upper) return;
  CAS(&d->overload, 0, 1);
  overload_end(d);
}

/* Subtracts one connection from its destination's counts. Called once for each value that left the table. */
static __always_inline void conn_uncount(__u64 v, __u32 now) {
  struct dest *d = dest_at(v_dest(v));
  if (!d) return;
  __sync_fetch_and_add(v & V_INACTIVE ? &d->inactive : &d->active, -1);
  WRITE(d->idle_since, now);
  overload_end(d);
}

/* Replaces `from` by `to` and keeps the destination's active and inactive counts right. False: another CPU changed the value,
 * which is now in `from`. */
static __always_inline bool conn_change(struct conn_slot *s, __u64 *from, __u64 to) {
  if (*from == to) return true;
  __u64 was = CAS(&s->value, *from, to);
  if (unlikely(was != *from)) {
    *from = was;
    return false;
  }
  if ((was ^ to) & V_INACTIVE) {
    struct dest *d = dest_at(v_dest(to));
    if (!d) return true;
    bool quiet = to & V_INACTIVE;
    __sync_fetch_and_add(&d->inactive, quiet ? 1 : -1);
    __sync_fetch_and_add(&d->active, quiet ? -1 : 1);
  }
  return true;
}

/* Ends a connection now. True for the one caller whose compare-and-swap ended it. */
static __always_inline bool conn_end(struct conn_slot *s, __u64 v, __u32 now) {
  if (CAS(&s->value, v, v & V_SPILLED) != v) return false;
  conn_uncount(v, now);
  return true;
}

/* bpf_loop() returns the number of turns. The last turn takes nothing, since a lock taken there would look like one that was
 * never taken, and would stay locked for ever. */
static long lock_try(__u64 i, void *ctx) {
  __u64 **lock = ctx;
  return i >= LOCK_TRIES - 1 || (READ(**lock) == 0 && CAS(*lock, 0, 1) == 0);
}

/* Locks are words of one map. They are held for tens of ns; longer only where the hypervisor preempts the CPU. */
__noinline int lock_spin(__u32 which) {
  __u64 *lock = bpf_map_lookup_elem(&locks, &which);
  if (!lock) return 0;
  return bpf_loop(LOCK_TRIES, lock_try, &lock, 0) < LOCK_TRIES;
}
static __always_inline bool lock_take(__u32 which) {
  __u64 *lock = bpf_map_lookup_elem(&locks, &which);
  return lock && ((READ(*lock) == 0 && CAS(lock, 0, 1) == 0) || lock_spin(which));
}
/* A plain store: x86-64 does not reorder it with the stores before it. */
static __always_inline void lock_give(__u32 which) {
  __u64 *lock = bpf_map_lookup_elem(&locks, &which);
  barrier();
  if (lock) WRITE(*lock, 0);
}

static __always_inline void probe_slot(struct probe *r, struct conn_slot *s, __u32 number, __u32 now) {
  __u64 v = READ(s->value);
  if (v_claimed(v)) return;
  if (!v_taken(v) || v_expired(v, now)) {
    if (r->free != NOWHERE) return;
    r->free = number;
    r->free_value = v;
  } else if (r->free == NOWHERE) {
    evict_note(r, number, v, now);
  }
}

/* Adds a bucket to a probe. False: it was the last one to look at. A global function, so that it is verified once. */
__noinline int probe_bucket(__u32 bucket, __u64 key, __u32 now, struct probe *r) {
  struct conn_bucket *b = bucket_at(bucket);
  if (!b || !r) return 0;
  if (r->further) {
    __u32 found = bucket_search(bucket, key, now);
    if (found < BUCKET_SLOTS) {
      r->holder = bucket * BUCKET_SLOTS + found;
      return 0;
    }
    if (found == NOT_FURTHER) r->further = 0;
  }
  probe_slot(r, &b->slot[0], bucket * BUCKET_SLOTS, now);
  probe_slot(r, &b->slot[1], bucket * BUCKET_SLOTS + 1, now);
  probe_slot(r, &b->slot[2], bucket * BUCKET_SLOTS + 2, now);
  probe_slot(r, &b->slot[3], bucket * BUCKET_SLOTS + 3, now);
  return r->further || r->free == NOWHERE;
}

/* Fills in `r` for a key and its home bucket; `r->udp` is the caller's. */
static __always_inline void conn_probe(__u32 home, __u64 key, __u32 now, struct probe *r) {
  r->holder = r->free = r->evict = NOWHERE;
  r->further = 1;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < PROBE_BUCKETS; n++)
    if (!probe_bucket(home + n, key, now, r)) break;
}

/* Claims the free slot that was found, else that of the connection to be replaced. NOWHERE: there is none, or another CPU changed it. */
static __always_inline __u32 slot_claim(struct probe *r, __u32 now) {
  bool replace = r->free == NOWHERE;
  __u32 number = replace ? r->evict : r->free;
  __u64 was = replace ? r->evict_value : r->free_value;
  struct conn_slot *s = number == NOWHERE ? 0 : slot_at(number);
  if (!s || CAS(&s->value, was, (was & V_SPILLED) | CLAIMED << V_DEST_SHIFT) != was) return NOWHERE;
  if (replace) count_reason(evict_reason(r->evict_class));
  if (v_taken(was)) conn_uncount(was, now);
  return number;
}

/* Marks the buckets from a key's home up to the one that it is put into. */
__noinline int conn_spill(__u32 home, __u32 away) {
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < PROBE_BUCKETS; i++) {
    if (i >= away) break;
    struct conn_bucket *b = bucket_at(home + i);
    if (b) __sync_fetch_and_or(&b->slot[0].value, V_SPILLED);
  }
  return 0;
}

/* The lock under which the marks of a region of 4096 buckets change. */
static __always_inline __u32 spill_lock_of(__u32 bucket) {
  return LOCKS + (bucket_in_table(bucket) >> 12 & (SPILL_LOCKS - 1));
}

/* How far from home a slot is, in buckets: no table has fewer than PROBE_BUCKETS, so a hash of the key serves as its home. */
static __always_inline __u32 away_from(__u32 home, __u32 number) { return (number / BUCKET_SLOTS - home) & (PROBE_BUCKETS - 1); }

/* Writes a claimed slot: the key first, then the value by adding, so that SPILLED stays where another CPU sets it meanwhile. */
static __always_inline void slot_fill(__u32 number, __u64 key, __u64 value) {
  __u32 away = away_from(keyed_hash(key), number);
  struct conn_slot *s = slot_at(number);
  if (!s) return;
  slot_store_client(s);
  WRITE(s->key, key);
  __sync_fetch_and_add(&s->value, value + ((__u64)away << V_AWAY_SHIFT) - (CLAIMED << V_DEST_SHIFT));
}

#endif
