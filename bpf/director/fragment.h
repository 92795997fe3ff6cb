/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc: fragments of packets, of both families. The first one has the ports and is decided as a whole packet is. It leaves a note for the later ones, which
 * go where it went. Those that come before it are held back until it comes. By FULLNAT requests leave their note there, and what has one of FULLNAT goes
 * on there (fullnat-fragment.h).
 *
 *   first fragment   tc_fragment(): its headers are read -> as a whole packet -> tc_fragment_note(): the note; what was held back comes in again
 *   later fragment   tc_fragment(): by the note -> to the server or to the client; without a note it is held back
 *
 * SCTP: a first fragment whose port may change waits for the last one (fragment-whole.h).
 *
 * Counters are those of the kernel's IPVS, which puts packets together before it counts them: the first fragment is the packet, the later ones are
 * bytes of it. */
#ifndef WEIR_FRAGMENT_H
#define WEIR_FRAGMENT_H

/* ---- what differs of a family */
#ifdef IPV6
/* Did FULLNAT give it its client's address, in the place of the one in its key? */
static __always_inline bool fragment_has_flow(struct packet *p, struct fragment_key *key) { return !address_equal(key->daddr, p->daddr6); }
static __always_inline void fragment_target(struct fragment *f, struct packet *p) { address_copy(f->to, p->daddr6); }
static __always_inline bool fragment_is_plain(struct __sk_buff *skb, struct packet *p) { return !is_link_local(p->saddr6) && !is_link_local(p->daddr6); }
static __always_inline void fragment_source(struct fragment *f, struct service *s) { address_copy(f->addr, virtual_addr6(s)); }
static __always_inline int fragment_side(struct __sk_buff *skb, __u32 dest, struct packet *p) {
  return tc_server_side6(skb, dest, (struct address *)p->daddr6);
}
static __always_inline enum hop_answer fragment_hop(struct __sk_buff *skb, struct verdict *v, struct fragment *f, bool out, struct route *w) {
  if (out) route_between(v->p->daddr6, f->addr);
  else route_to(v->d->addr);
  return out ? tc_hop(skb, v, 0, v->p->daddr, 0, w) : tc_hop(skb, v, v->d, address_fold(v->d->addr), 0, w);
}
static __always_inline bool fragment_translate(struct __sk_buff *skb, struct verdict *v, struct fragment *f, bool out) {
  return !translate_as(skb, out ? REWRITE_SOURCE : 0, out ? f->addr : v->d->addr, 0);
}
static __always_inline int fragment_send(struct __sk_buff *skb, struct verdict *v, enum hop_answer answer, struct route *w) {
  if (tc_lower_hop_limit(skb, v->p->ttl)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w->hop, w->gateway);
}
#else
static __always_inline bool fragment_has_flow(struct packet *p, struct fragment_key *key) { return key->daddr[0] != p->daddr; }
static __always_inline void fragment_target(struct fragment *f, struct packet *p) { f->to[0] = p->daddr; }
static __always_inline bool fragment_is_plain(struct __sk_buff *skb, struct packet *p) {
  return p->header == IP_LEN || !has_source_route(skb, ETH_LEN + IP_LEN, ETH_LEN + p->header);
}
static __always_inline void fragment_source(struct fragment *f, struct service *s) { f->addr[0] = virtual_addr(s); }
static __always_inline int fragment_side(struct __sk_buff *skb, __u32 dest, struct packet *p) { return tc_server_side(skb, dest, p->daddr); }
static __always_inline enum hop_answer fragment_hop(struct __sk_buff *skb, struct verdict *v, struct fragment *f, bool out, struct route *w) {
  return out ? tc_hop(skb, v, 0, v->p->daddr, f->addr[0], w) : tc_hop(skb, v, v->d, v->d->addr[0], 0, w);
}
static __always_inline bool fragment_translate(struct __sk_buff *skb, struct verdict *v, struct fragment *f, bool out) {
  struct rewrite r;
  rewrite_of(&r, v->p, out, out ? f->addr[0] : v->d->addr[0], 0);
  return !tc_translate(skb, &r);
}
static __always_inline int fragment_send(struct __sk_buff *skb, struct verdict *v, enum hop_answer answer, struct route *w) {
  if (tc_lower_ttl(skb, v->p->ttl, v->p->protocol)) return tc_drop(R_REDIRECT_FAILED);
  return tc_send(skb, answer, &w->hop, w->gateway);
}
#endif

/* ---- later fragments, in the builds that they come to first */
#ifndef WIDE

/* A reply that leaves the director: only its source changes. */
static __always_inline int fragment_leave(struct __sk_buff *skb, struct verdict *v, struct fragment *f) {
  return fragment_translate(skb, v, f, true) ? TC_ACT_UNSPEC : tc_drop(R_REDIRECT_FAILED);
}

