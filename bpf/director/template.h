/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Templates of persistent services: which destination the new connections of a client go to. abi.h has the rules of their memory. */
#ifndef WEIR_TEMPLATE_H
#define WEIR_TEMPLATE_H

#include "call.h"

#define TEMPLATE_PLACES (2 * TEMPLATE_WAYS)
#define TEMPLATE_TRIES 4

static __always_inline __u32 t_dest(__u64 v) { return (v >> T_DEST_SHIFT) & T_DEST_MASK; }
static __always_inline bool t_taken(__u64 v) { return t_dest(v) != 0; }
static __always_inline bool t_claimed(__u64 v) { return t_dest(v) == T_DEST_MASK; }
static __always_inline bool t_expired(__u64 v, __u32 now) { return (__s32)((__u32)v - now) < 0; }

static __always_inline __u32 t_timeout(struct conf *c, struct template *t, __u64 v) {
  return v & T_HELD ? units_of(c, TEMPLATE_HELD_SECONDS) : READ(t->timeout);
}

/* Clock units since it was used last. */
static __always_inline __u32 t_idle(struct conf *c, struct template *t, __u64 v, __u32 now) { return now - ((__u32)v - t_timeout(c, t, v)); }

static __always_inline __u64 persistence_of(struct service *svc) {
  return svc->flags & SVC_PERSISTENCE_SECOND ? READ(svc->persistence[1]) : READ(svc->persistence[0]);
}

#ifndef IPV6
static __always_inline __u64 template_key(__u64 persistence, __u32 service, __u32 caddr) {
  return conn_key(caddr & persistence >> PERSISTENCE_MASK_SHIFT, 0, service);
}
/* The key has the client's network (template6.h: of IPv6). */
static __always_inline bool template_is_of_client(struct template *t) { return true; }
static __always_inline void template_store_client(struct template *t) {}
#endif

/* The number of the n-th slot where a template with this hash may be: first those of one home, then those of the other. Without a branch:
 * clang would lay out the loops around it so that Linux 6.1 takes a step forward for a jump back. */
static __always_inline __u32 template_place(__u32 hash, __u32 n) {
  __u32 second = n / TEMPLATE_WAYS, home = (hash >> 16 * second) * (1 + second * 0x9e3779b0u);
  return (home * TEMPLATE_WAYS + n % TEMPLATE_WAYS) & template_mask;
}
static __always_inline struct template *template_at(__u32 number) {
  number &= template_mask;
  return bpf_map_lookup_elem(&templates, &number);
}

/* Do the connections, flows and templates of a destination end before their time? As in the kernel the setting counts when it is removed. */
static __always_inline bool dest_expires(__u32 dest) {
  struct dest *d = dest_at(dest);
  return d && (READ(d->flags) & (D_AVAILABLE | D_EXPIRES)) == D_EXPIRES;
}

/* May it lead new connections to its destination? Overload does not count for persistent clients. */
static __always_inline bool template_leads(struct conf *c, __u64 v) {
  struct dest *d = t_claimed(v) ? 0 : dest_at(t_dest(v));
  if (!d || (d->flags & (D_AVAILABLE | D_RELEASED)) != D_AVAILABLE) return false;
  return !(READ(c->expire_quiescent_template) && (__s32)READ(d->weight) <= 0);
}

static __always_inline struct template_probe *the_template_probe(void) {
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  CHECKED(scratch);
  return &scratch->template_probe;
}

/* The probe for the template of a client. `call`: for that of the packet's call. */
static __always_inline void template_probe_for(struct template_probe *r, __u64 persistence, __u32 service, __u32 caddr, bool call) {
  r->key = template_key(persistence, service, caddr);
  r->call = call;
  if (unlikely(call)) r->key |= (__u64)call_port() << K_PORT_SHIFT;
  r->hash = keyed_hash(r->key);
}

/* Is it the template of whom the probe is for, where the keys are the same? */
static __always_inline bool template_is_whole(struct template_probe *r, struct template *t, __u32 place) {
  return template_is_of_client(t) && (likely(!r->call) || call_is(place));
}

