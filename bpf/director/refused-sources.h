/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sources that rp_filter keeps out. To refuse one takes up to 18 questions to the FIB, and anyone may forge it. So each CPU remembers whom it has
 * refused, for a second, as it remembers from where a server does not answer (reply-side.h): some thousand questions, each with the
 * source, the virtual address, the interface and whether that is strict: the same question has the same answer until routes change. */
#ifndef WEIR_REFUSED_SOURCES_H
#define WEIR_REFUSED_SOURCES_H

/* The interface by which a packet came, and how that filters, as one number. */
static __always_inline __u32 refused_at(__u32 ifindex, bool strict) { return ifindex << 1 | strict; }

static __always_inline struct refused_set *refused_set(__u32 by, __u32 source, __u32 target) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  return &scratch->refused[keyed_hash((__u64)source << 32 | (target ^ by)) & (REFUSED_SETS - 1)];
}

static __always_inline bool refused_is(struct refused_source *r, __u32 by, __u32 source, __u32 target) {
  return r->source == source && r->target == target && r->by == by;
}

/* Was it refused within a second? A global function, as the next one: verified once. */
__noinline int source_is_refused(__u32 by, __u32 source, __u32 target) {
  struct refused_set *set = refused_set(by, source, target);
  struct conf *c = the_conf();
  if (!set || !c) return false;
  CHECKED(set);
#pragma clang loop unroll(full)
  for (int k = 0; k < REFUSED_PLACES; k++) {
    struct refused_source *r = &set->place[k];
    if (refused_is(r, by, source, target)) return clock_now() - r->at <= c->fresh_for;
  }
  return false;
}

/* Remembers that a source is refused, in the place of what was known of it, else of the oldest answer. */
__noinline int source_refused(__u32 by, __u32 source, __u32 target) {
  struct refused_set *set = refused_set(by, source, target);
  __u32 now = clock_now(), place = 0, oldest = 0;
  if (!set) return 0;
  CHECKED(set);
#pragma clang loop unroll(full)
  for (__u32 k = 0; k < REFUSED_PLACES; k++) {
    struct refused_source *r = &set->place[k];
    __u32 age = refused_is(r, by, source, target) ? ~0u : now - r->at;
    if (age < oldest) continue;
    oldest = age;
    place = k;
  }
  set->place[place & (REFUSED_PLACES - 1)] = (struct refused_source){.source = source, .target = target, .by = by, .at = now};
  return 0;
}

#endif
