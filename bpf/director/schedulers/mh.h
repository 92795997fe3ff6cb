/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* mh: Maglev: as sh, by another hash and a longer ring, which changes little when a server comes or goes. */
#ifndef WEIR_SCHEDULERS_MH_H
#define WEIR_SCHEDULERS_MH_H

#include "ring.h"

#define SIP_TURN(v)                                                                                                    \
  ({                                                                                                                   \
    v[0] += v[1], v[1] = v[1] << 13 | v[1] >> 51, v[1] ^= v[0], v[0] = v[0] << 32 | v[0] >> 32;                        \
    v[2] += v[3], v[3] = v[3] << 16 | v[3] >> 48, v[3] ^= v[2];                                                        \
    v[0] += v[3], v[3] = v[3] << 21 | v[3] >> 43, v[3] ^= v[0];                                                        \
    v[2] += v[1], v[1] = v[1] << 17 | v[1] >> 47, v[1] ^= v[2], v[2] = v[2] << 32 | v[2] >> 32;                        \
  })

/* SipHash-1-3 of four bytes, cut to 32 bits: the kernel's hsiphash() on 64-bit machines. Both words of the key are `key`. */
static __always_inline __u32 sip_hash(__u32 value, __u64 key) {
  __u64 v[4] = {key ^ 0x736f6d6570736575ull, key ^ 0x646f72616e646f6dull, key ^ 0x6c7967656e657261ull, key ^ 0x7465646279746573ull};
  __u64 message = 4ull << 56 | value;
  v[3] ^= message;
  SIP_TURN(v);
  v[0] ^= message;
  v[2] ^= 0xff;
  SIP_TURN(v);
  SIP_TURN(v);
  SIP_TURN(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static __always_inline __u32 maglev_slot(__u32 value) { return sip_hash(value, MAGLEV_KEY) % MAGLEV_SLOTS; }

static __always_inline bool mh_begin(struct service *svc, struct walk *w) {
  if (!ring_begin(svc, w)) return false;
  w->first = maglev_slot(w->input);
  return true;
}
static __always_inline void mh_step(struct walk *w) {
  ring_try(w, w->turn ? maglev_slot(w->input + ring_offset(w, MAGLEV_SLOTS)) : w->first, MAGLEV_SLOTS);
}
static __always_inline void mh_end(struct service *svc, struct walk *w) {}

#endif
