/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A reply to a local address that is of no flow, in a grace period: it is dropped where no connection has it either, as one of a client on the director
 * itself does. The program of the flows notes it, and all builds that are asked of it afterwards find it here. */
#ifndef WEIR_FULLNAT_HELD_H
#define WEIR_FULLNAT_HELD_H
#include "fullnat-family.h"
#include "grace.h"

/* A segment that the stack would answer by an RST, though its connection may still come from the other director. What begins or ends one is left to it. */
static __always_inline bool fullnat_waits(struct conf *c, struct packet *p) {
  return in_grace(c) && p->protocol == IPPROTO_TCP && !p->fragment && !(p->flags & (FLAG_SYN | FLAG_RST));
}

#define FULLNAT_IS_HELD 0x68656c64u
static __always_inline void fullnat_hold(struct packet *p, struct fullnat_work *work) {
  words_copy(work->local, target_of(p));
  work->server_port = p->sport;
  work->port = bpf_ntohs(p->dport);
  work->report = FULLNAT_IS_HELD;
}
static __always_inline bool fullnat_is_held(struct packet *p) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work || work->report != FULLNAT_IS_HELD) return false;
  return work->server_port == p->sport && work->port == bpf_ntohs(p->dport) && words_equal(work->local, target_of(p));
}

#endif
