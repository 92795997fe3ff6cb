/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a connection of an IPv6 service of all ports or of a mark has beside its slot, as conn-wide.h has it for IPv4. */
#ifndef WEIR_CONN_WIDE6_H
#define WEIR_CONN_WIDE6_H

#include "asks-wide.h"

/* At the slot's place in the bucket's third and fourth line. */
static __always_inline __u32 *slot_vaddr(struct conn_slot *s) { return (__u32 *)(s + 2 * BUCKET_SLOTS); }
static __always_inline struct wide6_rest *slot_rest(struct conn_slot *s) { return (struct wide6_rest *)(s + 3 * BUCKET_SLOTS); }
_Static_assert(sizeof(struct conn_slot) == sizeof(struct wide6_rest), "as large as a slot");

/* Ports and protocol as a word, and what of it identifies a connection. */
#define REST_VIRTUAL 0xffffffffull
static __always_inline __u64 rest_word(struct wide6_rest *r) { return READ(*(__u64 *)r); }
static __always_inline void rest_store(struct wide6_rest *r, __u64 word) { WRITE(*(__u64 *)r, word); }

static __always_inline struct wide6_tuple *the_tuple(void) {
  struct scratch *s = the_scratch();
  if (!s) return 0;
  CHECKED(s);
  return &s->tuple;
}

/* The virtual endpoint. Its port is the server's, too, until note_server() knows better: a client's connections go to the ports that it asks for. */
static __always_inline void note_tuple6(const __u32 *addr, __u16 port, __u8 protocol) {
  struct wide6_tuple *t = the_tuple();
  if (!t) return;
  address_copy(t->vaddr, addr);
  t->rest = (struct wide6_rest){.vport = port, .protocol = protocol, .dport = port};
}
static __always_inline void note_client_source(struct packet *p) {
  note_client(p->saddr6);
  note_tuple6(p->daddr6, p->dport, p->protocol);
}
static __always_inline void note_client_target(struct packet *p) {
  note_client(p->daddr6);
  note_tuple6(p->saddr6, p->sport, p->protocol);
}

static __always_inline bool slot_is_of_client(struct conn_slot *s) {
  struct wide6_tuple *t = the_tuple();
  if (!t || !slot_has_client(s) || !shared_address_is(slot_vaddr(s), t->vaddr)) return false;
  __u64 own = rest_word(slot_rest(s));
  if ((own ^ rest_word(&t->rest)) & REST_VIRTUAL) return false;
  rest_store(&t->rest, own);
  return true;
}
static __always_inline void slot_store_client(struct conn_slot *s) {
  struct wide6_tuple *t = the_tuple();
  if (!t) return;
  slot_keep_client(s);
  shared_address_store(slot_vaddr(s), t->vaddr);
  rest_store(slot_rest(s), rest_word(&t->rest));
}
static __always_inline void slot_copy_client(struct conn_slot *to, struct conn_slot *from) {
  slot_copy_address(to, from);
  shared_address_store(slot_vaddr(to), slot_vaddr(from));
  rest_store(slot_rest(to), rest_word(slot_rest(from)));
}

/* The exact service of its virtual endpoint is to ask for it. */
static __always_inline void slot_asks(struct conn_slot *s) {
  struct wide6_rest *r = slot_rest(s);
  endpoint_asks((struct address *)slot_vaddr(s), READ(r->vport), READ(r->protocol));
}

/* Is it the connection of a server's packet? Then the scratch space has its tuple. */
static __always_inline bool slot_is_answered(struct conn_slot *s, struct dest *d, struct dest *e) {
  struct wide6_tuple *t = the_tuple();
  struct wide6_rest *own = slot_rest(s);
  if (!t || !address_equal(d->addr, e->addr) || !slot_has_client(s)) return false;
  if (READ(own->dport) != t->rest.dport || READ(own->protocol) != t->rest.protocol) return false;
  address_copy(t->vaddr, slot_vaddr(s));
  rest_store(&t->rest, rest_word(own));
  return true;
}

/* The virtual address of the connection that was found or made. */
static __always_inline const __u32 *virtual_addr6(struct service *s) {
  struct wide6_tuple *t = the_tuple();
  return t ? t->vaddr : s->addr;
}
#define WIDE_PORTS struct wide6_rest
static __always_inline WIDE_PORTS *slot_ports(struct conn_slot *s) { return slot_rest(s); }
static __always_inline WIDE_PORTS *tuple_ports(void) {
  struct wide6_tuple *t = the_tuple();
  return t ? &t->rest : 0;
}

#endif