/* Is it the template of the probe? One that is lost is no longer. */
static __always_inline bool template_has_key(struct template_probe *r, struct template *t, __u64 v) {
  return t_taken(v) && !t_claimed(v) && READ(t->key) == r->key;
}
static __always_inline bool template_is(struct template_probe *r, struct template *t, __u32 place, __u64 v) {
  return !(v & T_LOST) && template_has_key(r, t, v) && template_is_whole(r, t, place);
}

/* The number of the slot of the probe's template; NOWHERE: it has none. */
static __always_inline __u32 template_search(struct template_probe *r) {
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < TEMPLATE_PLACES; n++) {
    __u32 place = template_place(r->hash, n);
    struct template *t = template_at(place);
    if (!t || READ(t->key) != r->key) continue;
    __u64 v = READ(t->value);
    if (t_taken(v) && !(v & T_LOST) && template_is_whole(r, t, place)) return place;
  }
  return NOWHERE;
}

/* A call that is used again after more than a second lives. Packets of its connections, which do not know its template, are the timer's matter
 * (call-sweep.h). */
static __always_inline __u64 template_proof(struct conf *c, struct template_probe *r, struct template *t, __u64 v) {
  return unlikely(r->call) && t_idle(c, t, v, r->now) >= units_of(c, 1) ? T_ASSURED : 0;
}

/* Begins the time of the probe's template again, in this slot. Returns its destination; 0: it is gone, or leads nowhere, and is lost from now on. */
__noinline __u32 template_use(__u32 place) {
  struct template_probe *r = the_template_probe();
  struct conf *c = the_conf();
  struct template *t = template_at(place);
  if (!r || !c || !t) return 0;
  __u64 v = READ(t->value);
  if (!template_is(r, t, place, v)) return 0;
  if (!template_leads(c, v)) {
    CAS(&t->value, v, v | T_LOST);
    return 0;
  }
#pragma clang loop unroll(disable)
  for (int i = 0; i < TEMPLATE_TRIES; i++) {
    __u64 flags = (v >> 32 << 32 & ~(T_ASKED | T_CHILD)) | template_proof(c, r, t, v);
    __u64 was = CAS(&t->value, v, flags | (__u32)(r->now + t_timeout(c, t, v)));
    if (was == v) return t_dest(v);
    if (t_dest(was) != t_dest(v) || was & T_LOST || READ(t->key) != r->key) return 0;
    v = was;
  }
  return 0;
}

/* Looks for the template of a client, whose time begins again: `led` is its destination; 0: there is none that leads anywhere, or the service is
 * not persistent. What is to be done of it is decided here, and in the scratch space, so that the verifier follows one path through the callers. */
__noinline int template_lead(__u32 service, __u32 caddr, __u32 now) {
  struct service *svc = service_at(service);
  struct template_probe *r = the_template_probe();
  struct conf *c = the_conf();
  if (!svc || !r || !c) return 0;
  r->wanted = r->call = r->led = 0;
  if (!(svc->flags & SVC_PERSISTENT)) return 0;
  __u64 persistence = persistence_of(svc);
  template_probe_for(r, persistence, service, caddr, svc->flags & SVC_SIP);
  r->timeout = units_of(c, (__u32)persistence);
  r->now = now;
  __u32 place = template_search(r), dest = place == NOWHERE ? 0 : template_use(place);
  r->wanted = !dest;
  r->place = place;
  r->led = dest;
  return 0;
}
/* The destination that the client's template leads to; 0: none. Most services are not persistent, and pay for no call. */
static __always_inline __u32 template_find(__u32 service, __u32 caddr, __u32 now) {
  struct service *svc = service_at(service);
  struct template_probe *r = the_template_probe();
  if (!svc || !r) return 0;
  if (unlikely(svc->flags & SVC_PERSISTENT)) template_lead(service, caddr, now);
  else r->wanted = r->call = r->led = 0;
  return READ(r->led);
}

static __always_inline void template_count(struct conf *c, __u64 v, __u32 change, __u32 now) {
  struct dest *d = dest_at(t_dest(v));
  __sync_fetch_and_add(&c->templates_live, change);
  if (!d) return;
  __sync_fetch_and_add(&d->persistent, change);
  WRITE(d->idle_since, now);
}

