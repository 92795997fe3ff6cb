/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The localities of lblc and lblcr: found by the packet's destination address, and changed under the service's lock. */
#ifndef WEIR_LOCALITY_H
#define WEIR_LOCALITY_H

static __always_inline __u32 locality_lock(__u32 service) { return LOCKS + SPILL_LOCKS + (service & (LOCALITY_LOCKS - 1)); }

/* lock_take without lock_spin, whose frames the stack has no room for here: a packet that does not get the lock changes nothing. */
#define LOCALITY_TRIES 64
static __always_inline bool locality_take(__u32 which) {
  __u64 *lock = bpf_map_lookup_elem(&locks, &which);
  if (!lock) return false;
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < LOCALITY_TRIES; i++)
    if (READ(*lock) == 0 && CAS(lock, 0, 1) == 0) return true;
  return false;
}

static __always_inline struct locality *locality_part(struct locality_key *k, __u32 part) {
  k->part = part;
  return bpf_map_lookup_elem(&localities, k);
}

/* The place of a member; null: there is none. */
static __always_inline __u32 *member_place(struct locality_key *k, __u32 i) {
  struct locality *part = locality_part(k, i / LOCALITY_MEMBERS);
  if (!part) return 0;
  CHECKED(part);
  return &part->member[i & (LOCALITY_MEMBERS - 1)];
}
static __always_inline __u32 member_at(struct locality_key *k, __u32 i) {
  __u32 *place = member_place(k, i);
  return place ? READ(*place) : 0;
}

/* The locality of the packet that is scheduled; null: its address has none yet. */
static __always_inline struct locality *locality_find(struct service *svc, __u32 service) {
  struct scratch *s = the_scratch();
  if (!s) return 0;
  CHECKED(s);
  struct locality_key *k = &s->locality_key;
  k->service = service;
  k->started = svc->started;
  copy_target(k->addr, &s->packet);
  struct locality *l = locality_part(k, 0);
  if (l) WRITE(l->used, bpf_jiffies64());
  return l;
}

static __always_inline void member_count(__u32 id, __u32 change) {
  struct dest *d = dest_at(id);
  if (d) __sync_fetch_and_add(&d->localities, change);
}

/* Makes a part with one member, the first. */
static __always_inline bool locality_add_part(struct scratch *s, __u32 part, __u32 id) {
  struct locality *l = &s->new_locality;
  __builtin_memset(l, 0, sizeof *l);
  l->used = l->changed = bpf_jiffies64();
  l->size = 1;
  l->member[0] = id;
  s->locality_key.part = part;
  return !bpf_map_update_elem(&localities, &s->locality_key, l, BPF_NOEXIST);
}

struct member_walk {
  __u32 id;
  __u32 found;
};

static long member_seek(__u64 i, void *ctx) {
  struct member_walk *w = ctx;
  struct scratch *s = the_scratch();
  if (!s) return 1;
  CHECKED(s);
  w->found = member_at(&s->locality_key, i) == w->id;
  return w->found;
}

/* Closes the gap that a member leaves. */
static long member_close(__u64 i, void *ctx) {
  struct member_walk *w = ctx;
  struct scratch *s = the_scratch();
  if (!s) return 1;
  CHECKED(s);
  __u32 id = member_at(&s->locality_key, i);
  if (w->found) {
    __u32 *before = member_place(&s->locality_key, i - 1);
    if (before) WRITE(*before, id);
  } else if (id == w->id) {
    w->found = 1;
  }
  return 0;
}

/* The newest member of a set. Without room for it the packet keeps its destination, as where the kernel has no memory. */
static __always_inline bool member_append(struct scratch *s, struct locality *l, __u32 id) {
  struct member_walk w = {.id = id};
  __u32 size = l->size;
  bpf_loop(size, member_seek, &w, 0);
  if (w.found) return false;
  __u32 *place = member_place(&s->locality_key, size);
  if (place) WRITE(*place, id);
  else if (!locality_add_part(s, size / LOCALITY_MEMBERS, id)) return false;
  WRITE(l->changed, bpf_jiffies64());
  WRITE(l->size, size + 1);
  return true;
}

static __always_inline bool locality_join(struct scratch *s, __u32 id, bool set) {
  struct locality *l = locality_part(&s->locality_key, 0);
  if (!l) return locality_add_part(s, 0, id);
  CHECKED(l);
  if (set) return member_append(s, l, id);
  __u32 was = READ(l->member[0]);
  if (was == id) return false;
  WRITE(l->member[0], id);
  member_count(was, -1);
  return true;
}

/* The destination serves the packet's address from now on: beside those that do (a set), or alone. A global function: verified once. */
__noinline int locality_keep(__u32 id, __u32 set) {
  struct scratch *s = the_scratch();
  if (!s) return 0;
  CHECKED(s);
  __u32 lock = locality_lock(s->locality_key.service);
  if (!locality_take(lock)) return 0;
  if (locality_join(s, id, set)) member_count(id, 1);
  lock_give(lock);
  return 0;
}

/* The destination leaves the set, unless it is the last. */
__noinline int locality_leave(__u32 id) {
  struct scratch *s = the_scratch();
  if (!s) return 0;
  CHECKED(s);
  __u32 lock = locality_lock(s->locality_key.service);
  if (!locality_take(lock)) return 0;
  struct locality *l = locality_part(&s->locality_key, 0);
  struct member_walk w = {.id = id};
  if (l && l->size > 1) {
    bpf_loop(l->size, member_close, &w, 0);
    if (w.found) {
      WRITE(l->changed, bpf_jiffies64());
      WRITE(l->size, l->size - 1);
      member_count(id, -1);
    }
  }
  lock_give(lock);
  return 0;
}

#endif
