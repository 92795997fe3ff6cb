/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exact services whose packets may have a connection in a wide table: one of all ports or FTP's data that is older than the service, or one of a mark.
 * As in IPVS a connection comes before every service. So before a packet begins one of such a service, its wide build is asked:
 *
 *   the program that has the service   WIDE_ASKED   -> the wide build's: its connection goes on with the packet
 *   the program on the links again     WIDE_ABSENT  <- there is none: the packet begins one
 *
 * Others pay nothing for that: a service is asked about while it has SVC_ASKS_WIDE (wide-abi.h). */
#ifndef WEIR_ASKS_WIDE_H
#define WEIR_ASKS_WIDE_H

/* Where a packet has been (ORIGIN_CB). */
#define WIDE_ASKED 0x77656970u
#define WIDE_ABSENT 0x77656971u

/* Does the packet leave a beginning to another build? */
#ifdef WIDE
static __always_inline bool begins_elsewhere(struct __sk_buff *skb, struct service *svc) { return unlikely(skb->cb[ORIGIN_CB] == WIDE_ASKED); }
#else
static __always_inline bool begins_elsewhere(struct __sk_buff *skb, struct service *svc) {
  if (likely(!(svc->flags & SVC_ASKS_WIDE)) || svc->state != LIVE) return false;
  bool absent = skb->cb[ORIGIN_CB] == WIDE_ABSENT;
  skb->cb[ORIGIN_CB] = absent ? 0 : WIDE_ASKED;
  return !absent;
}
#endif

#ifdef WIDE
/* A service's state, scheduler and flags are one word, which user space stores. */
#define SVC_WORD_FLAGS 16
_Static_assert(__builtin_offsetof(struct service, flags) == __builtin_offsetof(struct service, state) + SVC_WORD_FLAGS / 8, "in one word");
static __always_inline __u32 *service_word(struct service *s) { return (__u32 *)&s->state; }

static __always_inline void asks_set(struct service *s) {
  if (s && (READ(s->flags) & SVC_ASKS_WIDE) != SVC_ASKS_WIDE) __sync_fetch_and_or(service_word(s), (__u32)SVC_ASKS_WIDE << SVC_WORD_FLAGS);
}

/* The exact service of a connection's virtual endpoint is to ask for it. A global function: verified once. */
#ifdef IPV6
__noinline int endpoint_asks(struct address *addr, __u16 port, __u8 protocol) {
  if (!addr) return 0;
  __u32 id = exact_service6(addr->word, address_hash(addr->word), port, protocol);
#else
__noinline int endpoint_asks(__u32 addr, __u16 port, __u8 protocol) {
  __u32 id = exact_service(addr, port, protocol);
#endif
  if (!id) return 0;
  asks_set(service_at(id));
  asks_set(service_at(0));
  return 0;
}
#endif

#endif
