/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of the destinations with one address and port a reply comes from: the one with a connection of its client. */
#ifndef WEIR_DEST_OF_CLIENT_H
#define WEIR_DEST_OF_CLIENT_H

#define SAME_ENDPOINT_MAX 4096 /* services that may share one address and port of a server while another build's table is taken over */

/* Where one of two tables chooses buckets by the whole key (are_scattered), the services of the endpoint are asked in turn. */
struct endpoint_walk {
  __u32 id;
  __u32 caddr;
  __u32 cport;
  __u32 now;
};

static long endpoint_step(__u64 i, void *ctx) {
  struct endpoint_walk *w = ctx;
  struct dest *d = w->id ? dest_at(w->id) : 0;
  struct found f;
  if (!d || i == SAME_ENDPOINT_MAX - 1) {
    w->id = 0;
    return 1;
  }
  if (conn_find(conn_key(w->caddr, w->cport, d->service), w->now, &f) && v_dest(f.value) == w->id) return 1;
  w->id = READ(d->next_same);
  return 0;
}

static __always_inline __u32 dest_in_turn(__u32 first, __u32 caddr, __u16 cport, __u32 now) {
  struct endpoint_walk w = {.id = first, .caddr = caddr, .cport = cport, .now = now};
  bpf_loop(SAME_ENDPOINT_MAX, endpoint_step, &w, 0);
  return w.id;
}

/* A client may have closed one connection (CLOSED_STATES) and begun another from the same port, to another service: the other one comes first. */
#define ALL_STATES 0xffffu

/* The destination with the address, port and protocol of `e` that a client's connection in this slot has, in one of these states; 0 = none. */
static __always_inline __u32 slot_dest(struct conn_slot *s, bool old, __u64 client, struct dest *e, __u32 now, __u32 states) {
  __u64 key = slot_key(s, old), value = slot_value(s, old);
  if (((key ^ client) & K_CLIENT) || !v_live(value, now) || v_method(value) != M_MASQ || !(states & 1u << v_state(value))) return 0;
#ifdef WIDE
  struct dest *d = dest_at(v_dest(value));
  return d && slot_is_answered(s, d, e) && slot_is_same(s, old, value) && slot_has_key(s, old, key) ? v_dest(value) : 0;
#else
  if (!slot_is_of_client(s) || !slot_has_key(s, old, key)) return 0;
  struct dest *d = dest_at(v_dest(value));
  if (!d || d->addr[0] != e->addr[0] || d->addr[1] != e->addr[1] || d->addr[2] != e->addr[2] || d->addr[3] != e->addr[3]) return 0;
  return d->port == e->port && d->protocol == e->protocol ? v_dest(value) : 0;
#endif
}

/* The destination of the client's connection in a bucket. NOT_THERE: there is none, and no connection of this bucket is in a later one. A global
 * function, so that it is verified once. */
#define NOT_THERE NOWHERE
__noinline __u32 bucket_dest(__u32 bucket, __u64 client, __u32 same, __u32 now, __u32 states) {
  struct conn_bucket *b = bucket_at(bucket);
  bool old = bucket_is_old(bucket);
  struct dest *e = dest_at(same);
  if (!b || !e) return NOT_THERE;
  CHECKED(b);
#pragma clang loop unroll(disable)
  for (__u32 i = 0; i < BUCKET_SLOTS; i++) {
    __u32 id = slot_dest(&b->slot[i & (BUCKET_SLOTS - 1)], old, client, e, now, states);
    if (id) return id;
  }
  return slot_value(&b->slot[0], old) & V_SPILLED ? 0 : NOT_THERE;
}

/* Among the destinations with the address and port of `first`, the one with a connection of this client; 0 = none. All connections of a
 * client are in one neighbourhood, so it costs the same however many services have the server. */
static __always_inline __u32 dest_from(__u32 home, __u32 first, __u64 client, __u32 now, __u32 states) {
#pragma clang loop unroll(disable)
  for (__u32 n = 0; n < PROBE_BUCKETS; n++) {
    __u32 id = bucket_dest(home + n, client, first, now, states);
    if (id) return id == NOT_THERE ? 0 : id;
  }
  return 0;
}
#ifdef BRIDGE
/* The destination of the client's connection in either table, searched as bridge_find() does. */
__noinline __u32 dest_in_table(__u32 home, __u32 first, __u64 client, __u32 now, __u32 states) { return dest_from(home, first, client, now, states); }
static __always_inline __u32 dest_in_state(__u32 first, __u64 client, __u32 now, __u32 states) {
  __u32 id = dest_in_table(home_of(client), first, client, now, states);
  if (!id) id = dest_in_table(old_home_of(client), first, client, now, states);
  if (id) return id;
  key_await(client);
  return dest_in_table(home_of(client), first, client, now, states);
}
#else
static __always_inline __u32 dest_in_state(__u32 first, __u64 client, __u32 now, __u32 states) {
  return dest_from(conn_hash(client), first, client, now, states);
}
#endif
__noinline __u32 dest_of_client(__u32 first, __u32 caddr, __u16 cport, __u32 now) {
  if (are_scattered()) return dest_in_turn(first, caddr, cport, now);
  __u64 client = conn_key(caddr, cport, 0);
  __u32 id = dest_in_state(first, client, now, ALL_STATES & ~CLOSED_STATES);
  return id ? id : dest_in_state(first, client, now, CLOSED_STATES);
}

#endif
