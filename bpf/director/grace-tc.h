/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* tc, of both families: packets of TCP and SCTP that no build has a connection for, and what a grace period (grace.h) does with them. Global
 * functions: each has its own stack frame and is verified once. */
#ifndef WEIR_GRACE_TC_H
#define WEIR_GRACE_TC_H
#include "fullnat-held.h"

#ifdef IPV6
static __always_inline __u32 exact_real_of(struct packet *p) { return endpoint6_find(p->saddr6, p->saddr, p->sport, p->protocol, E_REAL6); }
static __always_inline __u32 wide_real_of(struct packet *p) { return endpoint6_find(p->saddr6, p->saddr, 0, 0, E_REAL_ALL6); }
static __always_inline __u32 ftp_real_of(struct packet *p) {
  return may_be_ftp_data(p->sport, p->protocol) ? endpoint6_find(p->saddr6, p->saddr, 0, IPPROTO_TCP, E_REAL_ALL6) : 0;
}
static __always_inline int class_of_target(struct __sk_buff *skb, struct packet *p) { return tc_address_class6(skb, true); }
#else
static __always_inline __u32 exact_real_of(struct packet *p) { return exact_real(p->saddr, p->sport, p->protocol); }
static __always_inline __u32 wide_real_of(struct packet *p) { return wide_real(p->saddr); }
static __always_inline __u32 ftp_real_of(struct packet *p) { return ftp_real(p->saddr, p->sport, p->protocol); }
static __always_inline int class_of_target(struct __sk_buff *skb, struct packet *p) { return tc_address_class(skb, p->daddr, p->saddr); }
#endif

/* Is its address one of this host? Where the FIB gives no answer, it counts as one. */
static __always_inline bool is_for_host(struct __sk_buff *skb, struct packet *p) {
  int class = class_of_target(skb, p);
  return class == HOP_LOCAL || class == HOP_UNKNOWN;
}

/* The end of a packet for a service that belongs to no connection and begins none. What a mark has led here is for its service, whatever its address;
 * of others the FIB is asked each time, since the address may just have come. An RST goes on: the stack does not answer it. */
__noinline int tc_stray(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (in_grace(c) && !is_reset(p) && (is_on_pair(skb) || is_for_host(skb, p))) return tc_drop(R_GRACE);
  count_reason(R_NO_CONNECTION);
  return TC_ACT_UNSPEC;
}

/* May it be a reply of a server that is masqueraded now, or data of one of FTP, that is or was? The wide build comes last, and so knows those of exact
 * services, too. */
static __always_inline bool may_be_reply(struct packet *p) {
  if (masqueraded_now(exact_real_of(p))) return true;
  return ALL_PORTS && (masqueraded_now(wide_real_of(p)) || ftp_real_of(p));
}

/* A packet that came in and concerns no connection: what may be a reply by NAT, and leaves the director, is dropped, and what is held of FULLNAT. What
 * begins a connection goes on, and so does an RST, which ends one at its receiver alone. */
__noinline int tc_grace_reply(struct __sk_buff *skb) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  if (!scratch || !c || !in_grace(c)) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct packet *p = &scratch->packet;
  if (p->protocol != (OF_SCTP ? IPPROTO_SCTP : IPPROTO_TCP) || p->fragment || begins_again(p) || is_reset(p)) return TC_ACT_UNSPEC;
  if (!may_be_reply(p)) return TC_ACT_UNSPEC;
  int class = class_of_target(skb, p);
  if (class == HOP_LOCAL) return !OF_SCTP && fullnat_is_held(p) ? tc_drop(R_GRACE) : TC_ACT_UNSPEC;
  return class == HOP_READY || class == HOP_RESOLVE ? tc_drop(R_GRACE) : TC_ACT_UNSPEC;
}
static __always_inline int tc_unknown_in_grace(struct __sk_buff *skb) {
  struct conf *c = the_conf();
  return c && unlikely(READ(c->grace_until)) ? tc_grace_reply(skb) : TC_ACT_UNSPEC;
}

#endif
