/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Puts connections into the table that no packet of this director began: those that another director has. User space runs weir_apply on a page of them
 * (apply-abi.h) by BPF_PROG_TEST_RUN; so it never holds a lock of the table itself, which its death would close for ever. They are inserted, changed and ended
 * by the rules of packets' connections, and counted at their destinations, but in no counters of traffic. */
#ifndef WEIR_APPLY_H
#define WEIR_APPLY_H

#include "apply-abi.h"

TABLE(apply_page, struct apply_page, 1);
/* As those of maps.h. */
const volatile struct {
  enum apply_flags flags;
  enum apply_answer answer;
} apply_types_in_btf;

#define APPLY_TRIES 4
#define APPLIED_BITS (V_NOOUTPUT | V_PROVEN)

static __always_inline struct apply_page *the_page(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&apply_page, &zero);
}
static __always_inline struct apply_record *record_at(__u32 i) {
  struct apply_page *page = the_page();
  if (!page) return 0;
  CHECKED(page);
  return &page->record[i & (APPLY_RECORDS - 1)];
}

/* What of its client is in its key. */
static __always_inline __u32 applied_client(struct apply_record *r) {
#ifdef IPV6
  return address_hash(r->client);
#else
  return r->client[0];
#endif
}
/* What a search for the record's connection compares besides goes into the scratch space. */
static __always_inline void note_applied(struct apply_record *r) {
#ifdef IPV6
  note_client(r->client);
#ifdef WIDE
  note_tuple6(r->vaddr, r->vport, r->protocol);
#endif
#else
  note_tuple(r->vaddr[0], r->vport, r->protocol);
#endif
}
/* The server's port, which a look at another connection may have changed there. */
static __always_inline void applied_server(struct apply_record *r) {
#ifdef WIDE
  WIDE_PORTS *t = tuple_ports();
  if (t) WRITE(t->dport, r->dport);
#endif
}

static __always_inline __u64 applied_state(struct apply_record *r) { return (__u64)r->state << 32; }
static __always_inline __u64 applied_value(struct apply_record *r, __u64 from, __u32 now) {
  return v_moved(from, v_state(applied_state(r)), now + r->left);
}

/* Of what is here: had it a packet later than the record? `idle`: since its last one. `alike`: they differ in nothing else. Of last packets that are too
 * close the record of who wins counts. The margin of that one is half as long, so that never both take what the other one has. */
static __always_inline bool newer_here(struct apply_record *r, __u32 idle, bool alike) {
  struct apply_page *page = the_page();
  if (!page || !(r->flags & APPLY_RIVAL)) return false;
  __s32 later = (__s32)(r->idle - idle);
  __s32 margin = (__s32)page->margin;
  if (r->flags & APPLY_WINS) return later > margin >> 1;
  return later > margin || (!alike && later >= -margin);
}
static __always_inline __u32 idle_here(__u64 v, __u32 now) {
  struct conf *c = the_conf();
  return c ? timeout_of(c, v_state(v)) - ((__u32)v - now) : 0;
}
/* Both directors have the same of it: it lives as long as at the one that had the last packet. */
static __always_inline bool lives_longer_here(struct apply_record *r, __u64 v, __u32 now) {
  return r->flags & APPLY_RIVAL && v_state(v) == v_state(applied_state(r)) && (__s32)((__u32)v - (now + r->left)) >= 0;
}

/* What either director has seen of it, both have. */
static __always_inline __u64 seen_by_either(struct apply_record *r, __u64 v) {
  if (!(r->flags & APPLY_BITS)) return v;
  return (v | (applied_state(r) & V_PROVEN)) & ~(~applied_state(r) & V_NOOUTPUT);
}

/* A connection that is there. Not APPLY_BUSY: it is done. */
static __always_inline int apply_change(struct apply_record *r, struct conn_slot *s, __u64 key, __u32 now) {
  struct found f;
  if (!slot_holds(s, false, key, now, &f)) return APPLY_BUSY;
  bool same = v_dest(f.value) == r->dest;
  if (!same && r->flags & (APPLY_LATE | APPLY_END)) return APPLY_LEFT;
  if (same && !(r->flags & APPLY_END) && lives_longer_here(r, f.value, now))
    return conn_change(s, false, &f.value, seen_by_either(r, f.value)) ? APPLY_CHANGED : APPLY_BUSY;
  bool alike = same && (r->flags & APPLY_END || v_state(f.value) == v_state(applied_state(r)));
  if (newer_here(r, idle_here(f.value, now), alike)) return APPLY_NEWER;
  if (!same || r->flags & APPLY_END) return conn_end(s, false, f.value, now) && same ? APPLY_ENDED : APPLY_BUSY;
  __u64 to = applied_value(r, f.value, now);
  if (r->flags & APPLY_BITS) to = (to & ~APPLIED_BITS) | (applied_state(r) & APPLIED_BITS);
  return conn_change(s, false, &f.value, to) ? APPLY_CHANGED : APPLY_BUSY;
}

