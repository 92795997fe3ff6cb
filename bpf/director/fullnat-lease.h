/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the flows of connections were found last: one cold line of memory, which is found by the client alone, so that it is read while that of the
 * connection is still awaited. Of exact services alone, whose clients are not reported to the server.
 *
 * What stands here may be of a connection that is over: the flow shows whose it is. But where it is a lease, the flow need not be looked at. While an
 * established connection and its flow have one expiry, which is a second old at most when a packet comes, nothing but another director (leases_end)
 * ends the flow. So a lease counts for one expiry: as soon as that is written again, the flow is looked at and renewed. */
#ifndef WEIR_FULLNAT_LEASE_H
#define WEIR_FULLNAT_LEASE_H

#define LEASE_PLACE 0xfffffffull
#define LEASE_GRANTED (1ull << 28)
#define LEASE_EPOCH_SHIFT 29
#define LEASE_EPOCHS 0x7ffull
#define LEASE_UNTIL_SHIFT 40
_Static_assert((__u64)FULLNAT_POOLS * FULLNAT_PORTS - 1 == LEASE_PLACE, "a place has so many bits");

/* Is it a state of a connection, as its flow has it, that may have a lease? */
static __always_inline bool is_lasting(__u32 state) {
  __u32 of = v_state((__u64)state << 32);
  return of == STATE_ESTABLISHED || of == S_UDP;
}
/* Does no new flow take the port of one that had a packet as lately as the expiry shows (is_recent, flow_class)? */
static __always_inline bool may_be_leased(struct conf *c, __u32 state) {
  if (!is_lasting(state)) return false;
  return state & V_PROVEN >> 32 || (v_state((__u64)state << 32) == STATE_ESTABLISHED && units_of(c, UNPROVEN_IDLE_SECONDS) > SECOND_OR_SO);
}

/* From here on all leases of the pool's ports are void. Before a flow ends though its connection here has not. */
static __always_inline void leases_end(struct fullnat_pool *p) { __sync_fetch_and_add(&p->epoch, 1); }

#if !defined(SCTP) && !defined(APPLIES)
/* `key`: of the connection. `word`: its place, as in fullnat_place (0: there is none), and of a lease the pool's epoch and the connection's expiry. It is
 * claimed by a compare-and-swap with 0 before the rest is written; who reads key, word and the same key again has a word of that key. */
struct fullnat_lease {
  __u64 key;
  __u64 word;
};
#define LEASE_SET 4
struct fullnat_lease_set {
  struct fullnat_lease lease[LEASE_SET];
#ifdef IPV6
  __u32 client[LEASE_SET][4]; /* of which the key has a hash */
#endif
};
#define LEASE_CLAIMED (LEASE_GRANTED << 1)
/* Half as many sets as the table of connections has buckets (load/fullnat.ts). */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct fullnat_lease_set);
} fullnat_leases SEC(".maps");

#ifdef IPV6
static __always_inline bool lease_is_of(struct fullnat_lease_set *set, int i, const __u32 *client) { return shared_address_is(set->client[i], client); }
static __always_inline void lease_store_client(struct fullnat_lease_set *set, __u32 i, const __u32 *client) {
  shared_address_store(set->client[i & (LEASE_SET - 1)], client);
}
#else
static __always_inline bool lease_is_of(struct fullnat_lease_set *set, int i, const __u32 *client) { return true; }
static __always_inline void lease_store_client(struct fullnat_lease_set *set, __u32 i, const __u32 *client) {}
#endif

static __always_inline struct fullnat_lease_set *lease_set(__u64 key) {
  __u32 at = conn_hash(key) & conn_mask >> 1;
  return bpf_map_lookup_elem(&fullnat_leases, &at);
}
static __always_inline __u64 lease_word_at(struct fullnat_lease_set *set, int i, __u64 key, const __u32 *client) {
  __u64 word = READ(set->lease[i].word);
  return lease_is_of(set, i, client) && READ(set->lease[i].key) == key ? word : 0;
}
/* What is known of a connection's flow; 0: nothing. */
static __always_inline __u64 lease_word(__u64 key, const __u32 *client) {
  struct fullnat_lease_set *set = lease_set(key);
  if (!set) return 0;
  CHECKED(set);
  if (READ(set->lease[0].key) == key) return lease_word_at(set, 0, key, client);
  if (READ(set->lease[1].key) == key) return lease_word_at(set, 1, key, client);
  if (READ(set->lease[2].key) == key) return lease_word_at(set, 2, key, client);
  if (READ(set->lease[3].key) == key) return lease_word_at(set, 3, key, client);
  return 0;
}

/* Which of a set is written for a connection: its own one, else a free one, else any. */
static __always_inline __u32 lease_which(struct fullnat_lease_set *set, __u64 key) {
  __u32 free = LEASE_SET;
#pragma clang loop unroll(full)
  for (__u32 i = 0; i < LEASE_SET; i++) {
    if (READ(set->lease[i].key) == key) return i;
    if (free == LEASE_SET && !READ(set->lease[i].word)) free = i;
  }
  return free < LEASE_SET ? free : keyed_hash(key) >> 30;
}
static __always_inline void lease_store(__u64 key, const __u32 *client, __u64 word) {
  struct fullnat_lease_set *set = lease_set(key);
  if (!set) return;
  CHECKED(set);
  __u32 which = lease_which(set, key) & (LEASE_SET - 1);
  struct fullnat_lease *l = &set->lease[which];
  __u64 was = READ(l->word);
  if (was == LEASE_CLAIMED || (was == word && READ(l->key) == key && lease_is_of(set, which, client))) return;
  if (CAS(&l->word, was, LEASE_CLAIMED) != was) return;
  WRITE(l->key, key);
  lease_store_client(set, which, client);
  barrier();
  WRITE(l->word, word);
}

/* The pool of the port that a connection's lease is about, which the place has, too; 0: it has none. What is known of the connection comes from the
 * program that found it. */
static __always_inline struct fullnat_pool *leased_pool(__u64 key, const __u32 *client, struct fullnat_work *work, struct dest *d, __u32 *place) {
  __u64 word = lease_word(key, client);
  struct fullnat_pool *p = pool_at((word & LEASE_PLACE) >> 16);
  if (!p || !(word & LEASE_GRANTED) || word >> LEASE_UNTIL_SHIFT != (work->until & 0xffffff) || !is_lasting(work->state)) return 0;
  if ((word >> LEASE_EPOCH_SHIFT & LEASE_EPOCHS) != (READ(p->epoch) & LEASE_EPOCHS)) return 0;
  if (!words_equal(p->server, d->addr) || p->server_port != d->port || p->protocol != d->protocol) return 0;
  *place = word & LEASE_PLACE;
  return p;
}
#else
static __always_inline __u64 lease_word(__u64 key, const __u32 *client) { return 0; }
static __always_inline void lease_store(__u64 key, const __u32 *client, __u64 word) {}
#endif

#endif
