/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two connection tables: a key is searched in both, and inserted in the one that the phase names. weir_move, which user space runs,
 * moves connections from the old table to the new one; ARCHITECTURE.md has the order of the phases.
 *
 * Both tables share the locks of keys. A move takes the connection out of the old table, as it is at that moment, and then fills the
 * slot that it has claimed in the new one. A reader without the key's lock may find it in neither: it waits until the lock is free,
 * and then searches the new table again. A packet that finds its slot emptied does the same. */
#ifndef WEIR_BRIDGE_H
#define WEIR_BRIDGE_H

#define MOVE_PAGE 256 /* buckets that one run of weir_move looks at */
#define MOVE_TRIES 8
#define PASS_TRIES (1u << 20)

static __always_inline struct bridge *the_bridge(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&bridge, &zero);
}

#define REPLACES OLD_LAYOUT /* a move may replace a connection, as a new one does: nothing can go back to the old layout */
static __always_inline __u32 old_hash(__u64 key) { return keyed_hash(key_to_before(key) & old_hashed()); }
static __always_inline __u32 old_home_of(__u64 key) { return OLD_BUCKET | (old_hash(key) & old_mask); }
static __always_inline __u32 home_in(__u32 number, __u64 key) { return number_is_old(number) ? old_hash(key) : conn_hash(key); }

/* The plain programs of before lock a key in their way, those that follow in today's: this build takes both locks, the lower one first. */
static __always_inline bool key_lock(__u64 key, __u32 hash) {
  __u32 one = hash & (LOCKS - 1), two = old_hash(key) & (LOCKS - 1);
  __u32 lower = one < two ? one : two, upper = one < two ? two : one;
  if (!lock_take(lower)) return false;
  if (lower == upper || lock_take(upper)) return true;
  lock_give(lower);
  return false;
}
static __always_inline void key_unlock(__u64 key, __u32 hash) {
  __u32 one = hash & (LOCKS - 1), two = old_hash(key) & (LOCKS - 1);
  lock_give(one);
  if (one != two) lock_give(two);
}

/* The bucket from which a new connection is inserted. The caller holds the key's lock. */
static __always_inline __u32 home_to_fill(__u64 key, __u32 hash) {
  struct bridge *b = the_bridge();
  return b && READ(b->phase) == conns_are ? hash & conn_mask : old_home_of(key);
}

/* The number of the slot that holds the key in the table of `home`; NOWHERE: none. */
__noinline __u32 bridge_search(__u32 home, __u64 key, __u32 now) { return conn_search(home, 0, key, now); }

/* The number of the slot that holds the key in either table; NOWHERE: none. The caller holds the key's lock. */
__noinline __u32 bridge_find_alone(__u64 key, __u32 now) {
  __u32 number = conn_search(home_of(key), 0, key, now);
  return number == NOWHERE ? conn_search(old_home_of(key), 0, key, now) : number;
}

static long lock_is_free(__u64 i, void *ctx) {
  __u64 **lock = ctx;
  return READ(**lock) == 0;
}

/* Waits until the lock of a key is free: a connection that was in neither table is in the new one then, or it ended. */
__noinline int key_await(__u64 key) {
  __u32 which = conn_hash(key) & (LOCKS - 1);
  __u64 *lock = bpf_map_lookup_elem(&locks, &which);
  if (lock && READ(*lock)) bpf_loop(PASS_TRIES, lock_is_free, &lock, 0);
  return 0;
}

/* The slot of a key's connection in either table, as bridge_find_alone() finds it, for a caller that does not hold the key's lock. */
__noinline __u32 bridge_find(__u64 key, __u32 now) {
  __u32 number = bridge_find_alone(key, now);
  if (number != NOWHERE) return number;
  key_await(key);
  return bridge_search(home_of(key), key, now);
}

/* Claims a slot of the new table for a key that is in the old one. The caller holds the key's lock. What is beside the slot of the old one is not
 * in the scratch space: the key alone would be found where another connection of the client has it. */
static __always_inline __u32 slot_for(__u64 key, __u32 now) {
  __u32 home = home_of(key);
  struct scratch *scratch = the_scratch();
  if (!scratch) return NOWHERE;
  struct probe *r = &scratch->probe;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 4; i++) {
    conn_probe(home, key, false, now, r);
    if (r->free == NOWHERE && !(REPLACES && r->evict != NOWHERE)) return NOWHERE;
    __u32 number = slot_take(home, now);
    if (number != NOWHERE) return number;
  }
  return NOWHERE;
}

/* Takes a connection out of the old table, as it is at that moment. 0: it ended. */
static __always_inline __u64 slot_leave(struct conn_slot *s, __u64 key, __u32 now) {
#pragma clang loop unroll(disable)
  for (int i = 0; i < MOVE_TRIES; i++) {
    __u64 v = slot_value(s, true), was = v;
    if (!v_live(v, now) || !slot_has_key(s, true, key)) return 0;
    if (slot_swap(s, true, &was, v & V_SPILLED)) return v & ~(V_SPILLED | 15ull << V_AWAY_SHIFT);
  }
  return 0;
}

/* Moves a connection, unless the new table has no room for it. The caller holds its lock. */
__noinline int bridge_move(__u32 from, __u64 key, __u32 now, __u32 udp) {
  struct bridge *b = the_bridge();
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  scratch->probe.udp = udp;
  __u32 number = slot_for(key, now);
  struct conn_slot *old = slot_at(from), *new = slot_at(number);
  if (!b || number == NOWHERE || !old || !new) return 0;
  __u64 v = slot_leave(old, key, now);
  if (v) {
    slot_copy_client(new, old);
    slot_publish(new, number, home_in(number, key), key, v);
    bucket_changed(number / BUCKET_SLOTS);
    b->moved++;
  } else {
    __sync_fetch_and_and(&new->value, V_SPILLED); /* it ended */
  }
  return 0;
}

/* Looks at a slot of the old table: an expired connection is ended, a living one moved. */
__noinline int bridge_settle(__u32 number, __u32 now) {
  struct conn_slot *s = slot_at(number);
  struct bridge *b = the_bridge();
  if (!s || !b) return 0;
  __u64 v = slot_value(s, true), key = slot_key(s, true);
  if (!v_taken(v)) return 0;
  if (!v_claimed(v) && v_expired(v, now)) {
    conn_end(s, true, v, now);
  } else if (!v_claimed(v) && key_lock(key, conn_hash(key))) {
    bridge_move(number, key, now, v_udp(v));
    key_unlock(key, conn_hash(key));
  }
  if (v_taken(slot_value(s, true))) b->left++;
  return 0;
}

static long bridge_step(__u64 i, void *ctx) {
  __u32 *now = ctx;
  struct bridge *b = the_bridge();
  if (!b || READ(b->at) > old_mask) return 1;
  __u32 first = (OLD_BUCKET | READ(b->at)) * BUCKET_SLOTS;
#pragma clang loop unroll(disable)
  for (__u32 k = 0; k < BUCKET_SLOTS; k++) bridge_settle(first + k, *now);
  WRITE(b->at, READ(b->at) + 1);
  return 0;
}

/* Moves the connections of some buckets, from bridge.at on. User space runs it until `at` is behind the last bucket. */
SEC("xdp")
int weir_move(struct xdp_md *ctx) {
  __u32 now = clock_now();
  bpf_loop(MOVE_PAGE, bridge_step, &now, 0);
  return XDP_DROP; /* its frame */
}

#endif