/* Sends a later fragment on by the note in the scratch space. No error is sent about it (RFC 1122 3.2.2; RFC 792). A global function, with its own
 * stack frame. */
__noinline int tc_fragment_on(struct __sk_buff *skb, bool leaving) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct route w = {};
  if (!scratch || !c) return TC_ACT_SHOT;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct fragment *f = &scratch->fragment;
  bool out = fragment_kind(f->word) == FRAGMENT_REPLY, masq = out || f->method == M_MASQ;
  struct verdict v = {.p = p, .c = c, .now = clock_now(), .dest = f->dest, .d = dest_at(f->dest)};
  if (!v.d || (!out && !(v.d->flags & D_AVAILABLE))) return tc_drop(R_DEAD_DESTINATION);
  CHECKED(v.d);
  if (out && !leaving && v.d->hop.ifindex != skb->ingress_ifindex && !fragment_side(skb, v.dest, p)) return TC_ACT_UNSPEC;
  count_later(v.d, v.dest, p, out);
  p->header = 0; /* it has no ports */
  if (out && leaving) return fragment_leave(skb, &v, f);
  if (!out && f->method == M_TUNNEL) return tc_to_tunnel(v.dest, true);
  bool policed = v.d->flags & (out ? D_POLICED_BACK : D_POLICED) && masq;
  enum hop_answer answer = policed ? HOP_LOCAL : fragment_hop(skb, &v, f, out, &w);
  if (answer == HOP_NONE || (answer == HOP_LOCAL && !masq && !(v.d->flags & D_LOCAL))) return tc_drop(R_NO_ROUTE);
  if (answer != HOP_LOCAL && p->ttl <= 1) return tc_drop(R_TTL);
  bool large = answer != HOP_LOCAL && w.hop.mtu && p->length > w.hop.mtu;
  if (large && (p->dont_fragment || !masq)) return tc_drop(R_TOO_BIG);
  if (masq && !fragment_translate(skb, &v, f, out)) return tc_drop(R_REDIRECT_FAILED);
  if (out && (large || answer == HOP_LOCAL)) return large ? tc_deliver(skb) : tc_pass_back(skb, v.dest);
  if (policed) return tc_pass_policed(skb);
  if (large) return tc_pass_on(skb); /* the stack fragments it further */
  return answer == HOP_LOCAL ? TC_ACT_UNSPEC : fragment_send(skb, &v, answer, &w);
}

/* May the first fragment be one of a service? Of a client's the address is the host's; of a server's it is known. */
static __always_inline bool may_be_balanced(struct __sk_buff *skb, struct scratch *scratch) {
  struct fragment_server *server = (struct fragment_server *)scratch->fragment_key.saddr;
  return bpf_map_lookup_elem(&fragment_servers, server) || is_for_host(skb, &scratch->packet);
}

#define FRAGMENT_AGAIN (-2) /* the first one has come meanwhile */

/* A later fragment is held back. Where it is the last one, the first one may have waited for it. */
static __always_inline int fragment_held_back(struct __sk_buff *skb, struct fragment *f, __u32 whole) {
  if (OF_SCTP && whole) {
    __sync_lock_test_and_set(&f->whole, whole);
    __u32 first = __sync_lock_test_and_set(&f->first, 0);
    if (first) fragment_release(skb, first);
  }
  return tc_drop(R_FRAGMENT_HELD);
}

/* Holds a later fragment back, until the first one comes. A global function: its own stack frame. */
__noinline int tc_fragment_hold(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  if (skb->ifindex == LOOPBACK || skb->ifindex == c->pair_peer_ifindex || !may_be_balanced(skb, scratch)) return TC_ACT_UNSPEC;
  __u32 number = fragment_keep(skb), tag = fragment_tag(&scratch->fragment_key);
  struct fragment_held *h = number ? held_at(number) : 0;
  if (!h) {
    count_reason(R_FRAGMENT);
    return TC_ACT_UNSPEC;
  }
  CHECKED(h);
  __u64 waiting = fragment_word(FRAGMENT_WAITING, number);
  __u32 whole = whole_by(&scratch->packet);
  struct fragment *fresh = &scratch->fragment;
  __builtin_memset(fresh, 0, sizeof *fresh);
  fresh->word = waiting;
  fresh->until = clock_now() + units_of(c, FRAGMENT_HELD_SECONDS);
  fresh->tag = tag;
  fresh->whole = whole;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 4; i++) {
    h->next = 0;
    if (!bpf_map_update_elem(&fragments, &scratch->fragment_key, fresh, BPF_NOEXIST)) return tc_drop(R_FRAGMENT_HELD);
    struct fragment *f = fragment_find(&scratch->fragment_key);
    if (!f) continue;
    CHECKED(f);
    __u64 word = READ(f->word);
    if (fragment_kind(word) != FRAGMENT_WAITING || READ(f->tag) != tag) break;
    WRITE(h->next, (__u32)word);
    if (CAS(&f->word, word, waiting) == word) return fragment_held_back(skb, f, whole);
  }
  CAS(&h->number, number, 0);
  return FRAGMENT_AGAIN;
}

