/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP states as the kernel's IPVS keeps them: next state by direction, event and state; and what the director asks about a packet's
 * protocol (sctp-state.h: of SCTP). */
#ifndef WEIR_STATE_H
#define WEIR_STATE_H

enum direction { DIR_IN, DIR_OUT, DIR_IN_ONLY };
enum event { EV_SYN, EV_FIN, EV_ACK, EV_RST };

#define NO S_NONE
#define ES S_ESTABLISHED
#define SS S_SYN_SENT
#define SR S_SYN_RECV
#define FW S_FIN_WAIT
#define TW S_TIME_WAIT
#define CL S_CLOSE
#define CW S_CLOSE_WAIT
#define LA S_LAST_ACK
#define LI S_LISTEN
#define SA S_SYNACK

/* [secure][direction][event][state] */
const volatile __u8 tcp_next[2][4][4][TCP_STATES] = {
    {
        [DIR_IN] = {
            {SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR},
            {CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW},
            {ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES},
            {CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR},
        },
        [DIR_OUT] = {
            {SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR},
            {TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW},
            {ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES},
            {CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL},
        },
        [DIR_IN_ONLY] = {
            {SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR},
            {CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW},
            {ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES},
            {CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL},
        },
    },
    {
        [DIR_IN] = {
            {SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA},
            {CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA},
            {ES, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA},
            {CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL},
        },
        [DIR_OUT] = {
            {SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA},
            {TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW},
            {ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES},
            {CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL},
        },
        [DIR_IN_ONLY] = {
            {SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA},
            {CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW},
            {ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES},
            {CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL},
        },
    },
};
#undef NO
#undef ES
#undef SS
#undef SR
#undef FW
#undef TW
#undef CL
#undef CW
#undef LA
#undef LI
#undef SA

/* States that count as active: ESTABLISHED, SYN_SENT, SYN_RECV, SYNACK. */
#define ACTIVE_STATES (1u << S_ESTABLISHED | 1u << S_SYN_SENT | 1u << S_SYN_RECV | 1u << S_SYNACK)

#define STATE_ESTABLISHED S_ESTABLISHED
#define PROVEN_STATES (1u << S_ESTABLISHED | 1u << S_UDP)
#define CLOSED_STATES (1u << S_TIME_WAIT | 1u << S_CLOSE | 1u << S_LAST_ACK)
/* A client's new beginning ends a connection in one of these (conn_reuse_mode); with 2 in it, where no answers are seen, also in these. */
#define REUSED_STATES (1u << S_TIME_WAIT | 1u << S_CLOSE)
#define REUSED_BY_2_STATES (1u << S_FIN_WAIT)
/* drop_entry ends these. */
#define FORGED_STATES (1u << S_SYN_RECV | 1u << S_SYNACK)
/* Which connections give way (evict.h). */
#define CLASSES                                                                                                          \
  (CLASS(S_SYN_SENT, EVICT_HALF_OPEN) | CLASS(S_SYN_RECV, EVICT_HALF_OPEN) | CLASS(S_SYNACK, EVICT_HALF_OPEN) |          \
   CLASS(S_LISTEN, EVICT_HALF_OPEN) | CLASS(S_FIN_WAIT, EVICT_HALF_CLOSED) | CLASS(S_CLOSE_WAIT, EVICT_HALF_CLOSED))
#define CLASSES_UNPROVEN (CLASSES | CLASS(S_ESTABLISHED, EVICT_UNPROVEN) | CLASS(S_UDP, EVICT_HALF_OPEN))
#define CLASSES_PROVEN (CLASSES | CLASS(S_ESTABLISHED, EVICT_IDLE) | CLASS(S_UDP, EVICT_UNPROVEN))

/* The headers have all that a connection's state depends on. */
static __always_inline enum parsed tc_parse_further(struct __sk_buff *skb, struct packet *p, __u32 at) { return P_OK; }
static __always_inline bool has_states(struct packet *p) { return p->protocol == IPPROTO_TCP; }
static __always_inline __u32 state_timeout(struct conf *c, __u32 state) { return c->tcp_timeout[state & (TCP_STATES - 1)]; }
static __always_inline __u32 timeout_of(struct conf *c, __u32 state) {
  return state == S_UDP ? READ(c->udp_timeout) : READ(c->tcp_timeout[state & (TCP_STATES - 1)]);
}

/* A SYN begins a connection, other segments do with sloppy_tcp, but never an RST; and every datagram. */
static __always_inline bool is_sloppy(struct conf *c) { return READ(c->sloppy_tcp); }
static __always_inline bool may_begin(struct conf *c, struct packet *p) {
  if (!has_states(p)) return true;
  return !(p->flags & FLAG_RST) && (p->flags & FLAG_SYN || is_sloppy(c));
}
static __always_inline bool begins_again(struct packet *p) { return has_states(p) && p->flags & FLAG_SYN; }
static __always_inline bool is_reset(struct packet *p) { return has_states(p) && p->flags & FLAG_RST; }
/* A plain segment: an established connection stays so. */
static __always_inline bool goes_on(__u8 flags) { return (flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) == FLAG_ACK; }
/* What a server sends in an established connection that a client with a forged address cannot make it send. */
static __always_inline bool can_prove(__u8 flags) { return !(flags & FLAG_SYN); }

/* RST before SYN before FIN before ACK; a segment with none of them closes. */
static __always_inline __u32 state_after(struct conf *c, __u32 state, __u8 flags, enum direction dir) {
  __u32 ev;
  if (unlikely(flags & FLAG_RST)) ev = EV_RST;
  else if (flags & FLAG_SYN) ev = EV_SYN;
  else if (flags & FLAG_FIN) ev = EV_FIN;
  else if (likely(flags & FLAG_ACK)) ev = EV_ACK;
  else return S_CLOSE;
  return tcp_next[c->secure_tcp >= 2][dir & 3][ev & 3][state & (TCP_STATES - 1)];
}

#endif
