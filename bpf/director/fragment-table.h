/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of fragmented packets, and the ring of fragments that wait. */
#ifndef WEIR_FRAGMENT_TABLE_H
#define WEIR_FRAGMENT_TABLE_H

static __always_inline __u32 fragment_kind(__u64 word) { return word >> FRAGMENT_KIND_SHIFT; }
static __always_inline __u64 fragment_word(__u32 kind, __u32 held) { return (__u64)kind << FRAGMENT_KIND_SHIFT | held; }
static __always_inline struct fragment *fragment_find(struct fragment_key *key) { return bpf_map_lookup_elem(&fragments, key); }
static __always_inline struct fragment_held *held_at(__u32 number) {
  __u32 i = number & (FRAGMENTS_HELD - 1);
  return bpf_map_lookup_elem(&fragments_held, &i);
}
#ifdef IPV6
static __always_inline __u32 fragment_tag(struct fragment_key *key) {
  return keyed_hash((__u64)address_hash(key->saddr) << 32 | address_hash(key->daddr)) ^ key->id;
}
#else
static __always_inline __u32 fragment_tag(struct fragment_key *key) { return keyed_hash((__u64)key->saddr[0] << 32 | key->daddr[0]) ^ key->id; }
#endif

/* Reads the entry of the packet whose key is in the scratch space into it. Its kind; FRAGMENT_NONE: there is none, or it has expired. `gap`: of a later
 * fragment that goes by it; one of a packet that is whole is of another packet with the same ID, and finds none. 0: who only looks. A global function,
 * with its own stack frame. */
__noinline __u32 fragment_read(__u32 now, __u64 gap) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return FRAGMENT_NONE;
  CHECKED(scratch);
  struct fragment *f = fragment_find(&scratch->fragment_key), *to = &scratch->fragment;
  __u32 tag = fragment_tag(&scratch->fragment_key);
  if (!f) return FRAGMENT_NONE;
  CHECKED(f);
  __u64 word = READ(f->word);
  to->word = word;
  to->gaps = READ(f->gaps);
  to->until = READ(f->until);
  to->dest = READ(f->dest);
  to->method = READ(f->method);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    to->addr[i] = READ(f->addr[i]);
    to->to[i] = READ(f->to[i]);
  }
  to->id = READ(f->id);
  to->by_flow = READ(f->by_flow);
  to->whole = READ(f->whole);
  if (READ(f->tag) != tag || READ(f->word) != word) return FRAGMENT_NONE;
  bool decided = fragment_kind(word) > FRAGMENT_WAITING;
  if ((__s32)(to->until - now) >= 0 && !(gap && decided && !to->gaps)) {
    if (gap && decided) __sync_fetch_and_add(&f->gaps, gap);
    return fragment_kind(word);
  }
  bpf_map_delete_elem(&fragments, &scratch->fragment_key);
  return FRAGMENT_NONE;
}

/* Stores the entry in the scratch space, and answers which fragment was held back last; 0: none. */
static __always_inline __u32 fragment_store(struct scratch *scratch) {
  struct fragment *from = &scratch->fragment;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 3; i++) {
    if (!bpf_map_update_elem(&fragments, &scratch->fragment_key, from, BPF_NOEXIST)) return 0;
    struct fragment *f = fragment_find(&scratch->fragment_key);
    if (!f) continue;
    CHECKED(f);
    if (fragment_kind(READ(f->word)) != FRAGMENT_WAITING || READ(f->tag) != from->tag) {
      bpf_map_update_elem(&fragments, &scratch->fragment_key, from, BPF_ANY);
      return 0;
    }
    WRITE(f->gaps, from->gaps);
    WRITE(f->until, from->until);
    WRITE(f->dest, from->dest);
    WRITE(f->method, from->method);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      WRITE(f->addr[k], from->addr[k]);
      WRITE(f->to[k], from->to[k]);
    }
    WRITE(f->id, from->id);
    WRITE(f->by_flow, from->by_flow);
    __u64 was = __sync_lock_test_and_set(&f->word, from->word);
    return fragment_kind(was) == FRAGMENT_WAITING ? (__u32)was : 0;
  }
  return 0;
}

/* Copies the frame into the ring. Its number; 0: it is too long. A global function: verified once. */
__noinline __u32 fragment_keep(struct __sk_buff *skb) {
  __u32 zero = 0, size = skb->len;
  struct fragment_held *first = bpf_map_lookup_elem(&fragments_held, &zero);
  if (!first || !size || size > FRAGMENT_FRAME) return 0;
  __u32 number = __sync_fetch_and_add(&first->handed, 1) + 1;
  struct fragment_held *h = held_at(number);
  if (!h || !number) return 0;
  CHECKED(h);
  if (__sync_lock_test_and_set(&h->number, 0)) count_reason(R_FRAGMENT_LOST);
  barrier_var(size);
  size = ((size - 1) & (FRAGMENT_FRAME - 1)) + 1; /* no change, as in message-sum.h */
  h->length = size;
  h->ifindex = skb->ifindex;
  if (bpf_skb_load_bytes(skb, 0, h->frame, size)) return 0;
  WRITE(h->number, number);
  return number;
}

/* Puts a kept frame into the packet's place. False: it is another one's by now. A global function: verified once. */
__noinline int fragment_put(struct __sk_buff *skb, __u32 number) {
  struct fragment_held *h = held_at(number);
  if (!h) return false;
  CHECKED(h);
  __u32 size = h->length;
  barrier_var(size);
  size = ((size - 1) & (FRAGMENT_FRAME - 1)) + 1;
  if (READ(h->number) != number || bpf_skb_change_tail(skb, size, 0)) return false;
  if (bpf_skb_store_bytes(skb, 0, h->frame, size, BPF_F_INVALIDATE_HASH)) return false;
  return CAS(&h->number, number, 0) == number;
}

/* Lets a fragment that was held back come in once more. The number of the one before it; 0: none. A global function: verified once. */
__noinline __u32 fragment_release(struct __sk_buff *skb, __u32 number) {
  struct fragment_held *h = held_at(number);
  if (!h) return 0;
  CHECKED(h);
  __u32 next = READ(h->next), ifindex = READ(h->ifindex);
  if (!fragment_put(skb, number)) return 0;
  bpf_clone_redirect(skb, ifindex, BPF_F_INGRESS);
  return next;
}

#define RELEASE_LOST 1   /* those that were held back */
#define RELEASE_SPOILT 2 /* the borrowed packet: others took the place of its frame meanwhile, which takes FRAGMENTS_HELD of them */

/* Lets all of a packet that were held back come in once more, the last one first, and leaves the packet that it borrows for that as it is: its
 * frame is kept meanwhile. 0, or what went wrong. A global function: its callers have little stack left. */
__noinline int fragments_release(struct __sk_buff *skb, __u32 number) {
  __u32 own = fragment_keep(skb);
  if (!own) return RELEASE_LOST;
#pragma clang loop unroll(disable)
  for (int i = 0; i < FRAGMENT_RELEASED; i++) {
    if (!number) break;
    number = fragment_release(skb, number);
  }
  return fragment_put(skb, own) ? 0 : RELEASE_SPOILT;
}

#endif