static __always_inline int tc_fragment_later(struct __sk_buff *skb, struct conf *c, struct scratch *scratch, bool leaving) {
  __u64 gap = leaving ? 0 : fragment_gap(&scratch->packet); /* by lo it comes in again; the stack sends each packet's first one before the others */
#pragma clang loop unroll(disable)
  for (int i = 0; i < 2; i++) {
    __u32 kind = fragment_read(clock_now(), gap);
    if (kind == FRAGMENT_PASS) return TC_ACT_UNSPEC;
    if (kind == FRAGMENT_DROP) return tc_drop(R_FRAGMENT_DROPPED);
    if (kind == FRAGMENT_REPLY || (kind == FRAGMENT_REQUEST && !leaving)) {
      if (likely(!scratch->fragment.by_flow)) return tc_fragment_on(skb, leaving);
      return leaving ? TC_ACT_UNSPEC : TC_FULLNAT;
    }
    if (leaving) return TC_ACT_UNSPEC; /* what the director sends is balanced on lo */
    int held = tc_fragment_hold(skb);
    if (held != FRAGMENT_AGAIN) return held;
  }
  return TC_ACT_UNSPEC;
}
#else
static __always_inline int tc_fragment_later(struct __sk_buff *skb, struct conf *c, struct scratch *scratch, bool leaving) { return TC_ACT_UNSPEC; }
#endif

/* ---- the note of a first fragment */

/* The request's connection, as the note has it. With one-packet scheduling there is none, and of a mark no service is found without one. */
static __always_inline bool note_request(struct scratch *scratch, struct fragment *f, __u32 service, __u32 now) {
  struct packet *p = &scratch->packet;
  struct found found;
  note_client_source(p);
  bool known = service && conn_find(conn_key(p->saddr, p->sport, service), now, &found);
  f->dest = known ? v_dest(found.value) : scratch->once & ONCE_BEGUN ? 0 : scratch->once;
  struct dest *d = (known && is_bypass(found.value)) || !f->dest ? 0 : dest_at(f->dest);
  if (!d) return false;
  CHECKED(d);
  f->method = known ? v_method(found.value) : d->method & 3;
  if (f->method != M_MASQ) return true;
  fragment_server(d);
  return !(d->flags & D_FULLNAT) || d->flags & D_LOCAL; /* the programs of FULLNAT leave a note by themselves */
}

/* Did the packet's server begin a call by it, of which no connection may be kept? */
static __always_inline bool begun_by_fragment(struct scratch *scratch, struct verdict *v) {
  v->dest = scratch->once & ONCE_BEGUN ? scratch->once & ~ONCE_BEGUN : 0;
  struct dest *d = v->dest ? dest_at(v->dest) : 0;
  if (!d) return false;
  v->service = d->service;
  return true;
}

/* By FULLNAT the later ones are for the local address, too. */
static __always_inline bool note_reply(struct scratch *scratch, struct fragment *f, struct conf *c, __u32 real, __u32 now) {
  struct packet *p = &scratch->packet;
  struct verdict v = {.p = p, .c = c, .now = now};
  bool by_flow = fragment_has_flow(p, &scratch->fragment_key);
  if (!real) return false;
  if (decide_reply_by(&v, unlikely(by_flow) ? dest_of_flow() : real, by_flow) != GO_REPLY && !begun_by_fragment(scratch, &v)) return false;
  struct service *s = service_at(v.service);
  if (!s) return false;
  CHECKED(s);
  f->dest = v.dest;
  f->method = M_MASQ;
  fragment_source(f, s);
  f->by_flow = by_flow;
  if (by_flow) fragment_target(f, p);
  return true;
}

#define NOTE_LEAVING 0x1 /* of a server on the director */
#define NOTE_PASSES 0x2  /* no build has taken it */

