/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content switching: flows end as the connections that they are of, a little later. The timer looks at each of them every few seconds, at so many in one
 * tick: with a full table packets wait no longer for it. */
#ifndef WEIR_SWITCH_TIMER_H
#define WEIR_SWITCH_TIMER_H

#define SWITCH_TICK_NS 100000000ull
#define SWITCH_TURN_SECONDS 4
#define SWITCH_TURNS_BY_TICK 8192 /* a full table: in 32 ticks */
#define SWITCH_TICKS_BY_TURN (SWITCH_TURN_SECONDS * 1000000000ull / SWITCH_TICK_NS + 1)
_Static_assert(SWITCH_ROUNDS >= SWITCH_TICKS_BY_TURN * SWITCH_TURNS_BY_TICK, "all that are looked at between two turns of one have room");
#define SWITCH_LATER_SECONDS 5
#define NSEC_CLOCK 1 /* CLOCK_MONOTONIC */

/* Without its flow a connection's segments would have other numbers than their reader expects, a FIN that is sent again, too. So one that ends has the
 * longest time that its connection may have then: the timeout of TCP's FINs (ipvsadm --set) may be shorter than its TIME_WAIT. */
static __always_inline __u32 flow_timeout(struct conf *c, struct switch_flow *f) {
  if (f->state == SWITCH_BINDING) return state_timeout(c, S_SYN_RECV);
  if (!(f->flags & SWITCH_CLOSING)) return state_timeout(c, S_ESTABLISHED);
  __u32 half = state_timeout(c, S_FIN_WAIT), closed = state_timeout(c, S_TIME_WAIT);
  return half > closed ? half : closed;
}

/* The key of a client's connection of a service. */
static __always_inline __u64 client_conn(struct switch_client_key *k, __u32 service) {
#ifdef IPV6
  note_client(k->client);
  return conn_key(address_hash(k->client), k->client_port, service);
#else
  return conn_key(k->client[0], k->client_port, service);
#endif
}

#define SWITCH_GONE_SECONDS 2
/* Has its connection ended? Then the client's next segment is that of no connection, and is reset by the numbers that the client knows. Not where it has
 * just begun, and is being made. */
static __always_inline bool flow_is_gone(struct conf *c, struct switch_client_key *k, struct switch_flow *f, __u32 now) {
  struct dest *d = dest_at(f->dest);
  struct found found;
  if (now - READ(f->seen) < units_of(c, SWITCH_GONE_SECONDS)) return false;
  return !d || !conn_find(client_conn(k, d->service), now, &found) || v_dest(found.value) != f->dest;
}

/* Of a flow whose connection has ended: though its time has not? The service was deleted, or another connection took its slot. */
static __always_inline bool flow_is_lost(struct conf *c, struct switch_flow *f, __u32 idle) {
  return !(f->flags & SWITCH_CLOSING) && idle + units_of(c, SWITCH_LATER_SECONDS) <= flow_timeout(c, f);
}

static __always_inline bool is_turn_of(struct conf *c, struct switch_turn *t, __u32 now) {
  return now - t->looked >= units_of(c, SWITCH_TURN_SECONDS);
}

/* Takes the flow whose turn it is; a new one where it is the turn of none that was looked at: so switch_rounds has those of the last seconds alone, and
 * fills up with no rate of new flows. */
static __always_inline bool turn_take(struct conf *c, struct switch_turn *t, __u32 now) {
  if (!bpf_map_peek_elem(&switch_rounds, t) && is_turn_of(c, t, now)) return !bpf_map_pop_elem(&switch_rounds, t);
  return !bpf_map_peek_elem(&switch_turns, t) && is_turn_of(c, t, now) && !bpf_map_pop_elem(&switch_turns, t);
}

/* Looks at the flow whose turn it is. 1: no turn has come. */
static long switch_sweep(__u64 i, void *ctx) {
  struct conf *c = the_conf();
  __u32 zero = 0, now = clock_now();
  struct switch_secret *s = bpf_map_lookup_elem(&switch_secrets, &zero);
  struct switch_scratch *w = the_switch();
  struct switch_turn t SWITCH_ALIGNED;
  if (!c || !s || !w || !turn_take(c, &t, now)) return 1;
  struct switch_flow *f = bpf_map_lookup_elem(&switch_flows, &t.client);
  if (!f || f->turn != t.turn) return 0;
  CHECKED(f);
  t.looked = now;
  __u32 idle = now - READ(f->seen);
  bool ends = !READ(s->paused) && flow_is_gone(c, &t.client, f, now);
  bool lost = ends && flow_is_lost(c, f, idle);
  ends |= idle > flow_timeout(c, f) + units_of(c, SWITCH_LATER_SECONDS);
  /* One without an entry would stay for ever. */
  if (!ends) ends = lost = bpf_map_push_elem(&switch_rounds, &t, BPF_ANY);
  if (lost) switch_count(SWITCHED_LOST);
  CHECKED(w);
  if (ends) flow_forget(w, &t.client, f);
  return 0;
}

static int switch_tick(void *map, __u32 *key, struct switch_timer *t) {
  bpf_loop(SWITCH_TURNS_BY_TICK, switch_sweep, 0, 0);
  bpf_timer_start(&t->timer, SWITCH_TICK_NS, 0);
  return 0;
}

/* Gives a flow of a build without turns its entry. */
static long switch_enqueue(void *map, struct switch_client_key *k, struct switch_flow *f, void *ctx) {
  if (f->turn) return 0;
  struct switch_turn t = {.client = *k, .turn = 1, .looked = clock_now()};
  if (!bpf_map_push_elem(&switch_turns, &t, BPF_ANY)) f->turn = 1;
  return 0;
}

/* Starts the timer, or gives a running timer this program's code. Run before this build's program is attached, and after that: what another one made
 * meanwhile has no turn. */
SEC("xdp")
int weir_switch_timer(struct xdp_md *ctx) {
  __u32 zero = 0;
  struct switch_timer *t = bpf_map_lookup_elem(&switch_timers, &zero);
  if (!t) return 1;
  if (!t->started && bpf_timer_init(&t->timer, &switch_timers, NSEC_CLOCK)) return 2;
  t->started = 1;
  bpf_for_each_map_elem(&switch_flows, switch_enqueue, 0, 0);
  if (bpf_timer_set_callback(&t->timer, switch_tick)) return 3;
  return bpf_timer_start(&t->timer, SWITCH_TICK_NS, 0) ? 4 : 0;
}

#endif
