/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How leases of flows are read (fullnat-lease.h): by the programs of FULLNAT, and by XDP's quick path (quick-flow.h). */
#ifndef WEIR_LEASE_H
#define WEIR_LEASE_H

#include "fullnat-family.h"

#define LEASE_PLACE 0xfffffffull
#define LEASE_GRANTED (1ull << 28)
#define LEASE_EPOCH_SHIFT 29
#define LEASE_EPOCHS 0x7ffull
#define LEASE_UNTIL_SHIFT 40
_Static_assert((__u64)FULLNAT_POOLS * FULLNAT_PORTS - 1 == LEASE_PLACE, "a place has so many bits");

#define LEASE_CLAIMED (LEASE_GRANTED << 1)

/* Is it a state of a connection, as its flow has it, that may have a lease? */
static __always_inline bool is_lasting(__u32 state) {
  __u32 of = v_state((__u64)state << 32);
  return of == STATE_ESTABLISHED || of == S_UDP;
}

#ifdef IPV6
static __always_inline bool lease_is_of(struct fullnat_lease_set *set, int i, const __u32 *client) { return shared_address_is(set->client[i], client); }
#else
static __always_inline bool lease_is_of(struct fullnat_lease_set *set, int i, const __u32 *client) { return true; }
#endif

static __always_inline __u64 lease_word_at(struct fullnat_lease_set *set, int i, __u64 key, const __u32 *client) {
  __u64 word = READ(set->lease[i].word);
  return lease_is_of(set, i, client) && READ(set->lease[i].key) == key ? word : 0;
}
/* What a set has of a connection's flow; 0: nothing. */
static __always_inline __u64 lease_word_in(struct fullnat_lease_set *set, __u64 key, const __u32 *client) {
  CHECKED(set);
  if (READ(set->lease[0].key) == key) return lease_word_at(set, 0, key, client);
  if (READ(set->lease[1].key) == key) return lease_word_at(set, 1, key, client);
  if (READ(set->lease[2].key) == key) return lease_word_at(set, 2, key, client);
  if (READ(set->lease[3].key) == key) return lease_word_at(set, 3, key, client);
  return 0;
}

/* Does the word lease a port of this pool, which its place names, for as long as the connection to this destination has this expiry? */
static __always_inline bool is_leased(__u64 word, __u32 until, struct fullnat_pool *p, struct dest *d) {
  if (!(word & LEASE_GRANTED) || word >> LEASE_UNTIL_SHIFT != (until & 0xffffff)) return false;
  if ((word >> LEASE_EPOCH_SHIFT & LEASE_EPOCHS) != (READ(p->epoch) & LEASE_EPOCHS)) return false;
  return words_equal(p->server, d->addr) && p->server_port == d->port && p->protocol == d->protocol;
}

#endif
