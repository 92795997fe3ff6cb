/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the programs that have connections enter those of FULLNAT, and what they do with a reply that comes back from there. Of both families. */
#ifndef WEIR_FULLNAT_ENTER_H
#define WEIR_FULLNAT_ENTER_H

/* Where a packet has been (ORIGIN_CB). */
#define FULLNAT_TRANSLATED 0x77656972u
#define FULLNAT_UNKNOWN 0x77656973u

#if !defined(FULLNAT) && !defined(TUNNEL)
#include "fullnat-family.h"
#include "fullnat-held.h"

/* The wide build has no connection for the packet: back to the program on the links. */
static __always_inline int tc_go_back(struct __sk_buff *skb) {
  skb->cb[ORIGIN_CB] = WIDE_ABSENT;
  bpf_tail_call_static(skb, &fullnat_entries, FULLNAT_RETURN);
  return tc_drop(R_REDIRECT_FAILED);
}

/* Has the packet just come back so? Then no other build is to look. */
static __always_inline bool tc_came_back(struct __sk_buff *skb, bool ingress) {
  if (!ingress || likely(skb->cb[ORIGIN_CB] != WIDE_ABSENT)) return false;
  skb->cb[ORIGIN_CB] = 0;
  return true;
}

/* Has it returned to the program on the links, from its flow or from the wide build (asks-wide.h)? Then it has its header. */
static __always_inline bool has_returned(struct __sk_buff *skb) {
  __u32 origin = skb->cb[ORIGIN_CB];
  return origin == FULLNAT_TRANSLATED || origin == FULLNAT_UNKNOWN || origin == WIDE_ABSENT;
}

/* Goes on with a request, or with an error about one. */
static __always_inline int tc_enter_fullnat(struct __sk_buff *skb, enum fullnat_program program) {
  bpf_tail_call_static(skb, &fullnat_entries, FULLNAT_PLACE(program));
  return tc_drop(R_REDIRECT_FAILED);
}

/* The value of the connection that was found, or made: when it expires, and its state. Where it took the place of one that its client has ended, the
 * slot is that one's. */
static __always_inline __u64 value_of(struct verdict *v) {
  struct conn_slot *s = v->known ? ref_slot(v->f.slot) : 0;
  return s ? slot_value(s, ref_is_old(v->f.slot)) : v->f.value;
}

/* A request of a connection to a destination that knows no clients; or an ICMP error about its replies, which has been validated. */
static __always_inline int tc_to_fullnat_as(struct verdict *v, __u16 port, int what) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work) return tc_drop(R_REDIRECT_FAILED);
  fullnat_carry(work, v->dest, value_of(v), port);
  return what;
}
static __always_inline int tc_to_fullnat(struct verdict *v) { return tc_to_fullnat_as(v, server_port(v->d), TC_FULLNAT); }
static __always_inline int tc_error_to_fullnat(struct verdict *v, __u16 port) { return tc_to_fullnat_as(v, port, TC_FULLNAT_ERROR); }

/* The flow of a reply lives as long as its connection. Is the reply to be changed, too? A global function, since it is rarely called. */
__noinline int fullnat_extend(__u32 dest, __u64 value) {
  struct fullnat_work *work = the_fullnat_work();
  struct scratch *scratch = the_scratch();
  if (!work || !scratch || work->dest != dest) return 0;
  CHECKED(scratch);
  struct fullnat_flow *f = flow_at(work->pool, work->port);
  if (!f) return 0;
  CHECKED(f);
  if (READ(f->dest) != dest || !words_equal(f->client, target_of(&scratch->packet))) return 0;
  flow_extend(f, value);
  return work->answers != 0;
}
/* A reply has been counted. Does it go on to be changed (TC_ANSWER)? */
static __always_inline bool tc_fullnat_replied(struct __sk_buff *skb, struct verdict *v) {
  if (likely(!(v->d->flags & D_FULLNAT)) || skb->cb[ORIGIN_CB] != FULLNAT_TRANSLATED) return false;
  skb->cb[ORIGIN_CB] = 0;
  return fullnat_extend(v->dest, value_of(v));
}
static __always_inline int tc_answer_by_flow(struct __sk_buff *skb) {
  bpf_tail_call_static(skb, &fullnat_entries, FULLNAT_ANSWER_PLACE);
  return tc_drop(R_REDIRECT_FAILED);
}

/* What comes back from its flow and is no reply after all, or gets an error, is for the local address again. A global function, since it is rarely
 * called. */
