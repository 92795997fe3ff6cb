/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The decision for one packet: which service, connection and destination, and how the connection changes.
 * Shared by XDP and tc; nothing here changes the packet itself. */
#ifndef WEIR_DIRECTOR_H
#define WEIR_DIRECTOR_H

#include "asks-wide.h"
#include "conn-move.h"
#ifndef SHORT_CUT
#include "call-id.h"
#endif

enum decision {
  GO_PASS,      /* not balanced: unchanged to the stack */
  GO_REQUEST,   /* to `dest`, by its method */
  GO_NEW,       /* for a service, without a connection */
  GO_REPLY,     /* from `dest`, masqueraded, to the client */
  GO_SEEN,      /* a reply that needs no change (DR): to the stack */
  GO_REFUSE,    /* no destination is left */
  GO_DROP,      /* `reason` is why */
  GO_STACK,     /* for a service, but left to the stack; `reason` is why */
  GO_BYPASS,    /* for a service without a destination for it: on to its own address (bypass.h) */
};

/* What begins a connection in its client's place: the server, which has sent already (call-begun.h); an ICMP error about an answer
 * (related-begin.h). */
#define BEGUN_BY_SERVER 1
#define BEGUN_BY_ERROR 2

/* What is known of one packet, and decided about it. */
struct verdict {
  struct packet *p;
  struct conf *c;
  __u32 now; /* clock_now() */
  __u32 service; /* its number; 0: none is known */
  __u32 dest; /* its number; 0: none is chosen yet */
  struct dest *d; /* that destination; 0 where the connection bypasses the servers */
  struct found f;
  __u64 key; /* of the connection */
  __u32 reason; /* R_ (reasons.h), of GO_DROP and GO_STACK */
  bool known;  /* f holds the connection */
  bool unanswerable; /* a reply to its source would not leave the host */
  bool bypassable;   /* without a destination it goes on to its own address */
  __u8 begun;        /* BEGUN_BY_: not by the packet of a client */
};

/* Does a connection of this value bypass the servers? Then it has no destination, and is counted nowhere, as in IPVS. */
static __always_inline bool is_bypass(__u64 value) { return ALL_PORTS && unlikely(v_method(value) == BYPASS_METHOD); }
/* An ICMP error about an answer from past the servers, for whoever has the address, which was validated: the stack forwards it. IPVS sees it there, and
 * drops a wrong one. */
static __always_inline int past_error(int valid) { return valid == TC_ACT_OK ? TC_ACT_UNSPEC : valid; }

/* Adds a packet to a destination's counters, while it is in service. */
static __always_inline void count_bytes(struct dest *d, __u32 id, __u32 bytes, bool out) {
  if (!(d->flags & D_AVAILABLE)) return;
  __u32 i = id * cpus + bpf_get_smp_processor_id();
  struct counters *n = bpf_map_lookup_elem(&counters, &i);
  if (!n) return;
  if (out) {
    n->out_packets++;
    n->out_bytes += bytes;
  } else {
    n->in_packets++;
    n->in_bytes += bytes;
  }
}

static __always_inline void count_packet(struct verdict *v, bool out) { count_bytes(v->d, v->dest, v->p->bytes, out); }
static __always_inline void count_conn(__u32 dest) {
  __u32 i = dest * cpus + bpf_get_smp_processor_id();
  struct counters *n = bpf_map_lookup_elem(&counters, &i);
  if (n) n->conns++;
}

/* Moves the connection on from the value that was found, and again from its own where another CPU was faster. */
static __always_inline int conn_move_from(struct verdict *v, __u32 flags) {
  int done = conn_move(v->f.slot, v->key, v->f.value, flags, v->now);
  return unlikely(done == CONN_CHANGED) ? conn_move_again(v->f.slot, v->key, flags, v->now) : done;
}

/* Nearly every packet: a plain one of an established connection, or UDP, whose expiry was written lately. It does not
 * change its connection. */
