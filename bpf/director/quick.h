/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP's quick path for plain packets: tens of nanoseconds, no call but the redirect, nothing on the stack (but for tunnels). */
#ifndef WEIR_QUICK_H
#define WEIR_QUICK_H

#include "quick-packet.h"

static __always_inline bool mac_equal(const __u8 *a, const __u8 *b) {
  return *(__u32 *)a == *(__u32 *)b && *(__u16 *)(a + 4) == *(__u16 *)(b + 4);
}

/* Nearly every packet is a plain segment, or a datagram, of a connection in its home bucket, to or from an available destination
 * whose next hop is fresh. It changes nothing but counters and, once a second, the expiry, so it is handled here in registers.
 * Every other packet takes the full path, from the start. */
#define QUICK_NO (-1)
#define QUICK_ABSENT (-2) /* and there is no connection */
#define QUICK_BEGINS (-3) /* and there is none, and the packet in the scratch space may begin one */
#define QUICK_CHOSEN (-4) /* of the full path: its destination is chosen */
#define QUICK_TUNNEL (-5) /* the packet is to be encapsulated */
#define QUICK_FULLNAT (-6) /* its client is to get a local address */
#define QUICK_FLOW (-7) /* it may be for a local address: which client has it is to be found */

/* A connection in its home bucket. Value 0: it is not there, or the slot got another one meanwhile. */
struct quick_found {
  struct conn_slot *slot;
  __u64 value;
};

/* `which`: the bits of the key that count. Without those of the service it is the client's first connection, to any service. */
#define QUICK_EXACT (~0ull)
static __always_inline void quick_find(struct conn_bucket *b, __u64 key, __u64 which, const __u32 *client, struct quick_found *f) {
  struct conn_slot *s = &b->slot[0];
  __u64 has = READ(s->key);
  f->value = 0;
  if ((has ^ key) & which) {
    s = &b->slot[1];
    has = READ(s->key);
    if ((has ^ key) & which) {
      s = &b->slot[2];
      has = READ(s->key);
      if ((has ^ key) & which) {
        s = &b->slot[3];
        has = READ(s->key);
        if ((has ^ key) & which) return;
      }
    }
  }
  __u64 value = READ(s->value);
  f->slot = s;
  if (quick_is_of_client(s, client) && READ(s->key) == has) f->value = value;
}

static __always_inline __u32 quick_timeout(struct quick *q) {
  return q->p.protocol == IPPROTO_TCP ? READ(q->c->tcp_timeout[S_ESTABLISHED]) : READ(q->c->udp_timeout);
}

/* Does the packet leave its connection as it is, but for the expiry? A free or claimed slot may pass: the caller
 * refuses it, since it names no available destination. A packet that proves its connection may assure the client's template, too: not here. */
static __always_inline bool quick_value(struct quick *q, __u64 value, bool out) {
  if (v_expired(value, q->now)) return false;
  if (q->p.protocol != IPPROTO_TCP) return !(out && value & V_NOOUTPUT) && (value & V_PROVEN || is_recent(value, q->now, quick_timeout(q)));
  if ((q->p.flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) != FLAG_ACK || v_state(value) != S_ESTABLISHED) return false;
  if (unlikely(!(value & V_PROVEN)) && unlikely(is_sloppy(q->c)) && (out || !is_recent(value, q->now, quick_timeout(q)))) return false;
  return !(out && value & V_NOOUTPUT);
}

/* Writes the expiry where that is due, and that the connection is proven (is_proof; one bit of the state differs between UDP and
 * ESTABLISHED). Losing the compare-and-swap means that another CPU stored a later expiry, or ended it. False: nothing was due. */
static __always_inline bool quick_touch(struct quick *q, struct quick_found *f, bool out) {
  __u32 timeout = quick_timeout(q);
  bool settled = !out || f->value & (V_PROVEN | 2ull << V_STATE_SHIFT);
  if (likely(settled && is_recent(f->value, q->now, timeout))) return false;
  CAS(&f->slot->value, f->value, (f->value >> 32 << 32) | V_PROVEN | (q->now + timeout));
  return true;
}

/* What xdp_may_schedule() answers about nearly every packet that begins a connection of TCP, without a call: nothing has to be asked. Then the
 * packet is in the scratch space. */
static __always_inline bool quick_begins(struct quick *q, __u32 service, struct interface *from) {
  struct scratch *scratch = the_scratch();
  struct service *s = service_at(service);
  struct packet *p = &q->p;
  if (!scratch || !s || p->protocol != IPPROTO_TCP || p->sport == FTP_DATA_PORT || !may_begin(q->c, p) || !is_forwardable(p)) return false;
  if (s->flags & (SVC_SIP | SVC_FIREWALL | SVC_ASKS_WIDE) || from->flags & (INTERFACE_STRICT | INTERFACE_LOOSE) || q->c->drop_rate) return false;
  if (vip_answered(q->c, s, from->ifindex, q->now) != 1) return false;
  CHECKED(scratch);
  quick_keep(&scratch->packet, p);
  return true;
}