/* A new one, in a slot that was taken. */
static __always_inline void apply_make(struct apply_record *r, __u32 number, __u32 home, __u64 key, __u32 now) {
  struct dest *d = dest_at(r->dest);
  __u64 method = applied_state(r) & 3ull << V_METHOD_SHIFT;
  __u64 value = applied_value(r, (__u64)r->dest << V_DEST_SHIFT | method | (applied_state(r) & APPLIED_BITS), now);
  if (d) {
    __sync_fetch_and_add(value & V_INACTIVE ? &d->inactive : &d->active, 1);
    overload_begin(d);
  }
  applied_server(r);
  slot_fill(number, home, key, value);
  bucket_changed(number / BUCKET_SLOTS);
}

/* One that is not here, and need not be. */
static __always_inline bool is_gone(struct apply_record *r) {
  return r->flags & APPLY_END || (r->flags & APPLY_RIVAL && r->idle > r->fresh);
}

/* Under the key's lock. A global function: verified once. */
__noinline int apply_locked(__u32 i, __u64 key, __u32 home, __u32 now) {
  struct apply_record *r = record_at(i);
  struct scratch *scratch = the_scratch();
  if (!r || !scratch) return APPLY_BUSY;
  CHECKED(r);
  CHECKED(scratch);
  struct probe *probe = &scratch->probe;
  probe->udp = v_udp(applied_state(r));
  probe->again = false;
#pragma clang loop unroll(disable)
  for (int k = 0; k < APPLY_TRIES; k++) {
    conn_look(probe, home, key, now);
    if (probe->holder != NOWHERE) {
      struct conn_slot *s = slot_at(probe->holder);
      int done = s ? apply_change(r, s, key, now) : APPLY_BUSY;
      r->slot = probe->holder;
      if (done != APPLY_BUSY) return done;
      continue;
    }
    if (is_gone(r)) return APPLY_GONE;
    if (probe->free == NOWHERE && probe->evict == NOWHERE) return APPLY_FULL;
    __u32 number = slot_take_quickly(probe, home, now);
    if (number == NOWHERE) continue;
    apply_make(r, number, home, key, now);
    r->slot = number;
    return APPLY_MADE;
  }
  return APPLY_BUSY;
}

#ifndef SIDE /* those of a family share one table, which the build without marks and SCTP has */
/* A template that is there: one that leads elsewhere is lost, and the next try makes another one. One that is held is in use. */
static __always_inline int apply_template_change(struct apply_record *r, struct template *t, __u32 now) {
  __u64 v = READ(t->value);
  if (!t_taken(v) || t_claimed(v)) return APPLY_BUSY;
  bool same = t_dest(v) == r->dest;
  bool longer = r->flags & APPLY_RIVAL && (__s32)((__u32)v - (now + r->left)) >= 0;
  if (same && longer && !(r->flags & APPLY_END) && (v & T_ASSURED || !(r->flags & APPLY_ASSURED))) return APPLY_CHANGED;
  if ((!same || r->flags & APPLY_END) && newer_here(r, v & T_HELD ? 0 : READ(t->timeout) - ((__u32)v - now), same)) return APPLY_NEWER;
  if (!same || r->flags & APPLY_END) return CAS(&t->value, v, v | T_LOST) == v && same ? APPLY_ENDED : APPLY_BUSY;
  __u64 to = (v >> 32 << 32 & ~(T_ASKED | T_CHILD | T_HELD)) | (longer ? (__u32)v : (__u32)(now + r->left));
  if (r->flags & APPLY_ASSURED) to |= T_ASSURED;
  if (CAS(&t->value, v, to) != v) return APPLY_BUSY;
  WRITE(t->timeout, r->state);
  return APPLY_CHANGED;
}

/* What a template that was made for a packet has not: it has been used before. */
static __always_inline void apply_template_rest(struct apply_record *r, struct template *t) {
  WRITE(t->timeout, r->state);
  if (r->flags & APPLY_ASSURED) __sync_fetch_and_or(&t->value, T_ASSURED);
}

