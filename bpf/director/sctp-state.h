/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SCTP's chunks and states as the kernel's IPVS keeps them, under the names that state.h has for TCP and UDP. A packet's `flags` are what
 * its first chunk means to its connection. */
#ifndef WEIR_SCTP_STATE_H
#define WEIR_SCTP_STATE_H

enum direction { DIR_IN, DIR_OUT, DIR_IN_ONLY };
enum event {
  EV_DATA, EV_INIT, EV_INIT_ACK, EV_COOKIE_ECHO, EV_COOKIE_ACK, EV_SHUTDOWN, EV_SHUTDOWN_ACK, EV_SHUTDOWN_COMPLETE, EV_ERROR, EV_ABORT,
  EVENTS = 16, /* a power of two so that an index can be masked */
};
#define ABORT_FOLLOWS 0x10 /* with EV_ABORT: the first chunk is a COOKIE ECHO or a COOKIE ACK, and an ABORT is bundled with it */

#define CHUNK_ABORT 6
/* RFC 9260, 3.2: what each type of chunk means; the other types are data. */
#define CHUNK_TYPES 16
const volatile __u8 chunk_event[CHUNK_TYPES] = {
    [1] = EV_INIT,           [2] = EV_INIT_ACK,      [6] = EV_ABORT,       [7] = EV_SHUTDOWN, [8] = EV_SHUTDOWN_ACK,
    [9] = EV_ERROR,          [10] = EV_COOKIE_ECHO,  [11] = EV_COOKIE_ACK, [14] = EV_SHUTDOWN_COMPLETE,
};
static __always_inline __u8 event_of(__u8 type) { return type < CHUNK_TYPES ? chunk_event[type & (CHUNK_TYPES - 1)] : EV_DATA; }

/* The event of a packet, from its first chunk; after a COOKIE ECHO or a COOKIE ACK, as in the kernel's IPVS, an ABORT counts, too. `end`: of the
 * IP packet. EVENTS: there is no chunk. A global function: verified once. */
__noinline __u32 tc_event(struct __sk_buff *skb, __u32 chunk, __u32 end) {
  __u8 head[CHUNK_LEN];
  if (bpf_skb_load_bytes(skb, chunk, head, sizeof head)) return EVENTS;
  __u32 event = event_of(head[0]), length = head[2] << 8 | head[3], next = chunk + ((length + 3) & ~3u);
  if (likely(event != EV_COOKIE_ECHO && event != EV_COOKIE_ACK)) return event;
  if (length < CHUNK_LEN || next + CHUNK_LEN > end || bpf_skb_load_bytes(skb, next, head, sizeof head)) return event;
  return head[0] == CHUNK_ABORT ? EV_ABORT | ABORT_FOLLOWS : event;
}
static __always_inline enum parsed tc_parse_further(struct __sk_buff *skb, struct packet *p, __u32 at) {
  __u32 event = tc_event(skb, at + p->header + HEADER_LEN, at + p->length);
  p->flags = event;
  return event == EVENTS ? P_BAD : P_OK;
}

#define NO SCTP_NONE
#define I1 SCTP_INIT1
#define IN SCTP_INIT
#define CS SCTP_COOKIE_SENT
#define CR SCTP_COOKIE_REPLIED
#define CW SCTP_COOKIE_WAIT
#define CO SCTP_COOKIE
#define CE SCTP_COOKIE_ECHOED
#define ES SCTP_ESTABLISHED
#define SS SCTP_SHUTDOWN_SENT
#define SR SCTP_SHUTDOWN_RECEIVED
#define SA SCTP_SHUTDOWN_ACK_SENT
#define RJ SCTP_REJECTED
#define CL SCTP_CLOSED