/* Which template gives way first where no slot is free: the one with the least worth. One that is lost, or expired, and that no connection holds; then
 * clients of which no connection was established, so that forged ones drive out each other; of these, the one that was used least lately. */
static __always_inline __u64 template_worth(struct conf *c, struct template *t, __u64 v, __u32 now) {
  __u64 class = v & T_ASSURED ? 2 : 1;
  if (v & T_ASKED) class = v & T_CHILD ? 3 : 0;
  if (v & T_LOST) class = 0;
  return class << 32 | ~t_idle(c, t, v, now);
}

static __always_inline void template_note_free(struct template_probe *r, __u32 n, __u32 place) {
  r->free[n >= TEMPLATE_WAYS] = place;
  r->more += n < TEMPLATE_WAYS ? 1 : -1;
}

/* Looks at the n-th slot. True: it holds the key. A global function, so that it is verified once. */
__noinline int template_look(__u32 n) {
  struct template_probe *r = the_template_probe();
  struct conf *c = the_conf();
  if (!r || !c) return 0;
  __u32 place = template_place(r->hash, n);
  struct template *t = template_at(place);
  if (!t) return 0;
  __u64 v = READ(t->value);
  if (t_claimed(v)) {
    /* It may be given back as it was (template_fill): meanwhile its key must not come into another slot. */
    if (READ(t->key) == r->key && template_is_of_client(t)) r->busy = true;
    return 0;
  }
  if (!t_taken(v)) {
    template_note_free(r, n, place);
    return 0;
  }
  if (template_is(r, t, place, v)) {
    r->holder = place;
    return 1;
  }
  __u64 worth = template_worth(c, t, v, r->now);
  if (worth >= r->worth) return 0;
  r->worth = worth;
  r->evict = place;
  return 0;
}

/* The slot for a template: the one that has the key, else a free one of the home that has more of them, else that of another client. */
static __always_inline __u32 template_slot(struct template_probe *r) {
  r->holder = r->free[0] = r->free[1] = r->evict = NOWHERE;
  r->worth = ~0ull;
  r->more = 0;
  r->busy = false;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < TEMPLATE_PLACES; n++)
    if (template_look(n)) return r->holder;
  if (r->busy) return NOWHERE;
  if (r->free[0] == NOWHERE && r->free[1] == NOWHERE) return r->evict;
  return r->free[1] == NOWHERE || (r->more >= 0 && r->free[0] != NOWHERE) ? r->free[0] : r->free[1];
}

/* Writes the template of the probe into its slot. A call that cannot be stored gets none, and the slot stays as it was. False: another CPU changed
 * the slot first. */
static __always_inline bool template_fill(struct conf *c, struct template_probe *r, struct template *t) {
  __u64 was = READ(t->value);
  if (t_claimed(was) || CAS(&t->value, was, T_DEST_MASK << T_DEST_SHIFT) != was) return false;
  if (unlikely(r->call) && !call_store(r->place)) {
    WRITE(t->value, was);
    r->place = NOWHERE;
    count_reason(R_CALL_NOT_STORED);
    return true;
  }
  if (t_taken(was)) template_count(c, was, -1, r->now);
  if (t_taken(was) && !(was & T_LOST)) count_reason(R_TEMPLATE_REPLACED);
  if (likely(!r->call) && unlikely(t_taken(was) && is_call_key(READ(t->key)))) call_forget(r->place);
  template_store_client(t);
  WRITE(t->key, r->key);
  WRITE(t->timeout, r->timeout);
  __u64 value = (__u64)r->dest << T_DEST_SHIFT | (__u32)(r->now + r->timeout);
  template_count(c, value, 1, r->now);
  WRITE(t->value, value);
  return true;
}

/* Makes the template of the probe, under the lock of its key, unless another CPU has made it meanwhile. False: try again. */
__noinline int template_put(void) {
  struct template_probe *r = the_template_probe();
  struct conf *c = the_conf();
  if (!r || !c) return false;
  r->place = template_slot(r);
  struct template *t = r->place == NOWHERE ? 0 : template_at(r->place);
  if (!t) return false;
  if (r->place == r->holder ? template_use(r->place) : template_fill(c, r, t)) return true;
  r->place = NOWHERE;
  return false;
}

