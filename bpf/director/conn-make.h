/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a connection begins, shared by XDP and tc: its destination is chosen, and it gets a place in the table. */
#ifndef WEIR_CONN_MAKE_H
#define WEIR_CONN_MAKE_H

/* How long a connection that an ICMP error begins waits for a packet of its own, as in IPVS. */
#define QUOTED_SECONDS 3

/* The value of a connection that the packet starts. */
static __always_inline __u64 first_value(struct verdict *v) {
  __u64 method = ALL_PORTS && !v->d ? BYPASS_METHOD : v->d->method & 3;
  bool answers = method == M_MASQ || is_bypass(method << V_METHOD_SHIFT);
  __u32 state = S_UDP, timeout = v->c->udp_timeout;
  if (has_states(v->p)) {
    state = unlikely(v->begun == BEGUN_BY_ERROR) ? S_NONE : state_after(v->c, S_NONE, v->p->flags, answers ? DIR_IN : DIR_IN_ONLY);
    timeout = state_timeout(v->c, state);
  }
  if (unlikely(v->begun == BEGUN_BY_ERROR)) timeout = units_of(v->c, QUOTED_SECONDS);
  return v_moved((__u64)v->dest << V_DEST_SHIFT | method << V_METHOD_SHIFT | (answers ? 0 : V_NOOUTPUT), state, v->now + timeout);
}

#define PROBES_INLINE (!BRIDGING && !ALL_PORTS) /* looks for a place, and takes it, without a call; the others have no stack left for that */

/* Claims the slot for a connection that the scratch space's probe has found; away from home the buckets up to it are marked. NOWHERE:
 * another CPU changed it. A global function, so that it has a stack frame of its own. */
__noinline __u32 slot_take(__u32 home, __u32 now) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return NOWHERE;
  struct probe *r = &scratch->probe;
  __u32 away = away_from(home, r->free == NOWHERE ? r->evict : r->free);
  if (likely(!away)) return slot_claim(r, now);
  __u32 lock = spill_lock_of(home);
  if (!lock_take(lock)) return NOWHERE;
  __u32 number = slot_claim(r, now);
  if (number != NOWHERE) conn_spill(home, away);
  lock_give(lock);
  return number;
}

/* slot_take() without a call, where the slot is empty and in the home bucket, as nearly always. */
static __always_inline __u32 slot_take_quickly(struct probe *r, __u32 home, __u32 now) {
  if (!PROBES_INLINE) return slot_take(home, now);
  __u32 number = READ(r->free);
  __u64 value = READ(r->free_value);
  if (unlikely(number == NOWHERE || v_taken(value) || number / BUCKET_SLOTS != home)) return slot_take(home, now);
  return slot_claim_empty(number, value) ? number : NOWHERE;
}

/* Probes the home bucket alone, which is nearly always enough: the key is not there, no connection was pushed on, and a
 * slot is free. */
static __always_inline bool quick_probe(__u32 home, __u64 key, __u32 now, struct probe *r) {
  struct conn_bucket *b = bucket_at(home);
  bool old = bucket_is_old(home);
  if (!b || slot_value(&b->slot[0], old) & V_SPILLED) return false;
  __u32 free = BUCKET_SLOTS;
  r->holder = NOWHERE;
#pragma clang loop unroll(full)
  for (int i = BUCKET_SLOTS - 1; i >= 0; i--) {
    __u64 v = slot_value(&b->slot[i], old);
    if (!v_taken(v) || (v_expired(v, now) && !v_claimed(v))) {
      free = i;
      r->free_value = v;
      r->crowded = 0;
    } else if (slot_has_key(&b->slot[i], old, key)) {
      return false;
    }
  }
  r->free = home * BUCKET_SLOTS + free;
  return free < BUCKET_SLOTS;
}

/* What follows from the destination v->dest of a packet without a connection; 0: none was found. GO_REQUEST: it is v->d. GO_BYPASS: there is none, and
 * v->dest is what its connection has instead. */
