/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The connection table: find, insert, change, end. abi.h has the rules of its memory. */
#ifndef WEIR_CONN_H
#define WEIR_CONN_H

#define LOCK_TRIES 4096
#ifndef WIDE
/* The key has the service, and the service and its destination have the ports (conn-wide.h, conn-ports.h, conn-service.h: of all ports). */
#define ALL_PORTS false
static __always_inline bool serves_port(struct service *svc, struct packet *p) { return true; }
static __always_inline bool slot_is_same(struct conn_slot *s, bool old, __u64 value) { return true; }
static __always_inline void note_tuple(__u32 addr, __u16 port, __u8 protocol) {}
static __always_inline void note_flow_tuple(__u8 protocol) {}
static __always_inline void note_server(__u32 service, struct dest *d) {}
static __always_inline void note_no_server(void) {}
static __always_inline void note_replaced(void) {}
static __always_inline void slot_asks(struct conn_slot *s) {}
#if defined(TUNNEL) || defined(FULLNAT)
static __always_inline bool is_on_pair(struct __sk_buff *skb) { return skb->ifindex != skb->ingress_ifindex; } /* conn-ports.h */
#else
static __always_inline bool is_on_pair(struct __sk_buff *skb) { return false; }
#endif
static __always_inline bool is_answer(struct packet *p) { return false; }
static __always_inline __u32 service_or_marked(struct __sk_buff *skb, __u32 service) { return service; }
static __always_inline __u32 virtual_addr(struct service *s) { return s->addr[0]; }
static __always_inline __u16 virtual_port(struct service *s) { return s->port; }
static __always_inline __u16 server_port(struct dest *d) { return d->port; }
#ifndef IPV6
/* IPv4: it has the client's address, too (conn6.h: of IPv6). */
static __always_inline bool slot_is_of_client(struct conn_slot *s) { return true; }
static __always_inline void slot_store_client(struct conn_slot *s) {}
static __always_inline void slot_copy_client(struct conn_slot *to, struct conn_slot *from) {}
static __always_inline void note_client_source(struct packet *p) {}
static __always_inline void note_client_target(struct packet *p) {}
#endif
#endif
#ifndef IPV6
static __always_inline void note_client_of(struct conn_slot *s) {} /* the key has the client of a template */
#endif

/* A slot by its number: bucket * BUCKET_SLOTS + index in the bucket. */
static __always_inline struct conn_slot *slot_at(__u32 number) {
  struct conn_bucket *b = bucket_at(number / BUCKET_SLOTS);
  if (!b) return 0;
  CHECKED(b);
  return &b->slot[number & (BUCKET_SLOTS - 1)];
}

/* Where a connection is; 0: nowhere. The bridging build must know in which table: there it is the slot's number, plus one. */
#ifdef BRIDGE
typedef __u64 slot_ref;
static __always_inline slot_ref ref_to(struct conn_slot *s, __u32 number) { return number + 1ull; }
static __always_inline struct conn_slot *ref_slot(slot_ref r) { return r ? slot_at(r - 1) : 0; }
static __always_inline bool ref_is_old(slot_ref r) { return number_is_old(r - 1); }
#else
typedef struct conn_slot *slot_ref;
static __always_inline slot_ref ref_to(struct conn_slot *s, __u32 number) { return s; }
static __always_inline struct conn_slot *ref_slot(slot_ref r) { return r; }
static __always_inline bool ref_is_old(slot_ref r) { return false; }
#endif

/* A connection that was found: its slot, and its value when it was read. */
struct found {
  slot_ref slot;
  __u64 value;
};

/* Has the slot the key's connection? The value is in `f` then, and in the plain build the slot. */
static __always_inline bool slot_holds(struct conn_slot *s, bool old, __u64 key, __u32 now, struct found *f) {
  if (!slot_has_key(s, old, key)) return false;
  __u64 v = slot_value(s, old);
  if (!v_live(v, now) || !slot_is_of_client(s) || !slot_is_same(s, old, v)) return false;
  if (!slot_has_key(s, old, key)) return false; /* the slot got another connection between the two reads */
#ifndef BRIDGE
  f->slot = s;
#endif
  f->value = v;
  return true;
}

/* What chooses the bucket of a key, and its lock: the client alone, so that a reply finds its connection without its service. */
static __always_inline __u32 conn_hash(__u64 key) { return keyed_hash(key & K_HASHED); }

/* The home bucket of a key. */
static __always_inline __u32 home_of(__u64 key) { return conn_hash(key) & conn_mask; }