static __always_inline bool is_plain(struct conf *c, struct packet *p, __u64 value, __u32 now, bool out) {
  if (!has_states(p)) return !(out && value & V_NOOUTPUT) && is_recent(value, now, c->udp_timeout);
  if (!goes_on(p->flags) || v_state(value) != STATE_ESTABLISHED) return false;
  return !(out && (value & V_NOOUTPUT || !(value & V_PROVEN))) && is_recent(value, now, state_timeout(c, STATE_ESTABLISHED));
}

/* False: another CPU has ended the connection since it was found, or has given its slot to another one. */
static __always_inline bool conn_touch(struct verdict *v, bool out) {
  if (!v->f.slot || likely(is_plain(v->c, v->p, v->f.value, v->now, out))) return true;
  __u32 flags = v->p->flags | (has_states(v->p) ? 0 : TOUCH_UDP) | (out ? TOUCH_OUT : 0);
  int done = conn_move_from(v, flags);
  if (BRIDGING && unlikely(done == CONN_GONE) && conn_find(v->key, v->now, &v->f)) done = conn_move_from(v, flags);
  if (unlikely(done >= CONN_ASSURED)) assure_template(v->key);
  return likely(done != CONN_GONE);
}

static __always_inline bool found_end(struct found *f, __u32 now) {
  struct conn_slot *s = ref_slot(f->slot);
  return s && conn_end(s, ref_is_old(f->slot), f->value, now);
}

/* Ends the connection that was found. */
static __always_inline void conn_finish(struct verdict *v) {
  bool ended = found_end(&v->f, v->now);
  if (BRIDGING && !ended && conn_find(v->key, v->now, &v->f)) found_end(&v->f, v->now);
  v->known = false;
  v->f.slot = 0; /* the verifier would follow each place in its bucket */
}

/* Must the packet filter of the host see new connections before they are balanced? FTP's data connections follow one that it has seen. */
static __always_inline bool asks_firewall(struct service *s) { return s->flags & SVC_FIREWALL && !(ALL_PORTS && s->port); }

/* What may_schedule() and may_schedule_call() add to a reason. */
#define UNANSWERABLE 0x100 /* a reply to the packet's source would not leave the host */
#define BYPASSABLE 0x200 /* if there is no destination for it, it goes on to its own address */
#define FOLLOWS 0x400 /* the packet filter sees it first unless a template of its client leads it, which a control connection of FTP has made */
static __always_inline __u32 reason_of(__u32 may) { return may & ~(UNANSWERABLE | BYPASSABLE | FOLLOWS); }

/* May the packet in the scratch space start a connection of the service? R_NONE: yes, perhaps with UNANSWERABLE; else why not. */
static __always_inline __u32 may_schedule(void *ctx, bool xdp, __u32 ifindex, __u32 service) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct service *svc = service_at(service);
  if (!scratch || !c || !svc) return R_NO_CONNECTION;
  struct packet *p = &scratch->packet;
  bool wire = ifindex != LOOPBACK; /* the packet came from outside: not by lo, as from clients on the director */
  bool outside = wire && (xdp || ifindex != c->pair_peer_ifindex); /* it has not passed the packet filter, nor what the stack does before that */
  __u32 now = clock_now();
  if (!may_begin(c, p)) return R_NO_CONNECTION;
  if (xdp ? svc->flags & SVC_ASKS_WIDE : begins_elsewhere(ctx, svc)) return R_NO_CONNECTION;
  if (outside && unlikely(!vip_is_local(ctx, xdp, c, service, svc, ifindex, p, now))) return R_NOT_LOCAL;
  if (outside && unlikely(asks_firewall(svc))) return R_FIREWALL;
  if (outside && unlikely(!is_reverse_path(ctx, xdp, c, ifindex, p->saddr, p->daddr, now))) return R_REVERSE_PATH;
  if (unlikely(c->drop_rate) && defence_drops()) return R_DROP_PACKET;
  if (p->sport == FTP_DATA_PORT) return R_FTP_DATA;
  if (p->protocol != IPPROTO_UDP) return R_NONE;
  /* The source is itself a service: two UDP services would answer each other's answers for ever. */
  if (source_is_service(p, wire)) return R_MARTIAN;
  /* A packet from outside with the director's own address as its source: the answer of a masqueraded server would go to the
   * director's own stack. TCP needs no such test: the stack resets a handshake that it did not begin. */
  if (!wire || !(svc->flags & SVC_MASQUERADES) || source_has_hop(c, p, now)) return R_NONE;
  return address_class(ctx, xdp, p->saddr, p->daddr) == HOP_LOCAL ? UNANSWERABLE : R_NONE;
}