static __always_inline __u32 note_kind(struct scratch *scratch, struct conf *c, struct fragment *f, int done, __u32 how) {
  struct packet *p = &scratch->packet;
  __u32 now = clock_now(), real = 0;
  if (done == TC_ACT_SHOT) return FRAGMENT_DROP;
  if (how & NOTE_PASSES || done == TC_STRAY || done == TC_PAST) return FRAGMENT_PASS;
  if (how & NOTE_LEAVING) return note_reply(scratch, f, c, real_of_source(p), now) ? FRAGMENT_REPLY : FRAGMENT_PASS;
  if (!ALL_PORTS && note_request(scratch, f, service_of_target(p), now)) return FRAGMENT_REQUEST;
  if (done != TC_ACT_UNSPEC) real = real_of_source(p); /* what passes has not been translated */
  if (note_reply(scratch, f, c, real, now)) return FRAGMENT_REPLY;
  if (ALL_PORTS && note_request(scratch, f, service_of_target(p), now)) return FRAGMENT_REQUEST;
  return done == TC_ACT_UNSPEC ? FRAGMENT_PASS : FRAGMENT_DROP; /* an error was sent */
}

/* Leaves the note of a first fragment that was decided, for the key in the scratch space; what was held back comes in again. `done`, or what becomes of
 * the packet in its place. A global function: its own stack frame. */
__noinline int tc_fragment_note(struct __sk_buff *skb, int done, __u32 how) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return done;
  CHECKED(scratch);
  struct fragment *f = &scratch->fragment;
  __builtin_memset(f, 0, sizeof *f);
  return fragment_noted(skb, scratch, c, note_kind(scratch, c, f, done, how), done);
}

/* What is left of a packet that no build has a connection for. A global function, since it is rarely called. */
__noinline int tc_stray_noted(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  int done = tc_stray(skb);
  if (!scratch || !scratch->packet.fragment) return done;
  return tc_fragment_note(skb, done, done == TC_ACT_UNSPEC ? NOTE_PASSES : 0);
}

/* What becomes of a first fragment: as of a whole packet, which `done` is. What no build takes may be the next one's, and what has no connection of an
 * exact service, too. */
static __always_inline int tc_fragment_done(struct __sk_buff *skb, int done, __u32 how) {
  if (done == TC_ELSEWHERE && !ALL_PORTS) return TC_FRAGMENT;
  if (done == TC_FULLNAT || done == TC_TRANSLATED) return done; /* it leaves its note there */
  if (done == TC_STRAY && !ALL_PORTS) return done;
  bool stray = done == TC_STRAY;
  if (stray) done = tc_stray(skb);
  bool passes = done == TC_ELSEWHERE || (stray && done == TC_ACT_UNSPEC) || done == TC_UNKNOWN;
  return tc_fragment_note(skb, passes ? TC_ACT_UNSPEC : done, how | (passes ? NOTE_PASSES : 0));
}

#ifndef SIDE
/* Is there a note for a later fragment, whose IP header begins at `at`? */
static __always_inline bool fragment_is_noted(struct __sk_buff *skb, struct scratch *scratch, __u32 at) {
  struct packet *p = &scratch->packet;
  if (p->header < IP_LEN || !fragment_key_read(skb, p, &scratch->fragment_key, at)) return false;
  return fragment_read(clock_now(), 0) > FRAGMENT_PASS && scratch->fragment.gaps;
}
#endif

/* What a fragment may be: one that came in; one that leaves; the request of a connection, which alone goes on with it. */
enum fragment_way { FRAGMENT_IN, FRAGMENT_OUT, FRAGMENT_KNOWN };

/* A fragment that came in, or leaves. TC_FIRST: it is decided as a whole packet; TC_UNKNOWN: as one that no build takes; otherwise what becomes of it.
 * A global function: verified once. */
__noinline int tc_fragment(struct __sk_buff *skb, __u32 way) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  struct fragment_key *key = &scratch->fragment_key;
  bool leaving = way == FRAGMENT_OUT;
  scratch->once = 0;
  if (p->header < IP_LEN || p->length <= p->header || p->length > skb->len - ETH_LEN) {
    count_reason(R_BAD_LENGTH);
    return TC_ACT_UNSPEC;
  }
  if (!fragment_is_plain(skb, p) || !fragment_key_read(skb, p, key, ETH_LEN)) return TC_ACT_UNSPEC;
  if (is_later(p)) return tc_fragment_later(skb, c, scratch, leaving);
  if (!leaving && is_translated(skb)) local_of_flow(key->daddr);
  if (fragment_transport(skb, p)) {
    p->bytes = p->length - FRAGMENT_HEADER;
    if (!leaving) return tc_fragment_first(skb, c, scratch, way == FRAGMENT_KNOWN);
    note_whole(scratch, 0); /* the rest of it is not here yet */
    return TC_FIRST;
  }
  if (!ALL_PORTS && is_balanced(p)) count_reason(R_FRAGMENT); /* too short for the transport's header */
  return TC_UNKNOWN;
}

#endif
