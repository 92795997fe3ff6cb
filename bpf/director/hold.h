/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first packet of a new connection may be held back for some milliseconds until a peer of weir's own stream has the connection, so that no server
 * knows a connection that dies with this director. The packet goes into a ring instead of on. The stream's process sends the connection to its peers,
 * and then lets the packet come in once more, by its own device: it finds its connection and goes on. Whatever hinders that lets packets go on as
 * they are: the process renews conf.hold_until all the time, and only while it can do its part. */
#ifndef WEIR_HOLD_H
#define WEIR_HOLD_H

/* Asked only about packets that have made a connection. */
static __always_inline bool may_hold(struct conf *c) { return unlikely(READ(c->hold_until)); }

static __always_inline bool hold_is_over(__u32 until) {
  __u32 left = until - (__u32)(bpf_ktime_get_ns() >> HOLD_SHIFT);
  return !left || left > HOLD_LEASE_MAX;
}

/* The timer ends it where the process has died: new connections then look at one word again. */
static __always_inline void hold_sweep(struct conf *c) {
  __u32 until = READ(c->hold_until);
  if (unlikely(until) && hold_is_over(until)) CAS(&c->hold_until, until, 0);
}

#endif