#ifndef SHORT_CUT
/* May it be FTP's data, of a service whose new connections the packet filter sees, and from outside (FOLLOWS)? */
static __always_inline bool follows_control(struct __sk_buff *skb, struct service *s) {
  struct conf *c = the_conf();
  if (!ALL_PORTS || likely(!(s->flags & SVC_FIREWALL)) || !s->port || !c) return false;
  return skb->ingress_ifindex != LOOPBACK && skb->ingress_ifindex != c->pair_peer_ifindex;
}

/* may_schedule() for tc, which alone reads what a message of SIP has: one without a Call-ID starts no connection. */
static __always_inline __u32 may_schedule_call(struct __sk_buff *skb, __u32 service) {
  __u32 may = may_schedule(skb, false, skb->ingress_ifindex, service);
  struct service *svc = may & ~UNANSWERABLE ? 0 : service_at(service);
  bool persistent_by_call = svc && unlikely((svc->flags & (SVC_SIP | SVC_PERSISTENT)) == (SVC_SIP | SVC_PERSISTENT));
  if (persistent_by_call && !call_read(skb, ETH_LEN)) return R_NO_CALL_ID;
  if (svc && follows_control(skb, svc)) may |= FOLLOWS;
  return svc && is_bypassable(skb, svc) ? may | BYPASSABLE : may;
}
#endif

#include "conn-make.h"

/* A SYN (SCTP: an INIT) on an old connection: is it a new one that reuses the client's port? (conn_reuse_mode, expire_nodest_conn) */
static __always_inline bool is_reuse(struct verdict *v) {
  if (!begins_again(v->p)) return false;
  if (v->c->expire_nodest_conn && (!ALL_PORTS || v->d) && (__s32)v->d->weight <= 0) return true;
  __u32 mode = v->c->conn_reuse_mode, state = 1u << v_state(v->f.value); /* as in the sets of states */
  if (!mode) return false;
  bool ended = REUSED_STATES & state || (mode & 2 && REUSED_BY_2_STATES & state && v->f.value & V_NOOUTPUT);
  if (!ended) return false;
  /* A controlled one goes on, unless a drain has released its client. */
  return !is_controlled(v->key, v->dest) || ((!ALL_PORTS || v->d) && v->d->flags & D_RELEASED);
}

/* Leaves the connection to the one that the packet begins in its place (conn_replace). */
static __always_inline void reuse_note(struct verdict *v) {
  struct scratch *scratch = the_scratch();
  v->known = false;
  v->f.slot = 0; /* as in conn_finish() */
  if (!scratch) return;
  scratch->reused_key = v->key;
  scratch->reused = v->f.value;
}

/* Ends the connection that was left so, where the packet begins none here. A global function, so that its caller has room on the stack. */
__noinline int reuse_end(__u64 key) {
  struct scratch *scratch = the_scratch();
  if (!scratch || likely(scratch->reused_key != key)) return 0;
  struct found f = {};
  if (!conn_find(key, clock_now(), &f)) return 0;
  scratch = the_scratch(); /* again, as the time: neither is kept on the stack of the bridging build */
  if (scratch && f.value == scratch->reused) found_end(&f, clock_now());
  return 0;
}
/* The reasons for which it waits: the packet is decided about again, by the wide build first, or behind the packet filter; or IPVS does not see it. A
 * fragment's does not wait for the stack: its later fragments follow it there, not the connection. */
