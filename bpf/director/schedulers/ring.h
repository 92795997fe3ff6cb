/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* dh, sh and mh: a ring of destinations' ids, made by user space (src/datapath/schedule/rings.ts); a hash of the packet chooses a slot.
 * User space rewrites a ring in place, and a ring of a scheduler that was exchanged may belong to another service already: what is found
 * counts only if it is a destination of this service. */
#ifndef WEIR_SCHEDULERS_RING_H
#define WEIR_SCHEDULERS_RING_H

/* The kernel's hash_32(). */
static __always_inline __u32 hash32(__u32 value, __u32 bits) { return value * 0x61c88647u >> (32 - bits); }

/* -b: the first and the second flag of sh and mh. */
#define RING_FALLBACK (1u << SVC_SCHEDULER_SHIFT)
#define RING_PORT (2u << SVC_SCHEDULER_SHIFT)

/* What is hashed is the client's address, with its port where the flag asks for it. False: the service has no ring. */
static __always_inline bool ring_begin(struct service *svc, struct walk *w) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return false;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  w->ring = READ(svc->ring);
  w->flags = READ(svc->flags);
  w->input = source_word(p) + (w->flags & RING_PORT ? bpf_ntohs(p->sport) : 0);
  return w->ring;
}

static __always_inline __u32 ring_at(struct walk *w, __u32 slot) {
  __u32 i = w->ring - 1 + slot / RING_BLOCK;
  struct ring_block *b = bpf_map_lookup_elem(&rings, &i);
  if (!b) return 0;
  CHECKED(b);
  return READ(b->id[slot & (RING_BLOCK - 1)]);
}

/* What the fallback adds to what is hashed (mh) or to the first slot (sh): it counts up from that slot, once around the ring. */
static __always_inline __u32 ring_offset(struct walk *w, __u32 size) { return (w->first + w->turn - 1) % size; }

/* Takes what stands in a slot if it is eligible. Otherwise only a fallback goes on, until an empty slot, or all `size` were tried. */
static __always_inline void ring_try(struct walk *w, __u32 slot, __u32 size) {
  __u32 id = ring_at(w, slot);
  struct dest *d = id ? dest_at(id) : 0;
  w->over = 1;
  if (!d) return;
  if (d->service == w->service && READ(d->flags) & D_AVAILABLE && eligible(d)) w->pick = id;
  else if (w->flags & RING_FALLBACK && w->turn++ < size) w->over = 0;
}

#endif