/* Under the lock of the probe's key. */
__noinline int apply_template_locked(__u32 i, __u32 now) {
  struct apply_record *r = record_at(i);
  struct template_probe *p = the_template_probe();
  struct conf *c = the_conf();
  if (!r || !p || !c) return APPLY_BUSY;
  CHECKED(r);
#pragma clang loop unroll(disable)
  for (int k = 0; k < TEMPLATE_TRIES; k++) {
    p->place = template_slot(p);
    struct template *t = p->place == NOWHERE ? 0 : template_at(p->place);
    if (!t) return APPLY_FULL;
    int done = APPLY_BUSY;
    if (p->place == p->holder) done = apply_template_change(r, t, now);
    else if (is_gone(r)) return APPLY_GONE;
    else if (template_fill(c, p, t)) done = p->place == NOWHERE ? APPLY_FULL : APPLY_MADE; /* a call needs memory of its own */
    if (done == APPLY_MADE) apply_template_rest(r, t);
    r->slot = p->place;
    r->key = READ(t->key);
    if (done != APPLY_BUSY) return done;
  }
  return APPLY_BUSY;
}

/* The Call-ID at this place of the page goes into the scratch space, as that of a packet. False: there is none. */
__noinline int apply_call(__u32 place) {
  struct apply_page *page = the_page();
  struct scratch *scratch = the_scratch();
  if (!page || !scratch) return false;
  CHECKED(page);
  CHECKED(scratch);
  struct apply_call *call = &page->call[place & (APPLY_CALLS - 1)];
  scratch->call.length = READ(call->length);
  __builtin_memcpy(scratch->call.id, call->id, sizeof scratch->call.id);
  return scratch->call.length && scratch->call.length <= CALL_ID_MAX;
}

/* A service that goes by calls has templates of calls alone, and no other one has any. */
static __always_inline int apply_template(struct apply_record *r, __u32 i, __u32 now) {
  struct service *svc = service_at(r->service);
  struct template_probe *p = the_template_probe();
  if (!svc || !p || !(svc->flags & SVC_PERSISTENT)) return APPLY_LEFT;
  bool call = svc->flags & SVC_SIP;
  if (call != !!(r->flags & APPLY_CALL) || (call && !apply_call(r->vaddr[0]))) return APPLY_LEFT;
  note_applied(r);
  template_probe_for(p, persistence_of(svc), r->service, applied_client(r), call);
  p->timeout = r->left;
  p->dest = r->dest;
  p->now = now;
  __u32 lock = LOCKS + SPILL_LOCKS + LOCALITY_LOCKS + (p->hash & (TEMPLATE_LOCKS - 1));
  if (!lock_take(lock)) return APPLY_BUSY;
  int done = apply_template_locked(i, now);
  lock_give(lock);
  return done;
}
#endif

/* Its key, with the hash in `slot` until it has one. The CPU waits for the buckets of some records together, where one step each would wait for its own. */
static long apply_ahead(__u64 i, void *ctx) {
  struct apply_record *r = record_at(i);
  if (!r) return 1;
  CHECKED(r);
  if (r->flags & APPLY_TEMPLATE) return 0;
  __u64 key = conn_key(applied_client(r), r->port, r->service);
  __u32 hash = conn_hash(key);
  struct conn_bucket *b = bucket_at(hash & conn_mask);
  r->key = key;
  r->slot = hash;
  if (b) (void)READ(b->slot[0].value);
  return 0;
}

static long apply_step(__u64 i, void *ctx) {
  __u32 *now = ctx;
  struct apply_record *r = record_at(i);
  if (!r) return 1;
  CHECKED(r);
#ifndef SIDE
  if (r->flags & APPLY_TEMPLATE) {
    r->answer = apply_template(r, i, *now);
    return 0;
  }
#endif
  note_applied(r);
  __u64 key = r->key;
  __u32 hash = r->slot;
  r->answer = APPLY_BUSY;
  if (!key_lock(key, hash)) return 0;
  r->answer = apply_locked(i, key, hash & conn_mask, *now);
  key_unlock(key, hash);
  return 0;
}

SEC("xdp")
int weir_apply(struct xdp_md *ctx) {
  struct apply_page *page = the_page();
  __u32 now = clock_now();
  if (!page) return XDP_DROP; /* its frame */
  __u32 count = page->count < APPLY_RECORDS ? page->count : APPLY_RECORDS;
  bpf_loop(count, apply_ahead, &now, 0);
  bpf_loop(count, apply_step, &now, 0);
  return XDP_DROP;
}

#endif