static __always_inline enum decision dest_chosen(struct verdict *v) {
  v->d = v->dest ? dest_at(v->dest) : 0;
  if (ALL_PORTS && !v->d && v->bypassable) {
    v->dest = BYPASS_DEST;
    note_no_server();
    return GO_BYPASS;
  }
  if (!v->d) return GO_REFUSE;
  if (unlikely(v->unanswerable) && (v->d->method & 3) == M_MASQ) {
    v->reason = R_MARTIAN;
    return GO_DROP;
  }
  note_server(v->service, v->d);
  return GO_REQUEST;
}

/* Chooses the destination, unless one is chosen already. */
static __always_inline enum decision choose_dest(struct verdict *v) {
  if (!v->dest) v->dest = schedule_quickly(v->service);
  if (!v->dest) v->dest = schedule(v->service);
  return dest_chosen(v);
}

#ifndef BRIDGE
static __always_inline __u32 home_to_fill(__u64 key, __u32 hash) { return hash & conn_mask; }
static __always_inline __u32 bridge_find_alone(__u64 key, __u32 now) { return NOWHERE; }
#endif

/* Under the lock: takes the connection out of the table whose client begins again, where the probe has found it as decide_known() has. IPVS ends it by
 * its timer, a moment after the new one has its server: until then it counts, for schedulers and for thresholds. */
__noinline int conn_replace(__u64 key, __u32 now) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  __u32 number = scratch->probe.holder;
  struct conn_slot *s = number == NOWHERE ? 0 : slot_at(number);
  struct found f;
  bool old = number_is_old(number);
  if (!s || !slot_holds(s, old, key, now, &f) || f.value != scratch->reused || !conn_withdraw(s, old, f.value)) return 0;
  scratch->replaced = f.value;
  note_replaced();
  return 1;
}

/* Fills in the scratch space's probe for a key whose lock is held. A global function, so that it is verified once. */
__noinline int conn_look_on(__u32 home, __u64 key, __u32 now) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  struct probe *r = &scratch->probe;
  if (PROBES_INLINE || !quick_probe(home, key, now, r)) conn_probe(home, key, true, now, r);
  if (BRIDGING && r->holder == NOWHERE) r->holder = bridge_find_alone(key, now);
  if (r->holder != NOWHERE && r->again && conn_replace(key, now)) conn_probe(home, key, true, now, r);
  return 0;
}
static __always_inline void conn_look(struct probe *r, __u32 home, __u64 key, __u32 now) {
  if (!PROBES_INLINE || unlikely(!quick_probe(home, key, now, r))) conn_look_on(home, key, now);
}

/* The reason to count. Where there was a place for a connection, the table is not full: a lock was not free, or other CPUs were faster
 * each time. A global function, for packets that are dropped alone. */
__noinline __u32 drop_reason(__u32 reason) {
  struct scratch *scratch = the_scratch();
  if (reason != R_TABLE_FULL || !scratch) return reason;
  return scratch->probe.free == NOWHERE && scratch->probe.evict == NOWHERE ? R_TABLE_FULL : R_BUSY;
}

/* Makes the connection to the destination that was chosen, in a slot that was claimed for it. */
static __always_inline void conn_fill(struct verdict *v, struct scratch *scratch, __u32 number, __u32 home, __u64 key) {
  struct probe *r = &scratch->probe;
  v->f.value = first_value(v);
  /* The first answer to a datagram is noted for the client's template. */
  bool answers_later = r->udp && v->begun != BEGUN_BY_SERVER && !is_bypass(v->f.value);
  if (unlikely(answers_later && scratch->template_probe.wanted | scratch->template_probe.led)) v->f.value |= V_NOOUTPUT;
  if (!ALL_PORTS || v->d) {
    __sync_fetch_and_add(v->f.value & V_INACTIVE ? &v->d->inactive : &v->d->active, 1);
    overload_begin(v->d);
    count_conn(v->dest);
  }
  slot_fill(number, home, key, v->f.value);
  r->holder = number;
}

