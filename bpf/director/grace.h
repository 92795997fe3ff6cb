/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The grace period after a takeover. What belongs to a connection that is not known here goes to the stack, which answers it by an RST, or leaves
 * with its server's own address, which the client answers by one: either ends the connection. For some seconds such packets are dropped, so that their
 * ends send them again, and meanwhile the connection may still come from the other director. */
#ifndef WEIR_GRACE_H
#define WEIR_GRACE_H

/* Asked only about packets without a connection. */
static __always_inline bool in_grace(struct conf *c) {
  __u64 until = READ(c->grace_until);
  return unlikely(until) && bpf_ktime_get_ns() < until;
}

/* The timer ends it: packets that are not balanced then look at one word again. */
static __always_inline void grace_sweep(struct conf *c) {
  __u64 until = READ(c->grace_until);
  if (unlikely(until) && until <= bpf_ktime_get_ns()) CAS(&c->grace_until, until, 0);
}

#endif