/* The slot of a bucket that holds the key, else one of these. A global function, so that it is verified once. */
#define NOT_HERE BUCKET_SLOTS /* the key may be in the next bucket */
#define NOT_FURTHER (BUCKET_SLOTS + 1)
__noinline __u32 bucket_search(__u32 bucket, __u64 key, __u32 now) {
  struct conn_bucket *b = bucket_at(bucket);
  bool old = bucket_is_old(bucket);
  struct found f;
  if (!b) return NOT_FURTHER;
  CHECKED(b);
  if (slot_holds(&b->slot[0], old, key, now, &f)) return 0;
  if (slot_holds(&b->slot[1], old, key, now, &f)) return 1;
  if (slot_holds(&b->slot[2], old, key, now, &f)) return 2;
  if (slot_holds(&b->slot[3], old, key, now, &f)) return 3;
  return slot_value(&b->slot[0], old) & V_SPILLED ? NOT_HERE : NOT_FURTHER;
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

/* The bridging build (bridge.h) has a second table. */
#ifdef BRIDGE
static __always_inline __u32 old_home_of(__u64 key);
__noinline int key_await(__u64 key);
__noinline __u32 bridge_find(__u64 key, __u32 now);
__noinline __u32 bridge_find_alone(__u64 key, __u32 now);
static __always_inline __u32 home_to_fill(__u64 key, __u32 hash);
/* A connection may move between the search and the look at its slot, but once only. No loop: the verifier loses count of two turns where the
 * compiler keeps their number as four bytes of the stack. */
enum found_where { FOUND_NOWHERE, FOUND, FOUND_MOVED };
static __always_inline enum found_where conn_find_once(__u64 key, __u32 now, struct found *f) {
  __u32 number = bridge_find(key, now);
  struct conn_slot *s = number == NOWHERE ? 0 : slot_at(number);
  if (!s) return FOUND_NOWHERE;
  if (!slot_holds(s, number_is_old(number), key, now, f)) return FOUND_MOVED;
  f->slot = ref_to(s, number);
  return FOUND;
}
static __always_inline bool conn_find(__u64 key, __u32 now, struct found *f) {
  enum found_where where = conn_find_once(key, now, f);
  if (unlikely(where == FOUND_MOVED)) where = conn_find_once(key, now, f);
  return where == FOUND;
}
static __always_inline bool conn_find_hashed(__u64 key, __u32 hash, __u32 now, struct found *f) { return conn_find(key, now, f); }
static __always_inline bool key_lock(__u64 key, __u32 hash);
static __always_inline void key_unlock(__u64 key, __u32 hash);
#else
/* `home`: its conn_hash(). */
static __always_inline bool conn_find_hashed(__u64 key, __u32 home, __u32 now, struct found *f) {
  struct conn_bucket *b = bucket_at(home);
  if (!b) return false;
  if (slot_holds(&b->slot[0], false, key, now, f) || slot_holds(&b->slot[1], false, key, now, f) ||
      slot_holds(&b->slot[2], false, key, now, f) || slot_holds(&b->slot[3], false, key, now, f))
    return true;
  if (likely(!(READ(b->slot[0].value) & V_SPILLED))) return false;
  struct conn_slot *s = slot_at(conn_far(home, key, now));
  return s && slot_holds(s, false, key, now, f);
}
static __always_inline bool conn_find(__u64 key, __u32 now, struct found *f) { return conn_find_hashed(key, conn_hash(key), now, f); }
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

#ifndef BRIDGE
#define OLD_BUCKET 0
#endif
/* Counts in `changes` that a connection of this bucket came, went or changed its state, after it did. Not atomic: a CPU that loses many turns between
 * the read and the write may hide another one's change, which is then found by those who look at all buckets from time to time. */
static __always_inline void bucket_changed(__u32 bucket) {
  __u32 i = (bucket & (CHANGES - 1)) / 2;
  struct change_pair *pair = bpf_map_lookup_elem(&changes, &i);
  if (!pair) return;
  CHECKED(pair);
  __u32 *count = &pair->count[bucket & 1];
  WRITE(*count, READ(*count) + 1);
}
static __always_inline void slot_changed(struct conn_slot *s, bool old) {
  struct conn_bucket *first = bucket_at(old ? OLD_BUCKET : 0);
  if (first) bucket_changed(((__u64)s - (__u64)first) / sizeof(struct conn_bucket));
}
/* A function of its own, so that it is verified once. */
__noinline int slot_went(struct conn_slot *s, __u32 old) {
  if (s) slot_changed(s, old);
  return 0;
}

/* Replaces `from` by `to` and keeps the destination's active and inactive counts right. False: another CPU changed the value,
 * which is now in `from`. */
static __always_inline bool conn_change(struct conn_slot *s, bool old, __u64 *from, __u64 to) {
  __u64 was = *from;
  if (was == to) return true;
  if (unlikely(!slot_swap(s, old, from, to))) return false;
  if (v_state(was) != v_state(to)) slot_changed(s, old);
  if ((was ^ to) & V_INACTIVE) {
    struct dest *d = dest_at(v_dest(to));
    if (!d) return true;
    bool quiet = to & V_INACTIVE;
    __sync_fetch_and_add(&d->inactive, quiet ? 1 : -1);
    __sync_fetch_and_add(&d->active, quiet ? -1 : 1);
  }
  return true;
}

/* Takes a connection out of its slot; it counts until conn_uncount(). True for the one caller whose compare-and-swap did so. */
static __always_inline bool conn_withdraw(struct conn_slot *s, bool old, __u64 v) {
  __u64 was = v;
  if (!slot_swap(s, old, &was, v & V_SPILLED)) return false;
  slot_went(s, old);
  return true;
}

/* Ends a connection now. True likewise. */
static __always_inline bool conn_end(struct conn_slot *s, bool old, __u64 v, __u32 now) {
  if (!conn_withdraw(s, old, v)) return false;
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

#ifndef BRIDGE
/* `hash`: conn_hash() of the key. */
static __always_inline bool key_lock(__u64 key, __u32 hash) { return lock_take(hash & (LOCKS - 1)); }
static __always_inline void key_unlock(__u64 key, __u32 hash) { lock_give(hash & (LOCKS - 1)); }
#endif

static __always_inline void probe_slot(struct conf *c, struct probe *r, struct conn_slot *s, __u32 number, __u32 now) {
  __u64 v = slot_value(s, number_is_old(number));
  if (v_claimed(v)) return;
  if (!v_taken(v) || v_expired(v, now)) {
    if (r->free != NOWHERE) return;
    r->free = number;
    r->free_value = v;
  } else if (r->free == NOWHERE) {
    evict_note(c, r, number, v, now);
  }
}

/* Adds a bucket to a probe. False: it was the last one to look at. A global function, so that it is verified once. */
__noinline int probe_bucket(__u32 bucket, __u64 key, __u32 now, struct probe *r) {
  struct conn_bucket *b = bucket_at(bucket);
  struct conf *c = the_conf();
  if (!b || !c || !r) return 0;
  if (r->further) {
    __u32 found = bucket_search(bucket, key, now);
    if (found < BUCKET_SLOTS) {
      r->holder = bucket * BUCKET_SLOTS + found;
      return 0;
    }
    if (found == NOT_FURTHER) r->further = 0;
  }
  if (!r->settled) {
    probe_slot(c, r, &b->slot[0], bucket * BUCKET_SLOTS, now);
    probe_slot(c, r, &b->slot[1], bucket * BUCKET_SLOTS + 1, now);
    probe_slot(c, r, &b->slot[2], bucket * BUCKET_SLOTS + 2, now);
    probe_slot(c, r, &b->slot[3], bucket * BUCKET_SLOTS + 3, now);
    if (r->free != NOWHERE) r->crowded = 0;
    r->settled = r->free != NOWHERE || evict_settles(r);
  }
  return r->further || !r->settled;
}

/* Fills in `r` for a key and its home bucket; `r->udp` is the caller's. `search`: the table may have the key. */
static __always_inline void conn_probe(__u32 home, __u64 key, bool search, __u32 now, struct probe *r) {
  r->holder = r->free = r->evict = NOWHERE;
  r->further = search;
  r->settled = false;
  if (BRIDGING) r->crowded = 0; /* a move needs the free slot */
  else if (r->crowded) r->crowded--;
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
  if (!s) return NOWHERE;
  __u64 now_is = was;
  if (!slot_swap(s, number_is_old(number), &now_is, (was & V_SPILLED) | CLAIMED << V_DEST_SHIFT)) return NOWHERE;
  if (replace) {
    count_reason(evict_reason(r->evict_class));
    if (!BRIDGING && !r->settled) r->crowded = SHORT_PROBES;
  }
  if (v_taken(was)) conn_uncount(was, now);
  return number;
}

/* Claims an empty slot, which has this value. */
static __always_inline bool slot_claim_empty(__u32 number, __u64 value) {
  struct conn_slot *s = slot_at(number);
  return s && slot_swap(s, number_is_old(number), &value, (value & V_SPILLED) | CLAIMED << V_DEST_SHIFT);
}

/* Marks the buckets from a key's home up to the one that it is put into. */
__noinline int conn_spill(__u32 home, __u32 away) {
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < PROBE_BUCKETS; i++) {
    if (i >= away) break;
    struct conn_bucket *b = bucket_at(home + i);
    if (b) slot_mark_spilled(&b->slot[0], bucket_is_old(home));
  }
  return 0;
}

/* The lock under which the marks of a region of 4096 buckets change. */
static __always_inline __u32 spill_lock_of(__u32 bucket) {
  return LOCKS + (bucket_in_table(bucket) >> 12 & (SPILL_LOCKS - 1));
}

/* How far from home a slot is, in buckets: no table has fewer than PROBE_BUCKETS, so a hash of the key serves as its home. */
static __always_inline __u32 away_from(__u32 home, __u32 number) { return (number / BUCKET_SLOTS - home) & (PROBE_BUCKETS - 1); }

/* Writes the two words of a claimed slot, which is visible then. What is beside them has been written. */
static __always_inline void slot_publish(struct conn_slot *s, __u32 number, __u32 home, __u64 key, __u64 value) {
  __u64 away = away_from(home, number);
  slot_write(s, number_is_old(number), key, value | away << V_AWAY_SHIFT);
}

/* Writes a claimed slot of the connection in the scratch space. The caller calls bucket_changed() then. */
static __always_inline void slot_fill(__u32 number, __u32 home, __u64 key, __u64 value) {
  struct conn_slot *s = slot_at(number);
  if (!s) return;
  slot_store_client(s);
  slot_asks(s);
  slot_publish(s, number, home, key, value);
}

#endif