/* Makes the template that was not found for a packet, now that its connection goes to `dest`. Where the lock is not free in time, there is
 * none until the client's next connection. */
__noinline int template_make_wanted(__u32 dest) {
  struct template_probe *r = the_template_probe();
  if (!r) return 0;
  r->dest = dest;
  r->place = NOWHERE;
  __u32 lock = LOCKS + SPILL_LOCKS + LOCALITY_LOCKS + (r->hash & (TEMPLATE_LOCKS - 1));
  if (!lock_take(lock)) return 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < TEMPLATE_TRIES; i++)
    if (template_put()) break;
  lock_give(lock);
  return 0;
}
static __always_inline void template_make(__u32 dest) {
  struct template_probe *r = the_template_probe();
  if (r && unlikely(READ(r->wanted))) template_make_wanted(dest);
}

/* The packet's connection is made: of a call, its template has to know. */
static __always_inline void template_begin(__u64 conn) {
  struct template_probe *r = the_template_probe();
  if (r && unlikely(r->call)) call_begin(r->place, conn);
}

/* Does this change show that a client is a real one, for its template? A connection that a single packet may have begun as established does once it
 * is proven. */
static __always_inline bool assures(struct conf *c, __u64 from, __u64 to) {
  if (v_udp(to)) return ~from & to & V_PROVEN;
  if (v_state(to) != STATE_ESTABLISHED) return false;
  return v_state(from) != STATE_ESTABLISHED || (unlikely(is_sloppy(c)) && ~from & to & V_PROVEN);
}

/* Sets flags in the template in this slot, if it has the probe's key and led the connection to `dest`; `asked`: only if it is asked. True: it is such
 * a one, and leads its client. A global function, so that it is verified once. */
__noinline int template_mark_at(__u32 place, __u32 dest, __u64 flags, __u32 asked) {
  struct template_probe *r = the_template_probe();
  struct template *t = template_at(place);
  if (!r || !t) return false;
#pragma clang loop unroll(disable)
  for (int i = 0; i < TEMPLATE_TRIES; i++) {
    __u64 v = READ(t->value);
    if (!template_has_key(r, t, v) || !template_is_of_client(t) || t_dest(v) != dest) return false;
    if ((asked && !(v & T_ASKED)) || (v & flags) == flags || CAS(&t->value, v, v | flags) == v) return !(v & T_LOST);
  }
  return false;
}

/* Sets flags in the template that leads the client of a connection to the connection's destination, or did before it was lost; not in that of its
 * call, which it does not know. Its service may be persistent no longer. `asked`: only if it is asked. */
__noinline int template_mark(__u64 conn, __u32 dest, __u64 flags, __u32 asked) {
  __u32 service = conn >> K_SERVICE_SHIFT;
  struct service *svc = service_at(service);
  struct template_probe *r = the_template_probe();
  if (!svc || !r || !persistence_of(svc)) return 0;
  template_probe_for(r, persistence_of(svc), service, conn, false);
  bool marked = false;
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < TEMPLATE_PLACES && !marked; n++) marked = template_mark_at(template_place(r->hash, n), dest, flags, asked);
  return 0;
}

/* Is a connection controlled, as IPVS calls it? It is FTP's data, or a template leads, or led, its client to its destination. Such a one goes on when its
 * client begins again after its end, also if its service is persistent no longer. A connection that is older than the persistence has no template. */
__noinline int is_controlled(__u64 conn, __u32 dest) {
  __u32 service = conn >> K_SERVICE_SHIFT;
  struct service *svc = service_at(service);
  struct template_probe *r = the_template_probe();
  if (!svc || !r) return false;
  if (ALL_PORTS && svc->port) return true; /* of a service with a port, FTP's data alone are here */
  if (!persistence_of(svc)) return false;
  if (svc->flags & SVC_SIP) return true; /* its template is that of its call, which the connection does not name */
  template_probe_for(r, persistence_of(svc), service, conn, false);
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < TEMPLATE_PLACES; n++) {
    struct template *t = template_at(template_place(r->hash, n));
    if (!t) continue;
    __u64 v = READ(t->value);
    if (template_has_key(r, t, v) && t_dest(v) == dest && template_is_of_client(t)) return true;
  }
  return false;
}

#endif