__noinline int fullnat_restore(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  if (!scratch || !work) return TC_ACT_SHOT;
  CHECKED(scratch);
  CHECKED(work);
  skb->cb[ORIGIN_CB] = 0;
  return end_rewrite(skb, &scratch->packet, false, work->local, bpf_htons(work->port)) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
}
static __always_inline bool is_translated(struct __sk_buff *skb) { return skb->cb[ORIGIN_CB] == FULLNAT_TRANSLATED; }
static __always_inline __u32 dest_of_flow(void) {
  struct fullnat_work *work = the_fullnat_work();
  return work ? work->dest : 0;
}
/* Whom the reply was for. */
static __always_inline void local_of_flow(__u32 *to) {
  struct fullnat_work *work = the_fullnat_work();
  if (work) words_copy(to, work->local);
}
/* Is its flow one of a connection of the wide build, which comes after this one? */
static __always_inline bool is_of_wide_flow(struct __sk_buff *skb) {
  if (ALL_PORTS || likely(!is_translated(skb))) return false;
  struct fullnat_work *work = the_fullnat_work();
  return work && work->wide;
}

/* A reply that is larger than its client's MTU, and not to be fragmented: the server gets the error about the packet that it sent, once that is
 * restored. */
static __always_inline int tc_large_to_local(__u32 mtu) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work) return TC_ACT_SHOT;
  work->until = mtu;
  return TC_LARGE;
}
#ifdef IPV6
__noinline int fullnat_too_big(struct __sk_buff *skb) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work) return TC_ACT_SHOT;
  CHECKED(work);
  __u32 *from = address_towards_source(skb);
  return icmp6_error_from(skb, from ? from : work->local, ICMP6_TOO_BIG, 0, work->until);
}
#else
__noinline int fullnat_too_big(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  struct interface *i = interface_at(skb->ifindex);
  if (!scratch || !work || !i) return TC_ACT_SHOT;
  return icmp_error_from(skb, &scratch->packet, i->addr, ICMP_FRAG, work->until);
}
#endif

/* A reply of a flow whose connection is not here, as for a moment while both come from another director: in a grace period it waits for
 * that. A global function, since it is rarely called. */
__noinline int fullnat_without(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_SHOT;
  CHECKED(scratch);
  return fullnat_waits(c, &scratch->packet) ? tc_drop(R_GRACE) : fullnat_restore(skb);
}

/* Is it a packet of a server that sees local addresses, with this destination, and not looked up among the flows yet? That comes first. */
static __always_inline bool is_for_flows(struct __sk_buff *skb, struct dest *d, __u32 dest) {
  if (likely(!d || !(d->flags & D_FULLNAT)) || skb->cb[ORIGIN_CB] == FULLNAT_TRANSLATED || skb->cb[ORIGIN_CB] == FULLNAT_UNKNOWN) return false;
  struct fullnat_work *work = the_fullnat_work();
  if (work) work->dest = dest;
  return true;
}

/* A packet of a masqueraded server that is no reply, or that the stack is to have: `done`, or what becomes of it. Where no connection has it, it is
 * looked up among the flows, once for all builds. */
static __always_inline int tc_past_flows(struct __sk_buff *skb, int done) {
  if (likely(done != TC_UNKNOWN && done != TC_ACT_UNSPEC && done != TC_LARGE)) return done;
  if (is_translated(skb)) {
    if (done == TC_UNKNOWN) return fullnat_without(skb);
    int restored = fullnat_restore(skb);
    return done == TC_LARGE && restored == TC_ACT_UNSPEC ? fullnat_too_big(skb) : restored;
  }
  if (done != TC_UNKNOWN) return done;
  if (skb->cb[ORIGIN_CB] != FULLNAT_UNKNOWN) bpf_tail_call_static(skb, &fullnat_entries, FULLNAT_PLACE(FULLNAT_REPLY));
  return TC_UNKNOWN;
}

/* An ICMP error about no connection: it may be about a flow. */
static __always_inline int tc_past_connections(int done) { return done == TC_ELSEWHERE ? TC_ERROR : done; }
static __always_inline void tc_enter_fullnat_error(struct __sk_buff *skb) { bpf_tail_call_static(skb, &fullnat_entries, FULLNAT_PLACE(FULLNAT_ERROR_OUT)); }

/* A server on the director itself sees its clients. */
static __always_inline bool is_masqueraded_by_flow(struct verdict *v) {
  return unlikely((v->d->flags & (D_FULLNAT | D_LOCAL)) == D_FULLNAT) && v_method(v->f.value) == M_MASQ;
}
/* It was one on the director at the last command, and its address has left the host since. */
static __always_inline bool has_left_host(struct verdict *v, enum hop_answer answer) {
  return answer != HOP_LOCAL && unlikely(v->d->flags & D_FULLNAT) && v_method(v->f.value) == M_MASQ;
}
#else
static __always_inline int tc_error_to_fullnat(struct verdict *v, __u16 port) { return TC_ACT_SHOT; }
static __always_inline bool is_masqueraded_by_flow(struct verdict *v) { return false; }
static __always_inline bool has_left_host(struct verdict *v, enum hop_answer answer) { return false; }
static __always_inline int tc_to_fullnat(struct verdict *v) { return TC_ACT_SHOT; }
#endif

#endif
