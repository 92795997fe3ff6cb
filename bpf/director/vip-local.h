/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether this host has a service's address, as the FIB answered within a second. It may answer differently for each interface (VRF, rules for
 * `iif`), so an answer counts for the packets of one interface: else a packet from one routing domain would decide for the others. The last answer
 * stands in the service's record; where interfaces take turns, each CPU remembers what it asked for the others. */
#ifndef WEIR_VIP_LOCAL_H
#define WEIR_VIP_LOCAL_H

/* The clock of an answer in a word of 31 bits, moved by the number of the interface: so far that the times of two interfaces do not meet. */
static __always_inline __u32 answer_clock(__u32 now, __u32 ifindex) { return now + ifindex * 0x9e3779b1; }

#define NOT_ASKED (-1)
/* 1, 0, or NOT_ASKED within a second. `word`: the clock << 1 | the answer; 0: none. */
static __always_inline int fresh_answer(struct conf *c, __u32 word, __u32 clock) {
  return word && ((clock - (word >> 1)) & 0x7fffffff) <= c->fresh_for ? word & 1 : NOT_ASKED;
}

static __always_inline struct vip_answer *vip_answer(__u32 service, __u32 ifindex) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  return &scratch->vip_answer[(service + ifindex) & (VIP_ANSWERS - 1)];
}

/* The answer in the service's record, which serves nearly every packet that begins a connection; NOT_ASKED: none. */
static __always_inline int vip_answered(struct conf *c, struct service *s, __u32 ifindex, __u32 now) {
  return fresh_answer(c, READ(s->local), answer_clock(now, ifindex));
}

/* The answer where that in the record is of another interface: of a service about which nothing was asked yet there is no answer. A global
 * function, as the next one: verified once. */
__noinline int vip_answered_before(__u32 service, __u32 ifindex) {
  struct conf *c = the_conf();
  struct service *s = service_at(service);
  struct vip_answer *a = vip_answer(service, ifindex);
  if (!c || !s || !a || !READ(s->local) || a->service != service || a->ifindex != ifindex) return NOT_ASKED;
  return fresh_answer(c, a->word, clock_now());
}

__noinline int vip_answer_found(__u32 service, __u32 ifindex, __u32 local) {
  struct service *s = service_at(service);
  struct vip_answer *a = vip_answer(service, ifindex);
  __u32 now = clock_now();
  if (!s || !a) return 0;
  *a = (struct vip_answer){.service = service, .ifindex = ifindex, .word = now << 1 | (local & 1)};
  WRITE(s->local, answer_clock(now, ifindex) << 1 | (local & 1));
  return 0;
}

#endif
