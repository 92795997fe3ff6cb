/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which interfaces lead to a server: its replies come by these alone. The FIB's answer is remembered for a second, yes or no (it is asked in
 * local.h and local6.h). */
#ifndef WEIR_REPLY_SIDE_H
#define WEIR_REPLY_SIDE_H

/* Does a server's reply come from the side where the server lives: by its next hop's interface, or by another one that
 * the FIB has named within a second? Anyone may send packets with its address. By lo only the director's own stack does. */
static __always_inline bool is_server_side(struct conf *c, struct dest *d, __u32 ifindex, __u32 now) {
  if (likely(READ(d->hop.ifindex) == ifindex) || ifindex == LOOPBACK) return true;
  return READ(d->reply_from) == ifindex && now - READ(d->reply_at) <= c->fresh_for;
}

static __always_inline void server_side_found(struct dest *d, __u32 ifindex, __u32 now) {
  WRITE(d->reply_at, now);
  WRITE(d->reply_from, ifindex);
}

/* A "no" takes up to 18 questions to the FIB, and anyone may cause it. So each CPU remembers it for itself, of three interfaces a server: its
 * line of the server's counters has room for them. */
#define OTHER_SIDES 3
static __always_inline struct counters *other_sides(__u32 dest) {
  __u32 i = dest * cpus + bpf_get_smp_processor_id();
  return bpf_map_lookup_elem(&counters, &i);
}

/* Has the FIB answered within a second that the interface does not lead to the server? */
static __always_inline bool is_other_side(struct conf *c, __u32 dest, __u32 ifindex, __u32 now) {
  /* With rules that choose by source, a server may answer one client by this interface, and another one by another. */
  if (READ(c->source_rules) | READ(c->source_rules6)) return false;
  struct counters *n = other_sides(dest);
  if (!n) return false;
  CHECKED(n);
#pragma clang loop unroll(full)
  for (int k = 0; k < OTHER_SIDES; k++) {
    __u64 known = READ(n->reply_not_from[k]);
    if ((__u32)known == ifindex && now - (__u32)(known >> 32) <= c->fresh_for) return true;
  }
  return false;
}

/* Remembers that an interface does not lead to the server, in the place of what was known of it, else of the oldest answer. */
static __always_inline void other_side_found(__u32 dest, __u32 ifindex, __u32 now) {
  struct counters *n = other_sides(dest);
  __u32 place = 0, oldest = 0;
  if (!n) return;
  CHECKED(n);
#pragma clang loop unroll(full)
  for (__u32 k = 0; k < OTHER_SIDES; k++) {
    __u64 known = READ(n->reply_not_from[k]);
    __u32 age = (__u32)known == ifindex ? ~0u : now - (__u32)(known >> 32);
    if (age < oldest) continue;
    oldest = age;
    place = k;
  }
  WRITE(n->reply_not_from[place], ifindex | (__u64)now << 32);
}

#endif
