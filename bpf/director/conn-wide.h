/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a connection of a service of all ports or of a mark has beside its slot: its virtual endpoint and its server's port. That of the connection which
 * is searched, made or found is in the scratch space. */
#ifndef WEIR_CONN_WIDE_H
#define WEIR_CONN_WIDE_H

#include "asks-wide.h"

/* A slot of the bucket's first line has its tuple at the same place of the second one. */
static __always_inline struct wide_tuple *slot_tuple(struct conn_slot *s) { return (struct wide_tuple *)(s + BUCKET_SLOTS); }
_Static_assert(sizeof(struct conn_slot) == sizeof(struct wide_tuple), "as large as a slot");

/* A tuple as its two words, of which the first one identifies a connection. */
static __always_inline __u64 tuple_word(struct wide_tuple *t, int k) { return READ(((__u64 *)t)[k]); }

static __always_inline struct wide_tuple *the_tuple(void) {
  struct scratch *s = the_scratch();
  if (!s) return 0;
  CHECKED(s);
  return &s->tuple;
}

static __always_inline void tuple_copy(struct wide_tuple *to, struct wide_tuple *from) {
  WRITE(((__u64 *)to)[0], tuple_word(from, 0));
  WRITE(((__u64 *)to)[1], tuple_word(from, 1));
}

/* The virtual endpoint. Its port is the server's, too, until note_server() knows better: a client's connections go to the ports that it asks for. */
static __always_inline void note_tuple(__u32 addr, __u16 port, __u8 protocol) {
  struct wide_tuple *t = the_tuple();
  if (!t) return;
  *t = (struct wide_tuple){.vaddr = addr, .vport = port, .protocol = protocol, .dport = port};
}
static __always_inline void note_client_source(struct packet *p) { note_tuple(p->daddr, p->dport, p->protocol); }
static __always_inline void note_client_target(struct packet *p) { note_tuple(p->saddr, p->sport, p->protocol); }

static __always_inline bool slot_is_of_client(struct conn_slot *s) {
  struct wide_tuple *t = the_tuple(), *own = slot_tuple(s);
  if (!t || tuple_word(own, 0) != tuple_word(t, 0)) return false;
  tuple_copy(t, own);
  return true;
}
static __always_inline void slot_store_client(struct conn_slot *s) {
  struct wide_tuple *t = the_tuple();
  if (t) tuple_copy(slot_tuple(s), t);
}
static __always_inline void slot_copy_client(struct conn_slot *to, struct conn_slot *from) { tuple_copy(slot_tuple(to), slot_tuple(from)); }

/* The exact service of its virtual endpoint is to ask for it. */
static __always_inline void slot_asks(struct conn_slot *s) {
  struct wide_tuple *t = slot_tuple(s);
  endpoint_asks(READ(t->vaddr), READ(t->vport), READ(t->protocol));
}

/* Is it the connection of a server's packet? Then the scratch space has its tuple. */
static __always_inline bool slot_is_answered(struct conn_slot *s, struct dest *d, struct dest *e) {
  struct wide_tuple *t = the_tuple(), *own = slot_tuple(s);
  if (!t || d->addr[0] != e->addr[0] || READ(own->dport) != t->dport || READ(own->protocol) != t->protocol) return false;
  tuple_copy(t, own);
  return true;
}

/* The virtual address of the connection that was found or made. */
static __always_inline __u32 virtual_addr(struct service *s) {
  struct wide_tuple *t = the_tuple();
  return t ? t->vaddr : 0;
}
/* Its ports, for conn-ports.h. */
#define WIDE_PORTS struct wide_tuple
static __always_inline WIDE_PORTS *tuple_ports(void) { return the_tuple(); }
static __always_inline WIDE_PORTS *slot_ports(struct conn_slot *s) { return slot_tuple(s); }

#endif
