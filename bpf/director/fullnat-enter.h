/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the program on the links enters those of FULLNAT, and what it does with a reply that comes back from there. */
#ifndef WEIR_FULLNAT_ENTER_H
#define WEIR_FULLNAT_ENTER_H

/* Where a packet has been, in the control block that tc's programs have for themselves. Whoever reads it stores 0. */
#define FULLNAT_CB 4
#define FULLNAT_TRANSLATED 0x77656972u
#define FULLNAT_UNKNOWN 0x77656973u

#if !defined(IPV6) && !defined(SIDE) && !defined(FULLNAT) && !defined(TUNNEL)
#define HAS_FULLNAT true
static __always_inline int tc_enter_fullnat(struct __sk_buff *skb) {
  bpf_tail_call(skb, &fullnat_tc, FULLNAT_REQUEST);
  return tc_drop(R_REDIRECT_FAILED);
}

/* When the connection that was found, or made, expires. */
static __always_inline __u32 expires_of(struct verdict *v) {
  struct conn_slot *s = ref_slot(v->f.slot);
  return s ? slot_value(s, ref_is_old(v->f.slot)) : v->f.value;
}

/* A request of a connection to a destination that knows no clients. */
static __always_inline int tc_to_fullnat(struct verdict *v) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work) return tc_drop(R_REDIRECT_FAILED);
  work->dest = v->dest;
  work->until = expires_of(v);
  return TC_FULLNAT;
}

/* The flow of a reply lives as long as its connection. A global function, since it is rarely called. */
__noinline int fullnat_extend(__u32 dest, __u32 client, __u32 until) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work || work->dest != dest) return 0;
  __u32 pool = work->pool, port = work->port;
  void *flows = bpf_map_lookup_elem(&fullnat_flows, &pool);
  struct fullnat_flow *f = flows ? bpf_map_lookup_elem(flows, &port) : 0;
  if (!f || READ(f->dest) != dest || READ(f->client) != client) return 0;
  if (READ(f->until) != until) __sync_lock_test_and_set(&f->until, until);
  return 0;
}
static __always_inline void tc_fullnat_replied(struct __sk_buff *skb, struct verdict *v) {
  if (likely(!(v->d->flags & D_FULLNAT)) || skb->cb[FULLNAT_CB] != FULLNAT_TRANSLATED) return;
  skb->cb[FULLNAT_CB] = 0;
  fullnat_extend(v->dest, v->p->daddr, expires_of(v));
}

/* What comes back from its flow and is no reply after all, or gets an error, is for the local address again. A global function, since it is rarely
 * called. */
__noinline int fullnat_restore(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  struct rewrite r;
  if (!scratch || !work) return TC_ACT_SHOT;
  skb->cb[FULLNAT_CB] = 0;
  rewrite_of(&r, &scratch->packet, false, work->local, bpf_htons(work->port));
  return tc_translate(skb, &r) ? tc_drop(R_REDIRECT_FAILED) : TC_ACT_UNSPEC;
}
static __always_inline bool is_translated(struct __sk_buff *skb) { return skb->cb[FULLNAT_CB] == FULLNAT_TRANSLATED; }

/* A reply with DF that is larger than its client's MTU: the server gets the error about the packet that it sent, once that is restored. */
static __always_inline int tc_large_to_local(__u32 mtu) {
  struct fullnat_work *work = the_fullnat_work();
  if (!work) return TC_ACT_SHOT;
  work->until = mtu;
  return TC_LARGE;
}
__noinline int fullnat_too_big(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct fullnat_work *work = the_fullnat_work();
  struct interface *i = interface_at(skb->ifindex);
  if (!scratch || !work || !i) return TC_ACT_SHOT;
  scratch->packet.daddr = i->addr; /* the source of the error */
  return icmp_error(skb, &scratch->packet, ICMP_UNREACHABLE, ICMP_FRAG, work->until);
}

/* A packet of a masqueraded server that is no reply, or that the stack is to have: `done`, or what becomes of it. Where no connection has it, it is
 * looked up among the flows, once. */
static __always_inline int tc_past_flows(struct __sk_buff *skb, int done) {
  if (likely(done != TC_UNKNOWN && done != TC_ACT_UNSPEC && done != TC_LARGE)) return done;
  if (is_translated(skb)) {
    int restored = fullnat_restore(skb);
    return done == TC_LARGE && restored == TC_ACT_UNSPEC ? fullnat_too_big(skb) : restored;
  }
  if (done != TC_UNKNOWN) return done;
  bool looked_up = skb->cb[FULLNAT_CB] == FULLNAT_UNKNOWN;
  skb->cb[FULLNAT_CB] = 0;
  if (!looked_up) bpf_tail_call(skb, &fullnat_tc, FULLNAT_REPLY);
  return TC_UNKNOWN;
}

/* A server on the director itself sees its clients. */
static __always_inline bool is_masqueraded_by_flow(struct verdict *v) {
  return unlikely((v->d->flags & (D_FULLNAT | D_LOCAL)) == D_FULLNAT) && v_method(v->f.value) == M_MASQ;
}
#else
#define HAS_FULLNAT false
static __always_inline int tc_enter_fullnat(struct __sk_buff *skb) { return TC_ACT_SHOT; }
static __always_inline int tc_large_to_local(__u32 mtu) { return TC_ACT_SHOT; }
static __always_inline int tc_to_fullnat(struct verdict *v) { return TC_ACT_SHOT; }
static __always_inline void tc_fullnat_replied(struct __sk_buff *skb, struct verdict *v) {}
static __always_inline bool is_translated(struct __sk_buff *skb) { return false; }
static __always_inline int tc_past_flows(struct __sk_buff *skb, int done) { return done; }
static __always_inline bool is_masqueraded_by_flow(struct verdict *v) { return false; }
#endif

#endif