#define SCTP_STATES 16 /* 14 used */
/* [direction][event][state] */
const volatile __u8 sctp_next[4][EVENTS][SCTP_STATES] = {
    [DIR_IN] = {
        {ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
        {I1, IN, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, IN, IN},
        {CW, CW, CW, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL},
        {CR, IN, IN, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
        {ES, I1, IN, CS, CR, CW, CO, ES, ES, SS, SR, SA, RJ, CL},
        {SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL},
        {CL, IN, IN, CS, CR, CW, CO, CE, ES, CL, SR, CL, RJ, CL},
        {CL, CL, CL, CS, CR, CW, CO, CE, ES, SS, SR, CL, RJ, CL},
        {CL, I1, IN, CS, CR, CW, CO, CL, ES, SS, SR, SA, RJ, CL},
        {CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL},
    },
    [DIR_OUT] = {
        {ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
        {CW, CW, CW, CW, CW, CW, CW, CW, ES, CW, CW, CW, CW, CW},
        {CS, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
        {CE, CE, CE, CE, CE, CE, CE, CE, ES, SS, SR, SA, RJ, CL},
        {ES, ES, ES, ES, ES, ES, ES, ES, ES, SS, SR, SA, RJ, CL},
        {SS, SS, SS, SS, SS, SS, SS, SS, SS, SS, SR, SA, RJ, CL},
        {SA, SA, SA, SA, SA, CW, CO, CE, ES, SA, SA, SA, RJ, CL},
        {CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
        {CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
        {CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL},
    },
    [DIR_IN_ONLY] = {
        {ES, I1, IN, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL},
        {I1, IN, IN, IN, IN, IN, CO, CE, ES, SS, SR, SA, IN, IN},
        {CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL},
        {ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL},
        {ES, I1, IN, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL},
        {SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL},
        {CL, IN, IN, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL},
        {CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL},
        {CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
        {CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL},
    },
};
#undef NO
#undef I1
#undef IN
#undef CS
#undef CR
#undef CW
#undef CO
#undef CE
#undef ES
#undef SS
#undef SR
#undef SA
#undef RJ
#undef CL

/* Seconds, by state. */
#define RTO_MAX 61
const volatile __u16 sctp_seconds[SCTP_STATES] = {
    2, 4, RTO_MAX, RTO_MAX, RTO_MAX, RTO_MAX, RTO_MAX, RTO_MAX, 900, RTO_MAX, RTO_MAX, RTO_MAX, 4, RTO_MAX,
};

#define STATE_ESTABLISHED SCTP_ESTABLISHED
#define ACTIVE_STATES (1u << SCTP_ESTABLISHED)
#define PROVEN_STATES (1u << SCTP_ESTABLISHED)
#define CLOSED_STATES (1u << SCTP_CLOSED | 1u << SCTP_REJECTED)
/* A client's new beginning ends a connection in one of these (conn_reuse_mode). */
#define REUSED_STATES (1u << SCTP_CLOSED)
#define REUSED_BY_2_STATES 0u
/* drop_entry ends these. */
#define FORGED_STATES (1u << SCTP_INIT1 | 1u << SCTP_INIT)
#define CLASSES                                                                                                                       \
  (CLASS(SCTP_INIT1, EVICT_HALF_OPEN) | CLASS(SCTP_INIT, EVICT_HALF_OPEN) | CLASS(SCTP_COOKIE_SENT, EVICT_HALF_OPEN) |                \
   CLASS(SCTP_COOKIE_REPLIED, EVICT_HALF_OPEN) | CLASS(SCTP_COOKIE_WAIT, EVICT_HALF_OPEN) | CLASS(SCTP_COOKIE, EVICT_HALF_OPEN) |     \
   CLASS(SCTP_COOKIE_ECHOED, EVICT_HALF_OPEN) | CLASS(SCTP_SHUTDOWN_SENT, EVICT_HALF_CLOSED) |                                        \
   CLASS(SCTP_SHUTDOWN_RECEIVED, EVICT_HALF_CLOSED) | CLASS(SCTP_SHUTDOWN_ACK_SENT, EVICT_HALF_CLOSED))
#define CLASSES_UNPROVEN (CLASSES | CLASS(SCTP_ESTABLISHED, EVICT_UNPROVEN))
#define CLASSES_PROVEN (CLASSES | CLASS(SCTP_ESTABLISHED, EVICT_IDLE))

static __always_inline bool has_states(struct packet *p) { return true; }
static __always_inline __u32 state_timeout(struct conf *c, __u32 state) { return units_of(c, sctp_seconds[state & (SCTP_STATES - 1)]); }
static __always_inline __u32 timeout_of(struct conf *c, __u32 state) { return state_timeout(c, state); }
static __always_inline __u32 state_after(struct conf *c, __u32 state, __u8 flags, enum direction dir) {
  return sctp_next[dir & 3][flags & (EVENTS - 1)][state & (SCTP_STATES - 1)];
}

/* An INIT begins a connection; other chunks do with sloppy_sctp, but never an ABORT. */
static __always_inline bool is_sloppy(struct conf *c) { return READ(c->sloppy_sctp); }
static __always_inline bool may_begin(struct conf *c, struct packet *p) {
  return p->flags == EV_INIT || (is_sloppy(c) && p->flags != EV_ABORT);
}
static __always_inline bool begins_again(struct packet *p) { return p->flags == EV_INIT; }
static __always_inline bool is_reset(struct packet *p) { return p->flags == EV_ABORT; }
/* Data, and what belongs to it: an established connection stays so. */
static __always_inline bool goes_on(__u8 flags) { return flags == EV_DATA; }
/* What a server sends in an established connection that a client with a forged address cannot make it send. */
static __always_inline bool can_prove(__u8 flags) { return flags == EV_DATA; }

#endif
