/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The timer's part of the templates: each that has expired is asked whether connections hold it, and so is each that drop_entry may end. Those that
 * live when the sweep of the connection table meets them answer; after a whole round without an answer the template is removed. */
#ifndef WEIR_TEMPLATE_SWEEP_H
#define WEIR_TEMPLATE_SWEEP_H

#define ASKED_ROUNDS 2 /* the round that was under way, and a whole one */
#define ASKED_ROUNDS_ELSEWHERE 4 /* of a service with connections in the table of another build, too, whose sweep takes as long */
#define TEMPLATE_SWEEP_MIN 64
#define TEMPLATE_SWEEP_MAX (1u << 17) /* in one tick */

/* Each build's timer looks after the templates of its services, whose connections are in its table. Rounds of that are counted here. */
#if defined(SIDE) || defined(IPV6)
static __always_inline __u32 rounds_of(struct conf *c, struct housekeeping *h) { return h->used; }
static __always_inline void rounds_add(struct conf *c, struct housekeeping *h, __s32 rounds) { h->used += rounds; }
#else
static __always_inline __u32 rounds_of(struct conf *c, struct housekeeping *h) { return c->swept; }
static __always_inline void rounds_add(struct conf *c, struct housekeeping *h, __s32 rounds) { c->swept += rounds; }
#endif
static __always_inline bool template_is_of_build(struct template *t) {
  struct service *svc = service_at(READ(t->key) >> K_SERVICE_SHIFT);
  return svc && ALL_PORTS == !svc->port && OF_SCTP == (svc->protocol == IPPROTO_SCTP);
}

/* Has a service connections in the table of another build? FTP's data connections are the wide build's, and of a mark those of SCTP are those
 * of SCTP's wide build. */
static __always_inline bool has_conns_elsewhere(struct service *svc) {
  return ALL_PORTS ? svc->mark : svc->port == FTP_PORT && svc->protocol == IPPROTO_TCP;
}
/* After so many rounds each connection has answered. */
static __always_inline __u32 rounds_to_wait(struct template *t) {
  struct service *svc = OF_SCTP ? 0 : service_at(READ(t->key) >> K_SERVICE_SHIFT);
  return svc && has_conns_elsewhere(svc) ? ASKED_ROUNDS_ELSEWHERE : ASKED_ROUNDS;
}

/* Is it such a connection? The timer of another build asks its template, so that it always answers. */
static __always_inline bool is_asked_elsewhere(struct conf *c, struct conn_slot *s) {
  struct service *svc = ALL_PORTS && c->templates_live ? service_at(READ(s->key) >> K_SERVICE_SHIFT) : 0;
  return svc && (OF_SCTP ? svc->mark : svc->port);
}

/* Is a template asked? Then connections answer. */
static __always_inline bool templates_asking(struct conf *c, struct housekeeping *h) {
  return c->templates_live && (__s32)(rounds_of(c, h) - h->asked) <= ASKED_ROUNDS;
}

/* Does a connection that is there assure its client's template? */
static __always_inline bool is_assuring(struct conf *c, __u64 v) {
  if (v_udp(v)) return v & V_PROVEN;
  return v_state(v) == STATE_ESTABLISHED && (v & V_PROVEN || likely(!is_sloppy(c)));
}

/* The answer of a connection that the sweep meets: it is alive, and perhaps established. */
static __always_inline void template_hold(struct conf *c, struct conn_slot *s, __u64 v) {
  if (!v_taken(v) || v_claimed(v)) return;
  bool assured = is_assuring(c, v);
  note_client_of(s);
  template_mark(READ(s->key), v_dest(v), T_CHILD | (assured ? T_ASSURED : 0), true);
}

static __always_inline void template_ask(struct housekeeping *h, struct template *t, __u64 v, __u32 round) {
  WRITE(t->asked, round);
  if (CAS(&t->value, v, (v | T_ASKED) & ~T_CHILD) == v) WRITE(h->asked, round);
}

/* The value of one that is held for another while, as the kernel does each time that its timer finds connections. */
static __always_inline __u64 template_held(struct conf *c, __u64 v, __u32 now) {
  __u32 hold = units_of(c, TEMPLATE_HELD_SECONDS), until = (__u32)v + hold;
  if (t_expired(until, now)) until = now + hold;
  return (v >> 32 << 32 & ~(T_ASKED | T_CHILD)) | T_HELD | until;
}

