/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A datagram of a call that a masqueraded server begins (call-begun.h) goes the way of this server's replies, with a connection or without. */
#ifndef WEIR_CALL_REPLY_H
#define WEIR_CALL_REPLY_H

#ifdef IPV6
static __always_inline int begun_reply(struct __sk_buff *skb, struct verdict *v) { return tc_reply6(skb, v); }
static __always_inline int begun_leave(struct __sk_buff *skb, struct verdict *v, bool layer3) { return tc_leave6(skb, v, layer3); }
#else
static __always_inline int begun_reply(struct __sk_buff *skb, struct verdict *v) { return tc_reply(skb, v); }
static __always_inline int begun_leave(struct __sk_buff *skb, struct verdict *v, bool layer3) { return tc_leave(skb, v, layer3); }
#endif

/* Sends a datagram that came in to its client. Global functions: each has its own stack frame and is verified once. */
__noinline int tc_begun_reply(struct __sk_buff *skb, __u32 dest) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct dest *d = dest_at(dest);
  if (!scratch || !c || !d) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now(), .dest = dest, .d = d, .service = d->service};
  return begun_reply(skb, &v);
}

/* Translates one that leaves the director, from a server here. */
__noinline int tc_begun_local(struct __sk_buff *skb, __u32 dest, bool layer3) {
  struct scratch *scratch = the_scratch();
  struct conf *c = the_conf();
  struct dest *d = dest_at(dest);
  if (!scratch || !c || !d) return TC_ACT_UNSPEC;
  CHECKED(scratch);
  struct verdict v = {.p = &scratch->packet, .c = c, .now = clock_now(), .dest = dest, .d = d, .service = d->service};
  return begun_leave(skb, &v, layer3);
}

#endif
