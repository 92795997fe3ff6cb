/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which connection gives way to a new one where no slot is free. Dead and forged connections go first, so that they cannot fill the table;
 * what a client still uses stays. A forger who sends for each of them again a second later (V_PROVEN) has a place as such a client has, but where
 * no packet of the server was seen only for ten seconds, if nothing else gives way. Of the best class, one of the new connection's protocol goes
 * first, so that a flood of one protocol does not drive out the other's; of these, the one that expires first. */
#ifndef WEIR_EVICT_H
#define WEIR_EVICT_H

enum eviction {
  EVICT_CLOSED,      /* CLOSE, TIME_WAIT, LAST_ACK */
  EVICT_HALF_OPEN,   /* no handshake within a second; UDP without V_PROVEN */
  EVICT_HALF_CLOSED, /* FIN_WAIT, where under DR every connection that the client ended stays; CLOSE_WAIT */
  EVICT_UNPROVEN,    /* ESTABLISHED without V_PROVEN: a SYN and an ACK, which may be forged; UDP with it */
  EVICT_YOUNG,       /* half open for less than a second: else clients that come together would drive out each other */
  EVICT_NEW,         /* half open for less than half a second */
  EVICT_IDLE,        /* ESTABLISHED */
  EVICT_ONE_SIDED,   /* ESTABLISHED, idle for a shorter time, and no packet of the server was seen, as under DR: all that was may be forged */
  EVICT_NEVER,
};

/* Classes by state (CLASSES, of the protocol), and seconds by class, four bits each. */
#define CLASS(at, what) ((__u64)(what) << (at) * 4)

/* How long a connection must have been idle: a handshake has had its time; what is not proven has had the time to be; and the minute after
 * which the kernel's IPVS lets an established connection go under attack (drop_entry). */
#define UNPROVEN_IDLE_SECONDS 2
#define IDLE_SECONDS (CLASS(EVICT_HALF_OPEN, 1) | CLASS(EVICT_HALF_CLOSED, 2) | CLASS(EVICT_UNPROVEN, UNPROVEN_IDLE_SECONDS))
#define ESTABLISHED_IDLE_SECONDS 60
#define ONE_SIDED_IDLE_SECONDS 10 /* else three forged packets would have a place for a minute */

static __always_inline __u32 eviction_class(struct conf *c, __u64 v, __u32 now) {
  __u32 state = v_state(v);
  __u32 class = (v & V_PROVEN ? CLASSES_PROVEN : CLASSES_UNPROVEN) >> state * 4 & 15;
  if (class == EVICT_CLOSED) return class;
  __s32 idle = (__s32)(timeout_of(c, state) - ((__u32)v - now));
  __s32 second = READ(c->hz) >> CLOCK_SHIFT;
  if (likely(idle >= second * (__s32)(class == EVICT_IDLE ? ESTABLISHED_IDLE_SECONDS : IDLE_SECONDS >> class * 4 & 15))) return class;
  if (class == EVICT_IDLE && v & V_NOOUTPUT && idle >= second * ONE_SIDED_IDLE_SECONDS) return EVICT_ONE_SIDED;
  if (class != EVICT_HALF_OPEN) return EVICT_NEVER;
  return idle * 2 >= second ? EVICT_YOUNG : EVICT_NEW;
}

/* Is the connection with value `v` a better one to replace than what was found before? */
static __always_inline bool evict_is_better(struct probe *r, __u64 v, __u32 class) {
  if (class == EVICT_NEVER) return false;
  if (READ(r->evict) == NOWHERE || class != READ(r->evict_class)) return READ(r->evict) == NOWHERE || class < READ(r->evict_class);
  if (v_udp(v) != v_udp(READ(r->evict_value))) return v_udp(v) == READ(r->udp);
  return (__s32)((__u32)v - (__u32)READ(r->evict_value)) < 0;
}

/* In a full table a whole probe looks at 64 connections, which a flood would pay for with each of its packets. So after one that met no free slot
 * the next ones of this CPU end at the first bucket with a connection of these classes: what a flood makes, and what is over. A connection then
 * stands near its home again, and the next probe for it is short. */
#define EVICT_SETTLES (1u << EVICT_CLOSED | 1u << EVICT_HALF_OPEN | 1u << EVICT_YOUNG)
#define SHORT_PROBES 256
static __always_inline bool evict_settles(struct probe *r) {
  return READ(r->crowded) && READ(r->evict) != NOWHERE && EVICT_SETTLES & 1u << (READ(r->evict_class) & 15);
}

static __always_inline void evict_note(struct conf *c, struct probe *r, __u32 number, __u64 v, __u32 now) {
  __u32 class = eviction_class(c, v, now);
  if (!evict_is_better(r, v, class)) return;
  r->evict = number;
  r->evict_value = v;
  r->evict_class = class;
}

static __always_inline __u32 evict_reason(__u32 class) {
  if (class == EVICT_HALF_OPEN || class == EVICT_YOUNG || class == EVICT_NEW) return R_HALF_OPEN_REPLACED;
  return class < EVICT_UNPROVEN ? R_CLOSED_REPLACED : R_IDLE_REPLACED;
}

#endif