/* A turn: finds the connection if another CPU has made it meanwhile, else makes it. GO_NEW: another CPU was faster, and another turn follows. */
static __always_inline enum decision conn_turn(struct verdict *v, struct scratch *scratch, __u64 key, __u32 home) {
  struct probe *r = &scratch->probe;
  conn_look(r, home, key, v->now);
  if (r->holder != NOWHERE) {
    struct conn_slot *s = slot_at(r->holder);
    if (!s) return GO_DROP;
    if (!slot_holds(s, number_is_old(r->holder), key, v->now, &v->f)) return GO_NEW; /* it ended meanwhile */
    v->f.slot = ref_to(s, r->holder);
    v->known = true;
    return GO_REQUEST;
  }
  enum decision go = choose_dest(v);
  if (go != GO_REQUEST && !(ALL_PORTS && go == GO_BYPASS)) return go;
  if (r->free == NOWHERE && r->evict == NOWHERE) return GO_DROP;
  __u32 number = slot_take_quickly(r, home, v->now);
  if (number == NOWHERE) return GO_NEW;
  conn_fill(v, scratch, number, home, key);
  return go;
}

/* The turns after the first one are rare. They are made of global functions, each verified once, not once for each turn. These are called one after the
 * other, so that their stack frames do not add up. What a turn comes to: bits, each of which the verifier follows by itself, and a reason. 0: another
 * CPU was faster. */
#define TURNS 4
#define TURN_FOUND 0x1
#define TURN_MAKES 0x2 /* to the destination that is chosen */
#define TURN_PAST 0x4  /* as GO_BYPASS */
#define TURN_REFUSED 0x8
#define TURN_DROPPED 0x10
#define TURN_REASON_SHIFT 8
#define TURN_BEGUN_SHIFT 10 /* as UNANSWERABLE and BYPASSABLE: what the verdict has */

/* The probe has looked for the connection, and `dest` is chosen where there is none. */
__noinline __u32 turn_decides(__u64 key, __u32 service, __u32 dest, __u32 may, __u32 now) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return TURN_DROPPED;
  struct probe *r = &scratch->probe;
  if (r->holder != NOWHERE) {
    struct found f;
    struct conn_slot *s = slot_at(r->holder);
    if (!s || !slot_holds(s, number_is_old(r->holder), key, now, &f)) return 0;
    scratch->chosen = f.value;
    return TURN_FOUND;
  }
  struct verdict v = {.service = service, .dest = dest, .reason = R_TABLE_FULL};
  v.unanswerable = may & UNANSWERABLE;
  v.bypassable = may & BYPASSABLE;
  enum decision go = dest_chosen(&v);
  if (go == GO_REFUSE) return TURN_REFUSED;
  if (go == GO_DROP || (r->free == NOWHERE && r->evict == NOWHERE)) return TURN_DROPPED | v.reason << TURN_REASON_SHIFT;
  return go == GO_BYPASS ? TURN_PAST : TURN_MAKES;
}

/* A slot was taken: the connection goes into it. */
__noinline int turn_makes(__u32 number, __u32 home, __u64 key, __u32 dest, __u32 may) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return 0;
  CHECKED(scratch);
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now(), .dest = dest};
  v.d = dest_at(dest);
  v.begun = may >> TURN_BEGUN_SHIFT;
  if (!v.d && !ALL_PORTS) return 0; /* never: it was chosen */
  conn_fill(&v, scratch, number, home, key);
  scratch->chosen = v.f.value;
  return 0;
}

static __always_inline __u32 conn_turn_again(struct verdict *v, struct scratch *scratch, __u64 key, __u32 home, __u32 may) {
  conn_look_on(home, key, v->now);
  if (scratch->probe.holder == NOWHERE && !v->dest) v->dest = schedule(v->service);
  __u32 done = turn_decides(key, v->service, v->dest, may, v->now);
  if (!(done & (TURN_MAKES | TURN_PAST))) return done;
  __u32 number = slot_take(home, v->now);
  if (number == NOWHERE) return 0;
  turn_makes(number, home, key, ALL_PORTS && done & TURN_PAST ? BYPASS_DEST : v->dest, may);
  return done;
}

