/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The decision for a packet that a server sends: whose reply it is, and of which connection. */
#ifndef WEIR_DIRECTOR_REPLY_H
#define WEIR_DIRECTOR_REPLY_H

/* A packet from a masqueraded destination: v->d is the first of the destinations with this address and port, v->dest its number. `by_flow`: it is the
 * destination, since FULLNAT has looked up the packet's flow, which knows its connection. */
static __always_inline enum decision decide_reply_of(struct verdict *v, bool by_flow) {
  __u32 first = v->dest;
  if (!v->d) return GO_PASS;
  note_client_target(v->p);
  if (unlikely(by_flow)) {
    note_flow_tuple(v->p->protocol);
  } else if (ALL_PORTS || unlikely(v->d->next_same)) {
    v->dest = dest_of_client(first, v->p->daddr, v->p->dport, v->now);
    v->d = v->dest ? dest_at(v->dest) : 0;
    if (!v->d) return GO_PASS;
  }
  v->service = v->d->service;
  v->key = conn_key(v->p->daddr, v->p->dport, v->service);
  if (!conn_find(v->key, v->now, &v->f)) return GO_PASS;
  if (v_dest(v->f.value) != v->dest || v_method(v->f.value) != M_MASQ) return GO_PASS;
  v->known = true;
  return GO_REPLY;
}

static __always_inline enum decision decide_reply_by(struct verdict *v, __u32 first, bool by_flow) {
  v->dest = first;
  v->d = dest_at(first);
  return decide_reply_of(v, by_flow);
}
static __always_inline enum decision decide_reply(struct verdict *v, __u32 first) { return decide_reply_by(v, first, false); }

#define SAME_ENDPOINT_ASKED 64 /* services that have had one masqueraded server: where there are more, it counts as that of the next one */

/* Of the destinations with one address and port the first, which is the newest, that is still a masqueraded one of its service; 0: none. Those that
 * were keep their endpoint, for replies of connections that go on. A global function, so that its loop is verified once. */
__noinline __u32 masqueraded_now(__u32 first) {
#pragma clang loop unroll(disable)
  for (int i = 0; first && i < SAME_ENDPOINT_ASKED; i++) {
    struct dest *d = dest_at(first);
    if (!d) return 0;
    if (READ(d->state) == LIVE && (d->method & 3) == M_MASQ) return first;
    first = READ(d->next_same);
  }
  return first;
}

/* A packet from a service's own address: the answer of a DR destination that comes by the director, or of whoever was asked past the servers (v->d is
 * 0 then). */
static __always_inline enum decision decide_seen(struct verdict *v) {
  v->key = conn_key(v->p->daddr, v->p->dport, v->service);
  note_client_target(v->p);
  if (!conn_find(v->key, v->now, &v->f)) return GO_PASS;
  v->dest = v_dest(v->f.value);
  v->d = dest_at(v->dest);
  if ((!v->d && !is_bypass(v->f.value)) || v_method(v->f.value) == M_MASQ) return GO_PASS;
  v->known = true;
  return GO_SEEN;
}

#endif
