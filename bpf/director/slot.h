/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of a slot: read, and changed by compare-and-swap. Everywhere else keys and values are as abi.h has them; the old table of a
 * takeover has them in the layout of the build before (layout-before.h), and is converted here. */
#ifndef WEIR_SLOT_H
#define WEIR_SLOT_H

#define CAS(at, from, to) __sync_val_compare_and_swap(at, from, to)

#ifdef BRIDGE
#define BRIDGING true
static __always_inline bool bucket_is_old(__u32 bucket) { return bucket & OLD_BUCKET; }
#else
#define BRIDGING false
static __always_inline bool bucket_is_old(__u32 bucket) { return false; }
#endif
static __always_inline bool number_is_old(__u32 number) { return bucket_is_old(number / BUCKET_SLOTS); }

#ifdef BRIDGE
_Static_assert(BEFORE_K_PORT_SHIFT == K_PORT_SHIFT && BEFORE_K_SERVICE_SHIFT == K_SERVICE_SHIFT,
               "templates and calls of SIP have such keys, too, and are not converted");
/* `bits` of a word, moved from one place to another. */
static __always_inline __u64 bits_moved(__u64 word, __u32 from, __u32 bits, __u32 to) { return (word >> from & ((1ull << bits) - 1)) << to; }
static __always_inline __u64 flag_moved(__u64 word, __u64 from, __u64 to) { return word & from ? to : 0; }

static __always_inline __u64 key_from_before(__u64 key) {
  if (!OLD_LAYOUT) return key;
  return (__u32)key | bits_moved(key, BEFORE_K_PORT_SHIFT, 16, K_PORT_SHIFT) | bits_moved(key, BEFORE_K_SERVICE_SHIFT, 16, K_SERVICE_SHIFT);
}
static __always_inline __u64 key_to_before(__u64 key) {
  if (!OLD_LAYOUT) return key;
  return (__u32)key | bits_moved(key, K_PORT_SHIFT, 16, BEFORE_K_PORT_SHIFT) | bits_moved(key, K_SERVICE_SHIFT, 16, BEFORE_K_SERVICE_SHIFT);
}
static __always_inline __u64 value_from_before(__u64 v) {
  if (!OLD_LAYOUT) return v;
  return (__u32)v | bits_moved(v, BEFORE_V_DEST_SHIFT, 18, V_DEST_SHIFT) | bits_moved(v, BEFORE_V_METHOD_SHIFT, 2, V_METHOD_SHIFT) |
         bits_moved(v, BEFORE_V_STATE_SHIFT, 4, V_STATE_SHIFT) | bits_moved(v, BEFORE_V_AWAY_SHIFT, 4, V_AWAY_SHIFT) |
         flag_moved(v, BEFORE_V_INACTIVE, V_INACTIVE) | flag_moved(v, BEFORE_V_NOOUTPUT, V_NOOUTPUT) |
         flag_moved(v, BEFORE_V_SPILLED, V_SPILLED) | flag_moved(v, BEFORE_V_PROVEN, V_PROVEN);
}
static __always_inline __u64 value_to_before(__u64 v) {
  if (!OLD_LAYOUT) return v;
  return (__u32)v | bits_moved(v, V_DEST_SHIFT, 18, BEFORE_V_DEST_SHIFT) | bits_moved(v, V_METHOD_SHIFT, 2, BEFORE_V_METHOD_SHIFT) |
         bits_moved(v, V_STATE_SHIFT, 4, BEFORE_V_STATE_SHIFT) | bits_moved(v, V_AWAY_SHIFT, 4, BEFORE_V_AWAY_SHIFT) |
         flag_moved(v, V_INACTIVE, BEFORE_V_INACTIVE) | flag_moved(v, V_NOOUTPUT, BEFORE_V_NOOUTPUT) |
         flag_moved(v, V_SPILLED, BEFORE_V_SPILLED) | flag_moved(v, V_PROVEN, BEFORE_V_PROVEN);
}
#else
static __always_inline __u64 key_from_before(__u64 key) { return key; }
static __always_inline __u64 key_to_before(__u64 key) { return key; }
static __always_inline __u64 value_from_before(__u64 v) { return v; }
static __always_inline __u64 value_to_before(__u64 v) { return v; }
#endif

#ifdef BRIDGE
static __always_inline __u64 old_hashed(void) { return OLD_LAYOUT ? BEFORE_K_HASHED : K_HASHED; }
#endif

/* Does the service in a key choose its bucket, too? Then the connections of a client are in no one neighbourhood. Never in a wide table, where the
 * service is found by these. */
#define HASHES_SERVICE(hashed, shift) (((hashed) >> (shift) & 0xffff) != 0)
#ifdef WIDE
static __always_inline bool are_scattered(void) { return false; }
#elif defined(BRIDGE)
static __always_inline bool are_scattered(void) {
  return HASHES_SERVICE(K_HASHED, K_SERVICE_SHIFT) || (OLD_LAYOUT && HASHES_SERVICE(BEFORE_K_HASHED, BEFORE_K_SERVICE_SHIFT));
}
#else
static __always_inline bool are_scattered(void) { return HASHES_SERVICE(K_HASHED, K_SERVICE_SHIFT); }
#endif

/* `old`: the slot is in the bridging build's old table. */
static __always_inline __u64 slot_key(struct conn_slot *s, bool old) { return old ? key_from_before(READ(s->key)) : READ(s->key); }
static __always_inline __u64 slot_value(struct conn_slot *s, bool old) { return old ? value_from_before(READ(s->value)) : READ(s->value); }
static __always_inline bool slot_has_key(struct conn_slot *s, bool old, __u64 key) { return READ(s->key) == (old ? key_to_before(key) : key); }

/* Replaces the value `from` by `to`. False: another CPU changed it, and it is now in `from`. */
static __always_inline bool slot_swap(struct conn_slot *s, bool old, __u64 *from, __u64 to) {
  __u64 was = CAS(&s->value, old ? value_to_before(*from) : *from, old ? value_to_before(to) : to);
  if (old) was = value_from_before(was);
  if (likely(was == *from)) return true;
  *from = was;
  return false;
}

/* Marks the bucket of which this is the first slot. */
static __always_inline void slot_mark_spilled(struct conn_slot *s, bool old) {
  __sync_fetch_and_or(&s->value, old ? value_to_before(V_SPILLED) : V_SPILLED);
}

/* Writes a claimed slot: the key first, then the value by adding, so that SPILLED stays where another CPU sets it meanwhile. */
static __always_inline void slot_write(struct conn_slot *s, bool old, __u64 key, __u64 value) {
  __u64 claimed = CLAIMED << V_DEST_SHIFT;
  WRITE(s->key, old ? key_to_before(key) : key);
  __sync_fetch_and_add(&s->value, old ? value_to_before(value) - value_to_before(claimed) : value - claimed);
}

#endif