/* Is the packet from this destination? */
static __always_inline bool quick_is_from(struct packet *p, struct dest *d) {
  return quick_address_is(packet_source(p), d->addr) && d->port == p->sport && d->protocol == p->protocol;
}

#include "quick-flow.h"
#include "quick-tunnel.h"

/* A request that gets other headers than by NAT or direct routing. */
static __always_inline int quick_beyond(struct xdp_md *ctx, void *data, void *end, struct quick *q, struct quick_found *f, __u64 key,
                                        struct dest *d, __u32 flags) {
  if (flags == (D_AVAILABLE | D_TUNNEL) && v_method(f->value) == M_TUNNEL) return quick_tunnel(ctx, data, q, f, d);
  if (flags != (D_AVAILABLE | D_FULLNAT) || v_method(f->value) != M_MASQ) return QUICK_NO;
  return quick_fullnat(data, end, q, f, key, d);
}

static __always_inline int quick_request(struct xdp_md *ctx, void *data, void *end, struct quick *q, __u32 service,
                                         struct interface *from) {
  __u64 key = conn_key(q->p.saddr, q->p.sport, service);
  q->hash = conn_hash(key);
  struct conn_bucket *b = bucket_at(q->hash);
  if (!b) return QUICK_NO;
  CHECKED(b);
  struct quick_found f;
  quick_find(b, key, QUICK_EXACT, packet_source(&q->p), &f);
  __u64 value = f.value;
  if (unlikely(!quick_value(q, value, false))) {
    if (v_live(value, q->now) || READ(b->slot[0].value) & V_SPILLED) return QUICK_NO;
    return quick_begins(q, service, from) ? QUICK_BEGINS : QUICK_ABSENT;
  }
  struct dest *d = dest_at(v_dest(value));
  if (!d) return QUICK_NO;
  __u32 flags = d->flags & (D_AVAILABLE | D_LOCAL | D_POLICED | D_TUNNEL | D_FTP | D_FULLNAT | D_WATCHED);
  CHECKED(d);
  if (unlikely(flags != D_AVAILABLE)) return quick_beyond(ctx, data, end, q, &f, key, d, flags);
  __u32 ifindex = quick_hop(q, data, &d->hop, address_word(d->addr));
  if (!ifindex) return QUICK_NO;
  xdp_rewrite(&q->p, data, end, false, v_method(value) == M_MASQ, d->addr, d->port);
  quick_touch(q, &f, false);
  quick_count(q, v_dest(value), false);
  return bpf_redirect(ifindex, 0);
}

/* `from`: the interface that the reply came by; the full path looks closer where it is not the server's (is_server_side). `dest`: the first of
 * the destinations with the packet's source. Where there are others, the client's first connection names one of them, as for the full path. */
static __always_inline int quick_reply(void *data, void *end, struct quick *q, __u32 dest, __u32 from) {
  struct dest *d = dest_at(dest);
  if (!d) return QUICK_NO;
  if (unlikely(d->flags & D_FULLNAT)) return quick_flow_of(dest);
  __u64 key = conn_key(q->p.daddr, q->p.dport, d->service);
  struct conn_bucket *b = bucket_at(conn_hash(key));
  if (!b) return QUICK_NO;
  CHECKED(b);
  struct quick_found f;
  quick_find(b, key, unlikely(d->next_same) ? K_CLIENT : QUICK_EXACT, packet_target(&q->p), &f);
  __u64 value = f.value;
  if (v_method(value) != M_MASQ || !quick_value(q, value, true)) return QUICK_NO;
  if (unlikely(v_dest(value) != dest)) {
    d = dest_at(v_dest(value));
    if (!d || !quick_is_from(&q->p, d)) return QUICK_NO;
    dest = v_dest(value);
  }
  if ((d->flags & (D_AVAILABLE | D_POLICED_BACK | D_FTP | D_WATCHED)) != D_AVAILABLE || READ(d->hop.ifindex) != from) return QUICK_NO;
  asm volatile("" : "+r"(f.value)); /* one word: the compiler would keep its parts */
  struct service *s = service_at(d->service);
  if (!s) return QUICK_NO;
  CHECKED(s);
  __u32 ifindex = quick_to_client(q, data, packet_target(&q->p), q->p.daddr, s);
  if (!ifindex) return QUICK_NO;
  xdp_rewrite(&q->p, data, end, true, true, s->addr, s->port);
  quick_touch(q, &f, true);
  quick_count(q, dest, true);
  return bpf_redirect(ifindex, 0);
}

#endif
