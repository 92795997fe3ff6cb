/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The change of a connection by a packet: its state and its expiry. */
#ifndef WEIR_CONN_MOVE_H
#define WEIR_CONN_MOVE_H

#define SECOND_OR_SO 64 /* clock units */

/* Was the expiry written less than a second ago (or, of short timeouts, a sixty-fourth)? Then it is not written again: an
 * atomic write for each packet would keep the CPU from overlapping the next packet's cache miss. */
static __always_inline bool is_recent(__u64 value, __u32 now, __u32 timeout) {
  __u32 slack = timeout >> 6;
  if (slack > SECOND_OR_SO) slack = SECOND_OR_SO;
  return now + timeout - (__u32)value <= slack;
}

#define CONN_GONE 1
#define CONN_CHANGED 2
#define CONN_ASSURED 3
#define CONN_ANSWERED 4
/* State and expiry of a connection after a packet. CONN_GONE: its slot is free, or another connection's. CONN_CHANGED: another CPU changed the
 * value first; it is in the scratch space as it is now. CONN_ASSURED: it is changed, to what is in the scratch space, and assures the client's
 * template: the caller marks that, so that the stack frames do not add up. CONN_ANSWERED: as it, by the first answer to a datagram. `flags`: the packet's, or TOUCH_UDP; TOUCH_OUT for the server's packets. */
#define TOUCH_UDP 0x100
#define TOUCH_OUT 0x200
__noinline int conn_move(slot_ref at, __u64 key, __u64 value, __u32 flags, __u32 now) {
  struct conf *c = the_conf();
  struct conn_slot *s = ref_slot(at);
  bool old = ref_is_old(at);
  if (!s || !c) return 0;
  __u64 to = value;
  if (!v_taken(value) || v_claimed(value)) return CONN_GONE;
  __u32 state = S_UDP, timeout = c->udp_timeout;
  if (flags & TOUCH_OUT) to &= ~V_NOOUTPUT;
  if (!(flags & TOUCH_UDP)) {
    enum direction dir = flags & TOUCH_OUT ? DIR_OUT : value & V_NOOUTPUT ? DIR_IN_ONLY : DIR_IN;
    state = state_after(c, v_state(value), flags, dir);
    timeout = state_timeout(c, state);
  }
  bool recent = is_recent(value, now, timeout);
  if (state == v_state(value) && (PROVEN_STATES & 1u << state) && (!recent || is_proof(value, flags, flags & TOUCH_OUT))) to |= V_PROVEN;
  to = v_moved(to, state, now + timeout);
  if (to >> 32 == value >> 32 && recent) return 0;
  int shown = assures(c, value, to) ? CONN_ASSURED : flags & TOUCH_UDP && value & ~to & V_NOOUTPUT ? CONN_ANSWERED : 0;
  bool changed = conn_change(s, old, &value, to);
  if (changed && likely(!shown)) return 0;
  struct scratch *scratch = the_scratch();
  if (!scratch) return 0;
  if (changed) {
    scratch->changed = to;
    scratch->shown = shown == CONN_ASSURED ? T_ASSURED : T_ANSWERED;
    return shown;
  }
  if (!slot_has_key(s, old, key)) return CONN_GONE;
  scratch->changed = value;
  return CONN_CHANGED;
}

#define MOVE_AGAIN 3
/* Tries it again from the changed value, a few times. A function of its own, since a loop around the body of conn_move would have the verifier
 * go through all its paths for each turn. */
__noinline int conn_move_again(slot_ref at, __u64 key, __u32 flags, __u32 now) {
#pragma clang loop unroll(disable)
  for (int i = 0; i < MOVE_AGAIN; i++) {
    struct scratch *scratch = the_scratch();
    int done = scratch ? conn_move(at, key, scratch->changed, flags, now) : 0;
    if (done != CONN_CHANGED) return done;
  }
  return 0;
}

/* Marks the template of a client by what conn_move made. */
static __always_inline void assure_template(__u64 key) {
  struct scratch *scratch = the_scratch();
  if (scratch) template_mark(key, v_dest(scratch->changed), scratch->shown, false);
}

#endif