/* Held; or removed. */
static __always_inline void template_judge(struct conf *c, struct template *t, __u64 v, __u32 now) {
  if (v & T_CHILD) {
    CAS(&t->value, v, template_held(c, v, now));
  } else if (CAS(&t->value, v, 0) == v) {
    template_count(c, v, -1, now);
  }
}

#ifdef BRIDGE
static __always_inline void call_judge(struct conf *c, struct template *t, __u32 number, __u64 v, __u32 now) {}
static __always_inline void call_look(struct conf *c, struct template *t, __u32 number, __u64 v, __u32 now) {}
#else
#include "call-sweep.h"
#endif

#define T_SHOWN (T_ASSURED | T_ANSWERED)

/* One that was asked before its time: it is removed where no connection holds it, as long as drop_entry works. */
static __always_inline void template_defended(struct conf *c, struct housekeeping *h, struct template *t, __u64 v, __u32 now) {
  if (h->drop_entry && !(v & (T_CHILD | T_SHOWN))) {
    if (CAS(&t->value, v, 0) != v) return;
    template_count(c, v, -1, now);
    count_reason(R_DROP_ENTRY);
  } else {
    CAS(&t->value, v, v & ~(T_ASKED | T_CHILD));
  }
}

/* May drop_entry end it? Of one-packet scheduling the kernel looks at how many packets there were. */
static __always_inline bool template_is_spare(struct template *t, __u64 v) {
  struct service *svc = v & T_SHOWN ? 0 : service_at(READ(t->key) >> K_SERVICE_SHIFT);
  return svc && !(svc->flags & SVC_ONEPACKET);
}

static __always_inline bool template_was_asked(struct conf *c, struct housekeeping *h, struct template *t) {
  return (__s32)(rounds_of(c, h) - READ(t->asked)) >= (__s32)rounds_to_wait(t);
}

struct template_walk {
  struct housekeeping *h;
  __u32 dropped; /* as of struct sweep, of the slots */
};

static long template_sweep(__u64 i, void *ctx) {
  struct template_walk *w = ctx;
  struct housekeeping *h = w->h;
  struct conf *c = the_conf();
  __u32 number = READ(h->template) & template_mask, now = clock_now();
  struct template *t = template_at(number);
  WRITE(h->template, number + 1);
  if (!c || !t) return 1;
  __u64 v = READ(t->value);
  if (!t_taken(v) || t_claimed(v)) return 0;
  bool call = is_call_key(READ(t->key)), expired = t_expired(v, now);
  if (unlikely(c->expire_nodest_conn) && !expired) expired = dest_expires(t_dest(v));
  if (unlikely(call) && !expired) {
    if (!(v & T_ASSURED)) call_look(c, t, number, v, now);
    return 0;
  }
  if (!expired && likely(!(v & T_ASKED)) && likely(number % DROP_ENTRY_SHARE != w->dropped)) return 0;
  if (!template_is_of_build(t)) return 0;
  if (call) {
    call_judge(c, t, number, v, now);
    return 0;
  }
  if (!(v & T_ASKED)) {
    if (expired || template_is_spare(t, v)) template_ask(h, t, v, rounds_of(c, h));
  } else if (template_was_asked(c, h, t)) {
    if (expired) template_judge(c, t, v, now);
    else template_defended(c, h, t, v, now);
  }
  return 0;
}

/* A tenth of the slots. While connections move to another table the sweep meets only a part of them, so no template is judged. */
static __always_inline void templates_sweep(struct conf *c, struct housekeeping *h) {
  __u32 chunk = (template_mask + 1) / 10;
  struct template_walk w = {.h = h, .dropped = DROP_ENTRY_SHARE};
  if (BRIDGING) return;
  /* A round of few slots is a tick, and not a second. */
  if (h->drop_entry && (chunk >= TEMPLATE_SWEEP_MIN || c->ticks % DEFENCE_TICKS == 0)) w.dropped = bpf_get_prandom_u32() % DROP_ENTRY_SHARE;
  if (chunk < TEMPLATE_SWEEP_MIN) chunk = template_mask + 1;
  if (chunk > TEMPLATE_SWEEP_MAX) chunk = TEMPLATE_SWEEP_MAX;
  bpf_loop(chunk, template_sweep, &w, 0);
}

#endif