static __always_inline enum decision conn_make_later(struct verdict *v, struct scratch *scratch, __u64 key, __u32 home) {
  __u32 may = (v->unanswerable ? UNANSWERABLE : 0) | (v->bypassable ? BYPASSABLE : 0) | v->begun << TURN_BEGUN_SHIFT, done = 0;
#pragma clang loop unroll(full) /* Linux 6.1 takes the loop's beginning for a jump back */
  for (int i = 1; i < TURNS; i++)
    if (!done) done = conn_turn_again(v, scratch, key, home, may);
  if (done >> TURN_REASON_SHIFT) v->reason = done >> TURN_REASON_SHIFT;
  if (done & TURN_REFUSED) return GO_REFUSE;
  v->f.value = scratch->chosen;
  v->dest = v_dest(v->f.value);
  struct conn_slot *s = done & TURN_FOUND ? slot_at(scratch->probe.holder) : 0;
  if (s) {
    v->f.slot = ref_to(s, scratch->probe.holder);
    v->known = true;
    return GO_REQUEST;
  }
  if (ALL_PORTS && done & TURN_PAST) return GO_BYPASS;
  return done & TURN_MAKES ? GO_REQUEST : GO_DROP;
}

/* Under the lock: finds the connection or makes it. */
static __always_inline enum decision conn_make(struct verdict *v, __u64 key, __u32 hash) {
  __u32 home = home_to_fill(key, hash);
  struct scratch *scratch = the_scratch();
  if (!scratch) return GO_DROP;
  v->p = &scratch->packet; /* as it is: one pointer is kept */
  v->reason = R_TABLE_FULL;
  scratch->probe.udp = v->p->protocol == IPPROTO_UDP;
  scratch->probe.again = scratch->reused_key == key;
  enum decision go = conn_turn(v, scratch, key, home);
  return likely(go != GO_NEW) ? go : conn_make_later(v, scratch, key, home);
}

#define ONCE_BEGUN 0x80000000 /* its server begins a call by it (call-begun.h) */

/* A first fragment, perhaps without a connection: the later ones go to the same destination, or come from it. */
static __always_inline void fragment_of_once(struct packet *p, __u32 dest) {
  struct scratch *scratch = p->fragment ? the_scratch() : 0;
  if (scratch) scratch->once = dest;
}

/* Is the packet's destination chosen for it alone? Of such a datagram there is no connection. */
static __always_inline bool is_scheduled_once(struct service *svc, struct packet *p) {
  return svc->flags & SVC_ONEPACKET && p->protocol == IPPROTO_UDP;
}

/* Chooses a destination for one packet alone (one-packet scheduling): nothing is kept of it but the counters. */
static __always_inline enum decision conn_once(struct verdict *v) {
  enum decision go = choose_dest(v);
  if (go != GO_REQUEST) return go;
  v->f.slot = 0;
  v->f.value = first_value(v);
  count_conn(v->dest);
  template_make(v->dest);
  if (!v->begun) fragment_of_once(v->p, v->dest);
  return GO_REQUEST;
}

/* Gives the lock back under which a connection was found or made, and uncounts the one that it has replaced. A function of its own, so that its caller
 * has room on the stack. */
__noinline int conn_unlock(__u64 key, __u32 hash) {
  asm volatile("" ::"r"(key)); /* the bridging build needs it: as in fib_ask() */
  struct scratch *scratch = the_scratch();
  if (scratch && scratch->probe.holder != NOWHERE) bucket_changed(scratch->probe.holder / BUCKET_SLOTS);
  if (scratch && unlikely(scratch->replaced)) {
    conn_uncount(scratch->replaced, clock_now());
    scratch->replaced = 0;
  }
  key_unlock(key, hash);
  return 0;
}

/* Finds or makes the connection, under the lock of the key's home bucket. Its first packet sets its first state. */
static __always_inline int conn_new(struct verdict *v) {
  __u64 key = v->key;
  v->reason = R_BUSY;
  __u32 hash = conn_hash(key); /* once: its keys are volatile */
  if (!key_lock(key, hash)) return GO_DROP;
  int go = conn_make(v, key, hash);
  conn_unlock(key, hash);
  return go;
}

#endif
