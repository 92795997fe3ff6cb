/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The two words of a connection, key and value (abi.h): their fields, and the value after a packet. */
#ifndef WEIR_VALUE_H
#define WEIR_VALUE_H

static __always_inline __u32 v_dest(__u64 v) { return (v >> V_DEST_SHIFT) & V_DEST_MASK; }
static __always_inline __u32 v_state(__u64 v) { return (v >> V_STATE_SHIFT) & 15; }
static __always_inline __u32 v_method(__u64 v) { return (v >> V_METHOD_SHIFT) & 3; }
static __always_inline __u32 v_away(__u64 v) { return v >> V_AWAY_SHIFT; }
static __always_inline bool v_udp(__u64 v) { return v_state(v) == S_UDP; }
static __always_inline bool v_taken(__u64 v) { return v_dest(v) != 0; }
static __always_inline bool v_claimed(__u64 v) { return v_dest(v) == CLAIMED; }
static __always_inline bool v_expired(__u64 v, __u32 now) { return (__s32)((__u32)v - now) < 0; }
/* A connection that may be used: the slot is not free, not being written and not expired. */
static __always_inline bool v_live(__u64 v, __u32 now) { return v_taken(v) && !v_claimed(v) && !v_expired(v, now); }

static __always_inline __u64 conn_key(__u32 caddr, __u16 cport, __u32 service) {
  return (__u64)caddr | (__u64)cport << K_PORT_SHIFT | (__u64)service << K_SERVICE_SHIFT;
}

/* The value after a packet moved the connection to `state`, to live until `expires`. */
static __always_inline __u64 v_moved(__u64 v, __u32 state, __u32 expires) {
  v &= ~(0xffffffffull | 15ull << V_STATE_SHIFT | V_INACTIVE);
  if (!(ACTIVE_STATES & 1u << (state & 31))) v |= V_INACTIVE;
  return v | expires | (__u64)state << V_STATE_SHIFT;
}

/* Is this the server's packet that proves an established connection of TCP? A client that forged its address got no SYN+ACK, so a server
 * answers its ACK by an RST. The answer to a datagram proves nothing, unless it comes after the second that conn_move() counts. */
static __always_inline bool is_proof(__u64 value, __u8 flags, bool out) {
  return out && !(value & V_PROVEN) && v_state(value) == STATE_ESTABLISHED && can_prove(flags);
}

#endif