#define REUSE_WAITS_HERE (ALL_PORTS ? 0 : 1ull << R_NO_CONNECTION)
#define REUSE_WAITS (REUSE_WAITS_HERE | 1ull << R_FIREWALL | 1ull << R_REVERSE_PATH)
static __always_inline bool reuse_waits(struct packet *p, __u32 reason) { return (p->fragment ? REUSE_WAITS_HERE : REUSE_WAITS) & 1ull << reason; }

#include "lease-await.h"

/* A packet for a service, of a connection that there is. GO_NEW: there is none, or the packet ends it and starts another one. */
static __always_inline enum decision decide_known(struct verdict *v) {
  v->dest = 0;
  v->key = conn_key(v->p->saddr, v->p->sport, v->service);
  note_client_source(v->p);
  __u32 hash = conn_hash(v->key);
  lease_await(v->service, hash);
  if (!conn_find_hashed(v->key, hash, v->now, &v->f)) return GO_NEW;
  v->dest = v_dest(v->f.value);
  v->d = is_bypass(v->f.value) ? 0 : dest_at(v->dest);
  if (!v->d && !is_bypass(v->f.value)) return GO_DROP;
  v->known = true;
  if (unlikely(is_reuse(v))) {
    if (may_begin(v->c, v->p)) reuse_note(v);
    else conn_finish(v);
  } else if (ALL_PORTS && !v->d) {
    return GO_BYPASS;
  } else if (unlikely(!(v->d->flags & D_AVAILABLE))) {
    if (!v->c->expire_nodest_conn) {
      v->reason = R_DEAD_DESTINATION;
      return GO_DROP;
    }
    conn_finish(v);
  }
  return likely(v->known) ? GO_REQUEST : GO_NEW;
}

/* A packet that begins no connection in this build. */
static __always_inline enum decision begins_not(struct verdict *v) {
  reuse_end(v->key);
  return GO_PASS;
}

/* A packet for a service, without a connection. `may`: what may_schedule answers. */
static __always_inline enum decision decide_new(struct verdict *v, __u32 may) {
  v->dest = 0;
  v->key = conn_key(v->p->saddr, v->p->sport, v->service);
  asm volatile("" : "+r"(v->key)); /* one word: the compiler would keep its parts */
  note_client_source(v->p);
  struct service *svc = service_at(v->service);
  if (!svc || svc->state != LIVE || !serves_port(svc, v->p)) return begins_not(v);
  v->unanswerable = may & UNANSWERABLE;
  v->bypassable = may & BYPASSABLE;
  v->reason = reason_of(may);
  if (!v->reason) v->dest = template_find(v->service, v->p->saddr, v->now);
  if (unlikely(may & FOLLOWS) && !v->dest) v->reason = R_FIREWALL;
  if (v->reason && !reuse_waits(v->p, v->reason)) reuse_end(v->key);
  if (v->reason) return v->reason == R_MARTIAN || v->reason == R_DROP_PACKET || v->reason == R_NO_CALL_ID ? GO_DROP : GO_STACK;
  if (unlikely(is_scheduled_once(svc, v->p))) return conn_once(v);
  enum decision go = conn_new(v);
  if (go != GO_REQUEST) return go;
  if (v->known) v->dest = v_dest(v->f.value); /* another CPU made it meanwhile */
  else {
    template_make(v->dest);
    template_begin(v->key);
    if (has_states(v->p) && unlikely(v_state(v->f.value) == STATE_ESTABLISHED)) template_mark(v->key, v->dest, T_ANSWERED, false); /* sloppy_tcp */
  }
  if (is_bypass(v->f.value)) return GO_BYPASS;
  v->d = dest_at(v->dest);
  return v->d ? GO_REQUEST : GO_DROP;
}

#endif
