/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the flows of connections were found last: one cold line of memory, which is found by the client alone, so that it is read while that of the
 * connection is still awaited. Of exact services alone, whose clients are not reported to the server.
 *
 * What stands here may be of a connection that is over: the flow shows whose it is. But where it is a lease, the flow need not be looked at. While an
 * established connection and its flow have one expiry, which is a second old at most when a packet comes, nothing but another director (leases_end)
 * ends the flow. So a lease counts for one expiry: as soon as that is written again, the flow is looked at and renewed. */
#ifndef WEIR_FULLNAT_LEASE_H
#define WEIR_FULLNAT_LEASE_H

#include "lease.h"

/* Does no new flow take the port of one that had a packet as lately as the expiry shows (is_recent, flow_class)? */
static __always_inline bool may_be_leased(struct conf *c, __u32 state) {
  if (!is_lasting(state)) return false;
  return state & V_PROVEN >> 32 || (v_state((__u64)state << 32) == STATE_ESTABLISHED && units_of(c, UNPROVEN_IDLE_SECONDS) > SECOND_OR_SO);
}

/* From here on all leases of the pool's ports are void. Before a flow ends though its connection here has not. */
static __always_inline void leases_end(struct fullnat_pool *p) { __sync_fetch_and_add(&p->epoch, 1); }

#if !defined(SCTP) && !defined(APPLIES)
/* Half as many sets as the table of connections has buckets (load/fullnat.ts). */
TABLE(fullnat_leases, struct fullnat_lease_set, 1);

#ifdef IPV6
static __always_inline void lease_store_client(struct fullnat_lease_set *set, __u32 i, const __u32 *client) {
  shared_address_store(set->client[i & (LEASE_SET - 1)], client);
}
#else
static __always_inline void lease_store_client(struct fullnat_lease_set *set, __u32 i, const __u32 *client) {}
#endif

static __always_inline struct fullnat_lease_set *lease_set(__u64 key) {
  __u32 at = conn_hash(key) & conn_mask >> 1;
  return bpf_map_lookup_elem(&fullnat_leases, &at);
}
/* What is known of a connection's flow; 0: nothing. */
static __always_inline __u64 lease_word(__u64 key, const __u32 *client) {
  struct fullnat_lease_set *set = lease_set(key);
  return set ? lease_word_in(set, key, client) : 0;
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
  if (!p || !is_lasting(work->state) || !is_leased(word, work->until, p, d)) return 0;
  *place = word & LEASE_PLACE;
  return p;
}
#else
static __always_inline __u64 lease_word(__u64 key, const __u32 *client) { return 0; }
static __always_inline void lease_store(__u64 key, const __u32 *client, __u64 word) {}
#endif

#endif
