/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The client's address of an IPv6 connection, beside its slot. It is in the scratch space before a key is searched or inserted. */
#ifndef WEIR_CONN6_H
#define WEIR_CONN6_H

/* A slot of the bucket's first line has its client at the same place of the second one. */
static __always_inline __u32 *slot_client(struct conn_slot *s) { return (__u32 *)(s + BUCKET_SLOTS); }
_Static_assert(sizeof(struct conn_slot) == 4 * sizeof(__u32), "as large as an address");

/* An address beside a slot, which other CPUs read and write. */
static __always_inline bool shared_address_is(__u32 *shared, const __u32 *addr) {
  return READ(HALF(shared, 0)) == HALF(addr, 0) && READ(HALF(shared, 1)) == HALF(addr, 1);
}
static __always_inline void shared_address_store(__u32 *shared, const __u32 *addr) {
  WRITE(HALF(shared, 0), HALF(addr, 0));
  WRITE(HALF(shared, 1), HALF(addr, 1));
}

static __always_inline bool slot_has_client(struct conn_slot *s) {
  struct whole_addresses *whole = the_whole();
  return whole && shared_address_is(slot_client(s), whole->client);
}
static __always_inline void slot_keep_client(struct conn_slot *s) {
  struct whole_addresses *whole = the_whole();
  if (whole) shared_address_store(slot_client(s), whole->client);
}

static __always_inline void slot_copy_address(struct conn_slot *to, struct conn_slot *from) {
  shared_address_store(slot_client(to), slot_client(from));
}

static __always_inline void note_client(const __u32 *addr) {
  struct whole_addresses *whole = the_whole();
  if (whole) address_copy(whole->client, addr);
}
#ifndef WIDE
/* The key has the service, and the service and its destination have the ports (conn-wide6.h: of all ports). */
static __always_inline bool slot_is_of_client(struct conn_slot *s) { return slot_has_client(s); }
static __always_inline void slot_store_client(struct conn_slot *s) { slot_keep_client(s); }
static __always_inline void slot_copy_client(struct conn_slot *to, struct conn_slot *from) { slot_copy_address(to, from); }
static __always_inline void note_client_source(struct packet *p) { note_client(p->saddr6); }
static __always_inline void note_client_target(struct packet *p) { note_client(p->daddr6); }
static __always_inline const __u32 *virtual_addr6(struct service *s) { return s->addr; }
#endif
static __always_inline void note_client_of(struct conn_slot *s) { note_client(slot_client(s)); }

#endif
