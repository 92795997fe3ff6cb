/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The service of a connection, found by what is in its packets alone. A packet shows neither its firewall mark before netfilter has seen it nor
 * therefore its service, but the connections of a client are in one neighbourhood, and each has its virtual endpoint beside its slot. */
#ifndef WEIR_CONN_SERVICE_H
#define WEIR_CONN_SERVICE_H

/* The service of this slot's connection, if it is the client's with the scratch space's virtual endpoint; 0: it is not. */
static __always_inline __u32 slot_service(struct conn_slot *s, struct wide_tuple *t, __u64 client, __u32 now) {
  __u64 key = READ(s->key);
  if ((key ^ client) & K_CLIENT || !v_live(READ(s->value), now)) return 0;
  if (tuple_word(slot_tuple(s), 0) != tuple_word(t, 0) || READ(s->key) != key) return 0;
  return key >> K_SERVICE_SHIFT;
}

/* The same in a bucket. NOWHERE: none, and no connection of this bucket is in a later one. A global function, so that it is verified once. */
__noinline __u32 bucket_service(__u32 bucket, __u64 client, __u32 now) {
  struct conn_bucket *b = bucket_at(bucket);
  struct wide_tuple *t = the_tuple();
  if (!b || !t) return NOWHERE;
  CHECKED(b);
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < BUCKET_SLOTS; i++) {
    __u32 service = slot_service(&b->slot[i & (BUCKET_SLOTS - 1)], t, client, now);
    if (service) return service;
  }
  return READ(b->slot[0].value) & V_SPILLED ? 0 : NOWHERE;
}

/* The service of a client's connection to a virtual endpoint; 0: it has none. Its key has no service, as in IPVS. */
__noinline __u32 conn_service(__u32 caddr, __u16 cport, __u32 vaddr, __u16 vport, __u8 protocol) {
  __u64 client = conn_key(caddr, cport, 0);
  __u32 home = conn_hash(client), now = clock_now();
  tuple_is(vaddr, vport, protocol);
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < PROBE_BUCKETS; n++) {
    __u32 service = bucket_service(home + n, client, now);
    if (service) return service == NOWHERE ? 0 : service;
  }
  return 0;
}

/* Whom the packet in the scratch space is for, or `from`; 0: none. A global function: its callers have little stack left. */
__noinline __u32 packet_service(bool from) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  struct packet *p = &scratch->packet;
  if (from) return service_for(p->daddr, p->dport, p->saddr, p->sport, p->protocol);
  return service_for(p->saddr, p->sport, p->daddr, p->dport, p->protocol);
}

#endif
